"""How much of a log is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from binance_wsapi.core.event_log import LONGEST_H, MOST_ENTRIES
from binance_wsapi.errors import ConfigurationError

__all__ = ["Retention", "retention_of"]

KEEP = 100_000
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Retention:
    """Which entries are kept: both limits count."""

    entries: int = KEEP
    """About how many."""
    age_ms: int | None = None
    """For how long; ``None`` is for ever."""

    def oldest_ms(self, now_ms: int) -> int:
        """Return when the oldest that is kept was sent, epoch milliseconds; 0 keeps all."""
        return 0 if self.age_ms is None else max(0, now_ms - self.age_ms)

    def replaced(self, keep: int | None, keep_hours: float | None) -> Retention:
        """Return the same with other limits, where they are given."""
        return Retention(
            self.entries if keep is None else keep,
            self.age_ms if keep_hours is None else _in_ms(keep_hours),
        )


def retention_of(own: Mapping[str, str]) -> Retention:
    """Return what the URL of an event log says of it.

    Args:
        own: The parameters of the URL that are for this library.

    Raises:
        ConfigurationError: It says what cannot be.
    """
    keep = own.get("keep", str(KEEP))
    if not keep.isdecimal() or len(keep) > 15 or not 0 < int(keep) <= MOST_ENTRIES:
        raise ConfigurationError(
            f"event_log: keep={keep!r} is no number of entries up to {MOST_ENTRIES}: write keep={KEEP}"
        )
    hours = own.get("keep_hours")
    return Retention(int(keep), None if hours is None else _age_ms(hours))


def _age_ms(text: str) -> int:
    try:
        hours = float(text)
    except ValueError:
        hours = 0.0
    if not 0 < hours <= LONGEST_H:
        raise ConfigurationError(
            f"event_log: keep_hours={text!r} is no number of hours up to {LONGEST_H}: write keep_hours=24"
        )
    return _in_ms(hours)


def _in_ms(hours: float) -> int:
    return max(1, round(hours * HOUR_MS))
