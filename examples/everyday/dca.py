"""Buy for 25 USDT a few times, and report what was paid on average."""

from binance_wsapi import Client, NotPlaced, NotSent, RequestRejected

with Client.from_env() as client:
    first = None
    for _ in range(4):
        try:
            order = client.spot.submit_new_order(
                "BTCUSDT", side="BUY", type="MARKET", quote_order_qty=25
            ).result
        except (NotSent, NotPlaced, RequestRejected) as error:
            print("not bought:", error)
        else:
            first = first or order.order_id
    fills = [
        fill for fill in client.spot.history.my_trades("BTCUSDT") if fill.order_id >= (first or 0)
    ]
    spent = sum(fill.price * fill.quantity for fill in fills)
    print(len(fills), "fills, average", spent / sum(fill.quantity for fill in fills))
