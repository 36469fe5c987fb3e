"""A call that its caller gives up: unsent it stays unsent, and what was sent is not lost from sight."""

from __future__ import annotations

import asyncio
import itertools
import logging
import sys
import threading
import time
import types
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import anyio
import pytest
from aiohttp import web
from callers import WAIT_S, AwaitingCaller, Caller, noted
from giving_up import given_up_when
from scripted_server import Peer, ScriptedServer

from binance_wsapi import (
    AsyncClient,
    CallOutcome,
    Client,
    NotSent,
    OutcomeUnknown,
    RequestTimeout,
    Response,
    WsKey,
    given_up,
)
from binance_wsapi.core.waiter import Waiter

Dial = Callable[..., Caller]
Work = Callable[[Any], Any]

SIGNED: dict[str, Any] = {
    "api_key": "key",
    "api_secret": "s" * 64,
    "mute_latency_warning": True,
    "timeout": 500,
    "connect_timeout": 500,
}

NOTHING_SENT = "nothing was sent, and nothing will be"


def order(client: Any, client_order_id: str = "mine") -> Any:
    return client.spot.submit_new_order(
        symbol="BTCUSDT",
        side="BUY",
        type="MARKET",
        quantity="1",
        new_client_order_id=client_order_id,
    )


def futures_order(client: Any) -> Any:
    return client.usdm.submit_new_order(
        symbol="BTCUSDT", side="BUY", type="MARKET", quantity="1", new_client_order_id="mine"
    )


def placed(request: dict[str, Any]) -> dict[str, Any]:
    params = request["params"]
    now = int(time.time() * 1000)
    return {
        "symbol": params["symbol"],
        "orderId": 7,
        "clientOrderId": params.get("newClientOrderId", params.get("origClientOrderId")),
        "transactTime": now,
        "time": now,
        "updateTime": now,
        "status": "FILLED",
        "type": "MARKET",
        "side": "BUY",
        "origQty": "1",
        "executedQty": "1",
        "price": "0",
        "timeInForce": "GTC",
    }


class Gate:
    """Holds something up on the server until it is opened."""

    def __init__(self, server: ScriptedServer) -> None:
        self._server = server
        self._opened = asyncio.Event()

    async def passed(self) -> None:
        await self._opened.wait()

    def open(self) -> None:
        self._server.loop.call_soon_threadsafe(self._opened.set)


@pytest.fixture
def gate(scripted: ScriptedServer) -> Iterator[Gate]:
    made = Gate(scripted)
    yield made
    made.open()


@pytest.fixture
def offline(scripted: ScriptedServer, gate: Gate) -> Gate:
    """No handshake is answered until the gate is opened."""

    async def hold(request: web.Request) -> web.StreamResponse | None:
        await gate.passed()
        return None

    scripted.handshake = hold
    return gate


def never_sent(caller: Caller, server: ScriptedServer, method: str = "order.place") -> bool:
    """Whether nothing was sent, though a call made later was."""
    caller.call(lambda client: client.spot.test_connectivity())
    return not server.seen(method)


def is_unsent(error: BaseException, caller: Caller, operation: str = "order.place") -> bool:
    found = given_up(error)
    assert found is not None
    assert (found.operation, found.client_order_id, found.written) == (operation, "mine", False)
    assert any("mine" in note and NOTHING_SENT in note for note in error.__notes__)
    (told,) = caller.client.outcomes()
    assert (told.state, told.client_order_id, told.operation) == ("not sent", "mine", operation)
    assert isinstance(told.error, NotSent)
    return True


def session_of(caller: Caller) -> Any:
    return caller.client._core.sessions.open[WsKey.MAIN_WSAPI]


# Before the write


def test_unsent_while_not_connected(dial: Dial, scripted: ScriptedServer, offline: Gate) -> None:
    caller = dial(**SIGNED)

    error = given_up_when(lambda: scripted.wait_until(lambda: scripted.handshakes), caller, order)

    assert is_unsent(error, caller)
    offline.open()
    assert never_sent(caller, scripted)


def test_unsent_on_futures(dial: Dial, scripted: ScriptedServer, offline: Gate) -> None:
    caller = dial(**SIGNED)

    error = given_up_when(
        lambda: scripted.wait_until(lambda: scripted.handshakes), caller, futures_order
    )

    assert is_unsent(error, caller)
    offline.open()
    caller.call(lambda client: client.usdm.get_symbol_price_ticker(symbol="BTCUSDT"))
    assert not scripted.seen("order.place")


