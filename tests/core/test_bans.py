"""Limits and bans that the exchange told: whoever was told, nobody goes on."""

from __future__ import annotations

import asyncio
import json
import queue
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from callers import WAIT_S, Caller
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from scripted_server import Peer, ScriptedServer

from binance_wsapi import BinanceWsApiError, IpBanned, NotSent, RateLimited, WsKey
from binance_wsapi.core import listen_token, user_data
from binance_wsapi.core.call import Call
from binance_wsapi.core.call_kind import kind_by_method
from binance_wsapi.options import REST

Dial = Callable[..., Caller]

MINUTE = 60
ORDER: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "time_in_force": "GTC",
    "price": "20000",
    "quantity": "0.01",
}


def ping(client: Any) -> Any:
    return client.spot.test_connectivity()


def ping2(client: Any) -> Any:
    return client.spot.using(WsKey.MAIN_WSAPI2).test_connectivity()


def futures_ping(client: Any) -> Any:
    return client.usdm.get_order_book(symbol="BTCUSDT")


def place(client: Any) -> Any:
    return client.spot.submit_new_order(**ORDER)


def cancel(client: Any) -> Any:
    return client.spot.cancel_order(symbol="BTCUSDT", order_id=1)


def token(client: Any) -> Any:
    return client.subscribe_user_data_stream(WsKey.MARGIN_USER_DATA)


@pytest.fixture
def ready(dial: Dial, scripted: ScriptedServer) -> Callable[..., Caller]:
    """A client with a key, whose REST calls and margin tokens go to the scripted server, too."""

    def make(**options: Any) -> Caller:
        base = f"127.0.0.1:{scripted.port}"
        urls = {
            **scripted.urls,
            WsKey.MARGIN_USER_DATA: f"ws://{base}/margin",
            WsKey.MAIN: f"ws://{base}/streams",
            WsKey.USDM_PRIVATE: f"ws://{base}/usdmPrivate/ws",
            REST: f"http://{base}",
        }
        settings = {
            "api_key": "k",
            "api_secret": "s",
            "timeout": 5.0,
            "on_unknown_outcome": "raise",
        }
        return dial(**{**settings, "urls": urls, **options})

    return make


def _ed25519() -> str:
    private = Ed25519PrivateKey.generate()
    text = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return text.decode()


class Doors:
    """Which HTTP requests came, and what they are refused with."""

    def __init__(self, scripted: ScriptedServer) -> None:
        self.paths: list[str] = []
        self.refusals: dict[str, tuple[int, dict[str, str], object]] = {}
        scripted.handshake = self._answer

    async def _answer(self, request: web.Request) -> web.StreamResponse | None:
        self.paths.append(request.path)
        for path, (status, headers, body) in self.refusals.items():
            if request.path.startswith(path):
                return web.Response(status=status, headers=headers, text=json.dumps(body))
        return None

    def count(self, path: str) -> int:
        return sum(each.startswith(path) for each in self.paths)


@pytest.fixture
def doors(scripted: ScriptedServer) -> Doors:
    return Doors(scripted)


def failure(caller: Caller, work: Callable[[Any], Any]) -> BaseException:
    with pytest.raises(BinanceWsApiError) as failed:
        caller.call(work)
    return failed.value


def assert_held(
    caller: Caller, work: Callable[[Any], Any], low: float, high: float, *words: str
) -> None:
    error = failure(caller, work)
    assert isinstance(error, NotSent), error
    assert error.reason == "limit"
    assert error.retry_after is not None
    assert low < error.retry_after <= high
    for word in words:
        assert word in str(error)


def refusing(status: int, code: int, message: str = "No.", **data: Any) -> Any:
    async def refuse(peer: Peer, request: dict[str, Any]) -> None:
        error = {"code": code, "msg": message, **({"data": data} if data else {})}
        await peer.send({"id": request["id"], "status": status, "error": error})

    return refuse


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 120),
        ({"Retry-After": "300"}, 300),
        ({"Retry-After": "300.75"}, 301),
        (
            {
                "Date": "Wed, 29 Jul 2026 10:00:00 GMT",
                "Retry-After": "Wed, 29 Jul 2026 10:05:00 GMT",
            },
            300,
        ),
        ({"Retry-After": "99999999"}, 3 * 86400),
        ({"Retry-After": "soon"}, 120),
    ],
)
def test_a_ban_told_to_a_handshake_silences_every_door(
    ready: Dial, scripted: ScriptedServer, doors: Doors, headers: dict[str, str], seconds: int
) -> None:
    """Connections that stood before, those that do not, and REST."""
    caller = ready()
    caller.call(ping2)
    requests = len(scripted.requests)
    doors.refusals["/mainWSAPI"] = (418, headers, {})

    low = seconds - WAIT_S
    assert_held(caller, ping, low, seconds, "the IP address is banned", "HTTP 418")
    for work in (ping, ping2, place, cancel, token):
        assert_held(caller, work, low, seconds, "the IP address is banned")
    assert doors.count("/mainWSAPI") == 2
    assert doors.count("/sapi") == doors.count("/margin") == 0
    assert len(scripted.requests) == requests


