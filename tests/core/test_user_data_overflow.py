"""User data that nobody takes away fast enough, where its stream is to end at that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from callers import Caller, noted

from binance_wsapi import ClientClosed, StreamGap
from binance_wsapi.models.user_events import BalanceUpdate
from binance_wsapi.simulator import SimulatedExchange
from binance_wsapi.simulator.exchange import AccountHandle

Connect = Callable[..., Caller]


@pytest.fixture
def account(exchange: SimulatedExchange) -> AccountHandle:
    """An account with a key."""
    return exchange.create_account()


def connected(connect: Connect, account: AccountHandle) -> Caller:
    return connect(account.create_key(), event_buffer_size=1, event_overflow="close")


def subscribe(caller: Caller) -> Any:
    return caller.call(lambda client: client.subscribe_user_data_stream())


def overflow(account: AccountHandle) -> None:
    for amount in (1, 2, 3):
        account.deposit("USDT", amount)


def rest_of(caller: Caller, stream: Any) -> list[type]:
    events = []
    while True:
        try:
            events.append(type(caller.next_event(stream)))
        except ClientClosed:
            return events


def test_stream_that_overflowed_is_unsubscribed_and_subscribed_afresh(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connected(connect, account)
    ended = subscribe(caller)

    overflow(account)
    exchange.journal.wait_for(lambda frame: frame.method == "userDataStream.unsubscribe")
    fresh = subscribe(caller)
    account.deposit("USDT", 4)

    assert rest_of(caller, ended) == [BalanceUpdate, StreamGap]
    assert isinstance(caller.next_event(fresh), BalanceUpdate)


def test_closing_a_stream_that_ended_leaves_the_fresh_one_alone(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connected(connect, account)
    ended = subscribe(caller)
    overflow(account)
    exchange.journal.wait_for(lambda frame: frame.method == "userDataStream.unsubscribe")
    fresh = subscribe(caller)

    ended.close()
    caller.call(lambda client: client.spot.test_connectivity())
    account.deposit("USDT", 4)

    assert isinstance(caller.next_event(fresh), BalanceUpdate)


def test_handlers_hear_on_when_the_stream_beside_them_ended(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    """Whoever listens with handlers alone never takes anything from the stream."""
    caller = connected(connect, account)
    told = noted(caller, "user_data")
    ended = subscribe(caller)
    for count in (1, 2, 3):
        account.deposit("USDT", count)
        told.wait(count)

    fresh = subscribe(caller)
    account.deposit("USDT", 4)

    assert rest_of(caller, ended) == [BalanceUpdate, StreamGap]
    assert isinstance(caller.next_event(fresh), BalanceUpdate)
    assert told.wait(4)
    assert not exchange.journal.requests("userDataStream.unsubscribe")
