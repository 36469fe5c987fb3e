"""Futures over real sockets, with a client that is not ours."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import urlencode

import aiohttp
import pytest
from gateway_client import signature, signed

from binance_wsapi.endpoints import WsKey
from binance_wsapi.markets import Market
from binance_wsapi.simulator import Key, SimulatedExchange

T = TypeVar("T")
TIMEOUT = 10
Socket = aiohttp.ClientWebSocketResponse

API = {Market.USDM: WsKey.USDM_WSAPI, Market.COINM: WsKey.COINM_WSAPI}
ORDERS: dict[Market, dict[str, Any]] = {
    Market.USDM: {"symbol": "BTCUSDT", "price": "60000.00", "quantity": "0.010"},
    Market.COINM: {"symbol": "BTCUSD_PERP", "price": "60000.0", "quantity": "5"},
}
LIMIT = {"type": "LIMIT", "timeInForce": "GTC"}
MARKETS = pytest.mark.parametrize("market", list(API), ids=lambda market: market.value)


@pytest.fixture
def exchange() -> Iterator[SimulatedExchange]:
    with SimulatedExchange(seed=7) as running:
        yield running


@pytest.fixture
def key(exchange: SimulatedExchange) -> Key:
    return exchange.create_account().create_key()


@pytest.fixture
def other_key(exchange: SimulatedExchange) -> Key:
    return exchange.create_account().create_key("hmac")


def run(action: Callable[[], Awaitable[T]]) -> T:
    async def bounded() -> T:
        async with asyncio.timeout(TIMEOUT):
            return await action()

    return asyncio.run(bounded())


@asynccontextmanager
async def connected(exchange: SimulatedExchange, path: WsKey | str) -> AsyncIterator[Socket]:
    """Open a connection of the exchange's table, or one by path."""
    if isinstance(path, WsKey):
        url = exchange.urls[path]
    else:
        url = exchange.rest_url.replace("http", "ws", 1) + path
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as ws:
        yield ws


async def ask(ws: Socket, method: str, params: dict[str, Any] | None = None) -> Any:
    """Send a request and return its result."""
    await ws.send_json({"id": 1, "method": method, "params": params or {}})
    answer = await ws.receive_json()
    assert answer["status"] == 200, answer
    return answer["result"]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@MARKETS
def test_an_order_is_placed_filled_and_told(
    exchange: SimulatedExchange, key: Key, other_key: Key, market: Market
) -> None:
    order = ORDERS[market] | LIMIT
    private = "/usdm/private/ws?listenKey=" if market is Market.USDM else "/coinm/ws/"

    async def trade() -> list[str]:
        async with connected(exchange, API[market]) as mine:
            await ask(mine, "session.logon", signed(key, now_ms()))
            started = await ask(mine, "userDataStream.start", {"apiKey": key.api_key})
            async with connected(exchange, private + started["listenKey"]) as events:
                bought = {"timestamp": now_ms(), "side": "BUY", **order}
                placed = await ask(mine, "order.place", bought)
                assert placed["status"] == "NEW"
                sold = signed(other_key, now_ms(), side="SELL", **order)
                await ask(mine, "order.place", sold)
                status = {"symbol": order["symbol"], "orderId": placed["orderId"]}
                filled = await ask(mine, "order.status", {"timestamp": now_ms(), **status})
                assert filled["status"] == "FILLED"
                told: list[str] = []
                while "ACCOUNT_UPDATE" not in told or told.count("ORDER_TRADE_UPDATE") < 2:
                    told.append((await events.receive_json())["e"])
                return told

    expected = ["ORDER_TRADE_UPDATE", "TRADE_LITE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE"]
    if market is Market.COINM:
        expected.remove("TRADE_LITE")
    assert run(trade) == expected


