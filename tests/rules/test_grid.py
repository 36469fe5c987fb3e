"""Numbers go to the grid exactly: none is lost, none is moved that was on it."""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from binance_wsapi.errors import ParameterError
from binance_wsapi.rules.exact import common_step, exact, places
from binance_wsapi.rules.grid import Grid, Rounding

STEPS = ["0.00000001", "0.0001", "0.0005", "0.01", "0.025", "0.1", "0.5", "1", "5", "12.5", "100"]
steps = st.sampled_from(STEPS).map(Decimal)
counts = st.integers(min_value=0, max_value=10**9)
numbers = st.decimals(min_value=0, max_value=10**9, places=10)
bounds = st.sampled_from(["0", "0.001", "0.3", "1", "7.77", "40", "1000"]).map(Decimal)

ZERO = Decimal(0)


def grid(step: Decimal, minimum: Decimal = ZERO, maximum: Decimal = ZERO) -> Grid:
    return Grid(minimum, maximum, step)


@pytest.mark.parametrize(
    ("value", "step", "down", "up", "nearest"),
    [
        (0.29, "0.01", "0.29", "0.29", "0.29"),
        (0.1 + 0.2, "0.01", "0.3", "0.31", "0.3"),
        ("0.00074", "0.0005", "0.0005", "0.001", "0.0005"),
        ("0.00075", "0.0005", "0.0005", "0.001", "0.001"),
        ("123", "5", "120", "125", "125"),
        ("149.99", "100", "100", "200", "100"),
        ("150", "100", "100", "200", "200"),
        ("12345678901234567890.00000000000000000001", "0.1", "12345678901234567890", "12345678901234567890.1", "12345678901234567890"),
        ("5", "0", "5", "5", "5"),
    ],
)  # fmt: skip
def test_values_go_to_the_grid(
    value: float | str, step: str, down: str, up: str, nearest: str
) -> None:
    number = exact(value, "price")
    rounded = {
        rounding: f"{grid(Decimal(step)).rounded(number, rounding):f}"
        for rounding in ("down", "up", "nearest")
    }

    assert rounded == {"down": down, "up": up, "nearest": nearest}


@given(count=counts, step=steps)
def test_every_multiple_stays_where_it_is(count: int, step: Decimal) -> None:
    """A bare floor of a float division loses every other one of them."""
    value = count * step

    for rounding in ("down", "up", "nearest"):
        assert grid(step).rounded(value, rounding) == value
    assert grid(step).is_multiple(value)
    assert grid(step).rounded(exact(float(value), "price"), "nearest") == value


@given(value=numbers, step=steps)
def test_rounding_moves_by_less_than_a_step(value: Decimal, step: Decimal) -> None:
    down, up = grid(step).rounded(value, "down"), grid(step).rounded(value, "up")
    nearest = grid(step).rounded(value, "nearest")

    assert down <= value <= up
    assert up - down in (0, step)
    assert nearest == (down if value - down < up - value else up)
    for each in (down, up):
        assert Fraction(each) % Fraction(step) == 0
        assert "E+" not in str(each)
        assert places(each) <= places(step)


@given(value=numbers, step=steps)
def test_the_context_of_the_thread_does_not_matter(value: Decimal, step: Decimal) -> None:
    expected = grid(step).rounded(value, "down"), grid(step).nearest(value)

    with localcontext(Context(prec=2)):
        assert (grid(step).rounded(value, "down"), grid(step).nearest(value)) == expected


@given(value=numbers, step=steps, one=bounds, other=bounds, is_free=st.booleans())
def test_no_allowed_value_is_nearer_than_the_nearest(
    value: Decimal, step: Decimal, one: Decimal, other: Decimal, is_free: bool
) -> None:
    within = grid(ZERO if is_free else step, min(one, other), max(one, other))
    nearest = within.nearest(value)

    if nearest is None:
        assert not within.allows(value)
        return
    assume(nearest)
    assert within.allows(nearest)
    if within.allows(value):
        assert nearest == value
    for count in (-1, 1):
        neighbour = nearest + count * (within.step or Decimal("0.0000000001"))
        assert not within.allows(neighbour) or abs(neighbour - value) >= abs(nearest - value)


@given(one=steps, other=steps, count=st.integers(min_value=1, max_value=50))
def test_a_common_step_is_one_of_both(one: Decimal, other: Decimal, count: int) -> None:
    common = common_step(one, other)

    assert Fraction(common) % Fraction(one) == 0
    assert Fraction(common) % Fraction(other) == 0
    smaller = count * one
    assert smaller >= common or Fraction(smaller) % Fraction(other)


@pytest.mark.parametrize("rounding", ["down", "up", "nearest"])
def test_a_step_of_zero_moves_nothing(rounding: Rounding) -> None:
    assert grid(ZERO).rounded(Decimal("1.2300"), rounding) == Decimal("1.23")


@pytest.mark.parametrize("value", ["1,000", "1e-7", "-1", None, True, float("nan")])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ParameterError, match="price"):
        exact(value, "price")
