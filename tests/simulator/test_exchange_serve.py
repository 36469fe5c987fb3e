"""The exchange as a program, and as fixtures."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest
from plugin_arguments import plugin_arguments

from binance_wsapi import simulator
from binance_wsapi.simulator import serve

ROOT = Path(__file__).parents[2]
pytest_plugins = ["pytester"]


class Terminal(io.StringIO):
    """Tells when the introduction is over."""

    def __init__(self) -> None:
        super().__init__()
        self.is_introduced = threading.Event()

    def write(self, text: str) -> int:
        if text == "\n":
            self.is_introduced.set()
        return super().write(text)


def served(*arguments: str) -> tuple[int, str]:
    """Run the program until it has introduced itself."""
    terminal, stop = Terminal(), threading.Event()
    status: list[int] = []
    thread = threading.Thread(
        target=lambda: status.append(serve.main(arguments, out=terminal, stop=stop))
    )
    thread.start()
    terminal.is_introduced.wait(10)
    stop.set()
    thread.join(10)
    return status[0], terminal.getvalue()


def test_a_page_to_watch_it_is_served_when_asked_for() -> None:
    status, text = served("--port", "0", "--web")
    _, without = served("--port", "0")

    assert status == 0
    assert re.search(r"^Watch it at http://127\.0\.0\.1:\d+/#[\w-]{20,}$", text, re.MULTILINE)
    assert "Watch it at" not in without


def test_addresses_accounts_and_keys_are_printed() -> None:
    status, text = served("--port", "0", "--account", "usdt=500,BTC=0.5", "--account", "ETH=1")

    assert status == 0
    assert "/ws-api/v3" in text
    assert "http://127.0.0.1:" in text
    assert text.count("Account ") == 2
    assert "USDT    500" in text
    assert text.count("\n      -----BEGIN PRIVATE KEY") == 2


def test_futures_wallets_are_opened_and_all_addresses_told() -> None:
    _, text = served(
        "--port",
        "0",
        "--account",
        "usdm:USDT=500,coinm:BTC=0.5,eoptions:USDT=700",
        "--random-market",
    )

    assert "USDT    500  (USD-M wallet)" in text
    assert "BTC     0.5  (COIN-M wallet)" in text
    assert "USDT    700  (options wallet)" in text
    for path in (
        "/usdm/public/stream",
        "/usdm/market/stream",
        "/coinm/stream",
        "/dapi/v1",
        "/eoptions/market/stream",
        "/eapi/v1",
    ):
        assert path in text


def test_tls_works_for_a_name() -> None:
    with (
        simulator.SimulatedExchange(host="localhost", tls=True) as exchange,
        urllib.request.urlopen(
            exchange.rest_url + "/api/v3/ping", context=exchange.ssl_context
        ) as got,
    ):
        assert got.status == 200


def test_tls_and_its_certificate(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"

    _, text = served("--port", "0", "--tls", "--cert", str(path), "--no-market-maker")

    assert "wss://127.0.0.1" in text
    assert path.read_text().startswith("-----BEGIN CERTIFICATE")


@pytest.mark.parametrize("balance", ["BTC", "=1", "BTC=x", "BTC=-1", "usd:BTC=1", "usdm:=1"])
def test_a_bad_balance_is_told(balance: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        serve.main(["--account", balance])

    assert "write ASSET=AMOUNT" in capsys.readouterr().err


def test_a_wallet_of_another_asset_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        serve.main(["--account", "coinm:USDT=1"])

    assert "the wallets there hold BTC, ETH" in capsys.readouterr().err


def test_an_occupied_port_is_told() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        out = io.StringIO()

        assert serve.main(["--port", str(taken.getsockname()[1])], out=out) == 1
    assert "cannot listen" in out.getvalue()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_program_serves_until_it_is_interrupted() -> None:
    command = [
        sys.executable,
        "-m",
        "binance_wsapi",
        "simulator",
        "--port",
        "0",
        "--state-every",
        "0.05",
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = next(line for line in process.stdout if "REST" in line)
            ticker = line.split()[1] + "/api/v3/ticker/price?symbol=BTCUSDT"
            with urllib.request.urlopen(ticker) as got:
                assert json.load(got)["symbol"] == "BTCUSDT"
            assert any("open orders" in line for line in process.stdout)
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=10)
            assert process.returncode == 0
        finally:
            process.kill()
    assert rest.endswith("stopped\n")


TESTS_OF_A_BOT = """
import asyncio
from decimal import Decimal

def test_sync(binance_client, binance_account, binance_exchange):
    order = binance_client.spot.submit_new_order(
        symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.01"
    )
    assert order.result.status == "FILLED"
    assert binance_account.balances()["BTC"].free > 100
    assert len(binance_exchange.journal.requests("order.place")) == 1

def test_async(binance_async_client):
    async def main():
        return (await binance_async_client.spot.get_order_book(symbol="BTCUSDT")).result

    assert asyncio.run(main()).bids
"""


def test_fixtures_need_no_import(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyfile(TESTS_OF_A_BOT)

    result = pytester.runpytest_subprocess(*plugin_arguments(), "-p", "no:cacheprovider")

    result.assert_outcomes(passed=2)


def test_the_plugin_loads_nothing_by_itself() -> None:
    program = (
        "import sys, binance_wsapi.simulator.pytest_plugin\n"
        "print([m for m in sys.modules if m.startswith('binance_wsapi.simulator.')])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "['binance_wsapi.simulator.pytest_plugin']"


def test_every_public_name_is_there() -> None:
    assert set(simulator.__all__) == {
        name for name in simulator.__all__ if hasattr(simulator, name)
    }
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = simulator.Nothing
