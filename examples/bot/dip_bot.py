"""A small bot: it rests a buy order below the market, and offers what it bought a little higher.

Its tests stand beside it, in ``test_dip_bot.py``; they need no account and no network.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import Any

from binance_wsapi import Client, EventStream
from binance_wsapi.models.user_events import OrderUpdate

TICK = Decimal("0.01")


class DipBot:
    """Buys the dip of one symbol, once.

    Args:
        client: Where it trades.
        symbol: What it trades.
        quantity: How much it buys.
        dip: How far below the best bid it waits, as a fraction of it.
        profit: How far above its own price it sells again, as a fraction of it.
    """

    def __init__(
        self,
        client: Client,
        symbol: str,
        quantity: Decimal,
        *,
        dip: Decimal = Decimal("0.02"),
        profit: Decimal = Decimal("0.01"),
    ) -> None:
        self.client = client
        self.symbol = symbol
        self.quantity = quantity
        self.dip = dip
        self.profit = profit
        self.events: EventStream[Any] = client.subscribe_user_data_stream()

    def rest_buy(self) -> int:
        """Rest the buy order and return its id."""
        ticker = self.client.spot.get_symbol_order_book_ticker(symbol=self.symbol).result
        price = (ticker.bid_price * (1 - self.dip)).quantize(TICK, ROUND_DOWN)
        return self._submit("BUY", price)

    def wait_and_sell(self, timeout: float) -> int:
        """Wait until the buy order is filled, offer what it bought, and return that order's id.

        Raises:
            TimeoutError: The dip did not come.
        """
        while True:
            event = self.events.get(timeout)
            if isinstance(event, OrderUpdate) and event.side == "BUY" and event.status == "FILLED":
                return self._submit("SELL", (event.price * (1 + self.profit)).quantize(TICK))

    def _submit(self, side: str, price: Decimal) -> int:
        response = self.client.spot.submit_new_order(
            symbol=self.symbol,
            side=side,
            type="LIMIT",
            time_in_force="GTC",
            price=price,
            quantity=self.quantity,
        )
        return response.result.order_id
