"""Members of a fleet that share limits through a real Redis, in time of their own, and an exchange that counts.

Every member is a real one; when it sends, beats, stands still or dies is up to the test.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

import redis.asyncio
import redis.exceptions

from binance_wsapi.catalogue.operation import Operation
from binance_wsapi.core.shared_limits import SharedPool
from binance_wsapi.protocol.limits import (
    Governor,
    Refusal,
    Reservation,
    connection_ledger,
    weight_ledger,
)
from binance_wsapi.shared_limits.redis_limits import BOOKS, RedisLimits

__all__ = ["BOOK", "ENOUGH", "Member", "World", "connected"]

MINUTE_US = 60 * 10**6
LEAD_US = 10**15
BOOK = f"{BOOKS}:{{model:weight}}"
ENOUGH = 1000
"""More than there ever is."""
PATIENCE_S = 60.0
"""Far more than a server takes to answer, on however busy a machine."""


def connected(url: str) -> Any:
    """Return a connection on which no answer is too late."""
    return redis.asyncio.Redis.from_url(
        url, decode_responses=True, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S
    )


class World:
    """The time, and what the exchange counts.

    Args:
        url: The server.
        limit: What it takes in a window.
        minutes: How long that is.
    """

    def __init__(self, url: str, *, limit: int = 400, minutes: int = 1) -> None:
        self.url = url
        self.limit = limit
        self.minutes = minutes
        self.now = 0.0
        self.counted: Counter[int] = Counter()

    @property
    def wall_us(self) -> int:
        """The exchange's time."""
        return LEAD_US + round(self.now * 1e6)

    @property
    def length_us(self) -> int:
        """How long a window is."""
        return self.minutes * MINUTE_US

    @property
    def window(self) -> int:
        """The window that is now."""
        return self.wall_us // self.length_us

    @property
    def left_s(self) -> float:
        """The seconds until it ends."""
        return (self.length_us - self.wall_us % self.length_us) / 1e6

    def turn(self) -> None:
        """Have the next window begin."""
        self.now += self.left_s + 0.001


class Member:
    """A client's part in the limits, and what it has under way."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.governor = Governor(
            (("REQUEST_WEIGHT", "MINUTE", world.minutes, world.limit),),
            weight=weight_ledger(LEAD_US),
        )
        self.limits = RedisLimits(world.url)
        self.limits.attach(lambda work: work.close(), lambda: world.now, lambda kind, why: None)
        self.under_way: deque[Reservation] = deque()
        self.handled: deque[tuple[Reservation, int]] = deque()
        self.sent = 0
        self.silence = self.governor.silence
        self.limits.share(
            SharedPool(
                address="model",
                account=None,
                weight=self.governor._weights,
                orders=self.governor._counts,
                connections=connection_ledger(),
                hear=lambda address, account: self.silence.heed(address),
            )
        )
        self.limits._server = connected(world.url)

    @property
    def granted(self) -> int:
        """What it holds of the window that is now."""
        return self.governor._weights.windows["MINUTE", self.world.minutes].granted

    async def beat(self) -> None:
        """Say how far it is, and take what leases there are."""
        await self.limits._beat()

    def lose(self) -> None:
        """Be refused by the server."""
        self.limits._lost(redis.exceptions.ConnectionError("away"))

    async def close(self) -> None:
        """Ask the server nothing any more; it is told nothing."""
        await self.limits._server.aclose()

    def send(self, most: int, operation: Operation | None = None) -> Refusal | None:
        """Send up to so many requests; return what keeps the rest back."""
        for _ in range(most):
            admitted = self.governor.admit(operation, {}, self.world.now)
            if not isinstance(admitted, Reservation):
                return admitted
            self.sent += 1
            self.under_way.append(admitted)
        return None

    def arrive(self, most: int = ENOUGH) -> None:
        """Have the exchange count what is under way."""
        world = self.world
        for _ in range(min(most, len(self.under_way))):
            world.counted[world.window] += 1
            assert world.counted[world.window] <= world.limit, "the exchange would have refused it"
            self.handled.append((self.under_way.popleft(), world.counted[world.window]))

    def hear(self) -> None:
        """Take in the answers."""
        while self.handled:
            reservation, count = self.handled.popleft()
            told = (
                '[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE",'
                f'"intervalNum":{self.world.minutes},"limit":{self.world.limit},"count":{count}}}]'
            ).encode()
            self.governor.answered(reservation, told, succeeded=True, now=self.world.now)
