"""Awaiting callers whose loops drive the socket: held up, cancelled, closed, interrupted, beside others."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

import pytest
from callers import WAIT_S
from interrupting import interrupted
from scripted_server import Peer, ScriptedServer

from binance_wsapi import AsyncClient, ClientClosed, WsKey, given_up
from binance_wsapi._blocking_calls import BlockingCalls
from binance_wsapi.core.call import Call
from binance_wsapi.core.call_kind import kind_by_method
from binance_wsapi.core.direct_socket import DirectSocket
from binance_wsapi.core.driving import Driving
from binance_wsapi.core.lead import Lead
from binance_wsapi.core.loop_delivery import LoopDelivery
from binance_wsapi.core.loop_reading import LoopReader

if sys.platform != "linux":
    pytest.skip("direct sockets are for Linux", allow_module_level=True)

uvloop = pytest.importorskip("uvloop")

ORDER: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}
KEY: dict[str, Any] = {"api_key": "key", "api_secret": "s" * 64, "mute_latency_warning": True}
WIDE = [
    {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": 10**9, "count": 1}
    for kind, interval, number in (
        ("REQUEST_WEIGHT", "MINUTE", 1),
        ("ORDERS", "SECOND", 10),
        ("ORDERS", "DAY", 1),
    )
]
"""No limit is in the way."""
TRIES = 2000
"""A machine that does something else may keep a loop from driving so often."""


@pytest.fixture(autouse=True)
def driven(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What became of each try to drive; handlers of signals call nobody."""
    tries: list[bool] = []
    begin = Driving.begin

    def counted(self: Driving, *given: Any) -> bool:
        tries.append(begin(self, *given))
        return tries[-1]

    monkeypatch.setattr(Driving, "begin", counted)
    monkeypatch.setattr(Driving, "_is_interrupted_at_most", lambda self, now: True)
    return tries


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["stdlib", "uvloop"])
def loop(request: pytest.FixtureRequest) -> Iterator[asyncio.AbstractEventLoop]:
    """A caller's loop."""
    made = request.param()
    yield made
    if not made.is_closed():
        made.close()


@pytest.fixture
def client(scripted: ScriptedServer) -> Iterator[AsyncClient]:
    scripted.replies |= {"order.place": _placed, "ping": _answered}
    made = AsyncClient(
        urls=scripted.urls, transport="direct", attach_event_listeners=False, timeout=500, **KEY
    )
    asyncio.run(made.connect())
    yield made
    asyncio.run(made.close())


async def _placed(peer: Peer, request: dict[str, Any]) -> None:
    mine = request["params"]["newClientOrderId"]
    await peer.answer(
        request, {"symbol": "BTCUSDT", "orderId": 7, "clientOrderId": mine}, rateLimits=WIDE
    )


async def _answered(peer: Peer, request: dict[str, Any]) -> None:
    await peer.answer(request, {}, rateLimits=WIDE)


def session_of(client: AsyncClient) -> Any:
    return client._core.sessions.open[WsKey.MAIN_WSAPI]


def lead_of(client: AsyncClient) -> Lead:
    lead: Lead = session_of(client).serving.socket.lead
    return lead


def on_core(client: AsyncClient, work: Callable[[], Any]) -> Any:
    async def run() -> Any:
        return work()

    return client._runtime.run(run).result(WAIT_S)


async def until(holds: Callable[[], object], again: Callable[[], Awaitable[object]]) -> None:
    """Do something until it has the effect that only a busy machine may keep it from."""
    for _ in range(TRIES):
        await again()
        if holds():
            return
    pytest.fail("it never drives")


async def until_it_drives(client: AsyncClient, driven: list[bool]) -> None:
    await until(lambda: driven[-1], client.spot.test_connectivity)
    await until(lambda: driven[-1], lambda: client.spot.submit_new_order(**ORDER))


def leads(client: AsyncClient) -> bool:
    return type(lead_of(client).leader) is LoopReader


