"""What is remembered of one symbol's trades: the tape, its aggregates, and candles to build others from."""

from __future__ import annotations

from decimal import Decimal

from binance_wsapi.simulator.market_data.aggregate_trades import AggregateTrade
from binance_wsapi.simulator.market_data.bounded_log import BoundedLog
from binance_wsapi.simulator.market_data.candles import Candle
from binance_wsapi.simulator.market_data.intervals import MINUTE, SECOND, Interval
from binance_wsapi.simulator.market_data.moving_average import MovingAverage
from binance_wsapi.simulator.observers import Trade

__all__ = ["SymbolHistory"]

ZERO = Decimal(0)
QUARTER = 15 * MINUTE
KEPT_TRADES = 20_000
KEPT_SECONDS = 7_200
# A ticker window of seven days needs 10,081 minutes.
KEPT_MINUTES = 11_000
KEPT_QUARTERS = 20_000
SETTLE_AT_MOST = 1_000


class SymbolHistory:
    """Trades of one symbol, bounded in memory.

    A trade costs one append; candles and aggregates are brought up to date when somebody looks. Three
    rows of base candles (a second, a minute, a quarter of an hour; only those with trades) answer for all
    intervals, windows and time zones, none of which has borders inside a quarter or a minute.
    """

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.trades: BoundedLog[Trade] = BoundedLog(KEPT_TRADES)
        self._aggregates: BoundedLog[AggregateTrade] = BoundedLog(KEPT_TRADES)
        self._seconds: BoundedLog[Candle] = BoundedLog(KEPT_SECONDS)
        self._minutes: BoundedLog[Candle] = BoundedLog(KEPT_MINUTES)
        self._quarters: BoundedLog[Candle] = BoundedLog(KEPT_QUARTERS)
        self._settled = 0
        self._averages: dict[int, MovingAverage] = {}
        self._windows: dict[int, tuple[tuple[int, int], Candle]] = {}

    def record(self, trade: Trade) -> None:
        """Take the newest trade."""
        self.trades.append(trade)
        if self.trades.end - self._settled >= SETTLE_AT_MOST:
            self._settle()

    @property
    def last_trade(self) -> Trade | None:
        """The newest trade, ``None`` when the symbol never traded."""
        return self.trades.last()

    @property
    def aggregates(self) -> BoundedLog[AggregateTrade]:
        """Aggregate trades; the newest one may still grow."""
        self._settle()
        return self._aggregates

    def first_open_us(self, interval: Interval, offset_us: int = 0) -> int | None:
        """Return when the oldest candle that can be built begins, ``None`` without trades."""
        oldest = self._base(interval, offset_us).first()
        return None if oldest is None else interval.floor(oldest.open_us, offset_us)

    def candles(self, interval: Interval, offset_us: int, open_us: int, count: int) -> list[Candle]:
        """Return ``count`` candles from the one that begins at ``open_us`` on.

        Intervals without trades show the close before them. ``open_us`` must be the beginning of an
        interval, and not before :meth:`first_open_us`.
        """
        base = self._base(interval, offset_us)
        position, end = base.position_of(open_us, _open_us), base.end
        close = base[position - 1].close if position > base.start else ZERO
        made: list[Candle] = []
        for _ in range(count):
            next_open = interval.step(open_us, 1, offset_us)
            candle = Candle(open_us, close)
            while position < end and base[position].open_us < next_open:
                candle.absorb(base[position])
                position += 1
            made.append(candle)
            close, open_us = candle.close, next_open
        return made

    def asked_candles(
        self,
        interval: Interval,
        offset_us: int,
        *,
        start_us: int | None,
        end_us: int | None,
        limit: int,
        now_us: int,
    ) -> list[Candle]:
        """Return the candles that a request for ``klines`` asks for, oldest first.

        Args:
            interval: Their length.
            offset_us: Of the time zone.
            start_us: No candle that opens before it; without one the newest ``limit`` are meant.
            end_us: No candle that opens after it.
            limit: How many at most.
            now_us: Exchange time; candles without trades reach up to it.
        """
        oldest, newest_trade = self.first_open_us(interval, offset_us), self.last_trade
        if oldest is None or newest_trade is None:
            return []
        until_us = max(now_us, newest_trade.time_us)
        last = interval.floor(until_us if end_us is None else min(until_us, end_us), offset_us)
        if start_us is not None and start_us > until_us:
            return []
        if start_us is None:
            first = max(oldest, interval.step(last, 1 - limit, offset_us))
        else:
            first = max(oldest, interval.ceiling(start_us, offset_us))
        count = min(limit, interval.count_between(first, last, offset_us) + 1)
        return self.candles(interval, offset_us, first, count)

    def candle(self, interval: Interval, offset_us: int, moment_us: int) -> Candle | None:
        """Return the candle of the interval that holds a moment, ``None`` before the first trade."""
        open_us = interval.floor(moment_us, offset_us)
        first = self.first_open_us(interval, offset_us)
        if first is None or open_us < first:
            return None
        return self.candles(interval, offset_us, open_us, 1)[0]

    def window(self, open_us: int, width_us: int) -> Candle | None:
        """Return what happened since ``open_us``, as one candle; ``None`` before the first trade.

        Args:
            open_us: Beginning of a minute.
            width_us: Which window this is: what each one has summed up is kept for the next time.
        """
        self._settle()
        minutes = self._minutes
        newest = minutes.last()
        if newest is None:
            return None
        key = (open_us, minutes.end)
        cached = self._windows.get(width_us)
        if cached is None or cached[0] != key:
            first = minutes.position_of(open_us, _open_us)
            whole = Candle(open_us, self.close_before(open_us) or newest.close)
            for minute in minutes.between(first, minutes.end - 1):
                whole.absorb(minute)
            self._windows[width_us] = (key, whole)
        else:
            whole = cached[1]
        result = Candle(open_us, whole.close)
        result.absorb(whole)
        if newest.open_us >= open_us:
            result.absorb(newest)
        return result

    def close_before(self, moment_us: int) -> Decimal | None:
        """Return the price of the last trade before a full minute, ``None`` when there was none."""
        self._settle()
        position = self._minutes.position_of(moment_us, _open_us)
        return self._minutes[position - 1].close if position > self._minutes.start else None

    def average_price(self, minutes: int, now_us: int) -> Decimal | None:
        """Return the mean price of the last minutes by volume; the last price when none was traded."""
        self._settle()
        newest = self.last_trade
        if newest is None:
            return None
        average = self._averages.get(minutes)
        if average is None:
            average = self._averages[minutes] = MovingAverage(self._seconds, minutes * MINUTE)
        mean = average.value(now_us)
        return newest.price if mean is None else mean

    def _base(self, interval: Interval, offset_us: int) -> BoundedLog[Candle]:
        """Return the coarsest base candles that the interval's borders never cut."""
        self._settle()
        for width, base in ((QUARTER, self._quarters), (MINUTE, self._minutes)):
            if interval.width_us % width == 0 and offset_us % width == 0:
                return base
        return self._seconds

    def _settle(self) -> None:
        """Bring aggregates and base candles up to the newest trade."""
        trades = self.trades
        if self._settled == trades.end:
            return
        aggregates = self._aggregates
        rows = ((self._seconds, SECOND), (self._minutes, MINUTE), (self._quarters, QUARTER))
        for trade in trades.between(self._settled, trades.end):
            newest = aggregates.last()
            if newest is None or not newest.take(trade):
                aggregates.append(AggregateTrade(aggregates.end, trade))
            for log, width in rows:
                open_us = trade.time_us - trade.time_us % width
                candle = log.last()
                # A clock that was set back must not put candles out of order.
                if candle is None or open_us > candle.open_us:
                    candle = Candle(open_us, trade.price)
                    log.append(candle)
                candle.add(trade)
        self._settled = trades.end


def _open_us(candle: Candle) -> int:
    return candle.open_us
