"""Scripted faults, in memory: what the client sees and what the engine did."""

from __future__ import annotations

from typing import Any

import pytest
from gateway_client import LIMIT_BUY, START_US, MemoryClient, add_key, signed, venue

from binance_wsapi.simulator.doors.gateway import HandshakeRefused
from binance_wsapi.simulator.key_making import Key
from binance_wsapi.simulator.venue import Venue


@pytest.fixture
def exchange() -> Venue:
    return venue()


@pytest.fixture
def key(exchange: Venue) -> Key:
    return add_key(exchange, exchange.open_account({"USDT": "100000"}).uid)


@pytest.fixture
def client(exchange: Venue) -> MemoryClient:
    return MemoryClient(exchange)


def place(client: MemoryClient, key: Key) -> object:
    return client.send("order.place", signed(key, **LIMIT_BUY))


def open_orders(exchange: Venue) -> int:
    (account,) = exchange.spot.accounts.values()
    orders = exchange.spot.handle("openOrders.status", {}, account)
    assert isinstance(orders, list)
    return len(orders)


def test_a_request_is_refused(exchange: Venue, client: MemoryClient, key: Key) -> None:
    fault = exchange.faults.on("order.place").refuse(-2010, "No.", data={"a": 1})

    answer = client.answer(place(client, key))

    assert answer["error"] == {"code": -2010, "msg": "No.", "data": {"a": 1}}
    assert fault.hits == 1
    assert open_orders(exchange) == 0
    assert client.answer(place(client, key))["status"] == 200


@pytest.mark.parametrize("executed", [True, False])
@pytest.mark.parametrize(("code", "status"), [(-1006, 500), (-1007, 500), (-1000, 503)])
def test_unknown_outcomes(
    exchange: Venue, client: MemoryClient, key: Key, code: int, status: int, executed: bool
) -> None:
    chosen = exchange.faults.on("order.place")
    if code == -1000:
        chosen.server_error(executed=executed)
    else:
        chosen.unknown_outcome(code, executed=executed)

    answer = client.answer(place(client, key))

    assert (answer["status"], answer["error"]["code"]) == (status, code)
    assert open_orders(exchange) == executed


def test_dropped_before_acceptance(exchange: Venue, client: MemoryClient, key: Key) -> None:
    exchange.faults.on("order.place").drop_before_acceptance()

    place(client, key)

    assert client.wire.cut == b""
    assert client.wire.frames == []
    assert open_orders(exchange) == 0


def test_dropped_after_acceptance(exchange: Venue, client: MemoryClient, key: Key) -> None:
    exchange.faults.on("order.place").drop_after_acceptance()

    place(client, key)

    assert client.wire.cut == b""
    assert client.wire.frames == []
    assert open_orders(exchange) == 1


def test_cut_in_the_middle_of_the_answer(exchange: Venue, client: MemoryClient, key: Key) -> None:
    exchange.faults.on("order.place").cut_mid_frame()

    place(client, key)

    assert client.wire.cut is not None
    assert client.wire.cut.startswith(b'{"id":')
    assert open_orders(exchange) == 1


@pytest.mark.parametrize(("fault", "orders"), [("swallow", 0), ("lose_answer", 1)])
def test_no_answer(
    exchange: Venue, client: MemoryClient, key: Key, fault: str, orders: int
) -> None:
    getattr(exchange.faults.on("order.place"), fault)()

    place(client, key)

    assert client.wire.frames == []
    assert client.wire.cut is None
    assert open_orders(exchange) == orders


def test_answered_twice(exchange: Venue, client: MemoryClient) -> None:
    exchange.faults.on("ping").duplicate_answer()

    client.send("ping", id=1)

    assert [frame["id"] for frame in client.wire.frames] == [1, 1]


def test_delayed_requests_reach_the_engine_later(
    exchange: Venue, client: MemoryClient, key: Key
) -> None:
    exchange.faults.on("order.place").delay(3)
    place(client, key)
    assert open_orders(exchange) == 0

    exchange.clock.advance(3)

    assert open_orders(exchange) == 1
    assert client.wire.frames[0]["status"] == 200


def test_a_delayed_request_outlives_its_connection(
    exchange: Venue, client: MemoryClient, key: Key
) -> None:
    exchange.faults.on("order.place").delay(3)
    place(client, key)

    client.door.closed()
    exchange.clock.advance(3)

    assert open_orders(exchange) == 1
    assert client.wire.frames == []


def test_delayed_answers_tell_of_what_is_done(
    exchange: Venue, client: MemoryClient, key: Key
) -> None:
    exchange.faults.on("order.place").delay_answer(3)
    place(client, key)
    assert open_orders(exchange) == 1
    assert client.wire.frames == []

    exchange.clock.advance(3)

    assert client.wire.frames[0]["status"] == 200


def test_answers_in_another_order(exchange: Venue, client: MemoryClient) -> None:
    exchange.faults.on().reorder_answers(3)

    for request_id in range(5):
        client.send("ping", id=request_id)

    assert [frame["id"] for frame in client.wire.frames] == [2, 1, 0, 3, 4]


