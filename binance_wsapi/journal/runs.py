"""What a run of a client is called in a journal: who it is, where, and by which clock."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

from binance_wsapi.core.write_ahead import JournalFailed
from binance_wsapi.protocol.journal_records import Run, account_of

__all__ = ["expect_process", "new_run"]


def new_run(api_key: str | None, id_prefix: str) -> Run:
    """Return a run of this process that begins now; its number is for the journal to give."""
    return Run(
        number=0,
        account=account_of(api_key or ""),
        began_us=time.time_ns() // 1000,
        pid=os.getpid(),
        host=socket.gethostname(),
        boot=_boot(),
        id_prefix=id_prefix,
    )


def expect_process(pid: int, name: str) -> None:
    """Make sure that this is the process that opened a journal, before anything is locked.

    A thread may have held what the fork left with the parent, and a child writes into nothing of the parent's.

    Raises:
        JournalFailed: This is a child that was forked since.
    """
    if pid != os.getpid():
        raise JournalFailed(
            f"{name}: the journal is that of process {pid}, which has forked this one"
        )


def _boot() -> str:
    """Return what the monotonic clock counts from, in the words of the system; empty where it has none."""
    try:
        started = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{started} {Path('/proc/self/ns/time').readlink()}"
    except OSError:
        return ""
