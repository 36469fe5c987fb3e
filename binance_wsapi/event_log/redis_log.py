"""One client's part in an event log that a Redis server keeps."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NamedTuple

import redis.asyncio
from redis.exceptions import RedisError

from binance_wsapi.core.event_log import (
    MOST_ENTRIES,
    KeptEntry,
    LogEntry,
    LogTail,
    LogWriter,
    Publisher,
)
from binance_wsapi.errors import ConfigurationError, ParameterError
from binance_wsapi.event_log.backlog import Backlog
from binance_wsapi.event_log.kept_entries import kept_entry
from binance_wsapi.event_log.names import (
    OWN_PARAMETERS,
    checked_account,
    keys_of,
    shown_name,
    stream_keys_of,
)
from binance_wsapi.event_log.retention import Retention, retention_of
from binance_wsapi.event_log.scripts import APPEND, LEAD, RELEASE, RENEW
from binance_wsapi.health import LogHealth
from binance_wsapi.options import check_server, own_parameters
from binance_wsapi.protocol.missed_trades import SEARCHED_MS

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
CUT_OFF_MS = 5000
"""How long one keeps its turn that says that it lives, but has lost the exchange, while another has not."""
BEAT_S = 1.0
"""How often it says that it lives, and how often others ask for their turn."""
MARGIN_MS = 10_000
"""So much from before the moment until which the log is whole is kept, and looked at by a new publisher, as well."""
FIRST_PAGE, PAGE = 16, 256
"""How many entries it looks at in one step: events of all symbols are large."""
LEAD_S = 10.0
"""How long such a step may take."""
TRIM_S = 1.0
"""How often what is too old is let go."""
FAILURES = (RedisError, OSError, TimeoutError, asyncio.TimeoutError)


class _Kind(NamedTuple):
    """What a log is of."""

    most_kept: int
    """How many entries are still known when the server has them: it may lose the last ones."""
    tail: int
    """How many of the last entries a new publisher looks at, at least."""
    gather_s: float
    """How long an entry waits for others that go in the same step."""


ACCOUNT = _Kind(most_kept=10_000, tail=1_000, gather_s=0.0)
STREAM = _Kind(most_kept=1_000, tail=1, gather_s=0.02)
"""Its events are many."""


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
        check_server(self._url, "event_log", OWN_PARAMETERS, redis.ConnectionPool)
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
        return self._begin(ACCOUNT, keys, self._retention, publisher)

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
        retention = self._retention.replaced(keep, keep_hours)
        return self._begin(STREAM, stream_keys_of(exchange, stream), retention, publisher)

    def _begin(
        self, kind: _Kind, keys: list[str], retention: Retention, publisher: Publisher
    ) -> LogWriter:
        if self._server is None:
            self._server = redis.asyncio.Redis.from_url(
                self._url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S, protocol=2
            )
        writer = _Writer(kind, self._server, keys, retention, publisher, self._now, self._tell)
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
        kind: _Kind,
        server: Any,
        keys: list[str],
        retention: Retention,
        publisher: Publisher,
        now: Callable[[], float],
        tell: Callable[[str, str, str], None],
    ) -> None:
        self._tell = tell
        self._kind = kind
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
        self._backlog = Backlog(kind.most_kept)
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
            held_back=self._backlog.unwritten,
            away_for=None if problem is None else self._now() - self._away_at,
            problem=problem or "",
        )

    def append(self, entry: LogEntry) -> None:
        """Hand an entry in; never waits."""
        self._backlog.append(entry)
        if self._backlog.is_too_long:
            log.warning("%s: the server is away for too long: the log gets a gap", self._keys[0])
            self._stand_by()
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
                        await asyncio.sleep(self._kind.gather_s)
        await self._release()

    async def finish(self) -> None:
        """Append what there is, as far as the server takes it at once."""
        while self._term is not None and self._backlog.unwritten:
            await self._write()
        await self._release()

    @property
    def _is_over(self) -> bool:
        return self._is_closing and (
            self._term is None or not self._backlog.unwritten or self._problem is not None
        )

    async def _step(self) -> float:
        """Do what is to be done next; return after how many seconds there may be more."""
        try:
            if self._term is None:
                pause_s = await self._lead()
            else:
                async with asyncio.timeout(ANSWER_S):
                    pause_s = await self._write()
        except Exception as error:
            if not isinstance(error, FAILURES) and self._problem is None:
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
        asked += [self._publisher.whole_for_ms(), GRACE_MS, CUT_OFF_MS]
        async with asyncio.timeout(LEAD_S):
            reply = await self._server.eval(LEAD, len(self._keys), *self._keys, *asked)
        if not reply[0]:
            if self._lost_term is not None:
                self._stand_by()
            return min(BEAT_S, max(0.01, int(reply[1]) / 1000))
        term, last = reply[1].decode(), reply[2].decode()
        if term == self._lost_term:
            log.warning("%s: the server has lost it: it begins anew", self._keys[0])
            self._backlog.rewind()
            self._orders = dict(self._publisher.known_orders())
            self._term, self._lost_term = term, None
            return 0.0
        if self._lost_term is not None:
            self._stand_by()
        tail = await self._tail(term, int(reply[3]), int(reply[4]))
        self._backlog.begin()
        self._orders.clear()
        self._term, self._after = term, last
        log.info("%s: published by this client from now on", self._keys[0])
        self._since_us = self._publisher.lead(tail)
        return 0.0

    async def _tail(self, term: str, whole_ms: int, since_us: int) -> LogTail:
        """Return the end of the log, and keep the turn while that is read.

        Raises:
            TimeoutError: It took too long.
        """
        async with asyncio.timeout(LEAD_S):
            orders = await self._server.hgetall(self._keys[2])
        entries: list[KeptEntry] = []
        until, count, renew_at = "+", FIRST_PAGE, self._now() + BEAT_S
        while True:
            async with asyncio.timeout(LEAD_S):
                page = await self._server.xrevrange(self._keys[0], max=until, count=count)
                if self._now() >= renew_at:
                    await self._server.eval(RENEW, 1, self._keys[1], self._id, term, LASTS_MS)
                    renew_at = self._now() + BEAT_S
            entries += [entry for _, fields in page if (entry := kept_entry(fields)) is not None]
            # What was told since then must be known, or it would be found out, and told, once more.
            is_enough = entries and entries[-1].time_ms < whole_ms - MARGIN_MS
            if len(page) < count or (is_enough and len(entries) >= self._kind.tail):
                break
            until, count = f"({page[-1][0].decode()}", min(4 * count, PAGE)
        return LogTail(
            entries=entries[::-1],
            orders={name.decode(): kept for name, kept in orders.items()},
            time_ms=entries[0].time_ms if entries else whole_ms,
            whole_ms=whole_ms,
            since_us=since_us,
        )

    async def _write(self) -> float:
        """Append what there is, and say that this publisher lives."""
        self._learn(self._publisher.changed_orders())
        backlog, batch = self._backlog, self._backlog.batch()
        orders = dict(self._orders)
        for entry in batch:
            orders |= entry.orders
        arguments: list[Any] = [self._id, self._term, LASTS_MS, self._most_entries(batch)]
        arguments += [self._oldest_ms(), MARGIN_MS, self._since_us]
        arguments += [batch[-1].whole_ms if batch else self._since_us // 1000, self._after]
        arguments += [int(self._publisher.is_interrupted)]
        arguments += [backlog.written + 1, len(batch), len(orders)]
        for entry in batch:
            arguments += [entry.kind, entry.text, entry.time_ms]
        for each in orders.items():
            arguments += each
        reply = await self._server.eval(APPEND, len(self._keys), *self._keys, *arguments)
        self._take(reply[0].decode(), int(reply[1]))
        return 0.0 if self._term is None or backlog.unwritten else BEAT_S

    def _most_entries(self, batch: list[LogEntry]) -> int:
        """Return how many entries are kept: all, while whoever publishes next has to know what was told since a gap."""
        unsettled_ms = batch[-1].time_ms - batch[-1].whole_ms if batch else 0
        # Further back nobody looks.
        return MOST_ENTRIES if 0 < unsettled_ms < SEARCHED_MS else self._retention.entries

    def _oldest_ms(self) -> int:
        now = self._now()
        if now < self._trims_at:
            return 0
        self._trims_at = now + TRIM_S
        return self._retention.oldest_ms(self._publisher.time_ms())

    def _take(self, how: str, number: int) -> None:
        if how == "ok":
            self._backlog.written = number
            self._orders.clear()
        elif how == "lost":
            self._term, self._lost_term = None, self._term
        elif how == "behind" and self._backlog.knows(number):
            log.warning("%s: the server has lost the last entries: they come again", self._keys[0])
            self._backlog.written = number
        else:
            log.warning("%s: not published by this client any more", self._keys[0])
            self._stand_by()

    def _learn(self, changed: Mapping[str, bytes]) -> None:
        if changed and not self._backlog.learn(changed):
            self._orders |= changed

    def _stand_by(self) -> None:
        self._term = self._lost_term = None
        self._backlog.begin()
        self._orders.clear()
        self._publisher.stand_by()

    async def _release(self) -> None:
        if self._term is None:
            return
        term, self._term = self._term, None
        with contextlib.suppress(*FAILURES):
            async with asyncio.timeout(ANSWER_S):
                await self._server.eval(RELEASE, len(self._keys), *self._keys, self._id, term)
