"""Margin user data: listen tokens from REST, renewed in time, recovered after anything."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from callers import WAIT_S, Caller

from binance_wsapi import (
    AuthenticationFailed,
    BinanceWsApiError,
    ClientClosed,
    ConfigurationError,
    EventStream,
    NotSent,
    RequestRejected,
    StreamGap,
    WsKey,
)
from binance_wsapi.core import listen_key, listen_token
from binance_wsapi.models.margin_events import MarginLevelUpdate
from binance_wsapi.models.user_events import BalanceUpdate, EventStreamTerminated, OrderUpdate
from binance_wsapi.simulator import AccountHandle, SimulatedExchange

Connect = Callable[..., Caller]

TOKEN_METHOD = "userDataStream.subscribe.listenToken"


@pytest.fixture
def account(exchange: SimulatedExchange) -> AccountHandle:
    return exchange.create_account()


def subscribe(caller: Caller, symbol: str | None = None) -> EventStream[Any]:
    stream: EventStream[Any] = caller.call(
        lambda client: client.subscribe_user_data_stream(
            WsKey.MARGIN_USER_DATA, isolated_symbol=symbol
        )
    )
    return stream


def unsubscribe(caller: Caller, symbol: str | None = None) -> None:
    caller.call(
        lambda client: client.unsubscribe_user_data_stream(
            WsKey.MARGIN_USER_DATA, isolated_symbol=symbol
        )
    )


def place(account: AccountHandle) -> int:
    """Rest an order on a margin account that has been given money before, and return its id."""
    answer = account.request(
        "order.place",
        {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "0.01",
            "price": "50000.00",
        },
    )
    order_id: int = answer["orderId"]
    return order_id


def next_of(caller: Caller, stream: EventStream[Any], kind: type[Any]) -> Any:
    for _ in range(50):
        event = caller.next_event(stream)
        if isinstance(event, kind):
            return event
    raise AssertionError(f"no {kind.__name__}")


def wait_for_subscriptions(exchange: SimulatedExchange, count: int) -> list[Any]:
    """Wait until tokens were subscribed so often; return them."""
    frames = exchange.journal.wait_for(
        lambda frame: frame.direction == "in" and frame.method == TOKEN_METHOD,
        WAIT_S,
        count=count,
    )
    return [frame.payload["params"]["listenToken"] for frame in frames]


@pytest.mark.parametrize("key_type", ["ed25519", "hmac", "rsa"])
def test_events_of_the_cross_account(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, key_type: Any
) -> None:
    caller = connect(account.create_key(key_type))
    stream = subscribe(caller)
    cross = account.margin()

    cross.deposit("USDT", 1_000)
    order_id = place(cross)

    assert next_of(caller, stream, BalanceUpdate).asset == "USDT"
    assert next_of(caller, stream, OrderUpdate).order_id == order_id


def test_isolated_accounts_have_streams_of_their_own(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect(account.create_key())
    cross, bitcoin, ether = (subscribe(caller, symbol) for symbol in (None, "BTCUSDT", "ETHUSDT"))

    account.margin("ETHUSDT").deposit("USDT", 3)
    account.margin().deposit("USDT", 1)
    account.margin("BTCUSDT").deposit("USDT", 2)

    assert next_of(caller, cross, BalanceUpdate).balance_delta == 1
    assert next_of(caller, bitcoin, BalanceUpdate).balance_delta == 2
    assert next_of(caller, ether, BalanceUpdate).balance_delta == 3
    assert subscribe(caller, "BTCUSDT") is bitcoin
    assert [len(stream) for stream in (cross, bitcoin, ether)] == [1, 1, 1], (
        "outboundAccountPosition is left of each"
    )


def test_token_is_renewed_before_it_expires_without_a_gap(
    connect: Connect,
    exchange: SimulatedExchange,
    account: AccountHandle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listen_token, "RENEW_AT", 1e-9)  # at once: a second is the least
    caller = connect(account.create_key())
    stream = subscribe(caller)

    tokens = wait_for_subscriptions(exchange, 2)

    assert len(set(tokens)) == 2
    exchange.clock.advance(24 * 3600 - 2)  # the first token would have run out in the next hours
    account.margin().deposit("USDT", 1)
    event = caller.next_event(stream)
    assert isinstance(event, BalanceUpdate)
    assert len(exchange.journal.connections()) == 1, "on the same connection"


def test_token_is_renewed_while_it_lives(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect(account.create_key())
    subscribe(caller)
    core: Any = caller.client._core

    async def due_in() -> float:
        subscription, _ = core.user_data._kept[WsKey.MARGIN_USER_DATA, None]
        due: float = subscription._renewal.when() - core.runtime.loop.time()
        return due

    day = 24 * 3600
    assert day / 2 < core.runtime.run(due_in).result(WAIT_S) < day * 0.95


@pytest.mark.parametrize("failing", ["token", "subscription"])
def test_renewal_that_fails_is_tried_again(
    connect: Connect,
    exchange: SimulatedExchange,
    account: AccountHandle,
    monkeypatch: pytest.MonkeyPatch,
    failing: str,
) -> None:
    caller = connect(account.create_key(), resubscribe_user_data_stream_delay_seconds=0.01)
    with monkeypatch.context() as soon:
        soon.setattr(listen_token, "RENEW_AT", 1e-9)  # a second is the least
        stream = subscribe(caller)
    if failing == "token":
        failed = exchange.faults.refuse_rest(503)
    else:
        failed = exchange.faults.on(TOKEN_METHOD).refuse(-1000, "An unknown error occurred.")

    failed.wait(1)

    wait_for_subscriptions(exchange, 2 if failing == "token" else 3)
    account.margin().deposit("USDT", 1)
    assert isinstance(caller.next_event(stream), BalanceUpdate), "no gap"


def test_token_is_left_to_expire_when_that_is_asked_for(
    connect: Connect,
    exchange: SimulatedExchange,
    account: AccountHandle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listen_token, "RENEW_AT", 1e-9)
    caller = connect(account.create_key(), keep_margin_listen_token_refreshed=False)
    subscribe(caller)
    core = caller.client._core

    subscription, _ = core.user_data._kept[WsKey.MARGIN_USER_DATA, None]

    assert isinstance(subscription, listen_token.ListenTokenUserData)
    assert subscription._renewal is None


def test_ended_subscription_is_recovered(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect(account.create_key(), resubscribe_user_data_stream_delay_seconds=0.01)
    stream = subscribe(caller)
    other = subscribe(caller, "BTCUSDT")

    def end_of_cross() -> None:
        [connection] = exchange.venue.gateway.connections
        inner: Any = connection.inner
        [subscription] = [each for each in inner._subscriptions.values() if each.id == 0]
        inner._terminate(subscription)

    exchange.call(end_of_cross)

    assert isinstance(caller.next_event(stream), EventStreamTerminated)
    assert isinstance(caller.next_event(stream), StreamGap)
    wait_for_subscriptions(exchange, 3)
    account.margin().deposit("USDT", 1)
    assert next_of(caller, stream, BalanceUpdate).asset == "USDT"
    account.margin("BTCUSDT").deposit("USDT", 1)
    assert isinstance(caller.next_event(other), BalanceUpdate), (
        "the other account was not concerned"
    )


def test_lost_connection_is_restored_with_a_fresh_token(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect(account.create_key())
    stream = subscribe(caller)
    isolated = subscribe(caller, "BTCUSDT")

    exchange.drop_connections("/ws-api")

    tokens = wait_for_subscriptions(exchange, 4)
    assert len(set(tokens)) == 4
    for each, handle in ((stream, account.margin()), (isolated, account.margin("BTCUSDT"))):
        assert isinstance(caller.next_event(each), StreamGap)
        handle.deposit("USDT", 1)
        assert next_of(caller, each, BalanceUpdate).asset == "USDT"


def test_token_that_cannot_be_fetched_again_is_asked_for_until_it_is(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect(account.create_key(), resubscribe_user_data_stream_delay_seconds=0.01)
    stream = subscribe(caller)
    refused = exchange.faults.refuse_rest(503, times=3)

    exchange.drop_connections("/ws-api")

    refused.wait(3)
    told = next_of(caller, stream, StreamGap)
    assert told.is_open, "it is told while it lasts"
    while told.is_open:
        told = next_of(caller, stream, StreamGap)
    account.margin().deposit("USDT", 1)
    assert next_of(caller, stream, BalanceUpdate).asset == "USDT"


def test_planned_move_tells_each_event_once(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect(account.create_key())
    stream = subscribe(caller)
    begun = caller.begin(lambda client: client.rotate(WsKey.MARGIN_USER_DATA))

    for number in range(1, 31):
        account.margin().deposit("USDT", number)
    begun.result(WAIT_S)
    for number in range(31, 41):
        account.margin().deposit("USDT", number)

    told = [next_of(caller, stream, BalanceUpdate).balance_delta for _ in range(40)]
    assert told == list(range(1, 41))


def test_unsubscribing_ends_one_account_alone(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect(account.create_key())
    cross, isolated = subscribe(caller), subscribe(caller, "BTCUSDT")

    unsubscribe(caller)

    [frame] = exchange.journal.requests("userDataStream.unsubscribe")
    assert frame.payload["params"] == {"subscriptionId": 0}
    with pytest.raises(ClientClosed):
        caller.next_event(cross)
    account.margin("BTCUSDT").deposit("USDT", 1)
    assert isinstance(caller.next_event(isolated), BalanceUpdate)


@pytest.mark.parametrize(
    ("status", "error"), [(503, BinanceWsApiError), (401, AuthenticationFailed)]
)
def test_refused_token_is_told_at_once(
    connect: Connect,
    exchange: SimulatedExchange,
    account: AccountHandle,
    status: int,
    error: type[BinanceWsApiError],
) -> None:
    key = account.create_key()
    if status == 401:
        account.revoke_key(key)
    else:
        exchange.faults.refuse_rest(status, times=None)
    caller = connect(key)

    with pytest.raises(error):
        subscribe(caller)


def test_symbol_without_an_isolated_account_is_refused(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect(account.create_key())

    with pytest.raises(RequestRejected) as refused:
        subscribe(caller, "NOSUCHUSDT")

    assert refused.value.code == -1121


def test_rest_that_is_not_there_is_not_sent(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    key = account.create_key()
    urls = {**exchange.client_options(key)["urls"], "rest": "http://127.0.0.1:1"}
    caller = connect(key, urls=urls)

    with pytest.raises(NotSent, match="repeating it is safe"):
        subscribe(caller)


@pytest.mark.parametrize("ws_key", [WsKey.MAIN_WSAPI, WsKey.USDM_WSAPI, WsKey.COINM_WSAPI], ids=str)
def test_isolated_symbol_goes_with_margin_alone(connect: Connect, ws_key: WsKey) -> None:
    caller = connect()

    with pytest.raises(ConfigurationError, match="MARGIN_USER_DATA"):
        caller.call(
            lambda client: client.subscribe_user_data_stream(ws_key, isolated_symbol="BTCUSDT")
        )


# --- the risk stream


def subscribe_risk(caller: Caller) -> EventStream[Any]:
    stream: EventStream[Any] = caller.call(
        lambda client: client.subscribe_user_data_stream(WsKey.MARGIN_RISK_USER_DATA)
    )
    return stream


def tell_level(exchange: SimulatedExchange, account: AccountHandle, level: str) -> None:
    exchange.call(
        lambda: exchange.venue.margin.tell_margin_level(account.uid, Decimal(level), "MARGIN_CALL")
    )


@pytest.mark.parametrize("key_type", ["ed25519", "hmac"])
def test_risk_of_cross_margin_is_told(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, key_type: Any
) -> None:
    caller = connect(account.create_key(key_type))
    stream = subscribe_risk(caller)

    tell_level(exchange, account, "1.1")

    event = caller.next_event(stream)
    assert isinstance(event, MarginLevelUpdate)
    assert (event.margin_level, event.status) == (Decimal("1.1"), "MARGIN_CALL")
    assert {frame.path.rpartition("/")[0] for frame in exchange.journal.frames} == {"/margin/ws"}


def test_risk_stream_outlives_its_key_and_its_connection(
    connect: Connect,
    exchange: SimulatedExchange,
    account: AccountHandle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listen_key, "KEEP_ALIVE_S", 0.02)
    caller = connect(account.create_key())
    stream = subscribe_risk(caller)

    exchange.drop_connections("/margin")
    next_of(caller, stream, StreamGap)
    tell_level(exchange, account, "1.2")
    assert next_of(caller, stream, MarginLevelUpdate).margin_level == Decimal("1.2")
    exchange.call(lambda: exchange.venue.margin.close_risk_key(account.uid))
    gap = next_of(caller, stream, StreamGap)

    assert "listen key" in gap.reason
    tell_level(exchange, account, "1.3")
    assert next_of(caller, stream, MarginLevelUpdate).margin_level == Decimal("1.3")
    caller.call(lambda client: client.unsubscribe_user_data_stream(WsKey.MARGIN_RISK_USER_DATA))
    with pytest.raises(ClientClosed):
        caller.next_event(stream)


@pytest.mark.parametrize("ws_key", [WsKey.MAIN, WsKey.USDM_PRIVATE], ids=str)
def test_connection_without_user_data_of_its_own_is_refused(
    connect: Connect, ws_key: WsKey
) -> None:
    caller = connect()

    with pytest.raises(ConfigurationError, match="MAIN_WSAPI"):
        caller.call(lambda client: client.subscribe_user_data_stream(ws_key))
