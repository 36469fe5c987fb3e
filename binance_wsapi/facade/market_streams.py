"""Market streams as a client offers them: subscribe, unsubscribe, and books kept from them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal, TypeVar, overload

from binance_wsapi.core.market_streams import MarketStreams
from binance_wsapi.endpoints import WsKey
from binance_wsapi.events import AsyncEventStream, EventStream, StreamGap, StreamName
from binance_wsapi.facade.opening import OpeningBook, OpeningStream
from binance_wsapi.facade.stream_name_builders import StreamNames
from binance_wsapi.loading import uncut
from binance_wsapi.order_book import AsyncLocalOrderBook, LocalOrderBook, open_order_book

__all__ = ["AsyncStreams", "Streams"]

E = TypeVar("E")

DepthSpeed = Literal["100ms", "500ms"]


class Streams(StreamNames):
    """The market streams of a client, blocking.

    The builders (``agg_trade``, ``kline``, ``depth``, …) make names of streams, any of which may also
    be written as the exchange spells it: ``"btcusdt@aggTrade"``. One stream carries any number of
    them, and goes on through reconnects and planned moves. Safe to use from any thread::

        streams = client.streams
        for event in streams.subscribe(streams.agg_trade("BTCUSDT"), streams.kline("BTCUSDT", "1m")):
            print(event)
    """

    __slots__ = ("_in_floats", "_run", "_streams")

    def __init__(
        self, streams: Callable[[], MarketStreams], run: Callable[..., Any], *, in_floats: bool
    ) -> None:
        self._streams = streams
        self._run = run
        self._in_floats = in_floats

    @overload
    def subscribe(
        self, *names: StreamName[E], ws_key: WsKey = WsKey.MAIN
    ) -> EventStream[E | StreamGap]: ...
    @overload
    def subscribe(self, *names: str, ws_key: WsKey = WsKey.MAIN) -> EventStream[Any]: ...
    def subscribe(self, *names: str, ws_key: WsKey = WsKey.MAIN) -> EventStream[Any]:
        """Return one stream of the events of all these names, in the order they come.

        A :class:`StreamGap` in it tells where events may be missing. With ``beautify=False`` the
        events are wire dicts, without the name of their stream: subscribe each name by itself where
        that matters. A name that is no longer wanted by any stream is unsubscribed. A name that no
        document of the market has is asked for all the same, with a warning in the log.

        Args:
            *names: The streams, from the builders or as the exchange spells them.
            ws_key: The connection, and with it the market. ``WsKey.USDM`` finds the route of each
                stream by itself.

        Raises:
            ConfigurationError: The connection carries no market streams.
            ParameterError: A name cannot be right, or is silent on this connection.
            NotSent: No connection came up within the timeout; repeating it is safe.
            RequestRejected: The exchange refused a name.
        """
        ws_key = WsKey(ws_key)
        stream: EventStream[Any] = self._run(
            lambda: self._streams().subscribe(ws_key, names, in_floats=self._in_floats),
            EventStream[Any].close,
        )
        return stream

    def log(
        self,
        *names: str,
        ws_key: WsKey = WsKey.MAIN,
        keep: int | None = None,
        keep_hours: float | None = None,
    ) -> None:
        """Have the events of these names logged, for :func:`binance_wsapi.event_log.read_stream` in any process.

        It takes the client's option ``event_log``. Each name has a log of its own: of all clients that log it
        one publishes, and the others stand by. Names that are logged already stay as they are. It ends by
        :meth:`unsubscribe`, or with the client; streams of the same names that are subscribed here go on beside it.

        Args:
            *names: The streams, from the builders or as the exchange spells them.
            ws_key: The connection, and with it the market.
            keep: About how many entries are kept; ``None`` is what ``event_log`` says (100,000).
            keep_hours: For how long entries are kept; ``None`` is what ``event_log`` says (until there are
                too many).

        Raises:
            ConfigurationError: The client has no event log, or the connection carries no market streams.
            ParameterError: A name cannot be right, is silent on this connection, or so much cannot be kept.
            NotSent: No connection came up within the timeout; repeating it is safe.
            RequestRejected: The exchange refused a name.
        """
        ws_key = WsKey(ws_key)
        self._run(lambda: _log(self._streams(), ws_key, names, keep, keep_hours))

    def unsubscribe(self, *names: str, ws_key: WsKey = WsKey.MAIN) -> None:
        """Take names away from all streams of this client; a stream that has none left ends.

        ``stream.close()`` takes all names of one stream away, and leaves the others alone.

        Args:
            *names: The streams; those that are not subscribed are no error.
            ws_key: The connection they were subscribed on.

        Raises:
            ConfigurationError: The connection carries no market streams.
            ParameterError: A name cannot be right, or is silent on this connection.
        """
        ws_key = WsKey(ws_key)
        self._run(lambda: self._streams().unsubscribe(ws_key, names))

    def list(self, ws_key: WsKey | None = None) -> Sequence[str]:
        """Return the names that are subscribed.

        Args:
            ws_key: The connection; ``None`` for all of them.
        """
        names: Sequence[str] = self._run(lambda: _names(self._streams(), ws_key))
        return names

    def order_book(
        self,
        symbol: str,
        *,
        ws_key: WsKey = WsKey.MAIN,
        limit: int = 1000,
        speed: DepthSpeed | None = "100ms",
    ) -> LocalOrderBook:
        """Return an order book that is kept up to date here.

        It is filled in the background: see :meth:`LocalOrderBook.wait_ready`.

        Args:
            symbol: Trading symbol.
            ws_key: The stream connection, and with it the market: Spot or USD-M. COIN-M has no
                order book on the WebSocket API: subscribe ``partial_depth`` there.
            limit: Levels a side that the snapshot takes: up to 5,000 on Spot, 1,000 on USD-M.
            speed: How often changes come; ``None`` for the exchange's own pace: every second on Spot,
                every 250 ms on USD-M. Spot has no 500 ms.

        Raises:
            ConfigurationError: The connection's market has no book to take a snapshot of.
            ParameterError: A value cannot be right on this market.
            NotSent: No connection came up within the timeout; repeating it is safe.
        """
        ws_key = WsKey(ws_key)
        book: LocalOrderBook = self._run(
            lambda: open_order_book(
                self._streams(),
                ws_key,
                symbol,
                limit=limit,
                speed=speed,
                kind=LocalOrderBook,
                in_floats=self._in_floats,
            ),
            LocalOrderBook.close,
        )
        return book

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class AsyncStreams(StreamNames):
    """The market streams of a client, to be awaited.

    The builders (``agg_trade``, ``kline``, ``depth``, …) make names of streams, any of which may also
    be written as the exchange spells it: ``"btcusdt@aggTrade"``. One stream carries any number of
    them, and goes on through reconnects and planned moves. Safe to use from any event loop::

        streams = client.streams
        async for event in streams.subscribe(streams.agg_trade("BTCUSDT")):
            print(event)
    """

    __slots__ = ("_in_floats", "_run", "_streams")

    def __init__(
        self,
        streams: Callable[[], MarketStreams],
        run: Callable[..., Awaitable[Any]],
        *,
        in_floats: bool,
    ) -> None:
        self._streams = streams
        self._run = run
        self._in_floats = in_floats

    @overload
    def subscribe(
        self, *names: StreamName[E], ws_key: WsKey = WsKey.MAIN
    ) -> OpeningStream[E | StreamGap]: ...
    @overload
    def subscribe(self, *names: str, ws_key: WsKey = WsKey.MAIN) -> OpeningStream[Any]: ...
    def subscribe(self, *names: str, ws_key: WsKey = WsKey.MAIN) -> OpeningStream[Any]:
        """Return one stream of the events of all these names, in the order they come.

        A :class:`StreamGap` in it tells where events may be missing. With ``beautify=False`` the
        events are wire dicts, without the name of their stream: subscribe each name by itself where
        that matters. A name that is no longer wanted by any stream is unsubscribed. A name that no
        document of the market has is asked for all the same, with a warning in the log.

        Args:
            *names: The streams, from the builders or as the exchange spells them.
            ws_key: The connection, and with it the market. ``WsKey.USDM`` finds the route of each
                stream by itself.

        Raises:
            ConfigurationError: The connection carries no market streams.
            ParameterError: A name cannot be right, or is silent on this connection.
            NotSent: No connection came up within the timeout; repeating it is safe.
            RequestRejected: The exchange refused a name.
        """
        return OpeningStream(self._subscribe(names, ws_key), "AsyncStreams.subscribe")

    async def _subscribe(self, names: Sequence[str], ws_key: WsKey) -> AsyncEventStream[Any]:
        ws_key = WsKey(ws_key)
        stream: AsyncEventStream[Any] = await self._run(
            lambda: self._streams().subscribe(ws_key, names, in_floats=self._in_floats),
            AsyncEventStream[Any].close,
        )
        return stream

    async def log(
        self,
        *names: str,
        ws_key: WsKey = WsKey.MAIN,
        keep: int | None = None,
        keep_hours: float | None = None,
    ) -> None:
        """Have the events of these names logged, for :func:`binance_wsapi.event_log.read_stream` in any process.

        It takes the client's option ``event_log``. Each name has a log of its own: of all clients that log it
        one publishes, and the others stand by. Names that are logged already stay as they are. It ends by
        :meth:`unsubscribe`, or with the client; streams of the same names that are subscribed here go on beside it.

        Args:
            *names: The streams, from the builders or as the exchange spells them.
            ws_key: The connection, and with it the market.
            keep: About how many entries are kept; ``None`` is what ``event_log`` says (100,000).
            keep_hours: For how long entries are kept; ``None`` is what ``event_log`` says (until there are
                too many).

        Raises:
            ConfigurationError: The client has no event log, or the connection carries no market streams.
            ParameterError: A name cannot be right, is silent on this connection, or so much cannot be kept.
            NotSent: No connection came up within the timeout; repeating it is safe.
            RequestRejected: The exchange refused a name.
        """
        ws_key = WsKey(ws_key)
        await self._run(lambda: _log(self._streams(), ws_key, names, keep, keep_hours))

    async def unsubscribe(self, *names: str, ws_key: WsKey = WsKey.MAIN) -> None:
        """Take names away from all streams of this client; a stream that has none left ends.

        ``stream.close()`` takes all names of one stream away, and leaves the others alone.

        Args:
            *names: The streams; those that are not subscribed are no error.
            ws_key: The connection they were subscribed on.

        Raises:
            ConfigurationError: The connection carries no market streams.
            ParameterError: A name cannot be right, or is silent on this connection.
        """
        ws_key = WsKey(ws_key)
        await self._run(lambda: self._streams().unsubscribe(ws_key, names))

    async def list(self, ws_key: WsKey | None = None) -> Sequence[str]:
        """Return the names that are subscribed.

        Args:
            ws_key: The connection; ``None`` for all of them.
        """
        names: Sequence[str] = await self._run(lambda: _names(self._streams(), ws_key))
        return names

    def order_book(
        self,
        symbol: str,
        *,
        ws_key: WsKey = WsKey.MAIN,
        limit: int = 1000,
        speed: DepthSpeed | None = "100ms",
    ) -> OpeningBook:
        """Return an order book that is kept up to date here.

        Await it for the book, or enter it by ``async with``. It is filled in the background: see
        :meth:`AsyncLocalOrderBook.wait_ready`.

        Args:
            symbol: Trading symbol.
            ws_key: The stream connection, and with it the market: Spot or USD-M. COIN-M has no
                order book on the WebSocket API: subscribe ``partial_depth`` there.
            limit: Levels a side that the snapshot takes: up to 5,000 on Spot, 1,000 on USD-M.
            speed: How often changes come; ``None`` for the exchange's own pace: every second on Spot,
                every 250 ms on USD-M. Spot has no 500 ms.

        Raises:
            ConfigurationError: The connection's market has no book to take a snapshot of.
            ParameterError: A value cannot be right on this market.
            NotSent: No connection came up within the timeout; repeating it is safe.
        """
        opening = self._open_book(symbol, ws_key, limit, speed)
        return OpeningBook(opening, "AsyncStreams.order_book")

    async def _open_book(
        self, symbol: str, ws_key: WsKey, limit: int, speed: str | None
    ) -> AsyncLocalOrderBook:
        ws_key = WsKey(ws_key)
        book: AsyncLocalOrderBook = await self._run(
            lambda: open_order_book(
                self._streams(),
                ws_key,
                symbol,
                limit=limit,
                speed=speed,
                kind=AsyncLocalOrderBook,
                in_floats=self._in_floats,
            ),
            AsyncLocalOrderBook.close,
        )
        return book

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


async def _names(streams: MarketStreams, ws_key: WsKey | None) -> Sequence[str]:
    return streams.names(None if ws_key is None else WsKey(ws_key))


async def _log(
    streams: MarketStreams,
    ws_key: WsKey,
    names: Sequence[str],
    keep: int | None,
    keep_hours: float | None,
) -> None:
    with uncut:
        from binance_wsapi.core.logged_stream import log_streams

    await log_streams(streams, ws_key, names, keep=keep, keep_hours=keep_hours)
