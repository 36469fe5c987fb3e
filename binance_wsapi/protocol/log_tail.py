"""What the end of an event log tells whoever goes on with it: which events are in it, and which are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

from binance_wsapi.protocol.event_merge import identity
from binance_wsapi.protocol.raw_event import RawEvent

__all__ = ["Logged"]


class Logged:
    """The last events of a log, told apart as the copies of two connections are.

    Args:
        events: They, oldest first.
    """

    def __init__(self, events: Iterable[RawEvent]) -> None:
        keys = [identity(event) for event in events]
        self._counts: Counter[Hashable] = Counter(keys)
        self._last = keys[-1] if keys else None

    def take(self, event: RawEvent) -> bool:
        """Whether the log has the event; asked once for each copy that comes."""
        if not self._counts:
            return False
        key = identity(event)
        if self._counts[key] <= 0:
            return False
        self._counts[key] -= 1
        return True

    def missing(self, events: Sequence[RawEvent]) -> tuple[list[RawEvent], bool]:
        """Return those that the log has not, and whether there is no gap between it and them.

        Args:
            events: All that came on one connection in a while, oldest first.
        """
        keys = [identity(event) for event in events]
        # What is older than the first that both have was logged before these last events.
        first = next((at for at, key in enumerate(keys) if key in self._counts), 0)
        is_continued = self._last is not None and self._last in keys[first:]
        return [event for event in events[first:] if not self.take(event)], is_continued