def test_call_is_written_and_read_on_its_callers_loop(
    client: AsyncClient, driven: list[bool], loop: asyncio.AbstractEventLoop
) -> None:
    async def main() -> None:
        await until_it_drives(client, driven)
        link, written, taken = session_of(client).serving, set(), set()
        write, take = link.socket._send, link._take_plain

        def noted_write(data: Any) -> Any:
            written.add(threading.get_ident())
            return write(data)

        def noted_taken(*given: Any) -> bool:
            taken.add(threading.get_ident())
            return bool(take(*given))

        link.socket._send, link._take_plain = noted_write, noted_taken
        me = threading.get_ident()
        await until(lambda: me in written & taken, client.spot.test_connectivity)

    loop.run_until_complete(main())


def test_frames_of_one_turn_leave_in_one_write(
    client: AsyncClient, driven: list[bool], loop: asyncio.AbstractEventLoop
) -> None:
    async def main() -> None:
        await until_it_drives(client, driven)
        socket: DirectSocket = session_of(client).serving.socket
        send, writes = socket._send, list[bytes]()

        def noted(data: bytes) -> int:
            writes.append(data)
            return send(data)

        socket._send = noted  # type: ignore[assignment]

        async def burst() -> None:
            writes.clear()
            calls = (client.spot.submit_new_order(**ORDER) for _ in range(20))
            answers = await asyncio.gather(*calls)
            assert all(each.status == 200 for each in answers)

        # The first one leaves at once, since nothing is under way.
        await until(lambda: all(driven[-20:]) and len(writes) == 2, burst)

    loop.run_until_complete(main())


def test_what_is_handed_in_together_is_written_together(client: AsyncClient) -> None:
    core, session = client._core, session_of(client)
    writes: list[bytes] = []
    told: list[Any] = []
    done = threading.Event()

    def settled(outcome: Any) -> None:
        told.append(outcome)
        if len(told) == 5:
            done.set()

    def hand_in() -> None:
        send = session.serving.socket._send
        session.serving.socket._send = lambda data: writes.append(data) or send(data)  # type: ignore[func-returns-value]
        for number in range(5):
            kind = kind_by_method(session.market, "ping")
            call = Call(kind, {}, settled, f"mine-{number}", 5.0, client._runtime.now())
            call.ws_key = WsKey.MAIN_WSAPI
            core._inbox.append(call)
        core.take_in()

    on_core(client, hand_in)

    assert done.wait(WAIT_S)
    assert all(each.status == 200 for each in told)
    assert len(writes) == 1


class Held:
    """Keeps the answers to pings until it is told to give them."""

    def __init__(self, scripted: ScriptedServer) -> None:
        self._scripted = scripted
        self._held: list[tuple[Peer, dict[str, Any]]] = []
        scripted.replies["ping"] = self.hold

    async def hold(self, peer: Peer, request: dict[str, Any]) -> None:
        self._held.append((peer, request))

    def wait(self) -> None:
        """Wait until there is one."""
        self._scripted.wait_until(lambda: self._held)

    def give(self, *, last: bool = False) -> None:
        """Answer them."""
        held, self._held = self._held, []
        if last:
            self._scripted.replies["ping"] = _answered
        for each in held:
            self._scripted.run(_answered(*each))


async def until_it_leads(client: AsyncClient, held: Held) -> asyncio.Task[Any]:
    """Return a call that its loop waits for, reading."""
    for _ in range(TRIES):
        task = asyncio.ensure_future(client.spot.test_connectivity())
        await asyncio.to_thread(held.wait)
        if leads(client):
            return task
        held.give()
        assert (await task).status == 200
    pytest.fail("it never leads")


