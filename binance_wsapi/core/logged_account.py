"""Brings one account's events into an event log, and goes on with what the log knows of its orders."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from binance_wsapi.core.account_books import AccountBooks, Reconciles
from binance_wsapi.core.event_log import EventLog, LogEntry, LogTail, LogWriter
from binance_wsapi.core.log_entries import EVENT, LoggedOrder, encoded, gap_told, order_told
from binance_wsapi.events import AccountReconciled, StreamGap
from binance_wsapi.health import LogHealth
from binance_wsapi.markets import Market
from binance_wsapi.protocol.log_tail import Logged
from binance_wsapi.protocol.missed_trades import MissedTrades
from binance_wsapi.protocol.order_events import micros
from binance_wsapi.protocol.raw_event import RawEvent, raw_event

if TYPE_CHECKING:
    from binance_wsapi.core.reconciliation import Reconciler
    from binance_wsapi.endpoints import WsKey
    from binance_wsapi.markets.books import AccountBook

__all__ = ["LoggedAccount", "log_name", "stream_of"]

MOST_WAITING = 10_000
"""Events that are kept while another client publishes."""


class Inlet(Protocol):
    """The feed that is logged."""

    @property
    def is_interrupted(self) -> bool:
        """Whether events may be missing now."""

    def earliest_us(self) -> int:
        """Return the exchange's time, epoch microseconds, rather early than late."""
        raise NotImplementedError

    def latest_us(self) -> int:
        """Return the exchange's time, epoch microseconds, rather late than early."""


