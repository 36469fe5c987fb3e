"""freqtrade, which keeps its environment to itself: ``tox -e interop-freqtrade``."""

from __future__ import annotations

import pytest
from conftest import StartUnpatched

from binance_wsapi.simulator.key_making import KeyTypeName

SCRIPT = "freqtrade_bot.py"
FEATURES = (
    "spot_in",
    "spot_out_after_a_restart",
    "usdm_in",
    "usdm_out_after_a_restart",
    "leaves_nothing_behind",
)

pytestmark = pytest.mark.timeout(1000)


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("key_type", ["hmac"])
def test_trades(run_unpatched: StartUnpatched, key_type: KeyTypeName, feature: str) -> None:
    run_unpatched(SCRIPT, key_type).check(feature)
