"""What must hold after each simulation, whatever happened in it."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from typing import Any

from simulation_world import CallRecord, Execution, SimulatedClient, World

from binance_wsapi.errors import (
    ClientClosed,
    NotPlaced,
    NotSent,
    OutcomeUnknown,
    PartlyExecuted,
    RequestRejected,
)
from binance_wsapi.events import AccountReconciled, OrderReconciled, StreamGap
from binance_wsapi.response import Response

__all__ = [
    "can_stay_unknown",
    "check_calls",
    "check_events",
    "check_limits",
    "check_nothing_left",
    "check_sendings",
]

SLACK_S = 1.5
"""By how much a call may outlast its bounds: a question under way is not awaited for longer."""

_OF_ONE_ORDER = ("order.place", "sor.order.place")


def check_calls(world: World) -> Iterator[str]:
    """Every call ended once, in time, and with the truth."""
    by_id = _executions_by_id(world)
    for call in world.calls:
        if call.ended is None:
            yield f"call {call.number} {call.method} never ended"
            continue
        took = call.ended - call.begun
        if took > call.limit + SLACK_S:
            yield f"call {call.number} {call.method} took {took:.1f} s, {call.limit} s allowed"
        if call.kind is not None and call.settled != 1:
            yield f"call {call.number} {call.method} was settled {call.settled} times"
        if call.kind is not None and call.kind.mutates:
            if _gave_up_early(world, call):
                yield f"call {call.number} {call.method} stays unknown after {took:.1f} s"
            done = [
                execution
                for execution in by_id.get(_id_of(call), ())
                if execution.method == call.method
            ]
            for problem in _untruth(world, call, done):
                yield f"call {call.number} {call.method} {call.params}: {problem}"


def _gave_up_early(world: World, call: CallRecord) -> bool:
    """Whether an unknown outcome was left so before its time, though it could be asked."""
    outcome = call.outcomes[0]
    return (
        isinstance(outcome, OutcomeUnknown)
        and world.resolves_within is not None
        and call.ended is not None
        and call.ended < world.closed_at
        and call.ended - call.begun < world.resolves_within
        and not can_stay_unknown(outcome)
    )


def can_stay_unknown(outcome: OutcomeUnknown) -> bool:
    """Whether no question can settle it: the reasons stand in ``protocol.fate``."""
    return any(
        reason in outcome.cause
        for reason in (
            "a cancel takes that away",
            "which may have given it another id",
            "no order goes by its client id",
            "the new order was not placed; the old one is not known",
        )
    )


def _executions_by_id(world: World) -> dict[Any, list[Execution]]:
    found: dict[Any, list[Execution]] = {}
    for execution in world.executions:
        found.setdefault(_id_in(execution.params), []).append(execution)
    return found


def _id_in(params: Any) -> Any:
    return params.get("listClientOrderId", params.get("newClientOrderId"))


def _id_of(call: CallRecord) -> Any:
    return _id_in(call.params)


def _untruth(world: World, call: CallRecord, done: list[Execution]) -> Iterator[str]:
    """Yield how the outcomes of a call contradict what the exchange did."""
    client_id = _id_of(call)
    if client_id is None:  # openOrders.cancelAll goes by no id
        return
    succeeded = [execution for execution in done if execution.succeeded]
    if len(succeeded) > 1:
        yield f"executed {len(succeeded)} times"
    created, cancelled = _effects(world, call)
    if any(len(orders) > 1 for orders in created.values()):
        yield f"orders made: {created}"
    for place, outcome in enumerate(call.outcomes):
        if place and isinstance(outcome, ClientClosed):
            continue  # an unknown outcome could not be looked into again
        if isinstance(outcome, Response):
            yield from _untrue_success(world, call, outcome, succeeded, cancelled)
        elif isinstance(outcome, PartlyExecuted):
            yield from _untrue_halves(call, outcome, created, cancelled)
        elif isinstance(outcome, (NotPlaced, NotSent, ClientClosed, RequestRejected)):
            if succeeded or created or cancelled:
                yield f"{type(outcome).__name__}, but it was executed: {outcome}"
            if isinstance(outcome, NotSent) and done:
                yield f"NotSent, but it arrived: {outcome}"
        elif not isinstance(outcome, OutcomeUnknown):
            yield f"ended with {outcome!r}"


def _effects(world: World, call: CallRecord) -> tuple[dict[str, set[int]], bool]:
    """Return the orders that were made under the call's ids, and whether its cancel was done."""
    ids = {
        str(value)
        for name, value in call.params.items()
        if name.endswith("ClientOrderId")
        and name not in ("cancelNewClientOrderId", "cancelOrigClientOrderId", "origClientOrderId")
    }
    created: dict[str, set[int]] = {}
    cancelled = False
    makes = call.method.startswith(("order.place", "orderList.place", "order.cancelReplace"))
    cancel_id = call.params.get(
        "newClientOrderId" if call.method.endswith(".cancel") else "cancelNewClientOrderId"
    )
    for _, event in world.events:
        if event["e"] != "executionReport":
            continue
        if makes and event["x"] == "NEW" and event["c"] in ids:
            created.setdefault(event["c"], set()).add(event["i"])
        elif event["x"] == "CANCELED" and cancel_id is not None and event["c"] == cancel_id:
            cancelled = True
    return created, cancelled


