"""What a publisher has handed in waits for a server that is away, and stays known for a while, within bounds."""

from __future__ import annotations

import pytest

from binance_wsapi.core.event_log import LogEntry
from binance_wsapi.event_log import backlog
from binance_wsapi.event_log.backlog import Backlog

KEPT = 5


def entry(size: int = 1) -> LogEntry:
    return LogEntry("event", b"x" * size, 0, 0, {})


def filled(count: int, *, size: int = 1, written: int = 0) -> Backlog:
    made = Backlog(KEPT)
    for _ in range(count):
        made.append(entry(size))
    made.written = written
    return made


def test_as_many_wait_as_may_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "MOST_ENTRIES", 3)

    assert not filled(3).is_too_long
    assert filled(4).is_too_long
    assert not filled(4, written=1).is_too_long


def test_large_events_wait_in_smaller_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """10000 of all symbols would be gigabytes."""
    monkeypatch.setattr(backlog, "MOST_BYTES", 100)

    assert not filled(2, size=50).is_too_long
    assert filled(3, size=50).is_too_long
    assert not filled(1, size=500).is_too_long, "one may always wait"


def test_what_the_server_has_counts_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "MOST_BYTES", 100)
    waiting = filled(2, size=50, written=2)
    waiting.append(entry(50))

    assert waiting.unwritten == 1
    assert not waiting.is_too_long


def test_the_last_are_still_known_when_the_server_has_them() -> None:
    waiting = filled(9, written=9)
    waiting.append(entry())

    assert waiting.knows(5)
    assert not waiting.knows(4)
    waiting.rewind()
    assert waiting.unwritten == KEPT


def test_large_events_are_known_for_less_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "MOST_KEPT_BYTES", 100)
    waiting = filled(4, size=50, written=4)
    waiting.append(entry(50))

    waiting.rewind()
    assert waiting.unwritten == 2


def test_a_batch_is_short_where_events_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "BATCH", 3)
    monkeypatch.setattr(backlog, "BATCH_BYTES", 100)

    assert len(filled(9, size=10).batch()) == 3
    assert len(filled(9, size=50).batch()) == 2
    assert len(filled(9, size=500).batch()) == 1
    assert len(filled(9, size=50, written=8).batch()) == 1
    assert filled(9, written=9).batch() == []


def test_what_is_learnt_goes_with_the_last_that_waits() -> None:
    waiting = filled(2, written=1)

    assert waiting.learn({"7": b"it"})
    assert waiting.batch()[-1].orders == {"7": b"it"}
    assert not filled(2, written=2).learn({"7": b"it"})


def test_a_turn_begins_with_nothing() -> None:
    waiting = filled(9, size=50, written=3)
    waiting.begin()
    waiting.append(entry())

    assert (waiting.unwritten, waiting.written) == (1, 0)
