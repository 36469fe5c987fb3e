"""Each exchange has a clock of its own, and no clock says alone that an order cannot come any more."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from callers import Caller
from scripted_server import Peer, ScriptedServer

from binance_wsapi import WsKey

Dial = Callable[..., Caller]

HOUR_MS = 3_600_000

ORDER: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}

AHEAD_MS = {
    "/mainWSAPI": 0,
    "/mainWSAPI2": 0,
    "/mainWSAPITestnet": HOUR_MS,
    "/usdmWSAPI": 2 * HOUR_MS,
    "/coinmWSAPI": -HOUR_MS,
}
"""How far each exchange is ahead of this machine."""


def now_ms() -> int:
    return int(time.time() * 1000)


@pytest.fixture
def urls(scripted: ScriptedServer) -> dict[str, str]:
    """Where the exchanges are, each showing a time of its own."""

    async def tell_time(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, {"serverTime": now_ms() + AHEAD_MS[peer.path_qs]})

    async def place(peer: Peer, request: dict[str, Any]) -> None:
        ahead_ms = request["params"]["timestamp"] - now_ms() - AHEAD_MS[peer.path_qs]
        await peer.answer(request, {"orderId": 7, "ahead_ms": ahead_ms})

    scripted.replies["time"] = scripted.replies["session.status"] = tell_time
    scripted.replies["order.place"] = place
    testnet = f"ws://127.0.0.1:{scripted.port}/mainWSAPITestnet"
    return {**scripted.urls, WsKey.MAIN_WSAPI_TESTNET: testnet}


def test_every_exchange_is_stamped_for_by_its_own_clock(dial: Dial, urls: dict[str, str]) -> None:
    caller = dial(api_key="key", api_secret="s" * 64, mute_latency_warning=True, urls=urls)
    placings: list[Callable[[Any], Any]] = [
        lambda client: client.spot.submit_new_order(**ORDER),
        lambda client: client.spot.using(WsKey.MAIN_WSAPI_TESTNET).submit_new_order(**ORDER),
        lambda client: client.usdm.submit_new_order(**ORDER),
        lambda client: client.coinm.submit_new_order(**ORDER),
        lambda client: client.spot.using(WsKey.MAIN_WSAPI2).submit_new_order(**ORDER),
    ]

    for _ in range(2):
        for placing in placings:
            ahead_ms = caller.call(placing).raw["result"]["ahead_ms"]
            assert abs(ahead_ms) < 60_000


def test_connections_to_one_host_share_a_clock(
    dial: Dial, scripted: ScriptedServer, urls: dict[str, str]
) -> None:
    caller = dial(api_key="key", api_secret="s" * 64, mute_latency_warning=True, urls=urls)
    caller.call(lambda client: client.connect(WsKey.MAIN_WSAPI))
    caller.call(lambda client: client.connect(WsKey.MAIN_WSAPI2))

    assert len(scripted.seen("time")) == 1


def test_an_offset_set_by_hand_counts_for_all_exchanges(
    dial: Dial, scripted: ScriptedServer, urls: dict[str, str]
) -> None:
    """For those used before as for those used later."""
    caller = dial(api_key="key", api_secret="s" * 64, mute_latency_warning=True, urls=urls)
    caller.call(lambda client: client.spot.submit_new_order(**ORDER))
    caller.client.set_time_offset_ms(5 * HOUR_MS)

    caller.call(lambda client: client.spot.submit_new_order(**ORDER))
    caller.call(lambda client: client.usdm.submit_new_order(**ORDER))

    _, again, usdm = scripted.seen("order.place")
    for request in (again, usdm):
        assert abs(request["params"]["timestamp"] - now_ms() - 5 * HOUR_MS) < 60_000


def test_one_bad_server_time_is_not_believed(
    dial: Dial, scripted: ScriptedServer, urls: dict[str, str]
) -> None:
    honest = scripted.replies["time"]

    async def lie_once(peer: Peer, request: dict[str, Any]) -> None:
        scripted.replies["time"] = honest
        await peer.answer(request, {"serverTime": now_ms() + HOUR_MS})

    scripted.replies["time"] = lie_once
    caller = dial(api_key="key", api_secret="s" * 64, mute_latency_warning=True, urls=urls)

    ahead_ms = caller.call(lambda client: client.spot.submit_new_order(**ORDER)).raw["result"]

    assert abs(ahead_ms["ahead_ms"]) < 60_000
