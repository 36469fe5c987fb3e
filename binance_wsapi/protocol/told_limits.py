"""The limits that the exchange tells: in its answers, and by its rules.

These structs stand apart from what reckons with them, because that may be compiled: msgspec takes the fields of
a struct from its class as Python makes it, and finds none in one that was compiled.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from binance_wsapi.models.base import Model

__all__ = ["LimitUsage", "RawJson", "ToldLimit", "told_limits"]

RawJson = Any
"""JSON that is not decoded: ``bytes`` or msgspec's ``Raw``, which is ``bytes`` to type checkers alone."""


class LimitUsage(Model, frozen=True, kw_only=False):
    """How far a limit is used up."""

    named_by: ClassVar[tuple[str, ...]] = ("rate_limit_type", "interval")

    rate_limit_type: str
    """``REQUEST_WEIGHT`` (per IP) or ``ORDERS`` (unfilled orders, per account)."""
    interval: str
    """Unit of the window: ``SECOND``, ``MINUTE``, ``HOUR``, ``DAY``."""
    interval_num: int
    """How many units the window lasts."""
    limit: int
    """Most that may be used in a window."""
    count: int
    """Used in the current window, counting what is under way."""
    resets_at_us: int
    """When the next window begins, in epoch microseconds, exchange time."""


class ToldLimit(msgspec.Struct, rename="camel", gc=False):
    """A limit, as an answer or the exchange's rules tell it."""

    rate_limit_type: str
    interval: str
    interval_num: int
    limit: int
    count: int | None = None
    """Used in the window; ``None`` where only the limit itself is told."""


_decode = msgspec.json.Decoder(list[ToldLimit]).decode


def told_limits(rate_limits: RawJson) -> list[ToldLimit]:
    """Decode limits; what cannot be read must not spoil the answer it came with."""
    try:
        return _decode(rate_limits)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
