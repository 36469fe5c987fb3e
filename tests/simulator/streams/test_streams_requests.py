from __future__ import annotations

import json
from random import Random
from typing import Any
from urllib.parse import quote

import pytest
from streams_bench import START_US, Bench, StreamBench

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.gateway import HandshakeRefused
from binance_wsapi.simulator.spot.market import SpotMarket
from binance_wsapi.simulator.spot.market_maker import MarketMaker


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_streams_come_and_go(bench: Bench) -> None:
    wire = bench.connect("/ws")
    assert wire.ask(method="SUBSCRIBE", params=["btcusdt@trade", "ethusdt@trade"], id=1) == {
        "result": None,
        "id": 1,
    }
    bench.trade("1")
    bench.trade("1", symbol="ETHUSDT")
    assert [event["s"] for event in wire.take()] == ["BTCUSDT", "ETHUSDT"]
    assert wire.ask(method="LIST_SUBSCRIPTIONS", id="list-1") == {
        "result": ["btcusdt@trade", "ethusdt@trade"],
        "id": "list-1",
    }
    assert wire.ask(method="UNSUBSCRIBE", params=["btcusdt@trade"], id=None)["id"] is None
    bench.trade("1")
    bench.trade("1", symbol="ETHUSDT")
    assert [event["s"] for event in wire.take()] == ["ETHUSDT"]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/ws/btcusdt@trade", ["btcusdt@trade"]),
        ("/ws/btcusdt@trade/ethusdt@depth@100ms", ["btcusdt@trade", "ethusdt@depth@100ms"]),
        ("/stream?streams=btcusdt@trade/ethusdt@trade", ["btcusdt@trade", "ethusdt@trade"]),
        ("/stream?streams=btcusdt%40trade%2Fethusdt%40trade", ["btcusdt@trade", "ethusdt@trade"]),
        ("/stream?streams=btcusdt@kline_1d@+08:00", ["btcusdt@kline_1d@+08:00"]),
        ("/stream?streams=btcusdt@kline_1d@%2B08:00", ["btcusdt@kline_1d@+08:00"]),
        ("/ws/btcusdt@kline_1d@+08:00", ["btcusdt@kline_1d@+08:00"]),
        ("/stream", []),
        ("/ws", []),
    ],
)
def test_the_address_names_streams(bench: Bench, path: str, names: list[str]) -> None:
    wire = bench.connect(path)

    assert wire.connection.streams == tuple(names)
    assert bench.hub.running == tuple(names)


def test_names_outside_ascii_come_encoded_and_go_as_utf8() -> None:
    clock = SimulatedClock(start_us=START_US, frozen=True)
    market = SpotMarket(clock, Random(0))
    bench = StreamBench(clock, market)
    wire = bench.connect(f"/stream?streams={quote('这是测试币456@trade')}")
    MarketMaker(clock, market, Random(0), ["这是测试币456"]).start()

    (event,) = wire.take()
    assert event["stream"] == "这是测试币456@trade"
    assert event["data"]["s"] == "这是测试币456"


