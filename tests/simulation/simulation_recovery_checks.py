"""What must hold of journals and of what was recovered from them, wherever processes died."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from simulation_checks import Truth, can_stay_unknown, untruth
from simulation_exchange import SimulatedExchange
from simulation_process import Process
from simulation_spoilers import LONGEST_LAG_S, PROCESSING_US
from simulation_world import CallRecord, World

from binance_wsapi import Recovered, WsKey
from binance_wsapi.core.call_kind import kind_by_method
from binance_wsapi.errors import (
    NotPlaced,
    NotSent,
    OutcomeUnknown,
    PartlyExecuted,
    RequestRejected,
)
from binance_wsapi.events import OrderReconciled
from binance_wsapi.protocol.inquiry import DEFAULT_RECV_WINDOW_MS
from binance_wsapi.protocol.journal_records import Entry, EntryKey
from binance_wsapi.response import Response

__all__ = ["Recovery", "check_journal", "check_recoveries", "check_sight"]

_NOTED_WITHIN_S = {"process": 0.06, "power": 1.0}
"""How long after its caller an outcome has to stand in the journal, slow disks included."""

LONGEST_S = 2 * (30.0 + 10.0 + 1.0 + 3.0 + 30.0) + 90.0
"""Within this all is asked, with the longest recvWindow and more than are looked up at the same time."""

ENDS_LATER_S = 1.0
"""By how much a recovery may outlast its time: what is known is written down last."""


class Recovery:
    """One look at what earlier processes had left open.

    Args:
        world: Where it happens.
        process: Who looks.
        timeout: How long it may take.
    """

    def __init__(self, world: World, process: Process, timeout: float | None) -> None:
        self.process = process
        self.began = world.loop.time()
        self.timeout = timeout
        self.ended = math.inf
        self.met_limits = False
        """Whether others had used up a limit of the address meanwhile: then it takes as long as that."""
        self._refusals = self._limit_refusals(world)
        self.exchange_us: dict[str, int] = {}
        """What the exchanges' clocks showed at its end."""
        self.found: list[Recovered] = []
        self.left_open: list[Entry] = []
        self._world = world

    def end(self, found: list[Recovered]) -> None:
        """It is over, and told this."""
        self.found = found
        self.left_open = self.process.left_open
        self.ended = self._world.loop.time()
        self.met_limits = self._limit_refusals(self._world) > self._refusals
        self.exchange_us = {
            name: exchange.clock.now_us() for name, exchange in self._world.exchanges.items()
        }

    @staticmethod
    def _limit_refusals(world: World) -> int:
        return sum(len(exchange.limit_refusals) for exchange in world.exchanges.values())

    @property
    def pairs(self) -> Iterator[tuple[Entry, Recovered | None]]:
        """What was open, each with what was told of it."""
        told: dict[str, list[Recovered]] = {}
        for each in self.found:
            told.setdefault(
                _key(each.ws_key, each.operation, each.sent_at, each.params), []
            ).append(each)
        for entry in self.left_open:
            key = _key(entry.ws_key, entry.method, entry.sent_us, entry.params)
            yield entry, told[key].pop(0) if told.get(key) else None


def _key(ws_key: str, operation: str, sent_us: int, params: Any) -> str:
    named = sorted((name, str(value)) for name, value in params.items() if name != "timestamp")
    return f"{ws_key!s} {operation} {sent_us} {named}"


