"""Market streams over real sockets: raw and combined, live requests, and a book that joins."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from decimal import Decimal
from random import Random
from typing import Any

import aiohttp
import pytest

from binance_wsapi.endpoints import WsKey
from binance_wsapi.simulator.exchange import SimulatedExchange
from binance_wsapi.simulator.spot.market_maker import MarketMaker
from binance_wsapi.simulator.spot.random_market import RandomMarket

WAIT = 10.0


@pytest.fixture(scope="module")
def exchange() -> Iterator[SimulatedExchange]:
    with SimulatedExchange(seed=11) as exchange:
        yield exchange


@pytest.fixture(scope="module")
def maker(exchange: SimulatedExchange) -> MarketMaker:
    maker = MarketMaker(exchange.clock, exchange.venue.spot, Random(11), ["BTCUSDT", "ETHUSDT"])
    exchange.call(maker.start)
    return maker


def base(exchange: SimulatedExchange) -> str:
    return f"ws://127.0.0.1:{exchange.port}"


@contextmanager
def moving(exchange: SimulatedExchange, maker: MarketMaker) -> Iterator[RandomMarket]:
    """Let one symbol move, fast."""
    market = RandomMarket(exchange.clock, maker, Random(1), ["BTCUSDT"], step_seconds=0.01)
    exchange.call(market.start)
    try:
        yield market
    finally:
        exchange.call(market.stop)


Scenario = Callable[[SimulatedExchange, MarketMaker], Coroutine[Any, Any, None]]


def on_a_loop(scenario: Scenario) -> Callable[[SimulatedExchange, MarketMaker], None]:
    """Make a test of a coroutine function."""

    def test(exchange: SimulatedExchange, maker: MarketMaker) -> None:
        asyncio.run(scenario(exchange, maker))

    test.__name__, test.__doc__ = scenario.__name__, scenario.__doc__
    return test


async def receive(socket: aiohttp.ClientWebSocketResponse) -> Any:
    return await socket.receive_json(timeout=WAIT)


@on_a_loop
async def test_combined_streams(exchange: SimulatedExchange, maker: MarketMaker) -> None:
    names = {"btcusdt@trade", "btcusdt@aggTrade", "btcusdt@bookTicker", "btcusdt@depth@100ms"}
    url = f"{base(exchange)}/stream?streams={'/'.join(sorted(names))}"
    seen: set[str] = set()
    with moving(exchange, maker):
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(url) as socket,
            asyncio.timeout(WAIT),
        ):
            while seen != names:
                seen.add((await receive(socket))["stream"])


@on_a_loop
async def test_live_requests(exchange: SimulatedExchange, maker: MarketMaker) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{base(exchange)}/ws") as socket,
    ):
        await socket.send_json({"method": "SUBSCRIBE", "params": ["ethusdt@depth5@100ms"], "id": 7})
        assert await receive(socket) == {"result": None, "id": 7}
        event = await receive(socket)
        await socket.send_json({"method": "BUY", "id": 8})
        async with asyncio.timeout(WAIT):
            while "code" not in (answer := await receive(socket)):
                pass

    assert list(event) == ["lastUpdateId", "bids", "asks"]
    assert len(event["bids"]) == 5
    assert (answer["code"], answer["id"]) == (2, 8)


@on_a_loop
async def test_too_many_messages_end_the_connection(
    exchange: SimulatedExchange, maker: MarketMaker
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{base(exchange)}/ws") as socket,
    ):
        for number in range(6):
            await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": number})
        answers = [json.loads(message.data)["id"] async for message in socket]

    assert answers == [0, 1, 2, 3, 4]
    assert socket.close_code == 1008


class LocalBook:
    """A book kept by the documented procedure."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        self.update_id = snapshot["lastUpdateId"]
        self.sides = {"b": dict(snapshot["bids"]), "a": dict(snapshot["asks"])}

    def apply(self, event: dict[str, Any]) -> None:
        if event["u"] <= self.update_id:
            return
        assert event["U"] <= self.update_id + 1, "events were missed"
        self.update_id = event["u"]
        for side, levels in self.sides.items():
            for price, quantity in event[side]:
                levels[price] = quantity
                if not Decimal(quantity):
                    del levels[price]

    def has_caught_up(self, exchange: SimulatedExchange) -> bool:
        """Whether the exchange's book is no newer; if so, they must be the same."""

        def compare() -> bool:
            book = exchange.venue.spot.books["BTCUSDT"]
            if book.last_update_id != self.update_id:
                return False
            for side, levels in (("b", book.bids), ("a", book.asks)):
                own = {Decimal(price): Decimal(left) for price, left in self.sides[side].items()}
                assert own == dict(levels.top(5_000))
            return True

        return exchange.call(compare)


@on_a_loop
async def test_a_local_book_follows_the_exchange(
    exchange: SimulatedExchange, maker: MarketMaker
) -> None:
    """Diffs from the stream and a snapshot from the WebSocket API make the exchange's book."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{base(exchange)}/ws/btcusdt@depth@100ms") as stream,
        session.ws_connect(exchange.urls[WsKey.MAIN_WSAPI]) as api,
    ):
        with moving(exchange, maker):
            first = await receive(stream)
            params = {"symbol": "BTCUSDT", "limit": 5_000}
            await api.send_json({"id": 1, "method": "depth", "params": params})
            local = LocalBook((await receive(api))["result"])
            assert local.update_id >= first["U"]
            local.apply(first)
            for _ in range(10):
                local.apply(await receive(stream))
        # What the maker still has to refill comes within its moment.
        async with asyncio.timeout(WAIT):
            while not local.has_caught_up(exchange):
                local.apply(await receive(stream))


@on_a_loop
async def test_pings_are_answered_and_counted(
    exchange: SimulatedExchange, maker: MarketMaker
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{base(exchange)}/ws", autoping=False) as socket,
    ):
        for _ in range(6):
            await socket.ping(b"hello")
        answers = []
        while (message := await socket.receive(timeout=WAIT)).type is aiohttp.WSMsgType.PONG:
            answers.append(bytes(message.data))

    assert answers[:5] == [b"hello"] * 5
    assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING)
    assert socket.close_code == 1008
