"""A connection that answers pings and no requests is replaced; a slow one is not."""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from callers import WAIT_S, Caller, noted, until
from scripted_server import Peer, ScriptedServer

from binance_wsapi import NotSent, RequestTimeout, StreamGap, WsKey
from binance_wsapi.core import watch
from binance_wsapi.core.listen_key import KeyLink, ListenKeyUserData
from binance_wsapi.core.user_data import ApiUserData

Dial = Callable[..., Caller]
KEY = {"api_key": "key", "api_secret": "secret" * 10}
QUESTIONS = {"spot": "time", "usdm": "session.status", "coinm": "session.status"}
WS_KEYS = {
    "spot": WsKey.MAIN_WSAPI,
    "usdm": WsKey.USDM_WSAPI,
    "coinm": WsKey.COINM_WSAPI,
}


def order(market: str) -> Callable[[Any], Any]:
    symbol = "BTCUSD_PERP" if market == "coinm" else "BTCUSDT"
    return lambda client: getattr(client, market).submit_new_order(
        symbol=symbol, side="BUY", type="MARKET", quantity=1, new_client_order_id="mine"
    )


class Wedged:
    """The first connection stops answering requests when told; pings it answers for ever."""

    def __init__(self, server: ScriptedServer) -> None:
        self.is_wedged = False
        self.last_answer_ms = 0
        replies = dict(server.replies)
        for method in {*replies, "order.status", "userDataStream.subscribe.signature"}:
            server.replies[method] = self._unless_wedged(replies.get(method, replies["*"]))

    def _unless_wedged(self, reply: Any) -> Any:
        async def answer(peer: Peer, request: dict[str, Any]) -> None:
            if not self.is_wedged:
                self.last_answer_ms = time.time_ns() // 1_000_000
            if not self.is_wedged or peer.number > 1:
                await reply(peer, request)

        return answer


async def found(peer: Peer, request: dict[str, Any]) -> None:
    now = int(time.time() * 1000)
    params = request["params"]
    await peer.answer(
        request,
        {
            "symbol": params["symbol"],
            "orderId": 7,
            "orderListId": -1,
            "clientOrderId": "mine",
            "side": "BUY",
            "type": "MARKET",
            "origType": "MARKET",
            "origQty": "1",
            "executedQty": "1",
            "status": "FILLED",
            "time": now,
            "updateTime": now,
        },
    )


@pytest.mark.parametrize("market", QUESTIONS)
def test_fate_is_asked_on_the_successor_of_a_wedged_connection(
    dial: Dial, scripted: ScriptedServer, market: str
) -> None:
    scripted.replies["order.status"] = found
    wedge = Wedged(scripted)
    caller = dial(**KEY, timeout=5)
    caller.call(lambda client: client.connect(WS_KEYS[market]))
    began = len(scripted.seen(QUESTIONS[market]))
    wedge.is_wedged = True

    placed = caller.call(order(market))

    assert placed.resolved
    assert [request["peer"] for request in scripted.seen("order.place")] == [1]
    assert {request["peer"] for request in scripted.seen("order.status")} == {2}
    asked = scripted.seen(QUESTIONS[market])[began:]
    assert asked[0]["peer"] == 1, "it is asked before it is given up"
    assert "answers no requests" in caller.call(lambda client: client.health())[0].last_failure


def test_call_made_while_a_connection_is_in_doubt_goes_to_its_successor(
    dial: Dial, scripted: ScriptedServer
) -> None:
    wedge = Wedged(scripted)
    caller = dial(**KEY, timeout=5, on_unknown_outcome="raise")
    caller.call(lambda client: client.connect())
    wedge.is_wedged = True
    before = len(scripted.seen("time"))
    swallowed = caller.begin(lambda client: client.spot.test_connectivity())
    scripted.wait_until(lambda: len(scripted.seen("time")) > before)

    assert [each.state for each in caller.call(lambda client: client.health())] == ["in doubt"]
    caller.call(order("spot"))

    assert [request["peer"] for request in scripted.seen("order.place")] == [2]
    assert [each.state for each in caller.call(lambda client: client.health())] == ["ready"]
    swallowed.exception(WAIT_S)


