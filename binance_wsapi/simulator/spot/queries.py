"""Questions about an account: its balances, orders, lists, fills, rates and filters."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from binance_wsapi.simulator.accounts import Account, CommissionRates
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.errors import (
    ExchangeError,
    bad_combination,
    either_missing,
    mandatory_missing,
    no_such_order,
)
from binance_wsapi.simulator.spot import parameters, reports
from binance_wsapi.simulator.spot.engine import Engine
from binance_wsapi.simulator.spot.money import ZERO, places
from binance_wsapi.simulator.spot.orders import Fill, Order, PreventedMatch
from binance_wsapi.simulator.spot.parameters import Params

__all__ = [
    "account_commission",
    "account_status",
    "all_order_lists",
    "all_orders",
    "my_allocations",
    "my_filters",
    "my_prevented_matches",
    "my_trades",
    "open_order_lists",
    "open_orders",
    "order_amendments",
    "order_list_status",
    "order_rate_limits",
    "order_status",
]

Row = TypeVar("Row")
ARCHIVE_AFTER_US = 90 * 24 * 3600 * 1_000_000
BASIS_POINTS = 10_000


def account_status(engine: Engine, params: Params, account: Account) -> dict[str, Any]:
    """Answer ``account.status``."""
    omits_zero = parameters.flag(params, "omitZeroBalances")
    rates = account.commissions.standard
    assets: dict[str, None] = {}
    for market in engine.markets.values():
        assets[market.spec.base_asset] = None
        assets[market.spec.quote_asset] = None
    assets.update(dict.fromkeys(account.balances))
    balances = []
    for asset in assets:
        balance = account.balances.get(asset)
        free = balance.free if balance is not None else ZERO
        locked = balance.locked if balance is not None else ZERO
        if free or locked or not omits_zero:
            balances.append({"asset": asset, "free": free, "locked": locked})
    answer: dict[str, Any] = {
        "makerCommission": int(rates.maker * BASIS_POINTS),
        "takerCommission": int(rates.taker * BASIS_POINTS),
        "buyerCommission": int(rates.buyer * BASIS_POINTS),
        "sellerCommission": int(rates.seller * BASIS_POINTS),
        "canTrade": account.can_trade,
        "canWithdraw": account.can_withdraw,
        "canDeposit": account.can_deposit,
        "commissionRates": _rates(rates),
        "brokered": False,
        "requireSelfTradePrevention": account.require_self_trade_prevention,
        "preventSor": account.prevent_sor,
        "updateTime": Micros(account.updated_us),
        "accountType": "SPOT",
        "balances": balances,
        "permissions": list(account.permissions),
        "uid": account.uid,
    }
    if account.trade_group_id != -1:
        answer["tradeGroupId"] = account.trade_group_id
    return answer


def account_commission(engine: Engine, params: Params, account: Account) -> dict[str, Any]:
    """Answer ``account.commission``."""
    symbol = engine.market(parameters.text(params, "symbol")).spec.symbol
    commissions = account.commissions
    return {
        "symbol": symbol,
        "standardCommission": _rates(commissions.standard),
        "specialCommission": _rates(commissions.special),
        "taxCommission": _rates(commissions.tax),
        "discount": {
            "enabledForAccount": commissions.pays_with_discount_asset,
            "enabledForSymbol": True,
            "discountAsset": commissions.discount_asset,
            "discount": places(commissions.discount),
        },
    }


def order_status(engine: Engine, params: Params, account: Account) -> dict[str, Any]:
    """Answer ``order.status``."""
    symbol = engine.market(parameters.text(params, "symbol")).spec.symbol
    order_id = parameters.integer(params, "orderId")
    client_order_id = parameters.client_id(params, "origClientOrderId")
    records = engine.records[account.uid]
    order: Order | None
    if order_id is not None:
        order = records.orders[symbol].get(order_id)
        if order is not None and client_order_id is not None:
            named = records.by_client_id.get((symbol, client_order_id))
            if named is not order:
                raise ExchangeError(-2039, "Client order ID is not correct for this order ID.")
    elif client_order_id is not None:
        order = records.by_client_id.get((symbol, client_order_id))
    else:
        raise either_missing("origClientOrderId", "orderId")
    if order is None:
        raise no_such_order()
    if (
        not order.is_open
        and not order.executed
        and engine.now_us - order.updated_us > ARCHIVE_AFTER_US
    ):
        raise ExchangeError(
            -2026,
            "Order was canceled or expired with no executed qty over 90 days ago and has been archived.",
        )
    return reports.queried(order)


def open_orders(engine: Engine, params: Params, account: Account) -> list[dict[str, Any]]:
    """Answer ``openOrders.status``."""
    records = engine.records[account.uid]
    if parameters.is_sent(params, "symbol"):
        symbol = engine.market(parameters.text(params, "symbol")).spec.symbol
        return [reports.queried(order) for order in records.open[symbol].values()]
    return [
        reports.queried(order)
        for symbol in engine.markets
        if symbol in records.open
        for order in records.open[symbol].values()
    ]


def all_orders(engine: Engine, params: Params, account: Account) -> list[dict[str, Any]]:
    """Answer ``allOrders``: by time of the last update, or from an order id on, or the newest."""
    symbol = engine.market(parameters.text(params, "symbol")).spec.symbol
    limit = parameters.count(params)
    start_us, end_us = parameters.time_range(params)
    first_id = parameters.integer(params, "orderId")
    orders: Iterable[Order] = engine.records[account.uid].orders[symbol].values()
    if start_us is not None or end_us is not None:
        chosen = _within(orders, lambda order: order.updated_us, start_us, end_us, limit)
    elif first_id is not None:
        chosen = [order for order in orders if order.order_id >= first_id][:limit]
    else:
        chosen = list(orders)[-limit:]
    return [reports.queried(order) for order in chosen]


def order_list_status(engine: Engine, params: Params, account: Account) -> dict[str, Any]:
    """Answer ``orderList.status``; the owner's id counts when both are sent."""
    client_order_id = parameters.client_id(params, "origClientOrderId")
    list_id = parameters.integer(params, "orderListId")
    records = engine.records[account.uid]
    if client_order_id is not None:
        order_list = records.lists_by_client_id.get(client_order_id)
    elif list_id is not None:
        order_list = records.lists.get(list_id)
    else:
        raise either_missing("origClientOrderId", "orderListId")
    if order_list is None:
        raise ExchangeError(-2013, "Order list does not exist.")
    return reports.list_summary(order_list)


