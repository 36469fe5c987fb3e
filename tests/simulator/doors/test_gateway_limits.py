"""Weights, order counts, connection attempts, bans."""

from __future__ import annotations

from typing import Any

import pytest
from gateway_client import LIMIT_BUY, START_US, MemoryClient, add_key, signed, venue

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.markets import Market
from binance_wsapi.simulator.doors.gateway import HandshakeRefused
from binance_wsapi.simulator.doors.request_limits import LimitRules, Window, weigh
from binance_wsapi.simulator.venue import Venue

MINUTE_US = 60_000_000


@pytest.fixture
def exchange() -> Venue:
    return venue()


def weight_of(answer: Any) -> int:
    return int(next(r["count"] for r in answer["rateLimits"] if "WEIGHT" in r["rateLimitType"]))


def orders_of(answer: Any) -> list[int]:
    return [row["count"] for row in answer["rateLimits"] if row["rateLimitType"] == "ORDERS"]


@pytest.mark.parametrize(
    ("method", "params", "weight"),
    [
        ("depth", {}, 5),
        ("depth", {"limit": 100}, 5),
        ("depth", {"limit": 101}, 25),
        ("depth", {"limit": 5000}, 250),
        ("ticker.24hr", {"symbol": "A"}, 2),
        ("ticker.24hr", {"symbols": ["A"] * 21}, 40),
        ("ticker.24hr", {}, 80),
        ("ticker", {"symbols": ["A", "B"]}, 8),
        ("ticker", {"symbols": ["A"] * 60}, 200),
        ("openOrders.status", {"symbol": "A"}, 6),
        ("openOrders.status", {}, 80),
        ("myTrades", {"orderId": 5}, 5),
        ("myTrades", {}, 20),
        ("order.test", {"computeCommissionRates": True}, 20),
        ("order.test", {"computeCommissionRates": False}, 1),
    ],
)
def test_documented_weights(method: str, params: dict[str, Any], weight: int) -> None:
    operation = operation_by_method(Market.SPOT, method)
    assert operation is not None

    assert weigh(operation.weight, params) == weight


def test_weight_is_counted_by_address(exchange: Venue) -> None:
    first, second = MemoryClient(exchange), MemoryClient(exchange)
    other = MemoryClient(exchange, remote="10.0.0.2")

    assert weight_of(first.ask("ping")) == 2 + 2 + 1
    assert weight_of(second.ask("ping")) == 2 + 2 + 1 + 1
    assert weight_of(other.ask("ping")) == 2 + 1


