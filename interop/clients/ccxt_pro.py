"""``ccxt.pro`` trades: Spot by WebSocket API, order lists by REST, both futures by WebSocket API."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import ccxt.pro as ccxt
from report import Events, Place, feature, holds, near, place, same

PAIR, SYMBOL = "BTC/USDT", "BTCUSDT"
AMOUNT = 0.002


def lead_here(client: Any, where: Place) -> None:
    """Point a client's addresses at the exchange."""
    api = client.urls["api"]
    for name, url in api.items():
        if isinstance(url, str) and ".binance.com/" in url:
            api[name] = f"{where.rest}/{url.split('/', 3)[3]}"
    # It tells Spot from futures by "/stream" in the address, as in //stream.binance.com.
    spot = f"{where.streams}/ws".replace("://", "://stream@")
    api["ws"] |= {
        "spot": spot,
        "margin": spot,
        "linear": f"{where.usdm_streams}/ws",
        "inverse": f"{where.coinm_streams}/ws",
        "ws-api": {
            "spot": where.ws_api,
            "linear": where.usdm_ws_api,
            "inverse": where.coinm_ws_api,
        },
    }
    # It trusts the authorities it brings along and no others unless told.
    client.cafile = os.environ.get("SSL_CERT_FILE", client.cafile)


class Watch:
    """What one of the client's ``watch`` methods brings, called over and over in the background."""

    def __init__(self, call: Callable[[], Awaitable[Any]]) -> None:
        self.events = Events()
        self._task = asyncio.create_task(self._run(call))

    async def _run(self, call: Callable[[], Awaitable[Any]]) -> None:
        while True:
            brought = await call()
            for item in brought if isinstance(brought, list) else [brought]:
                self.events.take(dict(item))

    async def wait(self, matches: Callable[[Any], bool]) -> Any:
        if self._task.done():
            self._task.result()
        return await self.events.wait(matches)

    def stop(self) -> None:
        self._task.cancel()


