"""One process at a time has a journal: a file beside it is locked, and says whose it is."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from binance_wsapi.errors import ConfigurationError, JournalHeld
from binance_wsapi.forks import ends_at_fork, unforked

__all__ = ["FileLock", "lock_of"]


class FileLock:
    """Holds the lock of a journal until it is released or the process ends, however it ends.

    Args:
        path: The journal.

    Raises:
        JournalHeld: Somebody has it.
        ConfigurationError: The file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._file: int | None = None
        self._pid = os.getpid()
        with unforked:  # a child would not know of a descriptor that it has from the midst of this
            self._file = _locked(path)
            ends_at_fork(self)

    def release(self) -> None:
        """Let others have it; idempotent."""
        file, self._file = self._file, None
        if file is None:
            return
        if self._pid == os.getpid():  # a child that unlocked it would take it from its parent
            # Closed alone it stayed locked while a child has the descriptor, which Python was not told of.
            with contextlib.suppress(OSError):
                _unlock(file)
        os.close(file)

    def left_behind(self) -> None:
        """In a forked child: the parent has it, and nobody else once it ends."""
        self.release()


def lock_of(path: Path) -> Path:
    """Return the file that is locked for a journal.

    It stays when the journal is closed: who waits for it may have it open, and would lock what is gone.
    """
    return path.with_name(f"{path.name}-lock")


def _locked(path: Path) -> int:
    """Open the file beside a journal, and lock it."""
    beside = lock_of(path)
    try:
        file = os.open(beside, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigurationError(
            f"journal={str(path)!r} cannot be opened: {error.strerror}"
        ) from None
    try:
        _lock(file)
    except OSError:
        holder = os.read(file, 32).decode("ascii", "replace").strip() or "unknown"
        os.close(file)
        whose = "this process" if holder == str(os.getpid()) else f"process {holder}, which lives"
        raise JournalHeld(
            f"journal={str(path)!r} is held by {whose}: close that client, or use another file"
        ) from None
    try:
        os.truncate(file, 0)
        os.write(file, str(os.getpid()).encode())
    except OSError as error:
        _unlock(file)
        os.close(file)
        raise ConfigurationError(
            f"journal={str(path)!r} cannot be used: {error.strerror}"
        ) from None
    return file


if sys.platform == "win32":
    import msvcrt

    _PAST_THE_PID = 1 << 20
    """Locked is what nobody reads: Windows keeps others from reading what is locked."""

    def _lock(file: int) -> None:
        os.lseek(file, _PAST_THE_PID, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(file, 0, os.SEEK_SET)

    def _unlock(file: int) -> None:
        os.lseek(file, _PAST_THE_PID, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(file: int) -> None:
        # Of the open file and not of the process: a second client of this one is refused as well.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
