"""The official ``binance-sdk-spot`` trades."""

from __future__ import annotations

import asyncio
from typing import Any

from binance_common.configuration import (
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_common.constants import TimeUnit
from binance_sdk_spot.spot import Spot
from report import Events, Place, feature, holds, near, place, same

SYMBOL = "BTCUSDT"
QUANTITY = 0.002


class Trader:
    def __init__(self, client: Any, where: Place) -> None:
        self.client = client
        self.where = where
        self.events = Events()
        self.bid = ""
        self.order_id = 0

    async def result(self, call: Any) -> Any:
        """Return the result of a call, checked by the SDK's own model."""
        answer = (await call).data()
        holds(not isinstance(answer, dict), answer)
        answer = getattr(answer, "actual_instance", None) or answer
        if "result" in type(answer).model_fields:
            return answer.result
        # The SDK models these answers without their envelope, and keeps what came as it came.
        result = answer.additional_properties["result"]
        same(answer.additional_properties["status"], 200)
        return type(answer).from_dict(result)

    async def time(self) -> None:
        result = await self.result(self.client.time())
        holds(result.server_time > 1_600_000_000_000, result)

    async def ping(self) -> None:
        answer = await self.client.ping()
        same(answer.data().status, 200)
        holds(answer.rate_limits, answer)

    async def exchange_info(self) -> None:
        result = await self.result(self.client.exchange_info(symbol=SYMBOL))
        symbol = result.symbols[0]
        same((symbol.symbol, symbol.base_asset), (SYMBOL, "BTC"))
        holds(symbol.oto_allowed and symbol.amend_allowed, symbol)
        kinds = {getattr(rule.actual_instance, "filter_type", None) for rule in symbol.filters}
        holds({"PRICE_FILTER", "LOT_SIZE"} <= kinds, kinds)
        await self.result(self.client.execution_rules(symbol=SYMBOL))

    async def depth(self) -> None:
        book = await self.result(self.client.depth(symbol=SYMBOL, limit=5))
        same((len(book.bids), len(book.asks)), (5, 5))
        self.bid = book.bids[0][0]
        holds(float(self.bid) < float(book.asks[0][0]), book)

    async def market_data(self) -> None:
        client = self.client
        for call in (
            client.trades_recent(symbol=SYMBOL, limit=5),
            client.trades_aggregate(symbol=SYMBOL, limit=5),
            client.klines(symbol=SYMBOL, interval="1m", limit=3),
            client.avg_price(symbol=SYMBOL),
            client.ticker24hr(symbol=SYMBOL),
            client.ticker_price(symbol=SYMBOL),
            client.ticker_book(symbol=SYMBOL),
            client.ticker(symbol=SYMBOL),
            client.ticker_trading_day(symbol=SYMBOL),
        ):
            await self.result(call)

    async def logon(self) -> None:
        result = await self.result(self.client.session_logon())
        same(result.api_key, self.where.api_key)
        status = await self.result(self.client.session_status())
        same(status.api_key, self.where.api_key)

    async def subscribe(self) -> None:
        if self.where.key_type == "ed25519":
            subscription = await self.client.user_data_stream_subscribe()
        else:
            subscription = await self.client.user_data_stream_subscribe_signature()
        subscription.stream.on("message", lambda event: self.events.take(event.actual_instance))
        found = await self.result(self.client.session_subscriptions())
        same(len(found), 1)

    async def account(self) -> None:
        result = await self.result(self.client.account_status(omit_zero_balances=True))
        holds({"BTC", "USDT"} <= {balance.asset for balance in result.balances}, result)
        await self.result(self.client.account_commission(symbol=SYMBOL))
        await self.result(self.client.account_rate_limits_orders())

    async def report(self, order_id: int, kind: str) -> Any:
        return await self.events.wait(
            lambda event: (
                getattr(event, "i", None) == order_id and getattr(event, "x", None) == kind
            )
        )

    async def place_limit(self, **more: Any) -> int:
        order = await self.result(
            self.client.order_place(
                symbol=SYMBOL,
                side="BUY",
                type="LIMIT",
                time_in_force="GTC",
                price=float(near(self.bid, "0.9")),
                quantity=QUANTITY,
                **more,
            )
        )
        same(order.status, "NEW")
        return int(order.order_id)

    async def limit_order(self) -> None:
        self.order_id = await self.place_limit(new_client_order_id="sdk-limit-1")
        event = await self.report(self.order_id, "NEW")
        same((event.c, event.s, event.X), ("sdk-limit-1", SYMBOL, "NEW"))

    async def query_order(self) -> None:
        order = await self.result(
            self.client.order_status(symbol=SYMBOL, orig_client_order_id="sdk-limit-1")
        )
        same((order.order_id, order.status), (self.order_id, "NEW"))
        orders = await self.result(self.client.open_orders_status(symbol=SYMBOL))
        same([row.order_id for row in orders], [self.order_id])

    async def amend(self) -> None:
        result = await self.result(
            self.client.order_amend_keep_priority(
                symbol=SYMBOL, order_id=self.order_id, new_qty=0.001
            )
        )
        same(float(result.amended_order.qty), 0.001)
        event = await self.report(self.order_id, "REPLACED")
        same(float(event.q), 0.001)
        rows = await self.result(
            self.client.order_amendments(symbol=SYMBOL, order_id=self.order_id)
        )
        same(float(rows[0].new_qty), 0.001)

    async def cancel_replace(self) -> None:
        result = await self.result(
            self.client.order_cancel_replace(
                symbol=SYMBOL,
                cancel_replace_mode="STOP_ON_FAILURE",
                cancel_order_id=self.order_id,
                side="BUY",
                type="LIMIT",
                time_in_force="GTC",
                price=float(near(self.bid, "0.85")),
                quantity=QUANTITY,
            )
        )
        same((result.cancel_result, result.new_order_result), ("SUCCESS", "SUCCESS"))
        await self.report(self.order_id, "CANCELED")
        self.order_id = result.new_order_response.order_id
        await self.report(self.order_id, "NEW")

    async def cancel_replace_refused(self) -> None:
        answer = (
            await self.client.order_cancel_replace(
                symbol=SYMBOL,
                cancel_replace_mode="ALLOW_FAILURE",
                cancel_orig_client_order_id="sdk-nobody",
                side="BUY",
                type="LIMIT",
                time_in_force="GTC",
                price=float(near(self.bid, "0.8")),
                quantity=QUANTITY,
            )
        ).data()
        same((answer["error"]["code"], answer["error"]["data"]["cancelResult"]), (-2021, "FAILURE"))
        placed = answer["error"]["data"]["newOrderResponse"]["orderId"]
        await self.result(self.client.order_cancel(symbol=SYMBOL, order_id=placed))

    async def cancel(self) -> None:
        order = await self.result(self.client.order_cancel(symbol=SYMBOL, order_id=self.order_id))
        same((order.order_id, order.status), (self.order_id, "CANCELED"))
        await self.report(self.order_id, "CANCELED")

    async def cancel_all(self) -> None:
        await self.place_limit()
        await self.place_limit()
        await self.result(self.client.open_orders_cancel_all(symbol=SYMBOL))
        same(await self.result(self.client.open_orders_status(symbol=SYMBOL)), [])

    async def market_order(self) -> None:
        order = await self.result(
            self.client.order_place(
                symbol=SYMBOL,
                side="BUY",
                type="MARKET",
                quote_order_qty=100,
                new_order_resp_type="FULL",
            )
        )
        same(order.status, "FILLED")
        holds(order.fills and float(order.fills[0].qty) > 0, order)
        event = await self.report(order.order_id, "TRADE")
        same(event.X, "FILLED")
        position = await self.events.wait(
            lambda event: type(event).__name__ == "OutboundAccountPosition"
        )
        holds(position.B, position)
        trades = await self.result(self.client.my_trades(symbol=SYMBOL, order_id=order.order_id))
        same(len(trades), len(order.fills))

    async def test_order(self) -> None:
        await self.result(
            self.client.order_test(
                symbol=SYMBOL,
                side="SELL",
                type="MARKET",
                quantity=QUANTITY,
                compute_commission_rates=True,
            )
        )

    async def stop_order(self) -> None:
        order = await self.result(
            self.client.order_place(
                symbol=SYMBOL,
                side="SELL",
                type="STOP_LOSS_LIMIT",
                time_in_force="GTC",
                price=float(near(self.bid, "0.89")),
                stop_price=float(near(self.bid, "0.9")),
                quantity=QUANTITY,
            )
        )
        await self.report(order.order_id, "NEW")
        await self.result(self.client.order_cancel(symbol=SYMBOL, order_id=order.order_id))

    async def resting(self, **terms: Any) -> None:
        """Place an order of an unusual kind, look at it, cancel it."""
        terms = {"symbol": SYMBOL, "time_in_force": "GTC", "quantity": QUANTITY} | terms
        order = await self.result(self.client.order_place(**terms))
        await self.report(order.order_id, "NEW")
        found = await self.result(self.client.order_status(symbol=SYMBOL, order_id=order.order_id))
        same((found.status, found.type), ("NEW", terms["type"]))
        await self.result(self.client.order_cancel(symbol=SYMBOL, order_id=order.order_id))
        await self.report(order.order_id, "CANCELED")

    async def trailing_stop(self) -> None:
        price = float(near(self.bid, "0.8"))
        await self.resting(side="SELL", type="STOP_LOSS_LIMIT", price=price, trailing_delta=500)

    async def iceberg(self) -> None:
        price = float(near(self.bid, "0.9"))
        await self.resting(side="BUY", type="LIMIT", price=price, iceberg_qty=0.001)

    async def pegged(self) -> None:
        await self.resting(
            side="BUY",
            type="LIMIT_MAKER",
            time_in_force=None,
            peg_price_type="PRIMARY_PEG",
            peg_offset_type="PRICE_LEVEL",
            peg_offset_value=15,
        )

    async def sor(self) -> None:
        info = await self.result(self.client.exchange_info(symbol=SYMBOL))
        same([sor.base_asset for sor in info.sors], ["BTC"])
        order = await self.result(
            self.client.sor_order_place(symbol=SYMBOL, side="BUY", type="MARKET", quantity=QUANTITY)
        )
        same((order[0].status, order[0].used_sor), ("FILLED", True))
        await self.report(order[0].order_id, "TRADE")
        await self.result(self.client.my_allocations(symbol=SYMBOL, order_id=order[0].order_id))

    async def cancel_list(self, placed: Any, orders: int) -> None:
        """Look at an order list, wait for its events, cancel it."""
        same(len(placed.orders), orders)
        same(placed.list_status_type, "EXEC_STARTED")
        list_id = placed.order_list_id
        await self.list_event(list_id, "EXEC_STARTED")
        found = await self.result(self.client.order_list_status(order_list_id=list_id))
        same(found.list_order_status, "EXECUTING")
        rows = await self.result(self.client.open_order_lists_status())
        same([row.order_list_id for row in rows], [list_id])
        gone = await self.result(
            self.client.order_list_cancel(symbol=SYMBOL, order_list_id=list_id)
        )
        same((gone.list_status_type, len(gone.order_reports)), ("ALL_DONE", orders))
        await self.list_event(list_id, "ALL_DONE")

    async def list_event(self, list_id: int, status: str) -> None:
        await self.events.wait(
            lambda event: (
                type(event).__name__ == "ListStatus" and (event.g, event.l) == (list_id, status)
            )
        )

    async def oco(self) -> None:
        placed = await self.result(
            self.client.order_list_place_oco(
                symbol=SYMBOL,
                side="SELL",
                quantity=QUANTITY,
                above_type="LIMIT_MAKER",
                above_price=float(near(self.bid, "1.1")),
                below_type="STOP_LOSS_LIMIT",
                below_price=float(near(self.bid, "0.89")),
                below_stop_price=float(near(self.bid, "0.9")),
                below_time_in_force="GTC",
            )
        )
        await self.cancel_list(placed, 2)

    def working(self) -> dict[str, Any]:
        return {
            "symbol": SYMBOL,
            "working_type": "LIMIT",
            "working_side": "BUY",
            "working_price": float(near(self.bid, "0.9")),
            "working_quantity": QUANTITY,
            "working_time_in_force": "GTC",
        }

    async def oto(self) -> None:
        placed = await self.result(
            self.client.order_list_place_oto(
                **self.working(),
                pending_type="LIMIT",
                pending_side="SELL",
                pending_price=float(near(self.bid, "1.1")),
                pending_quantity=QUANTITY,
                pending_time_in_force="GTC",
            )
        )
        await self.cancel_list(placed, 2)

    async def otoco(self) -> None:
        placed = await self.result(
            self.client.order_list_place_otoco(
                **self.working(),
                pending_side="SELL",
                pending_quantity=QUANTITY,
                pending_above_type="LIMIT_MAKER",
                pending_above_price=float(near(self.bid, "1.1")),
                pending_below_type="STOP_LOSS",
                pending_below_stop_price=float(near(self.bid, "0.8")),
            )
        )
        await self.cancel_list(placed, 3)

    async def opo(self) -> None:
        placed = await self.result(
            self.client.order_list_place_opo(
                **self.working(),
                pending_type="LIMIT",
                pending_side="SELL",
                pending_price=float(near(self.bid, "1.1")),
                pending_time_in_force="GTC",
            )
        )
        await self.cancel_list(placed, 2)

    async def opoco(self) -> None:
        placed = await self.result(
            self.client.order_list_place_opoco(
                **self.working(),
                pending_side="SELL",
                pending_above_type="LIMIT_MAKER",
                pending_above_price=float(near(self.bid, "1.1")),
                pending_below_type="STOP_LOSS",
                pending_below_stop_price=float(near(self.bid, "0.8")),
            )
        )
        await self.cancel_list(placed, 3)

    async def deprecated_oco(self) -> None:
        placed = await self.result(
            self.client.order_list_place(
                symbol=SYMBOL,
                side="SELL",
                price=float(near(self.bid, "1.1")),
                quantity=QUANTITY,
                stop_price=float(near(self.bid, "0.9")),
                stop_limit_price=float(near(self.bid, "0.89")),
                stop_limit_time_in_force="GTC",
            )
        )
        await self.cancel_list(placed, 2)

    async def history(self) -> None:
        client = self.client
        orders = await self.result(client.all_orders(symbol=SYMBOL))
        holds(self.order_id in {order.order_id for order in orders}, self.order_id)
        holds(await self.result(client.all_order_lists()), "no order lists")
        await self.result(client.my_prevented_matches(symbol=SYMBOL, order_id=self.order_id))
        await self.result(client.my_allocations(symbol=SYMBOL))
        # The SDK loses what stands in this answer; that it was one is what can be seen.
        filters = (await client.my_filters(symbol=SYMBOL)).data()
        same(type(filters).__name__, "MyFiltersResponse")

    async def refusals(self) -> None:
        answer = (
            await self.client.order_place(
                symbol=SYMBOL,
                side="BUY",
                type="LIMIT",
                time_in_force="GTC",
                price=50000.001,
                quantity=QUANTITY,
            )
        ).data()
        same(answer["error"], {"code": -1013, "msg": "Filter failure: PRICE_FILTER"})
        answer = (await self.client.order_cancel(symbol=SYMBOL, order_id=10**12)).data()
        same(answer["error"]["code"], -2011)

    async def unsubscribe(self) -> None:
        await self.result(self.client.user_data_stream_unsubscribe())
        same(await self.result(self.client.session_subscriptions()), [])

    async def logout(self) -> None:
        await self.result(self.client.session_logout())
        status = await self.result(self.client.session_status())
        same(status.api_key, None)


async def microseconds(where: Place) -> None:
    spot = Spot(
        config_ws_api=ConfigurationWebSocketAPI(
            stream_url=where.ws_api, time_unit=TimeUnit.MICROSECOND
        )
    )
    connection = await spot.websocket_api.create_connection()
    try:
        result = (await connection.time()).data().result
        holds(result.server_time > 10**15, result)
    finally:
        await connection.close_connection()


async def market_streams(where: Place) -> None:
    spot = Spot(config_ws_streams=ConfigurationWebSocketStreams(stream_url=where.streams))
    connection = await spot.websocket_streams.create_connection()
    seen: asyncio.Queue[Any] = asyncio.Queue()
    try:
        stream = await connection.partial_book_depth(symbol=SYMBOL.lower(), levels="5")
        stream.on("message", seen.put_nowait)
        book = await seen.get()
        same((len(book.bids), len(book.asks)), (5, 5))
        await stream.unsubscribe()
    finally:
        await connection.close_connection()


async def main() -> None:
    where = place()
    secret = (
        {"api_secret": where.api_secret}
        if where.key_type == "hmac"
        else {"private_key": where.api_secret}
    )
    config = ConfigurationWebSocketAPI(api_key=where.api_key, stream_url=where.ws_api, **secret)
    client = await Spot(config_ws_api=config).websocket_api.create_connection()
    trader = Trader(client, where)
    steps = [
        trader.ping,
        trader.time,
        trader.exchange_info,
        trader.depth,
        trader.market_data,
        trader.logon,
        trader.subscribe,
        trader.account,
        trader.limit_order,
        trader.query_order,
        trader.amend,
        trader.cancel_replace,
        trader.cancel_replace_refused,
        trader.cancel,
        trader.cancel_all,
        trader.market_order,
        trader.test_order,
        trader.stop_order,
        trader.trailing_stop,
        trader.iceberg,
        trader.pegged,
        trader.sor,
        trader.oco,
        trader.oto,
        trader.otoco,
        trader.opo,
        trader.opoco,
        trader.deprecated_oco,
        trader.history,
        trader.refusals,
        trader.unsubscribe,
        trader.logout,
    ]
    session_steps = {trader.logon, trader.logout}
    for step in steps:
        if where.key_type == "ed25519" or step not in session_steps:
            await feature(step.__name__, step)
    await client.close_connection()
    await feature("microseconds", lambda: microseconds(where))
    await feature("market_streams", lambda: market_streams(where))


asyncio.run(main())
