"""``ccxt.pro``: Spot and both futures over the WebSocket APIs, order lists over REST."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import RunOnAccount, Start

from binance_wsapi.simulator.key_making import KeyTypeName

SCRIPT = "ccxt_pro.py"
FUTURES = ("market", "subscribe", "account", "orders", "position")
FEATURES = (
    "time",
    "load_markets",
    "depth",
    "market_data",
    "market_streams",
    "subscribe",
    "account",
    "limit_order",
    "query_order",
    "cancel_replace",
    "cancel",
    "cancel_all",
    "market_order",
    "test_order",
    "stop_order",
    "rest_order",
    "oco",
    "oto",
    "otoco",
    "history",
    "refusals",
    *(f"usdm_{name}" for name in FUTURES),
    "usdm_stop_order",
    *(f"coinm_{name}" for name in FUTURES),
)


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("key_type", ["hmac", "rsa", "ed25519"])
def test_trades(run_client: Start, key_type: KeyTypeName, feature: str) -> None:
    run_client(SCRIPT, key_type).check(feature)


@pytest.mark.parametrize("feature", ["amend", "session_logon"])
def test_what_it_lacks(feature: str) -> None:
    pytest.skip(f"the client has no {feature}")


@pytest.mark.parametrize("key_type", ["hmac", "rsa", "ed25519"])
def test_leaves_nothing_behind(
    run_client: Start, key_type: KeyTypeName, assert_nothing_is_left: Callable[[RunOnAccount], None]
) -> None:
    assert_nothing_is_left(run_client(SCRIPT, key_type))
