"""Orders in the matching engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from binance_wsapi.simulator.futures.contracts import Contract

if TYPE_CHECKING:
    from binance_wsapi.simulator.clock import ScheduledCall
    from binance_wsapi.simulator.futures.accounts import FuturesAccount
    from binance_wsapi.simulator.futures.conditional import ConditionalOrder

__all__ = ["CONDITIONAL_TYPES", "Amendment", "ExpiryReason", "Fill", "FuturesOrder"]

ZERO = Decimal(0)

CONDITIONAL_TYPES = frozenset(
    {"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"}
)
"""What fires later; ``STOP`` and ``TAKE_PROFIT`` then place a limit order, the others a market order."""


@dataclass(frozen=True, slots=True)
class Amendment:
    """One modification of an order."""

    amendment_id: int
    time_us: int
    price_before: Decimal
    price: Decimal
    quantity_before: Decimal
    quantity: Decimal
    modify_id: int | None


class ExpiryReason:
    """The ``er`` codes of ORDER_TRADE_UPDATE."""

    NONE = "0"
    SELF_TRADE = "1"
    IOC = "2"
    IOC_SELF_TRADE = "3"
    REDUCE_ONLY = "4"
    LIQUIDATION = "5"
    TRIGGERED = "8"
    MARKET = "9"
    FOK = "10"
    POST_ONLY = "11"


@dataclass(slots=True, eq=False)
class FuturesOrder:
    """One order, from its placement on."""

    order_id: int
    account: FuturesAccount
    contract: Contract
    client_order_id: str
    side: str
    position_side: str
    type: str
    """Current type: ``MARKET`` or ``LIMIT`` once a COIN-M conditional order has triggered."""
    original_type: str
    time_in_force: str
    quantity: Decimal
    price: Decimal
    """Zero for market orders."""
    created_us: int
    updated_us: int
    reduce_only: bool = False
    close_position: bool = False
    price_match: str = "NONE"
    prevention_mode: str = "NONE"
    good_till_ms: int = 0
    stop_price: Decimal = ZERO
    working_type: str = "CONTRACT_PRICE"
    price_protect: bool = False
    activation_price: Decimal | None = None
    callback_rate: Decimal | None = None
    status: str = "NEW"
    executed: Decimal = ZERO
    executed_value: Decimal = ZERO
    """In the margin asset."""
    expiry_reason: str = ExpiryReason.NONE
    amendments: list[Amendment] = field(default_factory=list)
    """How it was modified, oldest first."""
    is_resting: bool = False
    """It stands in the book."""
    auto_close_type: str = ""
    """``LIQUIDATION`` or ``ADL``: the exchange itself closes a position with it."""
    algo: ConditionalOrder | None = None
    """The algo order whose trigger placed it."""
    expiry_call: ScheduledCall | None = None

    @property
    def symbol(self) -> str:
        """Symbol of its contract."""
        return self.contract.symbol

    @property
    def limit(self) -> Decimal | None:
        """The worst price that it trades at; ``None`` takes any."""
        return self.price if self.type == "LIMIT" else None

    @property
    def remaining(self) -> Decimal:
        """What is still to be filled."""
        return self.quantity - self.executed

    @property
    def is_open(self) -> bool:
        """Whether it may still be filled."""
        return self.status in {"NEW", "PARTIALLY_FILLED"}

    @property
    def is_buy(self) -> bool:
        """Whether it buys."""
        return self.side == "BUY"

    @property
    def average_price(self) -> Decimal:
        """Mean price of its fills, zero without one."""
        return self.contract.mean_price(self.executed_value, self.executed)

    @property
    def only_closes(self) -> bool:
        """Whether it can do nothing but make a position smaller: reduce-only, or hedge mode's closing side."""
        if self.position_side == "BOTH":
            return self.reduce_only or self.close_position
        return self.is_buy == (self.position_side == "SHORT")


@dataclass(frozen=True, slots=True)
class Fill:
    """One side of one trade."""

    order: FuturesOrder
    trade_id: int
    price: Decimal
    quantity: Decimal
    is_maker: bool
    fee: Decimal
    profit: Decimal
