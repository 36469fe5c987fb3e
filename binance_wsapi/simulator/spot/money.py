"""Exact money: eight decimal places, and one rule for each product that has more."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

__all__ = [
    "PLACES",
    "ZERO",
    "is_multiple",
    "notional",
    "places",
    "portion",
    "quotient",
    "round_to_step",
]

PLACES = Decimal("0.00000001")
ZERO = Decimal(0).quantize(PLACES)

_DOWN = Context(prec=60, rounding=ROUND_DOWN)
_HALF_UP = Context(prec=60, rounding=ROUND_HALF_UP)


def places(value: Decimal) -> Decimal:
    """Return a value that has at most eight places with exactly eight."""
    return _DOWN.quantize(value, PLACES)


def notional(price: Decimal, quantity: Decimal) -> Decimal:
    """Return price times quantity in quote asset units, cut off after eight places.

    Cut off, so that the parts of an order never cost more than the whole that was set aside.
    """
    return _DOWN.quantize(_DOWN.multiply(price, quantity), PLACES)


def portion(amount: Decimal, rate: Decimal) -> Decimal:
    """Return ``amount * rate`` rounded to the nearest unit of the eighth place."""
    return _HALF_UP.quantize(_HALF_UP.multiply(amount, rate), PLACES)


def quotient(amount: Decimal, divisor: Decimal) -> Decimal:
    """Return ``amount / divisor`` cut off after eight places."""
    return _DOWN.quantize(_DOWN.divide(amount, divisor), PLACES)


def round_to_step(value: Decimal, step: Decimal) -> Decimal:
    """Return the largest multiple of ``step`` that is not above ``value``."""
    return _DOWN.quantize(value - _DOWN.remainder(value, step), PLACES)


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Whether ``value`` is a whole number of steps; a step of zero always fits."""
    return not step or not _DOWN.remainder(value, step)
