"""The official npm package ``@binance/spot``, found by node through ``NODE_PATH``."""

from __future__ import annotations

import pytest
from conftest import StartUnpatched

from binance_wsapi.simulator.key_making import KeyTypeName

SCRIPT = "npm_binance_spot.cjs"
FEATURES = (
    "rest_market",
    "rest_orders",
    "connect",
    "market_data",
    "subscribe",
    "limit_order",
    "query_order",
    "amend",
    "cancel_replace",
    "cancel",
    "market_order",
    "order_list",
    "refusals",
    "history",
    "market_streams",
    "leaves_nothing_behind",
)


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("key_type", ["hmac", "ed25519"])
def test_trades(run_unpatched: StartUnpatched, key_type: KeyTypeName, feature: str) -> None:
    run_unpatched(SCRIPT, key_type).check(feature)
