"""What comes over the wire: malformed frames, doubled and foreign answers, floods; nothing hangs or dies."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest
from callers import WAIT_S, Caller, noted
from scripted_server import Peer, ScriptedServer

from binance_wsapi import OutcomeUnknown, RateLimited, RequestRejected, UnreadableResult, WsKey
from binance_wsapi.core.loop_thread import THREAD_NAME
from binance_wsapi.models.base import UnknownEvent
from binance_wsapi.simulator import SimulatedExchange

Dial = Callable[..., Caller]
Connect = Callable[..., Caller]

MALFORMED: list[Any] = [
    "",
    "{",
    "null",
    "[]",
    "5",
    '"text"',
    b"\xff\xfe\x00",
    b"{}",
    "{}",
    '{"id": [1], "status": 200}',
    '{"id": "x", "status": "fine"}',
    '{"id": "x", "status": 99999999999999999999}',
    '{"id": null, "status": 400, "error": {"code": -1102, "msg": "No."}}',
    '{"id": null, "status": 400, "error": "broken"}',
    '{"subscriptionId": 0, "event": 5}',
    '{"subscriptionId": 0, "event": {"e": 5}}',
    '{"subscriptionId": "zero", "event": {"e": "balanceUpdate"}}',
    '{"event": {"e": ["serverShutdown"]}}',
    '{"event": {"e": "novelEvent"}}',
    '{"event": null}',
    '{"subscriptionId": 7}',
    "[" * 10_000,
]


@pytest.mark.parametrize("frame", MALFORMED, ids=lambda frame: repr(frame)[:40])
def test_malformed_frame_neither_ends_the_connection_nor_a_call(
    dial: Dial, scripted: ScriptedServer, frame: Any
) -> None:
    async def spoil(peer: Peer, request: dict[str, Any]) -> None:
        await peer.send(frame)
        await peer.answer(request, {})

    scripted.replies["ping"] = spoil
    caller = dial()

    for _ in range(2):
        assert caller.call(lambda client: client.spot.test_connectivity()).status == 200

    assert scripted.handshakes == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"status": "fine", "result": {}},
        {"status": 400, "error": "No."},
        {"status": 400, "error": {"code": "-1102", "msg": "No."}},
        {"status": 200, "result": {}, "subscriptionId": "zero"},
    ],
    ids=str,
)
def test_answer_in_a_broken_envelope_settles_its_call_at_once(
    dial: Dial, scripted: ScriptedServer, broken: dict[str, Any]
) -> None:
    """No other answer will come: waiting for the timeout would tell nothing more."""

    async def spoil(peer: Peer, request: dict[str, Any]) -> None:
        await peer.send({"id": request["id"], **broken})

    scripted.replies["ping"] = scripted.replies["novel.change"] = spoil
    caller = dial(timeout=500)

    with pytest.raises(UnreadableResult, match="cannot be read") as read:
        caller.call(lambda client: client.spot.test_connectivity())
    with pytest.raises(OutcomeUnknown, match="cannot be read"):
        caller.call(lambda client: client.request(WsKey.MAIN_WSAPI, "novel.change"))

    assert read.value.raw
    assert scripted.handshakes == 1


def test_frame_that_is_no_json_is_reported(dial: Dial, scripted: ScriptedServer) -> None:
    async def spoil(peer: Peer, request: dict[str, Any]) -> None:
        await peer.send("{")
        await peer.answer(request, {})

    scripted.replies["ping"] = spoil
    caller = dial()
    told = noted(caller, "exception")
    caller.call(lambda client: client.spot.test_connectivity())

    (event,) = told.wait()
    assert event.ws_key is WsKey.MAIN_WSAPI
    assert "malformed frame" in event.reason


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 200, "result": {}, "rateLimits": 5},
        {"status": 200, "result": {}, "rateLimits": [{"limit": "x"}]},
        {"status": 200, "result": {}, "rateLimits": None},
        {"status": 200, "result": None},
        {"status": 200, "result": {}, "error": None},
    ],
    ids=str,
)
def test_odd_answer_settles_its_call(
    dial: Dial, scripted: ScriptedServer, answer: dict[str, Any]
) -> None:
    async def reply(peer: Peer, request: dict[str, Any]) -> None:
        await peer.send({"id": request["id"], **answer})

    scripted.replies["ping"] = reply
    caller = dial(timeout=500)

    for _ in range(2):
        got = caller.call(lambda client: client.spot.test_connectivity())
        assert got.raw.get("result") == answer.get("result")
    assert scripted.handshakes == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": 400, "error": {"code": -1, "msg": "No.", "data": 5}}, RequestRejected),
        ({"status": 429, "error": {"code": -1003, "data": {"retryAfter": "x"}}}, RequestRejected),
        ({"status": 400, "error": {"code": -1}, "rateLimits": [1]}, RequestRejected),
        ({"status": 500}, OutcomeUnknown),
        ({"status": 503, "error": {"code": -1000, "msg": "?"}, "rateLimits": "x"}, OutcomeUnknown),
    ],
    ids=str,
)
def test_odd_refusal_settles_its_call(
    dial: Dial, scripted: ScriptedServer, answer: dict[str, Any], error: type[Exception]
) -> None:
    async def reply(peer: Peer, request: dict[str, Any]) -> None:
        await peer.send({"id": request["id"], **answer})

    scripted.replies["order.novel"] = reply
    caller = dial(timeout=500, on_unknown_outcome="raise")

    with pytest.raises(error):
        caller.call(lambda client: client.request(WsKey.MAIN_WSAPI, "order.novel"))

    assert scripted.handshakes == 1


NO_ANSWERS: list[dict[str, Any]] = [
    {},
    {"result": {}},
    {"status": 0, "result": {}},
    {"status": -5, "result": {}},
    {"status": 101, "result": {}},
    {"status": 201, "result": {}},
    {"status": 204, "result": None},
    {"status": 302, "result": {}},
    {"status": 200},
    {"status": 200, "result": {}, "error": {"code": -2010, "msg": "No."}},
    {"status": 200, "error": {"code": -2010, "msg": "No."}},
    {"status": 302, "error": {"code": -2010, "msg": "No."}},
    {"error": {"code": -2010, "msg": "No."}},
    {"status": 400},
    {"status": 400, "result": {}},
    {"status": 400, "error": None},
    {"status": 400, "error": {}},
    {"status": 400, "error": {"msg": "No."}},
]
"""Neither a success (200 and a result) nor an error in so many words."""

ORDER: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}

PLACING: dict[str, Callable[[Any], Any]] = {
    "spot": lambda client: client.spot.submit_new_order(**ORDER),
    "usdm": lambda client: client.usdm.submit_new_order(**ORDER),
    "coinm": lambda client: client.coinm.submit_new_order(**ORDER),
}

READING: dict[str, Callable[[Any], Any]] = {
    "spot": lambda client: client.spot.get_order_status(symbol="BTCUSDT", order_id=7),
    "usdm": lambda client: client.usdm.get_order_status(symbol="BTCUSDT", order_id=7),
    "coinm": lambda client: client.coinm.get_order_status(symbol="BTCUSDT", order_id=7),
}


@pytest.mark.parametrize("market", PLACING)
def test_what_is_no_answer_leaves_the_outcome_of_an_order_unknown(
    dial: Dial, scripted: ScriptedServer, market: str
) -> None:
    """And tells a read nothing it could return. Status 429 and 418 are heeded all the same."""
    said: dict[str, Any] = {}

    async def reply(peer: Peer, request: dict[str, Any]) -> None:
        await peer.send({"id": request["id"], **said})

    scripted.replies["order.place"] = scripted.replies["order.status"] = reply
    caller = dial(
        api_key="key",
        api_secret="s" * 64,
        timeout=500,
        on_unknown_outcome="raise",
        mute_latency_warning=True,
    )

    for answer in (*NO_ANSWERS, {"status": 200, "result": None}, {"status": 429}):
        said.clear()
        said.update(answer)
        with pytest.raises(OutcomeUnknown, match="may have been executed") as unknown:
            caller.call(PLACING[market])
        assert unknown.value.client_order_id, answer
        if answer in NO_ANSWERS:
            with pytest.raises(UnreadableResult, match="cannot be read"):
                caller.call(READING[market])

    assert scripted.handshakes == 1


def test_what_is_no_answer_has_the_order_asked_for(dial: Dial, scripted: ScriptedServer) -> None:
    async def odd(peer: Peer, request: dict[str, Any]) -> None:
        await peer.send({"id": request["id"], "status": 302, "result": {"orderId": 666}})

    async def show(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, {"orderId": 7, "time": request["params"]["timestamp"]})

    scripted.replies["order.place"] = odd
    scripted.replies["order.status"] = show
    caller = dial(api_key="key", api_secret="s" * 64, mute_latency_warning=True, timeout=500)

    answer = caller.call(PLACING["spot"])

    assert answer.resolved
    assert answer.raw["result"]["orderId"] == 7


def test_a_read_refused_by_a_bare_429_is_told_so(dial: Dial, scripted: ScriptedServer) -> None:
    async def refuse(peer: Peer, request: dict[str, Any]) -> None:
        await peer.send({"id": request["id"], "status": 429})

    scripted.replies["ping"] = refuse

    with pytest.raises(RateLimited):
        dial().call(lambda client: client.spot.test_connectivity())


def test_a_doubled_refusal_of_the_first_sending_settles_nothing_of_the_second(
    dial: Dial, scripted: ScriptedServer
) -> None:
    """Refused for its time, an order is stamped anew; then the refusal comes once more."""
    sent: list[dict[str, Any]] = []

    async def refuse_twice(peer: Peer, request: dict[str, Any]) -> None:
        sent.append(request)
        if len(sent) == 1:
            await peer.refuse(request, -1021)
        else:
            await peer.refuse(sent[0], -1021)
            await peer.refuse(sent[0], -2010)
            await peer.answer(request, {"orderId": 7})

    scripted.replies["order.place"] = refuse_twice
    caller = dial(api_key="key", api_secret="s" * 64, mute_latency_warning=True, timeout=500)

    answer = caller.call(PLACING["spot"])

    assert answer.raw["result"] == {"orderId": 7}
    assert len(sent) == 2
    assert answer.id == sent[1]["id"] != sent[0]["id"]
    assert sent[0]["params"]["newClientOrderId"] == sent[1]["params"]["newClientOrderId"]


def test_a_read_asked_again_goes_by_another_id(dial: Dial, scripted: ScriptedServer) -> None:
    asked: list[dict[str, Any]] = []

    async def cut_first(peer: Peer, request: dict[str, Any]) -> None:
        asked.append(request)
        if len(asked) == 1:
            peer.cut()
        else:
            await peer.answer(request, {})

    scripted.replies["ping"] = cut_first

    answer = dial(timeout=500).call(lambda client: client.spot.test_connectivity())

    assert answer.id == asked[1]["id"] != asked[0]["id"]


class FaultyRoundTrips(deque[float]):
    """Fails at the next answer, whoever takes it: what a caller fails at, the core's thread tries again."""

    is_sound = False

    def append(self, round_trip: float, /) -> None:
        if not self.is_sound:
            self.is_sound = threading.current_thread().name == THREAD_NAME
            raise RuntimeError("a fault of the library")
        super().append(round_trip)


