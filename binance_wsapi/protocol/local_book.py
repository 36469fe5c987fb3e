"""An order book joined from a snapshot and the changes around it, and kept by the changes after it.

The exchange's rules: ``local_order_book`` in ``reference/*/events.json``. Changes are buffered until a
snapshot comes that they join on to; a change that does not follow the one before means that one was
missed, and the book is of no use any more.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

from binance_wsapi.markets import Market
from binance_wsapi.models.base import Level
from binance_wsapi.models.futures_stream_events import FuturesDepthEvent
from binance_wsapi.models.market import OrderBook
from binance_wsapi.models.spot_stream_events import DepthEvent

__all__ = ["Change", "LocalBook"]

BUFFERED_CHANGES = 2_000
"""Most changes that wait for a snapshot: those of minutes."""


class Change(Enum):
    """What became of a change."""

    BUFFERED = "buffered"
    """It waits for a snapshot to join on to."""
    IGNORED = "ignored"
    """The book has it already."""
    APPLIED = "applied"
    """The book is as new as it."""
    MISSED = "missed"
    """One before it was missed: begin with a new book."""


class LocalBook:
    """One book, from its first change to the first that was missed.

    Of a snapshot that was cut off at its limit, only the levels within it are kept: what lies behind
    them is unknown, and stays so until it changes.

    Args:
        market: Spot, or USD-M, whose changes join by another rule.
        limit: Levels a side that a snapshot has at most.
    """

    def __init__(self, market: Market, limit: int) -> None:
        self.update_id = 0
        """Number of the last change in the book."""
        self.is_joined = False
        """Whether it has a snapshot, and every change since."""
        self._limit = limit
        self._follows_previous = market.facts.book_names_previous
        self._is_fresh = False
        # A snapshot is older than the changes of some seconds at most.
        self._buffer: deque[DepthEvent | FuturesDepthEvent] = deque(maxlen=BUFFERED_CHANGES)
        self._bids = _Side(best_is_last=True)
        self._asks = _Side(best_is_last=False)

    @property
    def is_worn(self) -> bool:
        """Whether little is left of a snapshot that was cut off: time for another one."""
        return self._bids.is_worn or self._asks.is_worn

    def take(self, event: DepthEvent | FuturesDepthEvent) -> Change:
        """Take the next change."""
        if self.is_joined:
            return self._apply(event)
        if self._buffer and not self._is_next(self._buffer[-1].final_update_id, event):
            self._buffer.clear()
        self._buffer.append(event)
        return Change.BUFFERED

    def join(self, snapshot: OrderBook) -> bool:
        """Join the buffered changes on to a snapshot; false when it is too old for them."""
        self.update_id = snapshot.last_update_id
        self._is_fresh = True
        missing = next((e for e in self._buffer if not self._is_known(e)), None)
        if missing is not None and not self._joins(missing):
            return False
        self._bids.replace(snapshot.bids, self._limit)
        self._asks.replace(snapshot.asks, self._limit)
        self.is_joined = True
        for event in self._buffer:
            self._apply(event)
        self._buffer.clear()
        return True

    def best_bid(self) -> Level | None:
        """Return the highest buying level."""
        return self._bids.best()

    def best_ask(self) -> Level | None:
        """Return the lowest selling level."""
        return self._asks.best()

    def copy(self, levels: int | None = None) -> OrderBook:
        """Return the book as it is now, or its best levels."""
        return OrderBook(
            last_update_id=self.update_id,
            bids=self._bids.top(levels),
            asks=self._asks.top(levels),
        )

    def _apply(self, event: DepthEvent | FuturesDepthEvent) -> Change:
        if self._is_fresh:
            is_known, joins = self._is_known(event), self._joins(event)
        else:
            is_known = event.final_update_id <= self.update_id
            joins = self._is_next(self.update_id, event)
        if is_known:
            return Change.IGNORED
        if not joins:
            return Change.MISSED
        self._is_fresh = False
        self._bids.change(event.bids)
        self._asks.change(event.asks)
        self.update_id = event.final_update_id
        return Change.APPLIED

    def _is_known(self, event: DepthEvent | FuturesDepthEvent) -> bool:
        """Whether the book holds what the change tells."""
        if self._follows_previous and self._is_fresh:
            return event.final_update_id < self.update_id
        return event.final_update_id <= self.update_id

    def _joins(self, event: DepthEvent | FuturesDepthEvent) -> bool:
        """Whether the change is the first one after the snapshot."""
        if isinstance(event, FuturesDepthEvent):
            # The second case: nothing happened between the snapshot and the change.
            return (
                event.first_update_id <= self.update_id
                or event.previous_final_update_id <= self.update_id
            )
        return self._is_next(self.update_id, event)

    @staticmethod
    def _is_next(update_id: int, event: DepthEvent | FuturesDepthEvent) -> bool:
        """Whether nothing lies between a number and a change."""
        if isinstance(event, FuturesDepthEvent):
            return event.previous_final_update_id == update_id
        return event.first_update_id <= update_id + 1


_Price: TypeAlias = Any
"""A float or a decimal: of one kind within a side, which no type tells."""


class _Numbers(NamedTuple):
    """Numbers that prices are kept as."""

    of: Callable[[str], _Price]
    longest: int
    """Characters of the longest text that is told exactly, whatever it is within these bounds:"""
    least: _Price
    greatest: _Price

    def tell(self, price_text: str) -> bool:
        """Whether such a number tells this price exactly."""
        return (
            len(price_text) <= self.longest and self.least <= self.of(price_text) <= self.greatest
        )


# 15 digits and a point: a double tells as many, and the bounds leave none to an exponent.
_FLOATS = _Numbers(float, 16, 1e-16, 1e15)
_DECIMALS = _Numbers(Decimal, sys.maxsize, Decimal("-Infinity"), Decimal("Infinity"))


_MOST_SEEN = 20_000


class _Side:
    """The levels of one side, with their prices in order.

    Prices are kept as floats while floats tell them all exactly: of two prices of up to 15 digits no two
    become the same float, and their order stays. With the first one that is longer the side goes over to
    decimals, which cost several times as much.
    """

    def __init__(self, *, best_is_last: bool) -> None:
        self._best_is_last = best_is_last
        self._levels: dict[_Price, Level] = {}
        self._prices: list[_Price] = []
        """Ascending."""
        self._edge: str | None = None
        """The worst price that is known; ``None`` when all are."""
        self._worn_below = 0.0
        self._count_in(_FLOATS)

    def replace(self, levels: list[Level], limit: int) -> None:
        """Begin with the levels of a snapshot."""
        self._levels, self._prices = {}, []
        is_cut_off = len(levels) >= limit
        self._edge = levels[-1].price_text if is_cut_off else None
        self._worn_below = limit / 10 if is_cut_off else 0.0
        self._count_in(
            _FLOATS if all(_FLOATS.tell(each.price_text) for each in levels) else _DECIMALS
        )
        number = self._numbers.of
        self._levels = {number(level.price_text): level for level in levels}
        self._prices = sorted(self._levels)

    def change(self, levels: Sequence[Level]) -> None:
        """Set each level; a quantity of zero removes it, known or not."""
        number, longest = self._numbers.of, self._numbers.longest
        known, prices, lowest, highest = self._levels, self._prices, self._lowest, self._highest
        seen = self._seen
        for level in levels:
            text = level.price_text
            price = seen.get(text)
            if price is None:
                price = number(text)
                if not lowest <= price <= highest or len(text) > longest:
                    if self._numbers.tell(text):
                        continue  # behind the edge
                    self._count_in(_DECIMALS)
                    self.change(levels)  # those before this one are set once more, to the same
                    return
                if len(seen) >= _MOST_SEEN:
                    seen.clear()
                seen[text] = price
            # A float of each quantity would cost half as much again, a decimal as much as all the rest.
            digits = level.quantity_text.replace(".", "", 1)
            if digits.strip("0") if digits.isdecimal() else Decimal(level.quantity_text):
                if price not in known:
                    insort(prices, price)
                known[price] = level
            elif price in known:
                del known[price]
                del prices[bisect_left(prices, price)]

    def best(self) -> Level | None:
        """Return the best level; ``None`` when there is none."""
        if not self._prices:
            return None
        return self._levels[self._prices[-1 if self._best_is_last else 0]]

    def top(self, levels: int | None) -> list[Level]:
        """Return the best levels, best first; all of them without a number."""
        prices = self._prices
        if self._best_is_last:
            first = 0 if levels is None else max(0, len(prices) - levels)
            return [self._levels[price] for price in reversed(prices[first:])]
        return [self._levels[price] for price in prices[:levels]]

    @property
    def is_worn(self) -> bool:
        """Whether most levels of a snapshot that was cut off are gone."""
        return len(self._prices) < self._worn_below

    def _count_in(self, numbers: _Numbers) -> None:
        """Keep prices as numbers of this kind from now on."""
        self._seen: dict[str, _Price] = {}
        """Prices within the edge, by the texts they were written as: most come again and again."""
        self._numbers = numbers
        self._levels = {numbers.of(level.price_text): level for level in self._levels.values()}
        self._prices = sorted(self._levels)
        self._lowest, self._highest = numbers.least, numbers.greatest
        if self._edge is not None and self._best_is_last:
            self._lowest = numbers.of(self._edge)
        elif self._edge is not None:
            self._highest = numbers.of(self._edge)
