"""Feeds: what turns trades, levels and time into the payloads of a stream.

A feed knows when to say something, the market's stream table gives it a *shape*: a function that makes
the payload. Spot and futures streams differ in their shapes, hardly in their feeds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from binance_wsapi.simulator.clock import ScheduledCall, SimulatedClock
from binance_wsapi.simulator.market_data.aggregate_trades import AggregateTrade
from binance_wsapi.simulator.market_data.candles import Candle
from binance_wsapi.simulator.market_data.history import SymbolHistory
from binance_wsapi.simulator.market_data.intervals import Interval
from binance_wsapi.simulator.market_data.market_watch import MarketWatch
from binance_wsapi.simulator.market_data.pulses import Pulses
from binance_wsapi.simulator.market_data.stream_hub import Publish
from binance_wsapi.simulator.observers import Trade
from binance_wsapi.simulator.spot.book import Book

__all__ = [
    "AggregateTradeFeed",
    "BestPriceFeed",
    "BestPrices",
    "CallFeed",
    "ChangeFeed",
    "DepthChanges",
    "DepthFeed",
    "KlineFeed",
    "PulseFeed",
    "TradeFeed",
]

Level = tuple[Decimal, Decimal]
"""Price and quantity."""
ZERO = Decimal(0)


class CallFeed:
    """A feed that others drive; all it has to know is how to end.

    Args:
        end: Ends it.
    """

    def __init__(self, end: Callable[[], None]) -> None:
        self._end = end

    def close(self) -> None:
        """Stop."""
        self._end()


class TradeFeed(CallFeed):
    """Each trade as it happens."""

    def __init__(
        self,
        watch: MarketWatch,
        symbol: str,
        publish: Publish,
        shape: Callable[[Trade], object],
    ) -> None:
        super().__init__(watch.trades(symbol, lambda trade: publish(shape(trade))))


class _LaterFeed(CallFeed):
    """Says what a request changed when the request is through.

    Args:
        end: Ends it.
        watch: Knows when a request is through.
    """

    def __init__(self, end: Callable[[], None], watch: MarketWatch) -> None:
        super().__init__(end)
        self._watch = watch
        self._planned: ScheduledCall | None = None

    def close(self) -> None:
        """Stop, and say nothing of the request at hand."""
        super().close()
        if self._planned is not None:
            self._planned.cancel()

    def _plan(self) -> None:
        if self._planned is None:
            self._planned = self._watch.after_request(self._say)

    def _say(self) -> None:
        self._planned = None
        self._tell()

    def _tell(self) -> None:
        raise NotImplementedError


class AggregateTradeFeed(_LaterFeed):
    """Each aggregate trade, when the request that made it is through: it grows no more then."""

    def __init__(
        self,
        watch: MarketWatch,
        history: SymbolHistory,
        publish: Publish,
        shape: Callable[[AggregateTrade], object],
    ) -> None:
        super().__init__(watch.trades(history.symbol, self._on_trade), watch)
        self._history = history
        self._publish = publish
        self._shape = shape
        self._next = history.aggregates.end

    def _on_trade(self, trade: Trade) -> None:
        self._plan()

    def _tell(self) -> None:
        aggregates = self._history.aggregates
        first, self._next = self._next, aggregates.end
        for aggregate in aggregates.between(first, aggregates.end):
            self._publish(self._shape(aggregate))


@dataclass(frozen=True, slots=True)
class BestPrices:
    """Best bid and ask of a book; zeros stand for an empty side."""

    update_id: int
    bid: Level
    ask: Level


class BestPriceFeed(_LaterFeed):
    """Best bid and ask, whenever a request changed one of the four numbers."""

    def __init__(
        self,
        watch: MarketWatch,
        book: Book,
        publish: Publish,
        shape: Callable[[BestPrices], object],
    ) -> None:
        super().__init__(watch.levels(book.symbol, self._on_level), watch)
        self._book = book
        self._publish = publish
        self._shape = shape
        self._said = (self._best("BUY"), self._best("SELL"))

    def _on_level(self, side: str, price: Decimal) -> None:
        self._plan()

    def _tell(self) -> None:
        best = (self._best("BUY"), self._best("SELL"))
        if best != self._said:
            self._said = best
            self._publish(self._shape(BestPrices(self._book.last_update_id, *best)))

    def _best(self, side: str) -> Level:
        top = self._book.side(side).top(1)
        return top[0] if top else (ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class DepthChanges:
    """What changed in a book since the last event of a diff depth stream."""

    first_id: int
    final_id: int
    previous_id: int
    """Final id of the event before; of the first event, of the book when the stream began."""
    bids: list[Level]
    asks: list[Level]


class DepthFeed(_LaterFeed):
    """The levels that changed, once a period; nothing when none did.

    Without a period (0), they are told when the request that changed them is through.

    Every update id of the book is inside exactly one event, from the subscription on, so the events join
    with any snapshot taken after it.
    """

    def __init__(
        self,
        watch: MarketWatch,
        pulses: Pulses,
        book: Book,
        period_us: int,
        publish: Publish,
        shape: Callable[[DepthChanges], object],
    ) -> None:
        self._book = book
        self._publish = publish
        self._shape = shape
        self._said_id = book.last_update_id
        self._changed: dict[str, dict[Decimal, None]] = {"BUY": {}, "SELL": {}}
        self._has_beats = period_us > 0
        ends = [watch.levels(book.symbol, self._on_level)]
        if period_us:
            ends.append(pulses.every(period_us, self._tell))

        def end() -> None:
            for each in ends:
                each()

        super().__init__(end, watch)

    def _on_level(self, side: str, price: Decimal) -> None:
        self._changed[side][price] = None
        if not self._has_beats:
            self._plan()

    def _tell(self) -> None:
        final_id = self._book.last_update_id
        if final_id == self._said_id:
            return
        changes = DepthChanges(
            first_id=self._said_id + 1,
            final_id=final_id,
            previous_id=self._said_id,
            bids=self._levels("BUY"),
            asks=self._levels("SELL"),
        )
        self._said_id = final_id
        self._publish(self._shape(changes))

    def _levels(self, side: str) -> list[Level]:
        prices, self._changed[side] = self._changed[side], {}
        book_side = self._book.side(side)
        return [(price, book_side.quantity_at(price)) for price in prices]


class PulseFeed(CallFeed):
    """A payload each period; ``make`` returns ``None`` to say nothing this time."""

    def __init__(
        self,
        pulses: Pulses,
        period_us: int,
        publish: Publish,
        make: Callable[[], object | None],
    ) -> None:
        def beat() -> None:
            payload = make()
            if payload is not None:
                publish(payload)

        super().__init__(pulses.every(period_us, beat))


class ChangeFeed(CallFeed):
    """Rows that changed since the last period, as ``join`` puts them together; nothing when none did.

    Args:
        pulses: The beats.
        period_us: How often rows are compared.
        publish: Where payloads go.
        make: Returns the rows of now by key: what is compared, and what is said.
        join: Makes the payload of the rows to say.
    """

    def __init__(
        self,
        pulses: Pulses,
        period_us: int,
        publish: Publish,
        make: Callable[[], dict[str, tuple[Any, Any]]],
        join: Callable[[list[Any]], object],
    ) -> None:
        self._publish = publish
        self._make = make
        self._join = join
        self._said: dict[str, Any] = {}
        super().__init__(pulses.every(period_us, self._on_beat))

    def _on_beat(self) -> None:
        rows = self._make()
        fresh = [row for key, (state, row) in rows.items() if self._said.get(key) != state]
        self._said = {key: state for key, (state, _) in rows.items()}
        if fresh:
            self._publish(self._join(fresh))


class KlineFeed(CallFeed):
    """The candle of now, once a period, and each candle once more when it has closed."""

    def __init__(
        self,
        clock: SimulatedClock,
        pulses: Pulses,
        history: SymbolHistory,
        interval: Interval,
        offset_us: int,
        period_us: int,
        publish: Publish,
        shape: Callable[[Candle, bool], object],
    ) -> None:
        self._clock = clock
        self._history = history
        self._interval = interval
        self._offset_us = offset_us
        self._publish = publish
        self._shape = shape
        self._open_us = interval.floor(clock.now_us(), offset_us)
        super().__init__(pulses.every(period_us, self._on_beat))

    def _on_beat(self) -> None:
        open_us = self._interval.floor(self._clock.now_us(), self._offset_us)
        is_closed = open_us != self._open_us
        candle = self._history.candle(self._interval, self._offset_us, self._open_us)
        self._open_us = open_us
        if candle is not None:
            self._publish(self._shape(candle, is_closed))
