"""An account's events for several programs: one publishes them, others read them, and go on after a restart.

``python event_log.py publish redis://127.0.0.1:6379/0 20`` places and takes back twenty orders, and has what becomes of
them logged. ``python event_log.py read redis://127.0.0.1:6379/0 10`` prints the next ten events, beside the first one or
later, and keeps in ``position.txt`` how far it has come: begun anew, it goes on there, with all that it missed.

Needs ``pip install 'binance-wsapi[redis]'``, and a Redis or Valkey server that nobody else can read.
"""

from __future__ import annotations

import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

from binance_wsapi import AccountReconciled, Client, OrderReconciled, StreamGap
from binance_wsapi.event_log import read_events
from binance_wsapi.models.user_events import OrderUpdate
from binance_wsapi.simulator import practice

ACCOUNT = "desk"
SYMBOL = "BTCUSDT"
PAUSE_S = 0.1
KEPT = Path("position.txt")


def publish(url: str, rounds: int) -> None:
    """Trade, and have the account's events logged; begun a second time it stands by and takes over."""
    with (
        practice(),
        Client.from_env(event_log=f"{url}?account={ACCOUNT}&keep_hours=24", order_rules="round") as client,
    ):  # fmt: skip
        client.subscribe_user_data_stream()
        for _ in range(rounds):
            order = client.spot.submit_new_order(
                SYMBOL, side="BUY", type="LIMIT", time_in_force="GTC", quantity="0.001", price="20000"
            ).result  # fmt: skip
            print("placed", order.order_id, flush=True)
            client.spot.cancel_order(SYMBOL, order_id=order.order_id)
            time.sleep(PAUSE_S)


def read(url: str, count: int) -> None:
    """Print so many events, from where the last run ended."""
    after = KEPT.read_text() if KEPT.exists() else "start"
    with read_events(url, ACCOUNT, after=after) as events:
        for event in islice(events, count):
            print(told(event), flush=True)
            # Now it is dealt with: killed before this line, the next run would be told it once more.
            KEPT.write_text(events.position)


def told(event: Any) -> str:
    """Return an event in a few words."""
    match event:
        case OrderUpdate():
            return f"order {event.order_id} {event.status}"
        case StreamGap():
            return f"gap of {event.until_ms - event.from_ms} ms: {event.reason}"
        case OrderReconciled():
            return (
                f"found out: order {event.order_id} {event.status}, {len(event.missed_fills)} fills"
            )
        case AccountReconciled():
            return "found out: the balances"
        case _:
            return type(event).__name__


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["publish", server, rounds]:
            publish(server, int(rounds))
        case ["read", server, count]:
            read(server, int(count))
        case _:
            sys.exit(__doc__)
