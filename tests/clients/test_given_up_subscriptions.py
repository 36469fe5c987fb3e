"""What is made for a caller who gives up does not stay: no stream, no subscription, no order book."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from callers import AwaitingCaller, Caller
from giving_up import given_up_when
from scripted_server import Peer, ScriptedServer

from binance_wsapi import AsyncClient, WsKey
from binance_wsapi.core.runtime import Runtime

Dial = Callable[..., Caller]

SIGNED: dict[str, Any] = {
    "api_key": "key",
    "api_secret": "s" * 64,
    "mute_latency_warning": True,
    "timeout": 500,
}

SUBSCRIBE = "userDataStream.subscribe.signature"


class Held:
    """A reply that is given when the test says so."""

    def __init__(self, server: ScriptedServer, results: Iterable[object]) -> None:
        self._server = server
        self._results = iter(results)
        self._may_answer = asyncio.Event()

    async def __call__(self, peer: Peer, request: dict[str, Any]) -> None:
        result = next(self._results)
        await self._may_answer.wait()
        await peer.answer(request, result)

    def give(self) -> None:
        self._server.loop.call_soon_threadsafe(self._may_answer.set)


@pytest.fixture
def subscribed(scripted: ScriptedServer) -> Iterator[Held]:
    held = Held(scripted, ({"subscriptionId": number} for number in itertools.count(5)))
    scripted.replies[SUBSCRIBE] = held
    yield held
    held.give()


def streams_url(server: ScriptedServer) -> dict[str, Any]:
    base = f"ws://127.0.0.1:{server.port}"
    return {"urls": {**server.urls, "main": f"{base}/main", "usdmMarket": f"{base}/usdm"}}


def test_user_data_that_was_given_up_is_unsubscribed_when_its_answer_comes(
    dial: Dial, scripted: ScriptedServer, subscribed: Held
) -> None:
    caller = dial(**SIGNED)

    given_up_when(
        lambda: scripted.wait_for(SUBSCRIBE),
        caller,
        lambda client: client.subscribe_user_data_stream(),
    )
    subscribed.give()

    (undone,) = scripted.wait_for("userDataStream.unsubscribe")
    assert undone["params"]["subscriptionId"] == 5
    # Asked for again, it is a stream like any other.
    stream = caller.call(lambda client: client.subscribe_user_data_stream())
    assert len(scripted.seen(SUBSCRIBE)) == 2
    stream.close()


MADE: dict[str, tuple[Callable[[Any], Any], str]] = {
    "user data": (lambda client: client.subscribe_user_data_stream(), "userDataStream.unsubscribe"),
    "market stream": (lambda client: client.streams.subscribe("btcusdt@trade"), "names"),
    "order book": (lambda client: client.streams.order_book("BTCUSDT"), "names"),
}


@pytest.mark.parametrize("what", MADE)
def test_what_was_made_when_its_caller_gave_up_is_undone(
    dial: Dial, scripted: ScriptedServer, subscribed: Held, what: str
) -> None:
    """It is there already, and the caller gives up before he has it."""
    work, undone_by = MADE[what]
    subscribed.give()
    caller = dial(**SIGNED, **streams_url(scripted))
    kept = kept_back(caller)

    given_up_when(lambda: kept.wait(), caller, work)
    kept.let_go()

    if undone_by == "names":
        caller.call(lambda client: client.streams.subscribe("ethusdt@trade"))
        names_become(caller, ["ethusdt@trade"])
    else:
        scripted.wait_for(undone_by)


def test_what_was_made_for_a_coroutine_closed_with_its_loop_is_undone(
    scripted: ScriptedServer, subscribed: Held
) -> None:
    subscribed.give()
    caller = AwaitingCaller(AsyncClient(**SIGNED, urls=scripted.urls))
    try:
        kept = kept_back(caller)
        loop = asyncio.new_event_loop()
        subscribing = caller.client.subscribe_user_data_stream()
        left: asyncio.Task[Any] = loop.create_task(subscribing)
        loop.run_until_complete(asyncio.sleep(0))
        kept.wait()
        loop.close()

        subscribing.close()

        kept.let_go()
        scripted.wait_for("userDataStream.unsubscribe")
        left._log_destroy_pending = False  # type: ignore[attr-defined]
    finally:
        caller.close()


def names_become(caller: Caller, names: list[str]) -> None:
    while caller.call(lambda client: client.streams.list()) != names:
        pass


class Kept:
    """Results of the core that are kept from their callers."""

    def __init__(self) -> None:
        self.made = threading.Event()
        self.go: list[Callable[[], object]] = []

    def wait(self) -> None:
        assert self.made.wait(10)

    def let_go(self) -> None:
        for each in self.go:
            each()


def kept_back(caller: Caller) -> Kept:
    """Hold the next result of the core back on its loop, once it is made."""
    runtime: Runtime = caller.client._runtime
    kept = Kept()
    run = runtime.run

    def watched(work: Callable[[], Any]) -> Any:
        runtime.run = run  # type: ignore[method-assign]

        async def made() -> Any:
            result = await work()
            may_go = asyncio.Event()
            kept.go.append(lambda: runtime.loop.call_soon_threadsafe(may_go.set))
            kept.made.set()
            while not may_go.is_set():
                try:
                    await may_go.wait()
                except asyncio.CancelledError:
                    break  # too late: it is made
            return result

        return run(made)

    runtime.run = watched  # type: ignore[method-assign]
    return kept


def test_user_data_that_others_read_stays(
    dial: Dial, scripted: ScriptedServer, subscribed: Held
) -> None:
    subscribed.give()
    caller = dial(**SIGNED)
    stream = caller.call(lambda client: client.subscribe_user_data_stream())
    kept = kept_back(caller)

    given_up_when(lambda: kept.wait(), caller, lambda client: client.subscribe_user_data_stream())
    kept.let_go()

    again = caller.call(lambda client: client.subscribe_user_data_stream())
    assert again is stream
    assert not scripted.seen("userDataStream.unsubscribe")
    stream.close()


def test_market_stream_that_was_given_up_leaves_no_name(
    dial: Dial, scripted: ScriptedServer
) -> None:
    held = Held(scripted, itertools.repeat(None))
    scripted.replies["SUBSCRIBE"] = held
    caller = dial(**SIGNED, **streams_url(scripted))

    given_up_when(
        lambda: scripted.wait_for("SUBSCRIBE"),
        caller,
        lambda client: client.streams.subscribe("btcusdt@trade", ws_key=WsKey.MAIN),
    )

    names_become(caller, [])
    held.give()


def test_disconnecting_goes_on_though_its_caller_gave_up(
    dial: Dial, scripted: ScriptedServer
) -> None:
    """Half of the connections must not stay as they are, known to nobody."""
    caller = dial(**SIGNED)
    caller.call(lambda client: client.connect())
    caller.call(lambda client: client.connect(WsKey.USDM_WSAPI))
    kept = kept_back(caller)

    given_up_when(lambda: kept.wait(), caller, lambda client: client.disconnect_all())
    kept.let_go()

    assert caller.call(lambda client: client.health()) == []
