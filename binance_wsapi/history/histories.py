"""The past of a market and of an account: candles, trades and orders of any length of time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Generic, NamedTuple, TypeVar

from binance_wsapi.catalogue.histories import Histories, HistorySource
from binance_wsapi.core.call_kind import CallKind, kinds
from binance_wsapi.errors import ParameterError
from binance_wsapi.history.rows import AsyncHistoryRows, HistoryRows
from binance_wsapi.loading import uncut
from binance_wsapi.markets import Market
from binance_wsapi.markets.market import find
from binance_wsapi.models.base import Timestamp
from binance_wsapi.models.enums import KlineInterval
from binance_wsapi.models.market import AggregateTrade, Kline
from binance_wsapi.protocol.paging import CandlePages, IdPages, Pages, candles_between
from binance_wsapi.protocol.values import epoch_us

__all__ = ["AsyncHistory", "History"]

TradeT = TypeVar("TradeT")
AccountTradeT = TypeVar("AccountTradeT")
OrderT = TypeVar("OrderT")


class _Reading(NamedTuple):
    """What is to be read, and how it is asked for."""

    name: str
    pages: Pages
    kind: CallKind
    given: Mapping[str, object]


class _Readings:
    """Works out how the histories of one market are read.

    Args:
        send: Calls an operation over the connection of a namespace.
        market: Whose histories they are.
    """

    __slots__ = ("_send", "_sources")

    def __init__(self, send: Callable[..., Any], market: Market) -> None:
        self._send = send
        self._sources: Histories = find(market.facts.histories)

    def _candles(
        self, symbol: str, interval: str, start: object, end: object, after: object
    ) -> _Reading:
        source = self._sources.klines
        since, until = _bounds(start, end)
        behind = _number_of(after, "open_time")
        if behind is not None:
            since = max(since or 0, epoch_us(behind, "after") + 1000)
        if since is None:
            raise _no_start(source)
        interval = str(interval.value if isinstance(interval, KlineInterval) else interval)
        last_us = time.time_ns() // 1000 if until is None else until
        pages = CandlePages(since, until, source.page, candles_between(since, last_us, interval))
        return _checked(pages, source, {"symbol": symbol, "interval": interval})

    def _by_id(
        self, source: HistorySource, symbol: str, start: object, end: object, after: object
    ) -> _Reading:
        since, until = _bounds(start, end)
        pages = IdPages(
            id_of=lambda row: getattr(row, source.id),
            id_parameter=source.id_parameter,
            start_us=since,
            end_us=until,
            after_id=_number_of(after, source.id),
            page=source.page,
            is_dense=source.is_dense,
        )
        return _checked(pages, source, {"symbol": symbol})

    def _public(
        self, source: HistorySource, symbol: str, start: object, end: object, after: object
    ) -> _Reading:
        if start is None and after is None:
            raise _no_start(source)
        return self._by_id(source, symbol, start, end, after)


class History(_Readings, Generic[TradeT, AccountTradeT, OrderT]):
    """What was, row by row, blocking.

    Each method returns an iterator that asks for page after page as it is read. It waits where the limits
    of the exchange want it to, skips no row and repeats none. A call that fails raises its error from the
    loop; the same iterator goes on where it was when it is iterated again, and one made with ``after=`` the
    last row does so in another run.

    ``start`` is the first moment that counts and ``end`` the first that does not, so that one history
    begins where another ends. Times are aware ``datetime``, ``date``, ISO text or epoch milliseconds.
    """

    __slots__ = ()

    def klines(
        self,
        symbol: str,
        interval: KlineInterval | str,
        *,
        start: Timestamp | None = None,
        end: Timestamp | None = None,
        after: Kline | int | None = None,
        progress: bool | None = None,
    ) -> HistoryRows[Kline]:
        """Return the candles of a symbol; the newest may not be over yet.

        Args:
            symbol: Trading symbol, such as ``BTCUSDT``.
            interval: Length of a candle, such as ``1m``.
            start: The first may open then.
            end: None opens then or later; by default all there are.
            after: Begin behind this candle, or behind the one that opens at this time.
            progress: Show a bar, which needs the extra ``history``; by default where a terminal or a
                notebook watches and the extra is there.

        Raises:
            ParameterError: Something cannot be right, or both ``start`` and ``after`` are missing.
        """
        reading = self._candles(symbol, interval, start, end, after)
        return HistoryRows(self._send, *reading, progress)

    def aggregate_trades(
        self,
        symbol: str,
        *,
        start: Timestamp | None = None,
        end: Timestamp | None = None,
        after: AggregateTrade | int | None = None,
        progress: bool | None = None,
    ) -> HistoryRows[AggregateTrade]:
        """Return the trades of a symbol, those of one order at one price taken together.

        Finding the first one by its time costs some ten requests. Futures keep them for two days.

        Args:
            symbol: Trading symbol, such as ``BTCUSDT``.
            start: The first may have been then.
            end: None was then or later; by default up to the one that is the newest now.
            after: Begin behind this one, or behind the one with this id.
            progress: As for :meth:`klines`.

        Raises:
            ParameterError: Something cannot be right, or both ``start`` and ``after`` are missing.
        """
        reading = self._public(self._sources.aggregate_trades, symbol, start, end, after)
        return HistoryRows(self._send, *reading, progress)

    def trades(
        self,
        symbol: str,
        *,
        start: Timestamp | None = None,
        end: Timestamp | None = None,
        after: TradeT | int | None = None,
        progress: bool | None = None,
    ) -> HistoryRows[TradeT]:
        """Return the trades of a symbol; on futures this needs an API key.

        Finding the first one by its time costs some ten requests. Futures keep them for a month, and let an
        address ask for some ten pages a minute (weight 200 each).

        Args:
            symbol: Trading symbol, such as ``BTCUSDT``.
            start: The first may have been then.
            end: None was then or later; by default up to the one that is the newest now.
            after: Begin behind this one, or behind the one with this id.
            progress: As for :meth:`klines`.

        Raises:
            ParameterError: Something cannot be right, or both ``start`` and ``after`` are missing.
        """
        reading = self._public(self._sources.trades, symbol, start, end, after)
        return HistoryRows(self._send, *reading, progress)

    def my_trades(
        self,
        symbol: str,
        *,
        start: Timestamp | None = None,
        end: Timestamp | None = None,
        after: AccountTradeT | int | None = None,
        progress: bool | None = None,
    ) -> HistoryRows[AccountTradeT]:
        """Return the trades of the account on a symbol; futures keep those of three months.

        Args:
            symbol: Trading symbol, such as ``BTCUSDT``.
            start: The first may have been then; by default the account's first on that symbol.
            end: None was then or later; by default up to the one that is the newest now.
            after: Begin behind this one, or behind the one with this id.
            progress: As for :meth:`klines`.

        Raises:
            ParameterError: Something cannot be right.
        """
        reading = self._by_id(self._sources.my_trades, symbol, start, end, after)
        return HistoryRows(self._send, *reading, progress)

    def all_orders(
        self,
        symbol: str,
        *,
        start: Timestamp | None = None,
        end: Timestamp | None = None,
        after: OrderT | int | None = None,
        progress: bool | None = None,
    ) -> HistoryRows[OrderT]:
        """Return the orders of the account on a symbol, by when they were placed: open, filled, cancelled.

        The exchange does not keep orders for long that were never filled.

        Args:
            symbol: Trading symbol, such as ``BTCUSDT``.
            start: The first may have been placed then; by default the account's first on that symbol.
            end: None was placed then or later; by default up to the one that is the newest now.
            after: Begin behind this one, or behind the one with this id.
            progress: As for :meth:`klines`.

        Raises:
            ParameterError: Something cannot be right.
        """
        reading = self._by_id(self._sources.all_orders, symbol, start, end, after)
        return HistoryRows(self._send, *reading, progress)


class AsyncHistory(_Readings, Generic[TradeT, AccountTradeT, OrderT]):
    """What was, row by row, to be iterated with ``async for``.

    Each method returns an iterator that asks for page after page as it is read. It waits where the limits
    of the exchange want it to, skips no row and repeats none. A call that fails raises its error from the
    loop; the same iterator goes on where it was when it is iterated again, and one made with ``after=`` the
    last row does so in another run.

    ``start`` is the first moment that counts and ``end`` the first that does not, so that one history
    begins where another ends. Times are aware ``datetime``, ``date``, ISO text or epoch milliseconds.
    """

    __slots__ = ()

    def klines(
        self,
        symbol: str,
        interval: KlineInterval | str,
        *,
        start: Timestamp | None = None,
        end: Timestamp | None = None,
        after: Kline | int | None = None,
        progress: bool | None = None,
    ) -> AsyncHistoryRows[Kline]:
        """Return the candles of a symbol; the newest may not be over yet.

        Args:
            symbol: Trading symbol, such as ``BTCUSDT``.
            interval: Length of a candle, such as ``1m``.
            start: The first may open then.
            end: None opens then or later; by default all there are.
            after: Begin behind this candle, or behind the one that opens at this time.
            progress: Show a bar, which needs the extra ``history``; by default where a terminal or a
                notebook watches and the extra is there.

        Raises:
            ParameterError: Something cannot be right, or both ``start`` and ``after`` are missing.
        """
        reading = self._candles(symbol, interval, start, end, after)
        return AsyncHistoryRows(self._send, *reading, progress)

    def aggregate_trades(
        self,
        symbol: str,
        *,
        start: Timestamp | None = None,
        end: Timestamp | None = None,
        after: AggregateTrade | int | None = None,
        progress: bool | None = None,
    ) -> AsyncHistoryRows[AggregateTrade]:
        """Return the trades of a symbol, those of one order at one price taken together.

        Finding the first one by its time costs some ten requests. Futures keep them for two days.

        Args:
            symbol: Trading symbol, such as ``BTCUSDT``.
            start: The first may have been then.
            end: None was then or later; by default up to the one that is the newest now.
            after: Begin behind this one, or behind the one with this id.
            progress: As for :meth:`klines`.

        Raises:
            ParameterError: Something cannot be right, or both ``start`` and ``after`` are missing.
        """
        reading = self._public(self._sources.aggregate_trades, symbol, start, end, after)
        return AsyncHistoryRows(self._send, *reading, progress)

    def trades(
        self,
        symbol: str,
        *,
        start: Timestamp | None = None,
        end: Timestamp | None = None,
        after: TradeT | int | None = None,
        progress: bool | None = None,
    ) -> AsyncHistoryRows[TradeT]:
        """Return the trades of a symbol; on futures this needs an API key.

        Finding the first one by its time costs some ten requests. Futures keep them for a month, and let an
        address ask for some ten pages a minute (weight 200 each).

        Args:
            symbol: Trading symbol, such as ``BTCUSDT``.
            start: The first may have been then.
            end: None was then or later; by default up to the one that is the newest now.
            after: Begin behind this one, or behind the one with this id.
            progress: As for :meth:`klines`.

        Raises:
            ParameterError: Something cannot be right, or both ``start`` and ``after`` are missing.
        """
        reading = self._public(self._sources.trades, symbol, start, end, after)
        return AsyncHistoryRows(self._send, *reading, progress)

    def my_trades(
        self,
        symbol: str,
        *,
        start: Timestamp | None = None,
        end: Timestamp | None = None,
        after: AccountTradeT | int | None = None,
        progress: bool | None = None,
    ) -> AsyncHistoryRows[AccountTradeT]:
        """Return the trades of the account on a symbol; futures keep those of three months.

        Args:
            symbol: Trading symbol, such as ``BTCUSDT``.
            start: The first may have been then; by default the account's first on that symbol.
            end: None was then or later; by default up to the one that is the newest now.
            after: Begin behind this one, or behind the one with this id.
            progress: As for :meth:`klines`.

        Raises:
            ParameterError: Something cannot be right.
        """
        reading = self._by_id(self._sources.my_trades, symbol, start, end, after)
        return AsyncHistoryRows(self._send, *reading, progress)

    def all_orders(
        self,
        symbol: str,
        *,
        start: Timestamp | None = None,
        end: Timestamp | None = None,
        after: OrderT | int | None = None,
        progress: bool | None = None,
    ) -> AsyncHistoryRows[OrderT]:
        """Return the orders of the account on a symbol, by when they were placed: open, filled, cancelled.

        The exchange does not keep orders for long that were never filled.

        Args:
            symbol: Trading symbol, such as ``BTCUSDT``.
            start: The first may have been placed then; by default the account's first on that symbol.
            end: None was placed then or later; by default up to the one that is the newest now.
            after: Begin behind this one, or behind the one with this id.
            progress: As for :meth:`klines`.

        Raises:
            ParameterError: Something cannot be right.
        """
        reading = self._by_id(self._sources.all_orders, symbol, start, end, after)
        return AsyncHistoryRows(self._send, *reading, progress)


@cache
def _kind(source: HistorySource) -> CallKind:
    if source.path is None:
        return kinds[source.operation]
    with uncut:
        from binance_wsapi.core.rest_door import RestKind

    operation = source.operation
    return RestKind(
        operation.market, "GET", source.path, signed=operation.signed, operation=operation
    )


def _checked(pages: Pages, source: HistorySource, given: Mapping[str, object]) -> _Reading:
    """Return a reading whose first request can be written: what cannot be right is told at once."""
    kind = _kind(source)
    kind.writers[tuple(given)](given)
    return _Reading(f"{given['symbol']} {source.operation.method}", pages, kind, given)


def _bounds(start: object, end: object) -> tuple[int | None, int | None]:
    since = None if start is None else epoch_us(start, "start")
    until = None if end is None else epoch_us(end, "end")
    if since is not None and until is not None and until < since:
        raise ParameterError(
            f"end={end!r} lies before start={start!r}: swap them", parameter="end", value=end
        )
    return since, until


def _number_of(after: object, attribute: str) -> int | None:
    """Return the number of the row to begin behind."""
    number = getattr(after, attribute, after)
    if number is None or (isinstance(number, int) and not isinstance(number, bool)):
        return number
    raise ParameterError(
        f"after={after!r} is no row of this history: pass the last row you have, or its {attribute}",
        parameter="after",
        value=after,
    )


def _no_start(source: HistorySource) -> ParameterError:
    return ParameterError(
        f"start is missing: write when {source.operation.method} is to begin, such as '2026-11-01'",
        parameter="start",
    )