def open_order_lists(engine: Engine, params: Params, account: Account) -> list[dict[str, Any]]:
    """Answer ``openOrderLists.status``."""
    del params
    lists = engine.records[account.uid].lists.values()
    return [reports.list_summary(one) for one in lists if one.is_open]


def all_order_lists(engine: Engine, params: Params, account: Account) -> list[dict[str, Any]]:
    """Answer ``allOrderLists``."""
    limit = parameters.count(params)
    start_us, end_us = parameters.time_range(params)
    first_id = parameters.integer(params, "fromId")
    lists = list(engine.records[account.uid].lists.values())
    if start_us is not None or end_us is not None:
        chosen = _within(lists, lambda one: one.updated_us, start_us, end_us, limit)
    elif first_id is not None:
        chosen = [one for one in lists if one.order_list_id >= first_id][:limit]
    else:
        chosen = lists[-limit:]
    return [reports.list_summary(one) for one in chosen]


def my_trades(engine: Engine, params: Params, account: Account) -> list[dict[str, Any]]:
    """Answer ``myTrades``."""
    symbol = engine.market(parameters.text(params, "symbol")).spec.symbol
    limit = parameters.count(params)
    start_us, end_us = parameters.time_range(params)
    first_id = parameters.integer(params, "fromId")
    order_id = parameters.integer(params, "orderId")
    has_range = start_us is not None or end_us is not None
    if has_range and (first_id is not None or order_id is not None):
        raise bad_combination()
    rows: Sequence[Fill] = engine.records[account.uid].trades[symbol]
    if order_id is not None:
        rows = [fill for fill in rows if fill.order_id == order_id]
    if has_range:
        rows = _within(rows, lambda fill: fill.time_us, start_us, end_us, limit)
    elif first_id is not None:
        start = bisect_left(rows, first_id, key=lambda fill: fill.trade_id)
        rows = rows[start : start + limit]
    else:
        rows = rows[-limit:]
    return [reports.trade_row(fill) for fill in rows]


