"""An event as the exchange sent it, parsed once for all who look into it on its way to the consumer."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import field

from binance_wsapi.protocol.order_events import micros
from binance_wsapi.protocol.wire_values import amount, text, whole_number

__all__ = ["RawEvent", "ToldOrder", "raw_event"]

_ZERO = Decimal(0)


class _Head(msgspec.Struct, eq=False):
    kind: str = field(name="e", default="")
    """The exchange's word for it; empty where it has none."""
    time: int = field(name="E", default=0)
    """When the exchange made it, ms or µs; 0 when that is not known."""


class ToldOrder(_Head, eq=False):
    """What an event tells of an order, as far as that shows what other events have told or not.

    Decimals are texts. What is missing, or of another form than documented, is ``None``; an order without
    symbol and id is none (:attr:`RawEvent.order`).
    """

    # In the order in which they are sent: they are found fastest so.
    symbol: str = field(name="s", default="")
    client_order_id: str | None = field(name="c", default=None)
    quantity: str | None = field(name="q", default=None)
    price: str | list[msgspec.Raw] | None = field(name="p", default=None)
    execution: str | None = field(name="x", default=None)
    """What happened."""
    status: str | None = field(name="X", default=None)
    order_id: int | str = field(name="i", default="")
    """A text is none: COIN-M has the account's alias beside the order."""
    filled_now: str | None = field(name="l", default=None)
    """Filled by this event alone."""
    filled: str | None = field(name="z", default=None)
    """Filled so far."""
    updated: int | None = field(name="T", default=None)
    trade_id: int | None = field(name="t", default=None)

    @property
    def key(self) -> tuple[str, int]:
        """What it is known by."""
        return self.symbol, self.order_id  # type: ignore[return-value]  # a text is no order's

    @property
    def fill(self) -> int | None:
        """The number of the trade it tells; ``None`` when it tells none."""
        return self.trade_id if self.execution == "TRADE" else None

    @property
    def filled_before(self) -> Decimal:
        """What other events told, or should have told, to be filled."""
        if self.filled == self.filled_now:
            return _ZERO
        return max(_ZERO, (amount(self.filled) or _ZERO) - (amount(self.filled_now) or _ZERO))


class RawEvent(ToldOrder, eq=False):
    """An event, undecoded but for its kind, its time and what it tells of an order."""

    body: ToldOrder | str | None = field(name="o", default=None)
    """The order of a futures event."""
    made: int | list[msgspec.Raw] | None = field(name="O", default=None)
    """When the order of a Spot event was made."""
    unit: Any = field(name="fs", default=None)
    """Which of the account's futures it is about: portfolio margin alone says so."""
    # No members of an event: what stands under these names in one is overwritten.
    data: Any = field(name=" data", default=b"")
    """The event's bytes, or msgspec's ``Raw``."""
    _fields: Any = field(name=" fields", default=None)

    @property
    def order(self) -> ToldOrder | None:
        """What it tells of an order that can be known by symbol and id."""
        told: ToldOrder = self
        if self.kind != "executionReport":
            body = self.body
            if self.kind != "ORDER_TRADE_UPDATE" or not isinstance(body, ToldOrder):
                return None
            told = body
        return told if told.symbol and not isinstance(told.order_id, str) else None

    @property
    def algo_order(self) -> ToldOrder | None:
        """What it tells of an order of the algo service; ``None`` when it tells of none."""
        body = self._algo
        if body is None:
            return None
        named = {**body, "i": body.get("aid"), "c": body.get("caid"), "T": self.updated}
        told = ToldOrder(**_told(named))
        return None if not told.symbol or isinstance(told.order_id, str) else told

    @property
    def placed_by_algo(self) -> tuple[str, object]:
        """The symbol and the id of the order that an algo order has placed; both empty where none has."""
        body = self._algo
        return ("", "") if body is None else (text(body.get("s")) or "", body.get("ai"))

    @property
    def _algo(self) -> dict[str, Any] | None:
        fields = (self.fields if self.kind == "ALGO_UPDATE" else None) or {}
        body = fields.get("ao", fields.get("o"))  # portfolio margin has another name for it
        return body if isinstance(body, dict) else None

    @property
    def made_us(self) -> int:
        """When its order was made, epoch microseconds; 0 where it does not tell: only Spot's do."""
        made = self.made if self.kind == "executionReport" else None
        return micros(made) if isinstance(made, int) else 0

    @property
    def fields(self) -> dict[str, Any] | None:
        """All it tells, as a wire dict; ``None`` where that cannot be read. Not to be changed."""
        if self._fields is None:
            self._fields = _fields_of(self.data) or False
        return self._fields or None


_decode = msgspec.json.Decoder(RawEvent).decode
_decode_any = msgspec.json.Decoder().decode


def raw_event(data: bytes | str | msgspec.Raw) -> RawEvent:
    """Return the event in these bytes; of what is none, one without a kind."""
    try:
        event = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        event = _leniently(data)
    event.data = data
    event._fields = None
    return event


def _fields_of(data: bytes | str | msgspec.Raw) -> dict[str, Any] | None:
    try:
        fields = _decode_any(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return fields if isinstance(fields, dict) else None


def _leniently(data: bytes | str | msgspec.Raw) -> RawEvent:
    """Read an event member by member: one of another form costs itself alone."""
    fields = _fields_of(data) or {}
    body = fields.get("o")
    return RawEvent(
        **_told(fields),
        kind=text(fields.get("e")) or "",
        time=whole_number(fields.get("E")) or 0,
        body=ToldOrder(**_told(body)) if isinstance(body, dict) else None,
        made=whole_number(fields.get("O")),
        unit=fields.get("fs"),
    )


def _told(order: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "symbol": text(order.get("s")) or "",
        "order_id": "" if (order_id := whole_number(order.get("i"))) is None else order_id,
        "client_order_id": text(order.get("c")),
        "status": text(order.get("X")),
        "execution": text(order.get("x")),
        "trade_id": whole_number(order.get("t")),
        "price": _number_text(order.get("p")),
        "quantity": _number_text(order.get("q")),
        "filled_now": _number_text(order.get("l")),
        "filled": _number_text(order.get("z")),
        "updated": whole_number(order.get("T")),
    }


def _number_text(value: object) -> str | None:
    return str(value) if isinstance(value, (str, int, float)) else None
