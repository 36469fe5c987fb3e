"""A feed that rides on one link after the other and tells the gap between them, if there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from binance_wsapi.core.account_books import Reconciles
from binance_wsapi.core.carriers import Carriers
from binance_wsapi.core.feed import Feed
from binance_wsapi.core.link import Link
from binance_wsapi.core.lost_answers import LostAnswers
from binance_wsapi.events import StreamGap
from binance_wsapi.protocol.event_merge import identity
from binance_wsapi.protocol.order_events import micros
from binance_wsapi.protocol.raw_event import RawEvent

if TYPE_CHECKING:
    from binance_wsapi.core.logged_account import LoggedAccount

__all__ = ["LinkedFeed", "Observer"]

TOO_LATE = "events came later than those after them"


class Observer(Protocol):
    """Who sees an account's events beside its stream; called on the loop's thread."""

    def event(self, event: RawEvent) -> None:
        """An event came, after all that came before it."""

    def interrupted(self) -> None:
        """Events are missing from now on."""

    def resumed(self) -> None:
        """No event is missing from now on."""

    def stopped(self) -> None:
        """Nothing will come any more."""


class LinkedFeed(Feed):
    """User data of one account, whatever link carries it.

    Args:
        lost_answers: Who is shown the events while the fate of a request is unknown.
        subscribed_by: The call that subscribes it, as texts name it.
        *args: As for any feed.
        **kwargs: As for any feed.
    """

    def __init__(
        self, *args: Any, lost_answers: LostAnswers, subscribed_by: str, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._lost_answers = lost_answers
        self._subscribed_by = subscribed_by
        self._carriers: Carriers[RawEvent] = Carriers(
            self._runtime, self._tell, identify=identity, too_late=self._comes_too_late
        )
        self.let_go: Callable[[Any, str], object] = lambda link, reason: None
        """Ends a link, or its subscription, and tells of its loss here."""
        self._loss = ""
        self._told_us = 0
        """The time of the last event before the present gap."""
        self._is_restored = self._runtime.options.resubscribe_user_data_stream_after_reconnect
        self.reconciler: Reconciles | None = None
        """Finds out what was missed in a gap, where the market can be asked; made with the first link
        that is subscribed, since the first event may come before the subscriber is told."""
        self.observers: list[Observer] = []
        """Who sees the events beside the stream."""
        self.make_reconciler: Callable[[], Reconciles] | None = None
        self.log: LoggedAccount | None = None
        """Brings what the stream tells into an event log as well."""

    def expect(self, link: Link) -> None:
        """The link is about to be subscribed."""
        self._carriers.begin(link)

    def carried_by(self, link: Link) -> None:
        """The link is subscribed: its events count from now on."""
        if self.reconciler is None and self.make_reconciler is not None:
            self.reconciler = self.make_reconciler()
        was_interrupted = self.resumed(self._loss)
        if self._carriers.carried_by(link):
            self._moving()
        if was_interrupted:
            self._gone_on()

    def deliver(self, event: RawEvent, link: Link) -> None:
        """An event arrived on a link."""
        if self._lost_answers.is_busy:
            self._lost_answers.event(event, self._runtime.exchanges.own_orders_of(self._ws_key))
        self._carriers.event(link, event)

    def lost(self, link: Link, reason: str) -> bool:
        """The link is gone, or its subscription is; true when that interrupts the events."""
        left_at, latest = self._carriers.forget(link)
        last_told_us = _time_us(latest)
        if self._carriers.lost(link):
            self._loss = reason
            self._begin_gap(link.proven_at, last_told_us)
            return True
        if left_at is None and self._is_restored:
            self.not_restored(reason)  # it was to carry the events, and came to nothing
        elif left_at is not None and link.proven_at >= left_at:
            self._moved()
        elif left_at is not None:
            # It was not what it seemed when another took over: silent already, perhaps.
            self.doubted(link.proven_at, reason, told_us=last_told_us)
        return False

    def _comes_too_late(self, link: Link, event: RawEvent) -> None:
        """What the link brings lies before what was told: from this event on it is to lie in a gap."""
        self.doubted(link.opened_at, TOO_LATE, told_us=_time_us(event))
        link.proven_at = self._runtime.now()  # what is missing until now has been told
        self.let_go(link, TOO_LATE)

    def _moving(self) -> None:
        if self.reconciler is not None:
            self.reconciler.moving()
        if self.log is not None:
            self.log.moving()

    def _moved(self) -> None:
        if self.reconciler is not None:
            self.reconciler.moved()
        if self.log is not None:
            self.log.moved()

    def _gone_on(self) -> None:
        if self.reconciler is not None:
            self.reconciler.begin()
        for observer in self._observers():
            observer.resumed()

    def _observers(self) -> list[Observer]:
        return self.observers if self.log is None else [*self.observers, self.log]

    def tell_gap(self, gap: StreamGap) -> None:
        """Append a gap."""
        super().tell_gap(gap)
        if self.log is not None:
            self.log.gap(gap)

    def not_restored(self, reason: str) -> None:
        """An attempt to go on failed: whoever reads the stream learns it while the gap lasts."""
        self.remains_interrupted(f"{self._loss}; not restored yet: {reason}")

    def left_off(self, reason: str) -> str:
        """Nobody subscribes again but the caller: tell the gap, return its reason with the way out."""
        reason = f"{reason}; resubscribing is switched off: {self._subscribed_by} goes on with this stream"
        self.remains_interrupted(reason)
        return reason

    def interrupted_since(self, whole_until: float) -> None:
        """The present gap began earlier than it seemed.

        Args:
            whole_until: Since when, monotonic seconds.
        """
        self.interrupted_earlier(whole_until, told_us=self._told_us)

    def doubted(self, whole_until: float, reason: str, *, told_us: int = 0) -> None:
        """Events may be missing of what seemed whole; they flow now.

        Args:
            whole_until: Since when, monotonic seconds.
            reason: What the gap is told for.
            told_us: The time of the last event, or the first missing one; none is missing before it.
        """
        self._begin_gap(whole_until, told_us)
        self.resumed(reason)
        self._gone_on()

    def _begin_gap(self, whole_until: float, told_us: int) -> None:
        self._told_us = told_us
        self.interrupted(whole_until, told_us=told_us)
        if self.reconciler is not None:
            self.reconciler.interrupted()
        for observer in self._observers():
            observer.interrupted()

    def end(self) -> None:
        """Nothing will come any more."""
        if self.reconciler is not None:
            self.reconciler.end()
        self.resumed(self._loss)
        observers, self.observers, self.log = self._observers(), [], None
        for observer in observers:
            observer.stopped()
        super().end()

    def _tell(self, event: RawEvent) -> None:
        for observer in self.observers:
            observer.event(event)
        if self.log is not None:
            self.log.event(event)
        if self.reconciler is None or self.reconciler.is_news(event):
            self.put(self.decode, event.data)


def _time_us(event: RawEvent | None) -> int:
    """Return when the exchange sent an event, in epoch microseconds; 0 when that is not known."""
    return 0 if event is None else micros(event.time)
