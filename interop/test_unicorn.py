"""``unicorn-binance-local-depth-cache``."""

from __future__ import annotations

import pytest
from conftest import StartUnpatched

from binance_wsapi.simulator.key_making import KeyTypeName

SCRIPT = "unicorn_depth_cache.py"
FEATURES = (
    "spot_book",
    "usdm_book",
)


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("key_type", ["hmac"])
def test_trades(run_unpatched: StartUnpatched, key_type: KeyTypeName, feature: str) -> None:
    run_unpatched(SCRIPT, key_type).check(feature)
