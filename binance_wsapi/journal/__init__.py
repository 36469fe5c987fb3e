"""The order journal: what a client sent and what became of it, kept where the process cannot lose it."""

from __future__ import annotations

from binance_wsapi.journal.entries import JournalEntry
from binance_wsapi.journal.opening import open_journal
from binance_wsapi.journal.reading import AsyncOrderJournal, OrderJournal

__all__ = ["AsyncOrderJournal", "JournalEntry", "OrderJournal", "open_journal"]
