"""Wakes a thread or a loop that sleeps.

Who wakes a thread by releasing a lock, or a loop by its own means, holds the interpreter's lock at that
moment: the woken thread runs into it, sleeps again and is woken once more. Writing to a descriptor lets
go of the interpreter's lock, and the woken thread goes on at once. That saves a quarter of a round trip.
"""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Callable
from typing import Protocol

__all__ = ["Bell", "make_bell"]


class Bell(Protocol):
    """Wakes one sleeper."""

    @property
    def ring(self) -> Callable[[], None]:
        """Wake who listens, or who will; from any thread."""

    def heard(self, timeout: float) -> bool:
        """Wait for a ring; false when there was none within ``timeout`` seconds."""


class _LockBell:
    __slots__ = ("_lock", "ring")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        self.ring = self._lock.release

    def heard(self, timeout: float) -> bool:
        return self._lock.acquire(timeout=timeout)


if sys.platform == "linux":
    __all__ += ["EventBell"]

    class EventBell:
        """A bell that a loop can listen to as well: by its descriptor."""

        __slots__ = ("_poll", "descriptor")

        def __init__(self) -> None:
            self.descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
            poll = select.poll()
            poll.register(self.descriptor, select.POLLIN)
            self._poll = poll.poll

        def ring(self) -> None:
            """Wake who listens."""
            os.eventfd_write(self.descriptor, 1)

        def heard(self, timeout: float) -> bool:
            """Wait for a ring."""
            if self._poll(timeout * 1000):
                os.eventfd_read(self.descriptor)
                return True
            return False

        def answer_with(self, work: Callable[[], None]) -> Callable[[], None]:
            """Return what a loop calls when the descriptor is readable."""

            def answer() -> None:
                os.eventfd_read(self.descriptor)
                work()

            return answer

        # Nobody closes it but the last one who holds it: a number that is given to another file
        # meanwhile would be rung all the same.
        def __del__(self, close: Callable[[int], None] = os.close) -> None:
            close(self.descriptor)

    def make_bell() -> Bell:
        """Return a bell; without a descriptor when none is left."""
        try:
            return EventBell()
        except OSError:
            return _LockBell()

else:
    make_bell = _LockBell
