"""When a local book may ask for a snapshot, so that one that cannot join takes nothing from the caller."""

from __future__ import annotations

import math

from binance_wsapi.protocol.backoff import Backoff

__all__ = ["SnapshotPace"]

LASTING_S = 30.0
"""A book that was joined for as long is sound: what went before it is forgotten."""
WARN_AT = 5
PROBLEM_AT = 8


class SnapshotPace:
    """The pauses between the snapshots of one book, which grow until it has been joined for long."""

    def __init__(self) -> None:
        self._backoff = Backoff(first_s=0.25, factor=2.0, max_s=30.0)
        self._next_at = -math.inf
        self._held_until = -math.inf
        self._joined_at: float | None = None
        self._asked = 0

    @property
    def is_worth_a_warning(self) -> bool:
        """Whether the book has just become suspicious."""
        return self._asked == WARN_AT

    @property
    def is_problem(self) -> bool:
        """Whether so many snapshots were of no use that the book's readers must know."""
        return self._asked >= PROBLEM_AT

    def delay(self, now: float) -> float:
        """Return the seconds until the next snapshot may be asked for."""
        return max(0.0, self._next_at - now, self._held_until - now)

    def asked(self, now: float, random_unit: float) -> None:
        """A snapshot is asked for."""
        self._asked += 1
        self._next_at = now + self._backoff.next_delay(random_unit)

    def hold(self, now: float, seconds: float) -> None:
        """The exchange, or a limit, wants none for so long."""
        self._held_until = max(self._held_until, now + seconds)

    def joined(self, now: float) -> None:
        """A snapshot joined."""
        self._joined_at = now

    def needed(self, now: float) -> None:
        """Another snapshot is needed."""
        if self._joined_at is not None and now - self._joined_at >= LASTING_S:
            self._backoff.reset()
            self._asked = 0
            self._next_at = now
        self._joined_at = None
