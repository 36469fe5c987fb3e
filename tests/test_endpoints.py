"""Connections and their addresses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from binance_wsapi.catalogue.routes import StreamRoute
from binance_wsapi.endpoints import (
    EndpointKind,
    Environment,
    WsKey,
    default_ws_key,
    endpoint,
    listen_key_url,
    rest_url,
    routed_key,
    url_of,
    user_data_key,
    wsapi_keys,
)
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.markets import Market

REFERENCE = Path(__file__).parent / "reference"
ALL = [(key, environment, url) for key in WsKey for environment, url in endpoint(key).urls.items()]
NOT_IN_THE_REFERENCE = {
    ("demo-ws-api.binance.com", 9443): "second port of demo trading, known from other clients only",
}


def _documented_hosts() -> set[tuple[str, int]]:
    found: set[tuple[str, int]] = set()

    def collect(node: Any) -> None:
        if isinstance(node, dict):
            for each in node.values():
                collect(each)
        elif isinstance(node, list):
            for each in node:
                collect(each)
        elif isinstance(node, str) and node.startswith(("wss://", "https://")):
            parts = urlsplit(node.split(" ")[0])
            assert parts.hostname
            found.add((parts.hostname, parts.port or 443))

    for market in ("spot", "usdm", "coinm", "margin", "portfolio_margin", "eoptions", "alpha"):
        collect(json.loads((REFERENCE / market / "rules.json").read_text())["base_urls"])
    return found


def test_every_host_is_documented_or_listed_with_a_reason() -> None:
    used = {(str(urlsplit(url).hostname), urlsplit(url).port or 443) for _, _, url in ALL}

    assert used - _documented_hosts() == set(NOT_IN_THE_REFERENCE)


@pytest.mark.parametrize(("key", "environment", "url"), ALL)
def test_urls_are_complete(key: WsKey, environment: Environment, url: str) -> None:
    ends = {
        EndpointKind.WS_API: ("/ws-api/v3", "/ws-fapi/v1", "/ws-dapi/v1"),
        EndpointKind.STREAMS: ("/stream",),
        EndpointKind.LISTEN_KEY: ("/ws",),
    }[endpoint(key).kind]

    assert url_of(key, environment) == url
    assert url.startswith("wss://")
    assert url.endswith(ends)


@pytest.mark.parametrize("key", [key for key in WsKey if "TESTNET" in key.name])
@pytest.mark.parametrize("environment", Environment)
def test_testnet_keys_mean_the_testnet_everywhere(key: WsKey, environment: Environment) -> None:
    host = urlsplit(url_of(key, environment)).hostname

    assert host
    assert host.endswith(("testnet.binance.vision", "binancefuture.com"))


@pytest.mark.parametrize(
    ("key", "environment", "url"),
    [
        (WsKey.MAIN_WSAPI, Environment.PRODUCTION, "wss://ws-api.binance.com:443/ws-api/v3"),
        (WsKey.COINM_WSAPI, Environment.TESTNET, "wss://testnet.binancefuture.com/ws-dapi/v1"),
        (
            WsKey.COINM_WSAPI_TESTNET,
            Environment.PRODUCTION,
            "wss://testnet.binancefuture.com/ws-dapi/v1",
        ),
        (WsKey.USDM_WSAPI, Environment.MARKET_MAKER, "wss://ws-fapi-mm.binance.com/ws-fapi/v1"),
        (WsKey.USDM_PUBLIC, Environment.PRODUCTION, "wss://fstream.binance.com/public/stream"),
        (WsKey.USDM_PRIVATE, Environment.PRODUCTION, "wss://fstream.binance.com/private/ws"),
    ],
)
def test_known_addresses(key: WsKey, environment: Environment, url: str) -> None:
    assert url_of(key, environment) == url


def test_a_missing_environment_names_key_and_environment() -> None:
    with pytest.raises(ConfigurationError, match=r"marginUserData .* testnet environment"):
        url_of(WsKey.MARGIN_USER_DATA, Environment.TESTNET)


@pytest.mark.parametrize(
    ("key", "url", "expected"),
    [
        (
            WsKey.USDM_PRIVATE,
            "wss://fstream.binance.com/private/ws",
            "wss://fstream.binance.com/private/ws?listenKey=abc",
        ),
        (
            WsKey.USDM_TESTNET_PRIVATE,
            "wss://fstream.binancefuture.com/private/ws/",
            "wss://fstream.binancefuture.com/private/ws?listenKey=abc",
        ),
        (
            WsKey.USDM_PRIVATE,
            "wss://proxy.example/private/ws?route=a",
            "wss://proxy.example/private/ws?route=a&listenKey=abc",
        ),
        (
            WsKey.MARGIN_RISK_USER_DATA,
            "wss://margin-stream.binance.com/ws?timeUnit=MICROSECOND",
            "wss://margin-stream.binance.com/ws/abc?timeUnit=MICROSECOND",
        ),
        (WsKey.COINM, "wss://dstream.binance.com/stream", "wss://dstream.binance.com/ws/abc"),
        (WsKey.COINM, "ws://127.0.0.1:1/coinm/stream/", "ws://127.0.0.1:1/coinm/ws/abc"),
        (
            WsKey.COINM2,
            "wss://dstream-auth.binance.com/ws",
            "wss://dstream-auth.binance.com/ws/abc?listenKey=abc",
        ),
    ],
)
def test_listen_keys_go_where_the_host_reads_them(key: WsKey, url: str, expected: str) -> None:
    assert listen_key_url(key, url, "abc") == expected


def test_rest_of_spot_serves_the_margin_token() -> None:
    assert rest_url(Market.SPOT, Environment.PRODUCTION) == "https://api.binance.com"


def test_rest_raises_where_there_is_none() -> None:
    with pytest.raises(ConfigurationError, match=r"spot .* market_maker"):
        rest_url(Market.SPOT, Environment.MARKET_MAKER)


@pytest.mark.parametrize(
    ("market", "keys"),
    [
        (
            Market.SPOT,
            (
                WsKey.MAIN_WSAPI,
                WsKey.MAIN_WSAPI2,
                WsKey.MAIN_WSAPI_TESTNET,
                WsKey.MARGIN_USER_DATA,
            ),
        ),
        (Market.USDM, (WsKey.USDM_WSAPI, WsKey.USDM_WSAPI_TESTNET)),
        (Market.COINM, (WsKey.COINM_WSAPI, WsKey.COINM_WSAPI_TESTNET)),
    ],
)
def test_each_market_has_its_wsapi_keys(market: Market, keys: tuple[WsKey, ...]) -> None:
    assert wsapi_keys(market) == keys
    assert default_ws_key(market) is keys[0]


@pytest.mark.parametrize(
    ("key", "carrier"),
    [
        (WsKey.MAIN_WSAPI2, WsKey.MAIN_WSAPI2),
        (WsKey.MARGIN_USER_DATA, WsKey.MARGIN_USER_DATA),
        (WsKey.USDM_WSAPI, WsKey.USDM_PRIVATE),
        (WsKey.USDM_WSAPI_TESTNET, WsKey.USDM_TESTNET_PRIVATE),
        (WsKey.COINM_WSAPI, WsKey.COINM),
        (WsKey.COINM_WSAPI_TESTNET, WsKey.COINM_TESTNET),
    ],
)
def test_user_data_has_a_carrier(key: WsKey, carrier: WsKey) -> None:
    assert user_data_key(key) is carrier
    assert endpoint(carrier).market is endpoint(key).market


def test_streams_carry_no_user_data_of_their_own() -> None:
    with pytest.raises(ConfigurationError, match="usdmPublic"):
        user_data_key(WsKey.USDM_PUBLIC)


@pytest.mark.parametrize(
    ("key", "route", "expected"),
    [
        (WsKey.USDM, StreamRoute.PUBLIC, WsKey.USDM_PUBLIC),
        (WsKey.USDM_TESTNET, StreamRoute.MARKET, WsKey.USDM_TESTNET_MARKET),
        (WsKey.USDM_MARKET, StreamRoute.PUBLIC, WsKey.USDM_MARKET),
        (WsKey.MAIN, None, WsKey.MAIN),
    ],
)
def test_only_the_alias_is_routed(key: WsKey, route: StreamRoute | None, expected: WsKey) -> None:
    assert routed_key(key, route) is expected
