"""The order book of one symbol: price levels in order, orders first come first served in each.

Finding the best price is O(1), reaching a level O(1), opening or closing one O(log n) comparisons. The
visible total of each level is kept as orders come and go, never summed up again.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from binance_wsapi.simulator.spot.orders import Order

__all__ = ["Book", "BookSide", "Level"]

ZERO = Decimal(0)


class Level:
    """All orders at one price of one side, oldest first."""

    __slots__ = ("orders", "price", "quantity")

    def __init__(self, price: Decimal) -> None:
        self.price = price
        self.quantity = ZERO
        """Visible total in base asset units: an iceberg counts with its displayed part."""
        self.orders: OrderedDict[int, Order] = OrderedDict()
        """By order id, in time priority."""


class BookSide:
    """The bids or the asks."""

    __slots__ = ("_prices", "is_bids", "levels")

    def __init__(self, *, is_bids: bool) -> None:
        self.is_bids = is_bids
        self.levels: dict[Decimal, Level] = {}
        self._prices: list[Decimal] = []

    def best(self) -> Decimal | None:
        """Return the best price, ``None`` when the side is empty."""
        if not self._prices:
            return None
        return self._prices[-1] if self.is_bids else self._prices[0]

    def nth_best(self, index: int) -> Decimal | None:
        """Return the price of the level ``index`` steps behind the best one."""
        if index >= len(self._prices):
            return None
        return self._prices[-1 - index] if self.is_bids else self._prices[index]

    def prices(self) -> Iterator[Decimal]:
        """Iterate over the prices, best first. The side must not change meanwhile."""
        return reversed(self._prices) if self.is_bids else iter(self._prices)

    def top(self, limit: int) -> list[tuple[Decimal, Decimal]]:
        """Return the best ``limit`` levels as (price, visible quantity), best first."""
        prices = self._prices[: -limit - 1 : -1] if self.is_bids else self._prices[:limit]
        levels = self.levels
        return [(price, levels[price].quantity) for price in prices]

    def quantity_at(self, price: Decimal) -> Decimal:
        """Return the visible total at a price, zero when there is no such level."""
        level = self.levels.get(price)
        return level.quantity if level is not None else ZERO

    def __len__(self) -> int:
        return len(self._prices)

    def open_level(self, price: Decimal) -> Level:
        """Return the level of a price, making it when it is new."""
        level = self.levels.get(price)
        if level is None:
            level = self.levels[price] = Level(price)
            insort(self._prices, price)
        return level

    def close_level(self, price: Decimal) -> None:
        """Forget the level of a price."""
        del self.levels[price]
        del self._prices[bisect_left(self._prices, price)]


class Book:
    """Both sides of one symbol. Only the engine changes it; anyone on its thread may read it."""

    __slots__ = ("asks", "bids", "last_update_id", "symbol")

    def __init__(self, symbol: str, last_update_id: int = 0) -> None:
        self.symbol = symbol
        self.bids = BookSide(is_bids=True)
        self.asks = BookSide(is_bids=False)
        self.last_update_id = last_update_id
        """Id of the last change; each change of a level's total adds one."""

    def side(self, side: str) -> BookSide:
        """Return the side on which orders of ``side`` (``BUY`` or ``SELL``) rest."""
        return self.bids if side == "BUY" else self.asks

    def opposite(self, side: str) -> BookSide:
        """Return the side that orders of ``side`` trade against."""
        return self.asks if side == "BUY" else self.bids

    def is_free_at(self, price: Decimal) -> bool:
        """Whether no order rests that a trade at this price would have met."""
        bid, ask = self.bids.best(), self.asks.best()
        return (bid is None or bid < price) and (ask is None or ask > price)
