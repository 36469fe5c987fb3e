"""The life of a request: written at most once, never denied once it was written, ended once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_wsapi.errors import (
    BinanceWsApiError,
    InvalidTimestamp,
    OrderRejected,
    RateLimited,
    ServerUndecided,
)
from binance_wsapi.protocol.requests import (
    TRANSITIONS,
    Reaction,
    Request,
    RequestInput,
    RequestState,
    Unsent,
)
from binance_wsapi.protocol.transitions import ImpossibleInput

UNSENT = (RequestState.NEW, RequestState.WAITING, RequestState.HELD, RequestState.REPEATING)


@dataclass(frozen=True)
class Kind:
    """What requests of an operation have in common."""

    mutates: bool = True
    repeatable: bool = False
    signed: bool = True
    logs: bool = False
    operation: object = "order.place"


ORDER = Kind()
READ = Kind(mutates=False, repeatable=True, signed=False)
LOGON = Kind(mutates=False, logs=True)
UNKNOWN = Kind(operation=None)


def request(
    kind: Kind = ORDER, told: list[str] | None = None, /, **params: Any
) -> Request[Kind, str]:
    told = [] if told is None else told
    return Request(kind, params, told.append, "1", 5.0, 100.0)


PATHS: dict[RequestState, tuple[RequestInput, ...]] = {
    RequestState.NEW: (),
    RequestState.WAITING: (RequestInput.QUEUED,),
    RequestState.HELD: (RequestInput.HELD_BACK,),
    RequestState.WRITTEN: (RequestInput.WRITTEN,),
    RequestState.REPEATING: (RequestInput.WRITTEN, RequestInput.REPEATED),
    RequestState.LEFT_OPEN: (RequestInput.WRITTEN, RequestInput.LEFT_OPEN),
    RequestState.ENDED: (RequestInput.DROPPED,),
}


def in_state(state: RequestState) -> Request[Kind, str]:
    made = request()
    for step in PATHS[state]:
        made.move(step)
    return made


# The table


@pytest.mark.parametrize("state", RequestState)
def test_every_input_leads_where_the_table_says_or_cannot_happen(state: RequestState) -> None:
    for step in RequestInput:
        made = in_state(state)
        assert made.state is state
        if step in TRANSITIONS[state]:
            assert made.move(step)
            assert made.state is TRANSITIONS[state][step]
        else:
            with pytest.raises(ImpossibleInput, match=f"{step.name} cannot happen in {state.name}"):
                made.move(step)
            assert made.state is state


def test_the_table_has_every_state_and_every_input() -> None:
    assert set(TRANSITIONS) == set(PATHS) == set(RequestState)
    assert set().union(*TRANSITIONS.values()) == set(RequestInput)
    assert not TRANSITIONS[RequestState.ENDED]


@pytest.mark.parametrize("state", [RequestState.WRITTEN, RequestState.LEFT_OPEN])
def test_of_what_was_written_nobody_can_say_that_it_was_not_sent(state: RequestState) -> None:
    made = in_state(state)

    assert not made.is_unsent
    with pytest.raises(ImpossibleInput):
        made.drop("not sent")
    assert made.outcome is None


def test_what_is_written_cannot_be_written_again() -> None:
    told: list[str] = []
    made = request(ORDER, told)
    assert made.begin_write(101.0)

    with pytest.raises(ImpossibleInput):
        made.begin_write(102.0)

    assert (made.written_at, told) == (101.0, [])


def test_it_ends_once() -> None:
    told: list[str] = []
    made = request(ORDER, told)
    made.begin_write(101.0)
    made.settle("answered")

    for again in (made.settle, made.drop):
        with pytest.raises(ImpossibleInput):
            again("once more")

    assert (told, made.outcome) == (["answered"], "answered")


WITHOUT_ASSERTIONS = """
from types import SimpleNamespace
from binance_wsapi.protocol.requests import RequestInput, Request
told = []
kind = SimpleNamespace(mutates=True, repeatable=False, signed=True, logs=False, operation="x")
request = Request(kind, {}, told.append, "1", 5.0, 0.0)
print(request.begin_write(1.0), request.begin_write(2.0), request.written_at)
request.drop("not sent")
print(request.move(RequestInput.QUEUED), request.state.name, told)
request.move(RequestInput.LEFT_OPEN)
request.drop("not sent")
print(request.was_not_written(), request.repeat("lost"), request.written_at, told)
request.settle("unknown")
request.settle("answered")
request.drop("not sent")
print(request.begin_write(3.0), request.state.name, told)
"""


def test_what_cannot_happen_is_harmless_where_assertions_are_off() -> None:
    """Whatever is asked of it, what was written ends as unknown at worst."""
    ran = subprocess.run(
        [sys.executable, "-O", "-c", WITHOUT_ASSERTIONS], capture_output=True, text=True, check=True
    )

    assert ran.stdout.splitlines() == [
        "True False 1.0",
        "False WRITTEN []",
        "False False 1.0 []",
        "False ENDED ['unknown']",
    ]


# The right to write


@pytest.mark.parametrize("state", UNSENT)
def test_what_its_caller_withdrew_is_never_written(state: RequestState) -> None:
    made = in_state(state)

    assert made.withdraw()
    assert not made.begin_write(101.0)
    assert made.state is state


def test_what_was_written_can_not_be_withdrawn() -> None:
    made = request()
    made.begin_write(101.0)

    assert not made.withdraw()
    assert made.is_given_up


@pytest.mark.parametrize(
    "give_back",
    [Request.was_not_written, Request.was_stale, lambda made: made.repeat("the link is gone")],
    ids=["not written", "stale", "repeated"],
)
@pytest.mark.parametrize("is_given_up", [False, True])
def test_the_right_comes_back_to_who_still_waits(
    give_back: Callable[[Request[Kind, str]], bool], is_given_up: bool
) -> None:
    made = request(READ)
    made.begin_write(101.0)
    if is_given_up:
        made.withdraw()

    assert give_back(made) is not is_given_up

    assert made.written_at is None
    assert made.begin_write(102.0) is not is_given_up


# Under random inputs


@dataclass
class World:
    """What happens to a request, told by rules of its own and not by the table."""

    made: Request[Kind, str]
    told: list[str]
    is_under_way: bool = False
    is_undecided: bool = False
    is_withdrawn: bool = False
    """Its caller was told that nothing is sent."""
    executions: int = 0
    """How often the exchange may have executed it at most."""
    ends: list[str] = field(default_factory=list)

    @property
    def is_unsent(self) -> bool:
        return not (self.is_under_way or self.is_undecided or self.ends)

    def write(self) -> None:
        if self.made.begin_write(101.0):
            assert not self.is_withdrawn
            self.is_under_way = True
            self.executions += 1

    def back(self, give_back: Callable[[], bool], *, executed: bool) -> None:
        assert give_back() is not self.made.is_given_up
        self.is_under_way = False
        self.executions -= not executed

    def withdraw(self) -> None:
        if self.made.withdraw():
            assert not self.is_under_way
            assert not self.is_undecided
            self.is_withdrawn = True

    def leave_open(self) -> None:
        self.made.move(RequestInput.LEFT_OPEN)
        self.is_under_way, self.is_undecided = False, True

    def end(self, how: Callable[[str], None], outcome: str) -> None:
        how(outcome)
        self.is_under_way = self.is_undecided = False
        self.ends.append(outcome)


Rule = tuple[Callable[[World], bool], Callable[[World], object]]

RULES: dict[str, Rule] = {
    "queue": (lambda w: w.is_unsent, lambda w: w.made.move(RequestInput.QUEUED)),
    "hold": (lambda w: w.is_unsent, lambda w: w.made.move(RequestInput.HELD_BACK)),
    "write": (lambda w: w.is_unsent, World.write),
    "drop": (lambda w: w.is_unsent, lambda w: w.end(w.made.drop, "not sent")),
    "not written": (
        lambda w: w.is_under_way,
        lambda w: w.back(w.made.was_not_written, executed=False),
    ),
    "stale": (lambda w: w.is_under_way, lambda w: w.back(w.made.was_stale, executed=False)),
    "leave open": (lambda w: w.is_under_way, World.leave_open),
    "settle": (
        lambda w: w.is_under_way or w.is_undecided,
        lambda w: w.end(w.made.settle, "answered"),
    ),
}
"""What may happen: when it may, and how. All else cannot."""


@given(
    st.sampled_from([ORDER, READ, LOGON, UNKNOWN]),
    st.lists(st.sampled_from([*RULES, "withdraw", "lose"]), max_size=40),
)
def test_whatever_happens_money_is_safe(kind: Kind, steps: list[str]) -> None:
    told: list[str] = []
    world = World(request(kind, told), told)
    for step in steps:
        if step == "withdraw":
            world.withdraw()
        elif step == "lose":
            may = world.made.may_be_repeated(on_unknown_outcome="resolve", is_closed=False)
            if world.is_under_way and may:
                world.back(lambda: world.made.repeat("lost"), executed=True)
        else:
            may_happen, happens = RULES[step]
            if may_happen(world):
                happens(world)
            else:
                before = world.made.state
                with pytest.raises(ImpossibleInput):
                    happens(world)
                assert world.made.state is before

        assert world.made.is_unsent is world.is_unsent
        assert (world.made.state is RequestState.WRITTEN) is world.is_under_way
        assert (world.made.written_at is not None) >= world.is_under_way
        assert world.told == world.ends
        assert len(world.ends) <= 1
        if kind.mutates:
            assert world.executions <= 1
            if world.ends == ["not sent"]:
                assert world.executions == 0


# Decisions


@pytest.mark.parametrize(
    ("kind", "is_own", "policy", "is_closed", "repeated"),
    [
        (READ, False, "resolve", False, True),
        (READ, False, "raise", False, False),
        (READ, False, "resolve", True, False),
        (READ, True, "resolve", False, False),
        (ORDER, False, "resolve", False, False),
        (UNKNOWN, False, "resolve", False, False),
        (LOGON, False, "resolve", False, False),
    ],
)
def test_only_what_changes_nothing_is_asked_again(
    kind: Kind, is_own: bool, policy: str, is_closed: bool, repeated: bool
) -> None:
    made = request(kind)
    made.is_own = is_own

    assert made.may_be_repeated(on_unknown_outcome=policy, is_closed=is_closed) is repeated


STALE = InvalidTimestamp("too old", code=-1021, status=400, operation="order.place")
REJECTED = OrderRejected("no", code=-2010, status=400, operation="order.place")
LIMITED = RateLimited("slow down", code=-1003, status=429, operation="order.place")
NOBODY_KNOWS = ServerUndecided(
    "timeout", code=-1007, status=408, operation="order.place", sent_at=0, cause="timeout"
)


@pytest.mark.parametrize(
    ("kind", "error", "is_told", "step"),
    [
        (ORDER, REJECTED, True, Reaction.TELL),
        (ORDER, REJECTED, False, Reaction.UNREADABLE),
        (READ, REJECTED, False, Reaction.UNREADABLE),
        (ORDER, LIMITED, True, Reaction.TELL),
        (ORDER, LIMITED, False, Reaction.UNREADABLE),
        (READ, LIMITED, False, Reaction.TELL),
        (ORDER, NOBODY_KNOWS, True, Reaction.LEAVE_OPEN),
        (READ, NOBODY_KNOWS, False, Reaction.LEAVE_OPEN),
        (ORDER, STALE, True, Reaction.STAMP_ANEW),
        (READ, STALE, True, Reaction.STAMP_ANEW),
        (ORDER, STALE, False, Reaction.UNREADABLE),
        (LOGON, STALE, True, Reaction.TELL),
    ],
)
def test_what_follows_from_an_answer_that_is_no_success(
    kind: Kind, error: BinanceWsApiError, is_told: bool, step: Reaction
) -> None:
    made = request(kind)

    assert made.after_failure(error, is_told=is_told, is_clock_manual=False) is step


def test_a_request_is_stamped_anew_once() -> None:
    made = request()
    made.begin_write(101.0)
    assert made.was_stale()

    assert made.after_failure(STALE, is_told=True, is_clock_manual=False) is Reaction.TELL


def test_a_time_that_somebody_else_set_is_not_replaced() -> None:
    by_caller, by_hand = request(ORDER, None, timestamp=1), request()

    assert by_caller.after_failure(STALE, is_told=True, is_clock_manual=False) is Reaction.TELL
    assert by_hand.after_failure(STALE, is_told=True, is_clock_manual=True) is Reaction.TELL


@pytest.mark.parametrize(
    ("policy", "wait", "waits"),
    [("wait", 3.9, True), ("wait", 4.0, False), ("raise", 0.1, False)],
)
def test_a_limit_is_waited_for_within_the_time_of_the_call(
    policy: str, wait: float, waits: bool
) -> None:
    assert request().may_wait(wait, 101.0, on_rate_limit=policy) is waits


def test_why_its_time_was_over_before_it_was_written() -> None:
    made, again = request(READ), request(READ)
    again.begin_write(101.0)
    again.repeat("the link is gone")

    assert made.unsent_in_time(is_connected=True) is Unsent.HELD_TOO_LONG
    assert made.unsent_in_time(is_connected=False) is Unsent.NO_CONNECTION
    assert again.unsent_in_time(is_connected=True) is Unsent.LOST


@pytest.mark.parametrize(
    ("kind", "shows", "found_out", "heard_late", "open_unread"),
    [
        (ORDER, True, True, True, True),
        (UNKNOWN, False, False, True, True),
        (READ, False, False, False, False),
        (LOGON, True, False, False, False),
    ],
)
def test_what_hangs_on_the_kind_of_a_request(
    kind: Kind, shows: bool, found_out: bool, heard_late: bool, open_unread: bool
) -> None:
    made = request(kind)

    assert made.has_to_show is shows
    assert made.is_found_out is found_out
    assert made.is_heard_late is heard_late
    assert made.is_open_unread is open_unread
    made.is_own = True
    assert (made.is_found_out, made.is_heard_late, made.is_open_unread) == (False, False, True)


@pytest.mark.parametrize(
    ("kind", "params", "needs"),
    [(ORDER, {}, True), (ORDER, {"signature": "s"}, False), (LOGON, {}, False), (READ, {}, False)],
)
def test_a_refused_logon_concerns_what_needs_it(
    kind: Kind, params: dict[str, str], needs: bool
) -> None:
    assert request(kind, None, **params).needs_logon is needs
