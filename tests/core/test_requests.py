"""When a request is stamped, repeated, held or called unknown on its way out."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from callers import WAIT_S, Caller
from scripted_server import Peer, ScriptedServer

from binance_wsapi import (
    ConnectionLost,
    InvalidTimestamp,
    NotSent,
    OutcomeUnknown,
    RequestTimeout,
    WsKey,
)
from binance_wsapi.core import outbox
from binance_wsapi.core import session as session_module

Dial = Callable[..., Caller]

SIGNED: dict[str, Any] = {
    "api_key": "key",
    "api_secret": "s" * 64,
    "mute_latency_warning": True,
    "timeout": 500,
}
ORDER: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}


def order(client: Any, **more: Any) -> Any:
    return client.request(WsKey.MAIN_WSAPI, "order.place", {**ORDER, **more})


@contextmanager
def core_stands_still(caller: Caller, then: Callable[[], object] = lambda: None) -> Iterator[None]:
    """What is handed in meanwhile is taken in afterwards, and after ``then``."""
    stands, goes_on = threading.Event(), threading.Event()

    def stand() -> None:
        stands.set()
        goes_on.wait(WAIT_S)
        then()

    caller.client._runtime.loop.call_soon_threadsafe(stand)
    assert stands.wait(WAIT_S)
    try:
        yield
    finally:
        goes_on.set()


def handed_in(caller: Caller, work: Callable[[Any], Any]) -> Any:
    """Begin a call while the core stands still, and return once it is signed and handed in."""
    calls: list[Any] = []
    submitted = threading.Event()
    core = caller.client._core
    submit = core.submit

    def watched(call: Any, **more: Any) -> None:
        submit(call, **more)
        calls.append(call)
        submitted.set()

    core.submit = watched  # type: ignore[method-assign]
    waiting = caller.begin(work)
    assert submitted.wait(WAIT_S)
    core.submit = submit  # type: ignore[method-assign]
    assert calls[0].frame is not None
    return waiting


def session_of(caller: Caller) -> Any:
    return caller.client._core.sessions.open[WsKey.MAIN_WSAPI]


def connected(dial: Dial, **options: Any) -> Caller:
    caller = dial(**SIGNED, **options)
    caller.call(lambda client: client.connect())
    return caller


def test_request_that_had_to_wait_is_stamped_anew(
    dial: Dial, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "STALE_AFTER_S", 0.02)
    caller = connected(dial)
    with core_stands_still(caller):
        waiting = handed_in(caller, order)
        made_ms = int(time.time() * 1000)
        while time.time() * 1000 < made_ms + 50:
            pass

    waiting.result(WAIT_S)
    (sent,) = scripted.seen("order.place")
    assert sent["params"]["timestamp"] >= made_ms + 20


def test_request_signed_for_another_logon_is_written_anew(
    dial: Dial, scripted: ScriptedServer
) -> None:
    """The key was logged on between the signing and the write: no signature is needed any more."""
    caller = connected(dial)
    session = session_of(caller)
    log_on = partial(session.logon.set_logged_on, session.serving, logged_on=True)
    with core_stands_still(caller, then=log_on):
        waiting = handed_in(caller, order)

    waiting.result(WAIT_S)
    (sent,) = scripted.seen("order.place")
    assert "signature" not in sent["params"]


def test_time_of_the_callers_own_is_not_replaced(dial: Dial, scripted: ScriptedServer) -> None:
    async def stale(peer: Peer, request: dict[str, Any]) -> None:
        await peer.refuse(request, -1021, "Timestamp outside of recvWindow.")

    scripted.replies["order.place"] = stale
    caller = connected(dial)

    with pytest.raises(InvalidTimestamp):
        caller.call(lambda client: order(client, timestamp=1_700_000_000_000))

    (sent,) = scripted.seen("order.place")
    assert sent["params"]["timestamp"] == 1_700_000_000_000


async def cuts(peer: Peer, request: dict[str, Any]) -> None:
    peer.cut()


def test_read_that_was_lost_is_told_where_that_was_chosen(
    dial: Dial, scripted: ScriptedServer
) -> None:
    scripted.replies["depth"] = cuts
    caller = connected(dial, on_unknown_outcome="raise")

    with pytest.raises(ConnectionLost):
        caller.call(lambda client: client.spot.get_order_book(symbol="BTCUSDT"))

    caller.call(lambda client: client.spot.test_connectivity())
    assert len(scripted.seen("depth")) == 1


@pytest.mark.parametrize("method", ["session.status", "userDataStream.subscribe", "no.such"])
def test_what_belongs_to_its_connection_is_not_repeated_on_another(
    dial: Dial, scripted: ScriptedServer, method: str
) -> None:
    scripted.replies[method] = cuts
    caller = connected(dial)

    with pytest.raises(ConnectionLost):
        caller.call(lambda client: client.request(WsKey.MAIN_WSAPI, method, {}))

    caller.call(lambda client: client.spot.test_connectivity())
    assert len(scripted.seen(method)) == 1


def test_limit_that_lasts_longer_than_the_call_may_is_told_at_once(
    dial: Dial, scripted: ScriptedServer
) -> None:
    async def too_many(peer: Peer, request: dict[str, Any]) -> None:
        data = {"retryAfter": int((time.time() + 3600) * 1000)}
        error = {"code": -1003, "msg": "Too many requests.", "data": data}
        await peer.send({"id": request["id"], "status": 429, "error": error})

    scripted.replies["ping"] = too_many
    caller = dial(**{**SIGNED, "timeout": 100}, on_rate_limit="wait")
    caller.call(lambda client: client.connect())
    with pytest.raises(Exception, match="Too many"):
        caller.call(lambda client: client.spot.test_connectivity())

    with pytest.raises(NotSent) as ended:
        caller.call(order)

    assert ended.value.reason == "limit"
    assert ended.value.retry_after is not None
    assert ended.value.retry_after > 100


def test_write_that_fails_in_an_unforeseen_way_may_have_been_sent(
    dial: Dial, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = connected(dial, on_unknown_outcome="raise")

    def fail(frame: bytes) -> None:
        raise RuntimeError("half of it is out")

    monkeypatch.setattr(session_of(caller).serving, "write", fail)

    with pytest.raises(ConnectionLost, match="could not be written"):
        caller.call(order)


def test_write_that_did_not_happen_weighs_nothing(
    dial: Dial, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = connected(dial)
    serving = session_of(caller).serving
    tried = threading.Event()

    def fail(frame: bytes) -> None:
        tried.set()
        raise ConnectionResetError

    def used() -> list[int]:
        return [usage.count for usage in caller.call(lambda client: client.rate_limits)["spot"]]

    before = used()
    with monkeypatch.context() as patched:
        patched.setattr(serving, "write", fail)
        waiting = caller.begin(lambda client: client.spot.get_order_book(symbol="BTCUSDT"))
        assert tried.wait(WAIT_S)
        assert used() == before
    session = session_of(caller)
    session.runtime.loop.call_soon_threadsafe(session.writable, serving)

    waiting.result(WAIT_S)
    assert len(scripted.seen("depth")) == 1


async def swallows(peer: Peer, request: dict[str, Any]) -> None:
    """Say nothing."""


def test_call_ends_in_time_though_looking_after_its_connection_failed(
    dial: Dial, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault at one thing that is due must not cost the others their time."""
    scripted.replies["depth"] = swallows
    monkeypatch.setattr(session_module, "LOOK_AGAIN_S", 0.01)
    caller = dial(**{**SIGNED, "timeout": 0.5}, on_unknown_outcome="raise")
    caller.call(lambda client: client.connect())
    failures: list[float] = []

    def fail_at_the_deadline(now: float) -> None:
        if not failures:
            failures.append(now)
            raise RuntimeError("a fault of the library")

    monkeypatch.setattr(session_of(caller).logon, "keep_clock_fresh", fail_at_the_deadline)

    with pytest.raises(RequestTimeout) as ended:
        caller.call(lambda client: client.spot.get_order_book(symbol="BTCUSDT"))

    assert failures
    assert ended.value.cause == "no answer in time"


