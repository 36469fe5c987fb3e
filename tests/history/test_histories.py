"""Histories in one line, against the embedded exchange: whole, in order, resumable, on both clients."""

from __future__ import annotations

import asyncio
import csv
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from callers import FLAVOURS, AwaitingCaller, Caller, Flavour, caller_of
from giving_up import given_up_when
from hypothesis import given, settings
from hypothesis import strategies as st

from binance_wsapi import ConfigurationError, IpBanned, NotSent, ParameterError, RateLimited
from binance_wsapi.history.histories import AsyncHistory, History
from binance_wsapi.markets import Market
from binance_wsapi.simulator import SimulatedClock, SimulatedExchange
from binance_wsapi.simulator.doors.request_limits import LimitRules, Window

BEGAN_US = 1_795_824_000_000_000
SYMBOLS = {"spot": "BTCUSDT", "usdm": "BTCUSDT", "coinm": "BTCUSD_PERP"}
NUMBERED = {
    "aggregate_trades": "aggregate_trade_id",
    "trades": "trade_id",
    "my_trades": "trade_id",
    "all_orders": "order_id",
}
TRUTH = {
    "spot": {
        "klines": ("/api/v3/klines", False),
        "aggregate_trades": ("/api/v3/aggTrades", False),
        "trades": ("/api/v3/historicalTrades", False),
        "my_trades": ("/api/v3/myTrades", True),
        "all_orders": ("/api/v3/allOrders", True),
    },
    "usdm": {
        "klines": ("/fapi/v1/klines", False),
        "aggregate_trades": ("/fapi/v1/aggTrades", False),
        "trades": ("/fapi/v1/trades", False),
        "my_trades": ("/fapi/v1/userTrades", True),
        "all_orders": ("/fapi/v1/allOrders", True),
    },
    "coinm": {
        "klines": ("/dapi/v1/klines", False),
        "aggregate_trades": ("/dapi/v1/aggTrades", False),
        "trades": ("/dapi/v1/trades", False),
        "my_trades": ("/dapi/v1/userTrades", True),
        "all_orders": ("/dapi/v1/allOrders", True),
    },
}
"""Where the newest 1,000 rows stand at once, and whether that is signed."""
CASES = [(market, name) for market in SYMBOLS for name in ("klines", *NUMBERED)]


@pytest.fixture(scope="module")
def traded() -> Iterator[tuple[SimulatedExchange, Any]]:
    """An exchange where an account and strangers traded with all kinds of gaps, and the account's key."""
    clock = SimulatedClock(start_us=BEGAN_US, frozen=True)
    dice = random.Random(11)
    with SimulatedExchange(clock=clock, seed=11) as exchange:
        # Wide, and told so: a client keeps to the limits by itself.
        wide = LimitRules(weight=Window("MINUTE", 1, 10**9))
        exchange.limits.set_rules(wide)
        exchange.futures_limits.set_rules(wide)
        account, stranger = exchange.create_account(), exchange.create_account()
        for market, symbol in SYMBOLS.items():
            quantity = "1" if market == "coinm" else "0.01"
            order = {
                "symbol": symbol,
                "side": "BUY",
                "type": "LIMIT",
                "timeInForce": "GTC",
                "quantity": quantity,
                "price": "60000",
            }
            for _ in range(45):
                clock.advance(dice.choice((0, 0.001, 0.5, 45, 200)))
                owner = dice.choice((account, account, stranger))
                owner.request("order.place", order, market=Market(market))
                if dice.random() < 0.8:
                    exchange.trade(symbol, "SELL", quantity, "60000", market=Market(market))
        yield exchange, account.create_key()


@pytest.fixture(scope="module", params=FLAVOURS)
def reader(
    request: pytest.FixtureRequest, traded: tuple[SimulatedExchange, Any]
) -> Iterator[Caller]:
    exchange, key = traded
    caller = caller_of(request.param, **exchange.client_options(key), attach_event_listeners=False)
    caller.call(lambda client: client.spot.test_connectivity())
    caller.call(lambda client: client.usdm.get_order_book(symbol="BTCUSDT"))
    yield caller
    caller.close()


@pytest.fixture(scope="module")
def truth(traded: tuple[SimulatedExchange, Any]) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """Number and time of every row, asked for at once."""
    exchange, key = traded
    found = {}
    with exchange.client(key) as client:
        for market, name in CASES:
            path, signed = TRUTH[market][name]
            asked = {"symbol": SYMBOLS[market], "limit": 1000}
            asked |= {"interval": "1m"} if name == "klines" else {}
            rows = client.rest(market, "GET", path, asked, signed=signed).result  # type: ignore[arg-type]
            found[market, name] = [_number_and_time(name, row) for row in rows]
    assert all(len(rows) > 20 for rows in found.values())
    return found


