"""The exchange takes members out of what it sends, nulls them, and changes their types.

A side member costs itself alone; without what makes a thing what it is, the thing is not read at all.
"""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from types import NoneType
from typing import Any, NamedTuple, get_args

import msgspec
import pytest
from documented_samples import (
    DECODERS,
    REFERENCE,
    Sample,
    documented,
    is_typed,
)

from binance_wsapi import UnreadableResult
from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.markets import Market
from binance_wsapi.models import futures_events as usdm
from binance_wsapi.models import tolerant
from binance_wsapi.models import user_events as spot
from binance_wsapi.models.base import UnknownEvent
from binance_wsapi.models.futures_events import decode_usdm_event
from binance_wsapi.models.stream_events import EventBatch, decode_stream_event
from binance_wsapi.models.tolerant import tolerant_decoder
from binance_wsapi.models.user_events import decode_user_event
from binance_wsapi.response import Response

NEW = REFERENCE / "new" / "samples"

Decode = Callable[[bytes], Any]
Path_ = tuple[str | int, ...]


SAMPLES = [pytest.param(sample, id=name) for name, sample in documented() if is_typed(sample)]


class Member(NamedTuple):
    """A member of a sample."""

    path: Path_
    """Where it stands in the JSON."""
    attributes: Path_
    """Where it stands in the model."""
    costs: Path_ | None
    """The attribute that is ``None`` without it: itself, or what it is an essential part of; ``None``
    when nothing is left."""
    default: Any
    is_raw: bool


def members(
    value: Any,
    payload: Any,
    path: Path_ = (),
    attributes: Path_ = (),
    costs: Path_ | None = None,
) -> Iterator[Member]:
    """Yield all members of structs in a sample, of each list its first and last item's."""
    if isinstance(value, EventBatch):
        value = value.events
    if isinstance(value, list) and isinstance(payload, list):
        for i in sorted({0, len(value) - 1} & set(range(len(value)))):
            yield from members(value[i], payload[i], (*path, i), (*attributes, i), costs)
    if not isinstance(value, msgspec.Struct):
        return
    for place, each in enumerate(msgspec.structs.fields(type(value))):
        is_array = value.__struct_config__.array_like
        key = place if is_array else each.encode_name
        if not is_array and key not in payload:
            continue
        here = (*path, key), (*attributes, each.name)
        may_go = NoneType in get_args(each.type)
        own_costs = here[1] if may_go else costs
        default = ... if each.required else each.default
        if not each.required and each.default is msgspec.NODEFAULT:
            default = each.default_factory()
        yield Member(*here, own_costs, default, each.type is msgspec.Raw)
        yield from members(getattr(value, each.name), payload[key], *here, own_costs)


def changed(payload: Any, path: Path_, change: str) -> Any:
    payload = copy.deepcopy(payload)
    *way, last = path
    inner = payload
    for step in way:
        inner = inner[step]
    if change == "removed":
        del inner[last]
    elif change == "null":
        inner[last] = None
    else:
        inner[last] = [{"odd": True}] if isinstance(inner[last], dict) else {"odd": [True]}
    return payload


