"""What changes lead to: triggers that fire, lists that go on. Worked off when a request is through."""

from __future__ import annotations

import logging

from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.spot import endings, funds, matching, order_lists, placement
from binance_wsapi.simulator.spot.engine import Engine, FollowUp
from binance_wsapi.simulator.spot.orders import Order

__all__ = ["run"]

_logger = logging.getLogger("binance_wsapi.simulator")


def run(engine: Engine) -> None:
    """Work off all follow-ups, and those that they lead to, in the order in which they arose.

    Orders that one price triggers fire one by one: what the first one does may end the next one.
    """
    queue = engine.follow_ups
    while queue:
        follow_up = queue.popleft()
        try:
            _follow(engine, follow_up)
        except Exception:
            # Whoever's request led here did nothing wrong, and what waits behind still has its turn.
            _logger.exception(
                "the embedded exchange failed at what follows on %s", follow_up.symbol
            )
            _remove(engine, follow_up.order)


def _follow(engine: Engine, follow_up: FollowUp) -> None:
    if follow_up.kind is FollowUp.TRADED:
        symbol, price = follow_up.symbol, follow_up.price
        fired = engine.markets[symbol].triggers.on_price(price, engine.now_us)
        engine.follow_ups.extendleft(
            FollowUp(FollowUp.FIRED, symbol, order=one) for one in fired[::-1]
        )
        return
    order = follow_up.order
    assert order is not None
    if follow_up.kind is FollowUp.FIRED:
        _fire(engine, order)
    elif follow_up.kind is FollowUp.FIRST_FILL:
        order_lists.on_first_fill(engine, order)
    else:
        order_lists.on_closed(engine, order)


def _remove(engine: Engine, order: Order | None) -> None:
    """End an order that the exchange itself cannot go on with, its funds given back."""
    if order is None or not order.is_open:
        return
    try:
        endings.expire(engine, order, "REJECTED")
    except Exception:
        _logger.exception("the embedded exchange failed at ending order %s", order.order_id)


def _fire(engine: Engine, order: Order) -> None:
    """Let a triggered order enter the book; what forbids it ends the order instead."""
    if not order.is_open:
        return
    if order_lists.is_decided(order):
        endings.expire(engine, order, order_lists.OCO_TRIGGER)
        return
    order_lists.on_trigger(engine, order)
    try:
        placement.admit_triggered(engine, order)
        if order.reservation is not None:
            funds.adjust(engine, order.reservation)
    except ExchangeError:
        endings.expire(engine, order, "REJECTED")
        return
    matching.work(engine, order)
