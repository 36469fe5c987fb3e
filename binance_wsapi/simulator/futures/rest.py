"""REST calls of futures that the WebSocket API has no method for.

Open orders, history, candles and account settings: what clients of other people ask for before or between
orders. COIN-M has its depth and tickers here alone.
"""

from __future__ import annotations

from collections.abc import Callable

from binance_wsapi.catalogue.operation import Security
from binance_wsapi.markets import Market
from binance_wsapi.simulator.accounts import EventSource
from binance_wsapi.simulator.doors.request_limits import RequestLimits
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.rest_account import AccountCalls
from binance_wsapi.simulator.futures.rest_calls import AccountTable, Params, RestCall
from binance_wsapi.simulator.futures.rest_market_data import MarketDataCalls
from binance_wsapi.simulator.futures.rest_orders import OrderCalls, batch_size
from binance_wsapi.simulator.futures.rest_risk import RiskCalls
from binance_wsapi.simulator.futures.rest_statistics import StatisticsCalls
from binance_wsapi.simulator.futures.stream_venue import StreamVenue

__all__ = ["FuturesRest"]


class FuturesRest:
    """The REST calls of one futures market.

    Args:
        venue: The market and its history.
        limits: What ``exchangeInfo`` tells of limits.
    """

    def __init__(self, venue: StreamVenue, limits: RequestLimits) -> None:
        self._market = venue.market
        market_data = MarketDataCalls(venue, limits)
        self._public = market_data.table
        if venue.market.market is Market.USDM:
            self._public = self._public | RiskCalls(venue.market).table
        self._statistics = StatisticsCalls(venue).table
        self._private: AccountTable = {
            ("GET", "historicalTrades"): (
                Security.USER_STREAM,
                lambda account, params: market_data.historical_trades(params),
            ),
            **OrderCalls(self._market).table,
            **AccountCalls(self._market, limits).table,
        }

    def find(self, verb: str, path: str) -> RestCall | None:
        """Return a call, ``None`` when there is none.

        Args:
            verb: HTTP method.
            path: What follows ``/fapi/``, ``/dapi/`` or ``/futures/``: ``v1/order``, ``data/basis``.
        """
        root, _, name = path.partition("/")
        if root == "data":
            if verb != "GET" or name not in self._statistics:
                return None
            statistics = self._statistics[name]
            return RestCall(
                Security.NONE, lambda params, account: statistics(params), lambda params: 0
            )
        if verb == "GET" and name in self._public:
            answer = self._public[name]
            return RestCall(Security.NONE, lambda params, account: answer(params), _weight_of(name))
        if (verb, name) in self._private:
            security, private = self._private[verb, name]
            counts = name == "batchOrders" and verb != "DELETE"
            return RestCall(
                security,
                lambda params, account: private(self._futures_account(account), params),
                (lambda params: 5) if counts else _weight_of(name),
                batch_size if counts else lambda params: 0,
            )
        return None

    def _futures_account(self, account: EventSource | None) -> FuturesAccount:
        if account is None:
            raise ExchangeError(-2015, "Invalid API-key, IP, or permissions for action.", 401)
        return self._market.account(account.uid)


_WEIGHTS = {
    "historicalTrades": 200,
    "aggTrades": 20,
    "trades": 5,
    "allOrders": 5,
    "allAlgoOrders": 5,
    "userTrades": 5,
    "accountConfig": 5,
    "symbolConfig": 5,
    "adlQuantile": 5,
    "countdownCancelAll": 10,
    "commissionRate": 20,
    "income": 30,
    "positionSide/dual": 30,
    "multiAssetsMargin": 30,
    "feeBurn": 30,
}
_OF_CANDLES = ((100, 1), (500, 2), (1_001, 5))
_OF_ALL_CONTRACTS = {
    "openOrders": 40,
    "openAlgoOrders": 40,
    "ticker/24hr": 40,
    "premiumIndex": 10,
    "ticker/price": 2,
    "ticker/bookTicker": 5,
    "forceOrders": 50,
}
_OF_ONE_CONTRACT = {"ticker/bookTicker": 2, "forceOrders": 20}


def _weight_of(name: str) -> Callable[[Params], int]:
    def weight(params: Params) -> int:
        if name.lower().endswith("klines"):
            text = str(params.get("limit", "500"))
            limit = int(text) if text.isdecimal() else 0
            return next((each for most, each in _OF_CANDLES if limit < most), 10)
        if name in _OF_ALL_CONTRACTS and "symbol" not in params:
            return _OF_ALL_CONTRACTS[name]
        return _OF_ONE_CONTRACT.get(name) or _WEIGHTS.get(name, 1)

    return weight
