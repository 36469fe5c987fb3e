"""One client's part in an event log that a Redis server keeps."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import math
import os
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

from binance_wsapi.core.event_log import KeptEntry, LogEntry, LogTail, LogWriter, Publisher
from binance_wsapi.errors import ConfigurationError, ParameterError
from binance_wsapi.event_log.names import (
    OWN_PARAMETERS,
    checked_account,
    keys_of,
    shown_name,
    stream_keys_of,
)
from binance_wsapi.event_log.retention import Retention, retention_of
from binance_wsapi.event_log.scripts import APPEND, LEAD, RELEASE
from binance_wsapi.health import LogHealth
from binance_wsapi.options import own_parameters

__all__ = ["RedisEventLog"]

log = logging.getLogger("binance_wsapi.event_log")

ANSWER_S = 1.0
"""What takes the server longer is as good as no answer."""
RETRY_S = 0.25
"""How often a server that is away is tried."""
LASTS_MS = 3000
"""How long a publisher has its turn that says nothing any more."""
GRACE_MS = 1000
"""How much longer than others those wait for a turn who would begin it with a gap."""
BEAT_S = 1.0
"""How often it says that it lives, and how often others ask for their turn."""
BATCH = 500
"""Most entries that are appended at once."""
MOST_UNWRITTEN = 10_000
"""Most entries that wait for a server that is away; beyond them the log gets a gap."""
MOST_KEPT = 10_000
"""Entries of an account that are still known when the server has them: it may lose the last ones."""
MOST_KEPT_OF_STREAM = 1_000
"""The same of a market stream: they are many."""
GATHER_S = 0.02
"""How long an entry of a market stream waits for others that go in the same step."""
TAIL = 1_000
"""How many of the last entries a new publisher looks at, at least."""
MARGIN_MS = 5_000
"""So much from before the moment until which the log is whole as well."""
LEAD_S = 10.0
"""How long a turn may take to begin: the end of a log may be long."""
TRIM_S = 1.0
"""How often what is too old is let go."""
FAILURES = (RedisError, OSError, TimeoutError, asyncio.TimeoutError)


class RedisEventLog:
    """Publishes the events of a client's accounts and market streams; on the client's loop.

    Args:
        url: The server, as redis-py takes it; in its query ``account=NAME`` names the account, ``keep=N``
            says about how many entries each log keeps, and ``keep_hours=N`` for how long.

    Raises:
        ConfigurationError: What the query says cannot be.
    """

    def __init__(self, url: str) -> None:
        self._url, own = own_parameters(url, OWN_PARAMETERS)
        try:
            self._account = checked_account(own["account"]) if "account" in own else None
        except ParameterError as error:
            raise ConfigurationError(f"event_log: {error}") from None
        self._retention = retention_of(own)
        self._server: Any = None
        self._writers: list[_Writer] = []

    def attach(
        self,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        now: Callable[[], float],
        tell: Callable[[str, str, str], None],
    ) -> None:
        """Take what it stands on."""
        self._spawn, self._now, self._tell = spawn, now, tell

    def publish(self, account: str, stream: str, publisher: Publisher) -> LogWriter:
        """Let an account's events be published, as soon as nobody else does."""
        keys = keys_of(self._account or account, stream)
        return self._begin(keys, self._retention, publisher, kept=MOST_KEPT, gather_s=0.0)

    def publish_stream(
        self,
        exchange: str,
        stream: str,
        publisher: Publisher,
        *,
        keep: int | None,
        keep_hours: float | None,
    ) -> LogWriter:
        """Let the events of a market stream be published, as soon as nobody else does."""
        return self._begin(
            stream_keys_of(exchange, stream),
            self._retention.replaced(keep, keep_hours),
            publisher,
            kept=MOST_KEPT_OF_STREAM,
            gather_s=GATHER_S,
        )

    def _begin(
        self,
        keys: list[str],
        retention: Retention,
        publisher: Publisher,
        *,
        kept: int,
        gather_s: float,
    ) -> LogWriter:
        if self._server is None:
            self._server = redis.asyncio.Redis.from_url(
                self._url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S
            )
        writer = _Writer(
            self._server,
            keys,
            retention,
            publisher,
            self._now,
            self._tell,
            kept=kept,
            gather_s=gather_s,
        )
        self._writers.append(writer)
        self._spawn(self._run(writer))
        return writer

    async def _run(self, writer: _Writer) -> None:
        await writer.run()
        self._writers.remove(writer)

    async def leave(self) -> None:
        """Append what is handed in, and let others publish."""
        if self._server is None:
            return
        with contextlib.suppress(*FAILURES):
            async with asyncio.timeout(ANSWER_S):
                await asyncio.gather(
                    *(each.finish() for each in self._writers), return_exceptions=True
                )
        with contextlib.suppress(*FAILURES):
            async with asyncio.timeout(ANSWER_S):
                await self._server.aclose()


