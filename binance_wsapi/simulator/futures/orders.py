"""Orders in the matching engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.order_books import BookOrder

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


@dataclass(slots=True, eq=False, kw_only=True)
class FuturesOrder(BookOrder):
    """One order, from its placement on."""

    account: FuturesAccount
    contract: Contract
    position_side: str
    type: str
    """Current type: ``MARKET`` or ``LIMIT`` once a COIN-M conditional order has triggered."""
    original_type: str
    close_position: bool = False
    price_match: str = "NONE"
    good_till_ms: int = 0
    stop_price: Decimal = ZERO
    working_type: str = "CONTRACT_PRICE"
    price_protect: bool = False
    activation_price: Decimal | None = None
    callback_rate: Decimal | None = None
    expiry_reason: str = ExpiryReason.NONE
    amendments: list[Amendment] = field(default_factory=list)
    """How it was modified, oldest first."""
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
