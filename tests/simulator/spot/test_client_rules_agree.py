"""The client's check and the exchange's refusals are written apart, and agree on every order.

Both ways and filter by filter: what the exchange refuses, the check names; what the check names, the exchange
refuses.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from engine_harness import Exchange
from hypothesis import given, settings
from hypothesis import strategies as st

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.errors import RulesBroken
from binance_wsapi.markets import Market
from binance_wsapi.rules import SymbolRules
from binance_wsapi.rules.checking import violations
from binance_wsapi.rules.reading import read_rules
from binance_wsapi.rules.requests import fit_request, orders_of
from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.spot.symbols import Filter, SymbolSpec


def decimals(**values: str) -> dict[str, Decimal]:
    return {name: Decimal(value) for name, value in values.items()}


FILTERS: dict[str, dict[str, Any]] = {
    "PRICE_FILTER": decimals(minPrice="10", maxPrice="200", tickSize="0.5"),
    "LOT_SIZE": decimals(minQty="0.2", maxQty="10", stepSize="0.02"),
    "MARKET_LOT_SIZE": decimals(minQty="0.3", maxQty="5", stepSize="0.03"),
    "ICEBERG_PARTS": {"limit": 4},
    "TRAILING_DELTA": {
        "minTrailingAboveDelta": 10, "maxTrailingAboveDelta": 200,
        "minTrailingBelowDelta": 20, "maxTrailingBelowDelta": 100,
    },
    "PERCENT_PRICE": {**decimals(multiplierUp="1.5", multiplierDown="0.5"), "avgPriceMins": 5},
    "PERCENT_PRICE_BY_SIDE": {
        **decimals(bidMultiplierUp="1.2", bidMultiplierDown="0.2"),
        **decimals(askMultiplierUp="5", askMultiplierDown="0.8"), "avgPriceMins": 5,
    },
    "NOTIONAL": {
        "minNotional": Decimal(50), "applyMinToMarket": True,
        "maxNotional": Decimal(500), "applyMaxToMarket": False, "avgPriceMins": 5,
    },
    "MIN_NOTIONAL": {"minNotional": Decimal(70), "applyToMarket": False, "avgPriceMins": 5},
}  # fmt: skip
LAST_PRICE = Decimal(100)


class Venue:
    """A symbol with some of the filters, on the exchange and as its rules."""

    def __init__(self, *names: str) -> None:
        spec = SymbolSpec(
            "BTCUSDT", "BTC", "USDT", tuple(Filter(name, FILTERS[name]) for name in names)
        )
        self.exchange = Exchange([spec])
        self.account: Account = self.exchange.account()
        for side in ("BUY", "SELL"):
            self.exchange.place(self.exchange.account(), side, "1", str(LAST_PRICE))
        shown = self.exchange.call("exchangeInfo", symbol="BTCUSDT")["symbols"][0]
        self.rules: SymbolRules = read_rules(Market.SPOT, shown)

    def refusal(self, order: dict[str, Any]) -> ExchangeError | None:
        """Return what the exchange says of an order, were it to come in."""
        try:
            self.exchange.market.handle("order.test", order, self.account)
        except ExchangeError as error:
            return error
        return None

    def broken(self, order: dict[str, Any]) -> set[str]:
        """Return the filters that the client's check names."""
        operation = operation_by_method(Market.SPOT, "order.test")
        assert operation is not None
        (terms,) = orders_of(operation, order)
        return {each.filter for each in violations(self.rules, terms, LAST_PRICE)}


def near(*bounds: str, unit: str) -> st.SearchStrategy[str]:
    """Return numbers around bounds, on the grid and off it."""
    offsets = st.integers(min_value=-3, max_value=3).map(lambda count: count * Decimal(unit))
    sums = st.builds(
        lambda bound, offset: Decimal(bound) + offset, st.sampled_from(bounds), offsets
    )
    return sums.filter(lambda number: number > 0).map(lambda number: f"{number:f}")


prices = near("10", "50", "80", "100", "120", "150", "200", unit="0.25") | near("60.5", unit="0.5")
quantities = near("0.2", "0.3", "0.5", "1", "2.5", "5", "10", unit="0.01") | near(
    "0.6", "0.9", unit="0.06"
)
SIDES = st.sampled_from(["BUY", "SELL"])


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"symbol": st.just("BTCUSDT"), "side": SIDES, **fields})


