"""Stop and take profit orders: when they wait, when they fire, what they become."""

from __future__ import annotations

from typing import Any

import pytest
from engine_harness import BTCUSDT, ETHUSDT, Exchange


def place_trigger(exchange: Exchange, account: Any, side: str, kind: str, **more: Any) -> int:
    params = {"symbol": "BTCUSDT", "side": side, "type": kind, "quantity": "0.01", **more}
    if kind.endswith("LIMIT"):
        params["timeInForce"] = "GTC"
    order_id: int = exchange.call("order.place", account, **params)["orderId"]
    return order_id


def walk(exchange: Exchange, *prices: str) -> None:
    """Let trades go from price to price, every hundredth of the way."""
    last = float(exchange.market.engine.last_price("BTCUSDT") or prices[0])
    for goal in map(float, prices):
        for step in range(1, 101):
            exchange.trade_at(f"{last + (goal - last) * step / 100:.1f}")
        last = goal


@pytest.mark.parametrize(
    ("side", "kind", "stop", "delta", "limit", "waits", "fires"),
    [
        ("BUY", "STOP_LOSS_LIMIT", "44000", 500, "45000", ["37000", "46000", "42000"], "44100"),
        ("SELL", "STOP_LOSS_LIMIT", "39000", 1000, "38000", ["41500", "37000", "41000"], "36900"),
        ("BUY", "TAKE_PROFIT_LIMIT", "38000", 850, "38500", ["42000", "37000", "39000"], "40145"),
        (
            "SELL",
            "TAKE_PROFIT_LIMIT",
            "42000",
            750,
            "41000",
            ["39000", "45000", "44000", "46500"],
            "43012.5",
        ),
        ("SELL", "STOP_LOSS_LIMIT", None, 700, "39000", ["42000", "39500", "45500"], "42315"),
    ],
    ids="ABCDE",
)
def test_trailing_stops_follow_the_documented_scenarios(
    side: str, kind: str, stop: str | None, delta: int, limit: str, waits: list[str], fires: str
) -> None:
    exchange = Exchange()
    me = exchange.account()
    exchange.trade_at("40000")
    trigger = {"trailingDelta": delta, "price": limit}
    if stop is not None:
        trigger["stopPrice"] = stop
    order_id = place_trigger(exchange, me, side, kind, **trigger)
    assert (exchange.status(me, order_id)["trailingTime"] == -1) == (stop is not None)

    walk(exchange, *waits)
    assert exchange.status(me, order_id)["isWorking"] is False
    assert exchange.status(me, order_id)["trailingTime"] != -1
    last = float(waits[-1])
    exchange.trade_at(f"{last + (float(fires) - last) * 0.99:.2f}")
    assert exchange.status(me, order_id)["isWorking"] is False
    exchange.trade_at(fires)

    assert exchange.status(me, order_id)["isWorking"] is True


@pytest.mark.parametrize(
    ("side", "kind", "stop", "before", "fires"),
    [
        ("BUY", "STOP_LOSS", "110", "109.99", "110"),
        ("SELL", "STOP_LOSS", "90", "90.01", "90"),
        ("BUY", "TAKE_PROFIT", "90", "90.01", "89"),
        ("SELL", "TAKE_PROFIT", "110", "109.99", "111"),
    ],
)
def test_a_trade_at_the_stop_price_fires(
    side: str, kind: str, stop: str, before: str, fires: str
) -> None:
    exchange = Exchange()
    me, other = exchange.account(), exchange.account()
    exchange.trade_at("100")
    order_id = place_trigger(exchange, me, side, kind, stopPrice=stop)
    exchange.place(other, "SELL", "1", "120.00")
    exchange.place(other, "BUY", "1", "80.00")
    exchange.events(me)

    exchange.trade_at(before)
    assert exchange.status(me, order_id)["status"] == "NEW"
    assert exchange.events(me) == []
    exchange.trade_at(fires)

    assert exchange.status(me, order_id)["status"] == "FILLED"
    assert exchange.story(me) == [
        f"{order_id} NEW/NEW",
        f"{order_id} TRADE/FILLED",
        "position",
    ]


