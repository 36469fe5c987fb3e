"""Blocking callers who drive the socket: interrupted at any point, held up, forked, beside others."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from callers import WAIT_S, noted
from interrupting import interrupted
from scripted_server import Peer, ScriptedServer

from binance_wsapi import Client, ClientClosed, NotSent, RequestTimeout, WsKey, given_up
from binance_wsapi.core import driving
from binance_wsapi.core.call import Call
from binance_wsapi.core.call_kind import kind_by_method
from binance_wsapi.core.driving import Driving
from binance_wsapi.core.waiter import Waiter
from binance_wsapi.protocol.limits import MANY_NOTED
from binance_wsapi.simulator import SimulatedExchange

if sys.platform != "linux":
    pytest.skip("direct sockets are for Linux", allow_module_level=True)

ORDER: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}
KEY: dict[str, Any] = {"api_key": "key", "api_secret": "s" * 64, "mute_latency_warning": True}


@pytest.fixture
def driven(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What became of each try to drive."""
    tries: list[bool] = []
    begin = Driving.begin

    def counted(self: Driving, *given: Any) -> bool:
        tries.append(begin(self, *given))
        return tries[-1]

    monkeypatch.setattr(Driving, "begin", counted)
    return tries


looks_at_handlers = Driving._is_interrupted_at_most


