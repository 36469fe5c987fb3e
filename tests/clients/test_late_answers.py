"""An answer that comes after it was given up settles what became of the request, while its link lives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from callers import WAIT_S, Caller, noted
from scripted_server import Peer, ScriptedServer

from binance_wsapi import OrderRejected, OutcomeUnknown, WsKey
from binance_wsapi.markets import Market
from binance_wsapi.simulator import SimulatedExchange

Dial = Callable[..., Caller]
Held = list[tuple[Peer, dict[str, Any]]]

ORDER: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}

ALGO: dict[str, Any] = {
    "algo_type": "CONDITIONAL",
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "STOP_MARKET",
    "trigger_price": "1",
    "quantity": "1",
}

KEYED: dict[str, Any] = {
    "api_key": "key",
    "api_secret": "s" * 64,
    "mute_latency_warning": True,
    "timeout": 500,
    "resolve_timeout": 500,
}

CONNECTIONS = {
    "spot": WsKey.MAIN_WSAPI,
    "usdm": WsKey.USDM_WSAPI,
    "coinm": WsKey.COINM_WSAPI,
}

PLACING: dict[str, Callable[[Any], Any]] = {
    "spot": lambda client: client.spot.submit_new_order(**ORDER),
    "usdm": lambda client: client.usdm.submit_new_order(**ORDER),
    "coinm": lambda client: client.coinm.submit_new_order(**ORDER),
}


def place_algo(client: Any) -> Any:
    return client.usdm.submit_new_algo_order(**ALGO)


def impatient(caller: Caller, market: str) -> Caller:
    """Connect, then have calls given up at once: what is written is written by then."""
    caller.call(lambda client: client.connect(CONNECTIONS[market]))
    caller.client._runtime.call_timeout = 0.05
    return caller


@pytest.fixture
def held(scripted: ScriptedServer) -> Held:
    """Requests that wait for their answers: those that place, and the questions about them."""
    requests: Held = []

    async def hold(peer: Peer, request: dict[str, Any]) -> None:
        requests.append((peer, request))

    for method in ("order.place", "algoOrder.place", "order.status"):
        scripted.replies[method] = hold
    return requests


def answer(scripted: ScriptedServer, held: Held, **said: Any) -> None:
    """Answer what was asked first."""
    peer, request = held[0]
    scripted.run(peer.send({"id": request["id"], **said}))


@pytest.mark.parametrize("market", PLACING)
def test_a_late_success_ends_the_finding_out(
    dial: Dial, scripted: ScriptedServer, held: Held, market: str
) -> None:
    """Even while a question is under way that nobody answers."""
    caller = impatient(dial(**KEYED), market)
    placing = caller.begin(PLACING[market])
    scripted.wait_for("order.status")

    answer(scripted, held, status=200, result={"orderId": 7, "symbol": "BTCUSDT"})

    response = placing.result(WAIT_S)
    assert response.raw["result"]["orderId"] == 7
    assert response.status == 200
    assert not response.resolved, "it is the exchange's own answer"
    assert len(scripted.seen("order.place")) == 1


@pytest.mark.parametrize("market", PLACING)
def test_a_late_refusal_ends_the_finding_out(
    dial: Dial, scripted: ScriptedServer, held: Held, market: str
) -> None:
    caller = impatient(dial(**KEYED), market)
    placing = caller.begin(PLACING[market])
    scripted.wait_for("order.status")

    answer(scripted, held, status=400, error={"code": -2010, "msg": "No."})

    with pytest.raises(OrderRejected):
        placing.result(WAIT_S)


@pytest.mark.parametrize(
    "said",
    [
        {"status": 302, "result": {"orderId": 6}},
        {"status": 200, "result": None},
        {"status": 400, "error": {}},
        {"status": 503, "error": {"code": -1007, "msg": "?"}},
    ],
    ids=str,
)
def test_a_late_answer_that_says_nothing_settles_nothing(
    dial: Dial, scripted: ScriptedServer, held: Held, said: dict[str, Any]
) -> None:
    caller = impatient(dial(**KEYED), "spot")
    placing = caller.begin(PLACING["spot"])
    placed = scripted.wait_for("order.place")[0]

    async def find(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, {"orderId": 7, "time": placed["params"]["timestamp"]})

    scripted.wait_for("order.status")
    answer(scripted, held, **said)
    scripted.replies["order.status"] = find

    assert placing.result(WAIT_S).raw["result"]["orderId"] == 7


@pytest.mark.parametrize(
    "undecided",
    [
        {"status": 503, "error": {"code": -1007, "msg": "?"}},
        {"status": 302, "result": {"orderId": 6}},
        {"status": 200, "result": None},
    ],
    ids=str,
)
def test_a_success_behind_an_answer_that_says_nothing_ends_the_finding_out(
    dial: Dial, scripted: ScriptedServer, held: Held, undecided: dict[str, Any]
) -> None:
    caller = dial(**KEYED)
    placing = caller.begin(PLACING["spot"])
    scripted.wait_until(lambda: held)
    answer(scripted, held, **undecided)
    scripted.wait_for("order.status")

    answer(scripted, held, status=200, result={"orderId": 7, "symbol": "BTCUSDT"})

    response = placing.result(WAIT_S)
    assert response.raw["result"]["orderId"] == 7
    assert not response.resolved


def test_a_refusal_behind_an_answer_that_says_nothing_proves_nothing(
    dial: Dial, scripted: ScriptedServer, held: Held
) -> None:
    """The exchange may have tried it twice itself: the second refused, the first one accepted."""
    caller = dial(**KEYED)
    placing = caller.begin(PLACING["spot"])
    scripted.wait_until(lambda: held)
    _, placed = held[0]

    async def find(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, {"orderId": 7, "time": placed["params"]["timestamp"]})

    answer(scripted, held, status=503, error={"code": -1007, "msg": "?"})
    scripted.wait_until(lambda: len(held) == 2)
    scripted.replies["order.status"] = find
    answer(scripted, held, status=400, error={"code": -2010, "msg": "Duplicate order sent."})
    peer, question = held[1]
    scripted.run(find(peer, question))

    assert placing.result(WAIT_S).resolved


def test_what_was_answered_is_not_waited_for_where_nothing_can_be_asked(
    dial: Dial, scripted: ScriptedServer, held: Held
) -> None:
    caller = dial(**KEYED)
    placing = caller.begin(place_algo)
    scripted.wait_until(lambda: held)

    answer(scripted, held, status=503, error={"code": -1007, "msg": "?"})

    with pytest.raises(OutcomeUnknown, match="does not know"):
        placing.result(WAIT_S)


def test_cause_does_not_grow_with_each_look(
    dial: Dial, scripted: ScriptedServer, held: Held
) -> None:
    caller = dial(**KEYED, on_unknown_outcome="raise")
    placing = caller.begin(place_algo)
    scripted.wait_until(lambda: held)
    answer(scripted, held, status=503, error={"code": -1007, "msg": "?"})
    error = placing.exception(WAIT_S)
    assert isinstance(error, OutcomeUnknown)
    first = error.cause
    resolve = error.resolve_async if hasattr(caller, "loop") else error.resolve

    causes = []
    for _ in range(3):
        with pytest.raises(OutcomeUnknown):
            caller.call(lambda client: resolve(0.05))
        causes.append(error.cause)

    assert causes[0].startswith(f"{first}; ")
    assert set(causes) == {causes[0]}


def test_what_has_no_question_waits_for_the_late_answer(
    dial: Dial, scripted: ScriptedServer, held: Held
) -> None:
    caller = impatient(dial(**KEYED), "usdm")
    placing = caller.begin(place_algo)
    until_given_up(caller)

    answer(scripted, held, status=200, result={"algoId": 7})

    assert placing.result(WAIT_S).raw["result"]["algoId"] == 7


def test_what_has_no_question_ends_with_the_link(
    dial: Dial, scripted: ScriptedServer, held: Held
) -> None:
    caller = impatient(dial(**KEYED), "usdm")
    placing = caller.begin(place_algo)
    until_given_up(caller)

    peer, _ = held[0]
    scripted.loop.call_soon_threadsafe(peer.cut)

    with pytest.raises(OutcomeUnknown, match="may have been executed"):
        placing.result(WAIT_S)


def test_what_has_no_question_waits_for_an_event_while_user_data_is_subscribed(
    connect: Callable[..., Caller], exchange: SimulatedExchange
) -> None:
    account = exchange.create_account()
    caller = connect(account.create_key(), timeout=60, resolve_timeout=500)
    caller.call(lambda client: client.subscribe_user_data_stream(WsKey.USDM_WSAPI))
    exchange.faults.on("algoOrder.place").drop_before_acceptance()
    lost = noted(caller, "reconnected")

    placing = caller.begin(
        lambda client: client.usdm.submit_new_algo_order(**ALGO, client_algo_id="mine")
    )
    lost.wait_until(lambda events: any(each.ws_key is WsKey.USDM_WSAPI for each in events))
    assert not placing.done(), "nobody can be asked, and the event may still come"
    wire = {"algoType": "CONDITIONAL", "symbol": "BTCUSDT", "side": "BUY", "type": "STOP_MARKET"}
    account.request(
        "algoOrder.place",
        {**wire, "triggerPrice": "90000", "quantity": "0.01", "clientAlgoId": "mine"},
        market=Market.USDM,
    )

    assert placing.result(WAIT_S).resolved


def test_a_late_answer_is_what_resolving_returns_later(
    dial: Dial, scripted: ScriptedServer, held: Held
) -> None:
    caller = impatient(dial(**KEYED, on_unknown_outcome="raise"), "usdm")
    told = noted(caller, "outcome")
    with pytest.raises(OutcomeUnknown) as unknown:
        caller.call(place_algo)
    answer(scripted, held, status=200, result={"algoId": 7})
    error = unknown.value
    caller.client._runtime.call_timeout = 500
    caller.call(lambda client: client.usdm.get_session_status())  # what came before it was read

    found = caller.call(
        lambda client: error.resolve_async() if hasattr(caller, "loop") else error.resolve()
    )

    assert found.raw["result"]["algoId"] == 7
    (outcome,) = told.wait()
    assert (outcome.state, outcome.operation) == ("accepted", "algoOrder.place")
    assert caller.client.outcomes() == [outcome]


def until_given_up(caller: Caller) -> None:
    """Return when a request was given up on a link that lives."""
    core = caller.client._core

    def is_given_up() -> bool:
        links = [link for session in core.sessions.open.values() for link in session.links.values()]
        return any(link.overdue for link in links)

    while not is_given_up():
        caller.call(lambda client: client.health())
