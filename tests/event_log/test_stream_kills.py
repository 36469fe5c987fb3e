"""Publishers and readers of a market stream are killed under load, or cut off: each trade is read once, or lies in a gap.

``BINANCE_WSAPI_LOG_KILLS=200`` kills more of them than the suite does.
"""

from __future__ import annotations

import contextlib
import json
import random
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from killed_bots import NO_LIMITS, ROUNDS, Slot, at_work, start
from market_events import make_trade
from redis_server import RedisServer, needs_redis
from ways import Way

from binance_wsapi.simulator import SimulatedExchange
from binance_wsapi.simulator.exchange import AccountHandle

PUBLISHERS, READERS = 2, 2
NAME = "btcusdt@trade"


class Load:
    """Makes trades without an end; knows the number of the last."""

    def __init__(self, exchange: SimulatedExchange, account: AccountHandle) -> None:
        self._exchange, self._account = exchange, account
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._trade, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *raised: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _trade(self) -> None:
        while not self._is_over.wait(0.005):
            make_trade(self._exchange, self._account)


class Kept:
    """What a reader has kept, in order: numbers of trades, and gaps."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[int | tuple[int, int]] = []
        self.latest = -1
        """The highest number of a trade."""
        self._read = 0

    def look(self) -> int:
        """Take in what it has kept since the last look: whole lines stay what they are."""
        if self.path.exists():
            with self.path.open("rb") as file:
                file.seek(self._read)
                new = file.read()
            whole = new[: new.rfind(b"\n") + 1]
            self._read += len(whole)
            for line in map(json.loads, whole.splitlines()):
                if "trade" in line:
                    self.told.append(line["trade"])
                    self.latest = max(self.latest, line["trade"])
                else:
                    self.told.append(tuple(line["gap"]))
        return self.latest


def look_at_trades(account: AccountHandle, made: dict[int, int]) -> int:
    """Take in the numbers and moments of new trades, before the exchange forgets them; return the last number."""
    while True:
        asked = {"symbol": "BTCUSDT", "limit": 1000, "fromId": max(made, default=-1) + 1}
        rows: list[Any] = account.request("trades.historical", asked)
        made |= {row["id"]: row["time"] for row in rows}
        if len(rows) < 1000:
            return max(made)


def read_by_all(kept: list[Kept], trade_id: int) -> bool:
    return all(each.look() >= trade_id for each in kept)


def wait_until(holds: Callable[[], object]) -> None:
    """The test's own timeout ends a wait for what never comes."""
    while not holds():
        time.sleep(0.02)


def lost_in_gaps(told: list[int | tuple[int, int]], made: dict[int, int]) -> int:
    """Return how many trades were not told; each must lie in a gap that is told in its place."""
    first = next(each for each in told if isinstance(each, int))
    expected, lost = first, 0
    gaps: list[tuple[int, int]] = []
    for each in told:
        if not isinstance(each, int):
            gaps.append(each)
            continue
        assert each >= expected, f"{each} is told twice, or out of order"
        for missing in range(expected, each):
            is_told = any(since <= made[missing] <= until for since, until in gaps)
            assert is_told, f"{missing} is missing, and in no gap of {gaps}"
            lost += 1
        expected, gaps = each + 1, []
    assert expected == max(made) + 1, "the last trades were not told"
    return lost


@needs_redis
@pytest.mark.timeout(600 + 30 * ROUNDS)
def test_every_trade_is_read_once_or_lies_in_a_gap(tmp_path: Path) -> None:
    chance = random.Random(ROUNDS)
    kept = [Kept(tmp_path / f"reader{number}") for number in range(READERS)]
    with RedisServer(tmp_path) as server, SimulatedExchange(seed=7) as exchange:
        exchange.limits.enabled = False
        exchange.limits.set_rules(NO_LIMITS)  # clients keep to what they are told
        account = exchange.create_account({"USDT": "1000000000", "BTC": "100000"})
        options = {
            **exchange.client_options(),
            "event_log": f"{server.url}?keep=1000000",
            "attach_event_listeners": False,
            "timeout": 60,  # a busy machine is slow to begin
        }
        ways = [Way(exchange) for _ in range(PUBLISHERS)]
        publishers = [
            Slot(role="publish_stream", options={**options, "urls": way.urls}, name=NAME)
            for way in ways
        ]
        readers = [
            Slot(role="read_trades", url=server.url, path=str(each.path), name=NAME)
            for each in kept
        ]
        nobody_was_left = 0
        made: dict[int, int] = {}
        with contextlib.ExitStack() as cleanup:
            for way in ways:
                cleanup.callback(way.close)
            cleanup.enter_context(at_work([*publishers, *readers]))
            with Load(exchange, account):
                # The log begins with the first turn: what was before is nobody's loss.
                wait_until(partial(read_by_all, kept, 0))
                for number in range(ROUNDS):
                    is_last = number % 3 == 2
                    nobody_was_left += is_last
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
                    seen = look_at_trades(account, made) + 1
                    wait_until(partial(read_by_all, kept, seen))
                    if number % 3 == 1:
                        ways[1].mend()
            wait_until(partial(read_by_all, kept, look_at_trades(account, made)))
        for each in kept:
            lost = lost_in_gaps(each.told, made)
            gaps = sum(not isinstance(told, int) for told in each.told)
            print(
                f"{len(made)} trades, {lost} in {gaps} gaps; {nobody_was_left} times all were killed"
            )
