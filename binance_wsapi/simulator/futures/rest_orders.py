"""REST calls of futures about orders: open ones, old ones, batches, fills, the dead man's switch."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

from binance_wsapi.catalogue.operation import Security
from binance_wsapi.markets import Market
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.errors import (
    ExchangeError,
    bad_symbol,
    either_missing,
    invalid_parameter,
    mandatory_missing,
    no_such_order,
)
from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.answers import algo_answer, order_status
from binance_wsapi.simulator.futures.conditional import ConditionalOrder
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.market import FuturesMarket
from binance_wsapi.simulator.futures.orders import Amendment, Fill, FuturesOrder
from binance_wsapi.simulator.futures.refusals import refusal
from binance_wsapi.simulator.futures.requests import Parameters
from binance_wsapi.simulator.futures.rest_calls import (
    YEARS_US,
    AccountTable,
    Params,
    newest_of,
    page_limit,
    time_window,
)

__all__ = ["OrderCalls", "batch_size"]

MOST_IN_A_BATCH = 5
MOST_CANCELLED = 10


class OrderCalls:
    """What REST has of orders beside the operations of the WebSocket API.

    Args:
        market: The engine.
    """

    def __init__(self, market: FuturesMarket) -> None:
        self._market = market
        self._is_coinm = market.market is Market.COINM
        self.table: AccountTable = {
            ("GET", "openOrders"): (Security.USER_DATA, self._open_orders),
            ("GET", "openOrder"): (Security.USER_DATA, self._open_order),
            ("GET", "allOrders"): (Security.USER_DATA, self._all_orders),
            ("GET", "orderAmendment"): (Security.USER_DATA, self._amendments),
            ("GET", "userTrades"): (Security.USER_DATA, self._user_trades),
            ("GET", "forceOrders"): (Security.USER_DATA, self._force_orders),
            ("DELETE", "allOpenOrders"): (Security.TRADE, self._cancel_all),
            ("POST", "batchOrders"): (Security.TRADE, self._batch("order.place")),
            ("PUT", "batchOrders"): (Security.TRADE, self._batch("order.modify")),
            ("DELETE", "batchOrders"): (Security.TRADE, self._cancel_many),
            ("POST", "countdownCancelAll"): (Security.TRADE, self._count_down),
        }
        if not self._is_coinm:
            self.table |= {
                ("POST", "order/test"): (Security.TRADE, market.test_order),
                ("GET", "openAlgoOrders"): (Security.USER_DATA, self._open_algo_orders),
                ("GET", "algoOrder"): (Security.USER_DATA, self._algo_order),
                ("GET", "allAlgoOrders"): (Security.USER_DATA, self._all_algo_orders),
                ("DELETE", "algoOpenOrders"): (Security.TRADE, self._cancel_all_algos),
            }

    def _contract(self, params: Params) -> Contract:
        contract = self._market.contracts.get(Parameters(params).text("symbol"))
        if contract is None:
            raise bad_symbol()
        return contract

    def _wanted(self, params: Params, *, mandatory: bool) -> Callable[[Contract], bool]:
        """Return which contracts ``symbol``, or COIN-M's ``pair``, means."""
        given = Parameters(params)
        if "symbol" in given:
            contract = self._contract(params)
            return lambda other: other is contract
        if self._is_coinm and "pair" in given:
            pair = given.text("pair")
            return lambda other: other.pair == pair
        if mandatory:
            raise (
                either_missing("symbol", "pair") if self._is_coinm else mandatory_missing("symbol")
            )
        return lambda other: True

    # --- orders

    def _open_orders(self, account: FuturesAccount, params: Params) -> object:
        is_wanted = self._wanted(params, mandatory=False)
        return [
            order_status(order)
            for order in account.open_orders.values()
            if is_wanted(order.contract)
        ]

    def _open_order(self, account: FuturesAccount, params: Params) -> object:
        order = self._market.find_order(account, params)
        if not order.is_open:
            raise no_such_order()
        return order_status(order)

    def _all_orders(self, account: FuturesAccount, params: Params) -> object:
        is_wanted, given = self._wanted(params, mandatory=True), Parameters(params)
        limit = page_limit(given, 50, 100) if self._is_coinm else page_limit(given, 500, 1000)
        found = [
            order
            for order in account.orders.values()
            if is_wanted(order.contract) and not self._market.is_forgotten(order)
        ]
        first = given.integer("orderId")
        if first is not None:
            return [order_status(order) for order in found if order.order_id >= first][:limit]
        now_us = self._market.clock.now_us()
        rows = newest_of(found, given, lambda order: order.created_us, limit=limit, now_us=now_us)
        return [order_status(order) for order in rows]

    def _amendments(self, account: FuturesAccount, params: Params) -> object:
        """Tell how an order was modified, the newest change first."""
        order, given = self._market.find_order(account, params), Parameters(params)
        start_us, end_us = time_window(given, longest_us=YEARS_US)
        rows = [
            _amendment(order, count, one)
            for count, one in enumerate(order.amendments, start=1)
            if (start_us is None or one.time_us >= start_us)
            and (end_us is None or one.time_us <= end_us)
        ]
        return rows[::-1][: page_limit(given, 50, 100)]

    def _user_trades(self, account: FuturesAccount, params: Params) -> object:
        is_wanted, given = self._wanted(params, mandatory=True), Parameters(params)
        limit = page_limit(given, 50 if self._is_coinm else 500, 1000)
        order_id, first = given.integer("orderId"), given.integer("fromId")
        found = [
            (time_us, fill)
            for time_us, fill in account.fills
            if is_wanted(fill.order.contract) and order_id in (None, fill.order.order_id)
        ]
        if first is not None:
            return [_user_trade(*one) for one in found if one[1].trade_id >= first][:limit]
        now_us = self._market.clock.now_us()
        rows = newest_of(found, given, lambda one: one[0], limit=limit, now_us=now_us)
        return [_user_trade(*one) for one in rows]

    def _force_orders(self, account: FuturesAccount, params: Params) -> object:
        is_wanted, given = self._wanted(params, mandatory=False), Parameters(params)
        kinds = {"LIQUIDATION", "ADL"}
        if "autoCloseType" in given:
            kinds &= {given.text("autoCloseType")}
            if not kinds:
                raise invalid_parameter("autoCloseType")
        found = [
            order
            for order in account.orders.values()
            if order.auto_close_type in kinds and is_wanted(order.contract)
        ]
        limit = page_limit(given, 50, 100)
        rows = newest_of(found, given, lambda order: order.created_us, limit=limit)
        return [order_status(order) for order in rows]

    def _cancel_all(self, account: FuturesAccount, params: Params) -> object:
        self._market.countdowns.cancel_orders(account, self._contract(params))
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    # --- several at once

    def _batch(self, method: str) -> Callable[[FuturesAccount, Params], object]:
        def answer(account: FuturesAccount, params: Params) -> object:
            requests = _objects(params)
            if not 0 < len(requests) <= MOST_IN_A_BATCH:
                raise refusal(-4082)
            return [self._attempt(method, request, account) for request in requests]

        return answer

    def _cancel_many(self, account: FuturesAccount, params: Params) -> object:
        symbol, given = self._contract(params).symbol, Parameters(params)
        for listed, name in (
            ("orderIdList", "orderId"),
            ("origClientOrderIdList", "origClientOrderId"),
        ):
            if listed in given:
                named = _list(given.text(listed), listed)
                if not 0 < len(named) <= MOST_CANCELLED:
                    raise refusal(-4082)
                return [
                    self._attempt("order.cancel", {"symbol": symbol, name: one}, account)
                    for one in named
                ]
        raise either_missing("orderIdList", "origClientOrderIdList")

    def _attempt(self, method: str, params: Params, account: FuturesAccount) -> object:
        """Do one request of several: a refusal is its answer, and the others go on."""
        try:
            return self._market.handle(method, params, account)
        except ExchangeError as refused:
            return refused.payload()

    def _count_down(self, account: FuturesAccount, params: Params) -> object:
        """Cancel a contract's orders after a time, unless asked again before; 0 ends it."""
        contract = self._contract(params)
        wait_ms = Parameters(params).integer("countdownTime")
        if wait_ms is None or wait_ms < 0:
            raise mandatory_missing("countdownTime")
        self._market.countdowns.start(account, contract, wait_ms)
        return {"symbol": contract.symbol, "countdownTime": str(wait_ms)}

    # --- algo orders

    def _open_algo_orders(self, account: FuturesAccount, params: Params) -> object:
        is_wanted = self._wanted(params, mandatory=False)
        algo_id = Parameters(params).integer("algoId")
        return [
            _algo_row(algo)
            for algo in account.conditional_orders.values()
            if algo.is_open and is_wanted(algo.contract) and algo_id in (None, algo.algo_id)
        ]

    def _all_algo_orders(self, account: FuturesAccount, params: Params) -> object:
        is_wanted, given = self._wanted(params, mandatory=True), Parameters(params)
        limit, first = page_limit(given, 500, 1000), given.integer("algoId")
        found = [one for one in account.conditional_orders.values() if is_wanted(one.contract)]
        if first is not None:
            return [_algo_row(one) for one in found if one.algo_id >= first][:limit]
        rows = newest_of(found, given, lambda one: one.created_us, limit=limit)
        return [_algo_row(one) for one in rows]

    def _algo_order(self, account: FuturesAccount, params: Params) -> object:
        given = Parameters(params)
        algo_id, client_id = given.integer("algoId"), given.client_id("clientAlgoId")
        if algo_id is None and client_id is None:
            raise either_missing("clientAlgoId", "algoId")
        found = [
            algo
            for algo in account.conditional_orders.values()
            if algo.algo_id == algo_id or (algo_id is None and algo.client_algo_id == client_id)
        ]
        if not found:
            raise no_such_order()
        # A client id may be used again once its order has ended: the latest one is meant.
        return _algo_row(found[-1])

    def _cancel_all_algos(self, account: FuturesAccount, params: Params) -> object:
        contract = self._contract(params)
        for algo in list(account.conditional_orders.values()):
            if algo.is_open and algo.contract is contract:
                self._market.handle("algoOrder.cancel", {"algoId": algo.algo_id}, account)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}


