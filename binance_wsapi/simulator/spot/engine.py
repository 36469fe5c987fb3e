"""The state of the Spot exchange, and the few steps that every feature shares.

Features are modules of functions over :class:`Engine`: placement, matching, triggers, order lists and so on.
What follows from a change (a trigger to fire, a list to go on) is queued as a follow-up and worked off
when the request itself is through, so that its answer shows the state before.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any

from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.errors import bad_symbol
from binance_wsapi.simulator.observers import MarketObserver, OrderCounter, PriceSource
from binance_wsapi.simulator.spot import events
from binance_wsapi.simulator.spot.book import Book
from binance_wsapi.simulator.spot.money import ZERO
from binance_wsapi.simulator.spot.orders import Order, OrderList, Phase
from binance_wsapi.simulator.spot.records import AccountRecords
from binance_wsapi.simulator.spot.symbols import Filter, SymbolSpec
from binance_wsapi.simulator.spot.triggers import TriggerBook

__all__ = ["Engine", "FollowUp", "SymbolMarket"]

ID_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
GENERATED_ID_LENGTH = 22


RATE_LIMITS: tuple[Mapping[str, Any], ...] = (
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 50},
    {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 160000},
    {"rateLimitType": "CONNECTIONS", "interval": "MINUTE", "intervalNum": 5, "limit": 300},
)


class SymbolMarket:
    """One symbol at work: its book, its waiting orders, its counters."""

    # Ids are the last ones given out; those of orders and trades begin with 1, as none is ever 0 out there.
    __slots__ = (
        "allocation_id",
        "book",
        "execution_id",
        "last_price",
        "order_id",
        "prevented_match_id",
        "spec",
        "status",
        "trade_id",
        "triggers",
    )

    def __init__(self, spec: SymbolSpec) -> None:
        self.spec = spec
        self.status = spec.status
        self.book = Book(spec.symbol)
        self.triggers = TriggerBook()
        self.last_price: Decimal | None = None
        self.order_id = 0
        self.trade_id = 0
        self.execution_id = 0
        self.prevented_match_id = -1
        self.allocation_id = -1


class FollowUp:
    """Something a change leads to, once the request at hand is through."""

    __slots__ = ("kind", "order", "price", "symbol")

    CLOSED = "closed"
    FIRED = "fired"
    FIRST_FILL = "first fill"
    TRADED = "traded"

    def __init__(
        self, kind: str, symbol: str, *, order: Order | None = None, price: Decimal = ZERO
    ) -> None:
        self.kind = kind
        self.symbol = symbol
        self.order = order
        self.price = price


class Engine:
    """All state of the Spot exchange."""

    def __init__(
        self,
        clock: SimulatedClock,
        rng: Random,
        symbols: Sequence[SymbolSpec],
        exchange_filters: Sequence[Filter],
    ) -> None:
        self.clock = clock
        self.rng = rng
        self.markets = {spec.symbol: SymbolMarket(spec) for spec in symbols}
        self.exchange_filters = {one.filter_type: one for one in exchange_filters}
        self.accounts: dict[int, Account] = {}
        self.records: dict[int, AccountRecords] = defaultdict(AccountRecords)
        self.observers: list[MarketObserver] = []
        self.prices: PriceSource | None = None
        self.order_counter: OrderCounter | None = None
        self.house: dict[str, Decimal] = defaultdict(Decimal)
        """What the exchange itself holds: commissions, and the float of routed orders (may be negative)."""
        self.rate_limits: Sequence[Mapping[str, Any]] = RATE_LIMITS
        """What ``exchangeInfo`` shows as ``rateLimits``."""
        self.outbox = events.Outbox()
        self.follow_ups: deque[FollowUp] = deque()
        self.now_us = clock.now_us()
        """Time of the request at hand: one time for all that it does."""
        self._order_list_id = -1

    def market(self, symbol: str) -> SymbolMarket:
        """Return a symbol's market; -1121 when there is none."""
        found = self.markets.get(symbol)
        if found is None:
            raise bad_symbol()
        return found

    def next_order_list_id(self) -> int:
        """Return the id of a new order list."""
        self._order_list_id += 1
        return self._order_list_id

    def generated_id(self) -> str:
        """Return a client order id as the exchange makes them."""
        return "".join(self.rng.choices(ID_CHARACTERS, k=GENERATED_ID_LENGTH))

    def register(self, order: Order) -> None:
        """Give a checked order its id and put it on record."""
        market = self.markets[order.symbol]
        market.order_id += 1
        order.order_id = market.order_id
        order.created_us = order.updated_us = self.now_us
        self.records[order.account.uid].add(order)

    def report(self, order: Order, execution_type: str, **details: Any) -> int:
        """Queue the event of a change; return its execution id."""
        market = self.markets[order.symbol]
        market.execution_id += 1
        execution_id = market.execution_id
        if order.account.listeners:
            self.outbox.add(
                order.account,
                events.execution_report(
                    order, execution_type, execution_id, self.now_us, **details
                ),
            )
        return execution_id

    def report_list(self, order_list: OrderList) -> None:
        """Queue the event of a list's status."""
        if order_list.account.listeners:
            self.outbox.add(order_list.account, events.list_status(order_list, self.now_us))

    def finish(self, order: Order, status: str, reason: str | None = None) -> None:
        """End an order: off the records of open ones, its reservation given back.

        The order must be off the book and the triggers already; its event is the caller's.
        """
        order.status = status
        order.expiry_reason = reason
        order.phase = Phase.DONE
        order.updated_us = self.now_us
        order.visible = ZERO
        self.records[order.account.uid].close(order)
        if order.order_list is not None:
            self.follow_ups.append(FollowUp(FollowUp.CLOSED, order.symbol, order=order))

    def last_price(self, symbol: str) -> Decimal | None:
        """Return the price of the last trade."""
        return self.markets[symbol].last_price

    def base_price(self, symbol: str, minutes: int) -> Decimal | None:
        """Return the price that percent and notional filters measure by, ``None`` before any trade."""
        prices = self.prices
        if prices is not None:
            price = prices.reference_price(symbol)
            if price is None and minutes:
                price = prices.average_price(symbol, minutes)
            if price is not None:
                return price
        return self.last_price(symbol)

    def announce_level(self, symbol: str, side: str, price: Decimal, quantity: Decimal) -> None:
        """Count a change of the book and tell the observers."""
        book = self.markets[symbol].book
        book.last_update_id += 1
        for observer in self.observers:
            observer.on_level(symbol, side, price, quantity, book.last_update_id, self.now_us)
