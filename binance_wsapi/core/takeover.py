"""Which link's events count; while one link takes over from another, each event is told once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from binance_wsapi.core.session import Link
from binance_wsapi.protocol.handover import Handover, identity

if TYPE_CHECKING:
    from binance_wsapi.core.core import Core

__all__ = ["Takeover"]

HOLD_S = 1.0
"""How long an event of a new link waits for its copy on the old one, to keep the order."""


class Takeover:
    """The links that carry one flow of events, on the loop's thread.

    Args:
        core: The client's core.
        tell: Takes each event once, in order.
        identify: What tells an event apart and is the same in its copies.
    """

    def __init__(
        self,
        core: Core,
        tell: Callable[[bytes], None],
        *,
        identify: Callable[[bytes], Hashable] = identity,
    ) -> None:
        self._core = core
        self._tell = tell
        self._identify = identify
        self._release_planned = False
        self.link: Link | None = None
        """The link whose events count; the newer one once two are subscribed."""
        self._old: Link | None = None
        self._newcomer: Link | None = None
        self._handover: Handover | None = None

    @property
    def is_active(self) -> bool:
        """Whether events may come twice."""
        return self._handover is not None

    def begin(self, link: Link) -> None:
        """A link is about to be subscribed: from now on what the present one brings is remembered."""
        if self.link is not None and self.link is not link:
            self._handover = Handover(hold_s=HOLD_S, identify=self._identify)
            self._newcomer = link

    def carried_by(self, link: Link) -> None:
        """The link is subscribed: its events count."""
        if self.link is not link:
            self._old, self.link = self.link, link

    def event(self, link: Link, event: bytes) -> None:
        """An event arrived on a link."""
        handover = self._handover
        if handover is None:
            self._tell(event)
            return
        now = self._core.now()
        if handover.is_over(now):
            self._handover = None
            self._tell(event)
        elif link is self._newcomer:
            self._tell_all(handover.from_new(event, now))
            self._plan_release()
        else:
            self._tell_all(handover.from_old(event))

    def lost(self, link: Link) -> bool:
        """A link is gone, or its subscription is; true when nothing carries the events any more."""
        handover = self._handover
        if link is self._old:
            self._old = None
            if handover is not None:
                self._tell_all(handover.old_ended(self._core.now()))
            return False
        if link is not self.link:
            if link is self._newcomer and handover is not None:
                handover.new_ended()
            return False
        self.link, self._old = self._old, None
        if self.link is not None:
            if handover is not None:
                handover.new_ended()
            return False
        if handover is not None:
            self._handover = None
            self._tell_all(handover.old_ended(self._core.now()))
        return True

    def _tell_all(self, events: list[bytes]) -> None:
        for event in events:
            self._tell(event)

    def _plan_release(self) -> None:
        if not self._release_planned:
            self._release_planned = True
            self._core.loop.call_later(HOLD_S + 0.01, self._release)

    def _release(self) -> None:
        """Tell what the old link should have brought by now."""
        self._release_planned = False
        handover = self._handover
        if handover is not None:
            self._tell_all(handover.release(self._core.now()))
            if handover.holds:
                self._plan_release()
