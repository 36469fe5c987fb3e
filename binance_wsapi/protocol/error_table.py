"""What an answer that is no success means: the exchange's code, status and words become an error.

The question each row answers is what the caller may do next. "Not executed" is said only where the
exchange says so; whatever it leaves open is :class:`ServerUndecided`, for reads as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Raw

from binance_wsapi.errors import (
    AuthenticationFailed,
    BinanceWsApiError,
    FilterFailure,
    IpBanned,
    OrderNotFound,
    OrderRejected,
    PartlyExecuted,
    RateLimited,
    RequestRejected,
    ServerUndecided,
)
from binance_wsapi.markets import Market
from binance_wsapi.markets.error_codes import ErrorClass
from binance_wsapi.protocol.envelope import ErrorBody
from binance_wsapi.protocol.secrets import masked
from binance_wsapi.protocol.silence import SHORTEST_BAN_S, longest_wait_s

__all__ = ["rejection"]

_ABSENT = Raw()


def rejection(
    market: Market,
    operation: str,
    status: int,
    error: ErrorBody | None,
    *,
    wall_us: int,
    client_order_id: str | None = None,
    sent_at: int | None = None,
    asked_for: str | None = None,
    proves_after: float | None = None,
    rate_limits: Raw = _ABSENT,
    retry_after: float | None = None,
) -> BinanceWsApiError:
    """Return the error for an answer whose status is not 200.

    Args:
        market: Whose codes these are: Spot and the futures markets use one number for different things.
        operation: The wire operation, such as ``order.place``.
        status: The status of the answer.
        error: The answer's error; ``None`` when it has none.
        wall_us: The exchange's time, for ``retry_after`` where the answer does not tell it.
        client_order_id: The id an unknown outcome is looked up by.
        sent_at: When the request was written, in epoch microseconds, exchange time.
        asked_for: The client id of the order that it asks for or changes.
        proves_after: Seconds after which "not found" proves something about that order.
        rate_limits: The answer's ``rateLimits``, which tell how long to wait when nothing else does.
        retry_after: Seconds that its header told to wait.
    """
    body = error or ErrorBody()
    message = masked(body.msg) or f"status {status}"
    data = _dict_of(body.data)
    halves = _halves(data)
    found = _class_of(market, status, body.code, message, halves)
    if issubclass(found, ServerUndecided):
        return ServerUndecided(
            f"{operation}: the exchange does not know whether it was executed: "
            f"{body.code} {message}{_told(halves)}",
            operation=operation,
            code=body.code,
            status=status,
            client_order_id=client_order_id,
            sent_at=sent_at,
            cause=f"status {status}, code {body.code}",
        )
    attributes: dict[str, Any] = {"code": body.code, "status": status, "operation": operation}
    if issubclass(found, PartlyExecuted):
        attributes |= halves or _NOTHING_TOLD
    elif issubclass(found, FilterFailure):
        attributes["filter"] = _filter_of(market, body.code, message)
    elif issubclass(found, OrderNotFound) and asked_for is not None:
        attributes |= {"client_order_id": asked_for, "proves_after": proves_after}
    message += _told(halves)
    if issubclass(found, RateLimited) or "retryAfter" in data:
        wait = retry_after
        if wait is None:
            wait = _retry_after(data, message, rate_limits, wall_us)
        is_ban = issubclass(found, IpBanned)
        if is_ban:
            wait = wait or SHORTEST_BAN_S
        longest = longest_wait_s(body.code, is_ban=is_ban)
        attributes["retry_after"] = None if wait is None else min(wait, longest)
    return found(message, **attributes)


def _class_of(
    market: Market, status: int, code: int, message: str, halves: Mapping[str, Any]
) -> ErrorClass:
    # The halves of a cancel-replace decide, not the status: the documents print 409 and 429 for the
    # same outcome (reference/spot/rules.json, cancel_replace_outcomes).
    if halves:
        codes = [_dict_code(halves[name]) for name in ("cancel_response", "new_order_response")]
        if any(_by_code(market, half) is ServerUndecided for half in codes):
            return ServerUndecided
        if "SUCCESS" in (halves["cancel_result"], halves["new_order_result"]):
            return PartlyExecuted
    found = _by_code(market, code)
    if found is ServerUndecided or _is_undecided(market, status, code, message):
        return ServerUndecided
    if status == 418 or _BAN.search(message):
        return IpBanned
    if status == 429:
        return RateLimited
    if status == 409 or found is PartlyExecuted:
        return OrderRejected if halves else PartlyExecuted
    if _FILTER.search(message):
        return FilterFailure
    if found is OrderRejected and message == _UNKNOWN_ORDER:
        return OrderNotFound
    return found or _BY_STATUS.get(status) or _by_group(market, code)


_UNKNOWN_ORDER = "Unknown order sent."
_FILTER = re.compile(r"Filter failure: (\w+)")
_BAN = re.compile(r"banned until ([0-9]{13,16})\b")
_NOTHING_TOLD = {"cancel_result": "UNKNOWN", "new_order_result": "UNKNOWN"}
_BY_STATUS: dict[int, type[RequestRejected]] = {401: AuthenticationFailed, 403: RateLimited}


def _is_undecided(market: Market, status: int, code: int, message: str) -> bool:
    """Whether the status leaves open what was done: 5xx, and 408 on the futures markets."""
    if market.facts.tells_unhandled:
        # reference/usdm/rules.json, status_codes: these two are known not to have been handled.
        if code == -1008 or message == "Service Unavailable.":
            return False
        if status == 408:
            return True
    return status >= 500


def _by_code(market: Market, code: int) -> ErrorClass | None:
    facts = market.facts
    return FilterFailure if code in facts.filters else facts.errors.get(code)


def _by_group(market: Market, code: int) -> type[RequestRejected]:
    """Return the class of a code that is in no table, by the range it lies in."""
    is_of_orders = -2100 < code <= -2000 or -6000 < code <= -4000
    return (
        OrderRejected if is_of_orders and market.facts.refuses_orders_by_range else RequestRejected
    )


def _filter_of(market: Market, code: int, message: str) -> str:
    told = _FILTER.search(message)
    return told[1] if told else market.facts.filters[code]


def _halves(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a cancel-replace says of its two halves; empty when it is none or says nothing."""
    if "cancelResult" not in data or "newOrderResult" not in data:
        return {}
    return {
        "cancel_result": str(data["cancelResult"]),
        "new_order_result": str(data["newOrderResult"]),
        "cancel_response": _dict_or_none(data.get("cancelResponse")),
        "new_order_response": _dict_or_none(data.get("newOrderResponse")),
    }


