"""An order book kept up to date on this side, to be read from any thread."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Awaitable, Callable
from operator import index
from types import TracebackType
from typing import Any, Self, SupportsIndex, TypeVar

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.core.book_keeper import BookKeeper
from binance_wsapi.core.hold import ClientHold
from binance_wsapi.core.market_streams import MarketStreams, stream_market
from binance_wsapi.endpoints import WsKey
from binance_wsapi.errors import (
    BinanceWsApiError,
    ClientClosed,
    ConfigurationError,
    ParameterError,
)
from binance_wsapi.events import Done
from binance_wsapi.kept_state import AsyncChanges, Changes
from binance_wsapi.loading import load
from binance_wsapi.models.base import Level
from binance_wsapi.models.market import OrderBook
from binance_wsapi.models.readable import door
from binance_wsapi.protocol.local_book import LocalBook
from binance_wsapi.protocol.params import wire_params
from binance_wsapi.protocol.stream_names import doubt, stream_name

__all__ = [
    "AsyncBookChanges",
    "AsyncLocalOrderBook",
    "BookChanges",
    "LocalOrderBook",
    "OrderBookNotReady",
    "open_order_book",
]

_SNAPSHOT_KEYS = {
    WsKey.MAIN: WsKey.MAIN_WSAPI,
    WsKey.MAIN2: WsKey.MAIN_WSAPI,
    WsKey.MAIN3: WsKey.MAIN_WSAPI,
    WsKey.MAIN_TESTNET_PUBLIC: WsKey.MAIN_WSAPI_TESTNET,
    WsKey.MAIN_TESTNET_USER_DATA: WsKey.MAIN_WSAPI_TESTNET,
    WsKey.USDM: WsKey.USDM_WSAPI,
    WsKey.USDM_PUBLIC: WsKey.USDM_WSAPI,
    WsKey.USDM_TESTNET: WsKey.USDM_WSAPI_TESTNET,
    WsKey.USDM_TESTNET_PUBLIC: WsKey.USDM_WSAPI_TESTNET,
}


B = TypeVar("B", bound="BaseOrderBook")


class OrderBookNotReady(BinanceWsApiError):
    """The book is being joined: what it had may be out of date, so it shows nothing.

    Where that takes longer than it should, the message says why; it is tried on all the same.
    """


class BaseOrderBook:
    """What the books of both clients share: :class:`LocalOrderBook` and :class:`AsyncLocalOrderBook`."""

    def __init__(
        self,
        streams: MarketStreams,
        keeper: BookKeeper,
        symbol: str,
        ws_key: WsKey,
        *,
        in_floats: bool = False,
    ) -> None:
        self.symbol = symbol
        """The trading symbol."""
        self.ws_key = ws_key
        """The connection its changes come from."""
        self._streams = streams
        self._keeper = keeper
        self._shown = door(in_floats=in_floats)
        self._hold = ClientHold(streams.runtime)
        self._name = f"the order book of {symbol}"
        keeper.release = weakref.WeakMethod(self._hold.release)

    @property
    def is_ready(self) -> bool:
        """Whether the book can be read now."""
        return self._keeper.book is not None

    @property
    def problem(self) -> BinanceWsApiError | None:
        """Why there is no book, when it cannot be kept, or could not be joined with many snapshots.

        In the second case it is tried on, with long pauses, and ``None`` stands here again once the
        book is ready.
        """
        keeper = self._keeper
        with keeper.lock:
            return copy.copy(keeper.problem) or (self._not_ready() if keeper.trouble else None)

    @property
    def update_id(self) -> int:
        """Number of the last change in the book.

        Raises:
            OrderBookNotReady: There is no book to be trusted now.
            ClientClosed: It was closed.
        """
        with self._keeper.lock:
            return self._book().update_id

    @property
    def best_bid(self) -> Level | None:
        """The highest buying level; ``None`` when nobody buys.

        Raises:
            OrderBookNotReady: There is no book to be trusted now.
            ClientClosed: It was closed.
        """
        with self._keeper.lock:
            best = self._book().best_bid()
        return self._shown(best)  # type: ignore[no-any-return]  # a level stays one

    @property
    def best_ask(self) -> Level | None:
        """The lowest selling level; ``None`` when nobody sells.

        Raises:
            OrderBookNotReady: There is no book to be trusted now.
            ClientClosed: It was closed.
        """
        with self._keeper.lock:
            best = self._book().best_ask()
        return self._shown(best)  # type: ignore[no-any-return]

    def depth(self, levels: int) -> OrderBook:
        """Return the best levels of both sides, best first, as they were at one moment.

        Args:
            levels: How many of each side.

        Raises:
            ParameterError: ``levels`` is no whole number above 0.
            OrderBookNotReady: There is no book to be trusted now.
            ClientClosed: It was closed.
        """
        _check_levels(levels)
        with self._keeper.lock:
            book = self._book().copy(levels)
        return self._shown(book)  # type: ignore[no-any-return]

    def copy(self) -> OrderBook:
        """Return all levels that are known, as they were at one moment.

        Raises:
            OrderBookNotReady: There is no book to be trusted now.
            ClientClosed: It was closed.
        """
        with self._keeper.lock:
            book = self._book().copy()
        return self._shown(book)  # type: ignore[no-any-return]

    def plot(self, axes: Any = None) -> Any:
        """Draw how much rests on each side down to each price, and return the axes.

        Args:
            axes: Where to draw, of matplotlib; a new figure without.

        Raises:
            OrderBookNotReady: There is no book to be trusted now.
            ClientClosed: It was closed.
            ConfigurationError: matplotlib is not installed: the extra ``plots`` does.
        """
        return self.copy().plot(axes)

    def _repr_html_(self) -> str:
        try:
            return self.copy()._repr_html_()  # pyright: ignore[reportPrivateUsage]
        except BinanceWsApiError:
            return str(load("html").escape(repr(self)))

    async def wait_ready_async(self, timeout: float | None = None) -> None:
        """Wait on the running event loop until the book can be read.

        Args:
            timeout: Seconds; ``None`` waits until it is ready or closed.

        Raises:
            TimeoutError: It was not ready in time.
            OrderBookNotReady: It could not be joined with many snapshots; it is tried on all the same.
            RequestRejected: The exchange refuses the snapshot, for a symbol that does not exist.
            ClientClosed: It was closed.
            ParameterError: ``timeout`` is no number of seconds.
        """
        unmet = f"{self._name} is not ready"
        await self._keeper.wait_async(lambda: self._check_ready() or None, timeout, unmet)

    def _book(self) -> LocalBook:
        """Return the book; called under the lock."""
        if self._keeper.book is not None:
            return self._keeper.book
        self._check_open()
        raise self._not_ready()

    def _check_ready(self) -> bool:
        if self._keeper.book is not None:
            return True
        self._check_open()
        if self._keeper.trouble:
            raise self._not_ready()
        return False

    def _not_ready(self) -> OrderBookNotReady:
        return _not_ready(self.symbol, self._keeper.trouble)

    def _check_open(self) -> None:
        self._keeper.check_problem()
        if self._keeper.ended:
            raise ClientClosed(f"{self._name} is closed")

    def __repr__(self) -> str:
        keeper = self._keeper
        waiting = "not joining" if keeper.trouble else "joining"
        state = "ready" if self.is_ready else "closed" if keeper.ended else waiting
        return f"<{type(self).__name__} {self.symbol} of {self.ws_key}, {state}>"


class LocalOrderBook(BaseOrderBook):
    """The order book of one symbol, kept from its changes and a snapshot.

    It is joined as the exchange's documents say, notices when a change was missed or the connection
    lost, and is then joined anew; until that is done it has nothing to show and says so, since a book
    that stands still is worse than none. Every method may be called from any thread::

        with client.streams.order_book("BTCUSDT") as book:
            book.wait_ready(timeout=5)
            print(book.best_bid, book.best_ask)
            for top in book.changes(levels=5):
                print(top.bids[0].price)

    A snapshot that was cut off at its limit knows nothing of the levels behind it, and neither does
    the book; a new snapshot is taken before the levels within run out. A book keeps its client alive
    until it is closed.
    """

    def wait_ready(self, timeout: float | None = None) -> None:
        """Wait until the book can be read.

        Args:
            timeout: Seconds; ``None`` waits until it is ready or closed.

        Raises:
            TimeoutError: It was not ready in time.
            OrderBookNotReady: It could not be joined with many snapshots; it is tried on all the same.
            RequestRejected: The exchange refuses the snapshot, for a symbol that does not exist.
            ClientClosed: It was closed.
            ParameterError: ``timeout`` is no number of seconds.
        """
        unmet = f"{self._name} is not ready"
        self._keeper.wait(lambda: self._check_ready() or None, timeout, unmet)

    def changes(self, levels: int | None = None) -> BookChanges:
        """Return an iterator of what the book is after it changed, for ``for`` and ``async for``.

        It begins with the book as it is. Whoever is slower than the exchange gets the newest book and
        none of those between. It ends when the book is closed, and raises what :attr:`problem` says.

        Args:
            levels: Best levels of each side to copy; all of them without a number.

        Raises:
            ParameterError: ``levels`` is no whole number above 0.
        """
        if levels is not None:
            _check_levels(levels)
        return BookChanges(self._keeper, self.symbol, levels, self._hold, self._shown)

    def close(self) -> None:
        """Stop keeping the book; idempotent."""
        self._streams.leave(self._keeper)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncLocalOrderBook(BaseOrderBook):
    """The order book of one symbol, kept from its changes and a snapshot, for event loops.

    It never blocks one, and is else what :class:`LocalOrderBook` is::

        async with client.streams.order_book("BTCUSDT") as book:
            await book.wait_ready(timeout=5)
            print(book.best_bid, book.best_ask)
            async for top in book.changes(levels=5):
                print(top.bids[0].price)
    """

    async def wait_ready(self, timeout: float | None = None) -> None:
        """Wait until the book can be read.

        Args:
            timeout: Seconds; ``None`` waits until it is ready or closed.

        Raises:
            TimeoutError: It was not ready in time.
            OrderBookNotReady: It could not be joined with many snapshots; it is tried on all the same.
            RequestRejected: The exchange refuses the snapshot, for a symbol that does not exist.
            ClientClosed: It was closed.
            ParameterError: ``timeout`` is no number of seconds.
        """
        await self.wait_ready_async(timeout)

    def changes(self, levels: int | None = None) -> AsyncBookChanges:
        """Return an iterator of what the book is after it changed, for ``async for``.

        It begins with the book as it is. Whoever is slower than the exchange gets the newest book and
        none of those between. It ends when the book is closed, and raises what :attr:`problem` says.

        Args:
            levels: Best levels of each side to copy; all of them without a number.

        Raises:
            ParameterError: ``levels`` is no whole number above 0.
        """
        if levels is not None:
            _check_levels(levels)
        return AsyncBookChanges(self._keeper, self.symbol, levels, self._hold, self._shown)

    def close(self) -> Awaitable[None]:
        """Stop keeping the book; idempotent, and done whether it is awaited or not."""
        self._streams.leave(self._keeper)
        return Done()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


class AsyncBookChanges(AsyncChanges[OrderBook]):
    """The newest book, each time it has changed; see :meth:`AsyncLocalOrderBook.changes`."""

    def __init__(
        self,
        keeper: BookKeeper,
        symbol: str,
        levels: int | None,
        hold: ClientHold,
        shown: Callable[[OrderBook], OrderBook],
    ) -> None:
        super().__init__(keeper, held=hold)
        self._keeper = keeper
        self._symbol = symbol
        self._levels = levels
        self._shown = shown
        self._seen = -1

    def _newer(self) -> OrderBook | None:
        keeper = self._keeper
        with keeper.lock:
            if keeper.book is None and keeper.trouble:
                raise _not_ready(self._symbol, keeper.trouble)
            if keeper.book is None or keeper.version == self._seen:
                return None
            self._seen = keeper.version
            book = keeper.book.copy(self._levels)
        return self._shown(book)


class BookChanges(AsyncBookChanges, Changes[OrderBook]):
    """The newest book, each time it has changed; see :meth:`LocalOrderBook.changes`."""


def _not_ready(symbol: str, trouble: str) -> OrderBookNotReady:
    if trouble:
        return OrderBookNotReady(
            f"the order book of {symbol} does not join, in spite of many snapshots: {trouble}; it is "
            "tried on with long pauses, and closing and opening it anew changes nothing"
        )
    return OrderBookNotReady(
        f"the order book of {symbol} is being joined: wait_ready() waits for it"
    )


def _check_levels(levels: object) -> None:
    if isinstance(levels, bool) or not isinstance(levels, SupportsIndex) or index(levels) < 1:
        raise ParameterError(
            f"levels={levels!r} is no number of levels: write a whole number above 0",
            parameter="levels",
            value=levels,
        )


async def open_order_book(
    streams: MarketStreams,
    ws_key: WsKey,
    symbol: str,
    *,
    limit: int,
    speed: str | None,
    kind: type[B],
    in_floats: bool,
) -> B:
    """Return the order book of a symbol, being joined; runs on the core's loop.

    Raises:
        ConfigurationError: The connection's market has no book to take a snapshot of.
        ParameterError: A value cannot be right on this market.
        NotSent: No connection came up in time.
    """
    market = stream_market(ws_key)
    if (why_not := market.facts.why_no_snapshots) is not None:
        raise ConfigurationError(why_not)
    if ws_key not in _SNAPSHOT_KEYS:
        raise ConfigurationError(f"WsKey.{ws_key.name} carries no order books: use WsKey.USDM")
    name = stream_name("diff_depth", symbol=symbol, speed=speed)
    if why := doubt(market, name):
        raise ParameterError(
            f"speed={speed!r}: {name} is {why}; write None or '100ms'",
            parameter="speed",
            value=speed,
        )
    depth = operation_by_method(market, "depth")
    assert depth is not None
    wire_params(depth, {"symbol": symbol.upper(), "limit": limit})
    keeper = BookKeeper(streams, _SNAPSHOT_KEYS[ws_key], symbol.upper(), limit)
    await streams.attach(keeper, ws_key, [name])
    keeper.begin()
    return kind(streams, keeper, symbol.upper(), ws_key, in_floats=in_floats)
