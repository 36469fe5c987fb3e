"""A USD-M futures position, opened and closed, with the account's events beside it.

Needs ``BINANCE_API_KEY`` and ``BINANCE_API_SECRET`` of the futures testnet in the environment.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from binance_wsapi import Client, EventStream, WsKey
from binance_wsapi.models.futures_events import FuturesOrderUpdate


def main(client: Client) -> None:
    """Buy at the market, look at the position, and close it with a reduce-only order."""
    events = client.subscribe_user_data_stream(WsKey.USDM_WSAPI)

    client.usdm.submit_new_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.01")
    print("bought at", fill_price(events))
    for position in client.usdm.get_position_v2(symbol="BTCUSDT").result:
        print("position", position.position_amount, "entered at", position.entry_price)

    client.usdm.submit_new_order(
        symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.01", reduce_only=True
    )
    print("sold at", fill_price(events))
    client.unsubscribe_user_data_stream(WsKey.USDM_WSAPI)


def fill_price(events: EventStream[Any]) -> Decimal | None:
    """Wait until an order is filled, and return its mean price; ``None`` when the exchange left it out."""
    while True:
        event = events.get(timeout=10)
        if isinstance(event, FuturesOrderUpdate) and event.order.status == "FILLED":
            return event.order.average_price


if __name__ == "__main__":
    with Client.from_env(testnet=True) as testnet_client:
        main(testnet_client)
