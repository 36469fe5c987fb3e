"""The command line on the embedded exchange: what it prints, asks, and ends with."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from binance_wsapi.cli import market
from binance_wsapi.cli.program import program
from binance_wsapi.facade.spot import SpotNamespace
from binance_wsapi.simulator import SimulatedExchange
from binance_wsapi.simulator.exchange import AccountHandle

BOUGHT = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
TERMS = ["order", "place", "BTCUSDT", "BUY", "0.01", "--price", "50000"]


pytestmark = pytest.mark.usefixtures("loggers_as_before")


@pytest.fixture
def exchange() -> Iterator[SimulatedExchange]:
    with SimulatedExchange(seed=5, market_maker=True) as exchange:
        yield exchange


@pytest.fixture
def account(exchange: SimulatedExchange) -> AccountHandle:
    return exchange.create_account()


@pytest.fixture
def run(
    exchange: SimulatedExchange, account: AccountHandle, monkeypatch: pytest.MonkeyPatch
) -> Any:
    key = account.create_key("ed25519")
    monkeypatch.setenv("BINANCE_WSAPI_ENV", "simulator")
    monkeypatch.setenv("BINANCE_WSAPI_SIMULATOR", exchange.rest_url.replace("http", "ws"))
    monkeypatch.setenv("BINANCE_API_KEY", key.api_key)
    monkeypatch.setenv("BINANCE_API_SECRET", key.api_secret)
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, answer: str | None = None) -> Result:
        return CliRunner().invoke(program, arguments, input=answer, prog_name="binance-wsapi")

    return run


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("ping --count 2", r"(?:[\d.]+ ms\n){2}$"),
        ("time", r"ahead of this machine\n20\d\d-.* ms\n"),
        ("book BTCUSDT --limit 5", r"bid quantity\tbid\task\task quantity\n(?:[\d.\t]+\n){5}$"),
        ("book BTCUSDT --limit 5 --market usdm", r"bid quantity.*\n(?:[\d.\t]+\n){5}$"),
        ("balances", r"asset\tfree\tlocked\n(?s:.*)USDT\t1000000.00000000\t0.00000000"),
        ("balances --market coinm", r"BTC\t100.00000000\t"),
        ("balances --market usdm", r"USDT\t1000000.00000000\t"),
        ("order list", r"order id\tsymbol\t.*\n$"),
        ("health", r"mainWSAPI\tready\tTrue\t[\d.]+ ms"),
        ("call depth symbol=BTCUSDT limit=5", r'"last_update_id": \d+'),
        ("call usdm.get_order_book symbol=BTCUSDT limit=5", r'"last_update_id": \d+'),
        ("call get_exchange_info symbols=BTCUSDT,ETHUSDT", r'"symbol": "ETHUSDT"'),
        ("call account.status omitZeroBalances=true", r'"can_trade": true'),
        ("--version", r"^\d+\.\d+"),
    ],
)
def test_what_it_prints(run: Any, line: str, shown: str) -> None:
    result = run(*line.split())

    assert result.exit_code == 0, result.output
    assert re.search(shown, result.stdout), result.stdout


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("ping", "milliseconds"),
        ("time", "exchange_ahead_ms"),
        ("book BTCUSDT", "bids"),
        ("balances", "asset"),
        ("doctor", "what"),
    ],
)
def test_json_is_one_value_a_line(run: Any, line: str, key: str) -> None:
    result = run(*line.split(), "--json")

    values = [json.loads(each) for each in result.stdout.splitlines()]
    assert values
    first = values[0][0] if isinstance(values[0], list) else values[0]
    assert key in first


def test_the_last_trades(run: Any, exchange: SimulatedExchange, account: AccountHandle) -> None:
    account.request("order.place", BOUGHT)

    result = run("trades", "BTCUSDT", "--limit", "1")

    assert re.search(r"\t[\d.]+\t0.01\d*\tbuys\n$", result.stdout), result.stdout


def test_candles_at_the_terminal_and_in_files(
    run: Any, account: AccountHandle, tmp_path: Path
) -> None:
    account.request("order.place", BOUGHT)
    shown = run("klines", "BTCUSDT").stdout
    assert re.search(
        r"^open time\topen\thigh\tlow\tclose\tvolume\n.+(?:\t[\d.]+){5}\n$", shown, re.DOTALL
    )
    assert json.loads(run("klines", "BTCUSDT", "--json").stdout.splitlines()[-1])["open_time"]

    assert run("klines", "BTCUSDT", "--csv", str(tmp_path / "a.csv")).stdout.endswith(" rows\n")
    assert (tmp_path / "a.csv").read_text().startswith("open_time,open_price,")
    run("klines", "BTCUSDT", "--parquet", str(tmp_path / "a.parquet"), "--start", "1700000000000")
    assert (tmp_path / "a.parquet").read_bytes()[:4] == b"PAR1"
    refused = run("klines", "BTCUSDT", "--start", "yesterday-ish")
    assert refused.exit_code == 1
    assert "ParameterError: start" in refused.stderr


def test_a_terminal_gets_a_table(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")

    assert "┃" in run("book", "BTCUSDT").stdout
    assert "┃" in run("watch", "BTCUSDT", "--count", "2").stdout
    assert "OrderBook" in run("call", "depth", "symbol=BTCUSDT", "limit=5").stdout


def test_the_market_as_it_moves(run: Any) -> None:
    lines = run("watch", "BTCUSDT", "--count", "2").stdout.splitlines()

    assert len(lines) == 2
    assert all(line.startswith(("book\t", "trade\t")) for line in lines)


def test_trades_are_watched_as_well_as_the_book(
    run: Any, exchange: SimulatedExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In lines and on a terminal; each event of the book brings the next trade, so that both must come."""
    monkeypatch.setattr(market, "_line", _trading(exchange, market._line))
    monkeypatch.setattr(market, "_book_rows", _trading(exchange, market._book_rows))

    lines = run("watch", "BTCUSDT", "--count", "4").stdout
    assert re.search(r"^trade\t20\d\d-[^\t]+\t[\d.]+\t0\.01000000$", lines, re.MULTILINE)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "0.01000000" in run("watch", "BTCUSDT", "--count", "4").stdout


