"""Market streams of futures: payloads as documented, beats, routes, both markets."""

from __future__ import annotations

import itertools
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from futures_sim_venue import START_US, Venue

from binance_wsapi.markets import Market
from binance_wsapi.models.base import UnknownEvent
from binance_wsapi.models.stream_events import EventBatch, decode_stream_event
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.futures.stream_name_parser import PUBLIC_KINDS
from binance_wsapi.simulator.futures.stream_venue import StreamVenue
from binance_wsapi.simulator.futures.streams import FuturesStreams
from binance_wsapi.simulator.futures.user_streams import UserStreams
from binance_wsapi.simulator.market_data.pulses import Pulses
from binance_wsapi.simulator.market_data.stream_hub import StreamHub

REFERENCE = Path(__file__).parents[2] / "reference"


class Listener:
    """A client as the hub sees it, with the frames it got."""

    is_combined = False
    microseconds = False

    def __init__(self, market: Market | None = None, stream: str | None = None) -> None:
        self.frames: list[Any] = []
        self._market = market
        self._stream = stream

    def deliver(self, frame: bytes) -> None:
        self.frames.append(json.loads(frame))
        if self._market is not None:
            event = decode_stream_event(self._market, self._stream, frame)
            events = event if isinstance(event, EventBatch) else [event]
            assert not any(isinstance(one, UnknownEvent) for one in events), frame


class Host:
    """One futures host: both markets on one clock, streams of ``own``."""

    def __init__(self, own: Market = Market.USDM, **options: Any) -> None:
        self.clock = SimulatedClock(start_us=START_US, frozen=True)
        self.venues = {
            market: Venue(market, clock=self.clock) for market in (Market.USDM, Market.COINM)
        }
        streams = {m: StreamVenue.of(venue.market) for m, venue in self.venues.items()}
        other = Market.COINM if own is Market.USDM else Market.USDM
        table = FuturesStreams(streams[own], streams[other], Pulses(self.clock), **options)
        self.hub = StreamHub(table)
        self.venue = self.venues[own]
        self.maker, self.taker = self.venue.trader(), self.venue.trader()

    def listen(self, name: str) -> list[Any]:
        """Subscribe; the list grows as frames come."""
        listener = Listener(None if name.isalnum() else self.venue.market.market, name)
        self.hub.subscribe(name, listener)
        return listener.frames

    def trade(self, price: str = "60000", quantity: str = "2") -> None:
        self.maker.place("SELL", quantity, price)
        self.taker.place("BUY", quantity)


@pytest.fixture
def usdm() -> Host:
    return Host()


@pytest.fixture
def coinm() -> Host:
    return Host(Market.COINM)


TOLD_IN_TESTS_OF_THEIR_OWN = {"allForceOrders", "contractInfo", "forceOrder"}
SILENT = {
    "allAssetIndex",
    "assetIndex",
    "compositeIndex",
    "indexPriceKline",
    "markPriceKline",
    "rpiDiffDepth",
    "tradingSession",
}
"""Streams of what the embedded exchange keeps no state of."""


def _samples(market: Market) -> list[tuple[str, Any]]:
    """Return the samples of the other streams of the documents, with a name to subscribe to."""
    streams = json.loads((REFERENCE / market.value / "events.json").read_text())["market_streams"]
    symbol, pair = ("btcusdt", "btcusdt") if market is Market.USDM else ("btcusd_perp", "btcusd")
    names = {
        "aggTrade": f"{symbol}@aggTrade",
        "markPrice": f"{symbol}@markPrice@1s",
        "allMarkPrice": "!markPrice@arr@1s",
        "pairMarkPrice": f"{pair}@markPrice@1s",
        "indexPrice": f"{pair}@indexPrice@1s",
        "kline": f"{symbol}@kline_1m",
        "continuousKline": f"{pair}_perpetual@continuousKline_1m",
        "miniTicker": f"{symbol}@miniTicker",
        "allMiniTickers": "!miniTicker@arr",
        "ticker": f"{symbol}@ticker",
        "allTickers": "!ticker@arr",
        "bookTicker": f"{symbol}@bookTicker",
        "allBookTickers": "!bookTicker",
        "partialDepth": f"{symbol}@depth5@100ms",
        "diffDepth": f"{symbol}@depth",
    }
    others = TOLD_IN_TESTS_OF_THEIR_OWN | SILENT
    return [(names[s["name"]], s["sample"]) for s in streams["streams"] if s["name"] not in others]


