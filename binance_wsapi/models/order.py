"""Orders: placed, cancelled, amended, asked for.

Times are epoch milliseconds, or microseconds where the connection was asked for them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from msgspec import field

from binance_wsapi.models.base import Model
from binance_wsapi.models.enums import (
    ContingencyType,
    ExpiryReason,
    ListOrderStatus,
    MatchType,
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
    "AmendedOrder",
    "AmendedOrderList",
    "CancelledOrder",
    "CommissionDiscount",
    "Fill",
    "MakerTakerRates",
    "Order",
    "OrderAmendResult",
    "OrderAmendment",
    "OrderOfList",
    "OrderTestResult",
    "PlacedOrder",
    "PreventedMatch",
    "PreventedMatchOfOrder",
]


class _OrderTerms(Model):
    """What some orders have and others lack."""

    stop_price: Decimal | None = None
    """Trigger price, for stop loss and take profit orders."""
    trailing_delta: int | None = None
    """Trailing distance, in basis points."""
    trailing_time: int | None = None
    """When trailing began, epoch ms; -1 when it has not."""
    iceberg_qty: Decimal | None = None
    """Visible part of an iceberg order, in base asset units."""
    strategy_id: int | None = None
    """Your number for the strategy."""
    strategy_type: int | None = None
    """Your number for the kind of strategy."""
    self_trade_prevention_mode: SelfTradePreventionMode | None = None
    """What happens when the order meets one of the same account."""
    trade_group_id: int | None = None
    """Group of accounts that self-trade prevention looks at."""
    prevented_match_id: int | None = None
    """The latest match that was prevented."""
    prevented_quantity: Decimal | None = None
    """Quantity lost to prevented matches, in base asset units."""
    working_time: int | None = None
    """When it came to the book, epoch ms; -1 when it has not."""
    working_floor: WorkingFloor | None = None
    """Where it works, for routed orders."""
    used_sor: bool | None = None
    """Whether it was routed."""
    peg_price_type: PegPriceType | None = None
    """Which best price a pegged order follows."""
    peg_offset_type: PegOffsetType | None = None
    """What the peg offset counts."""
    peg_offset_value: int | None = None
    """How far from the best price, in what the type counts."""
    pegged_price: Decimal | None = None
    """The price a pegged order stands at."""
    expiry_reason: ExpiryReason | None = None
    """Why it expired."""


class Fill(Model):
    """One trade that filled part of a new order."""

    price: Decimal
    """Price in quote asset units."""
    quantity: Decimal = field(name="qty")
    """Amount in base asset units."""
    commission: Decimal | None
    """What it cost."""
    commission_asset: str | None
    """The asset of the commission."""
    trade_id: int
    """Number of the trade; -1 for routed fills."""
    match_type: MatchType | None = None
    """Set for routed fills."""
    allocation_id: int | None = field(name="allocId", default=None)
    """Number of the allocation, for routed fills."""


class PreventedMatchOfOrder(Model):
    """A match of a new order that self-trade prevention stopped."""

    prevented_match_id: int
    """Its number."""
    maker_symbol: str | None = None
    """Symbol of the resting order."""
    maker_order_id: int
    """The resting order."""
    price: Decimal | None
    """Price it would have traded at."""
    taker_prevented_quantity: Decimal | None = None
    """Quantity lost by the incoming order, in base asset units."""
    maker_prevented_quantity: Decimal | None = None
    """Quantity lost by the resting order, in base asset units."""


class PreventedMatch(PreventedMatchOfOrder):
    """A match that self-trade prevention stopped."""

    symbol: str
    """Name, such as ``BTCUSDT``."""
    taker_order_id: int
    """The incoming order."""
    trade_group_id: int | None
    """Group of accounts that self-trade prevention looks at."""
    self_trade_prevention_mode: SelfTradePreventionMode | None
    """What was done."""
    transaction_time: int | None = field(name="transactTime")
    """When, epoch ms."""


@holds_rows(fills=Fill, prevented_matches=PreventedMatchOfOrder)
class PlacedOrder(_OrderTerms):
    """A new order; ACK answers leave out everything but the ids and the time."""

    named_by: ClassVar[tuple[str, ...]] = ("client_order_id",)

    symbol: str
    """Name, such as ``BTCUSDT``."""
    order_id: int
    """The exchange's id."""
    order_list_id: int | None
    """The exchange's id of its list; -1 when it is in none."""
    client_order_id: str
    """Your id."""
    transaction_time: int | None = field(name="transactTime")
    """When it was placed, epoch ms."""
    price: Decimal | None = None
    """Limit price; zero for MARKET orders."""
    quantity: Decimal | None = field(name="origQty", default=None)
    """Amount ordered, in base asset units; ``None`` while it hangs on another order's fill."""
    executed_quantity: Decimal | None = field(name="executedQty", default=None)
    """Filled, in base asset units."""
    quote_order_qty: Decimal | None = field(name="origQuoteOrderQty", default=None)
    """Amount ordered, in quote asset units; zero when ordered in base asset units."""
    cumulative_quote_quantity: Decimal | None = field(name="cummulativeQuoteQty", default=None)
    """Filled, in quote asset units."""
    status: OrderStatus | None = None
    """Where it stands."""
    time_in_force: TimeInForce | None = None
    """How long it stays."""
    type: OrderType | None = None
    """Order type."""
    side: Side | None = None
    """Which way it goes."""
    fills: RowsOf[Fill] | None = None
    """Its fills so far, in FULL answers."""
    prevented_matches: RowsOf[PreventedMatchOfOrder] | None = None
    """Its matches that self-trade prevention stopped, in FULL answers."""


