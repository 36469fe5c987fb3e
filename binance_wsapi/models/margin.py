"""The token that margin user data is read with, and the accounts of margin and portfolio margin as REST shows them."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from msgspec import field

from binance_wsapi.models.base import Model
from binance_wsapi.models.futures_enums import PositionSide
from binance_wsapi.models.rows import Rows, RowsOf, holds_rows

__all__ = [
    "IsolatedMarginAccount",
    "IsolatedMarginPair",
    "ListenToken",
    "MarginAccount",
    "MarginAsset",
    "PortfolioBalance",
    "PortfolioBalances",
    "PortfolioFuturesAccount",
    "PortfolioFuturesAsset",
    "PortfolioFuturesPosition",
]


class ListenToken(Model):
    """A token that subscribes the user data of one margin account."""

    token: str
    """The token; whoever has it can read the account's user data."""
    expiration_time: int
    """When it ends, epoch ms."""


class MarginAsset(Model):
    """What a margin account has of an asset, and owes."""

    named_by: ClassVar[tuple[str, ...]] = ("asset",)

    asset: str
    """The asset."""
    free: Decimal
    """Free to be used."""
    locked: Decimal
    """Held for open orders."""
    borrowed: Decimal | None
    """Owed."""
    interest: Decimal | None
    """Owed on top of it."""
    net_asset: Decimal | None
    """What would be left if all was paid back."""


@holds_rows(user_assets=MarginAsset)
class MarginAccount(Model):
    """The cross margin account, as ``GET /sapi/v1/margin/account`` shows it."""

    margin_level: Decimal | None
    """Assets divided by debts."""
    collateral_margin_level: Decimal | None = None
    """The same, reckoned with collateral rates."""
    total_asset_of_btc: Decimal | None
    """All assets, in BTC."""
    total_liability_of_btc: Decimal | None
    """All debts, in BTC."""
    total_net_asset_of_btc: Decimal | None
    """What would be left, in BTC."""
    user_assets: RowsOf[MarginAsset] = field(default_factory=Rows[MarginAsset])
    """The assets."""


class IsolatedMarginPair(Model):
    """The isolated margin account of one symbol."""

    named_by: ClassVar[tuple[str, ...]] = ("symbol",)

    symbol: str
    """The symbol."""
    base_asset: MarginAsset
    """What it has of the base asset."""
    quote_asset: MarginAsset
    """What it has of the quote asset."""
    margin_level: Decimal | None = None
    """Assets divided by debts."""


@holds_rows(assets=IsolatedMarginPair)
class IsolatedMarginAccount(Model):
    """Isolated margin accounts, as ``GET /sapi/v1/margin/isolated/account`` shows them."""

    assets: RowsOf[IsolatedMarginPair] = field(default_factory=Rows[IsolatedMarginPair])
    """The accounts, by symbol."""


class PortfolioFuturesAsset(Model):
    """What a portfolio margin account has of an asset in one of its futures wallets."""

    named_by: ClassVar[tuple[str, ...]] = ("asset",)

    asset: str
    """The asset."""
    cross_wallet_balance: Decimal | None
    """Wallet balance."""
    cross_unrealized_profit: Decimal | None = field(name="crossUnPnl")
    """Profit of open positions at the mark price."""


class PortfolioFuturesPosition(Model):
    """A futures position of a portfolio margin account."""

    named_by: ClassVar[tuple[str, ...]] = ("symbol", "position_side")

    symbol: str
    """The symbol."""
    position_side: PositionSide
    """Which position of the symbol this is."""
    position_amount: Decimal = field(name="positionAmt")
    """Size; below zero when short."""
    entry_price: Decimal | None
    """Mean price it was entered at."""
    unrealized_profit: Decimal | None
    """Profit at the mark price."""


@holds_rows(assets=PortfolioFuturesAsset, positions=PortfolioFuturesPosition)
class PortfolioFuturesAccount(Model):
    """One of the futures of a portfolio margin account, as ``GET /papi/v1/um/account`` shows it."""

    assets: RowsOf[PortfolioFuturesAsset] = field(default_factory=Rows[PortfolioFuturesAsset])
    """What it has."""
    positions: RowsOf[PortfolioFuturesPosition] = field(
        default_factory=Rows[PortfolioFuturesPosition]
    )
    """Its positions."""


class PortfolioBalance(Model):
    """What a portfolio margin account has of an asset in all its wallets."""

    named_by: ClassVar[tuple[str, ...]] = ("asset",)

    asset: str
    """The asset."""
    total_wallet_balance: Decimal | None
    """In all wallets."""
    cross_margin_free: Decimal | None
    """Free to be used on margin."""
    cross_margin_locked: Decimal | None
    """Held for open margin orders."""
    cross_margin_borrowed: Decimal | None
    """Owed."""
    cross_margin_interest: Decimal | None
    """Owed on top of it."""
    um_wallet_balance: Decimal | None
    """In the USD-M wallet."""
    cm_wallet_balance: Decimal | None
    """In the COIN-M wallet."""


@holds_rows(balances=PortfolioBalance)
class PortfolioBalances(Model):
    """The balances of a portfolio margin account, as ``GET /papi/v1/balance`` lists them."""

    balances: RowsOf[PortfolioBalance] = field(default_factory=Rows[PortfolioBalance])
    """The assets."""
