"""The errors of calls that got no answer, in words that say what the caller may do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from binance_wsapi.endpoints import WsKey
from binance_wsapi.errors import (
    BinanceWsApiError,
    ConnectionLost,
    NotSent,
    OutcomeUnknown,
    RequestTimeout,
)

if TYPE_CHECKING:
    from binance_wsapi.core.call import Call
    from binance_wsapi.core.call_kind import CallKind

__all__ = [
    "abandoned",
    "before_sending",
    "connection_lost",
    "held_back",
    "never_sent",
    "not_sendable",
    "not_taken_in",
    "revoked",
    "timed_out",
    "unreadable",
    "unresponsive",
    "withdrawn",
]


def connection_lost(call: Call, reason: str) -> ConnectionLost:
    """The link went away between the write and the answer."""
    return ConnectionLost(
        f"{call.kind.method}: the connection was lost before the answer came ({reason}); "
        "it may have been executed",
        operation=call.kind.method,
        client_order_id=call.client_order_id,
        sent_at=call.sent_us,
        cause=reason,
    )


def before_sending(kind: CallKind, error: BinanceWsApiError) -> BinanceWsApiError:
    """Return the error of a call that ended before it was made: it must not read as if it had been sent."""
    if not isinstance(error, OutcomeUnknown):
        return error
    return NotSent(
        f"{kind.method} was not sent: {error}", operation=kind.method, reason="rules not known"
    )


def timed_out(call: Call) -> RequestTimeout:
    """No answer came in time."""
    return RequestTimeout(
        f"{call.kind.method}: no answer within {call.timeout:g} s; it may have been executed",
        operation=call.kind.method,
        client_order_id=call.client_order_id,
        sent_at=call.sent_us,
        cause="no answer in time",
    )


def revoked(call: Call) -> OutcomeUnknown:
    """The exchange ended the logon while the request was under way."""
    return OutcomeUnknown(
        f"{call.kind.method}: the exchange revoked the session while the request was under way; "
        "it may have been executed",
        operation=call.kind.method,
        client_order_id=call.client_order_id,
        sent_at=call.sent_us,
        cause="session revoked",
    )


def unreadable(call: Call, problem: str) -> OutcomeUnknown:
    """The answer says nothing that can be believed."""
    return OutcomeUnknown(
        f"{call.kind.method}: the exchange answered, but the answer cannot be read "
        f"({problem}); it may have been executed",
        operation=call.kind.method,
        client_order_id=call.client_order_id,
        sent_at=call.sent_us,
        cause="the answer cannot be read",
    )


def not_taken_in(call: Call) -> OutcomeUnknown:
    """Something about this library kept it from taking the answer in."""
    return OutcomeUnknown(
        f"{call.kind.method}: the exchange answered, but the answer could not be "
        "taken in; it may have been executed",
        operation=call.kind.method,
        client_order_id=call.client_order_id,
        sent_at=call.sent_us,
        cause="the answer could not be taken in",
    )


def never_sent(ws_key: WsKey, method: str, timeout: float, why: str) -> NotSent:
    """No connection came up in time."""
    return NotSent(
        f"{method} was not sent within {timeout:g} s: {ws_key} is not connected ({why}); "
        "repeating it is safe",
        operation=method,
        reason="not connected",
    )


def held_back(method: str, why: str, wait: float) -> NotSent:
    """A limit or a ban stands in the way."""
    return NotSent(
        f"{method} was not sent: {why}; repeat it in {wait:.1f} s",
        operation=method,
        reason="limit",
        retry_after=wait,
    )


def held_too_long(ws_key: WsKey, method: str, timeout: float) -> NotSent:
    """There was a connection, but something stood in the way."""
    return NotSent(
        f"{method} was not sent within {timeout:g} s: {ws_key} is congested or answers nothing, or a "
        "limit, its signature or the journal held it back; repeating it is safe",
        operation=method,
        reason="deadline",
    )


def not_sendable(call: Call, error: BaseException) -> NotSent:
    """Something about the request itself, or about this library, kept it from being sent."""
    return NotSent(
        f"{call.kind.method} was not sent: {type(error).__name__}: {error}",
        operation=call.kind.method,
        reason="internal error",
    )


def abandoned(call: Call, *, written: bool) -> NotSent | RequestTimeout:
    """The core's thread let the call down: it ends by the caller's own patience."""
    why = "the client's own thread did not answer"
    if not written:
        return NotSent(
            f"{call.kind.method} was not sent, and will not be: {why}; repeating it is safe",
            operation=call.kind.method,
            reason=why,
        )
    return RequestTimeout(
        f"{call.kind.method}: {why}; it may have been executed",
        operation=call.kind.method,
        client_order_id=call.client_order_id,
        sent_at=call.sent_us or None,
        cause=why,
    )


def withdrawn(call: Call) -> NotSent:
    """The caller gave it up before it was written."""
    return NotSent(
        f"{call.kind.method} was not sent, and will not be: its caller gave it up",
        operation=call.kind.method,
        reason="given up",
    )


def unresponsive(timeout: float) -> RequestTimeout:
    """The core's thread did not end what it was asked for, subscribing or connecting."""
    why = "the client's own thread did not answer"
    return RequestTimeout(f"{why} within {timeout:g} s", operation="", sent_at=None, cause=why)
