"""A backtest: the grid bot on a tape of trades. Needs no account.

``python backtest.py my_trades.csv``; without a file it runs on ``tape.csv``, which lies beside it. The embedded
exchange replays the tape with its clock held still: the bot sees one trade after the other, and half an hour of trading
takes seconds. The same tape gives the same fills.
"""

from __future__ import annotations

import csv
import sys
import time
from decimal import Decimal
from pathlib import Path

from grid_bot import GridBot

from binance_wsapi.simulator import ReplayedTrade, SimulatedClock, SimulatedExchange


def tape(path: Path) -> list[ReplayedTrade]:
    """Return the trades of a CSV file: seconds since the first, price, quantity, buyer_is_maker."""
    with path.open(newline="") as file:
        return [
            ReplayedTrade(
                Decimal(row["price"]),
                Decimal(row["quantity"]),
                float(row["seconds"]),
                row["buyer_is_maker"] == "true",
            )
            for row in csv.DictReader(file)
        ]


def main(path: Path) -> None:
    """Run the bot over the tape and print what it made."""
    trades = tape(path)
    clock = SimulatedClock(frozen=True, start_us=1_750_000_000_000_000)
    with SimulatedExchange(clock=clock) as exchange:
        account = exchange.create_account({"USDT": "100000", "BTC": "1"})
        with exchange.client(account.create_key(), order_rules="round") as client:
            bot = GridBot(client, "BTCUSDT", step=Decimal("0.001"), quantity="0.01")
            bot.start(middle=trades[0].price)
            exchange.market.replay("BTCUSDT", trades)
            begun = time.perf_counter()
            now = 0.0
            for trade in trades:
                exchange.clock.advance(trade.after_seconds - now)
                now = trade.after_seconds
                client.spot.test_connectivity()  # what came before its answer has been told
                while len(bot.events):
                    bot.follow(bot.events.get())
            took = time.perf_counter() - begun
        print(f"{len(trades)} trades ({now / 60:.0f} min) in {took:.1f} s, {bot.fills} fills")
        worth = Decimal(0)
        for asset, amounts in account.balances().items():
            total = amounts.free + amounts.locked
            worth += total * (trades[-1].price if asset == "BTC" else 1)
            print(asset, total)
        print("worth", round(worth, 2), "USDT, and without a trade", 100_000 + trades[-1].price)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("tape.csv"))
