"""A request is held against the rules order by order, whatever it calls their parameters."""

from __future__ import annotations

from typing import Any

import pytest
from rules_samples import COINM_RULES, SPOT, SPOT_RULES, USDM_RULES

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.catalogue.operation import Operation
from binance_wsapi.errors import RulesBroken
from binance_wsapi.markets import Market
from binance_wsapi.rules import SymbolRules
from binance_wsapi.rules.reading import read_rules
from binance_wsapi.rules.requests import check_request, fit_request

RULES = {Market.SPOT: SPOT_RULES, Market.USDM: USDM_RULES, Market.COINM: COINM_RULES}


def operation(market: Market, method: str) -> Operation:
    found = operation_by_method(market, method)
    assert found is not None
    return found


def broken(
    market: Market, method: str, rules: SymbolRules | None = None, **params: Any
) -> set[str]:
    """Return the parameters by which a request breaks the rules."""
    try:
        check_request(rules or RULES[market], operation(market, method), params, by_wire_name=False)
    except RulesBroken as error:
        return {each.parameter for each in error.violations}
    return set()


OFF = "100.001"
MANY = "1.000001"


@pytest.mark.parametrize(
    ("market", "method", "params", "named"),
    [
        ("spot", "order.place", {"side": "BUY", "type": "LIMIT", "price": OFF, "quantity": MANY}, {"price", "quantity"}),
        ("spot", "order.cancelReplace", {"side": "SELL", "type": "LIMIT", "price": OFF, "quantity": "1"}, {"price"}),
        ("spot", "sor.order.place", {"side": "BUY", "type": "LIMIT", "price": OFF, "quantity": "1"}, {"price"}),
        ("spot", "order.amend.keepPriority", {"orderId": 1, "newQty": MANY}, {"new_qty"}),
        ("spot", "orderList.place", {
            "side": "SELL", "quantity": MANY, "price": OFF, "stopPrice": OFF, "stopLimitPrice": OFF,
        }, {"quantity", "price", "stop_price", "stop_limit_price"}),
        ("spot", "orderList.place.oco", {
            "side": "SELL", "quantity": "1", "aboveType": "LIMIT_MAKER", "abovePrice": OFF,
            "belowType": "STOP_LOSS_LIMIT", "belowStopPrice": OFF, "belowPrice": "90", "belowTrailingDelta": 1,
        }, {"above_price", "below_stop_price", "below_trailing_delta"}),
        ("spot", "orderList.place.oto", {
            "workingType": "LIMIT", "workingSide": "BUY", "workingPrice": OFF, "workingQuantity": "1",
            "pendingType": "NOVEL", "pendingSide": "SELL", "pendingPrice": "100", "pendingQuantity": MANY,
        }, {"working_price", "pending_type", "pending_quantity"}),
        ("spot", "orderList.place.otoco", {
            "workingType": "LIMIT", "workingSide": "BUY", "workingPrice": "100", "workingQuantity": "1",
            "pendingSide": "SELL", "pendingQuantity": "1", "pendingAboveType": "LIMIT_MAKER",
            "pendingAbovePrice": OFF, "pendingBelowType": "STOP_LOSS_LIMIT", "pendingBelowStopPrice": OFF,
            "pendingBelowPrice": OFF,
        }, {"pending_above_price", "pending_below_stop_price", "pending_below_price"}),
        ("spot", "orderList.place.opo", {
            "workingType": "LIMIT", "workingSide": "BUY", "workingPrice": "100", "workingQuantity": MANY,
            "pendingType": "LIMIT", "pendingSide": "SELL", "pendingPrice": OFF,
        }, {"working_quantity", "pending_price"}),
        ("usdm", "order.place", {"side": "BUY", "type": "LIMIT", "price": "60000.05", "quantity": "0.0015"}, {"price", "quantity"}),
        ("usdm", "order.modify", {"side": "BUY", "price": "60000.05", "quantity": "0.001"}, {"price"}),
        ("usdm", "algoOrder.place", {
            "side": "BUY", "type": "STOP", "price": "60000", "quantity": "1", "triggerPrice": "60000.05",
        }, {"trigger_price"}),
        ("usdm", "algoOrder.place", {
            "side": "BUY", "type": "TRAILING_STOP_MARKET", "quantity": "1", "activatePrice": "60000.05",
        }, {"activate_price"}),
        ("coinm", "order.place", {
            "side": "BUY", "type": "MARKET", "quantity": "1.5", "stopPrice": "60000.05",
            "activationPrice": "60000.05",
        }, {"stop_price", "activation_price", "quantity"}),
        ("coinm", "order.modify", {"side": "BUY", "price": "60000", "quantity": "0"}, {"quantity"}),
    ],
)  # fmt: skip
def test_each_order_of_a_request_is_checked(
    market: str, method: str, params: dict[str, Any], named: set[str]
) -> None:
    assert broken(Market(market), method, **params) == named


