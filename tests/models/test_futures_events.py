"""User data of futures and margin: every documented sample fits its model and loses nothing."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import msgspec
import pytest

from binance_wsapi.models import futures_events as f
from binance_wsapi.models import margin_events, user_events
from binance_wsapi.models.base import Event, UnknownEvent
from binance_wsapi.models.futures_enums import FuturesExpiryReason, MarginType
from binance_wsapi.models.margin import ListenToken
from binance_wsapi.models.session import Subscription

REFERENCE = Path(__file__).parents[1] / "reference"


def decode(market: str, frame: bytes) -> Event:
    if market == "margin":
        return margin_events.decode_margin_event(frame)
    decode = f.decode_usdm_event if market == "usdm" else f.decode_coinm_event
    return decode(frame)


def documented(market: str) -> list[dict[str, Any]]:
    events = json.loads((REFERENCE / market / "events.json").read_text())
    return [*events["user_data"], *events.get("risk_stream", [])]


def sample(market: str, event: str, number: int = 0) -> dict[str, Any]:
    found = next(each for each in documented(market) if each["event"] == event)
    payload: dict[str, Any] = found["samples"][number]
    return payload.get("event", payload) if "subscriptionId" in payload else payload


SAMPLES = [
    pytest.param(
        market, sample(market, each["event"], number), id=f"{market} {each['event']} {number}"
    )
    for market in ("usdm", "coinm", "margin")
    for each in documented(market)
    for number in range(len(each["samples"]))
]


def comparable(value: Any) -> Any:
    """Nulls left out, decimal text as its value, margin types in the one spelling they are read as."""
    if isinstance(value, dict):
        return {key: comparable(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [comparable(each) for each in value]
    if isinstance(value, str):
        try:
            return Decimal(value)
        except InvalidOperation:
            return {"CROSSED": "cross"}.get(value, value)
    return value


@pytest.mark.parametrize(("market", "wire"), SAMPLES)
def test_documented_samples_survive_a_round_trip(market: str, wire: dict[str, Any]) -> None:
    event = decode(market, json.dumps(wire).encode())

    assert not isinstance(event, UnknownEvent), event.problem
    assert comparable(json.loads(msgspec.json.encode(event))) == comparable(wire)


@pytest.mark.parametrize(("market", "wire"), SAMPLES)
def test_type_time_and_raw_are_those_of_the_frame(market: str, wire: dict[str, Any]) -> None:
    event = decode(market, json.dumps(wire).encode())

    assert event.event_type == wire["e"]
    assert event.event_time == wire["E"]
    assert event.raw == wire
    assert event.stream is None


@pytest.mark.parametrize("market", ["usdm", "coinm"])
def test_documented_fields_all_have_a_place(market: str) -> None:
    """Also those that no sample shows."""
    lost = []
    for each in documented(market):
        event = decode(market, json.dumps(sample(market, each["event"])).encode())
        for described in each["fields"]:
            path = described.get("path", described["key"])
            if path not in _paths(type(event)) | {"e"}:
                lost.append(f"{each['event']} {path}")

    assert lost == []


def _paths(model: type[msgspec.Struct], prefix: str = "") -> set[str]:
    found = set()
    for each in msgspec.structs.fields(model):
        path = prefix + each.encode_name
        found.add(path)
        for kind in _structs_in(each.type):
            of_list = "[]" if "list[" in str(each.type) else ""
            found |= _paths(kind, f"{path}{of_list}.")
    return found


def _structs_in(kind: Any) -> list[type[msgspec.Struct]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [kind]
    return [found for each in getattr(kind, "__args__", ()) for found in _structs_in(each)]


def test_an_order_update_speaks_in_words() -> None:
    event = decode("usdm", json.dumps(sample("usdm", "ORDER_TRADE_UPDATE")).encode())

    assert isinstance(event, f.FuturesOrderUpdate)
    assert event.order.callback_rate == Decimal("5.0")
    assert event.order.executed_quantity == 0
    assert event.order.expiry_reason is FuturesExpiryReason.NONE
    assert event.transaction_time == 1568879465650


def test_a_coinm_order_update_is_a_futures_order_update_too() -> None:
    event = decode("coinm", json.dumps(sample("coinm", "ORDER_TRADE_UPDATE")).encode())

    assert isinstance(event, f.FuturesOrderUpdate)
    assert isinstance(event, f.CoinFuturesOrderUpdate)
    assert (event.account_alias, event.order.margin_asset) == ("SfsR", "BTC")


def test_a_margin_call_uses_the_same_margin_types_as_everything_else() -> None:
    event = decode("usdm", json.dumps(sample("usdm", "MARGIN_CALL")).encode())

    assert isinstance(event, f.FuturesMarginCall)
    assert event.positions[0].margin_type is MarginType.CROSS


@pytest.mark.parametrize(("text", "order_id"), [("", None), ("8886774", 8886774)])
def test_an_algo_order_tells_the_order_it_placed(text: str, order_id: int | None) -> None:
    wire = sample("usdm", "ALGO_UPDATE")
    wire["o"]["ai"] = text

    event = decode("usdm", json.dumps(wire).encode())

    assert isinstance(event, f.AlgoOrderUpdate)
    assert event.algo_order.order_id == order_id


def test_an_unknown_kind_is_kept_whole() -> None:
    event = decode("usdm", b'{"e":"BRAND_NEW","E":5,"x":{"y":"1.0"}}')

    assert isinstance(event, UnknownEvent)
    assert (event.event_type, event.event_time) == ("BRAND_NEW", 5)
    assert event.raw["x"] == {"y": "1.0"}


def test_a_changed_form_is_kept_whole_and_says_what_is_wrong() -> None:
    wire = sample("usdm", "ACCOUNT_UPDATE")
    del wire["a"]

    event = decode("usdm", json.dumps(wire).encode())

    assert isinstance(event, UnknownEvent)
    assert "`a`" in event.problem
    assert event.raw == wire


def test_new_words_of_the_exchange_break_nothing() -> None:
    wire = sample("usdm", "ORDER_TRADE_UPDATE")
    wire["o"] |= {"x": "TELEPORTED", "er": "77", "new": 1}

    event = decode("usdm", json.dumps(wire).encode())

    assert isinstance(event, f.FuturesOrderUpdate)
    assert event.order.execution_type == "TELEPORTED"
    assert event.order.expiry_reason == "77"
    assert event.raw["o"]["new"] == 1


@pytest.mark.parametrize("market", ["usdm", "coinm", "margin"])
@pytest.mark.parametrize(
    "frame",
    [b"", b"{", b"[1,", b'{"e":"MARGIN_CALL",', b'{"e":"BRAND_NEW",oops}', b'{"e":5,"E":"x",oops}'],
)
def test_what_is_no_json_raises(market: str, frame: bytes) -> None:
    with pytest.raises(msgspec.DecodeError) as raised:
        decode(market, frame)

    assert not isinstance(raised.value, msgspec.ValidationError)


@pytest.mark.parametrize("frame", [b"[]", b"1", b"null", b"{}", b'{"e":null}', b'{"e":5,"E":"x"}'])
def test_json_of_any_shape_is_an_unknown_event(frame: bytes) -> None:
    event = decode("usdm", frame)

    assert isinstance(event, UnknownEvent)
    assert event.event_time is None
    assert event.raw == json.loads(frame)


def test_margin_orders_come_as_spot_order_updates() -> None:
    event = decode("margin", json.dumps(sample("margin", "executionReport")).encode())

    assert isinstance(event, user_events.OrderUpdate)


@pytest.mark.parametrize("sent", [1749094553955907, 1749094553955])
def test_a_subscription_ends_at_the_same_moment_in_either_unit(sent: int) -> None:
    wire = {"subscriptionId": 1, "expirationTime": sent}

    assert msgspec.convert(wire, Subscription).expires_at_ms == 1749094553955


def test_a_listen_token_is_read() -> None:
    examples = json.loads((REFERENCE / "margin" / "examples.json").read_text())
    wire = next(
        each["payload"]
        for each in examples
        if each["method"] == "POST /sapi/v1/userListenToken" and each["kind"] == "response"
    )

    token = msgspec.convert(wire, ListenToken)

    assert msgspec.to_builtins(token) == wire
    assert token.token not in repr(token)


def test_an_expired_listen_key_is_not_shown() -> None:
    event = decode("usdm", json.dumps(sample("usdm", "listenKeyExpired")).encode())

    assert isinstance(event, f.ListenKeyExpired)
    assert event.listen_key is not None
    assert event.listen_key not in repr(event)
