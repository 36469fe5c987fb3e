"""``GET /sapi/v1/asset/tradeFee``: what an account pays for its trades, symbol by symbol."""

from __future__ import annotations

from collections.abc import Mapping

from binance_wsapi.simulator.errors import bad_symbol
from binance_wsapi.simulator.spot.market import SpotMarket

__all__ = ["trade_fees"]


def trade_fees(market: SpotMarket, uid: int, params: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the standard commission of one symbol, or of all."""
    wanted = params.get("symbol")
    if wanted and wanted not in market.symbols:
        raise bad_symbol()
    rates = market.accounts[uid].commissions.standard
    return [
        {
            "symbol": symbol,
            "makerCommission": f"{rates.maker:f}",
            "takerCommission": f"{rates.taker:f}",
        }
        for symbol in ([wanted] if wanted else market.symbols)
    ]
