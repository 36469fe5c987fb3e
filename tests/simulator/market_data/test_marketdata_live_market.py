from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from binance_wsapi.markets import Market
from binance_wsapi.simulator import clock
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.exchange import SimulatedExchange
from binance_wsapi.simulator.replay import ReplayedTrade

START_US = 1_700_000_000_000_000


def exchange(**options: Any) -> SimulatedExchange:
    """Return an exchange that is driven in memory, its clock standing still."""
    return SimulatedExchange(clock=SimulatedClock(start_us=START_US, frozen=True), **options)


def ask(exchange: SimulatedExchange, method: str, **params: Any) -> Any:
    return exchange.venue.market_data.handle(method, params)


def test_prices_walk_until_they_are_stopped() -> None:
    here = exchange()
    here.market.walk(["BTCUSDT"], seed=4, step_seconds=0.1)
    here.clock.advance(30)
    trades = ask(here, "trades.recent", symbol="BTCUSDT")
    here.market.stop()
    here.clock.advance(30)

    assert len({trade["price"] for trade in trades}) > 10
    assert ask(here, "trades.recent", symbol="BTCUSDT") == trades
    assert ask(here, "trades.recent", symbol="ETHUSDT") == []


def test_a_walk_is_made_by_its_seed() -> None:
    tapes = []
    for seed in (4, 4, 5):
        here = exchange()
        here.market.walk(["BTCUSDT"], seed=seed)
        here.clock.advance(20)
        tapes.append(ask(here, "trades.recent", symbol="BTCUSDT"))

    assert tapes[0] == tapes[1] != tapes[2]


class Trades:
    """Takes note of all trades of a market, by symbol."""

    def __init__(self) -> None:
        self.made: dict[str, list[tuple[Decimal, Decimal]]] = {}

    def on_trade(self, trade: Any) -> None:
        self.made.setdefault(trade.symbol, []).append((trade.price, trade.quantity))

    def on_level(self, *change: object) -> None:
        pass

    def on_symbol(self, symbol: str) -> None:
        pass


@pytest.mark.parametrize("market", [Market.SPOT, Market.USDM])
def test_a_walk_is_the_same_however_late_the_clock_and_whenever_it_begins(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step was planned from when the last one was made, and quotes were drawn once more if late."""
    real_us = 0
    monkeypatch.setattr(clock, "_monotonic_us", lambda: real_us)

    def walked(begins_us: int, looks_every_us: int) -> dict[str, list[tuple[Decimal, Decimal]]]:
        nonlocal real_us
        real_us = 0
        here = SimulatedExchange(clock=SimulatedClock(start_us=begins_us), seed=7)
        trades = Trades()
        engine: Any = here.venue.spot if market is Market.SPOT else here.venue.futures[market]
        engine.observers.append(trades)
        here.venue.start_market_makers()
        here.start_random_market(markets=[market])
        while real_us < 6_000_000:
            real_us += looks_every_us
            here.clock.run_due()
        return trades.made

    prompt = walked(START_US, 10_000)

    assert sum(map(len, prompt.values())) > 40
    assert walked(START_US, 400_000) == prompt
    assert walked(START_US + 4_000_000_321, 250_000) == prompt


def test_a_walk_that_is_far_behind_leaves_out_what_it_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A machine that cannot keep up made steps for ever, and answered nobody."""
    real_us = 0
    monkeypatch.setattr(clock, "_monotonic_us", lambda: real_us)
    here = SimulatedExchange(clock=SimulatedClock(start_us=START_US))
    trades = Trades()
    here.venue.spot.observers.append(trades)
    here.market.walk(["BTCUSDT"], step_seconds=0.1)
    real_us = 3_600_000_000
    here.clock.run_due()

    assert len(trades.made["BTCUSDT"]) < 20, "requests would wait for 36,000 steps"


def test_a_tape_is_replayed() -> None:
    here = exchange()
    replay = here.market.replay(
        "BTCUSDT",
        [
            ReplayedTrade(Decimal(64000), Decimal("0.5"), 0.0),
            ReplayedTrade(Decimal(64500), Decimal("0.1"), 3_600.0),
        ],
    )
    here.clock.advance(3_600)

    assert replay.is_over
    assert replay.done == 2
    assert ask(here, "ticker", symbol="BTCUSDT", windowSize="2h")["priceChange"] == 500
    assert len(ask(here, "klines", symbol="BTCUSDT", interval="1m")) == 61


def test_prices_from_outside() -> None:
    here = exchange()
    here.market.set_reference_price("BTCUSDT", "64000.5")
    here.market.report_block_trade("BTCUSDT", "63000", 40)

    assert ask(here, "referencePrice", symbol="BTCUSDT")["referencePrice"] == Decimal("64000.5")
    assert [
        row["qty"] for row in ask(here, "blockTrades.historical", symbol="BTCUSDT", fromId=0)
    ] == [40]


def test_a_running_exchange_is_steered_from_any_thread() -> None:
    with SimulatedExchange(seed=3, market_maker=True) as here:
        here.market.walk(["BTCUSDT"], step_seconds=0.01)
        before = here.call(lambda: here.venue.market_data.histories["BTCUSDT"].trades.end)
        here.clock.advance(5)
        after = here.call(lambda: here.venue.market_data.histories["BTCUSDT"].trades.end)
        here.market.stop()

    assert after > before + 100