class _Writer:
    """Appends to one log.

    Entries are numbered by the term; what the server does not confirm is sent again, and it leaves out
    what it has.
    """

    def __init__(
        self,
        server: Any,
        keys: list[str],
        retention: Retention,
        publisher: Publisher,
        now: Callable[[], float],
        tell: Callable[[str, str, str], None],
        *,
        kept: int,
        gather_s: float,
    ) -> None:
        self._tell = tell
        self._kept = kept
        self._gather_s = gather_s
        self._server = server
        self._keys = keys
        self._retention = retention
        self._publisher = publisher
        self._now = now
        self._trims_at = -math.inf
        """When it is looked next whether there is what is too old."""
        self._id = os.urandom(8).hex()
        self._term: str | None = None
        """Its turn, while it has one."""
        self._lost_term: str | None = None
        """Its turn, of which the server knows nothing any more."""
        self._after = ""
        """The last entry of the term before."""
        self._since_us = 0
        self._entries: deque[LogEntry] = deque()
        self._first = 1
        """The number of the first of them."""
        self._written = 0
        """The number of the last entry that the server has."""
        self._orders: dict[str, bytes] = {}
        """What was learnt of orders since the last entry."""
        self._wake = asyncio.Event()
        self._is_closing = False
        self._problem: str | None = None
        self._away_at = 0.0
        """Since when there has been one."""

    def health(self) -> LogHealth:
        """Return how the log is doing."""
        problem = self._problem
        at_work = "standing by" if self._term is None else "publishing"
        return LogHealth(
            name=shown_name(self._keys),
            state=at_work if problem is None else "server away",
            held_back=self._unwritten,
            away_for=None if problem is None else self._now() - self._away_at,
            problem=problem or "",
        )

    def append(self, entry: LogEntry) -> None:
        """Hand an entry in; never waits."""
        self._entries.append(entry)
        if self._unwritten > MOST_UNWRITTEN:
            log.warning("%s: the server is away for too long: the log gets a gap", self._keys[0])
            self._stand_by()
        elif len(self._entries) > self._kept and self._first <= self._written:
            self._entries.popleft()
            self._first += 1
        self._wake.set()

    def close(self) -> None:
        """Let somebody else publish, once all is appended."""
        self._is_closing = True
        self._wake.set()

    async def run(self) -> None:
        """Append until it is closed, whatever becomes of the server."""
        task = asyncio.current_task()
        assert task is not None
        while not self._is_over:
            # asyncio.wait_for of Python 3.11, which redis-py uses, loses some: many while there is much to append.
            if task.cancelling():
                raise asyncio.CancelledError
            self._wake.clear()
            pause_s = await self._step()
            if pause_s and (self._term is None or self._problem is not None):
                await asyncio.sleep(pause_s)
            elif pause_s:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await self._wake.wait()
                        await asyncio.sleep(self._gather_s)
        await self._release()

    async def finish(self) -> None:
        """Append what there is, as far as the server takes it at once."""
        while self._term is not None and self._unwritten:
            await self._write()
        await self._release()

    @property
    def _unwritten(self) -> int:
        return self._first + len(self._entries) - 1 - self._written

    @property
    def _is_over(self) -> bool:
        return self._is_closing and (
            self._term is None or not self._unwritten or self._problem is not None
        )

    async def _step(self) -> float:
        """Do what is to be done next; return after how many seconds there may be more."""
        try:
            async with asyncio.timeout(LEAD_S if self._term is None else ANSWER_S):
                pause_s = await (self._lead() if self._term is None else self._write())
        except Exception as error:
            if not isinstance(error, FAILURES):
                # Whatever is wrong with what the server says: it may be right the next time.
                log.exception("the server of the event log cannot be understood")
            problem = f"{type(error).__name__}: {error}".rstrip(": ")
            if self._problem is None:
                log.warning("%s: not appended for now: %s", self._keys[0], problem)
                self._away_at = self._now()
                self._tell("log_away", shown_name(self._keys), problem)
            self._problem = problem
            return RETRY_S
        if self._problem is not None:
            log.info("%s: the server answers again", self._keys[0])
            self._problem = None
            self._tell("log_back", shown_name(self._keys), "")
        return pause_s

    async def _lead(self) -> float:
        """Ask for a turn."""
        asked = [self._id, LASTS_MS, self._lost_term or ""]
        asked += [self._publisher.whole_for_ms(), GRACE_MS]
        reply = await self._server.eval(LEAD, len(self._keys), *self._keys, *asked)
        if not reply[0]:
            if self._lost_term is not None:
                self._stand_by()
            return min(BEAT_S, max(0.01, int(reply[1]) / 1000))
        term, last = reply[1].decode(), reply[2].decode()
        if term == self._lost_term:
            log.warning("%s: the server has lost it: it begins anew", self._keys[0])
            self._written = self._first - 1
            self._orders = dict(self._publisher.known_orders())
            self._term, self._lost_term = term, None
            return 0.0
        if self._lost_term is not None:
            self._stand_by()
        tail = await self._tail(int(reply[3]), int(reply[4]))
        self._entries.clear()
        self._orders.clear()
        self._first, self._written = 1, 0
        self._term, self._after = term, last
        log.info("%s: published by this client from now on", self._keys[0])
        self._since_us = self._publisher.lead(tail)
        return 0.0

    async def _tail(self, whole_ms: int, since_us: int) -> LogTail:
        orders = await self._server.hgetall(self._keys[2])
        entries = page = await self._server.xrevrange(self._keys[0], count=TAIL)
        # What was told since then must be known, or it would be found out, and told, once more.
        while len(page) == TAIL and int(page[-1][1][b"t"]) >= whole_ms - MARGIN_MS:
            page = await self._server.xrevrange(self._keys[0], max=b"(" + page[-1][0], count=TAIL)
            entries += page
        return LogTail(
            entries=[
                KeptEntry(fields[b"k"].decode(), fields[b"d"], int(fields[b"t"]))
                for _, fields in reversed(entries)
            ],
            orders={name.decode(): kept for name, kept in orders.items()},
            time_ms=int(entries[0][1][b"t"]) if entries else whole_ms,
            whole_ms=whole_ms,
            since_us=since_us,
        )

    async def _write(self) -> float:
        """Append what there is, and say that this publisher lives."""
        self._learn(self._publisher.changed_orders())
        skipped = self._written + 1 - self._first
        batch = list(itertools.islice(self._entries, skipped, skipped + BATCH))
        orders = dict(self._orders)
        for entry in batch:
            orders |= entry.orders
        arguments: list[Any] = [self._id, self._term, LASTS_MS, self._retention.entries]
        arguments += [self._oldest_ms(), MARGIN_MS, self._since_us]
        arguments += [batch[-1].whole_ms if batch else self._since_us // 1000, self._after]
        arguments += [self._written + 1, len(batch), len(orders)]
        for entry in batch:
            arguments += [entry.kind, entry.text, entry.time_ms]
        for each in orders.items():
            arguments += each
        reply = await self._server.eval(APPEND, len(self._keys), *self._keys, *arguments)
        self._take(reply[0].decode(), int(reply[1]))
        return 0.0 if self._term is None or self._unwritten else BEAT_S

    def _oldest_ms(self) -> int:
        now = self._now()
        if now < self._trims_at:
            return 0
        self._trims_at = now + TRIM_S
        return self._retention.oldest_ms(self._publisher.time_ms())

    def _take(self, how: str, number: int) -> None:
        if how == "ok":
            self._written = number
            self._orders.clear()
        elif how == "lost":
            self._term, self._lost_term = None, self._term
        elif how == "behind" and number >= self._first - 1:
            log.warning("%s: the server has lost the last entries: they come again", self._keys[0])
            self._written = number
        else:
            log.warning("%s: not published by this client any more", self._keys[0])
            self._stand_by()

    def _learn(self, changed: Mapping[str, bytes]) -> None:
        if changed and self._unwritten:
            last = self._entries[-1]
            self._entries[-1] = last._replace(orders={**last.orders, **changed})
        else:
            self._orders |= changed

    def _stand_by(self) -> None:
        self._term = self._lost_term = None
        self._entries.clear()
        self._orders.clear()
        self._first, self._written = 1, 0
        self._publisher.stand_by()

    async def _release(self) -> None:
        if self._term is None:
            return
        term, self._term = self._term, None
        with contextlib.suppress(*FAILURES):
            async with asyncio.timeout(ANSWER_S):
                await self._server.eval(RELEASE, len(self._keys), *self._keys, self._id, term)