def test_nothing_is_kept_for_it(dial: Dial, scripted: ScriptedServer, offline: Gate) -> None:
    caller = dial(**SIGNED)

    given_up_when(lambda: scripted.wait_until(lambda: scripted.handshakes), caller, order)

    (health,) = caller.call(lambda client: client.health())
    assert (health.waiting, health.pending) == (0, 0)


def test_unsent_while_a_limit_holds_it(dial: Dial, scripted: ScriptedServer) -> None:
    """It leaves its place, and the timer that would have let it go."""

    async def too_many(peer: Peer, request: dict[str, Any]) -> None:
        del scripted.replies["ping"]
        data = {"retryAfter": int((time.time() + 1) * 1000)}
        error = {"code": -1003, "msg": "Too many requests.", "data": data}
        await peer.send({"id": request["id"], "status": 429, "error": error})

    scripted.replies["ping"] = too_many
    caller = dial(**SIGNED, on_rate_limit="wait")
    caller.call(lambda client: client.connect())
    with pytest.raises(Exception, match="Too many"):
        caller.call(lambda client: client.spot.test_connectivity())
    session = session_of(caller)
    timers: list[Any] = []

    def held() -> None:
        until(lambda: session._outbox._held)
        timers.extend(session._outbox._held.values())

    error = given_up_when(held, caller, order)

    assert is_unsent(error, caller)
    caller.call(lambda client: client.health())
    (timer,) = timers
    assert timer.cancelled()
    assert not caller.call(lambda client: client.health())[0].waiting
    assert never_sent(caller, scripted)


def until(holds: Callable[[], object]) -> None:
    """Wait for what no event tells."""
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)


class SlowSigner:
    """Signs only when it is let."""

    def __init__(self) -> None:
        from binance_wsapi import KeyType

        self.key_type = KeyType.HMAC
        self.asked = threading.Event()
        self.may_sign = threading.Event()

    def sign(self, payload: bytes) -> str:
        self.asked.set()
        assert self.may_sign.wait(WAIT_S)
        return "0" * 64


def test_unsent_while_it_is_being_signed(dial: Dial, scripted: ScriptedServer) -> None:
    signer = SlowSigner()
    caller = dial(**{**SIGNED, "api_secret": None, "signer": signer})
    caller.call(lambda client: client.connect())

    error = given_up_when(lambda: signer.asked.wait(WAIT_S), caller, order)

    assert is_unsent(error, caller)
    signer.may_sign.set()
    # Signed elsewhere as well, and behind it.
    caller.call(lambda client: client.spot.get_account_information())
    assert not scripted.seen("order.place")


def test_not_sent_again_while_the_clock_is_measured(
    dial: Dial, scripted: ScriptedServer, gate: Gate
) -> None:
    async def stale(peer: Peer, request: dict[str, Any]) -> None:
        scripted.replies["time"] = slow_time
        await peer.refuse(request, -1021, "Timestamp outside of recvWindow.")

    async def slow_time(peer: Peer, request: dict[str, Any]) -> None:
        await gate.passed()
        await peer.answer(request, {"serverTime": int(time.time() * 1000)})

    scripted.replies["order.place"] = stale
    caller = dial(**SIGNED)
    caller.call(lambda client: client.connect())

    error = given_up_when(lambda: scripted.wait_for("time", 2), caller, order)

    found = given_up(error)
    assert found is not None
    assert not found.written
    assert any("refused it for its timestamp" in note for note in error.__notes__)
    gate.open()
    caller.call(lambda client: client.spot.test_connectivity())
    assert len(scripted.seen("order.place")) == 1


