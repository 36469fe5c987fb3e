"""Clients that others wrote trade on the embedded exchange: the tox environment ``interop``.

Elsewhere their packages are missing and these tests are skipped. What such a client does not find as it
expects is a fault of the exchange, unless the official documents say otherwise.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from binance_wsapi.endpoints import WsKey
from binance_wsapi.simulator import AccountHandle, Key, SimulatedExchange

pytestmark = pytest.mark.filterwarnings("default")
TIMEOUT = 30
ORDER: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT"}


@pytest.fixture
def exchange() -> Iterator[SimulatedExchange]:
    with SimulatedExchange(market_maker=True) as running:
        yield running


@pytest.fixture
def account(exchange: SimulatedExchange) -> AccountHandle:
    return exchange.create_account()


def run(action: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(TIMEOUT):
            await action()

    asyncio.run(bounded())


@pytest.mark.parametrize("key_type", ["hmac", "ed25519"])
def test_the_official_connector(
    exchange: SimulatedExchange, account: AccountHandle, key_type: Any
) -> None:
    spot = pytest.importorskip("binance_sdk_spot.spot")
    configuration = importlib.import_module("binance_common.configuration")
    key = account.create_key(key_type)
    secret = {"api_secret" if key_type == "hmac" else "private_key": key.api_secret}
    options = configuration.ConfigurationWebSocketAPI(
        api_key=key.api_key, stream_url=exchange.urls[WsKey.MAIN_WSAPI], **secret
    )

    async def trade() -> None:
        connection = await spot.Spot(config_ws_api=options).websocket_api.create_connection()
        try:
            await trade_on(connection)
        finally:
            await connection.close_connection(close_session=True)

    async def trade_on(connection: Any) -> None:
        if key_type == "ed25519":
            logon = (await connection.session_logon()).data()
            assert logon.result.api_key == key.api_key
            subscribed = await connection.user_data_stream_subscribe()
        else:
            subscribed = await connection.user_data_stream_subscribe_signature()
        events: asyncio.Queue[Any] = asyncio.Queue()
        subscribed.stream.on("message", events.put_nowait)
        placed = await connection.order_place(
            symbol="BTCUSDT",
            side="BUY",
            type="LIMIT",
            time_in_force="GTC",
            quantity=0.001,
            price=60000,
        )
        order_id = placed.data().result.order_id
        status = await connection.order_status(symbol="BTCUSDT", order_id=order_id)
        assert status.data().result.status == "NEW"
        amended = await connection.order_amend_keep_priority(
            symbol="BTCUSDT", order_id=order_id, new_qty=0.0005
        )
        assert amended.data().result.amended_order.qty == "0.00050000"
        cancelled = await connection.order_cancel(symbol="BTCUSDT", order_id=order_id)
        assert cancelled.data().result.status == "CANCELED"
        listed = await connection.order_list_place_oco(
            symbol="BTCUSDT",
            side="SELL",
            quantity=0.001,
            above_type="LIMIT_MAKER",
            above_price=70000,
            below_type="STOP_LOSS",
            below_stop_price=60000,
        )
        assert listed.data().result.list_order_status == "EXECUTING"
        assert type((await events.get()).actual_instance).__name__ == "ExecutionReport"

    run(trade)


@pytest.mark.parametrize("key_type", ["hmac", "ed25519", "rsa"])
def test_python_binance(
    exchange: SimulatedExchange,
    account: AccountHandle,
    key_type: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    binance = pytest.importorskip("binance")
    base = importlib.import_module("binance.base_client").BaseClient
    monkeypatch.setattr(base, "API_URL", exchange.rest_url + "/api")
    key = account.create_key(key_type)

    async def trade() -> None:
        secret = {"api_secret" if key_type == "hmac" else "private_key": key.api_secret}
        client = binance.AsyncClient(api_key=key.api_key, **secret)
        client.ws_api._url = exchange.urls[WsKey.MAIN_WSAPI]
        try:
            await trade_on(client)
        finally:
            await client.close_connection()

    async def trade_on(client: Any) -> None:
        assert len((await client.get_exchange_info())["symbols"]) > 1
        assert (await client.get_account())["canTrade"] is True
        order = await client.ws_create_order(
            **ORDER, timeInForce="GTC", quantity="0.001", price="60000"
        )
        named = {"symbol": "BTCUSDT", "orderId": order["orderId"]}
        assert (await client.ws_get_order(**named))["status"] == "NEW"
        assert (await client.ws_cancel_order(**named))["status"] == "CANCELED"
        listed = await client.ws_create_oco_order(
            symbol="BTCUSDT",
            side="SELL",
            quantity="0.001",
            aboveType="LIMIT_MAKER",
            abovePrice="70000",
            belowType="STOP_LOSS",
            belowStopPrice="60000",
        )
        assert listed["listOrderStatus"] == "EXECUTING"
        async with binance.BinanceSocketManager(client).user_socket() as socket:
            await client.ws_create_order(**(ORDER | {"type": "MARKET"}), quantity="0.001")
            event = await socket.recv()
        assert (event["e"], event["X"]) == ("executionReport", "NEW")

    run(trade)


def pointed_at(exchange: SimulatedExchange, client: Any) -> Any:
    """Lead a ccxt client here."""
    api = client.urls["api"]
    for name, url in list(api.items()):
        if isinstance(url, str) and ".binance.com" in url:
            api[name] = exchange.rest_url + "/" + url.split("/", 3)[3]
    api["ws"]["spot"] = exchange.urls[WsKey.MAIN].removesuffix("/stream") + "/ws"
    api["ws"]["ws-api"]["spot"] = exchange.urls[WsKey.MAIN_WSAPI]
    return client


@pytest.mark.parametrize("key_type", ["hmac", "ed25519"])
def test_ccxt_pro(exchange: SimulatedExchange, account: AccountHandle, key_type: Any) -> None:
    ccxt = pytest.importorskip("ccxt.pro")
    key: Key = account.create_key(key_type)
    pair = "BTC/USDT"

    async def trade() -> None:
        client = pointed_at(
            exchange, ccxt.binance({"apiKey": key.api_key, "secret": key.api_secret})
        )
        try:
            await trade_on(client)
        finally:
            await client.close()

    async def trade_on(client: Any) -> None:
        markets = await client.load_markets()
        assert {pair, "BTC/USDT:USDT", "BTC/USD:BTC"} <= set(markets)
        assert (await client.fetch_balance())["USDT"]["free"] == 1_000_000
        order = await client.create_order_ws(pair, "limit", "buy", 0.001, 60000)
        assert (await client.fetch_order_ws(order["id"], pair))["status"] == "open"
        assert len(await client.fetch_open_orders_ws(pair)) == 1
        edited = await client.edit_order_ws(order["id"], pair, "limit", "buy", 0.002, 60001)
        assert edited["amount"] == 0.002
        assert (await client.cancel_order_ws(edited["id"], pair))["status"] == "canceled"
        watching = asyncio.ensure_future(client.watch_orders(pair))
        await asyncio.to_thread(
            exchange.journal.wait_for,
            lambda frame: (frame.method or "").startswith("userDataStream.subscribe"),
        )
        bought = await client.create_order_ws(pair, "market", "buy", 0.001)
        assert bought["status"] == "closed"
        assert (await watching)[-1]["symbol"] == pair
        assert (await client.watch_order_book(pair))["bids"]
        assert len(await client.fetch_my_trades_ws(pair)) == 1
        assert await client.fetch_ohlcv(pair)

    run(trade)
