"""An event is read once, and what is read of it does not depend on the form of the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binance_wsapi.protocol import raw_event as module
from binance_wsapi.protocol.raw_event import RawEvent, ToldOrder, raw_event
from binance_wsapi.protocol.wire_values import amount

REFERENCE = Path(__file__).parents[1] / "reference"


def samples() -> list[Any]:
    return [
        pytest.param(sample.get("event", sample), id=f"{market}-{described['event']}-{number}")
        for market in ("spot", "margin", "usdm", "coinm")
        for described in json.loads((REFERENCE / market / "events.json").read_text())["user_data"]
        for number, sample in enumerate(described.get("samples", []))
    ]


def shown(event: RawEvent) -> dict[str, Any]:
    """What an event has been read as."""
    order = event.order
    return {
        "kind": event.kind,
        "time": event.time,
        "made": event.made_us,
        "order": None if order is None else of(order),
    }


def of(order: ToldOrder) -> list[Any]:
    told = (
        order.symbol,
        order.order_id,
        order.client_order_id,
        order.status,
        order.fill,
        order.updated,
    )
    return [*told, *map(amount, (order.price, order.quantity, order.filled_now, order.filled))]


@pytest.mark.parametrize("event", samples())
def test_documented_events_are_read_at_once(
    event: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = json.dumps(event).encode()
    expected = shown(module._leniently(data))
    monkeypatch.delattr(module, "_leniently")

    read = raw_event(data)

    assert shown(read) == expected
    assert (read.kind, read.time, read.fields) == (event["e"], event.get("E", 0), event)


odd = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 2**70), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=3),
    st.sampled_from(["1.0", "0.1", "TRADE", "FILLED", [], {}, [1], {"a": 1}]),
)  # fmt: skip
members = st.dictionaries(st.sampled_from("sciXxtpqlzTOoE"), odd, max_size=4)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["executionReport", "ORDER_TRADE_UPDATE", "listStatus", 1, None]),
    members,
    members,
)
def test_a_member_of_another_form_costs_itself_alone(
    kind: object, other: dict[str, Any], inner: dict[str, Any]
) -> None:
    order = {
        "s": "BTCUSDT",
        "i": 7,
        "c": "mine",
        "X": "NEW",
        "x": "TRADE",
        "t": 3,
        "T": 5,
        "p": "1",
        "q": "2",
    }
    order |= {"l": "1", "z": "1"}
    event = {"e": kind, "E": 5, **order, "o": {**order, **inner}, **other}
    data = json.dumps(event).encode()

    assert shown(raw_event(data)) == shown(module._leniently(data))
    assert raw_event(data).fields == event


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b'"e"', b'{"e":1e999999}', b'{"a":"\xff"}']
)
def test_what_is_no_event_has_no_kind(data: bytes) -> None:
    event = raw_event(data)

    assert (event.kind, event.time, event.order, event.fields, event.data) == (
        "",
        0,
        None,
        None,
        data,
    )


def test_members_under_the_names_of_its_own_are_not_taken_for_them() -> None:
    data = b'{"e":"x"," data":"other"," fields":{"e":"y"}}'
    event = raw_event(msgspec.Raw(data))

    assert bytes(event.data) == data
    assert event.fields == json.loads(data)


def test_members_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    event = raw_event(b'{"e":"x"}')
    fields = event.fields
    monkeypatch.delattr(module, "_decode_any")

    assert event.fields is fields
