"""Leverage brackets: the larger a position, the less leverage it may have, and the more margin it must keep."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

__all__ = ["Bracket", "Brackets", "brackets_of"]

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Bracket:
    """Positions of one range of value, in the margin asset."""

    number: int
    max_leverage: int
    floor: Decimal
    cap: Decimal
    maintenance_rate: Decimal
    cumulative: Decimal
    """What the lower brackets ask less than this one's rate: taken off, the margin grows without a step."""

    def maintenance_margin(self, notional: Decimal) -> Decimal:
        """Return the margin that a position of this value must keep; it has no sign."""
        return notional * self.maintenance_rate - self.cumulative


@dataclass(frozen=True, slots=True)
class Brackets:
    """The brackets of a contract, the smallest positions first."""

    rows: tuple[Bracket, ...]

    @property
    def max_leverage(self) -> int:
        """The highest leverage that can be set."""
        return self.rows[0].max_leverage

    def of(self, notional: Decimal) -> Bracket:
        """Return the bracket of a value without sign; what passes all of them is in the last one."""
        for row in self.rows:
            if notional <= row.cap:
                return row
        return self.rows[-1]

    def max_notional(self, leverage: int) -> Decimal:
        """Return the largest value that a position may have at a leverage."""
        return max(row.cap for row in self.rows if row.max_leverage >= leverage)

    def maintenance_margin(self, notional: Decimal) -> Decimal:
        """Return the margin that a position of this value must keep."""
        return self.of(notional).maintenance_margin(notional)


def brackets_of(*rows: tuple[int, str, str], unit: int = 1) -> Brackets:
    """Return brackets from leverage, cap and maintenance rate of each.

    Args:
        rows: Of each bracket, the smallest positions first.
        unit: What the caps are multiplied by.
    """
    found: list[Bracket] = []
    floor, rate_below, cumulative = ZERO, ZERO, ZERO
    for number, (leverage, cap_text, rate_text) in enumerate(rows, start=1):
        rate, cap = Decimal(rate_text), Decimal(cap_text) * unit
        cumulative += floor * (rate - rate_below)
        found.append(Bracket(number, leverage, floor, cap, rate, cumulative))
        floor, rate_below = cap, rate
    return Brackets(tuple(found))
