"""One client for many threads: each worker asks about a symbol of its own.

Market data needs no key.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from binance_wsapi import Client

SYMBOLS = ("BTCUSDT", "ETHUSDT", "BNBUSDT")


def main(client: Client) -> dict[str, Decimal]:
    """Return the spread of each symbol."""

    def spread(symbol: str) -> Decimal:
        ticker = client.spot.get_symbol_order_book_ticker(symbol=symbol).result
        return ticker.ask_price - ticker.bid_price

    with ThreadPoolExecutor(max_workers=8) as pool:
        spreads = dict(zip(SYMBOLS, pool.map(spread, SYMBOLS), strict=True))
    for symbol, each in spreads.items():
        print(symbol, "spread", each)
    return spreads


if __name__ == "__main__":
    with Client() as public_client:
        main(public_client)
