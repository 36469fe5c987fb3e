"""Rounding: parts never cost more than the whole, and steps are exact at any size."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_wsapi.simulator.spot.money import (
    is_multiple,
    notional,
    places,
    portion,
    quotient,
    round_to_step,
)

amounts = st.decimals(min_value=0, max_value=10**9, places=8)


@given(price=amounts, first=amounts, second=amounts)
def test_the_parts_of_an_order_never_cost_more_than_the_whole(
    price: Decimal, first: Decimal, second: Decimal
) -> None:
    whole = notional(price, first + second)

    assert notional(price, first) + notional(price, second) <= whole


@pytest.mark.parametrize(
    ("price", "quantity", "quote"),
    [
        ("0.00000001", "0.5", "0.00000000"),
        ("0.33333333", "3", "0.99999999"),
        ("99999999999999999999.99999999", "99999999999999999999.99999999", None),
    ],
)
def test_quote_amounts_are_cut_off(price: str, quantity: str, quote: str | None) -> None:
    value = notional(Decimal(price), Decimal(quantity))

    assert value.as_tuple().exponent == -8
    assert quote is None or value == Decimal(quote)


@pytest.mark.parametrize(
    ("amount", "rate", "commission"),
    [
        ("17491.25", "0.00000230", "0.04022988"),
        ("0.00000001", "0.4", "0.00000000"),
        ("0.00000001", "0.5", "0.00000001"),
    ],
)
def test_commission_is_rounded_to_the_nearest_unit(amount: str, rate: str, commission: str) -> None:
    assert portion(Decimal(amount), Decimal(rate)) == Decimal(commission)


def test_steps_are_exact_at_any_size() -> None:
    large = Decimal("99999999999999999999.99999999")

    assert round_to_step(large, Decimal("0.5")) == Decimal("99999999999999999999.5")
    assert is_multiple(large, Decimal("0.00000001"))
    assert not is_multiple(large, Decimal("0.001"))
    assert is_multiple(large, Decimal(0))
    assert quotient(Decimal(1), Decimal(3)) == Decimal("0.33333333")
    assert str(places(Decimal("1.5"))) == "1.50000000"
