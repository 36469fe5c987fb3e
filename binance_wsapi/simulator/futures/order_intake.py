"""How orders come to the books: read, made, checked, admitted, set to work."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from random import Random
from string import ascii_letters, digits
from typing import Any

from binance_wsapi.markets import Market
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.futures import grid
from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.answers import order_answer
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.events import UserEvents
from binance_wsapi.simulator.futures.matching import Matching
from binance_wsapi.simulator.futures.orders import ExpiryReason, FuturesOrder
from binance_wsapi.simulator.futures.positions import Position
from binance_wsapi.simulator.futures.prices import Prices
from binance_wsapi.simulator.futures.refusals import (
    reduce_only_rejected,
    refusal,
)
from binance_wsapi.simulator.futures.requests import (
    NewOrder,
    Parameters,
    read_new_order,
)
from binance_wsapi.simulator.futures.risk import Risk
from binance_wsapi.simulator.numbering import Numbers

__all__ = ["OrderIntake", "make_client_id"]

ZERO = Decimal(0)
FIRST_ORDER_ID = 1_000_001
_RESTING_TIMES = frozenset({"GTC", "GTX", "GTD"})


class OrderIntake:
    """The way of every new order, whoever it comes from: a request, a trigger, a liquidation.

    Args:
        clock: Time of the exchange.
        rng: Where generated client ids come from.
        market: USD-M or COIN-M.
        prices: Mark and last prices.
        risk: Margin.
        matching: The books.
        events: Where the accounts' events are made.
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
        statuses: Mapping[str, str],
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._market = market
        self._prices = prices
        self._risk = risk
        self._matching = matching
        self._events = events
        self._statuses = statuses
        self._ids = Numbers(FIRST_ORDER_ID)

    def read(self, account: FuturesAccount, params: dict[str, Any]) -> NewOrder:
        """Read the request of a new order."""
        now_ms = self._clock.now_us() // 1000
        given = Parameters(params)
        return read_new_order(given, self._market, is_hedging=account.is_hedging, now_ms=now_ms)

    def take(
        self, account: FuturesAccount, contract: Contract, request: NewOrder
    ) -> dict[str, Any]:
        """Place an order that works at once and return the answer."""
        order = self.build(account, contract, request)
        self.admit(order)
        acknowledged = order_answer(order)
        self.submit(order)
        is_immediate = order.type == "MARKET" or order.time_in_force in {"IOC", "FOK"}
        return order_answer(order) if request.wants_result and is_immediate else acknowledged

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
        price = request.price
        if request.price_match != "NONE":
            price = self.matched_price(contract, request.side, request.price_match)
        if account.is_house:
            # It speaks for a whole market, where orders are as small and as far off as they are.
            self._check_grid(contract, request, price=price, quantity=quantity)
        else:
            self.check_terms(contract, request, price=price, quantity=quantity)
        order = self.make(account, contract, request)
        order.type = "LIMIT" if request.has_limit else "MARKET"
        order.price = price
        order.quantity = quantity
        return order

    def make(self, account: FuturesAccount, contract: Contract, request: NewOrder) -> FuturesOrder:
        """Make an order exactly as requested, unchecked."""
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
            good_till_ms=request.good_till_ms,
            stop_price=request.trigger_price,
            working_type=request.working_type,
            price_protect=request.price_protect,
        )

    def check_terms(
        self, contract: Contract, request: NewOrder, *, price: Decimal, quantity: Decimal
    ) -> None:
        """Refuse prices and quantities that the contract does not allow."""
        self._check_grid(contract, request, price=price, quantity=quantity)
        if request.has_limit and not request.is_conditional:
            mark = self._prices.mark(contract)
            grid.check_price_band(contract, request.side, price, mark)
        closes = request.position_side != "BOTH" and (
            (request.side == "BUY") == (request.position_side == "SHORT")
        )
        if not (request.reduce_only or request.close_position or closes):
            worth_at = price if request.has_limit else self._prices.mark(contract)
            grid.check_notional(contract, worth_at, quantity)

    @staticmethod
    def _check_grid(
        contract: Contract, request: NewOrder, *, price: Decimal, quantity: Decimal
    ) -> None:
        grid.check_quantity(contract, quantity, is_market=not request.has_limit)
        if request.has_limit:
            grid.check_price(contract, price)

    def admit(self, order: FuturesOrder) -> None:
        """Refuse an order that the account may not place now."""
        account, contract = order.account, order.contract
        if account.is_liquidating:
            raise refusal(-2023)
        if self._statuses[contract.symbol] != "TRADING":
            self._check_status(order)
        self.check_client_id(account, order.client_order_id)
        # The house may stand for a whole book.
        if (
            not account.is_house
            and sum(1 for _ in account.open_orders_of(contract)) >= contract.max_orders
        ):
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
        self._risk.check_order(account, contract, order, value)

    def submit(self, order: FuturesOrder) -> None:
        """Take an admitted order in, tell the account, and let it trade."""
        self.register(order)
        self._events.order(order, "NEW")
        if order.good_till_ms:
            order.expiry_call = self._clock.call_at(
                order.good_till_ms * 1000, partial(self._matching.finish, order, "EXPIRED")
            )
        self.work(order)

    def liquidate(self, account: FuturesAccount, position: Position) -> FuturesOrder:
        """Close a position in the book; return the order, still open when the book could not take it all."""
        order = self._forced(
            account,
            position,
            abs(position.amount),
            auto_close_type="LIQUIDATION",
            client_order_id=f"autoclose-{self._clock.now_us()}",
            order_type="LIQUIDATION",
            time_in_force="IOC",
            price=self._risk.liquidation_price(account, position),
        )
        self._matching.execute(order)
        return order

    def deleverage(
        self, account: FuturesAccount, position: Position, quantity: Decimal
    ) -> FuturesOrder:
        """Return the order with which a position has to serve a liquidation."""
        return self._forced(
            account,
            position,
            quantity,
            auto_close_type="ADL",
            client_order_id="adl_autoclose",
            order_type="MARKET",
            time_in_force="GTC",
        )

    def _forced(
        self,
        account: FuturesAccount,
        position: Position,
        quantity: Decimal,
        *,
        auto_close_type: str,
        client_order_id: str,
        order_type: str,
        time_in_force: str,
        price: Decimal = ZERO,
    ) -> FuturesOrder:
        """Make the exchange's own order that closes of a position, and tell its account."""
        now = self._clock.now_us()
        order = FuturesOrder(
            order_id=next(self._ids),
            account=account,
            contract=position.contract,
            client_order_id=client_order_id,
            side="SELL" if position.amount > 0 else "BUY",
            position_side=position.side,
            type=order_type,
            original_type=order_type,
            time_in_force=time_in_force,
            quantity=quantity,
            price=price,
            created_us=now,
            updated_us=now,
            auto_close_type=auto_close_type,
        )
        self.register(order)
        self._events.order(order, "NEW")
        return order

    def expire(self, order: FuturesOrder) -> None:
        """End an order on the exchange's own account."""
        self._matching.finish(order, "EXPIRED")

    def check_client_id(self, account: FuturesAccount, client_order_id: str) -> None:
        """Refuse a client id that an open order has."""
        known = account.orders_by_client_id.get(client_order_id)
        if known is not None and known.is_open:
            raise refusal(-4116)

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

    def work(self, order: FuturesOrder) -> None:
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

    def matched_price(self, contract: Contract, side: str, price_match: str) -> Decimal:
        """Return the price that a priceMatch mode stands for."""
        mode, _, depth = price_match.partition("_")
        book = self._matching.books[contract.symbol]
        levels = book.opposite(side) if mode == "OPPONENT" else book.side(side)
        price = levels.nth_best(int(depth or 1) - 1)
        if price is None:
            raise refusal(-5041)
        return price

    def register(self, order: FuturesOrder) -> None:
        """Make an order known to its account."""
        account = order.account
        account.orders[order.order_id] = order
        account.open_orders[order.order_id] = order
        account.orders_by_client_id[order.client_order_id] = order


def make_client_id(rng: Random) -> str:
    """Return a client id as the exchange makes them."""
    return "".join(rng.choices(ascii_letters + digits, k=22))
