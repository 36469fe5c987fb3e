"""Stops on futures: a long position on USD-M whose stop follows the price up, and never down.

``python futures_stops.py 40`` follows forty trades of the market, then closes what is left.

The new stop is placed before the old one is cancelled: there is no moment without one. Both only reduce, so
that a second one to trigger has nothing to sell.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from decimal import Decimal

from binance_wsapi import Client, OrderNotFound, OrderRejected, WsKey
from binance_wsapi.models.futures_events import FuturesOrderUpdate
from binance_wsapi.models.futures_stream_events import FuturesAggregateTradeEvent
from binance_wsapi.simulator import practice


class StoppedPosition:
    """A long position and its stop.

    Args:
        client: Where it trades.
        symbol: What it trades.
        quantity: How much it buys.
        distance: From the highest price to the stop, as a fraction of it.
        step: How far the stop must move to be worth it, as a fraction of the price.
    """

    def __init__(
        self,
        client: Client,
        symbol: str,
        *,
        quantity: Decimal,
        distance: Decimal = Decimal("0.01"),
        step: Decimal = Decimal("0.0005"),
    ) -> None:
        self.usdm, self.symbol, self.quantity = client.usdm, symbol, quantity
        self.distance, self.step = distance, step
        self.events = client.subscribe_user_data_stream(WsKey.USDM_WSAPI)
        self.rules = client.usdm.rules(symbol)
        self.stop: tuple[int, Decimal] | None = None
        """The id of the stop that stands, and its trigger price."""

    def open(self) -> Decimal:
        """Buy at the market, with a stop beneath; return what was paid."""
        self.usdm.submit_new_order(self.symbol, side="BUY", type="MARKET", quantity=self.quantity)
        price = self.filled("BUY", timeout=30)
        assert price is not None
        print("bought at", price)
        self.move_stop(price)
        return price

    def follow(self, price: Decimal) -> bool:
        """Move the stop after the price; return false once the position is closed."""
        if (sold := self.filled("SELL")) is not None:
            print("stopped at", sold)
            return False
        assert self.stop is not None
        if price * (1 - self.distance) > self.stop[1] + price * self.step:
            try:
                self.move_stop(price)
            except (
                OrderRejected
            ) as error:  # the price is there again already: the one before stands
                print("the stop stays:", error.message)
        return True

    def move_stop(self, price: Decimal) -> None:
        """Place a stop below a price, then cancel the one before."""
        trigger = self.rules.round_price(price * (1 - self.distance), side="SELL")
        algo_id = self.usdm.submit_new_algo_order(
            self.symbol,
            algo_type="CONDITIONAL",
            side="SELL",
            type="STOP_MARKET",
            quantity=self.quantity,
            trigger_price=trigger,
            reduce_only=True,
        ).result.algo_id
        print("stop at", trigger)
        before, self.stop = self.stop, (algo_id, trigger)
        if before is not None:
            self.cancel(before[0])

    def close(self) -> None:
        """Sell what is left of the position, then take the stop away."""
        for position in self.usdm.get_position_v2(symbol=self.symbol).result:
            if position.position_amount > 0:
                self.usdm.submit_new_order(
                    self.symbol, side="SELL", type="MARKET",
                    quantity=min(position.position_amount, self.quantity), reduce_only=True,
                )  # fmt: skip
                print("sold at", self.filled("SELL", timeout=30))
        if self.stop is not None:
            self.cancel(self.stop[0])

    def cancel(self, algo_id: int) -> None:
        """Cancel a stop, unless it has been triggered."""
        try:
            self.usdm.cancel_algo_order(algo_id=algo_id)
        except OrderNotFound:
            print("stop", algo_id, "is gone")

    def filled(self, side: str, timeout: float | None = None) -> Decimal | None:
        """Return what an order of a side was filled at, by the events so far, or those within ``timeout``."""
        while timeout is not None or len(self.events):
            event = self.events.get(timeout)
            if isinstance(event, FuturesOrderUpdate) and event.order.symbol == self.symbol:
                order = event.order
                if order.status == "FILLED" and order.side == side:
                    return order.average_price
        return None


def prices(client: Client, symbol: str) -> Iterable[Decimal]:
    """Yield the price of each trade of the market."""
    streams = client.streams
    with streams.subscribe(streams.agg_trade(symbol), ws_key=WsKey.USDM) as events:
        for event in events:
            if isinstance(event, FuturesAggregateTradeEvent):
                yield event.price


def main(trades: int) -> None:
    """Hold a position for so many trades of the market, or until it is stopped."""
    with practice(), Client.from_env() as client:
        position = StoppedPosition(client, "BTCUSDT", quantity=Decimal("0.01"))
        try:
            position.open()
            for number, price in enumerate(prices(client, "BTCUSDT"), start=1):
                if not position.follow(price) or number >= trades:
                    break
        finally:
            position.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
