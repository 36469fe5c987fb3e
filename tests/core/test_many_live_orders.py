"""More orders are live, or told by answers, than are kept in mind: none goes missing silently."""

from __future__ import annotations

from typing import Any

import pytest
from callers import WAIT_S

from binance_wsapi import AccountReconciled, EventStream, OrderReconciled, WsKey
from binance_wsapi.core import reconciliation
from binance_wsapi.simulator import SimulatedExchange

RESTING: Any = {
    "side": "BUY",
    "type": "LIMIT",
    "time_in_force": "GTC",
    "price": "50000",
    "quantity": "0.01",
}


def up_to(stream: EventStream[Any], kind: type[Any]) -> list[Any]:
    told = [stream.get(timeout=3 * WAIT_S)]
    while not isinstance(told[-1], kind):
        told.append(stream.get(timeout=3 * WAIT_S))
    return told


def test_an_order_that_is_followed_no_more_is_told_so(
    exchange: SimulatedExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciliation, "MOST_LIVE", 2)
    with exchange.client() as client:
        events = client.subscribe_user_data_stream()
        made = [
            client.spot.submit_new_order("BTCUSDT", **RESTING).result.order_id for _ in range(3)
        ]
        [*_, unknown] = up_to(events, OrderReconciled)

        assert (unknown.order_id, unknown.status, unknown.order) == (made[0], "UNKNOWN", None)
        assert unknown.problem == "more than 2 orders are live: this one is not followed any more"


def test_orders_whose_answers_alone_come_are_all_found_after_the_gap(
    exchange: SimulatedExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For as long as it lasts, no event has anybody look into answers."""
    monkeypatch.setattr(reconciliation, "MOST_ANSWERS", 2)
    with exchange.client(reconnect_delay=0.01) as client:
        events = client.subscribe_user_data_stream(WsKey.USDM_WSAPI)
        down = exchange.faults.refuse_handshakes(503, path="/usdm/private", times=None)
        exchange.drop_connections("/usdm/private")
        made = {
            client.usdm.submit_new_order("BTCUSDT", **RESTING).result.order_id for _ in range(5)
        }
        down.end()
        told = up_to(events, AccountReconciled)

        assert {each.order_id for each in told if isinstance(each, OrderReconciled)} == made
