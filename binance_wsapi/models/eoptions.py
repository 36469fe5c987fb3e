"""Orders, fills and the account of options, as REST shows them."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from msgspec import field

from binance_wsapi.models.base import Model
from binance_wsapi.models.enums import OrderStatus, SelfTradePreventionMode, Side
from binance_wsapi.models.futures_enums import FuturesOrderType, FuturesTimeInForce
from binance_wsapi.models.rows import Rows, RowsOf, holds_rows

__all__ = [
    "OptionAccount",
    "OptionAccountTrade",
    "OptionAsset",
    "OptionGreeks",
    "OptionOrder",
    "OptionPosition",
]


class OptionOrder(Model):
    """An order for an option, as ``GET /eapi/v1/order`` shows it."""

    named_by: ClassVar[tuple[str, ...]] = ("client_order_id",)

    symbol: str
    """The symbol of the option."""
    order_id: int
    """The exchange's id."""
    client_order_id: str
    """Your id."""
    side: Side
    """Which way it goes."""
    type: FuturesOrderType
    """How it meets the book: ``LIMIT``."""
    status: OrderStatus
    """Where it stands; documents call an open one ``ACCEPTED`` as well as ``NEW``."""
    price: Decimal
    """Limit price."""
    quantity: Decimal
    """Ordered, in contracts."""
    executed_quantity: Decimal = field(name="executedQty")
    """Filled so far."""
    average_price: Decimal | None = field(name="avgPrice", default=None)
    """Mean price of its fills."""
    time_in_force: FuturesTimeInForce | None = None
    """How long it stays."""
    reduce_only: bool | None = None
    """Whether it may only make a position smaller."""
    post_only: bool | None = None
    """Whether it may only rest."""
    is_market_maker_protected: bool | None = field(name="mmp", default=None)
    """Whether market maker protection holds for it."""
    self_trade_prevention_mode: SelfTradePreventionMode | None = None
    """What happens when it meets another order of the account."""
    create_time: int | None = None
    """When it was placed, epoch ms."""
    update_time: int | None = None
    """When it changed last, epoch ms."""


class OptionAccountTrade(Model, gc=False):
    """A fill of an own order, as ``GET /eapi/v1/userTrades`` shows it."""

    symbol: str
    """The symbol of the option."""
    trade_id: int
    """Its number."""
    order_id: int
    """The order."""
    side: Side
    """Which way the order went."""
    price: Decimal
    """Price."""
    quantity: Decimal
    """Amount, in contracts."""
    fee: Decimal | None = None
    """What it brought: below zero is a fee."""
    realized_profit: Decimal | None = None
    """Profit it realized."""
    liquidity: str | None = None
    """``MAKER`` where the order was resting, or ``TAKER``."""
    time: int | None
    """When, epoch ms."""


class OptionAsset(Model):
    """What an options account has of a margin asset."""

    named_by: ClassVar[tuple[str, ...]] = ("asset",)

    asset: str
    """The asset."""
    margin_balance: Decimal | None
    """Wallet balance."""
    equity: Decimal | None
    """Wallet balance and value of the positions together."""
    available: Decimal | None
    """Free to be used."""
    initial_margin: Decimal | None
    """Margin that positions and orders hold."""
    maintenance_margin: Decimal | None = field(name="maintMargin")
    """Margin needed to keep the positions."""
    unrealized_profit: Decimal | None = field(name="unrealizedPNL")
    """Profit at the mark price."""
    adjusted_equity: Decimal | None = None
    """Equity as it counts for margin."""


class OptionGreeks(Model):
    """How the positions in all options on one underlying would change in value."""

    named_by: ClassVar[tuple[str, ...]] = ("underlying",)

    underlying: str
    """The underlying, such as ``BTCUSDT``."""
    delta: Decimal | None
    """Change for one unit more of the underlying's price."""
    gamma: Decimal | None
    """Change of delta for one unit more of the underlying's price."""
    theta: Decimal | None
    """Change in a day."""
    vega: Decimal | None
    """Change for one percent more of volatility."""


class OptionPosition(Model):
    """A position in an option, as ``GET /eapi/v1/position`` shows it."""

    named_by: ClassVar[tuple[str, ...]] = ("symbol",)

    symbol: str
    """The symbol of the option."""
    quantity: Decimal
    """Size, in contracts; below zero when sold."""
    side: str | None = None
    """``LONG`` or ``SHORT``."""
    entry_price: Decimal | None
    """Mean price it was entered at."""
    mark_price: Decimal | None = None
    """Mark price."""
    mark_value: Decimal | None = None
    """Value at the mark price."""
    unrealized_profit: Decimal | None = field(name="unrealizedPNL", default=None)
    """Profit at the mark price."""


@holds_rows(assets=OptionAsset, greeks=OptionGreeks, positions=OptionPosition)
class OptionAccount(Model):
    """An options account, as ``GET /eapi/v1/marginAccount`` and ``GET /eapi/v1/position`` show it."""

    assets: RowsOf[OptionAsset] = field(name="asset", default_factory=Rows[OptionAsset])
    """Its margin assets."""
    greeks: RowsOf[OptionGreeks] = field(name="greek", default_factory=Rows[OptionGreeks])
    """By underlying."""
    positions: RowsOf[OptionPosition] = field(default_factory=Rows[OptionPosition])
    """What it holds."""
    reduce_only: bool | None = None
    """Whether positions may only be made smaller."""
