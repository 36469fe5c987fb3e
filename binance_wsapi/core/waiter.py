"""Blocks a caller's thread until its call is settled.

Who wakes a thread by releasing a lock still holds the interpreter's own lock: the woken thread runs
into that one, sleeps again and is woken once more. Writing to a descriptor lets go of the interpreter's
lock, and the woken thread goes on at once; that saves a quarter of a round trip. Where there is no
``eventfd``, or no descriptor is left, a lock does.
"""

from __future__ import annotations

import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from binance_wsapi.forks import ends_at_fork

if TYPE_CHECKING:
    from binance_wsapi.core.call import Outcome

__all__ = ["Waiter"]

_MOST_IDLE = 64
"""How many bells are kept for later callers."""

_LONGEST_S = 2_000_000.0
"""More than this ``poll`` does not take."""


class _Bell(Protocol):
    """Wakes one thread."""

    @property
    def ring(self) -> Callable[[], None]:
        """Wake the thread that listens, or the next one that does; from any thread."""

    def heard(self, timeout: float) -> bool:
        """Wait for one ring; false when there was none within ``timeout`` seconds."""


class _LockBell:
    __slots__ = ("_lock", "ring")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        self.ring = self._lock.release

    def heard(self, timeout: float) -> bool:
        return self._lock.acquire(timeout=timeout)


if sys.platform == "linux":

    class _EventBell:
        __slots__ = ("_descriptor", "_poll")

        def __init__(self) -> None:
            self._descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
            poll = select.poll()
            poll.register(self._descriptor, select.POLLIN)
            self._poll = poll.poll

        def ring(self) -> None:
            os.eventfd_write(self._descriptor, 1)

        def heard(self, timeout: float) -> bool:
            if self._poll(timeout * 1000):
                os.eventfd_read(self._descriptor)
                return True
            return False

        def __del__(self, close: Callable[[int], None] = os.close) -> None:
            close(self._descriptor)

    def _new_bell() -> _Bell:
        try:
            return _EventBell()
        except OSError:  # no descriptor left
            return _LockBell()

else:
    _new_bell = _LockBell


class _IdleBells:
    """Bells that nobody listens to and nobody will ring."""

    def __init__(self) -> None:
        self._bells: deque[_Bell] = deque(maxlen=_MOST_IDLE)
        self.keep = self._bells.append
        ends_at_fork(self)

    def take(self) -> _Bell:
        try:
            return self._bells.pop()
        except IndexError:
            return _new_bell()

    def left_behind(self) -> None:
        """In a forked child: a bell would be heard in both processes."""
        self._bells.clear()


_idle = _IdleBells()


class Waiter:
    """Blocks one thread until its call is settled."""

    __slots__ = ("_bell", "_outcome")

    def __init__(self) -> None:
        self._bell = _idle.take()
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
