"""What must hold of the client's calls after each simulation, whatever happened in it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Mapping
from typing import Any

from simulation_exchange import Execution, Happening
from simulation_patience import GivenUp
from simulation_world import CallRecord, SimulatedClient, World

from binance_wsapi.errors import (
    ClientClosed,
    NotPlaced,
    NotSent,
    OutcomeUnknown,
    PartlyExecuted,
    RequestRejected,
)
from binance_wsapi.outcomes import CallOutcome, given_up
from binance_wsapi.response import Response

__all__ = [
    "Truth",
    "can_stay_unknown",
    "check_calls",
    "check_given_up",
    "check_limits",
    "check_nothing_left",
    "check_sendings",
    "untruth",
]

SLACK_S = 1.5
"""By how much a call may outlast its bounds: a question under way is not awaited for longer."""

FINAL_STATUSES = frozenset({"CANCELED", "FILLED", "EXPIRED", "EXPIRED_IN_MATCH", "REJECTED"})

_OF_ONE_ORDER = ("order.place", "sor.order.place")


def check_calls(world: World) -> Iterator[str]:
    """Every call ended once, in time, and with the truth."""
    for call in world.calls:
        if call.ended is None:
            yield f"call {call.number} {call.method} never ended"
            continue
        took = call.ended - call.begun
        if took > call.limit + SLACK_S:
            yield f"call {call.number} {call.method} took {took:.1f} s, {call.limit} s allowed"
        is_given_up = isinstance(call.outcomes[0], GivenUp)
        if call.kind is not None and call.settled != 1 and not (is_given_up and not call.settled):
            yield f"call {call.number} {call.method} was settled {call.settled} times"
        if call.kind is not None and call.kind.mutates:
            if _gave_up_early(world, call):
                yield f"call {call.number} {call.method} stays unknown after {took:.1f} s"
            truth = Truth(world, call)
            for outcome, told in zip(call.outcomes, call.told, strict=True):
                for problem in untruth(truth, outcome, told):
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
        and not can_stay_unknown(world, call, outcome)
    )


_UNKNOWABLE = (
    "a cancel takes that away",
    "which may have given it another id",
    "no order goes by its client id",
    "the new order was not placed; the old one is not known",
    "which the change may have caused",
    "an order is open that may have been made before or since",
)
"""What no question can settle: the reasons stand in ``protocol.inquiry``."""

_UNKNOWABLE_BY_ID = (
    "which had the same id",
    "another order goes by its client id",
    "an earlier cancel may have had the same id",
)
"""What no question can settle when ids come again."""


def can_stay_unknown(world: World, call: CallRecord, outcome: OutcomeUnknown) -> bool:
    """Whether no question can settle the outcome of a call, or not for long."""
    if any(frame.is_ahead for request in call.requests for frame in world.frames[request]):
        return True  # it could be accepted when the exchange's clock has come so far
    reasons: tuple[str, ...] = _UNKNOWABLE
    if world.repeats_ids or call.exchange.turns_unforeseen:  # an order may seem older than it is
        reasons += _UNKNOWABLE_BY_ID
    return any(reason in outcome.cause for reason in reasons)


class Truth:
    """What the client really wrote for a call, and the exchange did."""

    def __init__(self, world: World, call: CallRecord) -> None:
        self.call = call
        exchange, requests = call.exchange, call.requests
        self.frames = [frame for request in requests for frame in world.frames[request]]
        self.arrived = [each for each in exchange.executions if each.request in requests]
        self.done: list[Execution] = [each for each in self.arrived if each.succeeded]
        self.brought: list[Happening] = [
            each for each in exchange.events if each.request in requests
        ]
        self.made = {each.order["i"] for each in self.brought if each.is_execution("NEW")}
        """The orders it made."""
        self.has_cancelled = any(each.is_execution("CANCELED") for each in self.brought)

    @property
    def has_changed_anything(self) -> bool:
        return bool(self.done or self.made or self.has_cancelled)

    def is_cancelled(self, result: dict[str, Any]) -> bool:
        """Whether the order or list of a result is cancelled, whoever did it."""
        return any(
            each.order["i"] == result.get("orderId", ...)
            or each.order.get("g", -1) == result.get("orderListId", ...) != -1
            for each in self.call.exchange.events
            if each.is_execution("CANCELED", "EXPIRED")
        )

    def is_amended(self, result: dict[str, Any]) -> bool:
        """Whether the order was amended as asked, whoever did it."""
        order = result.get("amendedOrder", result)
        return any(
            each.order["i"] == order["orderId"]
            for each in self.call.exchange.events
            if each.is_execution("REPLACED", "AMENDMENT")
        )

    def is_emptied(self, now: float) -> bool:
        """Whether no order that was made before the call is open."""
        is_open: set[int] = set()
        for each in self.call.exchange.events:
            if each.time > now:
                break
            if each.is_execution("NEW"):
                if each.time < self.call.begun:
                    is_open.add(each.order["i"])
            elif each.order.get("X") in FINAL_STATUSES:
                is_open.discard(each.order["i"])
        return not is_open


def untruth(truth: Truth, outcome: Any, told: float) -> Iterator[str]:
    """Yield how an outcome of a call contradicts what the exchange did."""
    call = truth.call
    if len(truth.done) > 1:
        yield f"executed {len(truth.done)} times"
    if isinstance(outcome, ClientClosed) and outcome is not call.outcomes[0]:
        return  # an unknown outcome could not be looked into again
    if isinstance(outcome, GivenUp):
        yield from _untrue_giving_up(truth, outcome, told)
    elif isinstance(outcome, Response):
        yield from _untrue_success(truth, outcome, told)
    elif isinstance(outcome, PartlyExecuted):
        yield from _untrue_halves(truth, outcome)
    elif isinstance(outcome, (NotPlaced, NotSent, ClientClosed, RequestRejected)):
        if truth.has_changed_anything:
            yield f"{type(outcome).__name__}, but it was executed: {outcome}"
        if isinstance(outcome, NotSent) and truth.arrived:
            yield f"NotSent, but it arrived: {outcome}"
    elif not isinstance(outcome, OutcomeUnknown):
        yield f"ended with {outcome!r}"


def _untrue_giving_up(truth: Truth, outcome: GivenUp, told: float) -> Iterator[str]:
    if any(frame.time > told for frame in truth.frames):
        yield f"written after it was {outcome}"
    said = given_up(outcome.error)
    if truth.call.call is None:
        return  # it never came so far
    if said is None:
        yield f"nothing is said of what was {outcome}"
    elif said.written and not truth.frames:
        yield f"nothing was written: {outcome}"
    # What was refused for its timestamp was as good as not sent.
    elif not said.written and truth.call.requests - truth.call.exchange.refused_for_time:
        yield f"it was written: {outcome}"


def check_given_up(world: World) -> Iterator[str]:
    """What was sent and given up was told once, and truly."""
    told: dict[str, list[tuple[float, CallOutcome]]] = {}
    heard: dict[str, list[CallOutcome]] = {}
    for at, outcome in world.told_outcomes:
        key = _key(outcome.operation, outcome.params)
        heard.setdefault(key, []).append(outcome)
        if outcome.state != "unknown":  # a late answer may say more
            told.setdefault(key, []).append((at, outcome))
    calls: dict[str, list[CallRecord]] = {}
    for call in world.calls:
        if call.kind is not None and call.kind.mutates and call.call is not None:
            calls.setdefault(_key(call.method, call.params), []).append(call)
    for key, outcomes in told.items():
        if len(outcomes) > len(calls.get(key, ())):
            yield f"told {len(outcomes)} times what became of {key}"
    for key, alike in calls.items():
        sent = [call for call in alike if _is_given_up_in_flight(call)]
        if len(heard.get(key, ())) < len(sent) and world.closed_at == math.inf:
            yield f"nothing was told of {key}, which was sent and given up"
        if len(alike) == 1:
            truth = Truth(world, alike[0])
            for at, outcome in told.get(key, ()):
                for problem in untruth(truth, outcome.response or outcome.error, at):
                    yield f"told of call {alike[0].number} {key}: {problem}"


def _is_given_up_in_flight(call: CallRecord) -> bool:
    if not call.outcomes or not isinstance(call.outcomes[0], GivenUp):
        return False
    said = given_up(call.outcomes[0].error)
    return said is not None and said.written


def _key(method: str, params: Mapping[str, Any]) -> str:
    return f"{method} {sorted((name, str(value)) for name, value in params.items())}"


def _untrue_success(truth: Truth, response: Response[Any], told: float) -> Iterator[str]:
    method, result = truth.call.method, response.raw.get("result")
    if method == "openOrders.cancelAll":
        if not isinstance(result, list):
            yield f"a response without a result: {response.raw}"
        elif response.resolved and not truth.is_emptied(told):
            yield f"a response, but orders are open: {result}"
        elif not response.resolved and len(truth.done) != 1:
            yield f"a response, but executed {len(truth.done)} times: {result}"
        return
    if not isinstance(result, dict):
        yield f"a response without a result: {response.raw}"
        return
    # That something is cancelled or amended is the truth that counts, whoever did it.
    if response.resolved and method in ("order.cancel", "orderList.cancel"):
        if not truth.is_cancelled(result):
            yield f"a response, but nothing was cancelled: {result}"
        return
    if response.resolved and method in ("order.amend.keepPriority", "order.modify"):
        if not truth.is_amended(result):
            yield f"a response, but nothing was amended: {result}"
        return
    if len(truth.done) != 1:
        yield f"a response, but executed {len(truth.done)} times: {result}"
        return
    done = truth.done[0].result
    for name in ("orderId", "orderListId"):
        if method in _OF_ONE_ORDER and result.get(name) != done.get(name):
            yield f"{name} {result.get(name)}, in truth {done.get(name)}"
    if method.startswith("orderList.place") and result["orderListId"] != done["orderListId"]:
        yield f"list {result['orderListId']}, in truth {done['orderListId']}"
    if method == "order.cancelReplace":
        told = result["newOrderResponse"]["orderId"]
        if told != done["newOrderResponse"]["orderId"]:
            yield f"new order {told}, in truth {done['newOrderResponse']['orderId']}"


def _untrue_halves(truth: Truth, outcome: PartlyExecuted) -> Iterator[str]:
    if (outcome.new_order_result == "SUCCESS") != bool(truth.made):
        yield f"new order {outcome.new_order_result}, made: {truth.made}"
    if outcome.cancel_result != "UNKNOWN" and (
        (outcome.cancel_result == "SUCCESS") != truth.has_cancelled
    ):
        yield f"cancel {outcome.cancel_result}, cancelled: {truth.has_cancelled}"


def check_sendings(world: World) -> Iterator[str]:
    """No request that changes something was written twice, but after a refused timestamp."""
    for call in world.calls:
        if call.kind is None or not call.kind.mutates:
            continue
        written = sum(len(world.frames[request]) for request in call.requests)
        refused = sum(request in call.exchange.refused_for_time for request in call.requests)
        if written > 1 + min(refused, 1):
            yield f"call {call.number} {call.method} was written {written} times"


def check_limits(world: World) -> Iterator[str]:
    """The exchange never had to refuse us for a limit.

    Unless others behind our address used it up, requests came so late that nobody could foresee the
    minute they would count in, or that minute was made longer.
    """
    for exchange in world.exchanges.values():
        if exchange.foreign_weight or exchange.late_frames or exchange.turns_unforeseen:
            continue
        for refusal in exchange.limit_refusals:
            yield f"limit broken: {refusal}"


def check_nothing_left(world: World, client: SimulatedClient) -> Iterator[str]:
    """After the close nothing pends, and nothing is left of tasks, links and sockets."""
    core = client.core
    kept = {
        "sessions": core.sessions.open,
        "tasks": core.runtime._tasks,
        "inbox": core._inbox,
        "user data": core.user_data._kept,
    }
    for name, left in kept.items():
        if left:
            yield f"left of {name}: {left}"
    if core.lost_answers.is_busy:
        yield f"still being found out: {core.lost_answers._searches}"
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    if tasks:
        yield f"tasks left: {tasks}"
    open_wires = [wire.number for wire in world.network.wires.values() if wire.is_open_here]
    if open_wires:
        yield f"sockets left: {open_wires}"
    for exchange in world.exchanges.values():
        if exchange.venue.gateway.connections:
            yield f"connections left at {exchange.name}: {exchange.venue.gateway.connections}"
    if world.host.is_late:
        yield "closing took too long"
    for failure in world.loop.failures:
        yield f"nobody took the exception: {failure}"
