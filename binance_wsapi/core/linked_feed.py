"""A feed that knows its link: during a rotation two links carry its events, each is told once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from binance_wsapi.core.feed import Feed
from binance_wsapi.core.session import Link

if TYPE_CHECKING:
    from binance_wsapi.protocol.handover import Handover

__all__ = ["LinkedFeed"]


class LinkedFeed(Feed):
    """User data that rides on one link after the other."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.link: Link | None = None
        """The link whose events count; the newer one while two are subscribed."""
        self._old: Link | None = None
        self._handover: Handover | None = None

    def carried_by(self, link: Link, reason: str) -> None:
        """The link is subscribed: its events count from now on.

        Args:
            link: The link.
            reason: Why events may be missing, if some may.
        """
        if self.link is None:
            self.resumed(reason)
        elif link is not self.link:
            # Both are subscribed until the old one is let go: each event comes twice.
            from binance_wsapi.protocol.handover import Handover

            self._handover = Handover()
            self._handover.start(self._core.now())
            self._old = self.link
        self.link = link

    def deliver(self, event: bytes, link: Link) -> None:
        """An event arrived on a link."""
        if self.link is None or link.number > self.link.number:
            self.carried_by(link, "the connection was lost")
        if self._handover is None:
            self.put_event(event)
        elif link is self.link:
            if self._handover.from_new(event):
                self.put_event(event)
        elif self._handover.from_old(event):
            self.put_event(event)

    def lost(self, link: Link) -> bool:
        """The link is gone, or its subscription is; true when events may be missing from now on."""
        if link is self._old:
            self._old = self._handover = None
            return False
        if link is not self.link:
            return False
        # The successor may go first; then the old link goes on, and what both had is told once.
        self.link, self._old = self._old, None
        if self.link is not None:
            return False
        self._handover = None
        self.interrupted(link.last_heard)
        return True
