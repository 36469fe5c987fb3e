"""From the first call to the end: lazy, closed from anywhere, many threads and loops, never a hang."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import gc
import json
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from callers import (
    WAIT_S,
    AwaitingCaller,
    BlockingCaller,
    Caller,
    Flavour,
    are_waiting,
    caller_of,
    noted,
    until,
    until_dial_failed,
)
from scripted_server import ScriptedServer

from binance_wsapi import (
    AsyncClient,
    BinanceWsApiError,
    Client,
    ClientClosed,
    ConfigurationError,
    ConnectionLost,
    NotSent,
    WsKey,
)
from binance_wsapi.simulator import SimulatedExchange

Connect = Callable[..., Caller]
CLIENTS = {"sync": Client, "async": AsyncClient}


def ping(client: Any) -> Any:
    return client.spot.test_connectivity()


# Beginning


def test_nothing_is_connected_until_it_is_needed(dial: Connect, scripted: ScriptedServer) -> None:
    caller = dial()
    assert scripted.handshakes == 0

    caller.call(ping)
    caller.call(ping)

    assert scripted.handshakes == 1


def test_connect_warms_a_connection_up(connect: Connect, exchange: SimulatedExchange) -> None:
    caller = connect()
    told = noted(caller, "authenticated")

    assert caller.call(lambda client: client.connect()) is None
    caller.call(lambda client: client.connect())

    assert len(told.wait()) == 1
    assert exchange.journal.connections() == [1]
    assert len(exchange.journal.requests("session.logon")) == 1


def test_connect_that_does_not_come_up_says_why(dial: Connect) -> None:
    caller = dial(urls={"mainWSAPI": "ws://127.0.0.1:1"}, timeout=0.2)
    until_dial_failed(caller)

    with pytest.raises(NotSent) as failed:
        caller.call(lambda client: client.connect())

    assert failed.value.reason == "not connected"
    assert "127.0.0.1" in str(failed.value)


# End


def test_close_is_idempotent_and_refuses_calls(connect: Connect) -> None:
    caller = connect()
    caller.call(ping)
    stream = caller.call(lambda client: client.subscribe_user_data_stream())

    for _ in range(3):
        caller.call(lambda client: client.close())

    assert caller.client.closed
    works: list[Callable[[Any], Any]] = [
        ping,
        lambda client: client.connect(),
        lambda client: client.subscribe_user_data_stream(),
        lambda client: client.disconnect_all(),
        lambda client: client.request(WsKey.MAIN_WSAPI, "ping"),
    ]
    for work in works:
        with pytest.raises(ClientClosed, match="the client is closed"):
            caller.call(work)
    with pytest.raises(ClientClosed):
        caller.next_event(stream)
    stream.close()
    assert "closed" in repr(caller.client)


def test_close_before_anything_was_done(connect: Connect) -> None:
    caller = connect()
    caller.call(lambda client: client.close())

    assert caller.client.closed


def test_context_manager_closes(exchange: SimulatedExchange) -> None:
    with exchange.client() as client:
        client.spot.get_server_time()
    assert client.closed

    async def main() -> AsyncClient:
        async with exchange.async_client() as awaited:
            await awaited.spot.get_server_time()
        return awaited

    assert asyncio.run(main()).closed


def test_close_ends_calls_in_flight_and_calls_that_wait(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect(timeout=500, on_unknown_outcome="raise")
    caller.call(lambda client: client.connect())
    swallowed = exchange.faults.on("account.status").swallow(times=3)
    in_flight = [
        caller.begin(lambda client: client.spot.get_account_information()) for _ in range(3)
    ]
    swallowed.wait(3)
    exchange.stop_listening()
    waiting = [
        caller.begin(lambda client: client.spot.using(WsKey.MAIN_WSAPI2).test_connectivity())
        for _ in range(3)
    ]
    warming = caller.begin(lambda client: client.connect(WsKey.MAIN_WSAPI2))
    subscribing = caller.begin(lambda client: client.subscribe_user_data_stream(WsKey.MAIN_WSAPI2))
    until(caller, lambda core: are_waiting(3, core, WsKey.MAIN_WSAPI2) and core.user_data._locks)

    caller.call(lambda client: client.close())

    for call in in_flight:
        with pytest.raises(ConnectionLost):
            call.result(WAIT_S)
    for call in (*waiting, warming, subscribing):
        with pytest.raises(ClientClosed):
            call.result(WAIT_S)


def test_close_from_another_thread_ends_a_blocked_call(exchange: SimulatedExchange) -> None:
    caller = BlockingCaller(exchange.client(timeout=500, on_unknown_outcome="raise"))
    swallowed = exchange.faults.on("ping").swallow()
    call = caller.begin(ping)
    swallowed.wait()

    thread = threading.Thread(target=caller.client.close)
    thread.start()

    with pytest.raises(ConnectionLost):
        call.result(WAIT_S)
    thread.join(WAIT_S)
    assert not thread.is_alive()


def test_close_from_a_handler(connect: Connect, exchange: SimulatedExchange) -> None:
    caller = connect()
    closed = threading.Event()

    def leave(event: Any) -> None:
        caller.client._finalizer()
        closed.set()

    caller.client.on("open", leave)
    # The handler's thread and this one race: who connects may be done before all is closed.
    with contextlib.suppress(ClientClosed, ConnectionLost, NotSent):
        caller.call(lambda client: client.connect())

    assert closed.wait(WAIT_S)
    assert caller.client.closed
    with pytest.raises(ClientClosed):
        caller.call(ping)


def test_close_of_a_peer_that_says_nothing_is_quick(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect()
    caller.call(ping)
    exchange.faults.half_open().wait()

    caller.begin(lambda client: client.close()).result(WAIT_S)

    assert caller.client.closed


def test_tls_connections_are_closed_to_the_last_byte(flavour: Flavour) -> None:
    """The end of TLS takes another round trip: a loop that ends before leaks the socket."""
    with SimulatedExchange(tls=True) as exchange:
        for _ in range(10):
            caller = caller_of(flavour, **exchange.client_options(), attach_event_listeners=False)
            assert caller.call(ping).status == 200
            caller.close()


def test_closing_threads_do_not_hinder_each_other(exchange: SimulatedExchange) -> None:
    client = exchange.client()
    client.spot.get_server_time()
    threads = [threading.Thread(target=client.close) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
        assert not thread.is_alive()

    assert client.closed


def test_every_call_that_races_with_close_ends(
    flavour: Flavour, exchange: SimulatedExchange
) -> None:
    """Whatever the moment: an answer, or an error that says what happened."""
    key = exchange.create_account().create_key()
    works: list[Callable[[Any], Any]] = [
        ping,
        lambda client: client.connect(WsKey.MAIN_WSAPI2),
        lambda client: client.spot.get_account_information(),
        lambda client: client.subscribe_user_data_stream(),
    ]
    for round_number in range(20):
        caller = caller_of(
            flavour,
            **exchange.client_options(key),
            timeout=500,
            attach_event_listeners=False,
            on_unknown_outcome="raise",
        )
        with contextlib.closing(caller):
            calls = []
            for number in range(20):
                calls.append(caller.begin(works[number % 4]))
                if number == round_number:
                    closing = caller.begin(lambda client: client.close())
            closing.result(WAIT_S)
            for call in calls:
                error = call.exception(WAIT_S)  # a cancelled one would raise
                assert error is None or isinstance(error, (ClientClosed, ConnectionLost, NotSent))


def test_disconnect_all_and_on(connect: Connect, exchange: SimulatedExchange) -> None:
    caller = connect()
    closed = noted(caller, "close")
    caller.call(ping)
    caller.call(lambda client: client.connect(WsKey.USDM_WSAPI))
    stream = caller.call(lambda client: client.subscribe_user_data_stream())

    caller.call(lambda client: client.disconnect_all())
    caller.call(lambda client: client.disconnect_all())

    assert {event.ws_key for event in closed.wait(2)} == {WsKey.MAIN_WSAPI, WsKey.USDM_WSAPI}
    with pytest.raises(ClientClosed):
        caller.next_event(stream)
    assert not caller.client.closed
    assert caller.call(ping).status == 200
    again = caller.call(lambda client: client.subscribe_user_data_stream())
    assert again is not stream
    assert len(exchange.journal.connections()) == 3


def test_call_that_waits_while_all_is_disconnected_was_not_sent(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    """The client is not closed: the call may be made again."""
    exchange.stop_listening()
    caller = connect(timeout=500)
    call = caller.begin(ping)
    until(caller, functools.partial(are_waiting, 1))

    caller.call(lambda client: client.disconnect_all())

    with pytest.raises(NotSent) as ended:
        call.result(WAIT_S)
    assert ended.value.reason == "disconnected"
    exchange.resume_listening()
    assert caller.call(ping).status == 200


def test_call_handed_in_before_all_is_disconnected_was_not_sent(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    """The loop looks at its bell between two turns: what was begun after the ring may come before it."""
    exchange.stop_listening()
    caller = connect(timeout=500)
    core = caller.client._core
    core._ring = lambda: None
    call = caller.begin(ping)
    until(caller, lambda core: core._inbox)

    caller.call(lambda client: client.disconnect_all())

    with pytest.raises(NotSent) as ended:
        call.result(WAIT_S)
    assert ended.value.reason == "disconnected"


def test_question_over_a_session_that_was_closed_is_not_waited_for(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    """Who asks one thing after the other, as a recovery does, may have it under its hands."""
    caller = connect(timeout=500)
    caller.call(ping)
    core = caller.client._core
    closed = core.sessions.open[WsKey.MAIN_WSAPI]
    caller.call(lambda client: client.disconnect_all())

    with pytest.raises(NotSent) as ended:
        core.runtime.run(lambda: closed.ask(None, "ping", {})).result(WAIT_S)

    assert ended.value.reason == "disconnected"


def test_abandoned_client_is_closed(exchange: SimulatedExchange) -> None:
    client = exchange.client()
    client.spot.get_server_time()
    gone = weakref.ref(client)
    thread = client._runtime.host._thread  # type: ignore[attr-defined]

    del client
    gc.collect()

    assert gone() is None
    thread.join(WAIT_S)
    assert not thread.is_alive()


# Threads and loops


def test_many_threads_at_once_get_their_own_answers(exchange: SimulatedExchange) -> None:
    symbols = ["BTCUSDT", "ETHUSDT", "BNBUSDT", "ETHBTC"]
    with exchange.client() as client:

        def work(number: int) -> int:
            right = 0
            for turn in range(200):
                symbol = symbols[(number + turn) % len(symbols)]
                answer = client.request(WsKey.MAIN_WSAPI, "novel.echo", {"symbol": symbol})
                right += answer.result == {"symbol": symbol}
            return right

        exchange.faults.on("novel.echo").do(echo, times=None)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(8))) == [200] * 8
    assert exchange.journal.connections() == [1]


def echo(pending: Any) -> None:
    request = pending.request
    answer = {"id": request.id, "status": 200, "result": request.params}
    pending.send(json.dumps(answer).encode())


def test_many_tasks_of_several_loops_get_their_own_answers(exchange: SimulatedExchange) -> None:
    exchange.faults.on("novel.echo").do(echo, times=None)
    client = exchange.async_client(attach_event_listeners=False)
    callers = [AwaitingCaller(client) for _ in range(3)]

    async def ask_all(client: AsyncClient, name: str) -> int:
        async def ask(number: int) -> bool:
            params = {"who": f"{name}{number}"}
            answer = await client.request(WsKey.MAIN_WSAPI, "novel.echo", params)
            return bool(answer.result == params)

        return sum(await asyncio.gather(*(ask(number) for number in range(200))))

    try:
        calls = [
            caller.begin(functools.partial(ask_all, name=name))
            for caller, name in zip(callers, "abc", strict=True)
        ]
        assert [call.result(WAIT_S) for call in calls] == [200] * 3
    finally:
        for caller in callers:
            caller.close()


def test_one_loop_after_the_other(exchange: SimulatedExchange) -> None:
    client = exchange.async_client()

    async def ask() -> int:
        return (await client.spot.test_connectivity()).status

    assert [asyncio.run(ask()) for _ in range(3)] == [200] * 3
    asyncio.run(client.close())


def test_loop_that_ends_before_its_answer_hurts_nobody(
    exchange: SimulatedExchange,
) -> None:
    client = exchange.async_client(attach_event_listeners=False)
    caller = AwaitingCaller(client)
    try:
        caller.call(ping)
        held = exchange.faults.on("avgPrice").delay_answer(0.05)

        async def leave() -> None:
            task = asyncio.ensure_future(client.spot.get_average_price(symbol="BTCUSDT"))
            await asyncio.to_thread(held.wait)
            task.cancel()

        asyncio.run(leave())
        for _ in range(5):
            assert caller.call(ping).status == 200
    finally:
        caller.close()


def test_cancelled_await_drops_its_answer_alone(exchange: SimulatedExchange) -> None:
    caller = AwaitingCaller(exchange.async_client(attach_event_listeners=False))
    try:
        caller.call(ping)
        held = exchange.faults.on("avgPrice").reorder_answers(2)
        first = caller.begin(lambda client: client.spot.get_average_price(symbol="BTCUSDT"))
        held.wait(1)  # it was sent: else cancelling it would withdraw it
        second = caller.begin(lambda client: client.spot.get_average_price(symbol="BTCUSDT"))
        first.cancel()
        held.wait(2)

        assert second.result(WAIT_S).status == 200
        assert first.cancelled()
        assert caller.call(ping).status == 200
        assert caller.call(lambda client: client.health())[0].pending == 0
    finally:
        caller.close()


def test_wait_for_a_deadline_of_the_callers_own(exchange: SimulatedExchange) -> None:
    async def main() -> int:
        async with exchange.async_client() as client:
            exchange.faults.on("avgPrice").swallow()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await client.spot.get_average_price(symbol="BTCUSDT")
            return (await client.spot.test_connectivity()).status

    assert asyncio.run(main()) == 200


def test_blocking_and_awaited_streams_of_one_subscription(
    exchange: SimulatedExchange,
) -> None:
    """Each event goes to one taker, on a thread or on a loop."""
    account = exchange.create_account()
    with exchange.client(account.create_key()) as client:
        stream = client.subscribe_user_data_stream()
        for amount in range(1, 6):
            account.deposit("USDT", amount)

        async def take() -> list[Any]:
            return [await stream.get_async(timeout=WAIT_S) for _ in range(5)]

        taken = [*asyncio.run(take()), *(stream.get(timeout=WAIT_S) for _ in range(5))]

    amounts = [event.balance_delta for event in taken if hasattr(event, "balance_delta")]
    assert amounts == [1, 2, 3, 4, 5]


def test_unsubscribed_stream_ends_and_can_be_asked_for_anew(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    account = exchange.create_account()
    caller = connect(account.create_key())
    stream = caller.call(lambda client: client.subscribe_user_data_stream())

    caller.call(lambda client: client.unsubscribe_user_data_stream())
    caller.call(lambda client: client.unsubscribe_user_data_stream())
    account.deposit("USDT", 1)

    with pytest.raises(ClientClosed):
        caller.next_event(stream)
    again = caller.call(lambda client: client.subscribe_user_data_stream())
    account.deposit("USDT", 2)
    assert caller.next_event(again).balance_delta == 2
    (unsubscribed,) = exchange.journal.requests("userDataStream.unsubscribe")
    assert unsubscribed.params == {"subscriptionId": 0}


def test_closing_the_stream_unsubscribes(connect: Connect, exchange: SimulatedExchange) -> None:
    caller = connect()
    stream = caller.call(lambda client: client.subscribe_user_data_stream())
    assert "user data of mainWSAPI" in repr(stream)

    stream.close()

    with pytest.raises(ClientClosed):
        caller.next_event(stream)
    exchange.journal.wait_for(lambda frame: frame.method == "userDataStream.unsubscribe")


def test_subscribing_twice_at_once_subscribes_once(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect()
    calls = [caller.begin(lambda client: client.subscribe_user_data_stream()) for _ in range(5)]

    assert len({id(call.result(WAIT_S)) for call in calls}) == 1
    assert len(exchange.journal.requests("userDataStream.subscribe")) == 1


def test_blocking_call_on_the_cores_thread_is_refused(exchange: SimulatedExchange) -> None:
    """Nothing else could ever answer it."""
    with exchange.client() as client:
        works: list[Callable[[], Any]] = [
            lambda: client.spot.test_connectivity(),
            lambda: client.connect(),
            lambda: client.subscribe_user_data_stream(),
        ]

        async def on_the_core(work: Callable[[], Any]) -> str:
            with pytest.raises(ConfigurationError) as refused:
                work()
            return str(refused.value)

        for work in works:
            said = client._runtime.run(functools.partial(on_the_core, work)).result(WAIT_S)
            assert "would never end" in said


def test_errors_show_the_callers_line_and_little_else(exchange: SimulatedExchange) -> None:
    """Built in the core and raised by the facade: no frames of loops and futures."""
    with exchange.client() as client:
        with pytest.raises(BinanceWsApiError) as refused:
            client.spot.get_order_book(symbol="NONESUCH")

        files = [str(entry.path) for entry in refused.traceback]
        assert all("asyncio" not in path and "concurrent" not in path for path in files)
        assert sum("/core/" in path for path in files) == 0
