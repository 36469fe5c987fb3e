"""One client's part in limits that are shared through Redis."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import redis.asyncio
import redis.exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from binance_wsapi.core.shared_limits import SharedPool
from binance_wsapi.options import check_server, own_parameters
from binance_wsapi.protocol.limits import DRY_RETRY_S, Claim, Ledger
from binance_wsapi.protocol.silence import Silence
from binance_wsapi.shared_limits.lease_script import BOOK_KEYS, LEASE, LEASE_SHA
from binance_wsapi.shared_limits.silences import Silences

__all__ = ["RedisLimits"]

log = logging.getLogger("binance_wsapi.limits")

OWN_PARAMETERS = ("address",)
"""What the query of a server's URL says to this library."""
PREFIX = "binance_wsapi:limits"
BOOKS = f"{PREFIX}:2"
"""A library whose script writes them in another way keeps its books apart; bans are told to all."""
BEAT_S = 0.25
"""How often a member says that it lives and how far it is."""
ANSWER_S = 1.0
"""What takes the server longer is as good as no answer."""
RETRY_S = 0.25
"""How often a server that is away is tried."""
LIVES_MS = 3000
"""A member that has said nothing for so long is dead, and what it had leased comes back."""
AHEAD_US = 1_000_000
"""How long before a window begins its first lease is taken."""
IDLE_S = 1.0
"""Who sent nothing for so long gives back what it does not need."""
WAITS_S = 2 * DRY_RETRY_S
"""A request that waited last so long ago waits no more."""
BUSY_S = 5.0
"""Who sent something, or wanted to, in so many seconds has a part of each window promised."""
SHORT_US = 60 * 10**6
"""Windows up to so long are soon over."""
PATIENCE_S = 3.0
"""How long a client that begins waits for a server that is slow."""
SETTLED_S = 1.0
"""A count that was told so long ago holds nothing that members have not reported meanwhile."""
MARKS = 64
"""How many of the server's answers are kept to compare counts with: those of a request's time on its way."""
WINDOWS_LAST_S = 86_400
"""How long the server knows a limit that nobody has told it again."""
STRANGERS = 8
"""How many members there may be for one that has never reached the server: no share of it is safe for sure,
since the others may hold all. It stands back once the exchange has counted half of a window."""
LAPSES_S = LIVES_MS / 1000 - 0.5
"""How long a lease holds that the server has not confirmed: others do not get it so soon."""
FAILURES = (RedisError, OSError, TimeoutError, asyncio.TimeoutError)


@dataclass(frozen=True, slots=True)
class _Mark:
    """A call that the server answered, to measure its book's time from."""

    life: str
    """Which book that was: one that was lost begins anew."""
    call: int
    at: int
    """The book's time then, milliseconds."""
    answered_at: float