@pytest.fixture
def client(scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    # pytest-timeout has a signal handler, which calls nobody.
    monkeypatch.setattr(Driving, "_is_interrupted_at_most", lambda self, now: True)
    scripted.replies |= {"order.place": _placed, "ping": _answered}
    with Client(
        urls=scripted.urls, transport="direct", attach_event_listeners=False, timeout=500, **KEY
    ) as made:
        made.connect()
        until_it_drives(made)
        yield made


WIDE = [
    {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": 10**9, "count": 1}
    for kind, interval, number in (
        ("REQUEST_WEIGHT", "MINUTE", 1),
        ("ORDERS", "SECOND", 10),
        ("ORDERS", "DAY", 1),
    )
]
"""No limit is in the way."""


async def _placed(peer: Peer, request: dict[str, Any]) -> None:
    mine = request["params"]["newClientOrderId"]
    await peer.answer(
        request, {"symbol": "BTCUSDT", "orderId": 7, "clientOrderId": mine}, rateLimits=WIDE
    )


async def _answered(peer: Peer, request: dict[str, Any]) -> None:
    await peer.answer(request, {}, rateLimits=WIDE)


def until_it_drives(client: Client) -> None:
    """Call until the limits know the operation, and the loop sleeps."""
    for _ in range(1000):
        before = session_of(client).serving.socket.lead._led
        client.spot.test_connectivity()
        client.spot.submit_new_order(**ORDER)
        if session_of(client).serving.socket.lead._led >= before + 2:
            return
    pytest.fail("it never drives")


def session_of(client: Client) -> Any:
    return client._core.sessions.open[WsKey.MAIN_WSAPI]


def on_loop(client: Client, work: Callable[[], Any]) -> Any:
    async def run() -> Any:
        return work()

    return client._runtime.run(run).result(WAIT_S)


def test_call_is_written_and_read_by_its_caller(driven: list[bool], client: Client) -> None:
    threads: set[int] = set()
    session = session_of(client)
    submit, taken = session.submit, session.serving._take_plain

    def noted_submit(call: Any) -> None:
        threads.add(threading.get_ident())
        submit(call)

    def noted_taken(*given: Any) -> bool:
        threads.add(threading.get_ident())
        return bool(taken(*given))

    session.submit, session.serving._take_plain = noted_submit, noted_taken

    for _ in range(20):
        client.spot.test_connectivity()

    assert any(driven)
    assert threading.get_ident() in threads


# Interrupts


@pytest.mark.timeout(300)
def test_interrupt_at_any_point_loses_no_answer_and_hangs_nobody(
    client: Client, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, told_of = session_of(client), noted_exception(client)
    link = session.serving
    client.spot.submit_new_order(new_client_order_id="before", **ORDER)
    told = sent_though_given_up = led = fewer = 0
    for point in itertools.count():
        mine = f"point-{point}"
        before = link.socket.lead._led
        work = partial(client.spot.submit_new_order, new_client_order_id=mine, **ORDER)
        error = interrupted(point, work)
        led += link.socket.lead._led > before
        assert client.spot.test_connectivity().status == 200, point
        if error is None:  # the loop may have read in its place, which takes fewer steps
            fewer += 1
            if fewer == 20:
                break
            continue
        fewer = 0
        ids = [each["params"]["newClientOrderId"] for each in scripted.seen("order.place")]
        is_sent = mine in ids
        found = given_up(error)
        if found is None or not found.written:
            assert not is_sent, f"{point}: sent, and said to be unsent"
        else:
            told += 1
        sent_though_given_up += is_sent
        assert session.serving is link, f"{point}: the connection was lost"
    assert led > 15, "compiled modules are interrupted at none of their lines"
    assert told > 10
    assert sent_though_given_up > 10
    assert scripted.handshakes == 1

    def idle() -> list[Any]:
        session.governor.usage(session.runtime.now())  # takes in what was noted
        return [link.socket.lead.leader, client._runtime.loop.borrower, len(link.pending)]  # type: ignore[attr-defined]

    scripted.wait_until(lambda: len(scripted.seen("order.place")) >= sent_though_given_up)
    assert client.spot.test_connectivity().status == 200
    ids = [each["params"]["newClientOrderId"] for each in scripted.seen("order.place")]
    assert len(ids) == len(set(ids)), "an order was sent twice"
    leader, borrower, pending = on_loop(client, idle)
    assert leader is None, point
    assert borrower is None
    assert pending <= told - sent_though_given_up, "an answer was lost"
    meters = session.governor._weight, session.governor._orders
    assert [meter.under_way for meter in meters] == [pending, pending]
    assert not told_of.events


STORM = """
import os, signal, sys, threading, time
from dataclasses import replace
from binance_wsapi import Client, WsKey
from binance_wsapi.protocol.limits import MANY_NOTED
from binance_wsapi.simulator import SimulatedExchange
from binance_wsapi.simulator.doors.request_limits import Window

interrupts, is_tls = int(sys.argv[1]), sys.argv[2] == "tls"
exchange = SimulatedExchange(seed=7, tls=is_tls).start()
exchange.limits.enabled = False
exchange.limits.set_rules(replace(
    exchange.limits.rules,
    weight=Window("MINUTE", 1, 10**9),
    orders=(Window("SECOND", 10, 10**9), Window("DAY", 1, 10**9)),
)
)
account = exchange.create_account()
account.deposit("USDT", 10**9)
options = {**exchange.client_options(account.create_key()), "transport": "direct", "timeout": 30}
client = Client(**options)
client.connect()
longest, over, failed = [0.0], threading.Event(), []

def others():
    while not over.is_set():
        began = time.monotonic()
        try:
            client.spot.get_server_time()
        except BaseException as error:
            failed.append(repr(error))
        longest[0] = max(longest[0], time.monotonic() - began)

def storm():
    for _ in range(interrupts):
        if over.wait(0.001):
            return
        os.kill(os.getpid(), signal.SIGINT)
    over.set()

other = threading.Thread(target=others)
storming = threading.Thread(target=storm)
came = answered = 0
order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "time_in_force": "IOC",
         "quantity": "0.001", "price": "10000"}
ids = set()
while True:
    try:
        if not other.ident:
            other.start()
            storming.start()
        while not over.is_set():
            mine = f"o-{time.monotonic_ns()}"
            client.spot.submit_new_order(new_client_order_id=mine, **order)
            ids.add(mine)
            answered += 1
        break
    except KeyboardInterrupt:
        came += 1
signal.signal(signal.SIGINT, signal.SIG_IGN)
storming.join()
other.join()
assert client.spot.test_connectivity().status == 200
deadline = time.monotonic() + 20
while any(each.state == "open" for each in client.outcomes()) and time.monotonic() < deadline:
    time.sleep(0.02)
open_ones = [each for each in client.outcomes() if each.state == "open"]
health = client.health()
pending = sum(each.pending for each in health)
reconnects = sum(each.reconnects for each in health)
led = client._core.sessions.open[WsKey.MAIN_WSAPI].serving.socket.lead._led
print(came, answered, len(failed), len(open_ones), pending, reconnects, led, round(longest[0], 3))
print(failed[:3])
client.close()
exchange.stop()
"""


def storm(interrupts: int, kind: str) -> tuple[list[float], str]:
    ended = subprocess.run(
        [sys.executable, "-c", STORM, str(interrupts), kind],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return [float(each) for each in ended.stdout.splitlines()[0].split()], ended.stdout


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["plain", "tls"])
def test_storm_of_interrupts_loses_no_answer_and_hangs_nobody(kind: str) -> None:
    """``BINANCE_WSAPI_STORM=5000`` makes it as long as its proof was."""
    interrupts = int(os.environ.get("BINANCE_WSAPI_STORM", "300"))

    (came, answered, failed, left_open, pending, reconnects, led, _), out = storm(interrupts, kind)

    assert came > interrupts / 4, out
    assert answered, out
    assert led > came / 10, out
    assert not left_open, out
    assert not pending, out
    assert not failed, out
    assert not reconnects, out


def test_loop_takes_in_what_callers_noted_of_the_limits(client: Client) -> None:
    """Before there is so much of it that they could drive no more."""
    for _ in range(MANY_NOTED):
        client.spot.test_connectivity()
    on_loop(client, lambda: None)  # behind what they left to it

    assert len(session_of(client).governor._noted) < MANY_NOTED


# Who is held up, gone, or comes from elsewhere


def test_loop_takes_over_from_a_caller_who_is_held_up(
    client: Client, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others hear their answers, and the exchange its pongs."""
    held, go = threading.Event(), threading.Event()
    read = Waiter._read_until

    def slow(self: Waiter, *given: Any) -> bool:
        if threading.current_thread() is holder:
            held.set()
            assert go.wait(WAIT_S)
        return read(self, *given)

    monkeypatch.setattr(Waiter, "_read_until", slow)
    link = session_of(client).serving
    requests: list[dict[str, Any]] = []

    async def later(peer: Peer, request: dict[str, Any]) -> None:
        if not held.is_set():
            await _answered(peer, request)
        requests.append(request)

    got: list[Any] = []

    def hold() -> None:
        while not held.is_set():
            got.append(client.spot.test_connectivity())

    holder = threading.Thread(target=hold)
    scripted.replies["ping"] = later
    holder.start()
    assert held.wait(WAIT_S)
    peer = scripted.peers[0]
    scripted.run(peer.socket.ping(b"alive?"))

    scripted.wait_until(lambda: b"alive?" in peer.pongs)
    assert client.spot.get_server_time().status == 200
    assert session_of(client).serving is link, "nobody doubted the connection"
    scripted.run(_answered(peer, requests[-1]))
    go.set()
    holder.join(WAIT_S)
    assert got[-1].status == 200


def test_caller_waits_no_longer_than_it_may_for_a_loop_that_is_held_up(
    client: Client, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_patience", 0.1)
    quick = client.with_options(timeout=0.1)
    quick._patience = 0.1
    go, asked = threading.Event(), threading.Event()

    was_let_go: list[bool] = []

    async def hold_the_loop(peer: Peer, request: dict[str, Any]) -> None:
        loop = client._runtime.loop
        loop.call_soon_threadsafe(lambda: was_let_go.append(go.wait(WAIT_S)))
        asked.set()

    scripted.replies["ping"] = hold_the_loop

    with pytest.raises(RequestTimeout):
        quick.spot.test_connectivity()

    assert asked.is_set()
    go.set()
    scripted.replies["ping"] = _answered
    assert client.spot.test_connectivity().status == 200
    assert was_let_go == [True]


def test_events_come_while_a_caller_waits_for_an_answer(
    client: Client, scripted: ScriptedServer
) -> None:
    """What is no answer is left to the loop, and the answer behind it is not lost."""
    told = noted_exception(client)

    async def with_noise(peer: Peer, request: dict[str, Any]) -> None:
        answer = {"id": request["id"], "status": 200, "result": {}, "rateLimits": []}
        frames = ('{"event":{"e":"tick"}}', "{", json.dumps(answer))
        assert all(len(each) < 126 for each in frames)
        assert peer._transport is not None
        peer._transport.write(  # in one read
            b"".join(bytes((0x81, len(each))) + each.encode() for each in frames)
        )

    scripted.replies["ping"] = with_noise

    for _ in range(50):
        assert client.spot.test_connectivity().status == 200

    assert len(told.wait(50)) == 50


def test_answer_whose_taker_was_interrupted_is_told_again(client: Client) -> None:
    """It may have been settled without its waiter having heard."""

    def work() -> list[Any]:
        session, runtime = session_of(client), client._runtime
        told: list[Any] = []
        call = Call(
            kind_by_method(session.market, "ping"), {}, told.append, "mine", 5.0, runtime.now()
        )
        session.submit(call)
        answer: Any = "the answer"
        call.settle(answer)
        told.clear()
        session.serving.received(b'{"id":"mine","status":200,"result":{}}')
        assert "mine" not in session.serving.pending
        session.governor.lost(call.reservation)
        return told

    assert on_loop(client, work) == ["the answer"]


def noted_exception(client: Client) -> Any:
    class Just:
        def call(self, work: Callable[[Any], Any]) -> Any:
            return work(client)

    just: Any = Just()
    just.client = client
    return noted(just, "exception")


def test_forked_child_writes_nothing_into_its_parents_socket(
    client: Client, scripted: ScriptedServer
) -> None:
    before = len(scripted.requests)
    child = os.fork()
    if child == 0:
        try:
            client.spot.test_connectivity()
        except ClientClosed:
            os._exit(7)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 7
    assert len(scripted.requests) == before
    assert client.spot.test_connectivity().status == 200


def test_main_thread_does_not_drive_while_a_signal_handler_of_the_users_might_call(
    driven: list[bool], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driving, "LOOK_AT_HANDLERS_S", 0.0)
    monkeypatch.setattr(Driving, "_is_interrupted_at_most", looks_at_handlers)
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        for _ in range(5):
            client.spot.test_connectivity()
    finally:
        signal.signal(signal.SIGUSR1, before)

    assert driven[-5:] == [False] * 5


def test_call_in_the_midst_of_another_on_the_same_thread_is_refused(client: Client) -> None:
    """As a signal handler may make it that was installed a moment ago."""
    refused: list[Any] = []
    session = session_of(client)
    submit = session.submit

    def within(call: Any) -> None:
        if not refused and client._runtime.is_borrowed:
            with pytest.raises(NotSent, match="signal handler") as error:
                client.spot.test_connectivity()
            refused.append(error)
        submit(call)

    session.submit = within

    for _ in range(100):
        assert client.spot.test_connectivity().status == 200
        if refused:
            break
    assert refused


def test_many_threads_have_each_their_answer(client: Client, scripted: ScriptedServer) -> None:
    wrong: list[Any] = []

    def call(name: str) -> None:
        for number in range(100):
            mine = f"{name}-{number}"
            got = client.spot.submit_new_order(new_client_order_id=mine, **ORDER)
            if got.raw["result"]["clientOrderId"] != mine:
                wrong.append((mine, got.raw))

    threads = [threading.Thread(target=call, args=(f"t{number}",)) for number in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(6 * WAIT_S)

    assert not wrong
    assert len(scripted.seen("order.place")) >= 600


def test_connection_that_goes_while_its_caller_reads_ends_the_call(
    client: Client, scripted: ScriptedServer
) -> None:
    async def cut_once(peer: Peer, request: dict[str, Any]) -> None:
        if peer.number == 1:
            peer.cut()
        else:
            await peer.answer(request, {})

    scripted.replies["ping"] = cut_once

    assert client.spot.test_connectivity().status == 200
    assert scripted.handshakes == 2


def test_limits_learn_what_a_driving_caller_was_told(exchange: SimulatedExchange) -> None:
    exchange.limits.enabled = True
    with exchange.client(transport="direct") as client:
        client.connect()
        for _ in range(40):
            used = client.spot.test_connectivity().rate_limits
        session = session_of(client)

        usage = on_loop(client, lambda: session.governor.usage(session.runtime.now()))

        counts = {each.rate_limit_type: each.count for each in usage}
        assert counts["REQUEST_WEIGHT"] == used[0].count
        assert session.governor._weight.under_way == 0