def test_read_that_was_lost_is_not_asked_again(
    dial: Dial, scripted: ScriptedServer, gate: Gate
) -> None:
    async def cut(peer: Peer, request: dict[str, Any]) -> None:
        async def hold(_: web.Request) -> web.StreamResponse | None:
            await gate.passed()
            return None

        scripted.handshake = hold
        peer.cut()

    scripted.replies["depth"] = cut
    caller = dial(**SIGNED)
    caller.call(lambda client: client.connect())

    error = given_up_when(
        lambda: scripted.wait_until(lambda: scripted.handshakes == 2),
        caller,
        lambda client: client.spot.get_order_book(symbol="BTCUSDT"),
    )

    found = given_up(error)
    assert found is not None
    assert found.client_order_id is None
    gate.open()
    caller.call(lambda client: client.spot.test_connectivity())
    assert len(scripted.seen("depth")) == 1
    assert caller.client.outcomes() == []


def test_read_that_is_lost_after_it_was_given_up_is_not_asked_again(
    dial: Dial, scripted: ScriptedServer, gate: Gate
) -> None:
    async def late(peer: Peer, request: dict[str, Any]) -> None:
        await gate.passed()
        peer.cut()

    scripted.replies["depth"] = late
    caller = dial(**SIGNED)
    given_up_when(
        lambda: scripted.wait_for("depth"),
        caller,
        lambda client: client.spot.get_order_book(symbol="BTCUSDT"),
    )

    gate.open()
    scripted.wait_until(lambda: scripted.handshakes == 2)

    caller.call(lambda client: client.spot.test_connectivity())
    assert len(scripted.seen("depth")) == 1


def test_unsent_when_the_clients_own_thread_hangs(dial: Dial, scripted: ScriptedServer) -> None:
    """The longest wait is over: it is withdrawn, and may be repeated."""
    caller = dial(**SIGNED)
    caller.call(lambda client: client.connect())
    caller.client._runtime.call_timeout = caller.client._patience = 0.01
    hangs, goes_on = threading.Event(), threading.Event()

    def hang() -> None:
        hangs.set()
        goes_on.wait(2 * WAIT_S)

    caller.client._runtime.loop.call_soon_threadsafe(hang)
    hangs.wait(WAIT_S)

    with pytest.raises(NotSent, match="own thread did not answer"):
        caller.call(order)

    caller.client._runtime.call_timeout = caller.client._patience = WAIT_S
    goes_on.set()
    assert never_sent(caller, scripted)


def test_sent_when_the_clients_own_thread_hangs(dial: Dial, scripted: ScriptedServer) -> None:
    """Nobody may say that it was not sent."""
    goes_on = threading.Event()
    caller = dial(**SIGNED)

    async def hang(peer: Peer, request: dict[str, Any]) -> None:
        hangs = asyncio.Event()
        caller.client._runtime.loop.call_soon_threadsafe(
            lambda: (scripted.loop.call_soon_threadsafe(hangs.set), goes_on.wait(2 * WAIT_S))
        )
        await hangs.wait()
        await peer.answer(request, placed(request))

    scripted.replies["order.place"] = hang
    caller.call(lambda client: client.connect())
    caller.client._runtime.call_timeout = caller.client._patience = 0.5

    with pytest.raises(RequestTimeout, match="own thread did not answer") as ended:
        caller.call(order)

    assert ended.value.client_order_id == "mine"
    assert ended.value.params is not None, "it can be resolved"
    assert [each.state for each in caller.client.outcomes()] == ["open"]
    told = noted(caller, "outcome")
    goes_on.set()
    assert told.wait()[0].client_order_id == "mine"


# Scopes of asyncio and anyio


async def _wait_for(work: Awaitable[Any]) -> None:
    await asyncio.wait_for(work, 0.05)


async def _timeout(work: Awaitable[Any]) -> None:
    async with asyncio.timeout(0.05):
        await work


async def _fail_after(work: Awaitable[Any]) -> None:
    with anyio.fail_after(0.05):
        await work


async def _move_on_after(work: Awaitable[Any]) -> None:
    with anyio.move_on_after(0.05):
        await work


async def _anyio_group(work: Awaitable[Any]) -> None:
    async def one() -> None:
        await work

    async with anyio.create_task_group() as group:
        group.start_soon(one)
        await anyio.sleep(0.05)
        group.cancel_scope.cancel()


async def _task_group(work: Awaitable[Any]) -> None:
    async def one() -> None:
        await work

    async def fail() -> None:
        await asyncio.sleep(0.05)
        raise ZeroDivisionError

    async with asyncio.TaskGroup() as group:
        group.create_task(one())
        group.create_task(fail())


