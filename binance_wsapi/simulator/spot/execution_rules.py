"""The price range execution rule: a taker trades only near the reference price."""

from __future__ import annotations

from decimal import Decimal

from binance_wsapi.simulator.spot.engine import Engine
from binance_wsapi.simulator.spot.orders import Order

__all__ = ["PRICE_RANGE_EXCEEDED", "execution_bounds", "is_within"]

PRICE_RANGE_EXCEEDED = "EXECUTION_RULE_PRICE_RANGE_EXCEEDED"


def execution_bounds(engine: Engine, order: Order) -> tuple[Decimal | None, Decimal | None] | None:
    """Return lowest and highest price for the order's taker phase, ``None`` when no rule holds."""
    rule = order.spec.price_range
    if rule is None or engine.prices is None:
        return None
    reference = engine.prices.reference_price(order.symbol)
    if reference is None:
        return None
    if order.is_buy:
        down, up = rule.bid_limit_mult_down, rule.bid_limit_mult_up
    else:
        down, up = rule.ask_limit_mult_down, rule.ask_limit_mult_up
    return (
        reference * down if down is not None else None,
        reference * up if up is not None else None,
    )


def is_within(price: Decimal, bounds: tuple[Decimal | None, Decimal | None] | None) -> bool:
    """Whether a trade at ``price`` keeps the bounds."""
    if bounds is None:
        return True
    low, high = bounds
    return (low is None or price >= low) and (high is None or price <= high)
