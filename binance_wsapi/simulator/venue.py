"""The whole exchange without sockets or threads: markets, keys, limits and doors, wired together.

It lives on one thread: the server's, or that of a test that drives it in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING, Any

from binance_wsapi.catalogue import operations
from binance_wsapi.markets import Market
from binance_wsapi.simulator.accounts import Account, EventSource
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.authentication import KeyRing
from binance_wsapi.simulator.doors.gateway import Gateway
from binance_wsapi.simulator.doors.request_limits import LimitRules, RequestLimits, Window
from binance_wsapi.simulator.doors.rest import RestApi
from binance_wsapi.simulator.doors.service import Service
from binance_wsapi.simulator.faults.script import Faults
from binance_wsapi.simulator.futures.funding import FundingSchedule
from binance_wsapi.simulator.futures.market import FuturesMarket
from binance_wsapi.simulator.futures.stream_venue import StreamVenue
from binance_wsapi.simulator.journal import Journal
from binance_wsapi.simulator.margin import Margin
from binance_wsapi.simulator.market_data.market_data import MarketData
from binance_wsapi.simulator.numbering import Numbers
from binance_wsapi.simulator.portfolio_margin import PortfolioMargin
from binance_wsapi.simulator.routes import add_routes
from binance_wsapi.simulator.spot.market import SpotMarket
from binance_wsapi.simulator.spot.symbols import DEFAULT_SYMBOLS, SymbolSpec

if TYPE_CHECKING:
    from binance_wsapi.simulator.alpha import AlphaVenue
    from binance_wsapi.simulator.eoptions.doors import OptionVenue
    from binance_wsapi.simulator.futures.maker import FuturesMaker
    from binance_wsapi.simulator.spot.market_maker import MarketMaker
    from binance_wsapi.simulator.spot.random_market import RandomMarket

__all__ = ["Venue"]

FUTURES_RULES = LimitRules(
    weight=Window("MINUTE", 1, 2_400),
    orders=(Window("SECOND", 10, 300), Window("MINUTE", 1, 1_200)),
)
OPTION_RULES = LimitRules(weight=Window("MINUTE", 1, 2_400), orders=(Window("MINUTE", 1, 1_200),))
FORTUNE = Decimal(10) ** 9
_DOORS = {"journal", "faults", "gateway", "services", "rest"}
Balances = Mapping[str, str | int | Decimal]


class Venue:
    """All parts of the exchange.

    Args:
        clock: Its clock.
        seed: Where all chance comes from.
        symbols: What is traded on Spot.

    Attributes:
        spot: The Spot engine.
        market_data: Spot's public history.
        keys: All API keys.
        stream_venues: What streams and REST know of both futures markets.
        futures: Both futures engines.
        margin: Margin accounts and their listen tokens.
        portfolio_margin: Portfolio margin accounts and their listen keys.
        spot_limits: Request weight, order counts and connection attempts of Spot.
        futures_limits: The same for both futures markets, which share one pool.
        option_limits: The same for options.
        walks: What moves prices at random.
        key_rng: Where keys come from.
        stranger_ids: Numbers of the orders of somebody who trades against users.
        time_jumps: Whether connections do not age.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        *,
        seed: int = 0,
        symbols: Sequence[SymbolSpec] | None = None,
    ) -> None:
        self.clock = clock
        self.rng = Random(seed)
        self.keys = KeyRing()
        self.spot_limits = RequestLimits(clock)
        self.spot = SpotMarket(clock, self.rng, DEFAULT_SYMBOLS if symbols is None else symbols)
        self.market_data = MarketData(clock, self.spot)
        self.spot.prices = self.market_data
        self.spot.order_counter = self.spot_limits
        self.spot.engine.rate_limits = self.spot_limits.exchange_rows()
        self.margin = Margin(clock, self.rng, self.spot.symbols, self.spot.open_account)
        self.futures_limits = RequestLimits(clock, FUTURES_RULES)
        self.option_limits = RequestLimits(clock, OPTION_RULES)
        self.futures = {
            market: FuturesMarket(clock, self.rng, market) for market in (Market.USDM, Market.COINM)
        }
        usdm, coinm = self.futures[Market.USDM], self.futures[Market.COINM]
        self.portfolio_margin = PortfolioMargin(
            clock, self.rng, self.futures, self.spot.open_account
        )
        usdm.settings.sibling, coinm.settings.sibling = coinm, usdm
        self._funding = [FundingSchedule(engine) for engine in self.futures.values()]
        self.market_makers: dict[Market, MarketMaker | FuturesMaker] = {}
        self.walks: list[RandomMarket] = []
        self.key_rng = Random(f"keys {seed}")
        self.stranger_ids = Numbers()
        self.time_jumps = False
        self._stranger: Account | None = None
        self._option_balances: dict[int, Decimal] = {}
        self.stream_venues = {
            market: StreamVenue.of(engine) for market, engine in self.futures.items()
        }
        self.open_doors()

    def __getstate__(self) -> dict[str, Any]:
        """Return what is saved: all but the doors, and what passed them."""
        return {name: part for name, part in vars(self).items() if name not in _DOORS}

    def open_doors(self) -> None:
        """Serve all."""
        self.journal = Journal()
        self.faults = Faults(self.clock.skew)
        self.gateway = Gateway(self.clock, self.faults, self.journal)
        self.gateway.connections_age = not self.time_jumps
        self.services = {Market.SPOT: self._spot_service()} | {
            market: self._futures_service(market) for market in self.futures
        }
        self.services[Market.EOPTIONS] = self._option_service()
        for part in ("eoptions", "alpha"):
            if part in vars(self):
                vars(self)[part].open_doors()
        self.rest = RestApi(self)
        add_routes(self)

    def go_on(self) -> None:
        """Serve again after a time in a file: what came due in it has happened then, and prices have not walked."""
        self.open_doors()
        if self.clock.missed_seconds:
            for walk in self.walks:
                walk.stop()
            self.clock.advance(self.clock.missed_seconds)
            for walk in self.walks:
                walk.start()

    def open_account(
        self,
        balances: Balances | None = None,
        *,
        usdm: Balances | None = None,
        coinm: Balances | None = None,
        eoptions: str | int | Decimal = 0,
    ) -> Account:
        """Open an account with these free amounts on Spot, and futures and options wallets where given."""
        account = self.spot.open_account(dict(balances or {}))
        for market, wallets in ((Market.USDM, usdm), (Market.COINM, coinm)):
            if wallets:
                self.futures[market].open_account(account.uid, dict(wallets))
        if "eoptions" in vars(self):
            self.eoptions.market.open_account(account.uid, Decimal(eoptions))
        else:
            self._option_balances[account.uid] = Decimal(eoptions)
        return account

    @cached_property
    def eoptions(self) -> OptionVenue:
        """The options exchange, made when it is first needed: most clients never ask for it."""
        from binance_wsapi.simulator.eoptions.doors import OptionVenue

        made = OptionVenue(self.clock, self.rng, self.option_limits)
        for uid, balance in self._option_balances.items():
            made.market.open_account(uid, balance)
        if self.market_makers:
            made.start_maker()
        return made

    @cached_property
    def alpha(self) -> AlphaVenue:
        """Alpha, made when it is first needed."""
        from binance_wsapi.simulator.alpha import AlphaVenue

        made = AlphaVenue(self.clock, self.rng)
        if self.market_makers:
            made.start_maker()
        return made

    def maker_of(self, market: Market) -> MarketMaker | FuturesMaker | None:
        """Return who quotes on a market; ``None`` when nobody does."""
        return self.alpha.maker if market is Market.ALPHA else self.market_makers.get(market)

    def stranger(self, market: Market, symbol: str) -> Account:
        """Return a Spot account that can pay for any trade in a symbol, on that market."""
        if self._stranger is None:
            self._stranger = self.open_account()
            for engine in self.futures.values():
                engine.open_account(self._stranger.uid, is_house=True)
        if market is Market.EOPTIONS:
            self.eoptions.market.account(self._stranger.uid).is_house = True
        if market is Market.SPOT and symbol in self.spot.symbols:
            spec = self.spot.symbols[symbol]
            for asset in (spec.base_asset, spec.quote_asset):
                if self._stranger.free(asset) < FORTUNE:
                    self.spot.deposit(self._stranger, asset, FORTUNE)
        return self._stranger

    def tape_traders(self, market: Market, symbol: str) -> tuple[EventSource, EventSource]:
        """Return two new accounts that can pay for any trade in a symbol, on that market."""
        if market is Market.SPOT:
            spec = self.spot.engine.market(symbol).spec
            wealth = dict.fromkeys((spec.base_asset, spec.quote_asset), FORTUNE * FORTUNE)
            pair = (self.spot.open_account(wealth), self.spot.open_account(wealth))
            for account in pair:
                account.keeps_history, account.is_house = False, True
            return pair
        owners = (self.open_account(), self.open_account())
        engine = self.futures[market]
        first, second = (engine.open_account(each.uid, is_house=True) for each in owners)
        return first, second

    def start_market_makers(self) -> None:
        """Keep a book on every symbol of every market from now on."""
        from binance_wsapi.simulator.futures.maker import FuturesMaker
        from binance_wsapi.simulator.spot.market_maker import MarketMaker

        def chance() -> Random:
            return Random(self.rng.random())

        self.market_makers[Market.SPOT] = MarketMaker(self.clock, self.spot, chance())
        for market, engine in self.futures.items():
            self.market_makers[market] = FuturesMaker(self.clock, engine, chance())
        for maker in self.market_makers.values():
            maker.start()
        if "eoptions" in vars(self):
            self.eoptions.start_maker()
        if "alpha" in vars(self):
            self.alpha.start_maker()

    def start_random_market(
        self, step_seconds: float, volatility: int, markets: Sequence[Market] = (Market.SPOT,)
    ) -> None:
        """Let the prices of market makers walk, and somebody trade against them."""
        from binance_wsapi.simulator.spot.random_market import RandomMarket

        for market in markets:
            maker = self.maker_of(market)
            if maker is None:
                raise RuntimeError("there is no market maker: start with market_maker=True")
            walk = RandomMarket(
                self.clock,
                maker,
                Random(self.rng.random()),
                step_seconds=step_seconds,
                volatility=volatility,
            )
            walk.start()
            self.walks.append(walk)

    def let_time_jump(self) -> None:
        """Let connections and listen keys not age, and check no timestamps."""
        self.time_jumps = True
        self.gateway.connections_age = self.keys.checks_time = False
        for listen_keys in (
            self.margin.risk_keys,
            self.portfolio_margin.keys,
            *(engine.listen_keys for engine in self.futures.values()),
        ):
            listen_keys.keys_expire = False

    def start_funding(self) -> None:
        """Settle funding on time from now on."""
        for schedule in self._funding:
            schedule.start()

    def _spot_service(self) -> Service:
        market_data, spot = self.market_data, self.spot

        def handle(method: str, params: dict[str, Any], account: EventSource | None) -> object:
            if method in market_data.methods:
                return market_data.handle(method, params)
            return spot.handle(method, params, account if isinstance(account, Account) else None)

        return Service(
            Market.SPOT,
            operations={each.method: each for each in operations(Market.SPOT)},
            handle=handle,
            order_cost=spot.order_cost,
            account=lambda uid: spot.accounts[uid],
            keys=self.keys,
            limits=self.spot_limits,
            clock=self.clock,
        )

    def _futures_service(self, market: Market) -> Service:
        engine = self.futures[market]
        return Service(
            market,
            operations={each.method: each for each in operations(market)},
            handle=engine.handle,
            order_cost=engine.order_cost,
            account=engine.account,
            keys=self.keys,
            limits=self.futures_limits,
            clock=self.clock,
        )

    def _option_service(self) -> Service:
        """Return what counts and identifies the REST requests of options: there is no other API."""
        return Service(
            Market.EOPTIONS,
            operations={},
            handle=lambda method, params, account: None,
            order_cost=lambda method, params: 0,
            account=self._option_account,
            keys=self.keys,
            limits=self.option_limits,
            clock=self.clock,
        )

    def _option_account(self, uid: int) -> EventSource:
        return self.eoptions.market.account(uid)
