"""The entries of a log as its server shows them."""

from __future__ import annotations

from collections.abc import Mapping

from binance_wsapi.core.event_log import KeptEntry

__all__ = ["kept_entry"]


def kept_entry(fields: Mapping[bytes, bytes]) -> KeptEntry | None:
    """Return an entry; ``None`` for what somebody else has put into the log."""
    try:
        return KeptEntry(fields[b"k"].decode(), fields[b"d"], int(fields[b"t"]))
    except (KeyError, ValueError):
        return None