def _dict_or_none(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None  # pyright: ignore[reportUnknownVariableType]  (a JSON object)


def _told(halves: Mapping[str, Any]) -> str:
    """Return why each half failed, in the exchange's words."""
    reasons = [
        f"{half}: {response['code']} {masked(str(response.get('msg', '')))}"
        for half, response in (
            ("cancel", halves.get("cancel_response")),
            ("new order", halves.get("new_order_response")),
        )
        if response and _dict_code(response)
    ]
    return f" ({'; '.join(reasons)})" if reasons else ""


def _dict_code(response: dict[str, Any] | None) -> int:
    code = response.get("code") if response else None
    return code if isinstance(code, int) else 0


_decode_data = msgspec.json.Decoder(dict[str, Any]).decode


def _dict_of(data: Raw) -> dict[str, Any]:
    """Decode the error's data; what cannot be read must not hide the error itself."""
    try:
        return _decode_data(data) if data else {}
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}


_SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86400}
_PER_INTERVAL = re.compile(r"per ([1-9][0-9]{0,3} )?(second|minute|hour|day)", re.IGNORECASE)
_MICROSECONDS_FROM = 10**14
"""A timestamp of this size and more is in microseconds (reference/margin/rules.json)."""


def _retry_after(
    data: Mapping[str, Any], message: str, rate_limits: Raw, wall_us: int
) -> float | None:
    """Return the seconds to wait: as told, else until the used-up interval rolls over."""
    now = _micros(data.get("serverTime")) or wall_us
    ban = _BAN.search(message)
    until = _micros(data.get("retryAfter")) or (_micros(int(ban[1])) if ban else None)
    if until is not None:
        return max(0.0, (until - now) / 1e6)
    lengths = _used_up(rate_limits)
    per = _PER_INTERVAL.search(message)
    if not lengths and per:
        lengths = [int(per[1] or 1) * _SECONDS[per[2].upper()]]
    return max((length - now / 1e6 % length for length in lengths), default=None)


_LAST_TIMESTAMP = 10**17


def _micros(timestamp: object) -> int | None:
    if not isinstance(timestamp, int) or not 0 < timestamp < _LAST_TIMESTAMP:
        return None
    return timestamp if timestamp >= _MICROSECONDS_FROM else timestamp * 1000


class _Limit(msgspec.Struct, rename="camel"):
    interval: str
    interval_num: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    limit: int
    count: int


_decode_limits = msgspec.json.Decoder(list[_Limit]).decode


def _used_up(rate_limits: Raw) -> list[int]:
    """Return the lengths, in seconds, of the intervals whose limit is reached."""
    try:
        limits = _decode_limits(rate_limits) if rate_limits else []
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
    return [
        limit.interval_num * _SECONDS[limit.interval]
        for limit in limits
        if limit.count >= limit.limit and limit.interval in _SECONDS
    ]