class CancelledOrder(_OrderTerms):
    """An order that was cancelled."""

    named_by: ClassVar[tuple[str, ...]] = ("client_order_id",)

    symbol: str
    """Name, such as ``BTCUSDT``."""
    order_id: int
    """The exchange's id."""
    order_list_id: int | None
    """The exchange's id of its list; -1 when it is in none."""
    orig_client_order_id: str | None = None
    """Your id, as it was; ``None`` where cancelling an order list left the id as it is."""
    client_order_id: str
    """The id of the cancel, which the order goes by from now on."""
    transaction_time: int | None = field(name="transactTime", default=None)
    """When it was cancelled, epoch ms."""
    price: Decimal
    """Limit price; zero for MARKET orders."""
    quantity: Decimal | None = field(name="origQty", default=None)
    """Amount ordered, in base asset units; ``None`` when it hung on another order's fill."""
    executed_quantity: Decimal = field(name="executedQty")
    """Filled before, in base asset units."""
    quote_order_qty: Decimal | None = field(name="origQuoteOrderQty", default=None)
    """Amount ordered, in quote asset units; zero when ordered in base asset units."""
    cumulative_quote_quantity: Decimal | None = field(name="cummulativeQuoteQty")
    """Filled before, in quote asset units."""
    status: OrderStatus
    """Where it stands."""
    time_in_force: TimeInForce | None
    """How long it was to stay."""
    type: OrderType
    """Order type."""
    side: Side
    """Which way it went."""


class Order(_OrderTerms):
    """An order as it stands."""

    named_by: ClassVar[tuple[str, ...]] = ("client_order_id",)
    time_index = "time"

    symbol: str
    """Name, such as ``BTCUSDT``."""
    order_id: int
    """The exchange's id."""
    order_list_id: int | None
    """The exchange's id of its list; -1 when it is in none."""
    client_order_id: str
    """Your id."""
    price: Decimal
    """Limit price; zero for MARKET orders."""
    quantity: Decimal | None = field(name="origQty", default=None)
    """Amount ordered, in base asset units; ``None`` while it hangs on another order's fill."""
    executed_quantity: Decimal = field(name="executedQty")
    """Filled so far, in base asset units."""
    quote_order_qty: Decimal | None = field(name="origQuoteOrderQty", default=None)
    """Amount ordered, in quote asset units; zero when ordered in base asset units."""
    cumulative_quote_quantity: Decimal | None = field(name="cummulativeQuoteQty")
    """Filled so far, in quote asset units; negative for old orders where it is not known."""
    status: OrderStatus
    """Where it stands."""
    time_in_force: TimeInForce | None
    """How long it stays."""
    type: OrderType
    """Order type."""
    side: Side
    """Which way it goes."""
    time: int | None
    """When it was placed, epoch ms."""
    update_time: int | None
    """When it last changed, epoch ms."""
    is_working: bool | None
    """Whether it is on the book."""


