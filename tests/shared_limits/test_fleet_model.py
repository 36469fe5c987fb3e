"""Members of a fleet against a real Redis and an exchange that counts, in any order of events, in time of their own.

Every member is a real one; its beats, its stalls, its death, the server's and the jumps of its clock are steps of a
schedule.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jumping_clock import JumpingClock, needs_compiler
from redis_server import RedisServer, needs_redis
from virtual_fleet import BOOK, ENOUGH, Member, World, connected

from binance_wsapi.shared_limits.redis_limits import BEAT_S, LIVES_MS

pytestmark = needs_redis

LIVES_S = LIVES_MS / 1000
JUMPS_S = (1, 2, 5, 60, 3600, 86_400, 50 * 365 * 86_400)


class Fleet:
    """Members, and what befalls them."""

    def __init__(
        self,
        world: World,
        database: Any,
        chance: random.Random,
        *,
        members: int = 4,
        burst: int = 30,
        clock: JumpingClock | None = None,
    ) -> None:
        self.world, self.database, self.chance = world, database, chance
        self.members = [Member(world) for _ in range(members)]
        self.burst = burst
        self.clock = clock
        self.stalled: Member | None = None
        self.died_in = 0
        """The window in which somebody died last."""

    async def begin(self) -> None:
        """Have all of them reach the server, and that know whom it serves."""
        for member in self.members:
            await member.beat()
        await self.idle(LIVES_S + 0.5)

    def any(self) -> Member:
        return self.chance.choice(self.members)

    async def reported(self) -> Member:
        """Return one that has said how far it is, and what it was told, a second ago.

        What it sends after that, and nobody else's counts show, is what the reserve is for.
        """
        member = self.any()
        member.arrive()
        member.hear()
        await self.idle(1.25)
        return member

    async def idle(self, seconds: float) -> None:
        """Do nothing but live."""
        for _ in range(round(seconds / BEAT_S)):
            self.pass_time(BEAT_S)
            for member in self.members:
                await member.beat()

    async def work(self) -> None:
        """A quarter of a second in which all do what they do, in any order."""
        self.chance.shuffle(self.members)
        for member in self.members:
            if member is self.stalled:
                continue
            member.send(self.chance.randrange(self.burst))
            member.arrive(self.chance.randrange(self.burst))
            if self.chance.random() < 0.8:
                member.hear()
            await member.beat()
        self.pass_time(BEAT_S)

    def pass_time(self, seconds: float) -> None:
        """Let time pass; what is under way as a window turns is what the reserve is for."""
        if self.world.left_s <= seconds:
            for member in self.members:
                member.arrive()
        self.world.now += seconds

    async def stall(self) -> None:
        """One stands still, longer than it is taken to be alive; the others use up what it had."""
        self.stalled = await self.reported()
        for _ in range(20):
            await self.work()
        stalled, self.stalled = self.stalled, None
        stalled.send(ENOUGH)
        stalled.arrive()
        await self.idle(1.0)  # it is one of them again

    async def replace(self) -> None:
        """One dies, what it said last being true, and another one comes and reaches the server."""
        dead = await self.reported()
        self.died_in = self.world.window
        self.members.remove(dead)
        await dead.close()
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
                member.arrive()
                member.hear()
            self.world.now += BEAT_S
            for member in self.members:
                member.lose()
        await self.database.flushall()
        self.chance.shuffle(self.members)
        for member in self.members:
            await member.beat()
            self.any().send(ENOUGH)
        for member in self.members:
            member.arrive()

    async def turn(self) -> None:
        """A window ends, after all of them stood still for a while."""
        for member in self.members:
            member.arrive()
            member.hear()
            await member.beat()
        self.pass_time(max(0.0, self.world.left_s - 5.0))
        await self.idle(3.0)
        while self.world.left_s < 10.0:
            await self.work()

    async def jump(self) -> None:
        """The server's clock jumps, and may be put right again soon."""
        assert self.clock is not None
        self.clock.set_ahead(self.chance.choice((-1, 0, 1)) * self.chance.choice(JUMPS_S))
        await self.work()


