"""User data events: their shapes, and the outbox that hands them out when a request is through.

Events leave in the order of what happened; an account's ``outboundAccountPosition`` comes after the
reports of the same request, once, with every asset that the request touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.spot.money import ZERO
from binance_wsapi.simulator.spot.orders import Fill, Order, OrderList, Phase

__all__ = [
    "Outbox",
    "Prevention",
    "balance_update",
    "execution_report",
    "external_lock_update",
    "list_status",
]


@dataclass(frozen=True, slots=True)
class Prevention:
    """What one prevented match means for one of its orders."""

    counter: Order
    """The order on the other side."""
    quantity: Decimal
    """Taken from this order."""
    price: Decimal
    execution_quantity: Decimal
    """What would have traded."""
    execution_quote: Decimal


class Outbox:
    """Events of the request at hand."""

    def __init__(self) -> None:
        self._events: list[tuple[Account, dict[str, Any]]] = []
        self._touched: dict[Account, dict[str, None]] = {}

    def add(self, account: Account, event: dict[str, Any]) -> None:
        """Queue an event."""
        self._events.append((account, event))

    def touch(self, account: Account, asset: str) -> None:
        """Note that a balance changed."""
        self._touched.setdefault(account, {})[asset] = None

    def flush(self, now_us: int) -> None:
        """Hand everything out."""
        events, self._events = self._events, []
        touched, self._touched = self._touched, {}
        for account, event in events:
            account.publish(event)
        for account, assets in touched.items():
            account.updated_us = now_us
            if account.listeners:
                account.publish(_position(account, assets, now_us))


def _position(account: Account, assets: dict[str, None], now_us: int) -> dict[str, Any]:
    return {
        "e": "outboundAccountPosition",
        "E": Micros(now_us),
        "u": Micros(now_us),
        "B": [
            {
                "a": asset,
                "f": account.balances[asset].free,
                "l": account.balances[asset].locked,
            }
            for asset in assets
        ],
    }


def balance_update(asset: str, delta: Decimal, now_us: int) -> dict[str, Any]:
    """Return the event of a deposit, a withdrawal or a transfer."""
    return {
        "e": "balanceUpdate",
        "E": Micros(now_us),
        "a": asset,
        "d": delta,
        "T": Micros(now_us),
    }


def external_lock_update(asset: str, delta: Decimal, now_us: int) -> dict[str, Any]:
    """Return the event of a lock from outside trading."""
    return {
        "e": "externalLockUpdate",
        "E": Micros(now_us),
        "a": asset,
        "d": delta,
        "T": Micros(now_us),
    }


def list_status(order_list: OrderList, now_us: int) -> dict[str, Any]:
    """Return the event of an order list's new status."""
    return {
        "e": "listStatus",
        "E": Micros(now_us),
        "s": order_list.symbol,
        "g": order_list.order_list_id,
        "c": order_list.contingency_type,
        "l": order_list.status_type,
        "L": order_list.order_status,
        "r": "NONE",
        "C": order_list.client_order_id,
        "T": Micros(order_list.updated_us),
        "O": [
            {"s": order.symbol, "i": order.order_id, "c": order.client_order_id}
            for order in order_list.orders
        ],
    }


def execution_report(
    order: Order,
    execution_type: str,
    execution_id: int,
    now_us: int,
    *,
    original_client_order_id: str = "",
    fill: Fill | None = None,
    prevention: Prevention | None = None,
) -> dict[str, Any]:
    """Return the event of one change of an order, as the order stands now.

    Args:
        order: After the change.
        execution_type: ``NEW``, ``TRADE``, ``CANCELED``, ``REPLACED``, ``EXPIRED``, ``TRADE_PREVENTION``.
        execution_id: Of this change.
        now_us: Exchange time.
        original_client_order_id: The id before a cancellation or an amendment.
        fill: For a trade.
        prevention: For a prevented match.
    """
    now = Micros(now_us)
    event: dict[str, Any] = {
        "e": "executionReport",
        "E": now,
        "s": order.symbol,
        "c": order.client_order_id,
        "S": order.side,
        "o": order.type,
        "f": order.time_in_force,
        "q": order.quantity if order.quantity is not None else ZERO,
        "p": order.price,
        "P": order.stop_price if order.stop_price is not None else ZERO,
        "F": order.iceberg_quantity if order.iceberg_quantity is not None else ZERO,
        "g": order.order_list_id,
        "C": original_client_order_id,
        "x": execution_type,
        "X": order.status,
        "r": "NONE",
        "i": order.order_id,
        "l": fill.quantity if fill is not None else ZERO,
        "z": order.executed,
        "L": fill.price if fill is not None else ZERO,
        "n": fill.commission if fill is not None else "0",
        "N": fill.commission_asset if fill is not None else None,
        "T": now,
        "t": fill.trade_id if fill is not None else -1,
    }
    if order.prevented_match_id is not None:
        event["v"] = order.prevented_match_id
    event["I"] = execution_id
    event["w"] = order.phase is Phase.RESTING or (
        execution_type == "NEW" and order.phase is Phase.TAKING
    )
    event["m"] = fill is not None and fill.is_maker
    event["M"] = fill is not None
    event["O"] = Micros(order.created_us)
    event["Z"] = order.quote_executed
    event["Y"] = fill.quote_quantity if fill is not None else ZERO
    event["Q"] = order.quote_quantity if order.quote_quantity is not None else ZERO
    if order.working_us >= 0:
        event["W"] = Micros(order.working_us)
    event["V"] = order.prevention_mode
    _add_conditions(event, order, fill, prevention)
    return event


def _add_conditions(
    event: dict[str, Any], order: Order, fill: Fill | None, prevention: Prevention | None
) -> None:
    if order.trailing_delta is not None:
        event["d"] = order.trailing_delta
        event["D"] = Micros(order.trailing_us) if order.trailing_us >= 0 else -1
    if order.strategy_id is not None:
        event["j"] = order.strategy_id
    if order.strategy_type is not None:
        event["J"] = order.strategy_type
    if order.prevented:
        event["A"] = order.prevented
    if prevention is not None:
        event["B"] = prevention.quantity
        event["u"] = order.account.trade_group_id
        event["U"] = prevention.counter.order_id
        event["Cs"] = prevention.counter.symbol
        event["pl"] = prevention.execution_quantity
        event["pL"] = prevention.price
        event["pY"] = prevention.execution_quote
    if fill is not None and fill.allocation_id is not None:
        event["b"] = "ONE_PARTY_TRADE_REPORT"
        event["a"] = fill.allocation_id
    if order.used_sor:
        event["k"] = order.working_floor
        event["uS"] = True
    if order.peg is not None:
        event["gP"] = order.peg.price_type
        if order.peg.offset_type is not None:
            event["gOT"] = order.peg.offset_type
            event["gOV"] = order.peg.offset_value
        if order.pegged_price is not None:
            event["gp"] = order.pegged_price
    if order.expiry_reason is not None:
        event["eR"] = order.expiry_reason
