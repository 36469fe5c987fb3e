"""One crash by its seed: processes die in the middle of their trading, and what they left open is recovered.

``python tests/simulation/simulation_crashes.py 0 100000`` runs many, on all processors, and prints what fails;
``--trace 17`` prints what happens in one.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from random import Random
from typing import Any

from simulation_adversary import Adversary
from simulation_checks import check_calls, check_nothing_left, check_sendings
from simulation_exchange import REMOTE
from simulation_process import Death, Disk, Process, carry_elsewhere, death_of, tear
from simulation_recovery_checks import Recovery, check_journal, check_recoveries, check_sight
from simulation_scenario import (
    Desk,
    Plan,
    SlowSigner,
    Trader,
    desks_of,
    others_trade,
    others_use_limits,
)
from simulation_stage import Report, main, play
from simulation_world import CallRecord, World

from binance_wsapi.errors import BinanceWsApiError
from binance_wsapi.journal.sqlite import read_file
from binance_wsapi.markets import Market
from binance_wsapi.simulator.doors.request_limits import LimitRules

__all__ = ["simulate_crash"]

FENCE_S = 30.0 + 10.0 + 1.0
"""After so long no request of the simulated user can be executed any more."""

_LONGEST_BAN_S = 2_000

_FOLDER = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Where journals are: in memory, where that has a place."""


def simulate_crash(seed: int, *, keep_trace: bool = False) -> Report:
    """Run one seed and judge it.

    Args:
        seed: Where all chance comes from.
        keep_trace: Keep what happened even if nothing went wrong.
    """

    async def happens(world: World, plan: Plan, rng: Random, report: Report) -> None:
        with tempfile.TemporaryDirectory(prefix="crash-", dir=_FOLDER) as files:
            await _Crashes(world, plan, rng, report, Path(files)).run()

    return play(seed, happens, name="crash", test="test_crashes.py", keep_trace=keep_trace)