def batch_size(params: Params) -> int:
    """Return how many orders a batch holds; what is no batch holds none."""
    try:
        return len(_objects(params))
    except ExchangeError:
        return 0


def _objects(params: Params) -> list[Params]:
    """Return the requests of a batch."""
    items = _list(Parameters(params).text("batchOrders"), "batchOrders")
    if not all(isinstance(one, dict) for one in items):
        raise mandatory_missing("batchOrders")
    return cast("list[Params]", items)


def _list(text: str, name: str) -> list[Any]:
    try:
        items: object = json.loads(text, parse_float=str)
    except ValueError:
        raise mandatory_missing(name) from None
    if not isinstance(items, list):
        raise mandatory_missing(name)
    return items


def _algo_row(algo: ConditionalOrder) -> dict[str, Any]:
    """Return an algo order as questions show it: with what its trigger placed."""
    child = algo.order
    return algo_answer(algo) | {
        "actualOrderId": "" if child is None else str(child.order_id),
        "actualPrice": f"{Decimal(0) if child is None else child.average_price:.5f}",
    }


def _amendment(order: FuturesOrder, count: int, amendment: Amendment) -> dict[str, object]:
    contract = order.contract
    change: dict[str, object] = {
        "price": {
            "before": contract.price_text(amendment.price_before),
            "after": contract.price_text(amendment.price),
        },
        "origQty": {
            "before": contract.quantity_text(amendment.quantity_before),
            "after": contract.quantity_text(amendment.quantity),
        },
        "count": count,
    }
    if amendment.modify_id is not None:
        change["modifyId"] = amendment.modify_id
    return {
        "amendmentId": amendment.amendment_id,
        "symbol": contract.symbol,
        "pair": contract.pair,
        "orderId": order.order_id,
        "clientOrderId": order.client_order_id,
        "time": Micros(amendment.time_us),
        "amendment": change,
    }


def _user_trade(time_us: int, fill: Fill) -> dict[str, object]:
    order, contract = fill.order, fill.order.contract
    value = f"{contract.value(fill.price, fill.quantity):f}"
    row: dict[str, object] = {
        "symbol": contract.symbol,
        "id": fill.trade_id,
        "orderId": order.order_id,
        "side": order.side,
        "price": f"{fill.price:f}",
        "qty": f"{fill.quantity:f}",
        "realizedPnl": f"{fill.profit:f}",
        "commission": f"{fill.fee:f}",
        "commissionAsset": contract.margin_asset,
        "time": Micros(time_us),
        "positionSide": order.position_side,
        "buyer": order.is_buy,
        "maker": fill.is_maker,
    }
    if contract.is_inverse:
        return row | {"pair": contract.pair, "marginAsset": contract.margin_asset, "baseQty": value}
    return row | {"quoteQty": value}
