"""Funding on time: every eight hours of UTC, for each perpetual contract."""

from __future__ import annotations

from binance_wsapi.simulator.clock import ScheduledCall
from binance_wsapi.simulator.futures.market import FuturesMarket
from binance_wsapi.simulator.market_data.intervals import HOUR

__all__ = ["FUNDING_EVERY", "FundingSchedule"]

FUNDING_EVERY = 8 * HOUR


class FundingSchedule:
    """Settles the funding of one market at 00:00, 08:00 and 16:00 of the exchange's time.

    Args:
        market: Whose perpetual contracts.
    """

    def __init__(self, market: FuturesMarket) -> None:
        self._market = market
        self._next: ScheduledCall | None = None

    def start(self) -> None:
        """Begin; harmless when it runs."""
        if self._next is None:
            self._plan()

    def _plan(self) -> None:
        now_us = self._market.clock.now_us()
        due_us = now_us - now_us % FUNDING_EVERY + FUNDING_EVERY
        self._next = self._market.clock.call_at(due_us, self._settle)

    def _settle(self) -> None:
        self._plan()
        for contract in self._market.contracts.values():
            if contract.contract_type == "PERPETUAL":
                self._market.pay_funding(contract.symbol)
