"""Events that come over several links at once, while one takes over from the other, are told once."""

from __future__ import annotations

from collections import deque
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from binance_wsapi.core.carriers import HOLD_S, Carriers


class FakeRuntime:
    """Time, and what waits for it."""

    def __init__(self) -> None:
        self.time = 0.0
        self.loop = self
        self.due: list[tuple[float, Any]] = []

    def now(self) -> float:
        return self.time

    def call_later(self, delay: float, callback: Any) -> None:
        self.due.append((self.time + delay, callback))

    def advance(self, seconds: float) -> None:
        self.time += seconds
        for when, callback in [each for each in self.due if each[0] <= self.time]:
            self.due.remove((when, callback))
            callback()


class Exchange:
    """Sends numbered events to every link that is subscribed; each link brings them in its own time."""

    def __init__(self, links: int) -> None:
        self.runtime = FakeRuntime()
        self.told: list[int] = []
        self.carriers: Carriers[bytes] = Carriers(
            self.runtime,  # type: ignore[arg-type]
            lambda event: self.told.append(int(event)),
            identify=lambda event: event,
            too_late=self.let_go,
        )
        self.late: list[range] = []
        """From each event that came too late to the last one that was sent by then."""
        self.links = [object() for _ in range(links)]
        self.under_way: dict[int, deque[int]] = {}
        self.since: dict[int, int] = {}
        self.sent = 0

    def subscribe(self, number: int) -> None:
        self.carriers.begin(self.links[number])  # type: ignore[arg-type]
        self.under_way[number] = deque()
        self.since[number] = self.sent
        self.carriers.carried_by(self.links[number])  # type: ignore[arg-type]

    def send(self) -> None:
        self.sent += 1
        for queue in self.under_way.values():
            queue.append(self.sent)

    def bring(self, number: int) -> None:
        if self.under_way.get(number):
            event = str(self.under_way[number].popleft()).encode()
            self.carriers.event(self.links[number], event)  # type: ignore[arg-type]

    def let_go(self, link: Any, event: bytes) -> None:
        self.late.append(range(int(event), self.sent + 1))
        self.under_way.pop(self.links.index(link), None)
        self.carriers.lost(link)

    def cut(self, number: int) -> bool:
        """Cut a link if a newer one brings all that is under way on it; return whether it did."""
        newer = [self.since[other] for other in self.under_way if other > number]
        queue = self.under_way.get(number)
        if queue is None or not newer or (queue and queue[0] <= max(newer)):
            return False
        del self.under_way[number]
        return self.carriers.lost(self.links[number])  # type: ignore[arg-type]


STEPS = (
    st.just(("send", 0)),
    st.tuples(st.just("bring"), st.integers(0, 2)),
    st.tuples(st.just("cut"), st.integers(0, 1)),
    st.just(("subscribe", 0)),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(*STEPS), max_size=60))
def test_each_event_is_told_once_and_in_order_through_any_moves(script: list[Any]) -> None:
    exchange = Exchange(links=3)
    exchange.subscribe(0)
    subscribed = 1
    for step, number in script:
        if step == "subscribe" and subscribed < 3:
            exchange.subscribe(subscribed)
            subscribed += 1
        elif step == "send":
            exchange.send()
        elif step == "bring":
            exchange.bring(number)
        elif step == "cut":
            assert not exchange.cut(number), "a newer link carries the events"
    for number in range(3):
        while exchange.under_way.get(number):
            exchange.bring(number)

    exchange.runtime.advance(HOLD_S + 0.1)
    assert exchange.told == list(range(1, exchange.sent + 1))
    assert exchange.late == []


@settings(max_examples=500, deadline=None)
@given(st.lists(st.one_of(*STEPS, st.just(("wait", 0))), max_size=80))
def test_none_is_told_behind_a_later_one_however_silent_a_link_is(script: list[Any]) -> None:
    """What is not told in its order was sent between one that came too late and that one's coming."""
    exchange = Exchange(links=3)
    exchange.subscribe(0)
    subscribed = 1
    for step, number in script:
        if step == "subscribe" and subscribed < 3:
            exchange.subscribe(subscribed)
            subscribed += 1
        elif step == "send":
            exchange.send()
        elif step == "bring":
            exchange.bring(number)
        elif step == "wait":
            exchange.runtime.advance(HOLD_S + 0.1)
        elif step == "cut":
            exchange.cut(number)
    for number in range(3):
        while exchange.under_way.get(number):
            exchange.bring(number)
    exchange.runtime.advance(HOLD_S + 0.1)

    assert exchange.told == sorted(set(exchange.told))
    missing = set(range(1, exchange.sent + 1)).difference(exchange.told, *exchange.late)
    assert not missing or not exchange.carriers.link, missing


