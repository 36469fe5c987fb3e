"""A journal in a file of SQLite's, which its client alone has and anybody reads.

A row is appended to one of two files beside it (:mod:`~binance_wsapi.journal.tail`); when that has many, the
other one takes its place, and a thread aside folds its rows into the database. A commit of SQLite's for each
row would cost as much as half a call.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from binance_wsapi.core.write_ahead import JournalFailed
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.journal.lock import FileLock, lock_of
from binance_wsapi.journal.pruning import DAY_US, left_open
from binance_wsapi.journal.runs import expect_process
from binance_wsapi.journal.tail import Tail, rows_in
from binance_wsapi.protocol.journal_records import (
    Entry,
    EntryKey,
    JournalRow,
    Record,
    Run,
    encoded,
    entries,
)

__all__ = ["SCHEMA_VERSION", "SqliteJournal", "prune", "read_file", "tails_of"]

log = logging.getLogger("binance_wsapi.journal")

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

FOLD_EVERY = 1000
"""Rows after which what was appended is folded into the database."""

FOLD_EVERY_US = 3_600_000_000
"""It is, with fewer rows, when one is appended so long after the last time."""

LOOK_EVERY_US = 10_000
"""How often it is looked, before more is sent, whether all files are those that were opened.

Each time, it would double what a row costs. Whether the file that a row goes to is there is looked at each time.
"""

READINGS = 5
"""So often a file is read at most until no row is missing: the tails may change places between two reads.

