"""One stream of events out of two connections, while a session moves from one to the other.

In a planned move both connections are subscribed for a while and most events come twice, in either
order. The old connection leads: what it brings is delivered as it comes. What only the new one has
brought so far is held back until its copy comes on the old one, or the old one is gone: the new
connection may have been subscribed after an event that the old one is yet to bring, and delivering
at once would turn the two round.

Copies are known by what the exchange numbers or stamps (:func:`identity`), not by their bytes: a move
often is a move to a newer server, which may write more fields. Events are matched one to one, so that
two that look the same on one connection are both delivered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

import msgspec

from binance_wsapi.protocol.raw_event import RawEvent

__all__ = ["EventMerge", "identity"]


E = TypeVar("E")


class EventMerge(Generic[E]):
    """Merges the events of an old and a new connection.

    When the new one is lost before the old one, what it has brought is still held back for its time, and
    told then: the old one should bring it, but nobody knows that it will. A further attempt to move begins
    with a new merge.

    Make it *before* the new connection is subscribed, and hand it every event of the old one from then
    on: an event that the old one has brought just before is among the first that the new one brings.

    Args:
        hold_s: Longest time an event of the new connection is held back while the old one is silent.
        linger_s: Seconds after the old connection's end in which the new one may still bring copies.
        size: Most events kept in mind for each connection.
        identify: What tells an event apart and is the same in its copies.
    """

    def __init__(
        self,
        *,
        identify: Callable[[E], Hashable],
        hold_s: float = 1.0,
        linger_s: float = 30.0,
        size: int = 10_000,
    ) -> None:
        self._identify = identify
        self._hold_s = hold_s
        self._linger_s = linger_s
        self._held: deque[tuple[Hashable, E, float]] = deque()
        self._size = size
        self._told_by_old = _Multiset(size)
        self._told_by_new = _Multiset(size)
        self._overdue = _Multiset(size)
        """Told by the new one because their time was up: the old one may be yet to bring what lies before."""
        self._old_ended_at: float | None = None

    @property
    def holds(self) -> bool:
        """Whether events are held back."""
        return bool(self._held)

    @property
    def is_idle(self) -> bool:
        """Whether nothing that the new connection has brought still waits for its copy on the old one."""
        return not self._held and not self._told_by_new

    def is_too_late(self, event: E) -> bool:
        """Whether ``event``, which the old connection has brought, lies before what has been told."""
        if not self._overdue:
            return False
        key = self._identify(event)
        return key not in self._told_by_new and all(held != key for held, _, _ in self._held)

    def from_old(self, event: E) -> list[E]:
        """Return what to deliver now that the old connection has brought ``event``."""
        key = self._identify(event)
        if self._told_by_new.take(key):
            self._overdue.take(key)
            return []  # the copy that the new one brought has been told
        place = next((i for i, (held, _, _) in enumerate(self._held) if held == key), None)
        if place is None:
            self._told_by_old.add(key)
            return [event]
        # What the new connection brought before this one, the old one should have brought by now.
        self._overdue.clear()
        earlier = [self._tell_held() for _ in range(place)]
        self._held.popleft()
        return [*earlier, event]

    def from_new(self, event: E, now: float) -> list[E]:
        """Return what to deliver now that the new connection has brought ``event``."""
        key = self._identify(event)
        if self._told_by_old.take(key):
            # The old one is past this event: what is held back from before it, it will not bring.
            self._overdue.clear()
            return [self._tell_held() for _ in range(len(self._held))]
        if self._old_ended_at is not None:
            return [event]  # nothing comes any more that it could overtake
        self._held.append((key, event, now))
        return self.release(now)

    def release(self, now: float) -> list[E]:
        """Return the events that have been held back for long enough, or are too many."""
        due = []
        # Too many held: rather two the wrong way round than memory without end, or one lost.
        while self._held and (
            self._held[0][2] + self._hold_s <= now or len(self._held) > self._size
        ):
            self._overdue.add(self._held[0][0])
            due.append(self._tell_held())
        return due

    def old_ended(self, now: float) -> list[E]:
        """Return the events held back: the old connection brings nothing more.

        Copies of what it brought may still come on the new one: keep asking :meth:`from_new` until
        :meth:`is_over`.
        """
        self._old_ended_at = now
        self._overdue.clear()
        held = [event for _, event, _ in self._held]
        self._held.clear()
        return held

    def is_over(self, now: float) -> bool:
        """Whether no copy can come any more: the new connection's events need no matching."""
        if self._old_ended_at is None:
            return False
        # What the old one told and the new one has not brought by then was before its subscription.
        return not self._told_by_old or now >= self._old_ended_at + self._linger_s

    def _tell_held(self) -> E:
        key, event, _ = self._held.popleft()
        self._told_by_new.add(key)
        return event


