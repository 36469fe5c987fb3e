"""Requests that another client made, made resolvable by this one: what it left behind is all there is."""

from __future__ import annotations

from collections.abc import Mapping

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.core.call import Call
from binance_wsapi.core.call_kind import kind_by_method
from binance_wsapi.core.look_ups import LookUps
from binance_wsapi.endpoints import WsKey, check_takes_requests, endpoint
from binance_wsapi.errors import OutcomeUnknown, ParameterError
from binance_wsapi.protocol.params import WireValue, name_text, wire_params_by_name
from binance_wsapi.protocol.secrets import without_secrets
from binance_wsapi.protocol.values import epoch_us

__all__ = ["described", "handed_over", "lost_request"]

_LATEST_AHEAD_US = 60_000_000
"""By how much a time of sending may be ahead of this machine's clock."""


def handed_over(look_ups: LookUps, error: OutcomeUnknown) -> OutcomeUnknown:
    """Return an error of another client as one that this client resolves.

    Raises:
        ParameterError: It does not say what was sent.
    """
    if error.ws_key is None or error.params is None or error.sent_at is None:
        raise ParameterError(
            f"the error of {error.operation} does not say what was sent: nothing can be asked for",
            parameter="request",
            value=error,
        )
    return _resolvable(
        look_ups,
        WsKey(error.ws_key),
        error.operation,
        dict(error.params),
        error.sent_at,
        error.recv_window,
        error.cause,
        error.request_id or "",
    )


def lost_request(
    look_ups: LookUps,
    request: OutcomeUnknown | str,
    params: Mapping[str, object] | None,
    *,
    sent_at: object,
    recv_window: float | None,
    ws_key: WsKey,
) -> OutcomeUnknown:
    """Return what became of another client's request as an error that can be resolved.

    Raises:
        ParameterError: The error, or the description, does not tell the order, or cannot be right.
        ConfigurationError: The connection takes no requests.
    """
    if isinstance(request, OutcomeUnknown):
        return handed_over(look_ups, request)
    return described(look_ups, request, params, sent_at, recv_window, ws_key)


def described(
    look_ups: LookUps,
    operation: str,
    params: Mapping[str, object] | None,
    sent_at: object,
    recv_window: float | None,
    ws_key: WsKey,
) -> OutcomeUnknown:
    """Return what became of a request that is described here as an error that can be resolved.

    Raises:
        ParameterError: The description cannot be right, or does not tell the order.
        ConfigurationError: The connection takes no requests.
    """
    check_takes_requests(ws_key)
    known = operation_by_method(endpoint(ws_key).market, name_text(operation, "request"))
    if known is None or not known.mutates:
        raise ParameterError(
            f"request={operation!r} is no operation that changes orders: there is nothing to find out",
            parameter="request",
            value=operation,
        )
    if sent_at is None:
        raise ParameterError(
            "sent_at is missing: without it an older order could be taken for this one",
            parameter="sent_at",
        )
    sent_us = epoch_us(sent_at, "sent_at")
    if sent_us > look_ups.runtime.wall_us() + _LATEST_AHEAD_US:
        raise ParameterError(
            f"sent_at={sent_at!r} is in the future: write when the call was made",
            parameter="sent_at",
            value=sent_at,
        )
    wire = wire_params_by_name(known, {} if params is None else params)
    if known.order_count and known.client_ids and known.client_ids[0] not in wire:
        raise ParameterError(
            f"params has no {known.client_ids[0]}: without it the order cannot be found",
            parameter=known.client_ids[0],
        )
    window = wire.get("recvWindow", recv_window or look_ups.runtime.options.recv_window)
    if window is not None and not 0 < float(str(window)) <= 60_000:
        raise ParameterError(
            f"recv_window={window!r}: use milliseconds above 0, up to 60000",
            parameter="recv_window",
            value=window,
        )
    return _resolvable(
        look_ups,
        ws_key,
        known.method,
        without_secrets(wire),
        sent_us,
        None if window is None else float(str(window)),
        "asked for anew",
        "",
    )


def _resolvable(
    look_ups: LookUps,
    ws_key: WsKey,
    method: str,
    params: dict[str, WireValue],
    sent_us: int,
    recv_window: float | None,
    cause: str,
    request_id: str,
) -> OutcomeUnknown:
    runtime = look_ups.runtime
    call = Call(
        kind_by_method(endpoint(ws_key).market, method),
        params,
        lambda _: None,
        request_id,
        runtime.options.timeout,
        runtime.now(),
    )
    call.ws_key = ws_key
    call.giving_up = look_ups.giving_up
    call.in_floats = runtime.in_floats
    call.sent_us = sent_us
    if recv_window is not None:
        call.sent_params = {**params, "recvWindow": str(recv_window)}
    error = OutcomeUnknown(
        f"{method}: what became of it is not known; it may have been executed",
        operation=method,
        client_order_id=call.client_order_id,
        sent_at=sent_us,
        cause=cause,
    )
    look_ups.let_resolve(call, error)
    return error