def test_core_takes_over_from_a_loop_that_is_held_up(
    client: AsyncClient,
    scripted: ScriptedServer,
    driven: list[bool],
    loop: asyncio.AbstractEventLoop,
) -> None:
    """The others hear their answers, and the exchange its pongs."""
    blocks, go = threading.Event(), threading.Event()

    held, statuses = Held(scripted), list[int]()
    scripted.replies["ping"] = _answered

    async def main() -> None:
        await until_it_drives(client, driven)
        scripted.replies["ping"] = held.hold
        task = await until_it_leads(client, held)
        blocks.set()
        assert go.wait(4 * WAIT_S)  # as a strategy does that computes
        statuses.append((await task).status)

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()))
    thread.start()
    assert blocks.wait(4 * WAIT_S)
    link = session_of(client).serving
    try:
        scripted.run(scripted.peers[-1].socket.ping(b"alive?"))
        scripted.wait_until(lambda: b"alive?" in scripted.peers[-1].pongs)
        assert asyncio.run(client.spot.get_server_time()).status == 200
        held.give(last=True)
    finally:
        go.set()
    thread.join(WAIT_S)
    assert statuses == [200]
    assert session_of(client).serving is link, "nobody doubted the connection"


def test_await_that_is_cancelled_leaves_the_socket_to_others(
    client: AsyncClient,
    scripted: ScriptedServer,
    driven: list[bool],
    loop: asyncio.AbstractEventLoop,
) -> None:
    async def main() -> None:
        await until_it_drives(client, driven)
        held = Held(scripted)
        for _ in range(3):
            task = await until_it_leads(client, held)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            held.give()
            assert (await client.spot.get_server_time()).status == 200
        held.give(last=True)
        assert (await client.spot.test_connectivity()).status == 200

    loop.run_until_complete(main())
    scripted.replies["ping"] = _answered
    assert not on_core(client, lambda: len(session_of(client).serving.pending))
    assert asyncio.run(client.spot.test_connectivity()).status == 200


def test_loop_that_is_closed_while_it_reads_leaves_the_socket_to_others(
    client: AsyncClient,
    scripted: ScriptedServer,
    driven: list[bool],
    loop: asyncio.AbstractEventLoop,
) -> None:
    held = Held(scripted)
    scripted.replies["ping"] = _answered
    loop.run_until_complete(until_it_drives(client, driven))
    scripted.replies["ping"] = held.hold
    task = loop.run_until_complete(until_it_leads(client, held))
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    held.give(last=True)

    async def others() -> None:
        for _ in range(10):
            assert (await client.spot.test_connectivity()).status == 200
            assert (await client.spot.submit_new_order(**ORDER)).status == 200
        await until_it_drives(client, driven)

    asyncio.run(others())
    readers = [each for each in lead_of(client).readers if isinstance(each, LoopReader)]
    assert sum(not each.is_over for each in readers) <= 1
    assert scripted.handshakes == 1


def test_what_a_loop_had_not_written_when_it_was_closed_leaves_at_once(
    client: AsyncClient,
    scripted: ScriptedServer,
    driven: list[bool],
    loop: asyncio.AbstractEventLoop,
) -> None:
    """It counts as sent: the exchange is to have it now, and not with whatever is sent next."""
    held = Held(scripted)
    scripted.replies["ping"] = _answered
    loop.run_until_complete(until_it_drives(client, driven))
    scripted.replies["ping"] = held.hold
    tasks = [loop.run_until_complete(until_it_leads(client, held))]
    placed = len(scripted.seen("order.place"))
    session_of(client)._doubt.look_after = 500.0  # or a ping would take it along

    def place() -> None:
        tasks.append(loop.create_task(client.spot.submit_new_order(**ORDER)))
        loop.call_soon(loop.stop)  # before the end of the turn in which it is sent

    loop.run_until_complete(loop.shutdown_default_executor())
    loop.call_soon(place)
    loop.run_forever()
    loop.close()

    scripted.wait_for("order.place", placed + 1)
    for task in tasks:
        task._log_destroy_pending = False  # type: ignore[attr-defined]
    held.give(last=True)


