"""User data of options: every documented sample fits its model and loses nothing."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, get_args

import msgspec
import pytest
from documented_samples import documented_events

from binance_wsapi.models.base import UnknownEvent
from binance_wsapi.models.eoptions_events import (
    EoptionsUserEvent,
    OptionRiskLevelChange,
    decode_eoptions_event,
)

SAMPLES = [
    pytest.param(sample, id=f"{each['event']} {number}")
    for each in documented_events("eoptions")["user_data"]
    for number, sample in enumerate(each["samples"])
]


def comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: comparable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [comparable(each) for each in value]
    try:
        return Decimal(value) if isinstance(value, (str, int)) else value
    except InvalidOperation:
        return value


@pytest.mark.parametrize("wire", SAMPLES)
def test_documented_samples_survive_a_round_trip(
    wire: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    event = decode_eoptions_event(json.dumps(wire).encode())

    assert not isinstance(event, UnknownEvent), event.problem
    assert comparable(json.loads(msgspec.json.encode(event))) == comparable(wire)
    # The documents show the time of one event as text.
    assert (event.event_type, event.event_time, event.raw) == (wire["e"], int(wire["E"]), wire)
    assert not caplog.records, "no member of a documented sample is missing"


def test_every_documented_event_is_typed_and_no_other() -> None:
    typed = {
        kind.__struct_config__.tag
        for kind in get_args(EoptionsUserEvent)
        if kind is not UnknownEvent
    }

    assert typed == {each["event"] for each in documented_events("eoptions")["user_data"]}


def test_a_risk_level_that_is_new_is_read() -> None:
    event = decode_eoptions_event(b'{"e":"RISK_LEVEL_CHANGE","E":1,"s":"LIQUIDATION"}')

    assert isinstance(event, OptionRiskLevelChange)
    assert event.risk_level == "LIQUIDATION"
