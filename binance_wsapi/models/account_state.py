"""An account as it stands: what a live mirror of it shows at one moment.

Times are epoch milliseconds, or microseconds where the client was made with
``time_unit="MICROSECOND"``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from binance_wsapi.models.base import Model

__all__ = ["AccountSnapshot", "AssetBalance", "OpenPosition", "OrderFill", "OrderState"]


class OrderFill(Model):
    """One fill of an order."""

    trade_id: int
    """Number of the trade."""
    price: Decimal
    """Price of the fill."""
    quantity: Decimal
    """How much was filled, in base asset units (contracts on COIN-M)."""
    commission: Decimal | None = None
    """What it cost; ``None`` when the exchange did not say."""
    commission_asset: str | None = None
    """The asset of the commission."""
    is_maker: bool | None = None
    """Whether the order was the resting side."""
    time: int | None = None
    """When it was."""


class OrderState(Model):
    """An order as it stands."""

    symbol: str
    """Trading symbol."""
    order_id: int
    """The exchange's id."""
    client_order_id: str
    """Your id: the one it goes by, or went by before a cancel gave it another."""
    side: str
    """``BUY`` or ``SELL``."""
    type: str
    """Order type."""
    status: str
    """The exchange's word; ``UNKNOWN`` when it is not open any more and the exchange does not tell why."""
    price: Decimal
    """Limit price; zero for orders without one."""
    quantity: Decimal
    """How much was ordered, in base asset units (contracts on COIN-M)."""
    executed_quantity: Decimal
    """How much of it is filled."""
    average_price: Decimal | None
    """What the fills cost on average; ``None`` without a fill."""
    is_done: bool
    """Whether it can change no more."""
    stop_price: Decimal | None = None
    """Trigger price; zero or ``None`` when there is none."""
    time_in_force: str | None = None
    """How long it stays."""
    position_side: str | None = None
    """The position it belongs to (futures)."""
    time: int | None = None
    """When it was placed, where the exchange says."""
    update_time: int | None = None
    """When it changed last."""
    fills: tuple[OrderFill, ...] = ()
    """Its fills as far as they are known, oldest first; see :attr:`has_all_fills`."""

    @property
    def is_filled(self) -> bool:
        """Whether all of it is filled."""
        return self.status == "FILLED"

    @property
    def remaining_quantity(self) -> Decimal:
        """How much of it is not filled."""
        return max(Decimal(0), self.quantity - self.executed_quantity)

    @property
    def has_all_fills(self) -> bool:
        """Whether :attr:`fills` lists all that is filled.

        What no event told is asked for; not yet where that was refused, or is still to come.
        """
        return sum((each.quantity for each in self.fills), Decimal(0)) == self.executed_quantity

    @property
    def fees(self) -> Mapping[str, Decimal]:
        """What the fills that are known cost, by asset."""
        fees: defaultdict[str, Decimal] = defaultdict(Decimal)
        for fill in self.fills:
            if fill.commission_asset and fill.commission is not None:
                fees[fill.commission_asset] += fill.commission
        return dict(fees)


class AssetBalance(Model):
    """What the account has of an asset: free and locked on Spot, wallets on futures."""

    asset: str
    """The asset."""
    free: Decimal | None = None
    """Free to be used (Spot)."""
    locked: Decimal | None = None
    """Held for open orders (Spot)."""
    wallet_balance: Decimal | None = None
    """What is in the wallet, without the profit of open positions (futures)."""
    cross_wallet_balance: Decimal | None = None
    """The part of it that is not set aside for isolated positions (futures)."""

    @property
    def total(self) -> Decimal:
        """All of it."""
        if self.wallet_balance is not None:
            return self.wallet_balance
        return (self.free or Decimal(0)) + (self.locked or Decimal(0))


class OpenPosition(Model):
    """A futures position that is not flat."""

    symbol: str
    """The contract."""
    position_side: str
    """``BOTH``, ``LONG`` or ``SHORT``."""
    amount: Decimal
    """How much, negative when short, in base asset units (contracts on COIN-M)."""
    entry_price: Decimal | None
    """What it was entered at, on average; ``None`` when the exchange did not say."""


class AccountSnapshot(Model):
    """The account at one moment."""

    open_orders: tuple[OrderState, ...]
    """The open orders, in the order they became known."""
    balances: dict[str, AssetBalance]
    """What it has, by asset; assets it has nothing of are left out."""
    positions: tuple[OpenPosition, ...] = ()
    """Positions that are not flat (futures)."""
