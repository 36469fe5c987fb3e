"""What a publisher has handed in during its turn: what the server has not got yet, and what it may lose again."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Mapping

from binance_wsapi.core.event_log import LogEntry

__all__ = ["Backlog"]

MOST_ENTRIES = 10_000
MOST_BYTES = 64 << 20
"""Most that waits for a server that is away: events of all symbols are half a megabyte each."""
MOST_KEPT_BYTES = 8 << 20
"""Most that is still known when the server has it."""
BATCH = 500
BATCH_BYTES = 256 << 10
"""Most that is appended at once, one entry at least."""


class Backlog:
    """The entries of one turn, numbered from 1.

    Args:
        most_kept: How many are still known when the server has them.
    """

    def __init__(self, most_kept: int) -> None:
        self._most_kept = most_kept
        self._entries: deque[LogEntry] = deque()
        self._first = 1
        """The number of the first of them."""
        self._size = 0
        """How long their texts are."""
        self.written = 0
        """The number of the last entry that the server has."""

    @property
    def unwritten(self) -> int:
        """How many the server has not got yet."""
        return self._first + len(self._entries) - 1 - self.written

    @property
    def is_too_long(self) -> bool:
        """Whether more waits than may."""
        return self.unwritten > MOST_ENTRIES or (self.unwritten > 1 and self._size > MOST_BYTES)

    def begin(self) -> None:
        """A turn begins: nothing is handed in yet."""
        self._entries.clear()
        self._first, self._size, self.written = 1, 0, 0

    def append(self, entry: LogEntry) -> None:
        """Take an entry in; the oldest that the server has are forgotten."""
        self._entries.append(entry)
        self._size += len(entry.text)
        while self._first <= self.written and (
            len(self._entries) > self._most_kept or self._size > MOST_KEPT_BYTES
        ):
            self._size -= len(self._entries.popleft().text)
            self._first += 1

    def learn(self, orders: Mapping[str, bytes]) -> bool:
        """Have what was learnt of orders go with the last entry; false where none waits."""
        if not self.unwritten:
            return False
        last = self._entries[-1]
        self._entries[-1] = last._replace(orders={**last.orders, **orders})
        return True

    def batch(self) -> list[LogEntry]:
        """Return what is to be appended next."""
        skipped, size = self.written + 1 - self._first, 0
        batch: list[LogEntry] = []
        for entry in itertools.islice(self._entries, skipped, skipped + BATCH):
            size += len(entry.text)
            if batch and size > BATCH_BYTES:
                break
            batch.append(entry)
        return batch

    def knows(self, number: int) -> bool:
        """Whether all after an entry is still known."""
        return number >= self._first - 1

    def rewind(self) -> None:
        """The server has lost all: what is known comes again."""
        self.written = self._first - 1
