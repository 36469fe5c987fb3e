"""Books that cannot join leave the weight to others, and busy clients' books are joined all the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_wsapi.protocol.snapshots import LASTING_S, PROBLEM_AT, SnapshotPace, SnapshotShare
from binance_wsapi.protocol.told_limits import LimitUsage

MINUTE_US = 60_000_000
LIMIT = 2_400
WEIGHT = 20


def usage(count: int, resets_at_us: int = MINUTE_US) -> list[LimitUsage]:
    return [
        LimitUsage("ORDERS", "SECOND", 10, 50, 50, 10_000_000),
        LimitUsage("REQUEST_WEIGHT", "MINUTE", 1, LIMIT, count, resets_at_us),
    ]


def fill(share: SnapshotShare, count: int, wall_us: int = 0, weight: int = WEIGHT) -> int:
    """Take as many snapshots as there is room for."""
    taken = 0
    while share.wait(weight, usage(count + taken * weight), wall_us) == 0:
        taken += 1
    return taken


@pytest.mark.parametrize(
    ("used_by_others", "snapshots"),
    [
        (0, 60),  # half of the weight
        (1_000, 12),  # a tenth is always theirs
        (900, 15),
        (2_400, 12),
        (9_999, 12),
    ],
)
def test_snapshots_stop_at_half_of_the_weight_and_have_a_tenth_to_themselves(
    used_by_others: int, snapshots: int
) -> None:
    assert fill(SnapshotShare(), used_by_others) == snapshots


def test_room_comes_with_the_next_window() -> None:
    share = SnapshotShare()
    fill(share, 2_000)

    assert share.wait(WEIGHT, usage(2_240), 20_000_000) == 40.0
    assert share.wait(WEIGHT, usage(0, 2 * MINUTE_US), 60_000_000) == 0.0


def test_window_that_should_have_ended_is_waited_for_a_moment() -> None:
    share = SnapshotShare()
    fill(share, 2_400)

    assert 0 < share.wait(WEIGHT, usage(2_400), 2 * MINUTE_US) < 0.1


def test_snapshot_above_every_share_is_taken_when_nothing_else_is() -> None:
    share = SnapshotShare()

    assert share.wait(LIMIT, usage(0), 0) == 0.0
    assert share.wait(LIMIT, usage(1), 0) > 0.0


def test_snapshots_that_wait_for_a_connection_count() -> None:
    share = SnapshotShare()
    taken = 0
    while share.wait(WEIGHT, usage(0), 0) == 0:
        taken += 1

    assert taken == 60


@given(st.lists(st.tuples(st.integers(0, 90), st.booleans()), max_size=80))
def test_snapshots_never_take_more_than_half(steps: list[tuple[int, bool]]) -> None:
    """Whatever the caller uses meanwhile."""
    share, others, spent = SnapshotShare(), 0, 0
    for more, is_theirs in steps:
        others += more if is_theirs else 0
        if share.wait(WEIGHT, usage(others + spent), 0) == 0:
            spent += WEIGHT

            assert 2 * (others + spent) <= LIMIT or 10 * spent <= LIMIT


def test_pauses_grow_and_the_book_becomes_a_problem() -> None:
    pace, now, pauses, warnings = SnapshotPace(), 0.0, [], 0
    for number in range(1, 20):
        pace.asked(now, 1.0)
        pauses.append(pace.delay(now))
        now += pauses[-1]
        warnings += pace.is_worth_a_warning

        assert pace.is_problem is (number >= PROBLEM_AT)

    assert pauses == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, *[30.0] * 12]
    assert warnings == 1


def test_pause_is_kept_by_a_book_that_joins_and_breaks_again() -> None:
    pace = SnapshotPace()
    for _ in range(7):
        pace.asked(0.0, 1.0)
    pace.joined(0.0)
    pace.needed(LASTING_S - 0.1)
    pace.asked(LASTING_S - 0.1, 1.0)

    assert pace.delay(LASTING_S - 0.1) == 30.0
    assert pace.is_problem


def test_book_that_lasts_is_forgiven() -> None:
    pace = SnapshotPace()
    for _ in range(9):
        pace.asked(0.0, 1.0)
    pace.joined(0.0)
    pace.needed(LASTING_S)

    assert not pace.is_problem
    assert pace.delay(LASTING_S) == 0.0
    pace.asked(LASTING_S, 1.0)
    assert pace.delay(LASTING_S) == 0.25


def test_what_the_exchange_wants_holds_whatever_is_forgiven() -> None:
    pace = SnapshotPace()
    pace.asked(0.0, 1.0)
    pace.joined(0.0)
    pace.hold(0.0, 100.0)
    pace.hold(0.0, 50.0)
    pace.needed(LASTING_S)

    assert pace.delay(LASTING_S) == 70.0