async def _cancelled_task(work: Awaitable[Any]) -> None:
    task = asyncio.ensure_future(work)
    await asyncio.sleep(0.05)
    task.cancel()
    await task


async def _closed_coroutine(work: Any) -> None:
    """Driven by hand, and closed: what happens to a task that is destroyed unfinished."""
    work.send(None)
    work.close()


SCOPES: dict[str, tuple[Any, type[BaseException] | None]] = {
    "asyncio.wait_for": (_wait_for, TimeoutError),
    "asyncio.timeout": (_timeout, TimeoutError),
    "Task.cancel": (_cancelled_task, asyncio.CancelledError),
    "asyncio.TaskGroup": (_task_group, None),
    "anyio.fail_after": (_fail_after, None),
    "anyio.move_on_after": (_move_on_after, None),
    "anyio task group": (_anyio_group, None),
    "coroutine.close": (_closed_coroutine, None),
}
"""Each scope, and the exception that says of the call, if one comes out that does."""


@contextmanager
def awaiting(server: ScriptedServer, **options: Any) -> Iterator[AwaitingCaller]:
    client = AsyncClient(urls=server.urls, attach_event_listeners=False, **SIGNED, **options)
    caller = AwaitingCaller(client)
    try:
        yield caller
    finally:
        caller.close()


async def begun(work: Any, until: Callable[[], object]) -> Any:
    """Await something that is held on to once it has begun: its loop stands still until then."""
    return await _begun(work, until)


@types.coroutine
def _begun(work: Any, until: Callable[[], object]) -> Any:
    try:
        awaited = work.send(None)
        until()
        while True:
            try:
                sent = yield awaited
            except BaseException as error:  # noqa: BLE001  (passed on, as await does)
                awaited = work.throw(error)
            else:
                awaited = work.send(sent)
    except StopIteration as end:
        return end.value


async def outcome_of_scope(scope: Any, work: Any) -> BaseException | None:
    try:
        await scope(work)
    except (ExceptionGroup, TimeoutError, asyncio.CancelledError) as error:
        return error
    return None


@pytest.mark.parametrize("name", SCOPES)
def test_unsent_whatever_scope_ends_it(scripted: ScriptedServer, offline: Gate, name: str) -> None:
    scope, told_by = SCOPES[name]
    with awaiting(scripted) as caller:
        error = caller.call(lambda client: outcome_of_scope(scope, order(client)))

        if told_by is not None:
            assert isinstance(error, told_by)
            found = given_up(error)
            assert found is not None
            assert (found.client_order_id, found.written) == ("mine", False)
        assert [each.state for each in caller.client.outcomes()] == ["not sent"]
        offline.open()
        assert never_sent(caller, scripted)


@pytest.mark.parametrize("name", SCOPES)
def test_outcome_is_told_whatever_scope_ends_it(
    scripted: ScriptedServer, gate: Gate, name: str
) -> None:
    scope, told_by = SCOPES[name]

    async def late(peer: Peer, request: dict[str, Any]) -> None:
        await gate.passed()
        await peer.answer(request, placed(request))

    scripted.replies["order.place"] = late
    with awaiting(scripted) as caller:
        caller.call(lambda client: client.connect())
        told = noted(caller, "outcome")

        error = caller.call(
            lambda client: outcome_of_scope(
                scope, begun(order(client), lambda: scripted.wait_for("order.place"))
            )
        )

        if told_by is not None:
            assert isinstance(error, told_by)
            found = given_up(error)
            assert found is not None
            assert (found.client_order_id, found.written) == ("mine", True)
        gate.open()
        (outcome,) = told.wait()
        assert (outcome.state, outcome.client_order_id) == ("accepted", "mine")
        assert len(scripted.seen("order.place")) == 1


def test_loop_that_is_closed_under_an_unsent_call_withdraws_it(
    scripted: ScriptedServer, offline: Gate
) -> None:
    """It is found when the call is let go."""
    with awaiting(scripted) as caller:
        loop = asyncio.new_event_loop()
        left = loop.create_task(order(caller.client))
        loop.run_until_complete(asyncio.sleep(0))
        behind = caller.begin(lambda client: client.spot.test_connectivity())
        until(lambda: [each.waiting for each in caller.call(lambda client: client.health())] == [2])
        loop.close()

        offline.open()

        behind.result(WAIT_S)
        assert not scripted.seen("order.place")
        assert [each.state for each in caller.client.outcomes()] == ["not sent"]
        _destroyed(left)


