"""The turns in the life of a link at which a session does what it is there for."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

__all__ = ["LinkLife"]


class LinkLife:
    """What is done at each turn, left to the kinds of session; what one does not care for stays empty.

    On its way up a link is ``opened``, then ``greet`` and ``restore`` have all the time they need, then
    it is asked to ``serve``. All but these two answer at once.
    """

    received: Callable[[Any, str | bytes], None]
    """Takes a data frame that arrived on a link: with no step between, since every frame goes there."""

    def taken(self, link: Any, frame: str | bytes) -> bool:
        """Take a frame that a caller has read on its own thread; false leaves it to the loop's."""
        return False

    def opened(self, link: Any) -> None:
        """A link is open; nothing has been read from it yet."""

    async def greet(self, link: Any) -> None:
        """Do what comes first on a fresh link (logon); raise ``LinkLost`` when it is no good."""

    async def restore(self, link: Any) -> None:
        """Subscribe again what was subscribed."""

    def serve(self, link: Any, *, after_loss: bool, replaced: Any) -> None:
        """A link has taken over."""

    def writable(self, link: Any) -> None:
        """A congested link takes frames again."""

    def link_lost(self, link: Any, reason: str) -> None:
        """A link is gone: end what depended on it."""

    def brings_events(self, link: Any) -> bool:
        """Whether something else than answers may come on a link."""
        return False

    def ask_in_silence(self, link: Any) -> None:
        """The serving link has brought nothing for a while: its pongs do not show that it would."""

    def is_idle(self, link: Any) -> bool:
        """Whether a retired link has nothing left to carry."""
        return True

    def next_deadline(self) -> float:
        """When :meth:`expire` has something to do."""
        return math.inf

    def expire(self, now: float) -> None:
        """Time has passed."""
