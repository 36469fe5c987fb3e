"""The records of an order journal: what was written is read again, whichever version wrote it."""

from __future__ import annotations

import json

from msgspec import Raw

from binance_wsapi.protocol.journal_records import (
    Entry,
    IntentRecord,
    JournalRow,
    OutcomeRecord,
    encoded,
    entries,
    moved,
    shown_request,
)

REQUEST = b'{"id":"r1","method":"order.place","params":{"symbol":"BTCUSDT","recvWindow":500}}'
INTENT = IntentRecord(1, "mainWSAPI", 1_700_000_000_000_000, 12.5, Raw(REQUEST))


def read(*data: bytes, run: int = 7) -> dict[tuple[int, int], Entry]:
    return entries(JournalRow(number, run, 9, each) for number, each in enumerate(data))


def test_records_have_what_is_known_and_nothing_else() -> None:
    done = OutcomeRecord(1, 7, "accepted", 9, Raw(b'{"orderId":5}'))
    refused = OutcomeRecord(2, 7, "rejected", 9, None, "too \u201chigh\u201d")

    assert json.loads(encoded([INTENT, done, refused])) == [
        {
            "intent": 1,
            "ws_key": "mainWSAPI",
            "sent": 1_700_000_000_000_000,
            "written": 12.5,
            "request": json.loads(REQUEST),
        },
        {"settles": 1, "run": 7, "state": "accepted", "at": 9, "result": {"orderId": 5}},
        {
            "settles": 2,
            "run": 7,
            "state": "rejected",
            "at": 9,
            "problem": "too \u201chigh\u201d",
        },
    ]


def test_what_was_written_is_read() -> None:
    done = OutcomeRecord(1, 7, "accepted", 8, Raw(b'{"orderId":5}'))

    found = read(encoded([INTENT]), encoded([done]))

    assert found == {
        (7, 1): Entry(
            (7, 1),
            "mainWSAPI",
            "order.place",
            {"symbol": "BTCUSDT", "recvWindow": 500},
            1_700_000_000_000_000,
            12.5,
            "r1",
            0,
            "accepted",
            8,
            b'{"orderId":5}',
        )
    }


def test_what_is_moved_to_another_row_stays_what_it_was() -> None:
    (entry,) = read(encoded([INTENT])).values()

    (again,) = read(encoded([moved(entry)]), run=0).values()

    assert again == entry


def test_what_versions_before_wrote_is_read() -> None:
    row = (
        b'[{"intent":1,"ws_key":"mainWSAPI","sent":1700000000000000,"written":12.500000,"request":%b},'
        b'{"settles":1,"run":7,"state":"rejected","at":8,"result":null,"problem":"no"}]' % REQUEST
    )

    (entry,) = read(row).values()

    assert (entry.state, entry.settled_us, entry.result, entry.problem) == (
        "rejected",
        8,
        None,
        "no",
    )
    assert read(encoded([INTENT])) == read(row.split(b',{"settles"')[0] + b"]")


def test_frame_with_a_secret_is_written_anew() -> None:
    params = {"symbol": "BTCUSDT", "apiKey": "k" * 64, "signature": "s" * 64}

    assert shown_request("r1", "order.place", {"symbol": "BTCUSDT"}, REQUEST) == Raw(REQUEST)
    shown = json.loads(bytes(shown_request("r1", "order.place", params, b"never looked at")))
    assert shown == {"id": "r1", "method": "order.place", "params": {"symbol": "BTCUSDT"}}