async def run(fleet: Fleet, *, moves: int = 60) -> None:
    steps: list[Callable[[], Any]] = [fleet.work] * 12
    steps += [fleet.stall, fleet.replace, fleet.restart, fleet.turn]
    if fleet.clock is not None:
        steps += [fleet.jump] * 3
    try:
        await fleet.begin()
        for _ in range(moves):
            await fleet.chance.choice(steps)()
    finally:
        for member in fleet.members:
            await member.close()


@pytest.mark.timeout(900)  # thousands of questions to the server
def test_the_limit_holds_whatever_happens_in_whatever_order(tmp_path: Path) -> None:
    async def play(server: RedisServer, seed: int) -> None:
        async with connected(server.url) as database:
            await database.flushall()
            await run(Fleet(World(server.url), database, random.Random(seed)))

    with RedisServer(tmp_path) as server:
        for seed in range(30):
            try:
                asyncio.run(play(server, seed))
            except AssertionError as error:
                pytest.fail(f"seed {seed}: {error}")


@needs_compiler
@pytest.mark.timeout(900)
def test_a_small_limit_of_many_holds_whatever_the_servers_clock_shows(tmp_path: Path) -> None:
    async def play(server: RedisServer, clock: JumpingClock, seed: int) -> None:
        clock.set_ahead(0)
        async with connected(server.url) as database:
            await database.flushall()
            chance = random.Random(seed)
            world = World(server.url, limit=chance.randint(1, 60))
            members, burst = chance.randint(2, 20), chance.choice((2, 3, 30))
            fleet = Fleet(world, database, chance, members=members, burst=burst, clock=clock)
            await run(fleet, moves=30)

    clock = JumpingClock(tmp_path)
    with RedisServer(tmp_path, clock.environment) as server:
        for seed in range(6):
            try:
                asyncio.run(play(server, clock, seed))
            except AssertionError as error:
                pytest.fail(f"seed {seed}: {error}")


def test_twenty_that_share_sixty_a_minute_send_no_more(tmp_path: Path) -> None:
    """By the counts that each was told there is room for one more, when no lease is left."""

    async def hurry(server: RedisServer) -> tuple[int, int]:
        async with connected(server.url) as database:
            world = World(server.url, limit=60)
            fleet = Fleet(world, database, random.Random(1), members=20)
            await fleet.begin()
            world.turn()
            window = world.window
            while world.left_s > 1.0:
                for member in fleet.members:
                    member.send(1)
                for member in fleet.members:
                    member.arrive()
                    member.hear()
                    await member.beat()
                world.now += BEAT_S
            for member in fleet.members:
                await member.close()
            return world.counted[window], world.limit

    with RedisServer(tmp_path) as server:
        counted, limit = asyncio.run(hurry(server))
    assert counted <= limit
    assert counted >= limit - 2, "and not much less"


@pytest.mark.parametrize("is_away", [False, True], ids=["with the server", "without it"])
def test_where_a_window_has_fewer_parts_than_members_they_take_turns(
    tmp_path: Path, is_away: bool
) -> None:
    limit, members = 5, 12

    async def take_turns(server: RedisServer) -> list[int]:
        async with connected(server.url) as database:
            world = World(server.url, limit=limit)
            fleet = Fleet(world, database, random.Random(1), members=members)
            await fleet.begin()
            for _ in range(2 * members + 1):
                for beat in range(20):
                    for member in fleet.members:  # always the same comes first
                        if is_away:
                            member.lose()
                        else:
                            await member.beat()
                        member.send(1)
                        member.arrive()
                        member.hear()
                    world.now += BEAT_S if beat < 10 or world.left_s < 5.0 else world.left_s - 4.0
            for member in fleet.members:
                await member.close()
            return [member.sent for member in fleet.members]

    with RedisServer(tmp_path) as server:
        sent = asyncio.run(take_turns(server))
    assert min(sent) >= 1, sent


def test_idle_members_hold_little_of_a_days_window(tmp_path: Path) -> None:
    limit, members = 1000, 6

    async def play(server: RedisServer) -> int:
        async with connected(server.url) as database:
            fleet = Fleet(
                World(server.url, limit=limit, minutes=1440),
                database,
                random.Random(1),
                members=members,
            )
            await fleet.begin()
            last = fleet.members[-1]
            for member in fleet.members:
                for _ in range(100 if member is last else 8):
                    member.send(ENOUGH if member is last else 1)
                    member.arrive()
                    member.hear()
                    await fleet.idle(BEAT_S)
                await fleet.idle(6.0)  # it is taken to be busy no more
            for member in fleet.members:
                await member.close()
            return fleet.world.counted[fleet.world.window]

    with RedisServer(tmp_path) as server:
        assert asyncio.run(play(server)) >= 0.95 * limit


