"""Follows one log for one stream, on a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import redis
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from binance_wsapi.buffer import EventBuffer
from binance_wsapi.core.log_entries import decoded
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.event_log.position import Position
from binance_wsapi.events import StreamGap, Untouched
from binance_wsapi.models.readable import door

__all__ = ["LogReader"]

log = logging.getLogger("binance_wsapi.event_log")

ANSWER_S = 5.0
"""What takes the server longer is as good as no answer."""
FIRST_ANSWER_S = 10.0
RETRY_S = 0.25
"""How often a server that is away is tried."""
WAIT_MS = 500
"""How long the server waits for an entry before it says that there is none."""
AT_ONCE = 500
"""Most entries that are read at once."""
AHEAD = 1_000
"""Entries that wait to be taken while no more are read: the log is the buffer."""
QUIET_MS = 5_000
"""How long nobody need have published before that is told."""


class LogReader:
    """Reads entries ahead of whoever takes them.

    The thread fills the buffer; takers, on any thread or loop, make the events and say so.

    Args:
        url: The server, as redis-py takes it.
        keys: The log, and its state.
        position: Where to begin; ``None`` is the end as it is now.
        decode: Makes an event from the exchange's text.
        in_floats: Whether events have floats for decimals.
        told_of: What is in the log, as texts name it.
    """

    def __init__(
        self,
        url: str,
        keys: list[str],
        position: Position | None,
        *,
        decode: Callable[[bytes], Any],
        in_floats: bool,
        told_of: str,
    ) -> None:
        # What it answers is typed as what an async server promises, too.
        self._server: Any = redis.Redis.from_url(
            url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S
        )
        self._log, self._state, *_ = keys
        self._decode = decode
        self._as_told = door(in_floats=in_floats)
        self._told_of = told_of
        self._begins_at = position
        self.position = position or Position()
        """Where the event stands that was taken last."""
        self.problem: str | None = None
        """Why nothing comes for now."""
        self.name = f"log {self._log}"
        self.buffer: EventBuffer[Untouched[Any]] = EventBuffer(
            size=1 << 40, overflow="drop_oldest", lost_marker=lambda lost: (_nothing_lost, lost)
        )
        self._room = threading.Event()
        self._is_closed = threading.Event()

    def begin(self) -> None:
        """Begin to read.

        Raises:
            ConfigurationError: The server refuses to tell where the log ends.
            TimeoutError: It does not answer.
        """
        if self._begins_at is None:
            self._begins_at = self.position = self._end()
        threading.Thread(target=self._run, name="binance-wsapi events", daemon=True).start()

    def close(self) -> None:
        """End the stream; from any thread."""
        self._is_closed.set()
        self._room.set()
        self.buffer.end()

    def release(self) -> None:
        """Nothing is kept alive for the stream."""

    def _end(self) -> Position:
        """Return where the log ends now."""
        tries = int(FIRST_ANSWER_S / RETRY_S)
        for _ in range(tries):
            try:
                last, whole_ms = self._server.hmget(self._state, "last", "whole_ms")
            except (AuthenticationError, ResponseError) as error:
                raise ConfigurationError(f"the server of the event log refuses: {error}") from None
            except (RedisError, OSError) as error:
                self.problem = f"{type(error).__name__}: {error}"
                self._is_closed.wait(RETRY_S)
            else:
                self.problem = None
                return Position() if last is None else _position(last, whole_ms)
        raise TimeoutError(f"the server of the event log does not answer: {self.problem}")

    # The thread

    def _run(self) -> None:
        read = self._begins_at or Position()
        is_first = read == Position()
        while not self._is_closed.is_set():
            try:
                entries = self._next(read)
            except (RedisError, OSError) as error:
                if self.problem is None and not self._is_closed.is_set():
                    log.warning("%s: cannot be read for now: %s", self._log, error)
                self.problem = f"{type(error).__name__}: {error}"
                self._is_closed.wait(RETRY_S)
                continue
            for name, fields in entries:
                entry = _position(name, fields[b"t"])
                after = fields[b"a"].decode() if b"a" in fields else None
                if not is_first and not read.is_before(entry.term, entry.number, after):
                    self.buffer.put((self._told, _gap(read, entry)))
                self.buffer.put((self._made, (fields[b"k"].decode(), fields[b"d"], entry)))
                read, is_first = entry, False
            self._wait_for_room()
        self._server.close()

    def _next(self, read: Position) -> list[tuple[bytes, dict[bytes, bytes]]]:
        """Return the entries behind a position, once there are some, or none after a while."""
        found = self._server.xread({self._log: read.entry or "0-0"}, count=AT_ONCE, block=WAIT_MS)
        if found:
            self.problem = None
            entries: list[tuple[bytes, dict[bytes, bytes]]] = found[0][1]
            return entries
        seconds, _ = self._server.time()
        until, whole_ms = self._server.hmget(self._state, "until", "whole_ms")
        is_quiet = int(until or 0) + QUIET_MS < seconds * 1000
        since = f" since {whole_ms.decode()} (epoch ms)" if whole_ms else ""
        self.problem = f"nobody has published {self._told_of}{since}" if is_quiet else None
        return []

    def _wait_for_room(self) -> None:
        while len(self.buffer) >= AHEAD and not self._is_closed.is_set():
            self._room.clear()
            if len(self.buffer) >= AHEAD:
                self._room.wait()

    # Whoever takes

    def _made(self, entry: tuple[str, bytes, Position]) -> Any:
        kind, text, position = entry
        event = self._as_told(decoded(kind, text, self._decode))
        self._room.set()
        self.position = position
        return event

    def _told(self, gap: StreamGap) -> StreamGap:
        return gap


def _position(name: bytes, time_ms: bytes) -> Position:
    term, _, number = name.decode().partition("-")
    return Position(int(term), int(number), int(time_ms))


def _gap(read: Position, entry: Position) -> StreamGap:
    is_counted = read.term == entry.term
    return StreamGap(
        from_ms=read.time_ms or entry.time_ms,
        until_ms=max(read.time_ms, entry.time_ms),
        reason="the log does not have what came here any more",
        lost=entry.number - read.number - 1 if is_counted else None,
    )


def _nothing_lost(lost: int) -> StreamGap:
    raise AssertionError(f"{lost} entries were read ahead too far")
