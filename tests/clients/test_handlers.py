"""Handlers: on a thread of their own, in order; they may block, raise, await and call the client."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable
from typing import Any

import pytest
from callers import WAIT_S, AwaitingCaller, Caller, Noted, noted
from scripted_server import Peer, ScriptedServer

from binance_wsapi import ClientClosed, ConfigurationError, ConnectionEvent, StreamGap, WsKey
from binance_wsapi.simulator import SimulatedExchange

Connect = Callable[..., Caller]

ALL = ("open", "authenticated", "reconnecting", "reconnected", "rotated", "close", "exception")


def kinds(events: list[Any]) -> list[str]:
    return [event.kind for event in events]


def awaited_handlers(caller: Caller, add: Callable[[Any], None]) -> None:
    """Run ``add(client)`` on the loop that calls are awaited on."""

    async def run() -> None:
        add(caller.client)

    assert isinstance(caller, AwaitingCaller)
    asyncio.run_coroutine_threadsafe(run(), caller.loop).result(WAIT_S)


def test_every_connection_event_comes_in_order(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect()
    told = noted(caller, *ALL)

    caller.call(lambda client: client.connect())
    exchange.drop_connections()
    told.wait_until(lambda events: "reconnected" in kinds(events))
    exchange.announce_shutdown()
    told.wait_until(lambda events: "rotated" in kinds(events))
    caller.call(lambda client: client.disconnect_all())
    told.wait_until(lambda events: kinds(events).count("close") == 3)

    assert kinds(told.events)[:9] == [
        "open",
        "authenticated",
        "close",
        "reconnecting",
        "open",
        "authenticated",
        "reconnected",
        "open",
        "authenticated",
    ]
    assert kinds(told.events)[9] == "rotated"
    assert {event.ws_key for event in told.events} == {WsKey.MAIN_WSAPI}
    assert all(isinstance(event, ConnectionEvent) for event in told.events)
    reasons = [event.reason for event in told.events if event.kind in {"close", "reconnecting"}]
    assert reasons[:2] == ["connection dropped", "connection dropped"]


def test_handler_that_was_taken_off_hears_nothing_more(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect()
    kept, gone = noted(caller, "open"), noted(caller, "open")
    caller.call(lambda client: client.connect())
    kept.wait(1)
    gone.wait(1)

    caller.client.off("open", gone)
    caller.client.off("open", gone)  # nothing to do is no error
    caller.call(lambda client: client.connect(WsKey.MAIN_WSAPI2))
    kept.wait(2)

    assert len(gone.events) == 1


def test_unknown_event_is_refused_with_the_known_ones(connect: Connect) -> None:
    caller = connect()
    for work in (caller.client.on, caller.client.off):
        with pytest.raises(ConfigurationError, match="no event 'opened': use one of open, "):
            work("opened", print)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="not callable"):
        caller.client.on("open", "print")  # type: ignore[call-overload]


def test_messages_are_told_both_frames_and_kinds(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect()
    messages = noted(caller, "message")

    answer = caller.call(lambda client: client.spot.test_connectivity())

    messages.wait_until(lambda events: any(answer.id in event.frame for event in events))
    assert {event.kind for event in messages.events} == {"message"}


def test_user_data_handlers_hear_what_the_stream_tells(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    account = exchange.create_account()
    caller = connect(account.create_key())
    told = noted(caller, "user_data")
    stream = caller.call(lambda client: client.subscribe_user_data_stream())

    for amount in (1, 2, 3):
        account.deposit("USDT", amount)

    assert told.wait(6) == [caller.next_event(stream) for _ in range(6)]


@pytest.mark.parametrize(
    "raised", [ValueError, SystemExit, KeyboardInterrupt, asyncio.CancelledError]
)
def test_handler_that_raises_hurts_nobody_else(
    connect: Connect, exchange: SimulatedExchange, raised: type[BaseException]
) -> None:
    caller = connect()

    def fail(event: Any) -> None:
        raise raised("a bug of the user's")

    caller.client.on("open", fail)
    caller.client.on("exception", fail)
    told, errors = noted(caller, "open"), noted(caller, "exception")

    caller.call(lambda client: client.connect())
    caller.call(lambda client: client.connect(WsKey.MAIN_WSAPI2))

    assert len(told.wait(2)) == 2
    first = errors.wait(2)[0]
    assert isinstance(first.error, raised)
    assert first.reason == "a handler of 'open' raised"
    assert first.ws_key is None


def test_handler_that_cannot_be_hashed_is_one_like_all_others(connect: Connect) -> None:
    class Handler(list[Any]):
        def __call__(self, event: Any) -> None:
            self.append(event)

    caller = connect()
    handler, told = Handler(), Noted()
    caller.client.on("open", handler)
    caller.client.on("open", told)

    caller.call(lambda client: client.connect())
    told.wait()
    caller.client.off("open", handler)
    caller.call(lambda client: client.connect(WsKey.MAIN_WSAPI2))
    told.wait(2)

    assert len(handler) == 1


def test_handler_that_blocks_does_not_stall_the_connection(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect()
    release = threading.Event()
    caller.client.on("open", lambda event: release.wait(WAIT_S))
    try:
        caller.call(lambda client: client.connect())

        for _ in range(10):
            assert caller.call(lambda client: client.spot.test_connectivity()).status == 200
    finally:
        release.set()


def test_handlers_run_on_a_thread_of_their_own(connect: Connect) -> None:
    caller = connect()
    threads: list[str] = []
    caller.client.on("open", lambda event: threads.append(threading.current_thread().name))
    done = noted(caller, "open")

    caller.call(lambda client: client.connect())
    done.wait()

    assert threads == ["binance-wsapi-handlers"]


def test_blocking_client_may_be_called_from_a_handler(exchange: SimulatedExchange) -> None:
    answers: list[int] = []
    done = threading.Event()
    with exchange.client() as client:

        def ask(event: ConnectionEvent) -> None:
            answers.append(client.spot.get_server_time().status)
            done.set()

        client.on("authenticated", ask)
        client.connect()

        assert done.wait(WAIT_S)
    assert answers == [200]


def test_handler_may_add_and_take_off_handlers(connect: Connect) -> None:
    caller = connect()
    second = Noted()

    def first(event: Any) -> None:
        caller.client.off("open", first)
        caller.client.on("open", second)

    caller.client.on("open", first)
    caller.call(lambda client: client.connect())
    caller.call(lambda client: client.connect(WsKey.MAIN_WSAPI2))

    assert second.wait()[-1].ws_key is WsKey.MAIN_WSAPI2


# Async handlers


class AsyncHandler:
    """An object that is called like a coroutine function."""

    def __init__(self, note: Callable[[Any], None]) -> None:
        self._note = note

    async def __call__(self, event: Any) -> None:
        await asyncio.sleep(0)
        self._note((event.kind, asyncio.get_running_loop()))


@pytest.mark.parametrize("shape", ["function", "partial", "object"])
def test_async_handler_runs_on_the_loop_it_was_added_on(
    exchange: SimulatedExchange, shape: str
) -> None:
    caller = AwaitingCaller(exchange.async_client(attach_event_listeners=False))
    told = Noted()

    async def handle(note: Callable[[Any], None], event: Any) -> None:
        await asyncio.sleep(0)
        note((event.kind, asyncio.get_running_loop()))

    async def plain(event: Any) -> None:
        await handle(told, event)

    handler: Any = {
        "function": plain,
        "partial": functools.partial(handle, told),
        "object": AsyncHandler(told),
    }[shape]
    try:
        awaited_handlers(caller, lambda client: client.on("open", handler))
        caller.call(lambda client: client.connect())

        assert told.wait() == [("open", caller.loop)]
    finally:
        caller.close()


def test_same_async_handler_on_two_loops_runs_on_both(exchange: SimulatedExchange) -> None:
    client = exchange.async_client(attach_event_listeners=False)
    first, second = AwaitingCaller(client), AwaitingCaller(client)
    told = Noted()

    async def handler(event: Any) -> None:
        told(asyncio.get_running_loop())

    try:
        for caller in (first, second):
            awaited_handlers(caller, lambda client: client.on("open", handler))
        first.call(lambda client: client.connect())

        assert set(told.wait(2)) == {first.loop, second.loop}
    finally:
        first.close()
        second.close()


def test_async_handler_may_await_the_client_and_fail(exchange: SimulatedExchange) -> None:
    caller = AwaitingCaller(exchange.async_client(attach_event_listeners=False))
    told = Noted()

    async def ask(event: Any) -> None:
        told((await caller.client.spot.get_server_time()).status)
        raise ValueError("a bug of the user's")

    try:
        errors = noted(caller, "exception")
        awaited_handlers(caller, lambda client: client.on("authenticated", ask))
        caller.call(lambda client: client.connect())

        assert told.wait() == [200]
        assert isinstance(errors.wait()[0].error, ValueError)
    finally:
        caller.close()


def test_async_handler_needs_a_running_loop(connect: Connect) -> None:
    async def handler(event: Any) -> None: ...

    with pytest.raises(ConfigurationError, match="add it inside a running event loop"):
        connect().client.on("open", handler)


def test_function_that_returns_a_coroutine_is_told(connect: Connect) -> None:
    async def work(event: Any) -> None: ...

    caller = connect()
    errors = noted(caller, "exception")
    caller.client.on("open", lambda event: work(event))
    caller.call(lambda client: client.connect())

    assert "add the coroutine function itself" in str(errors.wait()[0].error)


def test_handler_of_a_loop_that_is_closed_is_an_error_and_no_end(
    exchange: SimulatedExchange,
) -> None:
    with exchange.client(attach_event_listeners=False) as client:

        async def add() -> None:
            async def handler(event: Any) -> None: ...

            client.on("open", handler)

        asyncio.run(add())
        errors, told = Noted(), Noted()
        client.on("exception", errors)
        client.on("open", told)
        client.connect()

        told.wait()
        assert isinstance(errors.wait()[0].error, RuntimeError)


# Slow consumers


def flood(scripted: ScriptedServer, count: int) -> None:
    """Have the subscription followed by events numbered from 0."""

    async def subscribe(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, {"subscriptionId": 0})
        for number in range(count):
            event = {"e": "balanceUpdate", "E": 1, "a": "A", "d": str(number), "T": number}
            await peer.send({"subscriptionId": 0, "event": event})

    scripted.replies["userDataStream.subscribe.signature"] = subscribe


def signing(**options: Any) -> dict[str, Any]:
    return {"api_key": "key", "api_secret": "s" * 64, "mute_latency_warning": True, **options}


@pytest.mark.parametrize(
    ("overflow", "told"),
    [
        ("drop_oldest", ["lost 17", 17, 18, 19]),
        ("drop_newest", [0, 1, 2, "lost 17"]),
        ("close", [0, 1, 2, "lost 1", "end"]),
    ],
)
def test_slow_consumer_is_told_what_it_lost(
    connect: Connect, dial: Connect, scripted: ScriptedServer, overflow: str, told: list[Any]
) -> None:
    flood(scripted, 20)
    caller = dial(**signing(event_buffer_size=3, event_overflow=overflow))
    stream = caller.call(lambda client: client.subscribe_user_data_stream())
    # Answers come behind the events on the same connection; what one read of the socket brings is handed
    # over when it is read to its end, so that its answers may be heard first: those of the next are not.
    for _ in range(2):
        caller.call(lambda client: client.spot.test_connectivity())

    heard: list[Any] = []
    while len(heard) < len(told):
        try:
            event = caller.next_event(stream)
        except ClientClosed:
            heard.append("end")
            continue
        heard.append(
            f"lost {event.lost}" if isinstance(event, StreamGap) else int(event.balance_delta)
        )
    assert heard == told
    assert caller.call(lambda client: client.spot.test_connectivity()).status == 200


@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest", "close"])
def test_slow_handlers_are_told_what_they_lost_and_go_on(
    dial: Connect, scripted: ScriptedServer, overflow: str
) -> None:
    flood(scripted, 20)
    caller = dial(**signing(event_buffer_size=3, event_overflow=overflow))
    release, started, told = threading.Event(), threading.Event(), Noted()

    def slow(event: Any) -> None:
        started.set()
        release.wait(WAIT_S)
        told(event)

    caller.client.on("user_data", slow)
    caller.call(lambda client: client.subscribe_user_data_stream())
    caller.call(lambda client: client.spot.test_connectivity())
    assert started.wait(WAIT_S)
    release.set()

    told.wait_until(lambda events: any(isinstance(event, StreamGap) for event in events))
    opened = noted(caller, "open")
    caller.call(lambda client: client.connect(WsKey.MAIN_WSAPI2))
    assert opened.wait()


def test_event_that_cannot_be_read_does_not_end_the_handlers(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect()
    told = noted(caller, "user_data")

    def unreadable(event: bytes) -> Any:
        raise ValueError("no such event")

    caller.client._runtime.dispatcher.post_lazily("user_data", unreadable, b"")
    caller.client._runtime.dispatcher.post("user_data", "next")

    assert told.wait() == ["next"]
