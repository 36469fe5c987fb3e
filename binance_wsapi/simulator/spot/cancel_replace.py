"""Cancel and replace in one request: two steps that may fail each on its own."""

from __future__ import annotations

from typing import Any

from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.errors import (
    ExchangeError,
    either_missing,
    mandatory_missing,
    order_rejected,
    too_many_orders,
)
from binance_wsapi.simulator.spot import (
    cancellation,
    filters,
    order_requests,
    parameters,
    placement,
    reports,
)
from binance_wsapi.simulator.spot.engine import Engine
from binance_wsapi.simulator.spot.orders import Order
from binance_wsapi.simulator.spot.parameters import Params

__all__ = ["cancel_replace"]

MODES = frozenset({"STOP_ON_FAILURE", "ALLOW_FAILURE"})
LIMIT_MODES = frozenset({"DO_NOTHING", "CANCEL_ONLY"})


def cancel_replace(engine: Engine, params: Params, account: Account) -> dict[str, Any]:
    """Answer ``order.cancelReplace``.

    Raises:
        ExchangeError: -2022 (400) when neither step was done, -2021 (409) when one was, with both
            outcomes in ``data``; -1015 (429) when the order limit forbids the new order.
    """
    market = engine.market(parameters.text(params, "symbol"))
    mode = parameters.one_of(params, "cancelReplaceMode", MODES)
    if mode is None:
        raise mandatory_missing("cancelReplaceMode")
    limit_mode = parameters.one_of(params, "orderRateLimitExceededMode", LIMIT_MODES)
    restriction = cancellation.read_restriction(params)
    order_id = parameters.integer(params, "cancelOrderId")
    client_order_id = parameters.client_id(params, "cancelOrigClientOrderId")
    cancel_client_order_id = parameters.client_id(params, "cancelNewClientOrderId")
    if order_id is None and client_order_id is None:
        raise either_missing("cancelOrigClientOrderId", "cancelOrderId")
    wanted = order_requests.read_order(params)
    shape = order_requests.response_type(params, wanted.type)
    if not market.spec.cancel_replace_allowed:
        raise order_rejected("Order cancel-replace is not supported for this symbol.")
    # Filters come first: an order that no book would take leaves the old one alone.
    filters.check_terms(engine, Order(market.spec, account, wanted, ""))
    is_exceeded = engine.order_counter is not None and engine.order_counter.is_exceeded(account, 1)
    if is_exceeded and limit_mode != "CANCEL_ONLY":
        raise _limit_error(engine, account)
    cancelled: dict[str, Any] | ExchangeError
    placed: dict[str, Any] | ExchangeError | None
    try:
        cancellation.check_cancellable(account, market)
        order = cancellation.find_open(engine, account, market, order_id, client_order_id)
        cancelled = cancellation.cancel_one(engine, order, cancel_client_order_id, restriction)
    except ExchangeError as refusal:
        cancelled = refusal
    if isinstance(cancelled, ExchangeError) and mode == "STOP_ON_FAILURE":
        placed = None
    elif is_exceeded:
        placed = _limit_error(engine, account)
    else:
        try:
            new = placement.place(engine, account, wanted, market.spec.symbol)
            placed = reports.placed(new, shape, engine.now_us)
        except ExchangeError as refusal:
            placed = refusal
    return _outcome(cancelled, placed, is_exceeded=is_exceeded)


def _limit_error(engine: Engine, account: Account) -> ExchangeError:
    counter = engine.order_counter
    assert counter is not None
    for row in counter.order_limits(account):
        if row["count"] >= row["limit"]:
            return too_many_orders(
                f"Too many new orders; current limit is {row['limit']} orders per "
                f"{row['intervalNum']} {row['interval']}."
            )
    return too_many_orders()


def _outcome(
    cancelled: dict[str, Any] | ExchangeError,
    placed: dict[str, Any] | ExchangeError | None,
    *,
    is_exceeded: bool,
) -> dict[str, Any]:
    both: dict[str, Any] = {
        "cancelResult": "FAILURE" if isinstance(cancelled, ExchangeError) else "SUCCESS",
        "newOrderResult": (
            "NOT_ATTEMPTED"
            if placed is None
            else "FAILURE"
            if isinstance(placed, ExchangeError)
            else "SUCCESS"
        ),
        "cancelResponse": _half(cancelled),
        "newOrderResponse": _half(placed),
    }
    results = both["cancelResult"], both["newOrderResult"]
    if results == ("SUCCESS", "SUCCESS"):
        return both
    if "SUCCESS" in results:
        raise ExchangeError(-2021, "Order cancel-replace partially failed.", 409, both)
    status = 429 if is_exceeded and placed is None else 400
    raise ExchangeError(-2022, "Order cancel-replace failed.", status, both)


def _half(outcome: dict[str, Any] | ExchangeError | None) -> dict[str, Any] | None:
    return outcome.payload() if isinstance(outcome, ExchangeError) else outcome
