"""The mean price of the last minutes, by volume, kept up to date at constant cost."""

from __future__ import annotations

from decimal import Decimal

from binance_wsapi.simulator.market_data.bounded_log import BoundedLog
from binance_wsapi.simulator.market_data.candles import Candle
from binance_wsapi.simulator.market_data.intervals import SECOND

__all__ = ["MovingAverage"]

ZERO = Decimal(0)


class MovingAverage:
    """Volume weighted mean over the candles of a second that lie in a moving window.

    Args:
        seconds: Candles of a second; the newest one may still change.
        width_us: Length of the window.
    """

    __slots__ = ("_base", "_first", "_next", "_quote", "_seconds", "_width_us")

    def __init__(self, seconds: BoundedLog[Candle], width_us: int) -> None:
        self._seconds = seconds
        self._width_us = width_us
        self._first = self._next = seconds.start
        self._base = self._quote = ZERO

    def value(self, now_us: int) -> Decimal | None:
        """Return the mean, ``None`` when nothing was traded in the window."""
        seconds = self._seconds
        newest = seconds.last()
        if newest is None:
            return None
        while self._next < seconds.end - 1:
            candle = seconds[self._next]
            self._base += candle.volume
            self._quote += candle.quote_volume
            self._next += 1
        since = now_us - now_us % SECOND - self._width_us
        while self._first < self._next and seconds[self._first].open_us < since:
            candle = seconds[self._first]
            self._base -= candle.volume
            self._quote -= candle.quote_volume
            self._first += 1
        base, quote = self._base, self._quote
        if newest.open_us >= since:
            base += newest.volume
            quote += newest.quote_volume
        return quote / base if base else None
