"""The session machine: one link serves, one comes up, a lost session has its next try, closed is final."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_wsapi.protocol.session import (
    TRANSITIONS,
    Dial,
    Drain,
    Drop,
    Effect,
    LogOn,
    Serve,
    SessionInput,
    SessionMachine,
    SessionState,
    Subscribe,
)
from binance_wsapi.protocol.transitions import ImpossibleInput

RETRY_S = 2.0
LIFETIME_S = 100.0


class Retry:
    """Waits two seconds, and notes what it was told."""

    def __init__(self) -> None:
        self.failures: list[float] = []
        self.successes: list[float] = []

    def failed(self, now: float) -> float:
        self.failures.append(now)
        return RETRY_S

    def succeeded(self, now: float) -> None:
        self.successes.append(now)


def machine(
    *,
    lifetime: float | None = LIFETIME_S,
    retry: Retry | None = None,
    heals: bool = True,
    moves: list[tuple[SessionState, SessionInput, SessionState]] | None = None,
) -> SessionMachine:
    numbers = itertools.count(1)
    moves = [] if moves is None else moves
    return SessionMachine(
        retry=retry or Retry(),
        lifetime=lambda: lifetime,
        next_link=lambda: next(numbers),
        heals=heals,
        moved=lambda before, given, then: moves.append((before, given, then)),
    )


def ready(session: SessionMachine, now: float = 0.0) -> int:
    """Bring the session's coming link up and return its number."""
    effects = session.demand() or session.tick(now)
    (dial,) = effects
    assert isinstance(dial, Dial)
    bring_up(session, dial.link, now)
    return dial.link


def state_of(session: SessionMachine) -> SessionState:
    """Return the state; a call, so that a type checker does not take it for unchanged."""
    return session.state


def bring_up(session: SessionMachine, link: int, now: float) -> list[Effect]:
    session.opened(link)
    session.logged_on(link)
    return session.subscribed(link, now)


def test_way_up_dials_logs_on_subscribes_and_serves() -> None:
    session = machine()
    told: list[tuple[SessionState, list[Effect]]] = []
    for step in (
        session.demand,
        lambda: session.opened(1),
        lambda: session.logged_on(1),
        lambda: session.subscribed(1, 5.0),
    ):
        effects = step()
        told.append((session.state, effects))

    assert told == [
        (SessionState.DIALLING, [Dial(1)]),
        (SessionState.LOGGING_ON, [LogOn(1)]),
        (SessionState.SUBSCRIBING, [Subscribe(1)]),
        (SessionState.READY, [Serve(1, after_loss=False)]),
    ]
    assert session.serving == 1


def test_demand_dials_once_however_often_it_is_made() -> None:
    session = machine()
    session.demand()

    assert session.demand() == []
    session.lost(1, 0.0)
    assert session.demand() == [], "the next try has its time"


@pytest.mark.parametrize("steps_up", range(3))
def test_link_lost_on_its_way_up_is_dialled_again_when_its_time_has_come(steps_up: int) -> None:
    session = machine()
    session.demand()
    for step in (session.opened, session.logged_on)[:steps_up]:
        step(1)

    assert session.lost(1, 10.0) == []

    assert session.state is SessionState.WAITING
    assert session.next_tick == 10.0 + RETRY_S
    assert session.tick(11.9) == []
    assert session.tick(12.0) == [Dial(2)]


def test_loss_of_the_serving_link_is_healed_by_the_next_one() -> None:
    session = machine()
    ready(session)
    session.lost(1, 10.0)
    (dial,) = session.tick(12.0)
    assert dial == Dial(2)

    assert bring_up(session, 2, 13.0) == [Serve(2, after_loss=True)]
    session.lost(2, 14.0)
    session.tick(16.0)
    session.lost(3, 16.0)
    session.tick(18.0)
    assert bring_up(session, 4, 19.0) == [Serve(4, after_loss=True)], "the failed try heals nothing"


def test_loss_is_left_to_the_next_demand_where_the_session_does_not_heal_itself() -> None:
    session = machine(lifetime=None, heals=False)
    link = ready(session)

    assert session.lost(link, 1.0) == []
    assert (session.state, session.next_tick) == (SessionState.IDLE, None)

    (dial,) = session.demand()
    assert isinstance(dial, Dial)
    assert session.lost(dial.link, 2.0) == []
    assert session.state is SessionState.WAITING, "what was asked for is tried until it works"


def test_rotation_serves_the_new_link_before_the_old_one_drains() -> None:
    session = machine()
    ready(session)

    assert session.rotate(50.0) == [Dial(2)]
    assert state_of(session) is SessionState.ROTATING
    assert session.serving == 1, "the old one goes on while the new one comes up"
    assert bring_up(session, 2, 51.0) == [Serve(2, after_loss=False, replaces=1), Drain(1)]
    assert session.lost(1, 52.0) == [], "a retired link may go"
    assert state_of(session) is SessionState.READY