@pytest.mark.parametrize(
    "params",
    [
        {"side": "SELL", "reduceOnly": True},
        {"side": "SELL", "reduceOnly": "true"},
        {"side": "SELL", "positionSide": "LONG"},
        {"side": "BUY", "positionSide": "SHORT"},
        {"side": "BUY", "closePosition": "true"},
    ],
)
def test_what_closes_a_position_may_be_worth_little(params: dict[str, Any]) -> None:
    order: dict[str, Any] = {"type": "LIMIT", "price": "60000", "quantity": "0.001"}

    assert broken(Market.USDM, "order.place", **order, **params) == set()
    assert broken(Market.USDM, "order.place", **order, side="BUY") == {"quantity"}


def test_an_old_oco_is_not_of_a_type_that_it_does_not_name() -> None:
    rules = read_rules(Market.SPOT, SPOT | {"orderTypes": ["LIMIT", "STOP_LOSS_LIMIT"]})
    order = {
        "side": "SELL",
        "quantity": "1",
        "price": "110",
        "stopPrice": "90",
        "stopLimitPrice": "89",
    }

    assert broken(Market.SPOT, "orderList.place", rules, **order) == set()


def test_a_request_is_fitted_and_keeps_what_fits_as_it_was_written() -> None:
    given = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "quantity": "1.500",
        "aboveType": "LIMIT_MAKER",
        "abovePrice": "110.001",
        "belowType": "STOP_LOSS_LIMIT",
        "belowStopPrice": "90.009",
        "belowPrice": "89.00",
        "belowTimeInForce": "GTC",
    }

    sent, adjustments = fit_request(
        SPOT_RULES, operation(Market.SPOT, "orderList.place.oco"), given, by_wire_name=False
    )

    assert sent == given | {"abovePrice": "110.01", "belowStopPrice": "90"}
    assert [each.parameter for each in adjustments] == ["above_price", "below_stop_price"]


def test_a_shared_quantity_is_adjusted_once() -> None:
    given = {
        "side": "SELL",
        "quantity": "1.000001",
        "aboveType": "LIMIT_MAKER",
        "abovePrice": "110",
        "belowType": "STOP_LOSS",
        "belowStopPrice": "90",
    }

    sent, adjustments = fit_request(
        SPOT_RULES, operation(Market.SPOT, "orderList.place.oco"), given, by_wire_name=True
    )

    assert sent["quantity"] == "1"
    assert [(each.parameter, str(each.given)) for each in adjustments] == [("quantity", "1.000001")]


def test_the_error_tells_the_names_that_were_used() -> None:
    with pytest.raises(RulesBroken) as by_wire_name:
        check_request(SPOT_RULES, operation(Market.SPOT, "order.amend.keepPriority"), {"newQty": "0.000001"}, by_wire_name=True)  # fmt: skip

    assert by_wire_name.value.parameter == "newQty"
    assert str(by_wire_name.value).startswith("BTCUSDT: newQty=0.000001 breaks LOT_SIZE")
