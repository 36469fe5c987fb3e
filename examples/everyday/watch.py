"""Watch the best prices of a symbol."""

import itertools
import sys

from binance_wsapi import Client

changes = int(sys.argv[1]) if len(sys.argv) > 1 else None
with Client() as client, client.streams.order_book("BTCUSDT") as book:
    book.wait_ready(timeout=10)
    for top in itertools.islice(book.changes(levels=1), changes):
        bid, ask = top.bids[0].price, top.asks[0].price
        print(bid, "|", ask, "spread", ask - bid, flush=True)
