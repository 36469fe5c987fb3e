"""Trailing orders that follow the price, for any number of them at little cost a trade.

All orders of a side that saw the same extreme since they began form a group. A new extreme swallows the
groups that it surpasses, and within a group the smallest delta fires first; so a trade touches only the
groups that merge and the orders that fire, each at logarithmic cost.
"""

from __future__ import annotations

import heapq
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from binance_wsapi.simulator.spot.orders import Order

__all__ = ["Followers"]

BASIS_POINTS = Decimal(10_000)
SPARE_ENTRIES = 64
"""Void entries that may lie about before they are cleared away."""


class _Group:
    """Orders with one extreme, the smallest delta on top."""

    __slots__ = ("extreme", "is_merged", "orders")

    def __init__(self, extreme: Decimal) -> None:
        self.extreme = extreme
        self.orders: list[tuple[int, int]] = []
        """A heap of (trailing delta, order id)."""
        self.is_merged = False

    def threshold(self) -> Decimal:
        """The level that fires the top order."""
        return self.extreme - abs(self.extreme) * self.orders[0][0] / BASIS_POINTS


class Followers:
    """The trailing orders of one side of one symbol.

    Levels are prices for SELL and prices with the sign turned for BUY: so for both the extreme is the
    highest level, and an order fires when the level falls far enough.
    """

    def __init__(self, side: str) -> None:
        self._sign = -1 if side == "BUY" else 1
        self._active: dict[int, Order] = {}
        self._groups: list[_Group] = []
        """Highest extreme first, since each began later than those before it or lost sight of them."""
        self._thresholds: list[tuple[Decimal, int, int, _Group]] = []
        """A heap of (negated threshold, serial, size, group); an entry whose size is past is void."""
        self._serial = 0
        self._blind: list[tuple[int, int]] = []
        """Orders that began before any trade: the next one is their first extreme."""

    def __len__(self) -> int:
        return len(self._thresholds)

    def add(self, order: Order, price: Decimal | None) -> None:
        """Let an order follow; ``price`` is the last trade's, ``None`` when there was none."""
        assert order.trailing_delta is not None
        self._active[order.order_id] = order
        entry = (order.trailing_delta, order.order_id)
        if price is None:
            self._blind.append(entry)
        else:
            self._begin(self._sign * price, [entry])

    def discard(self, order_id: int) -> None:
        """Forget an order; its place is dropped when it comes up."""
        self._active.pop(order_id, None)

    def on_price(self, price: Decimal) -> list[Order]:
        """Take out and return the orders that a trade at ``price`` fires."""
        level = self._sign * price
        self._raise_to(level)
        fired: list[Order] = []
        while self._thresholds and -self._thresholds[0][0] >= level:
            entry = heapq.heappop(self._thresholds)
            if not self._is_valid(entry):
                continue
            group = entry[3]
            order = self._active.pop(heapq.heappop(group.orders)[1], None)
            if order is not None:
                fired.append(order)
            self._watch(group)
        return fired

    def _raise_to(self, level: Decimal) -> None:
        """Merge all groups whose extreme is below ``level`` into one that has it."""
        blind, self._blind = self._blind, []
        if blind or (self._groups and self._groups[-1].extreme < level):
            self._begin(level, blind)

    def _begin(self, level: Decimal, entries: list[tuple[int, int]]) -> None:
        merged = _Group(level)
        merged.orders = entries
        heapq.heapify(merged.orders)
        while self._groups and self._groups[-1].extreme <= level:
            group = self._groups.pop()
            group.is_merged = True
            if len(group.orders) > len(merged.orders):
                group.orders, merged.orders = merged.orders, group.orders
            for entry in group.orders:
                heapq.heappush(merged.orders, entry)
        if merged.orders:
            self._groups.append(merged)
            self._watch(merged)

    def _watch(self, group: _Group) -> None:
        if group.orders:
            self._serial += 1
            entry = (-group.threshold(), self._serial, len(group.orders), group)
            heapq.heappush(self._thresholds, entry)
        if len(self._thresholds) > 2 * len(self._groups) + SPARE_ENTRIES:
            self._thresholds = [one for one in self._thresholds if self._is_valid(one)]
            heapq.heapify(self._thresholds)

    @staticmethod
    def _is_valid(entry: tuple[Decimal, int, int, _Group]) -> bool:
        _, _, size, group = entry
        return not group.is_merged and size == len(group.orders)
