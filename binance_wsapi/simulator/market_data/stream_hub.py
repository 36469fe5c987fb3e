"""Market streams: who listens to which, and how one payload reaches them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from binance_wsapi.simulator.doors.wire import encode

__all__ = ["Feed", "Publish", "StreamHub", "StreamTable", "Subscriber"]

Publish = Callable[[object], None]
"""Takes one payload of a stream."""


class Feed(Protocol):
    """The source of one stream while somebody listens to it."""

    def close(self) -> None:
        """Stop: nobody listens any more."""


class StreamTable(Protocol):
    """Which streams a market has."""

    def open(self, name: str, publish: Publish) -> Feed | None:
        """Begin a stream.

        Args:
            name: As in a subscription: ``btcusdt@depth@100ms``.
            publish: Where its payloads go.

        Returns:
            The running feed, ``None`` when the market has no such stream.
        """


class Subscriber(Protocol):
    """A connection, as the hub needs it."""

    is_combined: bool
    """Whether it wants payloads wrapped with the name of their stream."""
    microseconds: bool
    """Whether it wants timestamps in microseconds."""

    def deliver(self, frame: bytes) -> None:
        """Send one frame."""


class _Stream:
    """One stream with listeners."""

    def __init__(self, name: str) -> None:
        self.prefix = b'{"stream":' + encode(name, microseconds=False) + b',"data":'
        self.subscribers: dict[Subscriber, None] = {}
        self.feed: Feed | None = None

    def publish(self, payload: object) -> None:
        """Send a payload to all who listen, encoded once for each form they want."""
        bodies: dict[bool, bytes] = {}
        wrapped: dict[bool, bytes] = {}
        for subscriber in tuple(self.subscribers):
            unit = subscriber.microseconds
            body = bodies.get(unit)
            if body is None:
                body = bodies[unit] = encode(payload, microseconds=unit)
            if subscriber.is_combined:
                frame = wrapped.get(unit)
                if frame is None:
                    frame = wrapped[unit] = self.prefix + body + b"}"
                body = frame
            subscriber.deliver(body)


class StreamHub:
    """Runs a market's streams, each only while somebody listens.

    Single-threaded: everything happens on the exchange's thread.

    Args:
        table: The market's streams.
    """

    def __init__(self, table: StreamTable) -> None:
        self._table = table
        self._streams: dict[str, _Stream] = {}

    @property
    def running(self) -> tuple[str, ...]:
        """Names of the streams that somebody listens to."""
        return tuple(self._streams)

    def subscribe(self, name: str, subscriber: Subscriber) -> bool:
        """Send a stream's payloads to a subscriber from now on; return whether there is such a stream."""
        stream = self._streams.get(name)
        if stream is None:
            stream = _Stream(name)
            stream.feed = self._table.open(name, stream.publish)
            if stream.feed is None:
                return False
            self._streams[name] = stream
        stream.subscribers[subscriber] = None
        return True

    def unsubscribe(self, name: str, subscriber: Subscriber) -> None:
        """Send a stream's payloads to a subscriber no more; harmless when it did not listen."""
        stream = self._streams.get(name)
        if stream is None or subscriber not in stream.subscribers:
            return
        del stream.subscribers[subscriber]
        if not stream.subscribers:
            del self._streams[name]
            if stream.feed is not None:
                stream.feed.close()