class _Book:
    """One ledger, in the words of the server: a set of members, and a hash for each window."""

    def __init__(self, name: str, own_id: str, ledger: Ledger) -> None:
        self.name = f"{BOOKS}:{{{name}}}"
        self.ledger = ledger
        self.members = 0
        """How many there were last; 0 before that was known."""
        self.rank = int(own_id, 16) % STRANGERS
        """Which of them it is; by chance before that was known."""
        self.need = 0
        """What a part of each window is to be promised for: the heaviest request that waits, 1 for one that is
        busy without; 0 if nothing is."""
        self.heaviest = 1
        self.waited_at = -1e9
        """When so heavy a request waited last."""
        self.is_promised = False
        """Whether the server was told so last."""
        self.mark = _Mark("", 0, 0, 0.0)
        self.sent = 0
        """What had been sent at the last look."""
        self.active_at = -1e9
        """When something was sent, or wanted, last."""
        self.known: dict[str, int] = {}
        """The limits that the server knows."""
        self.used: dict[str, int] = {}
        """By window: what all held, when that was told last."""
        self.marks: dict[str, deque[tuple[int, int]]] = {}
        """By window: what had been sent when the server answered, and what all had handled by then."""
        self.compared: dict[str, int] = {}
        """By window: the mark of the count that was last compared with what all had handled."""
        self.counts: dict[str, deque[tuple[float, int]]] = {}
        """By window: the counts that the exchange told, and when."""

    def claims(self, now: float, *, returns: bool) -> list[Claim]:
        """Return how the windows stand; what is leased and not needed is let go before."""
        ledger = self.ledger
        claims = ledger.claims(now, AHEAD_US)
        waiting = max((claim.wanted for claim in claims if claim.is_needed), default=0)
        if waiting >= self.heaviest or now - self.waited_at > WAITS_S:
            self.heaviest, self.waited_at = max(1, waiting), now
        if ledger.meter.sent != self.sent or waiting:
            self.sent, self.active_at = ledger.meter.sent, now
        if returns and now - self.active_at > IDLE_S:
            for at, claim in enumerate(claims):
                # As much as the server gives to who is idle: in a day's window all would hold it for long.
                keep = claim.own + max(1, claim.allowed // (50 * max(1, self.members)))
                if claim.held > keep and not claim.wanted:
                    ledger.grant(claim, keep, claim.spare)
                    claims[at] = replace(claim, held=keep)
        self.need = self.heaviest if now - self.active_at < BUSY_S else 0
        return claims

    def unknown_windows(self) -> dict[str, int]:
        """Return the limits that the exchange told here, and that the server does not know."""
        limits = {
            f"{interval}:{number}": window.limit
            for (interval, number), window in self.ledger.windows.items()
        }
        return {name: limit for name, limit in limits.items() if self.known.get(name) != limit}

    def learn_windows(self, known: dict[str, str]) -> bool:
        """Take in limits that the exchange told others; return whether one was new."""
        self.known = {name: int(limit) for name, limit in known.items()}
        is_new = False
        for name, limit in self.known.items():
            interval, _, number = name.partition(":")
            if (interval, int(number)) not in self.ledger.windows:
                self.ledger.window(interval, int(number), limit)
                is_new = True
        return is_new

    def key(self, claim: Claim) -> str:
        return f"{self.name}:{claim.window}:{claim.index}"

    def passed(self, now: float) -> list[Any]:
        """Return what the server is told of the time: a call, and how long ago it was answered at least."""
        passed_ms = math.floor((now - self.mark.answered_at) * 1000)
        return [self.mark.life, self.mark.call, self.mark.at, passed_ms]

    def arguments(self, claim: Claim, now: float) -> list[Any]:
        """Return what the server is told of a window."""
        window = self.key(claim)
        most: Any = ""
        least: Any = ""
        counts = self.counts.setdefault(window, deque())
        marks = self.marks.get(window)
        if claim.told is not None:
            if claim.told_at > self.compared.get(window, 0):
                # All that was known to be handled when its request was sent is in this count.
                before = [handled for sent, handled in marks or () if sent < claim.told_at]
                if before:
                    most = claim.told - before[-1]
                    self.compared[window] = claim.told_at
            counts.append((now, claim.told))
            # What was counted then has been reported as handled by now, but for what others sent.
            while len(counts) > 1 and now - counts[1][0] >= SETTLED_S:
                counts.popleft()
            if marks and now - counts[0][0] >= SETTLED_S:
                least = counts[0][1] - marks[-1][1]
        if most != "" and least != "":
            least = min(least, most)
        lasts_s = 2 * claim.length_us // 10**6 + 1
        # What was under way as the window turned counts here, too.
        held = max(claim.held, claim.own)
        wanted = claim.wanted if self.need or claim.own else 0
        return [
            claim.index,
            claim.limit,
            claim.allowed,
            held,
            claim.spare,
            claim.own,
            claim.done,
            wanted,
            most,
            least,
            lasts_s,
        ]

    def take(
        self, claims: list[Claim], reply: list[Any], *, asked_at: float, answered_at: float
    ) -> None:
        """Take in what the server answered to what was asked then."""
        members, is_settling, rank, life, call, at = reply[:6]
        if members >= self.members:  # else some are to come back yet
            self.rank = rank
        self.is_promised = self.need > 0
        # One that is a little older loses less of the time: each misses its own way to the server.
        if life != self.mark.life or answered_at - self.mark.answered_at >= BEAT_S:
            self.mark = _Mark(life, call, at, answered_at)
        if not is_settling:
            self.ledger.fallback = None
        for claim, (held, spare, handled, used) in zip(claims, reply[6:], strict=True):
            self.ledger.grant(claim, held, spare, is_all=not is_settling)
            window, sent = self.key(claim), self.ledger.meter.sent
            marks = self.marks.setdefault(window, deque(maxlen=MARKS))
            if marks and marks[-1][0] == sent:
                marks.pop()
            # What is sent from now on is counted later than what all had handled by now.
            marks.append((sent, handled))
            self.used[window] = used
        for kept in (self.marks, self.compared, self.used, self.counts):
            for window in [each for each in kept if each not in map(self.key, claims)]:
                del kept[window]
        self.ledger.confirmed(asked_at + LAPSES_S)

    def come_back(self) -> None:
        """Compare with nothing that the server said before it was away: it may not know it any more."""
        self.marks.clear()
        self.compared.clear()
        self.counts.clear()

    def do_without(self, now: float) -> None:
        """Go on with what is held, and with what is promised of windows that begin to who is taken to be alive."""
        self.ledger.roll(now)  # what has lapsed by now is gone
        self.ledger.confirmed(math.inf)
        self.ledger.fallback = partial(_promised, self.members if self.is_promised else 0)

    def stand_alone(self, now: float) -> None:
        """Go on when all have to: with an equal part of each window that begins."""
        is_stranger, members = not self.members, self.members or STRANGERS
        self.do_without(now)
        self.ledger.fallback = partial(_part_in_turn, members, self.rank)

        def part(claim: Claim) -> int:
            if is_stranger:
                its_part = _part_in_turn(members, self.rank, claim.allowed, claim.index)
                # Nothing but the exchange's count tells of others; what tells it fits into the reserve.
                if claim.told is None:
                    return max(claim.own, min(its_part, max(1, claim.allowed // 50)))
                is_free = claim.told <= claim.allowed // 2
                return max(claim.held, its_part) if is_free else claim.own
            if claim.length_us <= SHORT_US:
                return claim.held  # the next one begins soon
            left = claim.allowed - self.used.get(self.key(claim), claim.allowed)
            # Others may have leased more since that was told.
            return claim.held + max(0, left) // (2 * members)

        self.ledger.hold(part, now)


class RedisLimits:
    """Leases parts of the limits for one client, ahead of need; on the client's loop.

    Args:
        url: The server, as redis-py takes it; ``address=NAME`` in its query names the address that is
            shared, where those who use the server have several.
    """

    def __init__(self, url: str) -> None:
        self._url, own = own_parameters(url, OWN_PARAMETERS)
        check_server(self._url, "shared_limits", OWN_PARAMETERS, redis.ConnectionPool)
        self._address = own.get("address")
        self._id = os.urandom(8).hex()
        self._books: list[_Book] = []
        self._problem: str | None = "not reached yet"
        self._has_told = False
        self._is_loaded = False
        """The server knows the script: its text need not be sent each time."""
        self._is_alone = False
        """The server has been away for so long that all go on without it."""
        self._lost_at: float | None = None
        """When it was asked in vain first, since it last answered."""
        self._back_at = -1e9
        self._wake = asyncio.Event()
        self._resubscribe = asyncio.Event()
        self._in_vain = 0
        """How often it was tried in vain to hear what is published."""
        self._is_begun = False
        self._is_ended = False

    def attach(
        self,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        now: Callable[[], float],
        tell: Callable[[str, str], None],
    ) -> None:
        """Take what it stands on."""
        self._spawn, self._now, self._tell = spawn, now, tell
        self._silences = Silences(self._id, now)

    def status(self) -> str:
        """Return how the sharing is doing, in a few words."""
        members = self._most_members()
        if self._problem is None:
            return f"shared by {members}"
        if not members:
            part = f"up to 1/{STRANGERS} of each limit, as nobody knows who else is there"
        elif self._is_alone:
            part = f"1/{members} of each limit, as one of {members} clients"
        else:
            part = f"1/{2 * members} of each limit, half of its share as one of {members} clients, until all are alone"
        return f"alone, with {part}: {self._problem}"

    def _most_members(self) -> int:
        return max((book.members for book in self._books), default=0)

    def share(self, pool: SharedPool) -> None:
        """Share a pool's limits from now on: its ledgers go by leases."""
        address = pool.address if self._address is None else f"{pool.address}@{self._address}"
        books = [
            _Book(f"{address}:weight", self._id, pool.weight),
            _Book(f"{address}:connections", self._id, pool.connections),
        ]
        if pool.account is not None:
            books.append(_Book(f"{pool.account}:orders", self._id, pool.orders))
        for book in books:
            book.ledger.is_leased = True
            book.ledger.on_need = self._wake.set
            if self._is_alone:
                book.stand_alone(self._now())
        self._silences.share(pool, PREFIX, address)
        self._books += books
        self._wake.set()
        self._resubscribe.set()
        if not self._is_begun:
            self._is_begun = True
            self._server: Any = redis.asyncio.Redis.from_url(
                self._url,
                decode_responses=True,
                socket_timeout=ANSWER_S,
                socket_connect_timeout=ANSWER_S,
                protocol=2,  # with 3, a server without a password takes any
                retry=Retry(
                    NoBackoff(), 0
                ),  # another server may stand there: that has to be noticed
            )
            self._spawn(self._lease())
            self._spawn(self._listen())

    def told(self, pool: SharedPool, silence: Silence) -> None:
        """Have all others leave alone what this client was told to."""
        self._silences.told(pool, silence)
        self._wake.set()

    async def leave(self) -> None:
        """Give everything back."""
        self._is_ended = True
        if not self._is_begun:
            return
        with contextlib.suppress(*FAILURES):
            async with asyncio.timeout(ANSWER_S):
                for book in self._books:
                    book.ledger.hold(lambda claim: claim.own, self._now())
                await self._beat(is_last=True)
        with contextlib.suppress(*FAILURES):
            async with asyncio.timeout(ANSWER_S):
                await self._server.aclose()

    # Leases

    async def _lease(self) -> None:
        while not self._is_ended:
            self._wake.clear()
            try:
                async with asyncio.timeout(ANSWER_S):
                    await self._beat()
            except redis.exceptions.NoScriptError:
                self._is_loaded = False  # another server, or one that was started anew
                continue
            except Exception as error:  # noqa: BLE001  (no call may wait for a server for ever, whatever it says)
                self._lost(error)
                await asyncio.sleep(RETRY_S)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await self._wake.wait()

    async def _beat(self, *, is_last: bool = False) -> None:
        """Say how far this member is, and take what leases there are."""
        now = self._now()
        if self._problem is not None:
            self._back_at = now
            for book in self._books:
                book.come_back()
        is_back = now - self._back_at < LIVES_MS / 1000
        said = []
        pipeline = self._server.pipeline(transaction=False)
        silences = self._silences.ask(pipeline)
        for book in self._books:
            claims = book.claims(now, returns=not is_last)
            expected = 0 if is_last else book.members
            arguments: list[Any] = [self._id, LIVES_MS, expected, int(is_back), book.need]
            arguments += [int(is_last), os.urandom(8).hex(), *book.passed(now)]
            for claim in claims:
                arguments += book.arguments(claim, now)
            windows = f"{book.name}:windows"
            if news := book.unknown_windows():
                pipeline.hset(windows, mapping=news)
                pipeline.expire(windows, WINDOWS_LAST_S)
            pipeline.hgetall(windows)
            keys = [f"{book.name}:{each}" for each in BOOK_KEYS]
            keys += map(book.key, claims)
            if self._is_loaded:
                pipeline.evalsha(LEASE_SHA, len(keys), *keys, *arguments)
            else:
                pipeline.eval(LEASE, len(keys), *keys, *arguments)
            said.append((book, claims, news))
        answers = iter(await pipeline.execute(raise_on_error=False))
        answered_at = self._now()
        self._silences.take(silences, answers)
        if is_last:
            return
        leased = list(answers)
        for answer in leased:
            if isinstance(answer, Exception):
                raise answer
        self._is_loaded = True
        replies = iter(leased)
        for book, claims, news in said:
            if news:
                next(replies), next(replies)
            if book.learn_windows(next(replies)):
                self._wake.set()
            reply = next(replies)
            book.take(claims, reply, asked_at=now, answered_at=answered_at)
            # Of those who are to come back yet some may be missing.
            book.members = max(int(reply[0]), book.members if is_back else 0)
        self._lost_at = None
        if self._problem is not None:
            self._came_back()

    def _lost(self, error: BaseException) -> None:
        self._is_loaded = False
        if self._lost_at is None:
            # Of a process that stood still itself that is not long ago, unlike the last answer.
            self._lost_at = self._now()
        silent_s = self._now() - self._lost_at
        is_stranger = not self._most_members()
        is_refused = isinstance(error, redis.exceptions.ConnectionError)
        if is_stranger and silent_s < PATIENCE_S and not is_refused:
            return  # what is to be sent waits for the first lease, and for nothing else
        self._problem = _in_words(error)
        if self._is_alone and not is_stranger:
            return
        self._is_alone = is_stranger or silent_s > LIVES_MS / 1000 + ANSWER_S
        for book in self._books:
            if self._is_alone:
                book.stand_alone(self._now())
            elif not self._has_told:
                book.do_without(self._now())
        if not self._has_told:
            self._has_told = True
            is_known = isinstance(error, FAILURES)
            log.warning(
                "limits are not shared: %s", self._problem, exc_info=None if is_known else error
            )
            self._tell("limits_alone", self.status())

    def _came_back(self) -> None:
        """The server leases again: one that only answers, a replica say, is no server."""
        self._problem = None
        self._is_alone = False
        if self._has_told:
            self._has_told = False
            self._resubscribe.set()
            log.info("limits are shared again")
            self._tell("limits_shared", "the server answers")

    async def _listen(self) -> None:
        """Hear at once what others are told; what is missed here is taken in with the next lease."""
        while not self._is_ended:
            self._resubscribe.clear()
            try:
                async with self._server.pubsub() as published:
                    await published.subscribe(*self._silences.channels)
                    self._in_vain = 0
                    while not self._resubscribe.is_set() and not self._is_ended:
                        message = await published.get_message(
                            ignore_subscribe_messages=True, timeout=BEAT_S
                        )
                        if message is not None:
                            self._silences.heard(message["channel"], message["data"])
            except Exception as error:  # noqa: BLE001  (whatever one member published: others will, too)
                self._cannot_hear(error)
                await asyncio.sleep(RETRY_S)

    def _cannot_hear(self, error: Exception) -> None:
        self._in_vain += 1
        if not isinstance(error, FAILURES):
            log.warning("what another member published cannot be read", exc_info=error)
        elif self._in_vain == 2 and self._problem is None:
            log.warning("what others are told is heard a little later: %s", _in_words(error))


def _in_words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


def _promised(members: int, allowed: int, index: int) -> int:
    """Return what the server keeps back at the least for one of so many that are busy; 0 for one that is not."""
    return allowed // (2 * members) if members else 0


def _part_in_turn(members: int, rank: int, allowed: int, index: int) -> int:
    """Return the part of one of several members, for whom the remainder goes round from window to window."""
    place = (rank + index) % members
    return allowed * (place + 1) // members - allowed * place // members