def test_closed_loop_is_noticed_by_who_asks(scripted: ScriptedServer, offline: Gate) -> None:
    with awaiting(scripted) as caller:
        loop = asyncio.new_event_loop()
        left = loop.create_task(order(caller.client))
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

        assert [each.state for each in caller.client.outcomes()] == ["not sent"]
        offline.open()
        assert never_sent(caller, scripted)
        _destroyed(left)


def test_loop_that_is_closed_under_a_sent_call_leaves_its_outcome(
    scripted: ScriptedServer, gate: Gate
) -> None:
    async def late(peer: Peer, request: dict[str, Any]) -> None:
        await gate.passed()
        await peer.answer(request, placed(request))

    scripted.replies["order.place"] = late
    with awaiting(scripted) as caller:
        caller.call(lambda client: client.connect())
        told = noted(caller, "outcome")
        loop = asyncio.new_event_loop()
        left = loop.create_task(order(caller.client))
        loop.run_until_complete(asyncio.sleep(0))
        scripted.wait_for("order.place")
        loop.close()

        gate.open()

        assert told.wait()[0].state == "accepted"
        _destroyed(left)


def _destroyed(task: asyncio.Task[Any]) -> None:
    """Take from a task what it would complain about."""
    task._log_destroy_pending = False  # type: ignore[attr-defined]


# After the write


async def _answers(peer: Peer, request: dict[str, Any]) -> None:
    await peer.answer(request, placed(request))


async def _refuses(peer: Peer, request: dict[str, Any]) -> None:
    await peer.refuse(request, -2010, "Account has insufficient balance for requested action.")


async def _cuts(peer: Peer, request: dict[str, Any]) -> None:
    peer.cut()


async def _knows_nothing(peer: Peer, request: dict[str, Any]) -> None:
    error = {"code": -1007, "msg": "Timeout waiting for response from backend server."}
    await peer.send({"id": request["id"], "status": 500, "error": error})


@pytest.mark.parametrize(
    ("fate", "state"),
    [
        (_answers, "accepted"),
        (_refuses, "rejected"),
        (_cuts, "accepted"),
        (_knows_nothing, "accepted"),
    ],
)
@pytest.mark.parametrize("on_unknown_outcome", ["resolve", "raise"])
def test_outcome_is_found_out_and_told(
    dial: Dial,
    scripted: ScriptedServer,
    gate: Gate,
    caplog: pytest.LogCaptureFixture,
    fate: Any,
    state: str,
    on_unknown_outcome: str,
) -> None:
    async def late(peer: Peer, request: dict[str, Any]) -> None:
        await gate.passed()
        await fate(peer, request)

    scripted.replies |= {"order.place": late, "order.status": _answers}
    caller = dial(**SIGNED, on_unknown_outcome=on_unknown_outcome)
    caller.call(lambda client: client.connect())
    told = noted(caller, "outcome")

    error = given_up_when(lambda: scripted.wait_for("order.place"), caller, order)

    found = given_up(error)
    assert found is not None
    assert (found.operation, found.client_order_id, found.written) == ("order.place", "mine", True)
    assert any("mine" in note and "it was sent" in note for note in error.__notes__)
    (open_,) = caller.client.outcomes()
    assert (open_.state, open_.client_order_id) == ("open", "mine")
    with caplog.at_level(logging.WARNING, "binance_wsapi.outcomes"):
        gate.open()
        (outcome,) = told.wait()
    assert isinstance(outcome, CallOutcome)
    assert (outcome.state, outcome.client_order_id) == (state, "mine")
    assert outcome.ws_key is WsKey.MAIN_WSAPI
    assert outcome.params["symbol"] == "BTCUSDT"
    assert "apiKey" not in outcome.params
    assert isinstance(outcome.response, Response) == (state == "accepted")
    assert caller.client.outcomes() == [outcome]
    (line,) = [each.getMessage() for each in caplog.records if "outcomes" in each.name]
    assert "order.place (client order id mine)" in line
    assert state in line
    assert len(scripted.seen("order.place")) == 1


