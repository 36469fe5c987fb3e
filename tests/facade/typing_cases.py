"""What type checkers must say about the facades; read by them, never run."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, assert_type

from binance_wsapi import AsyncClient, AsyncEventStream, Client, ConnectionHealth, LimitUsage
from binance_wsapi.endpoints import WsKey
from binance_wsapi.errors import OutcomeUnknown
from binance_wsapi.event_log import (
    AsyncLoggedEvents,
    LoggedEvents,
    read_stream,
    read_stream_async,
)
from binance_wsapi.events import ConnectionEvent, EventStream, StreamGap, StreamName
from binance_wsapi.facade.async_spot import AsyncSpotNamespace
from binance_wsapi.facade.market_streams import AsyncStreams, Streams
from binance_wsapi.facade.spot import SpotNamespace
from binance_wsapi.facade.usdm import UsdmNamespace
from binance_wsapi.models.account import AccountTrade
from binance_wsapi.models.enums import OrderStatus, OrderType, Side
from binance_wsapi.models.futures_history import FuturesAccountTrade
from binance_wsapi.models.market import Kline, OrderBook, PriceTicker, Ticker24hr
from binance_wsapi.models.order import CancelledOrder, Order, PlacedOrder
from binance_wsapi.models.order_list import CancelledOrderList
from binance_wsapi.models.rows import Rows, Tables
from binance_wsapi.models.spot_stream_events import TradeEvent
from binance_wsapi.models.user_events import OrderUpdate
from binance_wsapi.order_book import AsyncLocalOrderBook
from binance_wsapi.response import Response
from binance_wsapi.user_data import CoinmUserData, MarginUserData, SpotUserData, UsdmUserData


def blocking(spot: SpotNamespace) -> None:
    book = spot.get_order_book(symbol="BTCUSDT", limit=10)
    assert_type(book, Response[OrderBook])
    assert_type(book.result.bids[0].price, Decimal)

    placed = spot.submit_new_order(
        symbol="BTCUSDT", side="BUY", type=OrderType.LIMIT, price=20000.5, quantity=Decimal(1)
    )
    assert_type(placed, Response[PlacedOrder])
    assert_type(placed.result.status, OrderStatus | None)

    assert_type(spot.get_order_status(symbol="BTCUSDT", order_id=1).result.side, Side)
    assert_type(spot.get_order_status("BTCUSDT", order_id="1").result.side, Side)
    assert_type(
        spot.cancel_order(symbol="BTCUSDT", order_id=1),
        Response[CancelledOrder | CancelledOrderList],
    )
    klines = spot.get_klines(
        symbol="BTCUSDT",
        interval="1m",
        start_time=datetime.now().astimezone(),
        end_time="2026-11-28",
    )
    assert_type(klines.result, Rows[Kline])
    assert_type(klines.result[0], Kline)
    assert_type(klines.result[-5:], Rows[Kline])


def histories(spot: SpotNamespace, usdm: UsdmNamespace) -> None:
    assert_type(list(spot.history.klines("BTCUSDT", "1m", start="2026-11-01")), list[Kline])
    assert_type(next(spot.history.all_orders("BTCUSDT")), Order)
    assert_type(usdm.history.my_trades("BTCUSDT").last, FuturesAccountTrade | None)
    spot.history.trades("BTCUSDT", after="7")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def awaited_histories(spot: AsyncSpotNamespace) -> None:
    async for row in spot.history.my_trades("BTCUSDT"):
        assert_type(row, AccountTrade)
    assert_type(await spot.history.trades("BTCUSDT", after=7).to_csv("trades.csv"), int)


def one_or_many(spot: SpotNamespace) -> None:
    assert_type(spot.get_24hr_ticker(symbol="BTCUSDT"), Response[Ticker24hr])
    assert_type(spot.get_24hr_ticker(symbols=["BTCUSDT"]), Response[Rows[Ticker24hr]])
    assert_type(spot.get_24hr_ticker(), Response[Rows[Ticker24hr]])
    assert_type(spot.get_24hr_ticker("BTCUSDT"), Response[Ticker24hr])


async def awaited(spot: AsyncSpotNamespace) -> None:
    assert_type(await spot.get_order_book(symbol="BTCUSDT"), Response[OrderBook])
    assert_type(await spot.get_symbol_price_ticker(symbol="BTCUSDT"), Response[PriceTicker])
    assert_type((await spot.get_open_orders()).result, Rows[Order])
    spot.get_order_book(symbol="BTCUSDT")  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]


def streamed(streams: Streams) -> None:
    trades = streams.subscribe(streams.trade("BTCUSDT"), streams.trade("ETHUSDT"))
    assert_type(trades, EventStream[TradeEvent | StreamGap])
    event = trades.get(timeout=1)
    if not isinstance(event, StreamGap):
        assert_type(event.price, Decimal)
    assert_type(streams.order_book("BTCUSDT").copy(), OrderBook)


async def streamed_and_awaited(streams: AsyncStreams) -> None:
    trades = await streams.subscribe(streams.trade("BTCUSDT"))
    assert_type(trades, AsyncEventStream[TradeEvent | StreamGap])
    assert_type(await trades.get(timeout=1), TradeEvent | StreamGap)
    await trades.close()
    trades.close()
    async for event in streams.subscribe(streams.trade("BTCUSDT")):
        assert_type(event, TradeEvent | StreamGap)
    async with streams.subscribe(streams.trade("BTCUSDT")) as entered:
        assert_type(entered, AsyncEventStream[TradeEvent | StreamGap])
    async with trades as again:
        assert_type(again, AsyncEventStream[TradeEvent | StreamGap])
    async with streams.order_book("BTCUSDT") as book:
        assert_type(book, AsyncLocalOrderBook)
        await book.wait_ready(timeout=1)
        async for top in book.changes(levels=5):
            assert_type(top, OrderBook)
    assert_type(await streams.order_book("BTCUSDT"), AsyncLocalOrderBook)
    for _ in trades:  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
        pass


async def logged(streams: Streams) -> None:
    logged = read_stream("redis://", streams.trade("BTCUSDT"))
    assert_type(logged, LoggedEvents[TradeEvent | StreamGap])
    name = StreamName[TradeEvent]("btcusdt@trade")
    async with await read_stream_async("redis://", name, after=logged.position) as events:
        assert_type(events, AsyncLoggedEvents[TradeEvent | StreamGap])
    assert_type(read_stream("redis://", "btcusdt@trade"), LoggedEvents[Any])


def user_data(client: Client, chosen: WsKey) -> None:
    stream = client.subscribe_user_data_stream()
    assert_type(stream, EventStream[SpotUserData])
    for event in stream:
        match event:
            case OrderUpdate():
                assert_type(event.last_executed_quantity, Decimal)
            case StreamGap(lost=lost):
                assert_type(lost, int | None)
            case _:
                pass
    assert_type(client.subscribe_user_data_stream(WsKey.MAIN_WSAPI2), EventStream[SpotUserData])
    assert_type(client.subscribe_user_data_stream(WsKey.USDM_WSAPI), EventStream[UsdmUserData])
    assert_type(client.subscribe_user_data_stream(WsKey.COINM_WSAPI), EventStream[CoinmUserData])
    assert_type(
        client.subscribe_user_data_stream(WsKey.MARGIN_USER_DATA, isolated_symbol="BTCUSDT"),
        EventStream[MarginUserData],
    )
    assert_type(client.subscribe_user_data_stream(chosen), EventStream[Any])


async def user_data_awaited(client: AsyncClient) -> None:
    assert_type(await client.subscribe_user_data_stream(), AsyncEventStream[SpotUserData])
    async for event in client.subscribe_user_data_stream(WsKey.COINM_WSAPI):
        assert_type(event, CoinmUserData)
    async with client.subscribe_user_data_stream(WsKey.MARGIN_USER_DATA) as margin:
        assert_type(margin, AsyncEventStream[MarginUserData])
    assert_type(await client.health(), Rows[ConnectionHealth])
    assert_type(await client.rate_limits, Tables[LimitUsage])
    stream = await client.subscribe_user_data_stream(WsKey.USDM_WSAPI_TESTNET)
    assert_type(await stream.get_async(), UsdmUserData)
    assert_type(await stream.get(), UsdmUserData)


def on_order(event: OrderUpdate) -> None: ...


async def on_close(event: ConnectionEvent) -> None: ...


def handlers(client: Client) -> None:
    client.on("user_data", on_order)
    client.off("user_data", on_order)
    client.on("close", on_close)
    client.off("close", on_close)
    client.on("open", lambda event: event.reason.upper())
    client.on("close", on_order)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    client.on("closed", on_close)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


async def resolved(error: OutcomeUnknown) -> None:
    assert_type(error.resolve(), Response[Any])
    assert_type(await error.resolve_async(), Response[Any])


def stream_mistakes(streams: Streams) -> None:
    streams.partial_depth("BTCUSDT", 7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    streams.kline("BTCUSDT")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    streams.subscribe(7)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]


def made(chosen: str) -> None:
    assert_type(Client.from_env(testnet=True, timeout=5), Client)
    assert_type(AsyncClient.from_env(), AsyncClient)
    assert_type(Client.from_env().spot, SpotNamespace)
    Client.from_env(tesnet=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Client.from_env(testnet="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Client.from_env(api_key="k")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Client(tesnet=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def viewed(client: Client, async_client: AsyncClient) -> None:
    assert_type(client.with_options(timeout=2, on_rate_limit="wait"), Client)
    assert_type(async_client.with_options(recv_window=None).spot, AsyncSpotNamespace)
    assert_type(client.with_options(numbers="float"), Client)
    assert_type(Client(numbers="float").spot.get_average_price("BTCUSDT").result.price, Decimal)
    Client(numbers="floats")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.with_options(testnet=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def bound_elsewhere(spot: SpotNamespace, usdm: UsdmNamespace) -> None:
    assert_type(spot.using(WsKey.MAIN_WSAPI2), SpotNamespace)
    assert_type(usdm.using(WsKey.USDM_WSAPI_TESTNET), UsdmNamespace)


def covariant(answers: list[Response[PlacedOrder]]) -> Response[object]:
    return answers[0]


def mistakes(spot: SpotNamespace, order: Order) -> None:
    spot.get_order_book()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    spot.get_order_book("BTCUSDT", 5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    spot.get_order_book(symbol=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    spot.get_order_book(simbol="BTCUSDT")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    order.price = Decimal(1)  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    order.cost  # type: ignore[attr-defined]  # noqa: B018  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
