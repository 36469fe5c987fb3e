"""The answer that was lost, rebuilt from what was found out: in the shape of the operation's own answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["answer_of"]


def answer_of(method: str, found: Any, params: Mapping[str, Any]) -> Any:
    """Return what the operation would have answered, as far as it is known.

    Args:
        method: The wire operation.
        found: What a verdict "executed" holds: the order, the order list, the halves.
        params: The request's parameters by wire name.
    """
    if method == "sor.order.place":
        return [_placed(found)]
    if method in {"order.place", "order.modify"}:
        return _placed(found)
    if method == "order.cancel":
        return _cancelled(found, params.get("origClientOrderId"))
    if method == "order.cancelReplace":
        return _replaced(found, params)
    if method == "order.amend.keepPriority":
        return _amended(found, params)
    if method.startswith("orderList."):
        return {"orderReports": [], **found}
    return found


def _placed(order: Mapping[str, Any]) -> dict[str, Any]:
    return {"transactTime": _time(order), **order}


def _cancelled(order: Mapping[str, Any], named: object) -> dict[str, Any]:
    answer = _placed(order)
    answer.setdefault("origClientOrderId", named or answer.get("clientOrderId"))
    return answer


def _replaced(halves: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    answer = dict(halves)
    if answer.get("cancelResponse") is not None:
        named = params.get("cancelOrigClientOrderId")
        answer["cancelResponse"] = _cancelled(answer["cancelResponse"], named)
    if answer.get("newOrderResponse") is not None:
        answer["newOrderResponse"] = _placed(answer["newOrderResponse"])
    return answer


def _amended(order: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
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
