"""What accounts hold of each contract together, now and as it was."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Generic, TypeVar

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.market_data.intervals import MINUTE

if TYPE_CHECKING:
    from binance_wsapi.simulator.futures.accounts import FuturesAccount

__all__ = ["Holdings", "HoldingsLog"]

T = TypeVar("T")

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


class _Steps(Generic[T]):
    """What changes, as it is and as it was at the end of each step of time; steps without a change are left out."""

    __slots__ = ("_past", "_step", "_steps", "now")

    def __init__(self, first: T) -> None:
        self.now = first
        self._step = 0
        """The step in which ``now`` came about."""
        self._steps: list[int] = []
        self._past: list[T] = []

    def change(self, step: int, value: T) -> None:
        if step > self._step:
            if self._step:
                self._steps.append(self._step)
                self._past.append(self.now)
                forgotten = bisect_left(self._steps, step - KEPT_STEPS)
                del self._steps[:forgotten], self._past[:forgotten]
            self._step = step
        self.now = value

    def before(self, step: int, first: T) -> T:
        """Return what was at the end of the step before; ``first`` when nothing had changed by then."""
        if self._step < step:
            return self.now
        place = bisect_left(self._steps, step)
        return self._past[place - 1] if place else first


class HoldingsLog:
    """Follows every position that a trade moves; past holdings are kept for a month, by steps of five minutes.

    Args:
        clock: Time of the exchange.
    """

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._totals: dict[str, _Steps[Holdings]] = {}
        self._nets: dict[str, dict[int, _Steps[Decimal]]] = {}
        """By symbol and uid."""

    def moved(
        self, account: FuturesAccount, contract: Contract, before: Decimal, after: Decimal
    ) -> None:
        """Take note that the amount of an account's position changed."""
        total = self._totals.setdefault(contract.symbol, _Steps(Holdings()))
        step = self._clock.now_us() // STEP
        counts = 0 if account.is_house else 1
        held = total.now
        total.change(
            step,
            Holdings(
                held.open_interest + max(ZERO, after) - max(ZERO, before),
                held.longs + counts * ((after > 0) - (before > 0)),
                held.shorts + counts * ((after < 0) - (before < 0)),
            ),
        )
        if not account.is_house:
            nets = self._nets.setdefault(contract.symbol, {})
            net = nets.setdefault(account.uid, _Steps(ZERO))
            net.change(step, net.now + after - before)

    def now(self, contract: Contract) -> Holdings:
        """Return what is held now."""
        total = self._totals.get(contract.symbol)
        return Holdings() if total is None else total.now

    def at(self, contract: Contract, moment_us: int) -> Holdings:
        """Return what was held at a moment, the beginning of a step of five minutes."""
        total = self._totals.get(contract.symbol)
        return Holdings() if total is None else total.before(moment_us // STEP, Holdings())

    def net_at(self, contract: Contract, uid: int, moment_us: int) -> Decimal:
        """Return an account's long position less its short one at such a moment."""
        net = self._nets.get(contract.symbol, {}).get(uid)
        return ZERO if net is None else net.before(moment_us // STEP, ZERO)
