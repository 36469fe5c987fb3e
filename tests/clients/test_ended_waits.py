"""What waits for a connection when it ends on purpose, or when others wait for the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from callers import WAIT_S, Caller
from scripted_server import Peer, ScriptedServer

from binance_wsapi import ClientClosed, NotSent, RequestTimeout, WsKey
from binance_wsapi.core.listen_key import ListenKeyUserData
from binance_wsapi.core.user_data import ApiUserData
from binance_wsapi.markets import Market
from binance_wsapi.simulator import SimulatedExchange

Connect = Callable[..., Caller]
Dial = Callable[..., Caller]
Work = Callable[[Any], Any]

WORKS: dict[str, Work] = {
    "call": lambda client: client.spot.test_connectivity(),
    "connect": lambda client: client.connect(),
    "rotate": lambda client: client.rotate(),
    "user data": lambda client: client.subscribe_user_data_stream(),
    "futures user data": lambda client: client.subscribe_user_data_stream(WsKey.USDM_WSAPI),
    "market stream": lambda client: client.streams.subscribe("btcusdt@trade"),
    "order book": lambda client: client.streams.order_book("BTCUSDT"),
}


@pytest.fixture
def deaf(scripted: ScriptedServer) -> ScriptedServer:
    """A server that takes connections and never says anything."""

    async def say_nothing(request: web.Request) -> web.StreamResponse | None:
        await asyncio.Event().wait()
        return None

    scripted.handshake = say_nothing
    return scripted


def options(server: ScriptedServer, **more: Any) -> dict[str, Any]:
    base = f"ws://127.0.0.1:{server.port}"
    return {
        "urls": {**server.urls, "main": f"{base}/main", "usdmPrivate": f"{base}/usdmPrivate"},
        "api_key": "key",
        "api_secret": "s" * 64,
        "mute_latency_warning": True,
        "timeout": 500,
        "connect_timeout": 500,
        **more,
    }


@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
def test_close_ends_it_with_client_closed(dial: Dial, deaf: ScriptedServer, work: Work) -> None:
    caller = dial(**options(deaf))
    waiting = caller.begin(work)
    deaf.wait_until(lambda: deaf.handshakes)

    caller.call(lambda client: client.close())

    with pytest.raises(ClientClosed):
        waiting.result(WAIT_S)


@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
def test_disconnecting_ends_it_with_not_sent(dial: Dial, deaf: ScriptedServer, work: Work) -> None:
    """The client is not closed: repeating it is safe."""
    caller = dial(**options(deaf))
    waiting = caller.begin(work)
    deaf.wait_until(lambda: deaf.handshakes)

    caller.call(lambda client: client.disconnect_all())

    with pytest.raises(NotSent, match="closed meanwhile") as ended:
        waiting.result(WAIT_S)
    assert ended.value.reason == "disconnected"


def test_futures_user_data_that_dials_is_ended_by_disconnecting(
    dial: Dial, scripted: ScriptedServer
) -> None:
    """Its key has come, its own connection has not."""

    async def key(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, {"listenKey": "k" * 64})

    async def only_requests(request: web.Request) -> web.StreamResponse | None:
        if "usdmPrivate" in request.path:
            await asyncio.Event().wait()
        return None

    scripted.replies["userDataStream.start"] = key
    scripted.handshake = only_requests
    caller = dial(**options(scripted))
    waiting = caller.begin(WORKS["futures user data"])
    scripted.wait_until(lambda: scripted.handshakes == 2)

    caller.call(lambda client: client.disconnect_all())

    with pytest.raises(NotSent) as ended:
        waiting.result(WAIT_S)
    assert ended.value.reason == "disconnected"


def test_rotation_under_way_is_ended(dial: Dial, scripted: ScriptedServer) -> None:
    caller = dial(**options(scripted))
    caller.call(lambda client: client.connect())

    async def say_nothing(request: web.Request) -> web.StreamResponse | None:
        await asyncio.Event().wait()
        return None

    scripted.handshake = say_nothing
    waiting = caller.begin(lambda client: client.rotate())
    scripted.wait_until(lambda: scripted.handshakes == 2)

    caller.call(lambda client: client.disconnect_all())

    with pytest.raises(NotSent) as ended:
        waiting.result(WAIT_S)
    assert ended.value.reason == "disconnected"


@pytest.mark.parametrize("ws_key", [WsKey.MAIN_WSAPI, WsKey.USDM_WSAPI])
def test_subscribing_many_times_at_once_keeps_the_timeout_of_each(
    dial: Dial, deaf: ScriptedServer, ws_key: WsKey
) -> None:
    """They take turns, and the turns count: the last does not wait twenty timeouts."""
    caller = dial(**options(deaf, timeout=1))

    waiting = [
        caller.begin(lambda client: client.subscribe_user_data_stream(ws_key)) for _ in range(20)
    ]

    for each in waiting:
        with pytest.raises(NotSent):
            each.result(WAIT_S)


def test_core_that_does_not_answer_is_told_in_the_errors_of_the_library(
    dial: Dial, deaf: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = dial(**options(deaf))
    monkeypatch.setattr(caller.client, "_longest_wait", 0.05)

    with pytest.raises(RequestTimeout, match="own thread did not answer"):
        caller.call(lambda client: client.connect())


@pytest.mark.parametrize("ws_key", [WsKey.MAIN_WSAPI, WsKey.USDM_WSAPI])
def test_user_data_that_is_cut_off_once_it_is_subscribed_is_subscribed_anew(
    connect: Connect, exchange: SimulatedExchange, monkeypatch: pytest.MonkeyPatch, ws_key: WsKey
) -> None:
    """Who called is told; what was subscribed is not taken for a stream that lives."""
    account = exchange.create_account()
    caller = connect(account.create_key())
    kind = ApiUserData if ws_key is WsKey.MAIN_WSAPI else ListenKeyUserData
    start = kind.start

    async def cut_off(self: Any, timeout: float) -> None:
        await start(self, timeout)
        await caller.client._core.disconnect_all()

    with monkeypatch.context() as patch:
        patch.setattr(kind, "start", cut_off)
        with pytest.raises(NotSent, match="closed meanwhile") as ended:
            caller.call(lambda client: client.subscribe_user_data_stream(ws_key))
    assert ended.value.reason == "disconnected"

    stream = caller.call(lambda client: client.subscribe_user_data_stream(ws_key))
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    market = Market.SPOT if ws_key is WsKey.MAIN_WSAPI else Market.USDM
    account.request("order.place", {**order, "quantity": "0.01", "price": "50000"}, market=market)
    assert caller.next_event(stream) is not None
