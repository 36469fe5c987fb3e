"""Bots over tapes: files of the exchange's public data, the run itself, and its report."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
import random
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from pyarrow import parquet

from binance_wsapi import Client, OrderNotFound
from binance_wsapi.__main__ import main
from binance_wsapi.markets import Market
from binance_wsapi.models.futures_events import FuturesOrderUpdate
from binance_wsapi.models.spot_stream_events import TradeEvent
from binance_wsapi.models.user_events import OrderUpdate
from binance_wsapi.simulator.backtest import Backtest, Report
from binance_wsapi.simulator.tapes import Tape, read_tape

BEGINS_US = 1_767_225_600_000_000
"""2026-01-01."""

SPOT_TRADES = [
    "5,64000.00,0.50000,32000.00,1767225600000123,True,True",
    "6,64000.10,0.25000,16000.02,1767225600500000,False,True",
]
AGGREGATES = ["7,64000.00,0.5,5,6,1767225600000,true", "8,63999.90,0.1,7,7,1767225601000,false"]
CANDLES = ["1767225600000,64000,64100,63900,64050,1.003,1767225659999,0,4,0,0,0"]


def written(path: Path, rows: list[str], header: str | None = None) -> Path:
    text = "\n".join([*([header] if header else []), *rows]) + "\n"
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{path.stem}.csv", text)
    elif path.suffix == ".parquet":
        columns = zip(*csv.reader(io.StringIO(text)), strict=True)
        table = {f"column_{at}": list(column) for at, column in enumerate(columns)}
        parquet.write_table(pa.table(table), path)
    else:
        path.write_text(text)
    return path


@pytest.mark.parametrize("suffix", ["csv", "zip", "parquet"])
def test_trades_of_the_public_data_are_read(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"BTCUSDT-trades-2026-01-01.{suffix}", SPOT_TRADES)

    tape = read_tape(path)
    trades = list(tape.trades())

    assert (tape.symbol, tape.market, tape.begins_us) == ("BTCUSDT", Market.SPOT, BEGINS_US + 123)
    assert [(each.price, each.quantity, each.buyer_is_maker) for each in trades] == [
        (Decimal("64000.00"), Decimal("0.50000"), True),
        (Decimal("64000.10"), Decimal("0.25000"), False),
    ]
    assert [each.after_seconds for each in trades] == [0.0, 0.499877]


def test_futures_have_a_header_and_milliseconds(tmp_path: Path) -> None:
    header = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"
    path = written(tmp_path / "BTCUSD_PERP-aggTrades-2026-01.csv", AGGREGATES, header)

    tape = read_tape(path, market="coinm")

    assert (tape.symbol, tape.market, tape.begins_us) == ("BTCUSD_PERP", Market.COINM, BEGINS_US)
    assert [each.after_seconds for each in tape.trades()] == [0.0, 1.0]
    assert [each.buyer_is_maker for each in tape.trades()] == [True, False]


def test_a_candle_is_four_trades_that_make_it_again(tmp_path: Path) -> None:
    trades = list(read_tape(written(tmp_path / "BTCUSDT-1m-2026-01.csv", CANDLES)).trades())

    assert [each.price for each in trades] == [64000, 63900, 64100, 64050]
    assert sum(each.quantity for each in trades) == Decimal("1.003")
    assert all(each.quantity % Decimal("0.001") == 0 for each in trades)
    assert trades[-1].after_seconds == 59.999


@pytest.mark.parametrize(
    ("name", "rows", "says"),
    [
        ("tape.csv", SPOT_TRADES, "does not say what is in it"),
        ("BTCUSDT-trades-2026.csv", [], "is empty"),
        ("BTCUSDT-trades-2026.csv", ["1,2,3"], "other columns than trades have"),
        ("BTCUSDT-trades-2026.csv", [*SPOT_TRADES, "6,dear,1,1,1767225600500000,True"], "row 3"),
        ("BTCUSDT-trades-2026.csv", [SPOT_TRADES[0], "6,NaN,1,1,1767225600500000,True"], "row 2"),
    ],
)
def test_what_is_no_tape_is_refused_in_words(
    tmp_path: Path, name: str, rows: list[str], says: str
) -> None:
    path = tmp_path / name
    path.write_text("".join(f"{row}\n" for row in rows))

    with pytest.raises(ValueError, match=says):
        list(read_tape(path).trades())


# --- runs


def walk(path: Path, trades: int = 400, *, contracts: bool = False, seed: int = 1) -> Path:
    """Write a random walk, a trade every 2 seconds."""
    chance, price, rows = random.Random(seed), 64_000.0, []
    for number in range(trades):
        price *= 1 + chance.gauss(0, 0.0005)
        quantity = "9" if contracts else f"{chance.uniform(0.01, 0.5):.3f}"
        time_us = BEGINS_US + number * 2_000_000
        rows.append(f"{number},{price:.1f},{quantity},0,{time_us},{chance.random() < 0.5},True")
    return written(path, rows)


@pytest.fixture
def tape(tmp_path: Path) -> Tape:
    return read_tape(walk(tmp_path / "BTCUSDT-trades-2026-01-01.csv"))


class Ladder:
    """Rests a buy below the last fill and a sell above it, one of each."""

    def __init__(self, client: Client) -> None:
        self.namespace: Any = client.spot
        self.seen: list[Any] = []
        self.rest(Decimal(64_000))

    def rest(self, middle: Decimal) -> None:
        for side, price in (("BUY", middle - 30), ("SELL", middle + 30)):
            self.namespace.submit_new_order(
                "BTCUSDT",
                side=side,
                type="LIMIT",
                time_in_force="GTC",
                price=f"{price:.1f}",
                quantity="0.01",
            )

    def follow(self, event: Any) -> None:
        self.seen.append(event)
        if isinstance(event, OrderUpdate) and event.status == "FILLED":
            with contextlib.suppress(OrderNotFound):  # the other one was filled meanwhile
                self.namespace.cancel_all_open_orders("BTCUSDT")
            self.rest(event.price)


def start(client: Client) -> Any:
    return Ladder(client).follow


def run(*tapes: Tape, bot: Any = start, **terms: Any) -> Report:
    return Backtest(tapes, bot, balances={"USDT": "100000", "BTC": "5"}, **terms).run()


def test_a_bot_trades_on_a_tape_the_same_each_time(tape: Tape) -> None:
    reports = [run(tape), run(tape)]

    assert reports[0].fills == reports[1].fills
    assert reports[0].equity == reports[1].equity
    assert len(reports[0].fills) > 10
    assert reports[0].trades == 400
    assert not reports[0].refused
    assert all(fill.is_maker for fill in reports[0].fills)
    assert set(reports[0].fees) == {"BTC", "USDT"}


def test_fills_happen_where_and_when_the_tape_traded(tape: Tape) -> None:
    printed = list(tape.trades())

    for fill in run(tape).fills:
        at = (fill.time_us - BEGINS_US) / 1e6
        price = next(each.price for each in printed if each.after_seconds == at)
        assert price <= fill.price if fill.side == "BUY" else price >= fill.price


def test_each_event_of_a_stream_comes_at_its_time(tape: Tape) -> None:
    clocks: list[tuple[int | None, int]] = []

    def watch(client: Client) -> Any:
        def follow(event: Any) -> None:
            if isinstance(event, TradeEvent):
                told = client.spot.get_server_time().result.server_time
                clocks.append((event.time, told))

        return follow

    report = run(tape, bot=watch, streams=("btcusdt@trade",))

    assert report.events == 400
    assert len(clocks) == 400
    assert all(told == traded for traded, told in clocks)


def test_what_a_bot_brings_about_is_told_before_time_goes_on(tape: Tape) -> None:
    told: list[tuple[int | None, int]] = []

    def place(client: Client) -> Any:
        ladder = Ladder(client)

        def follow(event: Any) -> None:
            if isinstance(event, OrderUpdate) and event.status == "NEW":
                now = client.spot.get_server_time().result.server_time
                told.append((event.event_time, now))
            ladder.follow(event)

        return follow

    run(tape, bot=place)

    assert len(told) > 10
    assert all(now == placed for placed, now in told)


def test_the_equity_of_a_long_tape_is_looked_at_evenly(tmp_path: Path) -> None:
    path = walk(tmp_path / "BTCUSDT-trades-2026-01-01.csv", trades=5_000)

    report = run(read_tape(path), bot=lambda client: None)

    times = [time_us for time_us, _ in report.equity]
    apart = {after - before for before, after in itertools.pairwise(times[:-1])}
    assert len(times) <= 2_002
    assert apart == {8_000_000}


def test_fees_and_latency_cost_money(tape: Tape) -> None:
    plain = run(tape, fees=(Decimal(0), Decimal(0)))
    dear = run(tape, fees=(Decimal("0.01"), Decimal("0.01")))
    late = run(tape, fees=(Decimal(0), Decimal(0)), latency=4.5)

    assert not any(plain.fees.values())
    assert plain.profit > dear.profit
    assert plain.fills != late.fills
    assert 0 <= dear.drawdown < 1


@pytest.mark.parametrize(
    ("market", "symbol", "wallet"),
    [(Market.USDM, "BTCUSDT", {"USDT": "10000"}), (Market.COINM, "BTCUSD_PERP", {"BTC": "1"})],
)
def test_futures_run_on_tapes_too(
    tmp_path: Path, market: Market, symbol: str, wallet: dict[str, str]
) -> None:
    contracts = market is Market.COINM
    path = walk(tmp_path / f"{symbol}-trades-2026-01-01.csv", contracts=contracts)
    seen: list[Any] = []

    def bot(client: Client) -> Any:
        client.futures(market.value).submit_new_order(
            symbol=symbol,
            side="BUY",
            type="LIMIT",
            time_in_force="GTC",
            price="64010",
            quantity="3" if contracts else "0.01",
        )
        return seen.append

    wallets: dict[str, Any] = {market.value: wallet}
    report = Backtest([read_tape(path, market=market)], bot, **wallets).run()

    assert [fill.market for fill in report.fills] == [market]
    assert any(isinstance(event, FuturesOrderUpdate) for event in seen)
    assert report.equity[0][1] > 0
    assert report.profit != 0


@pytest.mark.parametrize("market", [Market.SPOT, Market.USDM])
def test_an_event_after_an_hour_of_silence_reaches_the_bot(tmp_path: Path, market: Market) -> None:
    rows = [f"{n},64000,1,0,{BEGINS_US + n * 2_000_000},True,True" for n in range(2_000)]
    rows.append(f"2000,63000,1,0,{BEGINS_US + 4_001_000_000},True,True")
    tape = read_tape(written(tmp_path / "BTCUSDT-trades-2026-01-01.csv", rows), market=market)
    seen: list[Any] = []

    def bot(client: Client) -> Any:
        namespace: Any = client.spot if market is Market.SPOT else client.usdm
        terms = {"side": "BUY", "type": "LIMIT", "time_in_force": "GTC", "price": "63500"}
        namespace.submit_new_order("BTCUSDT", quantity="0.01", **terms)
        return seen.append

    run(tape, bot=bot, usdm={"USDT": "10000"})

    names = {"OrderUpdate", "FuturesOrderUpdate"}
    last = [event for event in seen if type(event).__name__ in names][-1]
    assert getattr(last, "order", last).status == "FILLED"
    assert not any(type(event).__name__ == "StreamGap" for event in seen)


def test_several_symbols_keep_their_times(tmp_path: Path) -> None:
    tapes = [
        read_tape(walk(tmp_path / f"{symbol}-trades-2026-01-01.csv", 50, seed=seed))
        for seed, symbol in enumerate(("BTCUSDT", "ETHUSDT"))
    ]
    seen: list[tuple[int, str]] = []

    def bot(client: Client) -> Any:
        return lambda event: seen.append((event.time, event.symbol))

    report = run(*tapes, bot=bot, streams=("btcusdt@trade", "ethusdt@trade"))

    assert report.trades == 100
    assert [time for time, _ in seen] == sorted(time for time, _ in seen)
    assert {symbol for _, symbol in seen} == {"BTCUSDT", "ETHUSDT"}


BOT = """
STREAMS = ("btcusdt@trade",)
CLIENT_OPTIONS = {"order_rules": "round"}

