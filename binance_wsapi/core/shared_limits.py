"""What a client asks of those who share its limits with other processes and hosts."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from binance_wsapi.protocol.limits import Ledger
from binance_wsapi.protocol.silence import Silence

__all__ = ["SharedLimits", "SharedPool"]


@dataclass(frozen=True, kw_only=True)
class SharedPool:
    """The limits of one pool at one exchange, as one client uses them up; on its loop's thread."""

    address: str
    """Where they are counted by address: pool, environment, host, and the way there."""
    account: str | None
    """Where they are counted by account; ``None`` without a key."""
    weight: Ledger
    orders: Ledger
    connections: Ledger
    hear: Callable[[Silence, Silence], None]
    """Takes what the address, and what the account, was told to leave alone."""


class SharedLimits(Protocol):
    """Shares limits; all is called on the loop's thread."""

    def attach(
        self,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        now: Callable[[], float],
        tell: Callable[[str, str], None],
    ) -> None:
        """Take what it stands on.

        Args:
            spawn: Runs something in the background until the client ends.
            now: Monotonic seconds.
            tell: Tells the client's handlers of ``limits_shared`` or ``limits_alone``, and why.
        """

    def share(self, pool: SharedPool) -> None:
        """Share a pool's limits from now on: its ledgers go by leases."""

    def told(self, pool: SharedPool, silence: Silence) -> None:
        """Have all others leave alone what this client was told to."""

    async def leave(self) -> None:
        """Give everything back."""

    def status(self) -> str:
        """Return how the sharing is doing, in a few words."""
