"""Candles: what a stretch of trades comes to."""

from __future__ import annotations

from decimal import Decimal

from binance_wsapi.simulator.observers import Trade

__all__ = ["Candle"]

ZERO = Decimal(0)


class Candle:
    """Prices and volumes of the trades of one interval.

    ``quote_volume`` and ``taker_quote`` add up what the trades were worth: quote asset, and base asset of
    inverse contracts. Without trades all four prices are the last one before, and the trade ids are -1.
    """

    __slots__ = (
        "close",
        "first_id",
        "high",
        "last_id",
        "low",
        "open",
        "open_us",
        "quote_volume",
        "taker_base",
        "taker_quote",
        "trades",
        "volume",
    )

    def __init__(self, open_us: int, price: Decimal) -> None:
        self.open_us = open_us
        self.open = self.high = self.low = self.close = price
        self.volume = self.quote_volume = ZERO
        self.taker_base = self.taker_quote = ZERO
        """Of that, bought by takers: base and quote."""
        self.trades = 0
        self.first_id = self.last_id = -1

    def add(self, trade: Trade) -> None:
        """Take one more trade in."""
        price, quantity = trade.price, trade.quantity
        quote = trade.quote_quantity
        if not self.trades:
            self.open = self.high = self.low = price
            self.first_id = trade.trade_id
        elif price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.close = price
        self.volume += quantity
        self.quote_volume += quote
        if not trade.buyer_is_maker:
            self.taker_base += quantity
            self.taker_quote += quote
        self.trades += 1
        self.last_id = trade.trade_id

    def absorb(self, later: Candle) -> None:
        """Take in a candle that begins after this one's last trade."""
        if not later.trades:
            return
        if not self.trades:
            self.open, self.high, self.low = later.open, later.high, later.low
            self.first_id = later.first_id
        else:
            self.high = max(self.high, later.high)
            self.low = min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        self.quote_volume += later.quote_volume
        self.taker_base += later.taker_base
        self.taker_quote += later.taker_quote
        self.trades += later.trades
        self.last_id = later.last_id
