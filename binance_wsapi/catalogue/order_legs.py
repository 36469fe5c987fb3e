"""Which orders a request asks for, and what it calls their parameters: one order, or the legs of a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["OrderLeg", "leg", "pending_pair"]


@dataclass(frozen=True, slots=True)
class OrderLeg:
    """One order of a request."""

    names: Mapping[str, str]
    """Wire names of its parameters, by those of a single order as the facades spell them."""
    type: str | None = None
    """Its order type, where the request does not say."""


ORDER = {
    "side": "side",
    "type": "type",
    "price": "price",
    "quantity": "quantity",
    "quote_order_qty": "quoteOrderQty",
    "stop_price": "stopPrice",
    "iceberg_qty": "icebergQty",
    "trailing_delta": "trailingDelta",
}
_PLAIN = {name: ORDER[name] for name in ("side", "type", "price", "quantity")}


def leg(prefix: str, side: str, quantity: str, *without: str) -> OrderLeg:
    """Return a leg whose names begin with a word: ``above`` makes ``abovePrice``.

    Args:
        prefix: The word.
        side: Wire name of its side, which legs may share.
        quantity: Wire name of its quantity, which legs may share.
        *without: Parameters that the request does not take for it.
    """
    names = {name: prefix + wire[0].upper() + wire[1:] for name, wire in ORDER.items()}
    names |= {"side": side, "quantity": quantity}
    return OrderLeg({name: wire for name, wire in names.items() if name not in without})


def pending_pair(*without: str) -> tuple[OrderLeg, OrderLeg]:
    """Return the two legs that wait for a working order."""
    return (
        leg("pendingAbove", "pendingSide", "pendingQuantity", "quote_order_qty", *without),
        leg("pendingBelow", "pendingSide", "pendingQuantity", "quote_order_qty", *without),
    )


SINGLE = (OrderLeg(ORDER),)
SOR = (OrderLeg(_PLAIN | {"iceberg_qty": "icebergQty"}),)
AMENDMENT = (OrderLeg({"quantity": "newQty"}),)
OLD_OCO = (
    OrderLeg(
        {
            "side": "side",
            "price": "price",
            "quantity": "quantity",
            "iceberg_qty": "limitIcebergQty",
        },
        "LIMIT_MAKER",
    ),
    # With a price of its own it is STOP_LOSS_LIMIT: the same rules hold for both.
    OrderLeg(
        {
            "side": "side",
            "price": "stopLimitPrice",
            "quantity": "quantity",
            "stop_price": "stopPrice",
            "iceberg_qty": "stopIcebergQty",
            "trailing_delta": "trailingDelta",
        },
        "STOP_LOSS",
    ),
)
OCO = (
    leg("above", "side", "quantity", "quote_order_qty"),
    leg("below", "side", "quantity", "quote_order_qty"),
)
_WORKING = leg(
    "working",
    "workingSide",
    "workingQuantity",
    "quote_order_qty",
    "stop_price",
    "trailing_delta",
)
OTO = (_WORKING, leg("pending", "pendingSide", "pendingQuantity", "quote_order_qty"))
OTOCO = (_WORKING, *pending_pair())
# The quantity of what is pending is what the working order brought.
OPO = (_WORKING, leg("pending", "pendingSide", "pendingQuantity", "quote_order_qty", "quantity"))
OPOCO = (_WORKING, *pending_pair("quantity"))

FUTURES_ORDER = (OrderLeg(_PLAIN),)
FUTURES_MODIFICATION = (
    OrderLeg({"side": "side", "price": "price", "quantity": "quantity"}, "LIMIT"),
)
ALGO_ORDER = (
    OrderLeg(_PLAIN | {"stop_price": "triggerPrice"}),
    OrderLeg({"side": "side", "type": "type", "stop_price": "activatePrice"}),
)
FUTURES_ORDER_WITH_TRIGGER = (
    OrderLeg(_PLAIN | {"stop_price": "stopPrice"}),
    OrderLeg({"side": "side", "type": "type", "stop_price": "activationPrice"}),
)
