"""What has no method on the WebSocket API, over REST: the same key, limits, bans, clock and errors."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from callers import WAIT_S, Caller, noted
from giving_up import given_up_when
from scripted_server import ScriptedServer

from binance_wsapi import (
    AsyncClient,
    Client,
    ClientClosed,
    ConfigurationError,
    ConnectionLost,
    IpBanned,
    KeyType,
    NotSent,
    OutcomeUnknown,
    ParameterError,
    RateLimited,
    RequestRejected,
    RequestTimeout,
    ServerUndecided,
    UnreadableResult,
    WsKey,
    given_up,
)
from binance_wsapi.endpoints import Environment
from binance_wsapi.simulator import SimulatedExchange

Connect = Callable[..., Caller]
KEY = {"api_key": "k" * 64, "api_secret": "s" * 64, "mute_latency_warning": True}
LEVERAGE = ("usdm", "POST", "/fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": 7})
CANCEL = ("usdm", "DELETE", "/fapi/v1/order", {"symbol": "BTCUSDT", "orderId": 1})


class RestServer:
    """Answers REST requests as a test says, and notes them; WebSockets are let through."""

    def __init__(self, server: ScriptedServer) -> None:
        self.server = server
        self.seen: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.answers: dict[str, Callable[[web.Request], Any]] = {}
        """What is answered, by path."""
        server.handshake = self._handle

    @property
    def urls(self) -> dict[str, str]:
        return {**self.server.urls, "rest": f"http://127.0.0.1:{self.server.port}"}

    def answers_with(self, body: object, status: int = 200, path: str = "", **headers: str) -> None:
        """Answer each request (to paths that begin so) with this."""
        text = body if isinstance(body, str) else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = lambda request: web.Response(status=status, text=text, headers=named)

    @property
    def asked(self) -> list[str]:
        """What was asked, the time left out."""
        return [line for line in self.seen if not line.endswith("/time")]

    def of(self, path: str) -> list[str]:
        """Return the request lines to a path, query left out."""
        return [line for line in self.seen if line.partition(" ")[2].partition("?")[0] == path]

    def wait_for(self, path: str) -> None:
        self.server.wait_until(lambda: self.of(path))

    async def _handle(self, request: web.Request) -> web.StreamResponse | None:
        if request.headers.get("Upgrade"):
            return None
        self.seen.append(f"{request.method} {request.path_qs}")
        self.headers.append(dict(request.headers))
        with self.server._changed:
            self.server._changed.notify_all()
        if request.path.endswith("/time") and "/api/v3/time" not in self.answers:
            return web.json_response({"serverTime": int(time.time() * 1000)})
        path = max((each for each in self.answers if request.path.startswith(each)), key=len)
        answer = self.answers[path](request)
        if isinstance(answer, web.StreamResponse):
            return answer
        made: web.StreamResponse = await answer
        return made


@pytest.fixture
def rest_server(scripted: ScriptedServer) -> RestServer:
    server = RestServer(scripted)
    server.answers_with({})
    return server


@pytest.fixture
def caller(dial: Connect, rest_server: RestServer) -> Caller:
    return dial(**KEY, urls=rest_server.urls)


@pytest.fixture
def other() -> Iterator[ScriptedServer]:
    """A second server, where nothing may arrive."""
    with ScriptedServer() as server:
        yield server


def ask(caller: Caller, *request: Any, **signed: Any) -> Any:
    return caller.call(lambda client: client.rest(*request, **signed))


def early_in_the_minute(caller: Caller) -> None:
    """Set the clock so that no limit's window turns while a test looks at it."""
    caller.client.set_time_offset_ms(1000 - time.time() * 1000 % 60_000)


