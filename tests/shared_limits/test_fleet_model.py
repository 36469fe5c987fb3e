"""Members of a fleet against a real Redis and an exchange that counts, in any order of events, in time of their own.

Every member is a real one; its beats, its stalls, its death and the server's are steps of a schedule.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis.exceptions
from redis_server import RedisServer, needs_redis

from binance_wsapi.core.shared_limits import SharedPool
from binance_wsapi.protocol.limits import Governor, Reservation, connection_ledger, weight_ledger
from binance_wsapi.shared_limits.redis_limits import BEAT_S, LIVES_MS, RedisLimits

pytestmark = needs_redis

LIMIT = 400
MINUTE_US = 60 * 10**6
LEAD_US = 10**15
MEMBERS = 4
BOOK = "binance_wsapi:limits:{model:weight}"


class World:
    """The time, the exchange and the server."""

    def __init__(self, server: RedisServer) -> None:
        self.url = server.url
        self.now = 0.0
        self.counted: Counter[int] = Counter()
        self.lost_at = -LIVES_MS / 1000
        """When the server lost everything; it had not long before the first member came."""

    @property
    def wall_us(self) -> int:
        return LEAD_US + round(self.now * 1e6)

    @property
    def window(self) -> int:
        return self.wall_us // MINUTE_US


class Member:
    """A client's part in the limits, and what it has under way."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.governor = Governor(
            (("REQUEST_WEIGHT", "MINUTE", 1, LIMIT),), weight=weight_ledger(LEAD_US)
        )
        self.limits = RedisLimits(world.url)
        self.limits.attach(lambda work: work.close(), lambda: world.now, lambda kind, why: None)
        self.under_way: deque[Reservation] = deque()
        self.handled: deque[tuple[Reservation, int]] = deque()
        self.beat_at = world.now
        self.sent = 0
        self.limits.share(
            SharedPool(
                address="model",
                account=None,
                weight=self.governor._weights,
                orders=self.governor._counts,
                connections=connection_ledger(),
                hear=lambda address, account: None,
            )
        )

    async def beat(self) -> None:
        await self.limits._beat()
        self.beat_at = self.world.now

    def lose(self) -> None:
        self.limits._lost(redis.exceptions.ConnectionError("away"))

    def send(self, most: int) -> None:
        for _ in range(most):
            admitted = self.governor.admit(None, {}, self.world.now)
            if not isinstance(admitted, Reservation):
                return
            self.sent += 1
            self.under_way.append(admitted)

    def arrive(self, most: int) -> None:
        """Have the exchange count what is under way."""
        world = self.world
        for _ in range(min(most, len(self.under_way))):
            world.counted[world.window] += 1
            assert world.counted[world.window] <= LIMIT, "the exchange would have refused it"
            self.handled.append((self.under_way.popleft(), world.counted[world.window]))

    def hear(self) -> None:
        """Take in the answers."""
        while self.handled:
            reservation, count = self.handled.popleft()
            told = (
                '[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,'
                f'"limit":{LIMIT},"count":{count}}}]'
            ).encode()
            self.governor.answered(reservation, told, succeeded=True, now=self.world.now)