@pytest.mark.parametrize(
    ("side", "kind", "stop"),
    [
        ("BUY", "STOP_LOSS", "100"),
        ("SELL", "STOP_LOSS", "100"),
        ("BUY", "TAKE_PROFIT", "101"),
        ("SELL", "TAKE_PROFIT", "99"),
    ],
)
def test_a_stop_price_on_the_wrong_side_is_refused(side: str, kind: str, stop: str) -> None:
    exchange = Exchange()
    exchange.trade_at("100")
    order = {"symbol": "BTCUSDT", "side": side, "type": kind, "quantity": "1", "stopPrice": stop}

    error = exchange.refusal("order.place", exchange.account(), **order)

    assert (error.code, error.message) == (-2010, "Order would trigger immediately.")


def test_a_triggered_order_without_funds_is_expired_as_rejected() -> None:
    exchange = Exchange()
    me, other = exchange.account(USDT="111"), exchange.account()
    exchange.trade_at("100")
    order_id = place_trigger(exchange, me, "BUY", "STOP_LOSS", stopPrice="110", quantity="1")
    exchange.place(other, "SELL", "1", "115.00")
    exchange.events(me)

    exchange.trade_at("110")

    order = exchange.status(me, order_id)
    assert (order["status"], order["expiryReason"]) == ("EXPIRED", "REJECTED")
    assert exchange.events(me, "executionReport")[0]["eR"] == "REJECTED"
    assert exchange.balances(me) == {"USDT": ("111.00000000", "0.00000000")}


def test_one_trigger_can_fire_the_next() -> None:
    exchange = Exchange()
    me, other = exchange.account(), exchange.account()
    exchange.trade_at("100")
    first = place_trigger(exchange, me, "BUY", "STOP_LOSS", stopPrice="110", quantity="1")
    second = place_trigger(exchange, me, "BUY", "STOP_LOSS", stopPrice="120", quantity="1")
    exchange.place(other, "SELL", "1", "120.00")
    exchange.place(other, "SELL", "1", "130.00")

    exchange.trade_at("110")

    assert exchange.status(me, first)["status"] == "FILLED"
    assert exchange.status(me, second)["cummulativeQuoteQty"] == "130.00000000"


def test_waiting_funds_are_locked_and_come_back_on_cancel() -> None:
    exchange = Exchange()
    me = exchange.account(BTC="1")
    exchange.trade_at("100")
    order_id = place_trigger(exchange, me, "SELL", "STOP_LOSS", stopPrice="90", quantity="0.4")
    assert exchange.balances(me) == {"BTC": ("0.60000000", "0.40000000")}

    exchange.call("order.cancel", me, symbol="BTCUSDT", orderId=order_id)
    exchange.trade_at("80")

    assert exchange.balances(me) == {"BTC": ("1.00000000", "0.00000000")}
    assert exchange.status(me, order_id)["status"] == "CANCELED"


def test_symbols_do_not_trigger_each_other() -> None:
    exchange = Exchange([BTCUSDT, ETHUSDT])
    me = exchange.account()
    exchange.trade_at("100")
    order_id = place_trigger(exchange, me, "SELL", "STOP_LOSS", stopPrice="90")

    exchange.trade_at("80", "ETHUSDT")

    assert exchange.status(me, order_id)["status"] == "NEW"


def test_cancelled_and_surpassed_triggers_leave_no_litter() -> None:
    exchange = Exchange()
    me = exchange.account()
    exchange.trade_at("100")
    triggers = exchange.market.engine.markets["BTCUSDT"].triggers
    place_trigger(exchange, me, "SELL", "STOP_LOSS", trailingDelta=500)

    for number in range(1, 300):
        order_id = place_trigger(exchange, me, "SELL", "STOP_LOSS", stopPrice="90")
        exchange.call("order.cancel", me, symbol="BTCUSDT", orderId=order_id)
        exchange.trade_at(f"{100 + number / 100:.2f}")

    assert len(triggers) == 1
    assert triggers.entries() < 200
