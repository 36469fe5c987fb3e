"""Publishers and readers are killed under load, or cut off: each reader is told of every execution once.

``BINANCE_WSAPI_LOG_KILLS=200`` kills more of them than the suite does.
"""

from __future__ import annotations

import contextlib
import json
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from killed_bots import NO_LIMITS, ROUNDS, Slot, at_work, start
from redis_server import RedisServer, needs_redis
from ways import Way

from binance_wsapi.simulator import SimulatedExchange
from binance_wsapi.simulator.exchange import AccountHandle

PUBLISHERS, READERS = 2, 2


def limit_order(account: AccountHandle, side: str, quantity: str, price: int) -> int:
    placed = account.request(
        "order.place",
        {
            "symbol": "BTCUSDT",
            "side": side,
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": quantity,
            "price": str(price),
        },
    )
    return int(placed["orderId"])


class Load:
    """Trades without an end: orders that are filled at once, in parts and later, and such as are cancelled."""

    def __init__(self, account: AccountHandle, other: AccountHandle) -> None:
        self._account, self._other = account, other
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._trade, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *raised: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _trade(self) -> None:
        chance = random.Random(ROUNDS)
        while not self._is_over.wait(0.01):
            price = chance.randint(9_900, 9_999)
            match chance.randrange(3):
                case 0:  # made and filled at once
                    limit_order(self._other, "SELL", "0.01", price)
                    limit_order(self._account, "BUY", "0.01", price)
                case 1:  # filled in parts
                    limit_order(self._account, "BUY", "0.03", price)
                    for _ in range(3):
                        limit_order(self._other, "SELL", "0.01", price)
                case _:  # filled in part, and cancelled
                    order_id = limit_order(self._account, "BUY", "0.02", price)
                    limit_order(self._other, "SELL", "0.01", price)
                    self._account.request(
                        "order.cancel", {"symbol": "BTCUSDT", "orderId": order_id}
                    )


class Kept:
    """What a reader has kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kinds: Counter[str] = Counter()
        self.trades: Counter[int] = Counter()
        self.found_out = 0
        """How many trades were found out after a gap."""
        self._orders: set[int] = set()
        self._read = 0

    def look(self) -> None:
        """Take in what it has kept since the last look: whole lines stay what they are."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in map(json.loads, whole.splitlines()):
            self.kinds[line["kind"]] += 1
            self.trades.update(line["trades"])
            self.found_out += len(line["trades"]) * (line["kind"] == "OrderReconciled")
            self._orders.add(line["order"])

    def knows(self, order_id: int) -> bool:
        self.look()
        return order_id in self._orders

    def has_all(self, made: set[int]) -> bool:
        self.look()
        return self.trades.keys() >= made


def read_by_all(kept: list[Kept], order_id: int) -> bool:
    return all(each.knows(order_id) for each in kept)


def executions(account: AccountHandle) -> set[int]:
    """The numbers of all trades that the exchange made for an account."""
    found: set[int] = set()
    while True:
        asked = {"symbol": "BTCUSDT", "limit": 1000, "fromId": max(found, default=-1) + 1}
        rows = account.request("myTrades", asked)
        found |= {row["id"] for row in rows}
        if len(rows) < 1000:
            return found


def wait_until(holds: Callable[[], object]) -> None:
    """The test's own timeout ends a wait for what never comes."""
    while not holds():
        time.sleep(0.02)


@needs_redis
@pytest.mark.timeout(600 + 30 * ROUNDS)
def test_every_execution_is_read_once_whoever_is_killed(tmp_path: Path) -> None:
    chance = random.Random(ROUNDS)
    kept = [Kept(tmp_path / f"reader{number}") for number in range(READERS)]
    with RedisServer(tmp_path) as server, SimulatedExchange(seed=7) as exchange:
        exchange.limits.enabled = False
        exchange.limits.set_rules(NO_LIMITS)  # clients keep to what they are told
        plenty = {"USDT": "1000000000", "BTC": "100000"}
        account, other = exchange.create_account(plenty), exchange.create_account(plenty)
        options = {
            **exchange.client_options(account.create_key()),
            "event_log": f"{server.url}?account=desk",
            "attach_event_listeners": False,
            "timeout": 60,  # a busy machine is slow to begin
        }
        ways = [Way(exchange) for _ in range(PUBLISHERS)]
        publishers = [Slot(role="publish", options={**options, "urls": way.urls}) for way in ways]
        readers = [Slot(role="read", url=server.url, path=str(each.path)) for each in kept]
        with contextlib.ExitStack() as cleanup:
            for way in ways:
                cleanup.callback(way.close)
            cleanup.enter_context(at_work([*publishers, *readers]))
            # The log begins with the first turn: what was before is nobody's loss.
            first = limit_order(account, "BUY", "0.01", 9_000)
            wait_until(lambda: read_by_all(kept, first))
            with Load(account, other):
                for number in range(ROUNDS):
                    # Killed is the first, cut off the second, which has gone on; then both are killed.
                    killed = [publishers[:1], [], publishers][number % 3]
                    killed = [*killed, readers[number % READERS]]
                    # The moment is what chance makes of it: whatever it is, all that follows has to hold.
                    signal.sigtimedwait([], chance.uniform(0, 0.3))
                    for slot in killed:
                        slot.kill()
                    if number % 3 == 1:
                        ways[1].cut()
                    start(killed)
                    seen = limit_order(account, "BUY", "0.01", 9_000)
                    wait_until(partial(read_by_all, kept, seen))
                    if number % 3 == 1:
                        ways[1].mend()
                    # The exchange takes so many open orders, and no more.
                    account.request("order.cancel", {"symbol": "BTCUSDT", "orderId": seen})
            made = executions(account)
            wait_until(lambda: all(each.has_all(made) for each in kept))
        for each in kept:
            print(f"{len(made)} executions, {each.found_out} found out after a gap; {each.kinds}")

            assert each.trades == Counter(made), "told twice, or never made"
