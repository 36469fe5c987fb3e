"""The official npm package ``@binance/derivatives-trading-usds-futures``."""

from __future__ import annotations

import pytest
from conftest import StartUnpatched

from binance_wsapi.simulator.key_making import KeyTypeName

SCRIPT = "npm_binance_usdm.cjs"
FEATURES = (
    "rest_market",
    "settings",
    "connect",
    "subscribe",
    "limit_order",
    "query_order",
    "modify",
    "cancel",
    "position",
    "algo_order",
    "batch",
    "account",
    "refusals",
    "market_streams",
    "leaves_nothing_behind",
)


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("key_type", ["hmac", "ed25519"])
def test_trades(run_unpatched: StartUnpatched, key_type: KeyTypeName, feature: str) -> None:
    run_unpatched(SCRIPT, key_type).check(feature)
