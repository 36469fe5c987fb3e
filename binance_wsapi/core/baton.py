"""Who runs the core: its loop, or a caller's thread while the loop sleeps.

Everything of the core runs under one lock, the baton. The loop holds it but while it sleeps in ``select``;
then a caller may borrow it, write its request and read until its answer is there, and nobody is woken.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import selectors
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVarTuple, Unpack

__all__ = ["RECEIVE_BUFFER_BYTES", "CoreLoop", "SelectorLoop", "one_write"]

Ts = TypeVarTuple("Ts")

RECEIVE_BUFFER_BYTES = 64 << 10


class SelectorLoop(asyncio.SelectorEventLoop):
    """The stdlib loop with a receive buffer that fits the traffic.

    Its sockets read into a freshly allocated 256 KiB buffer each time, which costs a third of a
    round trip.
    """

    def _make_socket_transport(self, *args: Any, **kwargs: Any) -> Any:
        transport = super()._make_socket_transport(*args, **kwargs)  # type: ignore[misc]  # private in typeshed
        transport.max_size = RECEIVE_BUFFER_BYTES
        return transport


class _LettingGo(selectors.DefaultSelector):
    """Lets go of the baton while the loop sleeps."""

    def __init__(self, baton: Any) -> None:
        super().__init__()
        self._baton = baton

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        self._baton.release()
        try:
            return super().select(timeout)
        finally:
            self._baton.acquire()


class CoreLoop(SelectorLoop):
    """The loop of a core whose callers may drive it."""

    def __init__(self) -> None:
        self.baton = threading.RLock()
        """Whoever holds it may do what is said to be done on the loop's thread alone."""
        self.borrower: int | None = None
        """The thread of a caller who holds it."""
        self.is_stirred = False
        """A borrower has given the loop something to do: it has to be woken."""
        self.corked: set[Callable[[], object]] | None = None
        """What writes the frames of this turn at its end; ``None`` where each is written at once."""
        super().__init__(_LettingGo(self.baton))

    def run_forever(self) -> None:
        """Run, and hold the baton but for the sleeps."""
        with self.baton:
            super().run_forever()

    def wake(self) -> None:
        """Have the loop do what a borrower has given it."""
        self.is_stirred = False
        self.call_soon_threadsafe(_nothing)

    def call_soon(
        self,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        """As every loop's; the borrower of the baton may call it, too."""
        if self.borrower is not None:
            self.is_stirred = True
        return super().call_soon(callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """As every loop's; the borrower of the baton may call it, too."""
        if self.borrower is not None:
            self.is_stirred = True
        return super().call_at(when, callback, *args, context=context)


@contextlib.contextmanager
def one_write(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Write together, to each socket, what is written meanwhile; on the loop's thread."""
    if not isinstance(loop, CoreLoop):
        yield
        return
    corked: set[Callable[[], object]] = set()
    loop.corked = corked
    try:
        yield
    finally:
        loop.corked = None
        for flush in corked:
            flush()


def _nothing() -> None:
    """Wakes a loop."""
