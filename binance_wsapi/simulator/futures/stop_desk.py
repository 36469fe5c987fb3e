"""Conditional orders of COIN-M: placed like any other, they keep their id when they fire."""

from __future__ import annotations

from functools import partial
from typing import Any

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.answers import order_answer
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.events import UserEvents
from binance_wsapi.simulator.futures.matching import Matching
from binance_wsapi.simulator.futures.order_intake import OrderIntake
from binance_wsapi.simulator.futures.orders import CONDITIONAL_TYPES, ExpiryReason, FuturesOrder
from binance_wsapi.simulator.futures.prices import Prices
from binance_wsapi.simulator.futures.refusals import refusal
from binance_wsapi.simulator.futures.risk import Risk
from binance_wsapi.simulator.futures.triggers import TriggerDesk, make_trigger

__all__ = ["StopDesk"]


class StopDesk:
    """What ``order.place`` comes to where it takes conditional types.

    Args:
        clock: Time of the exchange.
        prices: Mark and last prices.
        risk: Margin.
        matching: The books.
        intake: Where all other orders go, and these when they fire.
        events: Where the accounts' events are made.
        triggers: Where the orders wait.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        *,
        prices: Prices,
        risk: Risk,
        matching: Matching,
        intake: OrderIntake,
        events: UserEvents,
        triggers: TriggerDesk,
    ) -> None:
        self._clock = clock
        self._prices = prices
        self._risk = risk
        self._matching = matching
        self._intake = intake
        self._events = events
        self._triggers = triggers

    def place(
        self, account: FuturesAccount, contract: Contract, params: dict[str, Any]
    ) -> dict[str, Any]:
        """Answer ``order.place``. No margin is asked for before the trigger."""
        request = self._intake.read(account, params)
        if not request.is_conditional:
            return self._intake.take(account, contract, request)
        trigger = make_trigger(request, contract, self._prices)
        if not request.close_position:
            limit = request.price or self._prices.last(contract)
            self._intake.check_terms(contract, request, price=limit, quantity=request.quantity)
        waiting = sum(1 for one in account.open_orders.values() if one.type in CONDITIONAL_TYPES)
        if waiting >= contract.max_conditional_orders:
            raise refusal(-4045)
        order = self._intake.make(account, contract, request)
        self._intake.check_client_id(account, order.client_order_id)
        if trigger.is_trailing:
            order.activation_price = trigger.activation_price
            order.callback_rate = trigger.callback_rate
        self._intake.register(order)
        self._events.order(order, "NEW")
        self._triggers.watch(
            order.order_id,
            contract,
            trigger,
            partial(self._fire, order),
            partial(self._remove, order),
        )
        return order_answer(order)

    def ended(self, order: FuturesOrder) -> None:
        """Stop watching for an order that ended."""
        self._triggers.forget(order.order_id)

    def _fire(self, order: FuturesOrder) -> None:
        """Turn a triggered order into the limit or market order it stands for."""
        account, contract = order.account, order.contract
        held = account.held(contract, order.position_side).closing_quantity(order.side)
        if order.only_closes and not held:
            self._matching.finish(order, "EXPIRED", reason=ExpiryReason.REDUCE_ONLY)
            return
        if order.close_position:
            order.quantity = held
        if not self._is_possible(order):
            self._matching.finish(order, "EXPIRED")
            return
        order.status = "EXPIRED"
        order.expiry_reason = ExpiryReason.TRIGGERED
        order.updated_us = self._clock.now_us()
        self._events.order(order, "EXPIRED")
        order.type = "LIMIT" if order.type in {"STOP", "TAKE_PROFIT"} else "MARKET"
        order.status = "NEW"
        order.expiry_reason = ExpiryReason.NONE
        self._events.order(order, "NEW")
        self._intake.work(order)

    def _remove(self, order: FuturesOrder) -> None:
        if order.is_open:
            self._matching.finish(order, "EXPIRED")

    def _is_possible(self, order: FuturesOrder) -> bool:
        """Whether the account may place the order; a priceMatch mode finds its price first."""
        contract = order.contract
        try:
            if order.price_match != "NONE":
                order.price = self._intake.matched_price(contract, order.side, order.price_match)
            value = contract.value(order.price or self._prices.last(contract), order.quantity)
            self._risk.check_order(order.account, contract, order, value)
        except ExchangeError:
            return False
        return True
