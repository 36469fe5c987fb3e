"""``python-binance`` trades: Spot, margin and USD-M futures."""

from __future__ import annotations

import asyncio
from typing import Any

from binance import AsyncClient, BinanceSocketManager
from binance.exceptions import BinanceAPIException
from binance.ws.reconnecting_websocket import ReconnectingWebsocket
from report import Events, Place, feature, holds, near, place, same

SYMBOL = "BTCUSDT"
QUANTITY = "0.002"


def lead_here(where: Place) -> None:
    """Point the client's addresses, which are class attributes, at the exchange."""
    AsyncClient.API_URL = f"{where.rest}/api"
    AsyncClient.MARGIN_API_URL = f"{where.rest}/sapi"
    AsyncClient.FUTURES_URL = f"{where.rest}/fapi"
    AsyncClient.WS_API_URL = where.ws_api
    AsyncClient.WS_FUTURES_URL = where.usdm_ws_api
    BinanceSocketManager.STREAM_URL = f"{where.streams}/"
    BinanceSocketManager.FSTREAM_URL = f"{where.usdm_streams}/"
    # Closing a socket waits this long for a message that never comes.
    ReconnectingWebsocket.TIMEOUT = 2


class Feed:
    """The events of one of the client's sockets, read in the background."""

    def __init__(self) -> None:
        self.events = Events()
        self._socket: Any = None
        self._reader: asyncio.Task[None] | None = None

    async def open(self, socket: Any) -> None:
        self._socket = await socket.__aenter__()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while True:
            self.events.take(await self._socket.recv())

    async def close(self) -> None:
        assert self._reader is not None, "it was opened before"
        self._reader.cancel()
        await self._socket.__aexit__(None, None, None)


