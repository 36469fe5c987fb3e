"""A stream or a book keeps its client alive until it is closed, and lets go of it then.

That nothing stays behind is seen by the fixture that counts threads and sockets after each test.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from callers import WAIT_S, Flavour

from binance_wsapi import ClientClosed, StreamGap, WsKey
from binance_wsapi.models.user_events import BalanceUpdate
from binance_wsapi.simulator import AccountHandle, SimulatedExchange


@pytest.fixture
def account(exchange: SimulatedExchange) -> AccountHandle:
    return exchange.create_account()


@pytest.fixture
def handed_out(
    flavour: Flavour, exchange: SimulatedExchange, account: AccountHandle
) -> Callable[[Callable[[Any], Any]], Any]:
    """Return what ``work(client)`` returns, of a client that nothing else refers to."""
    key = account.create_key()

    def hand_out(work: Callable[[Any], Any]) -> Any:
        if flavour == "sync":
            made = work(exchange.client(key))
        else:

            async def run() -> Any:
                return await work(exchange.async_client(key))

            made = asyncio.run(run())
        gc.collect()
        return made

    return hand_out


HandedOut = Callable[[Callable[[Any], Any]], Any]


def user_data(client: Any) -> Any:
    return client.subscribe_user_data_stream()


def trades(client: Any) -> Any:
    return client.streams.subscribe("btcusdt@trade")


def order_book(client: Any) -> Any:
    return client.streams.order_book("BTCUSDT")


def collect_client_of(closed: Any) -> None:
    """Let the core's loop do what closing asked it for; a client and its namespaces are a cycle."""
    done = threading.Event()
    with contextlib.suppress(RuntimeError):  # the loop has ended already
        closed._hold._loop.call_soon_threadsafe(done.set)
        assert done.wait(WAIT_S)
    gc.collect()


def done(answer: Any) -> Any:
    """Return what a call of either flavour gives."""
    return asyncio.run(answer) if inspect.iscoroutine(answer) else answer


def take_until_end(stream: Any) -> list[Any]:
    events = []
    while True:
        try:
            events.append(done(stream.get(timeout=WAIT_S)))
        except ClientClosed:
            return events


def test_stream_of_user_data_goes_on(handed_out: HandedOut, account: AccountHandle) -> None:
    stream = handed_out(user_data)

    account.deposit("USDT", 5)

    assert isinstance(done(stream.get(timeout=WAIT_S)), BalanceUpdate)
    stream.close()
    assert not any(isinstance(event, StreamGap) for event in take_until_end(stream))


@pytest.mark.parametrize("work", [user_data, trades, order_book])
def test_what_is_dropped_lets_its_client_go(handed_out: HandedOut, work: Any) -> None:
    made = handed_out(work)

    del made
    gc.collect()


@pytest.mark.parametrize("work", [user_data, trades, order_book])
def test_what_is_closed_lets_its_client_go(handed_out: HandedOut, work: Any) -> None:
    made = handed_out(work)

    made.close()
    made.close()
    collect_client_of(made)


def test_market_stream_goes_on(handed_out: HandedOut, exchange: SimulatedExchange) -> None:
    stream = handed_out(trades)
    sell = {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC",
            "quantity": "0.01", "price": "60000"}  # fmt: skip

    for side in ("SELL", "BUY"):
        exchange.create_account().request("order.place", {**sell, "side": side})

    assert done(stream.get(timeout=WAIT_S)).symbol == "BTCUSDT"
    stream.close()
    collect_client_of(stream)


def test_order_book_goes_on_in_its_changes(handed_out: HandedOut, flavour: Flavour) -> None:
    book = handed_out(order_book)
    done(book.wait_ready(timeout=WAIT_S))

    changes = book.changes()
    del book
    gc.collect()

    take = next if flavour == "sync" else type(changes).__anext__
    assert done(take(changes)) is not None
    changes.close()
    gc.collect()


@pytest.mark.parametrize("work", [user_data, trades, order_book])
def test_closed_client_is_not_kept(
    flavour: Flavour, exchange: SimulatedExchange, work: Any
) -> None:
    async def run() -> tuple[Any, weakref.ref[Any]]:
        client = exchange.async_client()
        made = await work(client)
        await client.close()
        return made, weakref.ref(client)

    if flavour == "sync":
        client = exchange.client()
        made = work(client)
        client.close()
        gone = weakref.ref(client)
        del client
    else:
        made, gone = asyncio.run(run())
    gc.collect()

    assert gone() is None
    made.close()


def test_dropped_stream_is_handed_out_again(
    exchange: SimulatedExchange, account: AccountHandle
) -> None:
    """Handlers need no stream in hand: the subscription is the client's."""
    with exchange.client(account.create_key()) as client:
        client.subscribe_user_data_stream(WsKey.MAIN_WSAPI)
        gc.collect()
        account.deposit("USDT", 5)

        stream = client.subscribe_user_data_stream(WsKey.MAIN_WSAPI)

        assert isinstance(stream.get(timeout=WAIT_S), BalanceUpdate)
        assert len(exchange.journal.requests("userDataStream.subscribe")) == 1