def test_rotation_is_single_flight() -> None:
    session = machine()
    assert session.rotate(0.0) == [], "nothing serves"
    ready(session)
    session.rotate(1.0)

    assert session.rotate(2.0) == []


def test_failed_successor_is_tried_again_while_the_old_link_serves() -> None:
    session = machine()
    ready(session)
    session.rotate(50.0)

    session.lost(2, 51.0)

    assert session.state is SessionState.READY
    assert session.serving == 1
    assert session.tick(53.0) == [Dial(3)]


def test_old_link_lost_while_its_successor_comes_up_dials_no_third_one() -> None:
    session = machine()
    ready(session)
    session.rotate(50.0)
    session.opened(2)

    session.lost(1, 50.5)

    assert session.state is SessionState.LOGGING_ON
    assert session.next_tick is None
    session.logged_on(2)
    assert session.subscribed(2, 51.0) == [Serve(2, after_loss=True)]


def test_link_is_replaced_at_the_end_of_its_lifetime() -> None:
    session = machine()
    ready(session, 7.0)

    assert session.next_tick == 7.0 + LIFETIME_S
    assert session.tick(106.9) == []
    assert session.tick(107.0) == [Dial(2)]
    assert bring_up(session, 2, 108.0) == [Serve(2, after_loss=False, replaces=1), Drain(1)]
    assert session.next_tick == 108.0 + LIFETIME_S


def test_lifetime_is_asked_for_at_each_link() -> None:
    """A rotation at a time of day is another stretch of time for each link."""
    lifetimes = iter([30.0, 86_400.0])
    numbers = itertools.count(1)
    session = SessionMachine(
        retry=Retry(), lifetime=lambda: next(lifetimes), next_link=lambda: next(numbers)
    )
    ready(session, 0.0)
    session.tick(30.0)
    bring_up(session, 2, 31.0)

    assert session.next_tick == 31.0 + 86_400.0


def test_link_without_a_lifetime_is_never_replaced() -> None:
    session = machine(lifetime=None)
    ready(session)

    assert session.next_tick is None
    assert session.tick(1e9) == []


@pytest.mark.parametrize(("served", "is_forgotten"), [(4.9, False), (5.0, True)])
def test_failures_are_forgotten_after_some_seconds_of_service(
    served: float, is_forgotten: bool
) -> None:
    """A link that is cut as soon as it serves must not be dialled without a growing wait."""
    retry = Retry()
    session = machine(retry=retry)
    ready(session, 100.0)
    session.lost(1, 100.0 + served)

    assert bool(retry.successes) is is_forgotten
    assert retry.failures == [100.0 + served]


def test_link_that_opens_too_late_is_dropped() -> None:
    session = machine()
    session.demand()
    session.lost(1, 0.0)

    assert session.opened(1) == [Drop(1)]
    assert session.opened(99) == [Drop(99)]


def test_close_drops_both_links() -> None:
    session = machine()
    ready(session)
    session.rotate(1.0)

    assert session.close() == [Drop(2), Drop(1)]
    assert session.state is SessionState.CLOSED
    assert session.next_tick is None
    assert session.close() == []


# The table


UP = ("opened", "logged_on", "subscribed")
"""What a link tells on its way up, in this order."""


def tell(session: SessionMachine, name: str, link: int) -> list[Effect]:
    return session.subscribed(link, 0.0) if name == "subscribed" else getattr(session, name)(link)


@pytest.mark.parametrize("is_rotating", [False, True])
@pytest.mark.parametrize("told", UP)
@pytest.mark.parametrize("steps_up", range(3))
def test_a_step_up_that_is_not_the_next_one_cannot_happen(
    steps_up: int, told: str, is_rotating: bool
) -> None:
    session = machine()
    if is_rotating:
        ready(session)
    (dial,) = session.rotate(0.0) if is_rotating else session.demand()
    assert isinstance(dial, Dial)
    for step in UP[:steps_up]:
        tell(session, step, dial.link)
    before = session.state

    if told == UP[steps_up]:
        assert tell(session, told, dial.link)
    else:
        with pytest.raises(ImpossibleInput, match=before.name):
            tell(session, told, dial.link)
        assert session.state is before


WITHOUT_ASSERTIONS = """
import itertools
import random
from binance_wsapi.protocol.session import SessionMachine
numbers = itertools.count(1)
session = SessionMachine(retry=None, lifetime=lambda: None, next_link=lambda: next(numbers))
session.demand()
told = [session.logged_on(1), session.subscribed(1, 0.0), session.state.name, session.serving]
print(told, session.opened(1))
"""


