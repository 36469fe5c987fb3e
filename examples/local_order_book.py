"""A local order book: kept from its changes and a snapshot, to be read from any thread."""

from __future__ import annotations

from binance_wsapi import Client
from binance_wsapi.simulator import practice


def main(client: Client, *, changes: int = 5) -> None:
    """Print the top of the book as it changes, so many times."""
    with client.streams.order_book("BTCUSDT") as book:
        book.wait_ready(timeout=10)
        print("spread", book.best_bid, book.best_ask)
        for _, top in zip(range(changes), book.changes(levels=3), strict=False):
            print("bids", [str(bid.price) for bid in top.bids], top.last_update_id)


if __name__ == "__main__":
    with practice(), Client() as trader:
        main(trader)
