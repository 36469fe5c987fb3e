"""User data: fills and balances as they happen, and what a gap in them looks like."""

from __future__ import annotations

from binance_wsapi import Client, ClientClosed, OrderReconciled, StreamGap
from binance_wsapi.models.user_events import AccountPosition, OrderUpdate
from binance_wsapi.simulator import practice


def main(client: Client) -> None:
    """Buy a little at the market, and follow the account until the fill has been told."""
    events = client.subscribe_user_data_stream()
    client.spot.submit_new_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.001")

    filled = balances_told = False
    try:
        while not (filled and balances_told):
            event = events.get(timeout=10)
            match event:
                case OrderUpdate():
                    print("order", event.order_id, event.execution_type, event.status)
                    filled = event.status == "FILLED"
                case AccountPosition():
                    for balance in event.balances:
                        print("balance", balance.asset, balance.free, "locked", balance.locked)
                    balances_told = True
                case StreamGap():
                    # The connection was lost: what happened meanwhile follows as reconciled orders.
                    print("gap from", event.from_ms, "until", event.until_ms, event.reason)
                case OrderReconciled():
                    print("order", event.order_id, "is", event.status, "after the gap")
                case _:
                    print("event", event)
    except TimeoutError:
        print("nothing happened for 10 s")
    except ClientClosed:
        print("the stream was closed")
    client.unsubscribe_user_data_stream()


if __name__ == "__main__":
    with practice(), Client.from_env() as trader:
        main(trader)
