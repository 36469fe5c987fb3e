"""What the REST API of futures tells of the past: public trades, and those of the account."""

from __future__ import annotations

from decimal import Decimal

from msgspec import field

from binance_wsapi.models.base import Model
from binance_wsapi.models.enums import Side
from binance_wsapi.models.futures_enums import PositionSide

__all__ = ["FuturesAccountTrade", "FuturesTrade"]


class FuturesTrade(Model, gc=False):
    """A trade between two orders of a contract."""

    trade_id: int = field(name="id")
    """Its number."""
    price: Decimal
    """Price in quote asset units."""
    quantity: Decimal = field(name="qty")
    """Amount: in base asset units on USD-M, in contracts on COIN-M."""
    quote_quantity: Decimal | None = field(name="quoteQty", default=None)
    """Amount in quote asset units; USD-M alone."""
    base_quantity: Decimal | None = field(name="baseQty", default=None)
    """Amount in base asset units; COIN-M alone."""
    time: int | None
    """When, epoch ms."""
    is_buyer_maker: bool
    """Whether the buyer's order was resting: the seller took it."""


class FuturesAccountTrade(Model, gc=False):
    """A trade of an own order."""

    symbol: str
    """The contract."""
    pair: str | None = None
    """The pair of the contract; COIN-M alone."""
    trade_id: int = field(name="id")
    """Its number."""
    order_id: int
    """The order."""
    side: Side
    """Which way the order went."""
    position_side: PositionSide | None = None
    """The position it belongs to."""
    price: Decimal
    """Price in quote asset units."""
    quantity: Decimal = field(name="qty")
    """Amount: in base asset units on USD-M, in contracts on COIN-M."""
    quote_quantity: Decimal | None = field(name="quoteQty", default=None)
    """Amount in quote asset units; USD-M alone."""
    base_quantity: Decimal | None = field(name="baseQty", default=None)
    """Amount in base asset units; COIN-M alone."""
    realized_profit: Decimal | None = field(name="realizedPnl", default=None)
    """Profit this trade realized."""
    commission: Decimal | None
    """What it cost."""
    commission_asset: str | None
    """The asset of the commission."""
    margin_asset: str | None = None
    """The asset of its margin; COIN-M alone."""
    time: int | None
    """When, epoch ms."""
    is_buyer: bool = field(name="buyer")
    """Whether the account bought."""
    is_maker: bool | None = field(name="maker")
    """Whether the order was resting."""