Where it stays so, the power failed before a row was on the disk.
"""

_INSERT = "INSERT OR IGNORE INTO records VALUES (?, ?, ?, ?)"
_ROWS = "SELECT number, run, at_us, data FROM records WHERE number {} ? ORDER BY number"


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
        self._path = path = _real(path)
        self._keep_us = None if keep_days is None else round(keep_days * DAY_US)
        self._rows = 0
        self._folded_us = time.time_ns() // 1000
        self._writing = threading.Lock()
        """A client that is closed does not wait for what is being written."""
        self._folding: threading.Thread | None = None
        self._is_closed = False
        self._pid = os.getpid()
        self._looked_us = 0
        self._lock = FileLock(path)
        try:
            with _told(path), contextlib.closing(_made(path)) as file:
                _migrate(file, path)
                self._tail, self._other = (
                    Tail(each, is_synced=not is_quick) for each in tails_of(path)
                )
                for tail in (self._tail, self._other):
                    _fold(file, tail)  # what a client left that was killed
                self._prune(file)
                self.run = _registered(file, run)
                (last,) = file.execute("SELECT max(number) FROM records").fetchone()
                self._next = (last or 0) + 1
                self._files = {
                    each: _identity(each) for each in (path, lock_of(path), *tails_of(path))
                }
        except BaseException:
            self._lock.release()
            raise

    def append(self, records: Sequence[Record]) -> None:
        """Write records as one row."""
        expect_process(self._pid, str(self._path))
        with self._writing:
            if self._is_closed:
                raise JournalFailed(f"{self._path}: the journal is closed")
            now_us = time.time_ns() // 1000
            try:
                if not 0 <= now_us - self._looked_us < LOOK_EVERY_US:
                    self._expect(*self._files)
                    self._looked_us = now_us
                self._tail.append(self._next, self.run.number, now_us, encoded(records))
            except OSError as error:
                raise JournalFailed(f"{self._path}: {error.strerror or error}") from None
            self._next += 1
            self._rows += 1
            if self._rows >= FOLD_EVERY or now_us - self._folded_us >= FOLD_EVERY_US:
                self._begin_folding(now_us)

    def read(self) -> tuple[dict[int, Run], dict[EntryKey, Entry]]:
        """Return all runs and entries."""
        return read_file(self._path)

    def close(self) -> None:
        """Fold everything into the file, and let others have it; idempotent.

        In a forked child it does nothing: the files are the parent's.
        """
        if self._pid != os.getpid():
            return
        with self._writing:
            if self._is_closed:
                return
            self._is_closed = True  # no row and no folding begins any more
        if self._folding is not None:
            self._folding.join()
        try:
            with self._database() as file:
                for tail in (self._other, self._tail):
                    _fold(file, tail)
            for tail in (self._other, self._tail):
                if _identity(tail.path) == self._files[tail.path]:
                    tail.path.unlink()
        except (sqlite3.Error, OSError) as error:
            self._not_folded(error)
        finally:
            self._other.close()
            self._tail.close()
            self._lock.release()

    def _begin_folding(self, now_us: int) -> None:
        if self._folding is not None and self._folding.is_alive():
            return
        self._tail, self._other = self._other, self._tail
        self._rows, self._folded_us = 0, now_us
        folding = threading.Thread(
            target=self._fold_other, name="binance-wsapi-journal", daemon=True
        )
        try:
            folding.start()
        except RuntimeError as error:  # there are too many, or the interpreter is ending
            self._not_folded(error)
        else:
            self._folding = folding

    def _fold_other(self) -> None:
        try:
            with self._database() as file:
                _fold(file, self._other)
                self._prune(file)
        except (sqlite3.Error, OSError, msgspec.DecodeError) as error:
            self._not_folded(error)

    def _database(self) -> contextlib.closing[sqlite3.Connection]:
        self._expect(self._path, lock_of(self._path))
        return contextlib.closing(_opened(self._path))

    def _expect(self, *files: Path) -> None:
        """Make sure that files are those that the journal was opened with: what is gone keeps nothing."""
        for each in files:
            if _identity(each) != self._files[each]:
                raise OSError(
                    f"{each} was deleted, moved or replaced while a client has it: put it back, or close the client"
                )

    def _not_folded(self, error: Exception) -> None:
        log.warning("%s: what was appended to it stays in files beside it: %s", self._path, error)

    def _prune(self, file: sqlite3.Connection) -> None:
        if self._keep_us is not None:
            _prune(file, time.time_ns() // 1000 - self._keep_us)


def tails_of(path: Path) -> tuple[Path, Path]:
    """Return the files that rows of a journal are appended to."""
    return path.with_name(f"{path.name}-tail0"), path.with_name(f"{path.name}-tail1")


def read_file(path: Path) -> tuple[dict[int, Run], dict[EntryKey, Entry]]:
    """Return all runs by their number, and all entries, of a file that its client may be appending to.

    Raises:
        JournalFailed: It cannot be read.
    """
    path = _real(path)
    try:
        for _ in range(READINGS):
            runs, rows = _read(path)
            if not rows or max(rows) - min(rows) < len(rows):
                break
        return runs, entries(rows[number] for number in sorted(rows))
    except (sqlite3.Error, OSError, msgspec.DecodeError) as error:
        raise JournalFailed(f"{path}: {error}") from None


def _read(path: Path) -> tuple[dict[int, Run], dict[int, JournalRow]]:
    # The tails first: what leaves them is in the database by then.
    rows = {row.number: row for tail in tails_of(path) for row in rows_in(tail)}
    with contextlib.closing(_opened(path)) as file:
        if (problem := _unfit(file)) is not None:
            raise JournalFailed(f"{path} {problem}")
        file.execute("BEGIN")  # all of one moment
        runs = {row[0]: Run(*row) for row in file.execute("SELECT * FROM runs")}
        rows |= {row.number: row for row in _rows(file, ">=", 0)}
    return runs, rows


def prune(path: Path, before_us: int) -> int:
    """Delete the settled entries from before a moment out of a file that no client has; return how many.

    Raises:
        ConfigurationError: A live process has it, or it is no journal.
    """
    path = _real(path)
    if not path.exists():
        raise ConfigurationError(f"there is no journal {str(path)!r}")
    lock = FileLock(path)
    try:
        with _told(path), contextlib.closing(_made(path)) as file:
            _migrate(file, path)
            for beside in filter(Path.exists, tails_of(path)):
                tail = Tail(beside, is_synced=False)
                _fold(file, tail)
                tail.close()
            return _prune(file, before_us)
    finally:
        lock.release()


def _real(path: Path) -> Path:
    """Return the one name of a file: it stays true in another folder, and the lock goes by it."""
    return Path(os.path.realpath(path))


def _registered(file: sqlite3.Connection, run: Run) -> Run:
    made = file.execute(
        "INSERT INTO runs (account, began_us, pid, host, boot, id_prefix) VALUES (?, ?, ?, ?, ?, ?)",
        (run.account, run.began_us, run.pid, run.host, run.boot, run.id_prefix),
    )
    assert made.lastrowid is not None
    return replace(run, number=made.lastrowid)


def _fold(file: sqlite3.Connection, tail: Tail) -> None:
    """Take rows over into the database; they may be there already."""
    rows = [(row.number, row.run, row.at_us, row.data) for row in tail.rows()]
    if rows:
        file.execute("BEGIN IMMEDIATE")
        with file:
            file.executemany(_INSERT, rows)
    tail.empty()


def _prune(file: sqlite3.Connection, before_us: int) -> int:
    """Delete rows from before a moment; what is open in them goes to a row of its own."""
    (kept,) = file.execute(
        "SELECT min(number) FROM records WHERE at_us >= ?", (before_us,)
    ).fetchone()
    if kept is None:
        (last,) = file.execute("SELECT max(number) FROM records").fetchone()
        kept = (last or 0) + 1
    count, left = left_open(_rows(file, "<", kept), _rows(file, ">=", kept))
    if not count:
        return 0
    file.execute("BEGIN IMMEDIATE")
    with file:
        (last,) = file.execute(
            "SELECT max(number) FROM records WHERE number < ?", (kept,)
        ).fetchone()
        file.execute("DELETE FROM records WHERE number < ?", (kept,))
        if left:
            # In the place of the last: what settles them stands behind, or is to be folded in there.
            file.execute(_INSERT, (last, 0, before_us, encoded(left)))
    return count


def _rows(file: sqlite3.Connection, which: str, number: int) -> Iterator[JournalRow]:
    return (JournalRow(*row) for row in file.execute(_ROWS.format(which), (number,)))


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another one of its name; ``None`` where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _made(path: Path) -> sqlite3.Connection:
    """Open a database, made if it is not there, that its owner alone may read: it tells of orders."""
    if _is_empty(path) and not all(map(_is_empty, tails_of(path))):
        raise ConfigurationError(
            f"journal={str(path)!r} is gone or empty, but files beside it ({path.name}-tail0, -tail1) have requests of "
            "its client: put it back, or move those away too"
        )
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if path.is_file() and (names := path.stat().st_nlink) > 1:
            raise ConfigurationError(
                f"journal={str(path)!r} is a file with {names} names (hard links), by each of which a client could "
                "have it: delete the other ones, or copy it to a file of its own"
            ) from None
    return _opened(path)


def _is_empty(path: Path) -> bool:
    return not path.exists() or not path.stat().st_size


def _opened(path: Path) -> sqlite3.Connection:
    # Never made anew, and not read-only: the first one after a crash has to rebuild the index of what was committed.
    file = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=5.0
    )
    try:
        # By default a commit could be undone when the power fails, though the rows left their tail after it.
        file.execute("PRAGMA synchronous=EXTRA")
    except BaseException:
        file.close()
        raise
    return file


def _unfit(file: sqlite3.Connection) -> str | None:
    """Say what is wrong with a database that is no journal which this version reads."""
    (version,) = file.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        return (
            f"was written by a later version of this library (schema {version}; this one knows {SCHEMA_VERSION}): "
            "install that version, or use another file"
        )
    tables = {name for (name,) in file.execute("SELECT name FROM sqlite_master")}
    if version and {"runs", "records"} <= tables:
        return None
    return f"is {'a database of something else' if tables else 'empty'}, and no journal: use another file"


def _migrate(file: sqlite3.Connection, path: Path) -> None:
    (version,) = file.execute("PRAGMA user_version").fetchone()
    is_new = not version and file.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    if not is_new and (problem := _unfit(file)) is not None:
        raise ConfigurationError(f"journal={str(path)!r} {problem}")
    while version < SCHEMA_VERSION:
        file.executescript(
            f"BEGIN IMMEDIATE; {_STEPS[version]} PRAGMA user_version={version + 1}; COMMIT;"
        )
        version += 1


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError, msgspec.DecodeError) as error:
        raise ConfigurationError(
            f"journal={str(path)!r} cannot be used: {error}; if it is damaged, keep it for your records "
            "and use another file"
        ) from None