def _number_and_time(name: str, row: Any) -> tuple[int, int]:
    if name == "klines":
        return row[0], row[0]
    if name == "aggregate_trades":
        return row["a"], row["T"]
    return row["orderId" if name == "all_orders" else "id"], row["time"]


def history_of(client: Any, market: str, name: str, page: int | None = None) -> Any:
    """Return the method that reads a history, in pages of a size."""
    history: Any = getattr(client, market).history
    if page is not None:
        source = getattr(history._sources, name)
        history._sources = replace(history._sources, **{name: replace(source, page=page)})
    method = getattr(history, name)
    if name == "klines":
        return lambda symbol, **given: method(symbol, "1m", **given)
    return method


def read(caller: Caller, rows: Any) -> list[Any]:
    """Return all rows that are left."""
    if not isinstance(caller, AwaitingCaller):
        return list(rows)

    async def collect() -> list[Any]:
        return [row async for row in rows]

    found: list[Any] = caller.call(lambda client: collect())
    return found


def number(name: str, row: Any) -> int:
    found: int = getattr(row, NUMBERED.get(name, "open_time"))
    return found


@pytest.mark.parametrize(("market", "name"), CASES)
@settings(max_examples=12, deadline=None)
@given(
    page=st.integers(1, 9) | st.integers(1, 100),
    start=st.integers(-10, 20) | st.integers(0, 3_000_000),
    length=st.none() | st.integers(0, 3_000_000),
)
def test_between_two_times(
    reader: Caller,
    truth: dict[tuple[str, str], list[tuple[int, int]]],
    market: str,
    name: str,
    page: int,
    start: int,
    length: int | None,
) -> None:
    expected = truth[market, name]
    since = expected[0][1] + start
    until = None if length is None else since + length
    make = history_of(reader.client, market, name, page)

    rows = read(reader, make(SYMBOLS[market], start=since, end=until))

    assert [number(name, row) for row in rows] == [
        each for each, at in expected if at >= since and (until is None or at < until)
    ]


@pytest.mark.parametrize(("market", "name"), CASES)
def test_behind_a_row(
    reader: Caller, truth: dict[tuple[str, str], list[tuple[int, int]]], market: str, name: str
) -> None:
    expected = [each for each, _ in truth[market, name]]
    make = history_of(reader.client, market, name, 7)
    rows = make(SYMBOLS[market], start="2026-11-01")
    first = read(reader, make(SYMBOLS[market], start="2026-11-01"))[:10]

    behind_row = read(reader, make(SYMBOLS[market], after=first[-1]))
    behind_number = read(reader, make(SYMBOLS[market], after=number(name, first[-1])))
    nothing = read(reader, make(SYMBOLS[market], after=expected[-1]))

    assert [number(name, row) for row in behind_row] == expected[10:]
    assert behind_number == behind_row
    assert nothing == []
    assert read(reader, rows)[:10] == first
    assert rows.last == behind_row[-1]


