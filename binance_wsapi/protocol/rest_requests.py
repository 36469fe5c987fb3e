"""REST requests: which can be made, how they are written, and what their answers tell.

What has no method on the WebSocket API is asked for over REST: same account, same limits, same codes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from binance_wsapi.errors import ConfigurationError, ParameterError
from binance_wsapi.markets import Market
from binance_wsapi.protocol.envelope import ErrorBody
from binance_wsapi.protocol.params import WireValue, wire_params_by_name
from binance_wsapi.protocol.told_limits import LimitUsage

__all__ = [
    "check_request",
    "client_id_name",
    "is_counted",
    "is_json",
    "limit_rows",
    "market_of",
    "owner_of",
    "query_text",
    "refusal_of",
    "rest_params",
    "tells_nothing",
]

HTTP_METHODS = ("GET", "POST", "PUT", "DELETE")

_is_path = re.compile(r"(/[A-Za-z0-9_.-]+)+").fullmatch
_OF_THE_CLIENT = ("apiKey", "signature", "timestamp")


def market_of(market: object) -> Market:
    """Return a market by itself or by its name.

    Raises:
        ConfigurationError: There is no such market, or none with a REST API here.
    """
    try:
        found = Market(market)
    except ValueError:
        pass
    else:
        if found.facts.rest_paths:
            return found
    known = " or ".join(repr(each.value) for each in Market if each.facts.rest_paths)
    raise ConfigurationError(f"no market {market!r} with a REST API: use {known}")


def check_request(market: Market, http_method: object, path: object) -> None:
    """Refuse what cannot be a request to the REST API of a market.

    Raises:
        ParameterError: The method is none, or the path is none of that market's.
    """
    if http_method not in HTTP_METHODS:
        raise ParameterError(
            f"http_method={http_method!r} is none: write {', '.join(map(repr, HTTP_METHODS))}",
            parameter="http_method",
            value=http_method,
        )
    begins = market.facts.rest_paths
    if not isinstance(path, str) or not _is_path(path):
        raise ParameterError(
            f"path={path!r} is no path: write it as in {begins[0]}v1/order, and what comes behind a "
            "question mark as params",
            parameter="path",
            value=path,
        )
    if not path.startswith(begins):
        owner = owner_of(path)
        hint = (
            f"it is one of {owner.value!r}" if owner else f"they begin with {' or '.join(begins)}"
        )
        raise ParameterError(
            f"path={path!r} is no path of {market.value}: {hint}", parameter="path", value=path
        )


def owner_of(path: str) -> Market | None:
    """Return the market whose REST API a path belongs to."""
    return next((each for each in Market if path.startswith(each.facts.rest_paths)), None)


def rest_params(given: Mapping[str, object]) -> dict[str, WireValue]:
    """Check and convert parameters that are given by their wire names.

    Raises:
        ParameterError: One has no place on the wire, or is the client's to add.
    """
    params = wire_params_by_name(None, given)
    for name in _OF_THE_CLIENT:
        if name in params:
            raise ParameterError(
                f"{name} is added by the client: leave it out, and pass signed=True where the call "
                "has to be signed",
                parameter=name,
            )
    return params


def query_text(params: Mapping[str, WireValue]) -> str:
    """Return parameters as they stand behind the question mark; a signature covers just that."""
    return urlencode({name: _text(value) for name, value in params.items()}, quote_via=quote)


def _text(value: WireValue) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


_CLIENT_IDS = {
    "order": "newClientOrderId",
    "sor/order": "newClientOrderId",
    "order/cancelReplace": "newClientOrderId",
    "algoOrder": "clientAlgoId",
    "algo/order": "clientAlgoId",
    "conditional/order": "newClientStrategyId",
    "order/oco": "listClientOrderId",
    **{
        f"orderList/{kind}": "listClientOrderId" for kind in ("oco", "oto", "otoco", "opo", "opoco")
    },
}
_is_order_path = re.compile(
    r"/(?:api/v[0-9]+|sapi/v[0-9]+/margin|[fd]api/v[0-9]+|papi/v[0-9]+/(?:um|cm|margin))/(.+)"
).fullmatch

_is_option_order = re.compile(r"/eapi/v[0-9]+/order").fullmatch


def client_id_name(http_method: str, path: str) -> str | None:
    """Return the parameter with the id that finds what a request makes; ``None`` if it makes no order."""
    if http_method == "POST" and _is_option_order(path):
        return "clientOrderId"
    found = _is_order_path(path) if http_method == "POST" else None
    return _CLIENT_IDS.get(found[1]) if found else None


def is_counted(path: str) -> bool:
    """Whether a request counts to the limits that the WebSocket API draws on.

    ``/sapi/`` and ``/futures/data/`` have limits of their own for each path.
    """
    return not path.startswith(("/sapi/", "/futures/data/"))


_is_limit_header = re.compile(
    r"x-mbx-(used-weight|order-count)-([1-9][0-9]{0,3})([smhd])", re.IGNORECASE
).fullmatch
_TYPES = {"used-weight": "REQUEST_WEIGHT", "order-count": "ORDERS"}
_INTERVALS = {"s": "SECOND", "m": "MINUTE", "h": "HOUR", "d": "DAY"}


def limit_rows(headers: Mapping[str, str], known: Iterable[LimitUsage]) -> list[dict[str, Any]]:
    """Return what the headers of an answer tell of limits, as ``rateLimits`` of the WebSocket API does.

    Args:
        headers: The headers; they tell counts, and not how much is allowed.
        known: The limits, which tell that.
    """
    most = {(each.rate_limit_type, each.interval, each.interval_num): each.limit for each in known}
    rows: list[dict[str, Any]] = []
    for name, count in headers.items():
        found = _is_limit_header(name)
        if found is None or not count.isdecimal():
            continue
        key = _TYPES[found[1].lower()], _INTERVALS[found[3].lower()], int(found[2])
        if key in most:
            names = ("rateLimitType", "interval", "intervalNum")
            rows.append(
                {**dict(zip(names, key, strict=True)), "limit": most[key], "count": int(count)}
            )
    return rows


_decode_refusal = msgspec.json.Decoder(ErrorBody).decode
_decode_raw = msgspec.json.Decoder(msgspec.Raw).decode

_NOT_EXECUTED = frozenset({400, 401, 403, 404, 405, 407, 411, 413, 414, 415, 418, 429, 431, 451})
"""Refusals before anything was done, whoever on the way says so."""


def refusal_of(body: bytes) -> ErrorBody | None:
    """Return the exchange's error; ``None`` when the body is none of its own."""
    try:
        refusal = _decode_refusal(body)
    except (msgspec.MsgspecError, UnicodeError):
        return None
    return refusal if refusal.code else None


def tells_nothing(status: int, refusal: ErrorBody | None) -> bool:
    """Whether an answer that is no success leaves open what became of the request."""
    return refusal is None and status < 500 and status not in _NOT_EXECUTED


def is_json(body: bytes) -> bool:
    """Whether a body can be the result of a request."""
    try:
        _decode_raw(body)
    except (msgspec.MsgspecError, UnicodeError):
        return False
    return True
