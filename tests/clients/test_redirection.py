"""Where the environment leads clients, and what they say of where they are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from callers import Flavour

from binance_wsapi import AsyncClient, Client, ConfigurationError, WsKey
from binance_wsapi.endpoints import Environment, url_of
from binance_wsapi.redirection import redirected
from binance_wsapi.simulator import SimulatedExchange

CLIENTS = {"sync": Client, "async": AsyncClient}
EXAMPLES = Path(__file__).parents[2] / "examples"
ELSEWHERE = "wss://elsewhere.example/ws"


@pytest.fixture
def make(flavour: Flavour) -> Any:
    return CLIENTS[flavour]


@pytest.mark.parametrize(
    ("value", "environment"), [("testnet", Environment.TESTNET), ("demo", Environment.DEMO)]
)
@pytest.mark.parametrize("own", [{}, {"testnet": True}, {"demo_trading": True}], ids=str)
def test_the_environment_chooses_the_exchange(
    make: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    value: str,
    environment: Environment,
    own: dict[str, bool],
) -> None:
    monkeypatch.setenv("BINANCE_WSAPI_ENV", value)

    client = make(**own)

    assert client.urls[WsKey.MAIN_WSAPI] == url_of(WsKey.MAIN_WSAPI, environment)
    assert environment.value in repr(client)
    is_told = not own.get("testnet" if value == "testnet" else "demo_trading")
    assert ("BINANCE_WSAPI_ENV" in caplog.text) is is_told


def test_it_never_leads_to_production(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_WSAPI_ENV", "production")

    with pytest.raises(ConfigurationError, match=r"'production'.*use one of testnet, demo, sim"):
        make(testnet=True)


def test_a_program_runs_on_the_embedded_exchange_as_it_is(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINANCE_WSAPI_ENV", "simulator")

    with SimulatedExchange(seed=3) as exchange:
        base = exchange.rest_url.replace("http", "ws")
        monkeypatch.setenv("BINANCE_WSAPI_SIMULATOR", f"{base}/")
        client = make(testnet=True)

        assert client.urls == exchange.urls
        assert repr(client) == f"<{make.__name__} 127.0.0.1:{exchange.port}>"
        assert client._runtime.options.urls == exchange.client_options()["urls"]


@pytest.mark.parametrize("example", ["quick_start.py", "async_quick_start.py"])
def test_an_example_runs_there_as_it_is(example: str) -> None:
    with SimulatedExchange(seed=3, market_maker=True) as exchange:
        key = exchange.create_account().create_key("hmac")
        found = subprocess.run(
            [sys.executable, str(EXAMPLES / example)],
            env=os.environ
            | {
                "BINANCE_WSAPI_ENV": "simulator",
                "BINANCE_WSAPI_SIMULATOR": exchange.rest_url.replace("http", "ws"),
                "BINANCE_API_KEY": key.api_key,
                "BINANCE_API_SECRET": key.api_secret,
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert found.returncode == 0, found.stderr
    assert "best bid" in found.stdout


def test_the_default_is_where_the_program_listens_by_default() -> None:
    from binance_wsapi.simulator.serve_arguments import DEFAULT_PORT

    urls = redirected({}, {"BINANCE_WSAPI_ENV": "simulator"})["urls"]

    assert urls["mainWSAPI"] == f"ws://127.0.0.1:{DEFAULT_PORT}/ws-api/v3"
    assert urls["rest"] == f"http://127.0.0.1:{DEFAULT_PORT}"
    assert set(urls) == {*map(str, WsKey), "rest"}


def test_addresses_of_single_connections(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_WSAPI_URL_MAIN_WSAPI", ELSEWHERE)
    monkeypatch.setenv("BINANCE_WSAPI_URL_REST", "https://elsewhere.example")

    client = make()

    assert client.urls[WsKey.MAIN_WSAPI] == ELSEWHERE
    assert client._runtime.options.urls == {
        "mainWSAPI": ELSEWHERE,
        "rest": "https://elsewhere.example",
    }


def test_what_the_program_says_in_urls_stays(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_WSAPI_ENV", "simulator")
    monkeypatch.setenv("BINANCE_WSAPI_URL_USDM_WSAPI", "wss://a.example/x")

    client = make(urls={WsKey.MAIN_WSAPI: ELSEWHERE})

    assert client.urls[WsKey.MAIN_WSAPI] == ELSEWHERE
    assert client.urls[WsKey.USDM_WSAPI] == "wss://a.example/x"
    assert client.urls[WsKey.COINM_WSAPI].startswith("ws://127.0.0.1:9443/")


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("BINANCE_WSAPI_URL_MAINWSAPI", ELSEWHERE, "MAINWSAPI.*names no connection.*MAIN_WSAPI"),
        ("BINANCE_WSAPI_URL_MAIN", "https://a.example", "URL_MAIN='https.*wss://"),
        ("BINANCE_WSAPI_URL_REST", "wss://a.example", "URL_REST='wss.*https://"),
        ("BINANCE_WSAPI_SIMULATOR", "127.0.0.1:9443", "SIMULATOR='127.*wss://"),
    ],
)
def test_a_value_that_cannot_work_is_refused(
    make: Any, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    monkeypatch.setenv("BINANCE_WSAPI_ENV", "simulator")
    monkeypatch.setenv(variable, value)

    with pytest.raises(ConfigurationError, match=words) as caught:
        make()

    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_password_in_a_refused_variable_is_not_shown(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINANCE_WSAPI_URL_MAIN_WSAPI", "wss://me:pa55@a.example:99999/")
    with pytest.raises(ConfigurationError) as caught:
        make()
    assert "pa55" not in str(caught.value)


def test_a_password_in_a_variable_is_not_shown(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_WSAPI_URL_MAIN_WSAPI", "wss://me:pa55@a.example/")
    client = make()
    assert "pa55" not in f"{client!r} {client.urls}"
    assert repr(client) == f"<{make.__name__} a.example>"


@pytest.mark.parametrize("options", [{}, {"market_maker": True}], ids=str)
def test_a_client_led_elsewhere_never_falls_back_to_production(
    make: Any, options: dict[str, bool]
) -> None:
    urls = {WsKey.MAIN_WSAPI: ELSEWHERE}
    client = make(urls=urls, **options)
    led = client._runtime.options

    for ws_key in (WsKey.USDM_WSAPI, WsKey.USDM, WsKey.USDM_PRIVATE, WsKey.COINM):
        with pytest.raises(ConfigurationError, match=re.escape(f"'{ws_key}'")):
            led.url(ws_key)
        assert ws_key not in client.urls
    assert led.url(WsKey.USDM_WSAPI_TESTNET) == url_of(WsKey.USDM_WSAPI, Environment.TESTNET)
    assert make(urls=urls, testnet=True).urls[WsKey.USDM] == url_of(WsKey.USDM, Environment.TESTNET)


def test_the_first_call_on_such_a_connection_says_so() -> None:
    with (
        Client(urls={WsKey.MAIN_WSAPI: ELSEWHERE}) as client,
        pytest.raises(ConfigurationError, match="'usdmWSAPI': add one"),
    ):
        client.usdm.get_order_book(symbol="BTCUSDT")


async def _asks_first(client: AsyncClient) -> None:
    async with client:
        await client.usdm.get_order_book(symbol="BTCUSDT")


def test_the_first_awaited_call_says_so_too() -> None:
    import asyncio

    with pytest.raises(ConfigurationError, match="'usdmWSAPI': add one"):
        asyncio.run(_asks_first(AsyncClient(urls={WsKey.MAIN_WSAPI: ELSEWHERE})))


def test_repr_tells_where_and_whether_it_lives() -> None:
    client = Client(testnet=True)
    assert repr(client) == "<Client testnet>"
    client.close()
    assert repr(client) == "<Client testnet, closed>"
    assert repr(Client()) == "<Client production>"
