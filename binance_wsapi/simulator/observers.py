"""What the matching engine tells others, and what it asks of them.

The engine knows nothing of market data history, streams or rate limits. It announces trades and book
changes to its observers, asks a :class:`PriceSource` for averages and reference prices, and asks an
:class:`OrderCounter` for the account's unfilled orders. All calls happen on the exchange's thread, inside
the request that caused them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from binance_wsapi.simulator.accounts import Account

__all__ = ["MarketObserver", "OrderCounter", "PriceSource", "Trade"]


@dataclass(frozen=True, slots=True)
class Trade:
    """One execution between two orders of a symbol."""

    symbol: str
    trade_id: int
    """Rises from trade to trade of the symbol; what futures close off the book takes a number, too."""
    price: Decimal
    quantity: Decimal
    """In base asset units."""
    buyer_order_id: int
    seller_order_id: int
    buyer_is_maker: bool
    time_us: int
    is_best_match: bool = True
    value: Decimal | None = None
    """What it is worth where that is not price times quantity: the base asset of inverse contracts."""

    @property
    def quote_quantity(self) -> Decimal:
        """Price times quantity; of inverse contracts, their value in base asset."""
        return self.price * self.quantity if self.value is None else self.value


class MarketObserver(Protocol):
    """Told of each public change of a market."""

    def on_trade(self, trade: Trade) -> None:
        """A trade happened; its book changes follow as levels."""

    def on_level(
        self,
        symbol: str,
        side: str,
        price: Decimal,
        quantity: Decimal,
        update_id: int,
        time_us: int,
    ) -> None:
        """The visible total at a price changed.

        Args:
            symbol: The book's symbol.
            side: ``BUY`` for bids, ``SELL`` for asks.
            price: The level.
            quantity: New total in base asset units, zero when the level is gone.
            update_id: The book's update id of this change, rising by one.
            time_us: Exchange time.
        """

    def on_symbol(self, symbol: str) -> None:
        """Status or rules of a symbol changed."""


class PriceSource(Protocol):
    """Prices that are derived from the trades of a symbol."""

    def average_price(self, symbol: str, minutes: int) -> Decimal | None:
        """Return the volume weighted mean of the last minutes, ``None`` when nothing traded yet."""

    def last_price(self, symbol: str) -> Decimal | None:
        """Return the price of the last trade."""

    def reference_price(self, symbol: str) -> Decimal | None:
        """Return the reference price, ``None`` when the symbol has none."""


class OrderCounter(Protocol):
    """The accounts' unfilled order counts; the gateway's limiter is one."""

    def order_limits(self, account: Account) -> list[dict[str, Any]]:
        """Return the rows of ``account.rateLimits.orders``."""
        raise NotImplementedError

    def is_exceeded(self, account: Account, cost: int) -> bool:
        """Whether ``cost`` more orders would be too many for the account."""
        raise NotImplementedError

    def filled(self, account: Account, count: int) -> None:
        """Take ``count`` off the account's unfilled orders, never below zero.

        The engine calls it at the first fill of each order: 1 as taker, 5 as maker.
        """
