"""A link that was replaced: it finishes what it carries, takes nothing new, and its end is no failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from callers import WAIT_S, Caller, noted
from scripted_server import Peer, ScriptedServer

from binance_wsapi import ConnectionLost, WsKey
from binance_wsapi.core import watch

Dial = Callable[..., Caller]


@pytest.fixture(autouse=True)
def _short_linger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "DRAIN_LINGER_S", 0.01)


def on_core(caller: Caller, work: Callable[[Any], Any]) -> Any:
    core = caller.client._core

    async def run() -> Any:
        return work(core)

    return core.runtime.run(run).result(WAIT_S)


def ping(client: Any) -> Any:
    return client.spot.test_connectivity()


class Late:
    """Answers a request when told."""

    def __init__(self, scripted: ScriptedServer) -> None:
        self._loop = scripted.loop
        self._released = asyncio.Event()

    async def __call__(self, peer: Peer, request: dict[str, Any]) -> None:
        await self._released.wait()
        await peer.answer(request, {})

    def release(self) -> None:
        self._loop.call_soon_threadsafe(self._released.set)


def test_it_goes_and_its_end_is_no_failure(dial: Dial, scripted: ScriptedServer) -> None:
    caller = dial()
    caller.call(ping)
    told = noted(caller, "close", "rotated", "reconnecting", "reconnected", "open")
    caller.call(lambda client: client.rotate())

    told.wait_until(lambda events: any(event.kind == "close" for event in events))

    assert [event.kind for event in told.events] == ["open", "rotated", "close"]
    (health,) = caller.call(lambda client: client.health())
    assert (health.state, health.reconnects, health.last_failure) == ("ready", 0, "")
    assert caller.call(ping).status == 200
    assert scripted.handshakes == 2, "nothing takes the place of one that was replaced"
    assert on_core(caller, lambda core: len(core.sessions.open[WsKey.MAIN_WSAPI].links)) == 1


def test_it_waits_for_its_answers_and_takes_no_new_requests(
    dial: Dial, scripted: ScriptedServer
) -> None:
    late = scripted.replies["avgPrice"] = Late(scripted)
    caller = dial(timeout=500, pong_timeout=500)
    caller.call(lambda client: client.connect(WsKey.MAIN_WSAPI2))
    pending = caller.begin(lambda client: client.spot.get_average_price(symbol="BTCUSDT"))
    scripted.wait_for("avgPrice")
    caller.call(lambda client: client.rotate())
    gone = noted(caller, "close")
    # Another one that was replaced later has gone: this one would have, too.
    caller.call(lambda client: client.rotate(WsKey.MAIN_WSAPI2))
    assert [event.ws_key for event in gone.wait()] == [WsKey.MAIN_WSAPI2]
    caller.call(ping)
    assert scripted.seen("ping")[-1]["peer"] not in {1, scripted.seen("avgPrice")[0]["peer"]}
    assert not pending.done()

    late.release()

    assert pending.result(WAIT_S).status == 200
    assert len(scripted.seen("avgPrice")) == 1
    gone.wait(2)


def test_it_goes_at_the_latest_after_a_calls_timeout(dial: Dial, scripted: ScriptedServer) -> None:
    """What it has not answered then is as lost as on any connection that goes."""
    scripted.replies["order.place"] = Late(scripted)
    caller = dial(
        timeout=500,
        pong_timeout=500,
        on_unknown_outcome="raise",
        api_key="key",
        api_secret="s" * 64,
    )
    pending = caller.begin(
        lambda client: client.spot.submit_new_order(
            symbol="BTCUSDT", side="BUY", type="MARKET", quantity=1
        )
    )
    scripted.wait_for("order.place")
    object.__setattr__(caller.client._runtime.options, "timeout", 0.05)
    on_core(caller, lambda core: core.sessions.open[WsKey.MAIN_WSAPI].rotate())

    error = pending.exception(WAIT_S)

    assert isinstance(error, ConnectionLost)
    assert "replaced by a fresh connection" in error.cause
    assert caller.call(lambda client: client.health())[0].last_failure == ""


def test_it_stays_until_its_pong_has_come(dial: Dial, scripted: ScriptedServer) -> None:
    """The pong shows that all has arrived that was sent before its successor took over."""
    scripted.autoping = False
    caller = dial(timeout=500, pong_timeout=500)
    caller.call(lambda client: client.connect())
    caller.call(lambda client: client.connect(WsKey.MAIN_WSAPI2))
    old = on_core(caller, lambda core: core.sessions.open[WsKey.MAIN_WSAPI].serving)
    gone = noted(caller, "close")
    caller.call(lambda client: client.rotate())
    other = on_core(caller, lambda core: core.sessions.open[WsKey.MAIN_WSAPI2].serving)
    caller.call(lambda client: client.rotate(WsKey.MAIN_WSAPI2))
    scripted.loop.call_soon_threadsafe(
        scripted.loop.create_task, scripted.peers[1].socket.pong(b"")
    )
    assert [event.ws_key for event in gone.wait()] == [WsKey.MAIN_WSAPI2]
    assert other.lost_because is not None
    assert not old.lost_because

    scripted.loop.call_soon_threadsafe(
        scripted.loop.create_task, scripted.peers[0].socket.pong(b"")
    )

    gone.wait(2)
    assert old.lost_because == "replaced by a fresh connection"
    assert old.proven_at >= old.retired_at


def test_one_that_gives_no_sign_of_life_goes_and_is_no_failure_either(
    dial: Dial, scripted: ScriptedServer
) -> None:
    scripted.autoping = False
    caller = dial(timeout=500, pong_timeout=0.05, ping_interval=500)
    caller.call(lambda client: client.connect())
    gone = noted(caller, "close", "reconnecting")
    caller.call(lambda client: client.rotate())

    (event,) = gone.wait()

    assert event.kind == "close"
    assert "no sign of life" in event.reason
    (health,) = caller.call(lambda client: client.health())
    assert (health.reconnects, health.last_failure) == (0, "")
    assert scripted.handshakes == 2


def test_one_that_the_peer_closes_is_replaced_by_nothing(
    dial: Dial, scripted: ScriptedServer
) -> None:
    caller = dial(timeout=500, pong_timeout=500, on_unknown_outcome="raise")
    scripted.replies["avgPrice"] = Late(scripted)
    caller.call(lambda client: client.connect())
    pending = caller.begin(lambda client: client.spot.get_average_price(symbol="BTCUSDT"))
    scripted.wait_for("avgPrice")
    caller.call(lambda client: client.rotate())
    gone = noted(caller, "close", "reconnecting")

    scripted.run(scripted.peers[0].socket.close(code=1001))

    assert isinstance(pending.exception(WAIT_S), ConnectionLost)
    gone.wait()
    assert [event.kind for event in gone.events] == ["close"]
    assert caller.call(ping).status == 200
    assert scripted.handshakes == 2


def test_it_ends_with_its_client(dial: Dial, scripted: ScriptedServer) -> None:
    scripted.replies["avgPrice"] = Late(scripted)
    caller = dial(timeout=500, pong_timeout=500, on_unknown_outcome="raise")
    pending = caller.begin(lambda client: client.spot.get_average_price(symbol="BTCUSDT"))
    scripted.wait_for("avgPrice")
    caller.call(lambda client: client.rotate())

    caller.call(lambda client: client.close())

    assert isinstance(pending.exception(WAIT_S), ConnectionLost)


def test_pong_proves_what_came_before_its_ping_and_no_more(
    dial: Dial, scripted: ScriptedServer
) -> None:
    scripted.autoping = False
    caller = dial(pong_timeout=500)
    caller.call(ping)

    def probe(core: Any) -> tuple[float, float]:
        link = core.sessions.open[WsKey.MAIN_WSAPI].serving
        asked = core.runtime.now()
        link.probe(asked)
        link.answered()
        return asked, link.proven_at

    asked, proven_at = on_core(caller, probe)
    assert proven_at == asked


def test_link_that_is_lost_before_its_opening_is_told_is_not_used(
    dial: Dial, scripted: ScriptedServer
) -> None:
    caller = dial(timeout=0.2, reconnect_delay=100)
    closed: list[int] = []
    opened = noted(caller, "open")

    class Socket:
        congested = False

        def write(self, frame: bytes) -> None:
            raise AssertionError("it was lost")

        ping = write

        async def close(self) -> None:
            closed.append(1)

    class Transport:
        async def connect(self, url: str, receiver: Any) -> Any:
            receiver.closed("gone at once")
            return Socket()

        async def close(self) -> None:
            pass

    caller.client._runtime._transport = Transport()  # type: ignore[assignment]
    with pytest.raises(Exception, match="gone at once"):
        caller.call(lambda client: client.connect())

    assert closed == [1]
    assert opened.events == []


@pytest.mark.parametrize(
    "ending",
    [lambda client: client.close(), lambda client: client.disconnect_all()],
    ids=["close", "disconnect_all"],
)
def test_order_pending_at_the_end_is_told_unknown_at_once(
    dial: Dial, scripted: ScriptedServer, ending: Callable[[Any], Any]
) -> None:
    """Nobody is left to find out: the caller is told, with the id to ask for."""
    scripted.replies["order.place"] = Late(scripted)
    caller = dial(
        timeout=500, resolve_timeout=500, api_key="key", api_secret="s" * 64, pong_timeout=500
    )
    pending = caller.begin(
        lambda client: client.spot.submit_new_order(
            symbol="BTCUSDT", side="BUY", type="MARKET", quantity=1, new_client_order_id="mine"
        )
    )
    scripted.wait_for("order.place")

    caller.call(ending)

    error = pending.exception(WAIT_S)
    assert isinstance(error, ConnectionLost)
    assert error.client_order_id == "mine"
    assert not scripted.seen("order.status")


def test_subscription_that_its_successor_overtook_is_let_go(
    dial: Dial, scripted: ScriptedServer
) -> None:
    """The exchange may have made it later: as the older link's it would lead, and turn events round."""

    async def subscribe(peer: Peer, request: dict[str, Any]) -> None:
        if peer.number == 1:
            await released.wait()
        await peer.answer(request, {"subscriptionId": 0})

    async def no_orders(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, [])

    def bring(peer: int, moment: int) -> None:
        event = {"e": "balanceUpdate", "E": moment, "a": "BTC", "d": "1", "T": moment}
        scripted.run(scripted.peers[peer].send({"subscriptionId": 0, "event": event}))

    released = asyncio.Event()
    scripted.replies["userDataStream.subscribe.signature"] = subscribe
    scripted.replies["openOrders.status"] = no_orders
    caller = dial(timeout=500, pong_timeout=500, beautify=False, api_key="key", api_secret="s" * 64)
    caller.call(lambda client: client.connect())
    subscribing = caller.begin(lambda client: client.subscribe_user_data_stream())
    scripted.wait_for("userDataStream.subscribe.signature")
    # What is not answered keeps the link open.
    caller.begin(lambda client: client.spot.get_average_price(symbol="BTCUSDT"))
    scripted.wait_for("avgPrice")
    caller.call(lambda client: client.rotate())
    bring(1, moment=1)
    caller.call(ping)  # over the successor, behind the event

    scripted.loop.call_soon_threadsafe(released.set)
    stream = subscribing.result(WAIT_S)
    bring(0, moment=2)
    (unsubscribed,) = scripted.wait_for("userDataStream.unsubscribe")
    bring(1, moment=2)

    assert unsubscribed["peer"] == 1
    assert [caller.next_event(stream)["T"] for _ in range(2)] == [1, 2]
    assert not len(stream)