def test_reader_that_is_interrupted_or_closed_owes_nothing(
    client: AsyncClient,
    scripted: ScriptedServer,
    driven: list[bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.new_event_loop()
    held = Held(scripted)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    async def main() -> None:
        scripted.replies["ping"] = _answered
        await until_it_drives(client, driven)
        scripted.replies["ping"] = held.hold
        task = await until_it_leads(client, held)
        lead = lead_of(client)
        reader = lead.readers[-1]
        assert isinstance(reader, LoopReader)
        with monkeypatch.context() as patched, lead.loop.baton:
            patched.setattr(LoopDelivery, "is_busy", True)
            patched.setattr(loop, "call_soon", interrupt)
            with pytest.raises(KeyboardInterrupt):
                reader.lead(lead)
            lead.loop.corked = None
        assert not reader._is_flushing, "the next frame would wait for a turn that never ends"
        held.give(last=True)
        assert (await task).status == 200
        reader._close()
        reader.dismissed()

    loop.run_until_complete(main())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


def test_client_goes_from_loop_to_loop(client: AsyncClient, driven: list[bool]) -> None:
    """As with one ``asyncio.run`` after the other."""
    for _ in range(10):
        asyncio.run(until_it_drives(client, driven))

    assert len(lead_of(client).readers) <= 2, "those of closed loops are let go of"


def test_loops_and_threads_beside_each_other_have_each_their_answer(
    client: AsyncClient, scripted: ScriptedServer, driven: list[bool]
) -> None:
    wrong: list[Any] = []
    kind = kind_by_method(session_of(client).market, "order.place")

    def check(mine: str, answer: Any) -> None:
        if answer.raw["result"]["clientOrderId"] != mine:
            wrong.append((mine, answer.raw))

    async def calls(name: str) -> None:
        for number in range(30):
            mine = f"{name}-{number}"
            check(mine, await client.spot.submit_new_order(new_client_order_id=mine, **ORDER))

    async def loops(name: str) -> None:
        await asyncio.gather(*(calls(f"{name}-{number}") for number in range(5)))

    def blocks(name: str) -> None:
        for number in range(100):
            mine = f"{name}-{number}"
            params = {
                "symbol": "BTCUSDT",
                "side": "BUY",
                "type": "MARKET",
                "quantity": "1",
                "newClientOrderId": mine,
            }
            send: Any = BlockingCalls._send
            check(mine, send(client, WsKey.MAIN_WSAPI, kind, dict, params))

    makers: list[Callable[[str], Any]] = [
        lambda name: asyncio.run(loops(name)),
        lambda name: uvloop.run(loops(name)),
        blocks,
    ]
    failed: list[BaseException] = []

    def run(maker: Callable[[str], Any], name: str) -> None:
        try:
            maker(name)
        except BaseException as error:  # noqa: BLE001  (told below)
            failed.append(error)

    threads = [
        threading.Thread(target=run, args=(makers[number % 3], f"t{number}")) for number in range(6)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join(6 * WAIT_S)

    assert not failed
    assert not wrong
    ids = [each["params"]["newClientOrderId"] for each in scripted.seen("order.place")]
    assert len(ids) == len(set(ids)) == 4 * 150 + 2 * 100
    assert any(driven)
    assert scripted.handshakes == 1


def test_events_come_while_a_loop_reads(
    client: AsyncClient,
    scripted: ScriptedServer,
    driven: list[bool],
    loop: asyncio.AbstractEventLoop,
) -> None:
    """What is no answer is left to the core, and the answer behind it is not lost."""
    count = 0

    async def with_noise(peer: Peer, request: dict[str, Any]) -> None:
        nonlocal count
        count += 1
        await peer.send('{"event":{"e":"tick"}}')
        await _answered(peer, request)
        await peer.send('{"event":{"e":"tick"}}')

    async def main() -> None:
        await until_it_drives(client, driven)
        scripted.replies["ping"] = with_noise
        for _ in range(20):
            answers = await asyncio.gather(*(client.spot.test_connectivity() for _ in range(3)))
            assert [each.status for each in answers] == [200] * 3

    loop.run_until_complete(main())
    assert count == 60


def test_connection_that_goes_while_a_loop_reads_ends_the_calls(
    client: AsyncClient,
    scripted: ScriptedServer,
    driven: list[bool],
    loop: asyncio.AbstractEventLoop,
) -> None:
    async def cut_once(peer: Peer, request: dict[str, Any]) -> None:
        if peer.number == 1:
            peer.cut()
        else:
            await _answered(peer, request)

    async def main() -> None:
        await until_it_drives(client, driven)
        delivery = client._delivery
        assert delivery is not None
        (reader,) = delivery.readers.values()
        scripted.replies["ping"] = cut_once
        answers = await asyncio.gather(*(client.spot.test_connectivity() for _ in range(3)))
        assert [each.status for each in answers] == [200] * 3
        await until(lambda: reader._watched.closed, client.spot.test_connectivity)

    loop.run_until_complete(main())
    assert scripted.handshakes == 2


def test_forked_child_reads_nothing_from_its_parents_socket(
    client: AsyncClient,
    scripted: ScriptedServer,
    driven: list[bool],
    loop: asyncio.AbstractEventLoop,
) -> None:
    loop.run_until_complete(until_it_drives(client, driven))
    before = len(scripted.requests)
    child = os.fork()
    if child == 0:
        try:
            asyncio.new_event_loop().run_until_complete(client.spot.test_connectivity())
        except ClientClosed:
            os._exit(7)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 7
    assert len(scripted.requests) == before
    assert loop.run_until_complete(client.spot.test_connectivity()).status == 200


@pytest.mark.timeout(300)
def test_interrupt_at_any_point_loses_no_answer_and_hangs_nobody(
    client: AsyncClient, scripted: ScriptedServer, driven: list[bool]
) -> None:
    loop = asyncio.new_event_loop()
    loop.run_until_complete(until_it_drives(client, driven))
    link = session_of(client).serving
    told = sent_though_given_up = went_on = led = fewer = 0

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        return loop.run_until_complete(asyncio.wait_for(work, 4 * WAIT_S))

    async def answer_of(task: asyncio.Task[Any]) -> Any:
        return await task

    for point in itertools.count():
        mine = f"point-{point}"
        place = client.spot.submit_new_order(new_client_order_id=mine, **ORDER)
        task = loop.create_task(place)
        error = interrupted(point, lambda task=task: loop.run_until_complete(task))  # type: ignore[misc]
        led += driven[-1]
        assert run(client.spot.test_connectivity()).status == 200, point
        if error is None:  # the core may have read in its place, which takes fewer steps
            fewer += 1
            if fewer == 20:
                break
            continue
        fewer = 0
        if (
            not task.done() or task.exception() is None
        ):  # not the call was interrupted, but its loop
            assert run(answer_of(task)).status == 200, point
            went_on += 1
            continue
        ids = [each["params"]["newClientOrderId"] for each in scripted.seen("order.place")]
        found = given_up(error)
        if found is None or not found.written:
            assert mine not in ids, f"{point}: sent, and said to be unsent"
        else:
            told += 1
        sent_though_given_up += mine in ids
        assert session_of(client).serving is link, f"{point}: the connection was lost"
    loop.close()
    assert led > 15, "compiled modules are interrupted at none of their lines"
    assert told > 5
    assert went_on > 5
    assert scripted.handshakes == 1
    ids = [
        each["params"]["newClientOrderId"]
        for each in scripted.seen("order.place")
        if "newClientOrderId" in each["params"]
    ]
    assert len(ids) == len(set(ids)), "an order was sent twice"
    assert asyncio.run(client.spot.test_connectivity()).status == 200

    def idle() -> list[Any]:
        session_of(client).governor.usage(client._runtime.now())
        runtime_loop: Any = client._runtime.loop
        return [runtime_loop.borrower, runtime_loop.corked, len(link.pending)]

    borrower, corked, pending = on_core(client, idle)
    assert borrower is None
    assert corked is None
    assert pending <= told - sent_though_given_up, "an answer was lost"
