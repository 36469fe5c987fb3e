"""Exact arithmetic on decimals: whatever could not be written down exactly raises instead of being rounded."""

from __future__ import annotations

from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from math import lcm

from binance_wsapi.protocol.values import decimal_text

__all__ = [
    "common_step",
    "exact",
    "places",
    "plain",
    "product",
    "steps_in",
    "total",
    "unit",
    "within_step",
]

ZERO = Decimal(0)

# The context of the caller's thread may round to a few digits, or trap what is harmless.
_EXACT = Context(
    prec=1000,
    Emax=999_999,
    Emin=-999_999,
    traps=[InvalidOperation, DivisionByZero, Overflow, Inexact],
)


def exact(value: object, parameter: str) -> Decimal:
    """Return a number as the exchange will read it: a float by its shortest text.

    Args:
        value: What was given for a parameter.
        parameter: Its name, for the error.

    Raises:
        ParameterError: It is no number, or none that the exchange takes.
    """
    return Decimal(decimal_text(value, parameter))  # type: ignore[arg-type]  # refuses what is none


def plain(value: Decimal) -> Decimal:
    """Return the same number without trailing zeros and without an exponent: ``0.01``, ``120``."""
    bare = value.normalize(_EXACT)
    exponent = bare.as_tuple().exponent
    return _EXACT.quantize(bare, Decimal(1)) if isinstance(exponent, int) and exponent > 0 else bare


def places(value: Decimal) -> int:
    """Return how many decimal places a number needs."""
    exponent = value.normalize(_EXACT).as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def unit(decimals: int) -> Decimal:
    """Return the smallest number with so many decimal places."""
    return Decimal((0, (1,), -decimals))


def product(one: Decimal, other: Decimal) -> Decimal:
    """Return one number times the other."""
    return _EXACT.multiply(one, other)


def total(one: Decimal, other: Decimal) -> Decimal:
    """Return one number and the other together."""
    return _EXACT.add(one, other)


def steps_in(value: Decimal, step: Decimal) -> tuple[int, bool]:
    """Return how many whole steps a number that is not negative has, and whether anything is left over."""
    count, rest = _EXACT.divmod(value, step)
    return int(count), bool(rest)


def within_step(count: int, step: Decimal) -> Decimal:
    """Return so many steps, without trailing zeros."""
    return plain(_EXACT.multiply(Decimal(count), step))


def common_step(one: Decimal, other: Decimal) -> Decimal:
    """Return the smallest step whose multiples are multiples of both; a zero asks for nothing."""
    if not one or not other:
        return one or other
    decimals = max(places(one), places(other))
    scaled = [int(_EXACT.scaleb(each, decimals)) for each in (one, other)]
    return plain(_EXACT.scaleb(Decimal(lcm(*scaled)), -decimals))
