"""What the exchange told one member to leave alone, for all members: published at once, and kept for those who come.

A member takes in what is kept whenever it says that it lives, before it takes a lease: whoever missed the message,
or came later, sends nothing all the same. Each word of it is taken in once, and goes by the member's own clock from
then on; one that the server forgot, or dropped early since its clock jumped, is told it again.
"""

from __future__ import annotations

import json
import logging
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from binance_wsapi.core.shared_limits import SharedPool
from binance_wsapi.protocol.silence import Silence

__all__ = ["Silences"]

log = logging.getLogger("binance_wsapi.limits")

OF_ADDRESS = ("requests", "handshakes", "banned")
OF_ACCOUNT = ("orders",)

RETOLD_S = 1.0
"""How much less the server may know of than a member does before that tells it again."""

KEEP = """
local kept = {}
for at, key in ipairs(KEYS) do
    local told, lasts = redis.call('GET', key) or '', redis.call('PTTL', key)
    -- A server whose clock was put back keeps it for longer than anybody said.
    lasts = math.min(lasts, tonumber(string.match(told, ':(%d+)$') or lasts))
    local longer = tonumber(ARGV[at + 1])
    if longer > 0 and lasts < longer then
        told, lasts = ARGV[1] .. ':' .. longer, longer
        redis.call('SET', key, told, 'PX', lasts)
    end
    table.insert(kept, told)
    table.insert(kept, lasts)
end
return kept
"""
"""The longest that anybody was told of each kind counts; returns by which words, and for how long yet."""


@dataclass(eq=False)
class _Place:
    """An address or an account."""

    channel: str
    pool: SharedPool
    kinds: tuple[str, ...]
    """Of what is told, what concerns it."""
    untold: Silence | None = None
    """What nobody else knows yet."""
    known: Silence = field(default_factory=Silence)
    """All that was told here or heard."""
    is_forgotten: bool = False
    """The server knows less."""
    heard: dict[str, str] = field(default_factory=dict)
    """By key: the word that was taken in last."""

    def keys(self) -> list[str]:
        return [f"{self.channel}:{kind}" for kind in self.kinds]

    def learn(self, told: Silence) -> None:
        self.known.heed(told)
        self.known.heed_orders(told)

    def hear(self, remaining: dict[str, float], now: float) -> None:
        told, nothing = Silence.of(remaining, now), Silence()
        self.learn(told)
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
                place.learn(silence)

    def ask(self, pipeline: Any) -> list[tuple[_Place, Silence | None]]:
        """Add to what the server is asked; return what :meth:`take` needs."""
        asked, now = [], self._now()
        for place in self._places.values():
            keys, lasts_ms = place.keys(), [0] * len(place.kinds)
            if place.untold is not None or place.is_forgotten:
                remaining = place.known.remaining(now)
                lasts_ms = [math.ceil(remaining[kind] * 1000) for kind in place.kinds]
            pipeline.eval(KEEP, len(keys), *keys, os.urandom(8).hex(), *lasts_ms)
            if place.untold is not None:
                what = {kind: remaining[kind] for kind in place.kinds if remaining[kind] > 0}
                pipeline.publish(place.channel, json.dumps({"from": self._id, **what}))
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
            kept = next(replies)
            if said is not None:
                next(replies)
            if isinstance(kept, Exception):
                problem = kept
                continue
            if place.untold is said:
                place.untold = None
            remaining: dict[str, float] = {}
            known = place.known.remaining(now)
            place.is_forgotten = False
            for kind, key, word, lasts_ms in zip(
                place.kinds, place.keys(), kept[::2], kept[1::2], strict=True
            ):
                if known[kind] > max(0, lasts_ms) / 1000 + RETOLD_S:
                    place.is_forgotten = True
                if lasts_ms <= 0:
                    # A library of before says the same word of the next one, too.
                    place.heard.pop(key, None)
                elif place.heard.get(key) != word:
                    place.heard[key] = word
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