class OrderOfList(Model):
    """An order of an order list, by its ids."""

    named_by: ClassVar[tuple[str, ...]] = ("client_order_id",)

    symbol: str
    """Name, such as ``BTCUSDT``."""
    order_id: int
    """The exchange's id."""
    client_order_id: str
    """Your id."""


class AmendedOrder(_OrderTerms):
    """An order as it stands after its quantity was reduced."""

    symbol: str
    """Name, such as ``BTCUSDT``."""
    order_id: int
    """The exchange's id, the same as before."""
    order_list_id: int | None
    """The exchange's id of its list; -1 when it is in none."""
    orig_client_order_id: str | None
    """Your id, as it was."""
    client_order_id: str
    """Your id from now on."""
    price: Decimal
    """Limit price."""
    quantity: Decimal = field(name="qty")
    """The new amount, in base asset units."""
    executed_quantity: Decimal = field(name="executedQty")
    """Filled so far, in base asset units."""
    prevented_quantity: Decimal | None = field(name="preventedQty")
    """Quantity lost to prevented matches, in base asset units."""
    quote_order_qty: Decimal | None
    """Amount ordered, in quote asset units; zero when ordered in base asset units."""
    cumulative_quote_quantity: Decimal | None = field(name="cumulativeQuoteQty")
    """Filled so far, in quote asset units."""
    status: OrderStatus
    """Where it stands."""
    time_in_force: TimeInForce | None
    """How long it stays."""
    type: OrderType
    """Order type."""
    side: Side
    """Which way it goes."""


@holds_rows(orders=OrderOfList)
class AmendedOrderList(Model):
    """The order list that an amended order belongs to."""

    order_list_id: int
    """The exchange's id of the list."""
    contingency_type: ContingencyType | None
    """How its orders depend on each other."""
    list_order_status: ListOrderStatus
    """Where it stands."""
    list_client_order_id: str
    """Your id of the list."""
    symbol: str
    """Name, such as ``BTCUSDT``."""
    orders: RowsOf[OrderOfList]
    """Its orders."""


class OrderAmendResult(Model):
    """An amendment that went through."""

    transaction_time: int | None = field(name="transactTime")
    """When, epoch ms."""
    execution_id: int | None
    """Number of the change."""
    amended_order: AmendedOrder
    """The order as it stands now."""
    list_status: AmendedOrderList | None = None
    """Its order list, when it is in one."""


class OrderAmendment(Model):
    """One amendment in the history of an order."""

    time_index = "time"

    symbol: str
    """Name, such as ``BTCUSDT``."""
    order_id: int
    """The exchange's id of the order."""
    execution_id: int | None
    """Number of the change."""
    orig_client_order_id: str
    """Your id of the order before."""
    new_client_order_id: str
    """Your id of the order after."""
    orig_quantity: Decimal = field(name="origQty")
    """Amount before, in base asset units."""
    new_qty: Decimal
    """Amount after, in base asset units."""
    time: int | None
    """When, epoch ms."""


class MakerTakerRates(Model):
    """Commission rates of an order, as fractions of what it trades."""

    maker: Decimal
    """Where it waits on the book."""
    taker: Decimal
    """Where it meets one that waits."""


class CommissionDiscount(Model):
    """Discount for paying commissions in an asset of the exchange's choice."""

    enabled_for_account: bool | None
    """Whether the account takes it."""
    enabled_for_symbol: bool | None
    """Whether the symbol grants it."""
    discount_asset: str | None = None
    """The asset to pay in, such as ``BNB``."""
    discount: Decimal
    """What the standard commission is multiplied by."""


class OrderTestResult(Model):
    """An order that would be accepted; empty unless commission rates were asked for."""

    standard_commission_for_order: MakerTakerRates | None = None
    """Standard rates."""
    special_commission_for_order: MakerTakerRates | None = None
    """Special rates, added to the standard ones."""
    tax_commission_for_order: MakerTakerRates | None = None
    """Taxes, added to the standard rates."""
    discount: CommissionDiscount | None = None
    """Discount on the standard commission."""
