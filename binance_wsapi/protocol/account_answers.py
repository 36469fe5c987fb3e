"""Whether an answer about an account can be read whole: one row passed over would be an order not seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from binance_wsapi.protocol.own_orders import order_key
from binance_wsapi.protocol.wire_values import amount, text, whole_number

__all__ = ["tells_account", "tells_fills", "tells_order", "tells_orders"]


def tells_order(answer: Any) -> bool:
    """Whether it shows an order, with all that has to be known of one."""
    return (
        isinstance(answer, dict)
        and order_key(answer) is not None
        and all(text(answer.get(name)) for name in ("status", "side", "type"))
        and text(answer.get("clientOrderId")) is not None
        and _has_amounts(answer, "price", "origQty", "executedQty")
        # Spot tells what was paid, futures the average price.
        and any(
            amount(answer.get(name)) is not None for name in ("cummulativeQuoteQty", "avgPrice")
        )
    )


def tells_orders(answer: Any) -> bool:
    """Whether it is a list of orders, each of which can be read."""
    return _is_list_of(answer, tells_order)


def tells_fills(answer: Any) -> bool:
    """Whether it is a list of fills, each of which can be read."""
    return _is_list_of(
        answer,
        lambda row: whole_number(row.get("id")) is not None and _has_amounts(row, "price", "qty"),
    )


def tells_account(answer: Any) -> bool:
    """Whether it shows balances, and positions if it shows any, each of which can be read."""
    if not isinstance(answer, dict):
        return False
    kinds: dict[str, Callable[[dict[str, Any]], bool]] = {
        "balances": lambda row: (
            bool(text(row.get("asset"))) and _has_amounts(row, "free", "locked")
        ),
        "assets": lambda row: bool(text(row.get("asset"))) and _has_amounts(row, "walletBalance"),
        "positions": lambda row: (
            all(text(row.get(name)) for name in ("symbol", "positionSide"))
            and _has_amounts(row, "positionAmt")
        ),
    }
    shown = [name for name in kinds if name in answer]
    return ("balances" in answer or "assets" in answer) and all(
        _is_list_of(answer[name], kinds[name]) for name in shown
    )


def _is_list_of(answer: Any, is_readable: Callable[[dict[str, Any]], bool]) -> bool:
    return isinstance(answer, list) and all(
        isinstance(row, dict) and is_readable(row) for row in answer
    )


def _has_amounts(row: dict[str, Any], *names: str) -> bool:
    return all(amount(row.get(name)) is not None for name in names)
