"""What clients of this process have in common that use one address, one account, or one exchange.

The exchange counts by address and by account, whichever client sent a request: so do they. What is shared
is let go with the last client that used it: another exchange may stand at the same place later on.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from binance_wsapi.forks import ends_at_fork, made_once, unforked
from binance_wsapi.protocol.backoff import ConnectionBudget
from binance_wsapi.protocol.limits import order_ledger, weight_ledger
from binance_wsapi.protocol.silence import Silence

if TYPE_CHECKING:
    from binance_wsapi.protocol.weight_share import WeightShare

__all__ = [
    "PROCESS",
    "AccountShare",
    "AddressShare",
    "ExchangeTime",
    "Group",
    "Neighbour",
    "Neighbours",
]

T = TypeVar("T")


class ExchangeTime:
    """The time that the limits of one pool are counted by, whichever of its markets it was read from."""

    def __init__(self, lead_us: int) -> None:
        self.lead_us = lead_us
        """By how much the exchange's time is ahead of monotonic time, as it was measured last."""


class AddressShare:
    """What the exchange counts by address."""

    def __init__(self, lead_us: int) -> None:
        self.weight = weight_ledger(lead_us)
        self.connections = ConnectionBudget()
        self.silence = Silence()
        """What the address was told to leave alone, for clients that come later."""

    @made_once
    def for_snapshots(self) -> WeightShare:
        """What books may spend of the weight, made (and its code loaded) on first use."""
        return _weight_share()

    @made_once
    def for_gaps(self) -> WeightShare:
        """What finding out what gaps swallowed may spend of it."""
        return _weight_share()


def _weight_share() -> WeightShare:
    with unforked:
        from binance_wsapi.protocol.weight_share import WeightShare

    return WeightShare()


class AccountShare:
    """What the exchange counts by account."""

    def __init__(self, lead_us: int) -> None:
        self.orders = order_ledger(lead_us)
        self.silence = Silence()


class Neighbour(Protocol):
    """Who shares something; it has a thread of its own."""

    def post(self, work: Callable[[], object]) -> None:
        """Have something done on its thread, if that still runs."""

    def take_turns(self, switched: threading.Event) -> None:
        """Take the lock from now on, and say so; on its thread."""

    def time_measured(self, time: Group[ExchangeTime]) -> None:
        """Count limits by the time that a neighbour measured; on its thread."""

    def hear(
        self, address: Group[AddressShare], account: Group[AccountShare], told: Silence
    ) -> None:
        """Leave alone what a neighbour was told to; on its thread."""


class Group(Generic[T]):
    """One shared thing and those who share it."""

    def __init__(self, shared: T) -> None:
        self.shared = shared
        self.members: weakref.WeakSet[Neighbour] = weakref.WeakSet()
        """Weak: a client may be abandoned, and is no neighbour any more."""
        self.is_shut = False
        """Nobody joins any more."""

    def beside(self, member: Neighbour) -> list[Neighbour]:
        """Return who shares it with a member; the lock is held."""
        return [each for each in self.members if each is not member]


class Neighbours:
    """Who shares what; any thread may ask."""

    def __init__(self) -> None:
        self._groups: dict[Hashable, Group[Any]] = {}
        # Reentrant: a client that is collected as garbage leaves on whatever thread that happens.
        self.lock = threading.RLock()
        """Held for whatever changes what is shared."""
        ends_at_fork(self)

    def join(self, place: Hashable, make: Callable[[], T], member: Neighbour) -> Group[T]:
        """Share what is at a place; the first one has it made."""
        with self.lock:
            group = self._groups.get(place)
            if group is None or group.is_shut or not group.members:
                group = self._groups[place] = Group(make())
            group.members.add(member)
            return group

    def leave(self, member: Neighbour) -> None:
        """Share nothing any more."""
        with self.lock:
            for place, group in list(self._groups.items()):
                group.members.discard(member)
                if not group.members:
                    del self._groups[place]

    def left_behind(self) -> None:
        """In a forked child: the clients stayed with the parent, and so did what they shared."""
        self._groups = {}
        self.lock = threading.RLock()


PROCESS = Neighbours()
"""The clients of this process."""