def test_a_ban_told_to_a_rest_call_silences_every_door(
    ready: Dial, scripted: ScriptedServer, doors: Doors
) -> None:
    caller = ready()
    caller.call(ping)
    body = {"code": -1003, "msg": "Way too much request weight used."}
    doors.refusals["/sapi"] = (418, {"Retry-After": "300"}, body)

    assert_held(caller, token, 300 - WAIT_S, 300, "the IP address is banned")
    requests = len(scripted.requests)
    for work in (token, ping, ping2, cancel):
        assert_held(caller, work, 300 - WAIT_S, 300)
    assert doors.count("/sapi") == 1
    assert doors.count("/mainWSAPI2") == 0
    assert len(scripted.requests) == requests


@pytest.mark.parametrize(
    ("status", "message"),
    [(418, "Way too much."), (429, "IP(1.2.3.4) banned until 4102444800000.")],
)
def test_a_ban_told_to_a_request_silences_every_door(
    ready: Dial, scripted: ScriptedServer, doors: Doors, status: int, message: str
) -> None:
    caller = ready()
    caller.call(ping)
    scripted.replies["ping"] = refusing(status, -1003, message)

    error = failure(caller, ping)
    assert isinstance(error, IpBanned)
    low, high = (120 - WAIT_S, 120) if status == 418 else (3 * 86400 - WAIT_S, 3 * 86400)
    assert error.retry_after is not None
    assert low < error.retry_after <= high
    requests = len(scripted.requests)
    for work in (ping, ping2, place, cancel, token):
        assert_held(caller, work, low, high, "the IP address is banned")
    assert doors.count("/mainWSAPI2") == doors.count("/sapi") == 0
    assert len(scripted.requests) == requests


@pytest.mark.parametrize("request_id", [None, "nobody"])
def test_a_ban_that_nobody_waits_for_is_heard(
    ready: Dial, scripted: ScriptedServer, request_id: str | None
) -> None:
    """A frame was refused without its id, or its caller has given up."""

    async def tell_and_answer(peer: Peer, request: dict[str, Any]) -> None:
        await peer.send(
            {"id": request_id, "status": 418, "error": {"code": -1003, "msg": "Too much."}}
        )
        await peer.answer(request, {})

    scripted.replies["ping"] = tell_and_answer
    caller = ready()
    caller.call(ping)

    assert_held(caller, ping, 120 - WAIT_S, 120, "the IP address is banned")


def test_a_ban_belongs_to_the_hosts_that_share_a_pool(
    ready: Dial, scripted: ScriptedServer, doors: Doors
) -> None:
    caller = ready()
    doors.refusals["/mainWSAPI"] = (418, {}, {})

    assert_held(caller, ping, 120 - WAIT_S, 120)
    assert caller.call(futures_ping).status == 200


def test_calls_that_wait_for_a_connection_end_when_it_is_banned(
    ready: Dial, scripted: ScriptedServer, doors: Doors
) -> None:
    """Not at their timeouts, which may be far."""
    doors.refusals["/mainWSAPI"] = (418, {}, {})
    caller = ready(timeout=500.0)

    for call in [caller.begin(ping) for _ in range(3)]:
        error = call.exception(WAIT_S)
        assert isinstance(error, NotSent)
        assert error.reason == "limit"


def test_calls_that_wait_elsewhere_end_when_the_address_is_banned(
    ready: Dial, scripted: ScriptedServer, doors: Doors
) -> None:
    doors.refusals["/mainWSAPI2"] = (503, {}, {})
    scripted.replies["ping"] = refusing(418, -1003)
    caller = ready(timeout=500.0, reconnect_delay=400.0, reconnect_delay_max=400.0)
    waiting = caller.begin(ping2)
    scripted.wait_until(lambda: doors.count("/mainWSAPI2"))

    failure(caller, ping)

    error = waiting.exception(WAIT_S)
    assert isinstance(error, NotSent)
    assert error.reason == "limit"
    assert doors.count("/mainWSAPI2") == 1


