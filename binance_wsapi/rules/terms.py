"""An order as its rules look at it, and the names its parameters go by."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

__all__ = ["OrderTerms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTerms:
    """One order, or one leg of an order list; ``None`` stands for what it does not give."""

    side: str | None = None
    """``BUY`` or ``SELL``; ``None`` where the request does not say."""
    type: str | None = None
    """The order type; ``None`` where the request does not say."""
    names_type: bool = True
    """The request says of which type it is, and may be wrong about it."""
    price: Decimal | None = None
    """The limit price."""
    quantity: Decimal | None = None
    """The quantity, in base asset units (contracts on COIN-M)."""
    quote_order_qty: Decimal | None = None
    """What a MARKET order spends or receives, in quote asset units."""
    stop_price: Decimal | None = None
    """The price that triggers it, or from which a trailing order follows."""
    iceberg_qty: Decimal | None = None
    """The visible part of the quantity."""
    trailing_delta: int | None = None
    """The trailing distance, in basis points."""
    only_closes: bool = False
    """It can only make a position smaller, which frees it from the least notional on futures."""
    names: dict[str, str] = field(default_factory=dict[str, str])
    """What the request calls these parameters, where it is not as here."""

    def name(self, parameter: str) -> str:
        """Return what the request calls a parameter."""
        return self.names.get(parameter, parameter)
