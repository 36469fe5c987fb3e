"""Answers and events have the members of the documented samples."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from futures_sim_venue import FUNDS, START_US, Trader, Venue

from binance_wsapi.markets import Market
from binance_wsapi.simulator.doors.wire import encode

REFERENCE = Path(__file__).parents[2] / "reference"
SPELT_BOTH_WAYS = {"unrealizedProfit": "unRealizedProfit"}
MARKETS = [Market.USDM, Market.COINM]


def _reference(market: Market, name: str) -> Any:
    return json.loads((REFERENCE / market.value / f"{name}.json").read_text())


def _sample(market: Market, method: str, variant: str = "connector-fixture") -> Any:
    for entry in _reference(market, "examples"):
        if (entry["method"], entry["kind"], entry["variant"]) == (method, "response", variant):
            return entry["payload"]["result"]
    raise LookupError(f"{market.value} has no sample {variant} of {method}")


def _event_sample(market: Market, event: str) -> Any:
    for entry in _reference(market, "events")["user_data"]:
        if entry["event"] == event:
            return entry["samples"][0]
    raise LookupError(f"{market.value} has no sample of {event}")


def _wire(payload: object) -> Any:
    return json.loads(encode(payload, microseconds=False))


def _assert_covers(
    given: Any, sample: Any, path: str = "", missing: frozenset[str] = frozenset()
) -> None:
    """Check that ``given`` has every member of ``sample`` with a value of the same JSON type."""
    if isinstance(sample, dict):
        assert isinstance(given, dict), path
        for key, value in sample.items():
            if f"{path}.{key}" in missing:
                continue
            name = key if key in given else SPELT_BOTH_WAYS.get(key, key)
            assert name in given, f"{path}.{key} is missing"
            _assert_covers(given[name], value, f"{path}.{key}", missing)
    elif isinstance(sample, list):
        assert isinstance(given, list), path
        assert given, path
        _assert_covers(given[0], sample[0], f"{path}[]", missing)
    elif sample is not None:
        assert type(given) is type(sample), f"{path} is {given!r}, the sample has {sample!r}"


@pytest.fixture(params=MARKETS, ids=lambda market: market.value)
def venue(request: pytest.FixtureRequest) -> Venue:
    return Venue(request.param)


@pytest.fixture
def trader(venue: Venue) -> Trader:
    """A trader with a position and an open order."""
    maker, trader = venue.trader(), venue.trader()
    maker.place("SELL", "2", "60000")
    trader.place("BUY", "2")
    trader.place("BUY", "1", "59000")
    return trader


def test_order_answers(venue: Venue, trader: Trader) -> None:
    market = venue.market.market
    placed = trader.place("BUY", "1", "58000")
    terms = {"symbol": trader.symbol, "orderId": placed["orderId"]}
    modified = trader.ask(
        "order.modify", **terms, side="BUY", quantity="1", price="58100", modifyId=1
    )
    status = trader.ask("order.status", **terms)
    cancelled = trader.ask("order.cancel", **terms)

    trailing = frozenset({".activatePrice", ".priceRate"})
    for method, answer in (
        ("order.place", placed),
        ("order.modify", modified),
        ("order.status", status),
        ("order.cancel", cancelled),
    ):
        _assert_covers(_wire(answer), _sample(market, method), missing=trailing)


def test_wallets_tell_when_they_last_changed(venue: Venue) -> None:
    funded, other = list(FUNDS[venue.market.market])
    trader = venue.trader(**{funded: "5"})
    assert _wire(trader.ask("account.balance"))[0]["updateTime"] == START_US // 1_000

    venue.clock.advance(60)
    venue.market.deposit(trader.account, funded, Decimal(1))

    rows = _wire(trader.ask("account.balance"))
    times = {row["asset"]: row["updateTime"] for row in rows}
    assert (times[funded], times[other]) == (START_US // 1_000 + 60_000, 0)
    assets = _wire(trader.ask("account.status"))["assets"]
    assert {row["asset"]: row["updateTime"] for row in assets} == times


def test_nothing_is_not_minus_nothing(venue: Venue) -> None:
    assert '"-0' not in json.dumps(_wire(venue.trader().ask("account.status")))


@pytest.mark.parametrize("method", ["account.balance", "account.position", "account.status"])
def test_account_answers(venue: Venue, trader: Trader, method: str) -> None:
    _assert_covers(_wire(trader.ask(method)), _sample(venue.market.market, method))


@pytest.mark.parametrize(
    ("method", "variant"),
    [
        ("v2/account.balance", "connector-fixture"),
        ("v2/account.position", "connector-fixture"),
        ("v2/account.position", "docs-one-way"),
        ("v2/account.status", "docs-single-asset"),
        ("account.status", "docs-multi-asset"),
    ],
)
def test_account_answers_of_usdm(method: str, variant: str) -> None:
    venue = Venue()
    maker, trader = venue.trader(), venue.trader()
    maker.place("SELL", "2", "60000")
    trader.place("BUY", "2")

    _assert_covers(_wire(trader.ask(method)), _sample(Market.USDM, method, variant))


@pytest.mark.parametrize("method", ["depth", "ticker.price", "ticker.book"])
def test_market_answers(method: str) -> None:
    trader = Venue().trader()
    trader.place("BUY", "1", "59000")
    trader.place("SELL", "1", "61000")

    _assert_covers(
        _wire(trader.ask(method, symbol="BTCUSDT")), _sample(Market.USDM, method, "docs")
    )


@pytest.mark.parametrize("method", ["ticker.price", "ticker.book"])
def test_tickers_without_a_symbol_list_all(method: str) -> None:
    venue = Venue()

    rows = venue.trader().ask(method)

    assert [row["symbol"] for row in rows] == list(venue.market.contracts)


@pytest.mark.parametrize("limit", [0, 1, 7, 5000])
def test_depth_takes_documented_limits_only(limit: int) -> None:
    trader = Venue().trader()

    assert trader.refused("depth", symbol="BTCUSDT", limit=limit) == -4021
    assert trader.refused("depth", symbol="BTCUSDT", limit=5) == 0


def test_algo_answers_and_updates() -> None:
    trader = Venue().trader()

    placed = trader.algo("SELL", "TAKE_PROFIT", quantity="1", triggerPrice="61000", price="61000")
    cancelled = trader.ask("algoOrder.cancel", algoId=placed["algoId"])

    _assert_covers(_wire(placed), _sample(Market.USDM, "algoOrder.place"))
    _assert_covers(_wire(cancelled), _sample(Market.USDM, "algoOrder.cancel"))
    _assert_covers(
        _wire(trader.heard("ALGO_UPDATE")[-1]), _event_sample(Market.USDM, "ALGO_UPDATE")
    )


def test_fill_events(venue: Venue, trader: Trader) -> None:
    market = venue.market.market

    fill = next(e for e in trader.heard("ORDER_TRADE_UPDATE") if e["o"]["x"] == "TRADE")
    _assert_covers(
        _wire(fill),
        _event_sample(market, "ORDER_TRADE_UPDATE"),
        missing=frozenset({".o.AP", ".o.cr"}),
    )
    _assert_covers(
        _wire(trader.heard("ACCOUNT_UPDATE")[-1]), _event_sample(market, "ACCOUNT_UPDATE")
    )
    lite = trader.heard("TRADE_LITE")
    if market is Market.USDM:
        _assert_covers(_wire(lite[-1]), _event_sample(market, "TRADE_LITE"))
    else:
        assert lite == []


def test_configuration_and_margin_events(venue: Venue) -> None:
    market = venue.market.market
    asset = "USDT" if market is Market.USDM else "BTC"
    maker, trader = venue.trader(), venue.trader(**{asset: "610" if asset == "USDT" else "0.00071"})
    venue.market.settings.set_leverage(trader.account, trader.symbol, 100)
    maker.place("SELL", "1", "60000")
    assert trader.refused_order("BUY", "1" if market is Market.COINM else "0.5") == 0

    down = Decimal(59080) if market is Market.USDM else Decimal(42290)
    venue.market.set_mark_price(trader.symbol, down)

    assert len(trader.heard("MARGIN_CALL")) == 1
    for event in ("ACCOUNT_CONFIG_UPDATE", "MARGIN_CALL"):
        _assert_covers(_wire(trader.heard(event)[-1]), _event_sample(market, event))


def test_coinm_account_update_lists_every_position() -> None:
    venue = Venue(Market.COINM)
    maker, trader = venue.trader(), venue.trader()
    for symbol, price in (("BTCUSD_PERP", "60000"), ("ETHUSD_PERP", "3000")):
        maker.place("SELL", "1", price, symbol=symbol)
        trader.place("BUY", "1", symbol=symbol)

    listed = trader.heard("ACCOUNT_UPDATE")[-1]["a"]["P"]

    assert [row["s"] for row in listed] == ["BTCUSD_PERP", "ETHUSD_PERP"]


def test_coinm_position_filters() -> None:
    trader = Venue(Market.COINM).trader()

    by_pair = trader.ask("account.position", pair="BTCUSD")
    by_asset = trader.ask("account.position", marginAsset="ETH")

    assert {row["symbol"].split("_")[0] for row in by_pair} == {"BTCUSD"}
    assert [row["symbol"] for row in by_asset] == ["ETHUSD_PERP"]
