"""What an account did: its orders, lists, fills, found by the ids that requests name them with."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from binance_wsapi.simulator.spot.orders import Fill, Order, OrderList, PreventedMatch

__all__ = ["AccountRecords", "OpenCounts"]


@dataclass(slots=True)
class OpenCounts:
    """Open orders by the kinds that filters limit."""

    orders: int = 0
    algo: int = 0
    iceberg: int = 0
    lists: int = 0


class AccountRecords:
    """All records of one account. History is complete unless the account keeps none."""

    def __init__(self) -> None:
        self.open: dict[str, dict[int, Order]] = defaultdict(dict)
        """Open orders by symbol and order id, oldest first."""
        self.counts: dict[str, OpenCounts] = defaultdict(OpenCounts)
        """By symbol; :attr:`total` over all symbols."""
        self.total = OpenCounts()
        self.orders: dict[str, dict[int, Order]] = defaultdict(dict)
        """Every order by symbol and id, in the order of ids."""
        self.by_client_id: dict[tuple[str, str], Order] = {}
        """The latest order of a symbol that carried the id."""
        self.trades: dict[str, list[Fill]] = defaultdict(list)
        self.allocations: dict[str, list[Fill]] = defaultdict(list)
        self.prevented: dict[str, list[PreventedMatch]] = defaultdict(list)
        self.lists: dict[int, OrderList] = {}
        self.lists_by_client_id: dict[str, OrderList] = {}

    def add(self, order: Order) -> None:
        """Record a new open order."""
        self.open[order.symbol][order.order_id] = order
        self.orders[order.symbol][order.order_id] = order
        self.by_client_id[order.symbol, order.client_order_id] = order
        self._count(order, 1)

    def rename(self, order: Order, client_order_id: str) -> None:
        """Give an order another client order id; the former one finds it still, unless used again."""
        if not order.account.keeps_history:
            self._forget_client_id(order)
        order.client_order_id = client_order_id
        self.by_client_id[order.symbol, client_order_id] = order

    def close(self, order: Order) -> None:
        """Take an order off the open ones."""
        del self.open[order.symbol][order.order_id]
        self._count(order, -1)
        if not order.account.keeps_history:
            del self.orders[order.symbol][order.order_id]
            self._forget_client_id(order)

    def add_list(self, order_list: OrderList) -> None:
        """Record a new order list."""
        self.lists[order_list.order_list_id] = order_list
        self.lists_by_client_id[order_list.client_order_id] = order_list
        self.counts[order_list.symbol].lists += 1
        self.total.lists += 1

    def close_list(self, order_list: OrderList) -> None:
        """Note that an order list is done."""
        self.counts[order_list.symbol].lists -= 1
        self.total.lists -= 1

    def holds_client_id(self, symbol: str, client_order_id: str) -> bool:
        """Whether an open order of the symbol carries the id."""
        order = self.by_client_id.get((symbol, client_order_id))
        return order is not None and order.is_open and order.client_order_id == client_order_id

    def _forget_client_id(self, order: Order) -> None:
        key = (order.symbol, order.client_order_id)
        if self.by_client_id.get(key) is order:
            del self.by_client_id[key]

    def _count(self, order: Order, change: int) -> None:
        for counts in (self.counts[order.symbol], self.total):
            counts.orders += change
            if order.is_algo:
                counts.algo += change
            if order.iceberg_quantity:
                counts.iceberg += change
