"""Single connections: what they hear, how they end, and when a silent one is given up."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from callers import WAIT_S, Caller, noted, until
from scripted_server import Peer, ScriptedServer

from binance_wsapi import WsKey
from binance_wsapi.simulator import SimulatedExchange

Connect = Callable[..., Caller]


def on_core(caller: Caller, work: Callable[[Any], Any]) -> Any:
    """Do something on the thread of the client's core."""
    core = caller.client._core

    async def run() -> Any:
        return work(core)

    return core.runtime.run(run).result(WAIT_S)


def test_link_that_was_given_up_delivers_nothing_more(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    """Its end closed the books: another link may bring the same events again."""
    caller = connect()
    stream = caller.call(lambda client: client.subscribe_user_data_stream())
    event = b'{"e":"balanceUpdate","E":1,"a":"USDT","d":"1","T":1}'

    core: Any = caller.client._core

    async def lose_and_hear() -> int:
        link = core.sessions.open[WsKey.MAIN_WSAPI].serving
        frame = b'{"subscriptionId":0,"event":' + event + b"}"
        link.received(frame)
        await asyncio.sleep(0)  # what came in one turn is told at its end
        heard = len(stream)
        link.session.lose(link, "for the test")
        link.received(frame)
        await asyncio.sleep(0)
        assert len(stream) == heard
        return heard

    assert caller.client._runtime.run(lose_and_hear).result(WAIT_S) == 1


def test_link_lost_in_the_moment_it_is_dialled_leaves_nothing_unfinished(
    connect: Connect,
) -> None:
    """A coroutine that nobody ever awaits is a warning, and a warning fails the test."""
    caller = connect()

    def dial_and_lose(core: Any) -> int:
        session = core.sessions.of(WsKey.MAIN_WSAPI)
        session.demand()
        (link,) = session.links.values()
        session.lose(link, "for the test")
        return len(session.links)

    assert on_core(caller, dial_and_lose) == 0
    gc.collect()
    caller.call(lambda client: client.connect())


def test_what_a_session_goes_through_is_logged_for_who_looks(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "binance_wsapi.connection"):
        connect().call(lambda client: client.connect())

    moves = [record.getMessage() for record in caplog.records if " -> " in record.getMessage()]
    assert moves == [
        "mainWSAPI: idle -> dialling (somebody wants the connection)",
        "mainWSAPI: dialling -> logging on (the link is open)",
        "mainWSAPI: logging on -> subscribing (the link is logged on)",
        "mainWSAPI: subscribing -> ready (the link is subscribed)",
    ]


@pytest.mark.parametrize("phase", ["time", "session.logon", "userDataStream.subscribe"])
def test_cut_in_any_phase_of_coming_up_is_dialled_again(
    connect: Connect, exchange: SimulatedExchange, phase: str
) -> None:
    caller = connect(timeout=500)
    if phase == "userDataStream.subscribe":
        caller.call(lambda client: client.subscribe_user_data_stream())
    reconnected = noted(caller, "reconnected")
    cuts = exchange.faults.on(phase).drop_before_acceptance(times=2)
    exchange.drop_connections()

    assert caller.call(lambda client: client.spot.get_open_orders()).result == []

    if phase == "userDataStream.subscribe":
        assert len(reconnected.wait()) == 1
    assert cuts.hits == 2


@pytest.mark.parametrize("is_refused", [False, True])
def test_connection_attempt_may_count_until_its_handshake_has_ended(
    dial: Connect, scripted: ScriptedServer, is_refused: bool
) -> None:
    """Counts told meanwhile over another connection may or may not hold it."""

    async def tell_counts(peer: Peer, request: dict[str, Any]) -> None:
        weight = {
            "rateLimitType": "REQUEST_WEIGHT",
            "interval": "DAY",  # which does not turn while the test runs
            "intervalNum": 1,
            "limit": 6000,
            "count": counted,
        }
        await peer.answer(request, {}, rateLimits=[weight])

    async def hold(request: web.Request) -> web.StreamResponse | None:
        await ended.wait()
        return web.Response(status=503) if is_refused else None

    def used() -> int:
        caller.call(lambda client: client.spot.using(WsKey.MAIN_WSAPI2).test_connectivity())
        spot = caller.call(lambda client: client.rate_limits)["spot"]
        return next(
            int(limit.count)
            for limit in spot
            if (limit.rate_limit_type, limit.interval) == ("REQUEST_WEIGHT", "DAY")
        )

    ended = asyncio.Event()
    scripted.replies["ping"] = tell_counts
    caller = dial(timeout=500, connect_timeout=WAIT_S, reconnect_delay=500)
    caller.call(lambda client: client.connect(WsKey.MAIN_WSAPI2))
    counted = 40
    assert used() == 40
    scripted.handshake = hold
    coming = caller.begin(lambda client: client.connect(WsKey.MAIN_WSAPI))
    scripted.wait_until(lambda: scripted.handshakes == 2)
    counted = 41  # the question itself

    assert used() == 41 + 2

    scripted.loop.call_soon_threadsafe(ended.set)
    if is_refused:
        until(caller, lambda core: core.sessions.of(WsKey.MAIN_WSAPI).last_failure)
    else:
        coming.result(WAIT_S)
    counted = 44

    assert used() == 44
