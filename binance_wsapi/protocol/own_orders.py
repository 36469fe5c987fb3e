"""The orders that answers have shown this client: what it knows of them whatever any clock says.

Order ids begin anew where an exchange is set up anew, as testnets are: an order that was made after answers showed one of
its id is another one, and nothing that was known before it was made counts any more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from binance_wsapi.protocol.order_events import micros
from binance_wsapi.protocol.wire_values import text, whole_number

__all__ = ["OwnOrders", "ReadAnswer", "order_key", "orders_in"]

_PARTS = ("orderReports", "cancelResponse", "newOrderResponse", "amendedOrder", "orders")
"""Where answers keep further orders, those that tell most of them first."""

_TIMES = ("time", "transactTime", "updateTime")
"""When an order was made, and when it was touched."""

_ANEW_MS = 1_000
"""Stamps of one order differ by less than it takes to set up an exchange."""

_decode = msgspec.json.Decoder().decode


class ReadAnswer(msgspec.Struct, frozen=True, gc=False):
    """An answer to a request that changed orders."""

    request_id: str
    """The id its request was sent under; empty where nobody knows."""
    written_at: float
    """When its request was written, monotonic seconds; NaN where nobody has seen that."""
    heard_at: float
    """When it was read, monotonic seconds."""
    makes_orders: bool
    """Whether the request was one that makes the orders its answer shows."""
    result: msgspec.Raw


@dataclass(slots=True)
class _Shown:
    first_heard_at: float
    made_by_ms: int | None = None
    """It was made no later, exchange time."""
    placed_by: str | None = None
    placed_at: float | None = None
    placed_as: str | None = None


class OwnOrders:
    """What the answers of one exchange have shown of orders; the latest ones count.

    Args:
        size: Most answers, and most orders, kept in mind.
    """

    def __init__(self, size: int = 2048) -> None:
        self.answers: deque[ReadAnswer] = deque(maxlen=size)
        """Answers nobody has looked into yet: most never matter, so they are put here as they came."""
        self._size = size
        self._shown: dict[tuple[str, int], _Shown] = {}

    def is_of_another(self, request_id: str, symbol: object, order: Mapping[str, Any]) -> bool:
        """Whether another request is known to have made an order that is shown."""
        if not request_id:
            return False  # nobody knows which request it is: it may be that one
        shown = self._of(symbol, order)
        return shown is not None and shown.placed_by not in (None, request_id)

    def is_older(self, moment: float, symbol: object, order: Mapping[str, Any]) -> bool:
        """Whether an order is known to have been there at a moment, in monotonic seconds."""
        # Heard of is later than made: no clock of the exchange's is compared, and NaN is after nothing.
        shown = self._of(symbol, order)
        return shown is not None and shown.first_heard_at <= moment

    def is_younger(self, moment: float, symbol: object, order: Mapping[str, Any]) -> bool:
        """Whether an order is known to have been asked for after a moment, in monotonic seconds."""
        shown = self._of(symbol, order)
        return shown is not None and shown.placed_at is not None and shown.placed_at > moment

    def latest(self, moment: float, symbol: object, client_id: object) -> int | None:
        """Return the latest order known to have been placed under a client id by a moment."""
        self._look_into_all()
        known = (
            order_id
            for (its_symbol, order_id), shown in self._shown.items()
            if its_symbol == symbol
            and shown.placed_as == client_id
            and shown.first_heard_at <= moment
        )
        return max(known, default=None)

    def _of(self, symbol: object, order: Mapping[str, Any]) -> _Shown | None:
        self._look_into_all()
        key: Any = (symbol, order.get("orderId"))  # what is none finds nothing
        return self._known(key, _milliseconds(order.get("time")))

    def _known(self, key: tuple[str, int], made_ms: int | None) -> _Shown | None:
        """Return what is known of the order of this id that was made then."""
        shown = self._shown.get(key)
        if shown is None or shown.made_by_ms is None or made_ms is None:
            return shown
        if made_ms <= shown.made_by_ms + _ANEW_MS:
            return shown
        for other in [key for key, each in self._shown.items() if _is_before(each, made_ms)]:
            del self._shown[other]
        return None

    def _look_into_all(self) -> None:
        while self.answers:
            self._look_into(self.answers.popleft())

    def _look_into(self, answer: ReadAnswer) -> None:
        try:
            result = _decode(answer.result)
        except (msgspec.DecodeError, UnicodeError):
            return  # whoever asked for it is told so
        for order in orders_in(result):
            key = order["symbol"], order["orderId"]
            # One with an origClientOrderId is the half that a cancel-replace cancelled: another's.
            is_made = answer.makes_orders and "origClientOrderId" not in order
            times = [ms for name in _TIMES if (ms := _milliseconds(order.get(name))) is not None]
            made_by = min(times, default=None)
            made = made_by if is_made else _milliseconds(order.get("time"))
            shown = self._known(key, made) or self._shown.setdefault(key, _Shown(answer.heard_at))
            shown.first_heard_at = min(shown.first_heard_at, answer.heard_at)
            if made_by is not None:
                shown.made_by_ms = min(made_by, shown.made_by_ms or made_by)
            if is_made:
                shown.placed_by, shown.placed_at = answer.request_id or None, answer.written_at
                shown.placed_as = order["clientOrderId"]
            if len(self._shown) > self._size:
                del self._shown[next(iter(self._shown))]


def _milliseconds(timestamp: object) -> int | None:
    time = whole_number(timestamp)
    return micros(time) // 1000 if time is not None and time > 0 else None


def _is_before(shown: _Shown, made_ms: int) -> bool:
    return shown.made_by_ms is None or shown.made_by_ms < made_ms


def order_key(order: object) -> tuple[str, int] | None:
    """Return symbol and order id; ``None`` of what has no such."""
    if not isinstance(order, dict):
        return None
    symbol, order_id = text(order.get("symbol")), whole_number(order.get("orderId"))
    return None if symbol is None or order_id is None else (symbol, order_id)


def orders_in(result: object) -> Iterator[dict[str, Any]]:
    """Yield the orders that an answer shows, wherever it keeps them."""
    if isinstance(result, list):
        for item in result:
            yield from orders_in(item)
    elif isinstance(result, dict):
        if order_key(result) is not None and "clientOrderId" in result:
            yield result
        for part in _PARTS:
            yield from orders_in(result.get(part))