class _Multiset:
    """Counts of keys; beyond ``size`` keys the oldest are forgotten."""

    def __init__(self, size: int) -> None:
        self._counts: dict[Hashable, int] = {}
        self._size = size

    def __bool__(self) -> bool:
        return bool(self._counts)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._counts

    def clear(self) -> None:
        """Forget all."""
        self._counts.clear()

    def add(self, key: Hashable) -> None:
        counts = self._counts
        counts[key] = counts.get(key, 0) + 1
        if len(counts) > self._size:
            del counts[next(iter(counts))]  # its copy, if there is one, will be told as well

    def take(self, key: Hashable) -> bool:
        """Remove one of the key, if there is one."""
        count = self._counts.pop(key, 0)
        if count > 1:
            self._counts[key] = count - 1
        return count > 0


_encode = msgspec.json.Encoder(order="deterministic").encode


def identity(event: RawEvent) -> Hashable:
    """Return what tells an event apart from all others and is the same in its copies.

    The event time ``E`` is left out where the exchange numbers or stamps the matter itself; an event
    of a kind not known here is its own identity.
    """
    fields = event.fields
    try:
        if fields is None:
            return bytes(event.data)
        kind = fields["e"]
        key = (kind, *_IDENTITIES[kind](fields))
        hash(key)
    except (LookupError, TypeError, AttributeError):
        return bytes(event.data)
    return key


def _fields(*names: str) -> Callable[[dict[str, Any]], tuple[Hashable, ...]]:
    return lambda event: tuple(event[name] for name in names)


def _inner(name: str, *names: str) -> Callable[[dict[str, Any]], tuple[Hashable, ...]]:
    return lambda event: (event["T"], *(event[name].get(key) for key in names))


_IDENTITIES: dict[str, Callable[[dict[str, Any]], tuple[Hashable, ...]]] = {
    "executionReport": _fields("s", "i", "I", "t", "x", "X", "T"),
    "outboundAccountPosition": lambda event: (event["u"], _encode(event["B"])),
    "listStatus": _fields("s", "g", "l", "L", "T"),
    "balanceUpdate": _fields("T", "a", "d"),
    "externalLockUpdate": _fields("T", "a", "d"),
    "ORDER_TRADE_UPDATE": _inner("o", "s", "i", "c", "x", "X", "T", "t", "z", "p", "q", "M"),
    "TRADE_LITE": _fields("s", "i", "t", "T"),
    "ACCOUNT_UPDATE": lambda event: (
        event["T"],
        # Options tell the account as a whole, without an envelope.
        _encode(event["a"] if "a" in event else [event[name] for name in ("eq", "b", "m", "u")]),
    ),
    "BALANCE_POSITION_UPDATE": lambda event: (
        event["T"],
        event["m"],
        _encode(event["B"]),
        _encode(event["P"]),
    ),
    "GREEK_UPDATE": lambda event: (event["T"], _encode(event["G"])),
    "ACCOUNT_CONFIG_UPDATE": lambda event: (
        event["T"],
        _encode(event.get("ac")),
        _encode(event.get("ai")),
    ),
    "ALGO_UPDATE": lambda event: (
        event["T"],
        # Portfolio margin has its algo orders under another name.
        *((event.get("o") or event["ao"]).get(key) for key in ("aid", "X", "ai", "ia")),
    ),
    "CONDITIONAL_ORDER_TRADE_UPDATE": _inner("so", "si", "os", "ut", "i"),
    "liabilityChange": _fields("T", "a", "t", "p", "i"),
}
