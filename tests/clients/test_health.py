"""Health tells of every connection in use, and every connection in use can be rotated."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from callers import Caller, noted

from binance_wsapi import ConfigurationError, WsKey
from binance_wsapi.simulator import SimulatedExchange

Connect = Callable[..., Caller]


def all_in_use(connect: Connect) -> Caller:
    caller = connect()
    caller.call(lambda client: client.connect())
    caller.call(lambda client: client.subscribe_user_data_stream(WsKey.USDM_WSAPI))
    caller.call(lambda client: client.streams.subscribe("btcusdt@trade"))
    return caller


def test_health_tells_of_every_connection_in_use(connect: Connect) -> None:
    caller = all_in_use(connect)

    health = caller.call(lambda client: client.health())

    assert [each.ws_key for each in health] == [
        WsKey.MAIN_WSAPI,
        WsKey.USDM_WSAPI,
        WsKey.USDM_PRIVATE,
        WsKey.MAIN,
    ]
    assert {each.state for each in health} == {"ready"}
    assert all(each.connected_for is not None for each in health)
    assert all(each.silent_for is not None for each in health)
    assert [each.logged_on for each in health] == [True, True, False, False]
    assert [each.round_trip_p50 is not None for each in health] == [True, True, False, False]


def test_health_of_a_client_that_did_nothing_is_empty(connect: Connect) -> None:
    assert connect().call(lambda client: client.health()) == []


@pytest.mark.parametrize(
    ("ws_key", "rotated"),
    [
        (WsKey.MAIN_WSAPI, {WsKey.MAIN_WSAPI}),
        (WsKey.USDM_WSAPI, {WsKey.USDM_WSAPI, WsKey.USDM_PRIVATE}),
        (WsKey.USDM_PRIVATE, {WsKey.USDM_PRIVATE}),
        (WsKey.MAIN, {WsKey.MAIN}),
        (WsKey.COINM, set()),
    ],
)
def test_rotate_replaces_all_that_a_key_stands_for(
    connect: Connect, ws_key: WsKey, rotated: set[WsKey]
) -> None:
    caller = all_in_use(connect)
    told = noted(caller, "rotated")

    caller.call(lambda client: client.rotate(ws_key))
    handled = threading.Event()
    caller.client._runtime.dispatcher.on("message", lambda event: handled.set())
    caller.call(lambda client: client.spot.test_connectivity())

    told.wait(len(rotated))
    assert handled.wait(10)
    assert {event.ws_key for event in told.events} == rotated
    assert {each.state for each in caller.call(lambda client: client.health())} <= {
        "ready",
        "rotating",
    }


def test_rotate_of_a_key_that_is_none_is_refused(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    wrong: Any = "nowhere"

    with pytest.raises(ConfigurationError):
        connect().call(lambda client: client.rotate(wrong))
