"""What every model is made of: frozen structs, enums that outlive the exchange's changes, events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Self, TypeAlias, cast, dataclass_transform

import msgspec

from binance_wsapi.models.readable import Readable

__all__ = [
    "DecimalLike",
    "Event",
    "Level",
    "Model",
    "OpenEnum",
    "Timestamp",
    "UnknownEvent",
]

DecimalLike: TypeAlias = str | Decimal | int | float
"""What a decimal parameter takes; it reaches the exchange as plain decimal text."""

Timestamp: TypeAlias = int | datetime | date | str
"""What a time parameter takes: epoch ms or µs; a ``datetime`` that knows its time zone; a ``date``, which
begins at midnight UTC; or ISO text of either, such as ``2026-11-28`` or ``2026-11-28T12:00Z``."""


class ModelMeta(msgspec.StructMeta):
    """Makes every model frozen and keyword-only without saying so on each."""

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **config: Any
    ) -> Any:
        """Create the model with the settings of all models."""
        config.setdefault("frozen", True)
        config.setdefault("kw_only", True)
        return super().__new__(mcs, name, bases, namespace, **config)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Model(
    Readable,
    msgspec.Struct,
    metaclass=ModelMeta,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    rename="camel",
):
    """A value the exchange sent: immutable, unknown fields ignored, absent fields ``None``.

    Required is only what makes the thing what it is. A field that may be ``None`` and does not say when is
    always sent as far as the documents go: without it, or with another type, the rest is read all the
    same, and a warning is logged once.
    """


class OpenEnum(str, Enum):
    """An enum of strings that takes values the exchange adds later.

    A value not known here becomes a member of its own, equal to its text, so that decoding never
    breaks and comparisons keep working.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member: Self = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member

    def __str__(self) -> str:
        return str(self.value)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return type(self), (self.value,)


class Level(Readable, msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One price level of an order book: ``price, quantity = level``.

    The texts are kept as they came and become decimals when asked for: a book of 1,000 levels is
    decoded five times faster that way.
    """

    price_text: str
    """The price as the exchange wrote it."""
    quantity_text: str
    """The quantity as the exchange wrote it, in base asset units (contracts on COIN-M)."""

    @property
    def price(self) -> Decimal:
        """The price."""
        return Decimal(self.price_text)

    @property
    def quantity(self) -> Decimal:
        """The quantity, in base asset units (contracts on COIN-M)."""
        return Decimal(self.quantity_text)

    def __iter__(self) -> Iterator[Decimal]:
        yield self.price
        yield self.quantity


class Event(Model, dict=True, tag_field="e"):
    """News the exchange sent on its own: user data, or a market stream.

    Each kind is a subclass with the exchange's word for it as its tag.
    """

    time_index = "event_time"

    event_time: int | None = msgspec.field(name="E", default=None)
    """When the exchange made it, epoch ms (µs on Spot with ``time_unit="MICROSECOND"``); ``None`` where
    it does not say."""

    @property
    def event_type(self) -> str:
        """The exchange's word for the kind of event, such as ``executionReport``."""
        return str(self.__struct_config__.tag or "")

    @property
    def raw(self) -> Any:
        """The event as the exchange sent it: a wire dict, or a list of them for arrays.

        Decoded when asked for; an event that was not received is written as it would be sent.
        """
        frame = self.__dict__.get("frame")
        return (
            msgspec.to_builtins(self, str_keys=True)
            if frame is None
            else msgspec.json.decode(frame)
        )

    @property
    def stream(self) -> str | None:
        """The market stream it came from, such as ``btcusdt@trade``; ``None`` for user data."""
        stream: str | None = self.__dict__.get("stream_name")
        return stream

    def attach_frame(self, frame: bytes | msgspec.Raw, stream: str | None = None) -> Self:
        """Keep the bytes this event was decoded from, and the stream they came from."""
        known = self.__dict__
        known["frame"] = frame  # pyright: ignore[reportIndexIssue]
        known["stream_name"] = stream  # pyright: ignore[reportIndexIssue]
        return self

    # msgspec's own would leave behind what is no field.
    def __copy__(self) -> Self:
        copy: Any = getattr(super(), "__copy__")  # noqa: B009  (not in msgspec's stubs)
        made: Self = copy()
        vars(made).update(vars(self))
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        frame, stream = self.__dict__.get("frame"), self.__dict__.get("stream_name")
        make: Any
        fields: Any
        make, fields = super().__reduce__()  # type: ignore[str-unpack]  # as object's is typed
        return _restored, (make, fields, frame and bytes(frame), stream)


def _restored(make: Any, fields: tuple[Any, ...], frame: bytes | None, stream: str | None) -> Event:
    event: Event = make(*fields)
    return event if frame is None else event.attach_frame(frame, stream)


def is_json_of_another_form(error: Exception, frame: bytes | msgspec.Raw) -> bool:
    """Whether an error of decoding tells of a form, a number or a text, rather than of what is no JSON.

    Text that is no UTF-8 was Python's error up to msgspec 0.22, and is that of no JSON since.
    """
    if isinstance(error, (msgspec.ValidationError, UnicodeDecodeError)):
        return True
    try:
        bytes(frame).decode()
    except UnicodeDecodeError:
        return True
    return False


class UnknownEvent(Event):
    """An event this version does not know, or that lacks what makes it one: nothing is lost, see ``raw``."""

    problem: str
    """Why it could not be read as a kind of its own."""

    @property
    def raw(self) -> Any:
        """The event as the exchange sent it; its text, where a number or a text is none Python can hold."""
        try:
            return super().raw
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            frame = bytes(vars(self)["frame"])
            if not is_json_of_another_form(error, frame):
                raise
            return frame.decode(errors="replace")

    @property
    def event_type(self) -> str:
        """The exchange's word for the kind of event; empty where it has none."""
        raw = self.raw
        return str(cast("dict[str, Any]", raw).get("e", "")) if isinstance(raw, dict) else ""