def check_recoveries(
    world: World, processes: Iterable[Process], recoveries: Iterable[Recovery]
) -> Iterator[str]:
    """All that was open was told, truly, and once."""
    processes, recoveries = list(processes), list(recoveries)
    yield from _untold(processes, recoveries)
    settled: set[EntryKey] = set()
    known = {
        request: call
        for process in processes
        for call in world.calls
        for request in call.requests
        if process.sent(request) and _was_known(process, call)
    }
    for recovery in recoveries:
        took = recovery.ended - recovery.began
        longest = LONGEST_S if recovery.timeout is None else recovery.timeout
        is_bounded = recovery.timeout is not None or not recovery.met_limits
        if is_bounded and took > longest + ENDS_LATER_S:
            yield f"recover({recovery.timeout}) took {took:.1f} s"
        if len(recovery.found) != len(recovery.left_open):
            yield f"{len(recovery.left_open)} were open, {len(recovery.found)} told"
        yield from _unmeasured(world, recovery)
        for entry, told in recovery.pairs:
            if told is None:
                yield f"nothing was told of {_shown(entry)}"
                continue
            if entry.key in settled:
                yield f"told again: {_shown(entry)}"
            if told.state != "open" and not recovery.process.has_failed_disk:
                settled.add(entry.key)
            if entry.request_id in known:
                outcome = known[entry.request_id].outcome
                yield f"asked again, though {outcome!r} was known: {_shown(entry)}"
            for problem in _judged(world, recovery, entry, told):
                yield f"recovered {told.state}: {_shown(entry)}: {problem}"


def _untold(processes: list[Process], recoveries: list[Recovery]) -> Iterator[str]:
    """Yield what was open once, and of which nobody was ever told what became."""
    told = {entry.key for recovery in recoveries for entry, each in recovery.pairs if each}
    excused = {
        key for process in processes if process.may_leave_untold for key in process.found_open
    }
    for process in processes:
        for key in process.found_open.keys() - told - excused:
            yield f"never told: {_shown(process.found_open[key])}"


def _was_known(process: Process, call: CallRecord) -> bool:
    """Whether the outcome of a call must stand in the journal of the process that made it."""
    return (
        isinstance(call.outcome, (Response, RequestRejected, NotPlaced, PartlyExecuted))
        and call.told[-1] < process.died_at - _NOTED_WITHIN_S[process.durability]
        and not process.has_failed_disk
    )


def _unmeasured(world: World, recovery: Recovery) -> Iterator[str]:
    """Yield the exchanges whose clocks were not measured before something was told of them."""
    for exchange in {world.exchange_of(WsKey(entry.ws_key)) for entry in recovery.left_open}:
        if not any(
            recovery.process.sent(request)
            and at <= recovery.ended
            and world.frames[request][0].exchange is exchange
            and recovery.began <= world.frames[request][0].time
            for request, at in world.clocks_told.items()
        ):
            yield f"recovered without a measurement of the clock of {exchange.name}"


def _judged(world: World, recovery: Recovery, entry: Entry, told: Recovered) -> Iterator[str]:
    record = _record_of(world, entry)
    truth = Truth(world, record)
    outcome = told.response or told.error
    if told.state == "open" or told.state == "unknown":
        if not isinstance(outcome, OutcomeUnknown):
            yield f"without a reason: {outcome!r}"
        elif told.state == "unknown" and not _can_stay_unknown(world, record, outcome):
            yield f"could be asked, and stays unknown: {outcome} ({outcome.cause})"
        return
    yield from untruth(truth, outcome, recovery.ended)
    if told.state == "not placed" and _may_still_come(recovery, entry, truth):
        yield f"it could still have been executed: {outcome}"
    exchange, shown = record.exchange, {order.order_id for order in told.orders}
    if told.state == "accepted" and not truth.made <= shown:
        yield f"orders {truth.made} were made, {shown} are shown"
    for order in told.orders:
        yield from _wrongly_shown(exchange, recovery, order)


def _can_stay_unknown(world: World, record: CallRecord, outcome: OutcomeUnknown) -> bool:
    # When an answer was heard stands in no journal: an order may seem to have been made since.
    return can_stay_unknown(world, record, outcome) or "which had the same id" in outcome.cause


def _may_still_come(recovery: Recovery, entry: Entry, truth: Truth) -> bool:
    """Whether something is ruled out that the exchange could still have executed then."""
    if truth.arrived or "place" not in entry.method.split("."):
        return False  # it was refused; or it was aimed at what had ended
    window_ms = DEFAULT_RECV_WINDOW_MS if entry.recv_window is None else entry.recv_window
    until_us = entry.sent_us + round(window_ms * 1000) + PROCESSING_US
    return recovery.exchange_us[truth.call.exchange.name] < until_us


