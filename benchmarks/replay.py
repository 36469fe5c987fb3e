"""How fast the embedded exchange replays trades, and how fast a bot on the blocking client gets its events.

``python benchmarks/replay.py`` prints trades a second through the engine with one resting bot, and events a second of
a bot that is told each trade.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from binance_wsapi import Client
from binance_wsapi.simulator import SimulatedClock, SimulatedExchange
from binance_wsapi.simulator.backtest import Backtest
from binance_wsapi.simulator.tapes import Tape, read_tape

BEGINS_US = 1_767_225_600_000_000
ROUNDS = 5
LONG, SHORT = 50_000, 5_000
"""How many trades the two tapes have."""


def tape(folder: Path, trades: int) -> Tape:
    """Write a random walk of a trade a second."""
    chance, price = random.Random(1), 65_000.0
    path = folder / "BTCUSDT-trades-2026-01-01.csv"
    with path.open("w") as file:
        for number in range(trades):
            price *= 1 + chance.gauss(0, 0.0001)
            quantity = chance.uniform(0.01, 0.5)
            row = f"{number},{price:.2f},{quantity:.5f},0,{BEGINS_US + number * 1_000_000}"
            file.write(f"{row},{chance.random() < 0.5},True\n")
    return read_tape(path)


def through_the_engine(walk: Tape, trades: int) -> float:
    """Return trades a second with one order resting far away."""
    made = list(walk.trades())
    with SimulatedExchange(clock=SimulatedClock(start_us=BEGINS_US - 1, frozen=True)) as exchange:
        terms = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
        account = exchange.create_account()
        account.request("order.place", terms | {"price": "60000", "quantity": "0.01"})
        exchange.market.replay("BTCUSDT", made)
        begun = time.perf_counter()
        exchange.clock.advance(trades + 1)
        return trades / (time.perf_counter() - begun)


def to_a_bot(walk: Tape) -> float:
    """Return events a second of a bot that listens to each trade."""

    def start(client: Client) -> Any:
        return lambda event: None

    report = Backtest([walk], start, streams=("btcusdt@trade",)).run()
    return report.events / report.seconds


def main() -> None:
    """Print medians."""
    with tempfile.TemporaryDirectory() as folder:
        walk = tape(Path(folder), LONG)
        rates = [through_the_engine(walk, LONG) for _ in range(ROUNDS)]
        print(f"engine with one resting bot  {statistics.median(rates):8.0f} trades/s")
        walk = tape(Path(folder), SHORT)
        rates = [to_a_bot(walk) for _ in range(ROUNDS)]
        print(f"a bot told of each trade     {statistics.median(rates):8.0f} events/s")


if __name__ == "__main__":
    main()
