"""Keys, signatures, timestamps, permissions and addresses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gateway_client import LIMIT_BUY, START_US, MemoryClient, add_key, signature, signed, venue

from binance_wsapi.simulator.key_making import KeyTypeName
from binance_wsapi.simulator.venue import Venue

NOW_MS = START_US // 1_000


@pytest.fixture
def exchange() -> Venue:
    return venue()


@pytest.fixture
def uid(exchange: Venue) -> int:
    return exchange.open_account({"USDT": "100000"}).uid


def code_of(answer: Any) -> int:
    return int(answer["error"]["code"])


@pytest.mark.parametrize("key_type", ["ed25519", "hmac", "rsa"])
def test_each_kind_of_key_signs_requests(exchange: Venue, uid: int, key_type: KeyTypeName) -> None:
    key = add_key(exchange, uid, key_type)
    client = MemoryClient(exchange)

    assert client.ask("account.status", signed(key))["result"]["uid"] == uid


@pytest.mark.parametrize("key_type", ["ed25519", "hmac", "rsa"])
def test_a_changed_parameter_breaks_the_signature(
    exchange: Venue, uid: int, key_type: KeyTypeName
) -> None:
    params = signed(add_key(exchange, uid, key_type), **LIMIT_BUY) | {"price": "1.00"}

    answer = MemoryClient(exchange).ask("order.place", params)

    assert code_of(answer) == -1022
    assert answer["status"] == 400


def test_hmac_signatures_may_be_in_capitals(exchange: Venue, uid: int) -> None:
    params = signed(add_key(exchange, uid, "hmac"))
    params["signature"] = params["signature"].upper()

    assert MemoryClient(exchange).ask("account.status", params)["status"] == 200


@pytest.mark.parametrize("key_type", ["ed25519", "rsa"])
@pytest.mark.parametrize("sloppy", ["{0}\n", " {0}", "!{0}", "{0}=="], ids=repr)
def test_base64_with_what_is_no_base64_is_no_signature(
    exchange: Venue, uid: int, key_type: KeyTypeName, sloppy: str
) -> None:
    params = signed(add_key(exchange, uid, key_type))
    params["signature"] = sloppy.format(params["signature"])

    assert code_of(MemoryClient(exchange).ask("account.status", params)) == -1022


@pytest.mark.parametrize("text", ["0.10", "0.1", "1", "10.000"])
def test_the_digits_of_a_json_number_are_signed_as_sent(
    exchange: Venue, uid: int, text: str
) -> None:
    key = add_key(exchange, uid, "hmac")
    params = {
        **LIMIT_BUY,
        "apiKey": key.api_key,
        "timestamp": NOW_MS,
        "quantity": text,
        "price": "20000.00",
    }
    payload = "&".join(f"{name}={value}" for name, value in sorted(params.items()))
    body = json.dumps(params | {"signature": signature(key, payload.encode())})
    body = body.replace(f'"quantity": "{text}"', f'"quantity": {text}')
    client = MemoryClient(exchange)

    client.send_text(f'{{"id": 1, "method": "order.test", "params": {body}}}')

    assert client.answer(1)["status"] == 200


def test_limits_flag_is_covered_by_the_signature(exchange: Venue, uid: int) -> None:
    key = add_key(exchange, uid)
    client = MemoryClient(exchange)

    assert client.ask("account.status", signed(key, returnRateLimits=True))["status"] == 200
    assert code_of(client.ask("account.status", signed(key) | {"returnRateLimits": True})) == -1022


@pytest.mark.parametrize(
    ("left_out", "code", "named"),
    [
        ("apiKey", -1102, "'apiKey'"),
        ("signature", -1102, "'signature'"),
        ("timestamp", -1102, "'timestamp'"),
    ],
)
def test_what_authentication_needs_must_be_sent(
    exchange: Venue, uid: int, left_out: str, code: int, named: str
) -> None:
    params = signed(add_key(exchange, uid))
    del params[left_out]

    error = MemoryClient(exchange).ask("account.status", params)["error"]

    assert error["code"] == code
    assert named in error["msg"]


@pytest.mark.parametrize(
    ("api_key", "code"), [("short", -2014), ("!" * 64, -2014), ("A" * 64, -2015)]
)
def test_bad_keys(exchange: Venue, uid: int, api_key: str, code: int) -> None:
    params = signed(add_key(exchange, uid)) | {"apiKey": api_key}

    answer = MemoryClient(exchange).ask("account.status", params)

    assert answer["status"] == 401
    assert code_of(answer) == code


def test_permissions_and_addresses_are_asked_for(exchange: Venue, uid: int) -> None:
    reader = add_key(exchange, uid, permissions=("USER_DATA",))
    bound = add_key(exchange, uid, ips=("10.0.0.7",), seed=2)
    client, elsewhere = MemoryClient(exchange), MemoryClient(exchange, remote="10.0.0.7")

    assert client.ask("account.status", signed(reader))["status"] == 200
    assert code_of(client.ask("order.place", signed(reader, **LIMIT_BUY))) == -2015
    assert code_of(client.ask("account.status", signed(bound))) == -2015
    assert elsewhere.ask("account.status", signed(bound))["status"] == 200


OUTSIDE = "Timestamp for this request is outside of the recvWindow."
AHEAD = "Timestamp for this request was 1000ms ahead of the server's time."


@pytest.mark.parametrize(
    ("offset_ms", "window", "refusal"),
    [
        (0, None, None),
        (-5_000, None, None),
        (-5_001, None, OUTSIDE),
        (-6_000, "6000", None),
        (-6_001, 6000, OUTSIDE),
        (999, None, None),
        (1_000, None, AHEAD),
        (-60_000, "60000", None),
        (-1_000, "999.999", OUTSIDE),
    ],
)
def test_timestamps(
    exchange: Venue, uid: int, offset_ms: int, window: object, refusal: str | None
) -> None:
    more = {} if window is None else {"recvWindow": window}
    params = signed(add_key(exchange, uid), NOW_MS + offset_ms, **more)

    answer = MemoryClient(exchange).ask("account.status", params)

    if refusal is None:
        assert answer["status"] == 200
    else:
        assert answer["error"] == {"code": -1021, "msg": refusal}


def test_recv_window_counts_parts_of_a_millisecond(exchange: Venue, uid: int) -> None:
    key = add_key(exchange, uid)
    client = MemoryClient(exchange)
    at_us = START_US - 1_500

    late = client.ask("account.status", signed(key, at_us, recvWindow="1.499"))
    in_time = client.ask("account.status", signed(key, at_us, recvWindow="1.5"))

    assert code_of(late) == -1021
    assert in_time["status"] == 200


@pytest.mark.parametrize("window", ["60001", "5000.0001", "-1", "x"])
def test_bad_windows(exchange: Venue, uid: int, window: str) -> None:
    params = signed(add_key(exchange, uid), recvWindow=window)

    assert code_of(MemoryClient(exchange).ask("account.status", params)) in (-1131, -1100)


def test_a_request_that_waited_too_long_never_reaches_the_engine(exchange: Venue, uid: int) -> None:
    client = MemoryClient(exchange)
    exchange.faults.on("order.place").delay(6.0)
    request_id = client.send("order.place", signed(add_key(exchange, uid), **LIMIT_BUY))

    exchange.clock.advance(6.0)

    assert client.answer(request_id)["error"] == {"code": -1021, "msg": OUTSIDE}
    assert not exchange.spot.handle("openOrders.status", {}, exchange.spot.accounts[uid])


def test_repr_of_keys_shows_no_secret(exchange: Venue, uid: int) -> None:
    key = add_key(exchange, uid, "hmac")

    assert key.api_secret not in repr(key)
    assert key.api_secret not in repr(exchange.keys.of_account(uid))
