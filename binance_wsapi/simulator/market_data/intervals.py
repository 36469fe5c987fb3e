"""Candle intervals: where each begins and ends, in any time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

__all__ = ["INTERVALS", "Interval", "parse_time_zone", "parse_window"]

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# 1970-01-01 was a Thursday, weeks begin on Monday.
_FIRST_MONDAY = 4 * DAY


@dataclass(frozen=True, slots=True)
class Interval:
    """One candle length. All times are microseconds since the epoch.

    ``offset_us`` is the time zone's distance from UTC: a day of ``+08:00`` begins at 16:00 UTC.
    """

    name: str
    """As the wire spells it: ``1m``; months are ``1M``."""
    width_us: int
    """Length; of a month, the shortest one."""
    anchor_us: int = 0
    """A moment, in local time, at which one interval begins."""

    @property
    def is_calendar(self) -> bool:
        """Whether the length varies: months."""
        return self.name == "1M"

    def floor(self, moment_us: int, offset_us: int = 0) -> int:
        """Return when the interval that holds ``moment_us`` began."""
        if self.is_calendar:
            return _month_start(_month_number(moment_us + offset_us)) - offset_us
        shift = offset_us - self.anchor_us
        return moment_us - (moment_us + shift) % self.width_us

    def step(self, open_us: int, count: int, offset_us: int = 0) -> int:
        """Return when the interval ``count`` after (negative: before) the one at ``open_us`` begins."""
        if self.is_calendar:
            return _month_start(_month_number(open_us + offset_us) + count) - offset_us
        return open_us + count * self.width_us

    def ceiling(self, moment_us: int, offset_us: int = 0) -> int:
        """Return the first beginning that is not before ``moment_us``."""
        floor = self.floor(moment_us, offset_us)
        return floor if floor == moment_us else self.step(floor, 1, offset_us)

    def count_between(self, first_us: int, last_us: int, offset_us: int = 0) -> int:
        """Return how many steps lead from one beginning to another."""
        if self.is_calendar:
            return _month_number(last_us + offset_us) - _month_number(first_us + offset_us)
        return (last_us - first_us) // self.width_us


def _month_number(local_us: int) -> int:
    moment = _EPOCH + timedelta(microseconds=local_us)
    return moment.year * 12 + moment.month - 1


def _month_start(number: int) -> int:
    year, month = divmod(number, 12)
    return (datetime(year, month + 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


INTERVALS: dict[str, Interval] = {
    interval.name: interval
    for interval in (
        Interval("1s", SECOND),
        Interval("1m", MINUTE),
        Interval("3m", 3 * MINUTE),
        Interval("5m", 5 * MINUTE),
        Interval("15m", 15 * MINUTE),
        Interval("30m", 30 * MINUTE),
        Interval("1h", HOUR),
        Interval("2h", 2 * HOUR),
        Interval("4h", 4 * HOUR),
        Interval("6h", 6 * HOUR),
        Interval("8h", 8 * HOUR),
        Interval("12h", 12 * HOUR),
        Interval("1d", DAY),
        Interval("3d", 3 * DAY),
        Interval("1w", 7 * DAY, _FIRST_MONDAY),
        Interval("1M", 28 * DAY),
    )
}
"""All candle intervals of Spot by wire name."""

_TIME_ZONE = re.compile(r"([+-]?)(\d{1,2})(?::(\d{2}))?", re.ASCII)
_WINDOW = re.compile(r"([1-9]\d?)([mhd])", re.ASCII)
_WINDOW_UNITS = {"m": (MINUTE, 59), "h": (HOUR, 23), "d": (DAY, 7)}


def parse_time_zone(text: str) -> int | None:
    """Return the offset in microseconds of ``8``, ``-1:00`` or ``05:45``.

    ``None`` when the text is no offset, or outside -12:00 to +14:00.
    """
    match = _TIME_ZONE.fullmatch(text)
    if match is None:
        return None
    sign, hours, minutes = match.groups(default="0")
    if int(minutes) > 59:
        return None
    size = int(hours) * HOUR + int(minutes) * MINUTE
    offset = -size if sign == "-" else size
    return offset if -12 * HOUR <= offset <= 14 * HOUR else None


def parse_window(text: str) -> int | None:
    """Return the length in microseconds of a ticker window (``1m``-``59m``, ``1h``-``23h``, ``1d``-``7d``)."""
    match = _WINDOW.fullmatch(text)
    if match is None:
        return None
    count = int(match[1])
    unit, most = _WINDOW_UNITS[match[2]]
    return count * unit if count <= most else None
