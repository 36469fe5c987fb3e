"""One stream's inlet: events, gaps and the end go in here, on the loop's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from binance_wsapi.events import EventStream, StreamGap

if TYPE_CHECKING:
    from binance_wsapi.core.core import Core
    from binance_wsapi.core.session import Link
    from binance_wsapi.protocol.handover import Handover

__all__ = ["Feed"]

_decode_any = msgspec.json.Decoder().decode


class Feed:
    """Puts events into one stream and hands them to the handlers; owned by the loop's thread.

    Args:
        core: The client's core.
        name: What the stream is called in messages.
        decode: Makes a typed event from its bytes.
        handler_event: The handlers' event name; ``None`` for streams without handlers.
        close: Ends the subscription, called from any thread.
    """

    def __init__(
        self,
        core: Core,
        *,
        name: str,
        decode: Callable[[bytes], Any],
        handler_event: str | None,
        close: Callable[[], None],
    ) -> None:
        options = core.options
        self._core = core
        self._decode = decode if options.beautify else _decode_any
        self._handler_event = handler_event
        self._gap_since_us: int | None = None
        self.link: Link | None = None
        """The link whose events count; the newer one while two are subscribed."""
        self._old: Link | None = None
        self._handover: Handover | None = None
        self.stream: EventStream[Any] = EventStream(
            name=name,
            buffer_size=options.event_buffer_size,
            overflow=options.event_overflow,
            lost_marker=self._overflowed,
            close=close,
        )

    def carried_by(self, link: Link, reason: str) -> None:
        """The link is subscribed: its events count from now on.

        Args:
            link: The link.
            reason: Why events may be missing, if some may.
        """
        if self.link is None:
            self._tell_gap(reason)
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
            self._put_event(event)
        elif link is self.link:
            if self._handover.from_new(event):
                self._put_event(event)
        elif self._handover.from_old(event):
            self._put_event(event)

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
        if self._gap_since_us is None:
            silent_s = self._core.now() - link.last_heard
            self._gap_since_us = self._core.wall_us() - int(silent_s * 1_000_000)
        return True

    def put(self, make: Callable[[], Any]) -> None:
        """Append an event, to be made by whoever takes it."""
        self.stream._buffer.put(make)
        if self._handler_event is not None:
            self._core.dispatcher.post_lazily(self._handler_event, make)

    def end(self) -> None:
        """Nothing will come any more."""
        self.stream._buffer.end()

    def _put_event(self, event: bytes) -> None:
        decode = self._decode
        self.put(lambda: decode(event))

    def _tell_gap(self, reason: str) -> None:
        if self._gap_since_us is None:
            return
        gap = StreamGap(
            from_ms=self._gap_since_us // 1000,
            until_ms=self._core.wall_us() // 1000,
            reason=reason,
        )
        self._gap_since_us = None
        self.put(lambda: gap)

    def _overflowed(self, lost: int) -> StreamGap:
        now_ms = self._core.wall_us() // 1000
        return StreamGap(
            from_ms=now_ms, until_ms=now_ms, reason="the consumer was too slow", lost=lost
        )
