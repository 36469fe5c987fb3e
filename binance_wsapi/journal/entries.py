"""An entry of the journal as it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.endpoints import WsKey, endpoint
from binance_wsapi.models.base import Model
from binance_wsapi.models.rows import Rows
from binance_wsapi.outcomes import OutcomeState
from binance_wsapi.protocol.journal_records import Entry, EntryKey, Run

__all__ = ["JournalEntry", "shown"]


class JournalEntry(Model):
    """A request that changes something, as it was sent, and what became of it as far as is known."""

    run: int
    """Which of the clients wrote it that had the journal one after the other."""
    number: int
    """Its number among those of that client."""
    account: str
    """A fingerprint of the API key it was sent with."""
    ws_key: WsKey
    """The connection it went over."""
    operation: str
    """The wire operation, such as ``order.place``."""
    client_order_id: str | None
    """The id that finds the order or order list, where it makes one."""
    params: Mapping[str, Any]
    """Its parameters by wire name as they were sent, key and signature left out."""
    sent_at: int
    """Its timestamp, epoch microseconds, exchange time."""
    recv_window: float | None = None
    """Its ``recvWindow`` in milliseconds; ``None`` for the exchange's default."""
    state: OutcomeState = "open"
    """``open`` where nobody knows yet what became of it, else as in :class:`CallOutcome`."""
    settled_at: int | None = None
    """When that was written, epoch microseconds, by the clock of the machine that wrote it; ``None`` before that."""
    raw_result: Any = None
    """What it was answered, as a wire value."""
    problem: str | None = None
    """What its call raised, in words."""


def shown(
    runs: Mapping[int, Run], found: Mapping[EntryKey, Entry], *, open_only: bool = False
) -> Rows[JournalEntry]:
    """Return entries as they are shown, oldest first."""
    return Rows(
        (
            _shown(entry, runs.get(entry.key[0]))
            for entry in found.values()
            if not open_only or entry.state == "open"
        ),
        kind=JournalEntry,
    )


def _shown(entry: Entry, run: Run | None) -> JournalEntry:
    ws_key = WsKey(entry.ws_key)
    operation = operation_by_method(endpoint(ws_key).market, entry.method)
    ids = () if operation is None else operation.client_ids
    return JournalEntry(
        run=entry.key[0],
        number=entry.key[1],
        account="" if run is None else run.account,
        ws_key=ws_key,
        operation=entry.method,
        client_order_id=str(entry.params[ids[0]]) if ids and ids[0] in entry.params else None,
        params=entry.params,
        sent_at=entry.sent_us,
        recv_window=entry.recv_window,
        state=entry.state,  # type: ignore[arg-type]  # written by this library
        settled_at=entry.settled_us,
        raw_result=None if entry.result is None else msgspec.json.decode(entry.result),
        problem=entry.problem,
    )
