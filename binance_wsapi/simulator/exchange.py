"""The embedded exchange as its users hold it: started, steered and looked into from any thread."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from binance_wsapi.markets import Market
from binance_wsapi.simulator.accounts import Account, read_rates
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.request import engine_params
from binance_wsapi.simulator.doors.wire import plain
from binance_wsapi.simulator.hosting import HostedVenue
from binance_wsapi.simulator.key_making import Key, KeyTypeName, key_of, make_key
from binance_wsapi.simulator.venue import Balances, Venue

if TYPE_CHECKING:
    from binance_wsapi import AsyncClient, Client
    from binance_wsapi.simulator.doors.request_limits import RequestLimits
    from binance_wsapi.simulator.faults.script import Faults
    from binance_wsapi.simulator.journal import Journal
    from binance_wsapi.simulator.live_market import LiveMarket
    from binance_wsapi.simulator.spot.symbols import SymbolSpec

__all__ = ["AccountHandle", "Amounts", "Key", "SimulatedExchange"]

PLENTY = {"USDT": "1000000", "BTC": "100", "ETH": "1000", "BNB": "1000"}
PLENTY_USDM = {"USDT": "1000000"}
PLENTY_COINM = {"BTC": "100", "ETH": "1000"}
PLENTY_EOPTIONS = "1000000"
MOST_LATENCY_SECONDS = 86_400
DEFAULT_PERMISSIONS = ("USER_DATA", "TRADE")


class Amounts(NamedTuple):
    """What an account has of one asset."""

    free: Decimal
    locked: Decimal


class AccountHandle:
    """One account of the exchange, usable from any thread."""

    def __init__(self, exchange: SimulatedExchange, account: Account) -> None:
        self._exchange = exchange
        self._account = account
        self.uid = account.uid

    def balances(self) -> dict[str, Amounts]:
        """Return free and locked amounts by asset, assets without any left out."""
        return self._exchange.call(
            lambda: {
                asset: Amounts(balance.free, balance.locked)
                for asset, balance in self._account.balances.items()
                if balance.free or balance.locked
            }
        )

    def deposit(self, asset: str, amount: str | int | Decimal) -> None:
        """Add to a free balance (negative: take), with the events of a transfer."""
        exchange = self._exchange
        exchange.call(lambda: exchange.venue.spot.deposit(self._account, asset, Decimal(amount)))

    def set_fees(self, maker: str | Decimal, taker: str | Decimal) -> None:
        """Set the account's commission on every market, as fractions: ``0.001`` is 0.1 %.

        Raises:
            ValueError: One of them is no fraction.
        """
        rates = read_rates(maker, taker)

        def change() -> None:
            self._account.commissions.standard = rates
            for engine in self._exchange.venue.futures.values():
                account = engine.account(self.uid)
                account.maker_rate, account.taker_rate = rates.maker, rates.taker

        self._exchange.call(change)

    def request(
        self, method: str, params: Mapping[str, Any] | None = None, *, market: Market = Market.SPOT
    ) -> Any:
        """Do something as this account at once, past connections, keys and limits.

        For the counterparty of a test: ``other.request("order.place", {...})`` fills your bot's order.

        Args:
            method: Wire name; of options, which have REST alone, as in ``POST /eapi/v1/order``.
            params: Wire names and values, without those of authentication.
            market: Where; the account's futures wallets are its own.

        Returns:
            The result as it would stand on the wire.

        Raises:
            ExchangeError: The exchange refuses it.
        """
        venue = self._exchange.venue
        texts = {
            name: str(v) if isinstance(v, Decimal) else v for name, v in (params or {}).items()
        }

        def act() -> Any:
            if market is Market.EOPTIONS:
                return plain(
                    venue.rest.perform(market, method, self.uid, texts), microseconds=False
                )
            service = venue.services[market]
            operation = service.operation(method)
            taken = engine_params(operation, texts)
            account = self._account if market is Market.SPOT else service.account(self.uid)
            return plain(service.perform(operation, taken, account), microseconds=False)

        return self._exchange.call(act)

    def margin(self, symbol: str | None = None) -> AccountHandle:
        """Return the cross margin account of this owner, or the isolated one of a symbol."""
        exchange = self._exchange
        account = exchange.call(lambda: exchange.venue.margin.account(self.uid, symbol))
        return AccountHandle(exchange, account)

    def portfolio_margin(self) -> AccountHandle:
        """Return the portfolio margin account of this owner: empty until something is given to it."""
        exchange = self._exchange
        account = exchange.call(lambda: exchange.venue.portfolio_margin.account(self.uid))
        return AccountHandle(exchange, account)

    def create_key(
        self,
        key_type: KeyTypeName = "ed25519",
        *,
        permissions: Sequence[str] = DEFAULT_PERMISSIONS,
        ips: Sequence[str] = (),
    ) -> Key:
        """Make a key.

        Args:
            key_type: ``ed25519`` may log sessions on; ``hmac`` and ``rsa`` sign each request.
            permissions: ``USER_DATA`` to read, ``TRADE`` to trade.
            ips: Addresses it may be used from; any when empty.
        """
        venue = self._exchange.venue
        # Slow for RSA: not on the exchange's thread.
        key, record = make_key(
            self.uid,
            key_type,
            venue.key_rng,
            permissions=frozenset(permissions),
            ips=frozenset(ips),
        )
        self._exchange.call(lambda: venue.keys.add(record))
        return key

    @property
    def keys(self) -> list[Key]:
        """Its keys, oldest first."""
        keys = self._exchange.venue.keys
        return self._exchange.call(lambda: [key_of(each) for each in keys.of_account(self.uid)])

    def revoke_key(self, key: Key) -> None:
        """Delete a key: sessions logged on with it are told at their next request."""
        self._exchange.call(lambda: self._exchange.venue.keys.revoke(key.api_key))

    def restrict_key(
        self,
        key: Key,
        *,
        permissions: Sequence[str] | None = None,
        ips: Sequence[str] | None = None,
    ) -> None:
        """Change what a key may do, or from where."""

        def change() -> None:
            for record in self._exchange.venue.keys.of_account(self.uid):
                if record.api_key == key.api_key:
                    if permissions is not None:
                        record.permissions = frozenset(permissions)
                    if ips is not None:
                        record.ips = frozenset(ips)

        self._exchange.call(change)

    def __repr__(self) -> str:
        return f"<AccountHandle uid={self.uid}>"


class SimulatedExchange(HostedVenue):
    """A Binance on 127.0.0.1 in a thread of its own.

    ``with SimulatedExchange() as exchange:`` starts and stops it; ``async with`` does the same.
    Every method may be called from any thread.

    Args:
        seed: The same seed, clock and requests give the same exchange.
        market_maker: Keep a book and some trades on every symbol.
        clock: Its clock; follows real time when left out.
        symbols: What is traded on Spot; a default set when left out.
        tls: Serve ``wss`` and ``https`` with a certificate made on the spot, for the exchange's own hosts as well;
            ``ssl_context`` trusts it.
        port: Where to listen; a free port when 0.
        more_ports: Where else to listen, for clients that know ports of their own.
        host: The address to listen on.
        fees: Maker's and taker's commission of every account that is opened, as fractions: ``("0.001", "0.001")``;
            the exchange's usual ones when left out.
        latency: Seconds, by the exchange's clock, from a client to the engine: every request waits so long.
        state: A file that :meth:`save_state` wrote, to go on with. Seed, clock, symbols and market makers are in it.

    Raises:
        ValueError: ``fees`` are no fractions, ``latency`` is no time; ``state`` is no saved exchange, damaged, or of another version.
        OSError: ``state`` cannot be read.

    Attributes:
        clock: Steers time.
        faults: The script of what goes wrong.
        journal: Every frame so far.
        venue: The parts inside, for ``call``.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        market_maker: bool = False,
        clock: SimulatedClock | None = None,
        symbols: Sequence[SymbolSpec] | None = None,
        tls: bool = False,
        port: int = 0,
        more_ports: Sequence[int] = (),
        host: str = "127.0.0.1",
        fees: tuple[str | Decimal, str | Decimal] | None = None,
        latency: float = 0.0,
        state: str | os.PathLike[str] | None = None,
    ) -> None:
        if state is None:
            venue = Venue(clock or SimulatedClock(), seed=seed, symbols=symbols)
        else:
            venue = _saved(state, (seed, market_maker, clock is not None, symbols is not None))
        self.clock = venue.clock
        super().__init__(
            venue,
            market_maker=market_maker,
            tls=tls,
            port=port,
            more_ports=more_ports,
            host=host,
        )
        if not 0 <= latency <= MOST_LATENCY_SECONDS:
            raise ValueError(
                f"latency={latency!r} is no number of seconds up to {MOST_LATENCY_SECONDS}"
            )
        if fees is not None:
            read_rates(*fees)
        venue.gateway.latency_seconds = latency
        self._fees = fees
        self._live_market: LiveMarket | None = None

    def save_state(self, path: str | os.PathLike[str]) -> None:
        """Write all of it to a file, which ``SimulatedExchange(state=path)`` goes on with.

        Connections are not part of it, nor faults and the journal. What comes due meanwhile by a clock that follows
        real time happens when it goes on. The secrets of all keys are in the file, which is for its owner alone.

        Raises:
            RuntimeError: It is running (``stop()`` it first), or a replay or a recording is.
            OSError: The file cannot be written.
        """
        from binance_wsapi.simulator.saved_state import save

        if self.is_running:
            raise RuntimeError(
                "a running exchange is not saved: stop() it first, and start() it again"
            )
        self._let_makers_begin()
        save(self.venue, path)

    # --- accounts and clients

    @property
    def accounts(self) -> list[AccountHandle]:
        """Those that have keys, in the order of their oldest ones."""
        return self.call(
            lambda: [
                AccountHandle(self, self.venue.spot.accounts[uid]) for uid in self.venue.keys.owners
            ]
        )

    def create_account(
        self,
        balances: Balances | None = None,
        *,
        usdm: Balances | None = None,
        coinm: Balances | None = None,
        eoptions: str | int | Decimal | None = None,
    ) -> AccountHandle:
        """Open an account, with plenty of the usual assets on every market if nothing is said.

        Args:
            balances: Free amounts on Spot.
            usdm: Wallets on USD-M futures, by margin asset.
            coinm: Wallets on COIN-M futures, by margin asset.
            eoptions: USDT in the options wallet.
        """
        if all(each is None for each in (balances, usdm, coinm, eoptions)):
            balances, usdm, coinm = PLENTY, PLENTY_USDM, PLENTY_COINM
            eoptions = PLENTY_EOPTIONS
        account = self.call(
            lambda: self.venue.open_account(
                balances, usdm=usdm, coinm=coinm, eoptions=eoptions or 0
            )
        )
        handle = AccountHandle(self, account)
        if self._fees is not None:
            handle.set_fees(*self._fees)
        return handle

    def client_options(self, key: Key | None = None) -> dict[str, Any]:
        """Return the options that lead a client here: ``Client(**exchange.client_options(key))``.

        Without a key they suffice for public operations.
        """
        urls: dict[str, str] = {str(ws_key): url for ws_key, url in self.urls.items()}
        urls["rest"] = self.rest_url
        options: dict[str, Any] = {"urls": urls}
        if self.certificate is not None:
            options["ssl"] = self.ssl_context
        if key is not None:
            options |= {"api_key": key.api_key, "api_secret": key.api_secret}
        return options

    def client(self, key: Key | None = None, **options: Any) -> Client:
        """Return a sync client of this exchange; without a key, that of a new, funded account."""
        from binance_wsapi.simulator.clients import client

        return client(self, key, **options)

    def async_client(self, key: Key | None = None, **options: Any) -> AsyncClient:
        """Return an async client of this exchange; without a key, that of a new, funded account."""
        from binance_wsapi.simulator.clients import async_client

        return async_client(self, key, **options)

    # --- steering

    @property
    def faults(self) -> Faults:
        """The script of what goes wrong."""
        return self.venue.faults

    @property
    def journal(self) -> Journal:
        """Every frame so far."""
        return self.venue.journal

    @property
    def market(self) -> LiveMarket:
        """What makes Spot move: ``exchange.market.walk()``, ``.replay(symbol, trades)``."""
        if self._live_market is None:
            from binance_wsapi.simulator.live_market import LiveMarket

            self._live_market = LiveMarket(self.venue, self.call)
        return self._live_market

    @property
    def limits(self) -> RequestLimits:
        """Spot's limits; ``exchange.limits.enabled = False`` switches them off."""
        return self.venue.spot_limits

    def drop_connections(self, path: str = "") -> int:
        """Cut all connections (to paths that begin so) without a close frame; return how many."""
        return self.call(lambda: self.venue.gateway.drop(path))

    def close_connections(self, code: int = 1001, reason: str = "") -> int:
        """Close all connections with a close frame; return how many."""
        return self.call(lambda: self.venue.gateway.close_all(code, reason))

    def trade(
        self,
        symbol: str,
        side: Literal["BUY", "SELL"],
        quantity: str | int | Decimal,
        price: str | Decimal,
        *,
        market: Market = Market.SPOT,
    ) -> Any:
        """Let somebody with enough funds trade against what rests at ``price`` or better.

        Args:
            symbol: Where.
            side: What they do: ``SELL`` fills your buy orders.
            quantity: How much at most; what does not fill at once is forgotten.
            price: The worst price they take.
            market: On which market.

        Returns:
            The answer to their order.
        """
        params = {
            "symbol": symbol,
            "side": side,
            "type": "LIMIT",
            "timeInForce": "IOC",
            "quantity": str(quantity),
            "price": str(price),
        }
        if market is Market.ALPHA:
            return self.call(lambda: plain(self.venue.alpha.trade(params), microseconds=False))
        stranger = AccountHandle(self, self.call(lambda: self.venue.stranger(market, symbol)))
        if market is Market.EOPTIONS:
            params["clientOrderId"] = f"stranger-{next(self.venue.stranger_ids)}"
            return stranger.request("POST /eapi/v1/order", params, market=market)
        return stranger.request("order.place", params, market=market)

    def move_price(
        self, symbol: str, price: str | Decimal, *, market: Market = Market.SPOT
    ) -> None:
        """Let the market maker quote around another price from now on.

        Of options ``symbol`` is the underlying, whose index price it sets.
        """
        if market is Market.EOPTIONS:
            self.call(lambda: self.venue.eoptions.market.set_index(symbol, Decimal(price)))
            return
        maker = self.call(lambda: self.venue.maker_of(market))
        if maker is None:
            raise RuntimeError("there is no market maker: start with market_maker=True")
        self.call(lambda: maker.move_to(symbol, Decimal(price)))

    def start_random_market(
        self,
        *,
        step_seconds: float = 0.5,
        volatility: int = 2,
        markets: Sequence[Market] = (Market.SPOT,),
    ) -> None:
        """Let prices walk and trades happen, by the seed; each market walks by itself.

        Args:
            step_seconds: Mean time between two steps of a symbol, in the exchange's time.
            volatility: Standard deviation of one step, in basis points of the price.
            markets: Where.
        """
        self.call(lambda: self.venue.start_random_market(step_seconds, volatility, markets))

    def start_funding(self) -> None:
        """Settle the funding of perpetual contracts at 00:00, 08:00 and 16:00 UTC from now on."""
        self.call(self.venue.start_funding)

    def announce_shutdown(self) -> int:
        """Send ``serverShutdown`` to all who know it; return to how many."""
        return self.call(self.venue.gateway.announce_shutdown)

    @property
    def futures_limits(self) -> RequestLimits:
        """The limits of both futures markets."""
        return self.venue.futures_limits

    @property
    def option_limits(self) -> RequestLimits:
        """The limits of the options market."""
        return self.venue.option_limits

    def let_time_jump(self) -> None:
        """Let the clock go by as it likes: connections and listen keys do not age, timestamps are not checked.

        For clocks that a tape sets, or that run faster than the clients': out there a request whose timestamp is
        off by more than a second or its ``recvWindow`` is refused.
        """
        self.call(self.venue.let_time_jump)

    def ban(self, ip: str = "127.0.0.1", seconds: float | None = None) -> None:
        """Ban an address and close its connections; 2 minutes, or longer each time."""

        def act() -> None:
            self.venue.spot_limits.ban(ip, seconds)
            self.venue.futures_limits.ban(ip, seconds)
            self.venue.option_limits.ban(ip, seconds)
            self.venue.gateway.expel(ip)

        self.call(act)


def _saved(state: str | os.PathLike[str], made_of: Iterable[object]) -> Venue:
    from binance_wsapi.simulator.saved_state import load

    if any(made_of):
        raise ValueError(
            f"state={os.fspath(state)!r} has seed, market_maker, clock and symbols in it: leave them out"
        )
    return load(state)
