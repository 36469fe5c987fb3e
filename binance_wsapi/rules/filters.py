"""The filters of a symbol in one form for all markets; each says what it is called at the exchange."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from binance_wsapi.rules.grid import Grid

__all__ = ["Notional", "PercentPrice", "TrailingDelta"]


@dataclass(frozen=True, slots=True)
class PercentPrice:
    """How far a limit price may be from a reference price; ``None`` where a side has no such bound."""

    filter: str
    """``PERCENT_PRICE`` or ``PERCENT_PRICE_BY_SIDE``."""
    bid_up: Decimal | None
    """Greatest price of a buy order as a multiple of the reference price."""
    bid_down: Decimal | None
    """Least price of a buy order as a multiple of the reference price."""
    ask_up: Decimal | None
    """Greatest price of a sell order as a multiple of the reference price."""
    ask_down: Decimal | None
    """Least price of a sell order as a multiple of the reference price."""
    average_price_minutes: int | None
    """Minutes of the mean that the reference price is on Spot, 0 for the last price; ``None`` on futures,
    where it is the mark price."""

    def multipliers(self, side: str) -> tuple[Decimal | None, Decimal | None]:
        """Return the lower and the upper bound of a side."""
        return (self.bid_down, self.bid_up) if side == "BUY" else (self.ask_down, self.ask_up)


@dataclass(frozen=True, slots=True)
class Notional:
    """Bounds of price times quantity, in quote asset units; a zero switches that part off."""

    filter: str
    """``NOTIONAL`` or ``MIN_NOTIONAL``."""
    minimum: Decimal
    """Least value."""
    maximum: Decimal
    """Greatest value."""
    minimum_holds_for_market: bool
    """Whether the least holds for orders without a limit price, by the reference price."""
    maximum_holds_for_market: bool
    """Whether the greatest holds for orders without a limit price, by the reference price."""
    average_price_minutes: int | None
    """Minutes of the mean that the reference price is on Spot, 0 for the last price; ``None`` on futures."""


@dataclass(frozen=True, slots=True)
class TrailingDelta:
    """Bounds of trailing distances, in basis points."""

    above: Grid
    """Of stop loss buys and take profit sells."""
    below: Grid
    """Of stop loss sells and take profit buys."""