def _untrue_success(
    world: World,
    call: CallRecord,
    response: Response[Any],
    succeeded: list[Execution],
    cancelled: bool,
) -> Iterator[str]:
    result = response.raw["result"]
    if call.method in ("order.cancel", "orderList.cancel"):
        # That the order is cancelled is the truth that counts, whoever did it.
        if not succeeded and not (response.resolved and _is_cancelled(world, result)):
            yield f"a response, but nothing was cancelled: {result}"
        return
    if len(succeeded) != 1:
        yield f"a response, but executed {len(succeeded)} times: {result}"
        return
    truth = succeeded[0].result
    for name in ("orderId", "orderListId"):
        if call.method in _OF_ONE_ORDER and result[name] != truth[name]:
            yield f"{name} {result[name]}, in truth {truth[name]}"
    if call.method.startswith("orderList.place") and result["orderListId"] != truth["orderListId"]:
        yield f"list {result['orderListId']}, in truth {truth['orderListId']}"
    if call.method == "order.cancelReplace":
        told = result["newOrderResponse"]["orderId"]
        if told != truth["newOrderResponse"]["orderId"]:
            yield f"new order {told}, in truth {truth['newOrderResponse']['orderId']}"


def _is_cancelled(world: World, result: dict[str, Any]) -> bool:
    for _, event in world.events:
        if event["e"] == "executionReport" and event["x"] in ("CANCELED", "EXPIRED"):
            if event["i"] == result.get("orderId", ...):
                return True
            if event["g"] == result.get("orderListId", ...) != -1:
                return True
    return False


def _untrue_halves(
    call: CallRecord, outcome: PartlyExecuted, created: dict[str, set[int]], cancelled: bool
) -> Iterator[str]:
    if (outcome.new_order_result == "SUCCESS") != bool(created):
        yield f"new order {outcome.new_order_result}, made: {created}"
    if outcome.cancel_result != "UNKNOWN" and (outcome.cancel_result == "SUCCESS") != cancelled:
        yield f"cancel {outcome.cancel_result}, cancelled: {cancelled}"


def check_sendings(world: World) -> Iterator[str]:
    """No request that changes something was written twice, but after a refused timestamp."""
    for request_id, methods in world.written.items():
        method = methods[0]
        if not method.startswith(("order.", "orderList.", "openOrders.cancelAll")):
            continue
        if method in ("order.status", "order.amendments", "order.test", "orderList.status"):
            continue
        allowed = 2 if request_id in world.refused_for_time else 1
        if len(methods) > allowed:
            yield f"request {request_id} {method} was written {len(methods)} times"


