"""What portfolio margin tells an account as it happens.

One account trades USD-M and COIN-M futures and margin: futures events name their ``business_unit``, margin
events are Spot's. Times are epoch milliseconds.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import ClassVar, TypeAlias, get_args

from msgspec import Raw, field

from binance_wsapi.models import futures_events as futures
from binance_wsapi.models import user_events as spot
from binance_wsapi.models._event_decoder import EventDecoder
from binance_wsapi.models.base import Event, Model, OpenEnum, UnknownEvent
from binance_wsapi.models.enums import SelfTradePreventionMode, Side
from binance_wsapi.models.futures_enums import (
    AccountUpdateReason,
    FuturesOrderType,
    FuturesTimeInForce,
    MarginType,
    PositionSide,
    PriceMatch,
    WorkingType,
)
from binance_wsapi.models.rows import Rows, RowsOf, holds_rows

__all__ = [
    "BusinessUnit",
    "LiabilityChange",
    "OpenOrderLoss",
    "OpenOrderLossOfAsset",
    "PortfolioAccountChange",
    "PortfolioAccountConfigUpdate",
    "PortfolioAccountPosition",
    "PortfolioAccountUpdate",
    "PortfolioAlgoOrderUpdate",
    "PortfolioBalanceUpdate",
    "PortfolioConditionalOrder",
    "PortfolioConditionalOrderUpdate",
    "PortfolioFuturesOrderUpdate",
    "PortfolioMarginProUserEvent",
    "PortfolioMarginUserEvent",
    "PortfolioOrderUpdate",
    "PortfolioPosition",
    "PortfolioProAccountUpdate",
    "PortfolioUpdatedOrder",
    "RiskLevelChange",
    "UniMmrDrop",
    "decode_portfolio_margin_event",
    "decode_portfolio_margin_pro_event",
]


class BusinessUnit(OpenEnum):
    """Which futures of a portfolio margin account are meant."""

    UM = "UM"
    """USD-M."""
    CM = "CM"
    """COIN-M."""


class PortfolioUpdatedOrder(futures.FuturesUpdatedOrder):
    """A futures order of a portfolio margin account after a change."""

    working_type: WorkingType | None = field(name="wt", default=None)
    """Which price triggers it, where that is told."""
    original_type: FuturesOrderType | None = field(name="ot", default=None)
    """Its type when it was placed, where that is told."""
    price_protect: bool | None = field(name="pP", default=None)
    """Whether it is not triggered while mark and last price are far apart, where that is told."""
    price_match: PriceMatch | None = field(name="pm", default=None)
    """The price of the book it took in place of its own, where that is told."""
    strategy_type: str | None = field(name="st", default=None)
    """The type of the conditional order that placed it."""
    margin_asset: str | None = field(name="ma", default=None)
    """Asset the contract is margined in, where that is told (COIN-M)."""

    @property
    def strategy_id(self) -> int | None:
        """The id of the conditional order that placed it; ``None`` when none did."""
        return self._unused_si or None


class PortfolioFuturesOrderUpdate(futures.FuturesOrderUpdate, tag="ORDER_TRADE_UPDATE"):
    """A futures order changed: placed, filled, amended, cancelled, expired, liquidated."""

    business_unit: BusinessUnit = field(name="fs")
    """Where it is."""
    account_alias: str | None = field(name="i", default=None)
    """Alias of the account (COIN-M); empty on USD-M."""
    order: PortfolioUpdatedOrder = field(name="o")
    """The order as it stands now."""


class PortfolioPosition(futures.UpdatedPosition):
    """A futures position of a portfolio margin account after a change."""

    margin_type: MarginType | None = field(name="mt", default=None)
    """Cross, where that is told: there are no other positions here."""
    isolated_wallet: Decimal | None = field(name="iw", default=None)
    """Without meaning here."""


@holds_rows(balances=futures.UpdatedFuturesBalance, positions=PortfolioPosition)
class PortfolioAccountChange(Model):
    """What changed in the futures wallets of a portfolio margin account, and why."""

    reason: AccountUpdateReason | None = field(name="m")
    """Why."""
    symbol: str | None = field(name="S", default=None)
    """Symbol of a funding fee."""
    balances: RowsOf[futures.UpdatedFuturesBalance] = field(
        name="B", default_factory=Rows[futures.UpdatedFuturesBalance]
    )
    """Balances that changed."""
    positions: RowsOf[PortfolioPosition] | None = field(name="P", default=None)
    """Positions that changed."""


class PortfolioAccountUpdate(Event, tag="ACCOUNT_UPDATE"):
    """Futures balances or positions changed; placing and cancelling without a fill is not told."""

    business_unit: BusinessUnit = field(name="fs")
    """Which futures."""
    transaction_time: int | None = field(name="T")
    """Matching engine time, in ms."""
    account_alias: str | None = field(name="i", default=None)
    """Alias of the account (COIN-M); empty on USD-M."""
    change: PortfolioAccountChange = field(name="a")
    """What changed."""


class PortfolioAccountConfigUpdate(futures.FuturesAccountConfigUpdate, tag="ACCOUNT_CONFIG_UPDATE"):
    """The leverage of a symbol changed."""

    business_unit: BusinessUnit = field(name="fs")
    """Which futures."""


class PortfolioAlgoOrderUpdate(Event, tag="ALGO_UPDATE"):
    """A conditional order of USD-M changed; the order it places is told beside it."""

    business_unit: BusinessUnit = field(name="fs")
    """Which futures."""
    transaction_time: int | None = field(name="T")
    """When it changed, in ms."""
    algo_order: futures.UpdatedAlgoOrder = field(name="ao")
    """The conditional order as it stands now."""


class PortfolioConditionalOrder(Model):
    """A conditional order of the former kind, after a change."""

    symbol: str = field(name="s")
    """The symbol."""
    client_strategy_id: str = field(name="c")
    """Your id of it."""
    strategy_id: int = field(name="si")
    """The exchange's id of it."""
    side: Side = field(name="S")
    """Which way it goes."""
    strategy_type: str = field(name="st")
    """How it meets the book once triggered, such as ``TRAILING_STOP_MARKET``."""
    time_in_force: FuturesTimeInForce | None = field(name="f")
    """How long the order stays once it is placed."""
    quantity: Decimal = field(name="q")
    """Ordered."""
    price: Decimal = field(name="p")
    """Limit price; zero when it has none."""
    stop_price: Decimal | None = field(name="sp")
    """Trigger price; without meaning for trailing orders."""
    strategy_status: str = field(name="os")
    """Where it stands now: ``NEW``, ``CANCELED``, ``EXPIRED``, ``TRIGGERED``, ``FINISHED``."""
    time: int | None = field(name="T")
    """When it was placed, in ms."""
    update_time: int | None = field(name="ut")
    """When it changed, in ms."""
    reduce_only: bool | None = field(name="R")
    """Whether it may only make a position smaller."""
    working_type: WorkingType | None = field(name="wt")
    """Which price triggers it."""
    position_side: PositionSide | None = field(name="ps")
    """The position it belongs to."""
    close_position: bool | None = field(name="cp", default=None)
    """Whether it closes the whole position."""
    activation_price: Decimal | None = field(name="AP", default=None)
    """Price at which a trailing order starts to follow."""
    callback_rate: Decimal | None = field(name="cr", default=None)
    """Distance of a trailing order, in percent."""
    order_id: int | None = field(name="i", default=None)
    """Id of the order it placed; zero before it is triggered."""
    self_trade_prevention_mode: SelfTradePreventionMode | None = field(name="V", default=None)
    """What happens when its order meets another one of the account."""
    good_till_date: int | None = field(name="gtd", default=None)
    """End of a ``GTD`` order, in ms; zero otherwise."""


