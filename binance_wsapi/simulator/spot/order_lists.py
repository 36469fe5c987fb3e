"""How order lists live: one cancels the other, one triggers the other, one pays the other."""

from __future__ import annotations

from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.spot import endings, filters, funds, matching, placement
from binance_wsapi.simulator.spot.engine import Engine
from binance_wsapi.simulator.spot.money import round_to_step
from binance_wsapi.simulator.spot.orders import Order, OrderList, Phase

__all__ = ["OCO_TRIGGER", "cancel", "is_decided", "on_closed", "on_first_fill", "on_trigger"]

OCO_TRIGGER = "OCO_TRIGGER"


def is_decided(order: Order) -> bool:
    """Whether the other order of a pair has ended: this one must not begin to work any more."""
    order_list = order.order_list
    sibling = order_list.sibling(order) if order_list is not None else None
    return sibling is not None and not sibling.is_open


def on_first_fill(engine: Engine, order: Order) -> None:
    """Expire the other order of a pair: one of them trades."""
    _expire_sibling(engine, order)


def on_trigger(engine: Engine, order: Order) -> None:
    """Expire the other order of a pair: one of them starts working."""
    _expire_sibling(engine, order)


def on_closed(engine: Engine, order: Order) -> None:
    """Go on with the list of an order that ended."""
    order_list = order.order_list
    assert order_list is not None
    if not order_list.is_open:
        return
    if order_list.pending and order is order_list.orders[0]:
        pending, order_list.pending = order_list.pending, []
        if order.status == "FILLED":
            _activate(engine, order_list, pending)
        else:
            _release_proceeds(engine, order_list)
            for one in pending:
                endings.expire(engine, one, "OTO_PHASE_ONE_EXPIRED")
    elif order.expiry_reason != OCO_TRIGGER:
        _expire_sibling(engine, order)
    if not any(one.is_open for one in order_list.orders):
        _finish(engine, order_list)


def cancel(engine: Engine, order_list: OrderList, new_client_order_id: str) -> dict[Order, str]:
    """Cancel all open orders of a list; return those with the client order ids that they had."""
    order_list.pending = []
    _release_proceeds(engine, order_list)
    originals = {
        order: endings.cancel(engine, order, new_client_order_id)
        for order in order_list.orders
        if order.is_open
    }
    _finish(engine, order_list)
    return originals


def _expire_sibling(engine: Engine, order: Order) -> None:
    order_list = order.order_list
    sibling = order_list.sibling(order) if order_list is not None else None
    if sibling is not None and sibling.is_open:
        endings.expire(engine, sibling, OCO_TRIGGER)


def _activate(engine: Engine, order_list: OrderList, pending: list[Order]) -> None:
    """Place the pending orders; when one may not enter, none does."""
    for order in pending:
        order.phase = Phase.NEW
        order.status = "NEW"
        order.updated_us = engine.now_us
    try:
        if order_list.pays_other:
            _set_quantities(engine, order_list, pending)
        for order in pending:
            placement.admit(engine, order)
        funds.reserve(engine, pending)
    except ExchangeError:
        for order in pending:
            endings.expire(engine, order, "REJECTED")
        return
    for order in pending:
        if order.is_algo:
            placement.wait(engine, order)
        else:
            matching.work(engine, order)


def _set_quantities(engine: Engine, order_list: OrderList, pending: list[Order]) -> None:
    """Turn what the working order received into the quantity of the pending orders."""
    proceeds = order_list.proceeds
    assert proceeds is not None, "the working order filled, so it received something"
    received = proceeds.amount
    funds.release_proceeds(engine, proceeds)
    for order in pending:
        quantity = received
        for name in ("LOT_SIZE", "MARKET_LOT_SIZE") if order.is_market else ("LOT_SIZE",):
            values = order.spec.filter(name)
            if values is not None:
                quantity = min(quantity, values["maxQty"])
                if values["stepSize"]:
                    quantity = round_to_step(quantity, values["stepSize"])
        order.quantity = quantity
    # Both orders of a pair sell the same.
    smallest = min(order.quantity for order in pending if order.quantity is not None)
    for order in pending:
        order.quantity = smallest
        filters.check_quantity(engine, order)


def _release_proceeds(engine: Engine, order_list: OrderList) -> None:
    if order_list.proceeds is not None and order_list.proceeds.amount:
        funds.release_proceeds(engine, order_list.proceeds)


def _finish(engine: Engine, order_list: OrderList) -> None:
    order_list.status_type = "ALL_DONE"
    order_list.order_status = "ALL_DONE"
    order_list.updated_us = engine.now_us
    engine.records[order_list.account.uid].close_list(order_list)
    engine.report_list(order_list)
