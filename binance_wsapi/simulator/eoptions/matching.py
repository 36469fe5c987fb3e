"""Matching by price and time, and what a match moves: orders, positions, wallets, fees."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.eoptions.accounts import OptionFill, OptionOrder
from binance_wsapi.simulator.eoptions.contracts import CENT
from binance_wsapi.simulator.eoptions.events import OptionEvents
from binance_wsapi.simulator.eoptions.risk import OptionRisk
from binance_wsapi.simulator.order_books import OrderBooks

__all__ = ["OptionMatching"]

ZERO = Decimal(0)
FEE_RATE = Decimal("0.0003")
"""Of the index price."""
MOST_OF_PRICE = Decimal("0.1")
"""No fee is more than this part of what the option cost."""


class OptionMatching(OrderBooks[OptionOrder]):
    """The books of the options. Only orders that were checked come here.

    Args:
        clock: Time of the exchange.
        risk: Index prices.
        events: Where the accounts' events are made.
        on_fill: Called with each order after each of its fills.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        risk: OptionRisk,
        events: OptionEvents,
        on_fill: Callable[[OptionOrder], None],
    ) -> None:
        super().__init__(clock)
        self._risk = risk
        self._events = events
        self._on_fill = on_fill

    def fillable(self, order: OptionOrder) -> Decimal:
        """Return how much of an order the book could fill now."""
        return self._fillable(order, order.price, _value)[0]

    def finish(self, order: OptionOrder, status: str) -> None:
        """End an order that is not filled: cancelled or expired."""
        self.withdraw(order)
        order.status = status
        order.updated_us = self._clock.now_us()
        _forget(order)
        self._events.order(order, "CANCELED" if status == "CANCELED" else "EXPIRED")

    def _prevent(self, order: OptionOrder, taker: OptionOrder) -> None:
        self.finish(order, "EXPIRED_IN_MATCH")

    def _match(self, taker: OptionOrder, maker: OptionOrder) -> None:
        """Fill two orders against each other; an order with nothing left to reduce expires instead."""
        allowed = {order: _closable(order) for order in (taker, maker) if order.reduce_only}
        spent = [order for order, quantity in allowed.items() if not quantity]
        for order in spent:
            self.finish(order, "EXPIRED")
        if spent:
            return
        price = maker.price
        quantity = min(taker.remaining, maker.remaining, *allowed.values())
        value = _value(price, quantity)
        trade_id = self._fill(taker, maker, quantity, value)
        taker.updated_us = maker.updated_us = self._clock.now_us()
        self._announce(taker, maker, trade_id=trade_id, quantity=quantity, value=value)
        for order in (maker, taker):
            self._settle(order, trade_id, price, quantity, is_maker=order is maker)
        for order in (maker, taker):
            self._expire_spent_orders(order)

    def _settle(
        self,
        order: OptionOrder,
        trade_id: int,
        price: Decimal,
        quantity: Decimal,
        *,
        is_maker: bool,
    ) -> None:
        """Move position and wallet of one side of a trade, and tell the account."""
        account, option = order.account, order.option
        signed = quantity if order.is_buy else -quantity
        rate = min(FEE_RATE * self._risk.index(option) * option.unit, MOST_OF_PRICE * price)
        fee = (rate * quantity).quantize(CENT, ROUND_HALF_UP)
        position = account.position(option)
        profit = position.trade(signed, price)
        account.balance -= signed * price + fee
        if not order.remaining:
            _forget(order)
        fill = OptionFill(
            order, trade_id, price, quantity, is_maker, fee, profit, self._clock.now_us()
        )
        if not account.is_house:
            account.fills.append(fill)
        self._events.order(order, "TRADE", fill)
        self._events.balances(account, "ORDER", positions=[position])
        self._events.standing(account)
        self._on_fill(order)

    def _expire_spent_orders(self, order: OptionOrder) -> None:
        """Expire an account's resting orders that have no position left to reduce."""
        if order.account.is_house:
            return  # it rests a whole book, and nothing that only closes
        for other in list(order.account.open_orders.values()):
            is_spent = other.option is order.option and other.reduce_only and not _closable(other)
            if other.is_resting and is_spent:
                self.finish(other, "EXPIRED")


def _closable(order: OptionOrder) -> Decimal:
    """Return how much of its position an order may still close."""
    held = order.account.held(order.option)
    return abs(held) if held and (held > 0) is not order.is_buy else ZERO


def _value(price: Decimal, quantity: Decimal) -> Decimal:
    return price * quantity


def _forget(order: OptionOrder) -> None:
    account = order.account
    account.open_orders.pop(order.order_id, None)
    if account.is_house:
        account.orders.pop(order.order_id, None)
