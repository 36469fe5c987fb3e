"""One account's events for many readers, and for the next process: a log at a Redis server.

A client with the option ``event_log`` publishes; :func:`read_events` reads, in any process.
"""

from binance_wsapi.event_log.names import account_name
from binance_wsapi.event_log.reading import (
    AsyncLoggedEvents,
    LoggedEvents,
    read_events,
    read_events_async,
)

__all__ = [
    "AsyncLoggedEvents",
    "LoggedEvents",
    "account_name",
    "read_events",
    "read_events_async",
]
