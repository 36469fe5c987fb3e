"""What the end of an event log tells whoever goes on with it: which events are in it, and which are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

from binance_wsapi.protocol.event_merge import identity
from binance_wsapi.protocol.raw_event import RawEvent

__all__ = ["Logged", "StreamEnd"]


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


class StreamEnd:
    """Joins the events of one connection, which brings them in order, to the end of a log of the same stream.

    Args:
        logged: What the last entries are known by, oldest first.
        waiting: What those events are known by that have come on the connection, oldest first.
    """

    def __init__(self, logged: Sequence[Hashable], waiting: Sequence[Hashable]) -> None:
        self._logged = set(logged)
        self._last = logged[-1] if logged else None
        common = next(
            (at for at in range(len(waiting) - 1, -1, -1) if waiting[at] in self._logged), None
        )
        self.first = 0 if common is None else common + 1
        """Where in what waits that begins which is not logged."""
        self.is_over = not logged or (common is not None and waiting[common] == self._last)
        """The connection has brought all that is logged."""
        self.is_continued = common is not None and (self.is_over or self.first == len(waiting))
        """Nothing is missing between the log and what the connection brings next, or brings when the rest of
        the log has come."""

    def has(self, key: Hashable) -> bool:
        """Whether an event that comes is logged; asked for each until it is over."""
        if key == self._last:
            self.is_over = True
        return key in self._logged