class Trader:
    def __init__(self, client: AsyncClient, sockets: BinanceSocketManager) -> None:
        self.client = client
        self.sockets = sockets
        self.feed = Feed()
        self.margin_feed = Feed()
        self.futures_feed = Feed()
        self.bid = ""
        self.order_id = 0

    async def rest(self) -> None:
        await self.client.ping()
        holds((await self.client.get_server_time())["serverTime"] > 1_600_000_000_000, "time")
        info = await self.client.get_symbol_info(SYMBOL)
        same(info["baseAsset"], "BTC")
        account = await self.client.get_account()
        holds({"BTC", "USDT"} <= {balance["asset"] for balance in account["balances"]}, account)

    async def rest_order(self) -> None:
        book = await self.client.get_order_book(symbol=SYMBOL, limit=5)
        order = await self.client.order_limit_buy(
            symbol=SYMBOL, quantity=QUANTITY, price=near(book["bids"][0][0], "0.9")
        )
        found = await self.client.get_order(symbol=SYMBOL, orderId=order["orderId"])
        same(found["status"], "NEW")
        gone = await self.client.cancel_order(symbol=SYMBOL, orderId=order["orderId"])
        same(gone["status"], "CANCELED")

    async def time(self) -> None:
        same(await self.client.ws_ping(), {})
        holds((await self.client.ws_get_time())["serverTime"] > 1_600_000_000_000, "time")

    async def exchange_info(self) -> None:
        info = await self.client.ws_get_exchange_info(symbol=SYMBOL)
        same(info["symbols"][0]["symbol"], SYMBOL)

    async def depth(self) -> None:
        book = await self.client.ws_get_order_book(symbol=SYMBOL, limit=5)
        same((len(book["bids"]), len(book["asks"])), (5, 5))
        self.bid = book["bids"][0][0]

    async def market_data(self) -> None:
        client = self.client
        same((await client.ws_get_symbol_ticker(symbol=SYMBOL))["symbol"], SYMBOL)
        same((await client.ws_get_orderbook_ticker(symbol=SYMBOL))["symbol"], SYMBOL)
        same((await client.ws_get_ticker(symbol=SYMBOL))["symbol"], SYMBOL)
        await client.ws_get_recent_trades(symbol=SYMBOL)
        await client.ws_get_aggregate_trades(symbol=SYMBOL)
        await client.ws_get_klines(symbol=SYMBOL, interval="1m")
        await client.ws_get_avg_price(symbol=SYMBOL)

    async def subscribe(self) -> None:
        await self.feed.open(self.sockets.user_socket())

    async def account(self) -> None:
        account = await self.client.ws_get_account()
        holds({"BTC", "USDT"} <= {balance["asset"] for balance in account["balances"]}, account)
        same((await self.client.ws_get_commission_rates(symbol=SYMBOL))["symbol"], SYMBOL)
        holds(await self.client.ws_get_account_rate_limits_orders(), "no limits")

    async def report(self, order_id: int, kind: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.feed.events.wait(
            lambda event: (
                (event["e"], event.get("i"), event.get("x")) == ("executionReport", order_id, kind)
            )
        )
        return found

    async def place_limit(self, **more: Any) -> int:
        order = await self.client.ws_order_limit_buy(
            symbol=SYMBOL, quantity=QUANTITY, price=near(self.bid, "0.9"), **more
        )
        same(order["status"], "NEW")
        return int(order["orderId"])

    async def limit_order(self) -> None:
        self.order_id = await self.place_limit(newClientOrderId="pb-limit-1")
        event = await self.report(self.order_id, "NEW")
        same((event["c"], event["X"]), ("pb-limit-1", "NEW"))

    async def query_order(self) -> None:
        order = await self.client.ws_get_order(symbol=SYMBOL, origClientOrderId="pb-limit-1")
        same((order["orderId"], order["status"]), (self.order_id, "NEW"))
        orders = await self.client.ws_get_open_orders(symbol=SYMBOL)
        same([row["orderId"] for row in orders], [self.order_id])

    async def cancel_replace(self) -> None:
        result = await self.client.ws_cancel_and_replace_order(
            symbol=SYMBOL,
            cancelReplaceMode="STOP_ON_FAILURE",
            cancelOrderId=self.order_id,
            side="BUY",
            type="LIMIT",
            timeInForce="GTC",
            quantity=QUANTITY,
            price=near(self.bid, "0.85"),
        )
        same((result["cancelResult"], result["newOrderResult"]), ("SUCCESS", "SUCCESS"))
        await self.report(self.order_id, "CANCELED")
        self.order_id = result["newOrderResponse"]["orderId"]
        await self.report(self.order_id, "NEW")

    async def cancel(self) -> None:
        order = await self.client.ws_cancel_order(symbol=SYMBOL, orderId=self.order_id)
        same((order["orderId"], order["status"]), (self.order_id, "CANCELED"))
        await self.report(self.order_id, "CANCELED")

    async def cancel_all(self) -> None:
        await self.place_limit()
        await self.place_limit()
        same(len(await self.client.ws_cancel_all_open_orders(symbol=SYMBOL)), 2)
        same(await self.client.ws_get_open_orders(symbol=SYMBOL), [])

    async def market_order(self) -> None:
        order = await self.client.ws_order_market_buy(symbol=SYMBOL, quoteOrderQty="100")
        same(order["status"], "FILLED")
        event = await self.report(order["orderId"], "TRADE")
        same(event["X"], "FILLED")
        await self.feed.events.wait(lambda event: event["e"] == "outboundAccountPosition")
        trades = await self.client.ws_get_my_trades(symbol=SYMBOL, orderId=order["orderId"])
        same(len(trades), len(order["fills"]))

    async def test_order(self) -> None:
        same(
            await self.client.ws_create_test_order(
                symbol=SYMBOL, side="SELL", type="MARKET", quantity=QUANTITY
            ),
            {},
        )

    async def list_event(self, list_id: int, status: str) -> None:
        await self.feed.events.wait(
            lambda event: (
                (event["e"], event.get("g"), event.get("l")) == ("listStatus", list_id, status)
            )
        )

    async def cancel_list(self, placed: dict[str, Any], orders: int) -> None:
        same(len(placed["orders"]), orders)
        list_id = placed["orderListId"]
        await self.list_event(list_id, "EXEC_STARTED")
        found = await self.client.ws_get_oco_order(orderListId=list_id)
        same(found["listOrderStatus"], "EXECUTING")
        rows = await self.client.ws_get_oco_open_orders()
        same([row["orderListId"] for row in rows], [list_id])
        gone = await self.client.ws_cancel_oco_order(symbol=SYMBOL, orderListId=list_id)
        same((gone["listStatusType"], len(gone["orderReports"])), ("ALL_DONE", orders))
        await self.list_event(list_id, "ALL_DONE")

    async def oco(self) -> None:
        placed = await self.client.ws_create_oco_order(
            symbol=SYMBOL,
            side="SELL",
            quantity=QUANTITY,
            aboveType="LIMIT_MAKER",
            abovePrice=near(self.bid, "1.1"),
            belowType="STOP_LOSS_LIMIT",
            belowPrice=near(self.bid, "0.89"),
            belowStopPrice=near(self.bid, "0.9"),
            belowTimeInForce="GTC",
        )
        await self.cancel_list(placed, 2)

    def working(self) -> dict[str, Any]:
        return {
            "symbol": SYMBOL,
            "workingType": "LIMIT",
            "workingSide": "BUY",
            "workingPrice": near(self.bid, "0.9"),
            "workingQuantity": QUANTITY,
            "workingTimeInForce": "GTC",
        }

    async def oto(self) -> None:
        placed = await self.client.ws_create_oto_order(
            **self.working(),
            pendingType="LIMIT",
            pendingSide="SELL",
            pendingPrice=near(self.bid, "1.1"),
            pendingQuantity=QUANTITY,
            pendingTimeInForce="GTC",
        )
        await self.cancel_list(placed, 2)

    async def otoco(self) -> None:
        placed = await self.client.ws_create_otoco_order(
            **self.working(),
            pendingSide="SELL",
            pendingQuantity=QUANTITY,
            pendingAboveType="LIMIT_MAKER",
            pendingAbovePrice=near(self.bid, "1.1"),
            pendingBelowType="STOP_LOSS",
            pendingBelowStopPrice=near(self.bid, "0.8"),
        )
        await self.cancel_list(placed, 3)

    async def history(self) -> None:
        orders = await self.client.ws_get_all_orders(symbol=SYMBOL)
        holds(self.order_id in {order["orderId"] for order in orders}, orders)
        await self.client.ws_get_prevented_matches(symbol=SYMBOL, orderId=self.order_id)
        await self.client.ws_get_allocations(symbol=SYMBOL)

    async def refusals(self) -> None:
        for wanted, call in (
            (-2011, self.client.ws_cancel_order(symbol=SYMBOL, orderId=10**12)),
            (-2013, self.client.ws_get_order(symbol=SYMBOL, orderId=10**12)),
            (-1121, self.client.ws_get_order_book(symbol="NOSUCH")),
        ):
            try:
                await call
            except BinanceAPIException as error:
                same(error.code, wanted)
            else:
                raise AssertionError(f"{wanted} did not come")

    async def unsubscribe(self) -> None:
        await self.feed.close()

    async def market_streams(self) -> None:
        async with self.sockets.depth_socket(SYMBOL, depth="5") as stream:
            book = await stream.recv()
        same((len(book["bids"]), len(book["asks"])), (5, 5))

    async def margin(self) -> None:
        await self.margin_feed.open(self.sockets.margin_socket())
        book = await self.client.ws_get_order_book(symbol=SYMBOL, limit=5)
        order = await self.client.create_margin_order(
            symbol=SYMBOL,
            side="BUY",
            type="LIMIT",
            timeInForce="GTC",
            quantity=QUANTITY,
            price=near(book["bids"][0][0], "0.9"),
        )
        await self.margin_feed.events.wait(lambda event: event.get("i") == order["orderId"])
        await self.client.cancel_margin_order(symbol=SYMBOL, orderId=order["orderId"])
        await self.margin_feed.events.wait(
            lambda event: (event.get("i"), event.get("x")) == (order["orderId"], "CANCELED")
        )
        await self.margin_feed.close()

    # --- USD-M futures

    async def futures_market(self) -> None:
        book = await self.client.ws_futures_get_order_book(symbol=SYMBOL, limit=5)
        same((len(book["bids"]), len(book["asks"])), (5, 5))
        self.bid = book["bids"][0][0]
        ticker = await self.client.ws_futures_get_order_book_ticker(symbol=SYMBOL)
        same(ticker["symbol"], SYMBOL)
        holds(await self.client.ws_futures_get_all_tickers(), "no tickers")
        same((await self.client.futures_ping()), {})
        holds((await self.client.futures_exchange_info())["symbols"], "no symbols")

    async def futures_account(self) -> None:
        status = await self.client.ws_futures_v2_account_status()
        holds(float(status["totalWalletBalance"]) > 0, status)
        await self.client.ws_futures_account_status()
        balances = await self.client.ws_futures_v2_account_balance()
        holds("USDT" in {row["asset"] for row in balances}, balances)
        await self.client.ws_futures_account_balance()

    async def futures_subscribe(self) -> None:
        await self.futures_feed.open(self.sockets.futures_user_socket())

    async def futures_event(self, order_id: int, kind: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.futures_feed.events.wait(
            lambda event: (
                event["e"] == "ORDER_TRADE_UPDATE"
                and (event["o"]["i"], event["o"]["x"]) == (order_id, kind)
            )
        )
        return found

    async def futures_orders(self) -> None:
        order = await self.client.ws_futures_create_order(
            symbol=SYMBOL,
            side="BUY",
            type="LIMIT",
            timeInForce="GTC",
            quantity=QUANTITY,
            price=near(self.bid, "0.95"),
        )
        order_id = order["orderId"]
        same(order["status"], "NEW")
        await self.futures_event(order_id, "NEW")
        changed = await self.client.ws_futures_edit_order(
            symbol=SYMBOL,
            orderId=order_id,
            side="BUY",
            quantity="0.003",
            price=near(self.bid, "0.94"),
        )
        same(float(changed["origQty"]), 0.003)
        await self.futures_event(order_id, "AMENDMENT")
        found = await self.client.ws_futures_get_order(symbol=SYMBOL, orderId=order_id)
        same((found["status"], float(found["origQty"])), ("NEW", 0.003))
        gone = await self.client.ws_futures_cancel_order(symbol=SYMBOL, orderId=order_id)
        same(gone["status"], "CANCELED")
        await self.futures_event(order_id, "CANCELED")

    async def futures_market_order(self) -> None:
        order = await self.client.ws_futures_create_order(
            symbol=SYMBOL, side="BUY", type="MARKET", quantity=QUANTITY
        )
        await self.futures_event(order["orderId"], "TRADE")
        await self.futures_feed.events.wait(lambda event: event["e"] == "ACCOUNT_UPDATE")
        positions = await self.client.ws_futures_v2_account_position(symbol=SYMBOL)
        same(float(positions[0]["positionAmt"]), float(QUANTITY))
        await self.client.ws_futures_create_order(
            symbol=SYMBOL, side="SELL", type="MARKET", quantity=QUANTITY, reduceOnly="true"
        )

    async def futures_algo_order(self) -> None:
        algo = await self.client.ws_futures_create_order(
            symbol=SYMBOL,
            side="BUY",
            type="STOP_MARKET",
            quantity=QUANTITY,
            stopPrice=near(self.bid, "1.1"),
        )
        await self.futures_feed.events.wait(lambda event: event["e"] == "ALGO_UPDATE")
        gone = await self.client.ws_futures_cancel_order(algoId=algo["algoId"])
        same(gone["algoId"], algo["algoId"])

    async def futures_unsubscribe(self) -> None:
        await self.futures_feed.close()


async def main() -> None:
    where = place()
    lead_here(where)
    secret = (
        {"api_secret": where.api_secret}
        if where.key_type == "hmac"
        else {"private_key": where.api_secret}
    )
    client = await AsyncClient.create(api_key=where.api_key, **secret)
    trader = Trader(client, BinanceSocketManager(client))
    for step in (
        trader.rest,
        trader.rest_order,
        trader.time,
        trader.exchange_info,
        trader.depth,
        trader.market_data,
        trader.subscribe,
        trader.account,
        trader.limit_order,
        trader.query_order,
        trader.cancel_replace,
        trader.cancel,
        trader.cancel_all,
        trader.market_order,
        trader.test_order,
        trader.oco,
        trader.oto,
        trader.otoco,
        trader.history,
        trader.refusals,
        trader.unsubscribe,
        trader.market_streams,
        trader.margin,
        trader.futures_market,
        trader.futures_account,
        trader.futures_subscribe,
        trader.futures_orders,
        trader.futures_market_order,
        trader.futures_algo_order,
        trader.futures_unsubscribe,
    ):
        await feature(step.__name__, step)
    await client.close_connection()
    await client.ws_future.close()


asyncio.run(main())
