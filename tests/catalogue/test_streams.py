"""The streams of the catalogue are those of the documents."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from binance_wsapi.catalogue.routes import StreamRoute
from binance_wsapi.catalogue.streams import Stream, find_stream, route_of, streams
from binance_wsapi.markets import Market
from binance_wsapi.models.base import UnknownEvent
from binance_wsapi.models.stream_events import EventBatch, decode_stream_event

REFERENCE = Path(__file__).parents[1] / "reference"

# Names of the documents' list -> ours, where the words differ: one word for one thing on all markets.
RENAMED = {
    (Market.SPOT, "all_miniTicker"): "all_mini_tickers",
    (Market.SPOT, "all_rolling_ticker"): "all_rolling_tickers",
}


def documented(market: Market) -> dict[str, dict[str, Any]]:
    events = json.loads((REFERENCE / market.value / "events.json").read_text())
    return {
        RENAMED.get((market, each["name"]), _snake(each["name"])): each
        for each in events["market_streams"]["streams"]
    }


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


STREAMS = [
    pytest.param(stream, id=f"{market.value} {stream.name}")
    for market in Market
    for stream in streams(market)
]


def all_values(stream: Stream) -> dict[str, str]:
    free = {
        "symbol": "BTC-260626-140000-C" if stream.market is Market.EOPTIONS else "BTCUSDT",
        "pair": "BTCUSD",
        "asset_symbol": "ADAUSD",
        "underlying": "BTCUSDT",
        "expiration_date": "260626",
        "contract_address": "G7vQWurMkMMm2dU3iZpXYFTHT9Biio4F4gZCrwFpKNwG",
        "chain_id": "CT_501",
    }
    return {
        param.name: param.values[-1] if param.values else free[param.name]
        for param in stream.params
    }


@pytest.mark.parametrize("market", [each for each in Market if each.facts.stream_events])
def test_every_documented_stream_is_there(market: Market) -> None:
    assert [stream.name for stream in streams(market)] == list(documented(market))


@pytest.mark.parametrize("stream", STREAMS)
def test_names_follow_the_documented_patterns(stream: Stream) -> None:
    theirs = documented(stream.market)[stream.name]
    values = all_values(stream)
    pattern = theirs["pattern"]
    for place in ("window_size", "window-size"):
        pattern = pattern.replace(f"<{place}>", values.get("window_size", ""))
    pattern = pattern.replace("<contractType>", values.get("contract_type", ""))
    pattern = pattern.replace("<assetSymbol>", "adausd").replace("<expirationDate>", "260626")
    pattern = pattern.replace("<contractAddress>", values.get("contract_address", ""))
    pattern = pattern.replace("<chainId>", values.get("chain_id", ""))
    for name, value in values.items():
        pattern = pattern.replace(f"<{name}>", value if name == "interval" else value.lower())
    plain, _, speeds = pattern.partition("[")
    fast = theirs.get("pattern_fast")

    written = {
        stream.name_of(**{**values, **({"speed": speed} if speed else {"speed": None})})
        if any(param.name == "speed" and param.optional for param in stream.params)
        else stream.name_of(**values)
        for speed in (None, *next((p.values for p in stream.params if p.name == "speed"), ()))
    }

    expected = {plain, *(plain + each for each in speeds.strip("]").split("|") if each)}
    if fast:
        expected.add(f"{plain}@{fast.rpartition('@')[2]}")
    assert written == expected


@pytest.mark.parametrize("stream", STREAMS)
def test_choices_are_those_of_the_documents(stream: Stream) -> None:
    theirs = documented(stream.market)[stream.name]
    ours = {param.name: set(param.values) for param in stream.params if param.values}
    listed = {
        "interval": "intervals",
        "levels": "levels",
        "window_size": "window_sizes",
        "contract_type": "contract_types",
    }

    # Candles of UTC+8 have the intervals of the others; their entry does not repeat them.
    if stream.name == "kline_utc8":
        theirs = documented(stream.market)["kline"]
    for name, key in listed.items():
        assert ours.get(name, set()) == {str(each) for each in theirs.get(key, ())}


@pytest.mark.parametrize("stream", STREAMS)
def test_streams_send_what_they_say(stream: Stream) -> None:
    theirs = documented(stream.market)[stream.name]
    name = stream.name_of(**all_values(stream))
    for sample in theirs["samples"] if "samples" in theirs else [theirs["sample"]]:
        if isinstance(sample, dict) and sample.get("e") == "depthUpdate":
            # Samples of partial depth of futures show the prices of levels alone.
            sample |= {side: [[*level, "1"][:2] for level in sample[side]] for side in ("b", "a")}

        event = decode_stream_event(stream.market, name, json.dumps(sample).encode())

        assert not isinstance(event, UnknownEvent), event.problem
        assert isinstance(event, EventBatch) == isinstance(sample, list)
        events = event.events if isinstance(event, EventBatch) else [event]
        assert {type(each) for each in events} <= set(stream.events)


@pytest.mark.parametrize("stream", STREAMS)
def test_batches_are_marked(stream: Stream) -> None:
    theirs = documented(stream.market)[stream.name]

    assert stream.is_batch == (theirs.get("array", False) or theirs.get("payload_shape") == "array")


@pytest.mark.parametrize("stream", STREAMS)
def test_routes_are_those_of_the_documents(stream: Stream) -> None:
    route = documented(stream.market)[stream.name].get("route")

    assert (stream.route.value if stream.route else None) == route
    if route:
        assert route_of(stream.market, stream.name_of(**all_values(stream))) is stream.route


@pytest.mark.parametrize("stream", STREAMS)
def test_a_stream_is_found_by_its_name(stream: Stream) -> None:
    found = find_stream(stream.market, stream.name_of(**all_values(stream)))

    # A pair and a symbol look alike: the mark price of a COIN-M pair has no pattern of its own.
    expected = "mark_price" if stream.name == "pair_mark_price" else stream.name
    assert found is not None
    assert found.name == expected


@pytest.mark.parametrize(
    ("name", "route"),
    [
        ("btcusdt@bookTicker", StreamRoute.PUBLIC),
        ("btcusdt@depth@100ms", StreamRoute.PUBLIC),
        ("btcusdt@kline_1M", StreamRoute.MARKET),
        ("tradingSession", StreamRoute.MARKET),
        # What no document names goes where its kind does.
        ("btcusdt@depth@0ms", StreamRoute.PUBLIC),
        ("btcusdt@depth50", StreamRoute.PUBLIC),
        ("btcusdt@depth50@0ms", StreamRoute.PUBLIC),
        ("btcusdt@rpiDepth", StreamRoute.PUBLIC),
        ("btcusdt@rpiDepth@100ms", StreamRoute.PUBLIC),
        ("!bookTicker@arr", StreamRoute.PUBLIC),
        ("btcusdt@trade", StreamRoute.PUBLIC),
        ("btcusdt@kline_7m", StreamRoute.MARKET),
        ("btcusdt@aggTrade@1s", StreamRoute.MARKET),
        ("!ticker", StreamRoute.MARKET),
        ("btcusdt@nova", None),
        ("depth", StreamRoute.PUBLIC),
        ("@", None),
        ("币安人生usdt@depth@0ms", StreamRoute.PUBLIC),
    ],
)
def test_each_kind_has_a_route(name: str, route: StreamRoute | None) -> None:
    assert route_of(Market.USDM, name) is route


def test_undocumented_streams_from_the_field_have_their_routes() -> None:
    changes = json.loads((REFERENCE / "new" / "usdm_changes.json").read_text())

    for stream in changes["undocumented_streams"]:
        name = stream["pattern"].replace("<symbol>", "btcusdt")
        assert route_of(Market.USDM, name) is StreamRoute(stream["route"])
        assert find_stream(Market.USDM, name) is None


def _spot(name: str) -> Stream:
    return next(stream for stream in streams(Market.SPOT) if stream.name == name)


@pytest.mark.parametrize(
    ("stream", "values", "name"),
    [
        ("trade", {"symbol": "BTCUSDT"}, "btcusdt@trade"),
        ("kline", {"symbol": "BTCUSDT", "interval": "1M"}, "btcusdt@kline_1M"),
        ("kline_utc8", {"symbol": "x", "interval": "1d"}, "x@kline_1d@+08:00"),
        ("partial_depth", {"symbol": "x", "levels": 5, "speed": "100ms"}, "x@depth5@100ms"),
        ("diff_depth", {"symbol": "x", "speed": None}, "x@depth"),
        ("all_rolling_tickers", {"window_size": "4h"}, "!ticker_4h@arr"),
    ],
)
def test_names_are_written(stream: str, values: dict[str, Any], name: str) -> None:
    assert _spot(stream).name_of(**values) == name


@pytest.mark.parametrize(
    ("stream", "values", "complaint"),
    [
        ("trade", {}, "needs symbol"),
        ("trade", {"symbol": "x", "interval": "1m"}, "no parameter interval"),
        ("kline", {"symbol": "x", "interval": "7m"}, "interval='7m' is none of 1s, 1m"),
        ("partial_depth", {"symbol": "x", "levels": 7}, "levels='7' is none of"),
    ],
)
def test_names_that_cannot_be_are_refused(
    stream: str, values: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        _spot(stream).name_of(**values)