async def cut(request: web.Request) -> web.StreamResponse:
    """Take a request and end the connection without a word."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


# Against the embedded exchange


@pytest.mark.parametrize(
    ("market", "path", "symbol"),
    [
        ("spot", "/api/v3/exchangeInfo", "BTCUSDT"),
        ("usdm", "/fapi/v1/exchangeInfo", "BTCUSDT"),
        ("coinm", "/dapi/v1/exchangeInfo", "BTCUSD_PERP"),
    ],
)
def test_what_is_public_needs_no_key(connect: Connect, market: str, path: str, symbol: str) -> None:
    answer = ask(connect(api_key=None), market, "GET", path)

    assert symbol in {row["symbol"] for row in answer.result["symbols"]}
    assert answer.status == 200
    assert answer.round_trip > 0
    assert answer.raw["result"] == answer.result
    (limit,) = answer.rate_limits
    assert limit.rate_limit_type == "REQUEST_WEIGHT"
    assert limit.count > 0


@pytest.mark.parametrize("key_type", ["hmac", "ed25519", "rsa"])
@pytest.mark.parametrize(
    ("market", "path", "symbol"),
    [("usdm", "/fapi/v1/leverage", "BTCUSDT"), ("coinm", "/dapi/v1/leverage", "BTCUSD_PERP")],
)
def test_each_kind_of_key_signs(
    connect: Connect,
    exchange: SimulatedExchange,
    market: str,
    path: str,
    symbol: str,
    key_type: Any,
) -> None:
    caller = connect(exchange.create_account().create_key(key_type), mute_latency_warning=True)

    answer = ask(caller, market, "POST", path, {"symbol": symbol, "leverage": 7}, signed=True)

    assert answer.result["leverage"] == 7
    assert str(answer.result) in repr(answer)


def test_lists_and_odd_characters_are_written_as_they_are_signed(connect: Connect) -> None:
    caller = connect()
    symbols = ["BTCUSDT", "ETHUSDT"]
    order = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "price": 20000.5,
        "quantity": "0.01",
        "newClientOrderId": "a:b/c.d",
    }

    listed = ask(caller, "spot", "GET", "/api/v3/exchangeInfo", {"symbols": symbols})
    placed = ask(caller, "usdm", "POST", "/fapi/v1/order", order, signed=True)

    assert [row["symbol"] for row in listed.result["symbols"]] == symbols
    assert placed.result["clientOrderId"] == "a:b/c.d"
    assert float(placed.result["price"]) == 20000.5


def test_an_order_gets_an_id_that_finds_it(connect: Connect, exchange: SimulatedExchange) -> None:
    caller = connect(client_order_id_prefix="mine-")
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
    exchange.faults.refuse_rest(503, path="/fapi/v1/order")

    with pytest.raises(OutcomeUnknown) as unknown:
        ask(caller, "usdm", "POST", "/fapi/v1/order", order, signed=True)

    assert str(unknown.value.client_order_id).startswith("mine-")


@pytest.mark.parametrize("seconds", [-30.0, 30.0])
def test_it_is_stamped_with_the_exchanges_time(
    connect: Connect, exchange: SimulatedExchange, seconds: float
) -> None:
    exchange.faults.skew_clock(seconds)
    caller = connect()

    assert ask(caller, *LEVERAGE, signed=True).result["leverage"] == 7
    exchange.faults.skew_clock(-seconds)
    assert ask(caller, *LEVERAGE, signed=True).result["leverage"] == 7


def test_limits_are_counted_by_the_exchanges_time_though_nothing_is_signed(
    dial: Connect, exchange: SimulatedExchange
) -> None:
    days_us = 3 * 86_400 * 10**6
    exchange.faults.skew_clock(days_us / 1e6)
    caller = dial(**exchange.client_options())
    ask(caller, "spot", "GET", "/api/v3/ping")

    usage = caller.client._runtime.exchanges.usage_of(WsKey.MAIN_WSAPI)
    assert all(each.resets_at_us - time.time() * 1e6 > days_us / 2 for each in usage)


def test_the_clock_is_measured_once_for_many_who_ask_at_once(rest_server: RestServer) -> None:
    async def ask_at_once() -> None:
        async with AsyncClient(urls=rest_server.urls) as client:
            await asyncio.gather(*(client.rest("spot", "GET", "/api/v3/ping") for _ in range(10)))

    asyncio.run(ask_at_once())
    assert len(rest_server.of("/api/v3/ping")) == 10
    assert len(rest_server.of("/api/v3/time")) == 1


def test_a_public_request_goes_though_the_clock_is_never_answered(
    dial: Connect, rest_server: RestServer
) -> None:
    is_over = asyncio.Event()

    async def never(request: web.Request) -> web.Response:
        await is_over.wait()
        return web.Response()

    rest_server.answers["/api/v3/time"] = never
    caller = dial(urls=rest_server.urls, timeout=2.0)

    assert ask(caller, "spot", "GET", "/api/v3/ping").status == 200
    rest_server.server.loop.call_soon_threadsafe(is_over.set)


def test_a_clock_that_is_refused_is_not_asked_for_with_each_public_request(
    dial: Connect, rest_server: RestServer
) -> None:
    rest_server.answers_with({"code": -1, "msg": "no"}, status=403, path="/api/v3/time")
    caller = dial(urls=rest_server.urls)
    for _ in range(5):
        ask(caller, "spot", "GET", "/api/v3/ping")

    assert len(rest_server.of("/api/v3/time")) == 1


def test_a_refusal_is_the_librarys_own(connect: Connect) -> None:
    with pytest.raises(RequestRejected) as refused:
        ask(connect(), *LEVERAGE[:3], {"symbol": "NONE", "leverage": 7}, signed=True)

    assert refused.value.code == -1121
    assert refused.value.operation == "POST /fapi/v1/leverage"


def test_metrics_are_told(connect: Connect) -> None:
    told: list[tuple[Any, ...]] = []

    class Metrics:
        def request_done(
            self, *, ws_key: Any, operation: str, seconds: float, outcome: str
        ) -> None:
            told.append((ws_key, operation, outcome))

        def connection_changed(self, **_: Any) -> None: ...

    caller = connect(metrics=Metrics())
    ask(caller, "usdm", "GET", "/fapi/v1/ping")
    caller.call(lambda client: client.health())  # it is told after the answer, on the same thread

    assert told == [(WsKey.USDM_WSAPI, "GET /fapi/v1/ping", "ok")]


# Limits and bans: one account of them for sockets and REST


def test_weight_that_an_answer_tells_keeps_the_connections_back(
    caller: Caller, rest_server: RestServer, scripted: ScriptedServer
) -> None:
    early_in_the_minute(caller)
    caller.call(lambda client: client.connect(WsKey.USDM_WSAPI))
    rest_server.answers_with([], X_MBX_USED_WEIGHT_1M="2399")

    ask(caller, "usdm", "GET", "/fapi/v1/klines")

    with pytest.raises(NotSent, match="limit REQUEST_WEIGHT") as held:
        caller.call(lambda client: client.usdm.get_order_book(symbol="BTCUSDT", limit=1000))
    assert held.value.retry_after is not None
    assert not scripted.seen("depth")


def test_orders_that_an_answer_tells_keep_the_connections_back(
    caller: Caller, rest_server: RestServer, scripted: ScriptedServer
) -> None:
    early_in_the_minute(caller)
    rest_server.answers_with({}, X_MBX_ORDER_COUNT_1M="1200")

    ask(caller, "coinm", "POST", "/dapi/v1/order", {"symbol": "BTCUSD_PERP"}, signed=True)

    with pytest.raises(NotSent, match="limit ORDERS"):
        caller.call(
            lambda client: client.usdm.submit_new_order(
                symbol="BTCUSDT", side="BUY", type="MARKET", quantity="1"
            )
        )
    assert not scripted.seen("order.place")


def test_weight_that_connections_used_keeps_rest_back(
    caller: Caller, rest_server: RestServer, scripted: ScriptedServer
) -> None:
    async def much(peer: Any, request: dict[str, Any]) -> None:
        row = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1}
        await peer.answer(request, {}, rateLimits=[{**row, "limit": 6000, "count": 6000}])

    scripted.replies["ping"] = much
    early_in_the_minute(caller)
    caller.call(lambda client: client.spot.test_connectivity())

    with pytest.raises(NotSent, match="limit REQUEST_WEIGHT"):
        ask(caller, "spot", "GET", "/api/v3/depth")
    assert not rest_server.of("/api/v3/depth")
    # Their limits are their own.
    ask(caller, "spot", "GET", "/sapi/v1/account/status", signed=True)
    ask(caller, "usdm", "GET", "/fapi/v1/ping")


def test_a_ban_told_over_rest_keeps_everything_back(
    caller: Caller, rest_server: RestServer, scripted: ScriptedServer
) -> None:
    rest_server.answers_with("go away", 418, Retry_After="100")

    with pytest.raises(IpBanned) as banned:
        ask(caller, "usdm", "GET", "/fapi/v1/ping")

    assert banned.value.retry_after == 100
    with pytest.raises(NotSent, match="the IP address is banned"):
        ask(caller, "coinm", "GET", "/dapi/v1/ping")
    with pytest.raises(NotSent, match="the IP address is banned"):
        caller.call(lambda client: client.usdm.get_order_book(symbol="BTCUSDT"))
    assert len(rest_server.asked) == 1
    assert not scripted.peers


def test_a_limit_is_waited_for_where_the_caller_wants_it(
    dial: Connect, rest_server: RestServer
) -> None:
    rest_server.answers_with({"code": -1003, "msg": "Too many requests."}, 429, Retry_After="1")
    caller = dial(**KEY, urls=rest_server.urls, on_rate_limit="wait")
    began = time.monotonic()
    with pytest.raises(RateLimited):
        ask(caller, "usdm", "GET", "/fapi/v1/ping")
    rest_server.answers_with({})

    ask(caller, "usdm", "GET", "/fapi/v1/ping")

    assert time.monotonic() - began > 1


# Lost answers


@pytest.mark.parametrize("request_", [LEVERAGE, CANCEL, ("usdm", "PUT", *CANCEL[2:])])
def test_what_changes_something_is_written_once(
    caller: Caller, rest_server: RestServer, request_: tuple[Any, ...]
) -> None:
    """HTTP libraries repeat DELETE and PUT by themselves when the connection breaks."""
    rest_server.answers[""] = cut

    with pytest.raises(ConnectionLost, match="it may have been executed") as lost:
        ask(caller, *request_, signed=True)

    assert len(rest_server.of(request_[2])) == 1
    assert lost.value.operation == f"{request_[1]} {request_[2]}"
    assert lost.value.sent_at
    assert "signature" not in str(lost.value)


def test_a_read_whose_connection_broke_ends_as_lost(
    caller: Caller, rest_server: RestServer
) -> None:
    rest_server.answers[""] = cut

    with pytest.raises(ConnectionLost):
        ask(caller, "usdm", "GET", "/fapi/v1/ping")


def test_an_answer_that_does_not_come_is_a_timeout(dial: Connect, rest_server: RestServer) -> None:
    never = asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    rest_server.answers[""] = hang
    caller = dial(**KEY, urls=rest_server.urls, timeout=2)

    with pytest.raises(RequestTimeout, match="no answer within 2 s"):
        ask(caller, "usdm", "DELETE", "/fapi/v1/order")
    assert len(rest_server.asked) == 1


def test_nothing_that_could_not_connect_was_sent(dial: Connect, rest_server: RestServer) -> None:
    caller = dial(**KEY, urls={**rest_server.urls, "rest": "http://127.0.0.1:1"})

    with pytest.raises(NotSent, match="repeating it is safe"):
        ask(caller, *CANCEL, signed=True)


@pytest.mark.parametrize(
    ("status", "body", "raised"),
    [
        (503, {"code": -1000, "msg": "Unknown error."}, ServerUndecided),
        (500, "<html>", ServerUndecided),
        (200, "<html>", OutcomeUnknown),
        (204, "", OutcomeUnknown),
        (404, "<html>", RequestRejected),
        (403, "<html>", RateLimited),
    ],
)
def test_what_an_answer_to_a_change_means(
    caller: Caller, rest_server: RestServer, status: int, body: Any, raised: Any
) -> None:
    rest_server.answers_with(body, status)

    with pytest.raises(raised):
        ask(caller, *LEVERAGE, signed=True)
    assert len(rest_server.of("/fapi/v1/leverage")) == 1


@pytest.mark.parametrize(("status", "body"), [(200, "<html>"), (204, "")])
def test_a_read_that_gets_no_answer_of_the_exchanges_is_unreadable(
    caller: Caller, rest_server: RestServer, status: int, body: str
) -> None:
    rest_server.answers_with(body, status)

    with pytest.raises(UnreadableResult):
        ask(caller, "usdm", "GET", "/fapi/v1/ping")


def test_a_refused_timestamp_is_stamped_anew_once(caller: Caller, rest_server: RestServer) -> None:
    rest_server.answers_with({"code": -1021, "msg": "Timestamp for this request."}, 400)

    with pytest.raises(RequestRejected) as refused:
        ask(caller, *LEVERAGE, signed=True)

    assert refused.value.code == -1021
    assert len(rest_server.of("/fapi/v1/leverage")) == 2
    assert len(rest_server.of("/fapi/v1/time")) >= 2


# Given up


class SlowSigner:
    key_type = KeyType.HMAC

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.may_sign = threading.Event()

    def sign(self, payload: bytes) -> str:
        self.asked.set()
        assert self.may_sign.wait(WAIT_S)
        return "0" * 64


@pytest.mark.parametrize("is_dropped", [True, False], ids=["dropped", "not dropped in time"])
def test_given_up_before_the_write_it_is_never_sent(
    dial: Connect, rest_server: RestServer, is_dropped: bool
) -> None:
    signer = SlowSigner()
    caller = dial(**{**KEY, "api_secret": None, "signer": signer}, urls=rest_server.urls)
    if not is_dropped:
        caller.client._core.giving_up._drop = lambda call: None

    error = given_up_when(
        lambda: signer.asked.wait(WAIT_S),
        caller,
        lambda client: client.rest(*LEVERAGE, signed=True),
    )

    found = given_up(error)
    assert found is not None
    assert (found.operation, found.written) == ("POST /fapi/v1/leverage", False)
    ask(caller, "usdm", "GET", "/fapi/v1/ping")
    under_way: Any = caller.client._core._rest._tasks  # type: ignore[union-attr]
    assert bool(under_way) is not is_dropped
    signer.may_sign.set()
    until(lambda: not under_way)
    ask(caller, "usdm", "GET", "/fapi/v1/ping")
    (told,) = caller.client.outcomes()
    assert told.state == "not sent"
    assert not rest_server.of("/fapi/v1/leverage")


def until(holds: Callable[[], object]) -> None:
    """Wait for what no event tells."""
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)


def test_given_up_after_the_write_its_outcome_is_told(
    caller: Caller, rest_server: RestServer
) -> None:
    may_answer = threading.Event()

    async def later(request: web.Request) -> web.StreamResponse:
        await asyncio.to_thread(may_answer.wait, WAIT_S)
        return web.json_response({"leverage": 7})

    rest_server.answers["/fapi/v1/leverage"] = later
    outcomes = noted(caller, "outcome")

    error = given_up_when(
        lambda: rest_server.wait_for("/fapi/v1/leverage"),
        caller,
        lambda client: client.rest(*LEVERAGE, signed=True),
    )
    may_answer.set()

    found = given_up(error)
    assert found is not None
    assert found.written
    (told,) = outcomes.wait()
    assert (told.operation, told.state) == ("POST /fapi/v1/leverage", "accepted")
    assert told.response.result == {"leverage": 7}


def test_close_ends_what_is_under_way(caller: Caller, rest_server: RestServer) -> None:
    never = asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    rest_server.answers["/fapi/v1/leverage"] = hang
    under_way = caller.begin(lambda client: client.rest(*LEVERAGE, signed=True))
    rest_server.wait_for("/fapi/v1/leverage")

    caller.close()

    assert isinstance(under_way.exception(WAIT_S), ConnectionLost)


def test_disconnect_all_ends_what_is_under_way(caller: Caller, rest_server: RestServer) -> None:
    never = asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    rest_server.answers["/fapi/v1/leverage"] = hang
    under_way = caller.begin(lambda client: client.rest(*LEVERAGE, signed=True))
    rest_server.wait_for("/fapi/v1/leverage")

    caller.call(lambda client: client.disconnect_all())

    assert isinstance(under_way.exception(WAIT_S), ConnectionLost)
    assert ask(caller, "usdm", "GET", "/fapi/v1/ping").result == {}


def test_a_closed_client_asks_nothing(rest_server: RestServer) -> None:
    client = Client(**KEY, urls=rest_server.urls)  # type: ignore[arg-type]
    client.close()

    with pytest.raises(ClientClosed):
        client.rest("usdm", "GET", "/fapi/v1/ping")


# The way


@pytest.mark.parametrize("http_method", ["GET", "POST"])
def test_redirects_are_not_followed(
    caller: Caller, rest_server: RestServer, other: ScriptedServer, http_method: str
) -> None:
    target = f"http://127.0.0.1:{other.port}/x"
    rest_server.answers_with("", 307, Location=target)

    with pytest.raises(
        ConnectionLost, match=f"redirects to 127.0.0.1:{other.port}, which is not followed"
    ):
        ask(caller, "usdm", http_method, "/fapi/v1/leverage")
    assert not other.handshakes


def test_netrc_is_not_read(
    caller: Caller, rest_server: RestServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login trader password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))

    ask(caller, *LEVERAGE, signed=True)

    assert "Authorization" not in {name for each in rest_server.headers for name in each}
    assert rest_server.headers[-1]["X-MBX-APIKEY"] == KEY["api_key"]


def test_nothing_secret_is_logged(
    caller: Caller, rest_server: RestServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "binance_wsapi")
    rest_server.answers[""] = cut

    with pytest.raises(ConnectionLost) as lost:
        ask(caller, *LEVERAGE, signed=True)

    told = f"{lost.value!r} {lost.value.__cause__} {lost.value.__context__} {caplog.text}"
    assert "k" * 64 not in told
    assert "signature=" not in told.replace("signature=***", "")


@pytest.mark.parametrize("market", ["usdm", "coinm"])
def test_what_a_namespace_asks_goes_to_the_exchange_of_its_connection(
    dial: Connect,
    rest_server: RestServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    market: str,
) -> None:
    def host(market: Any, environment: Environment) -> str:
        port = rest_server.server.port if environment is Environment.TESTNET else 1
        return f"http://127.0.0.1:{port}"

    monkeypatch.setattr("binance_wsapi.options.rest_url", host)
    rest_server.answers_with([])
    caller = dial(urls=None)
    testnet = WsKey[f"{market.upper()}_WSAPI_TESTNET"]
    rows = getattr(caller.client, market).using(testnet).history.klines("X", "1m", start=0)

    caller.call(lambda client: rows.to_csv(tmp_path / "rows.csv"))

    assert len(rest_server.asked) == 1


# Bad input


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (("alpha", "GET", "/bapi/defi"), "no market 'alpha' with a REST API: use 'spot' or"),
        (
            ("spott", "GET", "/api/v3/time"),
            "no market 'spott' with a REST API: use 'spot' or 'usdm' or 'coinm'",
        ),
        (("spot", "get", "/api/v3/time"), "http_method='get' is none: write 'GET'"),
        (
            ("spot", "GET", "api/v3/time"),
            "path='api/v3/time' is no path: write it as in /api/v1/order",
        ),
        (("spot", "GET", "/api/v3/depth?symbol=X"), "comes behind a question mark as params"),
        (("spot", "GET", "/fapi/v1/time"), "is no path of spot: it is one of 'usdm'"),
        (
            ("usdm", "GET", "/xapi/v1/time"),
            "is no path of usdm: they begin with /fapi/ or /futures/data/",
        ),
        (("usdm", "GET", "/fapi/v1/time", {"signature": "x"}), "signature is added by the client"),
        (("usdm", "GET", "/fapi/v1/time", {"timestamp": 1}), "timestamp is added by the client"),
        (("usdm", "GET", "/fapi/v1/time", {"symbol": object()}), "symbol=<object"),
        (("usdm", "GET", "/fapi/v1/time", ["symbol"]), "write a dict"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(
    caller: Caller, rest_server: RestServer, request_: tuple[Any, ...], says: str
) -> None:
    with pytest.raises((ParameterError, ConfigurationError)) as refused:
        ask(caller, *request_)

    assert says in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None or refused.value.__suppress_context__
    assert not rest_server.seen


def test_a_signature_needs_a_key(dial: Connect, rest_server: RestServer) -> None:
    caller = dial(urls=rest_server.urls)

    with pytest.raises(ConfigurationError, match="pass api_key and api_secret to the client"):
        ask(caller, *LEVERAGE, signed=True)
    assert not rest_server.seen


def test_a_client_that_was_led_elsewhere_does_not_fall_back_to_production(dial: Connect) -> None:
    caller = dial(**KEY)

    with pytest.raises(
        ConfigurationError, match=r"no address for 'rest'.*https://fapi.binance.com"
    ):
        ask(caller, "usdm", "GET", "/fapi/v1/ping")


PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "rest.md").read_text(encoding="utf-8")
ROWS = [
    (market, *call.split(" "), row.endswith("yes |"))
    for row in PAGE.split("cannot do, and what to call instead:")[1].split("\n## ")[0].splitlines()
    for market, cell in zip(("usdm", "coinm"), row.split("|")[2:4], strict=False)
    for call in re.findall(r"`([A-Z]+ /[^`]+)`", cell)
]
NEEDED: dict[str, dict[str, Any]] = {
    "leverage": {"leverage": 3},
    "marginType": {"marginType": "ISOLATED"},
    "dual": {"dualSidePosition": True},
    "klines": {"interval": "1m"},
}


def test_the_readme_names_calls_that_are_there(exchange: SimulatedExchange) -> None:
    assert len(ROWS) > 20
    with exchange.client() as client:
        for market, http_method, path, signed in ROWS:
            symbol = "BTCUSD_PERP" if market == "coinm" else "BTCUSDT"
            given = {"symbol": symbol, **NEEDED.get(path.rpartition("/")[2], {})}
            ask = partial(client.rest, market, http_method, path, given)
            try:
                ask(signed=signed)
            except RequestRejected as refused:
                # There, and unwilling: it has cross margin alone, and one mode for both markets.
                assert refused.status == 400, str(refused)  # noqa: PT017
            if signed:
                with pytest.raises(RequestRejected):
                    ask(signed=False)
