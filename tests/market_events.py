"""Makes things happen on the embedded exchange's markets, for tests of what the streams tell."""

from __future__ import annotations

from typing import Any

from callers import Caller

from binance_wsapi import EventStream, StreamGap
from binance_wsapi.simulator import AccountHandle, SimulatedExchange


def make_trade(
    exchange: SimulatedExchange, account: AccountHandle, symbol: str = "BTCUSDT"
) -> None:
    """Let one Spot trade happen; the symbol's trade ids count up by one."""
    order = {
        "symbol": symbol,
        "side": "SELL",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01",
        "price": "65000.00" if symbol == "BTCUSDT" else "3000.00",
    }
    account.request("order.place", order)
    exchange.trade(symbol, "BUY", "0.01", order["price"])


def take_trades(caller: Caller, stream: EventStream[Any]) -> list[Any]:
    """Take what waits in a stream of trades: ids, and gaps as they are."""
    taken = []
    while len(stream):
        event = caller.next_event(stream)
        taken.append(event if isinstance(event, StreamGap) else event.trade_id)
    return taken


def control_messages(exchange: SimulatedExchange, method: str) -> list[list[str]]:
    """Return the names in each control message that the exchange received."""
    return [frame.payload["params"] for frame in exchange.journal.requests(method)]
