"""``cryptofeed`` takes trades, tickers, candles and books, knowing the exchange's own hosts alone.

Of USD-M tickers and books alone: for the others it goes to addresses that the exchange leaves silent by now.
"""

from __future__ import annotations

import json
import signal
from typing import Any

from cryptofeed import FeedHandler
from cryptofeed.defines import CANDLES, L2_BOOK, TICKER, TRADES
from cryptofeed.exchanges import Binance, BinanceFutures

SECONDS = 40
WANTED = {
    "spot": (Binance, "BTC-USDT", (TRADES, TICKER, CANDLES, L2_BOOK)),
    "usdm": (BinanceFutures, "BTC-USDT-PERP", (TICKER, L2_BOOK)),
}
missing = {
    f"{market}_{channel}" for market, (_, _, channels) in WANTED.items() for channel in channels
}


def main() -> None:
    handler = FeedHandler(config={"log": {"disabled": True}})

    def taking(market: str, channel: str) -> Any:
        async def take(told: Any, _received: float, **_: Any) -> None:
            name = f"{market}_{channel}"
            if name in missing and (channel != L2_BOOK or told.book.bids):
                missing.discard(name)
                print(json.dumps({"feature": name, "failure": ""}), flush=True)
                if not missing:
                    signal.raise_signal(signal.SIGINT)  # as a user ends it

        return take

    for market, (exchange, symbol, channels) in WANTED.items():
        handler.add_feed(
            exchange(
                symbols=[symbol],
                channels=list(channels),
                callbacks={channel: taking(market, channel) for channel in channels},
                candle_closed_only=False,
            )
        )
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    signal.alarm(SECONDS)
    handler.run()


main()
