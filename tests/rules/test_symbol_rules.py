"""A symbol's rules: read from what the exchange sends, rounded to, and held against orders."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_samples import (
    COINM,
    COINM_RULES,
    SPOT,
    SPOT_RULES,
    USDM_RULES,
    captured,
    filters,
    spot_rules,
)

from binance_wsapi.errors import ParameterError, RulesBroken
from binance_wsapi.markets import Market
from binance_wsapi.models.base import DecimalLike
from binance_wsapi.rules import SymbolRules, Violation
from binance_wsapi.rules.reading import read_rules


def broken(rules: SymbolRules, **order: Any) -> dict[tuple[str, str], tuple[str, str | None]]:
    """Return what an order breaks: bound and nearest value by filter and parameter."""
    return {
        (each.filter, each.parameter): (
            str(each.bound),
            None if each.nearest is None else f"{each.nearest:f}",
        )
        for each in rules.check(**{"side": "BUY", "type": "LIMIT", **order})
    }


def test_rules_show_the_numbers_of_a_spot_symbol() -> None:
    rules = SPOT_RULES

    assert (rules.tick_size, rules.step_size) == (Decimal("0.01"), Decimal("0.00001"))
    assert (rules.price.minimum, rules.price.maximum) == (Decimal("0.01"), Decimal(1000000))
    assert (rules.lot.minimum, rules.lot.maximum) == (Decimal("0.00001"), Decimal(9000))
    assert (rules.market_lot.maximum, rules.market_lot.step) == (Decimal(50), Decimal("0.00003"))
    assert (rules.min_notional, rules.max_notional) == (Decimal(5), Decimal(9000000))
    assert (rules.max_num_orders, rules.max_num_algo_orders) == (200, 5)
    assert (rules.max_num_order_lists, rules.max_num_order_amends) == (20, 10)
    assert (rules.max_iceberg_parts, rules.max_position) == (10, Decimal(10))
    assert (rules.price_precision, rules.quantity_precision) == (8, 8)
    assert "LIMIT_MAKER" in rules.order_types
    assert rules.filter("ICEBERG_PARTS") == {"filterType": "ICEBERG_PARTS", "limit": 10}
    assert rules.filter("T_PLUS_SELL") is None


def test_rules_show_the_numbers_of_futures() -> None:
    rules = USDM_RULES

    assert (rules.tick_size, rules.step_size) == (Decimal("0.1"), Decimal("0.001"))
    assert (rules.min_notional, rules.max_notional) == (Decimal(100), None)
    assert (rules.max_num_orders, rules.max_num_algo_orders) == (200, 10)
    assert (rules.price_precision, rules.quantity_precision) == (2, 3)
    assert rules.times_in_force == ("GTC", "IOC", "FOK", "GTX", "GTD")
    assert (COINM_RULES.contract_size, COINM_RULES.status) == (Decimal(100), "TRADING")
    assert COINM_RULES.order_types == ("LIMIT", "MARKET")


def test_rules_do_not_change_and_can_be_kept() -> None:
    with pytest.raises(FrozenInstanceError):
        SPOT_RULES.symbol = "ETHUSDT"  # type: ignore[misc]

    assert pickle.loads(pickle.dumps(SPOT_RULES)) == SPOT_RULES
    assert copy.deepcopy(SPOT_RULES) == SPOT_RULES


@pytest.mark.parametrize(
    "odd",
    [
        {"filters": None},
        {"filters": [None, 3, {"filterType": None}, {"filterType": "LOT_SIZE"}]},
        {"filters": [{"filterType": "PRICE_FILTER", "tickSize": "NaN", "minPrice": "-1", "maxPrice": []}]},
        {"orderTypes": "LIMIT", "quoteAssetPrecision": None, "baseAssetPrecision": "8"},
    ],
)  # fmt: skip
def test_what_the_exchange_leaves_out_or_garbles_rules_nothing(odd: dict[str, Any]) -> None:
    bare = {"symbol": "BTCUSDT", "filters": [], **odd}

    rules = read_rules(Market.SPOT, bare)

    assert rules.check(side="BUY", type="LIMIT", price="0.123", quantity="7.7") == ()


def test_a_symbol_of_2021_is_read() -> None:
    rules = read_rules(Market.SPOT, captured())

    assert (rules.tick_size, rules.min_notional) == (Decimal("0.000001"), Decimal("0.0001"))
    assert broken(rules, price="0.05", quantity="0.001", reference_price="0.05") == {
        ("MIN_NOTIONAL", "quantity"): ("0.0001", "0.002")
    }


@pytest.mark.parametrize(
    ("price", "how", "sent"),
    [
        (65000.129, {"side": "BUY"}, "65000.12"),
        (65000.121, {"side": "SELL"}, "65000.13"),
        (65000.125, {}, "65000.13"),
        (0.29, {"side": "BUY"}, "0.29"),
        ("65000.129", {"rounding": "up", "side": "BUY"}, "65000.13"),
        (Decimal("65000.1200"), {"rounding": "down"}, "65000.12"),
        (65000, {}, "65000"),
    ],
)
def test_prices_are_rounded_never_across_the_callers_limit(
    price: DecimalLike, how: dict[str, Any], sent: str
) -> None:
    assert str(SPOT_RULES.round_price(price, **how)) == sent


@pytest.mark.parametrize(
    ("quantity", "is_market", "sent"),
    [(0.29, False, "0.29"), (0.123456789, False, "0.12345"), ("0.00008", True, "0.00006")],
)
def test_quantities_are_rounded_down(quantity: DecimalLike, is_market: bool, sent: str) -> None:
    """A MARKET order on Spot keeps to two filters at once."""
    assert f"{SPOT_RULES.round_quantity(quantity, market=is_market):f}" == sent


def test_a_market_order_on_spot_keeps_to_both_steps() -> None:
    rules = spot_rules(LOT_SIZE={"stepSize": "0.02"}, MARKET_LOT_SIZE={"stepSize": "0.03"})

    assert rules.round_quantity("0.11", market=True) == Decimal("0.06")
    assert rules.round_quantity("0.11") == Decimal("0.1")


def test_a_violation_names_the_bound_of_its_side() -> None:
    found = [
        SPOT_RULES.check(side=side, type="LIMIT", price="1000", quantity="1", reference_price=100)
        for side in ("BUY", "SELL")
    ]

    assert [each[0].rule for each in found] == ["bidMultiplierUp", "askMultiplierUp"]


@pytest.mark.parametrize(
    ("round_it", "shown"),
    [
        (lambda: SPOT_RULES.round_price(0.004, side="BUY"), "0.01"),
        (lambda: SPOT_RULES.round_price("1000000.011", side="SELL"), "1000000"),
        (lambda: SPOT_RULES.round_quantity(0.000009), "0.00001"),
        (lambda: SPOT_RULES.round_quantity(0), "0.00001"),
        (lambda: SPOT_RULES.round_quantity(50.1, market=True), "49.99998"),
        (lambda: USDM_RULES.round_price(500), "556.8"),
        (lambda: spot_rules(LOT_SIZE={"stepSize": "5"}).round_quantity(4), "5"),
    ],
)
def test_nothing_is_rounded_to_zero_or_out_of_bounds(round_it: Any, shown: str) -> None:
    with pytest.raises(RulesBroken) as caught:
        round_it()

    error = caught.value
    assert f"{error.violations[0].nearest:f}" == shown
    assert shown in str(error)
    assert error.parameter in {"price", "quantity"}
    assert pickle.loads(pickle.dumps(error)).violations == error.violations


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: SPOT_RULES.round_price("1,000"), "price"),
        (lambda: SPOT_RULES.round_price(1, side="buy"), "side"),
        (lambda: SPOT_RULES.round_price(1, rounding="floor"), "rounding"),  # type: ignore[arg-type]
        (lambda: SPOT_RULES.round_quantity(float("inf")), "quantity"),
        (lambda: SPOT_RULES.check(side="LONG", type="LIMIT"), "side"),
        (lambda: SPOT_RULES.fit(side="BUY", type="LIMIT", stop_price="x"), "stop_price"),
        (lambda: SPOT_RULES.check(side="BUY", type="LIMIT", reference_price="x"), "reference_price"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call: Any, named: str) -> None:
    with pytest.raises(ParameterError) as caught:
        call()

    assert caught.value.parameter == named
    assert not isinstance(caught.value, RulesBroken)


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ({"price": "65000.12", "quantity": "0.01"}, {}),
        ({"price": "65000.125", "quantity": "0.01"}, {("PRICE_FILTER", "price"): ("0.01", "65000.12")}),
        ({"price": "0.001"}, {("PRICE_FILTER", "price"): ("0.01", "0.01")}),
        ({"price": "1000001", "quantity": "1"}, {("PRICE_FILTER", "price"): ("1000000", "1000000")}),
        ({"price": "60000", "quantity": "0.000011"}, {
            ("LOT_SIZE", "quantity"): ("0.00001", "0.00009"), ("NOTIONAL", "quantity"): ("5", "0.00009"),
        }),
        ({"price": "1000000", "quantity": "9.1"}, {("NOTIONAL", "quantity"): ("9000000", "9")}),
        ({"price": "100", "quantity": "9001"}, {("LOT_SIZE", "quantity"): ("9000", "9000")}),
        ({"price": "0.01", "quantity": "1"}, {("NOTIONAL", "quantity"): ("5", "500")}),
        ({"type": "OCO"}, {("ORDER_TYPES", "type"): (str(SPOT_RULES.order_types), None)}),
        ({"type": "MARKET", "quantity": "50.00001"}, {("MARKET_LOT_SIZE", "quantity"): ("50", "49.99998")}),
        ({"type": "MARKET", "quantity": "0.00001", "reference_price": "65000"}, {
            ("MARKET_LOT_SIZE", "quantity"): ("0.00003", "0.00009"),
            ("NOTIONAL", "quantity"): ("5", "0.00009"),
        }),
        ({"type": "MARKET", "quantity": "0.00003"}, {}),
        ({"type": "MARKET", "quote_order_qty": "4.99"}, {("NOTIONAL", "quote_order_qty"): ("5", "5")}),
        ({"type": "MARKET", "quote_order_qty": "9000001"}, {}),
        ({"price": "100", "quantity": "1", "iceberg_qty": "0.05"}, {
            ("ICEBERG_PARTS", "iceberg_qty"): ("10", "0.1")
        }),
        ({"price": "100", "quantity": "1", "iceberg_qty": "0.100001"}, {
            ("LOT_SIZE", "iceberg_qty"): ("0.00001", "0.1")
        }),
        ({"type": "STOP_LOSS", "quantity": "1", "stop_price": "9.999"}, {
            ("PRICE_FILTER", "stop_price"): ("0.01", "10")
        }),
        ({"type": "STOP_LOSS", "quantity": "1", "trailing_delta": 9}, {
            ("TRAILING_DELTA", "trailing_delta"): ("10", "10")
        }),
        ({"type": "STOP_LOSS", "side": "SELL", "quantity": "1", "trailing_delta": 1001}, {
            ("TRAILING_DELTA", "trailing_delta"): ("1000", "1000")
        }),
        ({"price": "500.01", "quantity": "1", "reference_price": "100"}, {
            ("PERCENT_PRICE_BY_SIDE", "price"): ("500", "500")
        }),
        ({"price": "49.99", "side": "SELL", "quantity": "1", "reference_price": "100"}, {
            ("PERCENT_PRICE_BY_SIDE", "price"): ("50", "50")
        }),
        ({"price": "0.1234567891", "quantity": "1000"}, {
            ("PRICE_FILTER", "price"): ("0.01", "0.12"), ("PRECISION", "price"): ("1E-8", "0.12"),
        }),
    ],
)  # fmt: skip
def test_spot_orders_are_held_against_the_rules(
    order: dict[str, Any], found: dict[tuple[str, str], tuple[str, str | None]]
) -> None:
    assert broken(SPOT_RULES, **order) == found


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ({"price": "60000", "quantity": "0.002"}, {}),
        ({"price": "60000", "quantity": "0.001"}, {("MIN_NOTIONAL", "quantity"): ("100", "0.002")}),
        ({"price": "60000", "quantity": "0.001", "reduce_only": True}, {}),
        ({"type": "MARKET", "quantity": "121"}, {("MARKET_LOT_SIZE", "quantity"): ("120", "120")}),
        ({"type": "STOP_MARKET", "quantity": "121"}, {("MARKET_LOT_SIZE", "quantity"): ("120", "120")}),
        ({"price": "60000", "quantity": "121"}, {}),
        # A buy may be as cheap as it likes, a sell as dear.
        ({"price": "60000", "quantity": "1", "reference_price": "100000"}, {}),
        ({"price": "105000.1", "quantity": "1", "reference_price": "100000"}, {
            ("PERCENT_PRICE", "price"): ("105000", "105000")
        }),
        ({"side": "SELL", "price": "94999.9", "quantity": "1", "reference_price": "100000"}, {
            ("PERCENT_PRICE", "price"): ("95000", "95000")
        }),
    ],
)  # fmt: skip
def test_futures_orders_are_held_against_the_rules(
    order: dict[str, Any], found: dict[tuple[str, str], tuple[str, str | None]]
) -> None:
    assert broken(USDM_RULES, **order) == found


def test_what_an_inverse_contract_is_worth_is_not_guessed() -> None:
    assert any(each["filterType"] == "MIN_NOTIONAL" for each in COINM["filters"])
    assert broken(COINM_RULES, price="60000", quantity="1") == {}


def test_a_violation_reads_as_a_sentence() -> None:
    (violation,) = SPOT_RULES.check(side="BUY", type="LIMIT", price="65000.125", quantity="1")

    assert str(violation) == (
        "price=65000.125 breaks PRICE_FILTER: it is no multiple of 0.01 (tickSize); "
        "the nearest that fits is 65000.12"
    )


def test_an_order_is_fitted_and_what_changed_is_told() -> None:
    fitted = SPOT_RULES.fit(
        side="SELL",
        type="TAKE_PROFIT_LIMIT",
        price=65000.121,
        stop_price=64999.999,
        quantity=0.123456789,
        iceberg_qty="0.1",
    )

    assert (fitted.price, fitted.stop_price) == (Decimal("65000.13"), Decimal(65000))
    assert (fitted.quantity, fitted.iceberg_qty) == (Decimal("0.12345"), Decimal("0.1"))
    assert [str(each) for each in fitted.adjustments] == [
        "price=65000.121 was sent as 65000.13 (PRICE_FILTER)",
        "stop_price=64999.999 was sent as 65000 (PRICE_FILTER)",
        "quantity=0.123456789 was sent as 0.12345 (LOT_SIZE)",
    ]


@pytest.mark.parametrize(
    ("side", "order_type", "stop_price", "sent"),
    [
        ("SELL", "STOP_LOSS", "99.999", "99.99"),
        ("BUY", "STOP_LOSS", "100.001", "100.01"),
        ("SELL", "TAKE_PROFIT", "100.001", "100.01"),
        ("BUY", "TAKE_PROFIT", "99.999", "99.99"),
    ],
)
def test_a_trigger_is_not_reached_before_the_price_that_was_given(
    side: str, order_type: str, stop_price: str, sent: str
) -> None:
    rules = read_rules(Market.SPOT, SPOT | {"orderTypes": []})

    fitted = rules.fit(side=side, type=order_type, quantity=1, stop_price=stop_price)

    assert fitted.stop_price == Decimal(sent)


@pytest.mark.parametrize(
    ("order", "named"),
    [
        ({"price": "65000", "quantity": "0.000009"}, "LOT_SIZE"),
        ({"price": "500000.006", "quantity": "0.00001"}, None),
        ({"price": "499999.999", "quantity": "0.00001"}, "NOTIONAL"),
        ({"price": "0.009", "quantity": "1"}, "PRICE_FILTER"),
        ({"price": "1000000.001", "quantity": "1", "side": "SELL"}, "PRICE_FILTER"),
    ],
)
def test_what_does_not_fit_when_rounded_is_an_error(
    order: dict[str, Any], named: str | None
) -> None:
    order = {"side": "BUY", "type": "LIMIT", **order}
    if named is None:
        assert SPOT_RULES.fit(**order).adjustments
        return

    with pytest.raises(RulesBroken) as caught:
        SPOT_RULES.fit(**order)

    assert named in {each.filter for each in caught.value.violations}


prices = st.decimals(min_value="0.0001", max_value="2000000", places=4)
quantities = st.decimals(min_value="0.000001", max_value="10000", places=7)


@given(side=st.sampled_from(["BUY", "SELL"]), price=prices, quantity=quantities)
def test_what_fits_breaks_nothing_and_asks_for_no_more(
    side: str, price: Decimal, quantity: Decimal
) -> None:
    try:
        fitted = SPOT_RULES.fit(side=side, type="LIMIT", price=price, quantity=quantity)
    except RulesBroken:
        return

    assert fitted.price is not None
    assert fitted.quantity is not None
    assert (
        SPOT_RULES.check(side=side, type="LIMIT", price=fitted.price, quantity=fitted.quantity)
        == ()
    )
    assert fitted.quantity <= quantity
    assert fitted.price <= price if side == "BUY" else fitted.price >= price
    assert abs(fitted.price - price) < SPOT_RULES.tick_size
    assert quantity - fitted.quantity < SPOT_RULES.step_size
    is_changed = (fitted.price, fitted.quantity) != (price, quantity)
    assert bool(fitted.adjustments) == is_changed


@given(price=prices, quantity=quantities, reference=st.none() | prices)
def test_the_nearest_price_and_quantity_fit_together(
    price: Decimal, quantity: Decimal, reference: Decimal | None
) -> None:
    def check(price: Decimal, quantity: Decimal) -> dict[str, Violation]:
        found = SPOT_RULES.check(
            side="BUY", type="LIMIT", price=price, quantity=quantity, reference_price=reference
        )
        return {each.parameter: each for each in found}

    found = check(price, quantity)
    if "price" in found:
        nearest = found["price"].nearest
        if nearest is None:
            return
        price, found = nearest, check(nearest, quantity)
        assert "price" not in found
    if "quantity" in found and (nearest := found["quantity"].nearest) is not None:
        assert check(price, nearest) == {}


def test_rules_without_filters_leave_orders_alone() -> None:
    rules = read_rules(Market.SPOT, SPOT | {"filters": filters()})
    fitted = rules.fit(side="BUY", type="LIMIT", price="0.12345678", quantity="1")

    assert fitted.adjustments == ()
