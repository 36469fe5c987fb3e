"""Every example runs as it is on an exchange of its own, and does what it is there to show."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from example_runs import EXAMPLES, begun, example, printed
from plugin_arguments import plugin_arguments

from binance_wsapi.simulator import SimulatedExchange

RUNS = {
    "arbitrage_watcher": (
        "3",
        r"(?:USDT, (?:BTC, ETH|ETH, BTC), USDT: [+-][\d.]+ basis points\n){3}",
    ),
    "async_quick_start": ("", r"placed \[\d+, \d+, \d+\]\ncancelled 3\n"),
    "backtest": ("", r"1000 trades \(33 min\) in [\d.]+ s, 39 fills\nUSDT 103257.7"),
    "dca": ("2 0", r"(?:bought 0.\d+ for 2\d\.\d+\n){2}average \d{5}\.\d\d\n"),
    "download_history": ("folder", r"\d+ candles\n\d+ trades\n"),
    "grid_bot": ("2", r"filled (?:.*\n)*filled .*\nrest .*\nfree [\d.]+ USDT\n"),
    "hot_standby": ("", r"leading\n(?:rest \d+ at [\d.]+\n){3}"),
    "local_order_book": ("", r"spread .*\n(?:bids .*\n){5}"),
    "market_maker": ("2", r"(?:(?:BUY|SELL) .*\n){2}holding .* of at most 0.03\n"),
    "order_errors": ("", r"order \d+ NEW \na trading rule .* LOT_SIZE .*\nfix the call: price"),
    "quick_start": ("", r"order \d+ NEW after [\d.]+ ms\norder \d+ CANCELED\n"),
    "futures_stops": ("3", r"bought at .*\nstop at (?:.*\n)*(?:sold|stopped) at"),
    "recorder": ("20 folder", r"trades \d+ rows\nquotes \d+ rows\ngaps 0 rows\n"),
    "threaded_bot": ("1", r"(?:rest .*\n){3}0 open orders left\n"),
    "user_data": ("", r"TRADE FILLED\n(?:.*\n)*balance BTC"),
}
"""What each is given, and what it prints."""
ELSEWHERE = {"event_log", "fastapi_service"}
"""Those with a test of their own alone."""


@pytest.fixture
def market() -> Iterator[SimulatedExchange]:
    with SimulatedExchange(seed=3, market_maker=True) as exchange:
        yield exchange


def test_every_example_is_tested() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {*RUNS, *ELSEWHERE}


@pytest.mark.parametrize("name", RUNS)
def test_it_runs_as_it_is(name: str, tmp_path: Path) -> None:
    given, shown = RUNS[name]

    text = printed(begun(tmp_path, name, *given.split()))

    assert re.search(shown, text), text
    assert "Traceback" not in text


def test_the_same_tape_gives_the_same_fills(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    tape = tmp_path / "tape.csv"
    tape.write_text("".join((EXAMPLES / "tape.csv").read_text().splitlines(keepends=True)[:120]))
    runs = []
    for _ in range(2):
        example("backtest").main(tape)
        runs.append(re.sub(r"in [0-9.]+ s", "", capsys.readouterr().out))

    assert runs[0] == runs[1]
    assert re.search(r"[1-9]\d* fills", runs[0])


class TestOrderErrors:
    """One test for each way an order can end, told apart as the example tells them."""

    def buy(self, market: SimulatedExchange, **changed: str) -> str:
        order = {"symbol": "BTCUSDT", "price": "20000.00", "quantity": "0.001"} | changed
        with market.client(resolve_timeout=20.0) as client:
            client.connect()
            ending: str = example("order_errors").buy(client, **order)
        return ending

    def test_placed(self, market: SimulatedExchange, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.buy(market) == "placed"
        assert "NEW" in capsys.readouterr().out

    def test_found_again(
        self, market: SimulatedExchange, capsys: pytest.CaptureFixture[str]
    ) -> None:
        market.faults.on("order.place").drop_after_acceptance()

        assert self.buy(market) == "placed"
        assert "found by its id" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("order", "told"),
        [
            ({"price": "1e5 USDT"}, "fix the call: price"),
            ({"quantity": "0.0000001"}, "a trading rule of the symbol is broken: LOT_SIZE"),
            ({"price": "50000.00", "quantity": "100"}, "the matching engine refused it: -2010"),
            ({"symbol": "NOSUCHCOIN"}, "the exchange refused it: -1121"),
        ],
    )
    def test_refused(
        self,
        order: dict[str, str],
        told: str,
        market: SimulatedExchange,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        assert self.buy(market, **order) == "not placed"
        assert told in capsys.readouterr().out

    def test_rate_limited(
        self, market: SimulatedExchange, capsys: pytest.CaptureFixture[str]
    ) -> None:
        market.faults.on("order.place").rate_limited(retry_after=2.0)

        assert self.buy(market) == "not placed"
        assert "too many requests, come back in" in capsys.readouterr().out

    def test_not_sent(self, market: SimulatedExchange, capsys: pytest.CaptureFixture[str]) -> None:
        with market.client(timeout=0.3) as client:
            market.stop_listening()
            assert example("order_errors").buy(client, "BTCUSDT", "20000.00", "0.001") == (
                "not placed"
            )

        assert "nothing left this machine" in capsys.readouterr().out

    def test_unknown(self, market: SimulatedExchange, capsys: pytest.CaptureFixture[str]) -> None:
        market.faults.on("order.place").drop_after_acceptance()

        with market.client(on_unknown_outcome="raise") as client:
            ending = example("order_errors").buy(client, "BTCUSDT", "20000.00", "0.001")

        assert ending == "unknown"
        assert "the order may exist" in capsys.readouterr().out


def test_a_bot_is_tested_with_the_plugin() -> None:
    """The bot's own tests pass, with the fixtures that pytest finds by itself."""
    result = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin_arguments(),
            "--rootdir", str(EXAMPLES / "bot"), "-c", os.devnull, str(EXAMPLES / "bot"),
        ],
        cwd=EXAMPLES.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip

    assert "3 passed" in result.stdout, result.stdout + result.stderr
