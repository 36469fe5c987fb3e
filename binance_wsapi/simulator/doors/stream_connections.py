"""Connections to market streams: ``/ws``, ``/ws/<stream>`` and ``/stream?streams=<a>/<b>``."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.gateway import Handshake, HandshakeRefused, Route
from binance_wsapi.simulator.doors.request_limits import RequestLimits
from binance_wsapi.simulator.doors.stream_requests import (
    StreamRequest,
    StreamRequestError,
    read_stream_request,
)
from binance_wsapi.simulator.doors.wire import encode
from binance_wsapi.simulator.market_data.stream_hub import StreamHub

__all__ = ["StreamConnection", "StreamServer"]

POLICY_VIOLATION = 1008
SECOND_US = 1_000_000
MESSAGES_PER_SECOND = 5
MOST_STREAMS = 1_024
MOST_MESSAGE_BYTES = 4_096


class StreamConnection:
    """One client on market streams.

    Args:
        handshake: Who came, and what for.
        hub: The market's streams.
        clock: The exchange's clock.
        streams: Names to begin with.
        is_combined: Whether payloads are wrapped with the name of their stream.
        on_closed: Told once when the wire is gone.
        messages_per_second: How many the client may send; futures take more than Spot.
        most_streams: How many names it carries; options take fewer.
    """

    def __init__(
        self,
        handshake: Handshake,
        hub: StreamHub,
        clock: SimulatedClock,
        *,
        streams: Iterable[str],
        is_combined: bool,
        on_closed: Callable[[StreamConnection], None],
        messages_per_second: int = MESSAGES_PER_SECOND,
        most_streams: int = MOST_STREAMS,
    ) -> None:
        self.is_combined = is_combined
        self.microseconds = handshake.microseconds
        self._transport = handshake.transport
        self._hub = hub
        self._clock = clock
        self._on_closed = on_closed
        self._streams: dict[str, None] = {}
        self._message_times: deque[int] = deque(maxlen=messages_per_second)
        self._most_streams = most_streams
        self._is_open = True
        self._subscribe(tuple(streams))

    @property
    def streams(self) -> tuple[str, ...]:
        """What it listens to, in the order of subscription."""
        return tuple(self._streams)

    def receive(self, text: str | bytes) -> None:
        """Take one frame of the client."""
        if not self._is_open or not self._count_message():
            return
        if len(text if isinstance(text, bytes) else text.encode()) > MOST_MESSAGE_BYTES:
            return  # neither served nor refused
        try:
            request = read_stream_request(
                text if isinstance(text, str) else text.decode(errors="replace")
            )
        except StreamRequestError as error:
            self._answer(error.payload())
            return
        result = self._serve(request)
        if self._is_open:
            self._answer({"result": result, "id": request.request_id})

    def pong(self, payload: bytes) -> None:
        """Take one pong frame of the client; it counts as a message."""
        if self._is_open:
            self._count_message()

    def ping(self, payload: bytes) -> None:
        """Take one ping frame of the client; it counts as a message."""
        if self._is_open:
            self._count_message()

    def closed(self) -> None:
        """The wire is gone: let go of everything."""
        if self._is_open:
            self._let_go()

    def deliver(self, frame: bytes) -> None:
        """Send one payload of a stream."""
        if self._is_open:
            self._transport.send(frame)

    def disconnect(self, code: int, reason: str) -> None:
        """Close the connection from the exchange's side."""
        if self._is_open:
            self._let_go()
            self._transport.close(code, reason)

    def _let_go(self) -> None:
        self._is_open = False
        for name in self._streams:
            self._hub.unsubscribe(name, self)
        self._streams.clear()
        self._on_closed(self)

    def _count_message(self) -> bool:
        """Count one incoming message; close and return false when it is one too many."""
        now_us, times = self._clock.now_us(), self._message_times
        if len(times) == times.maxlen and now_us - times[0] < SECOND_US:
            self.disconnect(POLICY_VIOLATION, "Too many requests")
            return False
        times.append(now_us)
        return True

    def _serve(self, request: StreamRequest) -> object:
        match request.method:
            case "SUBSCRIBE":
                self._subscribe(request.streams)
            case "UNSUBSCRIBE":
                for name in request.streams:
                    self._streams.pop(name, None)
                    self._hub.unsubscribe(name, self)
            case "LIST_SUBSCRIPTIONS":
                return list(self._streams)
            case "SET_PROPERTY":
                self.is_combined = request.property_value
            case _:
                return self.is_combined
        return None

    def _subscribe(self, names: tuple[str, ...]) -> None:
        """Listen to more streams; a name that does not exist is taken and stays silent."""
        if len({*self._streams, *names}) > self._most_streams:
            self.disconnect(POLICY_VIOLATION, "Too many streams")
            return
        for name in names:
            self._streams[name] = None
            self._hub.subscribe(name, self)

    def _answer(self, payload: dict[str, Any]) -> None:
        self._transport.send(encode(payload, microseconds=self.microseconds))


class StreamServer:
    """The doors to a market's streams, and all who came through them.

    Args:
        clock: The exchange's clock.
        hub: The market's streams.
        messages_per_second: How many a client may send; futures take more than Spot.
        most_streams: How many names a connection carries; options take fewer.
        connection_class: What serves a client.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        hub: StreamHub,
        *,
        messages_per_second: int = MESSAGES_PER_SECOND,
        most_streams: int = MOST_STREAMS,
        connection_class: type[StreamConnection] = StreamConnection,
    ) -> None:
        self.hub = hub
        self._clock = clock
        self._messages_per_second = messages_per_second
        self._most_streams = most_streams
        self._connection_class = connection_class
        self._connections: dict[StreamConnection, None] = {}

    @property
    def connections(self) -> tuple[StreamConnection, ...]:
        """All open connections, oldest first."""
        return tuple(self._connections)

    def routes(self, limits: RequestLimits | None = None) -> dict[str, Route]:
        """Return the doors by path, for :meth:`Gateway.add_route`.

        Args:
            limits: Where connection attempts are counted.
        """
        return {
            "/ws": Route(self.raw, limits, notice=lambda event: event),
            "/stream": Route(self.combined, limits, notice=_combined_notice),
        }

    def raw(self, handshake: Handshake) -> StreamConnection:
        """Let a client in at ``/ws`` or ``/ws/<stream>[/<stream>...]``."""
        _, _, names = handshake.path.partition("/ws")
        return self._connect(handshake, names, is_combined=False)

    def combined(self, handshake: Handshake) -> StreamConnection:
        """Let a client in at ``/stream?streams=<stream>/<stream>...``."""
        return self._connect(handshake, handshake.query.get("streams", ""), is_combined=True)

    def _connect(self, handshake: Handshake, names: str, *, is_combined: bool) -> StreamConnection:
        # A plus sign of a time zone that came unencoded in a query arrives as a blank.
        streams = [name.replace("@ ", "@+") for name in names.split("/") if name]
        if len(set(streams)) > self._most_streams:
            raise HandshakeRefused(400, b"Too many streams")
        connection = self._connection_class(
            handshake,
            self.hub,
            self._clock,
            streams=streams,
            is_combined=is_combined,
            on_closed=self._forget,
            messages_per_second=self._messages_per_second,
            most_streams=self._most_streams,
        )
        self._connections[connection] = None
        return connection

    def _forget(self, connection: StreamConnection) -> None:
        self._connections.pop(connection, None)


def _combined_notice(event: dict[str, Any]) -> object:
    return {"stream": "!serverShutdown", "data": event}
