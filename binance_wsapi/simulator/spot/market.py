"""The door to the Spot engine: one object that answers requests by method name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.markets import Market
from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.errors import ExchangeError, unsupported
from binance_wsapi.simulator.observers import MarketObserver, OrderCounter, PriceSource
from binance_wsapi.simulator.spot import (
    amend,
    cancel_replace,
    cancellation,
    endings,
    events,
    follow_ups,
    information,
    list_placement,
    order_requests,
    parameters,
    prints,
    queries,
)
from binance_wsapi.simulator.spot.book import Book
from binance_wsapi.simulator.spot.engine import Engine
from binance_wsapi.simulator.spot.money import places
from binance_wsapi.simulator.spot.symbols import DEFAULT_SYMBOLS, Filter, SymbolSpec

__all__ = ["SpotMarket"]

PublicMethod = Callable[[Engine, Mapping[str, Any]], object]
AccountMethod = Callable[[Engine, Mapping[str, Any], Account], object]

PUBLIC: dict[str, PublicMethod] = {
    "ping": information.ping,
    "time": information.time,
    "exchangeInfo": information.exchange_info,
    "executionRules": information.execution_rules,
    "depth": information.depth,
    "ticker.book": information.book_ticker,
}

ACCOUNT: dict[str, AccountMethod] = {
    "order.place": order_requests.place,
    "order.test": order_requests.test,
    "order.cancel": cancellation.cancel_order,
    "order.cancelReplace": cancel_replace.cancel_replace,
    "order.amend.keepPriority": amend.amend,
    "openOrders.cancelAll": cancellation.cancel_all,
    "orderList.place": list_placement.place_legacy_oco,
    "orderList.place.oco": list_placement.place_oco,
    "orderList.place.oto": list_placement.place_oto,
    "orderList.place.otoco": list_placement.place_otoco,
    "orderList.place.opo": list_placement.place_opo,
    "orderList.place.opoco": list_placement.place_opoco,
    "orderList.cancel": cancellation.cancel_list,
    "sor.order.place": order_requests.place_routed,
    "sor.order.test": order_requests.test_routed,
    "account.status": queries.account_status,
    "order.status": queries.order_status,
    "openOrders.status": queries.open_orders,
    "allOrders": queries.all_orders,
    "orderList.status": queries.order_list_status,
    "openOrderLists.status": queries.open_order_lists,
    "allOrderLists": queries.all_order_lists,
    "myTrades": queries.my_trades,
    "account.rateLimits.orders": queries.order_rate_limits,
    "myPreventedMatches": queries.my_prevented_matches,
    "myAllocations": queries.my_allocations,
    "account.commission": queries.account_commission,
    "order.amendments": queries.order_amendments,
    "myFilters": queries.my_filters,
}

PAYING_LISTS = frozenset({"orderList.place.opo", "orderList.place.opoco"})

ORDER_COSTS = {
    "order.place": 1,
    "order.cancelReplace": 1,
    "sor.order.place": 1,
    "orderList.place": 1,
    "orderList.place.oco": 2,
    "orderList.place.oto": 2,
    "orderList.place.otoco": 3,
    "orderList.place.opo": 2,
    "orderList.place.opoco": 3,
}


@cache
def _known_parameters(method: str) -> frozenset[str]:
    operation = operation_by_method(Market.SPOT, method)
    assert operation is not None, f"{method} is served but not in the catalogue"
    known = frozenset(param.wire for param in operation.params)
    # Not taken, but refused with a code of its own (-1225).
    return known | {"pendingQuantity"} if method in PAYING_LISTS else known


class SpotMarket:
    """A Spot exchange without its sockets: symbols, books, orders and accounts.

    Single-threaded: every call happens on the exchange's thread. Deterministic: the same requests at the
    same times of ``clock`` with the same ``rng`` give the same answers and events.

    Args:
        clock: Time of the exchange.
        rng: Where uids and generated client order ids come from.
        symbols: What can be traded.
        exchange_filters: Filters over all symbols.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        rng: Random,
        symbols: Sequence[SymbolSpec] = DEFAULT_SYMBOLS,
        *,
        exchange_filters: Sequence[Filter] = (),
    ) -> None:
        self.clock = clock
        self.engine = Engine(clock, rng, symbols, exchange_filters)
        self.symbols: dict[str, SymbolSpec] = {spec.symbol: spec for spec in symbols}
        self.books: dict[str, Book] = {
            symbol: market.book for symbol, market in self.engine.markets.items()
        }

    @property
    def methods(self) -> frozenset[str]:
        """Wire names of all methods that :meth:`handle` serves."""
        return frozenset(PUBLIC) | frozenset(ACCOUNT)

    @property
    def statuses(self) -> dict[str, str]:
        """Trading status by symbol."""
        return {symbol: market.status for symbol, market in self.engine.markets.items()}

    @property
    def accounts(self) -> dict[int, Account]:
        """Accounts by uid."""
        return self.engine.accounts

    @property
    def observers(self) -> list[MarketObserver]:
        """Told of each trade and each change of a book level; append to join."""
        return self.engine.observers

    @property
    def prices(self) -> PriceSource | None:
        """Averages and reference prices for filters and rules; without one the last price serves."""
        return self.engine.prices

    @prices.setter
    def prices(self, source: PriceSource | None) -> None:
        self.engine.prices = source

    @property
    def order_counter(self) -> OrderCounter | None:
        """The accounts' unfilled order counts; without one they are not limited."""
        return self.engine.order_counter

    @order_counter.setter
    def order_counter(self, counter: OrderCounter | None) -> None:
        self.engine.order_counter = counter

    @property
    def house(self) -> dict[str, Decimal]:
        """What the exchange itself holds: commissions, and the float of routed orders."""
        return self.engine.house

    def handle(self, method: str, params: dict[str, Any], account: Account | None) -> object:
        """Answer one request whose sender is known already.

        Args:
            method: Wire name, without a version prefix.
            params: The request's parameters, without those of authentication.
            account: Whose request it is; ``None`` for public methods.

        Returns:
            What goes into ``result``.

        Raises:
            ExchangeError: The request is refused, with the exchange's code and text.
        """
        engine = self.engine
        engine.now_us = self.clock.now_us()
        public, handler = PUBLIC.get(method), ACCOUNT.get(method)
        if public is None and handler is None:
            raise unsupported(method)
        parameters.check_known(params, _known_parameters(method))
        if public is not None:
            return public(engine, params)
        assert handler is not None
        if account is None:
            raise ExchangeError(-2015, "Invalid API-key, IP, or permissions for action.")
        try:
            return handler(engine, params, account)
        finally:
            # A refused request may have done a part of its work (cancel-replace).
            self._conclude()

    def order_cost(self, method: str, params: dict[str, Any]) -> int:
        """Return how many orders the request adds to the account's unfilled order count."""
        del params
        return ORDER_COSTS.get(method, 0)

    def open_account(
        self,
        balances: Mapping[str, Decimal | str | int] | None = None,
        *,
        permissions: tuple[str, ...] = ("SPOT",),
        uid: int | None = None,
    ) -> Account:
        """Make an account with balances; no event tells of them."""
        accounts = self.engine.accounts
        if uid is None:
            uid = self.engine.rng.randrange(10**8, 10**9)
            while uid in accounts:
                uid += 1
        account = accounts[uid] = Account(uid, balances, permissions=permissions)
        account.updated_us = self.clock.now_us()
        return account

    def deposit(self, account: Account, asset: str, amount: Decimal) -> None:
        """Add to (or, negative, take from) a free balance, with the events of a transfer.

        Raises:
            ValueError: The free balance is smaller than what is taken.
        """
        amount = places(Decimal(amount))
        if account.free(asset) + amount < 0:
            raise ValueError(
                f"amount={amount} takes more than the free {account.free(asset)} {asset}"
            )
        account.credit(asset, amount)
        self._tell(account, asset, events.balance_update(asset, amount, self._now()))

    def lock_externally(self, account: Account, asset: str, amount: Decimal) -> None:
        """Move free balance to locked (negative: back) from outside trading, with its event.

        Raises:
            ValueError: There is not so much to move.
        """
        amount = places(Decimal(amount))
        balance = account.balance(asset)
        if amount > balance.free or -amount > balance.locked:
            raise ValueError(
                f"amount={amount} is more than there is of {asset}: {balance.free} free, "
                f"{balance.locked} locked"
            )
        account.lock(asset, amount)
        self._tell(account, asset, events.external_lock_update(asset, amount, self._now()))

    def expire_order(self, account: Account, symbol: str, order_id: int) -> None:
        """End an open order as the exchange does it by itself, for example for maintenance.

        Raises:
            ExchangeError: -2011, there is no such open order.
        """
        market = self.engine.market(symbol)
        self._now()
        order = cancellation.find_open(self.engine, account, market, order_id, None)
        endings.expire(self.engine, order, "EXCHANGE_CANCELED")
        self._conclude()

    def print_trade(
        self, symbol: str, price: Decimal, quantity: Decimal, *, buyer_is_maker: bool
    ) -> bool:
        """Let a trade of others happen that no order here has a part in.

        Returns:
            False, and nothing happens, when an order rests in its way.
        """
        self._now()
        if not prints.print_trade(self.engine, symbol, price, quantity, buyer_is_maker):
            return False
        self._conclude()
        return True

    def set_status(self, symbol: str, status: str) -> None:
        """Set a symbol's trading status: ``TRADING``, ``HALT``, ``BREAK``, ``CANCEL_ONLY``, ..."""
        self.engine.market(symbol).status = status
        for observer in self.engine.observers:
            observer.on_symbol(symbol)

    def _now(self) -> int:
        self.engine.now_us = self.clock.now_us()
        return self.engine.now_us

    def _conclude(self) -> None:
        """Work off what the request leads to, then tell everybody."""
        follow_ups.run(self.engine)
        self.engine.outbox.flush(self.engine.now_us)

    def _tell(self, account: Account, asset: str, event: dict[str, Any]) -> None:
        outbox = self.engine.outbox
        outbox.add(account, event)
        outbox.touch(account, asset)
        outbox.flush(self.engine.now_us)
