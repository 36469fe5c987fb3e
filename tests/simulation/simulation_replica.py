"""A replica of the exchange's books that lags: what it answers was true some seconds ago."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from simulation_exchange import SimulatedExchange

from binance_wsapi.simulator.errors import ExchangeError

__all__ = ["Replica"]

_OPEN = frozenset({"NEW", "PARTIALLY_FILLED", "PENDING_NEW"})
_NO_SUCH_ORDER = -2013


class Replica:
    """Remembers our account's orders as they stood, and answers from what stood then.

    Args:
        exchange: Whose orders it remembers, from now on.
    """

    methods = frozenset({"order.status", "openOrders.status", "allOrders", "orderList.status"})
    """The questions it can answer."""

    def __init__(self, exchange: SimulatedExchange) -> None:
        self._exchange = exchange
        self._times: dict[int, list[int]] = {}
        self._rows: dict[int, list[dict[str, Any]]] = {}
        self._lists: dict[int, int] = {}
        """When each order list was first heard of."""
        exchange.account.listeners.append(self._happened)

    def answer(self, method: str, params: dict[str, Any], lag_us: int) -> object:
        """Return what was true ``lag_us`` ago; ``None`` when that is what is true now.

        Raises:
            ExchangeError: There was no such order.
        """
        then_us = self._exchange.clock.now_us() - lag_us
        if method == "orderList.status":
            return self._list(params, then_us)
        rows = [row for order_id in self._rows if (row := self._row(order_id, then_us)) is not None]
        if method == "openOrders.status":
            return [row for row in rows if row["status"] in _OPEN]
        if method == "allOrders":
            return None if "orderId" in params else rows
        if params.get("orderId") is not None:
            found = [row for row in rows if row["orderId"] == int(params["orderId"])]
            if not found and int(params["orderId"]) not in self._rows:
                return None  # not ours to remember
        else:
            found = [row for row in rows if row["clientOrderId"] == params["origClientOrderId"]]
        if not found:
            raise ExchangeError(_NO_SUCH_ORDER, "Order does not exist.")
        return found[-1]

    def _list(self, params: dict[str, Any], then_us: int) -> object:
        for list_id, made_us in self._lists.items():
            if str(list_id) == str(params.get("orderListId")) and made_us > then_us:
                raise ExchangeError(_NO_SUCH_ORDER, "Order list does not exist.")
        if params.get("orderListId") is None and any(
            made_us > then_us for made_us in self._lists.values()
        ):
            raise ExchangeError(_NO_SUCH_ORDER, "Order list does not exist.")
        return None

    def _row(self, order_id: int, then_us: int) -> dict[str, Any] | None:
        place = bisect_right(self._times[order_id], then_us)
        return self._rows[order_id][place - 1] if place else None

    def _happened(self, event: dict[str, Any]) -> None:
        if event["e"] == "listStatus":
            self._lists.setdefault(event["g"], self._exchange.clock.now_us())
        if event["e"] not in ("executionReport", "ORDER_TRADE_UPDATE"):
            return
        order_id = event["o"]["i"] if event["e"] == "ORDER_TRADE_UPDATE" else event["i"]
        row = self._exchange.look_up("order.status", orderId=order_id)
        if row is None:  # a rejected one was never in the books
            return
        self._times.setdefault(order_id, []).append(self._exchange.clock.now_us())
        self._rows.setdefault(order_id, []).append(dict(row))
