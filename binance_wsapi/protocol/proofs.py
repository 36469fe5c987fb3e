"""What a user data event proves about a request whose answer was lost.

Each function takes the request and the event as the exchange sent it, without its envelope, and returns
``None`` when the event says nothing about the request.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from binance_wsapi.protocol.order_events import FINAL_STATUSES, order_from_event
from binance_wsapi.protocol.verdict import (
    AskAgain,
    Executed,
    LostRequest,
    NotExecuted,
    Verdict,
    same_number,
)

__all__ = [
    "algo_cancelled",
    "algo_placed",
    "futures_cancelled",
    "futures_modified",
    "futures_placed",
    "list_cancelled",
    "list_placed",
    "spot_amended",
    "spot_cancelled",
    "spot_placed",
    "spot_replaced",
]

_ASK_NOW = AskAgain(-math.inf)


def spot_placed(request: LostRequest, event: Mapping[str, Any]) -> Verdict | None:
    """Prove an order of Spot."""
    order = _spot_order(request, event)
    client_id = request.params.get("newClientOrderId")
    # In the event of a cancel the order goes by the id of the cancel; C is the one it had.
    if order is None or client_id not in (event.get("c"), event.get("C")):
        return None
    is_own = request.is_own(client_id, order)
    if is_own is False:
        return None
    if is_own is None or (event.get("x") == "REJECTED" and not request.is_generated(client_id)):
        return _ASK_NOW
    if event.get("x") == "REJECTED":
        return NotExecuted(f"rejected: {event.get('r')}", order)
    return Executed(order)


def spot_cancelled(request: LostRequest, event: Mapping[str, Any]) -> Verdict | None:
    """Prove the cancel of an order of Spot."""
    order = _spot_order(request, event)
    if order is None or not _is_aimed_at(request, event.get("i"), event.get("c"), event.get("C")):
        return None
    return _ended(request, order, event.get("T"))


def spot_replaced(request: LostRequest, event: Mapping[str, Any]) -> Verdict | None:
    """Prove a half of a cancel-replace."""
    # One event tells one half: have both looked at.
    return None if spot_placed(request, event) is None else _ASK_NOW


def spot_amended(request: LostRequest, event: Mapping[str, Any]) -> Verdict | None:
    """Prove the amendment of an order of Spot."""
    order = _spot_order(request, event)
    if order is None or event.get("x") != "REPLACED" or not request.is_younger(event.get("T")):
        return None
    is_it = _is_aimed_at(request, event.get("i"), event.get("C"))
    is_same = same_number(order.get("origQty"), request.params.get("newQty"))
    new_id = request.params.get("newClientOrderId")
    return Executed(order) if is_it and is_same and new_id in (None, event.get("c")) else None


def list_placed(request: LostRequest, event: Mapping[str, Any]) -> Verdict | None:
    """Prove an order list."""
    list_id = request.params.get("listClientOrderId")
    if event.get("e") != "listStatus" or event.get("C") != list_id:
        return None
    is_own = request.is_own(list_id, {"time": event.get("T")}, is_whole=False)
    if is_own is False:
        return None
    # What ends or refuses a list may be told of an earlier one that had the same id.
    if is_own is None or (event.get("l") != "EXEC_STARTED" and not request.is_generated(list_id)):
        return _ASK_NOW
    if event.get("L") == "REJECT":
        return NotExecuted(f"rejected: {event.get('r')}")
    return Executed(
        {
            "orderListId": event.get("g"),
            "contingencyType": event.get("c"),
            "listStatusType": event.get("l"),
            "listOrderStatus": event.get("L"),
            "listClientOrderId": event.get("C"),
            "transactionTime": event.get("T"),
            "symbol": event.get("s"),
            "orders": [
                {"symbol": leg.get("s"), "orderId": leg.get("i"), "clientOrderId": leg.get("c")}
                for leg in event.get("O", [])
            ],
        }
    )


def list_cancelled(request: LostRequest, event: Mapping[str, Any]) -> Verdict | None:
    """Prove the cancel of an order list."""
    if event.get("e") != "listStatus" or event.get("L") != "ALL_DONE":
        return None
    by_list_id = request.params.get("orderListId")
    if by_list_id is not None:
        return _ASK_NOW if event.get("g") == by_list_id else None
    return _ASK_NOW if event.get("C") == request.params.get("listClientOrderId") else None


def futures_placed(request: LostRequest, event: Mapping[str, Any]) -> Verdict | None:
    """Prove an order of futures."""
    body = event if event.get("e") == "TRADE_LITE" else event.get("o")
    client_id = request.params.get("newClientOrderId")
    if not isinstance(body, dict) or body.get("c") != client_id or event.get("e") == "ALGO_UPDATE":
        return None
    if body.get("s") != request.params.get("symbol"):
        return None
    shown = {"orderId": body.get("i"), "time": event.get("T")}
    is_own = request.is_own(client_id, shown, is_whole=False)
    if is_own is False:
        return None
    order = order_from_event(dict(event))
    if is_own and order is not None and body.get("x") == "NEW":
        return Executed(order)
    # Without its creation time it may be an older order that had the same id.
    return _ASK_NOW


def futures_cancelled(request: LostRequest, event: Mapping[str, Any]) -> Verdict | None:
    """Prove the cancel of an order of futures."""
    order = _futures_order(request, event)
    return None if order is None else _ended(request, order, event.get("T"))


def futures_modified(request: LostRequest, event: Mapping[str, Any]) -> Verdict | None:
    """Prove the change of an order of futures."""
    order = _futures_order(request, event)
    if (
        order is None
        or event["o"].get("x") != "AMENDMENT"
        or not request.is_younger(event.get("T"))
    ):
        return None
    params = request.params
    if params.get("modifyId") is not None:
        if str(order.get("modifyId")) != str(params["modifyId"]):
            return None
        return Executed(order) if request.is_since(event.get("T")) else _ASK_NOW
    if params.get("priceMatch") is not None:
        return _ASK_NOW
    is_same = same_number(order.get("origQty"), params.get("quantity")) and same_number(
        order.get("price"), params.get("price")
    )
    return Executed(order) if is_same else None


def algo_placed(request: LostRequest, event: Mapping[str, Any]) -> Verdict | None:
    """Prove an algo order."""
    algo = event.get("o")
    if event.get("e") != "ALGO_UPDATE" or not isinstance(algo, dict):
        return None
    client_id = request.params.get("clientAlgoId")
    if client_id is None or algo.get("caid") != client_id:
        return None
    if request.is_own(client_id, {"time": event.get("T")}, is_whole=False) is not True:
        return None
    # Later events of an earlier order that had the same id tell nothing.
    if algo.get("X") != "NEW" and not request.is_generated(client_id):
        return None
    return Executed(_algo_order(algo))


def algo_cancelled(request: LostRequest, event: Mapping[str, Any]) -> Verdict | None:
    """Prove the cancel of an algo order."""
    algo = event.get("o")
    if event.get("e") != "ALGO_UPDATE" or not isinstance(algo, dict):
        return None
    by_id = request.params.get("algoId")
    is_it = (
        algo.get("aid") == by_id
        if by_id is not None
        else algo.get("caid") == request.params.get("clientAlgoId")
    )
    if not is_it or algo.get("X") == "NEW":
        return None
    if by_id is None and not (
        request.is_generated(request.params.get("clientAlgoId")) or request.is_since(event.get("T"))
    ):
        return None  # an earlier order may have had the same id
    if algo.get("X") == "CANCELED":
        return Executed(_algo_order(algo))
    return NotExecuted(f"the order was {algo.get('X')} before it could be cancelled", algo)


def _spot_order(request: LostRequest, event: Mapping[str, Any]) -> dict[str, Any] | None:
    if event.get("e") != "executionReport" or event.get("s") != request.params.get("symbol"):
        return None
    return order_from_event(dict(event))


def _futures_order(request: LostRequest, event: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the order of an event about the order that a cancel or a change is aimed at."""
    if event.get("e") != "ORDER_TRADE_UPDATE":
        return None
    body = event["o"]
    if body.get("s") != request.params.get("symbol"):
        return None
    if not _is_aimed_at(request, body.get("i"), body.get("c")):
        return None
    return order_from_event(dict(event))


