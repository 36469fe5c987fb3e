"""What a client does when things go wrong, row by row, on both clients.

The rows are those that other libraries fail: calls that hang, orders sent twice, failures that come
back as data, user data that is lost without a word.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from callers import WAIT_S, Caller, noted, rotating_after
from scripted_server import ScriptedServer

from binance_wsapi import (
    AuthenticationFailed,
    Client,
    ConnectionLost,
    FilterFailure,
    OrderRejected,
    OutcomeUnknown,
    RequestTimeout,
    StreamGap,
    WsKey,
)
from binance_wsapi.models.user_events import BalanceUpdate, OrderUpdate
from binance_wsapi.simulator import SimulatedExchange

Connect = Callable[..., Caller]

ORDER: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "time_in_force": "GTC",
    "price": "20000",
    "quantity": "0.01",
}


def place(caller: Caller, **changes: Any) -> Any:
    return caller.call(lambda client: client.spot.submit_new_order(**{**ORDER, **changes}))


def open_orders(caller: Caller) -> list[Any]:
    orders: list[Any] = caller.call(
        lambda client: client.spot.get_open_orders(symbol="BTCUSDT")
    ).result
    return orders


def answers_again(caller: Caller) -> bool:
    return bool(place(caller).result.order_id)


# The exchange says no


def test_rejected_order_raises_what_the_exchange_said(connect: Connect) -> None:
    caller = connect()

    with pytest.raises(OrderRejected) as refused:
        place(caller, quantity="60", price="20000")

    assert refused.value.code == -2010
    assert refused.value.status == 400
    assert refused.value.message == "Account has insufficient balance for requested action."
    assert refused.value.operation == "order.place"
    assert answers_again(caller)


def test_broken_filter_is_named(connect: Connect) -> None:
    with pytest.raises(FilterFailure) as refused:
        place(connect(), price="20000.001")

    assert refused.value.filter == "PRICE_FILTER"


# The socket is cut with an order in flight


@pytest.mark.parametrize("is_placed", [True, False])
def test_cut_with_an_order_in_flight_is_told_at_once_and_sends_it_once(
    connect: Connect, exchange: SimulatedExchange, is_placed: bool
) -> None:
    # A timeout beyond the test's own bound: only the loss itself can end the call.
    caller = connect(on_unknown_outcome="raise", timeout=500)
    script = exchange.faults.on("order.place")
    fault = script.drop_after_acceptance() if is_placed else script.drop_before_acceptance()

    with pytest.raises(ConnectionLost) as lost:
        place(caller, new_client_order_id="mine")

    assert lost.value.operation == "order.place"
    assert lost.value.client_order_id == "mine"
    assert lost.value.cause == "connection dropped"
    (request,) = exchange.journal.requests("order.place")
    assert lost.value.sent_at is not None
    assert lost.value.sent_at // 1000 == request.params["timestamp"]
    assert fault.hits == 1
    assert [order.client_order_id for order in open_orders(caller)] == ["mine"] * is_placed
    assert answers_again(caller)
    assert len(exchange.journal.requests("order.place")) == 2, "the lost one is not sent again"


def test_order_without_an_id_gets_one_to_be_found_by(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect(on_unknown_outcome="raise")
    exchange.faults.on("order.place").drop_after_acceptance()

    with pytest.raises(ConnectionLost) as lost:
        place(caller)

    (order,) = open_orders(caller)
    assert order.client_order_id == lost.value.client_order_id


def test_all_calls_in_flight_end_with_the_connection(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect(on_unknown_outcome="raise", timeout=500)
    swallowed = exchange.faults.on("order.place").swallow(times=5)
    calls = [caller.begin(lambda client: client.spot.submit_new_order(**ORDER)) for _ in range(5)]
    swallowed.wait(5)

    exchange.drop_connections()

    for call in calls:
        with pytest.raises(ConnectionLost):
            call.result(WAIT_S)


def test_cut_in_the_middle_of_the_answer_is_a_loss(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect(on_unknown_outcome="raise", timeout=500)
    exchange.faults.on("order.place").cut_mid_frame()

    with pytest.raises(ConnectionLost):
        place(caller)

    assert len(open_orders(caller)) == 1


def test_close_by_the_exchange_names_its_reason(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect(on_unknown_outcome="raise", timeout=500)
    swallowed = exchange.faults.on("order.place").swallow()
    call = caller.begin(lambda client: client.spot.submit_new_order(**ORDER))
    swallowed.wait()

    exchange.close_connections(1008, "policy")

    with pytest.raises(ConnectionLost) as lost:
        call.result(WAIT_S)
    assert lost.value.cause == "closed by the exchange: 1008 policy"


def test_lost_read_is_asked_again_on_the_next_connection(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect(timeout=500)
    place(caller)
    fault = exchange.faults.on("openOrders.status").drop_after_acceptance()

    assert len(open_orders(caller)) == 1

    assert fault.hits == 1
    asked = exchange.journal.requests("openOrders.status")
    assert len({frame.connection_id for frame in asked}) == 2


# User data after a reconnect


def test_user_data_goes_on_after_a_loss_with_the_gap_in_its_place(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    account = exchange.create_account()
    caller = connect(account.create_key(), on_unknown_outcome="raise")
    stream = caller.call(lambda client: client.subscribe_user_data_stream())
    reconnected = noted(caller, "reconnected")

    exchange.drop_connections()
    reconnected.wait()
    # Reported only when user data flows again, so this deposit cannot be missed.
    account.deposit("USDT", 2)

    events = []
    while not (
        isinstance(last := caller.next_event(stream), BalanceUpdate) and last.balance_delta == 2
    ):
        events.append(last)
    gaps = [event for event in events if isinstance(event, StreamGap)]
    assert len(gaps) == 1
    assert gaps[0].from_ms <= gaps[0].until_ms
    assert "connection dropped" in gaps[0].reason
    assert caller.call(lambda client: client.subscribe_user_data_stream()) is stream


def test_user_data_of_a_signing_key_is_subscribed_again_too(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    account = exchange.create_account()
    caller = connect(account.create_key("hmac"), mute_latency_warning=True)
    stream = caller.call(lambda client: client.subscribe_user_data_stream())
    reconnected = noted(caller, "reconnected")

    exchange.drop_connections()
    reconnected.wait()
    account.deposit("USDT", 2)

    assert isinstance(caller.next_event(stream), StreamGap)
    while not isinstance(caller.next_event(stream), BalanceUpdate):
        pass
    subscribed = exchange.journal.requests("userDataStream.subscribe.signature")
    assert len({frame.params["signature"] for frame in subscribed}) == 2


# The exchange never answers


def test_answer_that_never_comes_ends_with_the_timeout(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect(on_unknown_outcome="raise", timeout=0.3)
    caller.call(lambda client: client.connect())
    exchange.faults.on("order.place").lose_answer()

    with pytest.raises(RequestTimeout) as late:
        place(caller, new_client_order_id="mine")

    assert late.value.client_order_id == "mine"
    assert late.value.cause == "no answer in time"
    assert [order.client_order_id for order in open_orders(caller)] == ["mine"]
    assert exchange.journal.connections() == [1], "the connection itself is well"


def test_late_answer_settles_nobody_elses_call(dial: Connect, scripted: ScriptedServer) -> None:
    held: list[tuple[Any, dict[str, Any]]] = []

    async def hold(peer: Any, request: dict[str, Any]) -> None:
        held.append((peer, request))

    scripted.replies["depth"] = hold
    caller = dial(timeout=0.2, on_unknown_outcome="raise")
    with pytest.raises(RequestTimeout):
        caller.call(lambda client: client.spot.get_order_book(symbol="BTCUSDT"))
    scripted.replies["avgPrice"] = hold
    second = caller.begin(lambda client: client.spot.get_average_price(symbol="BTCUSDT"))
    scripted.wait_until(lambda: len(held) == 2)
    (peer, late), (_, waiting) = held

    scripted.run(peer.answer(late, {"lastUpdateId": 1, "bids": [], "asks": []}))
    scripted.run(peer.answer(waiting, {"mins": 5, "price": "7", "closeTime": 1}))

    assert second.result(WAIT_S).result.price == 7


# serverShutdown


def test_server_shutdown_moves_on_before_the_old_connection_goes(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    account = exchange.create_account()
    caller = connect(account.create_key())
    stream = caller.call(lambda client: client.subscribe_user_data_stream())
    rotated = noted(caller, "rotated")
    lost = noted(caller, "reconnecting")

    assert exchange.announce_shutdown() == 1
    placed = place(caller)
    rotated.wait()
    again = place(caller)

    orders = exchange.journal.requests("order.place")
    assert [frame.connection_id for frame in orders][-1] == 2
    assert "signature" not in orders[-1].params
    told: list[Any] = []
    while len(told) < 2:
        event = caller.next_event(stream)
        assert not isinstance(event, StreamGap)
        told += [event.order_id] if isinstance(event, OrderUpdate) else []
    assert told == [placed.result.order_id, again.result.order_id]
    assert lost.events == []


# {"id": null, "status": 401}


def test_revoked_session_ends_calls_at_once_and_logs_on_again(
    dial: Connect, scripted: ScriptedServer, exchange: SimulatedExchange
) -> None:
    key = exchange.create_account().create_key()

    async def revoke(peer: Any, request: dict[str, Any]) -> None:
        error = {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}
        await peer.send({"id": None, "status": 401, "error": error})

    scripted.replies["order.place"] = revoke
    caller = dial(
        api_key=key.api_key,
        api_secret=key.api_secret,
        on_unknown_outcome="raise",
        timeout=500,
    )
    told = noted(caller, "exception")

    with pytest.raises(OutcomeUnknown) as unknown:
        place(caller, new_client_order_id="mine")

    assert unknown.value.cause == "session revoked"
    assert unknown.value.client_order_id == "mine"
    (event,) = told.wait()
    assert isinstance(event.error, AuthenticationFailed)
    logons = scripted.wait_for("session.logon", 2)
    assert [logon["peer"] for logon in logons] == [1, 2]


def test_revoked_key_is_an_error_for_every_call_that_needs_it(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    account = exchange.create_account()
    key = account.create_key()
    caller = connect(key, on_unknown_outcome="raise", timeout=500)
    place(caller)
    account.revoke_key(key)

    with pytest.raises(OutcomeUnknown):
        place(caller)
    for _ in range(2):
        with pytest.raises(AuthenticationFailed):
            place(caller)
    assert caller.call(lambda client: client.spot.get_server_time()).status == 200


# Planned rotation


def test_planned_rotation_loses_and_doubles_no_event_and_stays_logged_on(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    account = exchange.create_account()
    caller = rotating_after(connect(account.create_key()), 1.3)
    stream = caller.call(lambda client: client.subscribe_user_data_stream())
    rotated = noted(caller, "rotated")

    deposits = 0
    orders = 0
    while len(rotated.events) < 2:
        if len(rotated.events) > orders:
            place(caller)
            orders += 1
        deposits += 1
        account.deposit("USDT", deposits)
    place(caller)

    told: list[int] = []
    while len(told) < deposits:
        event = caller.next_event(stream)
        assert not isinstance(event, StreamGap)
        if isinstance(event, BalanceUpdate):
            told.append(int(event.balance_delta))
    assert told == list(range(1, deposits + 1))
    for frame in exchange.journal.requests("order.place"):
        assert "signature" not in frame.params
    logons = exchange.journal.requests("session.logon")
    assert len(logons) >= 3
    assert len({frame.connection_id for frame in logons}) == len(logons)


# Sync calls where others fail


def test_blocking_call_inside_a_running_loop(exchange: SimulatedExchange) -> None:
    """As in a notebook's cell."""

    async def cell() -> int:
        with exchange.client() as client:
            return client.spot.submit_new_order(**ORDER).result.order_id

    assert asyncio.run(cell()) == 1


def test_blocking_call_from_a_second_thread(exchange: SimulatedExchange) -> None:
    with exchange.client() as client:
        client.spot.submit_new_order(**ORDER)
        second: list[int] = []

        def trade(client: Client) -> None:
            second.append(client.spot.submit_new_order(**ORDER).result.order_id)

        thread = threading.Thread(target=trade, args=(client,))
        thread.start()
        thread.join(WAIT_S)

    assert second == [2]


def test_other_connection_is_not_touched_by_a_loss(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect(on_unknown_outcome="raise")
    caller.call(lambda client: client.connect())
    caller.call(lambda client: client.connect(WsKey.MAIN_WSAPI2))
    exchange.faults.on("order.place").drop_before_acceptance()
    with pytest.raises(ConnectionLost):
        place(caller)

    second = caller.call(
        lambda client: client.spot.using(WsKey.MAIN_WSAPI2).submit_new_order(**ORDER)
    )

    assert second.status == 200
    orders = exchange.journal.requests("order.place")
    assert len({frame.connection_id for frame in orders}) == 2
