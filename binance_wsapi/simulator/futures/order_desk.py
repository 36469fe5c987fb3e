"""Placing, modifying, cancelling and finding orders, as requests ask for it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from binance_wsapi.markets import Market
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.errors import (
    cancel_rejected,
    invalid_parameter,
    no_such_order,
)
from binance_wsapi.simulator.futures import grid
from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.answers import order_answer, order_status
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.events import UserEvents
from binance_wsapi.simulator.futures.matching import Matching
from binance_wsapi.simulator.futures.order_intake import OrderIntake
from binance_wsapi.simulator.futures.orders import Amendment, FuturesOrder
from binance_wsapi.simulator.futures.prices import Prices
from binance_wsapi.simulator.futures.refusals import (
    limit_orders_only,
    nothing_changes,
    refusal,
    too_many_changes,
)
from binance_wsapi.simulator.futures.requests import (
    OrderReference,
    Parameters,
    read_price,
    read_price_match,
    read_reference,
)
from binance_wsapi.simulator.futures.risk import Risk
from binance_wsapi.simulator.numbering import Numbers

__all__ = ["OrderDesk"]

ZERO = Decimal(0)
MAX_CHANGES = 10_000
DAY_US = 86_400_000_000
EMPTY_ORDERS_KEPT_US = 3 * DAY_US
ORDERS_KEPT_US = 90 * DAY_US


class OrderDesk:
    """What ``order.*`` requests come to.

    Args:
        clock: Time of the exchange.
        market: USD-M or COIN-M.
        intake: The way of new orders.
        prices: Mark and last prices.
        risk: Margin.
        matching: The books.
        events: Where the accounts' events are made.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        market: Market,
        *,
        intake: OrderIntake,
        prices: Prices,
        risk: Risk,
        matching: Matching,
        events: UserEvents,
    ) -> None:
        self._clock = clock
        self._market = market
        self._intake = intake
        self._prices = prices
        self._risk = risk
        self._matching = matching
        self._events = events
        self._amendment_ids = Numbers()

    def place(
        self, account: FuturesAccount, contract: Contract, params: dict[str, Any]
    ) -> dict[str, Any]:
        """Answer ``order.place``."""
        return self._intake.take(account, contract, self._intake.read(account, params))

    def test(
        self, account: FuturesAccount, contract: Contract, params: dict[str, Any]
    ) -> dict[str, Any]:
        """Answer ``order/test``: whether the order would be taken; nobody hears of it."""
        order = self._intake.build(account, contract, self._intake.read(account, params))
        self._intake.admit(order)
        return order_answer(order)

    def modify(
        self, account: FuturesAccount, contract: Contract, params: dict[str, Any]
    ) -> dict[str, Any]:
        """Answer ``order.modify``: a changed order goes to the end of its new level's queue."""
        given = Parameters(params)
        order = self._find(account, contract, read_reference(given, "orderId", "origClientOrderId"))
        side = given.choice("side", {"BUY", "SELL"}, -1117)
        quantity = given.needed_decimal("quantity")
        price_match = read_price_match(given, has_limit=True)
        price = read_price(given, has_limit=True)
        modify_id = given.integer("modifyId")
        knows_reduce_only = given.flag("reduceOnly") and self._market is Market.USDM
        if order is None or not order.is_open:
            raise no_such_order()
        if order.type != "LIMIT":
            raise limit_orders_only(self._market)
        if order.side != side:
            raise invalid_parameter("side")
        if knows_reduce_only and not order.reduce_only:
            raise refusal(-5047)
        if price_match != "NONE":
            price = self._intake.matched_price(contract, side, price_match)
        # USD-M spares a reduce-only order the least notional only where the request says that it is one.
        is_spared = order.only_closes and (
            knows_reduce_only or not order.reduce_only or self._market is Market.COINM
        )
        self._check_change(order, quantity, price, is_spared=is_spared)

        was_post_only = order.time_in_force in {"GTX", "RPI"}
        if quantity <= order.executed or (was_post_only and self._matching.crosses(order, price)):
            self._matching.finish(order, "CANCELED")
            return _with_modify_id(order_answer(order), modify_id)
        self._matching.withdraw(order)
        order.updated_us = self._clock.now_us()
        order.amendments.append(
            Amendment(
                next(self._amendment_ids),
                order.updated_us,
                order.price,
                price,
                order.quantity,
                quantity,
                modify_id,
            )
        )
        order.quantity, order.price, order.price_match = quantity, price, price_match
        self._events.order(order, "AMENDMENT", modify_id=modify_id)
        answer = _with_modify_id(order_answer(order), modify_id)
        self._intake.work(order)
        return answer

    def cancel(
        self, account: FuturesAccount, contract: Contract, params: dict[str, Any]
    ) -> dict[str, Any]:
        """Answer ``order.cancel``."""
        reference = read_reference(Parameters(params), "orderId", "origClientOrderId")
        order = self._find(account, contract, reference)
        if order is None or not order.is_open:
            raise cancel_rejected()
        self._matching.finish(order, "CANCELED")
        return order_answer(order)

    def status(
        self, account: FuturesAccount, contract: Contract, params: dict[str, Any]
    ) -> dict[str, Any]:
        """Answer ``order.status``; what ended long ago is forgotten."""
        reference = read_reference(Parameters(params), "orderId", "origClientOrderId")
        return order_status(self.find(account, contract, reference))

    def find(
        self, account: FuturesAccount, contract: Contract, reference: OrderReference
    ) -> FuturesOrder:
        """Return an order that the exchange still knows."""
        order = self._find(account, contract, reference)
        if order is None or self.is_forgotten(order):
            raise no_such_order()
        return order

    def is_forgotten(self, order: FuturesOrder) -> bool:
        """Whether an order ended so long ago that no question finds it."""
        if order.is_open:
            return False
        kept_us = ORDERS_KEPT_US if order.executed else EMPTY_ORDERS_KEPT_US
        return self._clock.now_us() - order.updated_us > kept_us

    def _check_change(
        self, order: FuturesOrder, quantity: Decimal, price: Decimal, *, is_spared: bool
    ) -> None:
        """Refuse a modification; the order stays as it is.

        Args:
            order: What is to change.
            quantity: Its new quantity.
            price: Its new price.
            is_spared: Whether it may be worth less than the contract's least notional.
        """
        contract = order.contract
        grid.check_quantity(contract, quantity, is_market=False)
        grid.check_price(contract, price)
        grid.check_price_band(contract, order.side, price, self._prices.mark(contract))
        if not is_spared:
            grid.check_notional(contract, price, quantity)
        if (quantity, price) == (order.quantity, order.price):
            raise nothing_changes(self._market)
        if len(order.amendments) >= MAX_CHANGES:
            raise too_many_changes(self._market)
        before = contract.value(order.price, order.remaining)
        after = contract.value(price, max(ZERO, quantity - order.executed))
        if after > before:
            self._risk.check_order(order.account, contract, order, after - before)

    @staticmethod
    def _find(
        account: FuturesAccount, contract: Contract, reference: OrderReference
    ) -> FuturesOrder | None:
        if reference.order_id is not None:
            order = account.orders.get(reference.order_id)
        else:
            order = account.orders_by_client_id.get(reference.client_order_id or "")
        return order if order is not None and order.contract is contract else None


def _with_modify_id(answer: dict[str, Any], modify_id: int | None) -> dict[str, Any]:
    return answer if modify_id is None else answer | {"modifyId": modify_id}
