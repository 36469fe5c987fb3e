"""A symbol's trading rules: what a price, a quantity and an order of it must be like. Pure and exact."""

from __future__ import annotations

from binance_wsapi.rules.filters import Notional, PercentPrice, TrailingDelta
from binance_wsapi.rules.fitting import FittedOrder
from binance_wsapi.rules.grid import Grid, Rounding
from binance_wsapi.rules.symbol_rules import SymbolRules
from binance_wsapi.rules.violation import Adjustment, Violation

__all__ = [
    "Adjustment",
    "FittedOrder",
    "Grid",
    "Notional",
    "PercentPrice",
    "Rounding",
    "SymbolRules",
    "TrailingDelta",
    "Violation",
]
