"""What the futures exchanges tell about the account as it happens.

Times are epoch milliseconds. Quantities are in base asset units on USD-M and in contracts on COIN-M.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import ClassVar, TypeAlias, get_args

from msgspec import Raw, field

from binance_wsapi.models._event_decoder import EventDecoder
from binance_wsapi.models.base import Event, Model, UnknownEvent
from binance_wsapi.models.enums import OrderStatus, SelfTradePreventionMode, Side
from binance_wsapi.models.futures_enums import (
    AccountUpdateReason,
    AlgoStatus,
    AlgoType,
    FuturesExecutionType,
    FuturesExpiryReason,
    FuturesOrderType,
    FuturesTimeInForce,
    MarginType,
    PositionSide,
    PriceMatch,
    StrategyStatus,
    WorkingType,
)
from binance_wsapi.models.rows import Rows, RowsOf, holds_rows

__all__ = [
    "AccountConfig",
    "AlgoOrderUpdate",
    "CoinFuturesAccountUpdate",
    "CoinFuturesMarginCall",
    "CoinFuturesOrderUpdate",
    "CoinFuturesUpdatedOrder",
    "CoinmUserEvent",
    "ConditionalOrderRejection",
    "ConditionalOrderTriggerReject",
    "FuturesAccountChange",
    "FuturesAccountConfigUpdate",
    "FuturesAccountUpdate",
    "FuturesMarginCall",
    "FuturesOrderUpdate",
    "FuturesUpdatedOrder",
    "Grid",
    "GridUpdate",
    "ListenKeyExpired",
    "PositionAtRisk",
    "Strategy",
    "StrategyUpdate",
    "SymbolConfig",
    "TradeLite",
    "UpdatedAlgoOrder",
    "UpdatedFuturesBalance",
    "UpdatedPosition",
    "UsdmUserEvent",
    "decode_coinm_event",
    "decode_usdm_event",
]


class FuturesUpdatedOrder(Model):
    """A futures order after a change."""

    symbol: str = field(name="s")
    """The symbol."""
    client_order_id: str = field(name="c")
    """Your id; ``autoclose-…`` for liquidations, ``adl_autoclose`` for auto-deleveraging."""
    side: Side = field(name="S")
    """Which way it goes."""
    type: FuturesOrderType = field(name="o")
    """How it meets the book now."""
    time_in_force: FuturesTimeInForce | None = field(name="f")
    """How long it stays."""
    quantity: Decimal = field(name="q")
    """Ordered."""
    price: Decimal = field(name="p")
    """Limit price; zero when it has none."""
    average_price: Decimal | None = field(name="ap")
    """Mean price of its fills; zero before the first."""
    stop_price: Decimal | None = field(name="sp")
    """Trigger price; without meaning for trailing orders."""
    execution_type: FuturesExecutionType = field(name="x")
    """What happened."""
    status: OrderStatus = field(name="X")
    """Where it stands now."""
    order_id: int = field(name="i")
    """The exchange's id, unique within the symbol."""
    modify_id: str | None = field(name="M", default=None)
    """Your id of the amendment, as text, when one was sent and this event tells of it."""
    last_executed_quantity: Decimal = field(name="l")
    """Filled by this event alone; zero when it is no trade."""
    executed_quantity: Decimal = field(name="z")
    """Filled so far."""
    last_executed_price: Decimal = field(name="L")
    """Price of this fill; zero when the event is no trade."""
    commission_asset: str | None = field(name="N", default=None)
    """The asset of the commission; ``None`` without one."""
    commission: Decimal | None = field(name="n", default=None)
    """What this fill cost; ``None`` without commission."""
    trade_time: int | None = field(name="T")
    """When it was placed, changed or filled, in ms."""
    trade_id: int = field(name="t")
    """Number of the trade; zero when the event is no trade."""
    bid_notional: Decimal | None = field(name="b")
    """Value of the open buy orders (in base asset units on COIN-M)."""
    ask_notional: Decimal | None = field(name="a")
    """Value of the open sell orders (in base asset units on COIN-M)."""
    is_maker: bool | None = field(name="m")
    """Whether it was the resting side of this fill."""
    reduce_only: bool | None = field(name="R")
    """Whether it may only make a position smaller."""
    working_type: WorkingType | None = field(name="wt")
    """Which price triggers it."""
    original_type: FuturesOrderType | None = field(name="ot")
    """Its type when it was placed."""
    position_side: PositionSide | None = field(name="ps")
    """The position it belongs to."""
    close_position: bool | None = field(name="cp", default=None)
    """Whether it closes the whole position; conditional orders only."""
    activation_price: Decimal | None = field(name="AP", default=None)
    """Price at which a trailing order starts to follow."""
    callback_rate: Decimal | None = field(name="cr", default=None)
    """Distance of a trailing order, in percent."""
    price_protect: bool | None = field(name="pP")
    """Whether it is not triggered while mark and last price are far apart."""
    realized_profit: Decimal | None = field(name="rp")
    """Profit this trade realized."""
    self_trade_prevention_mode: SelfTradePreventionMode | None = field(name="V")
    """What happens when it meets another order of the account."""
    price_match: PriceMatch | None = field(name="pm")
    """The price of the book it took in place of its own."""
    good_till_date: int | None = field(name="gtd", default=None)
    """End of a ``GTD`` order, in ms; zero otherwise (USD-M)."""
    expiry_reason: FuturesExpiryReason | None = field(name="er", default=None)
    """Why it expired."""
    _unused_si: int | None = field(name="si", default=None)
    _unused_ss: int | None = field(name="ss", default=None)