def check_events(
    world: World, delivered: list[Any], since: float, until: float, *, microseconds: bool
) -> Iterator[str]:
    """Every event was told once and in order, or lies in a gap that was told and closed."""
    truth = world.events
    # Balances that changed twice within a millisecond, to and fro, make equal events.
    places: dict[Any, deque[int]] = defaultdict(deque)
    for index, (_, event) in enumerate(truth):
        places[_name(event)].append(index)
    told: set[int] = set()
    last = -1
    gaps: list[StreamGap] = []
    reconciled_fills: Counter[int] = Counter()
    for item in delivered:
        if isinstance(item, StreamGap):
            gaps.append(item)
            if item.until_ms < item.from_ms:
                yield f"a gap that ends before it begins: {item}"
        elif isinstance(item, OrderReconciled):
            reconciled_fills.update(fill.trade_id for fill in item.missed_fills)
        elif isinstance(item, dict):
            event = _normal(item, microseconds=microseconds)
            if event["e"] == "eventStreamTerminated":
                continue
            left = places.get(_name(event))
            if left is None:
                yield f"an event that never was: {event}"
            elif not left:
                yield f"told twice: {event}"
            else:
                found = left.popleft()
                if found < last:
                    yield f"told after a later one: {event}"
                told.add(found)
                last = max(last, found)
        elif not isinstance(item, AccountReconciled):
            yield f"in the stream: {item!r}"
    fills_told = Counter(
        event["t"]
        for index, (_, event) in enumerate(truth)
        if index in told and event["e"] == "executionReport" and event["x"] == "TRADE"
    )
    for trade_id, count in (fills_told + reconciled_fills).items():
        if count > 1:
            yield f"fill {trade_id} was told {count} times"
    subscribed_with = {
        event["i"]
        for at, event in truth
        if at >= since and event["e"] == "executionReport" and event["x"] == "NEW"
    }
    for index, (at, event) in enumerate(truth):
        if index in told or not since <= at <= until:
            continue
        is_fill = event["e"] == "executionReport" and event["x"] == "TRADE"
        if is_fill and reconciled_fills[event["t"]]:
            continue
        happened_ms, slack_ms = event["E"], 1 + world.clock_moved_ms
        around = [
            gap for gap in gaps if gap.from_ms - slack_ms <= happened_ms <= gap.until_ms + slack_ms
        ]
        if not around:
            yield f"missing without a gap (at {at:.3f}): {event}"
        elif is_fill and event["i"] in subscribed_with:
            yield f"a fill in a gap that was not reconciled (at {at:.3f}): {event}"


def _normal(event: dict[str, Any], *, microseconds: bool) -> dict[str, Any]:
    if not microseconds:
        return event
    return {name: _in_ms(value) for name, value in event.items()}


def _in_ms(value: Any) -> Any:
    return value // 1000 if isinstance(value, int) and value > 10**14 else value


def _name(event: dict[str, Any]) -> Any:
    return repr(sorted(event.items(), key=lambda item: item[0]))


def check_limits(world: World) -> Iterator[str]:
    """The exchange never had to refuse us for a limit.

    Unless others behind our address used it up, requests came so late that nobody could foresee the
    minute they would count in, or that minute was made longer.
    """
    nobody_knows = world.foreign_weight or world.network.late_frames or world.clock_was_put_back
    if not nobody_knows:
        for refusal in world.limit_refusals:
            yield f"limit broken: {refusal}"


def check_nothing_left(world: World, client: SimulatedClient) -> Iterator[str]:
    """After the close nothing pends, and nothing is left of tasks, links and sockets."""
    core = client.core
    for name in ("sessions", "_tasks", "_inbox", "_user_data"):
        if getattr(core, name):
            yield f"left in core.{name}: {getattr(core, name)}"
    if core.resolver.is_busy:
        yield f"left in the resolver: {core.resolver._cases}"
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    if tasks:
        yield f"tasks left: {tasks}"
    open_wires = [wire.number for wire in world.network.wires.values() if wire.is_open_here]
    if open_wires:
        yield f"sockets left: {open_wires}"
    if world.venue.gateway.connections:
        yield f"connections left at the exchange: {world.venue.gateway.connections}"
    if world.host.is_late:
        yield "closing took too long"
    for failure in world.loop.failures:
        yield f"nobody took the exception: {failure}"
