"""Since when events of a stream may be missing, by connection, and the gap that tells it when they flow again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from binance_wsapi.events import StreamGap

if TYPE_CHECKING:
    from binance_wsapi.core.runtime import Runtime
    from binance_wsapi.endpoints import WsKey

__all__ = ["Gaps"]


class Gaps:
    """The gaps of one stream; owned by the loop's thread.

    Args:
        runtime: What the core stands on.
        ws_key: The connection the events come from.
    """

    def __init__(self, runtime: Runtime, ws_key: WsKey) -> None:
        self._runtime = runtime
        self._ws_key = ws_key
        self._gaps: dict[object, int] = {}
        """Since when events of each connection may be missing, epoch microseconds, exchange time."""
        self._open_for: dict[object, str] = {}
        """The reason that was told while the gap of each connection lasts."""

    @property
    def is_interrupted(self) -> bool:
        """Whether events may be missing now."""
        return bool(self._gaps)

    def interrupted(self, whole_until: float, source: object = None, *, told_us: int = 0) -> None:
        """Events of a connection may be missing.

        Args:
            whole_until: Since when, monotonic seconds.
            source: The connection.
            told_us: The time of the last event that was told: none is missing before it.
        """
        self._gaps.setdefault(source, self._gap_begins_us(whole_until, told_us))

    def interrupted_earlier(self, whole_until: float, *, told_us: int = 0) -> None:
        """The gap that lasts now began earlier than it seemed; the arguments are those of :meth:`interrupted`."""
        since_us = self._gaps.get(None)
        if since_us is not None:
            self._gaps[None] = min(since_us, self._gap_begins_us(whole_until, told_us))

    def _gap_begins_us(self, whole_until: float, told_us: int) -> int:
        since_us = self._exchange_us() - int((self._runtime.now() - whole_until) * 1_000_000)
        return max(since_us, told_us)

    def resumed(self, reason: str, source: object = None) -> bool:
        """The connection's events flow again: tell the gap in its place, if there was one."""
        since_us = self._gaps.pop(source, None)
        self._open_for.pop(source, None)
        if since_us is None:
            return False
        self._tell_gap(since_us, reason)
        return True

    def remains_interrupted(self, reason: str, source: object = None) -> None:
        """The connection's events do not flow again yet: tell the gap, which stays open; once a reason."""
        since_us = self._gaps.get(source)
        if since_us is not None and self._open_for.get(source) != reason:
            self._open_for[source] = reason
            self._tell_gap(since_us, reason, is_open=True)

    def earliest_us(self) -> int:
        """Return the exchange's time, epoch microseconds, rather early than late."""
        return self._exchange_us()

    def latest_us(self) -> int:
        """Return the exchange's time, epoch microseconds, rather late than early."""
        # It is estimated late, by less than a round trip.
        round_trip = self._runtime.exchanges.clock_of(self._ws_key).round_trip or 0.0
        return self._exchange_us() + math.ceil(round_trip * 1_000_000)

    def _tell_gap(self, since_us: int, reason: str, *, is_open: bool = False) -> None:
        gap = StreamGap(
            from_ms=since_us // 1000,
            until_ms=max(since_us, self.latest_us()) // 1000 + 1,
            reason=reason,
            is_open=is_open,
        )
        self.tell_gap(gap)

    def tell_gap(self, gap: StreamGap) -> None:
        """Tell a gap in its place."""
        raise NotImplementedError

    def _exchange_us(self) -> int:
        return self._runtime.exchanges.now_us(self._ws_key)
