from __future__ import annotations

import heapq
import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.catalogue.operation import Operation
from binance_wsapi.markets import Market
from binance_wsapi.protocol import limits as limits_module
from binance_wsapi.protocol.limits import (
    Governor,
    Refusal,
    Reservation,
    governors,
)
from binance_wsapi.protocol.told_limits import LimitUsage, told_limits

SECOND_US = 10**6
NOW = 1_795_000_020  # the start of a minute, and of ten seconds, here and at the exchange
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
    governor: Governor, operation: Operation | None = PING, now: float = NOW
) -> Reservation:
    reservation = governor.admit(operation, {}, now)
    assert isinstance(reservation, Reservation), reservation
    return reservation


def refused(
    governor: Governor, operation: Operation = PING, now: float = NOW, *, urgent: bool = False
) -> Refusal:
    refusal = governor.admit(operation, {}, now, urgent=urgent)
    assert isinstance(refusal, Refusal)
    return refusal


def used(governor: Governor, limit_type: str, now: float = NOW) -> int:
    return next(usage.count for usage in governor.usage(now) if usage.rate_limit_type == limit_type)


def test_it_refuses_before_the_exchange_would_and_says_when_to_come_back() -> None:
    governor = limits(orders=2)
    governor.lost(admitted(governor, PLACE))
    governor.lost(admitted(governor, PLACE, NOW + 3))

    refusal = refused(governor, PLACE, NOW + 4)
    assert refusal.reason == "limit ORDERS: 1 wanted, 0 left of 2 per 10 second"
    assert refusal.wait(NOW + 4) == 6.0
    assert refusal.wait(NOW + 11) == 0.0
    admitted(governor, PLACE, NOW + 10)


def test_a_reserve_is_kept_for_cancels_and_urgent_questions() -> None:
    governor = limits(weight=100)
    for _ in range(98):
        admitted(governor, PING)

    refused(governor, PING)
    refused(governor, PLACE)
    admitted(governor, CANCEL)
    assert isinstance(governor.admit(PING, {}, NOW, urgent=True), Reservation)
    refused(governor, CANCEL)


def test_success_gives_back_what_it_does_not_cost() -> None:
    governor = limits()
    first, second = admitted(governor, CANCEL), admitted(governor, CANCEL)

    governor.answered(first, NOTHING, succeeded=True, now=NOW)
    governor.answered(second, NOTHING, succeeded=False, now=NOW)

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

    governor.answered(reservation, counts(weight=5000), succeeded=True, now=NOW)

    assert used(governor, "REQUEST_WEIGHT") == 5000


def test_what_was_sent_since_is_added_to_the_count_of_others() -> None:
    governor = limits()
    reservation = admitted(governor)
    for _ in range(3):
        admitted(governor, STATUS)

    governor.answered(reservation, counts(weight=5000), succeeded=True, now=NOW)

    assert used(governor, "REQUEST_WEIGHT") == 5000 + 3 * 4


def test_fills_lower_the_order_count() -> None:
    governor = limits()
    for number in range(200):
        at = NOW + number * 0.04
        reservation = admitted(governor, PLACE, at)
        governor.answered(reservation, counts(orders=0), succeeded=True, now=at)

    assert used(governor, "ORDERS") == 0


def test_answers_out_of_order_do_not_lower_the_estimate() -> None:
    governor = limits(orders=3)
    first, second, third = (admitted(governor, PLACE) for _ in range(3))
    for reservation, count in ((third, 3), (second, 2), (first, 1)):
        governor.answered(
            reservation, counts(orders=count, order_limit=3), succeeded=False, now=NOW
        )

    assert used(governor, "ORDERS") == 3
    refused(governor, PLACE)


def test_a_burst_in_order_does_not_raise_the_estimate() -> None:
    governor = limits(orders=50)
    reservations = [admitted(governor, PLACE) for _ in range(30)]
    for count, reservation in enumerate(reservations, 1):
        governor.answered(reservation, counts(orders=count), succeeded=False, now=NOW)

    assert used(governor, "ORDERS") == 30


