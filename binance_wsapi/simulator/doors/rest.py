"""The REST API, as far as clients need it to start up and tests to look around.

Each path is an operation of the WebSocket API by another name: same engine, same errors, same limits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from binance_wsapi.catalogue.operation import Kind, Operation, Security, Weight
from binance_wsapi.markets import Market
from binance_wsapi.simulator.accounts import EventSource
from binance_wsapi.simulator.doors.authentication import ApiKey, Credentials
from binance_wsapi.simulator.doors.request import check_symbols_text, engine_params
from binance_wsapi.simulator.doors.request_limits import retry_headers
from binance_wsapi.simulator.doors.rest_routes import RestRoute, find_route
from binance_wsapi.simulator.doors.service import Admitted, Service
from binance_wsapi.simulator.doors.wire import encode
from binance_wsapi.simulator.errors import ExchangeError, not_simulated
from binance_wsapi.simulator.futures.rest import FuturesRest
from binance_wsapi.simulator.futures.rest_calls import RestCall
from binance_wsapi.simulator.portfolio_margin import classic_path, portfolio_call
from binance_wsapi.simulator.spot.trade_fees import trade_fees

if TYPE_CHECKING:
    from binance_wsapi.simulator.venue import Venue

__all__ = ["RestAnswer", "RestApi", "RestRequest"]

_PREFIXES = (("/fapi/", Market.USDM), ("/dapi/", Market.COINM), ("/eapi/", Market.EOPTIONS))
_STATISTICS = "/futures/data/"
_AUTHENTICATION = frozenset({"timestamp", "recvWindow", "signature"})
_INTERVAL_LETTERS = {"SECOND": "S", "MINUTE": "M", "HOUR": "H", "DAY": "D"}


@dataclass(frozen=True, slots=True)
class RestRequest:
    """One HTTP request."""

    verb: str
    path: str
    query: str
    body: str
    remote: str
    headers: Mapping[str, str]
    is_portfolio: bool = False
    """It is for the sender's portfolio margin account."""


