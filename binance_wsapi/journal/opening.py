"""Which engine keeps a journal, and how it is opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from binance_wsapi.journal.runs import new_run
from binance_wsapi.journal.sqlite import SqliteJournal
from binance_wsapi.options import Options

if TYPE_CHECKING:
    from binance_wsapi.core.write_ahead import Journal

__all__ = ["open_journal"]


def open_journal(options: Options, id_prefix: str) -> Journal:
    """Open the journal that a client's options name.

    Raises:
        ConfigurationError: It is held by a live process, or cannot be used.
    """
    assert options.journal is not None
    return SqliteJournal(
        Path(options.journal),
        new_run(options.api_key, id_prefix),
        is_quick=options.durability == "process",
        keep_days=options.journal_days,
    )
