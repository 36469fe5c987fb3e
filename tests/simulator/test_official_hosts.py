"""Clients that know the exchange's own hosts, and nothing else, trade on the embedded one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from binance_wsapi.simulator.official_hosts import OFFICIAL_HOSTS, path_at

ROOT = Path(__file__).parents[2]
CAN_MAKE_NAMESPACES = (
    shutil.which("unshare") is not None
    and subprocess.run(["unshare", "--net", "--mount", "true"], check=False).returncode == 0
)


@pytest.mark.parametrize(
    ("host", "path", "leads_to"),
    [
        (
            "ws-api.binance.com",
            "/ws-api/v3?returnRateLimits=false",
            "/ws-api/v3?returnRateLimits=false",
        ),
        ("ws-fapi.binance.com", "/ws-fapi/v1", "/ws-fapi/v1"),
        ("testnet.binancefuture.com:443", "/ws-dapi/v1", "/ws-dapi/v1"),
        (
            "stream.binance.com:9443",
            "/stream?streams=btcusdt@trade",
            "/stream?streams=btcusdt@trade",
        ),
        ("stream.binance.com:9443", "/ws/btcusdt@trade", "/ws/btcusdt@trade"),
        ("FSTREAM.binance.com", "/ws/btcusdt@depth", "/usdm/ws/btcusdt@depth"),
        ("fstream.binance.com", "/public/stream", "/usdm/public/stream"),
        ("fstream.binance.com", "/private/ws?listenKey=abc", "/usdm/private/ws?listenKey=abc"),
        ("fstream.binance.com", "/private/ws/abc", "/eoptions/private/ws/abc"),
        ("demo-fstream.binance.com", "/private/ws/abc", "/eoptions/private/ws/abc"),
        ("demo-fstream.binance.com", "/market/stream", "/eoptions/market/stream"),
        ("fstream.binance.com", "/publicity/ws", "/usdm/publicity/ws"),
        ("dstream.binance.com", "/ws/abc", "/coinm/ws/abc"),
        ("dstream-auth.binance.com", "/ws/abc?listenKey=abc", "/coinm/ws/abc?listenKey=abc"),
        ("margin-stream.binance.com", "/ws/abc", "/margin/ws/abc"),
        ("nbstream.binance.com", "/w3w/wsa/stream", "/alpha/stream"),
        ("127.0.0.1:9443", "/usdm/public/ws", "/usdm/public/ws"),
        ("localhost", "/ws", "/ws"),
    ],
)
def test_where_the_paths_of_each_host_lead(host: str, path: str, leads_to: str) -> None:
    assert path_at(host, path) == leads_to


BOT = """
from binance_wsapi import Client, WsKey

with Client.from_env() as client:
    print(client)
    for namespace, ws_key in (
        (client.spot, WsKey.MAIN_WSAPI),
        (client.usdm, WsKey.USDM_WSAPI),
    ):
        events = client.subscribe_user_data_stream(ws_key)
        order = dict(side="BUY", type="LIMIT", time_in_force="GTC", price="30000", quantity="0.01")
        namespace.submit_new_order("BTCUSDT", **order)
        print(ws_key.value, type(events.get(timeout=20)).__name__)
    client.coinm.get_account_status()
    option = client.rest("eoptions", "GET", "/eapi/v1/exchangeInfo").result["optionSymbols"][0]
    events = client.subscribe_user_data_stream(WsKey.EOPTIONS_USER_DATA)
    order = dict(symbol=option["symbol"], side="BUY", type="LIMIT", price="5", quantity="1")
    client.rest("eoptions", "POST", "/eapi/v1/order", order, signed=True)
    print("eoptions", type(events.get(timeout=20)).__name__)
    indexes = client.streams.subscribe(client.streams.all_index_prices(), ws_key=WsKey.EOPTIONS)
    print("eoptions", indexes.get(timeout=20).event_type)
    marks = client.streams.option_mark_price("BTCUSDT")
    best = client.streams.partial_depth(option["symbol"], 5, "100ms")
    for name in (marks, best):
        print("eoptions", client.streams.subscribe(name, ws_key=WsKey.EOPTIONS).get(timeout=20).event_type)
    tokens = client.streams.subscribe(client.streams.all_token_tickers(), ws_key=WsKey.ALPHA)
    print("alpha", tokens.get(timeout=20).event_type)
    for ws_key in (WsKey.MAIN, WsKey.USDM, WsKey.COINM):
        symbol = "BTCUSD_PERP" if ws_key is WsKey.COINM else "BTCUSDT"
        with client.streams.subscribe(f"{symbol.lower()}@bookTicker", ws_key=ws_key) as ticks:
            print(ws_key.value, ticks.get(timeout=20).symbol)
    print(client.rest("usdm", "GET", "/fapi/v1/openOrders", signed=True).result[0]["symbol"])
"""
HOUSE = """
import os, shlex, subprocess, sys

bot, authority = sys.argv[1:]
exchange = subprocess.Popen(
    [sys.executable, "-m", "binance_wsapi", "simulator", "--as-binance", "--cert", authority, "--random-market"],
    stdout=subprocess.PIPE,
    text=True,
)
try:
    environment = {"SSL_CERT_FILE": authority}
    for line in exchange.stdout:
        if line.strip().startswith("export BINANCE_API_"):  # the key alone, not where the exchange is
            environment |= [word.split("=", 1) for word in shlex.split(line)[1:]]
        if "BINANCE_API_SECRET" in environment:
            break
    sys.exit(subprocess.run([sys.executable, bot], env=os.environ | environment).returncode)
finally:
    exchange.terminate()
    exchange.wait()
"""


@pytest.mark.skipif(
    not CAN_MAKE_NAMESPACES and "CI" not in os.environ, reason="network namespaces take root"
)
def test_a_client_that_knows_production_alone_trades_here(tmp_path: Path) -> None:
    hosts, bot = tmp_path / "hosts", tmp_path / "bot.py"
    hosts.write_text(f"127.0.0.1 localhost {' '.join(OFFICIAL_HOSTS)}\n")
    bot.write_text(BOT)
    within = f'ip link set lo up; mount --bind {hosts} /etc/hosts; exec "$@"'

    ran = subprocess.run(
        [
            *("unshare", "--net", "--mount", "sh", "-euc", within, "sh"),
            *(sys.executable, "-c", HOUSE, str(bot), str(tmp_path / "ca.pem")),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == [
        "<Client production>",
        "mainWSAPI OrderUpdate",
        "usdmWSAPI FuturesOrderUpdate",
        "eoptions OptionOrderUpdate",
        "eoptions indexPrice",
        "eoptions markPrice",
        "eoptions depthUpdate",
        "alpha tickerList",
        "main BTCUSDT",
        "usdm BTCUSDT",
        "coinm BTCUSD_PERP",
        "BTCUSDT",
    ]


def test_the_compose_file_knows_every_host() -> None:
    lines = (ROOT / "examples/docker/compose.yaml").read_text().splitlines()

    aliases = [line.strip(" -") for line in lines if line.startswith("          - ")]
    assert aliases == list(OFFICIAL_HOSTS)
