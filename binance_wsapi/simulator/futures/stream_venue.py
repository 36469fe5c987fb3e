"""A futures market as its streams see it."""

from __future__ import annotations

from dataclasses import dataclass

from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.market import FuturesMarket
from binance_wsapi.simulator.futures.stream_rows import StreamRows
from binance_wsapi.simulator.market_data.market_data import MarketData

__all__ = ["StreamVenue"]


@dataclass(frozen=True, slots=True)
class StreamVenue:
    """A futures market as its streams see it. The tables of all routes share one."""

    market: FuturesMarket
    data: MarketData
    rows: StreamRows

    @classmethod
    def of(cls, market: FuturesMarket) -> StreamVenue:
        """Return the venue of a market; it remembers trades from now on."""
        data = MarketData(market.clock, market)
        return cls(market, data, StreamRows(market, data))

    @property
    def contracts(self) -> tuple[Contract, ...]:
        """What is traded there."""
        return tuple(self.market.contracts.values())
