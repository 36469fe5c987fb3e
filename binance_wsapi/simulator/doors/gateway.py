"""The doors of the exchange, without sockets: which path leads where, who may come in, who must go.

A *connection* is one WebSocket as the exchange sees it. It is told what arrives (``receive``, ``pong``,
``closed``) and acts on a :class:`Transport`. The aiohttp server gives it real sockets; a test may give it
lists and be deterministic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol, runtime_checkable
from urllib.parse import parse_qsl, unquote, urlsplit

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.request_limits import RequestLimits, retry_headers
from binance_wsapi.simulator.doors.wire import Micros, encode
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.faults.script import Faults
from binance_wsapi.simulator.journal import Direction, Journal

__all__ = ["Connection", "Gateway", "Handshake", "HandshakeRefused", "Route", "Transport"]


class Transport(Protocol):
    """The wire under one connection; nothing here blocks or calls back."""

    def send(self, frame: bytes) -> None:
        """Send one text frame."""

    def ping(self, payload: bytes) -> None:
        """Send a ping frame."""

    def close(self, code: int, reason: str) -> None:
        """Close with a close frame, after what was sent before."""

    def abort(self, partial: bytes = b"") -> None:
        """Cut the connection without a close frame; after half of the frame ``partial``, if given."""

    def hold_reading(self, held: bool) -> None:
        """Stop taking bytes from the peer, or take them again."""


class Connection(Protocol):
    """What the gateway needs of the connection classes of each path."""

    def receive(self, text: str | bytes) -> None:
        """Take one frame of the client."""

    def pong(self, payload: bytes) -> None:
        """Take one pong frame of the client."""

    def closed(self) -> None:
        """The wire is gone: let go of everything, send nothing more."""


class HandshakeRefused(Exception):
    """The exchange answers the WebSocket handshake with an HTTP status of its own."""

    def __init__(
        self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Handshake:
    """One client at the door, as the route's factory gets it."""

    connection_id: int
    path: str
    """Without the query; percent-encoding undone."""
    query: Mapping[str, str]
    remote: str
    """The client's IP address."""
    transport: Transport
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    query_text: str = ""
    """The query as it came, for paths that repeat a name in it."""

    @property
    def microseconds(self) -> bool:
        """Whether the client asked for timestamps in microseconds."""
        return self.query.get("timeUnit", "").upper() == "MICROSECOND"


RouteFactory = Callable[[Handshake], Connection]


Notice = Callable[[dict[str, Any]], object]
"""Wraps an event about the connection itself as the endpoint's frames are."""


@runtime_checkable
class PingAware(Protocol):
    """A connection class to which the client's pings matter: streams count them as messages."""

    def ping(self, payload: bytes) -> None:
        """Take one ping frame of the client."""


@dataclass(frozen=True, slots=True)
class Route:
    """What is served under a path, and how connections to it live."""

    factory: RouteFactory
    limits: RequestLimits | None = None
    """Where connection attempts are counted."""
    connect_weight: int = 0
    ping_seconds: float = 20.0
    pong_seconds: float = 60.0
    lifetime_seconds: float = 24 * 3600.0
    notice: Notice | None = None
    """How ``serverShutdown`` looks; ``None`` where the exchange does not send it."""


