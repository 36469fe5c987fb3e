"""What a fill costs: standard, special and tax commission, in the received asset or in BNB."""

from __future__ import annotations

from decimal import Decimal

from binance_wsapi.simulator.spot.engine import Engine
from binance_wsapi.simulator.spot.money import ZERO, portion
from binance_wsapi.simulator.spot.orders import Order

__all__ = ["charge"]

ONE = Decimal(1)


def charge(
    engine: Engine, order: Order, received: str, amount: Decimal, *, is_maker: bool
) -> tuple[Decimal, str]:
    """Return commission and its asset for what a fill brings in.

    Args:
        engine: For exchange rates.
        order: The side that pays.
        received: Asset that the order gets from the fill.
        amount: How much of it.
        is_maker: Whether the order was on the book.
    """
    settings = order.account.commissions
    is_buyer = order.side == "BUY"
    standard = portion(amount, settings.standard.rate(is_maker=is_maker, is_buyer=is_buyer))
    extra = ZERO
    for rates in (settings.special, settings.tax):
        rate = rates.rate(is_maker=is_maker, is_buyer=is_buyer)
        if rate:
            extra += portion(amount, rate)
    if settings.pays_with_discount_asset:
        rate_of_exchange = conversion_rate(engine, received, settings.discount_asset)
        if rate_of_exchange is not None:
            discounted = portion(standard, settings.discount) + extra
            due = portion(discounted, rate_of_exchange)
            available = order.account.free(settings.discount_asset)
            if received == settings.discount_asset:
                available += amount
            if due <= available:
                return due, settings.discount_asset
    return min(standard + extra, amount), received


def conversion_rate(engine: Engine, asset: str, into: str) -> Decimal | None:
    """Return how much of ``into`` one unit of ``asset`` is worth, ``None`` when nobody trades it."""
    if asset == into:
        return ONE
    direct = engine.markets.get(asset + into)
    if direct is not None and direct.last_price:
        return direct.last_price
    inverse = engine.markets.get(into + asset)
    if inverse is not None and inverse.last_price:
        return ONE / inverse.last_price
    for bridge in ("USDT", "BTC"):
        first, second = engine.markets.get(asset + bridge), engine.markets.get(into + bridge)
        if first and second and first.last_price and second.last_price:
            return first.last_price / second.last_price
    return None
