"""The doors of the exchange, without sockets: which path leads where, who may come in, who must go.

A *connection* is one WebSocket as the exchange sees it. It is told what arrives (``receive``, ``pong``,
``closed``) and acts on a :class:`Transport`. The aiohttp server gives it real sockets; a test may give it
lists and be deterministic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

from binance_wsapi.simulator.clock import SimulatedClock

__all__ = ["Connection", "Gateway", "Handshake", "HandshakeRefused", "Transport"]


class Transport(Protocol):
    """The wire under one connection; nothing here blocks or calls back."""

    def send(self, frame: bytes) -> None:
        """Send one text frame."""

    def ping(self, payload: bytes) -> None:
        """Send a ping frame."""

    def close(self, code: int, reason: str) -> None:
        """Close with a close frame, after what was sent before."""

    def abort(self, partial: bytes = b"") -> None:
        """Cut the connection without a close frame, after the beginning of a frame if one is given."""

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

    def __init__(self, status: int, body: bytes = b"", headers: Mapping[str, str] = {}) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers = dict(headers)


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
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def microseconds(self) -> bool:
        """Whether the client asked for timestamps in microseconds."""
        return self.query.get("timeUnit", "").upper() == "MICROSECOND"


RouteFactory = Callable[[Handshake], Connection]


class Gateway:
    """Leads each connection to the class that serves its path, longest route first.

    Args:
        clock: The exchange's clock.
    """

    def __init__(self, clock: SimulatedClock) -> None:
        self.clock = clock
        self._routes: dict[str, RouteFactory] = {}
        self._ids = count(1)

    def add_route(self, prefix: str, factory: RouteFactory) -> None:
        """Serve ``prefix`` and every path under it with ``factory``.

        The factory raises :class:`HandshakeRefused` to turn the client away.
        """
        self._routes[prefix] = factory

    def connect(
        self,
        path_qs: str,
        *,
        remote: str,
        transport: Transport,
        headers: Mapping[str, str] | None = None,
    ) -> Connection:
        """Let a client in: the path and query of its handshake decide what it talks to."""
        parts = urlsplit(path_qs)
        handshake = Handshake(
            connection_id=next(self._ids),
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            remote=remote,
            transport=transport,
            headers=headers or {},
        )
        for prefix in self._candidates(parts.path):
            if prefix in self._routes:
                return self._routes[prefix](handshake)
        raise HandshakeRefused(404, b"no such endpoint")

    @staticmethod
    def _candidates(path: str) -> Iterator[str]:
        prefix = path.rstrip("/")
        while prefix:
            yield prefix
            prefix = prefix.rpartition("/")[0]