class Gateway:
    """Leads each connection to the class that serves its path, longest route first.

    Args:
        clock: The exchange's clock.
        faults: The script of what goes wrong.
        journal: Where every frame is written down.
    """

    def __init__(
        self, clock: SimulatedClock, faults: Faults | None = None, journal: Journal | None = None
    ) -> None:
        self.clock = clock
        self.faults = faults or Faults(clock.skew)
        self.journal = journal or Journal()
        self.faults.bind(self)
        self._routes: dict[str, Route] = {}
        self._doors: dict[int, Door] = {}
        self._ids = count(1)
        self.connections_age = True
        """Whether connections end for want of pongs, and after a day."""
        self.latency_seconds = 0.0
        """How long what clients send is under way, by the exchange's clock."""

    def add_route(self, prefix: str, route: Route | RouteFactory) -> None:
        """Serve ``prefix`` and every path under it.

        The route's factory raises :class:`HandshakeRefused` to turn the client away.
        """
        self._routes[prefix] = route if isinstance(route, Route) else Route(route)

    def connect(
        self,
        path_qs: str,
        *,
        remote: str,
        transport: Transport,
        headers: Mapping[str, str] | None = None,
    ) -> Door:
        """Let a client in: the path and query of its handshake decide what it talks to.

        Raises:
            HandshakeRefused: The client gets an HTTP status instead of a WebSocket.
        """
        parts = urlsplit(path_qs)
        path = unquote(parts.path)
        self._check_faults(path)
        route = next((self._routes[p] for p in _prefixes(path) if p in self._routes), None)
        if route is None:
            raise HandshakeRefused(404, b"no such endpoint")
        if route.limits is not None:
            try:
                route.limits.connect(remote, route.connect_weight)
            except ExchangeError as error:
                body = encode(error.payload(), microseconds=False)
                retry = retry_headers(error, self.clock.now_us())
                raise HandshakeRefused(error.status, body, retry) from None
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        _check_time_unit(query)
        door = Door(self, next(self._ids), path, remote, route, transport)
        handshake = Handshake(
            door.connection_id, path, query, remote, door, headers or {}, parts.query
        )
        door.microseconds = handshake.microseconds
        door.inner = route.factory(handshake)
        self._doors[door.connection_id] = door
        door.open()
        return door

    @property
    def connections(self) -> list[Door]:
        """All open connections, oldest first."""
        return list(self._doors.values())

    def drop(self, path: str = "", remote: str | None = None) -> int:
        """Cut connections (to paths that begin so, from that address); return how many."""
        return self._each(lambda door: door.abort(), path, remote)

    def close_all(self, code: int = 1001, reason: str = "") -> int:
        """Close every connection with a close frame; return how many."""
        return self._each(lambda door: door.close(code, reason))

    def announce_shutdown(self, path: str = "") -> int:
        """Send ``serverShutdown`` on the connections that know it; return how many."""
        return self._each(Door.announce_shutdown, path)

    def expel(self, remote: str) -> None:
        """Close what a banned address has open."""
        self._each(lambda door: door.close(1008, "IP banned"), "", remote)

    def set_silent(self, silent: bool) -> int:
        """Say and hear nothing on the open connections; return how many."""
        return self._each(lambda door: door.set_silent(silent))

    def hold_reading(self, held: bool) -> int:
        """Take no bytes from the open connections; return how many."""
        return self._each(lambda door: door.hold_reading(held))

    def forget(self, door: Door) -> None:
        """A connection is over."""
        self._doors.pop(door.connection_id, None)

    def _each(
        self, action: Callable[[Door], None], path: str = "", remote: str | None = None
    ) -> int:
        chosen = [
            door
            for door in self.connections
            if door.path.startswith(path) and remote in (None, door.remote)
        ]
        for door in chosen:
            action(door)
        return len(chosen)

    def _check_faults(self, path: str) -> None:
        fault = self.faults.handshake_fault(path)
        if fault is not None:
            status, retry_after = fault
            headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
            raise HandshakeRefused(status, b"refused by script", headers)


