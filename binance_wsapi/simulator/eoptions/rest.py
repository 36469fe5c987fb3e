"""The REST API of options: market data, orders, the account, its listen key."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from binance_wsapi.catalogue.operation import Security
from binance_wsapi.simulator.accounts import EventSource
from binance_wsapi.simulator.doors.request_limits import RequestLimits
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.eoptions.accounts import Exercise, OptionAccount, OptionFill
from binance_wsapi.simulator.eoptions.contracts import QUOTE_ASSET, UNDERLYINGS, Option
from binance_wsapi.simulator.eoptions.order_desk import (
    MOST_QUANTITY,
    OptionDesk,
    order_row,
    price_bounds,
)
from binance_wsapi.simulator.eoptions.stream_rows import OptionRows
from binance_wsapi.simulator.errors import ExchangeError, bad_symbol
from binance_wsapi.simulator.futures.requests import Parameters
from binance_wsapi.simulator.futures.rest_calls import Params, RestCall, page_limit

__all__ = ["OptionRest"]

Row = dict[str, Any]
_Private = Callable[[OptionAccount, Params], object]


class OptionRest:
    """All calls of ``/eapi/v1``.

    Args:
        rows: The market, and what its streams send.
        limits: What ``exchangeInfo`` tells of limits.
    """

    def __init__(self, rows: OptionRows, limits: RequestLimits) -> None:
        self._rows = rows
        self._market = rows.market
        self._limits = limits
        desk = self._desk = OptionDesk(self._market)
        keys = self._market.listen_keys
        self._public: dict[str, Callable[[Params], object]] = {
            "ping": lambda params: {},
            "time": lambda params: {"serverTime": self._now()},
            "exchangeInfo": self._exchange_info,
            "depth": self._depth,
            "trades": self._trades,
            "index": self._index,
            "mark": self._marks,
            "exerciseHistory": self._exercise_history,
        }
        self._private: dict[tuple[str, str], tuple[Security, _Private]] = {
            ("POST", "order"): (Security.TRADE, desk.place),
            ("DELETE", "order"): (Security.TRADE, desk.cancel),
            ("GET", "order"): (
                Security.USER_DATA,
                lambda account, params: order_row(desk.find(account, params)),
            ),
            ("GET", "openOrders"): (Security.USER_DATA, self._open_orders),
            ("GET", "historyOrders"): (Security.USER_DATA, self._history),
            ("DELETE", "allOpenOrders"): (Security.TRADE, self._cancel_all),
            ("GET", "userTrades"): (Security.USER_DATA, self._user_trades),
            ("GET", "position"): (Security.USER_DATA, self._positions),
            ("GET", "marginAccount"): (Security.USER_DATA, self._account),
            ("GET", "exerciseRecord"): (Security.USER_DATA, self._exercises),
            ("POST", "listenKey"): (Security.USER_STREAM, lambda account, _: keys.start(account)),
            ("PUT", "listenKey"): (Security.USER_STREAM, lambda account, _: keys.ping(account)),
            ("DELETE", "listenKey"): (Security.USER_STREAM, lambda account, _: keys.stop(account)),
        }

    def find(self, verb: str, path: str) -> RestCall | None:
        """Return a call, ``None`` when there is none.

        Args:
            verb: HTTP method.
            path: What follows ``/eapi/``: ``v1/order``.
        """
        name = path.removeprefix("v1/")
        weight = _WEIGHTS.get(name, 1)
        if verb == "GET" and name in self._public:
            answer = self._public[name]
            return RestCall(
                Security.NONE, lambda params, account: answer(params), lambda params: weight
            )
        if (verb, name) not in self._private:
            return None
        security, private = self._private[verb, name]
        places = (verb, name) == ("POST", "order")
        return RestCall(
            security,
            lambda params, account: private(self._account_of(account), params),
            lambda params: 0 if places else weight,
            lambda params: 1 if places else 0,
        )

    def _account_of(self, account: EventSource | None) -> OptionAccount:
        if account is None:
            raise ExchangeError(-2015, "Invalid API-key, IP, or permissions for action.", 401)
        return self._market.account(account.uid)

    def _now(self) -> Micros:
        return Micros(self._market.clock.now_us())

    def _chosen(self, params: Params) -> list[Option]:
        if "symbol" in Parameters(params):
            return [self._market.option(params["symbol"])]
        return list(self._market.options.values())

    # --- market data

    def _exchange_info(self, params: Params) -> object:
        del params
        return {
            "timezone": "UTC",
            "serverTime": self._now(),
            "optionContracts": [
                {
                    "baseAsset": each.asset,
                    "quoteAsset": QUOTE_ASSET,
                    "underlying": each.symbol,
                    "settleAsset": QUOTE_ASSET,
                }
                for each in UNDERLYINGS
            ],
            "optionAssets": [{"name": QUOTE_ASSET}],
            "optionSymbols": [self._listed(each) for each in self._market.options.values()],
            "rateLimits": self._limits.rest_rows(),
        }

    def _listed(self, option: Option) -> Row:
        grid = option.underlying
        highest, _ = price_bounds(self._market, option)
        return {
            "symbol": option.symbol,
            "underlying": grid.symbol,
            "side": "CALL" if option.is_call else "PUT",
            "strikePrice": f"{option.strike:.8f}",
            "expiryDate": Micros(option.expiry_us),
            "unit": option.unit,
            "quoteAsset": QUOTE_ASSET,
            "status": self._market.statuses[option.symbol],
            "priceScale": grid.price_places,
            "quantityScale": grid.quantity_places,
            "minQty": f"{grid.step_size:f}",
            "maxQty": f"{MOST_QUANTITY:f}",
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "minPrice": f"{grid.tick_size:f}",
                    "maxPrice": f"{highest:f}",
                    "tickSize": f"{grid.tick_size:f}",
                },
                {
                    "filterType": "LOT_SIZE",
                    "minQty": f"{grid.step_size:f}",
                    "maxQty": f"{MOST_QUANTITY:f}",
                    "stepSize": f"{grid.step_size:f}",
                },
            ],
        }

    def _depth(self, params: Params) -> object:
        given = Parameters(params)
        option = self._market.option(given.text("symbol"))
        book, limit = self._market.books[option.symbol], page_limit(given, 100, 1000)
        return {
            "bids": self._rows.levels(option, book.bids.top(limit)),
            "asks": self._rows.levels(option, book.asks.top(limit)),
            "T": self._now(),
            "lastUpdateId": book.last_update_id,
        }

    def _trades(self, params: Params) -> object:
        given = Parameters(params)
        option = self._market.option(given.text("symbol"))
        log = self._rows.data.histories[option.symbol].trades
        limit = page_limit(given, 100, 500)
        return [
            {
                "id": each.trade_id,
                "tradeId": each.trade_id,
                "symbol": option.symbol,
                "price": option.price_text(each.price),
                "qty": option.quantity_text(each.quantity),
                "quoteQty": option.price_text(each.quote_quantity),
                "side": -1 if each.buyer_is_maker else 1,
                "time": Micros(each.time_us),
            }
            for each in log.between(max(log.start, log.end - limit), log.end)
        ]

    def _index(self, params: Params) -> object:
        price = self._market.indexes.get(Parameters(params).text("underlying"))
        if price is None:
            raise bad_symbol()
        return {"time": self._now(), "indexPrice": f"{price:.8f}"}

    def _marks(self, params: Params) -> object:
        return [self._rows.mark_answer(each) for each in self._chosen(params)]

    def _exercise_history(self, params: Params) -> object:
        limit = page_limit(Parameters(params), 100, 100)
        return [
            {
                "symbol": option.symbol,
                "strikePrice": f"{option.strike:f}",
                "realStrikePrice": f"{index:f}",
                "expiryDate": Micros(option.expiry_us),
                "strikeResult": "REALISTIC_VALUE_STRICKEN"
                if option.payoff(index)
                else "EXTRINSIC_VALUE_EXPIRED",
            }
            for option, index in self._market.expired[-limit:]
        ]

    # --- the account

    def _open_orders(self, account: OptionAccount, params: Params) -> object:
        symbol = params.get("symbol")
        return [
            order_row(each)
            for each in account.open_orders.values()
            if symbol in (None, each.option.symbol)
        ]

    def _history(self, account: OptionAccount, params: Params) -> object:
        given = Parameters(params)
        symbol, first = given.text("symbol"), given.integer("orderId") or 0
        ended = [
            each
            for each in account.orders.values()
            if each.option.symbol == symbol and not each.is_open and each.order_id >= first
        ]
        return [order_row(each) for each in ended[: page_limit(given, 100, 1000)]]

    def _cancel_all(self, account: OptionAccount, params: Params) -> object:
        option = self._market.option(Parameters(params).text("symbol"))
        for order in list(account.open_orders.values()):
            if order.option is option:
                self._market.finish(order, "CANCELED")
        return {"code": "0", "msg": "success"}

    def _user_trades(self, account: OptionAccount, params: Params) -> object:
        given = Parameters(params)
        symbol, first = given.text("symbol"), given.integer("fromId") or 0
        found = [
            each
            for each in account.fills
            if each.order.option.symbol == symbol and each.trade_id >= first
        ]
        return [_fill_row(each) for each in found[-page_limit(given, 100, 1000) :]]

    def _positions(self, account: OptionAccount, params: Params) -> object:
        symbol = params.get("symbol")
        rows: list[Row] = []
        for each in account.open_positions():
            option, mark = each.option, self._market.risk.valuation(each.option).mark
            if symbol not in (None, option.symbol):
                continue
            rows.append(
                {
                    "entryPrice": f"{each.average_price:f}",
                    "symbol": option.symbol,
                    "side": "LONG" if each.quantity > 0 else "SHORT",
                    "quantity": option.quantity_text(each.quantity),
                    "markValue": f"{mark * each.quantity:.8f}",
                    "unrealizedPNL": f"{(mark - each.average_price) * each.quantity:.8f}",
                    "markPrice": option.price_text(mark),
                    "strikePrice": f"{option.strike:f}",
                    "expiryDate": Micros(option.expiry_us),
                    "priceScale": option.underlying.price_places,
                    "quantityScale": option.underlying.quantity_places,
                    "optionSide": "CALL" if option.is_call else "PUT",
                    "quoteAsset": QUOTE_ASSET,
                    "time": self._now(),
                }
            )
        return rows

    def _account(self, account: OptionAccount, params: Params) -> object:
        del params
        stands = self._market.risk.standing(account)
        return {
            "asset": [
                {
                    "asset": QUOTE_ASSET,
                    "marginBalance": f"{stands.balance:.8f}",
                    "equity": f"{stands.equity:.8f}",
                    "available": f"{max(stands.available, Decimal(0)):.8f}",
                    "initialMargin": f"{stands.initial_margin:.8f}",
                    "maintMargin": f"{stands.maintenance_margin:.8f}",
                    "unrealizedPNL": f"{stands.unrealized:.8f}",
                    "adjustedEquity": f"{stands.balance:.8f}",
                }
            ],
            "greek": [
                {
                    "underlying": underlying,
                    "delta": f"{each.delta:.8f}",
                    "gamma": f"{each.gamma:.8f}",
                    "theta": f"{each.theta:.8f}",
                    "vega": f"{each.vega:.8f}",
                }
                for underlying, each in self._market.risk.greeks(account).items()
            ],
            "time": self._now(),
            "canTrade": True,
            "canDeposit": True,
            "canWithdraw": True,
            "reduceOnly": account.risk_level == "REDUCE_ONLY",
        }

    def _exercises(self, account: OptionAccount, params: Params) -> object:
        given = Parameters(params)
        found = [
            each for each in account.exercises if params.get("symbol") in (None, each.option.symbol)
        ]
        return [_exercise_row(each) for each in found[-page_limit(given, 1000, 1000) :]]


_WEIGHTS = {
    "trades": 5,
    "mark": 5,
    "historyOrders": 3,
    "userTrades": 5,
    "position": 5,
    "marginAccount": 3,
    "exerciseRecord": 5,
    "exerciseHistory": 3,
}


def _fill_row(fill: OptionFill) -> Row:
    order = fill.order
    option = order.option
    return {
        "id": fill.trade_id,
        "tradeId": fill.trade_id,
        "orderId": order.order_id,
        "symbol": option.symbol,
        "price": option.price_text(fill.price),
        "quantity": option.quantity_text(fill.quantity),
        "fee": f"{-fill.fee:.8f}",
        "realizedProfit": f"{fill.profit:.8f}",
        "side": order.side,
        "type": "LIMIT",
        "liquidity": "MAKER" if fill.is_maker else "TAKER",
        "time": Micros(fill.time_us),
        "priceScale": option.underlying.price_places,
        "quantityScale": option.underlying.quantity_places,
        "optionSide": "CALL" if option.is_call else "PUT",
        "quoteAsset": QUOTE_ASSET,
    }


def _exercise_row(exercise: Exercise) -> Row:
    option = exercise.option
    return {
        "id": str(exercise.record_id),
        "currency": QUOTE_ASSET,
        "symbol": option.symbol,
        "exercisePrice": f"{exercise.index:.8f}",
        "quantity": option.quantity_text(abs(exercise.quantity)),
        "amount": f"{exercise.amount:.8f}",
        "fee": "0",
        "createDate": Micros(exercise.time_us),
        "priceScale": option.underlying.price_places,
        "quantityScale": option.underlying.quantity_places,
        "optionSide": "CALL" if option.is_call else "PUT",
        "positionSide": "LONG" if exercise.quantity > 0 else "SHORT",
        "quoteAsset": QUOTE_ASSET,
    }
