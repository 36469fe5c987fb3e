"""Amendments: an open order becomes smaller and keeps its place in the queue."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.errors import (
    ExchangeError,
    amend_rejected,
    either_missing,
    filter_failure,
    invalid_parameter,
    mandatory_missing,
    order_rejected,
)
from binance_wsapi.simulator.spot import (
    cancellation,
    endings,
    filters,
    funds,
    parameters,
    placement,
    reports,
    resting,
)
from binance_wsapi.simulator.spot.engine import Engine
from binance_wsapi.simulator.spot.money import quotient
from binance_wsapi.simulator.spot.orders import Amendment, Order, Phase
from binance_wsapi.simulator.spot.parameters import Params

__all__ = ["amend"]


def amend(engine: Engine, params: Params, account: Account) -> dict[str, Any]:
    """Answer ``order.amend.keepPriority``."""
    market = engine.market(parameters.text(params, "symbol"))
    order_id = parameters.integer(params, "orderId")
    client_order_id = parameters.client_id(params, "origClientOrderId")
    new_client_order_id = parameters.client_id(params, "newClientOrderId")
    quantity = parameters.decimal(params, "newQty")
    if quantity is None:
        raise mandatory_missing("newQty")
    if not quantity:
        raise invalid_parameter("newQty")
    if order_id is None and client_order_id is None:
        raise either_missing("origClientOrderId", "orderId")
    if not market.spec.amend_allowed:
        raise amend_rejected("Order amend is not supported for this symbol.")
    placement.check_account(engine, account, market)
    try:
        order = cancellation.find_open(engine, account, market, order_id, client_order_id)
    except ExchangeError as refusal:
        raise amend_rejected(refusal.message) from None
    _check(engine, order, quantity, new_client_order_id)
    original_client_order_id = order.client_order_id
    execution_id = _apply(engine, order, quantity, new_client_order_id or engine.generated_id())
    answer: dict[str, Any] = {
        "transactTime": Micros(engine.now_us),
        "executionId": execution_id,
        "amendedOrder": reports.amended(order, original_client_order_id),
    }
    order_list = order.order_list
    if order_list is not None:
        summary = reports.list_summary(order_list)
        answer["listStatus"] = {
            name: summary[name]
            for name in (
                "orderListId",
                "contingencyType",
                "listOrderStatus",
                "listClientOrderId",
                "symbol",
                "orders",
            )
        }
    return answer


def _check(
    engine: Engine, order: Order, quantity: Decimal, new_client_order_id: str | None
) -> None:
    if order.quantity is None:
        raise amend_rejected("Order amend (pending OPO order) is not supported.")
    if quantity == order.quantity:
        raise amend_rejected("The requested action would change no state; rejecting.")
    if quantity > order.quantity:
        raise amend_rejected("Order amend (quantity increase) is not supported.")
    limit = order.spec.filter("MAX_NUM_ORDER_AMENDS")
    if limit is not None and len(order.amendments) >= limit["maxNumOrderAmends"]:
        raise filter_failure("MAX_NUM_ORDER_AMENDS", -2038)
    if (
        new_client_order_id is not None
        and new_client_order_id != order.client_order_id
        and engine.records[order.account.uid].holds_client_id(order.symbol, new_client_order_id)
    ):
        raise order_rejected("Duplicate order sent.")
    for one in _affected(order):
        before = one.quantity
        one.quantity = quantity
        try:
            filters.check_quantity(engine, one)
        finally:
            one.quantity = before


def _affected(order: Order) -> list[Order]:
    """Return the order, and the other one of its pair: both always have the same quantity."""
    sibling = order.order_list.sibling(order) if order.order_list is not None else None
    return [order] if sibling is None or not sibling.is_open else [order, sibling]


def _apply(engine: Engine, order: Order, quantity: Decimal, new_client_order_id: str) -> int:
    affected = _affected(order)
    execution_ids = [
        _reduce(
            engine,
            one,
            max(quantity, one.executed + one.prevented),
            new_client_order_id if one is order else one.client_order_id,
        )
        for one in affected
    ]
    order_list = order.order_list
    if order_list is not None and order_list.is_open and order.amendments:
        last = order.amendments[-1]
        if last.original_client_order_id != last.new_client_order_id:
            order_list.status_type = "UPDATED"
            order_list.updated_us = engine.now_us
            engine.report_list(order_list)
            order_list.status_type = "EXEC_STARTED"
    for one in affected:
        if not one.remaining:
            endings.expire(engine, one, None)
        else:
            funds.release(engine, one)
    return execution_ids[0]


def _reduce(engine: Engine, order: Order, quantity: Decimal, new_client_order_id: str) -> int:
    original_quantity, original_client_order_id = order.quantity, order.client_order_id
    assert original_quantity is not None
    if order.budget is not None:
        order.budget = quotient(order.budget * quantity, original_quantity)
    order.quantity = quantity
    order.updated_us = engine.now_us
    if new_client_order_id != original_client_order_id:
        engine.records[order.account.uid].rename(order, new_client_order_id)
    if order.phase is Phase.RESTING and order.remaining:
        resting.resize(engine, order)
    execution_id = engine.report(
        order, "REPLACED", original_client_order_id=original_client_order_id
    )
    order.amendments.append(
        Amendment(
            symbol=order.symbol,
            order_id=order.order_id,
            execution_id=execution_id,
            original_client_order_id=original_client_order_id,
            new_client_order_id=new_client_order_id,
            original_quantity=original_quantity,
            new_quantity=quantity,
            time_us=engine.now_us,
        )
    )
    return execution_id
