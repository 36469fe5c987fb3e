"""What ``numbers="float"`` adds to a result, an event, a book and an account state, in µs.

``python benchmarks/floats.py``

In one process, without sockets: with ``numbers="decimal"`` none of this runs.
"""

from __future__ import annotations

import time
import timeit
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
from payloads import canned_results
from pushes import USER, events

from binance_wsapi.markets import Market
from binance_wsapi.models.account_state import AccountSnapshot, AssetBalance, OrderState
from binance_wsapi.models.market import OrderBook
from binance_wsapi.models.order import PlacedOrder
from binance_wsapi.models.stream_events import stream_event_decoder
from binance_wsapi.models.tolerant import tolerant_decoder
from binance_wsapi.models.user_events import decode_user_event
from binance_wsapi.presentation.floats import floats

ROUNDS = 100


def _us(action: Callable[[], object]) -> float:
    """Return the CPU time of the fastest of many short rounds: others may be at work on the machine."""
    timer = timeit.Timer(action, timer=time.thread_time)
    count = max(1, timer.autorange()[0] // 100)
    return min(timer.repeat(ROUNDS, count)) / count * 1e6


def _event(kind: str, member: str) -> bytes:
    return bytes(msgspec.json.decode(next(events(kind)), type=dict[str, msgspec.Raw])[member])


def _snapshot(orders: int) -> AccountSnapshot:
    number = Decimal("0.01000000")
    order = OrderState(
        symbol="BTCUSDT", order_id=1, client_order_id="a", side="BUY", type="LIMIT", status="NEW",
        price=number, quantity=number, executed_quantity=number, average_price=number, is_done=False,
    )  # fmt: skip
    balance = AssetBalance(asset="BTC", free=number, locked=number)
    return AccountSnapshot(open_orders=(order,) * orders, balances={"BTC": balance})


def main() -> None:
    """Print a line for each."""
    results = canned_results()
    ticker = stream_event_decoder(Market.SPOT, "btcusdt@bookTicker")
    change = stream_event_decoder(Market.SPOT, "btcusdt@depth@100ms")
    decoded: dict[str, tuple[Callable[[Any], Any], bytes]] = {
        "result of order.place": (tolerant_decoder(PlacedOrder), results[b"order.place"]),
        "order book of 1,000 levels a side": (tolerant_decoder(OrderBook), results[b"depth"]),
        "user event": (decode_user_event, _event(USER, "event")),
        "market event (bookTicker)": (ticker, _event("ticker", "data")),
        "market event (depth, 5+5 levels)": (change, _event("book5", "data")),
    }
    for label, (decode, wire) in decoded.items():
        value = decode(wire)
        print(
            f"{label:36} decoded in {_us(lambda d=decode, w=wire: d(w)):8.2f} µs, "  # type: ignore[misc]
            f"floats +{_us(lambda v=value: floats(v)):8.2f} µs"  # type: ignore[misc]
        )
    for orders in (1, 100):
        snapshot = _snapshot(orders)
        label = f"account state, {orders} open orders"
        print(f"{label:36} floats +{_us(lambda s=snapshot: floats(s)):8.2f} µs")  # type: ignore[misc]


if __name__ == "__main__":
    main()
