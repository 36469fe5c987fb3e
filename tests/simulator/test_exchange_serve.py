"""The exchange as a program, and as fixtures."""

from __future__ import annotations

import io
import itertools
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterable
from pathlib import Path

import pytest
from plugin_arguments import plugin_arguments

from binance_wsapi import simulator
from binance_wsapi.simulator import serve, snippets
from binance_wsapi.simulator.paths import base_url

ROOT = Path(__file__).parents[2]
pytest_plugins = ["pytester"]


class Terminal(io.StringIO):
    """Tells when a line was written."""

    def __init__(self, awaited: str) -> None:
        super().__init__()
        self.awaited = awaited
        self.is_written = threading.Event()

    def write(self, text: str) -> int:
        size = super().write(text)
        if text.startswith(self.awaited):
            self.is_written.set()
        return size


INTRODUCED = "\n"
"""The empty line at the end of the introduction."""


def served(
    *arguments: str, until: str = INTRODUCED, lines: Iterable[str] | None = None
) -> tuple[int, str]:
    """Run the program until it has written a line, by default its introduction's last."""
    terminal, stop = Terminal(until), threading.Event()
    status: list[int] = []
    thread = threading.Thread(
        target=lambda: status.append(serve.main(arguments, out=terminal, stop=stop, lines=lines))
    )
    thread.start()
    assert terminal.is_written.wait(60)
    stop.set()
    thread.join(60)
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


