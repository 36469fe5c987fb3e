"""What time it is at the exchange, and never later than that.

The exchange refuses a request stamped a second or more ahead of its clock, and takes one that is late
by less than recvWindow: an estimate has to err on the late side.

A server time read by a request lies between the moments the request was sent and the answer was
received. Counting it as of the *reception* gives the latest moment at which it can have been true, so
an estimate made from it runs behind the exchange by the answer's way and never ahead, however
lopsided the two ways are. Among the measurements the one with the least round trip is the most exact.

Between measurements time is counted by the monotonic clock: steps of this machine's wall clock move
nothing. (A machine that slept finds its estimate far behind; the exchange says so with -1021, and
the next measurements contradict the old ones, which are dropped.)

One odd measurement is not believed: what contradicts all that is known (before any measurement, what
the wall clock shows) counts when the next measurement bears it out.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Measurements", "ServerClock"]

_MICROSECONDS_FROM = 10**14
"""A timestamp of this size and more is in microseconds (reference/margin/rules.json)."""

_DRIFT_US_PER_S = 100
"""How fast two sound clocks may run apart; it makes old measurements give way to new ones."""

_CONTRADICTION_US = 50_000
"""By how much two measurements may disagree beyond what round trips and drift explain."""

_WALL_CLOCK_US = 1_000_000
"""By how much a first measurement may disagree with the wall clock and be believed at once."""


@dataclass(frozen=True, slots=True)
class _Measurement:
    received: float
    round_trip_us: int
    offset_us: int
    """Exchange time less monotonic time, at least."""
    wall_offset_us: int
    """Exchange time less wall time, at least."""

    @property
    def blur(self) -> float:
        """How inexact it is; two measurements compare the same at any later time."""
        return self.round_trip_us - self.received * _DRIFT_US_PER_S

    def contradicts(self, older: _Measurement) -> bool:
        """Whether no steady clock can have given both."""
        slack = _CONTRADICTION_US + (self.received - older.received) * _DRIFT_US_PER_S * 5
        return (
            self.offset_us > older.offset_us + older.round_trip_us + slack
            or older.offset_us > self.offset_us + self.round_trip_us + slack
        )


class Measurements:
    """What was measured of one exchange's clock; the clocks of several clients may rest on it.

    Who shares it takes care that one thread at a time takes something in; reading needs no care.

    Args:
        refresh_s: Seconds after which a new measurement is wanted.
        window_s: Seconds a measurement counts for.
    """

    def __init__(self, *, refresh_s: float = 600.0, window_s: float = 1800.0) -> None:
        self._refresh_s = refresh_s
        self._window_s = window_s
        self._kept: deque[_Measurement] = deque()
        self._latest: _Measurement | None = None
        self._odd: _Measurement | None = None
        """What the last measurement was, where it waits for being borne out."""
        self.is_doubted = False
        self.best: _Measurement | None = None

    def take(self, latest: _Measurement) -> None:
        """Take a measurement in."""
        kept = self._kept
        odd, self._odd = self._odd, None
        if self._is_odd(latest):
            if odd is None or latest.contradicts(odd):
                self._odd = latest
                return
            kept.clear()
            kept.append(odd)
        elif self.is_doubted:
            kept.clear()
        while kept and kept[0].received < latest.received - self._window_s:
            kept.popleft()
        kept.append(latest)
        self._latest = latest
        self.best = min(kept, key=lambda measurement: measurement.blur)
        self.is_doubted = False

    def _is_odd(self, latest: _Measurement) -> bool:
        if self._latest is not None:
            return latest.contradicts(self._latest)
        return abs(latest.wall_offset_us) > _WALL_CLOCK_US + latest.round_trip_us

    def needs_refresh(self, now: float) -> bool:
        """Whether a new measurement is wanted."""
        latest = self._latest
        if self.is_doubted or self._odd is not None or latest is None:
            return True
        return now - latest.received >= self._refresh_s


class ServerClock:
    """The exchange's time, estimated from its answers.

    Args:
        refresh_s: Seconds after which a new measurement is wanted.
        window_s: Seconds a measurement counts for.
        measurements: What it rests on, where others rest on it as well; the two above are its own then.
    """

    def __init__(
        self,
        *,
        refresh_s: float = 600.0,
        window_s: float = 1800.0,
        measurements: Measurements | None = None,
    ) -> None:
        self._measurements = measurements or Measurements(refresh_s=refresh_s, window_s=window_s)
        self._manual_us: int | None = None

    @property
    def is_manual(self) -> bool:
        """The offset was set by hand and is not measured."""
        return self._manual_us is not None

    @property
    def round_trip(self) -> float | None:
        """Seconds of the round trip that the estimate rests on: it is late by less than that."""
        best = self._measurements.best
        return None if best is None else best.round_trip_us / 1e6

    @property
    def lead_us(self) -> int | None:
        """By how much the exchange's time is ahead of monotonic time, as measured; ``None`` before that."""
        best = self._measurements.best
        return None if best is None else best.offset_us

    def measured(
        self, *, sent: float, received: float, sent_wall_us: int, server_time: int
    ) -> None:
        """Take in a server time that an answer told.

        Args:
            sent: When the request was written, monotonic seconds.
            received: When the answer came.
            sent_wall_us: When the request was written, by the wall clock.
            server_time: What the answer said, in milliseconds or microseconds.
        """
        server_us = server_time if server_time >= _MICROSECONDS_FROM else server_time * 1000
        round_trip_us = round((received - sent) * 1e6)
        self._measurements.take(
            _Measurement(
                received=received,
                round_trip_us=round_trip_us,
                offset_us=server_us - math.ceil(received * 1e6),
                wall_offset_us=server_us - sent_wall_us - round_trip_us,
            )
        )

    def set_time_offset_ms(self, offset_ms: float | None) -> None:
        """Set by how much the exchange is ahead of the wall clock; ``None`` goes back to measuring.

        May be called from any thread.
        """
        self._manual_us = None if offset_ms is None else round(offset_ms * 1000)

    def timestamp_us(self, wall_us: Callable[[], int], now: float) -> int:
        """Return the exchange's time in epoch microseconds.

        Args:
            wall_us: Reads the wall clock; asked with an offset set by hand and before any measurement.
            now: Monotonic seconds, used with measurements.
        """
        manual_us = self._manual_us  # another thread may take it back at any moment
        if manual_us is not None:
            return wall_us() + manual_us
        best = self._measurements.best
        if best is None:
            return wall_us()
        return best.offset_us + int(now * 1e6)

    def needs_refresh(self, now: float) -> bool:
        """Whether a new measurement is wanted; never while the offset is set by hand."""
        return self._manual_us is None and self._measurements.needs_refresh(now)

    def invalidate(self) -> None:
        """Doubt every measurement: the exchange refused a timestamp (-1021).

        The next ones replace them all; until then they are the best there is.
        """
        self._measurements.is_doubted = True
