"""A fault of the engine's own hits the order or account it happened at: nobody else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from futures_sim_venue import Trader, Venue

from binance_wsapi.markets import Market
from binance_wsapi.simulator.futures.deleveraging import Deleveraging
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


@pytest.mark.parametrize("step", ["next_to_close", "close"])
def test_a_fault_in_the_middle_of_a_liquidation_leaves_nothing_half_done(
    step: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What the book took is settled, the order has ended, and the next price has the rest closed."""
    venue = Venue()
    poor, maker, bidder = venue.trader(USDT="4000"), venue.trader(), venue.trader()
    maker.place("SELL", "1", "60000")
    poor.place("BUY", "1")
    bidder.place("BUY", "0.4", "56000")

    def fails(*args: Any) -> Any:
        raise ZeroDivisionError

    def money() -> Decimal:
        kept = venue.market.fees["USDT"] + venue.market.margin_watch.insurance.get("USDT", 0)
        traders = (poor, maker, bidder)
        costs = sum(one.account.held(contract, "BOTH").cost for one in traders)
        return kept - costs + sum(one.wallet() for one in traders)

    contract = venue.market.contracts["BTCUSDT"]
    before = money()
    with monkeypatch.context() as patched:
        patched.setattr(Deleveraging, step, fails)
        venue.market.set_mark_price("BTCUSDT", Decimal(56_000))

    assert poor.position() == Decimal("0.6")
    assert not poor.account.open_orders
    assert not poor.account.is_liquidating
    assert money() == before
    assert "failed at the margin" in caplog.text
    caplog.clear()

    venue.market.set_mark_price("BTCUSDT", Decimal(55_900))
    assert not poor.position()
    assert money() == before


@pytest.mark.parametrize("is_forced", [False, True], ids=["trade", "deleveraging"])
def test_both_sides_of_a_trade_have_moved_before_anybody_hears_of_it(
    is_forced: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault at telling one side leaves no money with the other."""
    venue = Venue()
    poor, maker = venue.trader(USDT="4000"), venue.trader()
    maker.place("SELL", "1", "60000")
    if is_forced:
        poor.place("BUY", "1")

    def fails(event: dict[str, Any]) -> None:
        if event["e"] == "ACCOUNT_UPDATE":
            raise ZeroDivisionError

    for trader in (poor, maker):
        trader.account.listeners.insert(0, fails)
    if is_forced:
        venue.market.set_mark_price("BTCUSDT", Decimal(56_000))
        caplog.clear()
    else:
        with pytest.raises(ZeroDivisionError):
            poor.place("BUY", "1")

    contract = venue.market.contracts["BTCUSDT"]
    positions = [one.account.held(contract, "BOTH") for one in (poor, maker)]
    assert [one.amount for one in positions] == ([0, 0] if is_forced else [1, -1])
    wallets = sum(one.wallet() for one in (poor, maker))
    kept = venue.market.fees["USDT"] + venue.market.margin_watch.insurance.get("USDT", 0)
    assert wallets + kept - sum(one.cost for one in positions) == 104_000
