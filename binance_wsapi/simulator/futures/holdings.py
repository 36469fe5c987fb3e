"""What accounts hold of each contract together, now and as it was."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from decimal import Decimal

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.market_data.intervals import MINUTE

__all__ = ["Holdings", "HoldingsLog"]

ZERO = Decimal(0)
STEP = 5 * MINUTE
KEPT_STEPS = 30 * 24 * 12


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is held of one contract."""

    open_interest: Decimal = ZERO
    """Sum of all long positions, which is that of all short ones."""
    longs: int = 0
    """How many accounts hold a long position; the house counts for nothing."""
    shorts: int = 0
    """How many hold a short one."""


@dataclass(slots=True)
class _Line:
    now: Holdings = Holdings()
    step: int = 0
    """The step of time in which ``now`` came about."""
    steps: list[int] = field(default_factory=list)
    past: list[Holdings] = field(default_factory=list)
    """What was held at the end of each of ``steps``, of which those without a change are left out."""


class HoldingsLog:
    """Follows every position that a trade moves; past holdings are kept for a month, by steps of five minutes.

    Args:
        clock: Time of the exchange.
    """

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._lines: dict[str, _Line] = {}

    def moved(self, contract: Contract, before: Decimal, after: Decimal, *, is_house: bool) -> None:
        """Take note that a position's amount changed."""
        line = self._lines.setdefault(contract.symbol, _Line())
        step = self._clock.now_us() // STEP
        if step > line.step:
            if line.step:
                line.steps.append(line.step)
                line.past.append(line.now)
                forgotten = bisect_left(line.steps, step - KEPT_STEPS)
                del line.steps[:forgotten], line.past[:forgotten]
            line.step = step
        counts = 0 if is_house else 1
        line.now = Holdings(
            line.now.open_interest + max(ZERO, after) - max(ZERO, before),
            line.now.longs + counts * ((after > 0) - (before > 0)),
            line.now.shorts + counts * ((after < 0) - (before < 0)),
        )

    def now(self, contract: Contract) -> Holdings:
        """Return what is held now."""
        line = self._lines.get(contract.symbol)
        return Holdings() if line is None else line.now

    def at(self, contract: Contract, moment_us: int) -> Holdings:
        """Return what was held at a moment, the beginning of a step of five minutes."""
        line, step = self._lines.get(contract.symbol), moment_us // STEP
        if line is None:
            return Holdings()
        if line.step < step:
            return line.now
        place = bisect_left(line.steps, step)
        return line.past[place - 1] if place else Holdings()
