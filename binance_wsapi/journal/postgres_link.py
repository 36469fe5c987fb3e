"""A connection to PostgreSQL that never waits long: for an answer, or for a server that is away."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from binance_wsapi.core.write_ahead import JournalFailed
from binance_wsapi.errors import ConfigurationError

__all__ = ["ANSWER_S", "PostgresLink", "name_of"]

ANSWER_S = 2.0
"""How long one question may take."""

CONNECT_S = 2
"""How long it may take to connect; the driver waits no shorter than that."""


class _Bounded(psycopg.Connection[Any]):
    answer_s = ANSWER_S

    # Typed by what it derives from; the time is what it does not give by itself.
    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        return super().wait(gen, interval, self.answer_s if timeout is None else timeout)


class PostgresLink:
    """One connection, made when it is asked over, and anew after it failed; on one thread at a time.

    Args:
        url: Of the database.
        settings: What holds for its session, as SQL.
        answer_s: Seconds an answer may take.
        until: When all has to be answered, monotonic seconds.
    """

    def __init__(
        self, url: str, *settings: str, answer_s: float = ANSWER_S, until: float = math.inf
    ) -> None:
        self._url = url
        self._settings = settings
        self._answer_s = answer_s
        self._until = until
        self._connection: _Bounded | None = None

    def ask(self, sql: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run one statement, a transaction of its own where none is open, and return its rows.

        Raises:
            JournalFailed: The server is away, refuses it, or does not answer in time; what it asked for may
                have been done.
        """
        left = self._until - time.monotonic()
        try:
            if left <= 0:
                raise psycopg.OperationalError("no answer in time")
            if self._connection is None:
                self._connection = self._connected()
            self._connection.answer_s = min(self._answer_s, left)
            asked = self._connection.execute(sql.encode(), params or None)
            return asked.fetchall() if asked.description else []
        except (psycopg.Error, OSError) as error:
            self.close()
            raise JournalFailed(_told(error, self._url)) from None

    def close(self) -> None:
        """End the connection; the next question makes another one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connected(self) -> _Bounded:
        connection = _Bounded.connect(self._url, autocommit=True, connect_timeout=CONNECT_S)
        connection.answer_s = self._answer_s
        try:
            if self._settings:
                connection.execute("; ".join(self._settings).encode())
        except BaseException:
            connection.close()
            raise
        return connection


def name_of(url: str) -> str:
    """Return a URL as it may be shown.

    Raises:
        ConfigurationError: It is none of PostgreSQL's.
    """
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:  # its text may quote the password
        raise ConfigurationError(
            "journal is no URL of PostgreSQL's that can be read: write "
            "postgresql://user:password@host:5432/database, with %40 for an @ in a password"
        ) from None
    return (
        f"postgresql://{parts.get('host', '')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"
    )


def _told(error: Exception, url: str) -> str:
    if isinstance(error, psycopg.errors._WaitTimeout):
        why = "no answer in time"
    else:
        why = str(error).strip().partition("\n")[0] or type(error).__name__
    return f"{name_of(url)}: {why}"
