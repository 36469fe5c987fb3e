"""Placing, modifying, cancelling and finding orders of the matching engine."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import count
from random import Random
from string import ascii_letters, digits
from typing import Any

from binance_wsapi.catalogue._types import Market
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.errors import (
    cancel_rejected,
    invalid_parameter,
    no_such_order,
)
from binance_wsapi.simulator.futures import grid
from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.answers import order_answer, order_status
from binance_wsapi.simulator.futures.conditional import Trigger
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.events import UserEvents
from binance_wsapi.simulator.futures.matching import Matching
from binance_wsapi.simulator.futures.orders import ExpiryReason, FuturesOrder
from binance_wsapi.simulator.futures.positions import Position
from binance_wsapi.simulator.futures.prices import Prices
from binance_wsapi.simulator.futures.refusals import (
    limit_orders_only,
    margin_insufficient,
    nothing_changes,
    reduce_only_rejected,
    refusal,
    too_many_changes,
)
from binance_wsapi.simulator.futures.requests import (
    NewOrder,
    OrderReference,
    Parameters,
    read_new_order,
    read_price,
    read_price_match,
    read_reference,
)
from binance_wsapi.simulator.futures.risk import Risk
from binance_wsapi.simulator.futures.triggers import TriggerDesk

__all__ = ["OrderDesk", "make_client_id"]

ZERO = Decimal(0)
MAX_CHANGES = 10_000
DAY_US = 86_400_000_000
EMPTY_ORDERS_KEPT_US = 3 * DAY_US
ORDERS_KEPT_US = 90 * DAY_US
FIRST_ORDER_ID = 1_000_001
_RESTING_TIMES = frozenset({"GTC", "GTX", "GTD"})


class OrderDesk:
    """What ``order.*`` requests come to.

    Args:
        clock: Time of the exchange.
        rng: Where generated client ids come from.
        market: USD-M or COIN-M.
        prices: Mark and last prices.
        risk: Margin.
        matching: The books.
        events: Where the accounts' events are made.
        triggers: Where COIN-M's conditional orders wait.
        statuses: Contract status by symbol.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        rng: Random,
        market: Market,
        *,
        prices: Prices,
        risk: Risk,
        matching: Matching,
        events: UserEvents,
        triggers: TriggerDesk,
        statuses: Mapping[str, str],
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._market = market
        self._prices = prices
        self._risk = risk
        self._matching = matching
        self._events = events
        self._triggers = triggers
        self._statuses = statuses
        self._ids = count(FIRST_ORDER_ID)

    def place(
        self, account: FuturesAccount, contract: Contract, params: dict[str, Any]
    ) -> dict[str, Any]:
        """Answer ``order.place``."""
        request = read_new_order(
            Parameters(params),
            self._market,
            is_hedging=account.is_hedging,
            now_ms=self._clock.now_us() // 1000,
        )
        if request.is_conditional:
            return self._place_conditional(account, contract, request)
        order = self.build(account, contract, request)
        self.admit(order)
        acknowledged = order_answer(order)
        self.submit(order)
        is_immediate = order.type == "MARKET" or order.time_in_force in {"IOC", "FOK"}
        return order_answer(order) if request.wants_result and is_immediate else acknowledged

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
        if order is None or not order.is_open:
            raise no_such_order()
        if order.type != "LIMIT":
            raise limit_orders_only(self._market)
        if order.side != side:
            raise invalid_parameter("side")
        if price_match != "NONE":
            price = self._matched_price(contract, side, price_match)
        self._check_change(order, quantity, price)

        was_post_only = order.time_in_force in {"GTX", "RPI"}
        if quantity <= order.executed or (was_post_only and self._matching.crosses(order, price)):
            self._matching.finish(order, "CANCELED")
            return _with_modify_id(order_answer(order), modify_id)
        self._matching.withdraw(order)
        order.quantity, order.price, order.price_match = quantity, price, price_match
        order.changes += 1
        order.updated_us = self._clock.now_us()
        self._events.order(order, "AMENDMENT", modify_id=modify_id)
        answer = _with_modify_id(order_answer(order), modify_id)
        self._work(order)
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
        order = self._find(account, contract, reference)
        if order is None or self._is_forgotten(order):
            raise no_such_order()
        return order_status(order)

    def build(
        self,
        account: FuturesAccount,
        contract: Contract,
        request: NewOrder,
        *,
        quantity: Decimal | None = None,
    ) -> FuturesOrder:
        """Make an order from a request, on the contract's grid; nobody knows of it yet.

        Args:
            account: Whose.
            contract: Of what.
            request: The terms. A conditional one becomes the order that its trigger places.
            quantity: Instead of the requested one, when a position is closed whole.
        """
        quantity = request.quantity if quantity is None else quantity
        order_type = "LIMIT" if request.has_limit else "MARKET"
        price = request.price
        if request.price_match != "NONE":
            price = self._matched_price(contract, request.side, request.price_match)
        self.check_terms(contract, request, price=price, quantity=quantity)
        now = self._clock.now_us()
        return FuturesOrder(
            order_id=next(self._ids),
            account=account,
            contract=contract,
            client_order_id=request.client_id or make_client_id(self._rng),
            side=request.side,
            position_side=request.position_side,
            type=order_type,
            original_type=request.type,
            time_in_force=request.time_in_force,
            quantity=quantity,
            price=price,
            created_us=now,
            updated_us=now,
            reduce_only=request.reduce_only,
            close_position=request.close_position,
            price_match=request.price_match,
            prevention_mode=request.prevention_mode,
            good_till_ms=request.good_till_ms,
            stop_price=request.trigger_price,
            working_type=request.working_type,
            price_protect=request.price_protect,
        )

    def check_terms(
        self, contract: Contract, request: NewOrder, *, price: Decimal, quantity: Decimal
    ) -> None:
        """Refuse prices and quantities that the contract does not allow."""
        grid.check_quantity(contract, quantity, is_market=not request.has_limit)
        if request.has_limit:
            grid.check_price(contract, price)
            if not request.is_conditional:
                mark = self._prices.mark(contract)
                grid.check_price_band(contract, request.side, price, mark)
        closes = request.position_side != "BOTH" and (
            (request.side == "BUY") == (request.position_side == "SHORT")
        )
        if not (request.reduce_only or request.close_position or closes):
            worth_at = price if request.has_limit else self._prices.mark(contract)
            grid.check_notional(contract, worth_at, quantity)

    def admit(self, order: FuturesOrder) -> None:
        """Refuse an order that the account may not place now."""
        account, contract = order.account, order.contract
        if account.is_liquidating:
            raise refusal(-2023)
        if self._statuses[contract.symbol] != "TRADING":
            self._check_status(order)
        self.check_client_id(account, order.client_order_id)
        if sum(1 for _ in account.open_orders_of(contract)) >= contract.max_orders:
            raise refusal(-2025)
        if order.only_closes:
            held = account.held(contract, order.position_side).closing_quantity(order.side)
            if not held or (order.position_side != "BOTH" and order.quantity > held):
                raise reduce_only_rejected()
        limit = order.price if order.type == "LIMIT" else None
        fillable, value = self._matching.fillable(order, limit)
        if order.type == "MARKET" and not fillable:
            raise refusal(-1112)
        if order.type == "LIMIT":
            value = contract.value(order.price, order.quantity)
            self._refuse_at_once(order, fillable)
        if not self._risk.can_afford(account, contract, order, value):
            raise margin_insufficient()

    def submit(self, order: FuturesOrder) -> None:
        """Take an admitted order in, tell the account, and let it trade."""
        self._register(order)
        self._events.order(order, "NEW")
        if order.good_till_ms:
            order.expiry_call = self._clock.call_at(
                order.good_till_ms * 1000, lambda: self._matching.finish(order, "EXPIRED")
            )
        self._work(order)

    def liquidate(self, account: FuturesAccount, position: Position) -> FuturesOrder | None:
        """Close a position in the book; return the order, ``None`` when the book has no counterpart.

        What the book could not take stays a position.
        """
        contract, now = position.contract, self._clock.now_us()
        order = FuturesOrder(
            order_id=next(self._ids),
            account=account,
            contract=contract,
            client_order_id=f"autoclose-{now}",
            side="SELL" if position.amount > 0 else "BUY",
            position_side=position.side,
            type="LIQUIDATION",
            original_type="LIQUIDATION",
            time_in_force="IOC",
            quantity=abs(position.amount),
            price=self._risk.liquidation_price(account, position),
            created_us=now,
            updated_us=now,
        )
        fillable, _ = self._matching.fillable(order, None)
        if not fillable:
            return None
        self._register(order)
        self._events.order(order, "NEW")
        self._matching.execute(order)
        if order.is_open:
            self._matching.finish(order, "EXPIRED", reason=ExpiryReason.IOC)
        return order

    def check_client_id(self, account: FuturesAccount, client_order_id: str) -> None:
        """Refuse a client id that an open order has."""
        known = account.orders_by_client_id.get(client_order_id)
        if known is not None and known.is_open:
            raise refusal(-4116)

    def ended(self, order: FuturesOrder) -> None:
        """Stop watching for a conditional order that ended."""
        self._triggers.forget(order.order_id)

    def _check_status(self, order: FuturesOrder) -> None:
        """Refuse an order of a contract that is closed, or that may only be left."""
        if self._statuses[order.contract.symbol] == "CLOSE":
            raise refusal(-4141)
        if not order.only_closes:
            raise refusal(-4140)

    def _refuse_at_once(self, order: FuturesOrder, fillable: Decimal) -> None:
        """Refuse FOK and post-only orders that cannot hold; COIN-M takes and expires them instead."""
        if self._market is Market.COINM:
            return
        if order.time_in_force == "FOK" and fillable < order.quantity:
            raise refusal(-5021)
        if order.time_in_force in {"GTX", "RPI"} and fillable:
            raise refusal(-5022)

    def _work(self, order: FuturesOrder) -> None:
        """Let an order trade, then rest it or expire what is left."""
        post_only = order.time_in_force in {"GTX", "RPI"}
        if post_only and self._matching.crosses(order, order.price):
            self._matching.finish(order, "EXPIRED", reason=ExpiryReason.POST_ONLY)
            return
        if order.time_in_force == "FOK":
            fillable, _ = self._matching.fillable(order, order.price)
            if fillable < order.remaining:
                self._matching.finish(order, "EXPIRED", reason=ExpiryReason.FOK)
                return
        self._matching.execute(order)
        if not order.is_open:
            return
        if order.type == "MARKET":
            self._matching.finish(order, "EXPIRED", reason=ExpiryReason.MARKET)
        elif order.time_in_force in {"IOC", "FOK"}:
            self._matching.finish(order, "EXPIRED", reason=ExpiryReason.IOC)
        elif order.time_in_force in _RESTING_TIMES:
            self._matching.rest(order)
        # What is left is RPI: open, but out of reach of other orders of the API.

    def _place_conditional(
        self, account: FuturesAccount, contract: Contract, request: NewOrder
    ) -> dict[str, Any]:
        """Take a COIN-M conditional order: it keeps its id when it fires."""
        trigger = make_trigger(request, contract, self._watched_price(contract, request))
        if not request.close_position:
            self.check_terms(contract, request, price=request.price, quantity=request.quantity)
        order = self._unchecked(account, contract, request, trigger)
        self.check_client_id(account, order.client_order_id)
        self._register(order)
        self._events.order(order, "NEW")
        self._triggers.watch(order.order_id, contract, trigger, lambda: self._fire(order))
        return order_answer(order)

    def _unchecked(
        self, account: FuturesAccount, contract: Contract, request: NewOrder, trigger: Trigger
    ) -> FuturesOrder:
        now = self._clock.now_us()
        return FuturesOrder(
            order_id=next(self._ids),
            account=account,
            contract=contract,
            client_order_id=request.client_id or make_client_id(self._rng),
            side=request.side,
            position_side=request.position_side,
            type=request.type,
            original_type=request.type,
            time_in_force=request.time_in_force,
            quantity=request.quantity,
            price=request.price,
            created_us=now,
            updated_us=now,
            reduce_only=request.reduce_only,
            close_position=request.close_position,
            price_match=request.price_match,
            prevention_mode=request.prevention_mode,
            stop_price=request.trigger_price,
            working_type=request.working_type,
            price_protect=request.price_protect,
            activation_price=trigger.activation_price,
            callback_rate=trigger.callback_rate if trigger.is_trailing else None,
        )

    def _fire(self, order: FuturesOrder) -> None:
        """Turn a triggered COIN-M order into the limit or market order it stands for."""
        account, contract = order.account, order.contract
        held = account.held(contract, order.position_side).closing_quantity(order.side)
        if order.only_closes and not held:
            self._matching.finish(order, "EXPIRED", reason=ExpiryReason.REDUCE_ONLY)
            return
        order.status = "EXPIRED"
        order.expiry_reason = ExpiryReason.TRIGGERED
        order.updated_us = self._clock.now_us()
        self._events.order(order, "EXPIRED")
        order.type = "LIMIT" if order.type in {"STOP", "TAKE_PROFIT"} else "MARKET"
        order.status = "NEW"
        order.expiry_reason = ExpiryReason.NONE
        if order.close_position:
            order.quantity = held
        self._events.order(order, "NEW")
        price = order.price or self._prices.last(contract)
        value = contract.value(price, order.quantity)
        if self._risk.can_afford(account, contract, order, value):
            self._work(order)
        else:
            self._matching.finish(order, "EXPIRED")

    def _check_change(self, order: FuturesOrder, quantity: Decimal, price: Decimal) -> None:
        """Refuse a modification; the order stays as it is."""
        contract = order.contract
        grid.check_quantity(contract, quantity, is_market=False)
        grid.check_price(contract, price)
        grid.check_price_band(contract, order.side, price, self._prices.mark(contract))
        if not order.only_closes:
            grid.check_notional(contract, price, quantity)
        if (quantity, price) == (order.quantity, order.price):
            raise nothing_changes(self._market)
        if order.changes >= MAX_CHANGES:
            raise too_many_changes(self._market)
        before = contract.value(order.price, order.remaining)
        after = contract.value(price, max(ZERO, quantity - order.executed))
        if after > before and not self._risk.can_afford(
            order.account, contract, order, after - before
        ):
            raise margin_insufficient()

    def _matched_price(self, contract: Contract, side: str, price_match: str) -> Decimal:
        """Return the price that a priceMatch mode stands for."""
        mode, _, depth = price_match.partition("_")
        book = self._matching.books[contract.symbol]
        levels = book.opposite(side) if mode == "OPPONENT" else book.side(side)
        price = levels.nth_best(int(depth or 1) - 1)
        if price is None:
            raise refusal(-5041)
        return price

    def _watched_price(self, contract: Contract, request: NewOrder) -> Decimal:
        if request.working_type == "MARK_PRICE":
            return self._prices.mark(contract)
        return self._prices.last(contract)

    def _register(self, order: FuturesOrder) -> None:
        account = order.account
        account.orders[order.order_id] = order
        account.open_orders[order.order_id] = order
        account.orders_by_client_id[order.client_order_id] = order

    @staticmethod
    def _find(
        account: FuturesAccount, contract: Contract, reference: OrderReference
    ) -> FuturesOrder | None:
        if reference.order_id is not None:
            order = account.orders.get(reference.order_id)
        else:
            order = account.orders_by_client_id.get(reference.client_order_id or "")
        return order if order is not None and order.contract is contract else None

    def _is_forgotten(self, order: FuturesOrder) -> bool:
        if order.is_open:
            return False
        kept_us = ORDERS_KEPT_US if order.executed else EMPTY_ORDERS_KEPT_US
        return self._clock.now_us() - order.updated_us > kept_us