def test_combined_is_a_property(bench: Bench) -> None:
    raw, combined = (
        bench.connect("/ws/btcusdt@trade"),
        bench.connect("/stream?streams=btcusdt@trade"),
    )
    assert raw.ask(method="GET_PROPERTY", params=["combined"], id=2) == {"result": False, "id": 2}
    assert combined.ask(method="GET_PROPERTY", params=["combined"], id=2)["result"] is True
    assert raw.ask(method="SET_PROPERTY", params=["combined", True], id=5) == {
        "result": None,
        "id": 5,
    }
    bench.trade("1")

    assert raw.take() == combined.take()


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (
            {"method": "SET_PROPERTY", "params": ["split", True], "id": 1},
            {"code": 0, "msg": "Unknown property", "id": 1},
        ),
        (
            {"method": "GET_PROPERTY", "params": ["split"], "id": 1},
            {"code": 0, "msg": "Unknown property", "id": 1},
        ),
        (
            {"method": "SET_PROPERTY", "params": ["combined", "yes"], "id": 1},
            {"code": 1, "msg": "Invalid value type: expected Boolean", "id": 1},
        ),
        (
            {"method": "SET_PROPERTY", "params": ["combined"], "id": 1},
            {"code": 1, "msg": "Invalid value type: expected Boolean", "id": 1},
        ),
        (
            {"method": "GET_PROPERTY", "params": [5], "id": 1},
            {"code": 2, "msg": "Invalid request: property name must be a string", "id": 1},
        ),
        (
            {"method": "GET_PROPERTY", "id": 1},
            {"code": 2, "msg": "Invalid request: property name must be a string", "id": 1},
        ),
        (
            {"method": "LIST_SUBSCRIPTIONS", "params": ["x"], "id": 1},
            {"code": 2, "msg": "Invalid request: too many parameters", "id": 1},
        ),
        (
            {"method": "GET_PROPERTY", "params": ["combined", 1], "id": 1},
            {"code": 2, "msg": "Invalid request: too many parameters", "id": 1},
        ),
        (
            {"params": ["btcusdt@trade"], "id": 1},
            {
                "code": 2,
                "msg": "Invalid request: missing field `method` at line 1 column 38",
                "id": 1,
            },
        ),
    ],
)
def test_bad_requests_get_the_documented_error(
    bench: Bench, request_: dict[str, Any], answer: dict[str, Any]
) -> None:
    assert bench.connect("/ws").ask_text(json.dumps(request_)) == answer


@pytest.mark.parametrize("request_id", [1.5, True, "with blank", "x" * 37, "", [1], 2**63])
def test_ids_of_other_types_are_refused(bench: Bench, request_id: Any) -> None:
    wire = bench.connect("/ws")
    assert wire.ask(method="LIST_SUBSCRIPTIONS", id=request_id) == {
        "code": 2,
        "msg": "Invalid request: request ID must be an unsigned integer",
    }
    assert wire.ask(method="LIST_SUBSCRIPTIONS")["code"] == 2


def test_an_unknown_method_is_named(bench: Bench) -> None:
    answer = bench.connect("/ws").ask_text('{"method":"SUBSCRIB","params":[],"id":1}')

    assert answer == {
        "code": 2,
        "msg": "Invalid request: unknown variant `SUBSCRIB`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, "
        "`LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY` at line 1 column 20",
        "id": 1,
    }


def test_broken_json_is_told_where(bench: Bench) -> None:
    answer = bench.connect("/ws").ask_text('{"method":\n subscribe}')

    assert answer == {"code": 3, "msg": "Invalid JSON: expected value at line 2 column 2"}


@pytest.mark.parametrize("frame", ["", "{", b"\xff\xfe", "[" * 4_000, "nope", "1", "[]", '"x"'])
def test_nonsense_is_refused_and_the_connection_lives(bench: Bench, frame: Any) -> None:
    wire = bench.connect("/ws")

    assert wire.ask_text(frame)["code"] in (2, 3)
    assert wire.ask(method="LIST_SUBSCRIPTIONS", id=1) == {"result": [], "id": 1}


def test_streams_that_do_not_exist_stay_silent(bench: Bench) -> None:
    wire = bench.connect("/ws/BTCUSDT@trade")
    assert (
        wire.ask(method="SUBSCRIBE", params=["nope@trade", "btcusdt@what"], id=1)["result"] is None
    )
    bench.trade("1")

    assert wire.take() == []
    assert wire.ask(method="LIST_SUBSCRIPTIONS", id=1)["result"] == [
        "BTCUSDT@trade",
        "nope@trade",
        "btcusdt@what",
    ]
    assert bench.hub.running == ()


def test_a_stream_is_delivered_once_however_often_asked_for(bench: Bench) -> None:
    wire = bench.connect("/ws/btcusdt@trade/btcusdt@trade")
    wire.ask(method="SUBSCRIBE", params=["btcusdt@trade"], id=1)
    bench.trade("1")

    assert len(wire.take()) == 1


