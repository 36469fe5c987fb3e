"""A hot standby: the same bot runs twice, on two hosts; one trades, the other takes over when it is gone.

``python hot_standby.py postgresql://user:password@host/database 20`` keeps one order resting, and places it
anew twenty times. Begun a second time it stands by until the first one's lease on the journal has run out, ten
seconds after its end. Then it finds out what became of the requests that the first one had under way, and goes
on. A first one that only seemed dead sends no order any more. While the database is away neither sends any; both wait
for it.

With a file in place of the database this works on one host.
"""

from __future__ import annotations

import sys
import time
from decimal import Decimal

from binance_wsapi import Client, ConfigurationError, JournalHeld, NotSent
from binance_wsapi.simulator import practice

SYMBOL = "BTCUSDT"
PAUSE_S = 0.3


def leading(journal: str, *, has_worked: bool) -> Client:
    """Return a client when the journal is this program's: until then another one leads, or its server is away."""
    while True:
        try:
            return Client.from_env(journal=journal, order_rules="round")
        except JournalHeld as error:
            has_worked = True
            print("standing by:", error, flush=True)
            time.sleep(max(error.retry_after or 0, PAUSE_S))
        except ConfigurationError as error:
            if not has_worked:  # a wrong URL, or no key: waiting mends nothing
                raise
            print("waiting:", error, flush=True)
            time.sleep(PAUSE_S)


def take_over(client: Client) -> list[int]:
    """Find out what the one before left, and return the orders that rest."""
    for found in client.recover():
        print("found out:", found.operation, found.client_order_id, found.state, flush=True)
    return [order.order_id for order in client.spot.get_open_orders(SYMBOL).result]


def trade(client: Client, resting: list[int], rounds: int) -> None:
    """Place an order far below the market, and take back the one before, again and again."""
    for _ in range(rounds):
        for order_id in resting:
            client.spot.cancel_order(SYMBOL, order_id=order_id)
        best = client.spot.get_symbol_order_book_ticker(SYMBOL).result
        order = client.spot.submit_new_order(
            SYMBOL, side="BUY", type="LIMIT", time_in_force="GTC",
            price=best.bid_price * Decimal("0.9"), quantity=Decimal("0.001"),
        ).result  # fmt: skip
        resting = [order.order_id]
        print("rest", order.order_id, "at", order.price, flush=True)
        time.sleep(PAUSE_S)


def main(journal: str, rounds: int) -> None:
    """Trade so many rounds, once it is this program's turn."""
    with practice():
        has_worked = False
        while True:
            with leading(journal, has_worked=has_worked) as client:
                has_worked = True
                print("leading", flush=True)
                try:
                    return trade(client, take_over(client), rounds)
                except (NotSent, ConfigurationError) as error:
                    # The journal took no order, or could not be read: its server is away, or this program was held up
                    # for so long that another one took over. Nothing was sent: back into the second row.
                    print("lost the lead:", error, flush=True)
            time.sleep(PAUSE_S)


if __name__ == "__main__":
    given = sys.argv[1:]
    main(given[0] if given else "standby.db", int(given[1]) if len(given) > 1 else 3)