class _Crashes:
    def __init__(self, world: World, plan: Plan, rng: Random, report: Report, folder: Path) -> None:
        self._world = world
        self._plan = plan
        self._rng = rng
        self._report = report
        self._folder = folder
        self._disk = Disk()
        self._desks: list[Desk] = desks_of(world, plan)
        self._processes: list[Process] = []
        self._recoveries: list[Recovery] = []
        self._cut_short: list[CallRecord] = []
        self._options = self._make_options()

    def _make_options(self) -> dict[str, Any]:
        rng, plan = self._rng, self._plan
        key = self._world.make_key(plan.key_type)
        secret: dict[str, Any] = (
            {"signer": SlowSigner(key.api_secret)}
            if plan.signs_slowly
            else {"api_secret": key.api_secret}
        )
        durability = rng.choice(("process", "process", "power"))
        if durability == "power" and rng.random() < 0.7:
            slowest_s = rng.choice((0.001, 0.02, 0.2))
            self._world.loop.executor_takes = lambda: rng.uniform(0.0, slowest_s)
        return {
            **plan.options,
            **secret,
            "api_key": key.api_key,
            "durability": durability,
            # Ids that come again tell orders apart only where the journal has all of them.
            "journal_failure": rng.choice(
                ("raise", "raise", "raise", "raise" if plan.repeats_ids else "send")
            ),
        }

    async def run(self) -> None:
        world, plan, rng = self._world, self._plan, self._rng
        world.note(f"plan {plan}")
        if plan.options["on_unknown_outcome"] == "resolve":
            world.resolves_within = plan.options["resolve_timeout"]
        adversary = Adversary(world, rng)
        background = [world.loop.create_task(adversary.attack())]
        for exchange in world.exchanges.values():
            others = others_trade(exchange, rng, max(plan.others_pause_s, 1.0))
            background.append(world.loop.create_task(others))
            if plan.shares_address:
                background.append(world.loop.create_task(others_use_limits(exchange, rng)))
        if rng.random() < 0.2:
            background.append(world.loop.create_task(self._fail_disk()))
        deaths = rng.choice((1, 1, 1, 2, 2, 3))
        for number in range(deaths):
            await self._live_and_die(number)
        last = self._begin(deaths, None)
        await self._recover_some(last)
        adversary.stop()
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        self._disk.fails = False
        await self._settle_all(last)
        await asyncio.sleep(FENCE_S)
        await last.client.close()
        assert last.host.ending is not None
        await last.host.ending
        # Half-open connections are the exchange's to close; futures take their time.
        await asyncio.sleep(200.0 if plan.second_market is Market.SPOT else 900.0)
        self._judge(last)

    # The lives of the user's program

    def _begin(self, number: int, death: Death | None) -> Process:
        world = self._world
        process = Process(world, self._path(number), self._disk, death, self._rng)
        process.begin(**self._options)
        world.note(f"process {number} begins, {death}")
        self._processes.append(process)
        return process

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.db"

    async def _live_and_die(self, number: int) -> None:
        world, rng = self._world, self._rng
        process = self._begin(number, death_of(rng, recovers=number > 0))
        works = [self._recover_some(process)] if number else []
        if number == 0 or rng.random() < 0.5:
            works += self._traders(process)
        if self._plan.subscribes and rng.random() < 0.5:
            works.append(self._subscribe(process))
        process.run(works)
        await process.died
        self._report.problems += [f"the user's task raised {error!r}" for error in process.raised]
        left = self._path(number + 1)
        self._cut_short += await process.clear_away(left)
        if process.host.is_late:
            self._report.problems.append("closing took too long")
        if rng.random() < 0.2:
            world.note("its journal is torn")
            tear(left, rng)
        if rng.random() < 0.15:
            world.note("its journal is carried to another machine")
            carry_elsewhere(left)
        await asyncio.sleep(rng.choice((0.0, 0.05, 1.0, 5.0, 40.0)) * rng.random())

    def _traders(self, process: Process) -> list[Coroutine[Any, Any, None]]:
        return [
            Trader(self._world, process.client, self._plan, self._rng, self._desks).trade()
            for _ in range(self._plan.traders)
        ]

    async def _subscribe(self, process: Process) -> None:
        try:
            await process.client.subscribe_user_data_stream()
        except BinanceWsApiError as error:
            self._world.note(f"subscribe: {error!r}")

    async def _fail_disk(self) -> None:
        rng, disk = self._rng, self._disk
        while True:
            await asyncio.sleep(rng.expovariate(1 / 2.0))
            disk.fails = not disk.fails
            disk.writes_all_the_same = rng.random() < 0.3
            if disk.fails:
                self._world.inject("disk full")

    # What they recover

    async def _recover_some(self, process: Process) -> None:
        rng = self._rng
        if rng.random() < 0.5:
            await asyncio.sleep(rng.uniform(0.0, 3.0))
        for _ in range(rng.randint(1, 3)):
            if await self._recover(process, rng.choice((None, None, 3.0, 20.0))):
                return
            await asyncio.sleep(rng.expovariate(1.0))

    async def _recover(self, process: Process, timeout: float | None) -> bool:
        """Recover once; return whether nothing is left open."""
        world, recovery = self._world, Recovery(self._world, process, timeout)
        try:
            found = await process.client.recover(timeout=timeout)
        except BinanceWsApiError as error:
            world.note(f"recover: {error!r}")
            return False
        if process.is_dead:
            return False
        recovery.end(found)
        self._recoveries.append(recovery)
        process.comes_to("has recovered")
        return all(each.state != "open" for each in found)

    async def _settle_all(self, process: Process) -> None:
        """In peace, all can be found out, or can never be."""
        for exchange in self._world.exchanges.values():
            if exchange.market is Market.SPOT:
                exchange.limits.set_rules(LimitRules())
        for _ in range(_LONGEST_BAN_S // 60):
            if any(each.limits.is_banned(REMOTE) for each in self._world.exchanges.values()):
                await asyncio.sleep(60.0)
        for _ in range(6):
            if await self._recover(process, None):
                break
            # A window of the limits may have to turn first.
            await asyncio.sleep(70.0)
        if not await self._recover(process, None):
            self._report.problems.append("not all is recovered in peace")

    def _judge(self, process: Process) -> None:
        world, problems = self._world, self._report.problems
        problems += check_calls(world)
        problems += check_sendings(world)
        problems += check_nothing_left(world, process.client)
        problems += check_recoveries(world, self._processes, self._recoveries)
        _, entries = read_file(process.path)
        problems += check_sight(
            world, self._processes, entries.values(), [*world.calls, *self._cut_short]
        )
        problems += check_journal(world, entries.values())
        for recovery in self._recoveries:
            self._report.outcomes.update(f"recovered {each.state}" for each in recovery.found)


if __name__ == "__main__":
    main(simulate_crash)
