"""What happens without being asked for: user data, market data, and the connections' own fate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import Any, Generic, Literal, Self, TypeVar

from binance_wsapi.buffer import BufferEnded, EventBuffer
from binance_wsapi.endpoints import WsKey
from binance_wsapi.errors import ClientClosed, check_seconds
from binance_wsapi.models._base import Model
from binance_wsapi.options import Overflow

__all__ = [
    "AccountReconciled",
    "ConnectionEvent",
    "ConnectionEventKind",
    "EventStream",
    "OrderReconciled",
    "StreamGap",
    "StreamName",
]

ConnectionEventKind = Literal[
    "open",
    "authenticated",
    "reconnecting",
    "reconnected",
    "rotated",
    "close",
    "exception",
    "message",
]

T = TypeVar("T")


class ConnectionEvent(Model, frozen=True):
    """Something happened to a connection."""

    kind: ConnectionEventKind
    """What happened."""
    ws_key: WsKey | None = None
    """The connection it happened to; ``None`` when a handler raised."""
    reason: str = ""
    """Why, in a few words."""
    error: BaseException | None = None
    """The error, for ``exception``."""
    frame: str | None = None
    """The text of the frame, keys and signatures masked, for ``message``."""


class StreamGap(Model, frozen=True):
    """Events may be missing here: what happened between two moments was not seen."""

    from_ms: int
    """The last moment at which the stream was known to be whole, epoch milliseconds."""
    until_ms: int
    """The moment from which it is whole again, epoch milliseconds."""
    reason: str
    """Why: the connection was lost, the buffer overflowed, ..."""
    lost: int | None = None
    """How many events were dropped, where that is known (overflow)."""


class OrderReconciled(Model, frozen=True):
    """An order as the exchange showed it after a gap: what the missed events would have told."""

    symbol: str
    """The order's symbol."""
    order_id: int
    """The exchange's id of the order."""
    client_order_id: str
    """The order's own id."""
    status: str
    """The order's status now; ``UNKNOWN`` when the exchange does not know the order any more."""
    missed_fills: tuple[dict[str, Any], ...] = ()
    """Fills that no event told, as wire dicts of ``myTrades`` (Spot only)."""
    order: dict[str, Any] | None = None
    """The order as a wire dict of ``order.status``."""


class AccountReconciled(Model, frozen=True):
    """The account as the exchange showed it after a gap: balances, and positions on futures."""

    account: dict[str, Any]
    """The result of ``account.status`` (``v2/account.status`` on USD-M) as a wire dict."""


class StreamName(str, Generic[T]):
    """The name of a market stream, which knows the type of the stream's events."""

    __slots__ = ()


class EventStream(Generic[T]):
    """Events in the order they came, from any thread or event loop.

    ``for event in stream``, ``async for event in stream`` and :meth:`get` take events away; each
    event goes to one taker. The stream outlives reconnects, rotations and listen keys: what may
    have been missed is told by a :class:`StreamGap` in its place. It ends when it is closed.
    """

    def __init__(
        self,
        *,
        name: str,
        buffer_size: int,
        overflow: Overflow,
        lost_marker: Callable[[int], T],
        close: Callable[[], None],
    ) -> None:
        self.name = name
        self._buffer: EventBuffer[Callable[[], T]] = EventBuffer(
            size=buffer_size,
            overflow=overflow,
            lost_marker=lambda lost: lambda: lost_marker(lost),
        )
        self._close = close

    def get(self, timeout: float | None = None) -> T:
        """Return the next event.

        Args:
            timeout: Seconds to wait; ``None`` waits until an event comes or the stream is closed.

        Raises:
            TimeoutError: None came in time.
            ClientClosed: The stream is closed and empty.
            ParameterError: ``timeout`` is no number of seconds.
        """
        if timeout is not None:
            check_seconds("timeout", timeout)
        try:
            decode = self._buffer.take(timeout)
        except BufferEnded:
            raise ClientClosed(f"the event stream {self.name} is closed") from None
        return decode()

    async def get_async(self) -> T:
        """Return the next event, waiting on the running event loop.

        Raises:
            ClientClosed: The stream is closed and empty.
        """
        try:
            decode = await self._buffer.take_async()
        except BufferEnded:
            raise ClientClosed(f"the event stream {self.name} is closed") from None
        return decode()

    def close(self) -> None:
        """Unsubscribe and end the stream; idempotent."""
        self._close()

    def __len__(self) -> int:
        """Return how many events wait to be taken."""
        return len(self._buffer)

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        try:
            return self._buffer.take(None)()
        except BufferEnded:
            raise StopIteration from None

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        try:
            decode = await self._buffer.take_async()
        except BufferEnded:
            raise StopAsyncIteration from None
        return decode()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<EventStream {self.name}, {len(self)} waiting>"
