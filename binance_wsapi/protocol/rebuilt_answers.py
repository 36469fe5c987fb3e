"""The answer that was lost, rebuilt from what was found out: in the shape of the operation's own answer.

Each function takes what a verdict "executed" holds (the order, the order list, the halves) and the
request's parameters by wire name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = [
    "amended",
    "as_found",
    "cancelled",
    "order_list",
    "placed",
    "placed_by_sor",
    "replaced",
]


def as_found(found: Any, params: Mapping[str, Any]) -> Any:
    """What was found is all there is to say."""
    return found


def order_list(found: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """An order list, placed or cancelled."""
    return {"orderReports": [], **found}


def placed(found: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """An order, placed or changed."""
    return _placed(found)


def placed_by_sor(found: Mapping[str, Any], params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """An order placed by smart order routing, which is answered with a list."""
    return [_placed(found)]


def cancelled(found: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """A cancelled order."""
    return _cancelled(found, params.get("origClientOrderId"))


def _placed(order: Mapping[str, Any]) -> dict[str, Any]:
    return {"transactTime": _time(order), **order}


def _cancelled(order: Mapping[str, Any], named: object) -> dict[str, Any]:
    answer = _placed(order)
    answer.setdefault("origClientOrderId", named or answer.get("clientOrderId"))
    return answer


def replaced(halves: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Both halves of a cancel-replace."""
    answer = dict(halves)
    if answer.get("cancelResponse") is not None:
        named = params.get("cancelOrigClientOrderId")
        answer["cancelResponse"] = _cancelled(answer["cancelResponse"], named)
    if answer.get("newOrderResponse") is not None:
        answer["newOrderResponse"] = _placed(answer["newOrderResponse"])
    return answer


def amended(order: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """An amended order."""
    named = params.get("origClientOrderId", order.get("clientOrderId"))
    return {
        "transactTime": _time(order),
        # The number of the change itself is told by its event alone.
        "executionId": -1,
        "amendedOrder": {
            **order,
            "origClientOrderId": named,
            "qty": order.get("origQty"),
            "preventedQty": order.get("preventedQuantity", "0.00000000"),
            "quoteOrderQty": order.get("origQuoteOrderQty", "0.00000000"),
            # The exchange spells it with two m in orders and with one in amendments.
            "cumulativeQuoteQty": order.get("cummulativeQuoteQty", "0.00000000"),
        },
    }


def _time(order: Mapping[str, Any]) -> Any:
    return order.get("updateTime", order.get("time", order.get("transactTime", 0)))
