"""What the Spot exchange tells about the account as it happens.

Times are epoch milliseconds, or microseconds where the client was made with
``time_unit="MICROSECOND"``.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import ClassVar, TypeAlias, get_args

import msgspec
from msgspec import field

from binance_wsapi.models._event_decoder import EventDecoder
from binance_wsapi.models.base import Event, Model, UnknownEvent
from binance_wsapi.models.enums import (
    ContingencyType,
    ExecutionType,
    ExpiryReason,
    ListOrderStatus,
    ListStatusType,
    MatchType,
    OrderRejectReason,
    OrderStatus,
    OrderType,
    PegOffsetType,
    PegPriceType,
    SelfTradePreventionMode,
    Side,
    TimeInForce,
    WorkingFloor,
)
from binance_wsapi.models.rows import RowsOf, holds_rows

__all__ = [
    "AccountPosition",
    "BalanceUpdate",
    "EventStreamTerminated",
    "ExternalLockUpdate",
    "OrderListUpdate",
    "OrderOfUpdatedList",
    "OrderUpdate",
    "ServerShutdown",
    "UpdatedBalance",
    "UserEvent",
    "decode_user_event",
]


class OrderUpdate(Event, tag="executionReport"):
    """An order changed: placed, filled, cancelled, amended, expired, rejected."""

    # In the order in which they are sent: they are found fastest so.
    symbol: str = field(name="s")
    """Name, such as ``BTCUSDT``."""
    client_order_id: str = field(name="c")
    """Your id; of a cancelled order, the id of the cancel."""
    side: Side = field(name="S")
    """Which way it goes."""
    type: OrderType = field(name="o")
    """Order type."""
    time_in_force: TimeInForce | None = field(name="f")
    """How long it stays."""
    quantity: Decimal | None = field(name="q", default=None)
    """Amount ordered, in base asset units; ``None`` while it hangs on another order's fill."""
    price: Decimal = field(name="p")
    """Limit price; zero for MARKET orders."""
    stop_price: Decimal | None = field(name="P")
    """Trigger price; zero when there is none."""
    iceberg_qty: Decimal | None = field(name="F")
    """Visible part of an iceberg order; zero when it is none."""
    order_list_id: int | None = field(name="g")
    """The exchange's id of its list; -1 when it is in none."""
    orig_client_order_id: str | None = field(name="C")
    """Of a cancelled or amended order, your id as it was; else empty."""
    execution_type: ExecutionType = field(name="x")
    """What happened."""
    status: OrderStatus = field(name="X")
    """Where it stands now."""
    reject_reason: OrderRejectReason | None = field(name="r")
    """Why it was rejected; ``NONE`` when it was not."""
    order_id: int = field(name="i")
    """The exchange's id."""
    last_executed_quantity: Decimal = field(name="l")
    """Filled by this event alone, in base asset units; zero when the event is no trade."""
    executed_quantity: Decimal = field(name="z")
    """Filled so far, in base asset units."""
    last_executed_price: Decimal = field(name="L")
    """Price of this fill; zero when the event is no trade."""
    commission: Decimal | None = field(name="n")
    """What this fill cost."""
    commission_asset: str | None = field(name="N", default=None)
    """The asset of the commission."""
    transaction_time: int | None = field(name="T")
    """When it happened, in the unit of ``event_time``."""
    trade_id: int = field(name="t")
    """Number of the trade; -1 when the event is no trade."""
    prevented_match_id: int | None = field(name="v", default=None)
    """The match that self-trade prevention stopped."""
    execution_id: int | None = field(name="I")
    """Number of this change: the same event seen twice has the same."""
    is_working: bool | None = field(name="w")
    """Whether it is on the book."""
    is_maker: bool | None = field(name="m")
    """Whether it was the resting side of this fill."""
    is_best_match: bool | None = field(name="M")
    """To be ignored."""
    time: int | None = field(name="O")
    """When it was placed, in the unit of ``event_time``."""
    cumulative_quote_quantity: Decimal | None = field(name="Z")
    """Filled so far, in quote asset units."""
    last_quote_quantity: Decimal | None = field(name="Y")
    """Filled by this event alone, in quote asset units."""
    quote_order_qty: Decimal | None = field(name="Q")
    """Amount ordered, in quote asset units; zero when ordered in base asset units."""
    working_time: int | None = field(name="W", default=None)
    """When it came to the book, in the unit of ``event_time``."""
    self_trade_prevention_mode: SelfTradePreventionMode | None = field(name="V")
    """What happens when the order meets one of the same account."""
    trailing_delta: int | None = field(name="d", default=None)
    """Trailing distance, in basis points."""
    trailing_time: int | None = field(name="D", default=None)
    """When trailing began, in the unit of ``event_time``."""
    strategy_id: int | None = field(name="j", default=None)
    """Your number for the strategy."""
    strategy_type: int | None = field(name="J", default=None)
    """Your number for the kind of strategy."""
    prevented_quantity: Decimal | None = field(name="A", default=None)
    """Quantity lost to prevented matches so far, in base asset units."""
    last_prevented_quantity: Decimal | None = field(name="B", default=None)
    """Quantity lost to this prevented match, in base asset units."""
    trade_group_id: int | None = field(name="u", default=None)
    """Group of accounts that self-trade prevention looks at."""
    counter_order_id: int | None = field(name="U", default=None)
    """The order on the other side of the prevented match."""
    counter_symbol: str | None = field(name="Cs", default=None)
    """Symbol of the order on the other side."""
    prevented_execution_quantity: Decimal | None = field(name="pl", default=None)
    """Quantity that would have traded, in base asset units."""
    prevented_execution_price: Decimal | None = field(name="pL", default=None)
    """Price it would have traded at."""
    prevented_execution_quote_quantity: Decimal | None = field(name="pY", default=None)
    """Quantity that would have traded, in quote asset units."""
    match_type: MatchType | None = field(name="b", default=None)
    """Set for routed fills."""
    allocation_id: int | None = field(name="a", default=None)
    """Number of the allocation, for routed fills."""
    working_floor: WorkingFloor | None = field(name="k", default=None)
    """Where it works, for routed orders."""
    used_sor: bool | None = field(name="uS", default=None)
    """Whether it was routed."""
    peg_price_type: PegPriceType | None = field(name="gP", default=None)
    """Which best price a pegged order follows."""
    peg_offset_type: PegOffsetType | None = field(name="gOT", default=None)
    """What the peg offset counts."""
    peg_offset_value: int | None = field(name="gOV", default=None)
    """How far from the best price, in what the type counts."""
    pegged_price: Decimal | None = field(name="gp", default=None)
    """The price a pegged order stands at."""
    expiry_reason: ExpiryReason | None = field(name="eR", default=None)
    """Why it expired."""


