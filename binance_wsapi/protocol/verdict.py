"""What is known about a request whose answer was lost, and the terms it is found out in."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, TypeVar

from binance_wsapi.markets import Market
from binance_wsapi.protocol.order_events import micros

__all__ = [
    "Answer",
    "Ask",
    "AskAgain",
    "Case",
    "Executed",
    "NotExecuted",
    "Question",
    "StaysUnknown",
    "Verdict",
    "When",
    "same_number",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Executed:
    """The request was carried out, wholly or in part."""

    result: Any
    """What it led to, as a wire value: the order as ``order.status`` shows it; the list as
    ``orderList.status`` shows it; the halves of a cancel-replace; the orders a cancel-all left."""
    is_partial: bool = False
    """Of a cancel-replace, one half failed: ``result`` says which."""


@dataclass(frozen=True, slots=True)
class NotExecuted:
    """The request was not carried out, and no longer can be."""

    reason: str
    """How that is known, in a few words."""
    order: dict[str, Any] | None = None
    """The order it was aimed at, as it stands, where there is one."""


@dataclass(frozen=True, slots=True)
class AskAgain:
    """Nothing is proved yet."""

    not_before_us: int
    """When to put the next question, in epoch microseconds, exchange time."""


@dataclass(frozen=True, slots=True)
class StaysUnknown:
    """No question over this API can settle it; an event still may."""

    reason: str
    """Why, in a few words."""
    order: dict[str, Any] | None = None
    """What was found, where it is ambiguous."""


Verdict = Executed | NotExecuted | AskAgain | StaysUnknown


class When(Enum):
    """When a question is to be put."""

    NOW = "now"
    LATER = "after a pause, and again when the request can no longer be accepted"
    SETTLED = "when the request can no longer be accepted"


@dataclass(frozen=True, slots=True)
class Ask:
    """A question, and when to put it."""

    method: str
    params: dict[str, Any]
    when: When = When.NOW


@dataclass(frozen=True, slots=True)
class Answer:
    """What the exchange said to a question."""

    result: Any
    """The result; ``None`` when it knows no such order."""
    is_final: bool
    """It was asked when the request could no longer be accepted."""

    @property
    def order(self) -> dict[str, Any] | None:
        """The result as one order or list."""
        return self.result if isinstance(self.result, dict) else None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The result as rows."""
        return self.result if isinstance(self.result, list) else []


Question = Generator[Ask, Answer, T]
"""Steps of finding out: questions out, answers in, a finding at the end."""


@dataclass(frozen=True, slots=True)
class Case:
    """A request whose answer was lost."""

    market: Market
    method: str
    params: Mapping[str, Any]
    """Its parameters by wire name."""
    sent_us: int
    """Its timestamp, in epoch microseconds, exchange time."""
    stamp_tolerance_us: int
    """By how much its timestamp may have been ahead of the exchange's clock."""

    def given(self, *names: str) -> dict[str, Any]:
        """Return those of the parameters that were sent."""
        return {name: self.params[name] for name in names if self.params.get(name) is not None}

    def is_younger(self, timestamp: object) -> bool:
        """Whether something of this time can have come from the request, which was sent before."""
        if not isinstance(timestamp, int):
            return True
        return micros(timestamp) >= self.sent_us - self.stamp_tolerance_us

    def is_own(self, order: Mapping[str, Any]) -> bool:
        """Whether an order under the request's client id was made by the request.

        Client ids are unique among open orders only: an older order may have had the same. In the
        time by which the timestamp may have been ahead, what was ordered has to tell.
        """
        made = order.get("time")
        if not isinstance(made, int) or micros(made) >= self.sent_us:
            return True
        return self.is_younger(made) and self.is_alike(order)

    def is_alike(self, order: Mapping[str, Any], *, amended: bool = False) -> bool:
        """Whether an order is what the request ordered, as far as that can be compared.

        Args:
            order: The order, as ``order.status`` shows it.
            amended: Whether it would be after an amendment, which lowers the quantity.
        """
        params = self.params
        ordered = (params.get("side"), params.get("type"))
        if ordered != (order.get("side"), order.get("origType", order.get("type"))):
            return False
        price = params.get("price")
        is_price_known = not {"pegPriceType", "priceMatch"} & params.keys() and price is not None
        if is_price_known and not same_number(price, order.get("price")):
            return False
        quantity = params.get("quantity")
        if amended:
            return quantity is not None and Decimal(order["origQty"]) < Decimal(str(quantity))
        if quantity is not None:
            return same_number(quantity, order.get("origQty"))
        quote_quantity = params.get("quoteOrderQty")
        return quote_quantity is None or same_number(quote_quantity, order.get("origQuoteOrderQty"))


def same_number(one: object, other: object) -> bool:
    """Whether two decimals are equal, however they are written."""
    try:
        return Decimal(str(one)) == Decimal(str(other))
    except InvalidOperation:
        return False
