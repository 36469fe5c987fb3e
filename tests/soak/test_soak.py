"""A bot that trades while its connections are killed: what it holds stays as much as it was.

``SOAK_SECONDS=600 python -m pytest tests/soak --timeout 0`` runs longer.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

import binance_wsapi
from binance_wsapi import Client
from binance_wsapi.core.lost_answers import UNKNOWN_KEPT
from binance_wsapi.errors import BinanceWsApiError
from binance_wsapi.events import StreamGap
from binance_wsapi.protocol.event_merge import EventMerge
from binance_wsapi.protocol.live_orders import LiveOrders
from binance_wsapi.protocol.own_orders import OwnOrders
from binance_wsapi.simulator import SimulatedExchange
from binance_wsapi.simulator.doors.request_limits import LimitRules, Window

SECONDS = float(os.environ.get("SOAK_SECONDS", "9"))
TRADERS = 4
BOUNDLESS = LimitRules(
    weight=Window("MINUTE", 1, 10**9),
    orders=(Window("SECOND", 10, 10**9), Window("DAY", 1, 10**9)),
    connections=Window("MINUTE", 5, 10**9),
)
GROWTH_BYTES = 300_000
"""What swings from one rest to the next, and what small memories (of round trips, say) still take in."""
REMEMBERED = 50
"""Orders that the client keeps in mind here: so few that the first third fills its memories on any machine."""

PACKAGE = Path(binance_wsapi.__path__[0])


@dataclass
class Held:
    """What the process holds on to."""

    files: int
    threads: int
    tasks: int
    links: int
    pending: int
    bytes: int
    objects: Counter[str]


def held(client: Client) -> Held:
    gc.collect()
    core = client._core

    async def inside() -> tuple[int, int, int]:
        import asyncio

        sessions = core.sessions.open.values()
        return (
            len(asyncio.all_tasks()),
            sum(len(session.links) for session in sessions),
            sum(len(link.pending) for session in sessions for link in session.links.values()),
        )

    tasks, links, pending = core.runtime.run(inside).result(10.0)
    own = Counter(
        type(thing).__name__
        for thing in gc.get_objects()
        if str(type(thing).__module__).startswith("binance_wsapi.core")
    )
    return Held(
        files=len(list(Path("/proc/self/fd").iterdir())) if sys.platform == "linux" else 0,
        threads=threading.active_count(),
        tasks=tasks,
        links=links,
        pending=pending,
        bytes=0,
        objects=own,
    )


def traced() -> int:
    """Return the bytes that the client's own code holds; the exchange next to it keeps its history."""
    ours = [
        tracemalloc.Filter(True, f"{PACKAGE}/{part}")
        for part in ("core/*", "protocol/*", "*client*.py", "_*_calls.py", "response.py")
    ]
    snapshot = tracemalloc.take_snapshot().filter_traces(ours)
    return sum(statistic.size for statistic in snapshot.statistics("filename"))


def at_rest(client: Client, exchange: SimulatedExchange) -> Held:
    """Measure when nothing is under way: every connection up, every drain over."""
    exchange.faults.clear()
    deadline = time.monotonic() + 30.0
    while True:
        client.spot.get_server_time()
        # Calls whose outcome stayed unknown are remembered on purpose, so many of them at most.
        assert len(client._core.lost_answers._unknown) <= UNKNOWN_KEPT
        client._core.lost_answers._unknown.clear()
        now = held(client)
        # The second task is the one that counts, the first the reader of the one connection.
        if now.links == 1 and not now.pending and now.tasks <= 2:
            exchange.journal.clear()
            now.bytes = traced()
            return now
        assert time.monotonic() < deadline, f"no rest: {now}"
        threading.Event().wait(0.1)


def ignore(work: Callable[[], Any]) -> None:
    try:
        work()
    except BinanceWsApiError:
        return


def trade(client: Client, rng: Random, until: float) -> int:
    calls = 0
    while time.monotonic() < until:
        side, price = rng.choice((("BUY", "64900"), ("SELL", "65100")))
        work: Callable[[], Any] = rng.choice(
            (
                partial(
                    client.spot.submit_new_order,
                    symbol="BTCUSDT",
                    type="LIMIT",
                    time_in_force="IOC",
                    side=side,
                    price=price,
                    quantity="0.001",
                ),
                lambda: client.spot.get_order_book(symbol="BTCUSDT", limit=5),
                lambda: client.spot.get_open_orders(symbol="BTCUSDT"),
                lambda: client.spot.cancel_all_open_orders(symbol="BTCUSDT"),
            )
        )
        ignore(work)
        calls += 1
    return calls


