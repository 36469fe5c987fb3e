"""Four processes behind one address, against an exchange that enforces its limits, through kills and a restart.

In the short form the window lasts a day and each step allows so many requests, so nothing depends on how fast the
machine is: what all have under way fits into the reserve. The long form has windows of a minute:
``BINANCE_WSAPI_LONG=1 pytest -s tests/shared_limits/test_fleet.py``.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis_server import RedisServer, needs_redis

from binance_wsapi.simulator import SimulatedExchange
from binance_wsapi.simulator.doors.request_limits import LimitRules, Window
from binance_wsapi.simulator.errors import ExchangeError

IS_LONG = bool(os.environ.get("BINANCE_WSAPI_LONG"))
SECONDS, LIMIT, UNDER_WAY = (60, 6000, 20) if IS_LONG else (86_400, 2000, 5)
MEMBERS = 4
ENDLESS = 1_000_000
PATIENCE_S = 200.0
"""Far more than anything takes here."""
MEMBER = Path(__file__).with_name("member.py")


class Watched:
    """What the exchange counted in each window, and what it refused."""

    def __init__(self, exchange: SimulatedExchange) -> None:
        unit = ("MINUTE", 1) if IS_LONG else ("DAY", 1)
        exchange.limits.set_rules(LimitRules(weight=Window(*unit, LIMIT)))
        exchange.limits.enabled = True
        self.used: Counter[int] = Counter()
        self.refused: list[str] = []
        self._clock = exchange.limits.clock
        charge = exchange.limits.charge

        def counted(remote: str, weight: int) -> None:
            try:
                charge(remote, weight)
            except ExchangeError as error:
                self.refused.append(str(error))
                raise
            self.used[self.window] += weight

        exchange.limits.charge = counted  # type: ignore[method-assign]

    @property
    def window(self) -> int:
        """The window that is now."""
        return self._clock.now_us() // (SECONDS * 10**6)

    def wait_for(self, window: int) -> None:
        """Wait until a window has begun."""
        while self.window < window:
            time.sleep(0.01)

    def wait_until_used(self, part: float) -> None:
        """Wait until so much of a window is used up."""
        until = time.monotonic() + PATIENCE_S
        while max(self.used.values(), default=0) < part * LIMIT:
            assert time.monotonic() < until, f"{dict(self.used)} used, and no more"
            time.sleep(0.01)

    def part_used(self, windows: range) -> float:
        """How much of the limit was used in these windows."""
        return sum(self.used[window] for window in windows) / (LIMIT * len(windows))


class Bot:
    """A process of the fleet."""

    def __init__(self, options: dict[str, Any], requests: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, MEMBER, json.dumps(options), str(UNDER_WAY)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.may_ask(requests)

    def may_ask(self, requests: int) -> None:
        """Allow so many more requests."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{requests}\n")
        self.process.stdin.flush()

    def has_begun(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "began\n"

    def end(self) -> dict[str, Any]:
        told, _ = self.process.communicate(timeout=PATIENCE_S)
        result: dict[str, Any] = json.loads(told.splitlines()[-1])
        return result

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)


@contextlib.contextmanager
def fleet(options: dict[str, Any], requests: int) -> Iterator[list[Bot]]:
    bots = [Bot(options, requests) for _ in range(MEMBERS)]
    try:
        for bot in bots:
            bot.has_begun()
        yield bots
    finally:
        for bot in bots:
            if bot.process.poll() is None:
                bot.kill()


@needs_redis
@pytest.mark.timeout(600)
def test_a_fleet_uses_a_window_up_whoever_dies_meanwhile(
    exchange: SimulatedExchange, tmp_path: Path
) -> None:
    watched = Watched(exchange)
    with RedisServer(tmp_path) as server:
        options = {**exchange.client_options(), "shared_limits": server.url}
        with fleet(options, LIMIT // 40) as bots:
            bots[0].may_ask(LIMIT // 5)
            watched.wait_until_used(0.2)
            bots[0].kill()  # with a lease, and requests under way
            bots[0] = Bot(options, LIMIT // 40)
            bots[0].has_begun()
            for bot in bots:
                bot.may_ask(LIMIT // 10)
            watched.wait_until_used(0.4)
            server.stop()
            server.start()
            for bot in bots:
                bot.may_ask(LIMIT)
            watched.wait_until_used(0.95)
            results = [bot.end() for bot in bots]

    assert not watched.refused, watched.refused[:3]
    assert not [error for each in results for error in each["refused"]]
    assert all(each["answered"] for each in results)


@needs_redis
@pytest.mark.skipif(not IS_LONG, reason="takes minutes of the machine: BINANCE_WSAPI_LONG=1")
@pytest.mark.timeout(900)
def test_a_fleet_uses_the_limit_up_and_never_goes_beyond(
    exchange: SimulatedExchange, tmp_path: Path
) -> None:
    watched = Watched(exchange)
    with RedisServer(tmp_path) as server:
        options = {**exchange.client_options(), "shared_limits": server.url}
        with fleet(options, ENDLESS) as bots:
            calm = range(watched.window + 2, watched.window + 4)
            watched.wait_for(calm.stop)
            bots[0].kill()  # with a lease, and requests under way
            bots[0] = Bot(options, ENDLESS)
            bots[0].has_begun()
            watched.wait_for(calm.stop + 1)
            server.stop()
            server.start()
            rough = range(calm.stop, calm.stop + 3)
            watched.wait_for(rough.stop)
            results = [bot.end() for bot in bots]
    print(f"calm {watched.part_used(calm):.3f}, rough {watched.part_used(rough):.3f}", results)

    assert not watched.refused, watched.refused[:3]
    assert not [error for each in results for error in each["refused"]]
    assert watched.part_used(calm) >= 0.95
    assert watched.part_used(rough) >= 0.95
    of_one = (len(calm) + len(rough)) * LIMIT / MEMBERS
    assert all(each["answered"] >= of_one / 2 for each in results[1:]), "nobody starves"
    assert results[0]["answered"] >= len(rough) * LIMIT / MEMBERS / 2, "nor does who came later"
