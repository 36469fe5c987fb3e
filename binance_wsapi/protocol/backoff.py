"""When to try a connection again, so that neither the network nor the exchange is flooded."""

from __future__ import annotations

from binance_wsapi.protocol.sliding_window import SlidingWindow

__all__ = ["Backoff", "ConnectionBudget"]


class Backoff:
    """Delays that grow from failure to failure, spread at random so that clients do not march in step.

    Args:
        first_s: Longest delay after the first failure.
        factor: By how much the longest delay grows with each failure.
        max_s: What it grows to at most.
        jitter: The part of a delay that is left to chance: 0 none, 1 all of it.
    """

    def __init__(
        self,
        *,
        first_s: float = 0.25,
        factor: float = 2.0,
        max_s: float = 30.0,
        jitter: float = 0.5,
    ) -> None:
        self._first_s = min(first_s, max_s)
        self._factor = factor
        self._max_s = max_s
        self._jitter = jitter
        self._longest_s = self._first_s

    def next_delay(self, random_unit: float) -> float:
        """Return the seconds to wait after one more failure.

        Args:
            random_unit: A random number from 0 to 1.
        """
        delay = self._longest_s * (1 - self._jitter + self._jitter * random_unit)
        self._longest_s = min(self._longest_s * self._factor, self._max_s)
        return delay

    def reset(self) -> None:
        """Forget the failures: an attempt succeeded."""
        self._longest_s = self._first_s


class ConnectionBudget(SlidingWindow):
    """Keeps the connection attempts of a client within the exchange's 300 in 5 minutes an IP.

    One for all connections of a client. The rest is left to other programs behind the same address.
    """

    def __init__(self, allowed: int = 200, seconds: float = 300.0) -> None:
        super().__init__(allowed, seconds)
