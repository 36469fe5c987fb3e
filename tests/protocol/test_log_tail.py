"""Who goes on with an event log knows which events are in it, and which are not."""

from __future__ import annotations

import json

import pytest

from binance_wsapi.protocol.log_tail import Logged, StreamEnd
from binance_wsapi.protocol.raw_event import RawEvent, raw_event


def events(*numbers: int) -> list[RawEvent]:
    return [
        raw_event(json.dumps({"e": "balanceUpdate", "T": number}).encode()) for number in numbers
    ]


def numbers(found: list[RawEvent]) -> list[int]:
    return [(event.fields or {})["T"] for event in found]


@pytest.mark.parametrize(
    ("in_the_log", "seen", "missing", "is_continued"),
    [
        ((1, 2, 3), (2, 3, 4, 5), [4, 5], True),
        ((1, 2, 3), (3,), [], True),
        ((1, 2, 3), (4, 5), [4, 5], False),
        ((1, 2, 3), (), [], False),
        ((), (1, 2), [1, 2], False),
        # What is older than all of the end that both have was logged before that.
        ((4, 5), (1, 2, 3, 4, 5, 6), [6], True),
        # Two connections may bring events of one moment the other way round.
        ((1, 3), (1, 2, 3, 4), [2, 4], True),
        # Two that look the same are two.
        ((1, 2, 2), (1, 2, 2, 2), [2], True),
    ],
)
def test_what_the_log_has_not_is_told(
    in_the_log: tuple[int, ...], seen: tuple[int, ...], missing: list[int], is_continued: bool
) -> None:
    found, goes_on = Logged(events(*in_the_log)).missing(events(*seen))

    assert (numbers(found), goes_on) == (missing, is_continued)


def test_a_late_copy_is_known_once() -> None:
    (event,) = events(1)
    logged = Logged([event])

    assert logged.take(event)
    assert not logged.take(event)


@pytest.mark.parametrize(
    ("in_the_log", "seen", "first", "is_continued"),
    [
        # The connection has brought all that is logged, and more.
        ((1, 2, 3), (2, 3, 4, 5), 2, True),
        ((1, 2, 3), (3,), 1, True),
        # What the one before did not see lies in the gap that its log tells.
        ((1, 3), (1, 2, 3, 4), 3, True),
        # It is behind: the rest of the log is to come.
        ((1, 2, 3), (1, 2), 2, True),
        # It has something else in the place of the rest.
        ((1, 2, 4), (1, 2, 3), 2, False),
        ((1, 2, 3), (4, 5), 0, False),
        ((1, 2, 3), (), 0, False),
        ((), (1, 2), 0, False),
    ],
)
def test_a_stream_is_joined_where_the_log_ends(
    in_the_log: tuple[int, ...], seen: tuple[int, ...], first: int, is_continued: bool
) -> None:
    end = StreamEnd(in_the_log, seen)

    assert (end.first, end.is_continued) == (first, is_continued)
    assert end.is_over == (not in_the_log or in_the_log[-1] in seen)


def test_what_comes_late_is_logged_until_the_last_has_come() -> None:
    end = StreamEnd((1, 2, 3), (1,))

    assert [end.has(2), end.is_over, end.has(3), end.is_over] == [True, False, True, True]
    assert not end.has(4)
