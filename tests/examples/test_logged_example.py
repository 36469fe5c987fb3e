"""The event log among the examples: a reader that is begun anew goes on where it ended."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from example_runs import begun, leading_to, printed
from redis_server import RedisServer, needs_redis

from binance_wsapi.simulator import SimulatedExchange

pytestmark = [needs_redis, pytest.mark.timeout(300)]

Run = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Begin the example in one of its roles."""
    running = []
    with RedisServer(tmp_path) as server, SimulatedExchange(seed=3, market_maker=True) as exchange:
        exchange.limits.enabled = False
        leads = leading_to(exchange, exchange.create_account())

        def begin(role: str, count: int) -> subprocess.Popen[str]:
            running.append(begun(tmp_path, "event_log", role, server.url, str(count), **leads))
            return running[-1]

        yield begin
        for each in running:
            each.kill()
            each.communicate()


def orders(text: str) -> list[tuple[int, str]]:
    return [(int(number), status) for number, status in re.findall(r"order (\d+) (\w+)", text)]


def test_a_reader_sees_what_it_missed(run: Run) -> None:
    first_reader = run("read", 3)
    publisher = run("publish", 10)
    placed = [int(each) for each in re.findall(r"placed (\d+)", printed(publisher))]
    first = printed(first_reader)
    rest = printed(run("read", 37))

    told = orders(first) + orders(rest)
    assert len(placed) == 10
    assert told == [(number, status) for number in placed for status in ("NEW", "CANCELED")], (
        first + rest
    )


def test_how_it_is_used_is_said(tmp_path: Path) -> None:
    assert "python event_log.py read" in printed(begun(tmp_path, "event_log"), status=1)
