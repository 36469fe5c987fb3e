"""The scripts of every day run on the embedded exchange as they are: the environment leads them there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from binance_wsapi.simulator import SimulatedExchange

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "examples" / "everyday"
TESTED = {"dca", "export_csv", "grid", "tail", "watch"}


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Any]:
    """Begin a script with an account of its own: ``begin(name, *arguments)``."""
    with SimulatedExchange(seed=3, market_maker=True) as exchange:
        exchange.start_random_market(step_seconds=0.02, volatility=5)
        account = exchange.create_account()
        key = account.create_key()
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "BINANCE_API_KEY": key.api_key,
            "BINANCE_API_SECRET": str(key.api_secret),
            "BINANCE_WSAPI_ENV": "simulator",
            "BINANCE_WSAPI_SIMULATOR": exchange.rest_url.replace("http", "ws"),
        }
        begun: list[subprocess.Popen[str]] = []

        def run(name: str, *arguments: str) -> tuple[subprocess.Popen[str], Any]:
            script = subprocess.Popen(
                [sys.executable, str(SCRIPTS / f"{name}.py"), *arguments],
                cwd=tmp_path,
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
            )
            begun.append(script)
            return script, account

        yield run
        for script in begun:
            script.kill()
            script.communicate()


def printed(script: subprocess.Popen[str]) -> list[str]:
    """Return the lines of a script that has ended well."""
    text, _ = script.communicate(timeout=60)
    assert script.returncode == 0, text
    return text.splitlines()


def test_every_script_is_tested() -> None:
    assert {path.stem for path in SCRIPTS.glob("*.py")} == TESTED


def test_grid(begin: Any) -> None:
    script, _ = begin("grid", "2")

    lines = printed(script)
    assert sum(line.startswith("rest") for line in lines) == 10 + 2
    assert sum(line.startswith("filled") for line in lines) == 2
    assert float(lines[-1]) > 0


def test_dca(begin: Any) -> None:
    script, _ = begin("dca")

    (line,) = printed(script)
    assert "fills, average" in line


def test_export_csv(begin: Any, tmp_path: Path) -> None:
    script, _ = begin("export_csv")

    candles, trades = (int(line.split()[0]) for line in printed(script))
    assert len((tmp_path / "klines.csv").read_text().splitlines()) == candles + 1 > 1
    assert len((tmp_path / "trades.csv").read_text().splitlines()) == trades + 1 > 1


def test_watch(begin: Any) -> None:
    script, _ = begin("watch", "3")

    lines = printed(script)
    assert len(lines) == 3
    assert all("spread" in line for line in lines)


def test_tail(begin: Any) -> None:
    script, account = begin("tail", "2")
    assert script.stdout is not None
    assert script.stdout.readline() == "listening\n"

    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
    account.request("order.place", order)

    assert "OrderUpdate" in "".join(printed(script))
