"""What an option is worth: Black and Scholes, with one volatility for all."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import erf, exp, log, pi, sqrt

from binance_wsapi.simulator.eoptions.contracts import Option

__all__ = ["RISK_FREE_RATE", "VOLATILITY", "Valuation", "value"]

VOLATILITY = 0.5
RISK_FREE_RATE = 0.05
YEAR_US = 365 * 86_400 * 1_000_000
LEAST_US = 60_000_000
"""Reckoned to be left of an option's life at least: greeks have no value at its end."""


@dataclass(frozen=True, slots=True)
class Valuation:
    """An option's value and how it changes."""

    mark: Decimal
    delta: Decimal
    gamma: Decimal
    theta: Decimal
    """In a day."""
    vega: Decimal
    """For one percent of volatility."""


def value(option: Option, index: Decimal, now_us: int) -> Valuation:
    """Return what one contract is worth now."""
    spot, strike = float(index), float(option.strike)
    years = max(option.expiry_us - now_us, LEAST_US) / YEAR_US
    spread = VOLATILITY * sqrt(years)
    d1 = (log(spot / strike) + (RISK_FREE_RATE + VOLATILITY**2 / 2) * years) / spread
    d2 = d1 - spread
    sign = 1 if option.is_call else -1
    discounted = strike * exp(-RISK_FREE_RATE * years)
    mark = sign * (spot * _share(sign * d1) - discounted * _share(sign * d2))
    decay = -spot * _density(d1) * VOLATILITY / (2 * sqrt(years))
    interest = -sign * RISK_FREE_RATE * discounted * _share(sign * d2)
    unit = option.unit
    return Valuation(
        mark=_number(max(mark, 0.0) * unit, 3),
        delta=_number(sign * _share(sign * d1) * unit, 8),
        gamma=_number(_density(d1) / (spot * spread) * unit, 8),
        theta=_number((decay + interest) / 365 * unit, 8),
        vega=_number(spot * _density(d1) * sqrt(years) / 100 * unit, 8),
    )


def _share(x: float) -> float:
    return (1 + erf(x / sqrt(2))) / 2


def _density(x: float) -> float:
    return exp(-x * x / 2) / sqrt(2 * pi)


def _number(x: float, places: int) -> Decimal:
    return Decimal(f"{x:.{places}f}")
