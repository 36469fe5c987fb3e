"""Orders that wait for a price: stop and take profit orders, with or without a trailing delta.

A plain trigger sits in a heap by its price: reaching it costs O(log n), however many wait. A trailing order
goes on to follow the price once its stop price is reached, or at once when it has none.
"""

from __future__ import annotations

import heapq
from decimal import Decimal
from typing import TYPE_CHECKING

from binance_wsapi.simulator.spot.trailing import SPARE_ENTRIES, Followers

if TYPE_CHECKING:
    from binance_wsapi.simulator.spot.orders import Order

__all__ = ["TriggerBook", "rises_to_trigger"]


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
        self._following = {side: Followers(side) for side in ("BUY", "SELL")}

    def __len__(self) -> int:
        return len(self._waiting)

    def entries(self) -> int:
        """Return how many entries the heaps hold, void ones included."""
        following = sum(len(one) for one in self._following.values())
        return len(self._rising) + len(self._falling) + following

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
        if self._waiting.pop(order.order_id, None) is not None:
            self._sweep()
        self._following[order.side].discard(order.order_id)

    def on_price(self, price: Decimal, now_us: int) -> list[Order]:
        """Take out and return the orders that a trade at ``price`` triggers, in the order of their ids."""
        fired: list[Order] = []
        for order in self._reached(price):
            if order.trailing_delta is None:
                fired.append(order)
            else:
                # This trade is its first extreme.
                self._follow(order, price, now_us)
        for followers in self._following.values():
            fired += followers.on_price(price)
        for order in fired:
            self.discard(order)
        fired.sort(key=lambda order: order.order_id)
        return fired

    def _sweep(self) -> None:
        """Clear the heaps of orders that are gone, when those are the greater part."""
        if len(self._rising) + len(self._falling) > 2 * len(self._waiting) + SPARE_ENTRIES:
            for heap in (self._rising, self._falling):
                heap[:] = [entry for entry in heap if entry[1] in self._waiting]
                heapq.heapify(heap)

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
        self._following[order.side].add(order, price)
