"""The door to the Spot engine: one object that answers requests by method name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any

from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.errors import unsupported
from binance_wsapi.simulator.observers import MarketObserver, OrderCounter, PriceSource
from binance_wsapi.simulator.spot.book import Book
from binance_wsapi.simulator.spot.symbols import DEFAULT_SYMBOLS, Filter, SymbolSpec

__all__ = ["SpotMarket"]


class SpotMarket:
    """A Spot exchange without its sockets: symbols, books, orders and accounts.

    Single-threaded: every call happens on the exchange's thread. Deterministic: the same requests at the
    same times of ``clock`` with the same ``rng`` give the same answers and events.

    Args:
        clock: Time of the exchange.
        rng: Where uids and generated client order ids come from.
        symbols: What can be traded.
        exchange_filters: Filters over all symbols.

    Attributes:
        observers: Told of each trade and each change of a book level.
        prices: Averages, last and reference prices for filters and triggers.
        order_counter: The accounts' unfilled order counts.
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
        self.rng = rng
        self.symbols: dict[str, SymbolSpec] = {spec.symbol: spec for spec in symbols}
        self.exchange_filters = tuple(exchange_filters)
        self.books: dict[str, Book] = {spec.symbol: Book(spec.symbol) for spec in symbols}
        self.statuses: dict[str, str] = {spec.symbol: spec.status for spec in symbols}
        self.accounts: dict[int, Account] = {}
        self.observers: list[MarketObserver] = []
        self.prices: PriceSource | None = None
        self.order_counter: OrderCounter | None = None
        self._methods: dict[str, Callable[[dict[str, Any], Account | None], object]] = {}

    @property
    def methods(self) -> frozenset[str]:
        """Wire names of all methods that :meth:`handle` serves."""
        return frozenset(self._methods)

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
        handler = self._methods.get(method)
        if handler is None:
            raise unsupported(method)
        return handler(params, account)

    def order_cost(self, method: str, params: dict[str, Any]) -> int:
        """Return how many orders the request adds to the account's unfilled order count."""
        raise NotImplementedError

    def open_account(
        self,
        balances: Mapping[str, Decimal | str | int] | None = None,
        *,
        permissions: tuple[str, ...] = ("SPOT",),
        uid: int | None = None,
    ) -> Account:
        """Make an account with balances; no event tells of them."""
        raise NotImplementedError

    def deposit(self, account: Account, asset: str, amount: Decimal) -> None:
        """Add to (or, negative, take from) a free balance, with the events of a transfer."""
        raise NotImplementedError

    def lock_externally(self, account: Account, asset: str, amount: Decimal) -> None:
        """Move free balance to locked (negative: back) from outside trading, with its event."""
        raise NotImplementedError

    def set_status(self, symbol: str, status: str) -> None:
        """Set a symbol's trading status: ``TRADING``, ``HALT``, ``BREAK``, ``CANCEL_ONLY``, ..."""
        raise NotImplementedError
