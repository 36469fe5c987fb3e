"""What the exchange tells about an options account as it happens.

Amounts are in USDT and quantities in contracts. Times are epoch milliseconds.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import ClassVar, TypeAlias, get_args

from msgspec import Raw, field

from binance_wsapi.models._event_decoder import EventDecoder
from binance_wsapi.models.base import Event, Model, OpenEnum, UnknownEvent
from binance_wsapi.models.enums import OrderStatus, SelfTradePreventionMode, Side
from binance_wsapi.models.futures_enums import (
    FuturesExecutionType,
    FuturesOrderType,
    FuturesTimeInForce,
)
from binance_wsapi.models.futures_events import ListenKeyExpired
from binance_wsapi.models.rows import RowsOf, holds_rows

__all__ = [
    "EoptionsUserEvent",
    "OptionAccountUpdate",
    "OptionBalancePositionUpdate",
    "OptionBalanceReason",
    "OptionGreekUpdate",
    "OptionOrderUpdate",
    "OptionRiskLevel",
    "OptionRiskLevelChange",
    "UpdatedOptionBalance",
    "UpdatedOptionGreeks",
    "UpdatedOptionOrder",
    "UpdatedOptionPosition",
    "decode_eoptions_event",
]


class OptionBalanceReason(OpenEnum):
    """Why balances or positions of an options account changed."""

    DEPOSIT = "DEPOSIT"
    WITHDRAW = "WITHDRAW"
    ORDER = "ORDER"


class OptionRiskLevel(OpenEnum):
    """What an options account may do; told to VIP and market maker accounts."""

    NORMAL = "NORMAL"
    REDUCE_ONLY = "REDUCE_ONLY"
    """Its margin balance is below its maintenance margin: it may make positions smaller alone."""


class UpdatedOptionOrder(Model):
    """An order for an option after a change."""

    symbol: str = field(name="s")
    """The symbol of the option."""
    client_order_id: str = field(name="c")
    """Your id; ``autoclose-…`` for liquidations, ``adl_autoclose`` for auto-deleveraging."""
    side: Side = field(name="S")
    """Which way it goes."""
    type: FuturesOrderType = field(name="o")
    """How it meets the book: ``LIMIT``."""
    time_in_force: FuturesTimeInForce | None = field(name="f")
    """How long it stays."""
    quantity: Decimal = field(name="q")
    """Ordered, in contracts."""
    price: Decimal = field(name="p")
    """Limit price."""
    average_price: Decimal | None = field(name="ap")
    """Mean price of its fills; zero before the first."""
    execution_type: FuturesExecutionType = field(name="x")
    """What happened."""
    status: OrderStatus = field(name="X")
    """Where it stands now."""
    order_id: int = field(name="i")
    """The exchange's id."""
    last_executed_quantity: Decimal = field(name="l")
    """Filled by this event alone; zero when it is no trade."""
    executed_quantity: Decimal = field(name="z")
    """Filled so far."""
    last_executed_price: Decimal = field(name="L")
    """Price of this fill; zero when the event is no trade."""
    commission_asset: str | None = field(name="N", default=None)
    """The asset of the commission; ``None`` without one."""
    commission: Decimal | None = field(name="n", default=None)
    """What this fill brought: below zero is a fee; ``None`` without commission."""
    trade_time: int | None = field(name="T")
    """When it was placed, changed or filled, in ms."""
    trade_id: int = field(name="t")
    """Number of the trade; zero when the event is no trade."""
    bid_quantity: Decimal | None = field(name="b")
    """Quantity of the open buy orders."""
    ask_quantity: Decimal | None = field(name="a")
    """Quantity of the open sell orders."""
    is_maker: bool | None = field(name="m")
    """Whether it was the resting side of this fill."""
    reduce_only: bool | None = field(name="R")
    """Whether it may only make a position smaller."""
    original_type: FuturesOrderType | None = field(name="ot")
    """Its type when it was placed."""
    realized_profit: Decimal | None = field(name="rp")
    """Profit this trade realized."""
    self_trade_prevention_mode: SelfTradePreventionMode | None = field(name="V", default=None)
    """What happens when it meets another order of the account."""


class OptionOrderUpdate(Event, tag="ORDER_TRADE_UPDATE"):
    """An order changed: placed, filled, cancelled, expired."""

    transaction_time: int | None = field(name="T")
    """Matching engine time, in ms."""
    order: UpdatedOptionOrder = field(name="o")
    """The order as it stands now."""


