"""A bounded buffer between the core's thread and whoever consumes."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

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
    the others, whatever line it had come to. Who takes hands in a list that the item is moved to where
    no interrupt can come, and gives back what is in it when one comes: an item is in the one or in the other.

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
        self._gathered: list[T] = []
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
        self._put((item,))

    def gather(self, item: T) -> bool:
        """Append an item that is there to be taken after the next :meth:`flush`.

        Only one thread may gather, and it must not put meanwhile: its items would be turned round.

        Returns:
            Whether it is the first one since then.
        """
        gathered = self._gathered
        gathered.append(item)
        return len(gathered) == 1

    def flush(self) -> None:
        """Let takers have what was gathered: it is put at once, and wakes them once."""
        self._put(())

    def _put(self, items: Sequence[T]) -> None:
        with self._lock:
            if self._gathered:
                items, self._gathered = self._gathered, []
            if self._ended:
                return
            if not self._lost and len(self._items) + len(items) <= self._size:
                self._items.extend(items)
            else:
                self._put_singly(items)
            wakers = self._take_wakers()
        for waker in wakers:
            waker()

    def _put_singly(self, items: Iterable[T]) -> None:
        for item in items:
            if self._has_room():
                self._items.append(item)
            elif self._ended:
                return

    def end(self) -> None:
        """Let takers have what is left, then :class:`BufferEnded`."""
        self.flush()
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
        self._gathered = []
        self._wakers.clear()

    def take(self, timeout: float | None) -> T:
        """Remove and return the first item, waiting up to ``timeout`` seconds for one.

        Raises:
            TimeoutError: None came in time.
            BufferEnded: None is left and none will come.
        """
        taken: list[T] = []
        try:
            self.take_into(taken, timeout)
            return taken[0]
        except BaseException:
            self.give_back(taken)
            raise

    def take_into(self, taken: list[T], timeout: float | None) -> None:
        """Move the first item to ``taken``, waiting up to ``timeout`` seconds for one.

        Raises:
            TimeoutError: None came in time.
            BufferEnded: None is left and none will come.
        """
        if self.take_or_wait(taken, None):
            return
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            gate = threading.Lock()
            gate.acquire()
            if self.take_or_wait(taken, gate.release):
                return
            if not _wait(gate, deadline):
                self._forget(gate.release)
                if self.take_or_wait(taken, None):  # it came in the last moment
                    return
                raise TimeoutError(f"no event within {timeout} s")

    def give_back(self, taken: list[T]) -> None:
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
        taken: list[T] = []
        try:
            if not self.take_or_wait(taken, None):
                await self.wait_into(taken)
            return taken[0]
        except BaseException:
            self.give_back(taken)
            raise

    async def wait_into(self, taken: list[T]) -> None:
        """Move the first item to ``taken``, waiting on the running loop for one.

        Raises:
            BufferEnded: None is left and none will come.
        """
        loop = asyncio.get_running_loop()
        while True:
            ready = loop.create_future()

            def wake(ready: asyncio.Future[None] = ready) -> None:
                # Nobody waits on a loop that is closed.
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(_settle, ready)

            if self.take_or_wait(taken, wake):
                return
            try:
                await ready
            finally:
                self._forget(wake)

    def take_or_wait(self, taken: list[T], waker: Callable[[], None] | None) -> bool:
        """Move the first item to ``taken``; where there is none, have ``waker`` called at the next one.

        Raises:
            BufferEnded: None is left and none will come.
        """
        items = self._items
        with self._lock:
            if items or self._lost:
                if self._lost:
                    self._tell_lost()
                # No interrupt can come between: one comes with a call. An item is here or there.
                taken += (items[0],)
                del items[0]
                return True
            if self._ended:
                raise BufferEnded
            if waker is not None:
                self._wakers.append(waker)
        return False

    def _tell_lost(self) -> None:
        if self._overflow == "drop_oldest" or not self._items:
            marker = self._lost_marker(self._lost)
            self._lost = 0
            self._items.appendleft(marker)

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
