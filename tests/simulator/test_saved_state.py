"""An exchange that was saved goes on as if it had never been stopped."""

from __future__ import annotations

import io
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from binance_wsapi import Client, WsKey
from binance_wsapi.markets import Market
from binance_wsapi.simulator import SimulatedClock, SimulatedExchange, saved_state, serve
from binance_wsapi.simulator.accounts import EventSource
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.live_market import LiveMarket
from binance_wsapi.simulator.venue import Venue

ROOT = Path(__file__).parents[2]
START_US = 1_767_225_600_000_000
STEPS = 60


def frozen() -> SimulatedExchange:
    """An exchange of all markets, not started, with two accounts."""
    exchange = SimulatedExchange(clock=SimulatedClock(start_us=START_US, frozen=True))
    exchange.venue.start_market_makers()
    exchange.start_funding()
    assert exchange.venue.eoptions
    assert exchange.venue.alpha
    for _ in range(2):
        exchange.create_account().create_key("hmac")
    return exchange


def gone_on_with(exchange: SimulatedExchange, folder: Path) -> SimulatedExchange:
    """Save it and begin again from the file."""
    exchange.save_state(folder / "exchange.state")
    return SimulatedExchange(state=folder / "exchange.state")


class World:
    """Does things by chance, and writes down all that it is told.

    Args:
        exchange: Where.
        chance: What comes next.
    """

    def __init__(self, exchange: SimulatedExchange, chance: random.Random) -> None:
        self.exchange, self.chance = exchange, chance
        self.told: list[Any] = []
        self.accounts = exchange.accounts
        venue = exchange.venue
        self._sources: list[EventSource] = [
            source
            for uid in (account.uid for account in self.accounts)
            for source in (
                venue.spot.accounts[uid],
                venue.margin.account(uid),
                venue.portfolio_margin.source(uid),
                venue.eoptions.market.account(uid),
                *(engine.account(uid) for engine in venue.futures.values()),
            )
        ]
        for source in self._sources:
            source.listeners.append(self.told.append)

    def run(self, steps: int) -> None:
        """Do so many things, and leave."""
        for _ in range(steps):
            self.step()
        for source in self._sources:
            source.listeners.remove(self.told.append)

    def step(self) -> None:
        kind = self.chance.choice([self.spot, self.spot, self.futures, self.futures, self.other])
        try:
            self.told.append(kind())
        except ExchangeError as error:
            self.told.append((error.code, str(error)))

    def ask(self, method: str, market: Market = Market.SPOT, **params: Any) -> Any:
        account = self.chance.choice(self.accounts)
        return account.request(method, params, market=market)

    def price(self, of: float, digits: int = 2) -> str:
        return f"{of * self.chance.uniform(0.97, 1.03):.{digits}f}"

    def spot(self) -> Any:
        side = self.chance.choice(["BUY", "SELL"])
        quantity = f"{self.chance.uniform(0.001, 0.2):.5f}"
        common: dict[str, Any] = {"symbol": "BTCUSDT", "side": side, "quantity": quantity}
        now = float(self.exchange.venue.market_data.last_price("BTCUSDT") or 60_000)
        match self.chance.randrange(7):
            case 0:
                return self.ask("order.place", **common, type="MARKET")
            case 1 | 2:
                price = self.price(now)
                return self.ask(
                    "order.place", **common, type="LIMIT", timeInForce="GTC", price=price
                )
            case 3:
                stop, price = self.price(now), self.price(now)
                return self.ask(
                    "order.place",
                    **common,
                    type="STOP_LOSS_LIMIT",
                    timeInForce="GTC",
                    price=price,
                    stopPrice=stop,
                )
            case 4:
                high, low = f"{now * 1.01:.2f}", f"{now * 0.99:.2f}"
                above: dict[str, Any] = {"aboveType": "LIMIT_MAKER", "abovePrice": high}
                below: dict[str, Any] = {"belowType": "STOP_LOSS", "belowStopPrice": low}
                return self.ask(
                    "orderList.place.oco", **{**common, "side": "SELL"}, **above, **below
                )
            case 5:
                return self.ask("openOrders.cancelAll", symbol="BTCUSDT")
            case _:
                return self.ask("allOrders", symbol="BTCUSDT")

    def futures(self) -> Any:
        market = self.chance.choice([Market.USDM, Market.COINM])
        is_usdm = market is Market.USDM
        symbol = "BTCUSDT" if is_usdm else "BTCUSD_PERP"
        engine = self.exchange.venue.futures[market]
        now = float(engine.prices.last(engine.contracts[symbol]))
        digits = 1
        common: dict[str, Any] = {
            "symbol": symbol,
            "side": self.chance.choice(["BUY", "SELL"]),
            "quantity": f"{self.chance.uniform(0.01, 0.3):.3f}"
            if is_usdm
            else self.chance.randint(1, 90),
        }
        match self.chance.randrange(6):
            case 0 | 1:
                return self.ask("order.place", market, **common, type="MARKET")
            case 2:
                price = self.price(now, digits)
                return self.ask(
                    "order.place", market, **common, type="LIMIT", timeInForce="GTC", price=price
                )
            case 3 if is_usdm:
                minutes = self.chance.randint(11, 30)
                till = (self.exchange.clock.now_us() // 1_000_000 + 60 * minutes) * 1000
                price = self.price(now, digits)
                return self.ask(
                    "order.place",
                    market,
                    **common,
                    type="LIMIT",
                    timeInForce="GTD",
                    goodTillDate=till,
                    price=price,
                )
            case 4:
                stop = self.price(now, digits)
                if is_usdm:
                    return self.ask(
                        "algoOrder.place",
                        market,
                        **common,
                        algoType="CONDITIONAL",
                        type="STOP_MARKET",
                        triggerPrice=stop,
                    )
                return self.ask("order.place", market, **common, type="STOP_MARKET", stopPrice=stop)
            case _:
                return self.ask("account.status", market)

    def other(self) -> Any:
        exchange = self.exchange
        match self.chance.randrange(7):
            case 0:
                exchange.clock.advance(self.chance.choice([1, 60, 1800, 8 * 3600]))
                return exchange.clock.now_us()
            case 1:
                market = self.chance.choice([Market.SPOT, Market.USDM])
                exchange.move_price("BTCUSDT", self.price(60_000), market=market)
                return None
            case 2:
                options = exchange.venue.eoptions.market.options
                return self.ask(
                    "POST /eapi/v1/order",
                    Market.EOPTIONS,
                    symbol=self.chance.choice(list(options)),
                    side=self.chance.choice(["BUY", "SELL"]),
                    type="LIMIT",
                    clientOrderId=f"option-{len(self.told)}",
                    quantity="0.1",
                    price="500",
                )
            case 3:
                margin = self.chance.choice(self.accounts).margin()
                margin.deposit("USDT", "1000")
                order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
                return margin.request("order.place", order)
            case 4:
                return self.ask("userDataStream.start", Market.USDM)
            case 5:
                return exchange.trade("ALPHA_116USDT", "BUY", 1, "9", market=Market.ALPHA)
            case _:
                exchange.trade("BTCUSDT", "SELL", "1", "50000")
                return None

    def seen(self) -> Any:
        """All that can be asked."""
        venue = self.exchange.venue
        asked: list[Any] = [self.exchange.clock.now_us(), self.exchange.clock.next_due_us()]
        for account in self.accounts:
            asked += [account.balances(), account.keys]
            for method in ("openOrders.status", "allOrders", "myTrades"):
                params = {} if method == "openOrders.status" else {"symbol": "BTCUSDT"}
                asked.append(account.request(method, params))
            asked += [account.request("account.status", market=each) for each in venue.futures]
            path = "GET /eapi/v1/marginAccount"
            asked.append(account.request(path, market=Market.EOPTIONS))
        books = [venue.spot.books, venue.alpha.market.books, venue.eoptions.market.books]
        for each in [*books, *(engine.books for engine in venue.futures.values())]:
            asked += [
                (name, book.side("BUY").top(50), book.side("SELL").top(50))
                for name, book in each.items()
            ]
        return asked


@pytest.mark.parametrize("seed", range(12))
def test_it_goes_on_as_if_never_stopped(tmp_path: Path, seed: int) -> None:
    before = random.Random(seed).randrange(STEPS)
    exchange = frozen()
    World(exchange, random.Random(seed)).run(before)
    twin = gone_on_with(exchange, tmp_path)

    one = World(exchange, random.Random(f"then {seed}"))
    other = World(twin, random.Random(f"then {seed}"))
    for _ in range(STEPS):
        one.step()
        other.step()
        assert other.told == one.told

    assert other.seen() == one.seen()


def test_what_hung_on_connections_is_gone(tmp_path: Path) -> None:
    """Streams, logged on sessions, requests under way: all of it ended when the exchange was stopped."""
    exchange = SimulatedExchange(market_maker=True)
    with ThreadPoolExecutor(1) as pool, exchange:
        account = exchange.create_account()
        key = account.create_key()
        with exchange.client(key) as client:
            client.subscribe_user_data_stream(WsKey.MAIN_WSAPI)
            client.streams.trade("btcusdt")
            client.streams.kline("btcusdt", "1m")
            held_back = exchange.faults.on("time").delay(3600)
            waiting = pool.submit(client.spot.get_server_time)
            held_back.wait()
            exchange.venue.gateway.latency_seconds = 3600.0
            exchange.call(lambda: exchange.venue.gateway.connections[0].receive("{}"))
            exchange.stop()
        assert waiting.exception()

    with gone_on_with(exchange, tmp_path) as later, later.client(key) as again:
        assert again.spot.get_account_information().result.balances
        assert len(later.venue.gateway.connections) == 1
        assert not later.venue.spot.accounts[account.uid].listeners


class Wire:
    """The transport of one connection."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def send(self, frame: bytes) -> None:
        self.frames.append(frame)

    def ping(self, payload: bytes) -> None:
        pass

    def close(self, code: int, reason: str) -> None:
        pass

    def abort(self, partial: bytes = b"") -> None:
        pass

    def hold_reading(self, held: bool) -> None:
        pass


STREAMS = {
    "/stream": [
        *(
            f"btcusdt@{name}"
            for name in (
                *("trade", "aggTrade", "kline_1m", "miniTicker", "ticker", "ticker_1h"),
                *("bookTicker", "avgPrice", "depth", "depth5", "depth20@100ms", "blockTrade"),
                "referencePrice",
            )
        ),
        *("!miniTicker@arr", "!ticker_1h@arr"),
    ],
    "/usdm/stream": [
        *(
            f"btcusdt@{name}"
            for name in (
                *("aggTrade", "markPrice@1s", "kline_1m", "miniTicker", "ticker", "bookTicker"),
                *("depth", "depth@0ms", "depth5", "forceOrder", "contractInfo"),
            )
        ),
        *(
            "btcusdt_perpetual@continuousKline_1m",
            "!bookTicker",
            "!markPrice@arr",
            "!forceOrder@arr",
        ),
        *("!contractInfo", "!miniTicker@arr"),
    ],
    "/coinm/stream": [
        *("btcusd_perp@aggTrade", "btcusd_perp@bookTicker", "btcusd_perp@depth@0ms", "!bookTicker"),
        *("btcusd@indexPrice", "btcusd_perp@depth"),
    ],
    "/eoptions/public/stream": [
        f"{{option}}@{name}" for name in ("bookTicker", "depth", "depth10", "trade", "ticker")
    ],
    "/eoptions/market/stream": ["btcusdt@optionMarkPrice", "!index@arr", "!optionSymbol"],
    "/alpha/stream": [
        *(f"alpha_116usdt@{name}" for name in ("trade", "aggTrade", "bookTicker", "kline_1m")),
        *("came@allTokens@ticker24", "!bookTicker"),
    ],
}
"""Streams of all kinds, by path."""


def observers_of(exchange: SimulatedExchange) -> list[list[str]]:
    """Who watches each market, by their kinds."""
    venue = exchange.venue
    books: list[Any] = [
        venue.spot,
        venue.alpha.market,
        venue.eoptions.market,
        *venue.futures.values(),
    ]
    return [[type(observer).__name__ for observer in each.observers] for each in books]


def test_streams_leave_nothing_behind(tmp_path: Path) -> None:
    """Connections are cut between a trade and the moment at which their streams would tell of it."""
    exchange = frozen()
    before = observers_of(exchange)
    for _ in range(2):
        venue = exchange.venue
        option = next(iter(venue.eoptions.market.options))
        for path, names in STREAMS.items():
            asked, wire = "/".join(names).replace("{option}", option.lower()), Wire()
            door = venue.gateway.connect(
                f"{path}?streams={asked}", remote="10.0.0.1", transport=wire
            )
            exchange.clock.advance(5)
            exchange.trade("BTCUSDT", "BUY", 1, "66000")
            exchange.trade("BTCUSDT", "BUY", 1, "66000", market=Market.USDM)
            exchange.trade("BTCUSD_PERP", "BUY", 1, "66000", market=Market.COINM)
            exchange.trade("ALPHA_116USDT", "BUY", 1, "9", market=Market.ALPHA)
            exchange.trade(option, "BUY", 1, "9000", market=Market.EOPTIONS)
            assert wire.frames
            door.closed()
        exchange = gone_on_with(exchange, tmp_path)

    assert observers_of(exchange) == [[*each, "MarketWatch"] for each in before]


@pytest.mark.parametrize("path", ["/api/v3/time", "/fapi/v1/time"])
def test_a_rest_request_under_way_is_gone(tmp_path: Path, path: str) -> None:
    clock = SimulatedClock(start_us=START_US, frozen=True)
    exchange = SimulatedExchange(clock=clock, latency=5)
    with ThreadPoolExecutor(1) as pool, exchange:
        asked = pool.submit(urllib.request.urlopen, exchange.rest_url + path)
        while exchange.call(clock.next_due_us) is None:
            assert not asked.done()
        exchange.stop()
        assert asked.exception()

    with gone_on_with(exchange, tmp_path) as later:
        assert later.venue.clock.next_due_us() is None


HOUR_US = 3_600_000_000


def days_later(exchange: SimulatedExchange, patch: pytest.MonkeyPatch, days: float) -> int:
    """Let real time go on while the exchange lies in its file; return the exchange's time then."""
    hence_us = exchange.clock.now_us() + round(days * 24) * HOUR_US
    patch.setattr("time.time_ns", lambda: hence_us * 1000)
    return hence_us


def test_what_came_due_meanwhile_has_happened_at_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fundings are paid one by one, an order and a countdown end when they were to, and nobody has to wait for it."""
    exchange = SimulatedExchange(market_maker=True)
    exchange.venue.start_market_makers()
    exchange.start_funding()
    account = exchange.create_account()
    account.create_key()
    till = (exchange.clock.now_us() // 1_000_000 + 3600) * 1000
    order: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.01"}
    account.request("order.place", {**order, "type": "MARKET"}, market=Market.USDM)
    limit = {**order, "type": "LIMIT", "price": "50000"}
    made = account.request(
        "order.place", {**limit, "timeInForce": "GTD", "goodTillDate": till}, market=Market.USDM
    )
    began = exchange.clock.now_us()
    exchange.save_state(tmp_path / "exchange.state")
    now = days_later(exchange, monkeypatch, 3)

    later = SimulatedExchange(state=tmp_path / "exchange.state")

    assert later.clock.now_us() >= now
    (account,) = later.accounts
    asked = {"symbol": "BTCUSDT", "orderId": made["orderId"]}
    ended = account.request("order.status", asked, market=Market.USDM)
    assert (ended["status"], ended["updateTime"]) == ("EXPIRED", till)
    paid = later.venue.futures[Market.USDM].account(account.uid).incomes
    times = [each.time_us for each in paid if each.kind == "FUNDING_FEE"]
    first = began - began % (8 * HOUR_US) + 8 * HOUR_US
    assert times == list(range(first, now, 8 * HOUR_US))
    assert (later.clock.next_due_us() or now) >= now


def test_prices_did_not_walk_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = SimulatedExchange()
    exchange.venue.start_market_makers()
    exchange.start_random_market(markets=(Market.SPOT, Market.USDM))
    exchange.save_state(tmp_path / "exchange.state")
    traded = exchange.venue.market_data.histories["BTCUSDT"].trades.end
    days_later(exchange, monkeypatch, 1)

    later = SimulatedExchange(state=tmp_path / "exchange.state")

    assert later.venue.market_data.histories["BTCUSDT"].trades.end == traded
    later.clock.advance(60)
    assert later.venue.market_data.histories["BTCUSDT"].trades.end > traded


def test_the_file_is_its_owners_alone_and_replaced_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "exchange.state"
    exchange = SimulatedExchange()
    exchange.save_state(path)
    before = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        exchange.save_state(path)

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_leads_to_the_file_still(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link, path = tmp_path / "link", tmp_path / "elsewhere" / "exchange.state"
    link.symlink_to(path)
    exchange = SimulatedExchange()
    exchange.save_state(link)
    before = exchange.clock.now_us()
    exchange.clock.skew(3600)

    exchange.save_state(link)

    assert link.is_symlink()
    assert list(path.parent.iterdir()) == [path]
    assert SimulatedExchange(state=path).clock.now_us() >= before + HOUR_US


@pytest.mark.skipif(sys.platform == "win32", reason="devices and pipes")
def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """Neither read without an end nor waited for."""
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/zero"), tmp_path / "pipe"):
        with pytest.raises(ValueError, match="holds no exchange"):
            SimulatedExchange(state=path)


def test_a_large_foreign_file_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "exchange.state"
    with path.open("wb") as file:
        file.truncate(1 << 36)

    with pytest.raises(ValueError, match="holds no exchange"):
        SimulatedExchange(state=path)


def test_market_makers_that_have_not_begun_are_saved(tmp_path: Path) -> None:
    with gone_on_with(SimulatedExchange(market_maker=True), tmp_path) as later:
        later.move_price("BTCUSDT", "70000")

        assert later.venue.spot.books["BTCUSDT"].side("BUY").top(1)


def test_time_that_jumps_goes_on_jumping(tmp_path: Path) -> None:
    clock = SimulatedClock(start_us=START_US, frozen=True)
    exchange = SimulatedExchange(clock=clock)
    exchange.let_time_jump()
    key = exchange.create_account().create_key("hmac")

    with gone_on_with(exchange, tmp_path) as later, later.client(key) as client:
        assert client.spot.get_account_information().result.balances
        later.clock.advance(25 * 3600)
        assert client.spot.get_account_information().result.balances
        assert [frame.direction for frame in later.journal.frames].count("open") == 1


def test_accounts_come_in_the_order_of_their_first_keys() -> None:
    exchange = SimulatedExchange()
    one, other = exchange.create_account(), exchange.create_account()
    for account in (other, one, other):
        account.create_key("hmac")

    assert [account.uid for account in exchange.accounts] == [other.uid, one.uid]
    assert [len(account.keys) for account in exchange.accounts] == [2, 1]


def test_a_running_exchange_is_not_saved(tmp_path: Path) -> None:
    with SimulatedExchange() as exchange, pytest.raises(RuntimeError, match=r"stop\(\) it first"):
        exchange.save_state(tmp_path / "exchange.state")


def test_what_moves_prices_from_outside_is_not_saved(tmp_path: Path) -> None:
    exchange = SimulatedExchange()
    exchange.market.record(tmp_path / "tapes")

    with pytest.raises(RuntimeError, match="end replays and recordings first"):
        exchange.save_state(tmp_path / "exchange.state")

    assert not (tmp_path / "exchange.state").exists()


class _Foreign:
    """What runs when a file is read carelessly; it may be made by what another one made."""

    def __init__(self, *made_by: Any) -> None:
        self._made_by = made_by

    def __reduce__(self) -> Any:
        return self._made_by[0], self._made_by[1:]

    def __call__(self) -> None:
        """Let :mod:`pickle` take it for a function."""


def _made_by(owner: Any, method: str, *arguments: Any) -> _Foreign:
    return _Foreign(_Foreign(getattr, owner, method), *arguments)


def _any_class() -> _Foreign:
    """All classes there are, from one that may be named: the way to those that run programs."""
    return _made_by(_made_by(_made_by(Venue, "mro"), "pop"), "__subclasses__")


def _saved(body: bytes) -> bytes:
    return b"\n".join((saved_state._title(), saved_state._digest(body), body))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (lambda good: b"", "holds no exchange"),
        (lambda good: b"{}", "holds no exchange"),
        (lambda good: good[:-1], "is damaged"),
        (lambda good: good[:200], "is damaged"),
        (lambda good: good.replace(b"exchange ", b"exchange 9.", 1), "by version 9."),
        (lambda good: _saved(pickle.dumps(_Foreign(os.system, "true"))), "holds no posix.system"),
        (lambda good: _saved(pickle.dumps(_Foreign(eval, "1"))), "holds no builtins.eval"),
        (
            lambda good: _saved(pickle.dumps(_Foreign(serve.main, ["--help"]))),
            "holds no binance_wsapi.simulator.serve.main",
        ),
        (
            lambda good: _saved(
                pickle.dumps(_Foreign(getattr, SimulatedClock.now_us, "__globals__"))
            ),
            "holds no binance_wsapi.simulator.clock.SimulatedClock.now_us",
        ),
        (lambda good: _saved(pickle.dumps(_Foreign(getattr, "text", "__class__"))), "is no method"),
        (lambda good: _saved(pickle.dumps(_any_class())), "'mro' is no method"),
        (
            lambda good: _saved(pickle.dumps(_made_by(SimulatedClock(), "__init_subclass__"))),
            "'__init_subclass__' is no method",
        ),
        (
            lambda good: _saved(pickle.dumps(_made_by(Market, "__subclasses__"))),
            "'__subclasses__'",
        ),
        (
            lambda good: _saved(pickle.dumps(_Foreign(SimulatedExchange))),
            "holds no binance_wsapi.simulator.exchange.SimulatedExchange",
        ),
        (
            lambda good: _saved(pickle.dumps(_Foreign(LiveMarket, None, None))),
            "holds no binance_wsapi.simulator.live_market.LiveMarket",
        ),
        (lambda good: _saved(pickle.dumps(_Foreign(SimulatedClock, 1))), "saved by no exchange"),
        (lambda good: _saved(pickle.dumps(Market.SPOT)), "saved by no exchange"),
    ],
)
def test_other_files_are_refused(
    tmp_path: Path, content: Callable[[bytes], bytes], says: str
) -> None:
    path = tmp_path / "exchange.state"
    SimulatedExchange().save_state(path)
    path.write_bytes(content(path.read_bytes()))

    with pytest.raises(ValueError, match=says) as refused:
        SimulatedExchange(state=path)

    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    "more", [{"seed": 3}, {"market_maker": True}, {"clock": SimulatedClock()}, {"symbols": []}]
)
def test_what_is_in_the_file_is_not_given_as_well(tmp_path: Path, more: dict[str, Any]) -> None:
    path = tmp_path / "exchange.state"
    SimulatedExchange().save_state(path)

    with pytest.raises(ValueError, match="leave them out"):
        SimulatedExchange(state=path, **more)


def test_there_has_to_be_a_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        SimulatedExchange(state=tmp_path / "none")


# --- the command line

RESTED: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "time_in_force": "GTC",
}


def _served(folder: Path, patch: pytest.MonkeyPatch, act: Callable[[Client], Any]) -> Any:
    """Serve with a state, let a client act, and end it as a service manager does."""
    env_file = folder / "exchange.env"
    command = [sys.executable, "-m", "binance_wsapi", "simulator", "--port", "0"]
    command += ["--state", str(folder / "exchange.state"), "--env-file", str(env_file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            next(line for line in process.stdout if "Programs trade here after" in line)
            for line in env_file.read_text().splitlines():
                name, equals, value = line.partition("=")
                if equals and name.isupper():
                    patch.setenv(name, value.strip("'"))
            patch.setenv("BINANCE_API_KEY", os.environ["BINANCE_HMAC_API_KEY"])
            patch.setenv("BINANCE_API_SECRET", os.environ["BINANCE_HMAC_API_SECRET"])
            with Client.from_env() as client:
                done = act(client)
            process.send_signal(signal.SIGTERM)
            rest, _ = process.communicate(timeout=60)
            assert process.returncode == 0
            assert rest.endswith(f"saved to {folder / 'exchange.state'}\n")
        finally:
            process.kill()
    return done


def test_a_bot_goes_on_where_it_was_the_next_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Key, balances and the resting order are there, and numbers go on."""

    def first(client: Client) -> Any:
        spot = client.spot
        spot.submit_new_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.5")
        rested = spot.submit_new_order(**RESTED, quantity="0.1", price="20000").result
        return rested, os.environ["BINANCE_API_KEY"], spot.get_account_information().result

    rested, key, account = _served(tmp_path, monkeypatch, first)

    def second(client: Client) -> Any:
        spot = client.spot
        assert spot.get_account_information().result.balances == account.balances
        (order,) = spot.get_open_orders(symbol="BTCUSDT").result
        made = spot.submit_new_order(**RESTED, quantity="0.1", price="20001").result
        spot.cancel_order("BTCUSDT", order_id=order.order_id)
        return order, made, os.environ["BINANCE_API_KEY"]

    order, made, same_key = _served(tmp_path, monkeypatch, second)

    assert same_key == key
    assert order.client_order_id == rested.client_order_id
    assert made.order_id > order.order_id == rested.order_id


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("ends_by", ["SIGTERM", "SIGHUP", "closed output"])
def test_it_is_saved_however_it_ends(tmp_path: Path, ends_by: str) -> None:
    """By a service manager, with its terminal, or with what read its output."""
    number = getattr(signal, ends_by, None)
    if number is not None and signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip(f"{ends_by} is ignored here, and so it is by programs started here")
    path = tmp_path / "exchange.state"
    command = [sys.executable, "-m", "binance_wsapi", "simulator", "--port", "0"]
    command += ["--state", str(path), "--state-every", "0.1"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            next(line for line in process.stdout if "the official SDK" in line)
            if number is None:
                process.stdout.close()
            else:
                process.send_signal(number)
            process.wait(60)
        finally:
            process.kill()

    assert len(SimulatedExchange(state=path).accounts) == 1


def test_a_tape_and_a_state_do_not_go_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        serve.main(["--state", str(tmp_path / "x"), "--replay", "tape.csv"])

    assert "name one of them" in capsys.readouterr().err


def test_a_state_that_cannot_be_read_ends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x").write_text("something else")
    with pytest.raises(SystemExit):
        serve.main(["--state", str(tmp_path / "x")])

    assert "holds no exchange" in capsys.readouterr().err
    assert (tmp_path / "x").read_text() == "something else"


def test_a_state_that_could_not_be_written_ends_it_before_it_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        serve.main(["--state", str(tmp_path / "no" / "x"), "--port", "0"])

    assert "cannot save to" in capsys.readouterr().err


class Told(io.StringIO):
    """Does something when the introduction is told, and ends the program."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self.stop = threading.Event()
        self._act = act

    def write(self, text: str) -> int:
        if text == "\n":
            self._act()
            self.stop.set()
        return super().write(text)


def served_until(act: Callable[[], object], *arguments: str) -> tuple[int, str]:
    """Serve until all is told and ``act`` is done; return the status and what was told last."""
    out = Told(act)
    status = serve.main(["--port", "0", *arguments], out=out, stop=out.stop)
    return status, out.getvalue().rpartition("\n\n")[2]


def test_a_state_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "x"
    path.parent.mkdir()

    status, told = served_until(path.parent.rmdir, "--state", str(path))

    assert (status, told) == (1, f"cannot save to {path}: No such file or directory\n")


def test_what_another_exchange_saved_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "x"
    others = SimulatedExchange()
    others.create_account().create_key("hmac")

    status, told = served_until(lambda: others.save_state(path), "--state", str(path))

    assert status == 1
    assert told == f"another exchange was saved to {path} meanwhile\nsaved to {path}.1\n"
    assert len(SimulatedExchange(state=path).accounts[0].keys) == 1
    assert len(SimulatedExchange(state=f"{path}.1").accounts[0].keys) == 2

    assert served_until(lambda: None, "--state", str(path)) == (0, f"saved to {path}\n")


def test_prices_do_not_walk_where_nobody_quotes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    SimulatedExchange().save_state(tmp_path / "x")
    with pytest.raises(SystemExit):
        serve.main(["--state", str(tmp_path / "x"), "--random-market"])

    assert "has no market makers: leave out --random-market" in capsys.readouterr().err
