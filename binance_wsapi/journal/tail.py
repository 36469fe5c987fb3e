"""The file that rows are appended to before the database has them: one write each, and a few microseconds."""

from __future__ import annotations

import logging
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from binance_wsapi.protocol.journal_records import JournalRow

try:
    import fcntl
except ImportError:  # Windows, whose fsync reaches the disk
    _FULLY: int | None = None
else:
    _FULLY = getattr(fcntl, "F_FULLFSYNC", None)  # macOS, whose fsync does not

__all__ = ["Tail", "rows_in"]

_CHECK = struct.Struct("<I")
_HEAD = struct.Struct("<Iqqq")
"""Length of the data, number of the row, its run, epoch microseconds."""
_DATA_AT = _CHECK.size + _HEAD.size

_OPEN = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)

log = logging.getLogger("binance_wsapi.journal")


class Tail:
    """One such file; used by one thread at a time.

    A row that was not wholly written is cut off before the next one: what comes behind it could not be read.

    Args:
        path: The file; made if it is not there.
        is_synced: Each row is on the disk when :meth:`append` returns.

    Raises:
        OSError: The file cannot be opened.
    """

    def __init__(self, path: Path, *, is_synced: bool) -> None:
        self.path = path
        self._name = os.fsencode(path)  # as the system takes it: each row asks for it
        self._is_synced = is_synced
        self._file = os.open(path, _OPEN, 0o600)
        self._size = os.fstat(self._file).st_size
        self._is_torn = False
        if is_synced and hasattr(os, "O_DIRECTORY"):
            folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)  # else the file itself could be gone with its rows
            finally:
                os.close(folder)

    def append(self, number: int, run: int, at_us: int, data: bytes) -> None:
        """Write a row; see :class:`JournalRow`.

        Raises:
            OSError: It was not written.
        """
        # Not fstat: once its time was asked for, Linux gives the next write one of its own, which takes 5 µs.
        if not os.access(self._name, os.F_OK):
            raise FileNotFoundError(f"{self.path} was deleted or moved: it keeps nothing any more")
        if self._is_torn:
            os.ftruncate(self._file, self._size)
        checked = _HEAD.pack(len(data), number, run, at_us) + data
        row = _CHECK.pack(zlib.crc32(checked)) + checked
        self._is_torn = True
        written = os.write(self._file, row)
        if written < len(row):
            raise OSError("the disk is full")
        if self._is_synced:
            _to_disk(self._file)
        self._is_torn = False
        self._size += written

    def rows(self) -> Iterator[JournalRow]:
        """Return its rows, wherever the file is by now.

        Raises:
            OSError: It cannot be read.
        """
        with os.fdopen(os.dup(self._file), "rb") as file:
            file.seek(0)
            return _rows_of(file.read(), self.path)

    def empty(self) -> None:
        """Delete all rows: another place has them.

        Raises:
            OSError: They stay.
        """
        os.ftruncate(self._file, 0)
        self._size = 0

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def rows_in(path: Path) -> Iterator[JournalRow]:
    """Return the rows of a file that may be appended to meanwhile, up to one that is torn; none without it.

    Raises:
        OSError: It cannot be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        data = b""
    return _rows_of(data, path)


def _to_disk(file: int) -> None:
    if _FULLY is not None:
        fcntl.fcntl(file, _FULLY)
    elif hasattr(os, "fdatasync"):
        os.fdatasync(file)
    else:
        os.fsync(file)


def _rows_of(data: bytes, path: Path) -> Iterator[JournalRow]:
    at = 0
    while at + _DATA_AT <= len(data):
        (checked,) = _CHECK.unpack_from(data, at)
        length, number, run, at_us = _HEAD.unpack_from(data, at + _CHECK.size)
        end = at + _DATA_AT + length
        if end > len(data):
            return
        if zlib.crc32(memoryview(data)[at + _CHECK.size : end]) == checked:
            yield JournalRow(number, run, at_us, data[at + _DATA_AT : end])
        else:
            log.warning(
                "%s: a row of %d bytes at byte %d is damaged and left out: what became of its orders is not known "
                "from here",
                path,
                length,
                at,
            )
        at = end  # what stands behind a damaged row is good
