"""A market that moves by itself: a seeded random walk with depth and trades."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import partial
from random import Random
from typing import Protocol

from binance_wsapi.simulator.clock import ScheduledCall, SimulatedClock

__all__ = ["QuotingMaker", "RandomMarket"]

MICROSECONDS = 1_000_000
BASIS_POINT = Decimal("0.0001")
MOST_STEPS_BEHIND = 2
"""A market that is further behind its clock leaves out what it missed: who asks the exchange waits meanwhile."""
LEAST_PART = Decimal("0.2")
"""The walk turns back at a fifth and at five times the price it began with."""


class QuotingMaker(Protocol):
    """A market maker of any market, as far as a walk needs it."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """Where it quotes."""
        ...

    def middle(self, symbol: str) -> Decimal:
        """Return the price around which a symbol is quoted."""
        ...

    def move_to(self, symbol: str, price: Decimal) -> None:
        """Quote a symbol around another price from now on."""

    def size(self, symbol: str, notionals: int) -> Decimal:
        """Return the quantity that is worth this many units of value."""
        ...

    def take(self, symbol: str, side: str, quantity: Decimal) -> None:
        """Let the second account trade at the market's price."""


class RandomMarket:
    """Moves a market maker's prices and trades against its quotes.

    Each symbol has steps of its own, at random intervals around ``step_seconds``: the middle moves a little,
    then somebody takes a random amount, more often in the direction of the move. The same seed, clock and
    orders of others give the same market.

    Args:
        clock: The exchange's clock.
        maker: A started market maker; its second account does the taking.
        rng: The walk.
        symbols: What moves; all symbols of the maker when left out.
        step_seconds: Mean time between two steps of a symbol, in the exchange's time.
        volatility: Standard deviation of one step, in basis points of the price.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        maker: QuotingMaker,
        rng: Random,
        symbols: Iterable[str] | None = None,
        *,
        step_seconds: float = 0.5,
        volatility: int = 2,
    ) -> None:
        self._clock = clock
        self._maker = maker
        self._rng = rng
        self._step_seconds = step_seconds
        self._volatility = volatility
        names = maker.symbols if symbols is None else tuple(symbols)
        self._began_at = {name: maker.middle(name) for name in names}
        self._next: dict[str, ScheduledCall] = {}

    def start(self) -> None:
        """Begin to move."""
        now_us = self._clock.now_us()
        for symbol in self._began_at:
            self._plan(symbol, now_us)

    def stop(self) -> None:
        """Stand still; the book stays as it is."""
        for call in self._next.values():
            call.cancel()
        self._next.clear()

    def _plan(self, symbol: str, after_us: int) -> None:
        wait_us = max(1, round(self._rng.expovariate(1 / self._step_seconds) * MICROSECONDS))
        self._next[symbol] = self._clock.call_at(after_us + wait_us, partial(self._step, symbol))

    def _step(self, symbol: str) -> None:
        # From when it was due, not from now: by how much real time is late is no part of the seed.
        due_us = self._next[symbol].when_us
        behind_us = round(MOST_STEPS_BEHIND * self._step_seconds * MICROSECONDS)
        self._plan(symbol, max(due_us, self._clock.now_us() - behind_us))
        middle, began_at = self._maker.middle(symbol), self._began_at[symbol]
        # A whole number of thousandths of a basis point: prices never pass through a float.
        size = round(self._rng.gauss(0, self._volatility) * 1_000)
        moved = middle + middle * BASIS_POINT * size / 1_000
        moved = min(max(moved, began_at * LEAST_PART), began_at / LEAST_PART)
        self._maker.move_to(symbol, moved)
        leaning = 0.7 if size > 0 else 0.3
        side = "BUY" if self._rng.random() < leaning else "SELL"
        self._maker.take(symbol, side, self._maker.size(symbol, self._rng.randint(2, 400)))
