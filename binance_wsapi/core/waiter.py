"""Blocks a caller's thread until its call is settled."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from binance_wsapi.core.bell import Bell, make_bell
from binance_wsapi.forks import ends_at_fork

if TYPE_CHECKING:
    from binance_wsapi.core.call import Outcome

__all__ = ["Waiter"]

_MOST_IDLE = 64
"""How many bells are kept for later callers."""

_LONGEST_S = 2_000_000.0
"""More than this no bell takes."""


class _IdleBells:
    """Bells that nobody listens to and nobody will ring."""

    def __init__(self) -> None:
        self._bells: deque[Bell] = deque(maxlen=_MOST_IDLE)
        self.keep = self._bells.append
        self.take = self._bells.pop
        ends_at_fork(self)

    def left_behind(self) -> None:
        """In a forked child: a bell would be heard in both processes."""
        self._bells.clear()


_idle = _IdleBells()


class Waiter:
    """Blocks one thread until its call is settled."""

    __slots__ = ("_bell", "_outcome")

    def __init__(self) -> None:
        try:
            self._bell = _idle.take()
        except IndexError:
            self._bell = make_bell()
        self._outcome: Outcome | None = None

    def settle(self, outcome: Outcome) -> None:
        """Take the outcome; called once, on the core's thread."""
        self._outcome = outcome
        self._bell.ring()

    def wait(self, timeout: float) -> Outcome | None:
        """Return the outcome, or ``None`` when there is none after ``timeout`` seconds.

        Called once.
        """
        bell = self._bell
        timeout = min(timeout, _LONGEST_S)
        while bell.heard(timeout):
            if self._outcome is not None:
                _idle.keep(bell)
                return self._outcome
        return self._outcome  # the bell may be rung late: nobody else gets it
