"""What every model is made of: frozen structs and enums that outlive the exchange's changes."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Any, Self

import msgspec

__all__ = ["Level", "Model", "OpenEnum"]


class Model(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A value the exchange sent: immutable, unknown fields ignored, absent fields ``None``."""


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


class Level(msgspec.Struct, frozen=True, array_like=True):
    """One price level of an order book.

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