def test_calls_that_wait_for_a_logon_end_when_that_is_banned(
    ready: Dial, scripted: ScriptedServer, doors: Doors
) -> None:
    scripted.replies["session.logon"] = refusing(418, -1003)
    caller = ready(api_secret=_ed25519(), timeout=500.0)

    error = caller.begin(ping).exception(WAIT_S)

    assert isinstance(error, NotSent)
    assert error.reason == "limit"
    assert doors.count("/mainWSAPI") == 1
    _wait_for_background(caller)


def _wait_for_background(caller: Caller) -> None:
    """Wait until the refused connection is closed."""
    core = caller.client._core

    async def wait() -> None:
        async with asyncio.timeout(WAIT_S):
            await asyncio.gather(*core.runtime._tasks)

    core.runtime.run(wait).result(2 * WAIT_S)


def test_market_streams_are_not_connected_during_a_ban(
    ready: Dial, scripted: ScriptedServer, doors: Doors
) -> None:
    scripted.replies["ping"] = refusing(418, -1003)
    caller = ready(timeout=100.0)
    failure(caller, ping)

    assert_held(
        caller,
        lambda client: client.streams.subscribe("btcusdt@trade", ws_key=WsKey.MAIN),
        120 - WAIT_S,
        120,
    )
    assert doors.count("/streams") == 0


def test_a_first_subscription_is_given_up_when_the_address_is_banned(
    ready: Dial, scripted: ScriptedServer, doors: Doors
) -> None:
    scripted.replies["userDataStream.start"] = _key_behind_a_ban
    caller = ready(timeout=100.0)

    assert_held(
        caller,
        lambda client: client.subscribe_user_data_stream(WsKey.USDM_WSAPI),
        120 - WAIT_S,
        120,
    )
    assert doors.count("/usdmPrivate") == 0


def test_a_ban_told_while_the_listen_key_is_fetched_stops_the_dial(
    ready: Dial, scripted: ScriptedServer, doors: Doors, caplog: pytest.LogCaptureFixture
) -> None:
    async def key(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, {"listenKey": "k"})

    scripted.replies["userDataStream.start"] = key
    caller = ready(reconnect_delay=0.001)
    caller.call(lambda client: client.subscribe_user_data_stream(WsKey.USDM_WSAPI))
    scripted.replies["userDataStream.start"] = _key_behind_a_ban

    (private,) = [peer for peer in scripted.peers if "usdmPrivate" in peer.path_qs]
    scripted.loop.call_soon_threadsafe(private.cut)

    _wait_until(caller, lambda: re.search("usdmPrivate: .* allows a try", caplog.text))
    assert doors.count("/usdmPrivate") == 1


async def _key_behind_a_ban(peer: Peer, request: dict[str, Any]) -> None:
    await peer.send({"id": None, "status": 418, "error": {"code": -1003, "msg": "No."}})
    await peer.answer(request, {"listenKey": "k"})


def _wait_until(caller: Caller, holds: Callable[[], object]) -> None:
    async def wait() -> None:
        async with asyncio.timeout(WAIT_S):
            while not holds():  # noqa: ASYNC110  (nobody tells)
                await asyncio.sleep(0.001)

    caller.client._runtime.run(wait).result(2 * WAIT_S)


def test_a_dial_that_waits_for_the_end_of_a_ban_is_not_charged_yet(
    ready: Dial, scripted: ScriptedServer
) -> None:
    """Its weight counts in the minute in which it is made."""
    scripted.replies["ping"] = refusing(418, -1003)
    caller = ready(timeout=0.2)
    failure(caller, ping)

    def weight() -> int:
        return next(
            limit.count
            for limit in caller.client._runtime.exchanges.governor_of(WsKey.MAIN_WSAPI).usage(0)
            if limit.rate_limit_type == "REQUEST_WEIGHT"
        )

    before = weight()
    failure(caller, lambda client: client.connect(WsKey.MAIN_WSAPI2))
    assert weight() == before


