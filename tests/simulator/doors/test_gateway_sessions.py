"""Logon, user data subscriptions and what ends them."""

from __future__ import annotations

from typing import Any

import pytest
from gateway_client import LIMIT_BUY, START_US, MemoryClient, add_key, signed, venue

from binance_wsapi.simulator.key_making import Key, KeyTypeName
from binance_wsapi.simulator.venue import Venue

NOW_MS = START_US // 1_000


@pytest.fixture
def exchange() -> Venue:
    return venue()


@pytest.fixture
def key(exchange: Venue) -> Key:
    return add_key(exchange, exchange.open_account({"USDT": "100000"}).uid)


@pytest.fixture
def client(exchange: Venue) -> MemoryClient:
    return MemoryClient(exchange)


def stamped(**params: Any) -> dict[str, Any]:
    return {"timestamp": NOW_MS, **params}


def test_logon_makes_key_and_signature_needless(client: MemoryClient, key: Key) -> None:
    logon = client.ask("session.logon", signed(key))

    assert logon["result"] == {
        "apiKey": key.api_key,
        "authorizedSince": NOW_MS,
        "connectedSince": NOW_MS,
        "returnRateLimits": True,
        "serverTime": NOW_MS,
        "userDataStream": False,
    }
    assert client.ask("account.status", stamped())["status"] == 200
    assert client.ask("order.place", stamped(**LIMIT_BUY))["status"] == 200


def test_a_timestamp_is_needed_after_logon_too(client: MemoryClient, key: Key) -> None:
    client.ask("session.logon", signed(key))

    assert "'timestamp'" in client.ask("account.status")["error"]["msg"]
    assert client.ask("account.status", stamped(timestamp=NOW_MS - 9_000))["error"]["code"] == -1021


@pytest.mark.parametrize("key_type", ["hmac", "rsa"])
def test_only_ed25519_logs_on(
    exchange: Venue, client: MemoryClient, key: Key, key_type: KeyTypeName
) -> None:
    other = add_key(exchange, next(iter(exchange.spot.accounts)), key_type)

    assert client.ask("session.logon", signed(other))["error"]["code"] == -4056
    assert client.ask("session.status")["result"]["apiKey"] is None


def test_a_refused_logon_changes_nothing(client: MemoryClient, key: Key) -> None:
    client.ask("session.logon", signed(key))

    assert client.ask("session.logon", signed(key, recvWindow=1) | {"recvWindow": 2})["error"]
    assert client.ask("session.status")["result"]["apiKey"] == key.api_key


def test_logout_forgets_the_key(client: MemoryClient, key: Key) -> None:
    client.ask("session.logon", signed(key))

    status = client.ask("session.logout")["result"]

    assert status["apiKey"] is None
    assert status["authorizedSince"] is None
    assert client.ask("account.status", stamped())["error"]["code"] == -1102


def test_another_key_may_sign_one_request(exchange: Venue, client: MemoryClient, key: Key) -> None:
    other = exchange.open_account({"USDT": "7"})
    client.ask("session.logon", signed(key))

    answer = client.ask("account.status", signed(add_key(exchange, other.uid)))

    assert answer["result"]["uid"] == other.uid
    assert client.ask("account.status", stamped())["result"]["uid"] != other.uid


def test_subscribing_needs_a_logon(client: MemoryClient, key: Key) -> None:
    assert client.ask("userDataStream.subscribe")["status"] == 401

    client.ask("session.logon", signed(key))

    assert client.ask("userDataStream.subscribe")["result"] == {"subscriptionId": 0}
    assert client.ask("session.status")["result"]["userDataStream"] is True


def test_events_carry_their_subscription(client: MemoryClient, key: Key) -> None:
    client.ask("session.logon", signed(key))
    client.ask("userDataStream.subscribe")

    client.ask("order.place", stamped(**LIMIT_BUY))

    assert {event["subscriptionId"] for event in client.events} == {0}
    assert [event["event"]["e"] for event in client.events] == [
        "executionReport",
        "outboundAccountPosition",
    ]
    assert client.events[0]["event"]["E"] == NOW_MS


def test_one_account_subscribes_once(client: MemoryClient, key: Key) -> None:
    client.ask("session.logon", signed(key))
    client.ask("userDataStream.subscribe")

    again = client.ask("userDataStream.subscribe")
    by_signature = client.ask("userDataStream.subscribe.signature", signed(key))

    assert again["error"]["code"] == by_signature["error"]["code"] == -2035


def test_several_accounts_on_one_connection(exchange: Venue, client: MemoryClient) -> None:
    accounts = [exchange.open_account({"USDT": "100000"}) for _ in range(2)]
    keys = [add_key(exchange, account.uid, "hmac") for account in accounts]
    for expected, key in enumerate(keys):
        answer = client.ask("userDataStream.subscribe.signature", signed(key))
        assert answer["result"] == {"subscriptionId": expected}

    client.ask("order.place", signed(keys[1], **LIMIT_BUY))

    assert {event["subscriptionId"] for event in client.events} == {1}
    assert client.ask("session.subscriptions")["result"] == [
        {"subscriptionId": 0},
        {"subscriptionId": 1},
    ]