class Trader:
    def __init__(self, client: Any) -> None:
        self.client = client
        self.watched: dict[str, Watch] = {}
        self.bid = ""
        self.order_id = ""

    async def time(self) -> None:
        holds(await self.client.fetch_time() > 1_600_000_000_000, "time")

    async def load_markets(self) -> None:
        markets = await self.client.load_markets()
        holds({PAIR, "BTC/USDT:USDT", "BTC/USD:BTC"} <= set(markets), sorted(markets))
        same(markets[PAIR]["id"], SYMBOL)
        holds(markets[PAIR]["precision"]["price"], markets[PAIR])

    async def depth(self) -> None:
        # fetch_order_book_ws and fetch_ticker_ws are for futures only.
        book = await self.client.fetch_order_book(PAIR, 5)
        same((len(book["bids"]), len(book["asks"])), (5, 5))
        self.bid = str(book["bids"][0][0])

    async def market_data(self) -> None:
        client = self.client
        await client.fetch_trades_ws(PAIR)
        await client.fetch_ohlcv_ws(PAIR, "1m")
        await client.fetch_ohlcv(PAIR, "1m")
        same((await client.fetch_ticker(PAIR))["symbol"], PAIR)

    async def market_streams(self) -> None:
        book = await self.client.watch_order_book(PAIR)
        holds(book["bids"] and book["asks"], book)
        tickers = await self.client.watch_bids_asks([PAIR])
        same(list(tickers), [PAIR])

    async def subscribe(self) -> None:
        client = self.client
        for name, call in (
            ("orders", client.watch_orders),
            ("trades", client.watch_my_trades),
            ("balance", client.watch_balance),
        ):
            self.watched[name] = Watch(call)
        # A watch says nothing until its first event; the subscription is one request.
        url = client.urls["api"]["ws"]["ws-api"]["spot"]
        while "spot" not in client.client(url).subscriptions:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.05)
        await client.fetch_balance_ws()

    async def account(self) -> None:
        balance = await self.client.fetch_balance_ws()
        # fetch_balance_ws reads Spot's answer as one of futures, and hands on what it did not find.
        free = {row["asset"]: float(row["free"]) for row in balance["info"]["balances"]}
        holds(free["USDT"] > 0 and free["BTC"] > 0, balance)
        rest = await self.client.fetch_balance()
        same(rest["USDT"]["free"], free["USDT"])

    async def order_event(self, order_id: str, status: str) -> Any:
        return await self.watched["orders"].wait(
            lambda order: (order["id"], order["status"]) == (order_id, status)
        )

    async def place_limit(self, **params: Any) -> str:
        order = await self.client.create_order_ws(
            PAIR, "limit", "buy", AMOUNT, float(near(self.bid, "0.9")), params
        )
        same(order["status"], "open")
        return str(order["id"])

    async def limit_order(self) -> None:
        # Its own names for parameters it sends along untranslated, which Spot refuses (-1104).
        self.order_id = await self.place_limit(newClientOrderId="ccxt-limit-1")
        event = await self.order_event(self.order_id, "open")
        same((event["clientOrderId"], event["symbol"]), ("ccxt-limit-1", PAIR))

    async def query_order(self) -> None:
        order = await self.client.fetch_order_ws(self.order_id, PAIR)
        same((order["id"], order["status"], order["amount"]), (self.order_id, "open", AMOUNT))
        orders = await self.client.fetch_open_orders_ws(PAIR)
        same([row["id"] for row in orders], [self.order_id])

    async def cancel_replace(self) -> None:
        edited = await self.client.edit_order_ws(
            self.order_id, PAIR, "limit", "buy", 0.003, float(near(self.bid, "0.85"))
        )
        same((edited["status"], edited["amount"]), ("open", 0.003))
        await self.order_event(self.order_id, "canceled")
        self.order_id = edited["id"]
        await self.order_event(self.order_id, "open")

    async def cancel(self) -> None:
        order = await self.client.cancel_order_ws(self.order_id, PAIR)
        same((order["id"], order["status"]), (self.order_id, "canceled"))
        await self.order_event(self.order_id, "canceled")

    async def cancel_all(self) -> None:
        await self.place_limit()
        await self.place_limit()
        same(len(await self.client.cancel_all_orders_ws(PAIR)), 2)
        same(await self.client.fetch_open_orders_ws(PAIR), [])

    async def market_order(self) -> None:
        order = await self.client.create_order_ws(PAIR, "market", "buy", AMOUNT)
        same((order["status"], order["filled"]), ("closed", AMOUNT))
        await self.order_event(order["id"], "closed")
        await self.watched["trades"].wait(lambda trade: trade["order"] == order["id"])
        await self.watched["balance"].wait(lambda balance: "BTC" in balance)
        trades = await self.client.fetch_my_trades_ws(PAIR)
        same(sum(trade["amount"] for trade in trades if trade["order"] == order["id"]), AMOUNT)

    async def test_order(self) -> None:
        await self.client.create_order_ws(
            PAIR, "limit", "buy", AMOUNT, float(near(self.bid, "0.9")), {"test": True}
        )

    async def stop_order(self) -> None:
        order = await self.client.create_order_ws(
            PAIR,
            "limit",
            "sell",
            AMOUNT,
            float(near(self.bid, "0.89")),
            {"stopPrice": float(near(self.bid, "0.9"))},
        )
        found = await self.client.fetch_order_ws(order["id"], PAIR)
        same(found["triggerPrice"], float(near(self.bid, "0.9")))
        await self.client.cancel_order_ws(order["id"], PAIR)

    async def rest_order(self) -> None:
        order = await self.client.create_order(
            PAIR, "limit", "buy", AMOUNT, float(near(self.bid, "0.9"))
        )
        await self.order_event(order["id"], "open")
        found = await self.client.fetch_order(order["id"], PAIR)
        same(found["status"], "open")
        await self.client.cancel_order(order["id"], PAIR)
        await self.order_event(order["id"], "canceled")

    async def cancel_list(self, placed: dict[str, Any], orders: int) -> None:
        same(len(placed["orders"]), orders)
        for order in placed["orders"][:1]:
            await self.order_event(str(order["orderId"]), "open")
        found = await self.client.private_get_orderlist({"orderListId": placed["orderListId"]})
        same(found["listOrderStatus"], "EXECUTING")
        gone = await self.client.private_delete_orderlist(
            {"symbol": SYMBOL, "orderListId": placed["orderListId"]}
        )
        same((gone["listStatusType"], len(gone["orderReports"])), ("ALL_DONE", orders))
        for order in placed["orders"]:
            await self.order_event(str(order["orderId"]), "canceled")

    async def oco(self) -> None:
        placed = await self.client.private_post_orderlist_oco(
            {
                "symbol": SYMBOL,
                "side": "SELL",
                "quantity": str(AMOUNT),
                "aboveType": "LIMIT_MAKER",
                "abovePrice": near(self.bid, "1.1"),
                "belowType": "STOP_LOSS_LIMIT",
                "belowPrice": near(self.bid, "0.89"),
                "belowStopPrice": near(self.bid, "0.9"),
                "belowTimeInForce": "GTC",
            }
        )
        await self.cancel_list(placed, 2)

    def working(self) -> dict[str, Any]:
        return {
            "symbol": SYMBOL,
            "workingType": "LIMIT",
            "workingSide": "BUY",
            "workingPrice": near(self.bid, "0.9"),
            "workingQuantity": str(AMOUNT),
            "workingTimeInForce": "GTC",
        }

    async def oto(self) -> None:
        placed = await self.client.private_post_orderlist_oto(
            {
                **self.working(),
                "pendingType": "LIMIT",
                "pendingSide": "SELL",
                "pendingPrice": near(self.bid, "1.1"),
                "pendingQuantity": str(AMOUNT),
                "pendingTimeInForce": "GTC",
            }
        )
        await self.cancel_list(placed, 2)

    async def otoco(self) -> None:
        placed = await self.client.private_post_orderlist_otoco(
            {
                **self.working(),
                "pendingSide": "SELL",
                "pendingQuantity": str(AMOUNT),
                "pendingAboveType": "LIMIT_MAKER",
                "pendingAbovePrice": near(self.bid, "1.1"),
                "pendingBelowType": "STOP_LOSS",
                "pendingBelowStopPrice": near(self.bid, "0.8"),
            }
        )
        await self.cancel_list(placed, 3)

    async def history(self) -> None:
        orders = await self.client.fetch_orders_ws(PAIR)
        holds(self.order_id in {order["id"] for order in orders}, orders)
        await self.client.fetch_closed_orders_ws(PAIR)

    async def refusals(self) -> None:
        price = float(near(self.bid, "0.9"))
        for wanted, call in (
            (ccxt.OrderNotFound, self.client.cancel_order_ws("1000000000000", PAIR)),
            (
                ccxt.InsufficientFunds,
                self.client.create_order_ws(PAIR, "limit", "buy", 50, price),
            ),
        ):
            try:
                await call
            except wanted:
                continue
            raise AssertionError(f"{wanted} did not come")

    def stop(self) -> None:
        for watch in self.watched.values():
            watch.stop()