def _is_aimed_at(request: LostRequest, order_id: object, *client_ids: object) -> bool:
    by_order_id = request.params.get("orderId")
    if by_order_id is not None:
        return bool(order_id == by_order_id)
    return request.params.get("origClientOrderId") in client_ids


def _ended(request: LostRequest, order: dict[str, Any], timestamp: object) -> Verdict | None:
    status = order.get("status")
    if status not in FINAL_STATUSES:
        return None
    named = request.params.get("origClientOrderId")
    if request.params.get("orderId") is None and not request.is_generated(named):
        # An earlier order may have had the same id, and its event may come late.
        if not request.is_younger(timestamp):
            return None
        if status != "CANCELED":
            return _ASK_NOW
    if status == "CANCELED":
        return Executed(order)
    return NotExecuted(f"the order was {status} before it could be cancelled", order)


_ALGO_FIELDS = {
    "algoId": "aid",
    "clientAlgoId": "caid",
    "algoType": "at",
    "orderType": "o",
    "symbol": "s",
    "side": "S",
    "positionSide": "ps",
    "timeInForce": "f",
    "quantity": "q",
    "algoStatus": "X",
    "triggerPrice": "tp",
    "price": "p",
    "selfTradePreventionMode": "V",
    "workingType": "wt",
    "priceMatch": "pm",
    "closePosition": "cp",
    "priceProtect": "pP",
    "reduceOnly": "R",
    "triggerTime": "tt",
    "goodTillDate": "gtd",
}


def _algo_order(algo: Mapping[str, Any]) -> dict[str, Any]:
    return {name: algo[key] for name, key in _ALGO_FIELDS.items() if key in algo}
