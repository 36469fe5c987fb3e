"""What the library asks by itself leaves the weight to its caller, and gets on beside a busy one all the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_wsapi.protocol.told_limits import LimitUsage
from binance_wsapi.protocol.weight_share import WeightShare

MINUTE_US = 60_000_000
LIMIT = 2_400
WEIGHT = 20


def usage(count: int, resets_at_us: int = MINUTE_US) -> list[LimitUsage]:
    return [
        LimitUsage("ORDERS", "SECOND", 10, 50, 50, 10_000_000),
        LimitUsage("REQUEST_WEIGHT", "MINUTE", 1, LIMIT, count, resets_at_us),
    ]


def fill(share: WeightShare, count: int, wall_us: int = 0, weight: int = WEIGHT) -> int:
    """Make as many requests as there is room for."""
    taken = 0
    while share.wait(weight, usage(count + taken * weight), wall_us) == 0:
        taken += 1
    return taken


@pytest.mark.parametrize(
    ("used_by_others", "requests"),
    [
        (0, 60),  # half of the weight
        (1_000, 12),  # a tenth is always theirs
        (900, 15),
        (2_400, 12),
        (9_999, 12),
    ],
)
def test_requests_stop_at_half_of_the_weight_and_have_a_tenth_to_themselves(
    used_by_others: int, requests: int
) -> None:
    assert fill(WeightShare(), used_by_others) == requests


def test_room_comes_with_the_next_window() -> None:
    share = WeightShare()
    fill(share, 2_000)

    assert share.wait(WEIGHT, usage(2_240), 20_000_000) == 40.0
    assert share.wait(WEIGHT, usage(0, 2 * MINUTE_US), 60_000_000) == 0.0


def test_window_that_should_have_ended_is_waited_for_a_moment() -> None:
    share = WeightShare()
    fill(share, 2_400)

    assert 0 < share.wait(WEIGHT, usage(2_400), 2 * MINUTE_US) < 0.1


def test_request_above_every_share_is_made_when_nothing_else_is() -> None:
    share = WeightShare()

    assert share.wait(LIMIT, usage(0), 0) == 0.0
    assert share.wait(LIMIT, usage(1), 0) > 0.0


def test_requests_that_wait_for_a_connection_count() -> None:
    share = WeightShare()
    taken = 0
    while share.wait(WEIGHT, usage(0), 0) == 0:
        taken += 1

    assert taken == 60


@given(st.lists(st.tuples(st.integers(0, 90), st.booleans()), max_size=80))
def test_requests_never_take_more_than_half(steps: list[tuple[int, bool]]) -> None:
    """Whatever the caller uses meanwhile."""
    share, others, spent = WeightShare(), 0, 0
    for more, is_theirs in steps:
        others += more if is_theirs else 0
        if share.wait(WEIGHT, usage(others + spent), 0) == 0:
            spent += WEIGHT

            assert 2 * (others + spent) <= LIMIT or 10 * spent <= LIMIT


def test_one_request_of_more_than_a_tenth_goes_in_each_window() -> None:
    """However much others use: it would never go."""
    share, weight = WeightShare(), LIMIT // 5
    assert fill(share, LIMIT, weight=weight) == 1
    assert share.wait(weight, usage(LIMIT, 2 * MINUTE_US), MINUTE_US) == 0