class CoinFuturesUpdatedOrder(FuturesUpdatedOrder):
    """A COIN-M order after a change."""

    margin_asset: str | None = field(name="ma")
    """Asset the contract is margined in."""


class FuturesOrderUpdate(Event, tag="ORDER_TRADE_UPDATE"):
    """An order changed: placed, filled, amended, cancelled, expired, liquidated."""

    transaction_time: int | None = field(name="T")
    """Matching engine time, in ms."""
    order: FuturesUpdatedOrder = field(name="o")
    """The order as it stands now."""


class CoinFuturesOrderUpdate(FuturesOrderUpdate, tag="ORDER_TRADE_UPDATE"):
    """A COIN-M order changed: placed, filled, amended, cancelled, expired, liquidated."""

    account_alias: str | None = field(name="i", default=None)
    """Alias of the account."""
    order: CoinFuturesUpdatedOrder = field(name="o")
    """The order as it stands now."""


class TradeLite(Event, tag="TRADE_LITE"):
    """A fill, told sooner and in fewer words than by :class:`FuturesOrderUpdate`, which follows (USD-M)."""

    transaction_time: int | None = field(name="T")
    """Matching engine time, in ms."""
    symbol: str = field(name="s")
    """The symbol."""
    quantity: Decimal = field(name="q")
    """Ordered."""
    price: Decimal = field(name="p")
    """Limit price; zero when the order has none."""
    is_maker: bool | None = field(name="m")
    """Whether the order was the resting side."""
    client_order_id: str = field(name="c")
    """Your id of the order."""
    side: Side = field(name="S")
    """Which way the order goes."""
    last_executed_price: Decimal = field(name="L")
    """Price of this fill."""
    last_executed_quantity: Decimal = field(name="l")
    """Quantity of this fill."""
    trade_id: int = field(name="t")
    """Number of the trade: the same in the update that follows."""
    order_id: int = field(name="i")
    """The exchange's id of the order."""


class UpdatedFuturesBalance(Model):
    """What an account has of an asset after a change."""

    named_by: ClassVar[tuple[str, ...]] = ("asset",)

    asset: str = field(name="a")
    """The asset."""
    wallet_balance: Decimal = field(name="wb")
    """Wallet balance."""
    cross_wallet_balance: Decimal | None = field(name="cw")
    """Part of the wallet balance that serves cross positions."""
    balance_change: Decimal | None = field(name="bc")
    """Change apart from profit and commission."""


