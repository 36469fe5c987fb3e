"""The npm package ``node-binance-api``."""

from __future__ import annotations

import pytest
from conftest import StartUnpatched

from binance_wsapi.simulator.key_making import KeyTypeName

SCRIPT = "npm_node_binance_api.cjs"
FEATURES = (
    "market_data",
    "subscribe",
    "orders",
    "depth_cache",
    "market_streams",
    "usdm_market_streams",
    "usdm_subscribe",
    "usdm_orders",
    "refusals",
    "leaves_nothing_behind",
)


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("key_type", ["hmac"])
def test_trades(run_unpatched: StartUnpatched, key_type: KeyTypeName, feature: str) -> None:
    run_unpatched(SCRIPT, key_type).check(feature)
