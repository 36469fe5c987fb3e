"""Where a market maker quotes: the prices and sizes of its orders around the middle of the market."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from random import Random

from binance_wsapi.simulator.spot.symbols import SymbolSpec

__all__ = ["Ladder", "Quote"]

CLOSE_LEVELS = 20
CLOSE_STEP = Decimal("0.00005")
"""Distance between close levels, as a part of the price."""
DEEP_STEP = Decimal("0.005")
DEEP_LEVELS = ((2, 100_000), (6, 200_000), (20, 1_000_000))
"""Distance in deep steps, and size in least notionals: they keep the book from ever being empty."""
FALLBACK_NOTIONAL = Decimal(5)


@dataclass(frozen=True, slots=True)
class Quote:
    """One level a maker wants in the book."""

    side: str
    price: Decimal
    is_deep: bool
    distance: int
    """Steps from the middle, 0 for the best level."""
    least_notionals: int = 0
    """Size of a deep level, in least notionals."""


class Ladder:
    """The levels of one symbol.

    Prices lie on a grid that does not move with the middle, so that a small move touches only the levels
    at the ends.

    Args:
        spec: The symbol; its ``start_price`` sets the scale.
    """

    def __init__(self, spec: SymbolSpec) -> None:
        self.spec = spec
        self._tick = spec.tick_size
        self._step = self._in_ticks(spec.start_price * CLOSE_STEP)
        self._deep_step = self._in_ticks(spec.start_price * DEEP_STEP)
        self._least = _limit(spec, "NOTIONAL", "minNotional") or (
            _limit(spec, "MIN_NOTIONAL", "minNotional") or FALLBACK_NOTIONAL
        )
        self._most_notional = _limit(spec, "NOTIONAL", "maxNotional")
        self._most = _limit(spec, "LOT_SIZE", "maxQty")
        self._lowest = _limit(spec, "PRICE_FILTER", "minPrice") or self._tick
        self._highest = _limit(spec, "PRICE_FILTER", "maxPrice")

    def on_tick(self, price: Decimal) -> Decimal:
        """Return the price nearest to ``price`` that the symbol allows."""
        return (price / self._tick).to_integral_value(ROUND_HALF_EVEN) * self._tick

    def quotes(self, middle: Decimal) -> Iterator[Quote]:
        """Return all levels around a middle price, best first, none on the middle itself."""
        for side, sign, rounding in (("BUY", -1, ROUND_FLOOR), ("SELL", 1, ROUND_CEILING)):
            first = (middle / self._step).to_integral_value(rounding) * self._step
            if first == middle:
                first += sign * self._step
            for distance in range(CLOSE_LEVELS):
                price = first + sign * distance * self._step
                if self._is_allowed(price):
                    yield Quote(side, price, is_deep=False, distance=distance)
            coarse = (middle / self._deep_step).to_integral_value(rounding) * self._deep_step
            for steps, size in DEEP_LEVELS:
                price = coarse + sign * steps * self._deep_step
                if self._is_allowed(price):
                    yield Quote(side, price, is_deep=True, distance=steps, least_notionals=size)

    def quantity(self, quote: Quote, rng: Random) -> Decimal:
        """Return how much to quote on a level: more the farther it is from the middle."""
        if quote.is_deep:
            notional = self._least * quote.least_notionals
        else:
            notional = self._least * rng.randint(100, 1_000) * (2 + quote.distance) / 2
        if self._most_notional is not None:
            notional = min(notional, self._most_notional)
        quantity = notional / quote.price
        if self._most is not None:
            quantity = min(quantity, self._most)
        return self.on_step(quantity)

    def worth(self, notionals: int, price: Decimal) -> Decimal:
        """Return the quantity whose value is so many least notionals."""
        return self.on_step(self._least * notionals / price)

    def on_step(self, quantity: Decimal) -> Decimal:
        """Return ``quantity`` cut to the symbol's step."""
        step = self.spec.step_size
        return (quantity / step).to_integral_value(ROUND_FLOOR) * step

    def is_worth_an_order(self, quantity: Decimal, price: Decimal) -> bool:
        """Whether the symbol's filters allow an order of this size."""
        return quantity >= self.spec.step_size and quantity * price >= self._least

    def _in_ticks(self, distance: Decimal) -> Decimal:
        return max(self._tick, self.on_tick(distance))

    def _is_allowed(self, price: Decimal) -> bool:
        return price >= self._lowest and (self._highest is None or price <= self._highest)


def _limit(spec: SymbolSpec, filter_type: str, name: str) -> Decimal | None:
    """Return a bound that a filter sets, ``None`` when it sets none."""
    values = spec.filter(filter_type) or {}
    bound: Decimal | None = values.get(name)
    return bound or None
