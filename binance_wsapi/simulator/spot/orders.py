"""Orders and order lists as the engine keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.spot.money import ZERO, notional
from binance_wsapi.simulator.spot.symbols import SymbolSpec

__all__ = [
    "Amendment",
    "Fill",
    "Order",
    "OrderList",
    "OrderTerms",
    "Peg",
    "Phase",
    "PreventedMatch",
    "Reservation",
]

ALGO_TYPES = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})
MARKET_TYPES = frozenset({"MARKET", "STOP_LOSS", "TAKE_PROFIT"})


class Phase(Enum):
    """Where an order is in its life; its public ``status`` follows from it and from its fills."""

    NEW = "new"
    """Being checked; nobody knows it yet."""
    PENDING = "pending"
    """Waits for the working order of its list."""
    WAITING = "waiting"
    """Waits for its trigger."""
    TAKING = "taking"
    """Trades against what rests on the book."""
    RESTING = "resting"
    """On the book."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Peg:
    """Where a pegged order takes its price from."""

    price_type: str
    offset_type: str | None = None
    offset_value: int | None = None


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """What a request asks for, checked for form but not yet against the market."""

    side: str
    type: str
    time_in_force: str = "GTC"
    price: Decimal = ZERO
    quantity: Decimal | None = None
    """``None`` for a quote quantity, and for the pending orders of an OPO."""
    quote_quantity: Decimal | None = None
    stop_price: Decimal | None = None
    trailing_delta: int | None = None
    iceberg_quantity: Decimal | None = None
    client_order_id: str | None = None
    strategy_id: int | None = None
    strategy_type: int | None = None
    prevention_mode: str | None = None
    peg: Peg | None = None


@dataclass(frozen=True, slots=True)
class Fill:
    """One fill as its own order saw it: a trade, or an allocation of a routed order."""

    symbol: str
    order_id: int
    order_list_id: int
    trade_id: int
    """-1 for an allocation."""
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    commission: Decimal
    commission_asset: str
    time_us: int
    is_buyer: bool
    is_maker: bool
    allocation_id: int | None = None


@dataclass(frozen=True, slots=True)
class PreventedMatch:
    """A self-trade that did not happen."""

    symbol: str
    """Symbol of the taker order."""
    prevented_match_id: int
    taker_order_id: int
    maker_symbol: str
    maker_order_id: int
    trade_group_id: int
    mode: str
    price: Decimal
    taker_prevented_quantity: Decimal | None
    maker_prevented_quantity: Decimal | None
    time_us: int


@dataclass(frozen=True, slots=True)
class Amendment:
    """One reduction of an order's quantity."""

    symbol: str
    order_id: int
    execution_id: int
    original_client_order_id: str
    new_client_order_id: str
    original_quantity: Decimal
    new_quantity: Decimal
    time_us: int


