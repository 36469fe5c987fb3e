"""Requests are read and refused as the exchange does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gateway_client import LIMIT_BUY, MemoryClient, add_key, signed, venue

from binance_wsapi.markets import Market
from binance_wsapi.simulator.doors.gateway import HandshakeRefused


@pytest.fixture
def client() -> MemoryClient:
    return MemoryClient(venue())


@pytest.mark.parametrize("request_id", ["abc-1", 7, -(2**63), None, 2**63 - 1])
def test_ids_come_back_unchanged(client: MemoryClient, request_id: object) -> None:
    assert client.ask("ping", id=request_id)["id"] == request_id


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", -1135),
        ("[]", -1135),
        ('"ping"', -1135),
        ("NaN", -1135),
        ('{"method": "ping"}', -1102),
        ('{"id": 1}', -1102),
        ('{"id": 1, "method": ""}', -1102),
        ('{"id": 1, "method": 5}', -1102),
        ('{"id": 1.5, "method": "ping"}', -1100),
        ('{"id": {}, "method": "ping"}', -1100),
        ('{"id": "' + "x" * 37 + '", "method": "ping"}', -1100),
        ('{"id": 1, "method": "ping", "params": []}', -1135),
        ('{"id": 1, "method": "ping", "extra": 1}', -1104),
        ('{"id": 1, "method": "depth", "params": {"symbol": "A", "symbol": "B"}}', -1101),
        ('{"id": 1, "method": "no.such", "params": {}}', -1020),
    ],
)
def test_malformed_frames_are_refused(client: MemoryClient, frame: str, code: int) -> None:
    client.send_text(frame)

    (answer,) = client.wire.frames
    assert answer["status"] == 400
    assert answer["error"]["code"] == code


def test_a_malformed_frame_leaves_the_connection_usable(client: MemoryClient) -> None:
    client.send_text("}{")

    assert client.ask("ping")["status"] == 200


@pytest.mark.parametrize(
    ("method", "params", "code", "named"),
    [
        ("depth", {}, -1102, "symbol"),
        ("depth", {"symbol": ""}, -1102, "symbol"),
        ("depth", {"symbol": None}, -1102, "symbol"),
        ("depth", {"symbol": "BTCUSDT", "limit": "x"}, -1100, "limit"),
        ("depth", {"symbol": "BTCUSDT", "limit": 1.5}, -1100, "limit"),
        ("depth", {"symbol": "BTCUSDT", "limit": [1]}, -1100, "limit"),
        ("depth", {"symbol": "BTCUSDT", "limit": ""}, -1105, "limit"),
        ("depth", {"symbol": ["BTCUSDT"]}, -1100, "symbol"),
        ("depth", {"symbol": "BTCUSDT", "color": "red"}, -1104, "'1'"),
        ("exchangeInfo", {"symbols": "BTCUSDT"}, -1100, "symbols"),
        ("depth", {"symbol": True}, -1100, "symbol"),
        ("exchangeInfo", {"symbols": [["BTCUSDT"]]}, -1100, "symbols"),
        ("exchangeInfo", {"symbol": "BTCUSDT", "showPermissionSets": "maybe"}, -1100, "show"),
        ("exchangeInfo", {"symbol": "BTCUSDT", "showPermissionSets": 1}, -1100, "show"),
        ("userDataStream.subscribe.listenToken", {}, -1102, "listenToken"),
        ("depth", {"symbol": "NOSUCH"}, -1121, "symbol"),
    ],
)
def test_parameters_of_the_wrong_form_are_refused(
    client: MemoryClient, method: str, params: dict[str, Any], code: int, named: str
) -> None:
    error = client.ask(method, params)["error"]

    assert error["code"] == code
    assert named in error["msg"]


@pytest.mark.parametrize("flag", [True, "true"])
def test_booleans_may_be_text(client: MemoryClient, flag: object) -> None:
    params = {"symbol": "BTCUSDT", "showPermissionSets": flag}

    assert client.ask("exchangeInfo", params)["status"] == 200


@pytest.mark.parametrize("price", ["1e4", "-1", "1,000", "NaN", "0x1", "1.", " 1"])
def test_decimals_are_plain_text(client: MemoryClient, price: str) -> None:
    exchange = client.venue
    key = add_key(exchange, exchange.open_account({"USDT": "1000"}).uid)

    answer = client.ask("order.place", signed(key, **(LIMIT_BUY | {"price": price})))

    assert answer["error"]["code"] == -1100
    assert "'price'" in answer["error"]["msg"]


def test_a_version_prefix_changes_nothing(client: MemoryClient) -> None:
    assert client.ask("v3/ping")["status"] == 200
    assert client.ask("v2/ping")["error"]["code"] == -1020


def test_a_method_that_is_not_served_is_logged(
    client: MemoryClient, caplog: pytest.LogCaptureFixture
) -> None:
    assert client.ask("convert.quote")["error"]["code"] == -1020
    assert "not simulated: method 'convert.quote' of spot" in caplog.text


def test_an_id_may_not_be_used_twice_at_once(client: MemoryClient) -> None:
    client.venue.faults.on("ping").delay(1.0)
    client.send("ping", id=5)

    client.send("time", id=5)

    assert client.answer(5)["error"]["code"] == -1100
    client.venue.clock.advance(1.0)
    assert client.answer(5)["status"] == 200
    assert client.ask("time", id=5)["status"] == 200


def test_time_comes_in_the_unit_of_the_url() -> None:
    exchange = venue()
    milliseconds = MemoryClient(exchange).ask("time")["result"]["serverTime"]
    microseconds = MemoryClient(exchange, "/ws-api/v3?timeUnit=MICROSECOND").ask("time")

    assert microseconds["result"]["serverTime"] == milliseconds * 1_000


def test_a_bad_time_unit_refuses_the_handshake() -> None:
    with pytest.raises(HandshakeRefused) as refused:
        MemoryClient(venue(), "/ws-api/v3?timeUnit=NANOSECOND")

    assert refused.value.status == 400
    assert json.loads(refused.value.body)["code"] == -1194


def test_unknown_paths_are_not_found() -> None:
    with pytest.raises(HandshakeRefused) as refused:
        MemoryClient(venue(), "/ws-api/v9")

    assert refused.value.status == 404


def test_rate_limits_show_where_asked_for() -> None:
    exchange = venue()
    loud, quiet = (
        MemoryClient(exchange),
        MemoryClient(exchange, "/ws-api/v3?returnRateLimits=false"),
    )

    assert loud.ask("ping")["rateLimits"][0]["rateLimitType"] == "REQUEST_WEIGHT"
    assert "rateLimits" not in loud.ask("ping", {"returnRateLimits": False})
    assert "rateLimits" not in quiet.ask("ping")
    assert "rateLimits" in quiet.ask("ping", {"returnRateLimits": True})
    assert quiet.ask("session.status")["result"]["returnRateLimits"] is False


def test_an_id_of_the_wrong_form_is_told_by_its_name(client: MemoryClient) -> None:
    assert client.ask("ping", id="order.place")["error"]["code"] == -1100


def test_a_fault_of_the_engine_is_an_answer(
    client: MemoryClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(client.venue.services[Market.SPOT], "_handle", fail)

    answer = client.ask("ping")

    assert (answer["status"], answer["error"]["code"]) == (500, -1000)
    assert "ZeroDivisionError" in caplog.text
    caplog.clear()
