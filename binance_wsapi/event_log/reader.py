"""Follows one log for one stream, on a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import msgspec
import redis
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from binance_wsapi.buffer import EventBuffer
from binance_wsapi.core.event_log import KeptEntry
from binance_wsapi.core.log_entries import decoded
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.event_log.kept_entries import kept_entry
from binance_wsapi.event_log.names import shown_name
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
FIRST_AT_ONCE = 20
PAGE_BYTES = 1 << 20
"""Most entries that are read at once, those that are at first, and about how much: events of all symbols are large."""
AHEAD = 2
"""So many times as many wait to be taken while no more are read: the log is the buffer."""
BEGINNING = "0-0"
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
            url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S, protocol=2
        )
        self._log, self._state, *_ = keys
        self._decode = decode
        self._as_told = door(in_floats=in_floats)
        self._told_of = told_of
        self._shown = shown_name(keys)
        self._begins_at = position
        self.position = position or Position()
        """Where the event stands that was taken last."""
        self._last: Position | None = None
        """Where the last entry stands that was read; ``None`` before there is one, or something to follow."""
        self._from = BEGINNING
        """What it is called at the server, or something else that was passed over."""
        self._at_once = FIRST_AT_ONCE
        """How many entries are read at once."""
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
        if self._begins_at.term:
            self._last, self._from = self._begins_at, self._begins_at.entry
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
                return self._position_of(last, whole_ms)
        raise TimeoutError(f"the server of the event log does not answer: {self.problem}")

    def _position_of(self, last: bytes | None, whole_ms: bytes | None) -> Position:
        try:
            return Position() if last is None else _position(last.decode(), int(whole_ms or 0))
        except ValueError:
            raise ConfigurationError(
                f"{self._state} is no state of a log: give after=, or use another database"
            ) from None

    # The thread

    def _run(self) -> None:
        try:
            while not self._is_closed.is_set():
                self._read()
                self._wait_for_room()
        finally:
            self._server.close()

    def _read(self) -> None:
        """Read what there is next; wait for a moment where nothing is to be had."""
        try:
            entries = self._next()
        except (
            Exception
        ) as error:  # the thread's edge: whatever the server says, it may be right the next time
            if self._is_closed.is_set():
                return
            problem = f"{type(error).__name__}: {error}"
            if self.problem is None:
                is_failure = isinstance(error, (RedisError, OSError))
                log.warning(
                    "%s: cannot be read for now: %s",
                    self._log,
                    problem,
                    exc_info=None if is_failure else error,
                )
            self.problem = problem
            self._is_closed.wait(RETRY_S)
            return
        for name, fields in entries:
            self._from = name.decode()
            entry = kept_entry(fields)
            if entry is None:
                log.warning("%s: %s is no entry of a log: it is passed over", self._log, self._from)
                continue
            last, position = self._last, _position(self._from, entry.time_ms)
            after = fields.get(b"a", b"").decode()
            if last is not None and not last.is_before(position.term, position.number, after):
                self.buffer.put((self._told, _gap(last, position)))
            self.buffer.put((self._made, (entry, position)))
            self._last = position

    def _next(self) -> list[tuple[bytes, dict[bytes, bytes]]]:
        """Return the next entries, once there are some, or none after a while."""
        found = self._server.xread({self._log: self._from}, count=self._at_once, block=WAIT_MS)
        if found:
            self.problem = None
            entries: list[tuple[bytes, dict[bytes, bytes]]] = found[0][1]
            size = sum(len(text) for _, fields in entries for text in fields.values())
            self._at_once = max(1, min(AT_ONCE, PAGE_BYTES * len(entries) // max(1, size)))
            return entries
        seconds, _ = self._server.time()
        until, whole_ms, term, cut_at = self._server.hmget(
            self._state, "until", "whole_ms", "term", "cut_at"
        )
        is_quiet = int(until or 0) + QUIET_MS < seconds * 1000
        if is_quiet:
            since = (
                f"since {whole_ms.decode()} (epoch ms)"
                if whole_ms
                else f"yet under {self._shown!r}"
            )
            self.problem = f"nobody has published {self._told_of} {since}"
        elif cut_at:
            self.problem = f"whoever publishes {self._told_of} has lost the exchange"
        else:
            self.problem = None
        if term and self._last is not None and int(term) < self._last.term:
            # The server lost all, and its clock is behind: nothing will ever come after what was read.
            self._from = BEGINNING
        return []

    def _wait_for_room(self) -> None:
        most = AHEAD * self._at_once
        while len(self.buffer) >= most and not self._is_closed.is_set():
            self._room.clear()
            if len(self.buffer) >= most:
                self._room.wait()

    # Whoever takes

    def _made(self, read: tuple[KeptEntry, Position]) -> Any:
        entry, position = read
        try:
            event = self._as_told(decoded(entry.kind, entry.text, self._decode))
        except msgspec.DecodeError:
            event = _unreadable(entry)
        self._room.set()
        self.position = position
        return event

    def _told(self, gap: StreamGap) -> StreamGap:
        return gap


def _position(name: str, time_ms: int) -> Position:
    term, _, number = name.partition("-")
    return Position(int(term), int(number), time_ms)


def _unreadable(entry: KeptEntry) -> StreamGap:
    return StreamGap(
        from_ms=entry.time_ms,
        until_ms=entry.time_ms,
        reason="an entry of the log cannot be read: a later version wrote it, perhaps",
        lost=1,
    )


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
