"""What the exchange told one member to leave alone, for all members: published at once, and kept for those who come.

A member takes in what is kept whenever it says that it lives, before it takes a lease: whoever missed the message,
or came later, sends nothing all the same.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from binance_wsapi.core.shared_limits import SharedPool
from binance_wsapi.protocol.silence import Silence

__all__ = ["Silences"]

log = logging.getLogger("binance_wsapi.limits")

OF_ADDRESS = ("requests", "handshakes", "banned")
OF_ACCOUNT = ("orders",)

KEEP = """
for at, key in ipairs(KEYS) do
    local lasts = tonumber(ARGV[at])
    if lasts > 0 and redis.call('PTTL', key) < lasts then
        redis.call('SET', key, 1, 'PX', lasts)
    end
end
"""
"""The longest that anybody was told of each kind counts."""


@dataclass(eq=False)
class _Place:
    """An address or an account."""

    channel: str
    pool: SharedPool
    kinds: tuple[str, ...]
    """Of what is told, what concerns it."""
    untold: Silence | None = None
    """What the server does not know yet."""

    def keys(self) -> list[str]:
        return [f"{self.channel}:{kind}" for kind in self.kinds]

    def hear(self, remaining: dict[str, float], now: float) -> None:
        told, nothing = Silence.of(remaining, now), Silence()
        if self.kinds is OF_ADDRESS:
            self.pool.hear(told, nothing)
        else:
            self.pool.hear(nothing, told)


class Silences:
    """One client's part in what all have to leave alone.

    Args:
        own_id: The member's.
        now: Monotonic seconds.
    """

    def __init__(self, own_id: str, now: Callable[[], float]) -> None:
        self._id = own_id
        self._now = now
        self._places: dict[str, _Place] = {}

    @property
    def channels(self) -> list[str]:
        """Where others publish what they are told."""
        return list(self._places)

    def share(self, pool: SharedPool, prefix: str, address: str) -> None:
        """Take in what others are told of this address and of the pool's account."""
        kinds: dict[str, tuple[str, ...]] = {address: OF_ADDRESS}
        if pool.account is not None:
            kinds[pool.account] = OF_ACCOUNT
        for name, concerned in kinds.items():
            channel = f"{prefix}:{{{name}}}:silence"
            self._places[channel] = _Place(channel, pool, concerned)

    def told(self, pool: SharedPool, silence: Silence) -> None:
        """Have the server know what this client was told, with the next question to it."""
        for place in self._places.values():
            if place.pool is pool:
                place.untold = silence

    def ask(self, pipeline: Any) -> list[tuple[_Place, Silence | None]]:
        """Add to what the server is asked; return what :meth:`take` needs."""
        asked, now = [], self._now()
        for place in self._places.values():
            keys = place.keys()
            if place.untold is not None:
                remaining = place.untold.remaining(now)
                what = {kind: remaining[kind] for kind in place.kinds if remaining[kind] > 0}
                lasts_ms = [math.ceil(what.get(kind, 0) * 1000) for kind in place.kinds]
                pipeline.eval(KEEP, len(keys), *keys, *lasts_ms)
                pipeline.publish(place.channel, json.dumps({"from": self._id, **what}))
            for key in keys:
                pipeline.pttl(key)
            asked.append((place, place.untold))
        return asked

    def take(self, asked: list[tuple[_Place, Silence | None]], replies: Iterator[Any]) -> None:
        """Take in what the server answered.

        Raises:
            RedisError: It refused something: what it does not know is told it again.
        """
        now = self._now()
        problem: Exception | None = None
        for place, said in asked:
            if said is not None:
                kept, _ = next(replies), next(replies)
                if isinstance(kept, Exception):
                    problem = kept
                elif place.untold is said:
                    place.untold = None
            remaining = {}
            for kind in place.kinds:
                lasts_ms = next(replies)
                if isinstance(lasts_ms, Exception):
                    problem = lasts_ms
                elif lasts_ms > 0:
                    remaining[kind] = lasts_ms / 1000
            if remaining:
                place.hear(remaining, now)
        if problem is not None:
            raise problem

    def heard(self, channel: str, text: str) -> None:
        """Take in what another member published."""
        place = self._places.get(channel)
        try:
            told = json.loads(text)
            if place is None or told.pop("from", None) == self._id:
                return
            remaining = {str(kind): float(seconds) for kind, seconds in told.items()}
        except (ValueError, TypeError, AttributeError, RecursionError):
            log.warning("what another member told cannot be read: %.80r", text)
            return
        place.hear(remaining, self._now())
