"""The stage of the simulation: time that jumps, and nothing that differs from run to run."""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from simulation_crashes import simulate_crash
from simulation_loop import Deadlock, ExchangeClock, Livelock, VirtualLoop
from simulation_run import simulate

HERE = Path(__file__).parent


def run(work: Any, loop: VirtualLoop | None = None) -> Any:
    loop = loop or VirtualLoop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


def test_a_day_passes_in_no_time() -> None:
    async def wait() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.sleep(86_400)
        return loop.time() - began

    began = time.monotonic()

    assert run(wait()) == pytest.approx(86_400)
    assert time.monotonic() - began < 10


def test_timers_run_in_the_order_of_their_times() -> None:
    async def wait() -> list[int]:
        order: list[int] = []

        async def note(number: int) -> None:
            await asyncio.sleep(number)
            order.append(number)

        await asyncio.gather(*(note(number) for number in (3, 1, 2)))
        return order

    assert run(wait()) == [1, 2, 3]


def test_waiting_for_what_can_never_come_is_a_deadlock() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    loop = VirtualLoop()
    task = loop.create_task(wait())
    with pytest.raises(Deadlock):
        loop.run_until_complete(task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()


def test_turning_without_end_is_a_livelock() -> None:
    async def spin() -> None:
        for _ in itertools.count():
            await asyncio.sleep(0)

    loop = VirtualLoop()
    task = loop.create_task(spin())
    with pytest.raises(Livelock):
        loop.run_until_complete(task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()


def test_the_exchange_counts_by_the_same_time() -> None:
    loop = VirtualLoop()
    clock = ExchangeClock(loop, 1_000_000)
    rung: list[int] = []
    clock.call_later(5.0, lambda: rung.append(clock.now_us()))

    async def wait() -> None:
        await asyncio.sleep(2.0)
        clock.skew(100.0)
        await asyncio.sleep(10.0)
        clock.stop()

    run(wait(), loop)

    assert rung == [106_000_000]


@pytest.mark.parametrize(
    ("play", "program", "seed"),
    [
        *((simulate, "simulation_run.py", seed) for seed in (3, 5, 26)),
        *((simulate_crash, "simulation_crashes.py", seed) for seed in (82, 221)),
    ],
)
def test_a_seed_replays_to_the_letter_in_another_process(
    play: Any, program: str, seed: int
) -> None:
    here = play(seed, keep_trace=True)
    there = subprocess.run(
        [sys.executable, str(HERE / program), "--trace", str(seed)],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1]), "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert there.stdout.strip() == str(here).strip()
