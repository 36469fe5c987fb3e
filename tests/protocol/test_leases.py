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

SECOND_US = 10**6
NOW = 1_795_000_020  # the start of a minute
PING = operation_by_method(Market.SPOT, "ping")
STATUS = operation_by_method(Market.SPOT, "order.status")  # weighs 4
SYMBOLS = operation_by_method(Market.SPOT, "exchangeInfo")  # weighs 20
CANCEL = operation_by_method(Market.SPOT, "order.cancel")


class Leased:
    """A governor and who leases for it."""

    def __init__(self, minutes: int = 1) -> None:
        self.weight: Ledger = weight_ledger()
        self.asked = 0
        self.weight.is_leased = True
        self.weight.on_need = self.ask
        limits = (("REQUEST_WEIGHT", "MINUTE", minutes, 6000),)
        self.governor = Governor(limits, weight=self.weight, orders=order_ledger())

    def ask(self) -> None:
        self.asked += 1

    def claim(self, now: float = NOW, ahead_us: int = 0) -> Claim:
        return self.weight.claims(now, ahead_us)[-1]

    def lease(self, held: int, now: float = NOW, spare: int = 0) -> None:
        self.weight.grant(self.claim(now), held, spare)

    def admitted(self, now: float = NOW) -> list[Reservation]:
        found = []
        while isinstance(got := self.governor.admit(PING, {}, now), Reservation):
            found.append(got)
        return found

    def refusal(self, now: float = NOW) -> Refusal:
        got = self.governor.admit(PING, {}, now)
        assert isinstance(got, Refusal)
        return got


@pytest.fixture
def leased() -> Leased:
    return Leased()


def test_nothing_is_sent_without_a_lease_and_one_is_asked_for(leased: Leased) -> None:
    refusal = leased.refusal()

    assert refusal.is_brief
    assert refusal.wait(NOW) < 0.1
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
        leased.governor.admit(PING, {}, NOW)
        assert leased.asked - asked_before == (1 if sent >= 50 else 0)


def test_where_nothing_is_left_it_is_said_so(leased: Leased) -> None:
    leased.lease(10)
    leased.admitted()
    claim = leased.claim()
    assert claim.wanted == 1
    leased.weight.grant(claim, 10)
    refusal = leased.refusal()

    assert not refusal.is_brief, "on_rate_limit decides"
    assert refusal.wait(NOW) >= 0.5


def test_what_turns_out_to_cost_nothing_can_be_used_again(leased: Leased) -> None:
    leased.lease(10)
    for reservation in leased.admitted():
        leased.governor.unsent(reservation)

    assert len(leased.admitted()) == 10


def test_a_lease_is_for_one_window_and_the_next_is_taken_before_it_begins(leased: Leased) -> None:
    leased.lease(100)
    sent = leased.admitted()
    for reservation in sent:
        leased.governor.answered(reservation, b"", succeeded=True, now=NOW)
    late = NOW + 59
    ahead = leased.claim(late, SECOND_US)
    assert ahead.index == NOW // 60 + 1
    leased.weight.grant(ahead, 70)
    assert not leased.admitted(late)

    assert len(leased.admitted(NOW + 60)) == 70


@pytest.mark.parametrize("moved_s", [-90, 90])
def test_a_lease_is_of_the_window_it_was_given_for_whatever_a_clock_shows_since(
    leased: Leased, moved_s: int
) -> None:
    """Members whose clocks differed leased parts of other windows: of this one others may have all."""
    leased.lease(100)
    for _ in range(3):
        leased.governor.admit(PING, {}, NOW)
    leased.governor.set_lead(moved_s * SECOND_US, NOW)

    claim = leased.claim()
    assert claim.index == (NOW + moved_s) // 60
    assert (claim.held, claim.own) == (3, 3), "what was used counts where the time now is"
    assert leased.refusal().is_brief


def test_a_lease_lapses_in_time_though_the_clock_was_put_back(leased: Leased) -> None:
    leased.lease(100, NOW + 30)
    leased.weight.confirmed(NOW + 32.5)
    leased.governor.set_lead(-5 * SECOND_US, NOW + 30)
    assert isinstance(leased.governor.admit(PING, {}, NOW + 32), Reservation)

    assert not leased.admitted(NOW + 32.5)


def test_what_may_count_in_the_next_window_is_taken_off_its_lease(leased: Leased) -> None:
    leased.lease(30)
    leased.admitted()  # under way as the window turns
    ahead = leased.claim(NOW + 59, SECOND_US)
    leased.weight.grant(ahead, 70)

    assert len(leased.admitted(NOW + 60)) == 40


def test_without_leases_each_window_is_divided(leased: Leased) -> None:
    leased.lease(10)
    sent = leased.admitted()
    for reservation in sent:
        leased.governor.answered(reservation, b"", succeeded=True, now=NOW)
    leased.weight.fallback = lambda allowed, index: allowed // 4

    assert not leased.admitted()
    assert len(leased.admitted(NOW + 60)) == 5880 // 4
    assert not leased.refusal(NOW + 60).is_brief


def test_cancels_take_what_is_leased_of_the_reserve_and_no_more(leased: Leased) -> None:
    leased.lease(10)
    leased.admitted()
    assert not _spared(leased)
    leased.lease(10, spare=15)
    assert not leased.admitted()

    assert len([1 for _ in range(40) if _spared(leased)]) == 15
    assert (leased.claim().own, leased.claim().spare) == (25, 0)


def test_what_is_for_cancels_alone_is_leased_anew_with_each_window(leased: Leased) -> None:
    leased.lease(10, spare=15)
    ahead = leased.claim(NOW + 59, SECOND_US)
    leased.weight.grant(ahead, 0, 1)

    assert not leased.admitted(NOW + 60)
    assert _spared(leased, NOW + 60)
    assert not _spared(leased, NOW + 60)


@pytest.mark.parametrize(("minutes", "goes"), [(1, 0), (5, 1)])
def test_a_request_goes_beyond_a_lease_in_long_windows_alone(minutes: int, goes: int) -> None:
    """By the exchange's count there is room, but many members may think so at once."""
    leased = Leased(minutes)
    leased.lease(10)
    told = (
        f'[{{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":{minutes},'
        '"limit":6000,"count":10}]'
    ).encode()
    for reservation in leased.admitted():
        leased.governor.answered(reservation, told, succeeded=True, now=NOW)
    leased.refusal()
    leased.lease(10)

    assert len(leased.admitted()) == goes


def test_what_only_fits_with_the_reserve_goes_when_nobody_else_holds_anything() -> None:
    leased = Leased()
    leased.weight.window("MINUTE", 1, 20)  # of which one is the reserve
    leased.lease(18)
    assert isinstance(leased.governor.admit(SYMBOLS, {}, NOW), Refusal)
    assert leased.claim().wanted == 19, "more is not to be had"
    leased.lease(19)

    assert isinstance(leased.governor.admit(SYMBOLS, {}, NOW), Reservation)


def _spared(leased: Leased, now: float = NOW) -> bool:
    return isinstance(leased.governor.admit(CANCEL, {}, now), Reservation)


def test_how_far_it_is_can_be_told(leased: Leased) -> None:
    leased.lease(100)
    first, *_ = (leased.governor.admit(STATUS, {}, NOW) for _ in range(3))
    assert isinstance(first, Reservation)
    leased.governor.answered(first, b"", succeeded=True, now=NOW)
    claim = leased.claim()

    assert (claim.held, claim.own, claim.done) == (100, 12, 4)
