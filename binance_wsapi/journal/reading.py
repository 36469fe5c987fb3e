"""A client's journal as its user holds it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from binance_wsapi.core.write_ahead import JournalFailed
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.journal.entries import JournalEntry, shown
from binance_wsapi.models.rows import Rows

if TYPE_CHECKING:
    from binance_wsapi.core.write_ahead import WriteAhead

__all__ = ["AsyncOrderJournal", "OrderJournal"]


class OrderJournal:
    """The journal of a blocking client: what it and those before it sent, and what became of it."""

    def __init__(self, write_ahead: WriteAhead) -> None:
        self._write_ahead = write_ahead

    def orders(self, *, open_only: bool = False) -> Rows[JournalEntry]:
        """Return all entries, oldest first, with what this client knows by now.

        What became of a call is written a moment after its caller has it: another reader learns it then.

        Args:
            open_only: Those alone of which nobody knows yet what became.

        Raises:
            ConfigurationError: The journal cannot be read.
        """
        try:
            runs, found = self._write_ahead.read()
        except JournalFailed as error:
            raise ConfigurationError(f"the journal cannot be read: {error}") from None
        return shown(runs, found, open_only=open_only)


class AsyncOrderJournal:
    """The journal of an async client: what it and those before it sent, and what became of it."""

    def __init__(self, write_ahead: WriteAhead) -> None:
        self._journal = OrderJournal(write_ahead)

    async def orders(self, *, open_only: bool = False) -> Rows[JournalEntry]:
        """Return all entries, oldest first; see :meth:`OrderJournal.orders`.

        Args:
            open_only: Those alone of which nobody knows yet what became.

        Raises:
            ConfigurationError: The journal cannot be read.
        """
        return await asyncio.to_thread(self._journal.orders, open_only=open_only)