def my_allocations(engine: Engine, params: Params, account: Account) -> list[dict[str, Any]]:
    """Answer ``myAllocations``."""
    symbol = engine.market(parameters.text(params, "symbol")).spec.symbol
    limit = parameters.count(params)
    start_us, end_us = parameters.time_range(params)
    first_id = parameters.integer(params, "fromAllocationId")
    order_id = parameters.integer(params, "orderId")
    has_range = start_us is not None or end_us is not None
    if has_range and (first_id is not None or order_id is not None):
        raise bad_combination()
    rows: Sequence[Fill] = engine.records[account.uid].allocations[symbol]
    if order_id is not None:
        rows = [fill for fill in rows if fill.order_id == order_id]
    if has_range:
        rows = _within(rows, lambda fill: fill.time_us, start_us, end_us, limit)
    elif first_id is not None:
        rows = [fill for fill in rows if (fill.allocation_id or 0) >= first_id][:limit]
    else:
        rows = rows[:limit]
    return [reports.allocation_row(fill) for fill in rows]


def my_prevented_matches(engine: Engine, params: Params, account: Account) -> list[dict[str, Any]]:
    """Answer ``myPreventedMatches``."""
    symbol = engine.market(parameters.text(params, "symbol")).spec.symbol
    match_id = parameters.integer(params, "preventedMatchId")
    order_id = parameters.integer(params, "orderId")
    first_id = parameters.integer(params, "fromPreventedMatchId")
    limit = parameters.count(params)
    has_page = first_id is not None or parameters.is_sent(params, "limit")
    if match_id is not None and (order_id is not None or has_page):
        raise bad_combination()
    rows: Iterable[PreventedMatch] = engine.records[account.uid].prevented[symbol]
    if match_id is not None:
        rows = [row for row in rows if row.prevented_match_id == match_id]
    elif order_id is not None:
        rows = [
            row
            for row in rows
            if order_id in (row.taker_order_id, row.maker_order_id)
            and row.prevented_match_id >= (first_id or 0)
        ]
    else:
        raise either_missing("preventedMatchId", "orderId")
    return [reports.prevented_row(row) for row in rows[:limit]]


def order_amendments(engine: Engine, params: Params, account: Account) -> list[dict[str, Any]]:
    """Answer ``order.amendments``."""
    symbol = engine.market(parameters.text(params, "symbol")).spec.symbol
    order_id = parameters.integer(params, "orderId")
    first_id = parameters.integer(params, "fromExecutionId")
    limit = parameters.count(params)
    if order_id is None:
        raise mandatory_missing("orderId")
    order = engine.records[account.uid].orders[symbol].get(order_id)
    if order is None:
        raise no_such_order()
    rows = [one for one in order.amendments if one.execution_id >= (first_id or 0)]
    return [reports.amendment_row(one) for one in rows[:limit]]


def my_filters(engine: Engine, params: Params, account: Account) -> dict[str, Any]:
    """Answer ``myFilters``."""
    spec = engine.market(parameters.text(params, "symbol")).spec
    return {
        "exchangeFilters": [one.wire() for one in engine.exchange_filters.values()],
        "symbolFilters": [one.wire() for one in spec.filters],
        "assetFilters": [
            {"filterType": "MAX_ASSET", "asset": asset, "limit": places(limit)}
            for asset, limit in account.asset_limits.items()
            if asset in (spec.base_asset, spec.quote_asset)
        ],
    }


def order_rate_limits(engine: Engine, params: Params, account: Account) -> list[dict[str, Any]]:
    """Answer ``account.rateLimits.orders``."""
    del params
    return engine.order_counter.order_limits(account) if engine.order_counter is not None else []


def _within(
    rows: Iterable[Row],
    time_us: Callable[[Row], int],
    start_us: int | None,
    end_us: int | None,
    limit: int,
) -> list[Row]:
    """Return rows of a time range: the oldest from its start, or the newest before its end."""
    chosen = [
        row
        for row in rows
        if (start_us is None or time_us(row) >= start_us)
        and (end_us is None or time_us(row) <= end_us)
    ]
    return chosen[:limit] if start_us is not None else chosen[-limit:]


def _rates(rates: CommissionRates) -> dict[str, Any]:
    return {
        "maker": places(rates.maker),
        "taker": places(rates.taker),
        "buyer": places(rates.buyer),
        "seller": places(rates.seller),
    }