limits = some(type=st.just("LIMIT"), timeInForce=st.just("GTC"), price=prices, quantity=quantities)
icebergs = st.builds(
    lambda order, part: order | {"icebergQty": part}, limits, near("0.2", "0.5", "1", unit="0.01")
).filter(lambda order: Decimal(order["icebergQty"]) <= Decimal(order["quantity"]))
markets = some(type=st.just("MARKET"), quantity=quantities)
spendings = some(type=st.just("MARKET"), quoteOrderQty=near("50", "70", "500", unit="0.01"))
stops = some(
    type=st.sampled_from(["STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"]),
    timeInForce=st.just("GTC"),
    price=prices,
    quantity=quantities,
    stopPrice=prices,
)
trails = some(
    # Whether MARKET_LOT_SIZE holds for what becomes a MARKET order later, no document says.
    type=st.sampled_from(["STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"]),
    timeInForce=st.just("GTC"),
    price=prices,
    quantity=quantities,
    trailingDelta=st.sampled_from([1, 9, 10, 19, 20, 50, 100, 101, 200, 201]),
)
orders = st.one_of(limits, icebergs, markets, spendings, stops, trails)

ALL = Venue(*FILTERS)
ALONE = {name: Venue(name) for name in FILTERS}


def agree(venue: Venue, order: dict[str, Any]) -> None:
    refusal, broken = venue.refusal(order), venue.broken(order)
    named = None
    if refusal is not None and refusal.message.startswith("Filter failure: "):
        named = refusal.message.removeprefix("Filter failure: ")

    assert (named in broken) if named is not None else not broken, (order, refusal, broken)


@given(order=orders)
@settings(max_examples=300, deadline=None)
def test_the_check_names_what_the_exchange_refuses(order: dict[str, Any]) -> None:
    agree(ALL, order)


@pytest.mark.parametrize("name", FILTERS)
@given(order=orders)
@settings(max_examples=60, deadline=None)
def test_each_filter_by_itself_is_understood_alike(name: str, order: dict[str, Any]) -> None:
    agree(ALONE[name], order)


@given(order=orders)
@settings(max_examples=150, deadline=None)
def test_the_exchange_takes_what_was_fitted(order: dict[str, Any]) -> None:
    operation = operation_by_method(Market.SPOT, "order.test")
    assert operation is not None
    try:
        sent, _ = fit_request(ALL.rules, operation, order, by_wire_name=True)
    except RulesBroken:
        return
    refusal = ALL.refusal(sent)

    # What depends on the price that the exchange measures by is not known to the client.
    assert (
        refusal is None
        or not refusal.message.startswith("Filter failure: ")
        or (
            refusal.message.endswith(("PERCENT_PRICE", "PERCENT_PRICE_BY_SIDE"))
            or order["type"] == "MARKET"
        )
    )


PLAIN = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "price": "100",
    "quantity": "1",
}
BROKEN: dict[str, dict[str, Any]] = {
    "PRICE_FILTER": {"price": "100.25"},
    "LOT_SIZE": {"quantity": "1.01"},
    "MARKET_LOT_SIZE": {"type": "MARKET", "timeInForce": None, "price": None, "quantity": "1"},
    "ICEBERG_PARTS": {"quantity": "5", "icebergQty": "1"},
    "TRAILING_DELTA": {"type": "STOP_LOSS_LIMIT", "trailingDelta": 9},
    "PERCENT_PRICE": {"price": "150.5"},
    "PERCENT_PRICE_BY_SIDE": {"price": "120.5"},
    "NOTIONAL": {"quantity": "0.4"},
    "MIN_NOTIONAL": {"quantity": "0.6"},
}


@pytest.mark.parametrize("name", FILTERS)
def test_each_filter_refuses_and_takes(name: str) -> None:
    """The properties would hold as well of a filter that nobody looks at."""
    order = PLAIN | BROKEN[name]
    refusal = ALONE[name].refusal(order)

    assert refusal is not None
    assert refusal.message == f"Filter failure: {name}"
    assert ALONE[name].broken(order) == {name}
    assert ALONE[name].refusal(PLAIN) is None
    assert ALONE[name].broken(PLAIN) == set()