def test_order_refused_for_its_timestamp_after_it_was_given_up_is_not_sent_again(
    dial: Dial, scripted: ScriptedServer, gate: Gate
) -> None:
    async def late(peer: Peer, request: dict[str, Any]) -> None:
        await gate.passed()
        await peer.refuse(request, -1021, "Timestamp outside of recvWindow.")

    scripted.replies["order.place"] = late
    caller = dial(**SIGNED)
    caller.call(lambda client: client.connect())
    told = noted(caller, "outcome")
    given_up_when(lambda: scripted.wait_for("order.place"), caller, order)

    gate.open()

    assert told.wait()[0].state == "rejected"
    caller.call(lambda client: client.spot.test_connectivity())
    assert len(scripted.seen("order.place")) == 1


def test_outcome_that_stays_open_at_the_end_of_the_client_is_told_as_unknown(
    dial: Dial, scripted: ScriptedServer, gate: Gate
) -> None:
    async def never(peer: Peer, request: dict[str, Any]) -> None:
        await gate.passed()

    scripted.replies["order.place"] = never
    caller = dial(**SIGNED)
    caller.call(lambda client: client.connect())
    given_up_when(lambda: scripted.wait_for("order.place"), caller, order)

    caller.close()

    (outcome,) = caller.client.outcomes()
    assert outcome.state == "unknown"
    assert isinstance(outcome.error, OutcomeUnknown)
    assert outcome.error.client_order_id == "mine"


def test_answer_to_a_read_is_dropped(dial: Dial, scripted: ScriptedServer, gate: Gate) -> None:
    async def late(peer: Peer, request: dict[str, Any]) -> None:
        await gate.passed()
        await peer.answer(request, {"lastUpdateId": 1, "bids": [], "asks": []})

    scripted.replies["depth"] = late
    caller = dial(**SIGNED)

    error = given_up_when(
        lambda: scripted.wait_for("depth"),
        caller,
        lambda client: client.spot.get_order_book(symbol="BTCUSDT"),
    )

    found = given_up(error)
    assert found is not None
    assert (found.operation, found.written) == ("depth", True)
    assert any("its answer is dropped" in note for note in error.__notes__)
    gate.open()
    caller.call(lambda client: client.spot.test_connectivity())
    assert caller.client.outcomes() == []


def test_look_up_that_is_given_up_goes_on(dial: Dial, scripted: ScriptedServer, gate: Gate) -> None:
    async def late(peer: Peer, request: dict[str, Any]) -> None:
        await gate.passed()
        await peer.answer(request, placed(request))

    scripted.replies |= {"order.place": _cuts, "order.status": late}
    caller = dial(**SIGNED, on_unknown_outcome="raise")
    caller.call(lambda client: client.connect())
    with pytest.raises(OutcomeUnknown) as lost:
        caller.call(order)
    told = noted(caller, "outcome")

    def resolve(client: Any) -> Any:
        return lost.value.resolve() if isinstance(client, Client) else lost.value.resolve_async()

    error = given_up_when(lambda: scripted.wait_for("order.status"), caller, resolve)

    found = given_up(error)
    assert found is not None
    assert (found.client_order_id, found.written) == ("mine", True)
    assert [each.state for each in caller.client.outcomes()] == ["open"]
    gate.open()
    assert told.wait()[0].state == "accepted"
    assert [each.state for each in caller.client.outcomes()] == ["accepted"]


def test_look_up_that_is_closed_with_its_loop_goes_on(scripted: ScriptedServer, gate: Gate) -> None:
    async def late(peer: Peer, request: dict[str, Any]) -> None:
        await gate.passed()
        await peer.answer(request, placed(request))

    scripted.replies |= {"order.place": _cuts, "order.status": late}
    with awaiting(scripted, on_unknown_outcome="raise") as caller:
        told = noted(caller, "outcome")
        with pytest.raises(OutcomeUnknown) as lost:
            caller.call(order)
        loop = asyncio.new_event_loop()
        looking = lost.value.resolve_async()
        left = loop.create_task(looking)
        loop.run_until_complete(asyncio.sleep(0))
        scripted.wait_for("order.status")
        loop.close()

        looking.close()

        assert [each.state for each in caller.client.outcomes()] == ["open"]
        gate.open()
        assert told.wait()[0].state == "accepted"
        _destroyed(left)


# At any line


