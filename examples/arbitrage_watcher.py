"""An arbitrage watcher: what a trip around three symbols leaves, at each change of their best prices.

``python arbitrage_watcher.py 20`` ends after twenty changes. It trades nothing.
"""

from __future__ import annotations

import itertools
import sys
from decimal import Decimal

from binance_wsapi import Client, StreamGap
from binance_wsapi.models.spot_stream_events import BookTickerEvent
from binance_wsapi.simulator import practice

SYMBOLS = ("BTCUSDT", "ETHBTC", "ETHUSDT")
FEE = Decimal("0.001")
"""Of each of the three trades."""

Best = dict[str, BookTickerEvent]


def there(best: Best) -> Decimal:
    """Return what 1 USDT becomes that buys BTC, then ETH for it, then sells that."""
    bitcoin = 1 / best["BTCUSDT"].ask_price
    ether = bitcoin / best["ETHBTC"].ask_price
    return ether * best["ETHUSDT"].bid_price * (1 - FEE) ** 3


def back(best: Best) -> Decimal:
    """Return what 1 USDT becomes that buys ETH, then BTC for it, then sells that."""
    ether = 1 / best["ETHUSDT"].ask_price
    bitcoin = ether * best["ETHBTC"].bid_price
    return bitcoin * best["BTCUSDT"].bid_price * (1 - FEE) ** 3


def main(changes: int) -> None:
    """Tell of so many changes."""
    best: Best = {}
    with practice(), Client() as client:
        streams = client.streams
        with streams.subscribe(*map(streams.book_ticker, SYMBOLS)) as events:
            told = itertools.count(1)
            for event in events:
                if isinstance(event, StreamGap):
                    best.clear()  # prices from before it are worth nothing
                if isinstance(event, BookTickerEvent):
                    best[event.symbol] = event
                if len(best) < len(SYMBOLS):
                    continue
                way, left = max(
                    ("BTC, ETH", there(best)), ("ETH, BTC", back(best)), key=lambda x: x[1]
                )
                print(f"USDT, {way}, USDT: {(left - 1) * 10_000:+.1f} basis points", flush=True)
                if next(told) >= changes:
                    break


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
