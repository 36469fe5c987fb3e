"""Options accounts: one wallet, positions, orders, what was exercised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from binance_wsapi.simulator.accounts import EventSource
from binance_wsapi.simulator.clock import ScheduledCall
from binance_wsapi.simulator.eoptions.contracts import Option
from binance_wsapi.simulator.order_books import BookOrder

__all__ = ["Exercise", "OptionAccount", "OptionFill", "OptionOrder", "OptionPosition"]

ZERO = Decimal(0)


@dataclass(slots=True, eq=False, kw_only=True)
class OptionOrder(BookOrder):
    """One order, from its placement on."""

    account: OptionAccount
    option: Option

    @property
    def symbol(self) -> str:
        """Symbol of its option."""
        return self.option.symbol

    @property
    def limit(self) -> Decimal:
        """The worst price that it trades at."""
        return self.price

    @property
    def average_price(self) -> Decimal:
        """Mean price of its fills, zero without one."""
        return self.executed_value / self.executed if self.executed else ZERO


@dataclass(frozen=True, slots=True)
class OptionFill:
    """One side of one trade."""

    order: OptionOrder
    trade_id: int
    price: Decimal
    quantity: Decimal
    is_maker: bool
    fee: Decimal
    profit: Decimal
    time_us: int


@dataclass(slots=True)
class OptionPosition:
    """What an account holds of one option; below zero when it was sold."""

    option: Option
    quantity: Decimal = ZERO
    average_price: Decimal = ZERO

    def trade(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Take a fill (sold: below zero) and return the profit it realizes."""
        before, after = self.quantity, self.quantity + quantity
        closed = ZERO
        if before * quantity < 0:
            closed = min(abs(before), abs(quantity))
        profit = closed * (price - self.average_price) * (1 if before > 0 else -1)
        if before * after <= 0:
            self.average_price = price if after else ZERO
        elif abs(after) > abs(before):
            self.average_price = (before * self.average_price + quantity * price) / after
        self.quantity = after
        return profit


@dataclass(frozen=True, slots=True)
class Exercise:
    """What the expiry of an option paid an account."""

    record_id: int
    option: Option
    quantity: Decimal
    amount: Decimal
    index: Decimal
    time_us: int


class OptionAccount(EventSource):
    """One options account. Lives on the exchange's thread alone.

    Args:
        uid: The same as of the owner's Spot account.
        is_house: The house's own: no margin is asked of it, and its ended orders are forgotten.
    """

    def __init__(self, uid: int, *, is_house: bool = False) -> None:
        super().__init__(uid)
        self.is_house = is_house
        self.balance = ZERO
        self.positions: dict[str, OptionPosition] = {}
        self.orders: dict[int, OptionOrder] = {}
        """Every order ever placed, by order id."""
        self.open_orders: dict[int, OptionOrder] = {}
        self.fills: list[OptionFill] = []
        self.exercises: list[Exercise] = []
        self.risk_level = "NORMAL"
        self.beat: ScheduledCall | None = None
        """When it is told again how it stands."""

    def position(self, option: Option) -> OptionPosition:
        """Return a position, making an empty one."""
        return self.positions.setdefault(option.symbol, OptionPosition(option))

    def held(self, option: Option) -> Decimal:
        """Return how much it holds of an option."""
        position = self.positions.get(option.symbol)
        return ZERO if position is None else position.quantity

    def open_positions(self) -> Iterator[OptionPosition]:
        """Iterate over the positions that hold something."""
        return (each for each in self.positions.values() if each.quantity)

    def open_quantity(self, side: str) -> Decimal:
        """Return what the open orders of one side still want."""
        wanted = (each.remaining for each in self.open_orders.values() if each.side == side)
        return sum(wanted, ZERO)
