"""One connection of a session, from its dialling to its end."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable
from logging import DEBUG
from typing import TYPE_CHECKING, Any, Protocol

from binance_wsapi.core.transport import Socket
from binance_wsapi.endpoints import WsKey
from binance_wsapi.events import ConnectionEventKind
from binance_wsapi.protocol.secrets import masked

if TYPE_CHECKING:
    from binance_wsapi.core.runtime import Runtime

__all__ = ["Link", "LinkLost", "LinkOwner"]

log = logging.getLogger("binance_wsapi.connection")
frame_log = logging.getLogger("binance_wsapi.frames")
_is_logged = frame_log.isEnabledFor


class LinkLost(Exception):
    """The link went away, or is no good, while it was being brought up."""


class LinkOwner(Protocol):
    """The session of a link, as the link sees it."""

    runtime: Runtime
    ws_key: WsKey

    @property
    def received(self) -> Callable[[Any, str | bytes], None]:
        """Takes a data frame that arrived."""

    @property
    def taken(self) -> Callable[[Any, str | bytes], bool]:
        """Takes a data frame that a caller has read, if it is a plain answer."""

    def writable(self, link: Any) -> None:
        """The socket takes frames again."""

    def lose(self, link: Any, reason: str) -> None:
        """The socket is gone."""

    def announce(self, kind: ConnectionEventKind, **details: Any) -> None:
        """Log what happened, and tell the handlers."""


class Link:
    """One connection of a session, from dialling to its end."""

    def __init__(self, session: LinkOwner, number: int) -> None:
        self.session = session
        self.number = number
        self.socket: Socket | None = None
        self.lost_because: str | None = None
        self.opened_at = 0.0
        self.last_frame_at = session.runtime.now()
        """When the last data frame came."""
        self._last_sign_at = self.last_frame_at
        self.asked_at = self.last_frame_at
        """When it was last asked a question because it brought nothing."""
        self.served_until = math.inf
        """When it last did what it is there for, if that ended before it was lost."""
        self.proven_at = self.last_frame_at
        """When the last request or ping was written that was answered: what the peer had sent before
        it came has arrived."""
        self.pinged_at: float | None = None
        self.drains: tuple[float, float] | None = None
        """Retired: from when it may go if it is idle, and when it goes at the latest."""
        self.retired_at = 0.0
        self._pings: deque[float] = deque()
        """When each ping was written that is not answered yet."""
        self.tasks: set[asyncio.Task[None]] = set()
        self._now = session.runtime.now
        self._dispatcher = session.runtime.dispatcher
        self._take = session.received
        self._take_plain = session.taken

    @property
    def is_proven_by_pongs(self) -> bool:
        """Whether a pong shows that all has come that the peer had sent before."""
        return True

    def received(self, frame: str | bytes) -> None:
        """A data frame arrived."""
        if self.lost_because is not None:
            return  # the books of this link are closed: what it still brings would count twice
        self.last_frame_at = self._now()
        self.pinged_at = None
        if _is_logged(DEBUG):
            frame_log.debug("%s < %s", self.session.ws_key, masked(frame))
        if self._dispatcher.hears_messages:
            self.session.announce("message", frame=masked(frame))
        try:
            self._take(self, frame)
        except Exception as error:
            # The edge of a frame: one that cannot be taken in must not end the reading.
            log.exception("%s: a frame could not be taken in", self.session.ws_key)
            self.session.announce("exception", error=error, reason="a frame could not be taken in")

    def taken(self, frame: str | bytes) -> bool:
        """A caller has read a data frame; false leaves it to :meth:`received`, whatever became of it here."""
        if self.lost_because is not None or self._dispatcher.hears_messages or _is_logged(DEBUG):
            return False
        self.last_frame_at = self._now()
        self.pinged_at = None
        return self._take_plain(self, frame)

    def heard(self) -> None:
        """A ping arrived, and was answered."""
        self.lives()

    def lives(self) -> None:
        """Take note of a sign of life."""
        self._last_sign_at = self.session.runtime.now()
        self.pinged_at = None

    @property
    def last_heard(self) -> float:
        """When anything came, pings and pongs included."""
        return max(self.last_frame_at, self._last_sign_at)

    def answered(self) -> None:
        """A pong arrived."""
        if self._pings:
            written_at = self._pings.popleft()
            if self.is_proven_by_pongs:
                self.proven_at = max(self.proven_at, written_at)
        self.lives()

    def writable(self) -> None:
        """The socket takes frames again."""
        self.session.writable(self)

    def closed(self, reason: str) -> None:
        """The socket is gone."""
        self.session.lose(self, reason)

    def ping_delay(self) -> float:
        """Return the seconds until the exchange takes a ping."""
        return 0.0

    def probe(self, now: float) -> None:
        """Ask for a sign of life, and expect it from now on."""
        self.pinged_at = now
        self._pings.append(now)
        self.ping()

    def ping(self) -> None:
        """Write a ping."""
        if self.socket is not None:
            self.socket.ping()

    def write(self, frame: bytes) -> None:
        """Write a frame.

        Raises:
            ConnectionError: The link is down; nothing was written.
        """
        if self.socket is None or self.lost_because is not None:
            raise ConnectionResetError("the connection is closed")
        if _is_logged(DEBUG):
            frame_log.debug("%s > %s", self.session.ws_key, masked(frame))
        self.socket.write(frame)