class Door:
    """One open connection of any kind: pings, age, journal and faults around what serves it.

    It is the transport of the inner connection, and the connection of the server's socket.
    """

    inner: Connection
    microseconds = False

    def __init__(
        self,
        gateway: Gateway,
        connection_id: int,
        path: str,
        remote: str,
        route: Route,
        transport: Transport,
    ) -> None:
        self.connection_id = connection_id
        self.path = path
        self.remote = remote
        self._gateway = gateway
        self._clock = gateway.clock
        self._route = route
        self._transport = transport
        self._is_silent = False
        self._is_over = False
        self._unanswered: list[bytes] = []
        self._unanswered_since_us: int | None = None
        self._last_ping_turn = 0

    def open(self) -> None:
        """Begin to live: pings, and the end after a day."""
        self._note("open")
        clock, route = self._clock, self._route
        self._ping_call = clock.call_later(route.ping_seconds, self._tick)
        self._end_call = clock.call_later(
            route.lifetime_seconds, lambda: self.close(1000, "24 hours are over")
        )
        if not self._gateway.connections_age:
            self._ping_call.cancel()
            self._end_call.cancel()

    # what the client does

    def receive(self, text: str | bytes) -> None:
        """Take one frame of the client."""
        latency = self._gateway.latency_seconds
        if latency:
            self._clock.call_later(latency, lambda: self._take(text))
        else:
            self._take(text)

    def pong(self, payload: bytes) -> None:
        """Take one pong; one that answers no ping keeps nothing alive."""
        if payload in self._unanswered:
            self._unanswered.clear()
            self._unanswered_since_us = None
        self.inner.pong(payload)

    def closed(self) -> None:
        """The wire is gone."""
        if self._is_over:
            return
        self._is_over = True
        self._ping_call.cancel()
        self._end_call.cancel()
        self._gateway.forget(self)
        self._note("close")
        self.inner.closed()

    def pinged(self, payload: bytes) -> bool:
        """Take one ping of the client; whether it is answered."""
        if self._is_silent or self._is_over:
            return False
        if isinstance(self.inner, PingAware):
            self.inner.ping(payload)
        return True

    # what the exchange does

    def send(self, frame: bytes) -> None:
        """Send a frame, if no fault wants it."""
        self._gateway.faults.send(frame, self._send)

    def ping(self, payload: bytes) -> None:
        """Send a ping frame."""
        if not self._is_silent and not self._is_over:
            self._transport.ping(payload)

    def close(self, code: int, reason: str) -> None:
        """Close with a close frame."""
        if not self._is_over:
            if self._is_silent:
                self._transport.abort()
            else:
                self._transport.close(code, reason)
            self.closed()

    def abort(self, partial: bytes = b"") -> None:
        """Cut the wire."""
        if not self._is_over:
            self._transport.abort(partial)
            self.closed()

    def hold_reading(self, held: bool) -> None:
        """Stop taking bytes from the client, or take them again."""
        if not self._is_over:
            self._transport.hold_reading(held)

    def set_silent(self, silent: bool) -> None:
        """Say and hear nothing, or be there again."""
        self._is_silent = silent

    def announce_shutdown(self) -> None:
        """Tell the client that the server goes away, where its endpoint has a word for it."""
        if self._route.notice is not None:
            event = {"e": "serverShutdown", "E": Micros(self._clock.now_us())}
            self.send(encode(self._route.notice(event), microseconds=self.microseconds))

    def _take(self, text: str | bytes) -> None:
        self._note("in", text.encode() if isinstance(text, str) else text)
        if not self._is_silent and not self._is_over:
            self.inner.receive(text)

    def _send(self, frame: bytes) -> None:
        if self._is_silent or self._is_over:
            return
        self._note("out", frame)
        self._transport.send(frame)

    def _tick(self) -> None:
        clock, now = self._clock, self._clock.now_us()
        self._ping_call = clock.call_later(self._route.ping_seconds, self._tick)
        if clock.turn == self._last_ping_turn:
            # The clock jumps: the client had no chance to answer, so this time does not count.
            self._unanswered_since_us = now if self._unanswered else None
            return
        if (
            self._unanswered_since_us is not None
            and now - self._unanswered_since_us >= self._route.pong_seconds * 1_000_000
        ):
            self.close(1008, "Pong timeout")
            return
        self._last_ping_turn = clock.turn
        payload = str(now // 1_000).encode()
        self._unanswered.append(payload)
        if self._unanswered_since_us is None:
            self._unanswered_since_us = now
        self.ping(payload)

    def _note(self, direction: Direction, text: bytes = b"") -> None:
        self._gateway.journal.note(
            self.connection_id, self.path, direction, self._clock.now_us(), text
        )


def _prefixes(path: str) -> Iterator[str]:
    prefix = path.rstrip("/")
    while prefix:
        yield prefix
        prefix = prefix.rpartition("/")[0]


def _check_time_unit(query: Mapping[str, str]) -> None:
    unit = query.get("timeUnit")
    # The documents name exactly these four spellings.
    if unit not in (None, "MILLISECOND", "millisecond", "MICROSECOND", "microsecond"):
        error = ExchangeError(
            -1194, "Invalid value for time unit; expected either MICROSECOND or MILLISECOND."
        )
        body = encode(error.payload(), microseconds=False)
        raise HandshakeRefused(400, body, {"Content-Type": "application/json;charset=UTF-8"})
