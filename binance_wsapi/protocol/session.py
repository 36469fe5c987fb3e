"""The life of one session: which connection serves, which is coming up, when to try again.

A session is what a ``WsKey`` stands for: at most one link (connection) serves it, a second one may be
coming up to take over (planned rotation), and retired ones drain. This machine decides, the driver
acts: inputs are facts with the time they happened, outputs are effects in the order to carry out.

The machine runs from ``TRANSITIONS``, which is the whole of what can happen to it. Three kinds of input
come to it:

* *wishes* (``demand``, ``rotate``, the time that has passed) are granted in states that have a
  transition for them, and mean nothing in all others;
* *facts of the link that comes up, or of the one that serves* move it as the table says, and what the
  table does not have cannot happen;
* *facts of any other link* come too late: it was given up meanwhile.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from binance_wsapi.protocol.transitions import Table, after

__all__ = [
    "TRANSITIONS",
    "Dial",
    "Drain",
    "Drop",
    "Effect",
    "LogOn",
    "RetryPolicy",
    "Serve",
    "SessionInput",
    "SessionMachine",
    "SessionState",
    "Subscribe",
]


class SessionState(Enum):
    """Where a session stands."""

    IDLE = "idle"
    """Nobody has asked for the connection yet, or again."""
    DIALLING = "dialling"
    """The first link, or one after a loss, is being opened."""
    LOGGING_ON = "logging on"
    """It is open; the clock is measured, the key logged on."""
    SUBSCRIBING = "subscribing"
    """User data is being subscribed again."""
    READY = "ready"
    """A link serves."""
    ROTATING = "rotating"
    """A link serves, and its successor is being opened."""
    ROTATING_LOGGING_ON = "rotating, logging on"
    """The successor is open, and is being logged on."""
    ROTATING_SUBSCRIBING = "rotating, subscribing"
    """User data is being subscribed on the successor."""
    WAITING = "waiting"
    """There is no link; the next attempt has its time."""
    CLOSED = "closed"
    """It has ended for good."""

    @property
    def told(self) -> str:
        """What users are told: how far a successor has come does not matter while a link serves."""
        return self.value.partition(",")[0]


class SessionInput(Enum):
    """What a session is told."""

    DEMANDED = "somebody wants the connection"
    DUE = "the next attempt is due"
    ROTATED = "a successor is wanted"
    OPENED = "the link is open"
    LOGGED_ON = "the link is logged on"
    SUBSCRIBED = "the link is subscribed"
    COMING_LOST = "the coming link is lost"
    SERVING_LOST = "the serving link is lost"
    SERVING_LEFT_OFF = "the serving link is lost, and nobody asks for another"
    CLOSED = "closed"


TRANSITIONS: Table[SessionState, SessionInput] = {
    SessionState.IDLE: {
        SessionInput.DEMANDED: SessionState.DIALLING,
        SessionInput.CLOSED: SessionState.CLOSED,
    },
    SessionState.DIALLING: {
        SessionInput.OPENED: SessionState.LOGGING_ON,
        SessionInput.COMING_LOST: SessionState.WAITING,
        SessionInput.CLOSED: SessionState.CLOSED,
    },
    SessionState.LOGGING_ON: {
        SessionInput.LOGGED_ON: SessionState.SUBSCRIBING,
        SessionInput.COMING_LOST: SessionState.WAITING,
        SessionInput.CLOSED: SessionState.CLOSED,
    },
    SessionState.SUBSCRIBING: {
        SessionInput.SUBSCRIBED: SessionState.READY,
        SessionInput.COMING_LOST: SessionState.WAITING,
        SessionInput.CLOSED: SessionState.CLOSED,
    },
    SessionState.READY: {
        SessionInput.ROTATED: SessionState.ROTATING,
        SessionInput.DUE: SessionState.ROTATING,  # an earlier successor did not come up
        SessionInput.SERVING_LOST: SessionState.WAITING,
        SessionInput.SERVING_LEFT_OFF: SessionState.IDLE,
        SessionInput.CLOSED: SessionState.CLOSED,
    },
    SessionState.ROTATING: {
        SessionInput.OPENED: SessionState.ROTATING_LOGGING_ON,
        SessionInput.COMING_LOST: SessionState.READY,
        # The successor goes on as the link that heals the loss: no third one is dialled.
        SessionInput.SERVING_LOST: SessionState.DIALLING,
        SessionInput.CLOSED: SessionState.CLOSED,
    },
    SessionState.ROTATING_LOGGING_ON: {
        SessionInput.LOGGED_ON: SessionState.ROTATING_SUBSCRIBING,
        SessionInput.COMING_LOST: SessionState.READY,
        SessionInput.SERVING_LOST: SessionState.LOGGING_ON,
        SessionInput.CLOSED: SessionState.CLOSED,
    },
    SessionState.ROTATING_SUBSCRIBING: {
        SessionInput.SUBSCRIBED: SessionState.READY,
        SessionInput.COMING_LOST: SessionState.READY,
        SessionInput.SERVING_LOST: SessionState.SUBSCRIBING,
        SessionInput.CLOSED: SessionState.CLOSED,
    },
    SessionState.WAITING: {
        SessionInput.DUE: SessionState.DIALLING,
        SessionInput.CLOSED: SessionState.CLOSED,
    },
    SessionState.CLOSED: {
        SessionInput.CLOSED: SessionState.CLOSED,
    },
}


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
        moved: Is told each transition: the state before it, the input, the state after it.
    """

    def __init__(
        self,
        *,
        retry: RetryPolicy,
        lifetime: Callable[[], float | None],
        next_link: Callable[[], int],
        healthy_after: float = 5.0,
        heals: bool = True,
        moved: Callable[
            [SessionState, SessionInput, SessionState], object
        ] = lambda before, given, now: None,
    ) -> None:
        self._retry = retry
        self._lifetime = lifetime
        self._next_link = next_link
        self._healthy_after = healthy_after
        self._heals = heals
        self._moved = moved
        self._state = SessionState.IDLE
        self._coming: int | None = None
        self._serving: int | None = None
        self._serving_since = 0.0
        self._rotate_at: float | None = None
        self._retry_at: float | None = None
        self._lost_service = False

    @property
    def state(self) -> SessionState:
        """Where the session stands."""
        return self._state

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
        return self._dial(SessionInput.DEMANDED) if self._may(SessionInput.DEMANDED) else []

    def opened(self, link: int) -> list[Effect]:
        """The link is open."""
        if link != self._coming:
            return [Drop(link)]
        return [LogOn(link)] if self._move(SessionInput.OPENED) else []

    def logged_on(self, link: int) -> list[Effect]:
        """The link is logged on, needs no logon, or was refused in a way that waiting cannot cure."""
        if link != self._coming:
            return []
        return [Subscribe(link)] if self._move(SessionInput.LOGGED_ON) else []

    def subscribed(self, link: int, now: float) -> list[Effect]:
        """The subscriptions are restored: the link takes over."""
        if link != self._coming or not self._move(SessionInput.SUBSCRIBED):
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
        if link == self._coming:
            self._coming_lost(now)
        elif link == self._serving:
            self._serving_lost(now, min(now, served_until))
        return []

    def rotate(self, now: float) -> list[Effect]:
        """Bring up a successor of the serving link; nothing to do while one is coming or none serves."""
        if not self._may(SessionInput.ROTATED):
            return []
        self._rotate_at = None
        if now - self._serving_since >= self._healthy_after:
            self._retry.succeeded(now)
        return self._dial(SessionInput.ROTATED)

    def tick(self, now: float) -> list[Effect]:
        """Time has passed."""
        if self._retry_at is not None and now >= self._retry_at:
            return self._dial(SessionInput.DUE)
        if self._rotate_at is not None and now >= self._rotate_at:
            return self.rotate(now)
        return []

    def close(self) -> list[Effect]:
        """End for good."""
        self._move(SessionInput.CLOSED)
        drops: list[Effect] = [
            Drop(link) for link in (self._coming, self._serving) if link is not None
        ]
        self._coming = self._serving = self._retry_at = self._rotate_at = None
        return drops

    def _may(self, wish: SessionInput) -> bool:
        return wish in TRANSITIONS[self._state]

    def _move(self, given: SessionInput) -> bool:
        """Go where the table leads; false, with assertions off, where it leads nowhere."""
        before, then = self._state, after(TRANSITIONS, self._state, given)
        if then is None:
            return False
        self._state = then
        self._moved(before, given, then)
        return True

    def _dial(self, why: SessionInput) -> list[Effect]:
        if not self._move(why):
            return []
        self._retry_at = None
        self._coming = self._next_link()
        return [Dial(self._coming)]

    def _coming_lost(self, now: float) -> None:
        self._move(SessionInput.COMING_LOST)
        self._coming = None
        self._retry_at = now + self._retry.failed(now)

    def _serving_lost(self, now: float, served_until: float) -> None:
        is_retried = self._retry_at is not None  # a successor was asked for, and comes all the same
        self._move(
            SessionInput.SERVING_LOST
            if self._heals or is_retried or self._coming is not None
            else SessionInput.SERVING_LEFT_OFF
        )
        self._serving = None
        self._rotate_at = None
        self._lost_service = True
        if served_until - self._serving_since >= self._healthy_after:
            self._retry.succeeded(now)
        if self._heals and self._coming is None:
            self._retry_at = now + self._retry.failed(now)
