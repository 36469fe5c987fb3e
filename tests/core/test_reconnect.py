"""Without a connection: what was never sent, how the next one is sought, and how a dead peer is noticed."""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from callers import WAIT_S, Caller, are_waiting, noted, until, until_dial_failed
from scripted_server import Peer, ScriptedServer

from binance_wsapi import ConnectionLost, NotSent, OutcomeUnknown, RequestTimeout, WsKey
from binance_wsapi.protocol.backoff import ConnectionBudget
from binance_wsapi.simulator import SimulatedExchange

Connect = Callable[..., Caller]
Dial = Callable[..., Caller]

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


def place(client: Any) -> Any:
    return client.spot.submit_new_order(**ORDER)


def on_core(caller: Caller, work: Callable[[Any], Any]) -> Any:
    """Do something on the thread of the client's core."""
    core = caller.client._core

    async def run() -> Any:
        return work(core)

    return core.runtime.run(run).result(WAIT_S)


# Never sent


def test_call_without_a_connection_was_not_sent(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    """Never ConnectionLost or RequestTimeout: those mean that it may have been executed."""
    exchange.stop_listening()
    caller = connect(timeout=1, reconnect_delay_max=0.02)

    with pytest.raises(NotSent) as failed:
        caller.call(place)

    assert not isinstance(failed.value, OutcomeUnknown)
    assert failed.value.reason == "not connected"
    assert failed.value.operation == "order.place"
    assert "repeating it is safe" in str(failed.value)
    exchange.resume_listening()
    assert caller.call(place).result.order_id == 1


def test_call_waits_for_the_connection_as_long_as_its_timeout(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    exchange.stop_listening()
    caller = connect(timeout=500)
    calls = [caller.begin(ping) for _ in range(5)]
    failures = noted(caller, "close")

    until(caller, functools.partial(are_waiting, 5))
    exchange.resume_listening()

    assert [call.result(WAIT_S).status for call in calls] == [200] * 5
    assert failures.events == [], "what never opened does not close"


def test_waiting_calls_are_sent_in_the_order_they_were_made(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    exchange.stop_listening()
    caller = connect(timeout=500)
    calls = []
    for number in range(20):
        calls.append(caller.begin(asking(number)))
        until(caller, functools.partial(are_waiting, number + 1))
    exchange.resume_listening()
    for call in calls:
        call.result(WAIT_S)

    asked = [frame.params["limit"] for frame in exchange.journal.requests("depth")]
    assert asked == list(range(1, 21))


def asking(number: int) -> Callable[[Any], Any]:
    return lambda client: client.spot.get_order_book(symbol="BTCUSDT", limit=number + 1)


def test_deadline_of_a_call_counts_while_it_waits(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    """Two calls, one after the other: each ends at its own time."""
    exchange.stop_listening()
    caller = connect(timeout=0.2)
    calls = [caller.begin(ping) for _ in range(3)]

    for call in calls:
        with pytest.raises(NotSent):
            call.result(WAIT_S)
    until(caller, functools.partial(are_waiting, 0))


def test_call_over_a_limit_was_not_sent(connect: Connect, exchange: SimulatedExchange) -> None:
    caller = connect(on_rate_limit="raise")
    caller.call(lambda client: client.connect())

    # 50 go in ten seconds, and as many more when the next ten begin in the midst of this.
    calls = [caller.begin(place) for _ in range(101)]
    refused = [error for call in calls if (error := call.exception(WAIT_S)) is not None]

    assert refused
    for error in refused:
        assert isinstance(error, NotSent)
        assert error.reason == "limit"
        assert error.retry_after is not None
        assert 0 < error.retry_after <= 10
    assert len(exchange.journal.requests("order.place")) == 101 - len(refused)


def test_congested_connection_holds_calls_back_and_they_were_not_sent(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    """The peer reads no more: what does not fit any more is not written, and can be repeated."""
    caller = connect(timeout=2.0, ping_interval=100, on_unknown_outcome="raise")
    caller.call(ping)
    slow = exchange.faults.slow_reads()
    slow.wait()
    session = caller.client._core.sessions.open[WsKey.MAIN_WSAPI]
    session._doubt.look_after = 500.0  # or a successor would take what waits
    junk = "x" * (1 << 20)
    calls = [caller.begin(sending(junk))]
    until(caller, lambda core: session.serving and session.serving.pending)
    calls += [caller.begin(sending(junk)) for _ in range(39)]

    ended = [call.exception(WAIT_S) for call in calls]

    kinds = {type(each) for each in ended}
    assert kinds == {NotSent, RequestTimeout}
    assert {each.reason for each in ended if isinstance(each, NotSent)} == {"deadline"}
    slow.end()
    not_sent = sum(isinstance(each, NotSent) for each in ended)
    exchange.journal.wait_for(
        lambda frame: frame.method == "novel.junk", WAIT_S, count=40 - not_sent
    )
    assert caller.call(ping).status == 200
    assert len(exchange.journal.requests("novel.junk")) == 40 - not_sent


def sending(junk: str) -> Callable[[Any], Any]:
    return lambda client: client.request(WsKey.MAIN_WSAPI, "novel.junk", {"junk": junk})


# The next connection


@pytest.mark.parametrize("status", [403, 500, 503])
def test_refused_handshake_is_tried_again(
    connect: Connect, exchange: SimulatedExchange, status: int
) -> None:
    refusals = exchange.faults.refuse_handshakes(status, times=3)
    caller = connect(timeout=500)

    assert caller.call(ping).status == 200
    assert refusals.hits == 3


@pytest.mark.parametrize("status", [403, 418, 429, 503])
def test_refused_handshake_is_the_reason_told(
    connect: Connect, exchange: SimulatedExchange, status: int
) -> None:
    exchange.faults.refuse_handshakes(status, times=None)
    caller = connect(timeout=0.2)
    until_dial_failed(caller)

    with pytest.raises(NotSent, match=f"HTTP {status}"):
        caller.call(ping)


def test_retry_after_of_a_handshake_is_honoured(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    refusals = exchange.faults.refuse_handshakes(429, times=None, retry_after=250)
    caller = connect(timeout=0.3)
    until_dial_failed(caller)

    with pytest.raises(NotSent):
        caller.call(ping)
    with pytest.raises(NotSent):
        caller.call(lambda client: client.spot.using(WsKey.MAIN_WSAPI2).test_connectivity())

    assert refusals.hits == 1, "not even by another connection"
    assert on_core(caller, lambda core: core.runtime.dialling.delay(WsKey.MAIN_WSAPI)) > 200


def test_answer_of_another_protocol_is_a_refusal(dial: Dial, scripted: ScriptedServer) -> None:
    async def page(request: web.Request) -> web.StreamResponse:
        return web.Response(text="hello")

    scripted.handshake = page
    caller = dial(timeout=0.2)
    until_dial_failed(caller)

    with pytest.raises(NotSent, match="HTTP 200"):
        caller.call(ping)


def test_reconnect_is_single_flight(connect: Connect, exchange: SimulatedExchange) -> None:
    """However many call, one connection at a time is tried."""
    refusals = exchange.faults.refuse_handshakes(503, times=5)
    caller = connect(timeout=500)
    calls = [caller.begin(ping) for _ in range(20)]
    for call in calls:
        assert call.result(WAIT_S).status == 200

    assert refusals.hits == 5
    assert exchange.journal.connections() == [1]


def test_waits_grow_from_failure_to_failure(
    connect: Connect, exchange: SimulatedExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("binance_wsapi.core.dialling.random.random", lambda: 1.0)
    exchange.stop_listening()
    caller = connect(
        reconnect_delay=0.001, reconnect_factor=3.0, reconnect_delay_max=0.02, timeout=500
    )
    core = caller.client._core
    delays: list[float] = []
    original = core.runtime.dialling.retry_policy

    def policy() -> Any:
        made = original()
        failed = made.failed

        def note(now: float) -> float:
            delays.append(failed(now))
            return delays[-1]

        monkeypatch.setattr(made, "failed", note)
        return made

    monkeypatch.setattr(core.runtime.dialling, "retry_policy", policy)
    call = caller.begin(ping)
    until(caller, lambda core: len(delays) >= 6)
    exchange.resume_listening()
    call.result(WAIT_S)

    assert delays[:6] == pytest.approx([0.001, 0.003, 0.009, 0.02, 0.02, 0.02])


def test_connection_that_is_cut_at_once_again_and_again_is_sought_ever_more_slowly(
    dial: Dial, scripted: ScriptedServer
) -> None:
    """A peer that accepts and cuts must not be stormed: opening alone forgives nothing."""
    cut = itertools.count()

    async def cut_three(peer: Peer, _: Any) -> None:
        if next(cut) < 3:
            await asyncio.sleep(0)
            peer.cut()

    scripted.on_open = cut_three
    caller = dial(timeout=500, reconnect_delay=0.005, reconnect_factor=4.0)
    caller.call(lambda client: client.connect())
    scripted.wait_until(lambda: len(scripted.peers) == 4)

    assert caller.call(ping).status == 200
    longest = on_core(
        caller, lambda core: core.sessions.open[WsKey.MAIN_WSAPI].machine._retry._backoff._longest_s
    )
    assert longest == pytest.approx(0.005 * 4**3)


def test_attempts_stay_within_the_exchanges_limit(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    """All connections of a client share one budget."""
    exchange.stop_listening()
    caller = connect(timeout=0.5, reconnect_delay=0.001, reconnect_delay_max=0.001)
    on_core(
        caller,
        lambda core: setattr(core.runtime.dialling, "_connections", ConnectionBudget(7, 300.0)),
    )
    made: list[int] = []
    # On a busy machine it takes more than the time of one call; once more, and it stays at that.
    while made[-2:] != [7, 7]:
        calls = [
            caller.begin(ping),
            caller.begin(lambda client: client.spot.using(WsKey.MAIN_WSAPI2).test_connectivity()),
        ]
        for call in calls:
            with pytest.raises(NotSent):
                call.result(WAIT_S)
        made.append(on_core(caller, lambda core: len(core.runtime.dialling._connections._times)))
        assert made[-1] <= 7

    assert on_core(caller, lambda core: core.runtime.dialling.delay(WsKey.USDM_WSAPI)) > 290


def test_budget_leaves_room_for_others_behind_the_address() -> None:
    budget = ConnectionBudget()
    for number in range(200):
        assert budget.delay(number * 0.1) == 0
        budget.record(number * 0.1)

    assert 270 < budget.delay(20.0) <= 300


# Dead peers


def test_half_open_connection_is_noticed_and_replaced(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect(ping_interval=0.1, pong_timeout=0.1, timeout=500, on_unknown_outcome="raise")
    caller.call(ping)
    dead = exchange.faults.half_open()
    dead.wait()

    with pytest.raises(ConnectionLost) as lost:
        caller.call(place)

    assert "no sign of life" in lost.value.cause
    dead.end()
    assert caller.call(ping).status == 200
    assert len(exchange.journal.connections()) >= 2


def test_silence_alone_is_no_death_when_pings_are_answered(
    dial: Dial, scripted: ScriptedServer
) -> None:
    """A silent peer that answers pings is alive: the answer still counts."""
    released = asyncio.Event()

    async def late(peer: Peer, request: dict[str, Any]) -> None:
        await released.wait()
        await peer.answer(request, {})

    scripted.replies["ping"] = late
    caller = dial(ping_interval=0.02, pong_timeout=0.5, timeout=500, on_unknown_outcome="raise")
    call = caller.begin(ping)
    scripted.wait_for("ping")
    link = on_core(caller, lambda core: core.sessions.open[WsKey.MAIN_WSAPI].serving)
    seen = link.last_heard
    until(caller, lambda core: link.last_heard > seen + 0.1)  # five rounds of ping and pong
    scripted.loop.call_soon_threadsafe(released.set)

    assert call.result(WAIT_S).status == 200
    assert scripted.handshakes == 1


def test_pings_of_the_exchange_are_answered_with_their_payload(
    dial: Dial, scripted: ScriptedServer
) -> None:
    caller = dial()
    caller.call(ping)
    (peer,) = scripted.peers

    for payload in (b"", b"1800000000000", b"x" * 125):
        scripted.run(peer.socket.ping(payload))
    scripted.wait_until(lambda: len(peer.pongs) == 3)

    assert peer.pongs == [b"", b"1800000000000", b"x" * 125]


def test_other_connections_live_on_when_one_dies(dial: Dial, scripted: ScriptedServer) -> None:
    caller = dial(timeout=500)
    caller.call(ping)
    caller.call(lambda client: client.usdm.get_session_status())
    lost = noted(caller, "reconnecting")
    spot, _ = scripted.peers

    scripted.loop.call_soon_threadsafe(spot.cut)
    lost.wait()

    assert [event.ws_key for event in lost.events] == [WsKey.MAIN_WSAPI]
    assert caller.call(lambda client: client.usdm.get_session_status()).status == 200
    assert caller.call(ping).status == 200
    assert len(scripted.peers) == 3
