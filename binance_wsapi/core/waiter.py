"""Blocks a caller's thread until its call is settled."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING

from binance_wsapi.core.bell import AT_A_TIME_S, Bell, make_bell
from binance_wsapi.forks import ends_at_fork

if TYPE_CHECKING:
    from binance_wsapi.core.call import Outcome
    from binance_wsapi.core.lead import Lead

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
    """Blocks one thread until its call is settled, reading the socket itself where it may."""

    __slots__ = ("_bell", "_is_reading", "_lead", "_outcome", "_poll")

    def __init__(self) -> None:
        try:
            self._bell = _idle.take()
        except IndexError:
            self._bell = make_bell()
        self._outcome: Outcome | None = None
        self._lead: Lead | None = None
        """Over the socket that it reads."""
        self._is_reading = False

    def lead(self, lead: Lead) -> None:
        """Read a socket in the loop's place; under the baton."""
        self._lead = lead
        self._poll = lead.poll  # once the loop has taken over, the lead has another
        lead.begin(self)
        own, self._bell = self._bell, lead.bell
        _idle.keep(own)

    is_idle = False
    """It reads for its answer alone."""

    @property
    def is_settled(self) -> bool:
        """The call is settled."""
        return self._outcome is not None

    def dismissed(self) -> None:
        """The loop reads again: it waits for its bell alone."""
        assert self._lead is not None
        self._lead.renew()

    def ended(self) -> None:
        """There is nothing more to read."""
        self._bell.ring()

    def settle(self, outcome: Outcome) -> None:
        """Take the outcome; on the core's thread, or by the waiter itself as it reads.

        Called once more where the first time was interrupted.
        """
        self._outcome = outcome
        if not self._is_reading:
            self._bell.ring()

    def wait(self, timeout: float) -> Outcome | None:
        """Return the outcome, or ``None`` when there is none after ``timeout`` seconds.

        Called once.
        """
        timeout = min(timeout, _LONGEST_S)
        if self._lead is not None:
            until = time.monotonic() + timeout
            if self._read_until(self._lead, until, timeout):
                return self._outcome
            timeout = max(0.0, until - time.monotonic())  # it does not lead any more
        bell = self._bell
        while bell.heard(timeout):
            if self._outcome is not None:
                _idle.keep(bell)
                return self._outcome
        self.abandon()
        return self._outcome  # the bell may be rung late: nobody else gets it

    def _read_until(self, lead: Lead, until: float, left: float) -> bool:
        """Read until the call is settled, or it is too late; false when the loop has taken over."""
        baton, bell = lead.loop.baton, lead.bell_descriptor
        while True:
            ready = self._poll(min(left, AT_A_TIME_S) * 1000)
            try:
                # Who is interrupted behind this has it, and gives it back: the lock knows who holds it.
                if not baton.acquire(blocking=False) and not baton.acquire(
                    timeout=max(0.0, until - time.monotonic())
                ):
                    return False
                if self._outcome is None and ready and lead.leader is self:
                    self._is_reading = True
                    lead.pump()
                    self._is_reading = False
                if lead.leader is not self:
                    return self._outcome is not None
                left = 0.0 if self._outcome is not None else until - time.monotonic()
                if left <= 0:
                    if ready and (ready[0][0] == bell or len(ready) > 1):
                        self._bell.heard(0.0)
                    lead.end()
                    return True
            finally:
                try:  # noqa: SIM105  (a call more, and an interrupt could come before the release)
                    baton.release()
                except RuntimeError:  # it was not had
                    pass

    def abandon(self) -> None:
        """Nobody waits any more, whatever it was in the midst of; from the waiter's thread."""
        if self._lead is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._lead.loop.call_soon_threadsafe(self._lead.left, self)
