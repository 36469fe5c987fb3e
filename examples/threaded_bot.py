"""A bot of several threads that ends in order: on Ctrl-C, on SIGTERM, and when one of its threads fails.

``python threaded_bot.py 3`` ends when each thread has traded three times.

One client serves all threads. At the end each thread finishes the call it is in, what rests is taken back, and
what became of calls that were given up is told.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from decimal import Decimal

from binance_wsapi import Client, NotSent, OrderNotFound, RateLimited
from binance_wsapi.simulator import practice

SYMBOLS = ("BTCUSDT", "ETHUSDT", "BNBUSDT")
PAUSE_S = 0.05

log = logging.getLogger("threaded_bot")  # unlike print, it keeps the lines of threads apart


def trade(client: Client, symbol: str, rounds: int, stop: threading.Event) -> None:
    """Rest an order below the market and take it back, again and again, until told to stop."""
    for _ in range(rounds):
        if stop.is_set():
            return
        pause = PAUSE_S
        try:
            best = client.spot.get_symbol_order_book_ticker(symbol).result
            order = client.spot.submit_new_order(
                symbol, side="BUY", type="LIMIT", time_in_force="GTC",
                price=best.bid_price * Decimal("0.95"), quantity=round(25 / best.bid_price, 8),
            ).result  # fmt: skip
            log.info("rest %s %s at %s", order.quantity, symbol, order.price)
            stop.wait(pause)
            client.spot.cancel_order(symbol, order_id=order.order_id)
        except (NotSent, RateLimited) as error:
            # Nothing was done, and it is safe to go on when the limit or the connection allows it.
            log.info("%s: %s", symbol, error)
            pause = max(pause, error.retry_after or 0)
        stop.wait(pause)


def main(rounds: int) -> None:
    """Trade with one thread for each symbol."""
    logging.basicConfig(format="%(message)s", stream=sys.stdout)
    log.setLevel(logging.INFO)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        # The handler does next to nothing: it may run in the middle of anything.
        signal.signal(number, lambda number, frame: stop.set())
    with practice(), Client.from_env(order_rules="round") as client:
        with ThreadPoolExecutor(len(SYMBOLS)) as pool:
            threads = [pool.submit(trade, client, symbol, rounds, stop) for symbol in SYMBOLS]
            wait(threads, return_when=FIRST_EXCEPTION)
            stop.set()  # one has failed, or all are done
        for symbol in SYMBOLS:
            with suppress(OrderNotFound):
                client.spot.cancel_all_open_orders(symbol)
        for outcome in client.outcomes():
            log.info(
                "given up: %s %s %s", outcome.operation, outcome.client_order_id, outcome.state
            )
        log.info("%d open orders left", len(client.spot.get_open_orders().result))
        for thread in threads:
            thread.result()  # what has failed is told


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
