"""A bounded buffer between the core's thread and whoever consumes."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar, cast

from binance_wsapi.forks import ends_at_fork
from binance_wsapi.options import Overflow

__all__ = ["BufferEnded", "EventBuffer"]

T = TypeVar("T")

# Waiting in slices keeps Ctrl-C working where a lock cannot be interrupted (Windows).
_WAIT_SLICE_S = 0.5


class BufferEnded(Exception):
    """Nothing is left and nothing will come."""


class EventBuffer(Generic[T]):
    """Items in order, at most ``size`` of them; what had to go is told in its place.

    Any thread may put, take and end; takers may also wait on an event loop. A put never blocks. It
    wakes all who wait, and they look for themselves: one who was interrupted cannot keep an item from
    the others, whatever line it had come to.

    Args:
        size: Most items kept.
        overflow: Which item goes when it is full: the oldest, the newest, or all of it ends.
        lost_marker: Makes the item that tells how many were lost at its place.
    """

    def __init__(self, *, size: int, overflow: Overflow, lost_marker: Callable[[int], T]) -> None:
        self._size = size
        self._overflow: Overflow = overflow
        self._lost_marker = lost_marker
        self._items: deque[T] = deque()
        self._lost = 0
        self._ended = False
        self._lock = threading.Lock()
        self._wakers: deque[Callable[[], None]] = deque()
        ends_at_fork(self)

    def __len__(self) -> int:
        return len(self._items)

    @property
    def is_ended(self) -> bool:
        """Whether nothing more is taken in."""
        return self._ended

    def put(self, item: T) -> None:
        """Append an item; after :meth:`end` it is dropped."""
        with self._lock:
            if self._ended:
                return
            if self._has_room():
                self._items.append(item)
            wakers = self._take_wakers()
        for waker in wakers:
            waker()

    def end(self) -> None:
        """Let takers have what is left, then :class:`BufferEnded`."""
        with self._lock:
            self._ended = True
            wakers = self._take_wakers()
        for waker in wakers:
            waker()

    def left_behind(self) -> None:
        """In a forked child: what fills it stayed with the parent, and so does what is in it."""
        self._lock = threading.Lock()
        self._ended, self._lost = True, 0
        self._items.clear()
        self._wakers.clear()

    def take(self, timeout: float | None) -> T:
        """Remove and return the first item, waiting up to ``timeout`` seconds for one.

        Raises:
            TimeoutError: None came in time.
            BufferEnded: None is left and none will come.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        taken: list[T] = []
        try:
            while True:
                gate = threading.Lock()
                gate.acquire()
                if self._take_or_wait(taken, gate.release):
                    return taken[0]
                if not _wait(gate, deadline):
                    self._forget(gate.release)
                    if self._take_or_wait(taken, None):  # it came in the last moment
                        return taken[0]
                    raise TimeoutError(f"no event within {timeout} s")
        except BaseException:
            self.give_back(*taken)
            raise

    def give_back(self, *taken: T) -> None:
        """Put items back in front: what was interrupted after it took them has not used them."""
        with self._lock:
            self._items.extendleft(taken)
            wakers = self._take_wakers() if taken else ()
        for waker in wakers:
            waker()

    async def take_async(self) -> T:
        """Remove and return the first item, waiting on the running loop for one.

        Raises:
            BufferEnded: None is left and none will come.
        """
        loop = asyncio.get_running_loop()
        taken: list[T] = []
        try:
            while True:
                ready = loop.create_future()

                def wake(ready: asyncio.Future[None] = ready) -> None:
                    # Nobody waits on a loop that is closed.
                    with contextlib.suppress(RuntimeError):
                        loop.call_soon_threadsafe(_settle, ready)

                if self._take_or_wait(taken, wake):
                    return taken[0]
                try:
                    await ready
                finally:
                    self._forget(wake)
        except BaseException:
            self.give_back(*taken)
            raise

    def _take_or_wait(self, taken: list[T], waker: Callable[[], None] | None) -> bool:
        """Move the first item to ``taken``; where there is none, have ``waker`` called at the next one."""
        with self._lock:
            if self._has_item():
                self._move_first(taken)
                return True
            if waker is not None:
                self._wakers.append(waker)
        return False

    def _has_item(self) -> bool:
        if self._items or self._lost:
            return True
        if self._ended:
            raise BufferEnded
        return False

    def _move_first(self, taken: list[T]) -> None:
        if self._lost and (self._overflow == "drop_oldest" or not self._items):
            marker = self._lost_marker(self._lost)
            self._lost = 0
            self._items.appendleft(marker)
        # In one step that no interrupt can cut in two: an item is here or there.
        popleft = cast("Callable[[deque[T]], T]", deque[T].popleft)
        taken.extend(map(popleft, (self._items,)))

    def _has_room(self) -> bool:
        """Make room as the policy says; false when the new item is the one to go."""
        if len(self._items) < self._size:
            if self._lost and self._overflow == "drop_newest":
                self._items.append(self._lost_marker(self._lost))
                self._lost = 0
            return True
        self._lost += 1
        if self._overflow == "drop_oldest":
            self._items.popleft()
            return True
        if self._overflow == "close":
            self._ended = True
        return False

    def _take_wakers(self) -> Iterable[Callable[[], None]]:
        if not self._wakers:
            return ()
        wakers, self._wakers = self._wakers, deque()
        return wakers

    def _forget(self, waker: Callable[[], None]) -> None:
        with self._lock, contextlib.suppress(ValueError):
            self._wakers.remove(waker)


def _wait(gate: threading.Lock, deadline: float | None) -> bool:
    while True:
        remaining = _WAIT_SLICE_S if deadline is None else deadline - time.monotonic()
        if gate.acquire(timeout=max(0.0, min(remaining, _WAIT_SLICE_S))):
            return True
        if deadline is not None and time.monotonic() >= deadline:
            return False


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