def test_warming_up_a_banned_connection_tells_when_it_can_be(
    ready: Dial, scripted: ScriptedServer, doors: Doors
) -> None:
    doors.refusals["/mainWSAPI"] = (418, {}, {})
    caller = ready(timeout=0.3)

    error = failure(caller, lambda client: client.connect(WsKey.MAIN_WSAPI))

    assert isinstance(error, NotSent)
    assert error.retry_after is not None
    assert 120 - WAIT_S < error.retry_after <= 120
    assert doors.count("/mainWSAPI") == 1


def test_no_step_of_a_clock_ends_a_ban(ready: Dial, scripted: ScriptedServer) -> None:
    scripted.replies["ping"] = refusing(418, -1003)
    caller = ready()
    failure(caller, ping)

    for hours in (3, -3):
        caller.client.set_time_offset_ms(hours * 3_600_000)
        assert_held(caller, ping, 120 - WAIT_S, 120)


@pytest.mark.parametrize("status", [418, 429])
def test_it_is_told_in_the_log(
    ready: Dial,
    scripted: ScriptedServer,
    doors: Doors,
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    doors.refusals["/mainWSAPI"] = (status, {"Retry-After": "300"}, {})
    failure(ready(), ping)

    why = {418: "the IP address is banned", 429: "the exchange asked to wait"}[status]
    assert f"mainWSAPI: {why} for 300.0 s: handshake refused: HTTP {status}" in caplog.text


def test_too_many_connections_leave_the_open_ones_alone(
    ready: Dial, scripted: ScriptedServer, doors: Doors
) -> None:
    """A cancel must go through: attempts to connect have a limit of their own."""
    caller = ready()
    caller.call(ping)
    doors.refusals["/mainWSAPI2"] = (429, {"Retry-After": "300"}, {})

    assert_held(caller, ping2, 300 - WAIT_S, 300, "the exchange asked to wait")
    assert_held(caller, ping2, 300 - WAIT_S, 300)
    assert doors.count("/mainWSAPI2") == 1
    assert caller.call(ping).status == caller.call(cancel).status == 200


@pytest.mark.parametrize("data", [{}, {"serverTime": 1_000_000, "retryAfter": 1_007_000}])
def test_too_many_orders_keep_orders_back_and_nothing_else(
    ready: Dial, scripted: ScriptedServer, data: dict[str, int]
) -> None:
    scripted.replies["order.place"] = refusing(429, -1015, "Too many new orders.", **data)
    caller = ready()
    assert isinstance(failure(caller, place), RateLimited)

    high = 7 if data else 10
    assert_held(caller, place, 0, high, "the exchange asked to wait")
    assert len(scripted.seen("order.place")) == 1
    assert caller.call(cancel).status == 200


def test_too_much_weight_keeps_everything_back_for_the_rest_of_the_minute(
    ready: Dial, scripted: ScriptedServer
) -> None:
    caller = ready()
    caller.call(ping)
    # Enough of the minute has to be left.
    caller.client.set_time_offset_ms(_until_ten_past())
    scripted.replies["ping"] = refusing(429, -1003)
    failure(caller, ping)

    assert_held(caller, cancel, 50 - WAIT_S, 50)


def _until_ten_past() -> float:
    import time

    return 1000 * (MINUTE + 10 - time.time() % MINUTE)


def test_waiting_for_a_limit_beyond_the_deadline_is_refused_at_once(
    ready: Dial, scripted: ScriptedServer
) -> None:
    scripted.replies["ping"] = refusing(418, -1003)
    caller = ready(on_rate_limit="wait", timeout=100.0)
    failure(caller, ping)

    call = caller.begin(ping)
    assert isinstance(call.exception(WAIT_S), NotSent)


def test_a_call_waits_for_a_limit_within_its_deadline(
    ready: Dial, scripted: ScriptedServer
) -> None:
    scripted.replies["order.place"] = refusing(
        429, -1015, "Too many.", serverTime=1_000_000, retryAfter=1_000_500
    )
    caller = ready(on_rate_limit="wait", timeout=WAIT_S)
    failure(caller, place)
    del scripted.replies["order.place"]

    assert caller.call(place).status == 200
    assert len(scripted.seen("order.place")) == 2


def test_what_a_closed_socket_did_not_take_is_not_charged(
    ready: Dial, scripted: ScriptedServer
) -> None:
    caller = ready()
    caller.call(place)
    core = caller.client._core

    async def break_socket() -> list[int]:
        session = core.sessions.open[WsKey.MAIN_WSAPI]
        socket: Any = session.serving and session.serving.socket
        before = [limit.count for limit in session.governor.usage(session.runtime.now())]
        settled: list[Any] = []
        kind = kind_by_method(session.market, "order.place")
        now = core.runtime.now()
        call = Call(kind, {"symbol": "BTCUSDT"}, settled.append, "1", 5.0, now)
        socket._is_open = False
        session.submit(call)
        after = [limit.count for limit in session.governor.usage(session.runtime.now())]
        socket._is_open = True
        assert not settled
        assert call.written_at is None
        return [*before, *after]

    counts = core.runtime.run(break_socket).result(WAIT_S)
    assert counts[: len(counts) // 2] == counts[len(counts) // 2 :]


class Subscribed:
    """Margin user data, subscribed; the waits before further tries are noted."""

    def __init__(self, ready: Dial, scripted: ScriptedServer, doors: Doors) -> None:
        made = {"token": "t", "expirationTime": 4_102_444_800_000}
        doors.refusals["/sapi"] = (200, {}, made)

        async def subscribed(peer: Peer, request: dict[str, Any]) -> None:
            expires = made["expirationTime"]
            await peer.answer(request, {"subscriptionId": 1, "expirationTime": expires})

        scripted.replies["userDataStream.subscribe.listenToken"] = subscribed
        self.caller = ready(resubscribe_user_data_stream_delay_seconds=0)
        self.caller.call(token)
        self._scripted = scripted

    def terminate(self) -> None:
        event = {"subscriptionId": 1, "event": {"e": "eventStreamTerminated", "E": 1}}
        self._scripted.run(self._scripted.peers[0].send(event))


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> queue.Queue[float]:
    """What user data waits before it is tried again, in seconds."""
    noted: queue.Queue[float] = queue.Queue()

    async def sleep(delay: float) -> None:
        noted.put(delay)
        await asyncio.sleep(delay)

    monkeypatch.setattr(user_data, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": sleep}))
    monkeypatch.setattr(
        listen_token.ListenTokenUserData, "_renew_in", lambda self, delay: noted.put(delay)
    )
    return noted


def test_margin_tokens_are_not_asked_for_during_a_ban(
    ready: Dial, scripted: ScriptedServer, doors: Doors, waits: queue.Queue[float]
) -> None:
    """The stream is tried again and again in the background: not into a ban."""
    subscribed = Subscribed(ready, scripted, doors)
    assert waits.get(timeout=WAIT_S) > 10**6, "the token's life"
    token = "/sapi/v1/userListenToken"
    refusal = (418, {"Retry-After": "300"}, {"code": -1003, "msg": "No."})
    doors.refusals = {token: refusal, **doors.refusals}

    subscribed.terminate()

    assert waits.get(timeout=WAIT_S) < 1
    assert waits.get(timeout=WAIT_S) == 300
    assert doors.count("/sapi/v1/userListenToken") == 2


def test_a_ban_told_elsewhere_puts_off_what_is_tried_in_the_background(
    ready: Dial, scripted: ScriptedServer, doors: Doors, waits: queue.Queue[float]
) -> None:
    subscribed = Subscribed(ready, scripted, doors)
    assert waits.get(timeout=WAIT_S) > 10**6, "the token's life"
    scripted.replies["ping"] = refusing(418, -1003)
    failure(subscribed.caller, ping)

    subscribed.terminate()

    assert waits.get(timeout=WAIT_S) < 1
    assert 120 - WAIT_S < waits.get(timeout=WAIT_S) <= 120
    assert doors.count("/sapi/v1/userListenToken") == 1


def test_a_margin_token_is_renewed_when_a_ban_is_over(
    ready: Dial, scripted: ScriptedServer, doors: Doors, waits: queue.Queue[float]
) -> None:
    subscribed = Subscribed(ready, scripted, doors)
    assert waits.get(timeout=WAIT_S) > 10**6, "the token's life"
    # The token alone: what else is asked meanwhile is not to be the first that hears of the ban.
    refusal = (418, {"Retry-After": "300"}, {"code": -1003, "msg": "No."})
    doors.refusals = {"/sapi/v1/userListenToken": refusal, **doors.refusals}
    core = subscribed.caller.client._core
    ((data, _),) = core.user_data._kept.values()
    assert isinstance(data, listen_token.ListenTokenUserData)

    core.runtime.run(data._renew).result(WAIT_S)

    assert waits.get(timeout=WAIT_S) == 300
