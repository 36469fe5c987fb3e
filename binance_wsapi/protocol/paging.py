"""Which page of a history to ask for next, and what of an answer is new.

Candles are asked for by time, all else by id: ids rise with time and never repeat, while many rows may
share a millisecond. Where a time is given, the first row at or after it is found by halving the ids.

An answer shorter than asked for proves nothing: the exchange may take fewer rows for the most than is
documented. Candles end where an answer has nothing new; ids end with the row that was the newest when
reading began, so that a busy market's history has an end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from binance_wsapi.protocol.order_events import micros

__all__ = ["CandlePages", "IdPages", "Pages", "candles_between"]

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "M": 2_629_800}


def candles_between(start_us: int, end_us: int, interval: str) -> int | None:
    """Return about how many candles of an interval open in a time; ``None`` for one nobody knows."""
    count, unit = interval[:-1], interval[-1:]
    if not count.isdecimal() or unit not in _SECONDS:
        return None
    return max(0, -((start_us - end_us) // (int(count) * _SECONDS[unit] * 10**6)))


class Pages(Protocol):
    """A history that is read page by page."""

    expected: int | None
    """How many rows there may be, where that can be told."""

    def ask(self) -> dict[str, object] | None:
        """Return the parameters of the next request; ``None`` at the end.

        Asked again before the answer is taken in, it returns the same.
        """

    def take(self, rows: Sequence[Any]) -> list[Any]:
        """Take in the answer to that request and return the rows of it that are new."""
        raise NotImplementedError


class CandlePages:
    """Candles by the time they open.

    Args:
        start_us: The first may open then, in epoch microseconds.
        end_us: None opens then or later; ``None`` for all there are.
        page: How many to ask for at once.
        expected: How many there may be, where that can be told.
    """

    def __init__(
        self, start_us: int, end_us: int | None, page: int, expected: int | None = None
    ) -> None:
        # In whole milliseconds, as candles open.
        self._next = -(-start_us // 1000)
        self._end = None if end_us is None else -(-end_us // 1000)
        self._page = page
        self._is_over = False
        self.expected = expected

    def ask(self) -> dict[str, object] | None:
        """Return the parameters of the next request; ``None`` at the end."""
        if self._is_over or (self._end is not None and self._next >= self._end):
            return None
        asked: dict[str, object] = {"start_time": self._next, "limit": self._page}
        if self._end is not None:
            asked["end_time"] = self._end - 1
        return asked

    def take(self, rows: Sequence[Any]) -> list[Any]:
        """Return the candles that are new."""
        end = self._end
        new = sorted(
            (
                row
                for row in rows
                if (opened := micros(row.open_time) // 1000) >= self._next
                and (end is None or opened < end)
            ),
            key=lambda row: row.open_time,
        )
        if new:
            self._next = micros(new[-1].open_time) // 1000 + 1
        self._is_over = not new
        return new


class IdPages:
    """Rows by their ids, from a time or from behind a row on.

    Args:
        id_of: The id of a row.
        id_parameter: The parameter that asks for rows from an id on.
        start_us: When the first may have been, in epoch microseconds; ``None`` for no bound.
        end_us: None was then or later; ``None`` for no bound.
        after_id: Begin behind this row; ``None`` begins with the first.
        page: How many to ask for at once.
        is_dense: Every id between two of its rows is one of its rows.
    """

    def __init__(
        self,
        *,
        id_of: Callable[[Any], int],
        id_parameter: str,
        start_us: int | None,
        end_us: int | None,
        after_id: int | None,
        page: int,
        is_dense: bool,
    ) -> None:
        self._id_of = id_of
        self._id_parameter = id_parameter
        self._start_us = start_us
        self._end_us = end_us
        self._page = page
        self._is_dense = is_dense
        self._first = 0 if after_id is None else after_id + 1
        """No row before this one is wanted."""
        self._last: int | None = None
        """The newest row when reading began; ``None`` before that is known."""
        self._unsearched: int | None = None
        """The row wanted first has an id below this one, or this one; ``None`` once it is known."""
        self._is_over = False
        self.expected: int | None = None

    def ask(self) -> dict[str, object] | None:
        """Return the parameters of the next request; ``None`` at the end."""
        if self._is_over:
            return None
        if self._last is None:
            return {"limit": 1}
        if self._unsearched is not None:
            return {self._id_parameter: self._middle(self._unsearched), "limit": 1}
        return {self._id_parameter: self._first, "limit": self._page}

    def take(self, rows: Sequence[Any]) -> list[Any]:
        """Return the rows that are new."""
        if self._last is None:
            self._begin(rows)
            return []
        if self._unsearched is not None:
            self._search(rows, self._unsearched)
            return []
        new = sorted((row for row in rows if self._id_of(row) >= self._first), key=self._id_of)
        in_time = [row for row in new if self._id_of(row) <= self._last and not self._is_late(row)]
        if new and self.expected is None and self._is_dense and self._end_us is None:
            self.expected = self._last - self._id_of(new[0]) + 1
        if new:
            self._first = self._id_of(new[-1]) + 1
        self._is_over = len(in_time) < len(new) or not new or self._first > self._last
        return in_time

    def _begin(self, rows: Sequence[Any]) -> None:
        newest = max(rows, key=self._id_of, default=None)
        if newest is None or self._id_of(newest) < self._first or self._is_early(newest):
            self._is_over = True
            return
        self._last = self._id_of(newest)
        if self._start_us is not None and self._first < self._last:
            self._unsearched = self._last

    def _search(self, rows: Sequence[Any], unsearched: int) -> None:
        row = min(rows, key=self._id_of, default=None)
        if row is not None and self._is_early(row):
            self._first = max(self._id_of(row), self._middle(unsearched)) + 1
        else:
            unsearched = self._middle(unsearched)
        self._unsearched = None if self._first >= unsearched else unsearched

    def _middle(self, unsearched: int) -> int:
        return (self._first + unsearched) // 2

    def _is_early(self, row: Any) -> bool:
        return (
            self._start_us is not None
            and row.time is not None
            and micros(row.time) < self._start_us
        )

    def _is_late(self, row: Any) -> bool:
        return (
            self._end_us is not None and row.time is not None and micros(row.time) >= self._end_us
        )