class PortfolioConditionalOrderUpdate(Event, tag="CONDITIONAL_ORDER_TRADE_UPDATE"):
    """A conditional order of the former kind changed: on USD-M they are algo orders since 2026."""

    business_unit: BusinessUnit = field(name="fs")
    """Which futures."""
    transaction_time: int | None = field(name="T")
    """When it changed, in ms."""
    conditional_order: PortfolioConditionalOrder = field(name="so")
    """The conditional order as it stands now."""


class PortfolioOrderUpdate(spot.OrderUpdate, tag="executionReport"):
    """A margin order changed: placed, filled, cancelled, expired, rejected."""

    is_best_match: bool | None = field(name="M", default=None)
    """To be ignored."""


class PortfolioAccountPosition(spot.AccountPosition, tag="outboundAccountPosition"):
    """Margin balances that may have changed, each as it stands now."""

    update_id: int | None = field(name="U", default=None)
    """Number of the change."""


class PortfolioBalanceUpdate(spot.BalanceUpdate, tag="balanceUpdate"):
    """A transfer to or from the margin wallet."""

    update_id: int | None = field(name="U", default=None)
    """Number of the change."""


class LiabilityChange(Event, tag="liabilityChange"):
    """A debt of the margin wallet changed."""

    asset: str = field(name="a")
    """The asset."""
    liability_type: str | None = field(name="t")
    """Why, such as ``BORROW``."""
    transaction_id: int | None = field(name="T")
    """Number of the change."""
    principal: Decimal = field(name="p")
    """Borrowed."""
    interest: Decimal = field(name="i")
    """Owed on top of it."""
    total_liability: Decimal | None = field(name="l")
    """Owed in all."""


