"""A view of a client calls with options of its own, and shares everything else."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

import pytest
from callers import WAIT_S, Caller, caller_of
from scripted_server import Peer, ScriptedServer

from binance_wsapi import (
    ClientClosed,
    ConfigurationError,
    NotSent,
    OrderNotFound,
    OutcomeUnknown,
    ParameterError,
    RequestTimeout,
)
from binance_wsapi.simulator import SimulatedExchange

Dial = Callable[..., Caller]

SIGNED = {"api_key": "key", "api_secret": "secret", "mute_latency_warning": True}
ORDER = {"side": "BUY", "type": "MARKET", "quantity": "0.01"}


async def has_none(peer: Peer, request: dict[str, Any]) -> None:
    await peer.refuse(request, -2013, "Order does not exist.")


async def silence(peer: Peer, request: dict[str, Any]) -> None:
    """Answer nothing."""


def place(client: Any) -> Any:
    return client.spot.submit_new_order("BTCUSDT", **ORDER)


def test_a_view_has_a_timeout_of_its_own(dial: Dial, scripted: ScriptedServer) -> None:
    held: list[tuple[Peer, dict[str, Any]]] = []

    async def hold(peer: Peer, request: dict[str, Any]) -> None:
        held.append((peer, request))

    def ask(client: Any) -> Any:
        return client.spot.get_order_book("BTCUSDT")

    scripted.replies["depth"] = hold
    caller = dial(timeout=10 * WAIT_S)
    waiting = caller.begin(ask)
    scripted.wait_for("depth")

    with pytest.raises((RequestTimeout, NotSent)):
        caller.call(lambda client: ask(client.with_options(timeout=0.05)))

    assert not waiting.done()
    peer, request = held[0]
    scripted.run(peer.answer(request, {}))
    assert waiting.result(WAIT_S).status == 200
    assert scripted.handshakes == 1


@pytest.mark.parametrize("market", ["spot", "usdm", "coinm"])
@pytest.mark.parametrize(("window", "sent"), [(2000, 2000), (1500.5, "1500.5"), (None, 5000)])
def test_a_view_has_a_window_of_its_own(
    connect: Dial, exchange: SimulatedExchange, market: str, window: Any, sent: Any
) -> None:
    caller = connect(recv_window=3000)
    symbol, quantity = ("BTCUSD_PERP", "1") if market == "coinm" else ("BTCUSDT", "0.01")

    def order(client: Any, **more: Any) -> Any:
        return getattr(client, market).submit_new_order(
            symbol, side="BUY", type="LIMIT", time_in_force="GTC", price="30000",
            quantity=quantity, **more,
        )  # fmt: skip

    caller.call(lambda client: order(client.with_options(recv_window=window)))
    caller.call(lambda client: order(client.with_options(recv_window=window), recv_window=4000))
    caller.call(lambda client: order(client.with_options(timeout=WAIT_S)))
    caller.call(order)

    seen = [each.params["recvWindow"] for each in exchange.journal.requests("order.place")]
    assert seen == [sent, 4000, 3000, 3000]


def test_requests_by_wire_name_and_views_of_views_take_the_options(
    connect: Dial, exchange: SimulatedExchange
) -> None:
    from binance_wsapi import WsKey

    caller = connect()
    params = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}

    def ask(client: Any) -> Any:
        view = client.with_options(recv_window=2000).with_options(timeout=WAIT_S)
        return view.request(WsKey.MAIN_WSAPI, "order.test", params)

    caller.call(ask)

    [sent] = exchange.journal.requests("order.test")
    assert sent.params["recvWindow"] == 2000


def test_a_view_takes_what_is_unknown_as_it_says(dial: Dial, scripted: ScriptedServer) -> None:
    async def lose(peer: Peer, request: dict[str, Any]) -> None:
        peer.cut()

    scripted.replies["order.place"] = lose
    scripted.replies["order.status"] = silence
    caller = dial(**SIGNED)

    with pytest.raises(OutcomeUnknown):
        caller.call(lambda client: place(client.with_options(on_unknown_outcome="raise")))

    assert not scripted.seen("order.status")


@pytest.mark.parametrize(
    ("own", "of_the_view", "seconds"), [("raise", "wait", 1.0), ("wait", "raise", 3600.0)]
)
def test_a_view_takes_limits_as_it_says(
    dial: Dial, scripted: ScriptedServer, own: Any, of_the_view: Any, seconds: float
) -> None:
    async def too_many(peer: Peer, request: dict[str, Any]) -> None:
        scripted.replies["ping"] = well
        data = {"retryAfter": int((time.time() + seconds) * 1000)}
        error = {"code": -1003, "msg": "Too many requests.", "data": data}
        await peer.send({"id": request["id"], "status": 429, "error": error})

    async def well(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, {})

    def ask(client: Any) -> Any:
        return client.spot.test_connectivity()

    scripted.replies["ping"] = too_many
    caller = dial(on_rate_limit=own, timeout=10_000.0)
    with pytest.raises(Exception, match="Too many"):
        caller.call(ask)

    begun = caller.begin(lambda client: ask(client.with_options(on_rate_limit=of_the_view)))

    if of_the_view == "wait":
        assert begun.result(WAIT_S).status == 200
    else:
        with pytest.raises(NotSent):
            begun.result(WAIT_S)


@pytest.mark.parametrize(
    ("own", "of_the_view", "seconds"),
    [(None, 60_000, 71), (None, 2000, 16), (2000, None, 16), (60_000, 2000, 71)],
)
def test_not_found_proves_nothing_before_the_widest_window_is_over(
    dial: Dial, scripted: ScriptedServer, own: Any, of_the_view: Any, seconds: float
) -> None:
    scripted.replies["order.status"] = has_none
    caller = dial(**SIGNED, recv_window=own)
    caller.client.with_options(recv_window=of_the_view)

    with pytest.raises(OrderNotFound) as ended:
        caller.call(
            lambda client: client.spot.get_order_status("BTCUSDT", orig_client_order_id="mine")
        )

    assert ended.value.proves_after == seconds


def test_view_and_client_share_connection_and_end(dial: Dial, scripted: ScriptedServer) -> None:
    caller = dial()
    view = caller.client.with_options(timeout=WAIT_S)
    assert type(view) is type(caller.client)
    assert view.spot is not caller.client.spot
    caller.call(lambda client: client.spot.get_server_time())
    caller.call(lambda _: view.spot.get_server_time())
    assert scripted.handshakes == 1

    caller.call(lambda _: view.close())

    assert caller.client.closed
    with pytest.raises(ClientClosed):
        caller.call(lambda client: client.spot.get_server_time())


def test_a_view_keeps_its_client_alive(scripted: ScriptedServer, flavour: Any) -> None:
    caller: Any = caller_of(flavour, urls=scripted.urls)
    caller.client = caller.client.with_options(timeout=WAIT_S)

    gc.collect()

    assert caller.call(lambda client: client.spot.get_server_time()).status == 200
    caller.close()


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"timeout": -1}, ConfigurationError, "timeout=-1: use seconds above 0"),
        ({"recv_window": 70_000}, ConfigurationError, "recv_window=70000: use milliseconds"),
        ({"on_rate_limit": "ignore"}, ConfigurationError, "use 'raise' or 'wait'"),
        ({"testnet": True}, TypeError, "no option 'testnet': calls may differ in timeout, recv_window"),
        ({"tiemout": 1}, TypeError, "no option 'tiemout'"),
    ],
)  # fmt: skip
def test_options_that_cannot_be_are_refused(
    dial: Dial, options: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        dial().client.with_options(**options)


def test_an_option_given_to_an_operation_is_told_where_it_goes(
    dial: Dial, scripted: ScriptedServer
) -> None:
    with pytest.raises(ParameterError, match=r"no parameter timeout: write client\.with_options"):
        dial().call(lambda client: client.spot.get_order_book("BTCUSDT", timeout=2))
    assert scripted.handshakes == 0
