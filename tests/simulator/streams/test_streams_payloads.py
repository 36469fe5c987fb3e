from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from streams_bench import START_US, Bench

from binance_wsapi.simulator.doors.wire import plain
from binance_wsapi.simulator.market_data.intervals import MINUTE, SECOND

STREAMS: dict[str, dict[str, Any]] = {
    stream["name"]: stream
    for stream in json.loads(
        (Path(__file__).parents[2] / "reference" / "spot" / "events.json").read_text()
    )["market_streams"]["streams"]
}


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.level("BUY", "99", "3")
    bench.level("SELL", "101", "4")
    bench.trade("100", "2")
    return bench


def shape(value: Any) -> Any:
    """Return field names in order and JSON types."""
    if isinstance(value, dict):
        return [(name, shape(inner)) for name, inner in value.items()]
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return type(value).__name__


def stir(bench: Bench) -> None:
    """Make something happen that every stream speaks of."""
    bench.clock.advance(0.01)
    bench.level("BUY", "99", "5")
    bench.level("SELL", "101", "6")
    bench.trade("100", "1", taker=5)
    bench.data.block_trades.record("BTCUSDT", Decimal(98), Decimal(700), buyer_is_maker=True)
    bench.clock.advance(2)


NAMES = [
    ("trade", "btcusdt@trade"),
    ("aggTrade", "btcusdt@aggTrade"),
    ("blockTrade", "btcusdt@blockTrade"),
    ("referencePrice", "btcusdt@referencePrice"),
    ("kline", "btcusdt@kline_1m"),
    ("kline", "btcusdt@kline_1s"),
    ("kline_utc8", "btcusdt@kline_1d@+08:00"),
    ("miniTicker", "btcusdt@miniTicker"),
    ("all_miniTicker", "!miniTicker@arr"),
    ("ticker", "btcusdt@ticker"),
    ("rolling_ticker", "btcusdt@ticker_1h"),
    ("all_rolling_ticker", "!ticker_1h@arr"),
    ("bookTicker", "btcusdt@bookTicker"),
    ("avgPrice", "btcusdt@avgPrice"),
    ("partial_depth", "btcusdt@depth5"),
    ("diff_depth", "btcusdt@depth"),
    ("diff_depth", "btcusdt@depth@100ms"),
]
"""Documented streams, and names to subscribe to."""


def test_every_documented_stream_is_looked_at() -> None:
    assert {documented for documented, _ in NAMES} == STREAMS.keys()


@pytest.mark.parametrize(("documented", "name"), NAMES)
@pytest.mark.parametrize("is_combined", [False, True])
def test_payloads_have_the_documented_shape(
    bench: Bench, documented: str, name: str, is_combined: bool
) -> None:
    bench.data.set_reference_price("BTCUSDT", Decimal(100))
    wire = bench.connect(f"/stream?streams={name}" if is_combined else f"/ws/{name}")
    stir(bench)

    payload = wire.take()[0]
    if is_combined:
        assert list(payload) == ["stream", "data"]
        assert payload["stream"] == name
        payload = payload["data"]
    assert shape(payload) == shape(STREAMS[documented]["samples"][0])
    if isinstance(payload, dict) and "e" in payload and STREAMS[documented]["event"]:
        event = STREAMS[documented]["event"]
        assert payload["e"] in (event if isinstance(event, list) else [event])


def test_trades_are_told_one_by_one(bench: Bench) -> None:
    wire = bench.connect("/ws/btcusdt@trade")
    bench.trade("100", "1", taker=7)
    bench.trade("100", "2", taker=7, buyer_is_maker=True)
    bench.trade("10", "2", symbol="ETHUSDT")

    assert [(event["t"], event["q"], event["m"]) for event in wire.take()] == [
        (1, "1.00000000", False),
        (2, "2.00000000", True),
    ]


def test_an_aggregate_trade_is_told_whole(bench: Bench) -> None:
    wire = bench.connect("/ws/btcusdt@aggTrade")
    bench.trade("100", "1", taker=7)
    bench.trade("100", "2", taker=7)
    bench.trade("101", "4", taker=7)
    assert wire.take() == []
    bench.clock.run_due()
    bench.trade("102", "8", taker=8)
    bench.clock.run_due()

    events = wire.take()
    assert [(event["a"], event["q"], event["f"], event["l"]) for event in events] == [
        (1, "3.00000000", 1, 2),
        (2, "4.00000000", 3, 3),
        (3, "8.00000000", 4, 4),
    ]


def test_the_book_ticker_speaks_of_best_levels_only(bench: Bench) -> None:
    wire = bench.connect("/ws/btcusdt@bookTicker")
    bench.level("BUY", "98", "7")
    bench.clock.run_due()
    assert wire.take() == []
    bench.level("BUY", "100", "7")
    bench.level("BUY", "100", "8")
    bench.clock.run_due()
    bench.level("SELL", "101", "0")
    bench.clock.run_due()

    first, second = wire.take()
    assert (first["u"], first["b"], first["B"]) == (1_005, "100.00000000", "8.00000000")
    assert (second["a"], second["A"]) == ("0.00000000", "0.00000000")