def _trading(exchange: SimulatedExchange, shown: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def trade_and_show(event: Any) -> Any:
        exchange.trade("BTCUSDT", "BUY", "0.01", "70000")
        return shown(event)

    return trade_and_show


def test_an_order_is_asked_about_before_it_is_sent(run: Any, account: AccountHandle) -> None:
    refused = run(*TERMS, answer="n\n")
    assert (refused.exit_code, account.request("openOrders.status")) == (1, [])
    assert "BUY 0.01 BTCUSDT at 50000 on <Client 127.0.0.1" in refused.stderr

    assert run(*TERMS, answer="y\n").exit_code == 0
    assert len(account.request("openOrders.status")) == 1


def test_an_order_from_place_to_cancel(run: Any, account: AccountHandle) -> None:
    placed = run(*TERMS, "--id", "mine", "--yes", "--json")
    order_id = json.loads(placed.stdout)["order_id"]
    assert json.loads(placed.stdout)["client_order_id"] == "mine"
    assert f"\n{order_id}\tBTCUSDT\tBUY\tLIMIT\tNEW\t" in run("order", "list").stdout

    assert "\tCANCELED\t" in run("order", "cancel", "BTCUSDT", "--id", "mine", "--yes").stdout

    run(*TERMS, "--yes")
    run(*TERMS, "--yes")
    assert run("order", "cancel", "BTCUSDT", "--all", "--yes").stdout.count("CANCELED") == 2
    assert account.request("openOrders.status") == []
    assert run(*TERMS, "--test").stdout == "the exchange would take it\n"


def test_a_futures_order(run: Any) -> None:
    terms = ["order", "place", "BTCUSDT", "BUY", "0.01", "--price", "50000", "--market", "usdm"]
    order_id = json.loads(run(*terms, "--yes", "--json").stdout)["order_id"]

    result = run("order", "cancel", "BTCUSDT", str(order_id), "--market", "usdm", "--yes")

    assert "\tCANCELED\t" in result.stdout


def test_a_call_that_changes_something_is_asked_about(run: Any, account: AccountHandle) -> None:
    call = [
        "call",
        "submit_new_order",
        "symbol=BTCUSDT",
        "side=SELL",
        "type=MARKET",
        "quantity=0.01",
    ]

    assert run(*call, answer="n\n").exit_code == 1
    assert account.balances()["BTC"].free == 100
    assert '"status": "FILLED"' in run(*call, "--yes").stdout


def test_the_events_of_the_account(
    run: Any, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    def trade() -> None:
        exchange.journal.wait_for(
            lambda frame: frame.direction == "out" and b"subscriptionId" in frame.text, 60
        )
        account.request("order.place", BOUGHT)

    thread = threading.Thread(target=trade)
    thread.start()
    result = run("tail", "user-data", "--count", "1")
    thread.join()

    assert result.stdout.startswith("OrderUpdate(")


@pytest.mark.parametrize(
    ("line", "status", "words"),
    [
        ("book NOSUCH", 1, "Error: RequestRejected: depth refused.*Invalid symbol"),
        ("order place BTCUSDT BUY much", 2, "'much' is no number"),
        ("order place BTCUSDT BUY nan", 2, "'nan' is no number"),
        ("order cancel BTCUSDT --yes", 2, "give one of ORDER_ID, --id and --all"),
        ("order cancel BTCUSDT --all --market usdm", 2, "--all is for Spot"),
        ("order place BTCUSDT BUY 1 --test --market usdm", 2, "--test is for Spot"),
        ("call get_order_bok", 2, "'get_order_bok' is no operation of spot"),
        ("call depth BTCUSDT", 2, "'BTCUSDT' is no parameter: write NAME=VALUE"),
        ("call depth symbol=BTCUSDT limt=5", 1, "ParameterError: .*limt"),
        ("call depth symbol=BTCUSDT limit=many", 1, "ParameterError: .*many"),
        ("nosuch", 2, "No such command"),
    ],
)
def test_what_cannot_be_done(run: Any, line: str, status: int, words: str) -> None:
    result = run(*line.split())

    assert result.exit_code == status, result.output
    assert re.search(words, result.stderr), result.stderr
    assert "Traceback" not in result.output


def test_what_needs_a_key_says_so(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BINANCE_API_SECRET")

    result = run("balances")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "set BINANCE_API_SECRET in the environment" in result.stderr
    assert run("book", "BTCUSDT").exit_code == 0


def test_an_option_wins_over_the_environment(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_WSAPI_ENV", "testnet")

    assert run("book", "BTCUSDT", "--env", "simulator").exit_code == 0


def test_the_doctor_finds_all_well(run: Any) -> None:
    result = run("doctor")

    assert result.exit_code == 0
    for words in (
        r"ok      Spot: 127.0.0.1 reached in [\d.]+ ms \(no TLS, no proxy\)",
        "ok      USD-M: ",
        "ok      COIN-M: ",
        "ok      clock: ",
        r"ok      round trip: median [\d.]+ ms, 95 of 100 within ",
        "ok      key: Ed25519, taken from this address, may trade",
        r"ok      limits: used spot: [\d]+ of 6000 REQUEST_WEIGHT",
    ):
        assert re.search(words, result.stdout), (words, result.stdout)


def test_the_doctor_names_what_is_wrong(
    run: Any, exchange: SimulatedExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINANCE_API_KEY", "another")
    result = run("doctor")
    assert result.exit_code == 1
    assert re.search("failed  (?:Spot|key): .*AuthenticationFailed|API-key", result.stdout)

    exchange.stop_listening()
    result = run("doctor", "--timeout", "0.2")
    assert result.exit_code == 1
    assert "failed  Spot: " in result.stdout


def test_an_interrupted_order_is_not_lost_from_sight(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        interrupt = KeyboardInterrupt()
        interrupt.add_note("the order mine was sent")
        raise interrupt

    monkeypatch.setattr(SpotNamespace, "submit_new_order", interrupted)

    result = run(*TERMS, "--yes")

    assert result.exit_code == 1
    assert "the order mine was sent" in result.stderr


_WITHOUT = "import sys; sys.modules['click'] = None; from binance_wsapi.__main__ import main; "


@pytest.mark.parametrize(
    ("arguments", "status"), [(["book", "BTCUSDT"], 2), (["--help"], 0), ([], 0)]
)
def test_without_the_extra_it_says_what_to_install(arguments: list[str], status: int) -> None:
    found = subprocess.run(
        [sys.executable, "-c", f"{_WITHOUT}sys.exit(main({arguments}))"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert found.returncode == status
    assert "pip install 'binance-wsapi[cli]'" in found.stderr


def test_completion_for_the_shell() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "binance_wsapi"],
        env={"_BINANCE_WSAPI_COMPLETE": "zsh_source"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "#compdef binance-wsapi" in found.stdout


def test_journal_is_shown_and_pruned(
    exchange: SimulatedExchange, account: AccountHandle, run: Any, tmp_path: Path
) -> None:
    file = tmp_path / "orders.db"
    with exchange.client(account.create_key(), journal=file) as client:
        order = client.spot.submit_new_order(
            symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.01"
        )
        held = run("journal", "prune", str(file))
    shown = run("journal", "show", str(file))
    as_json = json.loads(run("journal", "show", str(file), "--json").output)

    assert held.exit_code == 1
    assert "held by this process" in held.output
    assert "order.place" in shown.output
    assert str(order.result.client_order_id) in shown.output
    assert as_json["state"] == "accepted"
    assert not run("journal", "show", str(file), "--open").output.splitlines()[1:]
    assert run("journal", "prune", str(file), "--days", "0").output == "1 deleted\n"
    assert not run("journal", "show", str(file)).output.splitlines()[1:]


def test_file_that_is_no_journal_is_told(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "orders.db"
    file.write_text("no database")

    assert "cannot be read" in run("journal", "show", str(file)).output
    assert "cannot be used" in run("journal", "prune", str(file)).output