def _assert_covers(given: Any, sample: Any, path: str) -> None:
    if isinstance(sample, dict):
        for key, value in sample.items():
            assert key in given, f"{path}.{key}"
            _assert_covers(given[key], value, f"{path}.{key}")
    elif isinstance(sample, list) and sample and isinstance(sample[0], dict):
        _assert_covers(given[0], sample[0], f"{path}[]")
    else:
        assert type(given) is type(sample), f"{path} is {given!r}, the sample has {sample!r}"


@pytest.mark.parametrize(
    ("market", "name", "sample"),
    [(market, *row) for market in (Market.USDM, Market.COINM) for row in _samples(market)],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_payloads_have_the_members_of_the_samples(market: Market, name: str, sample: Any) -> None:
    host = Host(market)
    frames = host.listen(name)

    host.trade()
    host.maker.place("SELL", "1", "60100")
    host.maker.place("BUY", "1", "59900")
    host.clock.advance(6)

    _assert_covers(frames[-1], sample, name)


def test_aggregate_trade_merges_the_fills_of_one_order(usdm: Host) -> None:
    frames = usdm.listen("btcusdt@aggTrade")
    for quantity in ("1", "2"):
        usdm.maker.place("SELL", quantity, "60000")

    usdm.taker.place("BUY", "3")
    usdm.clock.advance(0)

    (frame,) = frames
    assert (frame["p"], frame["q"], frame["nq"]) == ("60000.00", "3.000", "3.000")
    assert (frame["f"], frame["l"], frame["m"], frame["st"]) == (1, 2, False, 1)


def test_diff_depth_events_join_by_their_ids(usdm: Host) -> None:
    frames = usdm.listen("btcusdt@depth@100ms")
    for step in range(5):
        usdm.maker.place("BUY", "1", str(59000 + step))
        usdm.maker.place("SELL", "1", str(61000 + step))
        usdm.clock.advance(0.1)

    assert len(frames) == 5
    for before, after in itertools.pairwise(frames):
        assert after["pu"] == before["u"]
        assert after["U"] == before["u"] + 1
    book = {row[0]: row[1] for frame in frames for row in frame["b"]}
    assert (
        sorted(map(list, book.items()), reverse=True)
        == usdm.taker.ask("depth", symbol="BTCUSDT")["bids"]
    )
    assert frames[-1]["u"] == usdm.taker.ask("depth", symbol="BTCUSDT")["lastUpdateId"]


def test_depth_without_a_period_tells_each_change_when_its_request_is_through(usdm: Host) -> None:
    frames = usdm.listen("btcusdt@depth@0ms")
    for price in ("59000", "59001"):
        usdm.maker.place("BUY", "1", price)
        usdm.clock.advance(0)

    assert [frame["b"] for frame in frames] == [[["59000.00", "1.000"]], [["59001.00", "1.000"]]]
    assert frames[1]["pu"] == frames[0]["u"]


@pytest.mark.parametrize("market", [Market.USDM, Market.COINM])
def test_each_trade_is_told_with_the_members_seen_in_the_field(market: Market) -> None:
    host = Host(market)
    symbol = "btcusdt" if market is Market.USDM else "btcusd_perp"
    frames = host.listen(f"{symbol}@trade")
    sample = json.loads((REFERENCE / "new" / "samples" / "01_usdm_trade.json").read_text())

    host.trade("60000", "2")

    (frame,) = frames
    _assert_covers(frame, sample["payload"], "trade")
    assert (frame["p"][:5], frame["t"], frame["m"], frame["X"]) == ("60000", 1, False, "MARKET")


def test_partial_depth_shows_the_best_levels(usdm: Host) -> None:
    frames = usdm.listen("btcusdt@depth5@500ms")
    for step in range(8):
        usdm.maker.place("BUY", "1", str(59000 + step))
    usdm.clock.advance(0.5)

    (frame,) = frames
    assert [row[0] for row in frame["b"]] == [f"{59007 - step}.00" for step in range(5)]
    assert frame["a"] == []


def test_mark_price_follows_what_is_set(usdm: Host) -> None:
    frames = usdm.listen("btcusdt@markPrice@1s")
    usdm.venue.market.set_index_price("BTCUSDT", Decimal(61000))
    usdm.venue.market.set_mark_price("BTCUSDT", Decimal("61000.5"))

    usdm.clock.advance(1)

    (frame,) = frames
    assert (frame["p"], frame["i"], frame["r"]) == (
        "61000.50000000",
        "61000.00000000",
        "0.00010000",
    )
    assert frame["T"] % (8 * 3_600_000) == 0


def test_delivery_contracts_have_no_funding(coinm: Host) -> None:
    frames = coinm.listen("btcusd@markPrice@1s")

    coinm.clock.advance(1)

    (rows,) = frames
    funding = {row["s"]: (row["r"], row["T"] == 0) for row in rows}
    assert funding.pop("BTCUSD_PERP") == ("0.00010000", False)
    assert set(funding.values()) == {("", True)}


def test_candle_closes_on_its_border(usdm: Host) -> None:
    frames = usdm.listen("btcusdt@kline_1m")
    usdm.trade("60000")
    usdm.trade("60100")
    usdm.clock.advance(61)

    closed = [frame["k"] for frame in frames if frame["k"]["x"]]
    (candle,) = closed
    assert (candle["o"], candle["c"], candle["v"], candle["n"]) == (
        "60000.00",
        "60100.00",
        "4.000",
        2,
    )
    assert candle["q"] == "240200.00000000"


def test_coinm_volumes_are_contracts_and_base_asset(coinm: Host) -> None:
    frames = coinm.listen("btcusd_perp@miniTicker")
    coinm.trade("60000", "12")
    coinm.clock.advance(0.5)

    assert (frames[-1]["v"], frames[-1]["q"]) == ("12", "0.02000000")


def test_streams_of_all_contracts_hold_both_markets(usdm: Host) -> None:
    frames = usdm.listen("!markPrice@arr@1s")

    usdm.clock.advance(1)

    types = {row["s"]: row["st"] for row in frames[0]}
    assert (types["BTCUSDT"], types["BTCUSD_PERP"]) == (1, 2)


@pytest.mark.parametrize(
    ("name", "speaks"),
    [
        ("btcusd_perp@markPrice@1s", True),
        ("btcusd_perp@ticker", False),
        ("btcusdt@markPrice@1s", True),
    ],
)
def test_single_contracts_of_the_other_market(usdm: Host, name: str, speaks: bool) -> None:
    frames = usdm.listen(name)

    usdm.clock.advance(2)

    assert bool(frames) is speaks


def test_all_book_tickers_come_one_by_one(usdm: Host) -> None:
    frames = usdm.listen("!bookTicker")
    usdm.maker.place("BUY", "1", "59000")
    usdm.clock.advance(5)
    first = len(frames)
    usdm.maker.place("BUY", "1", "59001")
    usdm.clock.advance(5)

    assert first == sum(len(venue.market.contracts) for venue in usdm.venues.values())
    assert [frame["b"] for frame in frames[first:]] == ["59001.00"]


def test_liquidations_are_told_once_a_second(usdm: Host) -> None:
    single, every = usdm.listen("btcusdt@forceOrder"), usdm.listen("!forceOrder@arr")
    poor = usdm.venue.trader(USDT="1000")
    usdm.venue.market.settings.set_leverage(poor.account, "BTCUSDT", 100)
    usdm.maker.place("SELL", "1", "60000")
    poor.place("BUY", "1")
    usdm.maker.place("BUY", "2", "59100")

    usdm.venue.market.set_mark_price("BTCUSDT", Decimal(59000))
    assert single == []
    usdm.clock.advance(3)

    assert single == every
    (frame,) = single
    assert (frame["o"]["S"], frame["o"]["X"], frame["o"]["ap"]) == ("SELL", "FILLED", "59100.00")


def test_contract_info_tells_a_new_status(usdm: Host) -> None:
    frames = usdm.listen("!contractInfo")

    usdm.venue.market.set_status("BTCUSDT", "SETTLING")

    assert [(frame["s"], frame["cs"]) for frame in frames] == [("BTCUSDT", "SETTLING")]
    assert usdm.taker.refused_order("BUY", "1", "59000") == -4140
    usdm.venue.market.set_status("BTCUSDT", "CLOSE")
    assert usdm.taker.refused_order("BUY", "1", "59000") == -4141


@pytest.mark.parametrize(
    ("name", "is_public"),
    [
        ("btcusdt@bookTicker", True),
        ("!bookTicker", True),
        ("btcusdt@depth", True),
        ("btcusdt@depth10@100ms", True),
        ("btcusdt@depth@0ms", True),
        ("btcusdt@trade", True),
        ("btcusdt@aggTrade", False),
        ("btcusdt@markPrice", False),
        ("!markPrice@arr", False),
        ("btcusdt@kline_1m", False),
        ("btcusdt_perpetual@continuousKline_1s", False),
        ("btcusdt@miniTicker", False),
        ("!ticker@arr", False),
        ("!forceOrder@arr", False),
        ("!contractInfo", False),
    ],
)
def test_each_stream_has_one_route(name: str, is_public: bool) -> None:
    public = Host(serves=PUBLIC_KINDS.__contains__)
    market = Host(serves=lambda kind: kind not in PUBLIC_KINDS)

    public.listen(name)
    market.listen(name)

    assert bool(public.hub.running) is is_public
    assert bool(market.hub.running) is not is_public


@pytest.mark.parametrize(
    "name",
    [
        "BTCUSDT@aggTrade",
        "nope@aggTrade",
        "btcusdt@depth7",
        "btcusdt@depth50",
        "btcusdt@depth5@0ms",
        "btcusdt@kline_1s",
        "btcusdt@kline_7m",
        "btcusdt@indexPrice",
        "!ticker",
        "!assetIndex@arr",
        "tradingSession",
        "defiusdt@compositeIndex",
        "btcusdt@rpiDepth@500ms",
        "",
    ],
)
def test_names_without_a_feed_are_silent(usdm: Host, name: str) -> None:
    frames = usdm.listen(name)
    usdm.trade()
    usdm.clock.advance(5)

    assert frames == []
    assert usdm.hub.running == ()


@pytest.mark.parametrize(
    ("market", "name", "is_documented"),
    [
        (Market.USDM, "!assetIndex@arr", True),
        (Market.USDM, "tradingSession", True),
        (Market.USDM, "defiusdt@compositeIndex", True),
        (Market.USDM, "btcusdt@rpiDepth@500ms", True),
        (Market.COINM, "btcusd@indexPriceKline_1m", True),
        (Market.COINM, "btcusd_perp@markPriceKline_1m", True),
        (Market.USDM, "btcusdt@depth7", False),
        (Market.USDM, "nope@aggTrade", False),
    ],
)
def test_documented_streams_without_a_feed_are_logged(
    market: Market, name: str, is_documented: bool, caplog: pytest.LogCaptureFixture
) -> None:
    Host(market).listen(name)

    assert (f"not simulated: stream {name}" in caplog.text) == is_documented


def test_nothing_runs_when_nobody_listens(usdm: Host) -> None:
    names = ["btcusdt@depth", "!forceOrder@arr", "!contractInfo", "btcusdt@kline_1m", "!bookTicker"]
    listener = Listener()
    for name in names:
        usdm.hub.subscribe(name, listener)
    for name in names:
        usdm.hub.unsubscribe(name, listener)

    usdm.venue.market.set_status("BTCUSDT", "SETTLING")
    usdm.clock.advance(10)

    assert listener.frames == []
    assert usdm.clock.next_due_us() is None


def test_listen_keys_are_streams_of_coinm() -> None:
    host = Host(Market.COINM)
    keys = host.venue.market.listen_keys
    host.hub = StreamHub(
        FuturesStreams(
            StreamVenue.of(host.venue.market),
            None,
            Pulses(host.clock),
            others=UserStreams(keys).open,
        )
    )
    frames = host.listen(host.taker.ask("userDataStream.start")["listenKey"])
    bogus = host.listen("a" * 64)

    host.taker.place("BUY", "1", "59000")

    assert [frame["e"] for frame in frames] == ["ORDER_TRADE_UPDATE"]
    assert bogus == []


def test_only_wanted_events_pass_a_filter(usdm: Host) -> None:
    key = usdm.taker.ask("userDataStream.start")["listenKey"]
    keys = usdm.venue.market.listen_keys
    hub = StreamHub(UserStreams(keys, {key: frozenset({"ACCOUNT_UPDATE"})}))
    listener = Listener()
    hub.subscribe(key, listener)

    usdm.trade()
    usdm.clock.advance(3600)

    assert [frame["e"] for frame in listener.frames] == ["ACCOUNT_UPDATE"]


def test_contract_that_never_traded_shows_zeros_and_is_in_no_array(usdm: Host) -> None:
    single, every = usdm.listen("btcusdt@ticker"), usdm.listen("!ticker@arr")

    usdm.clock.advance(2)

    assert (single[0]["c"], single[0]["n"]) == ("0.00", 0)
    assert every == []
