from __future__ import annotations

import heapq
import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.catalogue._types import Market, Operation
from binance_wsapi.protocol.limits import (
    Governor,
    LimitUsage,
    MessageRate,
    Refusal,
    Reservation,
    governors,
)

SECOND = 10**6
WALL = 1_795_000_020 * SECOND  # the start of a minute, and of ten seconds
NOTHING = b""


def spot(method: str) -> Operation:
    operation = operation_by_method(Market.SPOT, method)
    assert operation is not None
    return operation


PING, PLACE, CANCEL, STATUS = (
    spot(method) for method in ("ping", "order.place", "order.cancel", "order.status")
)


def limits(weight: int = 6000, orders: int = 50) -> Governor:
    return Governor((("REQUEST_WEIGHT", "MINUTE", 1, weight), ("ORDERS", "SECOND", 10, orders)))


def counts(weight: int | None = None, orders: int | None = None, **limit: int) -> bytes:
    told: list[dict[str, Any]] = []
    if orders is not None:
        told.append(
            {
                "rateLimitType": "ORDERS",
                "interval": "SECOND",
                "intervalNum": 10,
                "limit": limit.get("order_limit", 50),
                "count": orders,
            }
        )
    if weight is not None:
        told.append(
            {
                "rateLimitType": "REQUEST_WEIGHT",
                "interval": "MINUTE",
                "intervalNum": 1,
                "limit": limit.get("weight_limit", 6000),
                "count": weight,
            }
        )
    return json.dumps(told).encode()


def admitted(
    governor: Governor, operation: Operation | None = PING, wall_us: int = WALL
) -> Reservation:
    reservation = governor.admit(operation, {}, wall_us)
    assert isinstance(reservation, Reservation), reservation
    return reservation


def refused(
    governor: Governor, operation: Operation = PING, wall_us: int = WALL, *, urgent: bool = False
) -> Refusal:
    refusal = governor.admit(operation, {}, wall_us, urgent=urgent)
    assert isinstance(refusal, Refusal)
    return refusal


def used(governor: Governor, limit_type: str, wall_us: int = WALL) -> int:
    return next(
        usage.count for usage in governor.usage(wall_us) if usage.rate_limit_type == limit_type
    )


def test_it_refuses_before_the_exchange_would_and_says_when_to_come_back() -> None:
    governor = limits(orders=2)
    governor.lost(admitted(governor, PLACE))
    governor.lost(admitted(governor, PLACE, WALL + 3 * SECOND))

    refusal = refused(governor, PLACE, WALL + 4 * SECOND)
    assert refusal.reason == "limit ORDERS: 1 wanted, 0 left of 2 per 10 second"
    assert refusal.wait(WALL + 4 * SECOND) == 6.0
    assert refusal.wait(WALL + 11 * SECOND) == 0.0
    admitted(governor, PLACE, WALL + 10 * SECOND)


def test_a_reserve_is_kept_for_cancels_and_urgent_questions() -> None:
    governor = limits(weight=100)
    for _ in range(98):
        admitted(governor, PING)

    refused(governor, PING)
    refused(governor, PLACE)
    admitted(governor, CANCEL)
    assert isinstance(governor.admit(PING, {}, WALL, urgent=True), Reservation)
    refused(governor, CANCEL)


def test_success_gives_back_what_it_does_not_cost() -> None:
    governor = limits()
    first, second = admitted(governor, CANCEL), admitted(governor, CANCEL)

    governor.answered(first, NOTHING, succeeded=True, wall_us=WALL)
    governor.answered(second, NOTHING, succeeded=False, wall_us=WALL)

    assert used(governor, "REQUEST_WEIGHT") == 1


def test_what_was_not_written_is_given_back() -> None:
    governor = limits()
    governor.unsent(admitted(governor, PLACE))

    assert used(governor, "REQUEST_WEIGHT") == used(governor, "ORDERS") == 0


def test_what_was_lost_stays_charged() -> None:
    governor = limits()
    governor.lost(admitted(governor, PLACE))

    assert used(governor, "REQUEST_WEIGHT") == used(governor, "ORDERS") == 1


def test_the_exchanges_count_shows_what_others_use() -> None:
    governor = limits()
    reservation = admitted(governor)

    governor.answered(reservation, counts(weight=5000), succeeded=True, wall_us=WALL)

    assert used(governor, "REQUEST_WEIGHT") == 5000


def test_what_was_sent_since_is_added_to_the_count_of_others() -> None:
    governor = limits()
    reservation = admitted(governor)
    for _ in range(3):
        admitted(governor, STATUS)

    governor.answered(reservation, counts(weight=5000), succeeded=True, wall_us=WALL)

    assert used(governor, "REQUEST_WEIGHT") == 5000 + 3 * 4


def test_fills_lower_the_order_count() -> None:
    governor = limits()
    for number in range(200):
        at = WALL + number * 40_000
        reservation = admitted(governor, PLACE, at)
        governor.answered(reservation, counts(orders=0), succeeded=True, wall_us=at)

    assert used(governor, "ORDERS") == 0


