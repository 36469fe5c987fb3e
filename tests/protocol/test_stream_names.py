"""Names of streams are right before they are asked for, and events are told apart by what they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from binance_wsapi import ParameterError
from binance_wsapi.catalogue.streams import streams
from binance_wsapi.markets import Market
from binance_wsapi.models.enums import KlineInterval
from binance_wsapi.protocol.stream_identity import stream_identity
from binance_wsapi.protocol.stream_names import checked_names, doubt, stream_name


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
        ("option_trade", {"symbol": "BTC-260626-140000-C"}, "btc-260626-140000-c@optionTrade"),
        ("book_ticker", {"symbol": "xrp-260626-0.5-p"}, "xrp-260626-0.5-p@bookTicker"),
        (
            "diff_depth",
            {"symbol": "BTC-260626-140000-C", "speed": "100ms"},
            "btc-260626-140000-c@depth@100ms",
        ),
        ("kline", {"symbol": "ETH-260626-3000-P", "interval": "1m"}, "eth-260626-3000-p@kline_1m"),
        (
            "expiry_tickers",
            {"underlying": "BTCUSDT", "expiration_date": 260626},
            "btcusdt@optionTicker@260626",
        ),
        (
            "token_kline",
            {
                "contract_address": f"0x{'a1' * 32}::sui::SUI",
                "chain_id": "CT_784",
                "interval": "1s",
            },
            f"came@0x{'a1' * 32}::sui::SUI@CT_784@kline_1s",
        ),
        (
            "token_kline",
            {"contract_address": "EQB-4fr_z7aE", "chain_id": 607, "interval": "1d"},
            "came@EQB-4fr_z7aE@607@kline_1d",
        ),
        ("full_depth", {"symbol": "ALPHA_175USDT", "speed": "0ms"}, "alpha_175usdt@fulldepth@0ms"),
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
        ("trade", {"symbol": "BTC-USDT"}, "symbol='BTC-USDT'.*write a symbol such as 'BTCUSDT'"),
        ("trade", {"symbol": "BTCUSDT,ETHUSDT"}, "has no place"),
        ("trade", {"symbol": "BTC/USDT:USDT"}, "has no place"),
        ("trade", {"symbol": " BTCUSDT"}, "has no place"),
        ("trade", {"symbol": "BTCUSDT\n"}, "has no place"),
        ("trade", {"symbol": "btcusdt@trade"}, "has no place"),
        ("trade", {"symbol": ""}, "symbol=''"),
        ("trade", {"symbol": None}, "needs symbol"),
        ("trade", {"symbol": ["BTCUSDT"]}, "has no place"),
        ("trade", {"symbol": True}, "has no place"),
        ("trade", {"symbol": "BTC-260626-140000-C"}, "is none that stream trade takes"),
        ("option_trade", {"symbol": "BTCUSDT"}, "write one such as 'BTC-260626-140000-C'"),
        ("option_trade", {"symbol": "BTC-260626-140000"}, "strike and C or P"),
        ("option_trade", {"symbol": "BTC-260626-140000-X"}, "strike and C or P"),
        ("option_trade", {"symbol": "BTC-26JUN26-140000-C"}, "strike and C or P"),
        ("option_trade", {"symbol": "BTC-260231-140000-C"}, "no day that can be as its expiry"),
        ("kline", {"symbol": "BTC-260626-140000-C", "interval": "8h"}, "interval='8h' is none of"),
        ("diff_depth", {"symbol": "BTC-260626-140000-C", "speed": None}, "needs speed"),
        ("full_depth", {"symbol": "ALPHA_175USDT", "speed": None}, "needs speed"),
        (
            "token_kline",
            {"contract_address": "0xa1@56", "chain_id": "56", "interval": "1s"},
            "contract_address='0xa1@56' is none that stream token_kline takes",
        ),
        (
            "token_kline",
            {"contract_address": "0xa1", "chain_id": "56", "interval": "8h"},
            "interval='8h' is none of 1s, 1m",
        ),
        (
            "option_open_interest",
            {"underlying": "BTCUSDT", "expiration_date": "2026-06-26"},
            "expiration_date='2026-06-26'",
        ),
    ],
)
def test_value_that_no_stream_takes_is_refused(name: str, values: Any, said: str) -> None:
    with pytest.raises(ParameterError, match=said.replace("'", ".")) as refused:
        stream_name(name, **values)

    assert refused.value.parameter in values


@pytest.mark.parametrize("market", [each for each in Market if each.facts.stream_events])
def test_every_stream_of_the_catalogue_is_a_name_of_its_market(market: Market) -> None:
    names = [
        stream.name_of(
            **{
                param.name: param.values[0] if param.values else param.example
                for param in stream.params
            }
        )
        for stream in streams(market)
    ]

    assert checked_names(names) == list(dict.fromkeys(names))
    assert [name for name in names if doubt(market, name)] == []


def test_names_come_once_and_in_their_order() -> None:
    given = ["b@trade", "a@trade", "b@trade"]

    assert checked_names(given) == ["b@trade", "a@trade"]


@pytest.mark.parametrize(
    ("market", "name", "why"),
    [
        (Market.SPOT, "btcusdt@trade", None),
        (Market.SPOT, "btcusdt@brandNew", "in no document"),
        (Market.USDM, "btcusdt@depth@0ms", "in no document"),
        (Market.USDM, "btcusdt@trade", "a stream of spot and alpha, not of usdm"),
        (Market.COINM, "!markPrice@arr", "a stream of usdm, not of coinm"),
        (Market.SPOT, "!markPrice@arr", "a stream of usdm, not of spot"),
        (Market.SPOT, "btcusdt@forceOrder", "a stream of usdm and coinm, not of spot"),
        (Market.EOPTIONS, "btc-260626-140000-c@depth5@100ms", None),
        (Market.EOPTIONS, "btc-260626-140000-c@depth", "in no document"),
        (
            Market.EOPTIONS,
            "btcusdt@kline_1m",
            "of spot and usdm and coinm and alpha, not of eoptions",
        ),
        (Market.USDM, "btc-260626-140000-c@kline_1m", "a stream of eoptions, not of usdm"),
        (Market.ALPHA, "alpha_175usdt@fulldepth@0ms", None),
        (Market.ALPHA, "alpha_175usdt@depth", "a stream of spot and usdm and coinm, not of alpha"),
        (Market.SPOT, "alpha_175usdt@fulldepth@0ms", "a stream of alpha, not of spot"),
        # Addresses of contracts are as long as listen keys on some chains, and are none.
        (Market.ALPHA, f"came@0x{'a1' * 32}::sui::SUI@CT_784@kline_1m", None),
        (Market.ALPHA, "came@EQB-4fr_z7aE@CT_607@kline_1s", None),
    ],
)
def test_name_that_the_documents_of_its_market_do_not_have_passes_in_doubt(
    market: Market, name: str, why: str | None
) -> None:
    """The exchange may have it all the same."""
    assert checked_names([name]) == [name]
    found = doubt(market, name)
    assert found == why if found is None or why is None else why in found


@pytest.mark.parametrize(
    ("name", "way_out"),
    [
        ("BTCUSDT@trade", "silent on .*'btcusdt@trade'"),
        ("BTCUSD_PERP@markPrice@1s", "'btcusd_perp@markPrice@1s'"),
        ("btc usdt@trade", "write 'btcusdt@trade'"),
        (" btcusdt@trade", "write 'btcusdt@trade'"),
        ("btcusdt@trade\n", "write 'btcusdt@trade'"),
        ("btcusdt @ trade", "write 'btcusdt@trade'"),
        ("BTC/USDT@trade", "write 'btcusdt@trade'"),
        ("btc-usdt@depth@100ms", "write 'btcusdt@depth@100ms'"),
        ("btc/usdt:usdt@trade", "write 'btcusdtusdt@trade'"),
        ("!ticker @arr", "write '!ticker@arr'"),
        ("BTC-260626-140000-C@optionTrade", "write 'btc-260626-140000-c@optionTrade'"),
        ("btc-260626-140000@optionTrade", "is no symbol of an option"),
        ("btc-261326-140000-c@optionTrade", "no day that can be as its expiry"),
        ("trading session", "write 'tradingsession'"),
        ("btcusdt@trade/ethusdt@trade", "names several streams: pass each by itself"),
        ("btcusdt@trade, !ticker@arr", "names several streams: pass each by itself"),
        (7, "write 'btcusdt@trade'"),
        ("", "write 'btcusdt@trade'"),
    ],
)
def test_name_that_is_right_on_no_market_is_refused(name: Any, way_out: str) -> None:
    with pytest.raises(ParameterError, match=way_out) as refused:
        checked_names([name])

    assert (refused.value.parameter, refused.value.value) == ("names", name)


@pytest.mark.parametrize(
    "name",
    [
        "btcusdt@kline_1m@+08:00",
        "btcusdt_perpetual@continuousKline_1h",
        "btcusd_perp@trade",
        "!ticker_1h@arr",
        "tradingSession",
        "币安人生usdt@trade",
    ],
)
def test_name_with_what_names_have_passes(name: str) -> None:
    assert checked_names([name]) == [name]


def test_listen_key_is_refused_and_not_shown() -> None:
    key = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"

    with pytest.raises(ParameterError, match="subscribe_user_data_stream") as refused:
        checked_names([key])

    assert key not in f"{refused.value}{refused.value.value}"


def named(stream: str, **event: Any) -> tuple[str, bytes]:
    return stream, json.dumps(event).encode()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        # A newer server may write more fields, and stamps what it sends at its own time.
        (named("b@trade", e="trade", E=1, t=7), named("b@trade", e="trade", E=2, t=7, z=1), True),
        (named("b@trade", e="trade", E=1, t=7), named("b@trade", e="trade", E=1, t=8), False),
        (named("b@trade", e="trade", E=1, t=7), named("a@trade", e="trade", E=1, t=7), False),
        (named("b@aggTrade", e="aggTrade", a=7, E=1), named("b@aggTrade", e="aggTrade", a=7), True),
        (
            named("b@depth", e="depthUpdate", U=1, u=2, E=1),
            named("b@depth", e="depthUpdate", U=1, u=2, E=3),
            True,
        ),
        (named("b@bookTicker", u=5, s="B"), named("b@bookTicker", u=5, s="B", x=1), True),
        (named("b@bookTicker", u=5, s="B"), named("b@bookTicker", u=6, s="B"), False),
        (named("b@depth5", lastUpdateId=5), named("b@depth5", lastUpdateId=5, x=1), True),
        (named("b@kline_1m", e="kline", E=1, k={}), named("b@kline_1m", e="kline", E=1), True),
        (named("b@kline_1m", e="kline", E=1), named("b@kline_1m", e="kline", E=2), False),
        (
            named("!bookTicker", e="bookTicker", u=5, s="A"),
            named("!bookTicker", e="bookTicker", u=5, s="B"),
            False,
        ),
        (
            named("!contractInfo", e="contractInfo", E=5, s="A"),
            named("!contractInfo", e="contractInfo", E=5, s="B"),
            False,
        ),
        (
            named("!forceOrder@arr", e="forceOrder", E=5, o={"s": "A", "q": "1"}),
            named("!forceOrder@arr", e="forceOrder", E=5, o={"s": "B", "q": "1"}),
            False,
        ),
        (
            named("!forceOrder@arr", e="forceOrder", E=5, o={"s": "A", "q": "1"}),
            named("!forceOrder@arr", e="forceOrder", E=5, o={"s": "A", "q": "1", "x": 1}),
            True,
        ),
        (named("t", e="FXUpdate", E=5), named("t", e="EquityUpdate", E=5), False),
    ],
)
def test_copies_of_an_event_are_the_same_and_others_are_not(
    one: tuple[str, bytes], other: tuple[str, bytes], same: bool
) -> None:
    assert (stream_identity(*one) == stream_identity(*other)) is same


@pytest.mark.parametrize(
    "odd",
    [b"", b"[]", b"{}", b'[{"e":"x"}]', b'{"e":"trade"}'],
)
def test_event_of_another_form_is_its_own_identity(odd: bytes) -> None:
    assert stream_identity("b@trade", odd) == ("b@trade", odd)
