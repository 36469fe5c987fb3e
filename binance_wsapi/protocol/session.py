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
    "Input",
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


class Input(Enum):
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


TRANSITIONS: Table[State, Input] = {
    State.IDLE: {
        Input.DEMANDED: State.DIALLING,
        Input.CLOSED: State.CLOSED,
    },
    State.DIALLING: {
        Input.OPENED: State.LOGGING_ON,
        Input.COMING_LOST: State.WAITING,
        Input.CLOSED: State.CLOSED,
    },
    State.LOGGING_ON: {
        Input.LOGGED_ON: State.SUBSCRIBING,
        Input.COMING_LOST: State.WAITING,
        Input.CLOSED: State.CLOSED,
    },
    State.SUBSCRIBING: {
        Input.SUBSCRIBED: State.READY,
        Input.COMING_LOST: State.WAITING,
        Input.CLOSED: State.CLOSED,
    },
    State.READY: {
        Input.ROTATED: State.ROTATING,
        Input.DUE: State.ROTATING,  # an earlier successor did not come up
        Input.SERVING_LOST: State.WAITING,
        Input.SERVING_LEFT_OFF: State.IDLE,
        Input.CLOSED: State.CLOSED,
    },
    State.ROTATING: {
        Input.OPENED: State.ROTATING_LOGGING_ON,
        Input.COMING_LOST: State.READY,
        # The successor goes on as the link that heals the loss: no third one is dialled.
        Input.SERVING_LOST: State.DIALLING,
        Input.CLOSED: State.CLOSED,
    },
    State.ROTATING_LOGGING_ON: {
        Input.LOGGED_ON: State.ROTATING_SUBSCRIBING,
        Input.COMING_LOST: State.READY,
        Input.SERVING_LOST: State.LOGGING_ON,
        Input.CLOSED: State.CLOSED,
    },
    State.ROTATING_SUBSCRIBING: {
        Input.SUBSCRIBED: State.READY,
        Input.COMING_LOST: State.READY,
        Input.SERVING_LOST: State.SUBSCRIBING,
        Input.CLOSED: State.CLOSED,
    },
    State.WAITING: {
        Input.DUE: State.DIALLING,
        Input.CLOSED: State.CLOSED,
    },
    State.CLOSED: {
        Input.CLOSED: State.CLOSED,
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
        moved: Callable[[State, Input, State], object] = lambda before, given, now: None,
    ) -> None:
        self._retry = retry
        self._lifetime = lifetime
        self._next_link = next_link
        self._healthy_after = healthy_after
        self._heals = heals
        self._moved = moved
        self._state = State.IDLE
        self._coming: int | None = None
        self._serving: int | None = None
        self._serving_since = 0.0
        self._rotate_at: float | None = None
        self._retry_at: float | None = None
        self._lost_service = False

    @property
    def state(self) -> State:
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
        return self._dial(Input.DEMANDED) if self._may(Input.DEMANDED) else []

    def opened(self, link: int) -> list[Effect]:
        """The link is open."""
        if link != self._coming:
            return [Drop(link)]
        return [LogOn(link)] if self._move(Input.OPENED) else []

    def logged_on(self, link: int) -> list[Effect]:
        """The link is logged on, needs no logon, or was refused in a way that waiting cannot cure."""
        if link != self._coming:
            return []
        return [Subscribe(link)] if self._move(Input.LOGGED_ON) else []

    def subscribed(self, link: int, now: float) -> list[Effect]:
        """The subscriptions are restored: the link takes over."""
        if link != self._coming or not self._move(Input.SUBSCRIBED):
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
        if not self._may(Input.ROTATED):
            return []
        self._rotate_at = None
        if now - self._serving_since >= self._healthy_after:
            self._retry.succeeded(now)
        return self._dial(Input.ROTATED)

    def tick(self, now: float) -> list[Effect]:
        """Time has passed."""
        if self._retry_at is not None and now >= self._retry_at:
            return self._dial(Input.DUE)
        if self._rotate_at is not None and now >= self._rotate_at:
            return self.rotate(now)
        return []

    def close(self) -> list[Effect]:
        """End for good."""
        self._move(Input.CLOSED)
        drops: list[Effect] = [
            Drop(link) for link in (self._coming, self._serving) if link is not None
        ]
        self._coming = self._serving = self._retry_at = self._rotate_at = None
        return drops

    def _may(self, wish: Input) -> bool:
        return wish in TRANSITIONS[self._state]

    def _move(self, given: Input) -> bool:
        """Go where the table leads; false, with assertions off, where it leads nowhere."""
        before, then = self._state, after(TRANSITIONS, self._state, given)
        if then is None:
            return False
        self._state = then
        self._moved(before, given, then)
        return True

    def _dial(self, why: Input) -> list[Effect]:
        if not self._move(why):
            return []
        self._retry_at = None
        self._coming = self._next_link()
        return [Dial(self._coming)]

    def _coming_lost(self, now: float) -> None:
        self._move(Input.COMING_LOST)
        self._coming = None
        self._retry_at = now + self._retry.failed(now)

    def _serving_lost(self, now: float, served_until: float) -> None:
        is_retried = self._retry_at is not None  # a successor was asked for, and comes all the same
        self._move(
            Input.SERVING_LOST
            if self._heals or is_retried or self._coming is not None
            else Input.SERVING_LEFT_OFF
        )
        self._serving = None
        self._rotate_at = None
        self._lost_service = True
        if served_until - self._serving_since >= self._healthy_after:
            self._retry.succeeded(now)
        if self._heals and self._coming is None:
            self._retry_at = now + self._retry.failed(now)
