"""Events of accounts and markets for many readers, and for the next process: logs at a Redis server.

A client with the option ``event_log`` publishes; :func:`read_events` and :func:`read_stream` read, in any process.
"""

from binance_wsapi.event_log.logged_events import AsyncLoggedEvents, LoggedEvents
from binance_wsapi.event_log.names import account_name
from binance_wsapi.event_log.reading import read_events, read_events_async
from binance_wsapi.event_log.stream_reading import read_stream, read_stream_async

__all__ = [
    "AsyncLoggedEvents",
    "LoggedEvents",
    "account_name",
    "read_events",
    "read_events_async",
    "read_stream",
    "read_stream_async",
]
