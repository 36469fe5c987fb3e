"""At most so many events in any stretch of so many seconds."""

from __future__ import annotations

from collections import deque

__all__ = ["SlidingWindow"]


class SlidingWindow:
    """Counts events so that no stretch of ``seconds`` holds more than ``allowed``.

    A window that slides keeps any fixed window of the same length, wherever the exchange's begins.

    Args:
        allowed: Most events in a stretch.
        seconds: Length of the stretch.
    """

    def __init__(self, allowed: int, seconds: float) -> None:
        if allowed < 1:
            raise ValueError(f"allowed={allowed} lets nothing pass: use 1 or more")
        self.seconds = seconds
        self.allowed = allowed
        self._times: deque[float] = deque(maxlen=allowed)

    def delay(self, now: float) -> float:
        """Return the seconds until the next event is allowed; 0 when it is now."""
        if len(self._times) < self.allowed:
            return 0.0
        return max(0.0, self._times[0] + self.seconds - now)

    def record(self, now: float) -> None:
        """Count an event that happened at ``now``."""
        self._times.append(now)
