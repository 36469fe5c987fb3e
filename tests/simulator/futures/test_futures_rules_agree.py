"""The client's check and the refusals of the futures exchanges are written apart, and agree on every order."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from futures_sim_venue import SYMBOL, Venue
from hypothesis import given, settings
from hypothesis import strategies as st

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.errors import RulesBroken
from binance_wsapi.markets import Market
from binance_wsapi.rules import SymbolRules
from binance_wsapi.rules.checking import violations
from binance_wsapi.rules.reading import read_rules
from binance_wsapi.rules.requests import fit_request, orders_of
from binance_wsapi.simulator.doors.wire import encode
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.futures.contract_info import _row
from binance_wsapi.simulator.futures.requests import Parameters, read_new_order

MARKETS = (Market.USDM, Market.COINM)
PRECISION_CODE = -1111
AS_ONE = {"MARKET_LOT_SIZE": "LOT_SIZE"}
"""Codes of futures do not tell these apart."""


class Place:
    """A contract on the exchange and as its rules."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.venue = Venue(market)
        self.trader = self.venue.trader()
        self.contract = self.venue.market.contracts[SYMBOL[market]]
        shown = json.loads(encode(_row(self.contract, "TRADING"), microseconds=False))
        self.rules: SymbolRules = read_rules(market, shown)
        operation = operation_by_method(market, "order.place")
        assert operation is not None
        self.operation = operation

    def refusal(self, order: dict[str, Any]) -> int:
        """Return the code that an order's terms are refused with, 0 when they are not."""
        intake = self.venue.market._intake
        request = read_new_order(Parameters(order), self.market, is_hedging=False, now_ms=0)
        try:
            intake.check_terms(
                self.contract, request, price=request.price, quantity=request.quantity
            )
        except ExchangeError as error:
            return error.code
        return 0

    def broken(self, order: dict[str, Any]) -> set[str]:
        """Return the filters that the client's check names."""
        terms = orders_of(self.operation, order)[0]
        mark = self.venue.market.prices.mark(self.contract)
        found = violations(self.rules, terms, mark)
        return {AS_ONE.get(each.filter, each.filter) for each in found}


PLACES = {market: Place(market) for market in MARKETS}


def near(*bounds: str, unit: str) -> st.SearchStrategy[str]:
    offsets = st.integers(min_value=-3, max_value=3).map(lambda count: count * Decimal(unit))
    sums = st.builds(
        lambda bound, offset: Decimal(bound) + offset, st.sampled_from(bounds), offsets
    )
    return sums.filter(lambda number: number > 0).map(lambda number: f"{number:f}")


def orders(market: Market) -> st.SearchStrategy[dict[str, Any]]:
    """Orders around the bounds of the contract, on its grid and off it."""
    if market is Market.USDM:
        quantities = near("0.001", "0.002", "0.5", "120", "1000", unit="0.0005")
    else:
        quantities = near("1", "2", "100", "60000", "1000000", unit="0.5")
    prices = near("0.1", "51000", "60000", "69000", "4529764", unit="0.05")
    plain = {
        "symbol": st.just(SYMBOL[market]),
        "side": st.sampled_from(["BUY", "SELL"]),
        "quantity": quantities,
    }
    limits = st.fixed_dictionaries(
        {**plain, "type": st.just("LIMIT"), "timeInForce": st.just("GTC"), "price": prices},
        optional={"reduceOnly": st.sampled_from(["true", "false"])},
    )
    return limits | st.fixed_dictionaries({**plain, "type": st.just("MARKET")})


@pytest.mark.parametrize("market", MARKETS)
@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_the_check_names_what_the_exchange_refuses(market: Market, data: st.DataObject) -> None:
    place, order = PLACES[market], data.draw(orders(market))
    code, broken = place.refusal(order), place.broken(order)

    if code == 0:
        assert not broken, order
    elif code == PRECISION_CODE:
        assert "PRECISION" in broken, order
    else:
        assert market.facts.filters[code] in broken, order


@pytest.mark.parametrize("market", MARKETS)
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_the_exchange_takes_what_was_fitted(market: Market, data: st.DataObject) -> None:
    place, order = PLACES[market], data.draw(orders(market))
    try:
        sent, _ = fit_request(place.rules, place.operation, order, by_wire_name=True)
    except RulesBroken:
        return
    code = place.refusal(sent)

    # What depends on the mark price is not known to the client.
    assert code == 0 or market.facts.filters[code] == "PERCENT_PRICE" or order["type"] == "MARKET"