def kill(client: Client, exchange: SimulatedExchange, rng: Random, until: float) -> int:
    kills = 0
    faults = exchange.faults
    while time.monotonic() < until:
        # The client itself allows 200 connections in 5 minutes.
        threading.Event().wait(rng.uniform(0.1, 0.4))
        order = faults.on("order.place")
        rng.choice(
            (
                exchange.drop_connections,
                exchange.close_connections,
                lambda: exchange.call(exchange.venue.gateway.announce_shutdown),
                order.drop_after_acceptance,
                order.drop_before_acceptance,
                order.cut_mid_frame,
                order.unknown_outcome,
                lambda: faults.refuse_handshakes(503),
                lambda: faults.refuse_logon(),
                lambda: ignore(client.rotate),
            )
        )()
        kills += 1
    return kills


def consume(stream: Any, counted: Counter[str]) -> None:
    for event in stream:
        counted["gaps" if isinstance(event, StreamGap) else "events"] += 1


@pytest.fixture
def short_memories(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the client remember little: what is bounded is full before anything is measured."""
    for where, memory in (("exchanges", OwnOrders), ("reconciliation", LiveOrders)):
        name = f"binance_wsapi.core.{where}.{memory.__name__}"
        monkeypatch.setattr(name, partial(memory, size=REMEMBERED))
    # A link that was replaced is remembered until the copies of its events may have come.
    brief = partial(EventMerge, linger_s=0.0)
    monkeypatch.setattr("binance_wsapi.core.carriers.EventMerge", brief)


@pytest.mark.timeout(SECONDS + 120)
@pytest.mark.usefixtures("short_memories")
def test_nothing_grows_while_connections_are_killed() -> None:
    counted: Counter[str] = Counter()
    with SimulatedExchange(seed=3) as exchange:
        exchange.call(lambda: exchange.limits.set_rules(BOUNDLESS))
        options = exchange.client_options(exchange.create_account().create_key())
        with Client(
            **options,
            timeout=2.0,
            resolve_timeout=3.0,
            reconnect_delay=0.01,
            reconnect_delay_max=0.05,
            attach_event_listeners=False,
        ) as client:
            consumer = threading.Thread(
                target=consume, args=(client.subscribe_user_data_stream(), counted)
            )
            consumer.start()
            tracemalloc.start()
            stages = [stage(client, exchange, counted, SECONDS / 3, seed) for seed in range(3)]
            tracemalloc.stop()
        consumer.join(10.0)

    print(f"{dict(counted)}; {stages[0]} ... {stages[-1]}")
    assert not consumer.is_alive(), "the consumer of the stream never ended"
    warm, *later = stages
    assert counted["kills"] > SECONDS / 3
    assert counted["events"] > 100
    for now in later:
        assert now.files <= warm.files
        assert now.threads <= warm.threads
        assert now.tasks <= warm.tasks
        grown = {
            name: (warm.objects[name], count)
            for name, count in now.objects.items()
            if count > warm.objects[name] + 3
        }
        assert not grown, f"there are ever more of them: {grown}"
    assert later[-1].bytes - warm.bytes < GROWTH_BYTES


def stage(
    client: Client, exchange: SimulatedExchange, counted: Counter[str], seconds: float, seed: int
) -> Held:
    """Trade and kill for a while, then rest and measure."""
    until = time.monotonic() + seconds
    lock = threading.Lock()

    def one(number: int) -> None:
        calls = trade(client, Random(10 * seed + number), until)
        with lock:
            counted["calls"] += calls

    threads = [threading.Thread(target=one, args=(number,)) for number in range(TRADERS)]
    for thread in threads:
        thread.start()
    counted["kills"] += kill(client, exchange, Random(seed), until)
    for thread in threads:
        thread.join(30.0)
        assert not thread.is_alive(), "a call never ended"
    return at_rest(client, exchange)