def test_a_count_from_before_a_border_says_nothing_about_the_window_after_it() -> None:
    governor = limits()
    before = admitted(governor, PING, NOW + 59)
    after = NOW + 60

    governor.answered(before, counts(weight=5999), succeeded=False, now=after)

    assert used(governor, "REQUEST_WEIGHT", after) < 10


def test_a_new_window_begins_with_what_is_under_way_and_what_was_sent_at_the_last_moment() -> None:
    """The exchange's window turns before ours: our clock runs late."""
    governor = limits()
    for _ in range(5):
        governor.lost(admitted(governor, PING, NOW))
    admitted(governor, STATUS, NOW + 10)
    governor.lost(admitted(governor, PING, NOW + 59.9))

    assert used(governor, "REQUEST_WEIGHT", NOW + 60) == 4 + 1
    assert used(governor, "REQUEST_WEIGHT", NOW + 120) == 4


def test_limits_follow_what_the_exchange_says() -> None:
    governor = limits(weight=6000)
    told = json.loads(counts(weight=1, weight_limit=1200))
    told += [
        {
            "rateLimitType": "ORDERS",
            "interval": "DAY",
            "intervalNum": 1,
            "limit": 160000,
            "count": 0,
        },
        {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 1},
    ]
    governor.answered(admitted(governor), json.dumps(told).encode(), succeeded=False, now=NOW)

    assert governor.usage(NOW) == [
        LimitUsage("REQUEST_WEIGHT", "MINUTE", 1, 1200, 1, (NOW + 60) * SECOND_US),
        LimitUsage("ORDERS", "SECOND", 10, 50, 0, (NOW + 10) * SECOND_US),
        LimitUsage("ORDERS", "DAY", 1, 160000, 0, (NOW // 86400 + 1) * 86400 * SECOND_US),
    ]


def test_a_limit_first_seen_in_an_answer_counts_from_then_on() -> None:
    governor = Governor((("REQUEST_WEIGHT", "MINUTE", 1, 6000),))
    reservation = admitted(governor, PLACE)
    governor.answered(reservation, counts(orders=50), succeeded=False, now=NOW)

    refused(governor, PLACE)


def test_what_is_too_heavy_for_any_window_is_left_to_the_exchange() -> None:
    governor = limits(weight=50)

    assert isinstance(governor.admit(spot("openOrders.status"), {}, NOW), Reservation)
    refused(governor, PING)


def test_a_method_the_catalogue_does_not_know_weighs_one() -> None:
    governor = limits()
    governor.answered(admitted(governor, None), NOTHING, succeeded=True, now=NOW)

    assert used(governor, "REQUEST_WEIGHT") == 1


def test_usdm_and_coinm_share_a_pool() -> None:
    by_market = governors()

    assert by_market[Market.USDM] is by_market[Market.COINM]
    assert by_market[Market.SPOT] is not by_market[Market.USDM]
    assert {usage.limit for usage in by_market[Market.USDM].usage(NOW)} == {2400, 300, 1200}
    assert {usage.limit for usage in by_market[Market.SPOT].usage(NOW)} == {6000, 50, 160_000}


def test_counts_are_read_only_now_and_then_while_there_is_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The hot path: reading costs several times what admitting costs."""
    read: list[bytes] = []

    def counted(told: bytes) -> Any:
        read.append(told)
        return told_limits(told)

    monkeypatch.setattr(limits_module, "told_limits", counted)
    governor = limits()
    for number in range(1000):
        at = NOW + number * 0.0001
        governor.answered(
            admitted(governor, PING, at), counts(weight=number), succeeded=True, now=at
        )

    assert len(read) == 5
    assert used(governor, "REQUEST_WEIGHT", NOW + 0.1) == 999, "the last one, when asked for"


def test_counts_are_read_from_every_answer_while_a_limit_is_more_than_half_used() -> None:
    """Others may use the rest up, from one answer to the next."""
    governor = limits(orders=50)
    for number in range(26):
        governor.lost(admitted(governor, PLACE, NOW + number * 1e-6))
    for number, count in enumerate((27, 45, 50)):
        at = NOW + 0.0001 + number * 1e-6
        governor.answered(
            admitted(governor, PLACE, at), counts(orders=count), succeeded=True, now=at
        )

    refused(governor, PLACE, NOW + 0.0002)


def test_the_first_orders_of_a_session_are_heard_behind_its_other_requests() -> None:
    """What tells of weight alone must not keep the word on orders unread."""
    governor = limits(orders=50)
    governor.answered(admitted(governor, PING), counts(weight=1), succeeded=True, now=NOW)
    governor.answered(
        admitted(governor, PLACE, NOW + 0.001),
        counts(orders=50),
        succeeded=True,
        now=NOW + 0.001,
    )

    refused(governor, PLACE, NOW + 0.002)


def test_unread_counts_are_read_before_a_request_is_refused() -> None:
    governor = limits(orders=50)
    for number in range(25):
        at = NOW + number * 0.0001
        governor.answered(admitted(governor, PLACE, at), counts(orders=0), succeeded=True, now=at)
    burst = [admitted(governor, PLACE, NOW + 0.005) for _ in range(49)]

    assert len(burst) == 49
    assert used(governor, "ORDERS", NOW + 0.005) == 49


def test_counts_are_read_again_when_the_clock_was_put_back() -> None:
    """As long as this machine's clock was ahead of the exchange's, they would go unread."""
    governor = limits()
    governor.answered(admitted(governor, PLACE), counts(orders=1), succeeded=True, now=NOW)
    governor.set_lead(-50 * SECOND_US, NOW + 1)
    governor.answered(
        admitted(governor, PLACE, NOW + 1), counts(orders=50), succeeded=True, now=NOW + 1
    )

    refused(governor, PLACE, NOW + 1)


def fill_burst(governor: Governor, at: float, number: int = 50, *, told: int = 0) -> None:
    """Place orders all at once; each is answered."""
    for reservation in [admitted(governor, PLACE, at) for _ in range(number)]:
        governor.answered(reservation, counts(orders=told), succeeded=True, now=at)


def test_orders_that_fill_leave_room_whenever_the_window_turns() -> None:
    """A bot that only takes: 60 market orders in 0.4 s, then the edge."""
    governor = limits(orders=50)
    edge = NOW + 10
    for number in range(60):
        fill_burst(governor, edge - 0.4 + number * 0.006, 1)

    assert used(governor, "ORDERS", edge) <= 1
    for number in range(50):
        admitted(governor, PLACE, edge + number * 1e-6)


def test_weight_that_success_gave_back_is_not_charged_to_the_next_window() -> None:
    governor = limits(weight=300, orders=1000)
    edge = NOW + 60
    for _ in range(25):
        governor.lost(admitted(governor, STATUS, NOW))
    under_way = admitted(governor, PLACE, edge - 0.3)
    for number in range(250):
        at = edge - 0.4 + number * 0.001
        governor.answered(admitted(governor, PLACE, at), NOTHING, succeeded=True, now=at)

    assert used(governor, "REQUEST_WEIGHT", edge) == 2, "under way, and sent lately"
    governor.answered(under_way, NOTHING, succeeded=True, now=edge)
    assert used(governor, "REQUEST_WEIGHT", edge) == 1


def test_weight_is_given_back_once_to_every_window_it_was_charged_to() -> None:
    governor = limits()
    for _ in range(3):
        governor.lost(admitted(governor, STATUS, NOW + 10))
    early = admitted(governor, PLACE, NOW + 20)
    after = NOW + 70
    governor.lost(admitted(governor, STATUS, after))

    assert used(governor, "REQUEST_WEIGHT", after) == 1 + 4
    governor.answered(early, NOTHING, succeeded=True, now=after)
    assert used(governor, "REQUEST_WEIGHT", after) == 4


def test_a_limit_first_seen_is_charged_what_is_under_way() -> None:
    governor = Governor((("REQUEST_WEIGHT", "MINUTE", 1, 6000),))
    orders = [admitted(governor, PLACE) for _ in range(4)]
    seen = b'[{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":50,"count":0}]'
    governor.answered(admitted(governor, PING), seen, succeeded=True, now=NOW)
    governor.lost(orders[0])

    assert used(governor, "ORDERS") == 4


def test_a_guess_waits_for_what_is_under_way_and_no_longer() -> None:
    """Each answer of a burst tells 0, but what was sent with it may be missing in that."""
    governor = limits(orders=50)
    fill_burst(governor, NOW)
    two_orders = spot("orderList.place.oco")
    assert used(governor, "ORDERS") == 49
    other = admitted(governor, PLACE)

    refusal = refused(governor, two_orders)
    assert refusal.wait(NOW) <= 0.1, "not the rest of the window"
    governor.lost(other)
    admitted(governor, two_orders)


def test_only_one_request_tries_a_guess_out() -> None:
    governor = limits(orders=50)
    fill_burst(governor, NOW)
    governor.answered(admitted(governor, PLACE), counts(orders=0), succeeded=True, now=NOW)
    fill_burst(governor, NOW)
    two_orders = spot("orderList.place.oco")

    first = admitted(governor, two_orders)
    refused(governor, two_orders)
    governor.answered(first, counts(orders=0), succeeded=True, now=NOW)
    admitted(governor, two_orders)


def test_what_the_exchange_told_is_no_guess() -> None:
    governor = limits(orders=50)
    for count in range(1, 51):
        governor.answered(admitted(governor, PLACE), counts(orders=count), succeeded=True, now=NOW)

    assert refused(governor, PLACE).retry_at == NOW + 10


@pytest.mark.parametrize("hidden", [True, False])
def test_what_nobody_tells_is_charged_in_full(hidden: bool) -> None:
    """Answers that hide their counts, and orders whose answers were lost."""
    governor = limits(orders=50)
    governor.answered(admitted(governor, PLACE), counts(orders=0), succeeded=True, now=NOW)
    for reservation in [admitted(governor, PLACE) for _ in range(50)]:
        if hidden:
            governor.answered(reservation, NOTHING, succeeded=True, now=NOW)
        else:
            governor.lost(reservation)

    assert refused(governor, PLACE).retry_at == NOW + 10


def test_a_lower_count_that_overtook_a_higher_one_makes_no_guess() -> None:
    """Handled together, told in another order: the higher count is the later one."""
    governor = limits(orders=3)
    first, second, third = (admitted(governor, PLACE) for _ in range(3))
    for reservation, count in ((first, 1), (second, 3), (third, 2)):
        governor.answered(reservation, counts(orders=count, order_limit=3), succeeded=True, now=NOW)

    assert refused(governor, PLACE).retry_at == NOW + 10


def test_unfilled_orders_of_the_last_moment_make_no_guess_in_the_next_window() -> None:
    """The exchange may have turned first, and told how many count in its new window."""
    governor = limits(orders=3)
    edge = NOW + 10
    for count in (1, 2, 3):
        at = edge - 0.3 + count * 1e-6
        governor.answered(
            admitted(governor, PLACE, at),
            counts(orders=count, order_limit=3),
            succeeded=True,
            now=at,
        )

    assert refused(governor, PLACE, edge).retry_at == edge + 10


def test_a_clock_put_back_over_an_edge_forgets_nothing_at_that_edge() -> None:
    governor = limits(orders=50)
    edge = NOW + 10
    for _ in range(50):
        governor.lost(admitted(governor, PLACE, edge - 0.2))
    refused(governor, PLACE, edge + 0.001)
    governor.set_lead(-3000, edge + 0.001)

    refused(governor, PLACE, edge + 0.002)
    refused(governor, PLACE, edge + 0.003)


def test_a_full_window_turns_in_time_though_a_time_set_by_hand_was_put_back() -> None:
    """A day back is no day to wait."""
    governor = limits(orders=50)
    shown = NOW
    governor._counts.hand_set_us = governor._weights.hand_set_us = lambda: shown * SECOND_US
    governor.answered(admitted(governor, PLACE), counts(orders=50), succeeded=False, now=NOW)
    shown -= 86_400

    assert refused(governor, PLACE, NOW + 1).wait(NOW + 1) <= 10.0
    shown += 10
    admitted(governor, PLACE, NOW + 1)


def test_a_time_set_by_hand_passes_as_it_is_set() -> None:
    """An exchange that plays a recording shows an hour in seconds; nobody looks at its clock in between."""
    governor = limits(orders=50)
    shown = NOW
    governor._counts.hand_set_us = governor._weights.hand_set_us = lambda: shown * SECOND_US
    for _ in range(3):
        fill_burst(governor, NOW, told=50)
        refused(governor, PLACE)
        shown += 10


def test_an_old_word_on_the_orders_of_a_day_is_tried_out() -> None:
    """Unfilled orders fill: nothing that is sent tells, since nothing may be sent."""
    governor = Governor((("ORDERS", "DAY", 1, 10),))
    told = (
        counts(orders=10, order_limit=10)
        .replace(b'"SECOND"', b'"DAY"')
        .replace(b'"intervalNum": 10', b'"intervalNum": 1')
    )
    governor.answered(admitted(governor, PLACE), told, succeeded=True, now=NOW)

    assert refused(governor, PLACE).wait(NOW) == 60.0
    tried = admitted(governor, PLACE, NOW + 60)
    refused(governor, PLACE, NOW + 60)
    governor.answered(tried, told, succeeded=False, now=NOW + 60)
    assert refused(governor, PLACE, NOW + 61).wait(NOW + 61) == 59.0
    governor.lost(admitted(governor, PLACE, NOW + 120))
    refused(governor, PLACE, NOW + 121)


@pytest.mark.parametrize("moved_s", [-13, -3, 3, 13])
def test_a_measured_clock_loses_no_orders_from_sight(moved_s: int) -> None:
    """The window the exchange counts in did not turn, whatever the clock says."""
    governor = limits(orders=50)
    for _ in range(50):
        governor.lost(admitted(governor, PLACE, NOW + 8))
    governor.set_lead(moved_s * SECOND_US, NOW + 8)

    refused(governor, PLACE, NOW + 8)


@pytest.mark.parametrize("moved_s", [-13, 13])
def test_a_measured_clock_moves_the_windows_of_what_is_counted_by_it(moved_s: int) -> None:
    governor = limits(orders=50)
    for _ in range(50):
        governor.lost(admitted(governor, PLACE, NOW + 8))
    governor.set_lead(moved_s * SECOND_US, NOW + 8)

    turns_in = 10 - (8 + moved_s) % 10
    assert refused(governor, PLACE, NOW + 8).wait(NOW + 8) == turns_in
    admitted(governor, PLACE, NOW + 8 + turns_in)


def test_a_clock_corrected_by_little_turns_windows_as_time_does() -> None:
    governor = limits(orders=50)
    for _ in range(50):
        governor.lost(admitted(governor, PLACE, NOW))
    governor.set_lead(2000, NOW + 9.999)

    admitted(governor, PLACE, NOW + 9.999)


def test_a_connection_attempt_is_under_way_until_it_has_ended() -> None:
    """A count told meanwhile, over another connection, may not hold it."""
    governor = limits()
    attempt = governor.connect(2, NOW)
    assert isinstance(attempt, Reservation)
    for _ in range(2):
        governor.answered(admitted(governor), counts(weight=1), succeeded=True, now=NOW)
        assert used(governor, "REQUEST_WEIGHT", NOW) == 3

    governor.lost(attempt)

    governor.answered(admitted(governor), counts(weight=9), succeeded=True, now=NOW)
    assert used(governor, "REQUEST_WEIGHT", NOW) == 9


@pytest.mark.parametrize(
    "method",
    [
        *("order.cancel", "openOrders.cancelAll", "orderList.cancel"),
        *("usdm order.cancel", "usdm algoOrder.cancel"),
    ],
)
def test_whatever_cancels_may_use_the_reserve(method: str) -> None:
    market, _, name = method.rpartition(" ")
    operation = operation_by_method(Market(market or "spot"), name)
    assert operation is not None
    governor = limits(weight=100)
    for _ in range(98):
        governor.lost(admitted(governor, PING))

    refused(governor, PING)
    assert isinstance(governor.admit(operation, {}, NOW), Reservation)


class Exchange:
    """Counts orders as the real one does, and fails when a limit is broken."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.window = 0
        self.count = 0

    def handle(self, exchange_us: int, *, fills: bool) -> bytes:
        self._roll(exchange_us)
        self.count += 1
        assert self.count <= self.limit, "the limit was broken"
        if fills:
            self.count -= 1
        return counts(orders=self.count, order_limit=self.limit)

    def _roll(self, exchange_us: int) -> None:
        if exchange_us // (10 * SECOND_US) != self.window:
            self.window = exchange_us // (10 * SECOND_US)
            self.count = 0


@settings(max_examples=200, deadline=None)
@given(
    data=st.data(),
    limit=st.integers(1, 12),
    late_ms=st.integers(0, 400),
    fifo=st.booleans(),
    all_fill=st.booleans(),
    loses=st.booleans(),
)
def test_no_limit_is_ever_broken(
    data: st.DataObject, limit: int, late_ms: int, fifo: bool, all_fill: bool, loses: bool
) -> None:
    """Requests and answers take their time, on one connection or on several; ours is a late clock.

    And the limit is made use of: with nothing under way, a fresh window admits, and so does any where
    all orders fill.
    """
    draw = data.draw
    exchange = Exchange(limit)
    governor = limits(orders=limit)
    numbers = itertools.count()
    todo: list[tuple[int, int, str, Any]] = []
    now = NOW * SECOND_US
    under_way = 0
    last_arrival = last_answer = now
    for gap_ms in draw(st.lists(st.integers(0, 3000), min_size=5, max_size=40)):
        now += gap_ms * 1000
        for _ in range(draw(st.integers(1, 4))):
            heapq.heappush(todo, (now, next(numbers), "send", None))
    delay = st.integers(1000, 1_500_000)
    while todo:
        now, _, what, matter = heapq.heappop(todo)
        ours = (now - late_ms * 1000) / 1e6
        if what == "send":
            outcome = governor.admit(PLACE, {}, ours)
            if isinstance(outcome, Refusal):
                assert outcome.retry_at > ours
                assert under_way or loses or not all_fill, "nothing to wait for"
                continue
            under_way += 1
            arrival = now + draw(delay)
            if fifo:
                arrival = last_arrival = max(arrival, last_arrival)
            heapq.heappush(todo, (arrival, next(numbers), "arrive", outcome))
        elif what == "arrive":
            answer = exchange.handle(now, fills=all_fill or draw(st.booleans()))
            at = now + draw(delay)
            if fifo:
                at = last_answer = max(at, last_answer)
            is_lost = loses and draw(st.booleans())
            heapq.heappush(todo, (at, next(numbers), "answer", (matter, answer, is_lost)))
        else:
            under_way -= 1
            reservation, answer, is_lost = matter
            if is_lost:
                governor.lost(reservation)
            else:
                governor.answered(reservation, answer, succeeded=True, now=ours)

    admitted(governor, PLACE, now / 1e6 + 20)
