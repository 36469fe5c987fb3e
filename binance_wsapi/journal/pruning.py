"""What of old rows has to stay: intents that nobody knows the outcome of."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from binance_wsapi.protocol.journal_records import OPEN, JournalRow, Record, entries, moved

__all__ = ["DAY_US", "left_open"]

DAY_US = 86_400_000_000

LATER_ROWS = 1000
"""So many are looked at in one go: what settles an old intent stands mostly close behind it."""


def left_open(old: Iterable[JournalRow], later: Iterator[JournalRow]) -> tuple[int, list[Record]]:
    """Return how many entries of old rows are settled, and the records of the others for a row of their own.

    Args:
        old: Rows that are to be deleted.
        later: Those behind them, as far as they are asked for.
    """
    before = entries(old)
    found = dict(before)
    while any(entry.state == OPEN for entry in before.values()) and (
        some := list(itertools.islice(later, LATER_ROWS))
    ):
        entries(some, found)
    left: list[Record] = [moved(entry) for entry in before.values() if entry.state == OPEN]
    return len(before) - len(left), left