class UpdatedBalance(Model, gc=False):
    """What an account has of an asset after a change."""

    named_by: ClassVar[tuple[str, ...]] = ("asset",)

    asset: str = field(name="a")
    """The asset."""
    free: Decimal = field(name="f")
    """Free to be used."""
    locked: Decimal = field(name="l")
    """Held for open orders."""


@holds_rows(balances=UpdatedBalance)
class AccountPosition(Event, tag="outboundAccountPosition"):
    """Balances that may have changed, each as it stands now."""

    update_time: int | None = field(name="u")
    """When the account changed, in the unit of ``event_time``."""
    balances: RowsOf[UpdatedBalance] = field(name="B")
    """The assets that may have changed."""


class BalanceUpdate(Event, tag="balanceUpdate"):
    """A deposit, a withdrawal or a transfer between wallets."""

    asset: str = field(name="a")
    """The asset."""
    balance_delta: Decimal = field(name="d")
    """Change of the balance, negative for what left."""
    clear_time: int | None = field(name="T")
    """When it was booked, in the unit of ``event_time``."""


class OrderOfUpdatedList(Model):
    """An order of an order list, by its ids."""

    named_by: ClassVar[tuple[str, ...]] = ("client_order_id",)

    symbol: str = field(name="s")
    """Name, such as ``BTCUSDT``."""
    order_id: int = field(name="i")
    """The exchange's id."""
    client_order_id: str = field(name="c")
    """Your id."""


@holds_rows(orders=OrderOfUpdatedList)
class OrderListUpdate(Event, tag="listStatus"):
    """An order list changed; what happened to its orders comes as :class:`OrderUpdate`."""

    symbol: str = field(name="s")
    """Name, such as ``BTCUSDT``."""
    order_list_id: int = field(name="g")
    """The exchange's id of the list."""
    contingency_type: ContingencyType = field(name="c")
    """How its orders depend on each other."""
    list_status_type: ListStatusType | None = field(name="l")
    """What the news is about."""
    list_order_status: ListOrderStatus = field(name="L")
    """Where it stands."""
    reject_reason: OrderRejectReason | None = field(name="r")
    """Why it was rejected; ``NONE`` when it was not."""
    list_client_order_id: str = field(name="C")
    """Your id of the list."""
    transaction_time: int | None = field(name="T")
    """When it happened, in the unit of ``event_time``."""
    orders: RowsOf[OrderOfUpdatedList] = field(name="O")
    """Its orders, by their ids."""


class ExternalLockUpdate(Event, tag="externalLockUpdate"):
    """Part of a balance was locked or freed from outside, for example as collateral."""

    asset: str = field(name="a")
    """The asset."""
    locked_delta: Decimal = field(name="d")
    """Change of the locked amount, negative for what was freed."""
    clear_time: int | None = field(name="T")
    """When it was booked, in the unit of ``event_time``."""


class EventStreamTerminated(Event, tag="eventStreamTerminated"):
    """The subscription ended: no more events come of it."""


class ServerShutdown(Event, tag="serverShutdown"):
    """The server is about to go away: this connection will be closed."""


UserEvent: TypeAlias = (
    OrderUpdate
    | AccountPosition
    | BalanceUpdate
    | OrderListUpdate
    | ExternalLockUpdate
    | EventStreamTerminated
    | ServerShutdown
    | UnknownEvent
)
"""What Spot tells an account."""


@cache
def _decoder() -> EventDecoder:
    return EventDecoder(get_args(UserEvent))


def decode_user_event(frame: bytes | msgspec.Raw) -> Event:
    """Return the Spot user data event in ``frame``: the event alone, without its envelope.

    What is not known here, or does not fit, comes as ``UnknownEvent``; nothing is lost.

    Raises:
        msgspec.DecodeError: The frame is not JSON.
    """
    return _decoder().decode(frame)