def make_trigger(request: NewOrder, contract: Contract, price: Decimal) -> Trigger:
    """Return the trigger of a conditional request, or refuse it when it would fire at once.

    Args:
        request: The conditional order.
        contract: Its contract.
        price: The present price of the kind it watches.
    """
    trigger = Trigger(
        order_type=request.type,
        side=request.side,
        working_type=request.working_type,
        price=request.trigger_price,
        activation_price=request.activation_price,
        callback_rate=request.callback_rate,
    )
    if not trigger.is_trailing:
        grid.check_price(contract, request.trigger_price)
        if trigger.fires_at(price):
            raise refusal(-2021)
        return trigger
    if request.activation_price is None:
        trigger.activation_price = trigger.extreme = price
        return trigger
    grid.check_price(contract, request.activation_price)
    is_sell = request.side == "SELL"
    if request.activation_price <= price if is_sell else request.activation_price >= price:
        raise refusal(-2021)
    trigger.is_activated = False
    return trigger


def make_client_id(rng: Random) -> str:
    """Return a client id as the exchange makes them."""
    return "".join(rng.choices(ascii_letters + digits, k=22))


def _with_modify_id(answer: dict[str, Any], modify_id: int | None) -> dict[str, Any]:
    return answer if modify_id is None else answer | {"modifyId": modify_id}
