"""A fault of the engine's own hits the order or account it happened at: nobody else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from futures_sim_venue import Trader, Venue

from binance_wsapi.markets import Market
from binance_wsapi.simulator.futures.margin_watch import MarginWatch
from binance_wsapi.simulator.futures.order_intake import OrderIntake
from binance_wsapi.simulator.futures.orders import FuturesOrder


def _stop(trader: Trader, market: Market) -> int:
    terms = {"quantity": "1", "workingType": "CONTRACT_PRICE"}
    if market is Market.USDM:
        placed = trader.algo("SELL", "STOP_MARKET", triggerPrice="59000", **terms)
        return int(placed["algoId"])
    placed = trader.place("SELL", type="STOP_MARKET", stopPrice="59000", **terms)
    return int(placed["orderId"])


def _status(trader: Trader, market: Market, stop: int) -> str:
    if market is Market.USDM:
        return trader.account.conditional_orders[stop].status
    return str(trader.status(stop)["status"])


@pytest.mark.parametrize(
    ("market", "step"),
    [(Market.USDM, "build"), (Market.USDM, "submit"), (Market.COINM, "work")],
)
def test_a_fault_at_a_triggered_order_is_that_orders_alone(
    market: Market,
    step: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    venue = Venue(market)
    first, second, bids, asks = (venue.trader() for _ in range(4))
    bids.place("BUY", "10", "59000")
    stops = [_stop(one, market) for one in (first, second)]
    whole: Any = getattr(OrderIntake, step)

    def fails_once(desk: OrderIntake, *args: Any, **kwargs: Any) -> Any:
        account = args[0].account if isinstance(args[0], FuturesOrder) else args[0]
        if account is first.account:
            raise ZeroDivisionError
        return whole(desk, *args, **kwargs)

    monkeypatch.setattr(OrderIntake, step, fails_once)
    placed = asks.place("SELL", "1", "59000")

    assert asks.status(placed["orderId"])["status"] == "FILLED"
    assert _status(first, market, stops[0]) in {"REJECTED", "EXPIRED", "FINISHED"}
    assert not first.account.open_orders
    assert second.position() == -1
    assert "failed at the triggered order" in caplog.text
    caplog.clear()


def test_a_fault_at_one_account_s_margin_leaves_the_others_looked_at(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    venue = Venue()
    one, other, maker = venue.trader(USDT="4000"), venue.trader(USDT="4000"), venue.trader()
    maker.place("SELL", "2", "60000")
    for trader in (one, other):
        trader.account.leverages["BTCUSDT"] = 20
        trader.place("BUY", "1")
    maker.place("BUY", "2", "55000")
    whole = MarginWatch._at_risk

    def at_risk(watch: MarginWatch, account: Any, asset: str) -> Any:
        if account is one.account:
            raise ZeroDivisionError
        return whole(watch, account, asset)

    with monkeypatch.context() as patched:
        patched.setattr(MarginWatch, "_at_risk", at_risk)
        venue.market.set_mark_price("BTCUSDT", Decimal(56_000))
    assert not other.position()
    assert not one.account.is_liquidating
    assert "failed at the margin" in caplog.text
    caplog.clear()

    venue.market.set_mark_price("BTCUSDT", Decimal(55_900))
    assert not one.position()
