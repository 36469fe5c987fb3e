"""A link of the WebSocket API: its logon, its open requests, its subscriptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from binance_wsapi.core.call import Call
from binance_wsapi.core.link import Link, LinkOwner
from binance_wsapi.errors import RequestRejected
from binance_wsapi.protocol.clock import ServerClock
from binance_wsapi.protocol.limits import Reservation
from binance_wsapi.protocol.raw_event import RawEvent

__all__ = ["ApiLink", "Authority", "UserDataSubscription"]


class Authority:
    """Under what a frame may be made on a caller's thread: one link, logged on or not.

    A new one replaces it whenever the link or its logon changes, so identity tells whether a frame
    made earlier still fits.
    """

    __slots__ = ("clock", "logged_on")

    def __init__(self, clock: ServerClock, *, logged_on: bool) -> None:
        self.clock = clock
        """The clock of the exchange the link leads to."""
        self.logged_on = logged_on


class ApiLink(Link):
    """A connection of the WebSocket API."""

    def __init__(self, session: LinkOwner, number: int) -> None:
        super().__init__(session, number)
        self.pending: dict[str, Call] = {}
        self.overdue: dict[str, Call] = {}
        """Requests given up whose answers may still come: they tell what became of them."""
        self.authority = Authority(
            session.runtime.exchanges.clock_of(session.ws_key), logged_on=False
        )
        self.dialled: Reservation | None = None
        """What the limits were charged for opening it, while that is under way."""
        self.refusal: RequestRejected | None = None
        self.refused_at = 0.0
        self.subscribed: dict[int, UserDataSubscription] = {}
        """Whose events come under a subscription id."""
        self.answered_from = self.proven_at
        """When the latest request was written that was answered."""
        self.answered_at = self.proven_at
        """When an answer came last."""
        self.in_doubt_since: float | None = None
        """When the first request was written after which none was answered: it takes no others."""
        self.ended_subscriptions: set[int] = set()
        """Ids that nobody holds any more: what is still under way for them is not missed."""

    def subscription_id(self, subscription: UserDataSubscription) -> int | None:
        """Return the id that a subscription's events come under, if it is subscribed on this link."""
        for subscription_id, holder in self.subscribed.items():
            if holder is subscription:
                return subscription_id
        return None

    def let_go(self, subscription_id: int) -> None:
        """Take no events of a subscription any more."""
        self.subscribed.pop(subscription_id, None)
        self.ended_subscriptions.add(subscription_id)

    @property
    def is_proven_by_pongs(self) -> bool:
        """Of a link that brings events only answers are proof: a wedged one sends pongs, too."""
        return not self.subscribed


class UserDataSubscription(Protocol):
    """User data that rides on the links of a session."""

    deliver: Callable[[RawEvent, ApiLink], None]
    """Takes an event that came under its id on a link."""

    async def restore(self, link: ApiLink) -> None:
        """Subscribe on a fresh link, before it serves."""

    def doubted(self, link: ApiLink, reason: str) -> None:
        """A link that answers nothing was replaced; it lives."""

    def lost(self, link: ApiLink, reason: str) -> None:
        """A link is gone."""

    def terminated(self, link: ApiLink) -> None:
        """The exchange ended it on this link."""
