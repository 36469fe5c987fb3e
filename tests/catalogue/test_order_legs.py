"""Whatever has a price or a quantity that rules hold for stands in a leg of its request."""

from __future__ import annotations

import pytest

from binance_wsapi.catalogue import operations
from binance_wsapi.catalogue.operation import Kind, Operation
from binance_wsapi.markets import Market, api_markets

ORDERS = [
    each
    for market in api_markets()
    for each in operations(market)
    if any(param.kind is Kind.DECIMAL and not param.auth for param in each.params)
]
NO_RULE = {"callbackRate"}
"""Decimals that no filter holds for."""


@pytest.mark.parametrize("operation", ORDERS, ids=lambda each: f"{each.market.value}-{each.method}")
def test_the_legs_of_an_operation_name_what_it_takes(operation: Operation) -> None:
    params = {param.wire: param for param in operation.params}
    named = {wire for leg in operation.legs for wire in leg.names.values()}
    decimals = {
        wire for wire, param in params.items() if param.kind is Kind.DECIMAL and not param.auth
    }

    assert named <= params.keys()
    assert decimals - NO_RULE <= named
    assert all(
        leg.type is not None or "type" in leg.names or named == {"newQty"} for leg in operation.legs
    )


def test_orders_of_all_markets_have_legs() -> None:
    assert {each.method for each in ORDERS if each.market is Market.SPOT} >= {
        "order.place",
        "order.cancelReplace",
        "orderList.place.opoco",
        "sor.order.place",
    }
    assert len([each for each in ORDERS if each.market is not Market.SPOT]) == 5
