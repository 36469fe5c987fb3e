"""Whose question goes first where many requests are looked up at once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from binance_wsapi import WsKey
from binance_wsapi.core.asking_order import AskingOrder
from binance_wsapi.simulator import SimulatedExchange

LONGEST_WINDOW_US = 24 * 3600 * 10**6


def test_who_asks_how_much_is_left_leaves_the_windows_where_they_lie(
    exchange: SimulatedExchange,
) -> None:
    """Looked at by another time than the limits are counted by, they lay in the future, and never turned."""
    with exchange.client() as client:
        client.spot.get_server_time()
        exchanges = client._core.runtime.exchanges
        calls: list[Any] = [SimpleNamespace(ws_key=WsKey.MAIN_WSAPI, id=each) for each in "abc"]

        async def ask() -> list[bool]:
            order = AskingOrder(exchanges)
            return [order.may_ask(call, is_last=True) for call in calls]

        assert client._core.runtime.run(ask).result(10) == [True] * 3
        now_us = exchange.clock.now_us()
        for window in client.rate_limits["spot"]:
            assert 0 < window.resets_at_us - now_us <= LONGEST_WINDOW_US