def test_call_whose_finding_out_is_cancelled_before_its_first_step_ends(
    dial: Dial, scripted: ScriptedServer
) -> None:
    """The connection is lost in the very moment in which the client is closed."""
    scripted.replies["order.place"] = swallows
    caller = connected(dial)
    waiting = caller.begin(order)
    scripted.wait_for("order.place")
    session = session_of(caller)

    async def lose_and_end() -> None:
        session.lose(session.serving, "cut")
        await session.runtime.cancel_tasks()

    session.runtime.run(lose_and_end).result(WAIT_S)

    with pytest.raises(OutcomeUnknown, match="cut"):
        waiting.result(WAIT_S)


def test_what_becomes_of_requests_is_logged_for_who_looks(
    dial: Dial, scripted: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    scripted.replies["depth"] = cuts
    scripted.replies["order.place"] = cuts
    caller = connected(dial)
    with caplog.at_level(logging.DEBUG, "binance_wsapi.session"):
        waiting = caller.begin(lambda client: client.spot.get_order_book(symbol="BTCUSDT"))
        scripted.wait_for("depth")
        del scripted.replies["depth"]
        waiting.result(WAIT_S)
        waiting = caller.begin(order)
        scripted.wait_for("order.place")
        caller.call(lambda client: client.spot.test_connectivity())

    for told in (
        "depth .* is repeated",
        "depth .* waits for a link",
        "order.place .* is left open: ",
    ):
        assert re.search(told, caplog.text)
    assert SIGNED["api_secret"] not in caplog.text


def depth_then_order(caller: Caller, scripted: ScriptedServer) -> list[Any]:
    """Begin two calls that nobody answers."""
    scripted.replies["depth"] = scripted.replies["order.place"] = swallows
    waiting = [caller.begin(lambda client: client.spot.get_order_book(symbol="BTCUSDT"))]
    scripted.wait_for("depth")
    waiting.append(caller.begin(order))
    scripted.wait_for("order.place")
    return waiting


def test_fault_at_one_lost_answer_leaves_no_other_call_waiting(
    dial: Dial, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a fault of the library")

    caller = connected(dial, on_unknown_outcome="raise")
    waiting = depth_then_order(caller, scripted)
    session = session_of(caller)
    monkeypatch.setattr(session._lost_answers, "begin", fail)

    session.runtime.loop.call_soon_threadsafe(session.lose, session.serving, "cut")

    for call in waiting:
        with pytest.raises(ConnectionLost, match="cut"):
            call.result(WAIT_S)
    monkeypatch.undo()
    assert caller.call(lambda client: client.spot.test_connectivity()).status == 200


def test_fault_at_lost_user_data_leaves_no_call_waiting(
    dial: Dial, scripted: ScriptedServer
) -> None:
    class Faulty:
        def lost(self, link: object, reason: str) -> None:
            session.subscriptions.remove(self)
            raise RuntimeError("a fault of the library")

    caller = connected(dial, on_unknown_outcome="raise")
    waiting = depth_then_order(caller, scripted)
    session = session_of(caller)
    session.subscriptions.append(Faulty())

    session.runtime.loop.call_soon_threadsafe(session.lose, session.serving, "cut")

    for call in waiting:
        with pytest.raises(ConnectionLost, match="cut"):
            call.result(WAIT_S)
    assert caller.call(lambda client: client.spot.test_connectivity()).status == 200