@dataclass(frozen=True, slots=True)
class RestAnswer:
    """One HTTP answer; the body is JSON."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict[str, str])


def _operation(method: str, security: Security = Security.NONE, weight: int = 1) -> Operation:
    """Return an operation that only REST has."""
    return Operation(
        market=Market.SPOT,
        method=method,
        name=method,
        title=method,
        security=security,
        params=(),
        result=None,
        weight=Weight.fixed(weight),
        signed=security in (Security.TRADE, Security.USER_DATA),
    )


class RestApi:
    """All REST paths of the exchange.

    Args:
        venue: The exchange.
    """

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        margin = venue.margin
        spot = venue.spot
        self._extra: dict[str, Callable[[RestRequest, dict[str, str]], object]] = {
            "POST /sapi/v1/userListenToken": self._keyed(margin.create_token),
            "GET /sapi/v1/asset/tradeFee": self._keyed(
                lambda uid, params: trade_fees(spot, uid, params), Security.USER_DATA
            ),
            "GET /sapi/v1/system/status": lambda request, params: {"status": 0, "msg": "normal"},
            # What clients load at their start: there is nothing to tell.
            "GET /sapi/v1/capital/config/getall": lambda request, params: [],
            "GET /sapi/v1/margin/allPairs": lambda request, params: [],
            "GET /sapi/v1/margin/isolated/allPairs": lambda request, params: [],
        }
        self._extra |= {
            "GET /sapi/v1/margin/account": self._keyed(
                lambda uid, params: margin.cross_answer(uid), Security.USER_DATA
            ),
            "GET /sapi/v1/margin/isolated/account": self._keyed(
                margin.isolated_answer, Security.USER_DATA
            ),
            "GET /papi/v1/balance": self._keyed(
                lambda uid, params: venue.portfolio_margin.balances(uid), Security.USER_DATA
            ),
        }
        for version in ("v1", "v2"):
            path = f"/sapi/{version}/margin/listen-key"
            self._extra |= {
                f"POST {path}": self._keyed(lambda uid, params: margin.start_risk_key(uid)),
                f"PUT {path}": self._keyed(margin.keep_risk_key),
                f"DELETE {path}": self._keyed(lambda uid, params: margin.close_risk_key(uid)),
            }
        portfolio = venue.portfolio_margin
        self._extra |= {
            "POST /papi/v1/listenKey": self._keyed(lambda uid, params: portfolio.start_key(uid)),
            "PUT /papi/v1/listenKey": self._keyed(lambda uid, params: portfolio.keep_key(uid)),
            "DELETE /papi/v1/listenKey": self._keyed(lambda uid, params: portfolio.close_key(uid)),
        }
        self._futures_calls = {
            Market.USDM: FuturesRest(venue.stream_venues[Market.USDM], venue.futures_limits),
            Market.COINM: FuturesRest(venue.stream_venues[Market.COINM], venue.futures_limits),
        }

    def answer(self, request: RestRequest) -> RestAnswer:
        """Answer one request."""
        microseconds = request.headers.get("X-MBX-TIME-UNIT", "").upper() == "MICROSECOND"
        status = 200
        headers: dict[str, str] = {}
        fault = self._venue.faults.rest_fault(request.path)
        if fault is not None:
            status, retry_after = fault
            if retry_after is not None:
                headers["Retry-After"] = str(retry_after)
            return RestAnswer(status, b"refused by script", headers)
        try:
            result = self._result(request, headers)
        except ExchangeError as error:
            status, result = error.status, error.payload()
            headers |= retry_headers(error, self._venue.clock.now_us())
        headers |= self._weight_headers(request)
        return RestAnswer(status, encode(result, microseconds=microseconds), headers)

    def _weight_headers(self, request: RestRequest) -> dict[str, str]:
        """Return what the address has used of its weight: every answer says it, refusals too."""
        market, _ = self._market_of(request) or (Market.SPOT, "")
        (row,) = self._venue.services[market].limits.weight_rows(request.remote)
        used, interval = str(row["count"]), _interval(row)
        if request.path.startswith("/sapi/"):
            return {f"X-SAPI-USED-IP-WEIGHT-{interval}": used}
        return {"X-MBX-USED-WEIGHT": used, f"X-MBX-USED-WEIGHT-{interval}": used}

    def _result(self, request: RestRequest, headers: dict[str, str]) -> object:
        params = dict(parse_qsl(request.query, keep_blank_values=True))
        params |= dict(parse_qsl(request.body, keep_blank_values=True))
        extra = self._extra.get(f"{request.verb} {request.path}")
        if extra is not None:
            return extra(request, params)
        classic = classic_path(request.path)
        if classic is not None:
            request = replace(request, path=classic, is_portfolio=True)
        route = find_route(request.verb, request.path)
        if route is None:
            return self._other_result(request, params, headers)
        service = self._venue.services[route.market]
        operation = service.operation(route.method)
        weight = service.charge(request.remote, operation, _weighable(params))
        admitted = self._admit(request, route, service, operation, params)
        try:
            result = service.run(admitted)
            if operation.weight.on_success is not None:
                service.limits.refund(request.remote, weight - operation.weight.on_success)
        finally:
            headers |= _order_headers(service, operation, admitted.account)
        if operation.method == "exchangeInfo":
            # The WebSocket API tells of connections where REST tells of requests.
            assert isinstance(result, dict)
            return result | {"rateLimits": service.limits.rest_rows()}
        return result

    def perform(self, market: Market, call: str, uid: int, params: dict[str, Any]) -> object:
        """Do what a request would that no operation stands for, past keys and limits.

        Args:
            market: Whose API it is.
            call: HTTP method and path: ``POST /eapi/v1/order``.
            uid: Whose account it is for.
            params: Its parameters, without those of authentication.
        """
        verb, _, path = call.partition(" ")
        found = self._call(market, verb, path.split("/", 2)[2])
        if found is None:
            raise not_simulated(call, 404)
        return found.answer(params, self._venue.services[market].account(uid))

    def _call(self, market: Market, verb: str, path: str) -> RestCall | None:
        if market is Market.EOPTIONS:
            return self._venue.eoptions.rest.find(verb, path)
        return self._futures_calls[market].find(verb, path)

    def _other_result(
        self, request: RestRequest, params: dict[str, str], headers: dict[str, str]
    ) -> object:
        """Answer a call of futures or options that no operation stands for."""
        found = self._market_of(request)
        call = None if found is None else self._call(found[0], request.verb, found[1])
        if found is None or call is None:
            raise not_simulated(f"{request.verb} {request.path}", 404)
        if request.is_portfolio:
            call = portfolio_call(request.path, call, self._venue.clock)
        service = self._venue.services[found[0]]
        operation = _operation(request.path, call.security, call.weight(params))
        service.charge(request.remote, operation, {})
        key, _ = service.identify(operation, _credentials(request, params), request.remote)
        taken = {name: text for name, text in params.items() if name not in _AUTHENTICATION}
        if key is None:
            return call.answer(taken, None)
        account = service.account(self._uid_of(key, request))
        orders = call.orders(taken)
        if not orders:
            return call.answer(taken, account)
        try:
            with service.counted(account, orders):
                return call.answer(taken, account)
        finally:
            headers |= _order_count_headers(service, account)

    def _market_of(self, request: RestRequest) -> tuple[Market, str] | None:
        """Return whose a path is that no operation stands for, and the path there; ``None`` if Spot's."""
        for prefix, market in _PREFIXES:
            if request.path.startswith(prefix):
                return market, request.path.removeprefix(prefix)
        if not request.path.startswith(_STATISTICS):
            return None
        # Both futures markets have these paths, on hosts of their own; the pairs are told apart by name.
        pair = dict(parse_qsl(request.query)).get("pair", "")
        pairs = {one.pair for one in self._venue.stream_venues[Market.COINM].contracts}
        market = Market.COINM if pair in pairs else Market.USDM
        return market, request.path.removeprefix("/futures/")

    def _admit(
        self,
        request: RestRequest,
        route: RestRoute,
        service: Service,
        operation: Operation,
        params: dict[str, str],
    ) -> Admitted:
        typed: dict[str, Any] = dict(params)
        strict = route.market is Market.SPOT and not route.is_margin
        if strict and "symbols" in params:
            check_symbols_text(params["symbols"])
        for param in operation.params:
            if param.kind in (Kind.STRING_LIST, Kind.ENUM_LIST) and param.wire in params:
                typed[param.wire] = _texts(params[param.wire])
        is_isolated = params.get("isIsolated", "").upper() == "TRUE"
        taken = engine_params(operation, typed, strict=strict)
        key, deadline_us = service.identify(
            operation, _credentials(request, params), request.remote
        )
        account: EventSource | None = None
        if key is not None:
            account = service.account(self._uid_of(key, request))
        if account is not None and route.is_margin and not request.is_portfolio:
            symbol = params.get("symbol") if is_isolated else None
            account = self._venue.margin.account(account.uid, symbol)
        return Admitted(operation, taken, account, deadline_us)

    def _uid_of(self, key: ApiKey, request: RestRequest) -> int:
        """Return the uid under which the engines know who sent a request."""
        return (
            self._venue.portfolio_margin.account(key.uid).uid if request.is_portfolio else key.uid
        )

    def _keyed(
        self,
        answer: Callable[[int, dict[str, str]], object],
        security: Security = Security.USER_STREAM,
    ) -> Callable[[RestRequest, dict[str, str]], object]:
        """Return a handler that finds out first whose API key sent the request."""

        def handle(request: RestRequest, params: dict[str, str]) -> object:
            service = self._venue.services[Market.SPOT]
            operation = _operation(request.path, security)
            service.charge(request.remote, operation, {})
            # Clients differ in whether they sign these requests; both are taken.
            key, _ = service.identify(operation, _credentials(request, params), request.remote)
            assert key is not None, "an operation with a sender has a key"
            return answer(key.uid, params)

        return handle


