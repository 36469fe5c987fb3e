"""Frames are taken apart in one pass, and what cannot be one is refused."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from binance_wsapi.protocol.envelope import Frame, MalformedFrame, decode_frame, encode_request

REFERENCE = Path(__file__).parents[1] / "reference"


def frames(market: str, *kinds: str) -> list[Any]:
    """The documented answers that stand in a whole envelope."""
    samples = json.loads((REFERENCE / market / "examples.json").read_text())
    return [
        pytest.param(row["payload"], id=f"{market}-{row['method']}-{row['variant']}")
        for row in samples
        if row["kind"] in kinds and isinstance(row["payload"], dict) and "status" in row["payload"]
    ]


def decoded(part: Raw) -> Any:
    return json.loads(bytes(part)) if part else None


ANSWERS = [
    frame for market in ("spot", "usdm", "coinm") for frame in frames(market, "response", "error")
]


@pytest.mark.parametrize("payload", ANSWERS)
def test_documented_answers_lose_nothing(payload: dict[str, Any]) -> None:
    frame = decode_frame(json.dumps(payload, ensure_ascii=False).encode())

    assert (frame.id, frame.status) == (payload["id"], payload["status"])
    assert decoded(frame.result) == payload.get("result")
    assert decoded(frame.rate_limits) == payload.get("rateLimits")
    if "error" in payload:
        assert frame.error is not None
        assert (frame.error.code, frame.error.msg) == (
            payload["error"]["code"],
            payload["error"]["msg"],
        )
        assert decoded(frame.error.data) == payload["error"].get("data")
    else:
        assert frame.error is None
    assert not frame.event


@pytest.mark.parametrize("data", ['{"id":"a","status":200}', b'{"id":"a","status":200}'])
def test_text_and_bytes_are_the_same(data: str | bytes) -> None:
    assert decode_frame(data) == Frame(id="a", status=200)


def test_an_event_carries_its_subscription_and_stays_as_it_came() -> None:
    frame = decode_frame(b'{"subscriptionId":3,"event":{"e":"executionReport", "p":"1.0"}}')

    assert not frame.is_revocation
    assert frame.subscription_id == 3
    assert bytes(frame.event) == b'{"e":"executionReport", "p":"1.0"}'


def test_an_event_of_the_connection_has_no_subscription() -> None:
    frame = decode_frame(b'{"event":{"e":"serverShutdown","E":1}}')

    assert frame.subscription_id is None


@pytest.mark.parametrize(
    ("data", "is_revocation"),
    [
        (b'{"id":null,"status":401,"error":{"code":-2015,"msg":"Invalid API-key."}}', True),
        (b'{"status":401,"error":{"code":-2015,"msg":"Invalid API-key."}}', True),
        (b'{"id":"a","status":401,"error":{"code":-2015,"msg":"Invalid API-key."}}', False),
        (b'{"id":null,"status":400,"error":{"code":-1135,"msg":"Invalid JSON."}}', False),
        (b'{"event":{"e":"x"}}', False),
    ],
)
def test_a_revoked_logon_is_told_apart(data: bytes, is_revocation: bool) -> None:
    assert decode_frame(data).is_revocation is is_revocation


@pytest.mark.parametrize("id_", ["a-1", 7, -(2**63), None])
def test_ids_are_echoed_as_they_are(id_: str | int | None) -> None:
    assert decode_frame(json.dumps({"id": id_, "status": 200})).id == id_


def test_fields_of_tomorrow_do_not_break_a_frame() -> None:
    frame = decode_frame(
        b'{"id":"a","status":200,"new":{"x":[1]},"error":{"code":-1,"msg":"","more":1}}'
    )

    assert frame.error is not None
    assert frame.error.code == -1


def test_an_error_may_say_less_than_is_documented() -> None:
    frame = decode_frame(b'{"id":"a","status":500,"error":{}}')

    assert frame.error is not None
    assert (frame.error.code, frame.error.msg, bool(frame.error.data)) == (0, "", False)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"id":"a"} x', b'{"id":1.5}', b'{"status":"x"}',
     b'{"id":{"a":1}}', b'{"id":"a","status":200,"error":"x"}', "{", "\ud800"],
)  # fmt: skip
def test_what_is_no_frame_is_malformed(data: bytes | str) -> None:
    with pytest.raises(MalformedFrame, match=r"^the exchange sent a malformed frame") as caught:
        decode_frame(data)

    assert isinstance(caught.value, ValueError)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60))
def test_no_bytes_at_all_break_the_reader(data: bytes | str) -> None:
    with contextlib.suppress(MalformedFrame):
        decode_frame(data)


@pytest.mark.parametrize("cut", range(0, 100, 7))
def test_a_frame_cut_anywhere_is_malformed(cut: int) -> None:
    whole = b'{"id":"a","status":200,"result":{"symbol":"BTCUSDT","orderId":28,"price":"1.00"},"rateLimits":[]}'

    with pytest.raises(MalformedFrame):
        decode_frame(whole[: min(cut, len(whole) - 1)])


# Requests ----------------------------------------------------------------------------------------


def test_a_request_is_written_as_the_exchange_reads_it() -> None:
    data = encode_request(
        "a-1",
        "order.place",
        {
            "symbol": "这是测试币456",
            "quantity": "0.010",
            "recvWindow": 5000,
            "test": True,
            "list": ["x"],
        },
    )

    assert data.decode() == (
        '{"id":"a-1","method":"order.place","params":{"symbol":"这是测试币456","quantity":"0.010",'
        '"recvWindow":5000,"test":true,"list":["x"]}}'
    )


@pytest.mark.parametrize("params", [None, {}])
def test_a_request_without_parameters_has_none(params: dict[str, str] | None) -> None:
    assert encode_request("a-1", "ping", params) == b'{"id":"a-1","method":"ping"}'


def test_what_is_signed_is_what_is_sent() -> None:
    params: dict[str, str | int | bool | list[str]] = {
        "b": True, "a": 'quote " and \\', "symbols": ["x", "é"], "n": 1
    }  # fmt: skip
    sent = json.loads(encode_request("1", "x", params))["params"]

    assert sent == params
    assert msgspec.json.encode(sent["symbols"]).decode() == '["x","é"]'
