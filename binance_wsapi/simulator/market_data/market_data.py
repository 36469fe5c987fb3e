"""The market data operations, answered from the trades and books of a market."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, Protocol

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.markets import Market
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.errors import ExchangeError, unsupported
from binance_wsapi.simulator.market_data.block_trades import BlockTrades
from binance_wsapi.simulator.market_data.candles import Candle
from binance_wsapi.simulator.market_data.history import SymbolHistory
from binance_wsapi.simulator.market_data.intervals import DAY, INTERVALS, MINUTE
from binance_wsapi.simulator.market_data.market_watch import MarketWatch
from binance_wsapi.simulator.market_data.reference_price import ExternalPrice, ReferencePrice
from binance_wsapi.simulator.market_data.requests import MOST_ROLLING_SYMBOLS, Request
from binance_wsapi.simulator.market_data.rows import (
    aggregate_row,
    kline_row,
    places,
    ticker_row,
    trade_row,
)
from binance_wsapi.simulator.observers import MarketObserver, Trade
from binance_wsapi.simulator.spot.book import Book
from binance_wsapi.simulator.spot.parameters import check_known

__all__ = ["MarketData", "ObservedMarket"]

ZERO = Decimal(0)
AVERAGE_MINUTES = 5


class ObservedMarket(Protocol):
    """What market data needs of a market."""

    @property
    def books(self) -> Mapping[str, Book]:
        """The book of each symbol."""
        ...

    @property
    def statuses(self) -> Mapping[str, str]:
        """The trading status of each symbol."""
        ...

    @property
    def observers(self) -> list[MarketObserver]:
        """Who is told of trades and levels."""
        ...


class MarketData:
    """History and statistics of a market's public trades.

    It observes the market from its making on, answers requests with :meth:`handle`, and is the engine's
    ``PriceSource``. Single-threaded like the market.

    Windows of tickers have a precision of one minute, as documented for ``ticker``: trades of the minute
    in which a window opens are in it.

    Args:
        clock: The exchange's clock.
        market: The market; this object adds itself to its observers.

    Attributes:
        block_trades: Trades that were agreed on outside the book.
        watch: Passes the market's trades and levels on to streams.
    """

    def __init__(self, clock: SimulatedClock, market: ObservedMarket) -> None:
        self.clock = clock
        self.market = market
        self.histories = {symbol: SymbolHistory(symbol) for symbol in market.books}
        self.block_trades = BlockTrades(clock)
        self.watch = MarketWatch(clock, market.observers)
        self._reference_prices: dict[str, ReferencePrice] = {}
        self._methods: dict[str, Callable[[Request], object]] = {
            "trades.recent": self._recent_trades,
            "trades.historical": self._historical_trades,
            "trades.aggregate": self._aggregate_trades,
            "blockTrades.historical": self.block_trades.answer,
            "klines": self._klines,
            # The documents promise "modified for charts" and do not say how: the values are the same.
            "uiKlines": self._klines,
            "avgPrice": self._average_price,
            "ticker.24hr": self._ticker_24hr,
            "ticker.tradingDay": self._ticker_trading_day,
            "ticker": self._ticker,
            "ticker.price": self._ticker_price,
            "referencePrice": self._reference_price,
            "referencePrice.calculation": self._reference_price_calculation,
        }
        market.observers.append(self)

    @property
    def methods(self) -> frozenset[str]:
        """Wire names of all methods that :meth:`handle` serves."""
        return frozenset(self._methods)

    def handle(self, method: str, params: Mapping[str, Any]) -> object:
        """Answer one market data request.

        Args:
            method: Wire name, without a version prefix.
            params: The request's parameters.

        Returns:
            What goes into ``result``.

        Raises:
            ExchangeError: The request is refused, with the exchange's code and text.
        """
        answer = self._methods.get(method)
        if answer is None:
            raise unsupported(method)
        check_known(params, _known_parameters(method))
        return answer(Request(params, self.market.statuses))

    # What the market tells.

    def on_trade(self, trade: Trade) -> None:
        """Remember a trade."""
        self.histories[trade.symbol].record(trade)
        if trade.symbol in self._reference_prices:
            self._reference_prices[trade.symbol].record(trade)

    def on_level(
        self,
        symbol: str,
        side: str,
        price: Decimal,
        quantity: Decimal,
        update_id: int,
        time_us: int,
    ) -> None:
        """Books keep themselves; nothing to remember."""

    def on_symbol(self, symbol: str) -> None:
        """Statuses are read when asked for."""

    # What the engine asks.

    def average_price(self, symbol: str, minutes: int) -> Decimal | None:
        """Return the volume weighted mean of the last minutes, ``None`` when nothing traded yet.

        Without trades in those minutes, and for 0 minutes, it is the last price.
        """
        history = self.histories[symbol]
        if minutes == 0:
            return self.last_price(symbol)
        average = history.average_price(minutes, self.clock.now_us())
        return None if average is None else places(average)

    def last_price(self, symbol: str) -> Decimal | None:
        """Return the price of the last trade."""
        trade = self.histories[symbol].last_trade
        return None if trade is None else trade.price

    def reference_price(self, symbol: str) -> Decimal | None:
        """Return the reference price, ``None`` when the symbol has none now."""
        source = self._reference_prices.get(symbol)
        return None if source is None else source.value(self.clock.now_us())

    # What a test or the exchange's owner sets.

    def set_reference_price(self, symbol: str, price: Decimal | None) -> None:
        """Set a symbol's reference price by hand; ``None`` leaves it unset from now on."""
        self.use_reference_price(symbol, ExternalPrice(price, self.clock.now_us()))

    def use_reference_price(self, symbol: str, source: ReferencePrice) -> None:
        """Let a calculation make a symbol's reference price."""
        if symbol not in self.histories:
            raise KeyError(symbol)
        self._reference_prices[symbol] = source

    def reference_price_valid_at_us(self, symbol: str) -> int:
        """Return when the reference price of now held."""
        now_us = self.clock.now_us()
        source = self._reference_prices.get(symbol)
        return now_us if source is None else source.valid_at_us(now_us)

    # What requests ask.

    def rolling_window(self, symbol: str, width_us: int) -> Candle:
        """Return what was traded in the last ``width_us``, from the beginning of its first minute."""
        since = self.clock.now_us() - width_us
        open_us = since - since % MINUTE
        window = self.histories[symbol].window(open_us, width_us)
        return Candle(open_us, ZERO) if window is None else window

    def ticker_24hr(self, symbol: str, *, mini: bool = False) -> dict[str, Any]:
        """Return the 24 hour ticker of one symbol."""
        now_us = self.clock.now_us()
        window = self.rolling_window(symbol, DAY)
        row = ticker_row(symbol, window, open_us=now_us - DAY, close_us=now_us, mini=mini)
        if mini:
            return row
        history, book = self.histories[symbol], self.market.books[symbol]
        last = history.last_trade
        bid, ask = best_level(book, "BUY"), best_level(book, "SELL")
        extra = {
            "prevClosePrice": places(history.close_before(window.open_us) or ZERO),
            "lastPrice": row["lastPrice"],
            "lastQty": places(ZERO if last is None else last.quantity),
            "bidPrice": places(bid[0]),
            "bidQty": places(bid[1]),
            "askPrice": places(ask[0]),
            "askQty": places(ask[1]),
        }
        head = ("symbol", "priceChange", "priceChangePercent", "weightedAvgPrice")
        return {**{name: row[name] for name in head}, **extra, **row}

    def _recent_trades(self, request: Request) -> object:
        history = self.histories[request.symbol()]
        return [trade_row(trade) for trade in history.trades.newest(request.limit())]

    def _historical_trades(self, request: Request) -> object:
        trades = self.histories[request.symbol()].trades
        limit, from_id = request.limit(), request.number("fromId")
        if from_id is None:
            return [trade_row(trade) for trade in trades.newest(limit)]
        first = trades.position_of(from_id, lambda trade: trade.trade_id)
        return [trade_row(trade) for trade in trades.between(first, first + limit)]

    def _aggregate_trades(self, request: Request) -> object:
        aggregates = self.histories[request.symbol()].aggregates
        limit, from_id = request.limit(), request.number("fromId")
        request.refuse_together("fromId", "startTime", "endTime")
        start_us, end_us = request.time_range_us()
        first, end = aggregates.start, aggregates.end
        if from_id is not None:
            first = max(first, from_id)
        if start_us is not None:
            first = aggregates.position_of(start_us, lambda row: row.time_us)
        if end_us is not None:
            end = aggregates.position_of(end_us + 1, lambda row: row.time_us)
        if from_id is None and start_us is None:
            first = max(first, end - limit)
        return [aggregate_row(row) for row in aggregates.between(first, min(end, first + limit))]

    def _klines(self, request: Request) -> object:
        history, interval = self.histories[request.symbol()], request.interval()
        offset, limit = request.time_zone_us(), request.limit()
        start_us, end_us = request.time_range_us()
        candles = history.asked_candles(
            interval,
            offset,
            start_us=start_us,
            end_us=end_us,
            limit=limit,
            now_us=self.clock.now_us(),
        )
        return [
            kline_row(candle, interval.step(candle.open_us, 1, offset) - 1) for candle in candles
        ]

    def _average_price(self, request: Request) -> object:
        symbol = request.symbol()
        last = self.histories[symbol].last_trade
        return {
            "mins": AVERAGE_MINUTES,
            "price": places(self.average_price(symbol, AVERAGE_MINUTES) or ZERO),
            "closeTime": Micros(0 if last is None else last.time_us),
        }

    def _ticker_24hr(self, request: Request) -> object:
        symbols, is_single = request.chosen_symbols(mandatory=False)
        mini = request.is_mini()
        return _one_or_all([self.ticker_24hr(name, mini=mini) for name in symbols], is_single)

    def _ticker_trading_day(self, request: Request) -> object:
        symbols, is_single = request.chosen_symbols(mandatory=True)
        mini, offset = request.is_mini(), request.time_zone_us()
        day = INTERVALS["1d"]
        open_us = day.floor(self.clock.now_us(), offset)
        close_us = day.step(open_us, 1, offset) - 1
        rows: list[dict[str, Any]] = []
        for name in symbols:
            candle = self.histories[name].candle(day, offset, open_us) or Candle(open_us, ZERO)
            rows.append(ticker_row(name, candle, open_us=open_us, close_us=close_us, mini=mini))
        return _one_or_all(rows, is_single)

    def _ticker(self, request: Request) -> object:
        symbols, is_single = request.chosen_symbols(mandatory=True, most=MOST_ROLLING_SYMBOLS)
        mini, width_us = request.is_mini(), request.window_us()
        now_us = self.clock.now_us()
        rows: list[dict[str, Any]] = []
        for name in symbols:
            window = self.rolling_window(name, width_us)
            rows.append(
                ticker_row(name, window, open_us=window.open_us, close_us=now_us, mini=mini)
            )
        return _one_or_all(rows, is_single)

    def _ticker_price(self, request: Request) -> object:
        symbols, is_single = request.chosen_symbols(mandatory=False)
        rows = [
            {"symbol": name, "price": places(self.last_price(name) or ZERO)} for name in symbols
        ]
        return _one_or_all(rows, is_single)

    def _reference_price(self, request: Request) -> object:
        symbol = request.symbol()
        if symbol not in self._reference_prices:
            # Documented so: the error stands inside a result of status 200.
            return _no_reference_price().payload()
        price = self.reference_price(symbol)
        return {
            "symbol": symbol,
            "referencePrice": None if price is None else places(price),
            "timestamp": Micros(self.reference_price_valid_at_us(symbol)),
        }

    def _reference_price_calculation(self, request: Request) -> object:
        symbol = request.symbol()
        request.check_symbol_status(symbol)
        source = self._reference_prices.get(symbol)
        if source is None:
            raise _no_reference_price()
        return {"symbol": symbol, **source.calculation()}


@cache
def _known_parameters(method: str) -> frozenset[str]:
    operation = operation_by_method(Market.SPOT, method)
    return frozenset(param.wire for param in operation.params) if operation else frozenset()


def best_level(book: Book, side: str) -> tuple[Decimal, Decimal]:
    """Return best price and its quantity of one side of a book, zeros when it is empty."""
    levels = book.side(side)
    price = levels.best()
    return (ZERO, ZERO) if price is None else (price, levels.quantity_at(price))


def _one_or_all(rows: list[dict[str, Any]], is_single: bool) -> object:
    return rows[0] if is_single else rows


def _no_reference_price() -> ExchangeError:
    return ExchangeError(-2043, "This symbol doesn't have a reference price.")