def _credentials(request: RestRequest, params: Mapping[str, str]) -> Credentials:
    unsigned = [
        "&".join(pair for pair in part.split("&") if not pair.startswith("signature="))
        for part in (request.query, request.body)
    ]
    return Credentials(
        # A header that is missing is no key of the right form.
        api_key=request.headers.get("X-MBX-APIKEY", ""),
        signature=params.get("signature") or None,
        timestamp=params.get("timestamp") or None,
        recv_window=params.get("recvWindow") or None,
        payload="".join(unsigned).encode(),
    )


def _order_headers(
    service: Service, operation: Operation, account: EventSource | None
) -> dict[str, str]:
    """Return the order counts of the account, where an operation places orders."""
    if account is None or not operation.order_count:
        return {}
    return _order_count_headers(service, account)


def _order_count_headers(service: Service, account: EventSource) -> dict[str, str]:
    return {
        f"X-MBX-ORDER-COUNT-{_interval(row)}": str(row["count"])
        for row in service.limits.order_limits(account)
    }


def _interval(row: Mapping[str, Any]) -> str:
    return f"{row['intervalNum']}{_INTERVAL_LETTERS[row['interval']]}"


def _texts(text: str) -> list[str]:
    """Return a list parameter: a JSON array, or one plain value."""
    if not text.startswith("["):
        return [text]
    try:
        values = json.loads(text)
    except ValueError:
        raise ExchangeError(-1135, "Invalid JSON Request") from None
    return [str(value) for value in values]


def _weighable(params: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: int(value) if value.isdecimal() else _texts(value) if value[:1] == "[" else value
        for name, value in params.items()
    }