def _wrongly_shown(
    exchange: SimulatedExchange, recovery: Recovery, order: OrderReconciled
) -> Iterator[str]:
    """Yield what is wrong with an order as it was said to stand."""
    fills = {
        happening.order["t"]: happening.time
        for happening in exchange.events
        if happening.order.get("i") == order.order_id and happening.is_execution("TRADE")
    }
    told = [row["id"] for row in order.raw_missed_fills]
    if len(told) != len(set(told)) or not fills.keys() >= set(told):
        yield f"order {order.order_id} has the fills {sorted(fills)}, told are {told}"
    if order.problem is not None:
        return
    missing = {
        trade_id
        for trade_id, at in fills.items()
        if at < recovery.began - LONGEST_LAG_S and trade_id not in told
    }
    if missing:
        yield f"fills {missing} of order {order.order_id} were missed: {order}"


def check_sight(
    world: World,
    processes: Iterable[Process],
    entries: Iterable[Entry],
    calls: Iterable[CallRecord],
) -> Iterator[str]:
    """What changes orders stood in the journal before it was sent, and was sent for somebody."""
    written_down = {entry.request_id for entry in entries}
    asked_for = {request for call in calls for request in call.requests}
    for process in processes:
        for request, frames in world.frames.items():
            if not frames or not process.sent(request):
                continue
            frame = frames[0]
            if not kind_by_method(frame.exchange.market, frame.method).has_fate:
                continue
            if request not in asked_for:
                yield f"{frame.method} {request} was sent for nobody"
            if request not in written_down and not process.may_send_unjournalled:
                yield f"{frame.method} {request} was sent, and the journal does not have it"


def check_journal(world: World, entries: Iterable[Entry]) -> Iterator[str]:
    """In the end the journal tells the truth."""
    # What was signed anew before it was sent at all has several entries: the last one was sent.
    latest = {entry.request_id: entry for entry in entries}
    for entry in entries:
        if latest[entry.request_id] is not entry and entry.state in ("not sent", "rejected"):
            continue
        record = _record_of(world, entry)
        truth = Truth(world, record)
        outcome = _outcome_of(entry, truth)
        if isinstance(outcome, OutcomeUnknown):
            if not _can_stay_unknown(world, record, outcome):
                yield f"the journal has {entry.state} {_shown(entry)}: {entry.problem}"
        else:
            for problem in untruth(truth, outcome, world.loop.time()):
                yield f"the journal has {entry.state} {_shown(entry)}: {problem}"


def _outcome_of(entry: Entry, truth: Truth) -> Any:
    """Return what a caller would have been told who was told what the journal has."""
    problem = str(entry.problem)
    match entry.state:
        case "accepted":
            result = msgspec.Raw(entry.result or b"null")
            frame = b'{"id":"","status":200,"result":%b}' % bytes(result)
            return Response(
                None,
                frame,
                "",
                200,
                result,
                msgspec.Raw(),
                0.0,
                resolved=len(truth.done) != 1,  # found out, perhaps, by a look at its order
            )
        case "partly executed":
            halves = json.loads(entry.result or b"{}")
            return PartlyExecuted(
                problem,
                code=0,
                status=409,
                operation=entry.method,
                cancel_result=halves["cancelResult"],
                new_order_result=halves["newOrderResult"],
                cancel_response=halves["cancelResponse"],
                new_order_response=halves["newOrderResponse"],
            )
        case "not sent":
            return NotSent(problem, operation=entry.method, reason="")
        case "rejected" | "not placed":
            return NotPlaced(problem, operation=entry.method)
        case _:
            return OutcomeUnknown(problem, operation=entry.method, cause=problem)


def _record_of(world: World, entry: Entry) -> CallRecord:
    exchange = world.exchange_of(WsKey(entry.ws_key))
    frames = world.frames.get(entry.request_id, [])
    return CallRecord(
        number=-1,
        begun=frames[0].time if frames else -math.inf,
        limit=math.inf,
        exchange=exchange,
        requests={entry.request_id},
        kind=kind_by_method(exchange.market, entry.method),
        params=dict(entry.params),
    )


def _shown(entry: Entry) -> str:
    return f"{entry.key} {entry.method} {entry.request_id} {entry.params}"