class UpdatedPosition(Model):
    """A position after a change."""

    named_by: ClassVar[tuple[str, ...]] = ("symbol", "position_side")

    symbol: str = field(name="s")
    """The symbol."""
    position_side: PositionSide = field(name="ps")
    """Which position of the symbol this is."""
    position_amount: Decimal = field(name="pa")
    """Size; below zero when short."""
    entry_price: Decimal = field(name="ep")
    """Mean price it was entered at."""
    break_even_price: Decimal | None = field(name="bep")
    """Price at which it ends without profit or loss, fees included."""
    accumulated_realized: Decimal | None = field(name="cr")
    """Profit realized so far, before fees."""
    unrealized_profit: Decimal | None = field(name="up")
    """Profit at the mark price."""
    margin_type: MarginType | None = field(name="mt")
    """Cross or isolated."""
    isolated_wallet: Decimal | None = field(name="iw")
    """Margin set aside for it, profit left out."""


@holds_rows(balances=UpdatedFuturesBalance, positions=UpdatedPosition)
class FuturesAccountChange(Model):
    """What changed in an account, and why."""

    reason: AccountUpdateReason | None = field(name="m")
    """Why."""
    symbol: str | None = field(name="S", default=None)
    """Symbol of a funding fee."""
    balances: RowsOf[UpdatedFuturesBalance] = field(
        name="B", default_factory=Rows[UpdatedFuturesBalance]
    )
    """Balances that changed."""
    positions: RowsOf[UpdatedPosition] | None = field(name="P", default=None)
    """Positions that changed (on COIN-M all of them); ``None`` for a funding fee of a cross position."""


class FuturesAccountUpdate(Event, tag="ACCOUNT_UPDATE"):
    """Balances or positions changed; placing and cancelling without a fill is not told."""

    transaction_time: int | None = field(name="T")
    """Matching engine time, in ms."""
    change: FuturesAccountChange = field(name="a")
    """What changed."""


class CoinFuturesAccountUpdate(FuturesAccountUpdate, tag="ACCOUNT_UPDATE"):
    """Balances or positions of a COIN-M account changed."""

    account_alias: str | None = field(name="i", default=None)
    """Alias of the account."""


class SymbolConfig(Model):
    """The leverage of a symbol."""

    symbol: str = field(name="s")
    """The symbol."""
    leverage: int = field(name="l")
    """Leverage from now on."""


class AccountConfig(Model):
    """The mode of an account."""

    multi_assets_mode: bool = field(name="j")
    """Whether multi-assets mode is on from now on."""


class FuturesAccountConfigUpdate(Event, tag="ACCOUNT_CONFIG_UPDATE"):
    """Leverage of a symbol, or the mode of the account, changed: one of the two is there."""

    transaction_time: int | None = field(name="T")
    """Matching engine time, in ms."""
    symbol_config: SymbolConfig | None = field(name="ac", default=None)
    """New leverage."""
    account_config: AccountConfig | None = field(name="ai", default=None)
    """New mode (USD-M)."""


class PositionAtRisk(Model):
    """A position that is short of margin."""

    named_by: ClassVar[tuple[str, ...]] = ("symbol", "position_side")

    symbol: str = field(name="s")
    """The symbol."""
    position_side: PositionSide = field(name="ps")
    """Which position of the symbol this is."""
    position_amount: Decimal = field(name="pa")
    """Size; below zero when short."""
    margin_type: MarginType | None = field(name="mt")
    """Cross or isolated; sent in capitals here, read as everywhere else."""
    isolated_wallet: Decimal | None = field(name="iw")
    """Margin set aside for it, profit left out; zero for cross positions."""
    mark_price: Decimal | None = field(name="mp")
    """Mark price."""
    unrealized_profit: Decimal | None = field(name="up")
    """Profit at the mark price."""
    maintenance_margin: Decimal | None = field(name="mm")
    """Margin needed to keep it."""


