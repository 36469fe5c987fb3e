"""The official ``binance-sdk-spot``."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import RunOnAccount, Start

from binance_wsapi.simulator.key_making import KeyTypeName

SCRIPT = "sdk_spot.py"
FEATURES = (
    "ping",
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
    "cancel_replace_refused",
    "cancel",
    "cancel_all",
    "market_order",
    "test_order",
    "stop_order",
    "trailing_stop",
    "iceberg",
    "pegged",
    "sor",
    "oco",
    "oto",
    "otoco",
    "opo",
    "opoco",
    "deprecated_oco",
    "history",
    "refusals",
    "unsubscribe",
    "microseconds",
    "market_streams",
)


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("key_type", ["hmac", "rsa", "ed25519"])
def test_trades(run_client: Start, key_type: KeyTypeName, feature: str) -> None:
    run_client(SCRIPT, key_type).check(feature)


@pytest.mark.parametrize("feature", ["logon", "logout"])
def test_session(run_client: Start, feature: str) -> None:
    run_client(SCRIPT, "ed25519").check(feature)


@pytest.mark.parametrize("key_type", ["hmac", "rsa", "ed25519"])
def test_leaves_nothing_behind(
    run_client: Start, key_type: KeyTypeName, assert_nothing_is_left: Callable[[RunOnAccount], None]
) -> None:
    assert_nothing_is_left(run_client(SCRIPT, key_type))
