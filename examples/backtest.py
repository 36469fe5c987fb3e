"""A grid bot on a tape of trades: hours of trading in seconds. Needs no account.

The embedded exchange replays the tape with its clock held still: the bot sees one trade after the other.
"""

from __future__ import annotations

import math
import random
import time
from decimal import Decimal

from binance_wsapi import Client
from binance_wsapi.models.user_events import OrderUpdate
from binance_wsapi.simulator import ReplayedTrade, SimulatedClock, SimulatedExchange


class GridBot:
    """One symbol's grid. Give it a client with ``order_rules="round"``: it trades whatever the tick and step."""

    def __init__(
        self, client: Client, symbol: str, *, levels: int = 5, step: str = "0.0005", quantity: str
    ) -> None:
        self.spot, self.symbol = client.spot, symbol
        self.levels, self.step, self.quantity = levels, Decimal(step), quantity
        self.events = client.subscribe_user_data_stream()
        self.fills = 0

    def start(self, middle: Decimal | None = None) -> None:
        """Rest the grid around a price; around the market's without one."""
        if middle is None:
            best = self.spot.get_symbol_order_book_ticker(self.symbol).result
            middle = (best.bid_price + best.ask_price) / 2
        for level in range(1, self.levels + 1):
            self.rest("BUY", middle * (1 - self.step * level))
            self.rest("SELL", middle * (1 + self.step * level))

    def rest(self, side: str, price: Decimal) -> None:
        """Rest an order."""
        self.spot.submit_new_order(
            self.symbol,
            side=side,
            type="LIMIT",
            time_in_force="GTC",
            price=price,
            quantity=self.quantity,
        )

    def follow(self, event: object) -> None:
        """Answer a fill with an order on the other side."""
        if isinstance(event, OrderUpdate) and event.status == "FILLED":
            self.fills += 1
            is_bought = event.side == "BUY"
            self.rest(
                "SELL" if is_bought else "BUY",
                event.price * (1 + self.step if is_bought else 1 - self.step),
            )


def made_up_tape(trades: int, seed: int = 1) -> list[ReplayedTrade]:
    """Return a random walk of one trade a second; a file of yours is read as easily."""
    chance = random.Random(seed)
    price, tape = 65_000.0, []
    for second in range(trades):
        price *= math.exp(chance.gauss(0, 0.0003))
        quantity = Decimal(f"{chance.uniform(0.01, 0.5):.5f}")
        tape.append(ReplayedTrade(Decimal(f"{price:.2f}"), quantity, second, chance.random() < 0.5))
    return tape


def main(trades: int = 1_000) -> None:
    """Run the bot over the tape and print what it made."""
    tape = made_up_tape(trades)
    clock = SimulatedClock(frozen=True, start_us=1_750_000_000_000_000)
    with SimulatedExchange(clock=clock) as exchange:
        account = exchange.create_account({"USDT": "100000", "BTC": "1"})
        with exchange.client(account.create_key(), order_rules="round") as client:
            bot = GridBot(client, "BTCUSDT", step="0.001", quantity="0.01")
            bot.start(middle=tape[0].price)
            exchange.market.replay("BTCUSDT", tape)
            begun = time.perf_counter()
            for _ in range(trades + 1):
                exchange.clock.advance(1)
                client.spot.test_connectivity()  # what came before its answer has been told
                while len(bot.events):
                    bot.follow(bot.events.get())
            took = time.perf_counter() - begun
        print(f"{trades} trades ({trades / 3600:.1f} h) in {took:.1f} s, {bot.fills} fills")
        print({asset: str(amounts.free) for asset, amounts in account.balances().items()})


if __name__ == "__main__":
    main()
