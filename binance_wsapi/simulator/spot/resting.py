"""Orders on the book: put there, made smaller, taken off. Each change of a level is announced."""

from __future__ import annotations

from decimal import Decimal

from binance_wsapi.simulator.spot.book import Level
from binance_wsapi.simulator.spot.engine import Engine
from binance_wsapi.simulator.spot.orders import Order, Phase

__all__ = ["consume", "remove", "resize", "rest"]


def rest(engine: Engine, order: Order) -> None:
    """Put what is left of an order on the book, behind all others at its price."""
    side = engine.markets[order.symbol].book.side(order.side)
    level = side.open_level(order.limit_price)
    order.phase = Phase.RESTING
    order.visible = _displayed(order)
    level.orders[order.order_id] = order
    level.quantity += order.visible
    engine.announce_level(order.symbol, order.side, level.price, level.quantity)


def remove(engine: Engine, order: Order) -> None:
    """Take an order off the book."""
    level = _level(engine, order)
    _drop(engine, order, level)
    engine.announce_level(order.symbol, order.side, level.price, level.quantity)


def resize(engine: Engine, order: Order) -> None:
    """Show less of an order whose rest became smaller; it keeps its place in the queue."""
    displayed = min(order.visible, order.remaining)
    if displayed == order.visible:
        return
    level = _level(engine, order)
    level.quantity -= order.visible - displayed
    order.visible = displayed
    engine.announce_level(order.symbol, order.side, level.price, level.quantity)


def consume(engine: Engine, order: Order, quantity: Decimal) -> Level:
    """Take a traded quantity off the displayed part; the caller announces the level.

    A used-up part of an iceberg is replaced by the next one, at the end of the queue.
    """
    level = _level(engine, order)
    order.visible -= quantity
    level.quantity -= quantity
    if not order.remaining:
        _drop(engine, order, level)
    elif not order.visible:
        order.visible = _displayed(order)
        level.quantity += order.visible
        level.orders.move_to_end(order.order_id)
    return level


def _displayed(order: Order) -> Decimal:
    remaining = order.remaining
    if order.iceberg_quantity:
        return min(order.iceberg_quantity, remaining)
    return remaining


def _level(engine: Engine, order: Order) -> Level:
    return engine.markets[order.symbol].book.side(order.side).levels[order.limit_price]


def _drop(engine: Engine, order: Order, level: Level) -> None:
    del level.orders[order.order_id]
    level.quantity -= order.visible
    if not level.orders:
        engine.markets[order.symbol].book.side(order.side).close_level(level.price)
