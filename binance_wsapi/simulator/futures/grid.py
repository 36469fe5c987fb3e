"""The rules that a contract sets on prices and quantities."""

from __future__ import annotations

from decimal import Decimal

from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.refusals import (
    below_min_notional,
    precision_over_maximum,
    price_too_high,
    price_too_low,
    refusal,
)

__all__ = ["check_notional", "check_price", "check_price_band", "check_quantity"]


def check_price(contract: Contract, price: Decimal) -> None:
    """Refuse a limit or activation price off the contract's grid or range."""
    if price <= 0:
        raise refusal(-4001)
    if _places(price) > contract.price_places:
        raise precision_over_maximum()
    if price > contract.max_price:
        raise refusal(-4002)
    if price < contract.min_price:
        raise refusal(-4013)
    if price % contract.tick_size:
        raise refusal(-4014)


def check_price_band(contract: Contract, side: str, price: Decimal, mark: Decimal) -> None:
    """Refuse a limit price too far on the wrong side of the mark price."""
    highest = (mark * contract.multiplier_up).quantize(contract.tick_size)
    lowest = (mark * contract.multiplier_down).quantize(contract.tick_size)
    if side == "BUY" and price > highest:
        raise price_too_high(highest)
    if side == "SELL" and price < lowest:
        raise price_too_low(lowest)


def check_quantity(contract: Contract, quantity: Decimal, *, is_market: bool) -> None:
    """Refuse a quantity off the contract's grid or range."""
    if quantity <= 0:
        raise refusal(-4003)
    if _places(quantity) > contract.quantity_places:
        raise precision_over_maximum()
    if quantity < contract.step_size:
        raise refusal(-4004)
    if quantity > (contract.max_market_quantity if is_market else contract.max_quantity):
        raise refusal(-4005)
    if quantity % contract.step_size:
        raise refusal(-4023)


def check_notional(contract: Contract, price: Decimal, quantity: Decimal) -> None:
    """Refuse an order that is worth too little."""
    if contract.min_notional and price * quantity < contract.min_notional:
        raise below_min_notional(contract)


def _places(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)
