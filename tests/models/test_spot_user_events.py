"""Every documented Spot user data event fits its model, and none is ever lost."""

from __future__ import annotations

import json
import pickle
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import msgspec
import pytest

from binance_wsapi.models import user_events as u
from binance_wsapi.models.base import Event, UnknownEvent
from binance_wsapi.models.enums import ExecutionType, ExpiryReason

SPOT = Path(__file__).parents[1] / "reference" / "spot"
EVENTS = json.loads((SPOT / "events.json").read_text())
DOCUMENTED: list[dict[str, Any]] = [*EVENTS["user_data"], *EVENTS["connection"]]
EXAMPLES = [
    each["payload"]
    for each in json.loads((SPOT / "examples.json").read_text())
    if each["kind"] == "event"
]


def samples() -> list[dict[str, Any]]:
    found = [
        *EXAMPLES,
        *(each for event in DOCUMENTED for each in event.get("samples", [])),
        *(each for event in DOCUMENTED for each in event.get("bare_samples", [])),
    ]
    return [each.get("event", each) for each in found]


def decode(event: dict[str, Any]) -> Event:
    return u.decode_user_event(json.dumps(event).encode())


def comparable(value: Any) -> Any:
    """Nulls left out, texts that are decimals as their value with its places."""
    if isinstance(value, dict):
        return {key: comparable(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [comparable(each) for each in value]
    try:
        return f"{Decimal(value):f}" if isinstance(value, str) else value
    except InvalidOperation:
        return value


def known_keys(model: type[msgspec.Struct]) -> dict[str, str]:
    return {each.encode_name: each.name for each in msgspec.structs.fields(model)}


@pytest.mark.parametrize("sample", samples(), ids=lambda each: each["e"])
def test_sample_decodes_without_loss(sample: dict[str, Any]) -> None:
    event = decode(sample)

    assert not isinstance(event, UnknownEvent)
    assert event.event_type == sample["e"]
    assert event.event_time == sample["E"]
    assert event.raw == sample
    assert comparable(json.loads(msgspec.json.encode(event))) == comparable(sample)


@pytest.mark.parametrize("documented", DOCUMENTED, ids=lambda each: each["event"])
def test_every_documented_field_has_a_place(documented: dict[str, Any]) -> None:
    model = type(decode(_whole(documented)))

    assert model is not UnknownEvent
    missing = {each["key"] for each in documented["fields"]} - {"e"} - known_keys(model).keys()
    assert not missing


def _whole(documented: dict[str, Any]) -> dict[str, Any]:
    """Return the first sample with every conditional field added."""
    event = dict(next(each for each in samples() if each["e"] == documented["event"]))
    for each in documented["fields"]:
        if "example" in each:
            event[each["key"]] = each["example"]
    return event


def test_conditional_fields_of_an_order_update_are_read() -> None:
    documented = next(each for each in DOCUMENTED if each["event"] == "executionReport")
    whole = _whole(documented)

    update = decode(whole)

    assert isinstance(update, u.OrderUpdate)
    assert update.expiry_reason is ExpiryReason.INSUFFICIENT_LIQUIDITY
    assert comparable(json.loads(msgspec.json.encode(update))) == comparable(whole)


def test_event_of_an_unknown_type_is_kept_whole() -> None:
    event = decode({"e": "allocationReport", "E": 5, "s": "BTCUSDT"})

    assert isinstance(event, UnknownEvent)
    assert event.event_type == "allocationReport"
    assert event.event_time == 5
    assert event.raw["s"] == "BTCUSDT"


def test_event_of_a_known_type_that_changed_its_form_is_kept_whole() -> None:
    event = decode({"e": "balanceUpdate", "E": 5, "a": "BTC", "d": ["1", "2"], "T": 4})

    assert isinstance(event, UnknownEvent)
    assert event.event_type == "balanceUpdate"
    assert event.raw["d"] == ["1", "2"]


@pytest.mark.parametrize("frame", [b'{"e":"balanceUpdate","E":5', b'{"e":"nova",', b"", b"event"])
def test_what_is_not_json_raises(frame: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        u.decode_user_event(frame)


def test_new_enum_value_does_not_make_an_event_unknown() -> None:
    sample = next(each for each in samples() if each["e"] == "executionReport")

    update = decode({**sample, "x": "TELEPORTED"})

    assert isinstance(update, u.OrderUpdate)
    assert update.execution_type == "TELEPORTED"
    assert isinstance(update.execution_type, ExecutionType)


def test_event_pickles() -> None:
    event = decode({"e": "balanceUpdate", "E": 5, "a": "BTC", "d": "1.50", "T": 4})

    copy = pickle.loads(pickle.dumps(event))

    assert copy == event
    assert copy.raw == event.raw