def test_who_stood_still_uses_no_lease_that_others_may_have(tmp_path: Path) -> None:
    async def stand_still(server: RedisServer) -> int:
        world = World(server.url)
        member = Member(world)
        await member.beat()
        assert member.granted > 0
        world.now += LIVES_S
        member.send(ENOUGH)
        sent = member.sent
        await member.beat()
        member.send(ENOUGH)
        await member.close()
        assert member.sent > 0, "a new one, once it has said that it lives"
        return sent

    with RedisServer(tmp_path) as server:
        assert asyncio.run(stand_still(server)) == 0


def test_a_calm_fleet_uses_nearly_all_and_nobody_starves(tmp_path: Path) -> None:
    async def calm(server: RedisServer) -> tuple[int, list[int]]:
        async with connected(server.url) as database:
            fleet = Fleet(World(server.url), database, random.Random(1))
            await fleet.begin()
            window = fleet.world.window + 1
            while fleet.world.window < window:
                await fleet.work()
            before = {member: member.sent for member in fleet.members}
            while fleet.world.window == window:
                await fleet.work()
            for member in fleet.members:
                await member.close()
            sent = [each.sent - before[each] for each in fleet.members]
            return fleet.world.counted[window], sent

    with RedisServer(tmp_path) as server:
        used, sent = asyncio.run(calm(server))
    assert used >= 0.95 * 400
    assert min(sent) >= 400 / 4 / 2


async def strangers_of(database: Any) -> tuple[str, int]:
    """Return the window of the book, and what others than members are thought to use of it."""
    (window,) = [name async for name in database.scan_iter(f"{BOOK}:REQUEST*")]
    return window, int(await database.hget(window, "F") or 0)


async def has_begun(world: World, *members: Member) -> None:
    """Have a window begin, and the server know whom it serves."""
    world.turn()
    for _ in range(round(LIVES_S / BEAT_S) + 1):
        for member in members:
            await member.beat()
        world.now += BEAT_S


@pytest.mark.parametrize("beats_first", [False, True], ids=["answer first", "beat first"])
def test_what_others_were_thought_to_use_is_corrected_where_all_leases_are_used_up(
    tmp_path: Path, beats_first: bool
) -> None:
    """Where nobody sends no answer tells better: a request goes beyond the lease of a long window now and then.

    Its answer tells better also where the member says how far it is before that comes.
    """

    async def corrected(server: RedisServer) -> int:
        async with connected(server.url) as database:
            world = World(server.url, minutes=5)
            member = Member(world)
            await has_begun(world, member)
            member.send(ENOUGH)
            await member.beat()
            member.arrive()
            member.hear()
            window, _ = await strangers_of(database)
            await database.hset(window, "F", world.limit)
            await member.beat()
            member.send(ENOUGH)
            await member.beat()
            for _ in range(80):
                if beats_first:
                    await member.beat()
                member.arrive()
                member.hear()
                await member.beat()
                world.now += BEAT_S
                member.send(ENOUGH)
            await member.close()
            return world.counted[world.window]

    with RedisServer(tmp_path) as server:
        assert asyncio.run(corrected(server)) >= 0.95 * 400


def test_a_count_is_not_compared_with_what_was_handled_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a slow server has a question, one sends and is answered, and the others go on."""

    async def ask_slowly(server: RedisServer) -> int:
        async with connected(server.url) as database:
            world = World(server.url)
            one, other = Member(world), Member(world)
            await has_begun(world, one, other)
            world.counted[world.window] = 100  # of strangers

            def send(member: Member, number: int) -> None:
                member.send(number)
                member.arrive()
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
            _, strangers = await strangers_of(database)
            for member in (one, other):
                await member.close()
            return strangers

    with RedisServer(tmp_path) as server:
        assert asyncio.run(ask_slowly(server)) == 100
