from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from binance_wsapi.simulator.market_data.intervals import HOUR
from binance_wsapi.simulator.spot.stream_name_parser import parse_spot_stream_name

STREAMS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "reference" / "spot" / "events.json").read_text()
)["market_streams"]["streams"]


def documented_names() -> list[str]:
    names = []
    for stream in STREAMS:
        for pattern in filter(None, (stream["pattern"], stream.get("pattern_fast"))):
            name = pattern.replace("<symbol>", "btcusdt").replace("window-size", "window_size")
            choices = {
                "<interval>": stream.get("intervals", ["1m"]),
                "<window_size>": stream.get("window_sizes", []),
                "<levels>": stream.get("levels", []),
            }
            found = next((key for key in choices if key in name), None)
            names += (
                [name.replace(found, str(choice)) for choice in choices[found]] if found else [name]
            )
    return names


@pytest.mark.parametrize("name", documented_names())
def test_every_documented_name_is_known(name: str) -> None:
    assert parse_spot_stream_name(name) is not None


@pytest.mark.parametrize(
    "name",
    [
        "BTCUSDT@trade",
        "btcusdt@Trade",
        "btcusdt@depth7",
        "btcusdt@depth@50ms",
        "btcusdt@kline_1D",
        "btcusdt@kline_7m",
        "btcusdt@kline_1m@+09:00",
        "btcusdt@kline_1m@-08:00",
        "btcusdt@kline_1m@8",
        "btcusdt@ticker_2h",
        "!ticker@arr",
        "!bookTicker",
        "!ticker_2h@arr",
        "!ticker_1h",
        "!miniTicker@arr@2000ms",
        "btcusdt",
        "@trade",
        "",
    ],
)
def test_other_names_are_not(name: str) -> None:
    assert parse_spot_stream_name(name) is None


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("!miniTicker@arr", 1), ("!miniTicker@arr@1000ms", 1), ("!miniTicker@arr@3000ms", 3)],
)
def test_the_array_of_mini_tickers_may_name_its_speed(name: str, seconds: int) -> None:
    asked = parse_spot_stream_name(name)

    assert asked is not None
    assert (asked.kind, asked.symbol, asked.period_seconds) == ("miniTicker", None, seconds)


def test_a_name_says_what_it_asks_for() -> None:
    depth = parse_spot_stream_name("btcusdt@depth20@100ms")
    kline = parse_spot_stream_name("这是测试币456@kline_4h@+08:00")

    assert depth is not None
    assert (depth.kind, depth.symbol, depth.levels, depth.is_fast) == (
        "partialDepth",
        "btcusdt",
        20,
        True,
    )
    assert kline is not None
    assert kline.interval is not None
    assert (kline.symbol, kline.interval.name, kline.offset_us) == ("这是测试币456", "4h", 8 * HOUR)