def test_what_cannot_happen_is_harmless_where_assertions_are_off() -> None:
    ran = subprocess.run(
        [sys.executable, "-O", "-c", WITHOUT_ASSERTIONS], capture_output=True, text=True, check=True
    )

    assert ran.stdout == "[[], [], 'DIALLING', None] [LogOn(link=1)]\n"


def test_each_transition_is_told() -> None:
    moves: list[tuple[SessionState, SessionInput, SessionState]] = []
    session = machine(moves=moves)
    ready(session)
    session.lost(1, 1.0)
    session.demand()
    session.close()

    assert moves == [
        (SessionState.IDLE, SessionInput.DEMANDED, SessionState.DIALLING),
        (SessionState.DIALLING, SessionInput.OPENED, SessionState.LOGGING_ON),
        (SessionState.LOGGING_ON, SessionInput.LOGGED_ON, SessionState.SUBSCRIBING),
        (SessionState.SUBSCRIBING, SessionInput.SUBSCRIBED, SessionState.READY),
        (SessionState.READY, SessionInput.SERVING_LOST, SessionState.WAITING),
        (SessionState.WAITING, SessionInput.CLOSED, SessionState.CLOSED),
    ]


def test_every_state_is_in_the_table_and_leads_to_the_end() -> None:
    assert set(TRANSITIONS) == set(SessionState)
    assert set().union(*TRANSITIONS.values()) == set(SessionInput)
    assert all(leads[SessionInput.CLOSED] is SessionState.CLOSED for leads in TRANSITIONS.values())


def test_users_are_told_that_a_session_rotates_and_no_more() -> None:
    assert {state.told for state in SessionState if state.name.startswith("ROTATING")} == {
        "rotating"
    }
    assert all(
        state.told == state.value for state in SessionState if not state.name.startswith("ROTATING")
    )


# Under random inputs


ROTATING = {
    SessionState.ROTATING,
    SessionState.ROTATING_LOGGING_ON,
    SessionState.ROTATING_SUBSCRIBING,
}


@dataclass
class Driver:
    """Carries out effects as the core does, and holds the machine to its promises."""

    session: SessionMachine
    now: float = 0.0
    dialled: set[int] = field(default_factory=set)
    alive: set[int] = field(default_factory=set)
    steps_up: dict[int, int] = field(default_factory=dict)
    """How far each link has come on its way up."""
    serving: int | None = None
    is_closed: bool = False

    def carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Dial(link):
                    assert not self.is_closed
                    assert link not in self.dialled, "numbers are not used twice"
                    self.dialled.add(link)
                    self.alive.add(link)
                case LogOn(link) | Subscribe(link):
                    assert link in self.alive
                    assert link != self.serving
                case Serve(link, replaces=replaces):
                    assert link in self.alive
                    assert replaces == self.serving
                    self.serving = link
                case Drain(link):
                    assert link != self.serving
                    self.alive.discard(link)
                case Drop(link):
                    if link in self.alive:
                        self.lose(link)

    def tell(self, name: str, link: int) -> None:
        """Tell a step up: possible if it is the next one of the coming link, late if it is another's."""
        if link in self.alive - {self.serving}:
            steps = self.steps_up.get(link, 0)
            if name != UP[steps]:
                with pytest.raises(ImpossibleInput):
                    self._told(name, link)
                return
            self.steps_up[link] = steps + 1
        self.carry_out(self._told(name, link))

    def _told(self, name: str, link: int) -> list[Effect]:
        if name == "subscribed":
            return self.session.subscribed(link, self.now)
        return self.session.opened(link) if name == "opened" else self.session.logged_on(link)

    def lose(self, link: int) -> None:
        self.alive.discard(link)
        if self.serving == link:
            self.serving = None
        self.carry_out(self.session.lost(link, self.now))

    def check(self) -> None:
        session = self.session
        state = session.state
        assert session.serving == self.serving
        if self.is_closed:
            assert state is SessionState.CLOSED
            assert session.next_tick is None
            assert not self.alive
            return
        coming = self.alive - {self.serving}
        assert len(coming) <= 1, "at most one link comes up"
        assert (state in {SessionState.READY, *ROTATING}) == (self.serving is not None)
        assert (state in ROTATING) == bool(coming and self.serving is not None)
        if state is SessionState.IDLE:
            assert not self.dialled, "what was asked for once is tried for ever"
        elif not self.alive:
            assert state is SessionState.WAITING
            assert session.next_tick is not None, "a lost session has the time of its next try"


