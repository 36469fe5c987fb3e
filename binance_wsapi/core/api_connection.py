"""A session of the WebSocket API as its rooms see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from binance_wsapi.core.api_link import ApiLink, Authority
from binance_wsapi.core.asking import Asker
from binance_wsapi.core.reconciliation import Reconciler
from binance_wsapi.errors import NotSent
from binance_wsapi.events import ConnectionEventKind
from binance_wsapi.protocol.clock import ServerClock
from binance_wsapi.protocol.limits import Governor
from binance_wsapi.protocol.session import SessionMachine
from binance_wsapi.protocol.silence import Silence

__all__ = ["ApiConnection"]


class ApiConnection(Asker, Protocol):
    """What the outbox, the answers, the logon and the doubt of one session share."""

    serving: ApiLink | None
    authority: Authority | None
    machine: SessionMachine
    clock: ServerClock
    governor: Governor
    silence: Silence
    reconcilers: Sequence[Reconciler]
    wakes_at: float
    last_failure: str

    @property
    def last_round_trip(self) -> float:
        """Seconds that the last answer took; 0 before there was one."""
        raise NotImplementedError

    @property
    def why_not(self) -> str:
        """Why there is no connection, in a few words."""
        raise NotImplementedError

    def demand(self) -> None:
        """Somebody wants the connection."""

    def rotate(self) -> None:
        """Bring up a successor of the serving link."""

    def lose(self, link: Any, reason: str) -> None:
        """Give a link up."""

    def writable(self, link: ApiLink) -> None:
        """Send what waited for this link."""

    def wake_by(self, when: float) -> None:
        """Make sure that the session looks after its requests by then."""

    def is_silenced(self, until: float) -> bool:
        """Whether no connection can come up by then, since the exchange forbids to open one."""
        raise NotImplementedError

    def never_sent(self, method: str, timeout: float) -> NotSent:
        """Return the error of what no connection came up for in time."""
        raise NotImplementedError

    def announce(self, kind: ConnectionEventKind, **details: Any) -> None:
        """Log what happened to the connection, and tell the handlers."""