@MARKETS
def test_account_methods_answer(exchange: SimulatedExchange, key: Key, market: Market) -> None:
    methods = ["account.balance", "account.position", "account.status"]
    if market is Market.USDM:
        methods += [f"v2/{method}" for method in methods]

    async def read() -> list[Any]:
        async with connected(exchange, API[market]) as ws:
            return [await ask(ws, method, signed(key, now_ms())) for method in methods]

    balances, positions, status, *_ = run(read)
    assert float(balances[0]["balance"]) > 0
    assert positions[0]["symbol"].startswith("BTCUS")
    assert status["canTrade"] is True


def test_algo_order_fires_on_another_trade(
    exchange: SimulatedExchange, key: Key, other_key: Key
) -> None:
    order = ORDERS[Market.USDM] | LIMIT | {"price": "60100"}

    async def fire() -> list[str]:
        async with connected(exchange, WsKey.USDM_WSAPI) as ws:
            started = await ask(ws, "userDataStream.start", {"apiKey": key.api_key})
            filtered = f"/usdm/private/ws?listenKey={started['listenKey']}&events=ALGO_UPDATE"
            async with connected(exchange, filtered) as events:
                algo = {"algoType": "CONDITIONAL", "type": "STOP_MARKET", "triggerPrice": "60100"}
                algo |= {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.01"}
                await ask(ws, "algoOrder.place", signed(key, now_ms(), **algo))
                for side in ("SELL", "SELL", "BUY"):
                    await ask(ws, "order.place", signed(other_key, now_ms(), side=side, **order))
                return [(await events.receive_json())["o"]["X"] for _ in range(4)]

    assert run(fire) == ["NEW", "TRIGGERING", "TRIGGERED", "FINISHED"]


def test_market_streams_come_by_their_routes(exchange: SimulatedExchange, other_key: Key) -> None:
    order = ORDERS[Market.USDM] | LIMIT

    async def watch() -> tuple[Any, Any]:
        async with (
            connected(exchange, "/usdm/public/ws/btcusdt@bookTicker") as public,
            connected(exchange, "/usdm/market/stream?streams=btcusdt@aggTrade") as market,
            connected(exchange, WsKey.USDM_WSAPI) as ws,
        ):
            for side in ("BUY", "SELL"):
                await ask(ws, "order.place", signed(other_key, now_ms(), side=side, **order))
            return await public.receive_json(), await market.receive_json()

    best, trade = run(watch)
    assert (best["e"], best["b"], best["st"]) == ("bookTicker", "60000.00", 1)
    assert (trade["stream"], trade["data"]["p"]) == ("btcusdt@aggTrade", "60000.00")


def test_maker_keeps_books_of_both_markets() -> None:
    async def read(exchange: SimulatedExchange) -> Any:
        async with connected(exchange, WsKey.USDM_WSAPI) as ws:
            return await ask(ws, "depth", {"symbol": "ETHUSDT", "limit": 5})

    with SimulatedExchange(seed=7, market_maker=True) as exchange:
        depth = run(lambda: read(exchange))

    assert len(depth["bids"]) == len(depth["asks"]) == 5


@pytest.mark.parametrize(
    ("prefix", "symbol"), [("/fapi/v1", "BTCUSDT"), ("/dapi/v1", "BTCUSD_PERP")]
)
def test_rest_answers_what_the_websocket_api_lacks(
    exchange: SimulatedExchange, other_key: Key, prefix: str, symbol: str
) -> None:
    base = exchange.rest_url + prefix

    async def read() -> tuple[Any, Any, int]:
        headers = {"X-MBX-APIKEY": other_key.api_key}
        async with aiohttp.ClientSession(headers=headers) as session:
            async with session.get(f"{base}/premiumIndex", params={"symbol": symbol}) as answer:
                index = await answer.json()
            query = urlencode({"symbol": symbol, "leverage": 30, "timestamp": now_ms()})
            query += f"&signature={signature(other_key, query.encode())}"
            async with session.post(f"{base}/leverage?{query}") as answer:
                leverage = await answer.json()
            async with session.get(f"{base}/openOrders") as answer:
                return index, leverage, answer.status

    index, leverage, unsigned_status = run(read)
    row = index if isinstance(index, dict) else index[0]
    assert row["symbol"] == symbol
    assert leverage["leverage"] == 30
    assert unsigned_status == 400
