"""What is told after a gap is typed like the answers it was made of, and keeps their wire dicts."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from callers import Caller

from binance_wsapi import AccountReconciled, OrderReconciled, UnreadableResult, WsKey
from binance_wsapi.markets import Market
from binance_wsapi.models.account import AccountInformation, AccountTrade
from binance_wsapi.models.futures import (
    CoinFuturesAccount,
    CoinFuturesOrder,
    FuturesAccountV2,
    FuturesOrder,
)
from binance_wsapi.models.order import Order
from binance_wsapi.simulator import SimulatedExchange

Connect = Callable[..., Caller]


@pytest.mark.parametrize("beautify", [True, False])
@pytest.mark.parametrize(
    ("ws_key", "path", "symbol", "quantity", "order_type", "account_type"),
    [
        (WsKey.MAIN_WSAPI, "/ws-api", "BTCUSDT", "0.01", Order, AccountInformation),
        (
            WsKey.USDM_WSAPI,
            "/usdm/private",
            "BTCUSDT",
            "0.01",
            FuturesOrder,
            FuturesAccountV2,
        ),
        (
            WsKey.COINM_WSAPI,
            "/coinm/ws",
            "BTCUSD_PERP",
            "1",
            CoinFuturesOrder,
            CoinFuturesAccount,
        ),
    ],
    ids=str,
)
def test_order_and_account_come_as_the_models_of_their_market(
    connect: Connect,
    exchange: SimulatedExchange,
    ws_key: WsKey,
    path: str,
    symbol: str,
    quantity: str,
    order_type: type[Any],
    account_type: type[Any],
    beautify: bool,
) -> None:
    account = exchange.create_account()
    market = {WsKey.MAIN_WSAPI: Market.SPOT, WsKey.USDM_WSAPI: Market.USDM}.get(
        ws_key, Market.COINM
    )
    caller = connect(account.create_key(), beautify=beautify)
    stream = caller.call(lambda client: client.subscribe_user_data_stream(ws_key))
    order = account.request(
        "order.place",
        {
            "symbol": symbol,
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": quantity,
            "price": "50000",
        },
        market=market,
    )
    caller.next_event(stream)

    down = exchange.faults.refuse_handshakes(503, path=path, times=None)
    exchange.drop_connections(path)
    account.request("order.cancel", {"symbol": symbol, "orderId": order["orderId"]}, market=market)
    down.end()
    told: list[Any] = []
    while not told or not isinstance(told[-1], AccountReconciled):
        told.append(caller.next_event(stream))

    [reconciled] = [event for event in told if isinstance(event, OrderReconciled)]
    assert type(reconciled.order) is order_type
    assert reconciled.order is not None
    assert reconciled.order.order_id == order["orderId"]
    assert reconciled.raw_order is not None
    assert reconciled.raw_order["orderId"] == order["orderId"]
    assert type(told[-1].account) is account_type
    assert isinstance(told[-1].raw_account, dict)


def test_order_from_before_the_subscription_is_known_when_events_were_missed(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    account, other = exchange.create_account(), exchange.create_account()
    order = limit_order(account, "BUY", quantity="0.02")
    limit_order(other, "SELL", quantity="0.005")
    caller = connect(account.create_key())
    stream = caller.call(lambda client: client.subscribe_user_data_stream())
    # The answer to what the client asks by itself is there when that to a later request is.
    caller.call(lambda client: client.spot.test_connectivity())

    down = exchange.faults.refuse_handshakes(503, path="/ws-api", times=None)
    exchange.drop_connections("/ws-api")
    limit_order(other, "SELL", quantity="0.01")
    down.end()
    told: list[Any] = []
    while not told or not isinstance(told[-1], AccountReconciled):
        told.append(caller.next_event(stream))

    [reconciled] = [event for event in told if isinstance(event, OrderReconciled)]
    assert reconciled.order_id == order["orderId"]
    assert [fill.quantity for fill in reconciled.missed_fills] == [Decimal("0.01")]


@pytest.mark.parametrize(
    "leave",
    [lambda client: client.unsubscribe_user_data_stream(), lambda client: client.disconnect_all()],
    ids=["unsubscribe", "disconnect"],
)
def test_stream_that_has_ended_asks_for_no_open_orders(
    connect: Connect, exchange: SimulatedExchange, leave: Any
) -> None:
    exchange.faults.on("openOrders.status").swallow()
    caller = connect(exchange.create_account().create_key())
    caller.call(lambda client: client.subscribe_user_data_stream())

    tasks = caller.client._runtime._tasks
    assert [task for task in tasks if "open_orders" in repr(task)]

    caller.call(leave)
    caller.call(lambda client: client.spot.test_connectivity())

    assert not [task for task in tasks if "open_orders" in repr(task)]


def limit_order(account: Any, side: str, *, quantity: str) -> Any:
    return account.request(
        "order.place",
        {
            "symbol": "BTCUSDT",
            "side": side,
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": quantity,
            "price": "60000",
        },
    )


ROW: dict[str, Any] = {
    "symbol": "BTCUSDT", "id": 7, "orderId": 5, "orderListId": -1, "price": "64990.00",
    "qty": "0.004", "quoteQty": "259.96", "commission": "0", "commissionAsset": "USDT",
    "time": 1, "isBuyer": True, "isMaker": True, "isBestMatch": True,
}  # fmt: skip


def reconciled(**more: Any) -> OrderReconciled:
    return OrderReconciled(
        market=Market.SPOT,
        symbol="BTCUSDT",
        order_id=5,
        client_order_id="mine",
        status="FILLED",
        **more,
    )


def test_missed_fills_are_trades() -> None:
    [fill] = reconciled(raw_missed_fills=(ROW,)).missed_fills

    assert isinstance(fill, AccountTrade)
    assert (fill.trade_id, fill.quantity) == (7, Decimal("0.004"))


def test_order_that_is_not_known_any_more_is_none() -> None:
    record = reconciled()

    assert (record.order, record.missed_fills) == (None, ())


def test_what_does_not_fit_its_model_stays_as_it_came() -> None:
    odd = {"orderId": "five"}
    order = reconciled(raw_order=odd, raw_missed_fills=(ROW, odd))
    account = AccountReconciled(market=Market.USDM, raw_account=odd)

    for read in (
        lambda: order.order,
        lambda: order.missed_fills,
        lambda: account.account,
    ):
        with pytest.raises(UnreadableResult, match=r"\.raw_"):
            read()
    assert (order.raw_order, order.raw_missed_fills) == (odd, (ROW, odd))
    assert account.raw_account == odd


def test_records_pickle() -> None:
    record = reconciled(raw_missed_fills=(ROW,))
    assert record.missed_fills

    again = pickle.loads(pickle.dumps(record))

    assert again == record
    assert again.missed_fills == record.missed_fills
