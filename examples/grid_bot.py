"""A grid bot: orders rest below and above the price, and each fill rests its opposite one step away.

``python grid_bot.py 5`` ends after five fills, and takes back what rests. ``backtest.py`` runs the same bot.
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from decimal import Decimal

from binance_wsapi import Client, OrderNotFound
from binance_wsapi.models.user_events import OrderUpdate
from binance_wsapi.simulator import practice

log = logging.getLogger("grid_bot")


class GridBot:
    """One symbol's grid. Give it a client with ``order_rules="round"``: it trades whatever the tick and step.

    Args:
        client: Where it trades.
        symbol: What it trades.
        quantity: Of each order.
        levels: How many orders rest on each side at the start.
        step: From one to the next, as a fraction of the price.
    """

    def __init__(
        self,
        client: Client,
        symbol: str,
        *,
        quantity: str,
        levels: int = 5,
        step: Decimal = Decimal("0.0005"),
    ) -> None:
        self.spot, self.symbol = client.spot, symbol
        self.levels, self.step, self.quantity = levels, step, quantity
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
        """Rest an order; its price is rounded to the symbol's tick, never against us."""
        order = self.spot.submit_new_order(
            self.symbol,
            side=side,
            type="LIMIT",
            time_in_force="GTC",
            price=price,
            quantity=self.quantity,
        ).result
        log.info("rest %s at %s", order.side, order.price)

    def follow(self, event: object) -> None:
        """Answer a fill with an order on the other side."""
        if isinstance(event, OrderUpdate) and event.status == "FILLED":
            self.fills += 1
            log.info("filled %s at %s", event.side, event.price)
            is_bought = event.side == "BUY"
            self.rest(
                "SELL" if is_bought else "BUY",
                event.price * (1 + self.step if is_bought else 1 - self.step),
            )

    def stop(self) -> None:
        """Take back what rests."""
        with suppress(OrderNotFound):
            self.spot.cancel_all_open_orders(self.symbol)


def main(fills: int) -> None:
    """Run the bot until so many orders are filled."""
    logging.basicConfig(format="%(message)s", stream=sys.stdout)
    log.setLevel(logging.INFO)
    with practice(), Client.from_env(order_rules="round") as client:
        bot = GridBot(client, "BTCUSDT", quantity="0.01")
        try:
            bot.start()
            for event in bot.events:
                bot.follow(event)
                if bot.fills >= fills:
                    break
        finally:
            bot.stop()
        print("free", client.spot.get_account_information().result.balances["USDT"].free, "USDT")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