def test_an_environment_and_first_lines_lead_clients_there(tmp_path: Path) -> None:
    path = tmp_path / "env"
    path.write_text("of another exchange")
    path.chmod(0o644)

    _, printed = served("--port", "0")
    _, text = served("--port", "0", "--env-file", str(path))

    assert f"set -a; . {path}; set +a" in text
    assert "export BINANCE_API_KEY=" in printed
    assert "export BINANCE_API_KEY=" not in text
    for name in ("binance_wsapi", "ccxt", "binance", "binance_sdk_spot"):
        assert re.search(rf"^  (import .*|from ){name}\b", text, re.MULTILINE)
    for lines in snippets.SNIPPETS.values():
        compile(lines, "snippet", "exec")
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o600
    told = subprocess.run(
        ["/bin/sh", "-c", f". {path}; echo $BINANCE_REST $BINANCE_WSAPI_ENV $BINANCE_HMAC_API_KEY"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert told[1] == "simulator"
    assert told[0] in text
    assert told[2] in text


def test_the_environment_trusts_the_authority_that_was_written(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"

    _, text = served("--port", "0", "--tls", "--cert", str(ca), "--no-market-maker")

    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
        assert f"export {variable}={ca}" in text


def test_the_environment_names_the_authority_for_programs_in_other_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    given = ("--port", "0", "--tls", "--cert", "ca.pem", "--no-market-maker")
    _, text = served(*given)
    served(*given, "--env-file", "env")

    line = f"SSL_CERT_FILE={tmp_path / 'ca.pem'}"
    assert f"export {line}" in text
    assert line in (tmp_path / "env").read_text().splitlines()


def test_an_environment_that_cannot_be_written_is_printed(tmp_path: Path) -> None:
    _, text = served("--port", "0", "--env-file", str(tmp_path / "nowhere" / "env"))

    assert "cannot write" in text
    assert "export BINANCE_API_KEY=" in text


def test_what_was_recorded_is_replayed(tmp_path: Path) -> None:
    folder = str(tmp_path / "tape")
    served("--port", "0", "--history", "5m", "--record", folder)
    recorded = sum(len(path.read_text().splitlines()) for path in Path(folder).glob("*/*"))

    for speed in ("max", "1000000"):
        status, text = served(
            "--port", "0", "--replay", folder, "--speed", speed, until="the tapes are over"
        )
        assert status == 0
        assert f"the tapes are over: {recorded} trades, 0 refused" in text
    _, text = served(
        *("--port", "0", "--replay", folder, "--speed", "step"),
        until="the tapes are over",
        lines=itertools.repeat("\n"),
    )
    assert f"{recorded} trades" in text


def test_tapes_are_a_past_for_the_replay_that_follows(tmp_path: Path) -> None:
    for name, price, day in (("1", 61_000, 0), ("2", 62_000, 86_400)):
        rows = (
            f"{number},{price + number},1,0,{1_767_225_600 + day + number}000,True,True\n"
            for number in range(10)
        )
        (tmp_path / f"BTCUSDT-trades-{name}.csv").write_text("".join(rows))

    status, text = served(
        *("--port", "0", "--fees", "0,0.001", "--latency", "0.01", "--speed", "max"),
        *("--history", str(tmp_path / "BTCUSDT-trades-1.csv")),
        *("--replay", str(tmp_path / "BTCUSDT-trades-2.csv")),
        until="the tapes are over",
    )

    assert (status, "10 trades, 0 refused" in text) == (0, True)


def test_a_tape_with_a_bad_row_ends_early(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT-trades-1.csv"
    path.write_text("1,60000,1,0,1767225600000,True,True\n2,dear,1,0,1767225600000,True,True\n")

    _, text = served("--port", "0", "--replay", str(path), "--speed", "max", until="the replay")

    assert "the replay ended early: BTCUSDT-trades-1.csv, row 2, cannot be read" in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--replay", "nowhere-trades-1.csv"], "nowhere-trades-1.csv"),
        (["--replay", "tape.csv"], "does not say what is in it"),
        (["--replay", "{tape}", "--random-market"], "name one of them"),
        (["--speed", "0"], "'0' is no speed: write a number, max or step"),
        (["--latency", "-1"], "'-1' is no number of seconds"),
        (["--speed", "2"], "--speed is of --replay: leave it out, or name tapes"),
        (["--fees", "1"], "is no pair of fees"),
        (["--fees", "nan,0"], "maker='nan' is no commission"),
        (["--fees", "0.1,2"], "taker='2' is no commission"),
        (["--history", "2d", "1d"], "takes one span of time, or tapes"),
        (["--history", "300d"], "--history 300d is out of range: up to 200d"),
        (["--history", "0d"], "--history 0d is out of range"),
        (["--history", "{unknown}"], "NOTHING is not traded on spot here"),
        (["--replay", "{unknown}"], "NOTHING is not traded on spot here"),
        (["--replay", "usdm:{unknown}"], "NOTHING is not traded on usdm here"),
        (["--port", "65536"], "'65536' is no port: write a number up to 65535"),
        (["--web", "-1"], "'-1' is no port"),
        (["--web-host", "::1"], "--web-host is of --web"),
        (["--state-every", "nan"], "'nan' is no number of seconds"),
        (["--state-every", "0"], "'0' is no number of seconds"),
        (["--state-every", "inf"], "'inf' is no number of seconds"),
        (["--latency", "1e300"], "'1e300' is no number of seconds"),
        (["--random-market", "--no-market-maker"], "leave out --no-market-maker"),
        (["--cert", "ca.pem"], "--cert is of --tls"),
        (["--as-binance", "--port", "5"], "--as-binance has ports of its own"),
        (["--account", "USDT=1,usdt=2"], "names USDT twice"),
        (["--account", "usdm:USDT=1,usdm:USDT=2"], "names USDT twice"),
        (["--account", "USTD=1"], "the wallets there hold"),
        (["--record", "{recorded}"], "holds tapes already"),
    ],
)
def test_what_cannot_be_served_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    row = "1,60000,1,0,1767225600000,True,True\n"
    names = {
        "tape": tmp_path / "BTCUSDT-trades-1.csv",
        "unknown": tmp_path / "NOTHING-trades-1.csv",
        "recorded": tmp_path / "recorded",
    }
    for name in ("tape", "unknown"):
        names[name].write_text(row)
    (names["recorded"] / "spot").mkdir(parents=True)
    (names["recorded"] / "spot" / "BTCUSDT-trades-recorded.csv").write_text(row)

    with pytest.raises(SystemExit):
        serve.main([each.format_map(names) for each in arguments])

    assert says in capsys.readouterr().err


def test_tls_works_for_a_name() -> None:
    with (
        simulator.SimulatedExchange(host="localhost", tls=True) as exchange,
        urllib.request.urlopen(
            exchange.rest_url + "/api/v3/ping", context=exchange.ssl_context
        ) as got,
    ):
        assert got.status == 200


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("0.0.0.0", "ws://127.0.0.1:9"),
        ("::", "ws://[::1]:9"),
        ("::1", "ws://[::1]:9"),
        ("127.0.0.1", "ws://127.0.0.1:9"),
        ("localhost", "ws://localhost:9"),
    ],
)
def test_what_listens_has_an_address_that_leads_to_it(host: str, found: str) -> None:
    assert base_url("ws", host, 9) == found


def test_an_exchange_on_ipv6_is_found() -> None:
    if not _has_ipv6():
        pytest.skip("this machine has no IPv6")
    with (
        simulator.SimulatedExchange(host="::1", tls=True) as exchange,
        urllib.request.urlopen(
            exchange.rest_url + "/api/v3/ping", context=exchange.ssl_context
        ) as got,
    ):
        assert got.status == 200


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def test_tls_and_its_certificate(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"

    _, text = served("--port", "0", "--tls", "--cert", str(path), "--no-market-maker")

    assert "wss://127.0.0.1" in text
    assert path.read_text().startswith("-----BEGIN CERTIFICATE")


def test_an_authority_that_cannot_be_written_ends_it(tmp_path: Path) -> None:
    out = io.StringIO()

    status = serve.main(["--port", "0", "--tls", "--cert", str(tmp_path / "no" / "ca")], out=out)

    assert status == 1
    assert out.getvalue() == f"cannot write {tmp_path}/no/ca: No such file or directory\n"


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
