"""Which numbers a rule allows: those between two bounds that are whole numbers of steps."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from binance_wsapi.rules.exact import (
    ZERO,
    common_step,
    plain,
    product,
    steps_in,
    total,
    within_step,
)

__all__ = ["Grid", "Rounding"]

Rounding: TypeAlias = Literal["down", "up", "nearest"]
"""Which way a number goes that lies between two steps; ``"nearest"`` goes up from the middle."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Bounds and step; a zero switches that part off, as it does at the exchange."""

    minimum: Decimal
    """Least value."""
    maximum: Decimal
    """Greatest value."""
    step: Decimal
    """Values are multiples of it."""

    @property
    def least(self) -> Decimal:
        """The least value that is allowed: what it costs to be above zero, where no minimum is set."""
        lowest = max(self.minimum, ZERO)
        if not self.step:
            return lowest
        count, has_rest = steps_in(lowest, self.step)
        return within_step(max(1, count + has_rest), self.step)

    def is_multiple(self, value: Decimal) -> bool:
        """Whether a value is a whole number of steps."""
        return not self.step or not steps_in(value, self.step)[1]

    def allows(self, value: Decimal) -> bool:
        """Whether a value is within the bounds and on the grid."""
        return (
            value > 0
            and value >= self.minimum
            and (not self.maximum or value <= self.maximum)
            and self.is_multiple(value)
        )

    def rounded(self, value: Decimal, rounding: Rounding) -> Decimal:
        """Return a value on the grid, whatever the bounds say of it."""
        if not self.step:
            return plain(value)
        count, has_rest = steps_in(value, self.step)
        if has_rest and rounding != "down":
            is_over_half = product(value, Decimal(2)) >= product(Decimal(2 * count + 1), self.step)
            count += rounding == "up" or is_over_half
        return within_step(count, self.step)

    def met_with(self, other: Grid) -> Grid:
        """Return what both allow."""
        maxima = [each for each in (self.maximum, other.maximum) if each]
        return Grid(
            max(self.minimum, other.minimum),
            min(maxima, default=ZERO),
            common_step(self.step, other.step),
        )

    def nearest(self, value: Decimal) -> Decimal | None:
        """Return the allowed value that is nearest, the lower of two; ``None`` when none is allowed."""
        lowest, highest = self.least, self.maximum
        is_bounded = bool(highest)
        highest = self.rounded(highest, "down")
        if is_bounded and highest < lowest:
            return None
        if value < lowest:
            return plain(lowest)
        if is_bounded and value > highest:
            return plain(highest)
        lower, upper = self.rounded(value, "down"), self.rounded(value, "up")
        if lower < lowest:
            return upper
        if is_bounded and upper > highest:
            return lower
        return upper if product(value, Decimal(2)) > total(lower, upper) else lower
