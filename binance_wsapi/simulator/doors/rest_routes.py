"""Which REST path stands for which operation of the WebSocket APIs."""

from __future__ import annotations

from typing import NamedTuple

from binance_wsapi.markets import Market

__all__ = ["RestRoute", "find_route"]


class RestRoute(NamedTuple):
    """An operation, and which account it is for."""

    market: Market
    method: str
    is_margin: bool = False


_SPOT = {
    "GET ping": "ping",
    "GET time": "time",
    "GET exchangeInfo": "exchangeInfo",
    "GET executionRules": "executionRules",
    "GET depth": "depth",
    "GET trades": "trades.recent",
    "GET historicalTrades": "trades.historical",
    "GET historicalBlockTrades": "blockTrades.historical",
    "GET aggTrades": "trades.aggregate",
    "GET klines": "klines",
    "GET uiKlines": "uiKlines",
    "GET avgPrice": "avgPrice",
    "GET ticker": "ticker",
    "GET ticker/24hr": "ticker.24hr",
    "GET ticker/tradingDay": "ticker.tradingDay",
    "GET ticker/price": "ticker.price",
    "GET ticker/bookTicker": "ticker.book",
    "GET referencePrice": "referencePrice",
    "GET referencePrice/calculation": "referencePrice.calculation",
    "POST order": "order.place",
    "POST order/test": "order.test",
    "GET order": "order.status",
    "DELETE order": "order.cancel",
    "POST order/cancelReplace": "order.cancelReplace",
    "PUT order/amend/keepPriority": "order.amend.keepPriority",
    "GET order/amendments": "order.amendments",
    "GET openOrders": "openOrders.status",
    "DELETE openOrders": "openOrders.cancelAll",
    "GET allOrders": "allOrders",
    "POST order/oco": "orderList.place",
    "POST orderList/oco": "orderList.place.oco",
    "POST orderList/oto": "orderList.place.oto",
    "POST orderList/otoco": "orderList.place.otoco",
    "POST orderList/opo": "orderList.place.opo",
    "POST orderList/opoco": "orderList.place.opoco",
    "GET orderList": "orderList.status",
    "DELETE orderList": "orderList.cancel",
    "GET allOrderList": "allOrderLists",
    "GET openOrderList": "openOrderLists.status",
    "POST sor/order": "sor.order.place",
    "POST sor/order/test": "sor.order.test",
    "GET account": "account.status",
    "GET account/commission": "account.commission",
    "GET myTrades": "myTrades",
    "GET rateLimit/order": "account.rateLimits.orders",
    "GET myPreventedMatches": "myPreventedMatches",
    "GET myAllocations": "myAllocations",
    "GET myFilters": "myFilters",
}

_MARGIN = {
    "POST order": "order.place",
    "GET order": "order.status",
    "DELETE order": "order.cancel",
    "GET openOrders": "openOrders.status",
    "DELETE openOrders": "openOrders.cancelAll",
    "GET allOrders": "allOrders",
    "GET myTrades": "myTrades",
}

_USDM = {
    "GET v1/depth": "depth",
    "GET v1/ticker/price": "ticker.price",
    "GET v2/ticker/price": "ticker.price",
    "GET v1/ticker/bookTicker": "ticker.book",
    "POST v1/algoOrder": "algoOrder.place",
    "DELETE v1/algoOrder": "algoOrder.cancel",
    "GET v1/account": "account.status",
    "GET v2/account": "account.status",
    "GET v3/account": "v2/account.status",
    "GET v2/balance": "account.balance",
    "GET v3/balance": "v2/account.balance",
    "GET v2/positionRisk": "account.position",
    "GET v3/positionRisk": "v2/account.position",
}

_COINM = {
    "GET v1/account": "account.status",
    "GET v1/balance": "account.balance",
    "GET v1/positionRisk": "account.position",
}

_FUTURES = {
    "POST v1/order": "order.place",
    "PUT v1/order": "order.modify",
    "GET v1/order": "order.status",
    "DELETE v1/order": "order.cancel",
    "POST v1/listenKey": "userDataStream.start",
    "PUT v1/listenKey": "userDataStream.ping",
    "DELETE v1/listenKey": "userDataStream.stop",
}

_TABLES = (
    ("/api/v3/", Market.SPOT, _SPOT, False),
    ("/sapi/v1/margin/", Market.SPOT, _MARGIN, True),
    ("/fapi/", Market.USDM, _USDM | _FUTURES, False),
    ("/dapi/", Market.COINM, _COINM | _FUTURES, False),
)


def find_route(verb: str, path: str) -> RestRoute | None:
    """Return what a request line asks for; ``None`` when no operation answers it."""
    for prefix, market, table, is_margin in _TABLES:
        if path.startswith(prefix):
            method = table.get(f"{verb} {path.removeprefix(prefix)}")
            return None if method is None else RestRoute(market, method, is_margin)
    return None
