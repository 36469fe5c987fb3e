"""Orders that wait for a price: stop and take profit orders, with or without a trailing delta.

A plain trigger sits in a heap by its price: reaching it costs O(log n), however many wait. Trailing orders
that follow the price are looked at one by one with every trade.
"""

from __future__ import annotations

import heapq
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from binance_wsapi.simulator.spot.orders import Order

__all__ = ["TriggerBook", "rises_to_trigger"]

BASIS_POINTS = Decimal(10_000)


def rises_to_trigger(side: str, order_type: str) -> bool:
    """Whether the price must rise to the stop price: stop loss BUY and take profit SELL."""
    return (side == "BUY") == order_type.startswith("STOP_LOSS")


class TriggerBook:
    """The waiting orders of one symbol."""

    __slots__ = ("_falling", "_following", "_rising", "_waiting")

    def __init__(self) -> None:
        self._waiting: dict[int, Order] = {}
        self._rising: list[tuple[Decimal, int]] = []
        self._falling: list[tuple[Decimal, int]] = []
        self._following: dict[int, _Follower] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, order: Order, last_price: Decimal | None, now_us: int) -> None:
        """Let an order wait. A trailing one without stop price follows the price from now on."""
        self._waiting[order.order_id] = order
        if order.stop_price is None:
            self._follow(order, last_price, now_us)
        elif rises_to_trigger(order.side, order.type):
            heapq.heappush(self._rising, (order.stop_price, order.order_id))
        else:
            heapq.heappush(self._falling, (-order.stop_price, order.order_id))

    def discard(self, order: Order) -> None:
        """Forget an order; its place in a heap is dropped when it comes up."""
        self._waiting.pop(order.order_id, None)
        self._following.pop(order.order_id, None)

    def on_price(self, price: Decimal, now_us: int) -> list[Order]:
        """Take out and return the orders that a trade at ``price`` triggers, in the order of their ids."""
        fired: list[Order] = []
        # Those that begin to follow with this trade take it as their first extreme.
        followers = list(self._following.values())
        for order in self._reached(price):
            if order.trailing_delta is None:
                fired.append(order)
            else:
                self._follow(order, price, now_us)
        fired.extend(one.order for one in followers if one.is_triggered(price))
        for order in fired:
            self.discard(order)
        fired.sort(key=lambda order: order.order_id)
        return fired

    def _reached(self, price: Decimal) -> list[Order]:
        reached: list[Order] = []
        for heap, bound in ((self._rising, price), (self._falling, -price)):
            while heap and heap[0][0] <= bound:
                order = self._waiting.get(heapq.heappop(heap)[1])
                if order is not None:
                    reached.append(order)
        return reached

    def _follow(self, order: Order, price: Decimal | None, now_us: int) -> None:
        order.trailing_us = now_us
        self._following[order.order_id] = _Follower(order, price)


class _Follower:
    """A trailing order that tracks the best price since it began."""

    __slots__ = ("extreme", "order")

    def __init__(self, order: Order, extreme: Decimal | None) -> None:
        self.order = order
        self.extreme = extreme

    def is_triggered(self, price: Decimal) -> bool:
        """Take a trade's price into account; whether it went too far back from the extreme."""
        extreme = self.extreme
        is_buy = self.order.side == "BUY"
        if extreme is None or (price < extreme if is_buy else price > extreme):
            self.extreme = price
            return False
        assert self.order.trailing_delta is not None
        delta = extreme * self.order.trailing_delta / BASIS_POINTS
        return price >= extreme + delta if is_buy else price <= extreme - delta
