"""REST calls of USD-M that tell what stands behind everybody: the insurance fund, and the queue when it is not enough."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.errors import bad_symbol
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.market import FuturesMarket
from binance_wsapi.simulator.futures.requests import Parameters
from binance_wsapi.simulator.futures.rest_calls import Params

__all__ = ["RiskCalls"]

ZERO = Decimal(0)


class RiskCalls:
    """The insurance fund and the risk of auto-deleveraging.

    Args:
        market: The engine.
    """

    def __init__(self, market: FuturesMarket) -> None:
        self._market = market
        self.table: dict[str, Callable[[Params], object]] = {
            "insuranceBalance": self._insurance,
            "symbolAdlRisk": self._deleveraging,
        }

    def _insurance(self, params: Params) -> object:
        """Tell of the one fund behind all contracts; where it paid more than it got, it is in debt."""
        now, gained = Micros(self._market.clock.now_us()), self._market.margin_watch.insurance
        fund = {
            "symbols": list(self._market.contracts),
            "assets": [
                {
                    "asset": asset,
                    "marginBalance": f"{gained.get(asset, ZERO):.8f}",
                    "updateTime": now,
                }
                for asset in self._market.margin_assets
            ],
        }
        return [fund] if self._named(params) is None else fund

    def _deleveraging(self, params: Params) -> object:
        contract = self._named(params)
        if contract is not None:
            return self._risk_row(contract)
        return [self._risk_row(one) for one in self._market.contracts.values()]

    def _risk_row(self, contract: Contract) -> dict[str, Any]:
        return {
            "symbol": contract.symbol,
            "adlRisk": self._market.margin_watch.deleveraging.likelihood(contract),
            "updateTime": Micros(self._market.clock.now_us()),
        }

    def _named(self, params: Params) -> Contract | None:
        """Return the contract that was asked for, ``None`` when all were."""
        given = Parameters(params)
        if "symbol" not in given:
            return None
        contract = self._market.contracts.get(given.text("symbol"))
        if contract is None:
            raise bad_symbol()
        return contract