@pytest.mark.parametrize("market", SYMBOLS)
@pytest.mark.parametrize("name", ["my_trades", "all_orders"])
def test_what_is_the_accounts_begins_with_its_first(
    reader: Caller, truth: dict[tuple[str, str], list[tuple[int, int]]], market: str, name: str
) -> None:
    rows = read(reader, history_of(reader.client, market, name)(SYMBOLS[market]))

    assert [number(name, row) for row in rows] == [each for each, _ in truth[market, name]]


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("market", SYMBOLS)
def test_what_is_the_accounts_is_read_though_nothing_came_for_more_than_a_week(
    flavour: Flavour, market: str
) -> None:
    """Futures show the newest rows of seven days alone where no id is asked from."""
    clock = SimulatedClock(start_us=BEGAN_US, frozen=True)
    symbol, quantity = SYMBOLS[market], "1" if market == "coinm" else "0.01"
    order = {
        "symbol": symbol,
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": quantity,
        "price": "60000",
    }
    with SimulatedExchange(clock=clock) as exchange:
        account = exchange.create_account()
        for _ in range(3):
            account.request("order.place", order, market=Market(market))
            exchange.trade(symbol, "SELL", quantity, "60000", market=Market(market))
        clock.advance(8 * 86_400)
        options = exchange.client_options(account.create_key())
        caller = caller_of(flavour, **options, attach_event_listeners=False)
        try:
            for name in ("my_trades", "all_orders"):
                make = history_of(caller.client, market, name)
                everything = read(caller, make(symbol))
                assert len({row.order_id for row in everything}) == 3, name
                assert read(caller, make(symbol, start=BEGAN_US // 1000)) == everything
                assert read(caller, make(symbol, start=BEGAN_US // 1000 + 1)) == []
        finally:
            caller.close()


@pytest.mark.parametrize(
    "start",
    ["2026-11-28", "2026-11-28T00:00Z", date(2026, 11, 28), datetime(2026, 11, 28, tzinfo=UTC)],
)
def test_times_in_all_forms(reader: Caller, start: Any) -> None:
    rows = read(reader, history_of(reader.client, "spot", "klines")("BTCUSDT", start=start))

    assert rows == read(
        reader, history_of(reader.client, "spot", "klines")("BTCUSDT", start=BEGAN_US // 1000)
    )


def test_in_microseconds(traded: tuple[SimulatedExchange, Any], truth: Any) -> None:
    exchange, key = traded
    with exchange.client(key, time_unit="MICROSECOND") as client:
        for name in ("klines", *NUMBERED):
            expected = truth["spot", name]
            rows = list(history_of(client, "spot", name, 5)("BTCUSDT", start=expected[3][1]))

            numbers = [number(name, row) for row in rows]
            numbers = [each // 1000 for each in numbers] if name == "klines" else numbers
            assert numbers == [each for each, at in expected if at >= expected[3][1]]


# Limits, errors, interrupts


class Sender:
    """Answers the calls of a history as a test says: a page of candles, or an error."""

    def __init__(self, *answers: Any, is_async: bool) -> None:
        self.answers = list(answers)
        self.asked: list[Any] = []
        self.is_async = is_async

    def __call__(self, kind: Any, writer: Any, given: Any) -> Any:
        self.asked.append(given["start_time"])
        answer = self.answers.pop(0)

        def settle() -> Any:
            if isinstance(answer, Exception):
                raise answer
            return type("Response", (), {"result": [candle(at) for at in answer]})()

        async def awaited() -> Any:
            return settle()

        return awaited() if self.is_async else settle()


def candle(minute: int) -> Any:
    return type("Candle", (), {"open_time": BEGAN_US // 1000 + minute * 60_000})()


def limit(seconds: float | None) -> NotSent:
    return NotSent("no", operation="klines", reason="limit", retry_after=seconds)


def limited(seconds: float | None, kind: type[RateLimited] = RateLimited) -> RateLimited:
    return kind("no", code=-1003, status=429, operation="klines", retry_after=seconds)


@pytest.fixture(params=FLAVOURS)
def scripted_read(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[list[int], list[float], list[int]]]:
    """Read candles from scripted answers; return their minutes, the waits, and the minutes asked from."""
    is_async = request.param == "async"
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(round(seconds, 2))

    def run(*answers: Any) -> tuple[list[int], list[float], list[int]]:
        sender = Sender(*answers, is_async=is_async)
        history: Any = (AsyncHistory if is_async else History)(sender, Market.SPOT)
        rows = history.klines("BTCUSDT", "1m", start=BEGAN_US // 1000)
        with monkeypatch.context() as patch:
            patch.setattr(
                "binance_wsapi.history.rows.time.sleep", lambda s: waits.append(round(s, 2))
            )
            patch.setattr("binance_wsapi.history.rows.asyncio.sleep", sleep)
            if is_async:

                async def collect() -> list[Any]:
                    return [row async for row in rows]

                found = asyncio.run(collect())
            else:
                found = list(rows)
        origin = BEGAN_US // 1000
        return (
            [(row.open_time - origin) // 60_000 for row in found],
            waits,
            [-(-(at - origin) // 60_000) for at in sender.asked],
        )

    return run


def test_a_limit_is_waited_for_and_the_same_page_asked_for(scripted_read: Any) -> None:
    read_minutes, waits, asked = scripted_read(
        [0, 1], limit(12.5), limited(3.0), limited(None), [2], []
    )

    assert read_minutes == [0, 1, 2]
    assert waits == [12.55, 3.05, 1.05]
    assert asked == [0, 2, 2, 2, 2, 3]


@pytest.mark.parametrize(
    "error",
    [
        limit(120.0),
        limit(None),
        limited(120.0),
        limited(30.0, IpBanned),
        NotSent("no", operation="klines", reason="not connected"),
    ],
    ids=str,
)
def test_what_waiting_does_not_mend_is_raised(scripted_read: Any, error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        scripted_read([0], error)

    assert raised.value is error


@pytest.mark.parametrize("market", SYMBOLS)
def test_an_error_leaves_it_where_it_was(
    reader: Caller, traded: tuple[SimulatedExchange, Any], truth: Any, market: str
) -> None:
    exchange, _ = traded
    make = history_of(reader.client, market, "trades", 10)
    rows = make(SYMBOLS[market], after=0)
    if market == "spot":
        exchange.faults.on("trades.historical", skip=2).refuse(-1000)
    else:
        path = TRUTH[market]["trades"][0].replace("trades", "historicalTrades")
        exchange.faults.refuse_rest(503, path=path)

    with pytest.raises(Exception, match=r"-1000|503"):
        read(reader, rows)
    before = rows.last
    rest = read(reader, rows)

    expected = [each for each, _ in truth[market, "trades"] if each > 0]
    count = 0 if before is None else expected.index(before.trade_id) + 1
    assert [row.trade_id for row in rest] == expected[count:]
    exchange.faults.clear()


def test_given_up_it_goes_on_where_it_was(
    reader: Caller, traded: tuple[SimulatedExchange, Any], truth: Any
) -> None:
    exchange, _ = traded
    rows = history_of(reader.client, "spot", "trades", 10)("BTCUSDT", after=0)
    swallowed = exchange.faults.on("trades.historical", skip=2).swallow()
    found: list[Any] = []

    def collect(client: Any) -> Any:
        if not isinstance(reader, AwaitingCaller):
            found.extend(rows)
            return None

        async def collect_async() -> None:
            async for row in rows:
                found.append(row)

        return collect_async()

    given_up_when(lambda: swallowed.wait(), reader, collect)
    found = [*found, *read(reader, rows)] if isinstance(reader, AwaitingCaller) else found
    rest = [] if isinstance(reader, AwaitingCaller) else read(reader, rows)

    expected = [each for each, _ in truth["spot", "trades"] if each > 0]
    assert [row.trade_id for row in [*found, *rest]][-len(expected) :] == expected
    assert len(found) + len(rest) == len(expected)


# Files


@pytest.fixture
def parquet() -> Any:
    return pytest.importorskip("pyarrow.parquet")


def in_file(caller: Caller, rows: Any, method: str, *given: Any, **more: Any) -> int:
    write = getattr(rows, method)
    if isinstance(caller, AwaitingCaller):
        count: int = caller.call(lambda client: write(*given, **more))
        return count
    written: int = write(*given, **more)
    return written


def test_a_csv_file_can_be_gone_on_with(reader: Caller, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    make = history_of(reader.client, "usdm", "all_orders", 6)
    everything = read(reader, make("BTCUSDT"))

    first = in_file(reader, make("BTCUSDT", end=everything[9].time), "to_csv", path, append=True)
    last = int(path.read_text().splitlines()[-1].split(",")[0])
    rest = in_file(reader, make("BTCUSDT", after=last), "to_csv", path, append=True)

    with path.open(newline="") as file:
        written = list(csv.DictReader(file))
    assert first + rest == len(written) == len(everything)
    assert [row["order_id"] for row in written] == [str(row.order_id) for row in everything]
    assert {row["side"] for row in written} == {"BUY"}
    assert {row["price"] for row in written} == {f"{everything[0].price:f}"}
    assert {row["reduce_only"] for row in written} == {"false"}
    assert in_file(reader, make("BTCUSDT"), "to_csv", path) == len(everything)
    assert len(path.read_text().splitlines()) == len(everything) + 1


@pytest.mark.parametrize(("market", "name"), CASES)
def test_a_parquet_file_has_typed_columns(
    reader: Caller, parquet: Any, tmp_path: Path, market: str, name: str
) -> None:
    path = tmp_path / "rows.parquet"
    make = history_of(reader.client, market, name, 6)
    everything = read(reader, make(SYMBOLS[market], start="2026-11-01"))

    count = in_file(reader, make(SYMBOLS[market], start="2026-11-01"), "to_parquet", path)

    table = parquet.read_table(path)
    assert count == table.num_rows == len(everything)
    at = "open_time" if name == "klines" else "time"
    price = "open_price" if name == "klines" else "price"
    first = table.slice(0, 1).to_pylist()[0]
    assert first[at] == datetime.fromtimestamp(getattr(everything[0], at) / 1000, UTC)
    assert first[price] == getattr(everything[0], price)
    assert isinstance(first[price], Decimal)
    assert "unused" not in first


def test_a_csv_file_is_whole_up_to_an_error(
    reader: Caller, traded: tuple[SimulatedExchange, Any], tmp_path: Path
) -> None:
    exchange, _ = traded
    path = tmp_path / "trades.csv"
    exchange.faults.on("trades.historical", skip=3).refuse(-1000)
    rows = history_of(reader.client, "spot", "trades", 5)("BTCUSDT", after=0)

    with pytest.raises(Exception, match="-1000"):
        in_file(reader, rows, "to_csv", path)

    written = path.read_text().splitlines()
    assert len(written) == 1 + 10
    assert written[-1].split(",")[0] == str(rows.last.trade_id)


@pytest.mark.parametrize(("module", "ask"), [("pyarrow", "to_parquet"), ("tqdm.auto", "progress")])
def test_what_an_extra_is_missing_for_is_named(
    traded: tuple[SimulatedExchange, Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    module: str,
    ask: str,
) -> None:
    exchange, key = traded
    monkeypatch.setitem(sys.modules, module, None)

    with exchange.client(key) as client:
        history = client.spot.history

        def read_all() -> Any:
            rows = history.my_trades("BTCUSDT", progress=ask == "progress")
            return rows.to_parquet(tmp_path / "x")

        with pytest.raises(ConfigurationError, match=rf"{ask}.* needs .*binance-wsapi\[history\]"):
            read_all()


# Progress


def test_a_bar_is_shown_when_asked_for(
    reader: Caller, truth: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tqdm")
    count = len(truth["spot", "trades"])

    read(
        reader,
        history_of(reader.client, "spot", "trades", 10)(
            "BTCUSDT", start="2026-11-01", progress=True
        ),
    )

    shown = capsys.readouterr().err
    assert "BTCUSDT trades.historical: 100%" in shown
    assert f"{count}.0/{count}.0" in shown


def test_no_bar_is_shown_where_nobody_watches(
    reader: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    read(reader, history_of(reader.client, "spot", "trades", 10)("BTCUSDT", start="2026-11-01"))

    assert not capsys.readouterr().err


def test_a_bar_is_shown_where_a_terminal_watches(
    traded: tuple[SimulatedExchange, Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("tqdm")
    exchange, key = traded
    with exchange.client(key) as client:
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        list(client.spot.history.my_trades("BTCUSDT"))
        assert "BTCUSDT myTrades" in capsys.readouterr().err

        list(client.spot.history.my_trades("BTCUSDT", progress=False))
        assert not capsys.readouterr().err


# Bad input


@pytest.mark.parametrize("market", SYMBOLS)
@pytest.mark.parametrize(
    ("ask", "parameter", "says"),
    [
        (lambda h: h.klines("btcusdt", "1m", start=0), "symbol", "write 'BTCUSDT'"),
        (lambda h: h.klines("BTCUSDT", "1M ", start=0), "interval", "write '1M'"),
        (lambda h: h.klines("BTCUSDT", "1m"), "start", "start is missing"),
        (lambda h: h.trades("BTCUSDT"), "start", "start is missing"),
        (lambda h: h.klines("BTCUSDT", "1m", start="yesterday"), "start", "ISO text"),
        (lambda h: h.all_orders("BTCUSDT", end=1.5), "end", "whole epoch milliseconds"),
        (
            lambda h: h.my_trades("BTCUSDT", start=2_000, end=1_000),
            "end",
            "end=1000 lies before start=2000",
        ),
        (
            lambda h: h.trades("BTCUSDT", after="7"),
            "after",
            "pass the last row you have, or its trade_id",
        ),
    ],
)
@pytest.mark.parametrize("kind", [History, AsyncHistory])
def test_bad_input_is_refused_when_it_is_given(
    market: str, ask: Callable[[Any], Any], parameter: str, says: str, kind: Any
) -> None:
    def send(*_: Any) -> None:
        raise AssertionError("nothing may be sent")

    with pytest.raises(ParameterError) as refused:
        ask(kind(send, Market(market)))

    assert refused.value.parameter == parameter
    assert says in str(refused.value)
    assert refused.value.__context__ is None or refused.value.__suppress_context__


def test_candles_of_now_have_an_end(traded: tuple[SimulatedExchange, Any]) -> None:
    """The exchange's clock is months ahead here, and the newest candle is told all the same."""
    exchange, key = traded
    assert exchange.clock.now_us() > BEGAN_US
    with exchange.client(key) as client:
        rows = list(client.spot.history.klines("BTCUSDT", "1m", start="2026-11-01"))

    assert rows[-1].open_time == exchange.clock.now_us() // 60_000_000 * 60_000
    assert time.time() > 0
