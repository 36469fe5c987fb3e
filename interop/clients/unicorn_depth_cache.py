"""``unicorn-binance-local-depth-cache`` keeps books of Spot and USD-M, knowing the exchange's own hosts alone."""

from __future__ import annotations

import asyncio
import time

from report import feature, holds
from unicorn_binance_local_depth_cache import BinanceLocalDepthCacheManager

MARKET = "BTCUSDT"
SECONDS = 14


async def _book(exchange: str) -> None:
    with BinanceLocalDepthCacheManager(exchange=exchange) as cache:
        cache.create_depthcache(markets=MARKET)
        until = time.monotonic() + SECONDS
        while not cache.is_depth_cache_synchronized(market=MARKET):
            holds(time.monotonic() < until, "not in step in time")
            await asyncio.sleep(0.05)
        asks = cache.get_asks(market=MARKET, limit_count=5)
        bids = cache.get_bids(market=MARKET, limit_count=5)
        holds(len(asks) == len(bids) == 5, (asks, bids))
        holds(bids[0][0] < asks[0][0], (asks, bids))
        before = cache.get_bids(market=MARKET), cache.get_asks(market=MARKET)
        while before == (cache.get_bids(market=MARKET), cache.get_asks(market=MARKET)):
            holds(time.monotonic() < until, "the book stands still")
            await asyncio.sleep(0.05)
        holds(cache.is_depth_cache_synchronized(market=MARKET), "fell out of step")


async def main() -> None:
    await feature("spot_book", lambda: _book("binance.com"))
    await feature("usdm_book", lambda: _book("binance.com-futures"))


asyncio.run(main())