def test_answers_out_of_order_do_not_lower_the_estimate() -> None:
    governor = limits(orders=3)
    first, second, third = (admitted(governor, PLACE) for _ in range(3))
    for reservation, count in ((third, 3), (second, 2), (first, 1)):
        governor.answered(
            reservation, counts(orders=count, order_limit=3), succeeded=False, wall_us=WALL
        )

    assert used(governor, "ORDERS") == 3
    refused(governor, PLACE)


def test_a_burst_in_order_does_not_raise_the_estimate() -> None:
    governor = limits(orders=50)
    reservations = [admitted(governor, PLACE) for _ in range(30)]
    for count, reservation in enumerate(reservations, 1):
        governor.answered(reservation, counts(orders=count), succeeded=False, wall_us=WALL)

    assert used(governor, "ORDERS") == 30


def test_a_count_from_before_a_border_says_nothing_about_the_window_after_it() -> None:
    governor = limits()
    before = admitted(governor, PING, WALL + 59 * SECOND)
    after = WALL + 60 * SECOND

    governor.answered(before, counts(weight=5999), succeeded=False, wall_us=after)

    assert used(governor, "REQUEST_WEIGHT", after) < 10


def test_a_new_window_begins_with_what_is_under_way_and_what_was_sent_at_the_last_moment() -> None:
    """The exchange's window turns before ours: our clock runs late."""
    governor = limits()
    for _ in range(5):
        governor.lost(admitted(governor, PING, WALL))
    admitted(governor, STATUS, WALL + 10 * SECOND)
    governor.lost(admitted(governor, PING, WALL + 59_900_000))

    assert used(governor, "REQUEST_WEIGHT", WALL + 60 * SECOND) == 4 + 1
    assert used(governor, "REQUEST_WEIGHT", WALL + 120 * SECOND) == 4