@holds_rows(positions=PositionAtRisk)
class FuturesMarginCall(Event, tag="MARGIN_CALL"):
    """Positions are near liquidation: guidance only, it may come late or not at all."""

    cross_wallet_balance: Decimal | None = field(name="cw", default=None)
    """Part of the wallet balance that serves cross positions; in calls for these only."""
    positions: RowsOf[PositionAtRisk] = field(name="p")
    """Positions at risk."""


class CoinFuturesMarginCall(FuturesMarginCall, tag="MARGIN_CALL"):
    """Positions of a COIN-M account are near liquidation: guidance only."""

    account_alias: str | None = field(name="i", default=None)
    """Alias of the account."""


class UpdatedAlgoOrder(Model):
    """A conditional order of the algo service after a change."""

    client_algo_id: str = field(name="caid")
    """Your id of the conditional order."""
    algo_id: int = field(name="aid")
    """The exchange's id of the conditional order."""
    algo_type: AlgoType | None = field(name="at")
    """What kind of order it is."""
    order_type: FuturesOrderType = field(name="o")
    """How it meets the book once triggered."""
    symbol: str = field(name="s")
    """The symbol."""
    side: Side = field(name="S")
    """Which way it goes."""
    position_side: PositionSide | None = field(name="ps")
    """The position it belongs to."""
    time_in_force: FuturesTimeInForce | None = field(name="f")
    """How long the order stays once it is placed."""
    quantity: Decimal = field(name="q")
    """Ordered."""
    algo_status: AlgoStatus = field(name="X")
    """Where it stands now."""
    order_id_text: str | None = field(name="ai")
    """Id of the order it placed, as text; empty before it is triggered."""
    average_price: Decimal | None = field(name="ap", default=None)
    """Mean price of the fills, once triggered."""
    executed_quantity: Decimal | None = field(name="aq", default=None)
    """Filled so far, once triggered."""
    actual_order_type: str | None = field(name="act", default=None)
    """Type of the order it placed, once triggered."""
    trigger_price: Decimal | None = field(name="tp")
    """Price that triggers it."""
    price: Decimal = field(name="p")
    """Limit price; zero when it has none."""
    self_trade_prevention_mode: SelfTradePreventionMode | None = field(name="V")
    """What happens when it meets another order of the account."""
    working_type: WorkingType | None = field(name="wt")
    """Which price triggers it."""
    price_match: PriceMatch | None = field(name="pm")
    """The price of the book it takes in place of its own."""
    close_position: bool | None = field(name="cp")
    """Whether it closes the whole position."""
    price_protect: bool | None = field(name="pP")
    """Whether it is not triggered while mark and last price are far apart."""
    reduce_only: bool | None = field(name="R")
    """Whether it may only make a position smaller."""
    trigger_time: int | None = field(name="tt")
    """When it was triggered, in ms; zero before."""
    good_till_date: int | None = field(name="gtd")
    """End of a ``GTD`` order, in ms; zero otherwise."""
    reject_message: str | None = field(name="rm", default=None)
    """Why it failed."""
    is_activated: bool | None = field(name="ia", default=None)
    """Whether a trailing order has reached its activation price."""

    @property
    def order_id(self) -> int | None:
        """Id of the order it placed; ``None`` before it is triggered."""
        return int(self.order_id_text) if self.order_id_text else None


class AlgoOrderUpdate(Event, tag="ALGO_UPDATE"):
    """A conditional order changed; the order it places is told by :class:`FuturesOrderUpdate`."""

    transaction_time: int | None = field(name="T")
    """When it changed, in ms."""
    algo_order: UpdatedAlgoOrder = field(name="o")
    """The conditional order as it stands now."""


class ConditionalOrderRejection(Model):
    """A triggered order that was refused."""

    symbol: str = field(name="s")
    """The symbol."""
    order_id: int = field(name="i")
    """The exchange's id of the order."""
    reason: str | None = field(name="r")
    """Why, in the exchange's words."""


class ConditionalOrderTriggerReject(Event, tag="CONDITIONAL_ORDER_TRIGGER_REJECT"):
    """A triggered order was refused (USD-M); told by :class:`AlgoOrderUpdate` since 2025-12-15."""

    transaction_time: int | None = field(name="T")
    """When it was sent, in ms."""
    rejection: ConditionalOrderRejection = field(name="or")
    """What was refused, and why."""


