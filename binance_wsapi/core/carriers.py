"""The links that carry one flow of events: while it moves from one to the next, each event is told once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Generic, TypeVar

from binance_wsapi.core.link import Link
from binance_wsapi.protocol.event_merge import EventMerge

if TYPE_CHECKING:
    from binance_wsapi.core.runtime import Runtime

__all__ = ["Carriers"]

HOLD_S = 1.0
"""How long an event of a new link waits for its copy on the old one, to keep the order."""


E = TypeVar("E")


class Carriers(Generic[E]):
    """The links that carry one flow of events, on the loop's thread.

    Usually there is one. A move adds another one behind it, with a merge between the two; when
    a further move begins before the first is over, there are three, and what passes the first
    merge goes on through the second.

    Args:
        runtime: What the core stands on.
        tell: Takes each event once, in order.
        identify: What tells an event apart and is the same in its copies.
        too_late: Is told of a link that has brought an event from before what was told already, and of the
            first such event, which is told no more. Without it such an event is told behind those that it
            lies before.
    """

    def __init__(
        self,
        runtime: Runtime,
        tell: Callable[[E], None],
        *,
        identify: Callable[[E], Hashable],
        too_late: Callable[[Link, E], object] | None = None,
    ) -> None:
        self._runtime = runtime
        self._tell = tell
        self._identify = identify
        self._too_late = too_late
        self._late: dict[Link, E] = {}
        """The first event of each link that was too late, until that is told."""
        self._release_planned = False
        self._links: list[Link] = []
        """Oldest first."""
        self._merges: list[EventMerge[E]] = []
        """Between each link and the next."""
        self._subscribed: list[Link] = []
        self._gone: set[Link] = set()
        self._left_at: dict[Link, float] = {}
        """Since when another link carries the events in place of each that may still bring some."""
        self._latest: dict[Link, E] = {}
        """The last event of each link."""

    @property
    def link(self) -> Link | None:
        """The newest link that is subscribed."""
        return self._subscribed[-1] if self._subscribed else None

    @property
    def is_active(self) -> bool:
        """Whether events may come twice."""
        return bool(self._merges)

    def begin(self, link: Link) -> None:
        """A link is about to be subscribed: from now on what the present one brings is remembered."""
        if link in self._links:
            self._gone.discard(link)  # its subscription was lost, and is made anew
            return
        if self._links:
            self._merges.append(EventMerge(hold_s=HOLD_S, identify=self._identify))
        self._links.append(link)

    def carried_by(self, link: Link) -> bool:
        """The link is subscribed: its events count; true when another one has carried them until now."""
        self.begin(link)  # all may have been lost since, and forgotten
        former = self.link
        is_move = former is not None and former is not link
        was_left = former in self._left_at
        if former is not None and is_move:
            self._left_at[former] = self._runtime.now()
        if link not in self._subscribed:
            self._subscribed.append(link)
        return is_move and not was_left

    def event(self, link: Link, event: E) -> None:
        """An event arrived on a link."""
        self._latest[link] = event
        # Where no merge is under way nothing comes twice; a link that never began has no copies elsewhere.
        if not self._merges or link not in self._links:
            self._tell(event)
            return
        now = self._runtime.now()
        position = self._links.index(link)
        events = [event]
        if position:
            events = self._merges[position - 1].from_new(event, now)
            self._plan_release()
        self._pass_on(position, events)
        self._forget_finished(now)
        self._tell_late()

    def forget(self, link: Link) -> tuple[float | None, E | None]:
        """Return since when another link has carried the events in its place, and its last event.

        Asked once, before :meth:`lost`.
        """
        return self._left_at.pop(link, None), self._latest.pop(link, None)

    def lost(self, link: Link) -> bool:
        """A link is gone, or its subscription is; true when nothing carries the events any more."""
        if link not in self._links or link in self._gone:
            return False
        was_carrier = link in self._subscribed
        if was_carrier:
            self._subscribed.remove(link)
        position = self._links.index(link)
        self._gone.add(link)
        now = self._runtime.now()
        if position and any(other in self._subscribed for other in self._links[:position]):
            self._plan_release()  # of what it has brought, and the former one perhaps never does
        elif position:
            # Nobody before it brings anything: what it brought is all there is.
            self._pass_on(position, self._merges[position - 1].old_ended(now))
        # What reaches a merge on its old side has passed all those before: it ends with the last of them.
        for index, merge in enumerate(self._merges):
            if index >= position and self._gone.issuperset(self._links[: index + 1]):
                self._pass_on(index + 1, merge.old_ended(now))
        if self._gone.issuperset(self._links):
            self._links.clear()
            self._merges.clear()
            self._gone.clear()
        self._forget_finished(now)
        is_interrupted = was_carrier and not self._subscribed
        self._tell_late()
        return is_interrupted

    def _pass_on(self, position: int, events: list[E]) -> None:
        """Tell what a link has brought, through the merges to those behind it."""
        for merge in self._merges[position:]:
            events = [
                told
                for event in events
                if not self._is_too_late(merge, position, event)
                for told in merge.from_old(event)
            ]
        for event in events:
            self._tell(event)

    def _is_too_late(self, merge: EventMerge[E], position: int, event: E) -> bool:
        is_late = self._too_late is not None and merge.is_too_late(event)
        if is_late:
            self._late.setdefault(self._links[position], event)
        return is_late

    def _tell_late(self) -> None:
        while self._late and self._too_late is not None:
            self._too_late(*self._late.popitem())

    def _forget_finished(self, now: float) -> None:
        while self._merges and self._merges[0].is_over(now):
            del self._merges[0]
            self._gone.discard(self._links.pop(0))
        # One link may serve for months while attempts to replace it come to nothing.
        for position in range(len(self._links) - 1, 0, -1):
            link = self._links[position]
            if link in self._gone and self._merges[position - 1].is_idle:
                del self._merges[position - 1], self._links[position]
                self._gone.discard(link)

    def _plan_release(self) -> None:
        if not self._release_planned:
            self._release_planned = True
            self._runtime.loop.call_later(HOLD_S + 0.01, self._release)

    def _release(self) -> None:
        """Tell what the old link should have brought by now."""
        self._release_planned = False
        now = self._runtime.now()
        for position, merge in enumerate(self._merges, start=1):
            self._pass_on(position, merge.release(now))
        self._forget_finished(now)
        self._tell_late()
        if any(merge.holds for merge in self._merges):
            self._plan_release()
