"""Streams of events out of a log, whatever it is of: they know where they stand."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from binance_wsapi.errors import ConfigurationError, ParameterError
from binance_wsapi.event_log.names import OWN_PARAMETERS
from binance_wsapi.event_log.position import Position
from binance_wsapi.events import AsyncEventStream, BaseEventStream, EventStream
from binance_wsapi.forks import unforked
from binance_wsapi.options import check_server, own_parameters, problem_of_server, without_user

if TYPE_CHECKING:
    from binance_wsapi.event_log.reader import LogReader

__all__ = ["AsyncLoggedEvents", "LoggedEvents", "begun", "reader_of"]

T = TypeVar("T")

START = "start"


class _Logged(BaseEventStream[T]):
    """What both streams out of a log have."""

    _reader: LogReader

    @property
    def position(self) -> str:
        """Where the event that was taken last stands: a stream that is read ``after`` it goes on behind it.

        Keep it when an event has been dealt with. Who takes events on several threads cannot tell whose it is.
        """
        return str(self._reader.position)

    @property
    def problem(self) -> str | None:
        """Why nothing comes for now: the server is away, or nobody publishes; ``None`` when all is well."""
        return self._reader.problem


class LoggedEvents(_Logged[T], EventStream[T]):
    """Events out of a log: an :class:`EventStream` that knows where it stands."""


class AsyncLoggedEvents(_Logged[T], AsyncEventStream[T]):
    """The same for event loops: an :class:`AsyncEventStream` that knows where it stands."""


def reader_of(
    url: str,
    keys: list[str],
    after: str | None,
    *,
    decode: Callable[[bytes], Any],
    numbers: str,
    told_of: str,
) -> LogReader:
    """Return what reads a log.

    Args:
        url: The server.
        keys: The log.
        after: Where to go on, ``"start"``, or ``None``.
        decode: Makes an event from the exchange's text.
        numbers: What events have for decimals.
        told_of: What is in the log, as texts name it.

    Raises:
        ConfigurationError: redis-py is not installed, or the URL cannot be.
        ParameterError: ``after`` or ``numbers`` cannot be.
    """
    if problem := problem_of_server(url):
        raise ConfigurationError(f"url={without_user(url)!r}{problem}")
    if numbers not in ("decimal", "float"):
        raise ParameterError(f"numbers={numbers!r}: use 'decimal' or 'float'", parameter="numbers")
    position = None if after is None else Position() if after == START else Position.read(after)
    try:
        with unforked:
            from redis import ConnectionPool

            from binance_wsapi.event_log.reader import LogReader
    except ModuleNotFoundError:
        raise ConfigurationError(
            "an event log needs redis-py: pip install 'binance-wsapi[redis]'"
        ) from None
    server, _ = own_parameters(url, OWN_PARAMETERS)
    check_server(server, "url", OWN_PARAMETERS, ConnectionPool)
    return LogReader(
        server,
        keys,
        position,
        decode=decode,
        in_floats=numbers == "float",
        told_of=told_of,
    )


S = TypeVar("S", LoggedEvents[Any], AsyncLoggedEvents[Any])


def begun(kind: type[S], reader: LogReader) -> S:
    """Return a stream of what a reader reads from now on.

    Raises:
        ConfigurationError: The server refuses to tell where the log ends.
        TimeoutError: It does not answer.
    """
    reader.begin()
    stream = kind(name=reader.name, buffer=reader.buffer, close=reader.close, hold=reader)
    stream._reader = reader
    weakref.finalize(stream, reader.close)
    return stream
