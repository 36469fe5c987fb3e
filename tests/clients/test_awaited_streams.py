"""The same names, awaited: streams and books of the async client, none of which blocks its loop."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from callers import WAIT_S
from market_events import make_trade

from binance_wsapi import (
    AsyncClient,
    AsyncEventStream,
    ClientClosed,
    ConnectionHealth,
    ParameterError,
    WsKey,
)
from binance_wsapi.markets import Market
from binance_wsapi.models.user_events import BalanceUpdate
from binance_wsapi.order_book import AsyncLocalOrderBook
from binance_wsapi.simulator import AccountHandle, SimulatedExchange


def run(exchange: SimulatedExchange, main: Callable[[AsyncClient, AccountHandle], Any]) -> None:
    """Run a test's coroutine with a client, within a bound."""
    account = exchange.create_account()

    async def within() -> None:
        async with (
            asyncio.timeout(3 * WAIT_S),
            exchange.async_client(account.create_key(), reconnect_delay=0.01) as client,
        ):
            await main(client, account)

    asyncio.run(within())


async def the_loop_goes_on_while(waiting: Awaitable[Any]) -> int:
    """Return how often the loop went round while something was awaited."""
    rounds = 0

    async def go_round() -> None:
        nonlocal rounds
        while True:
            await asyncio.sleep(0)
            rounds += 1

    going = asyncio.create_task(go_round())
    with pytest.raises(TimeoutError):
        await waiting
    going.cancel()
    return rounds


def test_get_is_awaited_with_a_timeout_and_blocks_nothing(exchange: SimulatedExchange) -> None:
    async def main(client: AsyncClient, account: AccountHandle) -> None:
        stream = await client.subscribe_user_data_stream()

        assert await the_loop_goes_on_while(stream.get(timeout=0.05)) > 1
        with pytest.raises(TimeoutError, match=r"^no event within 0 s$"):
            await stream.get(timeout=0)
        account.deposit("USDT", 5)
        event = await stream.get()
        assert isinstance(event, BalanceUpdate)
        assert await stream.get(timeout=WAIT_S) is not None
        with pytest.raises(ParameterError, match="timeout='1'"):
            await stream.get(timeout="1")  # type: ignore[arg-type]
        assert not hasattr(stream, "__iter__")
        assert not hasattr(stream, "__enter__")

    run(exchange, main)


def test_a_timeout_takes_no_event_away(exchange: SimulatedExchange) -> None:
    async def main(client: AsyncClient, account: AccountHandle) -> None:
        stream = await client.subscribe_user_data_stream()
        for amount in range(1, 6):
            with pytest.raises(TimeoutError):
                await stream.get(timeout=0.001)
            account.deposit("USDT", amount)
            while not isinstance(event := await stream.get(), BalanceUpdate):
                pass
            assert event.balance_delta == amount
            await stream.get()

    run(exchange, main)


def test_the_callers_own_timeout_is_his(exchange: SimulatedExchange) -> None:
    async def main(client: AsyncClient, account: AccountHandle) -> None:
        stream = await client.subscribe_user_data_stream()
        with pytest.raises(TimeoutError) as raised:
            async with asyncio.timeout(0.01):
                await stream.get(timeout=WAIT_S)
        assert str(raised.value) == ""

    run(exchange, main)


def test_a_subscription_is_read_at_once(exchange: SimulatedExchange) -> None:
    async def main(client: AsyncClient, account: AccountHandle) -> None:
        async def first(opening: Any) -> Any:
            async for event in opening:
                return event
            raise AssertionError("it ended")

        reading = asyncio.create_task(first(client.subscribe_user_data_stream()))
        subscribed = partial(frame_of, "userDataStream.subscribe")
        await asyncio.to_thread(exchange.journal.wait_for, subscribed, count=1)
        account.deposit("USDT", 5)
        assert isinstance(await reading, BalanceUpdate)

        trades = client.streams.subscribe("btcusdt@trade")
        reading = asyncio.create_task(first(trades))
        while not reading.done():
            await asyncio.to_thread(make_trade, exchange, account)
            await asyncio.wait([reading], timeout=0.05)
        assert (await reading).stream == "btcusdt@trade"

    run(exchange, main)


def frame_of(method: str, frame: Any) -> bool:
    return bool(frame.method == method)


def test_streams_and_books_are_entered_and_closed(exchange: SimulatedExchange) -> None:
    async def main(client: AsyncClient, account: AccountHandle) -> None:
        streams = client.streams
        async with streams.subscribe("btcusdt@trade") as entered:
            assert isinstance(entered, AsyncEventStream)
            assert list(await streams.list()) == ["btcusdt@trade"]
        with pytest.raises(ClientClosed, match="is closed"):
            await entered.get()
        async with await streams.subscribe("btcusdt@trade") as again:
            assert again
        with pytest.raises(ClientClosed, match="is closed"):
            await again.get()
        async with client.subscribe_user_data_stream() as events:
            assert await client.subscribe_user_data_stream() is events
        with pytest.raises(ClientClosed):
            await events.get()
        for opening in (streams.order_book("BTCUSDT"), await streams.order_book("BTCUSDT")):
            async with opening as book:
                assert isinstance(book, AsyncLocalOrderBook)
                await book.wait_ready(timeout=WAIT_S)
                assert book.depth(5).bids is not None
                async for top in book.changes(levels=1):
                    assert len(top.bids) <= 1
                    break
            with pytest.raises(ClientClosed):
                await book.wait_ready()
        book = await streams.order_book("BTCUSDT")
        await book.close()
        (await streams.subscribe("btcusdt@trade")).close()  # awaited or not
        assert not hasattr(book, "__enter__")
        assert not hasattr(book.changes(), "__iter__")

    run(exchange, main)


def test_what_is_opened_is_a_coroutine_to_all_who_take_one(exchange: SimulatedExchange) -> None:
    async def main(client: AsyncClient, account: AccountHandle) -> None:
        streams = client.streams
        task = asyncio.create_task(streams.subscribe("btcusdt@trade"))
        first, book = await asyncio.gather(task, streams.order_book("ETHUSDT"))
        second = await asyncio.wait_for(streams.subscribe("ethusdt@trade"), WAIT_S)

        assert first.name != second.name
        assert book.symbol == "ETHUSDT"
        with pytest.raises(ParameterError):
            await streams.subscribe("no stream")

    run(exchange, main)


def test_a_forgotten_await_of_a_stream_names_the_method(exchange: SimulatedExchange) -> None:
    async def main(client: AsyncClient, account: AccountHandle) -> None:
        openings: dict[str, Callable[[], object]] = {
            "AsyncStreams.subscribe": lambda: client.streams.subscribe("btcusdt@trade"),
            "AsyncStreams.order_book": lambda: client.streams.order_book("BTCUSDT"),
            "AsyncClient.subscribe_user_data_stream": client.subscribe_user_data_stream,
        }
        for name, forget in openings.items():
            with pytest.warns(RuntimeWarning, match=f"'{name}' was never awaited"):
                forget()
            gc.collect()

    run(exchange, main)


def test_health_and_limits_are_awaited(exchange: SimulatedExchange) -> None:
    async def main(client: AsyncClient, account: AccountHandle) -> None:
        await client.connect()

        (health,) = await client.health()
        limits = await client.rate_limits
        assert isinstance(health, ConnectionHealth)
        assert health.ws_key is WsKey.MAIN_WSAPI
        assert set(limits) == {market.value for market in Market}
        client.rate_limits  # noqa: B018  (whoever looks at it asks nothing)

    run(exchange, main)
