"""The options exchange without its sockets: options, books, accounts, index prices, expiries."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from random import Random

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.eoptions.accounts import (
    Exercise,
    OptionAccount,
    OptionOrder,
    OptionPosition,
)
from binance_wsapi.simulator.eoptions.contracts import (
    CENT,
    DAYS_TO_EXPIRY,
    UNDERLYINGS,
    Option,
    listed,
    next_expiry_hour,
)
from binance_wsapi.simulator.eoptions.events import OptionEvents
from binance_wsapi.simulator.eoptions.matching import OptionMatching
from binance_wsapi.simulator.eoptions.risk import OptionRisk
from binance_wsapi.simulator.errors import bad_symbol
from binance_wsapi.simulator.futures.listen_keys import ListenKeys
from binance_wsapi.simulator.numbering import Numbers
from binance_wsapi.simulator.observers import MarketObserver
from binance_wsapi.simulator.spot.book import Book

__all__ = ["OptionMarket"]

ZERO = Decimal(0)


class OptionMarket:
    """Calls and puts on two underlyings, exercised in cash when they expire.

    Single-threaded: every call happens on the exchange's thread.

    Left out: block trades, market maker protection, liquidations, what the exchange lists anew each day.

    Args:
        clock: Time of the exchange.
        rng: Where listen keys come from.

    Attributes:
        options: What is traded, by symbol; what has expired is not.
        indexes: Index prices by underlying.
        accounts: By uid.
        listen_keys: The live listen keys.
        events: Where the accounts' events are made.
        risk: What options and accounts are worth.
        order_ids: Ids of orders to come.
        expired: What has expired, with the index price it was exercised at.
        listing_listeners: Told of each option that is listed.
        index_listeners: Told of each underlying whose index price was set.
    """

    def __init__(self, clock: SimulatedClock, rng: Random) -> None:
        self.clock = clock
        self.options: dict[str, Option] = {}
        self.statuses: dict[str, str] = {}
        self.indexes = {each.symbol: each.start_price for each in UNDERLYINGS}
        self.accounts: dict[int, OptionAccount] = {}
        self.listen_keys = ListenKeys(clock, rng)
        self.risk = OptionRisk(self.indexes, clock.now_us)
        self.events = OptionEvents(clock, self.risk)
        self.matching = OptionMatching(clock, self.risk, self.events, self._filled)
        self.expired: list[tuple[Option, Decimal]] = []
        self.listing_listeners: list[Callable[[Option], None]] = []
        self.index_listeners: list[Callable[[str], None]] = []
        self.order_ids = Numbers()
        self._record_ids = Numbers()
        for underlying in UNDERLYINGS:
            for option in listed(underlying, underlying.start_price, clock.now_us()):
                self.list(option)
        self._plan_listing()

    @property
    def books(self) -> dict[str, Book]:
        """The order books, by symbol."""
        return self.matching.books

    @property
    def observers(self) -> list[MarketObserver]:
        """Who is told of each trade and each change of a book level."""
        return self.matching.observers

    def option(self, symbol: str) -> Option:
        """Return an option that is traded, or refuse."""
        found = self.options.get(symbol)
        if found is None:
            raise bad_symbol()
        return found

    def list(self, option: Option) -> None:
        """Let an option be traded until it expires, and tell so."""
        self.options[option.symbol] = option
        self.statuses[option.symbol] = "TRADING"
        self.books.setdefault(option.symbol, Book(option.symbol))
        self.clock.call_at(option.expiry_us, partial(self.expire, option.symbol))
        for listener in tuple(self.listing_listeners):
            listener(option)

    def _plan_listing(self) -> None:
        self.clock.call_at(next_expiry_hour(self.clock.now_us()), self._list_day)

    def _list_day(self) -> None:
        """List the options of the next day, and later ones where none are left."""
        self._plan_listing()
        now_us = self.clock.now_us()
        for underlying in UNDERLYINGS:
            has_later = any(
                each.underlying is underlying and each.expiry_us > next_expiry_hour(now_us)
                for each in self.options.values()
            )
            days = DAYS_TO_EXPIRY[:1] if has_later else DAYS_TO_EXPIRY
            for option in listed(underlying, self.indexes[underlying.symbol], now_us, days):
                if option.symbol not in self.statuses:
                    self.list(option)

    def set_index(self, underlying: str, price: Decimal) -> None:
        """Set the index price of an underlying: what every option on it is reckoned by."""
        if underlying not in self.indexes:
            raise bad_symbol()
        self.indexes[underlying] = price
        for listener in tuple(self.index_listeners):
            listener(underlying)

    def account(self, uid: int) -> OptionAccount:
        """Return the options account of a uid, making an empty one."""
        return self.accounts.get(uid) or self.open_account(uid)

    def open_account(
        self, uid: int, balance: Decimal = ZERO, *, is_house: bool = False
    ) -> OptionAccount:
        """Make the options account of a uid; no event tells of its wallet."""
        account = self.accounts[uid] = OptionAccount(uid, is_house=is_house)
        account.balance = balance
        return account

    def deposit(self, account: OptionAccount, amount: Decimal) -> None:
        """Add to (or, negative, take from) the wallet, with its events."""
        account.balance += amount
        reason = "DEPOSIT" if amount >= 0 else "WITHDRAW"
        self.events.balances(account, reason, change=amount)
        self.events.standing(account)
        self._look_at_risk(account)

    def expire(self, symbol: str) -> None:
        """End an option now: its orders expire, its positions are paid at the index price."""
        option = self.options.pop(symbol, None)
        if option is None:
            return
        self.statuses[symbol] = "CLOSE"
        index = self.risk.index(option)
        for account in self.accounts.values():
            for order in list(account.open_orders.values()):
                if order.option is option:
                    self.matching.finish(order, "EXPIRED")
        for account in self.accounts.values():
            position = account.positions.pop(symbol, None)
            if position is not None and position.quantity:
                self._exercise(account, position, index)
        self.expired.append((option, index))

    def finish(self, order: OptionOrder, status: str) -> None:
        """End an open order."""
        self.matching.finish(order, status)

    def _exercise(self, account: OptionAccount, position: OptionPosition, index: Decimal) -> None:
        option, quantity = position.option, position.quantity
        amount = (option.payoff(index) * quantity).quantize(CENT)
        account.balance += amount
        account.exercises.append(
            Exercise(next(self._record_ids), option, quantity, amount, index, self.clock.now_us())
        )
        self.events.balances(account, "ORDER", positions=[OptionPosition(option)])
        self.events.standing(account)
        self._look_at_risk(account)

    def _filled(self, order: OptionOrder) -> None:
        self._look_at_risk(order.account)

    def _look_at_risk(self, account: OptionAccount) -> None:
        """Let an account that is short of margin make positions smaller alone, and tell so."""
        if account.is_house:
            return
        stands = self.risk.standing(account)
        is_short = stands.equity < stands.maintenance_margin
        level = "REDUCE_ONLY" if is_short else "NORMAL"
        if level != account.risk_level:
            account.risk_level = level
            self.events.risk_level(account)
