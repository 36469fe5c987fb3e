"""A server whose clock jumps: nothing is leased twice, nothing that was spent is forgotten, and nobody is blocked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from jumping_clock import JumpingClock, needs_compiler
from redis_server import RedisServer, needs_redis
from virtual_fleet import ENOUGH, Member, World, connected

from binance_wsapi.protocol.silence import Silence
from binance_wsapi.shared_limits.redis_limits import BEAT_S, LIVES_MS

pytestmark = [needs_redis, needs_compiler]

DAY_S = 86_400
JUMPS = pytest.mark.parametrize(
    "jump_s",
    [5, 3600, 3 * DAY_S, 50 * 365 * DAY_S, -5, -3600, -3 * DAY_S, -50 * 365 * DAY_S],
    ids=lambda seconds: f"{seconds} s",
)


@pytest.fixture
def clock(tmp_path: Path) -> JumpingClock:
    return JumpingClock(tmp_path)


@pytest.fixture
def server(clock: JumpingClock, tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path, clock.environment) as running:
        yield running


class Two:
    """Two members that have known one another for long, at the beginning of a window."""

    def __init__(self, server: RedisServer) -> None:
        self.world = World(server.url, minutes=5)
        self.one, self.other = Member(self.world), Member(self.world)

    async def live(self, seconds: float, *members: Member) -> None:
        """Let time pass in which these say that they live."""
        for _ in range(round(seconds / BEAT_S)):
            self.world.now += BEAT_S
            for member in members:
                await member.beat()

    async def begin(self) -> None:
        await self.one.beat()
        await self.other.beat()
        await self.live(LIVES_MS / 1000 + 1, self.one, self.other)
        self.world.turn()
        await self.live(1, self.one, self.other)

    async def use_all(self, member: Member) -> None:
        """Have it take and send all that it can get."""
        for _ in range(12):
            member.send(ENOUGH)
            member.arrive()
            member.hear()
            await member.beat()


def play(server: RedisServer, schedule: Callable[[Two], Coroutine[Any, Any, None]]) -> Two:
    async def played() -> Two:
        two = Two(server)
        await two.begin()
        try:
            await schedule(two)
        finally:
            for member in (two.one, two.other):
                await member.close()
        return two

    return asyncio.run(played())


@JUMPS
def test_what_one_holds_is_leased_to_nobody_else(
    server: RedisServer, clock: JumpingClock, jump_s: int
) -> None:
    async def schedule(two: Two) -> None:
        two.one.send(100)
        await two.one.beat()
        assert two.one.granted > 150
        clock.set_ahead(jump_s)
        await two.use_all(two.other)

        assert two.one.granted + two.other.granted <= two.world.limit
        two.one.send(ENOUGH)
        two.one.arrive()

    two = play(server, schedule)
    assert two.one.sent > 150


@JUMPS
def test_what_a_dead_one_spent_is_not_forgotten_and_what_it_held_comes_back(
    server: RedisServer, clock: JumpingClock, jump_s: int
) -> None:
    async def schedule(two: Two) -> None:
        two.one.send(150)
        two.one.arrive()
        two.one.hear()
        await two.one.beat()
        clock.set_ahead(jump_s)
        await two.live(LIVES_MS / 1000 + 1, two.other)
        await two.use_all(two.other)

    two = play(server, schedule)
    assert two.world.counted[two.world.window] >= 0.95 * two.world.limit


@JUMPS
def test_a_jump_that_is_undone_blocks_nobody(
    server: RedisServer, clock: JumpingClock, jump_s: int
) -> None:
    async def schedule(two: Two) -> None:
        clock.set_ahead(jump_s)
        await two.live(1, two.one, two.other)
        clock.set_ahead(0)
        await two.live(LIVES_MS / 1000 + 1, two.other)
        await two.use_all(two.other)

    two = play(server, schedule)
    assert two.other.sent >= 0.9 * two.world.limit


@JUMPS
def test_a_ban_lasts_for_as_long_as_was_told(
    server: RedisServer, clock: JumpingClock, jump_s: int
) -> None:
    """Who comes later hears of it, too, and for no longer than anybody was told once it is over."""
    told_s = 600.0

    async def schedule(two: Two) -> None:
        pool = next(iter(two.one.limits._silences._places.values())).pool
        silence = Silence.of({"requests": told_s, "banned": told_s}, two.world.now)
        two.one.limits.told(pool, silence)
        two.one.silence.heed(silence)
        await two.live(1, two.one, two.other)
        clock.set_ahead(jump_s)
        await two.live(1, two.one, two.other)
        late = Member(two.world)
        await late.beat()
        for member in (two.one, two.other, late):
            assert told_s - 100 < member.silence.delay(two.world.now) <= told_s
        await two.live(told_s / 10, two.other)  # by the server's own clock hardly any time passes
        assert two.other.silence.delay(two.world.now) <= 0.95 * told_s
        await late.close()

    play(server, schedule)


def test_a_second_ban_in_the_words_of_the_first_is_heard_too(server: RedisServer) -> None:
    """As one of an older library tells them, to who missed what it published."""

    async def schedule(two: Two) -> None:
        place = next(iter(two.one.limits._silences._places.values()))
        keys = place.keys()
        async with connected(server.url) as database:
            for lasts_s in (100, 500):
                for key in keys:
                    await database.set(key, 1, px=lasts_s * 1000)
                await two.one.beat()
                assert lasts_s - 10 < two.one.silence.delay(two.world.now) <= lasts_s
                for key in keys:
                    await database.delete(key)
                two.world.now += lasts_s
                await two.one.beat()

    play(server, schedule)


def test_a_book_is_kept_by_a_server_that_takes_over_with_another_clock(
    clock: JumpingClock, server: RedisServer, tmp_path: Path
) -> None:
    async def schedule(two: Two) -> None:
        two.one.send(100)
        await two.one.beat()
        (tmp_path / "replica").mkdir()
        with RedisServer(tmp_path / "replica") as replica:
            async with connected(replica.url) as database:
                await database.replicaof("127.0.0.1", server.port)
                async with connected(server.url) as primary:
                    assert await primary.wait(1, 30_000) == 1
                await database.replicaof("NO", "ONE")
            for member in (two.one, two.other):
                await member.close()
                member.lose()
                member.limits._server = connected(replica.url)
            await two.use_all(two.other)
            assert two.one.granted + two.other.granted <= two.world.limit
            await two.live(LIVES_MS / 1000 + 1, two.other)
            await two.use_all(two.other)
            for member in (two.one, two.other):
                await member.close()

    clock.set_ahead(3600)
    two = play(server, schedule)
    assert two.other.sent >= 0.9 * (two.world.limit - 100)
