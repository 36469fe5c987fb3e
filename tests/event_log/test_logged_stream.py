"""How a market stream is joined to the log that another client has written."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from binance_wsapi import StreamGap, WsKey
from binance_wsapi.core import logged_stream
from binance_wsapi.core.event_log import KeptEntry, LogEntry, LogTail
from binance_wsapi.core.log_entries import EVENT, decoded
from binance_wsapi.core.logged_stream import LoggedStream
from binance_wsapi.core.runtime import Runtime

NAME = "btcusdt@trade"
NOW_MS = 1_700_000_000_000


class Log:
    """Keeps what is appended."""

    def __init__(self) -> None:
        self.entries: list[LogEntry] = []

    def publish_stream(self, *given: Any, **kept: Any) -> Log:
        return self

    def append(self, entry: LogEntry) -> None:
        self.entries.append(entry)

    def close(self) -> None: ...

    @property
    def told(self) -> list[Any]:
        """The numbers of trades, and gaps as they are."""
        return [
            told if isinstance(told, StreamGap) else told["t"]
            for told in (
                decoded(each.kind, each.text, msgspec.json.decode) for each in self.entries
            )
        ]


class Clock:
    round_trip = 0.02


class Stands:
    """What a stream stands on: a clock that stands still."""

    options = SimpleNamespace(urls={"main": "ws://127.0.0.1"})
    now_ms = NOW_MS

    def __init__(self) -> None:
        self.exchanges = SimpleNamespace(
            now_us=lambda ws_key: self.now_ms * 1000, clock_of=lambda ws_key: Clock()
        )

    def now(self) -> float:
        return self.now_ms / 1000


def trade(number: int) -> bytes:
    """A trade that was sent so many milliseconds after the start."""
    return b'{"e":"trade","E":%d,"s":"BTCUSDT","t":%d}' % (NOW_MS + number, number)


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def stands() -> Stands:
    return Stands()


@pytest.fixture
def stream(log: Log, stands: Stands) -> LoggedStream:
    made = LoggedStream(cast("Runtime", stands), WsKey.MAIN, NAME)
    made.begin(cast("Any", log), None, None)
    return made


def brings(stream: LoggedStream, *numbers: int) -> None:
    for number in numbers:
        stream.event(NAME, msgspec.Raw(trade(number)))


def tail(*numbers: int) -> LogTail:
    return LogTail(
        entries=[KeptEntry(EVENT, trade(number), NOW_MS + number) for number in numbers],
        time_ms=NOW_MS + numbers[-1],
        whole_ms=NOW_MS + numbers[-1],
        since_us=1,
    )


def test_a_new_log_has_all_that_came(stream: LoggedStream, log: Log) -> None:
    brings(stream, 1, 2)
    since_us = stream.lead(LogTail())
    brings(stream, 3)

    assert log.told == [1, 2, 3]
    assert since_us == NOW_MS * 1000


def test_what_others_have_logged_is_not_logged_again(stream: LoggedStream, log: Log) -> None:
    brings(stream, 1, 2, 3)
    stream.lead(tail(1, 2))
    brings(stream, 4)

    assert log.told == [3, 4]


def test_a_connection_that_is_behind_brings_what_is_logged_first(
    stream: LoggedStream, log: Log
) -> None:
    brings(stream, 1)
    stream.lead(tail(1, 2, 3))
    brings(stream, 2, 3, 4)

    assert log.told == [4]


def test_a_connection_that_misses_what_is_logged_has_a_gap(stream: LoggedStream, log: Log) -> None:
    brings(stream, 1)
    stream.lead(tail(1, 2))
    brings(stream, 5)

    gap, number = log.told
    assert (gap.from_ms, gap.until_ms, number) == (NOW_MS + 2, NOW_MS + 6, 5)


def test_who_saw_nothing_of_it_tells_a_gap_and_nothing_twice(
    stream: LoggedStream, log: Log, stands: Stands
) -> None:
    stream.lead(tail(1, 2))
    brings(stream, 2, 3)

    gap, number = log.told
    assert (gap.from_ms, number) == (NOW_MS + 2, 3)
    assert gap.until_ms > NOW_MS + 20, "it is whole since the round trip at most"


def test_a_gap_of_the_connection_is_told_once_it_is_over(
    stream: LoggedStream, log: Log, stands: Stands
) -> None:
    stream.lead(LogTail())
    brings(stream, 1)
    stream.interrupted(stands.now(), "link")
    stands.now_ms += 100
    stream.resumed("lost", "link")
    brings(stream, 101)

    first, gap, last = log.told
    assert (first, gap.reason, last) == (1, "lost", 101)
    assert (gap.from_ms, gap.until_ms) == (NOW_MS, NOW_MS + 121)


def test_who_takes_over_while_interrupted_tells_one_gap(
    stream: LoggedStream, log: Log, stands: Stands
) -> None:
    brings(stream, 1)
    stands.now_ms += 50
    stream.interrupted(stands.now(), "link")
    stream.lead(tail(1, 2))
    assert not log.told
    stands.now_ms += 50
    stream.resumed("lost", "link")
    brings(stream, 103)

    gap, last = log.told
    assert (gap.from_ms, gap.reason, last) == (NOW_MS + 2, "lost", 103)
    assert gap.until_ms > NOW_MS + 100


def test_what_came_before_an_interruption_joins_nothing(
    stream: LoggedStream, log: Log, stands: Stands
) -> None:
    brings(stream, 1, 2)
    stream.interrupted(stands.now(), "link")
    stream.resumed("lost", "link")
    stream.lead(tail(1, 2))
    brings(stream, 4)

    gap, last = log.told
    assert (gap.from_ms, last) == (NOW_MS + 2, 4)


def test_little_is_kept_while_others_publish(
    stream: LoggedStream, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is let go is said to be missing."""
    monkeypatch.setattr(logged_stream, "MOST_WAITING", 2)
    brings(stream, 1, 2, 3, 4)
    stream.lead(tail(1))

    gap, *numbers = log.told
    assert (gap.from_ms, numbers) == (NOW_MS + 1, [3, 4])
    assert gap.until_ms > NOW_MS + 2


def test_what_was_sent_long_ago_is_not_kept(stream: LoggedStream, log: Log) -> None:
    brings(stream, 1, logged_stream.WAITS_MS + 10)
    stream.lead(tail(1))

    gap, number = log.told
    assert (gap.from_ms, number) == (NOW_MS + 1, logged_stream.WAITS_MS + 10)


def test_who_stands_by_appends_nothing(stream: LoggedStream, log: Log) -> None:
    stream.lead(LogTail())
    brings(stream, 1)
    stream.stand_by()
    brings(stream, 2)

    assert log.told == [1]
