"""The lost answer to an algo order is found over REST, on sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from callers import Caller

from binance_wsapi import OutcomeUnknown
from binance_wsapi.markets import Market
from binance_wsapi.simulator import SimulatedExchange

Connect = Callable[..., Caller]

ALGO: dict[str, Any] = {
    "algo_type": "CONDITIONAL",
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "STOP_MARKET",
    "quantity": "0.01",
    "trigger_price": "70000",
}


def open_algos(exchange: SimulatedExchange, uid: int) -> list[Any]:
    engine = exchange.venue.futures[Market.USDM]
    return exchange.call(
        lambda: [each for each in engine.account(uid).conditional_orders.values() if each.is_open]
    )


def test_an_algo_order_whose_answer_was_lost_is_found(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    """No user data is subscribed: only the question can tell. It is there once, and never sent again."""
    account = exchange.create_account()
    caller = connect(account.create_key())
    exchange.faults.on("algoOrder.place").drop_after_acceptance()

    answer = caller.call(lambda client: client.usdm.submit_new_algo_order(**ALGO))

    assert answer.resolved
    [algo] = open_algos(exchange, account.uid)
    assert (answer.result.algo_id, answer.result.client_algo_id) == (
        algo.algo_id,
        algo.client_algo_id,
    )


def test_a_cancel_of_an_algo_order_whose_answer_was_lost_is_found(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    account = exchange.create_account()
    caller = connect(account.create_key())
    placed = caller.call(lambda client: client.usdm.submit_new_algo_order(**ALGO)).result
    exchange.faults.on("algoOrder.cancel").drop_after_acceptance()

    answer = caller.call(lambda client: client.usdm.cancel_algo_order(algo_id=placed.algo_id))

    assert answer.resolved
    assert not open_algos(exchange, account.uid)


def test_an_algo_order_that_rest_does_not_show_stays_unknown(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    """Never said to be not placed: a second one would double the position."""
    account = exchange.create_account()
    caller = connect(account.create_key(), resolve_timeout=0.5)
    exchange.faults.on("algoOrder.place").drop_before_acceptance()

    with pytest.raises(OutcomeUnknown):
        caller.call(lambda client: client.usdm.submit_new_algo_order(**ALGO))

    assert not open_algos(exchange, account.uid)
