"""Wakes a thread or a loop that sleeps.

Who wakes a thread by releasing a lock, or uvloop by its own means, holds the interpreter's lock at that
moment: the woken thread runs into it, sleeps again and is woken once more. Writing to a descriptor lets
go of the interpreter's lock, and the woken thread goes on at once. That saves a quarter of a round trip.
The stdlib's loop wakes itself by a pair of sockets, and an ``eventfd`` costs less than those.
"""

from __future__ import annotations

import asyncio
import os
import select
import sys
import threading
from collections.abc import Callable
from typing import Protocol

__all__ = ["AT_A_TIME_S", "Bell", "loop_bell", "make_bell"]

AT_A_TIME_S = 0.25
"""So long a thread sleeps without a look around: an interrupt that comes the moment before it falls asleep
does not wake it."""


class Bell(Protocol):
    """Wakes one thread."""

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
        while not self._lock.acquire(timeout=min(timeout, AT_A_TIME_S)):
            timeout -= AT_A_TIME_S
            if timeout <= 0:
                return False
        return True


def _no_loop_bell(
    loop: asyncio.AbstractEventLoop, answer: Callable[[], None]
) -> Callable[[], None] | None:
    return None


if sys.platform == "linux":

    class _EventBell:
        __slots__ = ("_poll", "descriptor")

        def __init__(self, descriptor: int) -> None:
            self.descriptor = descriptor
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            self._poll = poll.poll

        def ring(self) -> None:
            os.eventfd_write(self.descriptor, 1)

        def heard(self, timeout: float) -> bool:
            while not self._poll(min(timeout, AT_A_TIME_S) * 1000):
                timeout -= AT_A_TIME_S
                if timeout <= 0:
                    return False
            os.eventfd_read(self.descriptor)
            return True

        # Nobody closes it but the last one who holds it: a number that is given to another file
        # meanwhile would be rung all the same.
        def __del__(self, close: Callable[[int], None] = os.close) -> None:
            close(self.descriptor)

    def _event_bell() -> _EventBell | None:
        try:
            return _EventBell(os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK))
        except (OSError, AttributeError):  # no descriptor left, or a Python built without it
            return None

    def make_bell() -> Bell:
        """Return a bell."""
        return _event_bell() or _LockBell()

    def loop_bell(
        loop: asyncio.AbstractEventLoop, answer: Callable[[], None]
    ) -> Callable[[], None] | None:
        """Return what has a loop call ``answer`` soon, from any thread; nothing once it is closed.

        ``None`` where ``call_soon_threadsafe`` has to do: on loops of which nothing is known.
        """
        is_uvloop = type(loop).__module__.startswith("uvloop")
        if not is_uvloop and not isinstance(loop, asyncio.SelectorEventLoop):
            return None
        bell = _event_bell()
        if bell is None:
            return None

        def hear() -> None:
            try:
                os.eventfd_read(bell.descriptor)
                answer()
            except BaseException:
                bell.ring()  # an interrupt may have come before the answer did
                raise

        loop.call_soon_threadsafe(loop.add_reader, bell.descriptor, hear)
        return bell.ring

else:
    make_bell = _LockBell
    loop_bell = _no_loop_bell