def private_links(client: Any) -> list[Any]:
    """Return a client's connections with a listen key in their address."""
    return [
        link
        for url, link in client.clients.items()
        if "listenKey=" in url or len(url.rpartition("/")[2]) > 32
    ]


class FuturesTrader:
    def __init__(self, client: Any, pair: str, amount: float) -> None:
        self.client = client
        self.pair = pair
        self.amount = amount
        self.watched: dict[str, Watch] = {}
        self.bid = ""

    async def market(self) -> None:
        await self.client.load_markets()
        client = self.client
        # COIN-M has no market data on its WebSocket API.
        fetch = (
            client.fetch_order_book_ws if client.id == "binanceusdm" else client.fetch_order_book
        )
        book = await fetch(self.pair, 5)
        self.bid = str(book["bids"][0][0])
        watched = await self.client.watch_order_book(self.pair)
        holds(watched["bids"], watched)

    async def subscribe(self) -> None:
        client = self.client
        self.watched = {
            "orders": Watch(client.watch_orders),
            "positions": Watch(client.watch_positions),
            "balance": Watch(client.watch_balance),
        }
        # The listen key stands in the address, and nothing is asked there.
        while not (links := private_links(client)):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.05)
        for link in links:
            await link.connected

    async def account(self) -> None:
        method = "account.balance" if self.client.id == "binancecoinm" else "v2/account.balance"
        balance = await self.client.fetch_balance_ws({"method": method})
        holds(any(balance["total"].values()), balance)
        holds((await self.client.fetch_balance())["total"], "no balance")
        await self.client.set_leverage(5, self.pair)

    async def order_event(self, order_id: str, status: str) -> Any:
        return await self.watched["orders"].wait(
            lambda order: (order["id"], order["status"]) == (order_id, status)
        )

    async def orders(self) -> None:
        client, pair = self.client, self.pair
        order = await client.create_order_ws(
            pair, "limit", "buy", self.amount, float(near(self.bid, "0.95"))
        )
        await self.order_event(order["id"], "open")
        found = await client.fetch_order_ws(order["id"], pair)
        same(found["status"], "open")
        edited = await client.edit_order_ws(
            order["id"], pair, "limit", "buy", self.amount * 2, float(near(self.bid, "0.94"))
        )
        same((edited["id"], edited["amount"]), (order["id"], self.amount * 2))
        same(len(await client.fetch_open_orders(pair)), 1)
        gone = await client.cancel_order_ws(order["id"], pair)
        same(gone["status"], "canceled")
        await self.order_event(order["id"], "canceled")

    async def position(self) -> None:
        client, pair = self.client, self.pair
        order = await client.create_order_ws(pair, "market", "buy", self.amount)
        await self.order_event(order["id"], "closed")
        await self.watched["positions"].wait(
            lambda position: (position["symbol"], position["contracts"]) == (pair, self.amount)
        )
        await self.watched["balance"].wait(lambda balance: balance["total"])
        positions = await client.fetch_positions_ws([pair])
        same([row["contracts"] for row in positions], [self.amount])
        await client.create_order_ws(
            pair, "market", "sell", self.amount, None, {"reduceOnly": True}
        )

    async def stop_order(self) -> None:
        order = await self.client.create_order_ws(
            self.pair,
            "market",
            "buy",
            self.amount,
            None,
            {"triggerPrice": float(near(self.bid, "1.1"))},
        )
        await self.client.cancel_order_ws(order["id"], self.pair, {"trigger": True})

    def stop(self) -> None:
        for watch in self.watched.values():
            watch.stop()


