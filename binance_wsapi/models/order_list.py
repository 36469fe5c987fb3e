"""Order lists: orders that depend on each other.

Times are epoch milliseconds, or microseconds where the connection was asked for them.
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from binance_wsapi.models.base import Model
from binance_wsapi.models.enums import ContingencyType, ListOrderStatus, ListStatusType
from binance_wsapi.models.order import CancelledOrder, OrderOfList, PlacedOrder
from binance_wsapi.models.rows import Rows, RowsOf, holds_rows

__all__ = ["CancelledOrderList", "OrderList", "PlacedOrderList"]


@holds_rows(orders=OrderOfList)
class OrderList(Model):
    """An order list as it stands."""

    named_by: ClassVar[tuple[str, ...]] = ("list_client_order_id",)

    order_list_id: int
    """The exchange's id of the list."""
    contingency_type: ContingencyType
    """How its orders depend on each other."""
    list_status_type: ListStatusType | None
    """What the news is about."""
    list_order_status: ListOrderStatus
    """Where it stands."""
    list_client_order_id: str
    """Your id of the list."""
    transaction_time: int | None
    """When it last changed, epoch ms."""
    symbol: str
    """Name, such as ``BTCUSDT``."""
    orders: RowsOf[OrderOfList]
    """Its orders, by their ids."""


@holds_rows(order_reports=PlacedOrder)
class PlacedOrderList(OrderList):
    """An order list that was placed."""

    order_reports: RowsOf[PlacedOrder] = field(default_factory=Rows[PlacedOrder])
    """Its orders, as much of each as ``new_order_resp_type`` asked for."""


@holds_rows(order_reports=CancelledOrder)
class CancelledOrderList(OrderList):
    """An order list that was cancelled."""

    order_reports: RowsOf[CancelledOrder]
    """Its orders."""