STEPS: dict[str, Callable[[Driver, int], None]] = {
    "demand": lambda driver, link: driver.carry_out(driver.session.demand()),
    "opened": lambda driver, link: driver.tell("opened", link),
    "logged_on": lambda driver, link: driver.tell("logged_on", link),
    "subscribed": lambda driver, link: driver.tell("subscribed", link),
    "lost": lambda driver, link: driver.lose(link),
    "rotate": lambda driver, link: driver.carry_out(driver.session.rotate(driver.now)),
    "tick": lambda driver, link: driver.carry_out(driver.session.tick(driver.now)),
}


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*STEPS, "close"]),
            st.integers(1, 12),
            st.sampled_from([0.0, 0.5, RETRY_S, 10.0, LIFETIME_S]),
        ),
        max_size=60,
    )
)
def test_whatever_happens_the_promises_hold(steps: list[tuple[str, int, float]]) -> None:
    driver = Driver(machine())
    for name, choice, seconds in steps:
        driver.now += seconds
        # Mostly the newest link, sometimes an old one or one that never was.
        newest = max(driver.dialled, default=0)
        link = newest if choice > 4 else max(0, newest - choice) if choice > 1 else newest + 1
        if name == "close":
            if choice == 1:
                driver.carry_out(driver.session.close())
                driver.is_closed = True
                driver.alive.clear()
        else:
            STEPS[name](driver, link)
        driver.check()


def test_every_transition_of_the_table_happens() -> None:
    chance = random.Random(1)
    moves: list[tuple[SessionState, SessionInput, SessionState]] = []
    for number in range(400):
        driver = Driver(machine(moves=moves, heals=number % 2 == 0))
        driver.carry_out(driver.session.demand())
        for _ in range(chance.randrange(20)):
            driver.now += chance.choice([0.0, RETRY_S, LIFETIME_S])
            newest = max(driver.dialled)
            step = [*UP, "rotate"][driver.steps_up.get(newest, 0)]
            name = chance.choice([step, step, step, "demand", "lost", "tick"])
            losable = [newest, driver.serving or newest]
            STEPS[name](driver, chance.choice(losable) if name == "lost" else newest)
        driver.carry_out(driver.session.close())
    idle = machine(moves=moves)
    idle.close()
    idle.close()

    happened = {(before, given) for before, given, _ in moves}
    assert happened == {(state, given) for state, leads in TRANSITIONS.items() for given in leads}


@given(st.lists(st.sampled_from(["opened", "logged_on", "subscribed", "lost"]), max_size=10))
def test_links_that_are_not_its_own_change_nothing(names: list[str]) -> None:
    driver = Driver(machine())
    driver.carry_out(driver.session.demand())
    ready_link = max(driver.dialled)
    driver.carry_out(bring_up(driver.session, ready_link, 0.0))
    before = (driver.session.state, driver.session.serving, driver.session.next_tick)
    for name in names:
        STEPS[name](driver, 77)

    assert (driver.session.state, driver.session.serving, driver.session.next_tick) == before


@given(st.lists(st.sampled_from(list(STEPS)), max_size=10), st.integers(0, 3))
def test_closed_is_final(names: list[str], steps_up: int) -> None:
    session = machine()
    session.demand()
    ways_up: list[Callable[[], list[Effect]]] = [
        lambda: session.opened(1),
        lambda: session.logged_on(1),
        lambda: session.subscribed(1, 0.0),
    ]
    for step in ways_up[:steps_up]:
        step()
    session.close()
    driver = Driver(session, now=1e6)
    for name in names:
        STEPS[name](driver, 1)

    assert session.state is SessionState.CLOSED
    assert driver.dialled == set()
    assert session.next_tick is None


def test_service_that_ended_before_the_loss_was_noticed_forgives_no_failures() -> None:
    """A connection that answers nothing for a while is no healthy one."""
    retry = Retry()
    session = machine(retry=retry)
    ready(session, 100.0)
    session.lost(1, 200.0, served_until=104.9)

    assert not retry.successes


def test_only_the_first_link_after_a_loss_is_said_to_heal_it() -> None:
    session = machine()
    ready(session)
    session.lost(1, 10.0)
    session.tick(12.0)
    bring_up(session, 2, 12.0)
    session.rotate(50.0)

    assert bring_up(session, 3, 51.0)[0] == Serve(3, after_loss=False, replaces=2)


@pytest.mark.parametrize(("served", "is_forgotten"), [(4.9, False), (5.0, True)])
def test_rotation_after_healthy_service_forgives_failures(
    served: float, is_forgotten: bool
) -> None:
    retry = Retry()
    session = machine(retry=retry)
    ready(session, 100.0)
    session.rotate(100.0 + served)

    assert bool(retry.successes) is is_forgotten