def test_limits_follow_what_the_exchange_says() -> None:
    governor = limits(weight=6000)
    reservation = admitted(governor)
    governor.answered(
        reservation, counts(weight=1, weight_limit=1200), succeeded=False, wall_us=WALL
    )
    governor.learn(
        json.dumps(
            [
                {
                    "rateLimitType": "ORDERS",
                    "interval": "DAY",
                    "intervalNum": 1,
                    "limit": 160000,
                },
                {
                    "rateLimitType": "RAW_REQUESTS",
                    "interval": "MINUTE",
                    "intervalNum": 5,
                    "limit": 1,
                },
            ]
        ).encode()
    )

    assert governor.usage(WALL) == [
        LimitUsage("REQUEST_WEIGHT", "MINUTE", 1, 1200, 1, WALL + 60 * SECOND),
        LimitUsage("ORDERS", "SECOND", 10, 50, 0, WALL + 10 * SECOND),
        LimitUsage("ORDERS", "DAY", 1, 160000, 0, (WALL // 86400 // SECOND + 1) * 86400 * SECOND),
    ]


def test_a_limit_first_seen_in_an_answer_counts_from_then_on() -> None:
    governor = Governor((("REQUEST_WEIGHT", "MINUTE", 1, 6000),))
    reservation = admitted(governor, PLACE)
    governor.answered(reservation, counts(orders=50), succeeded=False, wall_us=WALL)

    refused(governor, PLACE)


@pytest.mark.parametrize("told", [WALL + 7 * SECOND, None])
def test_too_many_orders_stops_new_orders_only(told: int | None) -> None:
    governor = limits()
    governor.refused(code=-1015, wall_us=WALL, retry_at_us=told)

    assert refused(governor, PLACE).retry_at_us == told or WALL + 10 * SECOND
    admitted(governor, CANCEL)
    admitted(governor, PLACE, WALL + 10 * SECOND)


@pytest.mark.parametrize("told", [WALL + 7 * SECOND, None])
def test_too_much_weight_stops_everything(told: int | None) -> None:
    governor = limits()
    governor.refused(code=-1003, wall_us=WALL, retry_at_us=told)

    refusal = refused(governor, CANCEL)
    assert refusal.retry_at_us == told or WALL + 60 * SECOND
    assert not refusal.is_banned
    assert isinstance(governor.admit(PING, {}, WALL + 60 * SECOND), Reservation)


@pytest.mark.parametrize(("told", "ends"), [(300, 300), (None, 120)])
def test_a_ban_stops_even_cancels_and_is_known(told: int | None, ends: int) -> None:
    governor = limits()
    retry_at_us = None if told is None else WALL + told * SECOND
    governor.refused(code=-1003, wall_us=WALL, retry_at_us=retry_at_us, is_banned=True)
    end = WALL + ends * SECOND

    refusal = refused(governor, CANCEL, end - 1, urgent=True)
    assert refusal == Refusal("the IP address is banned", end, is_banned=True)
    assert governor.banned_until(end - 1) == end
    assert governor.banned_until(end) is None
    admitted(governor, CANCEL, end)


def test_a_later_shorter_refusal_does_not_shorten_a_ban() -> None:
    governor = limits()
    end = WALL + 300 * SECOND
    governor.refused(code=-1003, wall_us=WALL, retry_at_us=end, is_banned=True)
    governor.refused(code=-1003, wall_us=WALL, retry_at_us=WALL + SECOND)

    assert refused(governor, PING, WALL + 2 * SECOND).retry_at_us == end


def test_what_is_too_heavy_for_any_window_is_left_to_the_exchange() -> None:
    governor = limits(weight=50)

    assert isinstance(governor.admit(spot("openOrders.status"), {}, WALL), Reservation)
    refused(governor, PING)


def test_a_method_the_catalogue_does_not_know_weighs_one() -> None:
    governor = limits()
    governor.answered(admitted(governor, None), NOTHING, succeeded=True, wall_us=WALL)

    assert used(governor, "REQUEST_WEIGHT") == 1


def test_usdm_and_coinm_share_a_pool() -> None:
    by_market = governors()

    assert by_market[Market.USDM] is by_market[Market.COINM]
    assert by_market[Market.SPOT] is not by_market[Market.USDM]
    assert {usage.limit for usage in by_market[Market.USDM].usage(WALL)} == {2400, 300, 1200}
    assert {usage.limit for usage in by_market[Market.SPOT].usage(WALL)} == {6000, 50, 160_000}


def test_counts_are_read_only_now_and_then_while_there_is_room() -> None:
    """The hot path: reading costs several times what admitting costs."""
    governor = limits()
    for at, count in ((WALL, 100), (WALL + 1000, 200), (WALL + 25_000, 300)):
        reservation = admitted(governor, PING, at)
        governor.answered(reservation, counts(weight=count), succeeded=True, wall_us=at)
        if at == WALL + 1000:
            assert used(governor, "REQUEST_WEIGHT", at) == 101

    assert used(governor, "REQUEST_WEIGHT", WALL + 25_000) == 300


@pytest.mark.parametrize(("market", "allowed"), [(Market.SPOT, 4), (Market.COINM, 9)])
def test_stream_messages_leave_room_for_a_pong(market: Market, allowed: int) -> None:
    rate = MessageRate(market)
    for _ in range(allowed):
        assert rate.delay(10.0) == 0.0
        rate.record(10.0)

    assert rate.delay(10.25) == 0.75


class Exchange:
    """Counts orders as the real one does, and fails when a limit is broken."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.window = 0
        self.count = 0

    def handle(self, wall_us: int, *, fills: bool) -> bytes:
        self._roll(wall_us)
        self.count += 1
        assert self.count <= self.limit, "the limit was broken"
        if fills:
            self.count -= 1
        return counts(orders=self.count, order_limit=self.limit)

    def _roll(self, wall_us: int) -> None:
        if wall_us // (10 * SECOND) != self.window:
            self.window = wall_us // (10 * SECOND)
            self.count = 0


@settings(max_examples=150, deadline=None)
@given(data=st.data(), limit=st.integers(1, 12), late_ms=st.integers(0, 400), fifo=st.booleans())
def test_no_limit_is_ever_broken(data: st.DataObject, limit: int, late_ms: int, fifo: bool) -> None:
    """Requests and answers take their time, on one connection or on several; ours is a late clock.

    And the limit is made use of: with nothing under way, a fresh window admits.
    """
    draw = data.draw
    exchange = Exchange(limit)
    governor = limits(orders=limit)
    numbers = itertools.count()
    todo: list[tuple[int, int, str, Any]] = []
    now = WALL
    last_arrival = last_answer = now
    for gap_ms in draw(st.lists(st.integers(0, 3000), min_size=5, max_size=40)):
        now += gap_ms * 1000
        for _ in range(draw(st.integers(1, 4))):
            heapq.heappush(todo, (now, next(numbers), "send", None))
    delay = st.integers(1000, 1_500_000)
    while todo:
        now, _, what, matter = heapq.heappop(todo)
        ours = now - late_ms * 1000
        if what == "send":
            outcome = governor.admit(PLACE, {}, ours)
            if isinstance(outcome, Refusal):
                assert outcome.retry_at_us > ours
                continue
            arrival = now + draw(delay)
            if fifo:
                arrival = last_arrival = max(arrival, last_arrival)
            heapq.heappush(todo, (arrival, next(numbers), "arrive", outcome))
        elif what == "arrive":
            answer = exchange.handle(now, fills=draw(st.booleans()))
            at = now + draw(delay)
            if fifo:
                at = last_answer = max(at, last_answer)
            heapq.heappush(todo, (at, next(numbers), "answer", (matter, answer)))
        else:
            reservation, answer = matter
            governor.answered(reservation, answer, succeeded=True, wall_us=ours)

    admitted(governor, PLACE, now + 20 * SECOND)
