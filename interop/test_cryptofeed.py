"""``cryptofeed``."""

from __future__ import annotations

import pytest
from conftest import StartUnpatched

from binance_wsapi.simulator.key_making import KeyTypeName

SCRIPT = "cryptofeed_feed.py"
FEATURES = (
    "spot_trades",
    "spot_ticker",
    "spot_candles",
    "spot_l2_book",
    "usdm_ticker",
    "usdm_l2_book",
)


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("key_type", ["hmac"])
def test_trades(run_unpatched: StartUnpatched, key_type: KeyTypeName, feature: str) -> None:
    run_unpatched(SCRIPT, key_type).check(feature)