class Order:
    """One order, from its acceptance to its end."""

    __slots__ = (
        "account",
        "amendments",
        "budget",
        "client_order_id",
        "created_us",
        "executed",
        "expiry_reason",
        "fills",
        "iceberg_quantity",
        "is_working",
        "order_id",
        "order_list",
        "peg",
        "pegged_price",
        "phase",
        "prevented",
        "prevented_match_id",
        "prevented_matches",
        "prevention_mode",
        "price",
        "quantity",
        "quote_executed",
        "quote_quantity",
        "reservation",
        "side",
        "spec",
        "status",
        "stop_price",
        "strategy_id",
        "strategy_type",
        "symbol",
        "time_in_force",
        "trailing_delta",
        "trailing_us",
        "type",
        "updated_us",
        "used_sor",
        "visible",
        "working_floor",
        "working_us",
    )

    def __init__(
        self, spec: SymbolSpec, account: Account, terms: OrderTerms, client_order_id: str
    ) -> None:
        self.spec = spec
        self.symbol = spec.symbol
        self.account = account
        self.order_id = -1
        self.client_order_id = client_order_id
        self.side = terms.side
        self.type = terms.type
        self.time_in_force = terms.time_in_force
        self.price = terms.price
        self.quantity = terms.quantity
        self.quote_quantity = terms.quote_quantity
        self.stop_price = terms.stop_price
        self.trailing_delta = terms.trailing_delta
        self.iceberg_quantity = terms.iceberg_quantity
        self.strategy_id = terms.strategy_id
        self.strategy_type = terms.strategy_type
        self.prevention_mode = terms.prevention_mode or spec.default_self_trade_prevention_mode
        self.peg = terms.peg
        self.pegged_price: Decimal | None = None
        self.phase = Phase.NEW
        self.status = "NEW"
        self.executed = ZERO
        self.quote_executed = ZERO
        self.prevented = ZERO
        self.prevented_match_id: int | None = None
        self.order_list: OrderList | None = None
        self.created_us = 0
        self.updated_us = 0
        self.working_us = -1
        self.is_working = False
        """Whether it ever entered the book."""
        self.trailing_us = -1
        """When a trailing stop began to follow the price."""
        self.expiry_reason: str | None = None
        self.used_sor = False
        self.working_floor: str | None = None
        self.visible = ZERO
        """Displayed quantity while it rests."""
        self.budget: Decimal | None = None
        """Quote asset set aside for a buyer without a limit price."""
        self.reservation: Reservation | None = None
        self.fills: list[Fill] = []
        self.prevented_matches: list[PreventedMatch] = []
        self.amendments: list[Amendment] = []

    @property
    def remaining(self) -> Decimal:
        """What may still trade, in base asset units."""
        if self.quantity is None:
            return ZERO
        return self.quantity - self.executed - self.prevented

    @property
    def is_open(self) -> bool:
        """Whether it may still change by itself."""
        return self.phase is not Phase.DONE

    @property
    def is_buy(self) -> bool:
        """Whether it buys the base asset."""
        return self.side == "BUY"

    @property
    def is_algo(self) -> bool:
        """Whether it has a trigger."""
        return self.type in ALGO_TYPES

    @property
    def is_market(self) -> bool:
        """Whether it takes any price once it works."""
        return self.type in MARKET_TYPES

    @property
    def limit_price(self) -> Decimal:
        """The price that it works at: the pegged one when it is pegged."""
        return self.pegged_price if self.pegged_price is not None else self.price

    @property
    def order_list_id(self) -> int:
        """Id of its list, -1 when it stands alone."""
        return self.order_list.order_list_id if self.order_list is not None else -1

    @property
    def spends(self) -> str:
        """The asset it gives away."""
        return self.spec.quote_asset if self.side == "BUY" else self.spec.base_asset

    def need(self) -> Decimal:
        """Return what must be set aside of :attr:`spends` for the rest of the order."""
        if self.phase is Phase.DONE:
            return ZERO
        if self.side == "SELL":
            return self.remaining
        if self.budget is not None:
            return self.budget
        return notional(self.limit_price, self.remaining)


class Reservation:
    """An amount set aside for one order, or once for both orders of an OCO pair."""

    __slots__ = ("account", "amount", "asset", "orders")

    def __init__(self, account: Account, asset: str, orders: list[Order]) -> None:
        self.account = account
        self.asset = asset
        self.amount = ZERO
        self.orders = orders


@dataclass(slots=True, eq=False)
class OrderList:
    """Orders that depend on each other: OCO, OTO, OTOCO, OPO, OPOCO."""

    order_list_id: int
    account: Account
    symbol: str
    contingency_type: str
    """``OCO`` or ``OTO``; an OTOCO is an ``OTO`` with two pending orders."""
    client_order_id: str
    orders: list[Order]
    created_us: int
    updated_us: int
    pays_other: bool = False
    """OPO: what the working order receives is what the pending orders sell."""
    status_type: str = "EXEC_STARTED"
    order_status: str = "EXECUTING"
    proceeds: Reservation | None = None
    """What the working order of an OPO received so far, set aside for the pending orders."""
    pending: list[Order] = field(default_factory=list)
    """Orders that wait for the working order."""

    @property
    def is_open(self) -> bool:
        """Whether an order of it may still change."""
        return self.order_status == "EXECUTING"

    def sibling(self, order: Order) -> Order | None:
        """Return the other order of the OCO pair that ``order`` belongs to."""
        pair = self.orders[-2:] if len(self.orders) == 3 or self.contingency_type == "OCO" else []
        if order not in pair:
            return None
        return pair[0] if pair[1] is order else pair[1]