def test_calls_go_to_the_successor_whatever_becomes_of_a_wedged_connections_events(
    dial: Dial, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def subscribe(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, {"subscriptionId": 0})

    def fail(*of: object) -> None:
        raise RuntimeError("for the test")

    scripted.replies["userDataStream.subscribe.signature"] = subscribe
    monkeypatch.setattr(ApiUserData, "doubted", fail)
    wedge = Wedged(scripted)
    caller = dial(**KEY, timeout=5, on_unknown_outcome="raise")
    caller.call(lambda client: client.subscribe_user_data_stream())
    wedge.is_wedged = True
    before = len(scripted.seen("time"))
    swallowed = caller.begin(lambda client: client.spot.test_connectivity())
    scripted.wait_until(lambda: len(scripted.seen("time")) > before)

    caller.call(order("spot"))

    assert [request["peer"] for request in scripted.seen("order.place")] == [2]
    assert "answers no requests" in str(swallowed.exception(WAIT_S))


def test_connection_is_replaced_though_the_call_that_showed_it_ended_first(
    dial: Dial, scripted: ScriptedServer
) -> None:
    wedge = Wedged(scripted)
    caller = dial(**KEY, timeout=0.3, on_unknown_outcome="raise")
    caller.call(lambda client: client.connect())
    replaced = noted(caller, "rotated")
    wedge.is_wedged = True

    with pytest.raises(Exception, match="no answer within"):
        caller.call(lambda client: client.spot.test_connectivity())

    replaced.wait()
    assert caller.call(lambda client: client.spot.test_connectivity()).status == 200


@pytest.mark.parametrize("answer_of", ["the question", "the slow one"])
def test_slow_operation_on_a_living_connection_keeps_it(
    dial: Dial, scripted: ScriptedServer, answer_of: str
) -> None:
    released = asyncio.Event()

    async def late(peer: Peer, request: dict[str, Any]) -> None:
        await released.wait()
        await peer.answer(request, {})

    caller = dial(timeout=500, pong_timeout=500)
    caller.call(lambda client: client.connect())
    scripted.replies["ping"] = late
    if answer_of == "the slow one":
        scripted.replies["time"] = late
    slow = caller.begin(lambda client: client.spot.test_connectivity())
    scripted.wait_for("time")  # two seconds later

    if answer_of == "the question":
        # Held while there is a doubt, and sent on the same connection.
        assert caller.call(lambda client: client.spot.get_server_time()).status == 200
        assert [each.state for each in caller.call(lambda client: client.health())] == ["ready"]
        assert not slow.done()
    scripted.loop.call_soon_threadsafe(released.set)
    assert slow.result(WAIT_S).status == 200
    assert caller.call(lambda client: client.spot.get_server_time()).status == 200
    assert scripted.handshakes == 1


CALLS: dict[str, Callable[[Any], Any]] = {
    "ping": lambda client: client.spot.test_connectivity(),
    "exchangeInfo": lambda client: client.spot.get_exchange_info(),
    "ticker.price": lambda client: client.spot.get_symbol_price_ticker(symbol="BTCUSDT"),
    "order.place": order("spot"),
}


class Unhurried:
    """Calls of a client that doubts nothing unless told, answered one by one when told."""

    def __init__(self, dial: Dial, server: ScriptedServer) -> None:
        self.caller = dial(**KEY, timeout=500)
        self.caller.call(lambda client: client.connect())
        self.session = self.caller.client._core.sessions.open[WsKey.MAIN_WSAPI]
        self.doubt = self.session._doubt
        self.doubt.look_after = self.session._outbox.look_after = 400.0
        self._server = server
        self._held: dict[str, asyncio.Future[None]] = {}

    def begin(self, method: str) -> Any:
        async def answered_when_told(peer: Peer, request: dict[str, Any]) -> None:
            await self._held.setdefault(method, self._server.loop.create_future())
            await peer.answer(request, {})

        self._server.replies[method] = answered_when_told
        call = self.caller.begin(CALLS[method])
        self._server.wait_for(method)
        return call

    def answer(self, method: str) -> None:
        def tell() -> None:
            self._held.setdefault(method, self._server.loop.create_future()).set_result(None)

        self._server.loop.call_soon_threadsafe(tell)

    def look(self, now: Callable[[Any], float]) -> bool:
        """Look at the link at a time that is told, and return whether it is in doubt."""

        async def run() -> bool:
            link = self.session.serving
            assert link is not None
            self.doubt.look(now(link))
            return link.in_doubt_since is not None

        in_doubt: bool = self.caller.client._runtime.run(run).result(WAIT_S)
        return in_doubt


def test_connection_that_works_a_burst_off_is_in_no_doubt(
    dial: Dial, scripted: ScriptedServer
) -> None:
    """The last of many waits long for its answer, while those before it are answered."""
    calls = Unhurried(dial, scripted)
    first, last = calls.begin("ping"), calls.begin("exchangeInfo")
    calls.answer("ping")
    assert first.result(WAIT_S).status == 200

    assert not calls.look(lambda link: min(c.written_at for c in link.pending.values()) + 400)
    assert calls.look(lambda link: link.answered_at + 400)

    calls.answer("exchangeInfo")
    assert last.result(WAIT_S).status == 200


def test_connection_that_answers_others_meanwhile_is_asked_again(
    dial: Dial, scripted: ScriptedServer
) -> None:
    """The question may stand behind much else: only who answers nothing at all is given up."""
    calls = Unhurried(dial, scripted)
    old, newer = calls.begin("ping"), calls.begin("ticker.price")
    calls.answer("ticker.price")
    assert newer.result(WAIT_S).status == 200
    newest = calls.begin("exchangeInfo")
    ask = calls.session.ask
    asked_again = threading.Event()

    async def out_of_time_once(link: Any, method: str, params: Any, **more: Any) -> Any:
        if not old.done():
            calls.answer("ping")
            await asyncio.wrap_future(old)
            raise RequestTimeout("for the test", operation=method)
        asked_again.set()
        return await ask(link, method, params, **more)

    calls.session.ask = out_of_time_once  # type: ignore[method-assign]  # no other way to this order
    assert calls.look(lambda link: link.answered_at + 800)

    assert asked_again.wait(WAIT_S)
    calls.answer("exchangeInfo")
    assert newest.result(WAIT_S).status == 200
    assert scripted.handshakes == 1


def test_late_answer_counts_though_a_successor_serves(dial: Dial, scripted: ScriptedServer) -> None:
    """A slow exchange answers yet: the fate is asked on the successor, and whichever tells it first."""

    async def silent(peer: Peer, request: dict[str, Any]) -> None:
        return

    scripted.replies["order.status"] = silent
    calls = Unhurried(dial, scripted)
    replaced = noted(calls.caller, "rotated")
    placed = calls.begin("order.place")
    former = calls.session.serving
    assert former is not None
    questions = iter([RequestTimeout("for the test", operation="time")])

    async def unanswered(link: Any, method: str, params: Any, **more: Any) -> Any:
        if link is not former:
            return await ask(link, method, params, **more)
        for error in questions:
            raise error
        return await asyncio.Event().wait()

    ask = calls.session.ask
    calls.session.ask = unanswered  # type: ignore[method-assign]  # no other way to this order
    assert calls.look(lambda link: link.answered_at + 800)
    replaced.wait()
    assert [request["peer"] for request in scripted.wait_for("order.status")] == [2]
    assert not calls.session.is_idle(former), "its answer may come yet"

    calls.answer("order.place")

    assert placed.result(WAIT_S).status == 200
    assert not placed.result().resolved
    assert calls.session.is_idle(former)


def has_heard(link: Any, before: float, core: Any) -> bool:
    """Whether a link has brought a frame since then, for ``until``."""
    return bool(link.last_frame_at > before)


def test_events_of_a_slow_link_count_no_more_when_its_successor_serves(
    dial: Dial, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would be told behind later ones: it is heard for answers alone, and what it owes is a gap."""
    monkeypatch.setattr(watch, "DRAIN_LINGER_S", 500.0)  # it would be let go: nothing is awaited

    async def subscribe(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, {"subscriptionId": 0})

    def changed(asset: str) -> dict[str, Any]:
        event = {"e": "balanceUpdate", "E": 1, "a": asset, "d": "1", "T": 1}
        return {"subscriptionId": 0, "event": event}

    scripted.replies["userDataStream.subscribe.signature"] = subscribe
    calls = Unhurried(dial, scripted)
    stream = calls.caller.call(lambda client: client.subscribe_user_data_stream())
    replaced = noted(calls.caller, "rotated")
    placed = calls.begin("ping")
    former = calls.session.serving
    assert former is not None
    questions = iter([RequestTimeout("for the test", operation="time")])

    async def unanswered(link: Any, method: str, params: Any, **more: Any) -> Any:
        if link is not former:
            return await ask(link, method, params, **more)
        for error in questions:
            raise error
        return await asyncio.Event().wait()

    ask = calls.session.ask
    calls.session.ask = unanswered  # type: ignore[method-assign]  # no other way to this order
    assert calls.look(lambda link: link.answered_at + 800)
    replaced.wait()
    old, new = scripted.peers

    for asset in ("LATE", "LATER"):
        before = former.last_frame_at
        scripted.run(old.send(changed(asset)))
        until(calls.caller, functools.partial(has_heard, former, before))
    scripted.run(new.send(changed("NEW")))

    gap = calls.caller.next_event(stream)
    assert isinstance(gap, StreamGap)
    assert "answers no requests" in gap.reason
    told = gap
    while not hasattr(told, "asset"):
        told = calls.caller.next_event(stream)
    assert told.asset == "NEW"
    calls.answer("ping")
    assert placed.result(WAIT_S).status == 200


def test_connection_that_carries_user_data_is_asked_in_silence(
    dial: Dial, scripted: ScriptedServer
) -> None:
    """Its pongs prove nothing: what it did not bring since it last answered is a gap."""

    async def subscribe(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, {"subscriptionId": 0})

    scripted.replies["userDataStream.subscribe.signature"] = subscribe
    wedge = Wedged(scripted)
    caller = dial(**KEY, timeout=1, ping_interval=0.05, pong_timeout=1)
    stream = caller.call(lambda client: client.subscribe_user_data_stream())
    scripted.wait_for("time", 5)
    wedge.is_wedged = True
    link = caller.client._core.sessions.open[WsKey.MAIN_WSAPI].serving
    assert link is not None

    gap = caller.next_event(stream)

    assert isinstance(gap, StreamGap)
    assert "answers no requests" in gap.reason
    assert gap.from_ms <= wedge.last_answer_ms
    assert link.last_heard > link.served_until, "pongs came all the time"
    assert len(scripted.seen("userDataStream.subscribe.signature")) == 2


def test_question_that_a_limit_forbids_is_asked_later(dial: Dial, scripted: ScriptedServer) -> None:
    """A connection that cannot be asked is not given up, and calls that wait for it end in time."""
    caller = dial(timeout=0.5)
    caller.call(lambda client: client.connect())

    async def silent(peer: Peer, request: dict[str, Any]) -> None:
        return

    scripted.replies["ping"] = silent
    core = caller.client._core
    session = core.sessions.open[WsKey.MAIN_WSAPI]
    asked = session.ask
    refusals: list[str] = []

    async def refused(link: Any, method: str, params: Any, **more: Any) -> Any:
        if len(refusals) < 3:
            refusals.append(method)
            raise NotSent("for the test", operation=method, reason="limit")
        return await asked(link, method, params, **more)

    session.ask = refused  # type: ignore[method-assign]  # limits cannot be made to refuse it alone
    with pytest.raises(Exception, match="no answer within"):
        caller.call(lambda client: client.spot.test_connectivity())

    scripted.wait_for("time")
    assert caller.call(lambda client: client.spot.get_server_time()).status == 200
    assert refusals == ["time"] * 3
    assert scripted.handshakes == 1


def stream_urls(scripted: ScriptedServer) -> dict[str, str]:
    base = f"ws://127.0.0.1:{scripted.port}"
    return {**scripted.urls, "usdmPrivate": f"{base}/private", "main": f"{base}/stream"}


class KeyStreams:
    """The private streams of a server that has one listen key; the first connection is the API's."""

    def __init__(self, server: ScriptedServer) -> None:
        self.answers: Callable[[int], bool] = lambda number: True
        """Whether a stream connection answers questions, by its number among all connections."""
        self._server = server
        server.replies |= {"userDataStream.start": self._start, "LIST_SUBSCRIPTIONS": self._names}

    async def _start(self, peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, {"listenKey": "listen"})

    async def _names(self, peer: Peer, request: dict[str, Any]) -> None:
        if self.answers(peer.number):
            await peer.send({"result": [], "id": request["id"]})

    def wait_until_asked(self, number: int, times: int = 1) -> None:
        """Wait until a connection has been asked so often."""
        self._server.wait_until(
            lambda: (
                [each["peer"] for each in self._server.seen("LIST_SUBSCRIPTIONS")].count(number)
                >= times
            )
        )


@pytest.fixture
def streams(scripted: ScriptedServer) -> KeyStreams:
    return KeyStreams(scripted)


@pytest.fixture
def subscribe(dial: Dial, scripted: ScriptedServer) -> Callable[..., tuple[Caller, Any]]:
    def subscribed(**options: Any) -> tuple[Caller, Any]:
        caller = dial(
            **{**KEY, "urls": stream_urls(scripted), "ping_interval": 0.05, "timeout": 500},
            **options,
        )
        return caller, caller.call(
            lambda client: client.subscribe_user_data_stream(WsKey.USDM_WSAPI)
        )

    return subscribed


def test_listen_key_stream_is_asked_in_silence(
    streams: KeyStreams, subscribe: Callable[..., tuple[Caller, Any]]
) -> None:
    """One that answered once and no longer does is replaced."""
    caller, stream = subscribe(pong_timeout=0.5)
    streams.wait_until_asked(2, 3)
    streams.answers = lambda number: number > 2

    gap = caller.next_event(stream)

    assert isinstance(gap, StreamGap)
    assert "answers no requests" in gap.reason
    streams.wait_until_asked(3)


def test_listen_key_stream_that_never_answered_is_given_up_where_another_one_does(
    streams: KeyStreams, subscribe: Callable[..., tuple[Caller, Any]]
) -> None:
    """It may have been wedged from its first moment: all since then is a gap, pongs or not."""
    streams.answers = lambda number: number > 2
    caller, stream = subscribe(pong_timeout=0.7)
    link = caller.client._core.user_data.connections()[0].serving
    assert link is not None

    gap = caller.next_event(stream)

    assert isinstance(gap, StreamGap)
    assert link.proven_at == link.dialled_at  # type: ignore[attr-defined]
    streams.wait_until_asked(3, 3)
    assert [each.state for each in caller.call(lambda client: client.health())] == ["ready"] * 2


def test_gap_is_told_when_pongs_turn_out_to_have_proven_nothing(
    streams: KeyStreams, subscribe: Callable[..., tuple[Caller, Any]], scripted: ScriptedServer
) -> None:
    """The first connection sends pongs and answers nothing, and is lost; the second one answers."""
    streams.answers = lambda number: number > 2
    began_ms = time.time_ns() // 1_000_000
    caller, stream = subscribe(pong_timeout=10)
    link = caller.client._core.user_data.connections()[0].serving
    assert isinstance(link, KeyLink)
    until(caller, lambda core: link.proven_at > link.dialled_at + 1)

    scripted.loop.call_soon_threadsafe(scripted.peers[1].cut)

    gaps: list[StreamGap] = []
    while len(gaps) < 2:
        event = caller.next_event(stream)
        gaps += [event] if isinstance(event, StreamGap) else []
    lost, doubted = gaps
    assert lost.from_ms >= began_ms + 900
    assert doubted.from_ms <= began_ms + 500
    assert doubted.until_ms >= lost.until_ms


def test_listen_key_streams_of_which_none_answers_are_left_alone(
    streams: KeyStreams, subscribe: Callable[..., tuple[Caller, Any]]
) -> None:
    """Another one is tried, each time after twice the pause: perhaps no question is answered there."""
    streams.answers = lambda number: False
    caller, stream = subscribe(pong_timeout=0.5)

    streams.wait_until_asked(4)

    (session,) = caller.client._core.user_data.connections()
    assert isinstance(session, ListenKeyUserData)
    assert session._pause_s >= 4 * 2 * 0.5
    assert len(stream) == 0


def test_a_move_away_from_a_wedged_listen_key_stream_tells_the_gap(
    dial: Dial, scripted: ScriptedServer
) -> None:
    """Its pong is no proof that it has brought all there was: it answered questions before."""

    async def start(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, {"listenKey": "listen"})

    async def names(peer: Peer, request: dict[str, Any]) -> None:
        if not (is_wedged and peer is scripted.peers[1]):
            await peer.send({"result": [], "id": request["id"]})

    is_wedged = False
    scripted.replies |= {"userDataStream.start": start, "LIST_SUBSCRIPTIONS": names}
    caller = dial(**KEY, urls=stream_urls(scripted), ping_interval=500, timeout=500)
    stream = caller.call(lambda client: client.subscribe_user_data_stream(WsKey.USDM_WSAPI))
    until(caller, lambda core: all(each.answers for each in core.user_data.connections()))
    is_wedged = True
    object.__setattr__(caller.client._runtime.options, "pong_timeout", 0.2)

    caller.call(lambda client: client.rotate(WsKey.USDM_WSAPI))

    gap = caller.next_event(stream)
    assert isinstance(gap, StreamGap)
    assert gap.lost is None


def test_market_stream_is_asked_in_silence(dial: Dial, scripted: ScriptedServer) -> None:
    async def control(peer: Peer, request: dict[str, Any]) -> None:
        if request["method"] == "SUBSCRIBE" or peer.number > 1:
            await peer.send({"result": None, "id": request["id"]})

    scripted.replies["*"] = control
    caller = dial(urls=stream_urls(scripted), ping_interval=0.05, timeout=0.5)

    stream = caller.call(lambda client: client.streams.subscribe("btcusdt@trade"))
    gap = caller.next_event(stream)

    assert isinstance(gap, StreamGap)
    assert "LIST_SUBSCRIPTIONS was not answered" in gap.reason
    assert {request["peer"] for request in scripted.seen("SUBSCRIBE")} == {1, 2}
    assert "params" not in scripted.seen("LIST_SUBSCRIPTIONS")[0]
