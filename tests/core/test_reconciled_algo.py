"""Algo orders after a gap, on sockets: REST alone is asked about them, and the orders that they placed are found."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from callers import WAIT_S, Caller

from binance_wsapi import (
    AccountReconciled,
    AlgoOrderReconciled,
    OrderReconciled,
    StreamGap,
    WsKey,
)
from binance_wsapi.core import reconciliation
from binance_wsapi.markets import Market
from binance_wsapi.models.futures import FuturesAlgoOrder
from binance_wsapi.simulator import AccountHandle, SimulatedExchange
from binance_wsapi.simulator.futures import rest_orders

Connect = Callable[..., Caller]

PATH = "/usdm/private"
ALGO: dict[str, Any] = {
    "algoType": "CONDITIONAL",
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "STOP",
    "quantity": "0.02",
    "price": "70100",
    "triggerPrice": "70000",
    "workingType": "MARK_PRICE",
}
"""Rests at 70,100 once the mark price is at 70,000."""


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded exchange has one copy of all; what was refused is asked for again at once."""
    monkeypatch.setattr(reconciliation, "LAG_S", 0.0)
    monkeypatch.setattr(reconciliation, "RETRY_DELAY_S", 0.01)
    monkeypatch.setattr(reconciliation, "AGAIN_S", 0.05)


@pytest.fixture
def account(exchange: SimulatedExchange) -> AccountHandle:
    return exchange.create_account()


@pytest.fixture
def caller(connect: Connect, account: AccountHandle) -> Caller:
    return connect(account.create_key())


@pytest.fixture
def stream(caller: Caller) -> Any:
    return caller.call(lambda client: client.subscribe_user_data_stream(WsKey.USDM_WSAPI))


def place(account: AccountHandle, **changed: Any) -> int:
    answer = account.request("algoOrder.place", ALGO | changed, market=Market.USDM)
    algo_id: int = answer["algoId"]
    return algo_id


def trigger(exchange: SimulatedExchange) -> None:
    engine = exchange.venue.futures[Market.USDM]
    exchange.call(lambda: engine.set_mark_price("BTCUSDT", Decimal(70_000)))


def next_of(caller: Caller, stream: Any, *kinds: type[Any]) -> Any:
    for _ in range(100):
        event = caller.next_event(stream)
        if isinstance(event, kinds):
            return event
    raise AssertionError(f"no {kinds}")


def until_heard(caller: Caller, stream: Any, event_type: str) -> None:
    while getattr(caller.next_event(stream), "event_type", "") != event_type:
        pass


def cut(exchange: SimulatedExchange, within: Callable[[], object]) -> None:
    """Let things happen while no connection carries the events."""
    down = exchange.faults.refuse_handshakes(503, path=PATH, times=None)
    exchange.drop_connections(PATH)
    within()
    down.end()


def test_an_end_within_a_gap_is_told(
    exchange: SimulatedExchange, account: AccountHandle, caller: Caller, stream: Any
) -> None:
    algo_id = place(account)
    until_heard(caller, stream, "ALGO_UPDATE")

    cut(
        exchange,
        lambda: account.request("algoOrder.cancel", {"algoId": algo_id}, market=Market.USDM),
    )

    told = next_of(caller, stream, AlgoOrderReconciled)
    assert (told.algo_id, told.symbol, told.status, told.problem) == (
        algo_id,
        "BTCUSDT",
        "CANCELED",
        None,
    )
    assert type(told.order) is FuturesAlgoOrder
    assert told.order.algo_id == algo_id
    assert told.order.client_algo_id == told.client_algo_id


def test_an_order_that_did_not_change_is_not_told(
    exchange: SimulatedExchange, account: AccountHandle, caller: Caller, stream: Any
) -> None:
    place(account)
    until_heard(caller, stream, "ALGO_UPDATE")

    cut(exchange, lambda: None)
    next_of(caller, stream, AccountReconciled)
    later = place(account, triggerPrice="71000")

    event = caller.next_event(stream)
    assert event.event_type == "ALGO_UPDATE"
    assert event.algo_order.algo_id == later


def test_an_order_from_before_the_subscription_is_known(
    monkeypatch: pytest.MonkeyPatch,
    exchange: SimulatedExchange,
    account: AccountHandle,
    caller: Caller,
) -> None:
    """Open ones are asked for once, over REST."""
    algo_id = place(account)
    asked, row = threading.Event(), rest_orders._algo_row

    def row_and_say_so(algo: Any) -> dict[str, Any]:
        asked.set()
        return row(algo)

    monkeypatch.setattr(rest_orders, "_algo_row", row_and_say_so)
    stream = caller.call(lambda client: client.subscribe_user_data_stream(WsKey.USDM_WSAPI))
    assert asked.wait(WAIT_S)

    cut(
        exchange,
        lambda: account.request("algoOrder.cancel", {"algoId": algo_id}, market=Market.USDM),
    )

    assert next_of(caller, stream, AlgoOrderReconciled).status == "CANCELED"


