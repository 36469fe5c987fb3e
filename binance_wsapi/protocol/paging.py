"""Which page of a history to ask for next, and what of an answer is new.

Candles are asked for by time, all else by id: ids rise with time and never repeat, while many rows may
share a millisecond. Where a time is given, the first row at or after it is searched for by guesses at its id.

An answer shorter than asked for proves nothing: the exchange may take fewer rows for the most than is
documented. Candles end where an answer has nothing new; ids end with the row that was the newest when
reading began, so that a busy market's history has an end. Futures keep some histories for two days only, and
tell the newest row of an account of the last seven days alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
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
        """The newest row when reading began; ``None`` where that was not told."""
        self._search: _Search | None = None
        self._has_begun = False
        self._has_skipped = False
        """Rows were looked for beyond ids that the exchange no longer keeps."""
        self._is_over = False
        self.expected: int | None = None

    def ask(self) -> dict[str, object] | None:
        """Return the parameters of the next request; ``None`` at the end."""
        if self._is_over:
            return None
        if not self._has_begun:
            return {"limit": 1}
        if self._search is not None:
            return {self._id_parameter: self._search.guess, "limit": self._search.limit}
        return {self._id_parameter: self._first, "limit": self._page}

    def take(self, rows: Sequence[Any]) -> list[Any]:
        """Return the rows that are new."""
        if not self._has_begun:
            self._has_begun = True
            self._begin(rows)
            return []
        if self._search is not None:
            self._search.narrow([(self._id_of(row), _time_us(row)) for row in rows])
            self._search_with(self._search)
            return []
        new = sorted((row for row in rows if self._id_of(row) >= self._first), key=self._id_of)
        if not new:
            self._skip()
            return []
        in_time = [
            row
            for row in new
            if not self._is_early(row) and not self._is_late(row) and not self._is_newer(row)
        ]
        if in_time and self.expected is None and self._is_dense and self._end_us is None:
            self.expected = None if self._last is None else self._last - self._id_of(in_time[0]) + 1
        self._first = self._id_of(new[-1]) + 1
        self._is_over = self._is_late(new[-1]) or (
            self._last is not None and self._first > self._last
        )
        return in_time

    def _begin(self, rows: Sequence[Any]) -> None:
        newest = max(rows, key=self._id_of, default=None)
        if newest is None:
            return  # where a futures account has none of the last 7 days, it may have older ones
        if self._id_of(newest) < self._first or self._is_early(newest):
            self._is_over = True
            return
        self._last = self._id_of(newest)
        if self._start_us is not None:
            self._search_with(
                _Search(self._first, self._last, _time_us(newest), self._start_us, self._page)
            )

    def _search_with(self, search: _Search) -> None:
        self._search = None if search.is_over else search
        if search.is_over:
            self._first = search.low

    def _skip(self) -> None:
        """Go on where the exchange has rows: it may answer nothing for ids that it no longer keeps."""
        if self._has_skipped or self._last is None or self._first >= self._last:
            self._is_over = True
            return
        self._has_skipped = True
        self._search_with(_Search(self._first, self._last, None, None, page=1))

    def _is_early(self, row: Any) -> bool:
        at = _time_us(row)
        return self._start_us is not None and at is not None and at < self._start_us

    def _is_late(self, row: Any) -> bool:
        at = _time_us(row)
        return self._end_us is not None and at is not None and at >= self._end_us

    def _is_newer(self, row: Any) -> bool:
        return self._last is not None and self._id_of(row) > self._last


class _Search:
    """Where the first row of a time is: at id ``low`` or above, at ``high`` or below.

    Steps down from the newest row, ever farther, until one lies before the time. From there it goes by the
    times of both ends, halving what is left with every other guess. An id that brings no row is older than
    what the exchange keeps.

    Args:
        low: The first id that may be.
        high: The last one.
        high_us: The time of the row there, in epoch microseconds.
        start_us: The time; ``None`` looks for the first row that is kept.
        page: What is left needs no search when one page holds it.
    """

    def __init__(
        self, low: int, high: int, high_us: int | None, start_us: int | None, page: int
    ) -> None:
        self.low = low
        self.high = high
        self._low_us: int | None = None
        """The time of a row before ``low``."""
        self._high_us = high_us
        self._start_us = start_us
        self._page = page
        self._step = page
        self._has_bottom = True
        """The exchange still has rows from the first id on, as far as is known."""
        self._count = 0
        self.guess = high
        self.limit = 1
        self._guess()

    @property
    def is_over(self) -> bool:
        """Whether what is left is no more than a page."""
        return self.high - self.low < self._page

    def narrow(self, found: Iterable[tuple[int, int | None]]) -> None:
        """Take in the rows, as ids and times, that are there from the guess on."""
        rows = sorted(found, key=itemgetter(0))
        if not rows:
            self.low, self._has_bottom = self.guess + 1, False
        elif not self._is_early(rows[0]):
            self.high, self._high_us = self.guess, rows[0][1]
        elif self._is_early(rows[-1]):
            self.low, self._low_us = max(self.guess, rows[-1][0]) + 1, rows[-1][1]
        else:
            self.low = self.high = next(id_ for id_, at in rows if not self._is_early((id_, at)))
        self._guess()

    def _is_early(self, row: tuple[int, int | None]) -> bool:
        return self._start_us is not None and row[1] is not None and row[1] < self._start_us

    def _guess(self) -> None:
        self._count += 1
        span = self.high - self.low
        low_us, high_us, start_us = self._low_us, self._high_us, self._start_us
        if low_us is None or high_us is None or start_us is None:
            bottom = self.low if self._has_bottom else self.low + span // 2
            self.guess = self.high - self._step if self._step < span else bottom
            self._step *= 8
        elif self._count % 2 or high_us <= low_us:
            self.guess = self.low + span // 2
        else:
            by_time = span * (start_us - low_us) // (high_us - low_us)
            self.guess = self.low + max(0, min(span - 1, by_time) - self._page // 2)
            self.limit = self._page


def _time_us(row: Any) -> int | None:
    return None if row.time is None else micros(row.time)