async def main() -> None:
    where = place()
    options = {"apiKey": where.api_key, "secret": where.api_secret, "enableRateLimit": False}
    client = ccxt.binance(options)
    lead_here(client, where)
    trader = Trader(client)
    for step in (
        trader.time,
        trader.load_markets,
        trader.depth,
        trader.market_data,
        trader.market_streams,
        trader.subscribe,
        trader.account,
        trader.limit_order,
        trader.query_order,
        trader.cancel_replace,
        trader.cancel,
        trader.cancel_all,
        trader.market_order,
        trader.test_order,
        trader.stop_order,
        trader.rest_order,
        trader.oco,
        trader.oto,
        trader.otoco,
        trader.history,
        trader.refusals,
    ):
        await feature(step.__name__, step)
    trader.stop()
    await client.close()
    for name, futures_client, pair, amount in (
        ("usdm", ccxt.binanceusdm(options), "BTC/USDT:USDT", AMOUNT),
        ("coinm", ccxt.binancecoinm(options), "BTC/USD:BTC", 1.0),
    ):
        lead_here(futures_client, where)
        futures = FuturesTrader(futures_client, pair, amount)
        steps = [
            futures.market,
            futures.subscribe,
            futures.account,
            futures.orders,
            futures.position,
        ]
        if name == "usdm":
            steps.append(futures.stop_order)
        for futures_step in steps:
            await feature(f"{name}_{futures_step.__name__}", futures_step)
        futures.stop()
        await futures_client.close()


asyncio.run(main())
