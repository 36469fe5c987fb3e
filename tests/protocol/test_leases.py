"""Limits that others use up as well, elsewhere: a governor that goes by leases on parts of the windows."""

from __future__ import annotations

import pytest

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.markets import Market
from binance_wsapi.protocol.limits import (
    Claim,
    Governor,
    Ledger,
    Refusal,
    Reservation,
    order_ledger,
    weight_ledger,
)

SECOND = 10**6
WALL = 1_795_000_020 * SECOND  # the start of a minute
PING = operation_by_method(Market.SPOT, "ping")
STATUS = operation_by_method(Market.SPOT, "order.status")  # weighs 4
CANCEL = operation_by_method(Market.SPOT, "order.cancel")


class Leased:
    """A governor and who leases for it."""

    def __init__(self) -> None:
        self.weight: Ledger = weight_ledger()
        self.asked = 0
        self.weight.is_leased = True
        self.weight.on_need = self.ask
        limits = (("REQUEST_WEIGHT", "MINUTE", 1, 6000),)
        self.governor = Governor(limits, weight=self.weight, orders=order_ledger())

    def ask(self) -> None:
        self.asked += 1

    def claim(self, wall_us: int = WALL, ahead_us: int = 0) -> Claim:
        return self.weight.claims(wall_us, ahead_us)[-1]

    def lease(self, held: int, wall_us: int = WALL) -> None:
        self.weight.grant(self.claim(wall_us), held)

    def admitted(self, wall_us: int = WALL) -> list[Reservation]:
        found = []
        while isinstance(got := self.governor.admit(PING, {}, wall_us), Reservation):
            found.append(got)
        return found

    def refusal(self, wall_us: int = WALL) -> Refusal:
        got = self.governor.admit(PING, {}, wall_us)
        assert isinstance(got, Refusal)
        return got


@pytest.fixture
def leased() -> Leased:
    return Leased()


def test_nothing_is_sent_without_a_lease_and_one_is_asked_for(leased: Leased) -> None:
    refusal = leased.refusal()

    assert refusal.is_brief
    assert refusal.wait(WALL) < 0.1
    assert leased.asked == 1
    assert leased.claim().wanted == 1


def test_no_more_is_sent_than_is_leased(leased: Leased) -> None:
    leased.lease(100)

    assert len(leased.admitted()) == 100
    leased.lease(150)
    assert len(leased.admitted()) == 50


def test_more_is_asked_for_ahead_of_need(leased: Leased) -> None:
    leased.lease(100)
    asked_before = leased.asked
    for sent in range(100):
        leased.governor.admit(PING, {}, WALL)
        assert leased.asked - asked_before == (1 if sent >= 50 else 0)


def test_where_nothing_is_left_it_is_said_so(leased: Leased) -> None:
    leased.lease(10)
    leased.admitted()
    claim = leased.claim()
    assert claim.wanted == 1
    leased.weight.grant(claim, 10)
    refusal = leased.refusal()

    assert not refusal.is_brief, "on_rate_limit decides"
    assert refusal.wait(WALL) >= 0.5


def test_what_turns_out_to_cost_nothing_can_be_used_again(leased: Leased) -> None:
    leased.lease(10)
    for reservation in leased.admitted():
        leased.governor.unsent(reservation)

    assert len(leased.admitted()) == 10


def test_a_lease_is_for_one_window_and_the_next_is_taken_before_it_begins(leased: Leased) -> None:
    leased.lease(100)
    sent = leased.admitted()
    for reservation in sent:
        leased.governor.answered(reservation, b"", succeeded=True, wall_us=WALL)
    late = WALL + 59 * SECOND
    ahead = leased.claim(late, SECOND)
    assert ahead.index == WALL // (60 * SECOND) + 1
    leased.weight.grant(ahead, 70)
    assert not leased.admitted(late)

    assert len(leased.admitted(WALL + 60 * SECOND)) == 70


def test_what_may_count_in_the_next_window_is_taken_off_its_lease(leased: Leased) -> None:
    leased.lease(30)
    leased.admitted()  # under way as the window turns
    ahead = leased.claim(WALL + 59 * SECOND, SECOND)
    leased.weight.grant(ahead, 70)

    assert len(leased.admitted(WALL + 60 * SECOND)) == 40


def test_without_leases_each_window_is_divided(leased: Leased) -> None:
    leased.lease(10)
    sent = leased.admitted()
    for reservation in sent:
        leased.governor.answered(reservation, b"", succeeded=True, wall_us=WALL)
    leased.weight.fallback = 4

    assert not leased.admitted()
    assert len(leased.admitted(WALL + 60 * SECOND)) == 5880 // 4
    assert not leased.refusal(WALL + 60 * SECOND).is_brief


def test_cancels_take_from_the_reserve(leased: Leased) -> None:
    leased.lease(10)
    leased.admitted()

    assert isinstance(leased.governor.admit(CANCEL, {}, WALL), Reservation)
    assert len([1 for _ in range(40) if _spared(leased)]) == 14, "a small part of it"


def _spared(leased: Leased) -> bool:
    return isinstance(leased.governor.admit(CANCEL, {}, WALL), Reservation)


def test_how_far_it_is_can_be_told(leased: Leased) -> None:
    leased.lease(100)
    first, *_ = (leased.governor.admit(STATUS, {}, WALL) for _ in range(3))
    assert isinstance(first, Reservation)
    leased.governor.answered(first, b"", succeeded=True, wall_us=WALL)
    claim = leased.claim()

    assert (claim.held, claim.own, claim.done) == (100, 12, 4)