def test_event_of_a_silent_old_link_waits_no_longer_than_the_hold() -> None:
    exchange = Exchange(links=2)
    exchange.subscribe(0)
    exchange.subscribe(1)
    exchange.send()
    exchange.bring(1)
    assert exchange.told == []

    exchange.runtime.advance(HOLD_S + 0.1)

    assert exchange.told == [1]
    exchange.bring(0)
    assert exchange.told == [1]


def test_last_link_that_is_lost_leaves_nobody() -> None:
    exchange = Exchange(links=2)
    exchange.subscribe(0)
    exchange.subscribe(1)

    assert not exchange.carriers.lost(exchange.links[0])  # type: ignore[arg-type]
    assert exchange.carriers.lost(exchange.links[1])  # type: ignore[arg-type]
    assert exchange.carriers.link is None
    assert not exchange.carriers.is_active


def lost(exchange: Exchange, number: int) -> bool:
    return exchange.carriers.lost(exchange.links[number])  # type: ignore[arg-type]


def test_move_that_is_over_is_forgotten() -> None:
    """From then on events are told as they come, without a look at what they are."""
    exchange = Exchange(links=2)
    exchange.subscribe(0)
    exchange.subscribe(1)
    exchange.send()
    exchange.bring(0)
    lost(exchange, 0)
    assert exchange.carriers.is_active, "its copy may come"

    exchange.runtime.advance(31.0)
    exchange.send()
    exchange.bring(1)

    assert not exchange.carriers.is_active


def test_each_event_that_is_held_back_is_released_in_its_time() -> None:
    exchange = Exchange(links=2)
    exchange.subscribe(0)
    exchange.subscribe(1)
    exchange.send()
    exchange.bring(1)
    exchange.runtime.advance(HOLD_S + 0.1)
    exchange.send()
    exchange.bring(1)

    exchange.runtime.advance(HOLD_S / 2 + 0.02)
    assert exchange.told == [1]
    exchange.runtime.advance(HOLD_S + 0.02)
    assert exchange.told == [1, 2]


def test_link_that_is_subscribed_anew_carries_again() -> None:
    exchange = Exchange(links=2)
    exchange.subscribe(0)
    exchange.subscribe(1)
    assert not lost(exchange, 0)

    exchange.subscribe(0)

    assert not lost(exchange, 1), "the other one carries"
    assert lost(exchange, 0), "and when it is lost, nobody does"


def test_loss_of_a_link_that_never_carried_is_no_loss_of_events() -> None:
    exchange = Exchange(links=1)
    exchange.carriers.begin(exchange.links[0])  # type: ignore[arg-type]

    assert not lost(exchange, 0)


def test_attempts_to_move_that_come_to_nothing_leave_nothing_behind() -> None:
    exchange = Exchange(links=4)
    exchange.subscribe(0)
    for number in (1, 2):
        exchange.carriers.begin(exchange.links[number])  # type: ignore[arg-type]
        exchange.send()
        exchange.bring(0)
        assert not lost(exchange, number)
    assert not exchange.carriers.is_active

    exchange.subscribe(3)
    exchange.send()
    exchange.bring(3)
    exchange.bring(0)

    assert exchange.told == [1, 2, 3]


def test_link_whose_events_all_came_is_forgotten_when_it_ends() -> None:
    exchange = Exchange(links=2)
    exchange.subscribe(0)
    exchange.subscribe(1)
    exchange.send()
    exchange.bring(0)
    exchange.bring(1)

    assert not lost(exchange, 0)

    assert not exchange.carriers.is_active


def test_what_a_failed_move_brought_alone_is_not_told_again_by_the_one_that_stayed() -> None:
    exchange = Exchange(links=2)
    exchange.subscribe(0)
    exchange.subscribe(1)
    exchange.send()
    exchange.bring(1)
    assert not lost(exchange, 1)
    exchange.runtime.advance(HOLD_S + 0.1)
    assert exchange.told == [1]

    exchange.bring(0)

    assert exchange.told == [1]