class Strategy(Model):
    """A strategy, such as a grid, after a change."""

    strategy_id: int = field(name="si")
    """Its number."""
    strategy_type: str = field(name="st")
    """What it is, such as ``GRID``."""
    strategy_status: StrategyStatus = field(name="ss")
    """Where it stands now."""
    symbol: str = field(name="s")
    """The symbol."""
    update_time: int | None = field(name="ut")
    """When it changed, in ms."""
    operation_code: int | None = field(name="c")
    """Why, as a number of the exchange: 8002 cancelled by the user, 8004 stop reached, 8005 liquidated."""


class StrategyUpdate(Event, tag="STRATEGY_UPDATE"):
    """A strategy was made, cancelled, ended."""

    transaction_time: int | None = field(name="T")
    """Matching engine time, in ms."""
    strategy: Strategy = field(name="su")
    """The strategy as it stands now."""


class Grid(Model):
    """A grid after a part of it was filled."""

    strategy_id: int = field(name="si")
    """Its number."""
    strategy_type: str = field(name="st")
    """``GRID``."""
    strategy_status: StrategyStatus = field(name="ss")
    """Where it stands now."""
    symbol: str = field(name="s")
    """The symbol."""
    realized_profit: Decimal | None = field(name="r")
    """Profit realized so far."""
    unmatched_average_price: Decimal | None = field(name="up")
    """Mean price of the part without a counterpart."""
    unmatched_quantity: Decimal | None = field(name="uq")
    """Quantity without a counterpart."""
    unmatched_fee: Decimal | None = field(name="uf")
    """Fees of the part without a counterpart."""
    matched_profit: Decimal | None = field(name="mp")
    """Profit of the part with a counterpart."""
    update_time: int | None = field(name="ut")
    """When it changed, in ms."""


class GridUpdate(Event, tag="GRID_UPDATE"):
    """A part of a grid was filled."""

    transaction_time: int | None = field(name="T")
    """Matching engine time, in ms."""
    grid: Grid = field(name="gu")
    """The grid as it stands now."""


class ListenKeyExpired(Event, tag="listenKeyExpired"):
    """The listen key ran out: nothing more comes until a new key is used, on a new connection."""

    listen_key: str | None = field(name="listenKey", default=None)
    """The key that ran out; ``None`` on portfolio margin."""


UsdmUserEvent: TypeAlias = (
    FuturesOrderUpdate
    | TradeLite
    | FuturesAccountUpdate
    | FuturesMarginCall
    | AlgoOrderUpdate
    | ConditionalOrderTriggerReject
    | FuturesAccountConfigUpdate
    | StrategyUpdate
    | GridUpdate
    | ListenKeyExpired
    | UnknownEvent
)
"""What USD-M futures tell an account."""

CoinmUserEvent: TypeAlias = (
    CoinFuturesOrderUpdate
    | CoinFuturesAccountUpdate
    | CoinFuturesMarginCall
    | AlgoOrderUpdate
    | FuturesAccountConfigUpdate
    | StrategyUpdate
    | GridUpdate
    | ListenKeyExpired
    | UnknownEvent
)
"""What COIN-M futures tell an account."""


@cache
def _usdm() -> EventDecoder:
    return EventDecoder(get_args(UsdmUserEvent))


@cache
def _coinm() -> EventDecoder:
    return EventDecoder(get_args(CoinmUserEvent))


def decode_usdm_event(frame: bytes | Raw) -> Event:
    """Return the USD-M user data event in ``frame``: the event alone, without an envelope.

    What is not known here, or does not fit, comes as ``UnknownEvent``; nothing is lost.

    Raises:
        msgspec.DecodeError: The frame is not JSON.
    """
    return _usdm().decode(frame)


def decode_coinm_event(frame: bytes | Raw) -> Event:
    """Return the COIN-M user data event in ``frame``, as :func:`decode_usdm_event` does."""
    return _coinm().decode(frame)