class OptionAccountUpdate(Event, tag="ACCOUNT_UPDATE"):
    """The account as a whole: after transfers and changes of positions, every 10 s while there are any."""

    transaction_time: int | None = field(name="T")
    """When it was so, in ms."""
    equity: Decimal = field(name="eq")
    """Wallet balance and value of the positions together."""
    adjusted_equity: Decimal | None = field(name="aeq")
    """Equity as it counts for margin."""
    wallet_balance: Decimal = field(name="b")
    """Wallet balance."""
    position_value: Decimal | None = field(name="m")
    """Value of the positions at the mark price; below zero for what was sold."""
    unrealized_profit: Decimal | None = field(name="u")
    """Profit at the mark price."""
    initial_margin: Decimal | None = field(name="i")
    """Margin that positions and orders hold."""
    maintenance_margin: Decimal | None = field(name="M")
    """Margin needed to keep the positions."""


class UpdatedOptionBalance(Model):
    """What an options account has of an asset after a change."""

    named_by: ClassVar[tuple[str, ...]] = ("asset",)

    asset: str = field(name="a")
    """The margin asset."""
    balance: Decimal = field(name="b")
    """Balance of the account."""
    balance_change: Decimal | None = field(name="bc")
    """Change apart from profit and commission."""


class UpdatedOptionPosition(Model):
    """A position in an option after a change."""

    named_by: ClassVar[tuple[str, ...]] = ("symbol",)

    symbol: str = field(name="s")
    """The symbol of the option."""
    quantity: Decimal = field(name="c")
    """Size, in contracts; below zero when sold."""
    value: Decimal | None = field(name="p")
    """Value; below zero when sold."""
    average_price: Decimal | None = field(name="a")
    """Mean price it was entered at."""


@holds_rows(balances=UpdatedOptionBalance, positions=UpdatedOptionPosition)
class OptionBalancePositionUpdate(Event, tag="BALANCE_POSITION_UPDATE"):
    """Balances or positions changed: those that did are in it."""

    transaction_time: int | None = field(name="T")
    """Matching engine time, in ms."""
    reason: OptionBalanceReason | None = field(name="m")
    """Why."""
    balances: RowsOf[UpdatedOptionBalance] = field(name="B")
    """Balances that changed."""
    positions: RowsOf[UpdatedOptionPosition] = field(name="P")
    """Positions that changed."""


class UpdatedOptionGreeks(Model):
    """How the positions in all options on one underlying would change in value."""

    named_by: ClassVar[tuple[str, ...]] = ("underlying",)

    underlying: str = field(name="u")
    """The underlying, such as ``BTCUSDT``."""
    delta: Decimal | None = field(name="d")
    """Change for one unit more of the underlying's price."""
    gamma: Decimal | None = field(name="g")
    """Change of delta for one unit more of the underlying's price."""
    theta: Decimal | None = field(name="t")
    """Change in a day."""
    vega: Decimal | None = field(name="v")
    """Change for one percent more of volatility."""


@holds_rows(greeks=UpdatedOptionGreeks)
class OptionGreekUpdate(Event, tag="GREEK_UPDATE"):
    """The greeks of the positions: after a change of them, every 10 s while there are any."""

    transaction_time: int | None = field(name="T")
    """When they were reckoned, in ms."""
    greeks: RowsOf[UpdatedOptionGreeks] = field(name="G")
    """By underlying."""


class OptionRiskLevelChange(Event, tag="RISK_LEVEL_CHANGE"):
    """What the account may do changed; told to VIP and market maker accounts."""

    risk_level: OptionRiskLevel = field(name="s")
    """What it may do from now on."""
    margin_balance: Decimal | None = field(name="mb")
    """Margin balance."""
    maintenance_margin: Decimal | None = field(name="mm")
    """Maintenance margin."""


EoptionsUserEvent: TypeAlias = (
    OptionOrderUpdate
    | OptionAccountUpdate
    | OptionBalancePositionUpdate
    | OptionGreekUpdate
    | OptionRiskLevelChange
    | ListenKeyExpired
    | UnknownEvent
)
"""What options tell an account."""


@cache
def _decoder() -> EventDecoder:
    return EventDecoder(get_args(EoptionsUserEvent))


def decode_eoptions_event(frame: bytes | Raw) -> Event:
    """Return the options user data event in ``frame``: the event alone, without an envelope.

    What is not known here, or does not fit, comes as ``UnknownEvent``; nothing is lost.

    Raises:
        msgspec.DecodeError: The frame is not JSON.
    """
    return _decoder().decode(frame)
