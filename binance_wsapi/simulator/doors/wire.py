"""What goes on the wire: timestamps in the unit the connection asked for, decimals as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import cast

import msgspec

__all__ = ["Micros", "encode", "to_micros"]

_FIRST_MICROSECOND_VALUE = 10**14
_json = msgspec.json.Encoder()


class Micros:
    """A timestamp in a payload, in microseconds.

    It leaves as milliseconds, or as microseconds on a connection opened with ``timeUnit=MICROSECOND``.
    """

    __slots__ = ("us",)

    def __init__(self, us: int) -> None:
        self.us = us

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Micros) and other.us == self.us

    def __hash__(self) -> int:
        return hash(self.us)

    def __repr__(self) -> str:
        return f"Micros({self.us})"


def encode(payload: object, *, microseconds: bool) -> bytes:
    """Return the JSON text of ``payload``: ``Decimal`` as plain text with its own number of places."""
    return _json.encode(plain(payload, microseconds=microseconds))


def plain(payload: object, *, microseconds: bool) -> object:
    """Return ``payload`` with every :class:`Micros` and ``Decimal`` replaced by what the wire carries."""
    kind = type(payload)
    if kind is str or kind is int or kind is bool or payload is None:
        return payload
    if kind is Decimal:
        # str() would write 0E-8 for a zero with eight places.
        return format(payload, "f")
    if isinstance(payload, dict):
        fields = cast("dict[str, object]", payload)
        return {key: plain(value, microseconds=microseconds) for key, value in fields.items()}
    if isinstance(payload, list | tuple):
        items = cast("Sequence[object]", payload)
        return [plain(value, microseconds=microseconds) for value in items]
    if isinstance(payload, Micros):
        return payload.us if microseconds else payload.us // 1_000
    return payload


def to_micros(timestamp: int) -> int:
    """Return a timestamp parameter in microseconds: requests may carry milliseconds or microseconds."""
    return timestamp if timestamp >= _FIRST_MICROSECOND_VALUE else timestamp * 1_000
