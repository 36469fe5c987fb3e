"""The npm package ``binance``, found by node through ``NODE_PATH``."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import RunOnAccount, Start

from binance_wsapi.simulator.key_making import KeyTypeName

SCRIPT = "npm_binance.cjs"
FUTURES = ("market", "subscribe", "account", "orders", "position")
FEATURES = (
    "rest",
    "time",
    "exchange_info",
    "depth",
    "market_data",
    "subscribe",
    "account",
    "limit_order",
    "query_order",
    "amend",
    "cancel_replace",
    "cancel",
    "cancel_all",
    "market_order",
    "test_order",
    "oco",
    "oto",
    "otoco",
    "opo",
    "opoco",
    "history",
    "refusals",
    "reconnect",
    "unsubscribe",
    "margin",
    "market_streams",
    *(f"usdm_{name}" for name in FUTURES),
    "usdm_algo_order",
    *(f"coinm_{name}" for name in FUTURES),
)


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("key_type", ["hmac", "rsa", "ed25519"])
def test_trades(run_client: Start, key_type: KeyTypeName, feature: str) -> None:
    run_client(SCRIPT, key_type).check(feature)


@pytest.mark.parametrize("key_type", ["hmac", "rsa", "ed25519"])
def test_leaves_nothing_behind(
    run_client: Start, key_type: KeyTypeName, assert_nothing_is_left: Callable[[RunOnAccount], None]
) -> None:
    assert_nothing_is_left(run_client(SCRIPT, key_type))
