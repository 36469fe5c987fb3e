"""REST calls of futures that the WebSocket API has no method for.

Open orders, history, candles and account settings: what clients of other people ask for before or between
orders. COIN-M has its depth and tickers here alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from binance_wsapi.catalogue.operation import Security
from binance_wsapi.markets import Market
from binance_wsapi.simulator.accounts import EventSource
from binance_wsapi.simulator.doors.request_limits import RequestLimits
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.errors import ExchangeError, bad_symbol
from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.answers import algo_answer, order_status
from binance_wsapi.simulator.futures.contract_info import contract_info
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.orders import Fill
from binance_wsapi.simulator.futures.requests import Parameters
from binance_wsapi.simulator.futures.streams import StreamVenue

__all__ = ["FuturesRest", "RestCall"]

Params = dict[str, Any]
SUCCESS = {"code": 200, "msg": "success"}


@dataclass(frozen=True, slots=True)
class RestCall:
    """One REST call: what it asks of the sender, and its answer."""

    security: Security
    answer: Callable[[Params, EventSource | None], object]
    """Takes the parameters without those of authentication, and whose request it is."""
    weight: Callable[[Params], int]
    """What it weighs with these parameters, all of them text."""


class FuturesRest:
    """The REST calls of one futures market.

    Args:
        venue: The market and its history.
        limits: What ``exchangeInfo`` tells of limits.
    """

    def __init__(self, venue: StreamVenue, limits: RequestLimits) -> None:
        self._venue = venue
        self._market = venue.market
        answers = self._market.market_answers
        data = venue.data
        self._public: dict[str, Callable[[Params], object]] = {
            "ping": lambda params: {},
            "time": lambda params: {"serverTime": Micros(self._market.clock.now_us())},
            "exchangeInfo": lambda params: contract_info(self._market, limits),
            "depth": lambda params: answers.depth(Parameters(params)),
            "ticker/price": lambda params: answers.price_ticker(Parameters(params)),
            "ticker/bookTicker": lambda params: answers.book_ticker(Parameters(params)),
            "premiumIndex": self._premium_index,
            "trades": lambda params: data.handle("trades.recent", params),
            "aggTrades": lambda params: data.handle("trades.aggregate", params),
            "klines": lambda params: data.handle("klines", params),
        }
        self._private: dict[
            tuple[str, str], tuple[Security, Callable[[FuturesAccount, Params], object]]
        ] = {
            ("GET", "openOrders"): (Security.USER_DATA, self._open_orders),
            ("GET", "allOrders"): (Security.USER_DATA, self._all_orders),
            ("GET", "userTrades"): (Security.USER_DATA, self._user_trades),
            ("GET", "historicalTrades"): (Security.USER_STREAM, self._historical_trades),
            ("DELETE", "allOpenOrders"): (Security.TRADE, self._cancel_all),
            ("POST", "leverage"): (Security.TRADE, self._set_leverage),
            ("POST", "marginType"): (Security.TRADE, self._set_margin_type),
            ("GET", "leverageBracket"): (Security.USER_DATA, self._leverage_brackets),
            ("GET", "positionSide/dual"): (Security.USER_DATA, _position_mode),
            ("POST", "positionSide/dual"): (Security.TRADE, self._set_position_mode),
        }
        if self._market.market is Market.USDM:
            self._private |= {
                ("GET", "openAlgoOrders"): (Security.USER_DATA, self._open_algo_orders),
                ("GET", "algoOrder"): (Security.USER_DATA, self._algo_order),
                ("GET", "multiAssetsMargin"): (Security.USER_DATA, _margin_mode),
                ("POST", "multiAssetsMargin"): (Security.TRADE, self._set_margin_mode),
            }

    def find(self, verb: str, path: str) -> RestCall | None:
        """Return a call, ``None`` when there is none.

        Args:
            verb: HTTP method.
            path: What follows ``/fapi/`` or ``/dapi/``: ``v1/order``.
        """
        name = path.partition("/")[2]
        if verb == "GET" and name in self._public:
            answer = self._public[name]
            return RestCall(Security.NONE, lambda params, account: answer(params), _weight_of(name))
        if (verb, name) in self._private:
            security, private = self._private[verb, name]
            return RestCall(
                security,
                lambda params, account: private(self._futures_account(account), params),
                _weight_of(name),
            )
        return None

    def _futures_account(self, account: EventSource | None) -> FuturesAccount:
        if account is None:
            raise ExchangeError(-2015, "Invalid API-key, IP, or permissions for action.", 401)
        return self._market.account(account.uid)

    def _contract(self, params: Params) -> Contract:
        contract = self._market.contracts.get(Parameters(params).text("symbol"))
        if contract is None:
            raise bad_symbol()
        return contract

    def _premium_index(self, params: Params) -> object:
        rows = self._venue.rows
        chosen = [self._contract(params)] if "symbol" in params else self._venue.contracts
        answers = [rows.premium_index(contract) for contract in chosen]
        is_single = "symbol" in params and self._market.market is Market.USDM
        return answers[0] if is_single else answers

    def _open_orders(self, account: FuturesAccount, params: Params) -> object:
        wanted = self._contract(params) if "symbol" in params else None
        return [
            order_status(order)
            for order in account.open_orders.values()
            if wanted in (None, order.contract)
        ]

    def _all_orders(self, account: FuturesAccount, params: Params) -> object:
        contract, given = self._contract(params), Parameters(params)
        most = 100 if contract.is_inverse else 1000
        limit = min(given.integer("limit") or most // 2, most)
        found = [order for order in account.orders.values() if order.contract is contract]
        first = given.integer("orderId")
        if first is None:
            return [order_status(order) for order in found[-limit:]]
        return [order_status(order) for order in found if order.order_id >= first][:limit]

    def _user_trades(self, account: FuturesAccount, params: Params) -> object:
        contract, given = self._contract(params), Parameters(params)
        limit = min(given.integer("limit") or 500, 1000)
        found = [each for each in account.fills if each[1].order.contract is contract]
        first = given.integer("fromId")
        if first is None:
            return [_user_trade(*each) for each in found[-limit:]]
        return [_user_trade(*each) for each in found if each[1].trade_id >= first][:limit]

    def _historical_trades(self, account: FuturesAccount, params: Params) -> object:
        del account
        return self._venue.data.handle("trades.historical", params)

    def _cancel_all(self, account: FuturesAccount, params: Params) -> object:
        contract = self._contract(params)
        for order in list(account.open_orders_of(contract)):
            request = {"symbol": contract.symbol, "orderId": order.order_id}
            self._market.handle("order.cancel", request, account)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def _set_leverage(self, account: FuturesAccount, params: Params) -> object:
        contract = self._contract(params)
        leverage = Parameters(params).integer("leverage") or 0
        self._market.set_leverage(account, contract.symbol, leverage)
        most = "maxQty" if contract.is_inverse else "maxNotionalValue"
        return {
            "symbol": contract.symbol,
            "leverage": leverage,
            most: f"{contract.max_notional:f}",
        }

    def _set_margin_type(self, account: FuturesAccount, params: Params) -> object:
        del account
        self._contract(params)
        wanted = Parameters(params).text("marginType")
        if wanted == "CROSSED":
            raise ExchangeError(-4046, "No need to change margin type.")
        raise ExchangeError(-1020, f"The embedded exchange has no margin type {wanted}.")

    def _leverage_brackets(self, account: FuturesAccount, params: Params) -> object:
        del account
        chosen = [self._contract(params)] if "symbol" in params else self._venue.contracts
        answers = [_leverage_bracket(contract) for contract in chosen]
        is_single = "symbol" in params and self._market.market is Market.USDM
        return answers[0] if is_single else answers

    def _set_position_mode(self, account: FuturesAccount, params: Params) -> object:
        self._market.set_hedge_mode(account, Parameters(params).flag("dualSidePosition"))
        return SUCCESS

    def _set_margin_mode(self, account: FuturesAccount, params: Params) -> object:
        self._market.set_multi_assets_mode(account, Parameters(params).flag("multiAssetsMargin"))
        return SUCCESS

    def _open_algo_orders(self, account: FuturesAccount, params: Params) -> object:
        wanted = self._contract(params) if "symbol" in params else None
        return [
            algo_answer(algo)
            for algo in account.conditional_orders.values()
            if algo.is_open and wanted in (None, algo.contract)
        ]

    def _algo_order(self, account: FuturesAccount, params: Params) -> object:
        given = Parameters(params)
        algo_id, client_id = given.integer("algoId"), given.client_id("clientAlgoId")
        for algo in account.conditional_orders.values():
            if algo.algo_id == algo_id or (algo_id is None and algo.client_algo_id == client_id):
                order_id = "" if algo.order is None else str(algo.order.order_id)
                return algo_answer(algo) | {"actualOrderId": order_id}
        raise ExchangeError(-2013, "Order does not exist.")


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


_WEIGHTS = {
    "historicalTrades": 20,
    "aggTrades": 20,
    "trades": 5,
    "allOrders": 5,
    "userTrades": 5,
    "positionSide/dual": 30,
}
_OF_CANDLES = ((100, 1), (500, 2), (1_000, 5))
_OF_ALL_ORDERS = 40


def _weight_of(name: str) -> Callable[[Params], int]:
    def weight(params: Params) -> int:
        if name == "klines":
            limit = int(params.get("limit", "500")) if params.get("limit", "500").isdecimal() else 0
            return next(
                (each for most, each in _OF_CANDLES if limit < most), 5 if limit == 1_000 else 10
            )
        if name == "openOrders" and "symbol" not in params:
            return _OF_ALL_ORDERS
        return _WEIGHTS.get(name, 1)

    return weight


def _leverage_bracket(contract: Contract) -> dict[str, object]:
    # One bracket a contract: the engine charges the same rate whatever the size.
    most, least = (
        ("qtyCap", "qtylFloor") if contract.is_inverse else ("notionalCap", "notionalFloor")
    )
    return {
        "symbol": contract.symbol,
        "brackets": [
            {
                "bracket": 1,
                "initialLeverage": contract.max_leverage,
                most: int(contract.max_notional),
                least: 0,
                "maintMarginRatio": float(contract.maintenance_rate),
                "cum": 0.0,
            }
        ],
    }


def _position_mode(account: FuturesAccount, params: Params) -> object:
    del params
    return {"dualSidePosition": account.is_hedging}


def _margin_mode(account: FuturesAccount, params: Params) -> object:
    del params
    return {"multiAssetsMargin": account.has_multi_assets}
