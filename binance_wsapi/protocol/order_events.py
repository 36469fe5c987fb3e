"""User data events in the words of the answers: an event's order as ``order.status`` would show it."""

from __future__ import annotations

from typing import Any

__all__ = ["FINAL_STATUSES", "micros", "order_from_event"]

_MICROSECONDS_FROM = 10**14
"""A timestamp of this size and more is in microseconds (reference/margin/rules.json)."""

FINAL_STATUSES = frozenset(
    {"FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH", "REJECTED", "FINISHED"}
)
"""Statuses of orders that can change no more; any other, known or not, may. The last is one of algo orders."""


def micros(timestamp: int) -> int:
    """Return a timestamp of the exchange, which is in milliseconds or microseconds, in microseconds."""
    return timestamp if timestamp >= _MICROSECONDS_FROM else timestamp * 1000


def order_from_event(event: dict[str, Any]) -> dict[str, Any] | None:
    """Return the order that an event tells about, as far as it does; ``None`` for other events."""
    match event.get("e"):
        case "executionReport":
            return _renamed(event, _SPOT_FIELDS)
        case "ORDER_TRADE_UPDATE" if isinstance(event.get("o"), dict):
            return _renamed(event["o"], _FUTURES_FIELDS)
        case _:
            return None


def _renamed(event: dict[str, Any], fields: dict[str, str]) -> dict[str, Any]:
    return {name: event[key] for name, key in fields.items() if key in event}


_SPOT_FIELDS = {
    "symbol": "s",
    "orderId": "i",
    "orderListId": "g",
    "clientOrderId": "c",
    "price": "p",
    "origQty": "q",
    "executedQty": "z",
    "cummulativeQuoteQty": "Z",
    "status": "X",
    "timeInForce": "f",
    "type": "o",
    "side": "S",
    "stopPrice": "P",
    "icebergQty": "F",
    "time": "O",
    "updateTime": "T",
    "isWorking": "w",
    "workingTime": "W",
    "origQuoteOrderQty": "Q",
    "selfTradePreventionMode": "V",
    "trailingDelta": "d",
    "trailingTime": "D",
    "strategyId": "j",
    "strategyType": "J",
    "preventedMatchId": "v",
    "preventedQuantity": "A",
    "usedSor": "uS",
    "workingFloor": "k",
    "pegPriceType": "gP",
    "pegOffsetType": "gOT",
    "pegOffsetValue": "gOV",
    "peggedPrice": "gp",
    "expiryReason": "eR",
}

_FUTURES_FIELDS = {
    "symbol": "s",
    "orderId": "i",
    "clientOrderId": "c",
    "status": "X",
    "price": "p",
    "avgPrice": "ap",
    "origQty": "q",
    "executedQty": "z",
    "timeInForce": "f",
    "type": "o",
    "reduceOnly": "R",
    "closePosition": "cp",
    "side": "S",
    "positionSide": "ps",
    "stopPrice": "sp",
    "workingType": "wt",
    "priceProtect": "pP",
    "origType": "ot",
    "priceMatch": "pm",
    "selfTradePreventionMode": "V",
    "goodTillDate": "gtd",
    "updateTime": "T",
    "modifyId": "M",
}
