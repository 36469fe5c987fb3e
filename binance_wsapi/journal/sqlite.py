"""A journal in a file of SQLite's: appended by its client alone, read by anybody."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from binance_wsapi.core.write_ahead import JournalFailed
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.journal.lock import FileLock
from binance_wsapi.protocol.journal_records import (
    Entry,
    EntryKey,
    JournalRow,
    Run,
    entries,
    joined,
    moved,
)

__all__ = ["SCHEMA_VERSION", "SqliteJournal", "prune", "read_file"]

SCHEMA_VERSION = 1
"""``user_version`` of the file. A later one is refused; from an earlier one the steps below lead here."""

_SCHEMA = """
CREATE TABLE runs (
    run INTEGER PRIMARY KEY, account TEXT NOT NULL, began_us INTEGER NOT NULL, pid INTEGER NOT NULL,
    host TEXT NOT NULL, boot TEXT NOT NULL, id_prefix TEXT NOT NULL
);
CREATE TABLE records (
    number INTEGER PRIMARY KEY, run INTEGER NOT NULL, at_us INTEGER NOT NULL, data BLOB NOT NULL
);
"""
_STEPS: dict[int, str] = {0: _SCHEMA}
"""What leads from a version to the next."""

CHECKPOINT_EVERY = 1000
"""Rows after which what was appended is folded into the file, on a thread aside."""

PRUNE_EVERY_S = 3600.0
DAY_US = 86_400_000_000

_INSERT = "INSERT INTO records VALUES (?, ?, ?, ?)"


class SqliteJournal:
    """One client's journal in a file.

    ``"process"`` durability: what was appended is with the operating system when :meth:`append` returns,
    and survives the end of the process, not that of the machine. ``"power"``: it is on the disk.

    Args:
        path: The file; made if it is not there.
        run: The client's run, without its number.
        is_quick: ``"process"`` durability.
        keep_days: How long settled entries stay; ``None`` keeps all.

    Raises:
        ConfigurationError: The file is held by a live process, or is no journal that this version reads.
    """

    def __init__(self, path: Path, run: Run, *, is_quick: bool, keep_days: float | None) -> None:
        self.is_quick = is_quick
        self._path = path
        self._rows = 0
        self._writing = threading.Lock()
        """A client that is closed does not wait for what is being written."""
        self._checkpointing: threading.Thread | None = None
        self._lock = FileLock(path)
        try:
            with _told(path):
                self._file = _opened(path, "OFF" if is_quick else "FULL")
                # Folding in is a checkpoint's business: one within a write would hold up the loop.
                self._file.execute(
                    f"PRAGMA wal_autocheckpoint={0 if is_quick else CHECKPOINT_EVERY}"
                )
                _migrate(self._file, path)
                if keep_days is not None:
                    _prune(self._file, time.time_ns() // 1000 - round(keep_days * DAY_US))
                self.run = self._registered(run)
                (last,) = self._file.execute("SELECT max(number) FROM records").fetchone()
                self._next = (last or 0) + 1
        except BaseException:
            self._lock.release()
            raise

    def append(self, records: Sequence[bytes]) -> None:
        """Write records as one row."""
        with self._writing:
            number = self._next
            try:
                self._file.execute(
                    _INSERT, (number, self.run.number, time.time_ns() // 1000, joined(records))
                )
            except sqlite3.Error as error:
                raise JournalFailed(f"{self._path}: {error}") from None
            self._next = number + 1
            self._rows += 1
        if self.is_quick and self._rows >= CHECKPOINT_EVERY:
            self._rows = 0
            self._fold_in()

    def read(self) -> tuple[dict[int, Run], dict[EntryKey, Entry]]:
        """Return all runs and entries."""
        return read_file(self._path)

    def close(self) -> None:
        """Fold everything into the file, close it, and let others have it."""
        if self._checkpointing is not None:
            self._checkpointing.join()
        with contextlib.suppress(sqlite3.Error):
            self._file.close()
        self._lock.release()

    def _registered(self, run: Run) -> Run:
        made = self._file.execute(
            "INSERT INTO runs (account, began_us, pid, host, boot, id_prefix) VALUES (?, ?, ?, ?, ?, ?)",
            (run.account, run.began_us, run.pid, run.host, run.boot, run.id_prefix),
        )
        assert made.lastrowid is not None
        return replace(run, number=made.lastrowid)

    def _fold_in(self) -> None:
        if self._checkpointing is None or not self._checkpointing.is_alive():
            self._checkpointing = threading.Thread(
                target=_checkpoint, args=(self._path,), name="binance-wsapi-journal", daemon=True
            )
            self._checkpointing.start()


def read_file(path: Path) -> tuple[dict[int, Run], dict[EntryKey, Entry]]:
    """Return all runs by their number, and all entries, of a file that its client may be appending to.

    Raises:
        JournalFailed: It cannot be read.
    """
    try:
        with _reader(path) as file:
            runs = {row[0]: Run(*row) for row in file.execute("SELECT * FROM runs")}
            rows = file.execute("SELECT number, run, data FROM records ORDER BY number")
            return runs, entries(JournalRow(*row) for row in rows)
    except (sqlite3.Error, msgspec.DecodeError) as error:
        raise JournalFailed(f"{path}: {error}") from None


def prune(path: Path, before_us: int) -> int:
    """Delete the settled entries from before a moment out of a file that no client has; return how many.

    Raises:
        ConfigurationError: A live process has it, or it is no journal.
    """
    if not path.exists():
        raise ConfigurationError(f"there is no journal {str(path)!r}")
    lock = FileLock(path)
    try:
        with _told(path), contextlib.closing(_opened(path, "NORMAL")) as file:
            _migrate(file, path)
            return _prune(file, before_us)
    finally:
        lock.release()


def _prune(file: sqlite3.Connection, before_us: int) -> int:
    """Delete rows from before a moment; what is open in them goes to a row of its own."""
    (last,) = file.execute(
        "SELECT max(number) FROM records WHERE at_us < ?", (before_us,)
    ).fetchone()
    if last is None:
        return 0
    rows = file.execute("SELECT number, run, data FROM records ORDER BY number")
    found = entries(JournalRow(*row) for row in rows)
    old = [entry for entry in found.values() if entry.row <= last]
    left = [moved(entry) for entry in old if entry.state == "open"]
    file.execute("BEGIN IMMEDIATE")
    with file:
        file.execute("DELETE FROM records WHERE number <= ?", (last,))
        if left:
            # In the place of the last: what settles them stands behind.
            file.execute(_INSERT, (last, 0, before_us, joined(left)))
    return len(old) - len(left)


def _opened(path: Path, synchronous: str) -> sqlite3.Connection:
    # One thread at a time uses it, though not always the same.
    file = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    file.execute("PRAGMA journal_mode=WAL")
    file.execute(f"PRAGMA synchronous={synchronous}")
    return file


@contextlib.contextmanager
def _reader(path: Path) -> Iterator[sqlite3.Connection]:
    # Not read-only: the first reader after a crash has to rebuild the index of what was appended.
    file = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=5.0)
    try:
        yield file
    finally:
        file.close()


def _checkpoint(path: Path) -> None:
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_opened(path, "NORMAL")) as file:
        file.execute("PRAGMA wal_checkpoint(PASSIVE)")


def _migrate(file: sqlite3.Connection, path: Path) -> None:
    (version,) = file.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise ConfigurationError(
            f"journal={str(path)!r} was written by a later version of this library (schema {version}; "
            f"this one knows {SCHEMA_VERSION}): install that version, or use another file"
        )
    if version == 0 and file.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
        raise ConfigurationError(
            f"journal={str(path)!r} is a database of something else: use another file"
        )
    while version < SCHEMA_VERSION:
        file.executescript(
            f"BEGIN IMMEDIATE; {_STEPS[version]} PRAGMA user_version={version + 1}; COMMIT;"
        )
        version += 1


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, msgspec.DecodeError) as error:
        raise ConfigurationError(
            f"journal={str(path)!r} cannot be used: {error}; if it is damaged, keep it for your records "
            "and use another file"
        ) from None