def test_weight_drops_at_the_border_of_the_minute(exchange: Venue) -> None:
    client = MemoryClient(exchange)
    client.ask("exchangeInfo")

    exchange.clock.set_to((START_US // MINUTE_US + 1) * MINUTE_US)

    assert weight_of(client.ask("ping")) == 1


def test_successful_orders_weigh_nothing_and_refused_ones_something(exchange: Venue) -> None:
    key = add_key(exchange, exchange.open_account({"USDT": "1000"}).uid)
    client = MemoryClient(exchange)
    before = weight_of(client.ask("ping"))

    placed = client.ask("order.place", signed(key, **LIMIT_BUY))
    refused = client.ask("order.place", signed(key, **(LIMIT_BUY | {"quantity": "100"})))

    assert weight_of(placed) == before
    assert refused["status"] == 400
    assert weight_of(refused) == before + 1


def test_too_much_weight_is_429_with_a_time_to_come_back(exchange: Venue) -> None:
    exchange.spot_limits.set_rules(LimitRules(weight=Window("MINUTE", 1, 30)))
    client = MemoryClient(exchange)
    client.ask("exchangeInfo")

    answer = client.ask("exchangeInfo")

    assert answer["status"] == 429
    assert answer["error"]["code"] == -1003
    border_ms = (START_US // MINUTE_US + 1) * MINUTE_US // 1_000
    assert answer["error"]["data"] == {"serverTime": START_US // 1_000, "retryAfter": border_ms}
    exchange.clock.set_to(border_ms * 1_000)
    assert client.ask("exchangeInfo")["status"] == 200


def test_going_on_after_429_bans_the_address_and_cuts_it_off(exchange: Venue) -> None:
    exchange.spot_limits.set_rules(
        LimitRules(weight=Window("MINUTE", 1, 10), offences_before_ban=3)
    )
    client, same = MemoryClient(exchange), MemoryClient(exchange)
    other = MemoryClient(exchange, remote="10.0.0.2")

    statuses = [client.ask("exchangeInfo")["status"] for _ in range(4)]

    assert statuses == [429, 429, 429, 418]
    assert client.wire.end is not None
    assert same.wire.end is not None
    assert other.wire.end is None
    with pytest.raises(HandshakeRefused) as refused:
        MemoryClient(exchange)
    assert refused.value.status == 418


def test_bans_grow_and_end(exchange: Venue) -> None:
    limits, clock = exchange.spot_limits, exchange.clock
    limits.ban("10.0.0.1")
    clock.advance(119.9)
    assert limits.is_banned("10.0.0.1")
    clock.advance(0.1)
    assert not limits.is_banned("10.0.0.1")

    limits.ban("10.0.0.1")
    clock.advance(120)
    assert limits.is_banned("10.0.0.1")
    clock.advance(120)
    assert MemoryClient(exchange).ask("ping")["status"] == 200

    for _ in range(20):
        limits.ban("10.0.0.1")
    clock.advance(3 * 86_400)
    assert not limits.is_banned("10.0.0.1")


def test_connection_attempts_are_limited(exchange: Venue) -> None:
    exchange.spot_limits.set_rules(LimitRules(connections=Window("MINUTE", 5, 3)))
    for _ in range(3):
        MemoryClient(exchange)

    with pytest.raises(HandshakeRefused) as refused:
        MemoryClient(exchange)

    assert refused.value.status == 429
    assert 0 < int(refused.value.headers["Retry-After"]) <= 300
    exchange.clock.advance(300)
    MemoryClient(exchange)


def test_orders_count_until_they_fill(exchange: Venue) -> None:
    key = add_key(exchange, exchange.open_account({"USDT": "100000"}).uid)
    client = MemoryClient(exchange)

    assert orders_of(client.ask("order.place", signed(key, **LIMIT_BUY))) == [1, 1]
    assert orders_of(client.ask("order.place", signed(key, **LIMIT_BUY))) == [2, 2]
    refused = client.ask("order.place", signed(key, **(LIMIT_BUY | {"price": "0.001"})))
    assert orders_of(refused) == [2, 2]

    seller = add_key(exchange, exchange.open_account({"BTC": "1"}).uid)
    taken = client.ask("order.place", signed(seller, **(LIMIT_BUY | {"side": "SELL"})))

    assert orders_of(taken) == [0, 0]
    assert orders_of(client.ask("order.place", signed(key, **LIMIT_BUY)))[0] < 3


def test_too_many_orders_are_429_by_account(exchange: Venue) -> None:
    rules = LimitRules(orders=(Window("SECOND", 10, 2), Window("DAY", 1, 100)))
    exchange.spot_limits.set_rules(rules)
    keys = [add_key(exchange, exchange.open_account({"USDT": "9999"}).uid) for _ in range(2)]
    client = MemoryClient(exchange)
    for _ in range(2):
        client.ask("order.place", signed(keys[0], **LIMIT_BUY))

    answer = client.ask("order.place", signed(keys[0], **LIMIT_BUY))

    assert answer["status"] == 429
    assert answer["error"]["code"] == -1015
    assert answer["error"]["msg"] == "Too many new orders; current limit is 2 orders per 10 SECOND."
    assert client.ask("order.place", signed(keys[1], **LIMIT_BUY))["status"] == 200
    exchange.clock.advance(10)
    later_ms = exchange.clock.now_us() // 1_000
    assert client.ask("order.place", signed(keys[0], later_ms, **LIMIT_BUY))["status"] == 200


def test_cancel_only_counts_the_request_itself_once(exchange: Venue) -> None:
    rules = LimitRules(orders=(Window("SECOND", 10, 2), Window("DAY", 1, 100)))
    exchange.spot_limits.set_rules(rules)
    key = add_key(exchange, exchange.open_account({"USDT": "9999"}).uid)
    client = MemoryClient(exchange)
    order_id = client.ask("order.place", signed(key, **LIMIT_BUY))["result"]["orderId"]

    def replace(order_id: int) -> Any:
        params = LIMIT_BUY | {
            "cancelReplaceMode": "STOP_ON_FAILURE",
            "orderRateLimitExceededMode": "CANCEL_ONLY",
            "cancelOrderId": order_id,
        }
        return client.ask("order.cancelReplace", signed(key, **params))

    within = replace(order_id)
    assert within["status"] == 200
    beyond = replace(within["result"]["newOrderResponse"]["orderId"])

    assert beyond["error"]["data"]["cancelResult"] == "SUCCESS"
    assert beyond["error"]["data"]["newOrderResponse"]["code"] == -1015


def test_switched_off_limits_count_and_let_through(exchange: Venue) -> None:
    exchange.spot_limits.set_rules(LimitRules(weight=Window("MINUTE", 1, 10)))
    exchange.spot_limits.enabled = False
    client = MemoryClient(exchange)

    answers = [client.ask("exchangeInfo") for _ in range(30)]

    assert {answer["status"] for answer in answers} == {200}
    assert weight_of(answers[-1]) == 2 + 30 * 20


def test_both_futures_markets_draw_on_one_pool(exchange: Venue) -> None:
    usdm, coinm = MemoryClient(exchange, "/ws-fapi/v1"), MemoryClient(exchange, "/ws-dapi/v1")
    usdm.ask("session.status")

    answer = coinm.ask("session.status")

    assert answer["rateLimits"][0]["limit"] == 2_400
    assert weight_of(answer) == 5 + 5 + 2 + 2
