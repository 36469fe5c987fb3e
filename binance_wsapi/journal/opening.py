"""Which engine keeps a journal, and how it is opened, read and pruned."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from binance_wsapi.errors import ConfigurationError
from binance_wsapi.forks import unforked
from binance_wsapi.journal import sqlite
from binance_wsapi.journal.runs import new_run
from binance_wsapi.options import Options
from binance_wsapi.protocol.journal_records import Entry, EntryKey, Run

if TYPE_CHECKING:
    from binance_wsapi.core.write_ahead import Journal

__all__ = ["open_journal", "prune_journal", "read_journal"]


def open_journal(options: Options, id_prefix: str) -> Journal:
    """Open the journal that a client's options name.

    Raises:
        JournalHeld: Another client has it.
        ConfigurationError: It cannot be used.
    """
    assert options.journal is not None
    run = new_run(options.api_key, id_prefix)
    is_synced, keep_days = options.durability == "power", options.journal_days
    if _is_url(options.journal):
        opens = _postgres().PostgresJournal
        journal: Journal = opens(options.journal, run, is_synced=is_synced, keep_days=keep_days)
        return journal
    return sqlite.SqliteJournal(
        Path(options.journal), run, is_quick=not is_synced, keep_days=keep_days
    )


def read_journal(where: str) -> tuple[Mapping[int, Run], Mapping[EntryKey, Entry]]:
    """Return all runs by their number, and all entries, of a journal that its client may have.

    Raises:
        JournalFailed: It cannot be read.
        ConfigurationError: The URL is none, or what speaks with the server is not installed.
    """
    if _is_url(where):
        read: tuple[dict[int, Run], dict[EntryKey, Entry]] = _postgres().read_database(where)
        return read
    return sqlite.read_file(Path(where))


def prune_journal(where: str, before_us: int) -> int:
    """Delete the settled entries from before a moment; return how many.

    Raises:
        JournalFailed: The database did not do it.
        ConfigurationError: A client has the file, or it is no journal.
    """
    if _is_url(where):
        return int(_postgres().prune_database(where, before_us))
    return sqlite.prune(Path(where), before_us)


def _is_url(where: str | os.PathLike[str]) -> bool:
    name = str(where)
    if name.startswith(("postgresql://", "postgres://")):
        return True
    scheme, is_url, _ = name.partition("://")
    if is_url or name.startswith("file:") or name == ":memory:":
        # A URL is shown by its scheme alone: the rest may hold a password.
        shown = f"{scheme}://…" if is_url else name
        raise ConfigurationError(
            f"journal={shown!r} cannot be a journal: use the path of a file, or postgresql://user:password@host/database"
        )
    return False


def _postgres() -> ModuleType:
    try:
        with unforked:
            from binance_wsapi.journal import postgres
    except ImportError as error:  # the driver is there, and the library that it stands on is not
        raise ConfigurationError(
            f"a journal in PostgreSQL needs psycopg: pip install 'binance-wsapi[postgres]' ({error})"
        ) from None
    return postgres