@pytest.mark.parametrize(("fault", "status"), [("rate_limited", 429), ("banned", 418)])
def test_limits_by_script(exchange: Venue, client: MemoryClient, fault: str, status: int) -> None:
    getattr(exchange.faults.on("ping"), fault)(retry_after=30)

    answer = client.ask("ping")

    assert answer["status"] == status
    assert answer["error"]["data"]["retryAfter"] == START_US // 1_000 + 30_000
    assert client.ask("ping")["status"] == 200


def test_faults_choose_by_condition_and_count(exchange: Venue, client: MemoryClient) -> None:
    fault = exchange.faults.on(
        "depth", when=lambda request: request.params["symbol"] == "ETHUSDT", skip=1
    ).refuse(-1001, times=2)

    def statuses(symbol: str) -> list[int]:
        return [client.ask("depth", {"symbol": symbol})["status"] for _ in range(4)]

    assert statuses("BTCUSDT") == [200] * 4
    assert statuses("ETHUSDT") == [200, 400, 400, 200]
    assert fault.hits == 2


def test_the_first_of_two_rules_counts_until_it_is_over(
    exchange: Venue, client: MemoryClient
) -> None:
    exchange.faults.on("ping").refuse(-1001)
    second = exchange.faults.on("ping").refuse(-1002, times=None)

    codes = [client.ask("ping")["error"]["code"] for _ in range(3)]

    assert codes == [-1001, -1002, -1002]
    second.end()
    assert client.ask("ping")["status"] == 200


def test_clear_ends_everything(exchange: Venue, client: MemoryClient) -> None:
    exchange.faults.on().swallow(times=None)
    exchange.faults.refuse_handshakes(times=None)
    exchange.faults.half_open()

    exchange.faults.clear()

    assert client.ask("ping")["status"] == 200
    MemoryClient(exchange)


def test_a_refused_logon(exchange: Venue, client: MemoryClient, key: Key) -> None:
    exchange.faults.refuse_logon()

    assert client.ask("session.logon", signed(key))["error"]["code"] == -2015
    assert client.ask("session.logon", signed(key))["status"] == 200


@pytest.mark.parametrize("status", [403, 429, 503])
def test_refused_handshakes(exchange: Venue, status: int) -> None:
    fault = exchange.faults.refuse_handshakes(status, path="/ws-api", retry_after=7)

    with pytest.raises(HandshakeRefused) as refused:
        MemoryClient(exchange)

    assert refused.value.status == status
    assert refused.value.headers["Retry-After"] == "7"
    assert fault.hits == 1
    MemoryClient(exchange)


def test_half_open_says_and_hears_nothing(exchange: Venue, client: MemoryClient, key: Key) -> None:
    client.ask("userDataStream.subscribe.signature", signed(key))
    fault = exchange.faults.half_open()

    place(client, key)
    exchange.clock.advance(20)

    assert fault.hits == 1
    assert client.wire.frames == []
    assert client.wire.pings == []
    assert client.door.pinged(b"") is False
    assert open_orders(exchange) == 0
    assert MemoryClient(exchange).ask("ping")["status"] == 200
    fault.end()
    assert client.ask("ping")["status"] == 200


def test_slow_reads_hold_the_wire(exchange: Venue, client: MemoryClient) -> None:
    fault = exchange.faults.slow_reads()
    assert client.wire.is_held

    fault.end()

    assert not client.wire.is_held


def test_a_wrong_clock(exchange: Venue, client: MemoryClient, key: Key) -> None:
    exchange.faults.skew_clock(-2)

    answer = client.ask("account.status", signed(key))

    assert "ahead of the server" in answer["error"]["msg"]
    assert client.ask("time")["result"]["serverTime"] == START_US // 1_000 - 2_000


def event_types(client: MemoryClient) -> list[Any]:
    return [frame["event"]["e"] for frame in client.events]


def test_events_are_lost_doubled_and_reordered(
    exchange: Venue, client: MemoryClient, key: Key
) -> None:
    client.ask("userDataStream.subscribe.signature", signed(key))
    lost = exchange.faults.on_event("executionReport").lose()
    exchange.faults.on_event("outboundAccountPosition").duplicate()

    place(client, key)

    assert lost.hits == 1
    assert event_types(client) == ["outboundAccountPosition"] * 2
    client.wire.frames.clear()
    exchange.faults.on_event().reorder(2)
    place(client, key)
    assert event_types(client) == ["outboundAccountPosition", "executionReport"]


def test_event_faults_reach_market_streams(exchange: Venue, client: MemoryClient, key: Key) -> None:
    stream = MemoryClient(exchange, "/stream?streams=btcusdt@trade")
    exchange.faults.on_event("trade").lose()
    seller = add_key(exchange, exchange.open_account({"BTC": "1"}).uid)

    for _ in range(2):
        place(client, key)
        client.ask("order.place", signed(seller, **(LIMIT_BUY | {"side": "SELL"})))

    assert [frame["data"]["e"] for frame in stream.wire.frames] == ["trade"]


def test_waiting_for_a_fault_that_does_not_come(exchange: Venue) -> None:
    fault = exchange.faults.on("ping").swallow()

    with pytest.raises(TimeoutError, match="0 of 1 times"):
        fault.wait(timeout=0.01)


def test_a_script_of_ones_own(exchange: Venue, client: MemoryClient) -> None:
    exchange.faults.on("ping").do(lambda pending: pending.send(b'{"odd": true}'))

    client.send("ping")

    assert client.wire.frames == [{"odd": True}]
