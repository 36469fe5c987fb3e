"""Grid bot: orders rest below and above the price, and each fill rests its opposite one step away."""

import sys
from contextlib import suppress
from decimal import Decimal

from binance_wsapi import Client, OrderNotFound
from binance_wsapi.models.user_events import OrderUpdate

SYMBOL, LEVELS, STEP, QUANTITY = "BTCUSDT", 5, Decimal("0.0005"), "0.01"
fills_left = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000

with Client.from_env(order_rules="round") as client:
    spot = client.spot

    def rest(side: str, price: Decimal) -> None:
        """Rest an order; its price is rounded to the symbol's tick, never against us."""
        order = spot.submit_new_order(
            SYMBOL, side=side, type="LIMIT", time_in_force="GTC", price=price, quantity=QUANTITY
        ).result
        print("rest", order.side, order.price, order.order_id, flush=True)

    best = spot.get_symbol_order_book_ticker(SYMBOL).result
    middle = (best.bid_price + best.ask_price) / 2
    events = client.subscribe_user_data_stream()
    for level in range(1, LEVELS + 1):
        rest("BUY", middle * (1 - STEP * level))
        rest("SELL", middle * (1 + STEP * level))
    for event in events:
        if isinstance(event, OrderUpdate) and event.status == "FILLED":
            print("filled", event.side, event.price, flush=True)
            was_bought = event.side == "BUY"
            rest(
                "SELL" if was_bought else "BUY",
                event.price * (1 + STEP if was_bought else 1 - STEP),
            )
            if (fills_left := fills_left - 1) <= 0:
                break
    with suppress(OrderNotFound):
        spot.cancel_all_open_orders(SYMBOL)
    print(spot.get_account_information().result.balances["USDT"].free)
