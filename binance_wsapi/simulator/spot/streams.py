"""The market streams of Spot: which there are, how often they speak, and their payloads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.market_data.aggregate_trades import AggregateTrade
from binance_wsapi.simulator.market_data.candles import Candle
from binance_wsapi.simulator.market_data.intervals import SECOND, Interval
from binance_wsapi.simulator.market_data.market_data import MarketData
from binance_wsapi.simulator.market_data.pulses import Pulses
from binance_wsapi.simulator.market_data.rows import aggregate_row, places, ticker_row
from binance_wsapi.simulator.market_data.stream_feeds import (
    AggregateTradeFeed,
    BestPriceFeed,
    BestPrices,
    CallFeed,
    ChangeFeed,
    DepthChanges,
    DepthFeed,
    KlineFeed,
    PulseFeed,
    TradeFeed,
)
from binance_wsapi.simulator.market_data.stream_hub import Feed, Publish
from binance_wsapi.simulator.observers import Trade
from binance_wsapi.simulator.spot.stream_name_parser import (
    ROLLING_WINDOWS,
    SpotStreamName,
    parse_spot_stream_name,
)

__all__ = ["SpotStreams"]

TENTH = SECOND // 10
AVERAGE_MINUTES = 5
Row = dict[str, Any]


class SpotStreams:
    """The stream table of Spot.

    Individual tickers, candles and partial depth speak every period, whether something changed or not;
    arrays of all symbols hold what changed, ``avgPrice`` and diff depth speak when something did.

    Args:
        clock: The exchange's clock.
        data: History and statistics of the market.
    """

    def __init__(self, clock: SimulatedClock, data: MarketData) -> None:
        self._clock = clock
        self._data = data
        self._books = data.market.books
        self._symbols = {symbol.lower(): symbol for symbol in self._books}
        self._watch = data.watch
        self._pulses = Pulses(clock)
        self._openers: dict[str, Callable[[str, SpotStreamName, Publish], Feed]] = {
            "aggTrade": self._aggregate_trades,
            "avgPrice": self._average_price,
            "blockTrade": self._block_trades,
            "bookTicker": self._best_prices,
            "depth": self._depth,
            "kline": self._klines,
            "miniTicker": self._mini_ticker,
            "partialDepth": self._partial_depth,
            "referencePrice": self._reference_price,
            "rollingTicker": self._rolling_ticker,
            "ticker": self._ticker,
            "trade": self._trades,
        }

    def open(self, name: str, publish: Publish) -> Feed | None:
        """Begin a stream; ``None`` when there is none of that name."""
        asked = parse_spot_stream_name(name)
        if asked is None:
            return None
        if asked.symbol is None:
            return self._all_symbols(asked, publish)
        symbol = self._symbols.get(asked.symbol)
        return None if symbol is None else self._openers[asked.kind](symbol, asked, publish)

    # What happens when something happens.

    def _trades(self, symbol: str, asked: SpotStreamName, publish: Publish) -> Feed:
        return TradeFeed(self._watch, symbol, publish, self._trade)

    def _aggregate_trades(self, symbol: str, asked: SpotStreamName, publish: Publish) -> Feed:
        history = self._data.histories[symbol]
        return AggregateTradeFeed(self._watch, history, publish, self._aggregate_trade)

    def _block_trades(self, symbol: str, asked: SpotStreamName, publish: Publish) -> Feed:
        def tell(trade: Trade) -> None:
            if trade.symbol == symbol:
                publish(self._block_trade(trade))

        listeners = self._data.block_trades.listeners
        listeners.append(tell)
        return CallFeed(lambda: listeners.remove(tell))

    def _best_prices(self, symbol: str, asked: SpotStreamName, publish: Publish) -> Feed:
        def shape(best: BestPrices) -> Row:
            return {
                "u": best.update_id,
                "s": symbol,
                "b": places(best.bid[0]),
                "B": places(best.bid[1]),
                "a": places(best.ask[0]),
                "A": places(best.ask[1]),
            }

        return BestPriceFeed(self._watch, self._books[symbol], publish, shape)

    # What happens on the beat.

    def _depth(self, symbol: str, asked: SpotStreamName, publish: Publish) -> Feed:
        def shape(changes: DepthChanges) -> Row:
            return {
                **self._head("depthUpdate", symbol),
                "U": changes.first_id,
                "u": changes.final_id,
                "b": _levels(changes.bids),
                "a": _levels(changes.asks),
            }

        period = TENTH if asked.is_fast else SECOND
        return DepthFeed(self._watch, self._pulses, self._books[symbol], period, publish, shape)

    def _partial_depth(self, symbol: str, asked: SpotStreamName, publish: Publish) -> Feed:
        book = self._books[symbol]

        def make() -> Row:
            return {
                "lastUpdateId": book.last_update_id,
                "bids": _levels(book.bids.top(asked.levels)),
                "asks": _levels(book.asks.top(asked.levels)),
            }

        return PulseFeed(self._pulses, TENTH if asked.is_fast else SECOND, publish, make)

    def _klines(self, symbol: str, asked: SpotStreamName, publish: Publish) -> Feed:
        interval = asked.interval
        assert interval is not None

        def shape(candle: Candle, is_closed: bool) -> Row:
            kline = _kline(symbol, candle, interval, asked.offset_us, is_closed=is_closed)
            return {**self._head("kline", symbol), "k": kline}

        return KlineFeed(
            self._clock,
            self._pulses,
            self._data.histories[symbol],
            interval,
            asked.offset_us,
            SECOND if interval.name == "1s" else 2 * SECOND,
            publish,
            shape,
        )

    def _mini_ticker(self, symbol: str, asked: SpotStreamName, publish: Publish) -> Feed:
        return PulseFeed(self._pulses, SECOND, publish, lambda: self._mini_ticker_row(symbol))

    def _ticker(self, symbol: str, asked: SpotStreamName, publish: Publish) -> Feed:
        return PulseFeed(self._pulses, SECOND, publish, lambda: self._ticker_row(symbol))

    def _rolling_ticker(self, symbol: str, asked: SpotStreamName, publish: Publish) -> Feed:
        def make() -> Row:
            return self._rolling_ticker_row(symbol, asked.window)

        return PulseFeed(self._pulses, SECOND, publish, make)

    def _average_price(self, symbol: str, asked: SpotStreamName, publish: Publish) -> Feed:
        def make() -> dict[str, tuple[Any, Any]]:
            price = self._data.average_price(symbol, AVERAGE_MINUTES)
            last = self._data.histories[symbol].last_trade
            if price is None or last is None:
                return {}
            row = {
                **self._head("avgPrice", symbol),
                "i": f"{AVERAGE_MINUTES}m",
                "w": places(price),
                "T": Micros(last.time_us),
            }
            return {symbol: ((price, last.time_us), row)}

        return ChangeFeed(self._pulses, SECOND, publish, make, lambda rows: rows[0])

    def _reference_price(self, symbol: str, asked: SpotStreamName, publish: Publish) -> Feed:
        def make() -> Row:
            price = self._data.reference_price(symbol)
            return {
                "e": "referencePrice",
                "s": symbol,
                "r": None if price is None else places(price),
                "t": Micros(self._data.reference_price_valid_at_us(symbol)),
            }

        return PulseFeed(self._pulses, SECOND, publish, make)

    def _all_symbols(self, asked: SpotStreamName, publish: Publish) -> Feed:
        def row(symbol: str) -> Row:
            if asked.kind == "miniTicker":
                return self._mini_ticker_row(symbol)
            return self._rolling_ticker_row(symbol, asked.window)

        def make() -> dict[str, tuple[Any, Any]]:
            rows = {
                symbol: row(symbol)
                for symbol, history in self._data.histories.items()
                if history.last_trade is not None
            }
            return {symbol: (_without_times(one), one) for symbol, one in rows.items()}

        period_us = asked.period_seconds * SECOND
        return ChangeFeed(self._pulses, period_us, publish, make, lambda rows: rows)

    # Payloads.

    def _head(self, event: str, symbol: str) -> Row:
        return {"e": event, "E": Micros(self._clock.now_us()), "s": symbol}

    def _trade(self, trade: Trade) -> Row:
        return {
            **self._head("trade", trade.symbol),
            "t": trade.trade_id,
            "p": places(trade.price),
            "q": places(trade.quantity),
            "T": Micros(trade.time_us),
            "m": trade.buyer_is_maker,
            "M": True,
        }

    def _block_trade(self, trade: Trade) -> Row:
        row = {**self._trade(trade), "e": "blockTrade"}
        del row["M"]
        return row

    def _aggregate_trade(self, aggregate: AggregateTrade) -> Row:
        return {**self._head("aggTrade", aggregate.symbol), **aggregate_row(aggregate)}

    def _mini_ticker_row(self, symbol: str) -> Row:
        row = self._data.ticker_24hr(symbol, mini=True)
        return {
            **self._head("24hrMiniTicker", symbol),
            "c": row["lastPrice"],
            "o": row["openPrice"],
            "h": row["highPrice"],
            "l": row["lowPrice"],
            "v": row["volume"],
            "q": row["quoteVolume"],
        }

    def _ticker_row(self, symbol: str) -> Row:
        row = self._data.ticker_24hr(symbol)
        return {
            **self._head("24hrTicker", symbol),
            "p": row["priceChange"],
            "P": row["priceChangePercent"],
            "w": row["weightedAvgPrice"],
            "x": row["prevClosePrice"],
            "c": row["lastPrice"],
            "Q": row["lastQty"],
            "b": row["bidPrice"],
            "B": row["bidQty"],
            "a": row["askPrice"],
            "A": row["askQty"],
            "o": row["openPrice"],
            "h": row["highPrice"],
            "l": row["lowPrice"],
            **_window_end(row),
        }

    def _rolling_ticker_row(self, symbol: str, window_name: str) -> Row:
        now_us = self._clock.now_us()
        window = self._data.rolling_window(symbol, ROLLING_WINDOWS[window_name])
        row = ticker_row(symbol, window, open_us=window.open_us, close_us=now_us, mini=False)
        return {
            **self._head(f"{window_name}Ticker", symbol),
            "p": row["priceChange"],
            "P": row["priceChangePercent"],
            "o": row["openPrice"],
            "h": row["highPrice"],
            "l": row["lowPrice"],
            "c": row["lastPrice"],
            "w": row["weightedAvgPrice"],
            **_window_end(row),
        }


def _window_end(row: Row) -> Row:
    return {
        "v": row["volume"],
        "q": row["quoteVolume"],
        "O": row["openTime"],
        "C": row["closeTime"],
        "F": row["firstId"],
        "L": row["lastId"],
        "n": row["count"],
    }


def _kline(
    symbol: str, candle: Candle, interval: Interval, offset_us: int, *, is_closed: bool
) -> Row:
    close_us = interval.step(candle.open_us, 1, offset_us) - 1
    return {
        "t": Micros(candle.open_us),
        "T": Micros(close_us),
        "s": symbol,
        "i": interval.name,
        "f": candle.first_id,
        "L": candle.last_id,
        "o": places(candle.open),
        "c": places(candle.close),
        "h": places(candle.high),
        "l": places(candle.low),
        "v": places(candle.volume),
        "n": candle.trades,
        "x": is_closed,
        "q": places(candle.quote_volume),
        "V": places(candle.taker_base),
        "Q": places(candle.taker_quote),
        "B": "0",
    }


def _levels(levels: Iterable[tuple[Decimal, Decimal]]) -> list[list[Decimal]]:
    return [[places(price), places(quantity)] for price, quantity in levels]


def _without_times(row: Row) -> Row:
    return {key: value for key, value in row.items() if key not in ("E", "O", "C")}