class OpenOrderLossOfAsset(Model):
    """What the open margin orders of an asset would lose."""

    named_by: ClassVar[tuple[str, ...]] = ("asset",)

    asset: str = field(name="a")
    """The asset."""
    loss: Decimal | None = field(name="o")
    """What would be lost, below zero."""


@holds_rows(losses=OpenOrderLossOfAsset)
class OpenOrderLoss(Event, tag="openOrderLoss"):
    """What the open margin orders would lose if they were filled."""

    losses: RowsOf[OpenOrderLossOfAsset] = field(
        name="O", default_factory=Rows[OpenOrderLossOfAsset]
    )
    """The assets."""


class RiskLevelChange(Event, tag="riskLevelChange"):
    """The account's margin ratio crossed a line: guidance only, it may come late or not at all."""

    uni_mmr: Decimal = field(name="u")
    """The margin ratio (uniMMR)."""
    status: str = field(name="s")
    """What that means: ``MARGIN_CALL``, ``SUPPLY_MARGIN``, ``REDUCE_ONLY``, ``FORCE_LIQUIDATION``."""
    account_equity: Decimal | None = field(name="eq")
    """Equity, in USD."""
    actual_equity: Decimal | None = field(name="ae")
    """Equity without collateral rates, in USD."""
    maintenance_margin: Decimal | None = field(name="m")
    """Margin needed to keep all positions, in USD."""


class PortfolioProAccountUpdate(Event, tag="PM_PRO_ACCOUNT_UPDATE"):
    """How a portfolio margin pro account stands, told every 5 seconds."""

    uni_mmr: Decimal = field(name="u")
    """The margin ratio (uniMMR)."""
    account_equity: Decimal | None = field(name="eq")
    """Equity, in USD."""
    actual_equity: Decimal | None = field(name="ae")
    """Equity without collateral rates, in USD."""
    initial_margin: Decimal | None = field(name="im")
    """Margin needed to open all positions, in USD."""
    maintenance_margin: Decimal | None = field(name="mm")
    """Margin needed to keep all positions, in USD."""
    available_balance: Decimal | None = field(name="avb")
    """What is left for new positions, in USD."""
    virtual_max_withdraw: Decimal | None = field(name="vmw")
    """What could be withdrawn, in USD."""


class UniMmrDrop(Event, tag="uniMMRDrop"):
    """The margin ratio fell by more than 5%: sent where ``POST /papi/v1/unimmr/notification`` asked for it.

    What it has besides its time no document tells: see ``raw``.
    """


PortfolioMarginUserEvent: TypeAlias = (
    PortfolioFuturesOrderUpdate
    | PortfolioAccountUpdate
    | PortfolioAccountConfigUpdate
    | PortfolioAlgoOrderUpdate
    | PortfolioConditionalOrderUpdate
    | PortfolioOrderUpdate
    | PortfolioAccountPosition
    | PortfolioBalanceUpdate
    | LiabilityChange
    | OpenOrderLoss
    | RiskLevelChange
    | futures.ListenKeyExpired
    | UnknownEvent
)
"""What portfolio margin tells an account."""

PortfolioMarginProUserEvent: TypeAlias = (
    RiskLevelChange
    | PortfolioProAccountUpdate
    | UniMmrDrop
    | futures.ListenKeyExpired
    | UnknownEvent
)
"""What portfolio margin pro tells an account."""


@cache
def _portfolio_margin() -> EventDecoder:
    return EventDecoder(get_args(PortfolioMarginUserEvent))


@cache
def _portfolio_margin_pro() -> EventDecoder:
    return EventDecoder(get_args(PortfolioMarginProUserEvent))


def decode_portfolio_margin_event(frame: bytes | Raw) -> Event:
    """Return the portfolio margin event in ``frame``.

    What is not known here, or does not fit, comes as ``UnknownEvent``; nothing is lost.

    Raises:
        msgspec.DecodeError: The frame is not JSON.
    """
    return _portfolio_margin().decode(frame)


def decode_portfolio_margin_pro_event(frame: bytes | Raw) -> Event:
    """Return the portfolio margin pro event in ``frame``, as :func:`decode_portfolio_margin_event` does."""
    return _portfolio_margin_pro().decode(frame)
