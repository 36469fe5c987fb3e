"""Dollar cost averaging: buy for the same amount again and again, and report what was paid on average.

``python dca.py 4 0.2`` buys four times, 0.2 s apart; 86400 is once a day.
"""

from __future__ import annotations

import sys
import time
from decimal import Decimal

from binance_wsapi import Client, NotPlaced, NotSent, OutcomeUnknown, RequestRejected, Response
from binance_wsapi.models.order import PlacedOrder
from binance_wsapi.simulator import practice

SYMBOL, AMOUNT = "BTCUSDT", 25


def buy(client: Client) -> PlacedOrder | None:
    """Buy once; ``None`` when it is certain that nothing was bought."""
    try:
        try:
            return client.spot.submit_new_order(
                SYMBOL, side="BUY", type="MARKET", quote_order_qty=AMOUNT
            ).result
        except OutcomeUnknown as error:
            # Perhaps it was bought: found out before the next one. Unknown still, the error ends the program.
            print("not known yet:", error)
            response: Response[PlacedOrder] = error.resolve()
            return response.result
    except (NotSent, NotPlaced, RequestRejected) as error:
        print("not bought:", error)
        return None


def main(times: int, pause: float) -> None:
    """Buy so many times."""
    spent = bought = Decimal(0)
    with practice(), Client.from_env() as client:
        for number in range(times):
            if number:
                time.sleep(pause)
            order = buy(client)
            if order is not None:
                spent += order.cumulative_quote_quantity or 0
                bought += order.executed_quantity or 0
                print("bought", order.executed_quantity, "for", order.cumulative_quote_quantity)
    print("average", round(spent / bought, 2) if bought else "of nothing")


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else 4, float(given[1]) if len(given) > 1 else 0.2)
