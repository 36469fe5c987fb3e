"""What the core asks of sockets."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

__all__ = [
    "HandshakeRefused",
    "Receiver",
    "RestAnswer",
    "Socket",
    "Transport",
    "redirected",
    "resolver_flags",
]


class HandshakeRefused(Exception):
    """The exchange answered the handshake with an HTTP error.

    Attributes:
        status: The HTTP status: 403 firewall, 418 banned, 429 too many, 5xx trouble.
        retry_after: Seconds to wait, where the answer said so.
    """

    def __init__(self, status: int, message: str, retry_after: float | None = None) -> None:
        super().__init__(f"handshake refused: HTTP {status} {message}".rstrip())
        self.status = status
        self.retry_after = retry_after


class RestAnswer(NamedTuple):
    """What a REST request was answered with."""

    status: int
    body: bytes
    retry_after: float | None
    """Seconds to wait, where the answer said so."""
    headers: Mapping[str, str]


class Receiver(Protocol):
    """Who listens on a socket; called on the loop's thread, but for :meth:`taken`."""

    def received(self, frame: str | bytes) -> None:
        """A data frame arrived."""

    def taken(self, frame: str | bytes) -> bool:
        """A data frame was read on the thread of a caller, who may be interrupted at any line.

        False leaves it to :meth:`received`, which it may come to in any case.
        """
        raise NotImplementedError

    def heard(self) -> None:
        """A ping arrived: the peer lives."""

    def answered(self) -> None:
        """A pong arrived: the peer lives, and has read what was written before the ping."""

    def writable(self) -> None:
        """The peer has read what congested the socket."""

    def closed(self, reason: str) -> None:
        """The socket is gone; called once, and nothing follows."""


class Socket(Protocol):
    """An open connection, used on the loop's thread only."""

    congested: bool
    """Written frames wait for the peer to read: hold further ones back."""

    def write(self, frame: bytes) -> None:
        """Write a whole text frame.

        Raises:
            ConnectionError: The socket is closed; nothing was written.
        """

    def ping(self) -> None:
        """Ask for a sign of life."""

    async def close(self) -> None:
        """Close, politely but not for long."""


class Transport(Protocol):
    """Opens sockets."""

    async def connect(self, url: str, receiver: Receiver) -> Socket:
        """Open a connection.

        Raises:
            HandshakeRefused: The exchange answered with an HTTP error.
            OSError: No connection could be made.
        """

    async def request(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        *,
        timeout: float | None = None,
        on_write: Callable[[], object] | None = None,
    ) -> RestAnswer:
        """Send a REST request without a body, and return the answer; all but ``GET`` is written once.

        Args:
            method: The HTTP method.
            url: Where to, query included; it is sent as it is.
            headers: Headers to send.
            timeout: Seconds it may take; by default those that a connection may.
            on_write: Called before each time the request is written; what it raises keeps it from that.

        Raises:
            TimeoutError: There was no answer in time.
            OSError: There is no answer.
        """

    async def close(self) -> None:
        """Let go of everything shared between sockets."""


def redirected(location: str) -> str:
    """Return what is said of an answer that points elsewhere: keys and orders do not follow it."""
    try:
        parts = urlsplit(location)
        host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
    except ValueError:
        host = None
    return f"redirects to {host or 'another path'}, which is not followed"


def resolver_flags(host: str) -> int:
    """Return the flags that a name is looked up with.

    A machine that is offline has no address but localhost, and that name must be found then, too.
    """
    return 0 if host == "localhost" else socket.AI_ADDRCONFIG
