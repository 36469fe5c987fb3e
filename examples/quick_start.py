"""The sync client: look at the book, rest an order, take it back."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from binance_wsapi import Client
from binance_wsapi.simulator import practice


def main(client: Client) -> None:
    """Run the tour with a client of any environment."""
    book = client.spot.get_order_book(symbol="BTCUSDT", limit=5).result
    print("best bid", book.bids[0].price, "best ask", book.asks[0].price)

    price = (book.bids[0].price * Decimal("0.95")).quantize(Decimal(1), ROUND_DOWN)
    response = client.spot.submit_new_order(
        symbol="BTCUSDT",
        side="BUY",
        type="LIMIT",
        time_in_force="GTC",
        price=price,
        quantity="0.001",
    )
    order = response.result
    print("order", order.order_id, order.status, f"after {response.round_trip * 1000:.1f} ms")

    client.spot.cancel_order(symbol="BTCUSDT", order_id=order.order_id)
    now = client.spot.get_order_status(symbol="BTCUSDT", order_id=order.order_id).result
    print("order", now.order_id, now.status)


if __name__ == "__main__":
    with practice(), Client.from_env() as trader:
        main(trader)
