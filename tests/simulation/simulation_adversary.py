"""Who attacks: everything that networks, exchanges and clocks do to a client, by seed."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable
from random import Random
from typing import Any

from simulation_exchange import REMOTE
from simulation_network import Wire
from simulation_world import World

from binance_wsapi.simulator.doors.sessions import ApiConnection
from binance_wsapi.simulator.errors import ExchangeError

__all__ = ["Adversary"]

PROCESSING_US = 10_000_000
"""How long after its last check the engine may still take a request."""

MUTATING = frozenset(
    {
        "order.place",
        "order.cancel",
        "order.cancelReplace",
        "order.amend.keepPriority",
        "openOrders.cancelAll",
        "orderList.place.oco",
        "orderList.place.oto",
        "orderList.cancel",
    }
)


class Adversary:
    """Spoils the network at random moments, and requests at random.

    Args:
        world: What it attacks.
        rng: Where its ideas come from.
    """

    def __init__(self, world: World, rng: Random) -> None:
        self._world = world
        self._rng = rng
        attacks: list[Callable[[], None]] = [
            self._cut,
            self._cut,
            self._half_open,
            self._stall,
            self._stall,
            self._congest,
            self._shut_down,
            self._close_politely,
            self._refuse_handshakes,
            self._take_network_down,
            self._jump_wall_clock,
            self._skew_exchange,
            self._revoke_for_a_while,
            self._end_subscription,
            self._slow_down,
            self._drown,
            self._crowd,
        ]
        # A seed with few kinds of attack shows what they do alone.
        self._attacks = rng.sample(attacks, rng.choice((0, 1, 2, 3, 6, len(attacks))))
        self._pause_s = rng.choice((0.3, 1.0, 3.0, 10.0))
        spoilers: list[Callable[[Any], str]] = [
            self._undecided,
            self._undecided,
            self._server_error,
            self._rate_limited,
            self._late_engine,
            self._lagging_engine,
            self._late_answer,
            self._drop,
            self._swallow,
            self._lose_answer,
            self._answer_twice,
            self._cut_mid_frame,
        ]
        self._spoilers = rng.sample(spoilers, rng.choice((0, 1, 2, 4, len(spoilers))))
        self._spoils = rng.choice((0.03, 0.1, 0.3, 0.6)) if self._spoilers else 0.0
        self._reads_too = rng.random() < 0.5
        self._skewed_back_s = 0.0
        self._is_revoked = False
        self.is_over = False
        world.exchange.venue.faults.on(when=self._wants).do(self._spoil, times=None)

    async def attack(self) -> None:
        """Attack until :meth:`stop`."""
        if not self._attacks:
            return
        while not self.is_over:
            await asyncio.sleep(self._rng.expovariate(1 / self._pause_s))
            if not self.is_over:
                self._rng.choice(self._attacks)()

    def stop(self) -> None:
        """Leave the network and the exchange in peace."""
        self.is_over = True
        world = self._world
        world.exchange.venue.faults.clear()
        weather = world.network.weather
        weather.is_down = weather.is_black_hole = False
        weather.refusals = None
        weather.shortest_s, weather.longest_s = 0.005, 0.05
        self._restore_key()
        world.note("! peace")

    # The network

    def _wire(self) -> Wire | None:
        wires = [wire for wire in self._world.network.wires.values() if wire.is_open_here]
        return self._rng.choice(wires) if wires else None

    def _cut(self) -> None:
        rng, wire = self._rng, self._wire()
        if wire is not None:
            seen = rng.choice((0.0, rng.uniform(0, 0.1), rng.uniform(0, 3)))
            known = rng.choice((0.0, rng.uniform(0, 0.1), rng.uniform(0, 20)))
            loses_out, loses_back = rng.random() < 0.5, rng.random() < 0.5
            self._world.inject(f"cut seen+{seen:.3f} known+{known:.3f} {loses_out} {loses_back}")
            wire.cut(seen_after=seen, known_after=known, loses_out=loses_out, loses_back=loses_back)

    def _half_open(self) -> None:
        wire = self._wire()
        if wire is not None:
            out, back = self._rng.choice(((True, True), (True, False), (False, True)))
            self._world.inject(f"half-open {'out' if out else ''} {'back' if back else ''}")
            wire.half_open(out=out, back=back)

    def _stall(self) -> None:
        wire = self._wire()
        if wire is not None:
            out, back = self._rng.choice(((True, True), (True, False), (False, True)))
            seconds = self._rng.choice((0.3, 1.5, 4.0, 9.0, 14.0)) * self._rng.uniform(0.5, 1.2)
            self._world.inject(
                f"stall {seconds:.3f} s {'out' if out else ''} {'back' if back else ''}"
            )
            wire.stall(seconds, out=out, back=back)

    def _congest(self) -> None:
        wire = self._wire()
        if wire is not None:
            self._world.inject("congestion")
            wire.congest(self._rng.uniform(0.1, 5.0))

    def _slow_down(self) -> None:
        weather = self._world.network.weather
        weather.shortest_s, weather.longest_s = self._rng.choice(
            ((0.0, 0.001), (0.005, 0.05), (0.05, 0.6), (0.0, 1.5))
        )
        self._world.inject(f"delays {weather.shortest_s} to {weather.longest_s}")

    def _take_network_down(self) -> None:
        weather = self._world.network.weather
        is_hole = self._rng.random() < 0.3
        self._world.inject("black hole" if is_hole else "network down")
        weather.is_down, weather.is_black_hole = not is_hole, is_hole

        def heal() -> None:
            weather.is_down = weather.is_black_hole = False

        self._later(self._rng.choice((0.5, 3.0, 12.0)), heal)

    def _refuse_handshakes(self) -> None:
        rng = self._rng
        status, retry_after = rng.choice(
            ((503, None), (502, None), (403, None), (429, 3.0), (418, 8.0), (429, None))
        )
        self._world.inject(f"handshakes refused with {status}")
        self._world.network.weather.refusals = [(status, retry_after)] * rng.randint(1, 4)

    # The exchange

    def _shut_down(self) -> None:
        world = self._world
        world.inject("serverShutdown")
        doors = list(world.exchange.venue.gateway.connections)
        for door in doors:
            door.announce_shutdown()

        def close() -> None:
            for door in doors:
                door.close(1001, "shutting down")

        self._later(self._rng.choice((0.01, 0.2, 2.0, 10.0)), close)

    def _close_politely(self) -> None:
        doors = self._world.exchange.venue.gateway.connections
        if doors:
            self._world.inject("closed by the exchange")
            self._rng.choice(doors).close(self._rng.choice((1000, 1001, 1008, 1011)), "so be it")

    def _drown(self) -> None:
        doors = self._world.exchange.venue.gateway.connections
        if doors:
            self._world.inject("exchange stops reading")
            door = self._rng.choice(doors)
            door.hold_reading(True)
            self._later(self._rng.choice((0.3, 3.0, 15.0)), lambda: door.hold_reading(False))

    def _end_subscription(self) -> None:
        for door in self._world.exchange.venue.gateway.connections:
            inner = door.inner
            if isinstance(inner, ApiConnection):
                for subscription in list(inner._subscriptions.values()):
                    self._world.inject("subscription ended")
                    inner._terminate(subscription)

    def _revoke_for_a_while(self) -> None:
        if not self._is_revoked:
            self._is_revoked = True
            self._world.inject("key revoked")
            self._world.exchange.revoke_key()
            self._later(self._rng.choice((0.5, 5.0, 20.0)), self._restore_key)

    def _restore_key(self) -> None:
        if self._is_revoked:
            self._is_revoked = False
            self._world.exchange.restore_key()
            self._world.note("! key restored")

    # Clocks

    def _jump_wall_clock(self) -> None:
        by_s = self._rng.choice((-86_400.0, -30.0, -2.0, 2.0, 30.0, 86_400.0))
        self._world.inject(f"wall clock {by_s:+} s")
        self._world.wall_error_us += round(by_s * 1e6)

    def _skew_exchange(self) -> None:
        # Back by little in all: the fence allows for a second (and the estimate needs some of it).
        by_s = self._rng.choice((0.3, 2.0, 8.0, -0.2))
        if by_s < 0 and self._skewed_back_s >= 0.4:
            return
        self._skewed_back_s -= min(by_s, 0.0)
        self._world.inject(f"exchange clock {by_s:+} s")
        self._world.exchange.clock_was_put_back |= by_s < 0
        self._world.exchange.clock_moved_ms += round(abs(by_s) * 1000)
        self._world.exchange.clock.skew(by_s)

    # Requests

    def _wants(self, request: Any) -> bool:
        if self.is_over or not self._spoilers:
            return False
        return (self._reads_too or request.method in MUTATING) and (
            self._rng.random() < self._spoils
        )

    def _spoil(self, pending: Any) -> None:
        what = self._rng.choice(self._spoilers)(pending)
        self._world.inject(f"{what}: {pending.request.method} {pending.request.id}")

    def _coin(self) -> bool:
        return self._rng.random() < 0.5

    def _refuse(self, pending: Any, code: int, status: int, data: Any = None) -> None:
        pending.send(pending.refusal(ExchangeError(code, "Refused by script.", status, data)))

    def _undecided(self, pending: Any) -> str:
        executed, code = self._coin(), self._rng.choice((-1006, -1007))
        if executed:
            self._world.exchange.execute(pending)
        self._refuse(pending, code, 500)
        return f"{code} executed={executed}"

    def _server_error(self, pending: Any) -> str:
        executed, status = self._coin(), self._rng.choice((500, 502, 503))
        if executed:
            self._world.exchange.execute(pending)
        self._refuse(pending, -1000, status)
        return f"{status} executed={executed}"

    def _rate_limited(self, pending: Any) -> str:
        from binance_wsapi.simulator.doors.wire import Micros

        now = pending.now_us()
        wait = self._rng.choice((1, 3, 10))
        status = self._rng.choice((429, 429, 418))
        data = {"serverTime": Micros(now), "retryAfter": Micros(now + wait * 1_000_000)}
        self._refuse(pending, -1003, status, data)
        return f"{status} for {wait} s"

    def _late_engine(self, pending: Any) -> str:
        """Check its time once more before the engine, which may refuse it then."""
        seconds = self._rng.choice((0.2, 2.0, 4.9, 8.0))
        if pending.admit():
            pending.later(seconds, lambda: pending.send(self._world.exchange.execute(pending)))
        return f"engine {seconds} s late"

    def _lagging_engine(self, pending: Any) -> str:
        """The last check is passed, and the engine takes it up to 10 seconds later all the same."""
        if not pending.admit():
            return "engine lags, refused"
        admitted = pending._admitted
        deadline_us = admitted.deadline_us
        pending._admitted = dataclasses.replace(admitted, deadline_us=None)
        # As near to the end of its window as it gets, and the whole processing time on top.
        window_s = 0.0
        if deadline_us is not None:
            window_s = max(0.0, (deadline_us - pending.now_us()) / 1e6)
        seconds = self._rng.choice((0.5, 5.0, 9.9, window_s, window_s + 9.9))
        answers = self._rng.choice(("at once", "late", "never"))
        if answers == "at once":
            self._refuse(pending, -1007, 500)

        def execute() -> None:
            if deadline_us is not None and pending.now_us() > deadline_us + PROCESSING_US:
                return  # the exchange's clock was put forward meanwhile
            frame = self._world.exchange.execute(pending)
            self._world.note(f"  engine took {pending.request.method} {pending.request.id}")
            if answers == "late":
                pending.send(frame)

        pending.later(seconds, execute)
        return f"engine lags {seconds:.3f} s, answer {answers}"

    def _late_answer(self, pending: Any) -> str:
        answer, seconds = (
            self._world.exchange.execute(pending),
            self._rng.choice((0.1, 1.0, 6.0, 20.0)),
        )
        pending.later(seconds, lambda: pending.send(answer))
        return f"answer {seconds} s late"

    def _drop(self, pending: Any) -> str:
        executed = self._coin()
        if executed:
            self._world.exchange.execute(pending)
        pending.drop()
        return f"dropped executed={executed}"

    def _swallow(self, pending: Any) -> str:
        return "swallowed"

    def _lose_answer(self, pending: Any) -> str:
        self._world.exchange.execute(pending)
        return "answer lost"

    def _answer_twice(self, pending: Any) -> str:
        answer = self._world.exchange.execute(pending)
        pending.send(answer)
        pending.send(answer)
        return "answered twice"

    def _cut_mid_frame(self, pending: Any) -> str:
        pending.drop(self._world.exchange.execute(pending))
        return "cut in the middle of the answer"

    def _crowd(self) -> None:
        """Somebody else behind our address uses up its limits: being refused is no fault of ours."""
        self._world.inject("crowd")
        self._world.exchange.foreign_weight = True
        with contextlib.suppress(ExchangeError):
            self._world.exchange.venue.spot_limits.charge(
                REMOTE, self._rng.choice((500, 3_000, 5_500))
            )

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        self._world.loop.call_later(seconds, action)
