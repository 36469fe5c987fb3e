"""The rows of a history, asked for page by page as they are read."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from binance_wsapi.core.call_kind import CallKind
from binance_wsapi.errors import IpBanned, NotSent, RateLimited
from binance_wsapi.loading import uncut
from binance_wsapi.models.readable import door
from binance_wsapi.protocol.paging import Pages
from binance_wsapi.response import FloatResponse, Response

if TYPE_CHECKING:
    from binance_wsapi.history.files import RowFile
    from binance_wsapi.history.progress import Bar

__all__ = ["AsyncHistoryRows", "HistoryRows"]

R = TypeVar("R")

LONGEST_WAIT_S = 90.0
"""A limit's window lasts a minute; what is told to wait longer is a ban, and nobody's to sit out unasked."""

MARGIN_S = 0.05
"""How long after a limit's window has turned the next page is asked for: clocks differ a little."""


class _Rows(Generic[R]):
    """What both flavours share: the rows at hand, and where reading stands."""

    def __init__(
        self,
        send: Callable[..., Any],
        name: str,
        pages: Pages,
        kind: Any,  # a CallKind: users' type checkers would look into it, and on from there
        given: Mapping[str, object],
        progress: bool | None,
    ) -> None:
        self._send = send
        self._name = name
        self._pages = pages
        self._kind: CallKind = kind
        self._given = given
        self._rows: deque[R] = deque()
        """The rows at hand, with decimals: files are exact."""
        self._shown: Callable[[R], R] = door(in_floats=False)
        self._last: R | None = None
        self._bar: Bar | None = _bar(name, progress)

    @property
    def last(self) -> R | None:
        """The last row that was handed out; pass it as ``after`` to go on behind it."""
        return self._last

    def _call(self, asked: dict[str, object]) -> Any:
        given = {**self._given, **asked}
        return self._send(self._kind, self._kind.writers[tuple(given)], given)

    def _take(self, response: Response[list[R]]) -> None:
        if isinstance(response, FloatResponse):
            self._shown = door(in_floats=True)
            rows = self._pages.take(response.exact_result)
        else:
            rows = self._pages.take(response.result)
        self._rows.extend(rows)
        if self._bar is not None:
            self._bar.advance(len(rows), self._pages.expected)

    def _hand_out(self) -> R:
        self._last = self._shown(self._rows[0])
        self._rows.popleft()
        return self._last

    def _hand_out_page(self) -> list[R]:
        page = list(self._rows)
        self._rows.clear()
        self._last = self._shown(page[-1])
        return page

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name}, last={self._last!r}>"


class HistoryRows(_Rows[R], Iterator[R]):
    """Rows of a history; an iterator that asks for the next page when it needs one.

    An error that ends a loop, an interrupt included, leaves it where it was: iterate again to go on. Used
    by one thread at a time.
    """

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> R:
        if not self._fetched():
            raise StopIteration
        return self._hand_out()

    def to_csv(self, path: str | os.PathLike[str], *, append: bool = False) -> int:
        """Write the rows that are left to a CSV file, page by page, and return how many those were.

        Columns are the attributes of a row; decimals are plain text and times epoch milliseconds. Each
        page is on disk before the next is asked for: after an interrupt the file is whole up to there.

        Args:
            path: The file.
            append: Go on behind what it holds; the column names are written into an empty file alone.
        """
        with uncut:
            from binance_wsapi.history.files import CsvFile

        return self._write(CsvFile(path, self._kind, append=append))

    def to_parquet(self, path: str | os.PathLike[str]) -> int:
        """Write the rows that are left to a Parquet file, page by page, and return how many those were.

        Decimals stay decimals, and times become UTC timestamps. The file can be read when it is closed,
        which an error or an interrupt sees to as well: it then holds the pages up to there.

        Args:
            path: The file, which is written anew.

        Raises:
            ConfigurationError: The extra ``history`` is not installed.
        """
        with uncut:
            from binance_wsapi.history.files import ParquetFile

        return self._write(ParquetFile(path, self._kind))

    def _write(self, file: RowFile) -> int:
        written = 0
        with file:
            while self._fetched():
                page = list(self._rows)
                file.write(page)
                written += len(self._hand_out_page())
        return written

    def _fetched(self) -> bool:
        """Have rows at hand; false at the end."""
        while not self._rows:
            asked = self._pages.ask()
            if asked is None:
                self._end()
                return False
            try:
                response = self._call(asked)
            except (NotSent, RateLimited) as error:
                time.sleep(_wait(error))
                continue
            self._take(response)
        return True


class AsyncHistoryRows(_Rows[R], AsyncIterator[R]):
    """Rows of a history; an async iterator that asks for the next page when it needs one.

    An error that ends a loop, a cancellation included, leaves it where it was: iterate again to go on.
    Used by one task at a time.
    """

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> R:
        if not await self._fetched():
            raise StopAsyncIteration
        return self._hand_out()

    async def to_csv(self, path: str | os.PathLike[str], *, append: bool = False) -> int:
        """Write the rows that are left to a CSV file, page by page, and return how many those were.

        Columns are the attributes of a row; decimals are plain text and times epoch milliseconds. Each
        page is on disk before the next is asked for: after a cancellation the file is whole up to there.

        Args:
            path: The file.
            append: Go on behind what it holds; the column names are written into an empty file alone.
        """
        with uncut:
            from binance_wsapi.history.files import CsvFile

        return await self._write(CsvFile(path, self._kind, append=append))

    async def to_parquet(self, path: str | os.PathLike[str]) -> int:
        """Write the rows that are left to a Parquet file, page by page, and return how many those were.

        Decimals stay decimals, and times become UTC timestamps. The file can be read when it is closed,
        which an error or a cancellation sees to as well: it then holds the pages up to there.

        Args:
            path: The file, which is written anew.

        Raises:
            ConfigurationError: The extra ``history`` is not installed.
        """
        with uncut:
            from binance_wsapi.history.files import ParquetFile

        return await self._write(ParquetFile(path, self._kind))

    async def _write(self, file: RowFile) -> int:
        written = 0
        with file:
            while await self._fetched():
                # On this thread: a cancellation finds a page written, or not begun.
                file.write(list(self._rows))
                written += len(self._hand_out_page())
        return written

    async def _fetched(self) -> bool:
        """Have rows at hand; false at the end."""
        while not self._rows:
            asked = self._pages.ask()
            if asked is None:
                self._end()
                return False
            try:
                answer: Awaitable[Response[list[R]]] = self._call(asked)
                response = await answer
            except (NotSent, RateLimited) as error:
                await asyncio.sleep(_wait(error))
                continue
            self._take(response)
        return True


def _wait(error: NotSent | RateLimited) -> float:
    """Return the seconds until the next page may be asked for; raise the error where waiting is no help."""
    wait = error.retry_after
    if isinstance(error, NotSent):
        helps = error.reason == "limit" and wait is not None
    else:
        helps = not isinstance(error, IpBanned)
        wait = 1.0 if wait is None else wait
    if not helps or wait is None or wait > LONGEST_WAIT_S:
        raise error
    return wait + MARGIN_S


def _bar(name: str, progress: bool | None) -> Bar | None:
    if progress is False:
        return None
    with uncut:
        from binance_wsapi.history.progress import Bar, is_watched

    return Bar(name) if progress or is_watched() else None
