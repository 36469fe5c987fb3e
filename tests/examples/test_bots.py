"""The bots among the examples keep what they promise: limits, stops, an end in order, gaps written down."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from example_runs import begun, example, leading_to, printed

from binance_wsapi import Client
from binance_wsapi.markets import Market
from binance_wsapi.simulator import SimulatedExchange
from binance_wsapi.simulator.exchange import AccountHandle

ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}


@pytest.fixture
def market() -> Iterator[SimulatedExchange]:
    with SimulatedExchange(seed=3, market_maker=True) as exchange:
        yield exchange


@pytest.fixture
def account(market: SimulatedExchange) -> AccountHandle:
    return market.create_account()


@pytest.fixture
def client(market: SimulatedExchange, account: AccountHandle) -> Iterator[Client]:
    with market.client(account.create_key()) as client:
        yield client


@pytest.mark.parametrize(
    ("side", "other", "worst", "taken"),
    [("BUY", "SELL", "60000", "100"), ("SELL", "BUY", "70000", "0.007")],
    ids=["all of what it buys", "a part of what it sells"],
)
def test_the_market_maker_keeps_its_limit(
    side: str, other: Literal["BUY", "SELL"], worst: str, taken: str
) -> None:
    """Somebody takes its quotes on one side again and again: it ends at its limit, and not beyond."""
    with SimulatedExchange(seed=3) as exchange:
        account = exchange.create_account({"USDT": "100000", "BTC": "1"})
        with (
            exchange.client(account.create_key()) as client,
            client.spot.account_state() as state,
        ):
            state.wait_ready(30)
            maker = example("market_maker").MarketMaker(
                client, state, "BTCUSDT", quantity=Decimal("0.01"), most=Decimal("0.03")
            )
            middle, seen = Decimal(65_000), []
            for _ in range(12):
                maker.follow(middle)
                exchange.trade("BTCUSDT", other, taken, worst)
                middle += 100  # every quote moves
                amounts = account.balances()["BTC"]
                seen.append(amounts.free + amounts.locked - 1)
            maker.stop()
            left_open = client.spot.get_open_orders("BTCUSDT").result

    fees = Decimal("0.001")  # taken from what is bought
    assert maker.held == Decimal("0.03") * (1 if side == "BUY" else -1)
    assert max(map(abs, seen)) <= Decimal("0.03")
    assert abs(seen[-1] - maker.held) <= Decimal("0.03") * fees
    assert not left_open


def test_the_stop_follows_the_price_up_and_sells(
    market: SimulatedExchange, client: Client, account: AccountHandle
) -> None:
    position = example("futures_stops").StoppedPosition(
        client, "BTCUSDT", quantity=Decimal("0.01"), distance=Decimal("0.01")
    )
    paid = position.open()
    first = position.stop

    def moved_to(factor: str) -> int:
        price = int(paid * Decimal(factor))
        market.move_price("BTCUSDT", str(price), market=Market.USDM)
        market.trade("BTCUSDT", "BUY", "0.01", str(price + 1_000), market=Market.USDM)
        return price

    assert position.follow(moved_to("1.02"))
    second = position.stop
    assert position.follow(moved_to("1.015"))

    assert first is not None
    assert second is not None
    assert first[1] < paid < second[1]
    assert position.stop == second, "it never goes down"

    moved_to("0.98")
    assert position.filled("SELL", timeout=10)
    assert not client.usdm.get_position_v2(symbol="BTCUSDT").result
    position.close()


def test_a_stop_that_cannot_move_stays(market: SimulatedExchange, client: Client) -> None:
    position = example("futures_stops").StoppedPosition(
        client, "BTCUSDT", quantity=Decimal("0.01"), distance=Decimal("0.01")
    )
    paid = position.open()
    before = position.stop

    assert position.follow(paid * Decimal("1.1")), "the market has fallen since that price"

    assert position.stop == before
    position.close()
    assert not client.usdm.get_position_v2(symbol="BTCUSDT").result


class TestThreadedBot:
    """It takes back what rests, however it ends."""

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal_ends_it_in_order(
        self,
        number: signal.Signals,
        market: SimulatedExchange,
        account: AccountHandle,
        tmp_path: Path,
    ) -> None:
        program = begun(tmp_path, "threaded_bot", "100000", **leading_to(market, account))
        market.journal.wait_for(lambda frame: frame.method == "order.place", 30, count=3)

        program.send_signal(number)

        assert "0 open orders left" in printed(program)
        assert account.request("openOrders.status") == []

    def test_a_thread_that_fails_ends_all(
        self, market: SimulatedExchange, account: AccountHandle, tmp_path: Path
    ) -> None:
        """Its order rests, since the cancel was what failed."""
        why = "Order was not canceled due to cancel restrictions."
        market.faults.on("order.cancel", skip=4).refuse(-2011, why)

        program = begun(tmp_path, "threaded_bot", "100000", **leading_to(market, account))

        text = printed(program, status=1)
        assert "0 open orders left" in text
        assert why in text.splitlines()[-1]
        assert account.request("openOrders.status") == []


def test_the_recorder_writes_gaps_down(
    market: SimulatedExchange,
    account: AccountHandle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    for name, value in leading_to(market, account).items():
        monkeypatch.setenv(name, value)

    def traded_until(holds: Any) -> None:
        for _ in range(2_000):
            market.trade("BTCUSDT", "BUY", "0.001", "70000")
            if holds():
                return
        raise AssertionError("it did not come to that")

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(example("recorder").main, 12, tmp_path)
        market.journal.wait_for(lambda frame: frame.method == "SUBSCRIBE", 30)
        market.drop_connections("/ws")
        market.drop_connections("/stream")
        market.journal.wait_for(lambda frame: frame.method == "SUBSCRIBE", 30, count=2)
        traded_until(done.done)
        done.result()

    gaps, trades = (parquet.read_table(tmp_path / f"{name}.parquet") for name in ("gaps", "trades"))
    assert gaps.num_rows == 1
    assert gaps.column("reason").to_pylist() == ["connection dropped"]
    assert {str(each) for each in trades.column("quantity").to_pylist()} >= {"0.001000000000"}