def test_the_order_that_a_trigger_placed_is_told_with_its_fills(
    exchange: SimulatedExchange, account: AccountHandle, caller: Caller, stream: Any
) -> None:
    """Nobody has heard of it: the algo order's row alone names it."""
    algo_id = place(account)
    until_heard(caller, stream, "ALGO_UPDATE")

    def trigger_and_fill() -> None:
        trigger(exchange)
        exchange.trade("BTCUSDT", "SELL", "0.02", "70100", market=Market.USDM)

    cut(exchange, trigger_and_fill)

    algo = next_of(caller, stream, AlgoOrderReconciled)
    order = next_of(caller, stream, OrderReconciled)
    assert (algo.algo_id, algo.status) == (algo_id, "FINISHED")
    assert str(order.order_id) == algo.raw_order["actualOrderId"]
    assert order.status == "FILLED"
    assert sum(fill.quantity for fill in order.missed_fills) == Decimal("0.02")


def test_the_order_that_a_trigger_placed_just_before_the_gap_is_told(
    exchange: SimulatedExchange, account: AccountHandle, caller: Caller, stream: Any
) -> None:
    """The algo order told that it placed one; that one's own event was lost."""
    place(account)
    until_heard(caller, stream, "ALGO_UPDATE")
    exchange.faults.on_event("ORDER_TRADE_UPDATE").lose()
    trigger(exchange)
    while caller.next_event(stream).algo_order.algo_status != "TRIGGERED":
        pass

    cut(exchange, lambda: exchange.trade("BTCUSDT", "SELL", "0.01", "70100", market=Market.USDM))

    order = next_of(caller, stream, OrderReconciled)
    assert order.status == "PARTIALLY_FILLED"
    assert [fill.quantity for fill in order.missed_fills] == [Decimal("0.01")]


def test_an_order_placed_by_this_client_within_the_gap_is_told(
    exchange: SimulatedExchange, caller: Caller, stream: Any
) -> None:
    """Its answer is all that is known of it."""
    placed: list[Any] = []

    def place_and_cancel() -> None:
        made = caller.call(
            lambda client: client.usdm.submit_new_algo_order(
                algo_type="CONDITIONAL",
                symbol="BTCUSDT",
                side="BUY",
                type="STOP_MARKET",
                quantity="0.01",
                trigger_price="80000",
            )
        ).result
        placed.append(made)
        caller.call(lambda client: client.usdm.cancel_algo_order(algo_id=made.algo_id))

    cut(exchange, place_and_cancel)

    told = next_of(caller, stream, AlgoOrderReconciled)
    assert (told.algo_id, told.status) == (placed[0].algo_id, "CANCELED")


def test_rest_that_is_refused_meanwhile_is_told_and_asked_again(
    exchange: SimulatedExchange, account: AccountHandle, caller: Caller, stream: Any
) -> None:
    """Unknown, with the reason; then, once REST answers, as it stands."""
    algo_id = place(account)
    until_heard(caller, stream, "ALGO_UPDATE")
    refused = exchange.faults.refuse_rest(400, path="/fapi/v1/algoOrder", times=None)

    cut(
        exchange,
        lambda: account.request("algoOrder.cancel", {"algoId": algo_id}, market=Market.USDM),
    )

    unknown = next_of(caller, stream, AlgoOrderReconciled)
    assert (unknown.status, unknown.order) == ("UNKNOWN", None)
    assert unknown.problem
    refused.end()
    told = next_of(caller, stream, AlgoOrderReconciled)
    assert (told.algo_id, told.status, told.problem) == (algo_id, "CANCELED", None)


@pytest.mark.parametrize("missing", ["algoStatus", "algoId", "symbol"])
def test_a_row_that_cannot_be_read_tells_nothing_of_the_order(
    monkeypatch: pytest.MonkeyPatch,
    exchange: SimulatedExchange,
    account: AccountHandle,
    caller: Caller,
    stream: Any,
    missing: str,
) -> None:
    """Least of all that it is some other order, or has ended."""
    algo_id = place(account)
    until_heard(caller, stream, "ALGO_UPDATE")
    whole = rest_orders._algo_row

    def without_member(algo: Any) -> dict[str, Any]:
        return {name: value for name, value in whole(algo).items() if name != missing}

    monkeypatch.setattr(rest_orders, "_algo_row", without_member)
    cut(
        exchange,
        lambda: account.request("algoOrder.cancel", {"algoId": algo_id}, market=Market.USDM),
    )

    unknown = next_of(caller, stream, AlgoOrderReconciled)
    assert unknown.status == "UNKNOWN"
    assert unknown.problem == "the answer to GET /fapi/v1/algoOrder cannot be read"
    monkeypatch.setattr(rest_orders, "_algo_row", whole)
    assert next_of(caller, stream, AlgoOrderReconciled).status == "CANCELED"


def test_without_rest_it_is_told_that_nobody_can_say(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    key = account.create_key()
    urls = {
        name: url for name, url in exchange.client_options(key)["urls"].items() if name != "rest"
    }
    caller = connect(key, urls=urls)
    stream = caller.call(lambda client: client.subscribe_user_data_stream(WsKey.USDM_WSAPI))
    algo_id = place(account)
    until_heard(caller, stream, "ALGO_UPDATE")

    cut(exchange, lambda: None)

    assert next_of(caller, stream, StreamGap)
    told = next_of(caller, stream, AlgoOrderReconciled)
    assert (told.algo_id, told.status) == (algo_id, "UNKNOWN")
    assert told.problem
