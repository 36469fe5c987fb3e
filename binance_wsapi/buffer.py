"""A bounded buffer between the core's thread and whoever consumes."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from binance_wsapi.forks import ends_at_fork
from binance_wsapi.options import Overflow

__all__ = ["BufferEnded", "EventBuffer"]

T = TypeVar("T")

# Waiting in slices keeps Ctrl-C working where a lock cannot be interrupted (Windows), and lets a thread
# that is no daemon notice that the interpreter waits for it.
_WAIT_SLICE_S = 0.5


class BufferEnded(Exception):
    """Nothing is left and nothing will come."""


class EventBuffer(Generic[T]):
    """Items in order, at most ``size`` of them; what had to go is told in its place.

    Any thread may put, take and end; takers may also wait on an event loop. A put never blocks.

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
            waker = self._wakers.popleft() if self._wakers else None
        if waker is not None:
            waker()

    def end(self) -> None:
        """Let takers have what is left, then :class:`BufferEnded`."""
        with self._lock:
            self._ended = True
            wakers, self._wakers = self._wakers, deque()
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
            BufferEnded: None is left and none will come, or the interpreter ends.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            gate = threading.Lock()
            gate.acquire()
            with self._lock:
                if self._has_item():
                    return self._pop()
                self._wakers.append(gate.release)
            if not _wait(gate, deadline) and self._forget(gate.release):
                if _interpreter_ends():
                    raise BufferEnded
                raise TimeoutError(f"no event within {timeout} s")

    async def take_async(self) -> T:
        """Remove and return the first item, waiting on the running loop for one.

        Raises:
            BufferEnded: None is left and none will come.
        """
        loop = asyncio.get_running_loop()
        while True:
            ready = loop.create_future()

            def wake(ready: asyncio.Future[None] = ready) -> None:
                try:
                    loop.call_soon_threadsafe(_settle, ready)
                except RuntimeError:  # the waiting loop is closed
                    self._pass_on()

            with self._lock:
                if self._has_item():
                    return self._pop()
                self._wakers.append(wake)
            try:
                await ready
            except asyncio.CancelledError:
                if not self._forget(wake):
                    self._pass_on()
                raise

    def _has_item(self) -> bool:
        if self._items or self._lost:
            return True
        if self._ended:
            raise BufferEnded
        return False

    def _pop(self) -> T:
        if self._lost and (self._overflow == "drop_oldest" or not self._items):
            lost, self._lost = self._lost, 0
            return self._lost_marker(lost)
        return self._items.popleft()

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

    def _forget(self, waker: Callable[[], None]) -> bool:
        with self._lock:
            try:
                self._wakers.remove(waker)
            except ValueError:
                return False
        return True

    def _pass_on(self) -> None:
        """Wake another taker in place of one that was woken but is gone."""
        with self._lock:
            waker = self._wakers.popleft() if self._items and self._wakers else None
        if waker is not None:
            waker()


def _interpreter_ends() -> bool:
    """Whether the main thread is done: the interpreter then waits for all that are no daemons."""
    return not threading.main_thread().is_alive()


def _wait(gate: threading.Lock, deadline: float | None) -> bool:
    while not _interpreter_ends():
        remaining = _WAIT_SLICE_S if deadline is None else deadline - time.monotonic()
        if gate.acquire(timeout=max(0.0, min(remaining, _WAIT_SLICE_S))):
            return True
        if deadline is not None and time.monotonic() >= deadline:
            break
    return False


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
