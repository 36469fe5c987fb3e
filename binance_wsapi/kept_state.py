"""State that is kept up to date on this side: written on the core's thread, read and waited for by any."""

from __future__ import annotations

import asyncio
import copy
import threading
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Generic, TypeVar

from binance_wsapi.buffer import BufferEnded, EventBuffer
from binance_wsapi.errors import BinanceWsApiError, check_seconds
from binance_wsapi.forks import ends_at_fork

__all__ = ["AsyncChanges", "ChangeSignal", "Changes", "KeptState"]

T = TypeVar("T")

ChangeSignal = EventBuffer[None]
"""Rings when the state changed; what rings while nobody takes is one ring."""


class KeptState:
    """What is kept and who waits for it; its keeper adds the state itself.

    The keeper's thread writes; any thread reads under ``lock``, listens and waits.
    """

    def __init__(self) -> None:
        self.lock: threading.Lock = threading.Lock()
        self.version: int = 0
        """Counts the changes."""
        self.trouble: str = ""
        """Why it cannot be read for longer than it should be; it is tried on."""
        self.problem: BinanceWsApiError | None = None
        """Why it will never be readable."""
        self.ended: bool = False
        self.release: Callable[[], Callable[[], None] | None] = lambda: None
        """Returns what lets go of the client, while the state is in somebody's hands."""
        self._signals: tuple[weakref.ref[ChangeSignal], ...] = ()
        """Of all who wait; one whose reader has gone for good goes with it."""
        ends_at_fork(self)

    def listen(self) -> ChangeSignal:
        """Return a signal that is given now and at each change."""
        signal = ChangeSignal(size=1, overflow="drop_oldest", lost_marker=lambda lost: None)
        signal.put(None)
        with self.lock:
            if self.ended:
                signal.end()
            self._signals = (*self._listened_to(), weakref.ref(signal))
        return signal

    def unlisten(self, signal: ChangeSignal) -> None:
        """Give a signal no more."""
        with self.lock:
            self._signals = tuple(each for each in self._listened_to() if each() is not signal)

    def wait(self, look: Callable[[], T | None], timeout: float | None, unmet: str) -> T:
        """Block until there is something to return.

        Args:
            look: Looks for it, now and after each change; what it raises ends the wait.
            timeout: Seconds; ``None`` waits as long as it takes.
            unmet: What is said of a wait in vain, as the beginning of a sentence.

        Raises:
            TimeoutError: There was nothing in time.
            ParameterError: ``timeout`` is no number of seconds.
        """
        if timeout is not None:
            check_seconds("timeout", timeout)
        deadline = None if timeout is None else time.monotonic() + timeout
        signal = self.listen()
        try:
            while (found := look()) is None:
                left = None if deadline is None else max(0.0, deadline - time.monotonic())
                try:
                    signal.take(left)
                except TimeoutError:
                    raise TimeoutError(f"{unmet} within {timeout} s") from None
                except BufferEnded:
                    continue  # it was closed: the look at it says so
            return found
        finally:
            self.unlisten(signal)

    async def wait_async(
        self, look: Callable[[], T | None], timeout: float | None, unmet: str
    ) -> T:
        """Wait on the running event loop until there is something to return; see :meth:`wait`."""
        if timeout is not None:
            check_seconds("timeout", timeout)
        signal = self.listen()
        give_up = asyncio.timeout(timeout)
        try:
            async with give_up:
                while (found := look()) is None:
                    try:
                        await signal.take_async()
                    except BufferEnded:
                        continue
                return found
        except TimeoutError:
            if give_up.expired():
                raise TimeoutError(f"{unmet} within {timeout} s") from None
            raise
        finally:
            self.unlisten(signal)

    def check_problem(self) -> None:
        """Raise why it will never be readable, if that is so."""
        if self.problem is not None:
            raise copy.copy(self.problem) from None

    def end(self) -> None:
        """Nothing will come any more."""
        with self.lock:
            self.ended = True
            self._forget()
            signals, self._signals = self._signals, ()
        for each in signals:
            if (signal := each()) is not None:
                signal.end()
        if (release := self.release()) is not None:
            release()

    def left_behind(self) -> None:
        """In a forked child: what nobody keeps up to date is not to be read."""
        self.lock = threading.Lock()
        self.ended = True
        self._forget()

    def _forget(self) -> None:
        """What is kept is not to be read any more; called under the lock."""

    def _ring(self) -> None:
        for each in self._signals:
            if (signal := each()) is not None:
                signal.put(None)

    def _listened_to(self) -> list[weakref.ref[ChangeSignal]]:
        return [each for each in self._signals if each() is not None]


class AsyncChanges(Generic[T]):
    """The newest state, each time it has changed, for ``async for``.

    Args:
        kept: What changes.
        held: What keeps the client alive meanwhile.
    """

    def __init__(self, kept: KeptState, held: object) -> None:
        self._kept = kept
        self._held: object = held
        self._signal = kept.listen()

    def close(self) -> None:
        """Let go of it; iterating on ends."""
        self._kept.unlisten(self._signal)
        self._signal.end()
        self._held = None

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        while True:
            try:
                await self._signal.take_async()
            except BufferEnded:
                self._kept.check_problem()
                raise StopAsyncIteration from None
            if (newest := self._newer()) is not None:
                return newest

    def _newer(self) -> T | None:
        """Return the state if there is one that was not returned yet."""
        raise NotImplementedError


class Changes(AsyncChanges[T]):
    """The same for ``for`` as well."""

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        while True:
            try:
                self._signal.take(None)
            except BufferEnded:
                self._kept.check_problem()
                raise StopIteration from None
            if (newest := self._newer()) is not None:
                return newest