def test_a_candle_is_told_closed_once(bench: Bench) -> None:
    wire = bench.connect("/ws/btcusdt@kline_1m")
    bench.clock.advance(70)

    events = [event["k"] for event in wire.take()]
    closed = [candle for candle in events if candle["x"]]
    assert len(closed) == 1
    assert (closed[0]["o"], closed[0]["n"], closed[0]["f"]) == ("100.00000000", 1, 0)
    after = events[events.index(closed[0]) + 1]
    assert after["t"] == closed[0]["T"] + 1
    assert (after["n"], after["f"], after["o"]) == (0, -1, "100.00000000")
    # Every two seconds of 70 there is one event.
    assert len(events) == 35


def test_candles_of_a_second_come_each_second(bench: Bench) -> None:
    wire = bench.connect("/ws/btcusdt@kline_1s")
    bench.clock.advance(5)

    opens = [event["k"]["t"] for event in wire.take()]
    assert opens == [START_US // SECOND * 1_000 + 1_000 * step for step in range(5)]


def test_a_market_without_trades_has_no_candles(bench: Bench) -> None:
    wire = bench.connect("/ws/ethusdt@kline_1m")
    bench.clock.advance(70)

    assert wire.take() == []


@pytest.mark.parametrize(("name", "events"), [("depth5", 3), ("depth5@100ms", 30)])
def test_partial_depth_keeps_its_speed(bench: Bench, name: str, events: int) -> None:
    wire = bench.connect(f"/ws/btcusdt@{name}")
    for price in range(90, 99):
        bench.level("BUY", str(price), "1")
    bench.clock.advance(3)

    told = wire.take()
    assert len(told) == events
    assert [price for price, _ in told[0]["bids"]] == [
        f"{price}.00000000" for price in (99, 98, 97, 96, 95)
    ]
    assert told[0]["asks"] == [["101.00000000", "4.00000000"]]


def test_diff_depth_speaks_only_of_changes(bench: Bench) -> None:
    wire = bench.connect("/ws/btcusdt@depth")
    bench.clock.advance(3)
    assert wire.take() == []
    bench.level("BUY", "99", "1")
    bench.level("BUY", "99", "0")
    bench.level("SELL", "101", "9")
    bench.clock.advance(2)

    (event,) = wire.take()
    assert (event["U"], event["u"]) == (1_003, 1_005)
    assert event["b"] == [["99.00000000", "0.00000000"]]
    assert event["a"] == [["101.00000000", "9.00000000"]]


@pytest.mark.parametrize("name", ["!miniTicker@arr", "!ticker_1h@arr"])
def test_arrays_hold_the_symbols_that_changed(bench: Bench, name: str) -> None:
    wire = bench.connect(f"/ws/{name}")
    bench.clock.advance(1)
    bench.trade("7", symbol="ETHUSDT")
    bench.clock.advance(1)
    bench.clock.advance(1)

    assert [[row["s"] for row in event] for event in wire.take()] == [["BTCUSDT"], ["ETHUSDT"]]


def test_the_average_price_is_told_when_it_changed(bench: Bench) -> None:
    wire = bench.connect("/ws/btcusdt@avgPrice")
    bench.clock.advance(3)
    bench.trade("130", "1")
    bench.clock.advance(MINUTE / SECOND)

    assert [event["w"] for event in wire.take()] == ["100.00000000", "110.00000000"]


def test_an_unset_reference_price_is_null(bench: Bench) -> None:
    wire = bench.connect("/ws/btcusdt@referencePrice")
    bench.clock.advance(1)

    (event,) = wire.take()
    assert event["r"] is None
    assert event["t"] == bench.clock.now_us() // SECOND * 1_000


def test_microseconds_are_told_when_asked_for(bench: Bench) -> None:
    milli = bench.connect("/ws/btcusdt@trade")
    micro = bench.connect("/ws/btcusdt@trade?timeUnit=microsecond")
    trade = bench.trade("100")

    assert milli.take()[0]["T"] == trade.time_us // 1_000
    assert micro.take()[0]["T"] == trade.time_us


def test_tickers_of_streams_and_requests_say_the_same(bench: Bench) -> None:
    wire = bench.connect("/stream?streams=btcusdt@ticker/btcusdt@miniTicker/btcusdt@ticker_4h")
    bench.trade("150", "3")
    bench.clock.advance(1 - START_US % SECOND / SECOND)
    full, mini, rolling = (event["data"] for event in wire.take())
    day = plain(bench.data.handle("ticker.24hr", {"symbol": "BTCUSDT"}), microseconds=False)
    four = plain(
        bench.data.handle("ticker", {"symbol": "BTCUSDT", "windowSize": "4h"}), microseconds=False
    )
    assert isinstance(day, dict)
    assert isinstance(four, dict)

    head = ("e", "E", "s")
    pairs = {
        "p": "priceChange",
        "P": "priceChangePercent",
        "w": "weightedAvgPrice",
        "x": "prevClosePrice",
        "c": "lastPrice",
        "Q": "lastQty",
        "b": "bidPrice",
        "B": "bidQty",
        "a": "askPrice",
        "A": "askQty",
        "o": "openPrice",
        "h": "highPrice",
        "l": "lowPrice",
        "v": "volume",
        "q": "quoteVolume",
        "O": "openTime",
        "C": "closeTime",
        "F": "firstId",
        "L": "lastId",
        "n": "count",
    }
    for event, row in ((full, day), (mini, day), (rolling, four)):
        told = {key: value for key, value in event.items() if key not in head}
        assert told == {key: row[pairs[key]] for key in told}
    assert (full["p"], full["n"], full["b"]) == ("50.00000000", 2, "99.00000000")
