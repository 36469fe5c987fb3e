"""A fault of the engine's own hits the order it happened at: nobody else, and nothing stays half done."""

from __future__ import annotations

from typing import Any

import pytest
from engine_harness import Exchange

from binance_wsapi.simulator.spot import endings, order_lists, placement
from binance_wsapi.simulator.spot.engine import Engine
from binance_wsapi.simulator.spot.orders import Order


@pytest.fixture
def exchange() -> Exchange:
    exchange = Exchange()
    exchange.trade_at("100")
    return exchange


def test_a_fault_at_a_triggered_order_is_that_orders_alone(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stops = exchange.account(BTC="3")
    terms: dict[str, Any] = {"type": "STOP_LOSS_LIMIT", "stopPrice": "99", "timeInForce": "GTC"}
    first, second = (exchange.place(stops, "SELL", "1", "98", **terms)["orderId"] for _ in range(2))
    bid = exchange.account()
    exchange.place(bid, "BUY", "2", "98")
    whole = placement.admit_triggered

    def admit(engine: Engine, order: Order) -> None:
        if order.order_id == first:
            raise ZeroDivisionError
        whole(engine, order)

    monkeypatch.setattr(placement, "admit_triggered", admit)
    innocent, other = exchange.account(), exchange.account()
    exchange.place(other, "BUY", "0.5", "99")

    answer = exchange.place(innocent, "SELL", "0.5", "99")

    assert answer["status"] == "FILLED"
    assert exchange.status(stops, first)["status"] == "EXPIRED"
    assert exchange.status(stops, second)["status"] == "FILLED"
    assert exchange.balances(stops)["BTC"] == ("2.00000000", "0.00000000")
    assert "failed at what follows on BTCUSDT" in caplog.text
    caplog.clear()


def test_a_fault_at_a_list_keeps_nobody_behind_waiting(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pair = exchange.account(BTC="1")
    placed = exchange.call(
        "orderList.place.oco",
        pair,
        symbol="BTCUSDT",
        side="SELL",
        quantity="1",
        aboveType="LIMIT_MAKER",
        abovePrice="101",
        belowType="STOP_LOSS",
        belowStopPrice="90",
    )
    stop = exchange.account(BTC="1")
    waiting = exchange.place(stop, "SELL", "1", type="STOP_LOSS", stopPrice="99.5")["orderId"]
    exchange.place(exchange.account(), "BUY", "2", "99.5")

    def fails(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(order_lists, "on_closed", fails)
        cancelled = exchange.call(
            "order.cancel", pair, symbol="BTCUSDT", orderId=placed["orders"][0]["orderId"]
        )
        exchange.place(exchange.account(), "SELL", "0.5", "99.5")

    assert {report["status"] for report in cancelled["orderReports"]} == {"CANCELED"}
    assert exchange.status(stop, waiting)["status"] == "FILLED"
    assert not exchange.market.engine.follow_ups
    caplog.clear()


def test_an_order_that_cannot_even_be_ended_stops_nobody(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    exchange.place(exchange.account(BTC="1"), "SELL", "1", type="STOP_LOSS", stopPrice="99")
    exchange.place(exchange.account(), "BUY", "2", "99")

    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(placement, "admit_triggered", fails)
    monkeypatch.setattr(endings, "expire", fails)

    assert exchange.place(exchange.account(), "SELL", "1", "99")["status"] == "FILLED"
    assert exchange.place(exchange.account(), "SELL", "1", "99")["status"] == "FILLED"
    assert "failed at ending order" in caplog.text
    caplog.clear()
