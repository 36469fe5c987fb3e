"""What a log says of itself holds however inexactly the exchange's time is known."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any, cast

from binance_wsapi.core.event_log import KeptEntry, LogEntry, LogTail, Publisher
from binance_wsapi.core.log_entries import EVENT, decoded, encoded
from binance_wsapi.core.logged_account import LoggedAccount
from binance_wsapi.core.reconciliation import Reconciler
from binance_wsapi.endpoints import WsKey
from binance_wsapi.events import StreamGap
from binance_wsapi.health import LogHealth
from binance_wsapi.markets import Market
from binance_wsapi.markets.books import books_of
from binance_wsapi.protocol.raw_event import raw_event

NOW_MS = 1_700_000_000_000
ROUND_TRIP_MS = 60_000


class Inlet:
    is_interrupted = False

    def earliest_us(self) -> int:
        return NOW_MS * 1000

    def latest_us(self) -> int:
        return (NOW_MS + ROUND_TRIP_MS) * 1000


class Log:
    """Keeps what is appended."""

    def __init__(self) -> None:
        self.entries: list[LogEntry] = []

    def attach(
        self,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        now: Callable[[], float],
        tell: Callable[[str, str, str], None],
    ) -> None: ...

    def publish(self, account: str, stream: str, publisher: Publisher) -> Log:
        return self

    def publish_stream(
        self,
        exchange: str,
        stream: str,
        publisher: Publisher,
        *,
        keep: int | None,
        keep_hours: float | None,
    ) -> Log:
        return self

    async def leave(self) -> None: ...

    def append(self, entry: LogEntry) -> None:
        self.entries.append(entry)

    def close(self) -> None: ...

    def health(self) -> LogHealth:
        raise NotImplementedError


class Questions:
    """Takes questions, and never answers."""

    has_rest = True
    ws_key = WsKey.MAIN_WSAPI
    runtime = SimpleNamespace(now=lambda: 0.0, spawn=lambda question: question.close())

    def exchange_us(self) -> int:
        return NOW_MS * 1000


def reconcilers(tell: Callable[[object], None], since_us: int) -> list[Reconciler]:
    return [Reconciler(cast("Any", Questions()), books_of(Market.SPOT)[0], tell, since_us=since_us)]


def published(tail: LogTail, make: Any = lambda *_: []) -> tuple[LoggedAccount, Log, int]:
    """Return an account whose client publishes, the log, and since when that is kept."""
    log = Log()
    account = LoggedAccount(
        log,
        "desk",
        "stream",
        Inlet(),
        make=lambda tell, since_us: make(tell, since_us),
        follow=lambda books: None,
    )
    account.begin()
    return account, log, account.lead(tail)


def test_a_new_log_is_kept_since_no_later_than_events_came() -> None:
    account, log, since_us = published(LogTail())
    account.event(raw_event(b'{"e":"somethingNew","E":%d}' % (NOW_MS + 5)))

    assert since_us == NOW_MS * 1000
    assert log.entries[-1].whole_ms == NOW_MS + 5


def test_a_gap_whose_end_is_told_late_is_looked_into_from_where_it_ended() -> None:
    """Whoever takes over next looks for orders from there on."""
    before = NOW_MS - 10_000
    account, log, _ = published(LogTail(time_ms=before, whole_ms=before, since_us=1))
    account.interrupted()
    account.resumed()
    told = StreamGap(from_ms=before, until_ms=NOW_MS + ROUND_TRIP_MS, reason="lost")
    account.gap(told)

    assert [entry.kind for entry in log.entries] == ["gap", "gap"]
    assert all(before < entry.whole_ms <= NOW_MS + 1 for entry in log.entries)


def test_the_log_is_whole_until_a_gap_begins_that_is_noticed_late() -> None:
    """Whoever takes over next has to know all that was told since then: of that nothing is told again."""
    account, log, _ = published(LogTail(), reconcilers)
    account.event(raw_event(b'{"e":"somethingNew","E":%d}' % (NOW_MS + 9_000)))
    account.interrupted()
    account.gap(StreamGap(from_ms=NOW_MS + 5_000, until_ms=NOW_MS + 9_500, reason="it was silent"))

    assert [entry.whole_ms - NOW_MS for entry in log.entries] == [9_000, 5_000]


def test_a_gap_that_was_left_open_is_closed_by_who_has_seen_all() -> None:
    """It goes on from the moment until which its publisher has seen all, whatever is known since when."""
    before, lost = NOW_MS - 50_000, NOW_MS - 10_000
    last = b'{"e":"somethingNew","E":%d}' % before
    open_gap = StreamGap(from_ms=lost, until_ms=NOW_MS - 9_000, reason="lost", is_open=True)
    entries = [KeptEntry(EVENT, last, before), KeptEntry(*encoded(open_gap), before + 1)]
    tail = LogTail(entries=entries, time_ms=before + 1, whole_ms=before, since_us=1)
    _, log, _ = published(tail, reconcilers)

    [closing] = log.entries
    gap = decoded(closing.kind, closing.text, lambda text: text)
    assert (gap.from_ms, gap.is_open) == (lost, False)
    assert closing.whole_ms == before, "orders of the gap are yet to be looked for"
