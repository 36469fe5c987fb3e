"""Requests that cancel: one order, a list, everything open on a symbol."""

from __future__ import annotations

from typing import Any

from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.errors import cancel_rejected, either_missing
from binance_wsapi.simulator.spot import endings, order_lists, parameters, reports
from binance_wsapi.simulator.spot.engine import Engine, SymbolMarket
from binance_wsapi.simulator.spot.orders import Order, OrderList
from binance_wsapi.simulator.spot.parameters import Params

__all__ = [
    "cancel_all",
    "cancel_list",
    "cancel_one",
    "cancel_order",
    "check_cancellable",
    "find_open",
    "read_restriction",
]

RESTRICTIONS = {"ONLY_NEW": "NEW", "ONLY_PARTIALLY_FILLED": "PARTIALLY_FILLED"}
CANCELLING_STATUSES = frozenset({"TRADING", "CANCEL_ONLY"})


def cancel_order(engine: Engine, params: Params, account: Account) -> dict[str, Any]:
    """Answer ``order.cancel``."""
    market = engine.market(parameters.text(params, "symbol"))
    restriction = read_restriction(params)
    order_id = parameters.integer(params, "orderId")
    client_order_id = parameters.client_id(params, "origClientOrderId")
    new_client_order_id = parameters.client_id(params, "newClientOrderId")
    if order_id is None and client_order_id is None:
        raise either_missing("origClientOrderId", "orderId")
    check_cancellable(account, market)
    order = find_open(engine, account, market, order_id, client_order_id)
    return cancel_one(engine, order, new_client_order_id, restriction)


def cancel_list(engine: Engine, params: Params, account: Account) -> dict[str, Any]:
    """Answer ``orderList.cancel``."""
    market = engine.market(parameters.text(params, "symbol"))
    list_id = parameters.integer(params, "orderListId")
    client_id = parameters.client_id(params, "listClientOrderId")
    new_client_order_id = parameters.client_id(params, "newClientOrderId")
    if list_id is None and client_id is None:
        raise either_missing("orderListId", "listClientOrderId")
    check_cancellable(account, market)
    records = engine.records[account.uid]
    order_list: OrderList | None
    if list_id is not None:
        order_list = records.lists.get(list_id)
        if order_list is not None and client_id not in (None, order_list.client_order_id):
            order_list = None
    else:
        order_list = records.lists_by_client_id.get(client_id or "")
    if order_list is None or not order_list.is_open or order_list.symbol != market.spec.symbol:
        raise cancel_rejected()
    return _cancel_list(engine, order_list, new_client_order_id)


def cancel_all(engine: Engine, params: Params, account: Account) -> list[dict[str, Any]]:
    """Answer ``openOrders.cancelAll``."""
    market = engine.market(parameters.text(params, "symbol"))
    check_cancellable(account, market)
    open_orders = engine.records[account.uid].open[market.spec.symbol]
    if not open_orders:
        raise cancel_rejected()
    answers: list[dict[str, Any]] = []
    while open_orders:
        order = next(iter(open_orders.values()))
        answers.append(cancel_one(engine, order, None, None))
    return answers


def cancel_one(
    engine: Engine, order: Order, new_client_order_id: str | None, restriction: str | None
) -> dict[str, Any]:
    """Cancel an open order, with its list when it belongs to one."""
    if restriction is not None and order.status != RESTRICTIONS[restriction]:
        raise cancel_rejected("Order was not canceled due to cancel restrictions.")
    if order.order_list is not None and order.order_list.is_open:
        return _cancel_list(engine, order.order_list, new_client_order_id)
    original = endings.cancel(engine, order, new_client_order_id or engine.generated_id())
    return reports.cancelled(order, original, engine.now_us)


def find_open(
    engine: Engine,
    account: Account,
    market: SymbolMarket,
    order_id: int | None,
    client_order_id: str | None,
) -> Order:
    """Return an open order by its id, by the owner's id, or by both when they agree."""
    records = engine.records[account.uid]
    symbol = market.spec.symbol
    order: Order | None
    if order_id is not None:
        order = records.open[symbol].get(order_id)
        if order is not None and client_order_id not in (None, order.client_order_id):
            order = None
    else:
        order = records.by_client_id.get((symbol, client_order_id or ""))
        if order is not None and order.client_order_id != client_order_id:
            order = None
    if order is None or not order.is_open:
        raise cancel_rejected()
    return order


def read_restriction(params: Params) -> str | None:
    """Return ``cancelRestrictions``."""
    return parameters.one_of(
        params,
        "cancelRestrictions",
        frozenset(RESTRICTIONS),
        (-1145, "Invalid cancelRestrictions"),
    )


def check_cancellable(account: Account, market: SymbolMarket) -> None:
    """Check that the account may cancel on the symbol now."""
    if not account.can_trade:
        raise cancel_rejected("This account may not place or cancel orders.")
    if market.status not in CANCELLING_STATUSES:
        raise cancel_rejected("Market is closed.")


def _cancel_list(
    engine: Engine, order_list: OrderList, new_client_order_id: str | None
) -> dict[str, Any]:
    orders = reports.list_summary(order_list)["orders"]
    originals = order_lists.cancel(engine, order_list, new_client_order_id or engine.generated_id())
    answer = reports.list_summary(order_list)
    # The list names its orders by the ids they had; the reports show both.
    answer["orders"] = orders
    answer["orderReports"] = [
        reports.cancelled(order, original, engine.now_us) for order, original in originals.items()
    ]
    return answer
