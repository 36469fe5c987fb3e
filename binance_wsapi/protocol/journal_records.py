"""The records of an order journal: intents and outcomes, as they are written and as they are read.

A client's life with a journal is a *run*. What leaves in one turn of the loop is one row: a JSON array of
records. An intent is the request as it was sent, key and signature left out; an outcome names the intent
that it settles. Rows are appended, and never changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec

from binance_wsapi.protocol.envelope import encode_request
from binance_wsapi.protocol.params import WireValue
from binance_wsapi.protocol.secrets import SECRET_NAMES, without_secrets

__all__ = [
    "OPEN",
    "Entry",
    "EntryKey",
    "IntentRecord",
    "JournalRow",
    "OutcomeRecord",
    "Record",
    "Run",
    "account_of",
    "encoded",
    "entries",
    "moved",
    "settle",
    "shown_request",
]

EntryKey = tuple[int, int]
"""The run that wrote an intent, and its number within that run."""

OPEN = "open"
"""The state of an entry without an outcome."""

_NULL = msgspec.Raw(b"null")

_encode = msgspec.json.Encoder().encode
_decode_params = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class Run:
    """A client's life with a journal."""

    number: int
    account: str
    """A fingerprint of the API key; see :func:`account_of`."""
    began_us: int
    """Wall clock, epoch microseconds."""
    pid: int
    host: str
    boot: str
    """What its monotonic clock counts from: moments of runs with the same text compare. Empty where nobody
    knows."""
    id_prefix: str
    """What the client order ids begin with that it made up."""


@dataclass(frozen=True, slots=True)
class JournalRow:
    """What was written in one step."""

    number: int
    run: int
    """The run that wrote it."""
    at_us: int
    """When that was, epoch microseconds."""
    data: bytes


@dataclass(slots=True)
class Entry:
    """A request that changes something, and what became of it as far as the journal knows."""

    key: EntryKey
    ws_key: str
    method: str
    params: dict[str, Any]
    """As they were sent, key and signature left out."""
    sent_us: int
    """Its timestamp, epoch microseconds, exchange time."""
    written_at: float
    """Monotonic seconds of its run."""
    request_id: str
    row: int
    """The number of the row it stands in."""
    state: str = OPEN
    settled_us: int | None = None
    """When that was written, epoch microseconds, by the clock of the machine that wrote it."""
    result: bytes | None = None
    """What it was answered, as JSON."""
    problem: str | None = None
    """Why there is no result."""

    @property
    def recv_window(self) -> float | None:
        """Its ``recvWindow`` in milliseconds; ``None`` for the exchange's default."""
        window = self.params.get("recvWindow")
        return None if window is None else float(str(window))


class IntentRecord(msgspec.Struct, gc=False, omit_defaults=True):
    """A request that is about to be sent."""

    intent: int
    """Its number within its run."""
    ws_key: str
    sent: int
    """See :attr:`Entry.sent_us`."""
    written: float
    """See :attr:`Entry.written_at`."""
    request: msgspec.Raw
    """As it may be kept; see :func:`shown_request`."""
    run: int | None = None
    """Its run, where that is not the row's."""


class OutcomeRecord(msgspec.Struct, gc=False, omit_defaults=True):
    """What became of a request."""

    settles: int
    """The number of its intent."""
    run: int
    state: str
    at: int
    """See :attr:`Entry.settled_us`."""
    result: msgspec.Raw | None = None
    problem: str | None = None


Record = IntentRecord | OutcomeRecord


class _Request(msgspec.Struct, gc=False):
    id: str = ""
    method: str = ""
    params: msgspec.Raw = msgspec.Raw(b"{}")


class _AnyRecord(msgspec.Struct, gc=False):
    intent: int | None = None
    run: int | None = None
    ws_key: str = ""
    sent: int = 0
    written: float = 0.0
    request: _Request = msgspec.field(default_factory=_Request)
    settles: int | None = None
    state: str = ""
    at: int = 0
    result: msgspec.Raw = _NULL
    problem: str | None = None


_decode = msgspec.json.Decoder(list[_AnyRecord]).decode


def account_of(api_key: str) -> str:
    """Return what tells accounts apart in a journal: it leads back to no key."""
    return sha256(f"binance-wsapi journal {api_key}".encode()).hexdigest()[:24]


def shown_request(
    request_id: str, method: str, params: Mapping[str, WireValue], frame: bytes
) -> msgspec.Raw:
    """Return a request as it may be kept: the frame itself where nothing in it is secret."""
    if SECRET_NAMES.isdisjoint(params):
        return msgspec.Raw(frame)
    return msgspec.Raw(encode_request(request_id, method, without_secrets(params)))


def encoded(records: Sequence[Record]) -> bytes:
    """Return the data of a row."""
    return _encode(records)


def moved(entry: Entry) -> IntentRecord:
    """Return the record of an intent that goes to another row, so that its own may be deleted."""
    run, number = entry.key
    request = msgspec.Raw(encode_request(entry.request_id, entry.method, entry.params))
    return IntentRecord(number, entry.ws_key, entry.sent_us, entry.written_at, request, run)


def entries(
    rows: Iterable[JournalRow], found: dict[EntryKey, Entry] | None = None
) -> dict[EntryKey, Entry]:
    """Return what stands in rows, oldest first: the intents, each with its outcome.

    The last outcome counts: what a look-up found out stands behind what was known before.

    Args:
        rows: The rows.
        found: What stands in those before them; it is added to.

    Raises:
        msgspec.DecodeError: A row is none of a journal's.
    """
    found = {} if found is None else found
    for row in rows:
        for record in _decode(row.data):
            run = row.run if record.run is None else record.run
            if record.intent is not None:
                asked = record.request
                found[run, record.intent] = Entry(
                    (run, record.intent),
                    record.ws_key,
                    asked.method,
                    _decode_params(asked.params),
                    record.sent,
                    record.written,
                    asked.id,
                    row.number,
                )
            elif record.settles is not None:
                entry = found.get((run, record.settles))
                if entry is not None:  # else it was deleted with what it settled
                    entry.state, entry.settled_us = record.state, record.at
                    entry.result = None if record.result == _NULL else bytes(record.result)
                    entry.problem = record.problem
    return found


def settle(found: Mapping[EntryKey, Entry], known: Iterable[OutcomeRecord]) -> None:
    """Let entries that were read as open have outcomes that are not written yet."""
    latest = {(record.run, record.settles): record for record in known}
    for key, record in latest.items():
        entry = found.get(key)
        if entry is not None and entry.state == OPEN:
            entry.state, entry.problem = record.state, record.problem
            entry.result = None if record.result is None else bytes(record.result)
