"""The life of one session: which connection serves, which is coming up, when to try again.

A session is what a ``WsKey`` stands for: at most one link (connection) serves it, a second one may be
coming up to take over (planned rotation), and retired ones drain. This machine decides, the driver
acts: inputs are facts with the time they happened, outputs are effects in the order to carry out.

=============  =======================================================  ==========================
state          what it means                                            leaves by
=============  =======================================================  ==========================
``IDLE``       nobody asked for the connection yet                      ``demand``
``DIALLING``   the first link, or one after a loss, is being opened     ``opened``, ``lost``
``LOGGING_ON`` it is open; the clock is measured, the key logged on     ``logged_on``, ``lost``
``SUBSCRIBING`` user data is being subscribed again                     ``subscribed``, ``lost``
``READY``      a link serves                                            ``lost``, ``rotate``
``ROTATING``   a link serves and its successor is coming up             ``subscribed``, ``lost``
``WAITING``    no link; the next attempt has its time                   ``tick``
``CLOSED``     for good                                                 never
=============  =======================================================  ==========================
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

__all__ = [
    "Dial",
    "Drain",
    "Drop",
    "Effect",
    "LogOn",
    "RetryPolicy",
    "Serve",
    "SessionMachine",
    "State",
    "Subscribe",
]


class State(Enum):
    """Where a session stands."""

    IDLE = "idle"
    DIALLING = "dialling"
    LOGGING_ON = "logging on"
    SUBSCRIBING = "subscribing"
    READY = "ready"
    ROTATING = "rotating"
    WAITING = "waiting"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Dial:
    """Open a connection under this number."""

    link: int


@dataclass(frozen=True, slots=True)
class LogOn:
    """Measure the clock and log the key on, if there is one."""

    link: int


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Restore the subscriptions on this link."""

    link: int


@dataclass(frozen=True, slots=True)
class Serve:
    """Send requests over this link from now on."""

    link: int
    after_loss: bool
    """It heals an unplanned loss."""
    replaces: int | None = None
    """The link it takes over from, in a planned rotation."""


@dataclass(frozen=True, slots=True)
class Drain:
    """Let this link finish what it carries, then drop it."""

    link: int


@dataclass(frozen=True, slots=True)
class Drop:
    """Close this link now."""

    link: int


Effect = Dial | LogOn | Subscribe | Serve | Drain | Drop


class RetryPolicy(Protocol):
    """How long to wait before the next attempt."""

    def failed(self, now: float) -> float:
        """Return the seconds to wait after a failure at ``now``."""

    def succeeded(self, now: float) -> None:
        """Take note that a link served long enough to count as healthy."""


class SessionMachine:
    """Decides what happens to the links of one session.

    Args:
        retry: Says how long to wait after a failure.
        lifetime: Returns the seconds that a link which begins to serve now may serve before a
            successor is brought up; ``None`` for no limit.
        healthy_after: Seconds of service after which earlier failures are forgotten.
        next_link: Gives each link its number; shared by the sessions of a client.
        heals: Whether the loss of the serving link is healed by another one; without it the session
            is ``IDLE`` after a loss, until somebody asks for the connection again.
    """

    def __init__(
        self,
        *,
        retry: RetryPolicy,
        lifetime: Callable[[], float | None],
        next_link: Callable[[], int],
        healthy_after: float = 5.0,
        heals: bool = True,
    ) -> None:
        self._retry = retry
        self._lifetime = lifetime
        self._next_link = next_link
        self._healthy_after = healthy_after
        self._heals = heals
        self._closed = False
        self._coming: int | None = None
        self._phase = State.DIALLING
        self._serving: int | None = None
        self._serving_since = 0.0
        self._rotate_at: float | None = None
        self._retry_at: float | None = None
        self._lost_service = False

    @property
    def state(self) -> State:
        """Where the session stands."""
        if self._closed:
            return State.CLOSED
        if self._serving is not None:
            return State.READY if self._coming is None else State.ROTATING
        if self._coming is not None:
            return self._phase
        return State.IDLE if self._retry_at is None else State.WAITING

    @property
    def serving(self) -> int | None:
        """The link that takes requests, if one does."""
        return self._serving

    @property
    def next_tick(self) -> float | None:
        """When :meth:`tick` has something to do."""
        times = [at for at in (self._retry_at, self._rotate_at) if at is not None]
        return min(times, default=None)

    def demand(self) -> list[Effect]:
        """Somebody wants the connection."""
        return self._dial() if self.state is State.IDLE else []

    def opened(self, link: int) -> list[Effect]:
        """The link is open."""
        if link != self._coming:
            return [Drop(link)]
        self._phase = State.LOGGING_ON
        return [LogOn(link)]

    def logged_on(self, link: int) -> list[Effect]:
        """The link is logged on, needs no logon, or was refused in a way that waiting cannot cure."""
        if link != self._coming:
            return []
        self._phase = State.SUBSCRIBING
        return [Subscribe(link)]

    def subscribed(self, link: int, now: float) -> list[Effect]:
        """The subscriptions are restored: the link takes over."""
        if link != self._coming:
            return []
        replaced, healed = self._serving, self._lost_service
        self._coming, self._serving = None, link
        self._serving_since = now
        self._lost_service = False
        lifetime = self._lifetime()
        self._rotate_at = None if lifetime is None else now + lifetime
        effects: list[Effect] = [Serve(link, after_loss=healed, replaces=replaced)]
        if replaced is not None:
            effects.append(Drain(replaced))
        return effects

    def lost(self, link: int, now: float, *, served_until: float = math.inf) -> list[Effect]:
        """The link is gone, or could not be opened.

        Args:
            link: Its number.
            now: Monotonic seconds.
            served_until: Until when it did what it is there for, if not until now.
        """
        if self._closed or link not in (self._coming, self._serving):
            return []
        is_healed = self._heals or link == self._coming
        if link == self._coming:
            self._coming = None
        else:
            self._serving = None
            self._rotate_at = None
            self._lost_service = True
            if min(now, served_until) - self._serving_since >= self._healthy_after:
                self._retry.succeeded(now)
        if self._coming is None and is_healed:
            self._retry_at = now + self._retry.failed(now)
        return []

    def rotate(self, now: float) -> list[Effect]:
        """Bring up a successor of the serving link; nothing to do while one is coming or none serves."""
        if self.state is not State.READY:
            return []
        self._rotate_at = None
        if now - self._serving_since >= self._healthy_after:
            self._retry.succeeded(now)
        return self._dial()

    def tick(self, now: float) -> list[Effect]:
        """Time has passed."""
        if self._retry_at is not None and now >= self._retry_at and self._coming is None:
            return self._dial()
        if self._rotate_at is not None and now >= self._rotate_at:
            return self.rotate(now)
        return []

    def close(self) -> list[Effect]:
        """End for good."""
        drops: list[Effect] = [
            Drop(link) for link in (self._coming, self._serving) if link is not None
        ]
        self._closed = True
        self._coming = self._serving = self._retry_at = self._rotate_at = None
        return drops

    def _dial(self) -> list[Effect]:
        self._retry_at = None
        self._coming = self._next_link()
        self._phase = State.DIALLING
        return [Dial(self._coming)]
