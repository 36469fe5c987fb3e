"""How the connections of a client are doing, and where its figures may be sent."""

from __future__ import annotations

from typing import ClassVar, Protocol

from binance_wsapi.endpoints import WsKey
from binance_wsapi.models.base import Model

__all__ = ["ConnectionHealth", "LogHealth", "Metrics"]


class LogHealth(Model, frozen=True):
    """One log of the client's ``event_log`` at this moment."""

    named_by: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    """The account and its stream, or the exchange, market and name of a market stream."""
    state: str
    """``publishing``; ``standing by``, while another client publishes; ``server away``."""
    held_back: int
    """Entries that wait for the server to take them."""
    away_for: float | None
    """Seconds since the server of the log was asked in vain first; ``None`` while it answers."""
    problem: str
    """Why nothing is appended; empty while the server answers."""


class ConnectionHealth(Model, frozen=True):
    """One connection at this moment."""

    named_by: ClassVar[tuple[str, ...]] = ("ws_key",)

    ws_key: WsKey
    """The connection."""
    state: str
    """``idle``, ``dialling``, ``logging on``, ``subscribing``, ``ready``, ``in doubt`` (requests get no
    answers; new ones wait), ``rotating``, ``waiting`` (for the next attempt) or ``closed``."""
    silent_for: float | None
    """Seconds since anything was heard; ``None`` while not connected."""
    connected_for: float | None
    """Seconds since this connection was opened; ``None`` while not connected."""
    reconnects: int
    """Unplanned losses so far."""
    last_failure: str
    """Why the last connection was lost or did not come up; empty when none ever failed."""
    logged_on: bool = False
    """Whether the key is logged on."""
    pending: int = 0
    """Requests that wait for their answers."""
    waiting: int = 0
    """Requests that wait to be sent."""
    limits: str = ""
    """How limits are shared with other processes (``shared_limits``): among how many, or why not and how it
    goes on meanwhile; empty where that is not asked for."""
    logs: tuple[LogHealth, ...] = ()
    """What the connection's events are logged in (``event_log``), by account or by market stream."""
    round_trip_p50: float | None = None
    """Median round trip of the last requests, in seconds; ``None`` before the first."""
    round_trip_p99: float | None = None
    """99th percentile of the same."""


class Metrics(Protocol):
    """Where figures go; called on the client's own thread, so it must be quick.

    What it raises is logged, and changes nothing for the call.
    """

    def request_done(self, *, ws_key: WsKey, operation: str, seconds: float, outcome: str) -> None:
        """A call has ended.

        Args:
            ws_key: The connection it was for.
            operation: The wire operation.
            seconds: From the call to its end, waiting for a connection or a limit included.
            outcome: ``ok``, or the name of the error class.
        """

    def connection_changed(self, *, ws_key: WsKey, event: str) -> None:
        """A connection opened, closed, reconnected, ...: the names of the connection events."""