def test_the_sixth_message_in_a_second_ends_the_connection(bench: Bench) -> None:
    wire = bench.connect("/ws/btcusdt@trade")
    for _ in range(3):
        wire.ask(method="LIST_SUBSCRIPTIONS", id=1)
    wire.door.pong(b"")
    assert wire.door.pinged(b"")
    assert wire.is_open()
    wire.door.receive('{"method":"LIST_SUBSCRIPTIONS","id":1}')

    assert wire.closing == (1008, "Too many requests")
    assert bench.hub.running == ()
    assert bench.gateway.connections == []
    assert bench.server.connections == ()
    bench.trade("1")
    wire.door.receive('{"method":"LIST_SUBSCRIPTIONS","id":1}')
    wire.door.closed()
    assert wire.take() == []


def test_five_messages_in_each_second_are_fine(bench: Bench) -> None:
    wire = bench.connect("/ws")
    for _ in range(4):
        for _ in range(5):
            wire.ask(method="LIST_SUBSCRIPTIONS", id=1)
        bench.clock.advance(1)

    assert wire.is_open()


def test_a_connection_holds_1024_streams(bench: Bench) -> None:
    names = [f"s{number}@trade" for number in range(1_025)]
    wire = bench.connect("/ws")
    for first in range(0, 1_024, 128):
        asked = names[first : first + 128]
        assert wire.ask(method="SUBSCRIBE", params=asked, id=1)["result"] is None
        bench.clock.advance(1)
    assert wire.ask(method="SUBSCRIBE", params=names[:7], id=1)["result"] is None
    wire.door.receive(json.dumps({"method": "SUBSCRIBE", "params": names[-1:], "id": 1}))

    assert wire.closing == (1008, "Too many streams")
    with pytest.raises(HandshakeRefused):
        bench.connect("/ws/" + "/".join(names))


@pytest.mark.parametrize("method", ["SUBSCRIBE", "UNSUBSCRIBE"])
def test_message_of_more_than_4096_bytes_is_not_answered(bench: Bench, method: str) -> None:
    wire = bench.connect("/ws")

    def message(size: int) -> str:
        empty = json.dumps({"method": method, "params": [""], "id": 1})
        name = "ü" + "x" * (size - len(empty) - 2)  # two bytes and the rest
        return json.dumps({"method": method, "params": [name], "id": 1}, ensure_ascii=False)

    for size, is_answered in ((4_096, True), (4_097, False)):
        assert len(message(size).encode()) == size
        wire.door.receive(message(size))
        assert bool(wire.take()) is is_answered
    assert wire.is_open()


def test_nobody_listening_means_no_timers(bench: Bench) -> None:
    names = ["btcusdt@ticker", "btcusdt@depth@100ms", "btcusdt@kline_1m", "!miniTicker@arr"]
    wire = bench.connect("/stream?streams=" + "/".join(names))
    other = bench.connect("/ws/btcusdt@ticker")
    assert bench.clock.next_due_us() is not None
    wire.door.closed()
    assert bench.hub.running == ("btcusdt@ticker",)
    other.door.closed()

    assert bench.clock.next_due_us() is None
    assert bench.gateway.connections == []
    assert bench.server.connections == ()


@pytest.mark.parametrize(
    ("path", "wrapped"), [("/ws/btcusdt@trade", False), ("/stream?streams=btcusdt@trade", True)]
)
def test_a_shutdown_is_announced(bench: Bench, path: str, wrapped: bool) -> None:
    wire = bench.connect(path)
    bench.gateway.announce_shutdown()

    event = {"e": "serverShutdown", "E": bench.clock.now_us() // 1_000}
    assert wire.take() == [{"stream": "!serverShutdown", "data": event} if wrapped else event]


def test_pings_and_the_end_of_the_day_are_the_gateways(bench: Bench) -> None:
    wire = bench.connect("/ws/btcusdt@trade")
    for _ in range(10):
        bench.clock.advance(20)
        wire.door.pong(wire.pings[-1])
    assert len(wire.pings) == 10
    assert wire.is_open()
    bench.clock.advance(24 * 3_600)

    assert not wire.is_open()
    assert bench.hub.running == ()
