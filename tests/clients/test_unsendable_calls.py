"""A request that cannot be sent ends alone, at once: nobody else's call goes with it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from callers import WAIT_S, AwaitingCaller, Caller
from scripted_server import ScriptedServer

from binance_wsapi import NotSent, ParameterError, WsKey
from binance_wsapi.core.call import Call
from binance_wsapi.core.call_kind import CallKind
from binance_wsapi.response import Response
from binance_wsapi.simulator import SimulatedExchange

Dial = Callable[..., Caller]
HALF = "\ud800"


@pytest.mark.parametrize(
    ("method", "params", "problem"),
    [
        ("new.method", {HALF: 1}, "half a character"),
        ("new.method", {"x": HALF}, "half a character"),
        ("new.method", {"x": ["a", HALF]}, "half a character"),
        ("new.method", {"x": 10**5000}, "is too large"),
        ("new.method", {"x": -(2**63) - 1}, "is too small"),
        ("new.method", {5: 1}, "write '5'"),
        ("new.method", {"": 1}, "is empty"),
        ("ping", {HALF: 1}, "half a character"),
        ("ping", {"x": 2**63}, "is too large"),
        ("ping", {5: 5, "x": 1}, "write '5'"),
        (f"pi{HALF}ng", {}, "half a character"),
        ("", {}, "is empty"),
    ],
)
def test_what_has_no_place_on_the_wire_is_refused_before_it_is_sent(
    dial: Dial, scripted: ScriptedServer, method: str, params: dict[Any, Any], problem: str
) -> None:
    caller = dial()

    with pytest.raises(ParameterError, match=problem):
        caller.call(lambda client: client.request(WsKey.MAIN_WSAPI, method, params))

    assert scripted.handshakes == 0


class Outcomes:
    """Calls handed to the core past all checks, and what they ended in."""

    def __init__(self, caller: Caller) -> None:
        self._core = caller.client._core
        self._settled: dict[str, Any] = {}
        self._changed = threading.Condition()

    def submit(self, method: str, params: Mapping[str, Any]) -> None:
        def settle(outcome: Any) -> None:
            with self._changed:
                self._settled[method] = outcome
                self._changed.notify_all()

        kind = CallKind(method, None)
        call = self._core.callers_call(WsKey.MAIN_WSAPI, kind, params, settle)
        self._core.submit(call, encode_here=False)

    def wait_for(self, *methods: str) -> list[Any]:
        with self._changed:
            assert self._changed.wait_for(
                lambda: all(method in self._settled for method in methods), WAIT_S
            ), self._settled
            return [self._settled[method] for method in methods]


def test_call_that_cannot_be_encoded_takes_no_other_call_with_it(dial: Dial) -> None:
    """All of them wait for the connection, and are sent one after the other once it is there."""
    outcomes = Outcomes(dial())

    outcomes.submit("before", {})
    outcomes.submit("bad", {"x": object()})
    outcomes.submit("after", {})

    before, bad, after = outcomes.wait_for("before", "bad", "after")
    assert isinstance(before, Response)
    assert isinstance(after, Response)
    assert isinstance(bad, NotSent)
    assert bad.reason == "not encoded"


def test_call_that_cannot_be_encoded_ends_on_a_ready_connection(dial: Dial) -> None:
    caller = dial()
    caller.call(lambda client: client.connect())
    outcomes = Outcomes(caller)

    outcomes.submit("bad", {"x": object()})
    outcomes.submit("after", {})

    bad, after = outcomes.wait_for("bad", "after")
    assert isinstance(bad, NotSent)
    assert isinstance(after, Response)


def test_call_that_makes_the_session_fail_ends_alone(
    dial: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is wrong inside, somebody waits for the call, and for those behind it."""
    caller = dial()
    caller.call(lambda client: client.connect())
    session = caller.client._core.sessions.open[WsKey.MAIN_WSAPI]
    submit = session.submit

    def fail(call: Call) -> None:
        if call.kind.method == "bad":
            raise RuntimeError("a mistake of ours")
        submit(call)

    monkeypatch.setattr(session, "submit", fail)
    outcomes = Outcomes(caller)

    outcomes.submit("bad", {})
    outcomes.submit("after", {})

    bad, after = outcomes.wait_for("bad", "after")
    assert isinstance(bad, NotSent)
    assert "a mistake of ours" in str(bad)
    assert isinstance(after, Response)


def test_call_that_the_core_lets_down_ends_by_its_own_patience(
    dial: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = dial(timeout=0.1)
    monkeypatch.setattr(caller.client, "_patience", 0.1)
    monkeypatch.setattr(caller.client._core, "_drives", lambda *_: False)
    monkeypatch.setattr(caller.client._core, "_ring", lambda: None)

    with pytest.raises(NotSent, match="own thread did not answer"):
        caller.call(lambda client: client.spot.test_connectivity())


def test_later_calls_are_watched_when_earlier_ones_have_ended(
    exchange: SimulatedExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One timer serves all calls of a loop: it goes on for those that are left."""
    caller = AwaitingCaller(exchange.async_client(timeout=0.2))
    monkeypatch.setattr(caller.client, "_patience", 0.1)
    caller.call(lambda client: client.spot.test_connectivity())
    monkeypatch.setattr(caller.client._core, "_drives", lambda *_: False)
    monkeypatch.setattr(caller.client._core, "_ring", lambda: None)
    monkeypatch.setattr(caller.client._core, "take_in", lambda: None)
    monkeypatch.setattr(caller.client._core.giving_up, "_take_in", lambda: None)

    async def both(client: Any) -> Any:
        cancelled = asyncio.ensure_future(client.spot.test_connectivity())
        await asyncio.sleep(0)
        cancelled.cancel()
        return await asyncio.gather(
            client.spot.test_connectivity(),
            client.spot.get_server_time(),
            return_exceptions=True,
        )

    ended = caller.call(both)

    assert all(isinstance(each, NotSent) for each in ended)
    caller.close()


def test_interrupt_of_a_call_that_wakes_the_core_costs_later_calls_nothing(
    exchange: SimulatedExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with exchange.client(timeout=5) as client:
        client.connect()
        with monkeypatch.context() as patched:
            patched.setattr(client._core, "_drives", lambda *_: False)
            patched.setattr(client._core, "_ring", interrupted)
            with pytest.raises(KeyboardInterrupt):
                client.spot.test_connectivity()

        assert client.spot.test_connectivity().status == 200
