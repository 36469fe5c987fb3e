from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.markets import Market, api_markets
from binance_wsapi.protocol.weight import weight_of

REFERENCE = Path(__file__).parents[1] / "reference"


@pytest.mark.parametrize(
    ("method", "params", "weight"),
    [
        ("order.place", {"symbol": "BTCUSDT"}, 1),
        ("order.amend.keepPriority", {}, 4),
        ("depth", {"symbol": "BTCUSDT"}, 5),
        ("depth", {"limit": 100}, 5),
        ("depth", {"limit": 101}, 25),
        ("depth", {"limit": "5000"}, 250),
        ("ticker.24hr", {"symbol": "BTCUSDT"}, 2),
        ("ticker.24hr", {"symbols": ["BTCUSDT"] * 20}, 2),
        ("ticker.24hr", {"symbols": ["BTCUSDT"] * 21}, 40),
        ("ticker.24hr", {"symbols": ["BTCUSDT"] * 101}, 80),
        ("ticker.24hr", {}, 80),
        ("ticker", {"symbols": ["BTCUSDT"] * 3}, 12),
        ("ticker", {"symbols": ["BTCUSDT"] * 100}, 200),
        ("ticker", {}, 4),
        ("openOrders.status", {"symbol": "BTCUSDT"}, 6),
        ("openOrders.status", {}, 80),
        ("myTrades", {"orderId": 5}, 5),
        ("order.test", {"computeCommissionRates": True}, 20),
        ("order.test", {"computeCommissionRates": "true"}, 20),
        ("order.test", {"computeCommissionRates": False}, 1),
        ("order.test", {"computeCommissionRates": "false"}, 1),
        ("order.test", {}, 1),
    ],
)
def test_weights_depend_on_parameters(method: str, params: dict[str, Any], weight: int) -> None:
    operation = operation_by_method(Market.SPOT, method)
    assert operation is not None

    assert weight_of(operation, params) == weight


@pytest.mark.parametrize("market", api_markets())
def test_fixed_weights_are_the_documented_ones(market: Market) -> None:
    described = json.loads((REFERENCE / market.value / "operations.json").read_text())
    fixed = {op["method"]: op["weight"] for op in described if isinstance(op["weight"], int)}
    assert fixed

    for method, weight in fixed.items():
        operation = operation_by_method(market, method)
        assert operation is not None
        assert weight_of(operation, {}) == weight, method
