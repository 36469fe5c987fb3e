"""Which link's events count; while one link takes over from another, each event is told once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from binance_wsapi.core.session import Link
from binance_wsapi.protocol.handover import Handover, identity

if TYPE_CHECKING:
    from binance_wsapi.core.runtime import Runtime

__all__ = ["Takeover"]

HOLD_S = 1.0
"""How long an event of a new link waits for its copy on the old one, to keep the order."""


class Takeover:
    """The links that carry one flow of events, on the loop's thread.

    Usually there is one. A move adds another one behind it, with a handover between the two; when
    a further move begins before the first is over, there are three, and what passes the first
    handover goes on through the second.

    Args:
        runtime: What the core stands on.
        tell: Takes each event once, in order.
        identify: What tells an event apart and is the same in its copies.
    """

    def __init__(
        self,
        runtime: Runtime,
        tell: Callable[[bytes], None],
        *,
        identify: Callable[[bytes], Hashable] = identity,
    ) -> None:
        self._runtime = runtime
        self._tell = tell
        self._identify = identify
        self._release_planned = False
        self._links: list[Link] = []
        """Oldest first."""
        self._handovers: list[Handover] = []
        """Between each link and the next."""
        self._carriers: list[Link] = []
        self._gone: set[Link] = set()

    @property
    def link(self) -> Link | None:
        """The newest link that is subscribed."""
        return self._carriers[-1] if self._carriers else None

    @property
    def is_active(self) -> bool:
        """Whether events may come twice."""
        return bool(self._handovers)

    def begin(self, link: Link) -> None:
        """A link is about to be subscribed: from now on what the present one brings is remembered."""
        if link in self._links:
            self._gone.discard(link)  # its subscription was lost, and is made anew
            return
        if self._links:
            self._handovers.append(Handover(hold_s=HOLD_S, identify=self._identify))
        self._links.append(link)

    def carried_by(self, link: Link) -> None:
        """The link is subscribed: its events count."""
        self.begin(link)  # all may have been lost since, and forgotten
        if link not in self._carriers:
            self._carriers.append(link)

    def event(self, link: Link, event: bytes) -> None:
        """An event arrived on a link."""
        if not self._handovers or link not in self._links:
            self._tell(event)
            return
        now = self._runtime.now()
        position = self._links.index(link)
        events = [event]
        if position:
            events = self._handovers[position - 1].from_new(event, now)
            self._plan_release()
        self._pass_on(position, events)
        self._forget_finished(now)

    def lost(self, link: Link) -> bool:
        """A link is gone, or its subscription is; true when nothing carries the events any more."""
        if link not in self._links or link in self._gone:
            return False
        was_carrier = link in self._carriers
        if was_carrier:
            self._carriers.remove(link)
        position = self._links.index(link)
        self._gone.add(link)
        now = self._runtime.now()
        if position and any(other in self._carriers for other in self._links[:position]):
            self._plan_release()  # of what it has brought, and the former one perhaps never does
        elif position:
            # Nobody before it brings anything: what it brought is all there is.
            self._pass_on(position, self._handovers[position - 1].old_ended(now))
        for index, handover in enumerate(self._handovers):
            if index >= position and self._gone.issuperset(self._links[: index + 1]):
                self._pass_on(index + 1, handover.old_ended(now))
        if self._gone.issuperset(self._links):
            self._links.clear()
            self._handovers.clear()
            self._gone.clear()
        return was_carrier and not self._carriers

    def _pass_on(self, position: int, events: list[bytes]) -> None:
        """Tell what a link has brought, through the handovers to those behind it."""
        for handover in self._handovers[position:]:
            events = [told for event in events for told in handover.from_old(event)]
        for event in events:
            self._tell(event)

    def _forget_finished(self, now: float) -> None:
        while self._handovers and self._handovers[0].is_over(now):
            del self._handovers[0]
            self._gone.discard(self._links.pop(0))

    def _plan_release(self) -> None:
        if not self._release_planned:
            self._release_planned = True
            self._runtime.loop.call_later(HOLD_S + 0.01, self._release)

    def _release(self) -> None:
        """Tell what the old link should have brought by now."""
        self._release_planned = False
        now = self._runtime.now()
        for position, handover in enumerate(self._handovers, start=1):
            self._pass_on(position, handover.release(now))
        if any(handover.holds for handover in self._handovers):
            self._plan_release()
