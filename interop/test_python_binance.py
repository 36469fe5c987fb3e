"""``python-binance``: asks before or between orders over REST, trades over the WebSocket APIs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import RunOnAccount, Start

from binance_wsapi.simulator.key_making import KeyTypeName

SCRIPT = "python_binance.py"
FEATURES = (
    "rest",
    "rest_order",
    "time",
    "exchange_info",
    "depth",
    "market_data",
    "subscribe",
    "account",
    "limit_order",
    "query_order",
    "cancel_replace",
    "cancel",
    "cancel_all",
    "market_order",
    "test_order",
    "oco",
    "oto",
    "otoco",
    "history",
    "refusals",
    "unsubscribe",
    "market_streams",
    "margin",
    "futures_market",
    "futures_account",
    "futures_subscribe",
    "futures_orders",
    "futures_market_order",
    "futures_algo_order",
    "futures_unsubscribe",
)
SIGNED_FUTURES = {
    "futures_account",
    "futures_orders",
    "futures_market_order",
    "futures_algo_order",
}


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("key_type", ["hmac", "rsa", "ed25519"])
def test_trades(run_client: Start, key_type: KeyTypeName, feature: str) -> None:
    run = run_client(SCRIPT, key_type)
    is_misspelt = key_type != "hmac" and feature in SIGNED_FUTURES
    if is_misspelt and "(code=-1022)" in run.outcomes.get(feature, ""):
        pytest.skip(
            "the client percent-encodes base64 signatures on the futures WebSocket API, "
            "where nothing decodes them"
        )
    run.check(feature)


@pytest.mark.parametrize("feature", ["amend", "session_logon"])
def test_what_it_lacks(feature: str) -> None:
    pytest.skip(f"the client has no {feature}")


@pytest.mark.parametrize("key_type", ["hmac", "rsa", "ed25519"])
def test_leaves_nothing_behind(
    run_client: Start, key_type: KeyTypeName, assert_nothing_is_left: Callable[[RunOnAccount], None]
) -> None:
    assert_nothing_is_left(run_client(SCRIPT, key_type))