def plain(value: Any) -> Any:
    """Return a model as dicts by attribute."""
    if isinstance(value, EventBatch):
        value = value.events
    if isinstance(value, msgspec.Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return bytes(value) if isinstance(value, msgspec.Raw) else value


def with_none(value: Any, attributes: Path_, put: Any = None) -> Any:
    *way, last = attributes
    inner = value
    for step in way:
        inner = inner[step]
    inner[last] = put
    return value


def read(sample: Sample, payload: Any) -> Any:
    """Return what is read as plain data; ``None`` when it is not."""
    try:
        event = sample.decode(json.dumps(payload).encode())
    except msgspec.ValidationError:
        return None
    rows = event.events if isinstance(event, EventBatch) else [event]
    return None if any(isinstance(each, UnknownEvent) for each in rows) else plain(event)


@pytest.mark.parametrize("change", ["removed", "null", "retyped"])
@pytest.mark.parametrize("sample", SAMPLES)
def test_a_side_member_costs_itself_alone(sample: Sample, change: str) -> None:
    value = sample.decode(json.dumps(sample.payload).encode())
    for member in members(value, sample.payload):
        if member.is_raw or (change == "removed" and isinstance(member.path[-1], int)):
            continue  # kept as it comes; a row that is shorter has another last member
        got = read(sample, changed(sample.payload, member.path, change))

        expected: Any = None
        if change == "removed" and member.default is not ...:
            expected = with_none(plain(value), member.attributes, member.default)
        elif member.costs is not None:
            expected = with_none(plain(value), member.costs)
        assert got == expected, member.path


def test_all_documented_samples_are_tried() -> None:
    left_out = {name for name, sample in documented() if not is_typed(sample)}

    # They show the prices of levels alone.
    assert left_out == {"usdm partialDepth 0", "coinm partialDepth 0"}
    assert len(SAMPLES) > 200


@pytest.mark.parametrize("path", sorted(NEW.glob("*.json")), ids=lambda path: path.stem)
def test_shapes_from_the_field_are_read(path: Path) -> None:
    field = json.loads(path.read_text())
    payload = json.dumps(field["payload"]).encode()
    kind, _, detail = field["decoder"].partition(" ")
    market, _, source = kind.partition("_")
    if kind == "result":
        market, method = detail.split()
        operation = operation_by_method(Market(market.removesuffix("_result")), method)
        assert operation is not None
        read: Any = tolerant_decoder(operation.result)(payload)
    elif source == "stream":
        read = decode_stream_event(Market(market), field["stream"], payload)
    else:
        read = DECODERS[market](payload)

    # An event of a market that this library does not cover stays unknown.
    assert isinstance(read, UnknownEvent) is (path.stem == "20_options_order_trade_update")


def executed(**changes: Any) -> bytes:
    sample = next(sample for name, sample in documented() if name == "spot executionReport 0")
    return json.dumps(sample.payload | changes).encode()


def test_a_member_that_is_missed_is_named_in_the_log_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tolerant, "_noted", set())

    with caplog.at_level(logging.WARNING, "binance_wsapi.models"):
        for _ in range(3):
            event = decode_user_event(executed(m="neither"))
            assert isinstance(event, spot.OrderUpdate)
            assert event.is_maker is None

    (record,) = caplog.records
    assert "OrderUpdate.is_maker" in record.getMessage()
    assert "neither" not in record.getMessage()


def test_decimals_keep_every_digit_beside_a_changed_member() -> None:
    event = decode_user_event(executed(p="0.123456789012345678901234567890", m="neither"))

    assert isinstance(event, spot.OrderUpdate)
    assert event.price == Decimal("0.123456789012345678901234567890")


def test_a_number_for_a_decimal_keeps_every_digit_beside_a_changed_member() -> None:
    frame = executed(m="neither").replace(b'"p": "0.10264410"', b'"p": 0.12345678901234567890')

    event = decode_user_event(frame)

    assert isinstance(event, spot.OrderUpdate)
    assert event.price == Decimal("0.12345678901234567890")


def test_an_unknown_event_names_what_it_lacks() -> None:
    event = decode_user_event(executed(i="not a number"))

    assert isinstance(event, UnknownEvent)
    assert "`i`" in event.problem
    assert event.event_type == "executionReport"


def test_a_result_is_unreadable_only_without_its_essentials() -> None:
    operation = operation_by_method(Market.SPOT, "order.place")

    def result(**members: Any) -> Any:
        raw = msgspec.Raw(json.dumps(members).encode())
        return Response(operation, b"{}", "1", 200, raw, msgspec.Raw(), 0.0).result

    placed = result(symbol="BTCUSDT", orderId=1, clientOrderId="a", transactTime="late", price="1")
    assert (placed.order_id, placed.transaction_time, placed.price) == (1, None, Decimal(1))
    with pytest.raises(UnreadableResult):
        result(symbol="BTCUSDT", orderId="one", clientOrderId="a", transactTime=1)


def test_an_unreadable_futures_balance_is_not_told_as_no_balance() -> None:
    payload = {"e": "ACCOUNT_UPDATE", "E": 1, "T": 1, "a": {"m": "ORDER", "B": [{"a": "USDT"}]}}

    event = decode_usdm_event(json.dumps(payload).encode())

    assert isinstance(event, UnknownEvent)
    assert not isinstance(event, usdm.FuturesAccountUpdate)