def start(client):
    client.spot.submit_new_order(
        "BTCUSDT", side="BUY", type="LIMIT", time_in_force="GTC", price=63950.123, quantity="0.01"
    )
"""


def test_the_command_runs_a_bot_and_writes_a_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    walk(tmp_path / "BTCUSDT-trades-2026-01-01.csv")
    (tmp_path / "bot.py").write_text(BOT)
    data, out = str(tmp_path / "BTCUSDT-trades-2026-01-01.csv"), tmp_path / "report"

    status = main(
        [
            "backtest",
            str(tmp_path / "bot.py"),
            "--data",
            data,
            "--fees",
            "0,0.001",
            "--out",
            str(out),
        ]
    )

    assert status == 0
    assert "400 trades replayed" in capsys.readouterr().out
    assert json.loads((out / "report.json").read_text())["fills"] == 1
    with (out / "fills.csv").open() as file:
        (fill,) = csv.DictReader(file)
    assert (fill["side"], Decimal(fill["price"])) == ("BUY", Decimal("63950.12"))
    assert Decimal(fill["fee"]) == 0
    assert fill["role"] == "maker"
    assert len((out / "equity.csv").read_text().splitlines()) > 100
    assert (out / "equity.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--data", "missing-trades-1.csv"], "missing-trades-1.csv"),
        (["--data", "BTCUSDT.csv"], "does not say what is in it"),
        (["--data", "{tape}", "--fees", "1"], "is no pair of fees"),
        (["--data", "{tape}", "--latency", "nan"], "is no number of seconds"),
        (["--data", "{tape}"], "defines no start"),
    ],
)
def test_a_command_that_cannot_run_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    path = walk(tmp_path / "BTCUSDT-trades-2026-01-01.csv", 3)
    (tmp_path / "bot.py").write_text("")
    given = [each.replace("{tape}", str(path)) for each in arguments]

    assert main(["backtest", str(tmp_path / "bot.py"), *given]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--data", "{tape}", "--account", "eoptions:USDT=5"], "options are not replayed"),
        (["--data", "{unknown}"], "SOLUSDT is not traded on spot here: BTCUSDT, "),
        (["--data", "coinm:{tape}"], "BTCUSDT is not traded on coinm here"),
        (["--data", "{tape}", "--out", "{tape}"], "File exists"),
    ],
)
def test_a_bot_is_not_run_for_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    tape = walk(tmp_path / "BTCUSDT-trades-2026-01-01.csv", 3)
    unknown = walk(tmp_path / "SOLUSDT-trades-2026-01-01.csv", 3)
    (tmp_path / "bot.py").write_text("def start(client): raise AssertionError('it runs')")
    given = [each.format(tape=tape, unknown=unknown) for each in arguments]

    assert main(["backtest", str(tmp_path / "bot.py"), *given]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"fees": (Decimal("NaN"), Decimal(0))}, "maker='NaN' is no commission"),
        ({"fees": (Decimal(0), Decimal(1))}, "taker='1' is no commission"),
        ({"latency": float("nan")}, "latency=nan is no number of seconds"),
        ({"latency": 1e300}, "latency=1e.300 is no number of seconds"),
    ],
)
def test_what_cannot_be_reckoned_with_is_refused(
    tape: Tape, more: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        run(tape, **more)
