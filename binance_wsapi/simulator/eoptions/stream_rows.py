"""Payloads of the market streams of options."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.eoptions.contracts import QUOTE_ASSET, Option
from binance_wsapi.simulator.eoptions.market import OptionMarket
from binance_wsapi.simulator.eoptions.order_desk import price_bounds
from binance_wsapi.simulator.eoptions.pricing import RISK_FREE_RATE, VOLATILITY
from binance_wsapi.simulator.market_data.candles import Candle
from binance_wsapi.simulator.market_data.history import SymbolHistory
from binance_wsapi.simulator.market_data.intervals import DAY, MINUTE, Interval
from binance_wsapi.simulator.market_data.market_data import MarketData
from binance_wsapi.simulator.market_data.rows import percent_of
from binance_wsapi.simulator.market_data.stream_feeds import BestPrices, DepthChanges
from binance_wsapi.simulator.observers import Trade
from binance_wsapi.simulator.spot.book import Book

__all__ = ["OptionRows"]

Row = dict[str, Any]
Level = tuple[Decimal, Decimal]
ZERO = Decimal(0)
HALF_AN_HOUR_US = 30 * MINUTE


class OptionRows:
    """Makes the payloads of the streams.

    Args:
        market: Options, prices and time.

    Attributes:
        data: History of its trades, from now on.
        watch: Passes its trades and levels on.
    """

    def __init__(self, market: OptionMarket) -> None:
        self.market = market
        self.data = MarketData(market.clock, market)
        self.watch = self.data.watch
        self._clock = market.clock
        market.listing_listeners.append(self._begin_history)

    def _begin_history(self, option: Option) -> None:
        self.data.histories.setdefault(option.symbol, SymbolHistory(option.symbol))

    def trade(self, option: Option, trade: Trade) -> Row:
        """Return a ``trade``."""
        return {
            **self._head("trade"),
            "T": Micros(trade.time_us),
            "s": option.symbol,
            "t": trade.trade_id,
            "p": option.price_text(trade.price),
            "q": option.quantity_text(trade.quantity),
            "X": "MARKET",
            "S": "SELL" if trade.buyer_is_maker else "BUY",
            "m": trade.buyer_is_maker,
        }

    def best_prices(self, option: Option, best: BestPrices) -> Row:
        """Return a ``bookTicker``."""
        now = Micros(self._clock.now_us())
        return {
            "e": "bookTicker",
            "u": best.update_id,
            "s": option.symbol,
            "b": option.price_text(best.bid[0]),
            "B": option.quantity_text(best.bid[1]),
            "a": option.price_text(best.ask[0]),
            "A": option.quantity_text(best.ask[1]),
            "T": now,
            "E": now,
        }

    def depth(self, option: Option, changes: DepthChanges) -> Row:
        """Return a ``depthUpdate`` with what changed."""
        ids = (changes.first_id, changes.final_id, changes.previous_id)
        return self._depth(option, ids, changes.bids, changes.asks)

    def partial_depth(self, option: Option, book: Book, levels: int, previous_id: int) -> Row:
        """Return a ``depthUpdate`` with the best levels; its ids span what happened since the last."""
        ids = (min(previous_id + 1, book.last_update_id), book.last_update_id, previous_id)
        return self._depth(option, ids, book.bids.top(levels), book.asks.top(levels))

    def ticker(self, option: Option) -> Row:
        """Return a ``24hrTicker``."""
        now_us, day = self._clock.now_us(), self.data.rolling_window(option.symbol, DAY)
        last = self.data.histories[option.symbol].last_trade
        mean = day.quote_volume / day.volume if day.volume else ZERO
        change = day.close - day.open
        return {
            **self._head("24hrTicker"),
            "s": option.symbol,
            "p": option.price_text(change),
            "P": str(percent_of(change, day.open)),
            "w": option.price_text(mean),
            "c": option.price_text(day.close),
            "Q": option.quantity_text(ZERO if last is None else last.quantity),
            "o": option.price_text(day.open),
            "h": option.price_text(day.high),
            "l": option.price_text(day.low),
            "v": option.quantity_text(day.volume),
            "q": option.price_text(day.quote_volume),
            "O": Micros(now_us - DAY),
            "C": Micros(now_us),
            "F": day.first_id,
            "L": day.last_id,
            "n": day.trades,
        }

    def kline(self, option: Option, interval: Interval, candle: Candle, *, is_closed: bool) -> Row:
        """Return a ``kline``."""
        return {
            **self._head("kline"),
            "s": option.symbol,
            "k": {
                "t": Micros(candle.open_us),
                "T": Micros(interval.step(candle.open_us, 1) - 1),
                "s": option.symbol,
                "i": interval.name,
                "f": candle.first_id,
                "L": candle.last_id,
                "o": option.price_text(candle.open),
                "c": option.price_text(candle.close),
                "h": option.price_text(candle.high),
                "l": option.price_text(candle.low),
                "v": option.quantity_text(candle.volume),
                "n": candle.trades,
                "x": is_closed,
                "q": f"{candle.quote_volume:.5f}",
                "V": option.quantity_text(candle.taker_base),
                "Q": f"{candle.taker_quote:.5f}",
            },
        }

    def index_prices(self) -> list[Row]:
        """Return ``indexPrice`` of every underlying."""
        return [
            {**self._head("indexPrice"), "s": symbol, "p": f"{price:.8f}"}
            for symbol, price in self.market.indexes.items()
        ]

    def mark_prices(self, underlying: str) -> list[Row]:
        """Return ``markPrice`` of every option on an underlying."""
        return [
            self._mark_price(each)
            for each in self.market.options.values()
            if each.underlying.symbol == underlying
        ]

    def mark_answer(self, option: Option) -> Row:
        """Return a row of REST ``mark``."""
        row = self._mark_price(option)
        names = {
            "s": "symbol",
            "mp": "markPrice",
            "b": "bidIV",
            "a": "askIV",
            "vo": "markIV",
            "d": "delta",
            "t": "theta",
            "g": "gamma",
            "v": "vega",
            "hl": "highPriceLimit",
            "ll": "lowPriceLimit",
            "rf": "riskFreeInterest",
        }
        return {name: row[key] for key, name in names.items()}

    def open_interest(self, underlying: str, expiry_date: str) -> list[Row]:
        """Return ``openInterest`` of every option on an underlying that expires on a day."""
        index = self.market.indexes[underlying]
        rows: list[Row] = []
        for option in self.market.options.values():
            if (option.underlying.symbol, option.expiry_date) != (underlying, expiry_date):
                continue
            sold = [each.held(option) for each in self.market.accounts.values()]
            held = sum((each for each in sold if each > 0), ZERO)
            rows.append(
                {
                    **self._head("openInterest"),
                    "s": option.symbol,
                    "o": option.quantity_text(held),
                    "h": f"{held * index * option.unit:f}",
                }
            )
        return rows

    def listed(self, option: Option) -> Row:
        """Return an ``optionSymbol``."""
        return {
            **self._head("optionSymbol"),
            "s": option.symbol,
            "ps": option.underlying.symbol,
            "qa": QUOTE_ASSET,
            "d": "CALL" if option.is_call else "PUT",
            "sp": f"{option.strike:f}",
            "dt": Micros(option.expiry_us),
            "u": option.unit,
            "ot": Micros(option.onboard_us),
            "cs": self.market.statuses[option.symbol],
        }

    @staticmethod
    def levels(option: Option, levels: Iterable[Level]) -> list[list[str]]:
        """Return levels as the wire writes them."""
        return [
            [option.price_text(price), option.quantity_text(quantity)] for price, quantity in levels
        ]

    def _mark_price(self, option: Option) -> Row:
        worth = self.market.risk.valuation(option)
        book = self.market.books[option.symbol]
        bid, ask = _best(book, "BUY"), _best(book, "SELL")
        highest, lowest = price_bounds(self.market, option)
        is_settling = option.expiry_us - self._clock.now_us() <= HALF_AN_HOUR_US
        index = self.market.risk.index(option)
        return {
            "s": option.symbol,
            "mp": option.price_text(worth.mark),
            **self._head("markPrice"),
            "i": f"{index:.8f}",
            "P": option.price_text(index if is_settling else ZERO),
            "bo": option.price_text(bid[0]),
            "ao": option.price_text(ask[0]),
            "bq": option.quantity_text(bid[1]),
            "aq": option.quantity_text(ask[1]),
            # One volatility for all here: what a quote implies is not reckoned back.
            "b": str(VOLATILITY) if bid[1] else "-1.0",
            "a": str(VOLATILITY) if ask[1] else "-1.0",
            "hl": option.price_text(highest),
            "ll": option.price_text(lowest),
            "vo": str(VOLATILITY),
            "rf": str(RISK_FREE_RATE),
            "d": f"{worth.delta:f}",
            "t": f"{worth.theta:f}",
            "g": f"{worth.gamma:f}",
            "v": f"{worth.vega:f}",
        }

    def _depth(
        self,
        option: Option,
        ids: tuple[int, int, int],
        bids: Iterable[Level],
        asks: Iterable[Level],
    ) -> Row:
        now = Micros(self._clock.now_us())
        first, final, previous = ids
        return {
            "e": "depthUpdate",
            "E": now,
            "T": now,
            "s": option.symbol,
            "U": first,
            "u": final,
            "pu": previous,
            "b": self.levels(option, bids),
            "a": self.levels(option, asks),
        }

    def _head(self, event: str) -> Row:
        return {"e": event, "E": Micros(self._clock.now_us())}


def _best(book: Book, side: str) -> Level:
    top = book.side(side).top(1)
    return top[0] if top else (ZERO, ZERO)
