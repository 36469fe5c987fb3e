"""Where the examples trade: on an exchange of their own, unless the environment leads them elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from example_runs import EXAMPLES, begun, leading_to, printed

from binance_wsapi import Client, ConfigurationError, example_programs
from binance_wsapi.simulator import SimulatedExchange, practice

VARIABLES = (
    "BINANCE_WSAPI_ENV",
    "BINANCE_WSAPI_SIMULATOR",
    "BINANCE_API_KEY",
    "BINANCE_API_SECRET",
)


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def environment() -> dict[str, str]:
    return {name: os.environ[name] for name in VARIABLES if name in os.environ}


def test_an_exchange_is_started_and_keys_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BINANCE_API_KEY", "the key of an account with money")
    before = environment()

    with practice() as exchange, Client.from_env() as client:
        assert exchange is not None
        assert exchange.rest_url.removeprefix("http://") in repr(client)
        assert client.spot.get_account_information().result.balances["USDT"].free > 0

    assert environment() == before


def test_it_is_left_when_the_block_fails() -> None:
    with pytest.raises(ZeroDivisionError), practice():
        raise ZeroDivisionError

    assert environment() == {}


@pytest.mark.parametrize(
    ("where", "shown"), [("testnet", "testnet"), ("demo", "demo"), ("production", "production")]
)
def test_the_environment_leads_elsewhere_with_its_keys(
    where: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINANCE_WSAPI_ENV", where)
    monkeypatch.setenv("BINANCE_API_KEY", "mine")
    monkeypatch.setenv("BINANCE_API_SECRET", "secret")
    before = environment()

    with practice() as exchange:
        assert exchange is None
        with Client.from_env(mute_latency_warning=True) as client:
            assert shown in repr(client)
            assert os.environ["BINANCE_API_KEY"] == "mine"

    assert environment() == before


def test_what_leads_nowhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_WSAPI_ENV", "prod")

    with pytest.raises(ConfigurationError, match="'prod'"), practice():
        Client()


def test_an_example_trades_where_the_environment_leads(tmp_path: Path) -> None:
    with SimulatedExchange(seed=3, market_maker=True) as exchange:
        account = exchange.create_account({"USDT": "60"})

        text = printed(begun(tmp_path, "dca", "3", "0", **leading_to(exchange, account)))

        left = account.balances()["USDT"].free
    assert text.count("\nbought") == 2, "25 each of 60"
    assert "not bought: order.place refused by the exchange: -2010" in text
    assert left < 12


class TestCommand:
    """``python -m binance_wsapi examples``."""

    def test_it_lists_them_all(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert example_programs.main([]) == 0

        shown = capsys.readouterr().out
        for path in EXAMPLES.glob("*.py"):
            assert f"\n  {path.stem} " in shown
        assert str(EXAMPLES) in shown

    def test_it_says_which_there_are(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert example_programs.main(["grid"]) == 2

        assert "no example 'grid': arbitrage_watcher, " in capsys.readouterr().err

    def test_it_runs_one_with_its_arguments_and_its_neighbours(self, tmp_path: Path) -> None:
        tape = tmp_path / "mine.csv"
        rows = (EXAMPLES / "tape.csv").read_text().splitlines(keepends=True)
        tape.write_text("".join(rows[:20]))

        done = subprocess.run(
            [sys.executable, "-m", "binance_wsapi", "examples", "backtest", "mine.csv"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(EXAMPLES.parent)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("19 trades ")

    def test_it_says_what_a_program_needs(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "uvicorn", None)

        assert example_programs.main(["fastapi_service"]) == 1

        assert "fastapi_service needs uvicorn: pip install uvicorn" in capsys.readouterr().err
