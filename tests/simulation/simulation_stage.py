"""What every simulation stands on: it is made from a seed, run to its end, judged, and reported.

:func:`main` runs many seeds on all processors and prints what fails, or what happens in one.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import random
import sys
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Any

from simulation_checks import check_calls
from simulation_loop import Deadlock, Livelock
from simulation_scenario import Plan, plan_of
from simulation_world import World

from binance_wsapi.markets import Market
from binance_wsapi.simulator.doors.request_limits import LimitRules, Window

__all__ = ["Play", "Report", "main", "play"]

TRACE_LINES = 400


@dataclass
class Report:
    """What one seed showed."""

    seed: int
    test: str
    """The test that replays it."""
    problems: list[str] = field(default_factory=list)
    calls: int = 0
    executions: int = 0
    events: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    trace: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join(
            [
                f"seed {self.seed}: {len(self.problems)} problems; replay it with",
                f"  python -m pytest tests/simulation/{self.test} --seed {self.seed}",
                *(f"  * {problem}" for problem in self.problems[:10]),
                *self.trace[-TRACE_LINES:],
            ]
        )


Play = Callable[[World, Plan, Random, Report], Coroutine[Any, Any, None]]
"""What happens in a simulation, its judgement included."""


class _Errors(logging.Handler):
    """Keeps what the library logs as an error of its own."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.lines.append(self.format(record))


def play(seed: int, happens: Play, *, name: str, test: str, keep_trace: bool = False) -> Report:
    """Run one seed and judge it.

    Args:
        seed: Where all chance comes from, together with the name.
        happens: What happens.
        name: What it is called.
        test: The file of the test that replays it.
        keep_trace: Keep what happened even if nothing went wrong.
    """
    random.seed(seed)  # the core's jitter
    rng = Random(f"{name} {seed}")
    plan = plan_of(rng)
    rules = LimitRules()
    if plan.weight_limit is not None:
        rules = replace(rules, weight=Window("MINUTE", 1, plan.weight_limit))
    world = World(seed, rules=rules, connect_timeout=plan.options["connect_timeout"])
    if plan.second_clock_s is not None:
        world.open_exchange(
            "testnet" if plan.second_market is Market.SPOT else "futures",
            world.exchange.clock.now_us() + round(plan.second_clock_s * 1e6),
            plan.second_market,
        )
    world.repeats_ids = plan.repeats_ids
    report = Report(seed, test)
    errors = _Errors()
    logger = logging.getLogger("binance_wsapi")
    logger.addHandler(errors)
    propagates, logger.propagate = logger.propagate, False
    try:
        world.loop.run_until_complete(happens(world, plan, rng, report))
    except (Deadlock, Livelock) as error:
        report.problems.append(f"{type(error).__name__}: {error}")
        report.problems += check_calls(world)
    finally:
        logger.removeHandler(errors)
        logger.propagate = propagates
        for exchange in world.exchanges.values():
            exchange.clock.stop()
        _end(world)
    report.problems += [f"logged: {line}" for line in errors.lines]
    report.calls = len(world.calls)
    report.executions = sum(len(each.executions) for each in world.exchanges.values())
    report.events = sum(len(each.events) for each in world.exchanges.values())
    for call in world.calls:
        for outcome in call.outcomes:
            mark = " resolved" if getattr(outcome, "resolved", False) else ""
            report.outcomes[type(outcome).__name__ + mark] += 1
    for name, count in world.faults_injected.items():
        report.faults[name.split(":")[0].split(" ")[0]] += count
    if report.problems or keep_trace:
        report.trace = [f"{at:12.6f} {text}" for at, text in world.trace]
    return report


def _end(world: World) -> None:
    loop = world.loop
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        with contextlib.suppress(Deadlock, Livelock):
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.close()


def _survive(simulate: Callable[..., Report], seed: int) -> Report:
    """Run a seed; that the simulation itself fails is one seed's problem, and ends no run."""
    try:
        return simulate(seed)
    except Exception as error:  # noqa: BLE001  (whatever it is, it is shown)
        return Report(seed, "", problems=[f"the simulation raised {error!r}"])


def main(simulate: Callable[..., Report]) -> None:
    """Run the seeds of the command line, on all processors."""
    from multiprocessing import Pool

    gc.freeze()
    if sys.argv[1] == "--trace":
        print(simulate(int(sys.argv[2]), keep_trace=True))
        return
    first, last = int(sys.argv[1]), int(sys.argv[2])
    totals, outcomes, faults = Counter[str](), Counter[str](), Counter[str]()
    bad = []
    with Pool() as pool:
        for report in pool.imap_unordered(
            partial(_survive, simulate), range(first, last), chunksize=20
        ):
            totals.update(
                seeds=1, calls=report.calls, executions=report.executions, events=report.events
            )
            outcomes += report.outcomes
            faults += report.faults
            if report.problems:
                bad.append(report.seed)
                print(f"seed {report.seed}: {report.problems[0][:300]}", flush=True)
    print(dict(totals), f"faults={faults.total()}")
    print("outcomes", dict(outcomes.most_common()))
    print("faults", dict(faults.most_common()))
    print(f"{len(bad)} seeds failed: {sorted(bad)[:100]}")
    sys.exit(bool(bad))
