"""The door to a futures market: one object that answers requests by method name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from random import Random
from string import ascii_letters
from typing import Any

from binance_wsapi.markets import Market
from binance_wsapi.simulator.accounts import EventSource
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.errors import ExchangeError, bad_symbol, unsupported
from binance_wsapi.simulator.futures.account_settings import AccountSettings
from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.algo_desk import AlgoDesk
from binance_wsapi.simulator.futures.answers import AccountAnswers
from binance_wsapi.simulator.futures.contracts import DEFAULT_CONTRACTS, Contract
from binance_wsapi.simulator.futures.countdowns import Countdowns
from binance_wsapi.simulator.futures.events import UserEvents
from binance_wsapi.simulator.futures.holdings import HoldingsLog
from binance_wsapi.simulator.futures.listen_keys import ListenKeys
from binance_wsapi.simulator.futures.margin_watch import MarginWatch
from binance_wsapi.simulator.futures.market_answers import MarketAnswers
from binance_wsapi.simulator.futures.matching import Matching
from binance_wsapi.simulator.futures.order_desk import OrderDesk
from binance_wsapi.simulator.futures.order_intake import OrderIntake
from binance_wsapi.simulator.futures.orders import FuturesOrder
from binance_wsapi.simulator.futures.price_history import FundingRecord, PriceHistory
from binance_wsapi.simulator.futures.price_moves import PriceMoves
from binance_wsapi.simulator.futures.prices import Prices
from binance_wsapi.simulator.futures.recorded_book import RecordedBook
from binance_wsapi.simulator.futures.requests import Parameters, read_reference
from binance_wsapi.simulator.futures.risk import Risk
from binance_wsapi.simulator.futures.stop_desk import StopDesk
from binance_wsapi.simulator.futures.triggers import TriggerDesk
from binance_wsapi.simulator.futures.wire_methods import WireMethods
from binance_wsapi.simulator.observers import MarketObserver
from binance_wsapi.simulator.spot.book import Book

__all__ = ["FuturesMarket"]

_ORDER_COSTS = frozenset({"order.place", "order.modify"})


class FuturesMarket:
    """A USD-M or COIN-M exchange without its sockets: contracts, books, accounts, listen keys.

    Single-threaded: every call happens on the exchange's thread. Deterministic: the same requests at the
    same times of ``clock`` with the same ``rng`` give the same answers and events. Delivery is left out.

    Args:
        clock: Time of the exchange.
        rng: Where aliases, listen keys and generated client ids come from.
        market: ``Market.USDM`` or ``Market.COINM``.
        symbols: What can be traded; the market's default contracts when left out.

    Attributes:
        contracts: By symbol.
        accounts: By uid.
        prices: Last, mark and index prices.
        price_histories: What mark and index prices were, and the funding settled, by symbol.
        listen_keys: The live listen keys.
        margin_watch: Liquidations and the insurance fund.
        settings: What accounts choose for themselves.
        statuses: Contract status by symbol: ``TRADING``, ``SETTLING``, ``CLOSE``, ...
        contract_listeners: Told of each contract whose status changed.
        countdowns: Orders that are cancelled unless their account gives a sign of life.
        market_answers: Depth and tickers, which COIN-M has over REST alone.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        rng: Random,
        market: Market,
        symbols: Sequence[Contract] | None = None,
    ) -> None:
        contracts = tuple(DEFAULT_CONTRACTS[market] if symbols is None else symbols)
        assets = tuple(dict.fromkeys(contract.margin_asset for contract in contracts))
        self.clock = clock
        self.market = market
        self.contracts: dict[str, Contract] = {one.symbol: one for one in contracts}
        self.accounts: dict[int, FuturesAccount] = {}
        self.statuses: dict[str, str] = dict.fromkeys(self.contracts, "TRADING")
        self.contract_listeners: list[Callable[[Contract], None]] = []
        self.prices = Prices()
        self.price_histories = {one.symbol: PriceHistory(one) for one in contracts}
        for one in contracts:
            self.price_histories[one.symbol].note(one, self.prices, clock.now_us())
        self.listen_keys = ListenKeys(clock, rng)
        self._rng = rng
        self._triggers = TriggerDesk()
        self._moves = PriceMoves(clock, self.prices, self.price_histories, self._triggers)
        self._risk = Risk(self.prices, assets)
        self._events = UserEvents(clock, self._risk, self.prices)
        self.settings = AccountSettings(clock, self._contract, self._risk, self._events)
        self._matching = Matching(
            clock,
            contracts,
            self.prices,
            self._events,
            on_end=self._order_ended,
            on_price=self._moves.add,
        )
        self._intake = OrderIntake(
            clock,
            rng,
            market,
            prices=self.prices,
            risk=self._risk,
            matching=self._matching,
            events=self._events,
            statuses=self.statuses,
        )
        self._orders = OrderDesk(
            clock,
            market,
            intake=self._intake,
            prices=self.prices,
            risk=self._risk,
            matching=self._matching,
            events=self._events,
        )
        self._stops = StopDesk(
            clock,
            prices=self.prices,
            risk=self._risk,
            matching=self._matching,
            intake=self._intake,
            events=self._events,
            triggers=self._triggers,
        )
        self._algos = AlgoDesk(
            clock,
            rng,
            prices=self.prices,
            intake=self._intake,
            events=self._events,
            triggers=self._triggers,
        )
        self.margin_watch = MarginWatch(
            clock,
            prices=self.prices,
            risk=self._risk,
            matching=self._matching,
            intake=self._intake,
            events=self._events,
            accounts=self.accounts,
        )
        self.countdowns = Countdowns(clock, self.handle)
        self.market_answers = MarketAnswers(clock, self.contracts, self.books, self.prices)
        self._wire_methods = WireMethods(
            market,
            self._contract,
            orders=self._orders,
            stops=self._stops,
            algos=self._algos,
            listen_keys=self.listen_keys,
            answers=AccountAnswers(
                self._risk, self.prices, contracts, self.margin_watch.deleveraging.quantile
            ),
            market_answers=self.market_answers,
        )

    @property
    def books(self) -> dict[str, Book]:
        """The order books, by symbol."""
        return self._matching.books

    @property
    def observers(self) -> list[MarketObserver]:
        """Who is told of each trade and each change of a book level."""
        return self._matching.observers

    @property
    def fees(self) -> dict[str, Decimal]:
        """Commission earned so far, by margin asset."""
        return self._matching.settlement.fees

    @property
    def holdings(self) -> HoldingsLog:
        """What accounts hold of each contract together."""
        return self._matching.settlement.holdings

    @property
    def methods(self) -> frozenset[str]:
        """Wire names of all methods that :meth:`handle` serves."""
        return self._wire_methods.names

    def handle(self, method: str, params: dict[str, Any], account: EventSource | None) -> object:
        """Answer one request whose sender is known already.

        Args:
            method: Wire name; ``v1/`` before it changes nothing, ``v2/`` is another method.
            params: The request's parameters, without those of authentication.
            account: Whose request it is: a futures account, or any with the same uid.

        Returns:
            What goes into ``result``.

        Raises:
            ExchangeError: The request is refused, with the exchange's code and text.
        """
        name = method.removeprefix("v1/")
        public = self._wire_methods.public(name)
        if public is not None:
            return public(Parameters(params))
        private = self._wire_methods.private(name)
        if private is None:
            raise unsupported(method)
        if account is None:
            raise ExchangeError(-2015, "Invalid API-key, IP, or permissions for action.", 401)
        try:
            return private(self.account(account.uid), params)
        finally:
            self._follow_prices()

    def order_cost(self, method: str, params: dict[str, Any]) -> int:
        """Return how many orders the request adds to the account's order count."""
        return 1 if method.removeprefix("v1/") in _ORDER_COSTS else 0

    def account(self, uid: int) -> FuturesAccount:
        """Return the futures account of a uid, making an empty one."""
        return self.accounts.get(uid) or self.open_account(uid)

    def open_account(
        self,
        uid: int,
        wallets: Mapping[str, Decimal | str | int] | None = None,
        *,
        is_house: bool = False,
    ) -> FuturesAccount:
        """Make the futures account of a uid; no event tells of its wallets.

        Args:
            uid: The owner's.
            wallets: Balances by margin asset; other assets are refused with a ``ValueError``.
            is_house: It makes the market: no margin is asked of it.
        """
        unknown = sorted(set(wallets or {}) - set(self._risk.assets))
        if unknown:
            known = ", ".join(self._risk.assets)
            raise ValueError(f"{unknown[0]} is no margin asset here: {known}")
        alias = "".join(self._rng.choices(ascii_letters, k=6))
        account = self.accounts[uid] = FuturesAccount(uid, alias, is_house=is_house)
        for asset, amount in (wallets or {}).items():
            account.credit(asset, Decimal(amount), self.clock.now_us())
        return account

    @property
    def margin_assets(self) -> tuple[str, ...]:
        """Assets that wallets can hold."""
        return self._risk.assets

    def deposit(self, account: FuturesAccount, asset: str, amount: Decimal) -> None:
        """Add to (or, negative, take from) a wallet, with its ACCOUNT_UPDATE."""
        account.earn("TRANSFER", asset, amount, self.clock.now_us())
        reason = "DEPOSIT" if amount >= 0 else "WITHDRAW"
        self._events.balances(account, reason, asset=asset, change=amount)

    def test_order(self, account: FuturesAccount, params: dict[str, Any]) -> object:
        """Answer ``order/test``, which REST alone has on futures."""
        contract = self._contract(Parameters(params).text("symbol"))
        return self._orders.test(account, contract, params)

    def find_order(self, account: FuturesAccount, params: dict[str, Any]) -> FuturesOrder:
        """Return the order that a request names, or refuse."""
        contract = self._contract(Parameters(params).text("symbol"))
        reference = read_reference(Parameters(params), "orderId", "origClientOrderId")
        return self._orders.find(account, contract, reference)

    def is_forgotten(self, order: FuturesOrder) -> bool:
        """Whether an order ended so long ago that no question finds it."""
        return self._orders.is_forgotten(order)

    def set_status(self, symbol: str, status: str) -> None:
        """Set a contract's status; other than ``TRADING`` it takes no orders that open positions."""
        contract = self._contract(symbol)
        self.statuses[symbol] = status
        for listener in tuple(self.contract_listeners):
            listener(contract)

    def set_mark_price(self, symbol: str, price: Decimal | None) -> None:
        """Pin the mark price (``None``: let it follow again); triggers and margin react at once."""
        contract = self._contract(symbol)
        self.prices.set_mark(contract, price)
        self._moves.add(contract, None)
        self._follow_prices()

    def set_index_price(self, symbol: str, price: Decimal | None) -> None:
        """Pin the index price (``None``: let it follow again); the mark follows it unless pinned."""
        contract = self._contract(symbol)
        self.prices.set_index(contract, price)
        self._moves.add(contract, None)
        self._follow_prices()

    def print_trade(
        self, symbol: str, price: Decimal, quantity: Decimal, *, buyer_is_maker: bool
    ) -> bool:
        """Let a trade of others happen that no order here has a part in.

        Returns:
            False, and nothing happens, when an order rests in its way.
        """
        contract = self._contract(symbol)
        if not self._matching.print_trade(contract, price, quantity, buyer_is_maker=buyer_is_maker):
            return False
        self._follow_prices()
        return True

    def recorded_book(self, symbol: str, account: FuturesAccount) -> RecordedBook:
        """Return what shows the levels of a tape in a contract's book, by orders of a house account."""
        contract, follow = self._contract(symbol), self._follow_prices
        return RecordedBook(account, contract, self._intake, self._matching, follow)

    def pay_funding(self, symbol: str, rate: Decimal | None = None) -> None:
        """Settle the funding fee of a contract now, at the set rate or at ``rate``."""
        contract = self._contract(symbol)
        if rate is not None:
            self.prices.set_funding_rate(contract, rate)
        self.price_histories[symbol].funding.append(
            FundingRecord(
                self.clock.now_us(),
                self.prices.funding_rate(contract),
                self.prices.mark(contract),
            )
        )
        self.margin_watch.pay_funding(contract)
        self._moves.add(contract, None)
        self._follow_prices()

    def _contract(self, symbol: str) -> Contract:
        contract = self.contracts.get(symbol)
        if contract is None:
            raise bad_symbol()
        return contract

    def _order_ended(self, order: FuturesOrder) -> None:
        self._stops.ended(order)
        self._algos.ended(order)

    def _follow_prices(self) -> None:
        self._moves.follow(self.margin_watch.look_at)
