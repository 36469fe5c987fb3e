"""One simulation by its seed: the user, the adversary, the peace after it, and the judgement.

``python tests/simulation/simulation_run.py 0 100000`` runs many, on all processors, and prints what fails;
``--trace 17`` prints what happens in one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from simulation_adversary import Adversary
from simulation_checks import (
    can_stay_unknown,
    check_calls,
    check_given_up,
    check_limits,
    check_nothing_left,
    check_sendings,
)
from simulation_event_checks import check_events
from simulation_exchange import REMOTE, SimulatedExchange
from simulation_mirror_check import check_mirror
from simulation_scenario import (
    Desk,
    Plan,
    SlowSigner,
    Trader,
    desks_of,
    others_trade,
    others_use_limits,
    set_clock,
)
from simulation_stage import Report, main, play
from simulation_world import SimulatedClient, World

from binance_wsapi import WsKey
from binance_wsapi.account_state import AsyncAccountState
from binance_wsapi.errors import BinanceWsApiError, ClientClosed, OutcomeUnknown
from binance_wsapi.markets import Market

__all__ = ["FENCE_S", "simulate"]

FENCE_S = 30.0 + 10.0 + 1.0
"""After so long no request of the simulated user can be executed any more."""

SIGN_OF_LIFE = "sign-of-life"
"""The client id of the order that is placed in peace."""

_LONGEST_BAN_S = 2_000.0


@dataclass
class _Listening:
    """One stream of user data."""

    exchange: SimulatedExchange
    ws_key: WsKey
    stream: Any
    since: float
    """From when on it is subscribed."""
    delivered: list[Any] = field(default_factory=list)


def simulate(seed: int, *, keep_trace: bool = False) -> Report:
    """Run one seed and judge it.

    Args:
        seed: Where all chance comes from.
        keep_trace: Keep what happened even if nothing went wrong.
    """
    return play(
        seed,
        lambda *stage: _Simulation(*stage).run(),
        name="simulation",
        test="test_simulation.py",
        keep_trace=keep_trace,
    )


class _Simulation:
    def __init__(self, world: World, plan: Plan, rng: Random, report: Report) -> None:
        self._world = world
        self._plan = plan
        self._rng = rng
        self._report = report
        self._streams: list[_Listening] = []
        self._until = 0.0
        # Of its own chance, so that all other seeds' users stay as they are.
        self._mirrors = Random(f"mirror {report.seed}").random() < 0.4
        self._account: AsyncAccountState | None = None

    async def run(self) -> None:
        world, plan, rng = self._world, self._plan, self._rng
        key = world.make_key(plan.key_type)
        secret: dict[str, Any] = (
            {"signer": SlowSigner(key.api_secret)}
            if plan.signs_slowly
            else {"api_secret": key.api_secret}
        )
        if plan.options["on_unknown_outcome"] == "resolve":
            world.resolves_within = plan.options["resolve_timeout"]
        client = world.client(api_key=key.api_key, **secret, **plan.options)
        world.note(f"plan {plan}")
        adversary = Adversary(world, rng)
        background = [world.loop.create_task(adversary.attack())]
        for exchange in world.exchanges.values():
            others = others_trade(exchange, rng, plan.others_pause_s)
            background.append(world.loop.create_task(others))
            if plan.shares_address:
                background.append(world.loop.create_task(others_use_limits(exchange, rng)))
        desks = desks_of(world, plan)
        traders = [Trader(world, client, plan, rng, desks) for _ in range(plan.traders)]
        user = [world.loop.create_task(trader.trade()) for trader in traders]
        extras = [world.loop.create_task(self._rotate(client)) for _ in range(plan.rotations)]
        for desk in desks if plan.subscribes else ():
            for ws_key in desk.ws_keys if plan.subscribes_twice else desk.ws_keys[:1]:
                listening = self._listen(client, desk.exchange, ws_key)
                extras.append(world.loop.create_task(listening))
        if self._mirrors:
            extras.append(world.loop.create_task(self._mirror(client)))
        if plan.sets_clock:
            extras.append(world.loop.create_task(set_clock(world, client, rng)))
        if plan.closes_early:
            await asyncio.sleep(rng.uniform(0.0, 20.0))
            world.note("! closed early")
            world.closed_at = world.loop.time()
            options = client.core.runtime.options
            self._until = world.loop.time() - options.ping_interval - options.pong_timeout - 16.0
            await client.close()
        done, late = await asyncio.wait(user + extras, timeout=3_000)
        self._report.problems += [f"never ended: {task}" for task in late]
        adversary.stop()
        if plan.sets_clock:
            client.set_time_offset_ms(None)
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        for task in done:
            if not task.cancelled() and (error := task.exception()) is not None:
                self._report.problems.append(f"the user's task raised {error!r}")
        if not plan.closes_early:
            # Longer than any reconnect, fence or question takes.
            await asyncio.sleep(FENCE_S + 60.0)
            if any(each.limits.is_banned(REMOTE) for each in world.exchanges.values()):
                await asyncio.sleep(_LONGEST_BAN_S)
            await self._look_again(traders)
            await asyncio.sleep(61.0)
            await self._check_mirror()
            for desk in desks:
                await self._prove_life(client, desk)
            await asyncio.sleep(10.0)
            await self._check_mirror()
        # What was under way when the user closed it, or lost unnoticed, is no loss of ours.
        if not plan.closes_early:
            self._until = world.loop.time() - 5.0
        await client.close()
        if world.host.ending is not None:
            await world.host.ending
        await self._drain()
        # Half-open connections are the exchange's to close; futures take their time.
        await asyncio.sleep(200.0 if plan.second_market is Market.SPOT else 900.0)
        self._judge(client)

    async def _rotate(self, client: SimulatedClient) -> None:
        await asyncio.sleep(self._rng.uniform(0.0, 10.0))
        try:
            self._world.note("! rotation asked for")
            await client.rotate()
        except BinanceWsApiError as error:
            self._world.note(f"rotate: {error!r}")

    async def _listen(
        self, client: SimulatedClient, exchange: SimulatedExchange, ws_key: WsKey
    ) -> None:
        if self._rng.random() < 0.5:
            await asyncio.sleep(self._rng.uniform(0.0, 3.0))
        for _ in range(5):
            try:
                stream = await client.subscribe_user_data_stream(ws_key)
            except ClientClosed:
                return
            except BinanceWsApiError as error:
                self._world.note(f"subscribe: {error!r}")
                await asyncio.sleep(3.0)
            else:
                self._streams.append(_Listening(exchange, ws_key, stream, self._world.loop.time()))
                self._world.note(f"subscribed on {ws_key.name}")
                return

    async def _mirror(self, client: SimulatedClient) -> None:
        """Keep a mirror of the account from some moment on."""
        await asyncio.sleep(self._world.seed % 7)
        for _ in range(5):
            try:
                self._account = await client.spot.account_state()
            except ClientClosed:
                return
            except BinanceWsApiError as error:
                self._world.note(f"mirror: {error!r}")
                await asyncio.sleep(3.0)
            else:
                self._world.note("the account is mirrored")
                return

    async def _check_mirror(self) -> None:
        if self._account is not None:
            exchange = self._world.exchange
            self._report.problems += await check_mirror(exchange, self._account)

    async def _look_again(self, traders: list[Trader]) -> None:
        """In peace, every outcome that stayed unknown can be found out, or can never be."""
        unknown = [
            call
            for call in self._world.calls
            if call.outcomes
            and isinstance(call.outcome, OutcomeUnknown)
            and call.kind is not None
            and call.kind.mutates
        ]
        for call in unknown:
            for _ in range(5 if self._plan.weight_limit else 1):
                # A window of the limits may have to turn first.
                await traders[0].look_again(call, 100.0)
                if not isinstance(call.outcome, OutcomeUnknown):
                    break
            outcome = call.outcome
            if isinstance(outcome, OutcomeUnknown) and not can_stay_unknown(
                self._world, call, outcome
            ):
                self._report.problems.append(
                    f"call {call.number} {call.method} {call.params} could be asked, "
                    f"and stays unknown: {outcome} ({outcome.cause})"
                )

    async def _prove_life(self, client: SimulatedClient, desk: Desk) -> None:
        """In peace, a call works: the first, or the next when a wedged connection was found by it."""
        for wait in (70.0, 70.0, None) if self._plan.weight_limit else (10.0, None):
            try:
                orders = client.usdm if desk.exchange.market is Market.USDM else client.spot
                await orders.using(desk.ws_keys[0]).submit_new_order(
                    symbol="BTCUSDT",
                    side="BUY",
                    type="MARKET",
                    quantity="0.01",
                    new_client_order_id=SIGN_OF_LIFE,
                )
            except BinanceWsApiError as error:
                if wait is None:
                    self._report.problems.append(f"no call works in peace: {error!r}")
                    break
                await asyncio.sleep(wait)
            else:
                break

    async def _drain(self) -> None:
        for listening in self._streams:
            async for item in listening.stream:
                listening.delivered.append(item)
                self._world.note(f"delivered on {listening.ws_key.name} {_brief(item)}")

    def _judge(self, client: SimulatedClient) -> None:
        world, problems = self._world, self._report.problems
        problems += check_calls(world)
        problems += check_sendings(world)
        problems += check_given_up(world)
        problems += check_limits(world)
        problems += world.silences.broken()
        problems += check_nothing_left(world, client)
        for listening in self._streams:
            problems += self._judge_stream(listening)

    def _unknown_requests(self) -> set[str]:
        """Return the requests whose orders nobody could ask for before the end."""
        told_unknown = {
            outcome.client_order_id
            for _, outcome in self._world.told_outcomes
            if outcome.state == "unknown"
        }
        return {
            request
            for call in self._world.calls
            if self._plan.closes_early
            or (call.outcomes and isinstance(call.outcome, OutcomeUnknown))
            or (call.call is not None and call.call.client_order_id in told_unknown - {None})
            for request in call.requests
        }

    def _judge_stream(self, listening: _Listening) -> Iterator[str]:
        exchange = listening.exchange
        lives = any(
            execution.params.get("newClientOrderId") == SIGN_OF_LIFE
            for execution in exchange.executions
        )
        if lives and not any(
            isinstance(item, dict) and SIGN_OF_LIFE in (item.get("c"), _order_part(item).get("c"))
            for item in listening.delivered
        ):
            yield f"no event comes in peace on {listening.ws_key.name}"
        yield from check_events(
            exchange,
            listening.delivered,
            listening.since,
            self._until,
            microseconds=self._plan.options["time_unit"] == "MICROSECOND",
            unknown=self._unknown_requests(),
        )


def _brief(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)[:160]
    shown = ("e", "E", "x", "X", "i", "c", "C", "t", "g")
    told = item | _order_part(item)
    return str({name: told[name] for name in shown if name in told})


def _order_part(event: dict[str, Any]) -> dict[str, Any]:
    part = event.get("o")
    return part if isinstance(part, dict) else {}


if __name__ == "__main__":
    main(simulate)
