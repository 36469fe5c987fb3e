"""What is told of an order that a trading rule refuses, or that was fitted to the rules."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

__all__ = ["Adjustment", "Violation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A trading rule that an order breaks."""

    filter: str
    """The filter, such as ``LOT_SIZE``; ``PRECISION`` and ``ORDER_TYPES`` for what is no filter."""
    rule: str
    """The part of it, as the exchange spells it, such as ``stepSize``."""
    parameter: str
    """The parameter that breaks it, as the method spells it."""
    value: Decimal | str
    """What was given for it."""
    bound: Decimal | tuple[str, ...]
    """What the rule asks for: the bound or the step (in units of the parameter, or of its worth), or the
    order types there are."""
    nearest: Decimal | None
    """The nearest value that fits all rules known of that parameter; ``None`` when there is none."""
    problem: str
    """What is wrong, in words that the bound completes."""

    def __str__(self) -> str:
        if isinstance(self.bound, tuple):
            bound = ", ".join(self.bound)
        else:
            bound = f"{self.bound:f} ({self.rule})"
        value = self.value if isinstance(self.value, str) else f"{self.value:f}"
        way_out = "" if self.nearest is None else f"; the nearest that fits is {self.nearest:f}"
        return f"{self.parameter}={value} breaks {self.filter}: it {self.problem} {bound}{way_out}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A value that was fitted to the rules of a symbol before the order was sent."""

    filter: str
    """The filter it was fitted to, such as ``LOT_SIZE``."""
    parameter: str
    """The parameter, as the method spells it."""
    given: Decimal
    """What was given for it."""
    sent: Decimal
    """What was sent instead."""

    def __str__(self) -> str:
        return f"{self.parameter}={self.given:f} was sent as {self.sent:f} ({self.filter})"