def fail_at_the_next_answer(caller: Caller) -> None:
    session: Any = caller.client._core.sessions.open[WsKey.MAIN_WSAPI]
    session._answers.round_trips = FaultyRoundTrips()


def test_answer_that_cannot_be_taken_in_is_an_unknown_outcome(
    dial: Dial, scripted: ScriptedServer
) -> None:
    """Whatever goes wrong with an answer in here, its call ends."""
    caller = dial(timeout=500)
    caller.call(lambda client: client.spot.test_connectivity())
    told = noted(caller, "exception")
    fail_at_the_next_answer(caller)

    with pytest.raises(OutcomeUnknown) as unknown:
        caller.call(lambda client: client.spot.test_connectivity())

    assert unknown.value.cause == "the answer could not be taken in"
    assert isinstance(told.wait()[0].error, RuntimeError)
    assert caller.call(lambda client: client.spot.test_connectivity()).status == 200


def test_order_whose_answer_cannot_be_taken_in_is_found_out(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect()
    caller.call(lambda client: client.spot.test_connectivity())
    fail_at_the_next_answer(caller)

    response = caller.call(
        lambda client: client.spot.submit_new_order(
            symbol="BTCUSDT",
            side="BUY",
            type="LIMIT",
            time_in_force="GTC",
            price="60000",
            quantity="0.01",
        )
    )

    assert response.resolved
    assert len(exchange.journal.requests("order.place")) == 1


def test_answer_that_comes_twice_settles_once(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect()
    exchange.faults.on("ping").duplicate_answer(times=3)

    for _ in range(4):
        assert caller.call(lambda client: client.spot.test_connectivity()).status == 200


def book_of(symbol: str) -> Callable[[Any], Any]:
    return lambda client: client.spot.get_order_book(symbol=symbol)


def test_answers_out_of_order_reach_their_own_calls(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect()
    caller.call(lambda client: client.connect())
    exchange.faults.on("depth").reorder_answers(3)
    symbols = ["BTCUSDT", "ETHUSDT", "BNBUSDT"]
    calls = [caller.begin(book_of(symbol)) for symbol in symbols]

    for call, symbol in zip(calls, symbols, strict=True):
        answer = call.result(WAIT_S)
        (asked,) = [
            frame
            for frame in exchange.journal.requests("depth")
            if frame.payload["id"] == answer.id
        ]
        assert asked.params["symbol"] == symbol


def test_binary_frames_are_read_like_text(dial: Dial, scripted: ScriptedServer) -> None:
    async def reply(peer: Peer, request: dict[str, Any]) -> None:
        await peer.send(b'{"id":"%s","status":200,"result":{}}' % request["id"].encode())

    scripted.replies["ping"] = reply

    assert dial().call(lambda client: client.spot.test_connectivity()).result is not None


def test_event_of_no_known_kind_reaches_the_consumer(dial: Dial, scripted: ScriptedServer) -> None:
    odd = [{"e": "novelEvent", "x": 1}, {"e": 5}, {"no": "type"}, {"e": "balanceUpdate", "d": []}]

    async def subscribe(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, {"subscriptionId": 0})
        for event in odd:
            await peer.send({"subscriptionId": 0, "event": event})

    scripted.replies["userDataStream.subscribe.signature"] = subscribe
    caller = dial(api_key="key", api_secret="s" * 64, mute_latency_warning=True)
    told = noted(caller, "user_data")
    stream = caller.call(lambda client: client.subscribe_user_data_stream())

    events = [caller.next_event(stream) for _ in odd]

    assert all(isinstance(event, UnknownEvent) for event in events)
    assert len(told.wait(4)) == 4


@pytest.mark.parametrize("result", [{}, {"subscriptionId": "zero"}, None])
def test_subscription_without_an_id_is_an_error_and_not_a_silent_stream(
    dial: Dial, scripted: ScriptedServer, result: object
) -> None:
    async def subscribe(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, result)

    scripted.replies["userDataStream.subscribe.signature"] = subscribe
    caller = dial(api_key="key", api_secret="s" * 64, mute_latency_warning=True, timeout=500)

    with pytest.raises(UnreadableResult):
        caller.call(lambda client: client.subscribe_user_data_stream())


@pytest.mark.parametrize("result", [{}, None, [], {"serverTime": "noon"}])
def test_server_time_that_is_none_does_not_keep_the_connection_from_serving(
    dial: Dial, scripted: ScriptedServer, result: object
) -> None:
    async def reply(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, result)

    scripted.replies["time"] = reply
    caller = dial(api_key="key", api_secret="s" * 64, mute_latency_warning=True, timeout=500)

    assert caller.call(lambda client: client.spot.get_account_information()).status == 200
    assert scripted.handshakes == 1


def test_large_answer_arrives_whole(dial: Dial, scripted: ScriptedServer) -> None:
    """A full ``exchangeInfo`` is some megabytes."""
    rows = [{"number": number, "text": "x" * 1000} for number in range(5000)]

    async def reply(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, rows)

    scripted.replies["novel.large"] = reply

    answer = dial().call(lambda client: client.request(WsKey.MAIN_WSAPI, "novel.large"))

    assert answer.result == rows
