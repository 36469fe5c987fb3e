"""What a client asks of an event log: events of accounts and markets for many readers, and for the next process."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from binance_wsapi.health import LogHealth

__all__ = [
    "LONGEST_H",
    "MOST_ENTRIES",
    "EventLog",
    "KeptEntry",
    "LogEntry",
    "LogTail",
    "LogWriter",
    "Publisher",
]

MOST_ENTRIES = 10**12
LONGEST_H = 10**6
"""How much of a log can be asked to be kept: entries, hours."""


class LogEntry(NamedTuple):
    """What is appended at once."""

    kind: str
    """What the text is: see :mod:`binance_wsapi.core.log_entries`."""
    text: bytes
    time_ms: int
    """When the latest of what is in the log by then was sent, epoch milliseconds by the exchange's clock."""
    whole_ms: int
    """Until when the log is whole with it: no later than what is still being found out about."""
    orders: Mapping[str, bytes]
    """What is known by then of orders that it changes; empty where one is over."""


class KeptEntry(NamedTuple):
    """What a log has."""

    kind: str
    """What the text is: see :mod:`binance_wsapi.core.log_entries`."""
    text: bytes
    time_ms: int
    """When the latest of what is in the log up to it was sent, epoch milliseconds."""


@dataclass(frozen=True, kw_only=True)
class LogTail:
    """What is in a log when a client begins to publish."""

    entries: Sequence[KeptEntry] = ()
    """The last entries, oldest first."""
    orders: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    """What is known of all live orders."""
    time_ms: int = 0
    """When the latest of what is in it was sent, epoch milliseconds."""
    whole_ms: int = 0
    """Until when it is whole, epoch milliseconds; 0 when nobody has published yet."""
    since_us: int = 0
    """Since when it has been kept, epoch microseconds."""


class Publisher(Protocol):
    """Whose events are appended; called on the loop's thread."""

    @property
    def is_interrupted(self) -> bool:
        """Whether events may be missing now."""
        raise NotImplementedError

    def lead(self, tail: LogTail) -> int:
        """Publish from now on; return since when the log is kept, epoch microseconds."""
        raise NotImplementedError

    def stand_by(self) -> None:
        """Publish no more: somebody else does, or what was handed in could not be kept."""

    def time_ms(self) -> int:
        """Return the exchange's time, epoch milliseconds, rather early than late."""
        raise NotImplementedError

    def whole_for_ms(self) -> int:
        """Return for how long nothing has been missing in what came, milliseconds; 0 while it is interrupted."""
        raise NotImplementedError

    def changed_orders(self) -> Mapping[str, bytes]:
        """Return what was learnt of orders beside the entries since the last time."""
        raise NotImplementedError

    def known_orders(self) -> Mapping[str, bytes]:
        """Return what is known of all live orders."""
        raise NotImplementedError


class LogWriter(Protocol):
    """Appends to one log, while its client is the one to publish."""

    def health(self) -> LogHealth:
        """Return how the log is doing."""
        raise NotImplementedError

    def append(self, entry: LogEntry) -> None:
        """Hand an entry in; never waits."""

    def close(self) -> None:
        """Let somebody else publish, once all is appended."""


class EventLog(Protocol):
    """Where events are logged; all is called on the loop's thread."""

    def attach(
        self,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        now: Callable[[], float],
        tell: Callable[[str, str, str], None],
    ) -> None:
        """Take what it stands on.

        Args:
            spawn: Runs something in the background until the client ends.
            now: Monotonic seconds.
            tell: Tells the client's handlers of ``log_away`` or ``log_back``, of which log, and why.
        """

    def publish(self, account: str, stream: str, publisher: Publisher) -> LogWriter:
        """Let an account's events be published, as soon as nobody else does.

        Args:
            account: The account, unless it was given a name.
            stream: Which of its streams.
            publisher: Whose turn it then is.
        """
        raise NotImplementedError

    def publish_stream(
        self,
        exchange: str,
        stream: str,
        publisher: Publisher,
        *,
        keep: int | None,
        keep_hours: float | None,
    ) -> LogWriter:
        """Let the events of a market stream be published, as soon as nobody else does.

        Args:
            exchange: Whose stream it is.
            stream: Which one.
            publisher: Whose turn it then is.
            keep: About how many entries are kept; ``None`` is what the log says.
            keep_hours: For how long they are; ``None`` is what the log says.
        """
        raise NotImplementedError

    async def leave(self) -> None:
        """Append what is handed in, and let others publish."""
