"""Four processes behind one address, against an exchange that enforces its limits, through kills and a restart.

The long form has windows of a minute: ``BINANCE_WSAPI_LONG=1 pytest -s tests/shared_limits/test_fleet.py``.
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
SECONDS, LIMIT = (60, 6000) if IS_LONG else (3, 300)
MEMBERS = 4
MEMBER = Path(__file__).with_name("member.py")


class Watched:
    """What the exchange counted in each window, and what it refused."""

    def __init__(self, exchange: SimulatedExchange) -> None:
        unit = ("MINUTE", 1) if IS_LONG else ("SECOND", SECONDS)
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

    def part_used(self, windows: range) -> float:
        """How much of the limit was used in these windows."""
        return sum(self.used[window] for window in windows) / (LIMIT * len(windows))


class Bot:
    """A process of the fleet."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, MEMBER, json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def has_begun(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "began\n"

    def end(self) -> dict[str, Any]:
        told, _ = self.process.communicate("\n", timeout=30)
        result: dict[str, Any] = json.loads(told.splitlines()[-1])
        return result

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)


@contextlib.contextmanager
def fleet(options: dict[str, Any]) -> Iterator[list[Bot]]:
    bots = [Bot(options) for _ in range(MEMBERS)]
    try:
        for bot in bots:
            bot.has_begun()
        yield bots
    finally:
        for bot in bots:
            if bot.process.poll() is None:
                bot.kill()


@needs_redis
@pytest.mark.skipif(
    not os.environ.get("BINANCE_WSAPI_FLEET") and not IS_LONG,
    reason="takes the machine for itself: BINANCE_WSAPI_FLEET=1, or BINANCE_WSAPI_LONG=1",
)
@pytest.mark.timeout(900 if IS_LONG else 120)
def test_a_fleet_uses_the_limit_up_and_never_goes_beyond(
    exchange: SimulatedExchange, tmp_path: Path
) -> None:
    watched = Watched(exchange)
    with RedisServer(tmp_path) as server:
        options = {**exchange.client_options(), "shared_limits": server.url}
        with fleet(options) as bots:
            calm = range(watched.window + 2, watched.window + (4 if IS_LONG else 5))
            watched.wait_for(calm.stop)
            bots[0].kill()  # with a lease, and requests under way
            bots[0] = Bot(options)
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
    # Short windows are no measure: one late answer of a busy machine costs a third of them.
    assert watched.part_used(calm) >= (0.95 if IS_LONG else 0.75)
    assert watched.part_used(rough) >= (0.95 if IS_LONG else 0.5)
    of_one = (len(calm) + len(rough)) * LIMIT / MEMBERS
    fair = of_one / 2 if IS_LONG else of_one / 4
    assert all(each["answered"] >= fair for each in results[1:]), "nobody starves"
    assert results[0]["answered"] > 0
