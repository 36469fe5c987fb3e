"""How orders end other than by their last fill."""

from __future__ import annotations

from binance_wsapi.simulator.spot import funds, resting
from binance_wsapi.simulator.spot.engine import Engine
from binance_wsapi.simulator.spot.orders import Order, Phase

__all__ = ["cancel", "expire", "withdraw"]


def withdraw(engine: Engine, order: Order) -> None:
    """Take an order away from wherever it waits: book or triggers."""
    if order.phase is Phase.RESTING:
        resting.remove(engine, order)
    elif order.phase is Phase.WAITING:
        engine.markets[order.symbol].triggers.discard(order)


def expire(engine: Engine, order: Order, reason: str | None) -> None:
    """End an order by the rules of its kind or of the exchange."""
    withdraw(engine, order)
    engine.finish(order, "EXPIRED", reason)
    engine.report(order, "EXPIRED")
    funds.release(engine, order)


def cancel(engine: Engine, order: Order, new_client_order_id: str) -> str:
    """End an order on its owner's demand; return the client order id that it had."""
    withdraw(engine, order)
    original = order.client_order_id
    records = engine.records[order.account.uid]
    if new_client_order_id != original:
        records.rename(order, new_client_order_id)
    engine.finish(order, "CANCELED")
    engine.report(order, "CANCELED", original_client_order_id=original)
    funds.release(engine, order)
    return original