class Fleet:
    """Members, and what befalls them."""

    def __init__(self, world: World, database: Any, chance: random.Random) -> None:
        self.world, self.database, self.chance = world, database, chance
        self.members = [Member(world) for _ in range(MEMBERS)]
        self.stalled: Member | None = None
        self.died_in = 0
        """The window in which somebody died last."""

    async def begin(self) -> None:
        """Have all of them reach the server."""
        for member in self.members:
            await member.beat()

    def any(self) -> Member:
        return self.chance.choice(self.members)

    async def reported(self) -> Member:
        """Return one that has said how far it is, and what it was told, a second ago.

        What it sends after that, and nobody else's counts show, is what the reserve is for.
        """
        member = self.any()
        member.arrive(LIMIT)
        member.hear()
        await self.idle(1.25)
        return member

    async def idle(self, seconds: float) -> None:
        """Do nothing but live."""
        for _ in range(round(seconds / BEAT_S)):
            await self.pass_time(BEAT_S)
            for member in self.members:
                await member.beat()

    async def work(self) -> None:
        """A quarter of a second in which all do what they do, in any order."""
        self.chance.shuffle(self.members)
        for member in self.members:
            if member is self.stalled:
                continue
            member.send(self.chance.randrange(30))
            member.arrive(self.chance.randrange(30))
            if self.chance.random() < 0.8:
                member.hear()
            await member.beat()
        await self.pass_time(BEAT_S)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass; what is under way as a window turns is what the reserve is for."""
        world, window = self.world, self.world.window
        if (world.wall_us + round(seconds * 1e6)) // MINUTE_US > window:
            for member in self.members:
                member.arrive(LIMIT)
        world.now += seconds
        lives_s = LIVES_MS / 1000
        if world.now - world.lost_at > lives_s:
            await self.database.set(f"{BOOK}:since", 1)
            await self.database.delete(f"{BOOK}:expected")
        for member in self.members:
            if world.now - member.beat_at > lives_s:  # by the server's clock it is dead
                await self.database.zadd(f"{BOOK}:members", {member.limits._id: 1})

    async def stall(self) -> None:
        """One stands still, longer than it is taken to be alive; the others use up what it had."""
        self.stalled = await self.reported()
        for _ in range(20):
            await self.work()
        stalled, self.stalled = self.stalled, None
        stalled.send(LIMIT)
        stalled.arrive(LIMIT)
        await self.idle(1.0)  # it is one of them again

    async def replace(self) -> None:
        """One dies, what it said last being true, and another one comes and reaches the server."""
        dead = await self.reported()
        self.died_in = self.world.window
        self.members.remove(dead)
        await dead.limits._server.aclose()
        await self.database.zadd(f"{BOOK}:members", {dead.limits._id: 1})
        self.members.append(Member(self.world))
        await self.members[-1].beat()

    async def restart(self) -> None:
        """The server is away for a while, and then knows nothing; they come back one by one.

        What the dead have used, and no count told anybody, is what the reserve is for here, too.
        """
        if self.died_in == self.world.window:
            return
        for member in self.members:
            member.lose()
        for _ in range(self.chance.choice((0, 1, 8, 40))):
            for member in self.members:
                member.send(self.chance.randrange(8))
                member.arrive(LIMIT)
                member.hear()
            self.world.now += BEAT_S
            for member in self.members:
                member.lose()
        await self.database.flushall()
        self.world.lost_at = self.world.now
        self.chance.shuffle(self.members)
        for member in self.members:
            await member.beat()
            self.any().send(LIMIT)
        for member in self.members:
            member.arrive(LIMIT)

    async def turn(self) -> None:
        """A window ends."""
        left_us = MINUTE_US - self.world.wall_us % MINUTE_US
        for member in self.members:  # to the last second and a half, alive all the time
            member.arrive(LIMIT)
            member.hear()
        self.world.now += max(0.0, left_us / 1e6 - 3.5)
        for member in self.members:
            member.beat_at = self.world.now
        await self.idle(2.0)
        while left_us > 0 and self.world.wall_us % MINUTE_US > 50 * 10**6:
            await self.work()


async def run(server: RedisServer, seed: int) -> None:
    chance = random.Random(seed)
    async with redis.asyncio.Redis.from_url(server.url, decode_responses=True) as database:
        await database.flushall()
        fleet = Fleet(World(server), database, chance)
        await fleet.begin()
        steps: list[Callable[[], Any]] = [fleet.work] * 12
        steps += [fleet.stall, fleet.replace, fleet.restart, fleet.turn]
        try:
            for _ in range(60):
                await chance.choice(steps)()
        finally:
            for member in fleet.members:
                await member.limits._server.aclose()


@pytest.mark.timeout(900)  # thousands of questions to the server
def test_the_limit_holds_whatever_happens_in_whatever_order(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        for seed in range(30):
            try:
                asyncio.run(run(server, seed))
            except AssertionError as error:
                pytest.fail(f"seed {seed}: {error}")


def test_who_stood_still_uses_no_lease_that_others_may_have(tmp_path: Path) -> None:
    async def stand_still(server: RedisServer) -> int:
        world = World(server)
        member = Member(world)
        await member.beat()
        held = member.governor._weights.windows["MINUTE", 1].granted
        assert held > 0
        world.now += LIVES_MS / 1000
        member.send(LIMIT)
        sent = member.sent
        await member.beat()
        member.send(LIMIT)
        await member.limits._server.aclose()
        assert member.sent > 0, "a new one, once it has said that it lives"
        return sent

    with RedisServer(tmp_path) as server:
        assert asyncio.run(stand_still(server)) == 0


def test_a_calm_fleet_uses_nearly_all_and_nobody_starves(tmp_path: Path) -> None:
    async def calm(server: RedisServer) -> tuple[int, list[int]]:
        async with redis.asyncio.Redis.from_url(server.url, decode_responses=True) as database:
            fleet = Fleet(World(server), database, random.Random(1))
            await fleet.begin()
            window = fleet.world.window + 1
            while fleet.world.window < window:
                await fleet.work()
            before = {member: member.sent for member in fleet.members}
            while fleet.world.window == window:
                await fleet.work()
            for member in fleet.members:
                await member.limits._server.aclose()
            sent = [each.sent - before[each] for each in fleet.members]
            return fleet.world.counted[window], sent

    with RedisServer(tmp_path) as server:
        used, sent = asyncio.run(calm(server))
    assert used >= 0.95 * LIMIT
    assert min(sent) >= LIMIT / MEMBERS / 2


@pytest.mark.parametrize("beats_first", [False, True], ids=["answer first", "beat first"])
def test_what_others_were_thought_to_use_is_corrected_where_all_leases_are_used_up(
    tmp_path: Path, beats_first: bool
) -> None:
    """Where nobody sends no answer tells better: a request goes beyond the lease now and then.

    Its answer tells better also where the member says how far it is before that comes.
    """

    async def corrected(server: RedisServer) -> int:
        async with redis.asyncio.Redis.from_url(server.url, decode_responses=True) as database:
            await database.set(f"{BOOK}:since", 1)
            world = World(server)
            world.now += (MINUTE_US - world.wall_us % MINUTE_US) / 1e6  # a window begins
            member = Member(world)
            await member.beat()
            member.send(LIMIT)
            await member.beat()
            member.arrive(LIMIT)
            member.hear()
            (window,) = [name async for name in database.scan_iter(f"{BOOK}:REQUEST*")]
            await database.hset(window, "F", LIMIT)
            await member.beat()
            member.send(LIMIT)
            await member.beat()
            for _ in range(80):
                if beats_first:
                    await member.beat()
                member.arrive(LIMIT)
                member.hear()
                await member.beat()
                world.now += BEAT_S
                member.send(LIMIT)
            await member.limits._server.aclose()
            return world.counted[world.window]

    with RedisServer(tmp_path) as server:
        assert asyncio.run(corrected(server)) >= 0.95 * LIMIT


def test_a_count_is_not_compared_with_what_was_handled_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a slow server has a question, one sends and is answered, and the others go on."""

    async def ask_slowly(server: RedisServer) -> int:
        async with redis.asyncio.Redis.from_url(server.url, decode_responses=True) as database:
            await database.set(f"{BOOK}:since", 1)
            world = World(server)
            world.now += (MINUTE_US - world.wall_us % MINUTE_US) / 1e6  # a window begins
            one, other = Member(world), Member(world)
            world.counted[world.window] = 100  # of strangers

            def send(member: Member, number: int) -> None:
                member.send(number)
                member.arrive(LIMIT)
                member.hear()

            for beat in range(12):
                for member in (one, other):
                    send(member, 1 if beat < 6 else 0)
                    await member.beat()
                world.now += BEAT_S
            pipeline = one.limits._server.pipeline

            def slow_pipeline(**options: Any) -> Any:
                asked = pipeline(**options)
                execute = asked.execute

                async def execute_late(**options: Any) -> Any:
                    send(one, 1)
                    send(other, 50)
                    await other.beat()
                    return await execute(**options)

                asked.execute = execute_late
                return asked

            with monkeypatch.context() as patch:
                patch.setattr(one.limits._server, "pipeline", slow_pipeline)
                await one.beat()
            await one.beat()
            (window,) = [name async for name in database.scan_iter(f"{BOOK}:REQUEST*")]
            strangers = int(await database.hget(window, "F") or 0)
            for member in (one, other):
                await member.limits._server.aclose()
            return strangers

    with RedisServer(tmp_path) as server:
        assert asyncio.run(ask_slowly(server)) == 100
