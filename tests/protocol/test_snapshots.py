"""Books that cannot join ask for snapshots ever more rarely."""

from __future__ import annotations

from binance_wsapi.protocol.snapshots import LASTING_S, PROBLEM_AT, SnapshotPace


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