def test_interrupt_at_any_line_leaves_no_doubt(scripted: ScriptedServer) -> None:
    """What the interrupt says of the order is what the exchange has seen of it."""
    scripted.replies["order.place"] = _answers
    # Who drives is interrupted where Python looks for signals, and not at each line: see test_driving.
    options: dict[str, Any] = {"transport": "aiohttp", "attach_event_listeners": False, **SIGNED}
    with Client(urls=scripted.urls, **options) as client:
        client.connect()
        told = 0
        for line in itertools.count():
            mine = f"line-{line}"
            error = _interrupted_at(line, partial(order, client, mine))
            if error is None:
                break
            client.spot.test_connectivity()
            sent = mine in {
                each["params"]["newClientOrderId"] for each in scripted.seen("order.place")
            }
            found = given_up(error)
            if found is None:
                assert not sent, line
            else:
                told += 1
                assert (found.client_order_id, found.written) == (mine, sent), line
        assert told > 20


def _interrupted_at(line: int, work: Callable[[], Any]) -> BaseException | None:
    """Interrupt the calling of an order at one line; ``None`` when it has fewer."""
    left = line

    def trace(frame: Any, event: str, _: Any) -> Any:
        nonlocal left
        name = frame.f_code.co_filename
        if not name.endswith(
            (
                "_client_base.py",
                "_blocking_calls.py",
                "core/core.py",
                "runtime.py",
                "encoding.py",
                "waiter.py",
                "call.py",
                "bell.py",
            )
        ):
            return None
        if event == "line":
            if left == 0:
                raise KeyboardInterrupt
            left -= 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    except KeyboardInterrupt as error:
        return error
    finally:
        sys.settrace(before)
    return None


def test_interrupt_that_comes_with_the_answer_tells_the_outcome(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order was placed, and the caller never sees its response."""
    scripted.replies["order.place"] = _answers
    wait = Waiter.wait

    def interrupted(self: Waiter, timeout: float) -> Any:
        wait(self, timeout)
        raise KeyboardInterrupt

    with Client(urls=scripted.urls, attach_event_listeners=False, **SIGNED) as client:
        client.connect()
        with monkeypatch.context() as patched:
            patched.setattr(Waiter, "wait", interrupted)
            with pytest.raises(KeyboardInterrupt) as ended:
                order(client)
        client.health()

        found = given_up(ended.value)
        assert found is not None
        assert found.written
        assert [each.state for each in client.outcomes()] == ["accepted"]


def test_exception_of_a_signal_handler_is_told_as_well(
    scripted: ScriptedServer, offline: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever ends the wait: a class of the caller's own, which takes no attributes here."""

    class Alarm(KeyboardInterrupt):
        __slots__ = ()

        def __setattr__(self, name: str, value: object) -> None:
            raise AttributeError(name)

    def interrupted(self: Waiter, timeout: float) -> Any:
        raise Alarm

    with Client(urls=scripted.urls, attach_event_listeners=False, **SIGNED) as client:
        with monkeypatch.context() as patched:
            patched.setattr(Waiter, "wait", interrupted)
            with pytest.raises(Alarm):
                order(client)

        assert [each.state for each in client.outcomes()] == ["not sent"]
        offline.open()
        client.spot.test_connectivity()
        assert not scripted.seen("order.place")


def test_exception_that_ended_no_call_says_nothing() -> None:
    assert given_up(ValueError("no call of ours")) is None
    assert given_up(ExceptionGroup("", [ValueError()])) is None


def test_outcome_is_told_though_the_client_was_closed_in_that_moment(
    dial: Dial, scripted: ScriptedServer, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop may end before what was left to it when the call was given up."""

    async def never(peer: Peer, request: dict[str, Any]) -> None:
        await gate.passed()

    scripted.replies["order.place"] = never
    caller = dial(**SIGNED)
    told = noted(caller, "outcome")
    monkeypatch.setattr(caller.client._core.giving_up, "_clean_up", lambda call: None)
    given_up_when(lambda: scripted.wait_for("order.place"), caller, order)
    assert [each.state for each in caller.client.outcomes()] == ["open"]

    caller.call(lambda client: client.close())

    assert [each.state for each in caller.client.outcomes()] == ["unknown"]
    assert [each.state for each in told.wait()] == ["unknown"]
