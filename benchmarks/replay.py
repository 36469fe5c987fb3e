"""How fast the embedded exchange replays trades, and how fast a bot on the blocking client gets its events.

``python benchmarks/replay.py`` prints trades a second through the engine with one resting bot, events a second of
a bot that is told each trade, and what a trade costs with a grid bot that is told each: here, over a socket and the
blocking client, and in nautilus_trader's own backtest on the same tape, where that is installed.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from grid_on_nautilus import grid_on_nautilus, is_there

from binance_wsapi import Client
from binance_wsapi.models.user_events import OrderUpdate
from binance_wsapi.simulator import SimulatedClock, SimulatedExchange
from binance_wsapi.simulator.backtest import Backtest
from binance_wsapi.simulator.tapes import Tape, read_tape

BEGINS_US = 1_767_225_600_000_000
ROUNDS = 5
LONG, SHORT = 50_000, 5_000
"""How many trades the two tapes have."""
STEP, QUANTITY = Decimal(30), "0.01"
"""How far from the last fill the grid bot rests its orders, and how much it trades."""


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


class Grid:
    """Rests a buy below the last fill and a sell above it."""

    def __init__(self, client: Client, middle: Decimal) -> None:
        self._spot = client.spot
        self._rest(middle)

    def follow(self, event: Any) -> None:
        """Rest around a fill."""
        if isinstance(event, OrderUpdate) and event.status == "FILLED":
            self._spot.cancel_all_open_orders("BTCUSDT")
            self._rest(event.last_executed_price)

    def _rest(self, middle: Decimal) -> None:
        for side, price in (("BUY", middle - STEP), ("SELL", middle + STEP)):
            self._spot.submit_new_order(
                "BTCUSDT",
                side=side,
                type="LIMIT",
                time_in_force="GTC",
                price=price,
                quantity=QUANTITY,
            )


def grid_here(walk: Tape) -> tuple[float, int]:
    """Return the CPU seconds of a run of the grid bot, its exchange's start included, and how many fills there were."""
    first = next(walk.trades()).price
    backtest = Backtest(
        [walk],
        lambda client: Grid(client, first).follow,
        streams=("btcusdt@trade",),
        balances={"USDT": "100000", "BTC": "5"},
    )
    begun = time.process_time()
    report = backtest.run()
    return time.process_time() - begun, len(report.fills)


def compared(walk: Tape) -> None:
    """Print what the grid bot costs, turn about: CPU time, which others on the machine change little."""
    trades = list(walk.trades())
    costs: dict[str, list[float]] = {"here": [], "nautilus_trader": []}
    fills: dict[str, int] = {}
    for _ in range(ROUNDS):
        took, fills["here"] = grid_here(walk)
        costs["here"].append(took / len(trades))
        if is_there():
            took, fills["nautilus_trader"] = grid_on_nautilus(
                trades, begins_us=BEGINS_US, step=STEP, quantity=QUANTITY
            )
            costs["nautilus_trader"].append(took / len(trades))
    for name, found in costs.items():
        what = f"grid bot, {name}"
        if found:
            cost = statistics.median(found) * 1e6
            print(f"{what:<27}  {cost:8.0f} us of CPU a trade, {fills[name]} fills")
        else:
            print(f"{what:<27}  not installed")


def main() -> None:
    """Print medians."""
    with tempfile.TemporaryDirectory() as folder:
        walk = tape(Path(folder), LONG)
        rates = [through_the_engine(walk, LONG) for _ in range(ROUNDS)]
        print(f"engine with one resting bot  {statistics.median(rates):8.0f} trades/s")
        walk = tape(Path(folder), SHORT)
        rates = [to_a_bot(walk) for _ in range(ROUNDS)]
        print(f"a bot told of each trade     {statistics.median(rates):8.0f} events/s")
        compared(walk)


if __name__ == "__main__":
    main()
