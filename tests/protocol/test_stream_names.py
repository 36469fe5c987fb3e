"""Names of streams are right before they are asked for, and events are told apart by what they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from binance_wsapi import ParameterError
from binance_wsapi.catalogue.streams import streams
from binance_wsapi.models._base import Market
from binance_wsapi.models.enums import KlineInterval
from binance_wsapi.protocol.stream_identity import stream_identity
from binance_wsapi.protocol.stream_names import checked_names, stream_name, unknown_names


@pytest.mark.parametrize(
    ("name", "values", "written"),
    [
        ("agg_trade", {"symbol": "BTCUSDT"}, "btcusdt@aggTrade"),
        ("kline", {"symbol": "BTCUSDT", "interval": "1m"}, "btcusdt@kline_1m"),
        ("kline", {"symbol": "b", "interval": KlineInterval.SECOND_1}, "b@kline_1s"),
        ("partial_depth", {"symbol": "b", "levels": 5, "speed": None}, "b@depth5"),
        ("partial_depth", {"symbol": "b", "levels": 20, "speed": "500ms"}, "b@depth20@500ms"),
        ("diff_depth", {"symbol": "BTCUSDT", "speed": "100ms"}, "btcusdt@depth@100ms"),
        ("mark_price", {"symbol": "BTCUSD_PERP", "speed": "1s"}, "btcusd_perp@markPrice@1s"),
        ("all_force_orders", {}, "!forceOrder@arr"),
        (
            "continuous_kline",
            {"pair": "BTCUSD", "contract_type": "perpetual", "interval": "1h"},
            "btcusd_perpetual@continuousKline_1h",
        ),
    ],
)
def test_names_are_written_as_the_exchange_spells_them(
    name: str, values: dict[str, Any], written: str
) -> None:
    assert stream_name(name, **values) == written


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("kline", {"symbol": "BTCUSDT", "interval": "7m"}, "interval='7m' is none of 1m"),
        ("partial_depth", {"symbol": "b", "levels": 7}, "levels='7' is none of 5, 10, 20"),
        ("trade", {"symbol": "BTC/USDT"}, "symbol='BTC/USDT'"),
        ("trade", {"symbol": "btcusdt@trade"}, "has no place"),
        ("trade", {"symbol": ""}, "symbol=''"),
        ("trade", {"symbol": None}, "needs symbol"),
        ("trade", {"symbol": ["BTCUSDT"]}, "has no place"),
        ("trade", {"symbol": True}, "has no place"),
    ],
)
def test_value_that_no_stream_takes_is_refused(name: str, values: Any, said: str) -> None:
    with pytest.raises(ParameterError, match=said.replace("'", ".")) as refused:
        stream_name(name, **values)

    assert refused.value.parameter in values


@pytest.mark.parametrize("market", Market)
def test_every_stream_of_the_catalogue_is_a_name_of_its_market(market: Market) -> None:
    names = [
        stream.name_of(
            **{
                param.name: param.values[0] if param.values else "btcusdt"
                for param in stream.params
            }
        )
        for stream in streams(market)
    ]

    assert checked_names(market, names) == list(dict.fromkeys(names))
    assert unknown_names(market, names) == []


def test_names_come_once_and_in_their_order() -> None:
    given = ["b@trade", "a@trade", "b@trade"]

    assert checked_names(Market.SPOT, given) == ["b@trade", "a@trade"]


def test_name_that_nobody_knows_passes() -> None:
    """The exchange may have added it."""
    assert checked_names(Market.SPOT, ["btcusdt@brandNew"]) == ["btcusdt@brandNew"]
    assert unknown_names(Market.SPOT, ["btcusdt@brandNew", "b@trade"]) == ["btcusdt@brandNew"]


@pytest.mark.parametrize(
    ("market", "name", "way_out"),
    [
        (Market.SPOT, "BTCUSDT@trade", "'btcusdt@trade'"),
        (Market.COINM, "BTCUSD_PERP@markPrice@1s", "'btcusd_perp@markPrice@1s'"),
        (Market.USDM, "btcusdt@trade", "of spot"),
        (Market.SPOT, "!markPrice@arr", "of usdm"),
        (Market.SPOT, 7, "write 'btcusdt@trade'"),
    ],
)
def test_name_that_would_stay_silent_is_refused(market: Market, name: Any, way_out: str) -> None:
    with pytest.raises(ParameterError, match=way_out):
        checked_names(market, [name])


def frame(stream: str, **event: Any) -> bytes:
    return json.dumps({"stream": stream, "data": event}).encode()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        # A newer server may write more fields, and stamps what it sends at its own time.
        (frame("b@trade", e="trade", E=1, t=7), frame("b@trade", e="trade", E=2, t=7, z=1), True),
        (frame("b@trade", e="trade", E=1, t=7), frame("b@trade", e="trade", E=1, t=8), False),
        (frame("b@trade", e="trade", E=1, t=7), frame("a@trade", e="trade", E=1, t=7), False),
        (frame("b@aggTrade", e="aggTrade", a=7, E=1), frame("b@aggTrade", e="aggTrade", a=7), True),
        (
            frame("b@depth", e="depthUpdate", U=1, u=2, E=1),
            frame("b@depth", e="depthUpdate", U=1, u=2, E=3),
            True,
        ),
        (frame("b@bookTicker", u=5, s="B"), frame("b@bookTicker", u=5, s="B", x=1), True),
        (frame("b@bookTicker", u=5, s="B"), frame("b@bookTicker", u=6, s="B"), False),
        (frame("b@depth5", lastUpdateId=5), frame("b@depth5", lastUpdateId=5, x=1), True),
        (frame("b@kline_1m", e="kline", E=1, k={}), frame("b@kline_1m", e="kline", E=1), True),
        (frame("b@kline_1m", e="kline", E=1), frame("b@kline_1m", e="kline", E=2), False),
    ],
)
def test_copies_of_an_event_are_the_same_and_others_are_not(
    one: bytes, other: bytes, same: bool
) -> None:
    assert (stream_identity(one) == stream_identity(other)) is same


@pytest.mark.parametrize(
    "odd",
    [b"", b"[]", b"{}", b'{"stream":"!x@arr","data":[{"e":"x"}]}', b'{"stream":"x","data":{}}'],
)
def test_frame_of_another_form_is_its_own_identity(odd: bytes) -> None:
    assert stream_identity(odd) == odd
