"""Market streams of all markets: every documented sample fits its model and loses nothing."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import msgspec
import pytest

from binance_wsapi.markets import Market
from binance_wsapi.models import futures_stream_events as futures
from binance_wsapi.models import spot_stream_events as spot
from binance_wsapi.models.base import Event, UnknownEvent
from binance_wsapi.models.stream_events import EventBatch, decode_stream_event

REFERENCE = Path(__file__).parents[1] / "reference"


def documented(market: Market) -> list[dict[str, Any]]:
    events = json.loads((REFERENCE / market.value / "events.json").read_text())
    found: list[dict[str, Any]] = events.get("market_streams", {}).get("streams", [])
    return found


def example_name(stream: dict[str, Any]) -> str:
    """A name of that stream, from its pattern."""
    name: str = stream["pattern"].partition("[")[0]
    for place, value in {
        "<symbol>": "btcusdt",
        "<pair>": "btcusd",
        "<assetSymbol>": "adausd",
        "<contractType>": "perpetual",
        "<interval>": "1m",
        "<levels>": "5",
        "<window_size>": "1h",
        "<window-size>": "1h",
        "<underlying>": "btcusdt",
        "<expirationDate>": "260626",
        "<speed>": "100ms",
        "<contractAddress>": "0x8fce7206e3043dd360f115afa956ee31b90b787c",
        "<chainId>": "56",
    }.items():
        name = name.replace(place, value)
    assert "<" not in name
    return name


def samples(stream: dict[str, Any]) -> list[Any]:
    """The payloads the documents show of a stream."""
    found = stream["samples"] if "samples" in stream else [stream["sample"]]
    return [whole_levels(each) for each in found]


def whole_levels(payload: Any) -> Any:
    """Samples of partial depth of futures show the prices of levels alone; real levels have both."""
    if isinstance(payload, dict) and payload.get("e") == "depthUpdate":
        for side in ("b", "a"):
            payload[side] = [level if len(level) == 2 else [*level, "1"] for level in payload[side]]
    return payload


SAMPLES = [
    pytest.param(
        market, example_name(stream), sample, id=f"{market.value} {stream['name']} {number}"
    )
    for market in Market
    for stream in documented(market)
    for number, sample in enumerate(samples(stream))
]


def comparable(value: Any) -> Any:
    """Nulls left out, numbers and decimal text as their value."""
    if isinstance(value, dict):
        return {key: comparable(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [comparable(each) for each in value]
    if isinstance(value, (str, float)) and not isinstance(value, bool):
        try:
            return Decimal(str(value))
        except InvalidOperation:
            return value
    return value


def encoded(event: Event) -> Any:
    events = event.events if isinstance(event, EventBatch) else event
    return json.loads(msgspec.json.encode(events))


def test_every_documented_stream_has_a_sample() -> None:
    assert all(samples(stream) for market in Market for stream in documented(market))
    assert len(SAMPLES) >= sum(len(documented(market)) for market in Market)


@pytest.mark.parametrize(("market", "stream", "wire"), SAMPLES)
def test_documented_samples_survive_a_round_trip(market: Market, stream: str, wire: Any) -> None:
    event = decode_stream_event(market, stream, json.dumps(wire).encode())

    assert not isinstance(event, UnknownEvent), event.problem
    assert comparable(encoded(event)) == comparable(wire)


@pytest.mark.parametrize(("market", "stream", "wire"), SAMPLES)
def test_type_time_stream_and_raw_are_those_of_the_frame(
    market: Market, stream: str, wire: Any
) -> None:
    event = decode_stream_event(market, stream, json.dumps(wire).encode())

    first = wire[0] if isinstance(wire, list) else wire
    assert event.event_type == first.get("e", event.event_type)
    assert event.event_time == first.get("E")
    assert event.stream == stream
    assert event.raw == wire


@pytest.mark.parametrize(("market", "stream", "wire"), SAMPLES)
def test_samples_are_read_without_the_name_of_the_stream_too(
    market: Market, stream: str, wire: Any
) -> None:
    event = decode_stream_event(market, None, json.dumps(wire).encode())

    assert not isinstance(event, UnknownEvent), event.problem
    assert comparable(encoded(event)) == comparable(wire)


@pytest.mark.parametrize(
    ("market", "stream", "kind"),
    [
        (Market.SPOT, "btcusdt@bookTicker", spot.BookTickerEvent),
        (Market.USDM, "!bookTicker", futures.FuturesBookTickerEvent),
    ],
)
def test_book_tickers_give_decimals_and_the_text_as_sent(
    market: Market, stream: str, kind: type[Event]
) -> None:
    wire = {"e": "bookTicker", "u": 1, "E": 2, "T": 3, "s": "BTCUSDT"}
    wire |= {"b": "1.10", "B": "2.0", "a": "1.20", "A": "3"}
    if market is Market.SPOT:
        wire = {key: value for key, value in wire.items() if key not in {"e", "E", "T"}}

    event = decode_stream_event(market, stream, json.dumps(wire).encode())

    assert isinstance(event, (spot.BookTickerEvent, futures.FuturesBookTickerEvent))
    assert type(event) is kind
    assert (event.bid_price, event.bid_quantity) == (Decimal("1.1"), Decimal(2))
    assert (event.ask_price, event.ask_quantity) == (Decimal("1.2"), Decimal(3))
    assert event.bid_price_text == "1.10"
    assert event.event_type == "bookTicker"


FUTURES_DEPTH = (
    b'{"e":"depthUpdate","E":5,"T":4,"s":"BTCUSDT","U":1,"u":2,"pu":0,'
    b'"b":[["7403.89","0.002"]],"a":[["7405.96","3.340"]]}'
)


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        ("btcusdt@depth5", futures.FuturesPartialDepthEvent),
        ("btcusdt@depth20@100ms", futures.FuturesPartialDepthEvent),
        ("btcusdt@depth", futures.FuturesDepthEvent),
        ("btcusdt@depth@500ms", futures.FuturesDepthEvent),
        ("btcusdt@rpiDepth@500ms", futures.FuturesDepthEvent),
        (None, futures.FuturesDepthEvent),
    ],
)
def test_the_stream_tells_partial_from_diff_depth(stream: str | None, kind: type[Event]) -> None:
    event = decode_stream_event(Market.USDM, stream, FUTURES_DEPTH)

    assert type(event) is kind
    assert isinstance(event, futures.FuturesDepthEvent)
    assert event.bids[0].price == Decimal("7403.89")


def test_spot_partial_depth_knows_its_symbol_from_the_stream() -> None:
    frame = b'{"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[]}'

    named = decode_stream_event(Market.SPOT, "bnbbtc@depth5@100ms", frame)
    nameless = decode_stream_event(Market.SPOT, None, frame)

    assert isinstance(named, spot.PartialDepthEvent)
    assert isinstance(nameless, spot.PartialDepthEvent)
    assert (named.symbol, nameless.symbol) == ("BNBBTC", None)


def test_a_slice_of_a_frame_is_as_good_as_bytes() -> None:
    raw = msgspec.json.decode(b'{"data":' + FUTURES_DEPTH + b"}", type=dict[str, msgspec.Raw])[
        "data"
    ]

    event = decode_stream_event(Market.COINM, "btcusd_perp@depth", raw)

    assert isinstance(event, futures.FuturesDepthEvent)
    assert event.raw["pu"] == 0


def test_a_delivery_contract_has_no_funding_rate() -> None:
    wire = {"e": "markPriceUpdate", "E": 1, "s": "X", "p": "1", "P": "1", "i": "1", "r": "", "T": 0}

    event = decode_stream_event(Market.COINM, "x@markPrice", json.dumps(wire).encode())

    assert isinstance(event, futures.MarkPriceEvent)
    assert event.funding_rate is None


def test_one_unknown_row_does_not_spoil_a_batch() -> None:
    row = {"e": "24hrMiniTicker", "E": 3, "s": "X", "c": "1", "o": "1", "h": "1", "l": "1"}
    rows = [{**row, "v": "1", "q": "1"}, {"e": "brandNew", "E": 4}]

    batch = decode_stream_event(Market.SPOT, "!miniTicker@arr", json.dumps(rows).encode())

    assert isinstance(batch, EventBatch)
    assert [type(event) for event in batch] == [spot.MiniTickerEvent, UnknownEvent]
    assert [event.raw for event in batch] == rows
    assert (batch.event_time, len(batch)) == (3, 2)


def test_an_empty_batch_is_a_batch() -> None:
    batch = decode_stream_event(Market.USDM, "!ticker@arr", b"[]")

    assert isinstance(batch, EventBatch)
    assert (batch.events, batch.event_type, batch.event_time) == ([], "", None)


@pytest.mark.parametrize("market", [each for each in Market if each.facts.stream_events])
@pytest.mark.parametrize("stream", [None, "btcusdt@bookTicker", "btcusdt@depth5", "btcusdt@nova"])
def test_what_is_not_known_is_kept_whole(market: Market, stream: str | None) -> None:
    frame = b'{"e":"brandNew","E":5,"x":{"y":"1.0"}}'

    event = decode_stream_event(market, stream, frame)

    assert isinstance(event, UnknownEvent)
    assert (event.event_type, event.event_time, event.stream) == ("brandNew", 5, stream)
    assert event.raw == json.loads(frame)


@pytest.mark.parametrize("market", [each for each in Market if each.facts.stream_events])
@pytest.mark.parametrize("stream", [None, "btcusdt@bookTicker", "btcusdt@depth", "!miniTicker@arr"])
@pytest.mark.parametrize("frame", [b"", b"{", b"[{", b'{"e":"kline",', b'[{"e":"24hrTicker"},'])
def test_what_is_no_json_raises(market: Market, stream: str | None, frame: bytes) -> None:
    with pytest.raises(msgspec.DecodeError) as raised:
        decode_stream_event(market, stream, frame)

    assert not isinstance(raised.value, msgspec.ValidationError)


@pytest.mark.parametrize(
    ("stem", "kind"),
    [
        ("01_usdm_trade", futures.FuturesTradeEvent),
        ("02_usdm_depth_0ms", futures.FuturesDepthEvent),
        ("03_usdm_fx_session", futures.ForexSessionEvent),
    ],
)
@pytest.mark.parametrize("by_name", [True, False], ids=["by name", "by type"])
def test_samples_from_the_field_survive_a_round_trip(
    stem: str, kind: type[Event], by_name: bool
) -> None:
    sample = json.loads((REFERENCE / "new" / "samples" / f"{stem}.json").read_text())
    stream = sample["stream"] if by_name else None

    event = decode_stream_event(Market.USDM, stream, json.dumps(sample["payload"]).encode())

    assert type(event) is kind
    assert comparable(encoded(event)) == comparable(sample["payload"])