def test_ids_of_subscriptions_are_not_used_again(client: MemoryClient, key: Key) -> None:
    client.ask("userDataStream.subscribe.signature", signed(key))

    assert client.ask("userDataStream.unsubscribe", {"subscriptionId": 0})["result"] == {}
    assert client.events[-1]["event"]["e"] == "eventStreamTerminated"
    again = client.ask("userDataStream.subscribe.signature", signed(key))
    assert again["result"] == {"subscriptionId": 1}


def test_unsubscribing_nothing(client: MemoryClient, key: Key) -> None:
    assert client.ask("userDataStream.unsubscribe")["result"] == {}
    unknown = client.ask("userDataStream.unsubscribe", {"subscriptionId": 3})
    assert unknown["error"]["code"] == -2036


def test_after_unsubscribing_all_no_event_comes(client: MemoryClient, key: Key) -> None:
    client.ask("userDataStream.subscribe.signature", signed(key))
    client.ask("userDataStream.unsubscribe")
    before = len(client.events)

    client.ask("order.place", signed(key, **LIMIT_BUY))

    assert len(client.events) == before


def test_logout_ends_the_logons_subscription_alone(
    exchange: Venue, client: MemoryClient, key: Key
) -> None:
    other = add_key(exchange, exchange.open_account().uid, "hmac")
    client.ask("session.logon", signed(key))
    client.ask("userDataStream.subscribe")
    client.ask("userDataStream.subscribe.signature", signed(other))

    client.ask("session.logout")

    assert client.ask("session.subscriptions")["result"] == [{"subscriptionId": 1}]
    (ended,) = client.events
    assert ended["subscriptionId"] == 0
    assert ended["event"] == {"e": "eventStreamTerminated", "E": NOW_MS}


def test_too_many_subscription_ids(
    client: MemoryClient, key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("binance_wsapi.simulator.doors.sessions.MAX_SUBSCRIPTION_IDS", 1)
    client.ask("userDataStream.subscribe.signature", signed(key))
    client.ask("userDataStream.unsubscribe")

    answer = client.ask("userDataStream.subscribe.signature", signed(key))

    assert answer["error"]["code"] == -2042


REVOKED = {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}


def test_a_revoked_key_ends_the_logon_at_the_next_request(
    exchange: Venue, client: MemoryClient, key: Key
) -> None:
    client.ask("session.logon", signed(key))
    exchange.keys.revoke(key.api_key)
    assert client.wire.frames == []

    client.send("account.status", stamped())

    assert client.wire.frames == [{"id": None, "status": 401, "error": REVOKED}]
    assert client.ask("session.status")["result"]["apiKey"] is None


def test_a_revoked_key_does_not_stop_public_requests(
    exchange: Venue, client: MemoryClient, key: Key
) -> None:
    client.ask("session.logon", signed(key))
    client.ask("userDataStream.subscribe")
    exchange.keys.revoke(key.api_key)

    assert client.ask("ping")["status"] == 200
    ended, revoked = client.wire.frames
    assert ended["event"]["e"] == "eventStreamTerminated"
    assert revoked["id"] is None


def test_a_key_whose_address_is_no_longer_allowed_is_revoked(
    exchange: Venue, client: MemoryClient, key: Key
) -> None:
    client.ask("session.logon", signed(key))
    uid = next(iter(exchange.spot.accounts))
    exchange.keys.of_account(uid)[0].ips = frozenset({"10.9.9.9"})

    client.send("order.place", stamped(**LIMIT_BUY))

    assert client.wire.frames[-1]["error"] == REVOKED
    assert not exchange.spot.handle("openOrders.status", {}, exchange.spot.accounts[uid])


def test_a_lost_connection_lets_go_of_the_account(
    exchange: Venue, client: MemoryClient, key: Key
) -> None:
    client.ask("userDataStream.subscribe.signature", signed(key))
    (account,) = exchange.spot.accounts.values()
    before = len(account.listeners)

    client.door.closed()

    assert len(account.listeners) == before - 1


def test_listen_tokens_subscribe_margin_accounts(exchange: Venue, client: MemoryClient) -> None:
    owner = exchange.open_account()
    token = exchange.margin.create_token(owner.uid, {"validity": "60000"})["token"]

    result = client.ask("userDataStream.subscribe.listenToken", {"listenToken": token})["result"]
    assert result == {"subscriptionId": 0, "expirationTime": START_US + 60_000_000}

    exchange.clock.advance(40)
    longer = exchange.margin.create_token(owner.uid, {"validity": "60000"})["token"]
    again = client.ask("userDataStream.subscribe.listenToken", {"listenToken": longer})["result"]
    assert again == {"subscriptionId": 0, "expirationTime": START_US + 100_000_000}

    exchange.clock.advance(59)
    assert client.events == []
    exchange.clock.advance(1)
    assert [event["event"]["e"] for event in client.events] == ["eventStreamTerminated"]
    spent = client.ask("userDataStream.subscribe.listenToken", {"listenToken": longer})
    assert spent["error"]["code"] == -1209


def test_futures_have_logon_and_no_subscriptions(exchange: Venue, key: Key) -> None:
    client = MemoryClient(exchange, "/ws-fapi/v1")

    assert "userDataStream" not in client.ask("session.logon", signed(key))["result"]
    assert client.ask("userDataStream.subscribe")["error"]["code"] == -1020
    assert client.ask("account.balance", stamped())["status"] == 200
