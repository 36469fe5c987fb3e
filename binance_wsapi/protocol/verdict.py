"""What is known about a request whose answer was lost, and what it is found out from."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, NamedTuple, TypeVar

from binance_wsapi.markets import Market
from binance_wsapi.protocol.order_events import FINAL_STATUSES, micros
from binance_wsapi.protocol.own_orders import OwnOrders

__all__ = [
    "LAG_S",
    "Answer",
    "AskAgain",
    "Executed",
    "FinalVerdict",
    "Knowledge",
    "LostRequest",
    "Moment",
    "NotExecuted",
    "Question",
    "StaysUnknown",
    "Steps",
    "Verdict",
    "When",
    "same_number",
]

T = TypeVar("T")

LAG_S = 3.0
"""By how much a copy that is read from may lag behind."""


class Moment(NamedTuple):
    """A moment, by both clocks there are."""

    now: float
    """Monotonic seconds, which nothing sets."""
    exchange_us: int
    """The exchange's time, epoch microseconds, as it is thought to be; it may turn out to be wrong."""


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

    not_before: float
    """When to put the next question, in monotonic seconds."""


@dataclass(frozen=True, slots=True)
class StaysUnknown:
    """No question over this API can settle it; an event still may."""

    reason: str
    """Why, in a few words."""
    order: dict[str, Any] | None = None
    """What was found, where it is ambiguous."""


FinalVerdict = Executed | NotExecuted | StaysUnknown
Verdict = FinalVerdict | AskAgain


class When(Enum):
    """When a question is to be put."""

    NOW = "now"
    LATER = "after a pause, and again when the request can no longer be accepted"
    SETTLED = "when the request can no longer be accepted"
    CAUGHT_UP = "when a replica that lags has caught up"


@dataclass(frozen=True, slots=True)
class Question:
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
    hidden_by: dict[str, Any] | None = None
    """An order that goes by the client id asked for, but may not be the one that was meant."""

    @property
    def order(self) -> dict[str, Any] | None:
        """The result as one order or list."""
        return self.result if isinstance(self.result, dict) else None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The result as rows."""
        return self.result if isinstance(self.result, list) else []


Steps = Generator[Question, Answer, T]
"""Steps of an inquiry: questions out, answers in, what was found out at the end."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the client knows besides the request, whatever the clocks say."""

    orders: OwnOrders = field(default_factory=OwnOrders)
    """The orders that its answers have shown."""
    is_generated: Callable[[object], bool] = lambda client_id: False
    """Whether the client made an id up: nobody else has had it."""
    has_rival: Callable[[str, object], bool] = lambda request_id, client_id: False
    """Whether another request of the client, with the same client id, is of unknown outcome as well."""
    has_rest: bool = False
    """Whether questions can be put over REST (they begin with ``GET``)."""


@dataclass(frozen=True, slots=True)
class LostRequest:
    """A request whose answer was lost."""

    market: Market
    method: str
    params: Mapping[str, Any]
    """Its parameters by wire name."""
    sent_us: int
    """Its timestamp, in epoch microseconds, exchange time."""
    stamp_tolerance_us: int
    """By how much its timestamp may have been ahead of the exchange's clock."""
    written_at: float = -math.inf
    """When it was written, monotonic seconds; NaN, which nothing is before or after, where nobody knows."""
    settled_us: int = 0
    """When it can no longer be accepted, exchange time."""
    request_id: str = ""
    knowledge: Knowledge = field(default_factory=Knowledge)

    def given(self, *names: str) -> dict[str, Any]:
        """Return those of the parameters that were sent."""
        return {name: self.params[name] for name in names if self.params.get(name) is not None}

    def is_younger(self, timestamp: object) -> bool:
        """Whether something of this time can have come from the request, which was sent before."""
        if not isinstance(timestamp, int):
            return True
        return micros(timestamp) >= self.sent_us - self.stamp_tolerance_us

    def is_generated(self, client_id: object) -> bool:
        """Whether a client id was made up by this client: what goes by it is of no other request's making."""
        return self.knowledge.is_generated(client_id)

    def is_of_another(self, order: Mapping[str, Any]) -> bool:
        """Whether an answer has shown the order to be another request's."""
        symbol = order.get("symbol", self.params.get("symbol"))
        return self.knowledge.orders.is_of_another(self.request_id, symbol, order)

    def is_since(self, timestamp: object) -> bool:
        """Whether something of this time is no older than the request's timestamp, which is never early."""
        return isinstance(timestamp, int) and micros(timestamp) // 1000 >= self.sent_us // 1000

    def is_own(
        self, client_id: object, order: Mapping[str, Any], *, is_whole: bool = True
    ) -> bool | None:
        """Whether an order under the request's client id was made by the request; ``None``: nobody knows.

        Client ids are unique among open orders only: another order may have had the same. One that
        answers have shown to be another request's is not this one's, whatever the clocks say. The
        exchange takes no timestamp that is further ahead of its clock than the tolerance; in the time by
        which it may have been ahead, an order just like the one asked for may be older, too.

        Args:
            client_id: The id, as the request gave it.
            order: The order, as ``order.status`` shows it.
            is_whole: The order is all that was asked for, and not a part of a list.
        """
        known = self.knowledge
        if self.is_of_another(order):
            return False
        made = order.get("time")
        if isinstance(made, int) and not known.is_generated(client_id):
            if not self.is_younger(made):
                return False
            if not self.is_since(made):
                return None if not is_whole or self.is_alike(order) else False
        return None if known.has_rival(self.request_id, client_id) else True

    def may_be_another(self, client_id: object, order: Mapping[str, Any]) -> bool:
        """Whether an order under a client id may not be the one that the request was aimed at.

        An id of the caller's own may be repeated once the order that had it has ended. Shown is then what
        came before it, where a replica lags or where a cancel took its id away; or what came after.

        Args:
            client_id: The id by which the request named the order.
            order: The order, as ``order.status`` shows it.
        """
        if self.is_generated(client_id):
            return False
        orders, symbol, order_id = (
            self.knowledge.orders,
            self.params.get("symbol"),
            order.get("orderId"),
        )
        was_heard_of = orders.is_older(self.written_at, symbol, order)
        latest = orders.latest(self.written_at, symbol, client_id)
        if latest is not None and isinstance(order_id, int) and order_id <= latest:
            return order_id < latest
        was_there = was_heard_of or not self.is_since(order.get("time"))
        has_ended = order.get("status") in FINAL_STATUSES
        return not was_there or (has_ended and not self.is_younger(order.get("updateTime")))

    def is_past_patience(self, timestamp: object) -> bool:
        """Whether something of this time was made when the request could no longer be accepted."""
        return isinstance(timestamp, int) and micros(timestamp) >= self.settled_us

    def is_older_order(self, order: Mapping[str, Any]) -> bool | None:
        """Whether an order of the account was made before the request; ``None``: nobody knows.

        What answers have shown counts first. The request's timestamp is late by an unknown bit, and ahead by
        no more than the tolerance: only what was made before that is older for certain.
        """
        orders, symbol = self.knowledge.orders, order.get("symbol")
        if orders.is_younger(self.written_at, symbol, order):
            return False
        made = order.get("time")
        if orders.is_older(self.written_at, symbol, order) or (
            isinstance(made, int) and not self.is_younger(made)
        ):
            return True
        return None

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
