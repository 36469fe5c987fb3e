"""What a call costs on its caller's thread, counted in calls of Python functions: seconds tell of the machine."""

from __future__ import annotations

import gc
import sys
from types import FrameType
from typing import Any

from binance_wsapi.simulator import SimulatedExchange

ORDER: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "time_in_force": "GTC",
    "price": "20000.00",
    "quantity": "0.001",
}
MOST = 18


def test_an_order_takes_few_calls_on_its_callers_thread(exchange: SimulatedExchange) -> None:
    entered: list[str] = []

    def count(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            entered.append(frame.f_code.co_qualname)

    key = exchange.create_account().create_key("ed25519")
    with exchange.client(key, transport="aiohttp") as client:
        client.spot.submit_new_order(**ORDER)
        client.spot.submit_new_order(**ORDER)
        gc.disable()
        sys.setprofile(count)
        try:
            client.spot.submit_new_order(**ORDER)
        finally:
            sys.setprofile(None)
            gc.enable()

    assert len(entered) <= MOST, entered