class LoggedAccount:
    """Brings the events of one account into a log; owned by the loop's thread.

    It has reconcilers of its own, which go on with what the log knows of orders: the log may have gaps
    that this client's stream has not, and the other way round.

    Args:
        event_log: The log.
        account: Who the account is: no secret, and not its key.
        stream: Which of its streams.
        inlet: The feed that is logged.
        make: Makes the reconcilers of the account, given who takes records and since when events
            were told.
        follow: Is handed the reconcilers while they count, and nothing when they do no longer.
    """

    def __init__(
        self,
        event_log: EventLog,
        account: str,
        stream: str,
        inlet: Inlet,
        *,
        make: Callable[[Callable[[object], None], int], list[Reconciler]],
        follow: Callable[[Sequence[Reconciler]], None],
    ) -> None:
        self._event_log = event_log
        self._account = account
        self._stream = stream
        self._inlet = inlet
        self._make = make
        self._follow = follow
        self._writer: LogWriter | None = None
        self._leads = False
        self._books: list[Reconciler] = []
        self._reconciler: Reconciles | None = None
        self._is_moving = False
        """The reconcilers were told that another link takes over."""
        self._logged = Logged(())
        self._time_ms = 0
        """When the latest of what is in the log was sent."""
        self._unsettled_ms: int | None = None
        """Since when it is still being found out what happened."""
        self._unsettled: set[Market] = set()
        """Of which markets."""
        self._gap_from_ms: int | None = None
        """Since when the log has had nothing, while this client's own stream is interrupted."""
        self._waiting: deque[RawEvent] = deque(maxlen=MOST_WAITING)
        """What came while another client may have published."""
        self._whole_since_us = 0
        """Since when nothing is missing in that; rather early: what is said to be whole is not looked into."""
        self._gap_until_us = 0
        """The same moment, rather late: until then events may be missing."""

    def begin(self) -> None:
        """The account's events come from now on."""
        self._forget_waiting()
        self._writer = self._event_log.publish(self._account, self._stream, self)

    def health(self) -> LogHealth | None:
        """Return how the log is doing; ``None`` before it has begun."""
        return None if self._writer is None else self._writer.health()

    # What the feed tells

    def event(self, event: RawEvent) -> None:
        """An event came, after all that came before it."""
        if not self._leads:
            if len(self._waiting) == MOST_WAITING:
                self._forget_waiting()
            self._waiting.append(event)
        elif not self._logged.take(event):
            self._publish(event)

    def gap(self, gap: StreamGap) -> None:
        """The feed tells a gap."""
        if self._leads:
            self._tell(gap)

    def interrupted(self) -> None:
        """Events are missing from now on."""
        self._waiting.clear()
        if self._leads and self._reconciler is not None:
            self._unsettle(self._time_ms)
            self._reconciler.interrupted()

    def resumed(self) -> None:
        """No event is missing from now on."""
        self._forget_waiting()
        if self._leads:
            self._go_on()

    def moving(self) -> None:
        """Another link takes over."""
        if self._reconciler is not None:
            self._is_moving = True
            self._reconciler.moving()

    def moved(self) -> None:
        """All events came."""
        if self._reconciler is not None and self._is_moving:
            self._is_moving = False
            self._reconciler.moved()

    def stopped(self) -> None:
        """Nothing will come any more."""
        self._end_reconcilers()
        self._leads = False
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    # What the log tells

    @property
    def is_interrupted(self) -> bool:
        """Whether events may be missing now."""
        return self._inlet.is_interrupted

    def lead(self, tail: LogTail) -> int:
        """Publish from now on; return since when the log is kept, epoch microseconds."""
        waiting = list(self._waiting)
        self._waiting.clear()
        self._leads = True
        self._time_ms, self._gap_from_ms = tail.time_ms, None
        is_new = not tail.whole_ms
        since_us = self._whole_since_us if is_new else tail.since_us
        self._logged = Logged(raw_event(text) for kind, text, _ in tail.entries if kind == EVENT)
        missing, is_continued = self._logged.missing(waiting)
        self._unsettled_ms = None
        knows_gaps = self._begin_reconcilers(tail, since_us)
        is_settled = tail.whole_ms >= tail.time_ms
        if is_new:
            self._time_ms = since_us // 1000
        elif not is_continued or self._inlet.is_interrupted or not (is_settled or knows_gaps):
            self._gap_from_ms = tail.time_ms if knows_gaps else tail.whole_ms
        if (open_since_ms := _open_gap_since(tail)) is not None:
            # Until then its publisher saw all; readers wait to be told its end.
            self._gap_from_ms = open_since_ms
        if not is_new and (self._gap_from_ms is not None or not is_settled):
            self._unsettle(tail.whole_ms)
        is_behind = self._gap_from_ms is not None or self._unsettled_ms is not None
        if self._reconciler is not None:
            if self._inlet.is_interrupted or is_behind:
                self._reconciler.interrupted()
            self._reconciler.start()
        if is_behind and not self._inlet.is_interrupted:
            self._go_on()
        for event in missing:
            self._publish(event)
        return since_us

    def stand_by(self) -> None:
        """Publish no more: somebody else does, or what was handed in could not be kept."""
        self._leads = False
        self._end_reconcilers()
        self._forget_waiting()

    def time_ms(self) -> int:
        """Return the exchange's time, epoch milliseconds, rather early than late."""
        return self._inlet.earliest_us() // 1000

    def whole_for_ms(self) -> int:
        """Return for how long nothing has been missing in what came, milliseconds."""
        if self._inlet.is_interrupted:
            return 0
        return max(0, self._inlet.earliest_us() - self._whole_since_us) // 1000

    def changed_orders(self) -> Mapping[str, bytes]:
        """Return what was learnt of orders since the last time; empty where one is over."""
        found: dict[str, bytes] = {}
        for at, each in enumerate(self._books):
            orders = each.orders
            if orders.changed:
                found |= {_name(at, key): orders.kept(key) or b"" for key in orders.changed}
                orders.changed.clear()
        return found

    def known_orders(self) -> Mapping[str, bytes]:
        """Return what is known of all live orders."""
        return {
            _name(at, key): each.orders.kept(key) or b""
            for at, each in enumerate(self._books)
            for key in each.orders
        }

    def _forget_waiting(self) -> None:
        self._waiting.clear()
        self._whole_since_us = self._inlet.earliest_us()
        self._gap_until_us = self._inlet.latest_us()

    def _begin_reconcilers(self, tail: LogTail, since_us: int) -> bool:
        """Go on with what the log knows; return whether that includes gaps that are yet to be looked into."""
        self._end_reconcilers()
        self._books = books = self._make(self._tell, since_us)
        if not books:
            return False
        for each in books:
            each.orders.changed = set()
            each.missed = MissedTrades(each.orders)
        for name, kept in tail.orders.items():
            book, symbol, order_id = name.split(":")
            books[int(book)].orders.go_on_with((symbol, int(order_id)), kept)
        knows_gaps, before_ms = False, tail.whole_ms
        for kind, text, time_ms in tail.entries:
            if (gap := gap_told(kind, text)) is not None and time_ms > tail.whole_ms:
                knows_gaps = True
                _begin_gap(books, min(before_ms, gap.from_ms))
            elif (told := order_told(kind, text)) is not None:
                for each in books:
                    if len(books) == 1 or _is_of_book(each.book, told):
                        _told_before(each, told)
            before_ms = time_ms
        self._reconciler = books[0] if len(books) == 1 else AccountBooks(books)
        self._follow(books)
        return knows_gaps

    def _end_reconcilers(self) -> None:
        if self._reconciler is not None:
            self._reconciler.end()
            self._follow(())
        self._reconciler, self._books, self._is_moving = None, [], False

    def _go_on(self) -> None:
        """Nothing is missing any more: tell what was, and have it found out."""
        if self._gap_from_ms is not None:
            since_ms, self._gap_from_ms = self._gap_from_ms, None
            self._tell(
                StreamGap(
                    from_ms=since_ms,
                    until_ms=max(since_ms, self._gap_until_us // 1000) + 1,
                    reason="nobody published the account's events",
                )
            )
        if self._reconciler is not None:
            self._reconciler.begin()

    def _publish(self, event: RawEvent) -> None:
        if self._reconciler is None or self._reconciler.is_news(event):
            self._append(EVENT, bytes(event.data), micros(event.time) // 1000)

    def _unsettle(self, since_ms: int) -> None:
        if self._unsettled_ms is None:
            self._unsettled_ms = since_ms
        self._unsettled = {each.book.market for each in self._books}
        if not self._unsettled:
            self._unsettled_ms = None  # nobody can be asked

    def _tell(self, record: Any) -> None:
        if isinstance(record, AccountReconciled):  # it ends what is told after a gap
            if not any(
                each.is_searching and each.book.market is record.market for each in self._books
            ):
                self._unsettled.discard(record.market)
            if not self._unsettled:
                self._unsettled_ms = None
        kind, text = encoded(record)
        time_ms = 0
        if isinstance(record, StreamGap):
            since_ms = min(self._time_ms, record.from_ms)
            _begin_gap(self._books, since_ms)
            if self._unsettled_ms is not None:
                self._unsettled_ms = min(self._unsettled_ms, since_ms)
            # Whoever goes on looks for orders from here on: the gap's own end is told rather late.
            time_ms = max(self._time_ms + 1, self._whole_since_us // 1000)
        self._append(kind, text, time_ms)

    def _append(self, kind: str, text: bytes, time_ms: int) -> None:
        self._time_ms = max(self._time_ms, time_ms)
        whole_ms = self._time_ms if self._unsettled_ms is None else self._unsettled_ms
        if self._writer is not None:
            orders = self.changed_orders()
            self._writer.append(LogEntry(kind, text, self._time_ms, whole_ms, orders))


def log_name(api_key: str) -> str:
    """Return what tells accounts apart in a log: it leads back to no key."""
    return hashlib.sha256(f"binance-wsapi events {api_key}".encode()).hexdigest()[:24]


def stream_of(ws_key: WsKey, isolated_symbol: str | None) -> str:
    """Return what tells the streams of an account apart."""
    return str(ws_key) if isolated_symbol is None else f"{ws_key}:{isolated_symbol}"


def _name(book: int, key: tuple[str, int]) -> str:
    return f"{book}:{key[0]}:{key[1]}"


def _open_gap_since(tail: LogTail) -> int | None:
    """Return since when the gap lasts that a publisher left open, epoch milliseconds."""
    for kind, text, _ in reversed(tail.entries):
        if (gap := gap_told(kind, text)) is not None:
            return gap.from_ms if gap.is_open else None
    return None


def _begin_gap(books: Sequence[Reconciler], since_ms: int) -> None:
    """Have trades looked for that were made between what was told until now and what is told from now on."""
    for each in books:
        if each.missed is not None:
            each.missed.gap(since_ms)


def _told_before(reconciler: Reconciler, told: LoggedOrder) -> None:
    """Have somebody know what was told of an order before."""
    key = told.symbol, told.order_id
    reconciler.orders.was_told(key, told.trade_ids, has_ended=told.has_ended)
    if told.market is None and reconciler.missed is not None:
        for trade_id in told.trade_ids:
            reconciler.missed.told(told.symbol, trade_id)


def _is_of_book(book: AccountBook, told: LoggedOrder) -> bool:
    if book.is_algo is not told.is_algo:
        return False
    if told.market is None:
        return book.business_unit == told.unit
    return book.market is told.market
