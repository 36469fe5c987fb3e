"""Pegged orders: the price is taken from the book at the moment the order enters it."""

from __future__ import annotations

from decimal import Decimal

from binance_wsapi.simulator.errors import order_rejected
from binance_wsapi.simulator.spot.engine import Engine
from binance_wsapi.simulator.spot.orders import Order

__all__ = ["select_price"]


def select_price(engine: Engine, order: Order) -> Decimal:
    """Return the price that the peg selects now; a sent limit price bounds it.

    Raises:
        ExchangeError: -2010, the book has no such level.
    """
    peg = order.peg
    assert peg is not None
    book = engine.markets[order.symbol].book
    side = book.side(order.side) if peg.price_type == "PRIMARY_PEG" else book.opposite(order.side)
    price = side.nth_best(peg.offset_value or 0)
    if price is None:
        raise order_rejected("Order book liquidity is too low for this pegged order.")
    if order.price:
        return min(price, order.price) if order.is_buy else max(price, order.price)
    return price
