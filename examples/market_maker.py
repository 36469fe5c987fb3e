"""A market maker: one quote on each side of the market, and a limit to what it may hold.

``python market_maker.py 20`` ends after twenty moves of its quotes, and takes them back.

It counts an order's fills when that order has ended, and lets the order in its place grow no further than
the limit allows even if all of it fills. So what it holds stays within the limit whatever the market does. An order that
nothing is known of (``OutcomeUnknown``) ends the program: the error tells its id.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from binance_wsapi import Client, OrderNotFound, OrderRejected, RulesBroken
from binance_wsapi.account_state import AccountState, TrackedOrder
from binance_wsapi.simulator import practice

WAIT_S = 30.0
"""How long to wait for the end of an order that was taken back."""


@dataclass(frozen=True)
class Quote:
    """An order of ours that rests."""

    order: TrackedOrder
    order_id: int
    price: Decimal


class MarketMaker:
    """Quotes one symbol.

    Args:
        client: Where it trades.
        account: The account as it stands, of the same client.
        symbol: What it trades.
        quantity: Of each quote.
        most: How much it may hold more, or less, than when it began.
        spread: From the middle of the market to a quote, as a fraction of the price. Holding ``most``, both
            quotes stand a whole spread lower: it would rather sell.
    """

    def __init__(
        self,
        client: Client,
        account: AccountState,
        symbol: str,
        *,
        quantity: Decimal,
        most: Decimal,
        spread: Decimal = Decimal("0.0002"),
    ) -> None:
        self.spot, self.account, self.symbol = client.spot, account, symbol
        self.quantity, self.most, self.spread = quantity, most, spread
        self.rules = client.spot.rules(symbol)
        self.quotes: dict[str, Quote] = {}
        self.held = Decimal(0)
        """Bought less sold, by the orders that have ended."""
        self.moves = 0

    def follow(self, middle: Decimal) -> None:
        """Move the quotes to where they belong now."""
        centre = middle * (1 - round(self.spread * self.held / self.most, 8))
        wanted = {"BUY": centre * (1 - self.spread), "SELL": centre * (1 + self.spread)}
        # First away with what moves: a quote must not meet the one it leaves behind on the other side.
        for side, quote in list(self.quotes.items()):
            far = abs(quote.price - wanted[side]) > wanted[side] * self.spread / 4
            if far or quote.order.is_done:
                self.take_back(side)
        for side, price in wanted.items():
            if side not in self.quotes:
                self.rest(side, price)

    def rest(self, side: str, price: Decimal) -> None:
        """Have an order rest, as far as the limit allows."""
        room = self.most - self.held if side == "BUY" else self.most + self.held
        try:
            fits = self.rules.fit(
                side=side, type="LIMIT_MAKER", price=price, quantity=min(self.quantity, room)
            )
            order_id = self.spot.submit_new_order(
                self.symbol,
                side=side,
                type="LIMIT_MAKER",
                price=fits.price,
                quantity=fits.quantity,
            ).result.order_id
        except RulesBroken:
            return  # the limit is reached: what it leaves is too little for an order
        except OrderRejected:
            return  # the market has come over the price meanwhile
        order = self.account.order(self.symbol, order_id=order_id)
        self.quotes[side] = Quote(order, order_id, price)
        self.moves += 1
        print(side, fits.quantity, "at", fits.price, "holding", self.held, flush=True)

    def take_back(self, side: str) -> None:
        """Cancel a quote, and count what was filled of it."""
        quote = self.quotes[side]
        with suppress(OrderNotFound, OrderRejected):  # it is filled
            self.spot.cancel_order(self.symbol, order_id=quote.order_id)
        filled = quote.order.wait_done(WAIT_S).executed_quantity
        del self.quotes[side]
        self.held += filled if side == "BUY" else -filled

    def stop(self) -> None:
        """Take both quotes back."""
        for side in list(self.quotes):
            self.take_back(side)


def main(moves: int) -> None:
    """Quote until so many orders were placed."""
    with (
        practice(),
        Client.from_env() as client,
        client.spot.account_state() as account,
        client.streams.order_book("BTCUSDT") as book,
    ):
        account.wait_ready(WAIT_S)
        book.wait_ready(WAIT_S)
        maker = MarketMaker(
            client, account, "BTCUSDT", quantity=Decimal("0.01"), most=Decimal("0.03")
        )
        try:
            for top in book.changes(levels=1):
                if top.bids and top.asks:
                    maker.follow((top.bids[0].price + top.asks[0].price) / 2)
                if maker.moves >= moves:
                    break
        finally:
            maker.stop()
        print("holding", maker.held, "of at most", maker.most)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
