"""Conditional orders: when they fire, and their state until then."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from binance_wsapi.simulator.futures.contracts import Contract

if TYPE_CHECKING:
    from binance_wsapi.simulator.clock import ScheduledCall
    from binance_wsapi.simulator.futures.accounts import FuturesAccount
    from binance_wsapi.simulator.futures.orders import FuturesOrder
    from binance_wsapi.simulator.futures.requests import NewOrder

__all__ = ["ConditionalOrder", "Trigger"]

ZERO = Decimal(0)


@dataclass(slots=True)
class Trigger:
    """The condition of a conditional order."""

    order_type: str
    side: str
    working_type: str
    """``CONTRACT_PRICE`` looks at last prices, ``MARK_PRICE`` at mark prices."""
    price: Decimal = ZERO
    activation_price: Decimal | None = None
    callback_rate: Decimal = ZERO
    """Percent."""
    is_activated: bool = True
    """Trailing orders: the activation price was reached."""
    extreme: Decimal | None = None
    """Trailing orders: best price since the activation."""

    @property
    def is_trailing(self) -> bool:
        """Whether it follows the price."""
        return self.order_type == "TRAILING_STOP_MARKET"

    def fires_at(self, price: Decimal) -> bool:
        """Whether a price meets the condition; a trailing order follows the price first."""
        if self.is_trailing:
            return self._trails_to(price)
        return price >= self.price if self.fires_upwards else price <= self.price

    @property
    def fires_upwards(self) -> bool:
        """Whether it waits for a price at or above its trigger price."""
        return self.order_type.startswith("STOP") == (self.side == "BUY")

    def _trails_to(self, price: Decimal) -> bool:
        is_sell = self.side == "SELL"
        if not self.is_activated:
            activation = self.activation_price
            if activation is None or (price < activation if is_sell else price > activation):
                return False
            self.is_activated = True
        best = price if self.extreme is None else self.extreme
        self.extreme = max(best, price) if is_sell else min(best, price)
        distance = self.extreme * self.callback_rate / 100
        return price <= self.extreme - distance if is_sell else price >= self.extreme + distance


@dataclass(slots=True, eq=False)
class ConditionalOrder:
    """An order of the algo service: it becomes an order of the matching engine when it fires."""

    algo_id: int
    account: FuturesAccount
    contract: Contract
    client_algo_id: str
    request: NewOrder
    """What was asked for; its trigger places an order with the same terms."""
    trigger: Trigger
    created_us: int
    updated_us: int
    status: str = "NEW"
    triggered_us: int = 0
    order: FuturesOrder | None = None
    """What its trigger placed."""
    reject_message: str = ""
    expiry_call: ScheduledCall | None = None

    @property
    def is_open(self) -> bool:
        """Whether it waits for its trigger."""
        return self.status == "NEW"

    @property
    def actual_type(self) -> str:
        """Type of the order that the trigger places."""
        return "LIMIT" if self.request.has_limit else "MARKET"
