"""Who attacks: what networks, exchanges and clocks do to a client, by seed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from simulation_exchange import SimulatedExchange
from simulation_network import Wire
from simulation_spoilers import Spoiler, Temper
from simulation_world import World

from binance_wsapi.simulator.doors.sessions import ApiConnection

__all__ = ["Adversary"]


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
            self._wedge,
            self._stall,
            self._stall,
            self._congest,
            self._shut_down,
            self._close_politely,
            self._refuse_handshakes,
            self._take_network_down,
            self._jump_wall_clock,
            self._skew_exchange,
            self._misread_clock,
            self._revoke_for_a_while,
            self._end_subscription,
            self._slow_down,
            self._drown,
            self._crowd,
            self._ban,
        ]
        # A seed with few kinds of attack shows what they do alone.
        self._attacks = rng.sample(attacks, rng.choice((0, 1, 2, 3, 6, len(attacks))))
        self._pause_s = rng.choice((0.3, 1.0, 3.0, 10.0))
        temper = Temper(rng)
        self._spoilers = [
            Spoiler(exchange, temper, rng, inject=world.inject, note=world.note)
            for exchange in world.exchanges.values()
        ]
        self._skewed_back_s = 0.0
        self._is_revoked = False
        self.is_over = False

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
        for spoiler in self._spoilers:
            spoiler.stop()
        weather = world.network.weather
        weather.is_down = weather.is_black_hole = False
        weather.refusals = None
        weather.shortest_s, weather.longest_s = 0.005, 0.05
        self._restore_key()
        world.note("! peace")

    def _exchange(self) -> SimulatedExchange:
        return self._rng.choice(list(self._world.exchanges.values()))

    # The network

    def _wedge(self) -> None:
        wire = self._wire()
        if wire is not None:
            deaf, mute = self._rng.choice(
                ((True, True), (True, True), (True, False), (False, True))
            )
            self._world.inject(f"wedged {'deaf' if deaf else ''} {'mute' if mute else ''}")
            wire.wedge(deaf=deaf, mute=mute)

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
        self._world.inject("serverShutdown")
        doors = self._exchange().venue.gateway.connections
        for door in doors:
            door.announce_shutdown()

        def close() -> None:
            for door in doors:
                door.close(1001, "shutting down")

        self._later(self._rng.choice((0.01, 0.2, 2.0, 10.0)), close)

    def _close_politely(self) -> None:
        doors = self._exchange().venue.gateway.connections
        if doors:
            self._world.inject("closed by the exchange")
            self._rng.choice(doors).close(self._rng.choice((1000, 1001, 1008, 1011)), "so be it")

    def _drown(self) -> None:
        doors = self._exchange().venue.gateway.connections
        if doors:
            self._world.inject("exchange stops reading")
            door = self._rng.choice(doors)
            door.hold_reading(True)
            self._later(self._rng.choice((0.3, 3.0, 15.0)), lambda: door.hold_reading(False))

    def _end_subscription(self) -> None:
        for door in self._exchange().venue.gateway.connections:
            inner = door.inner
            if isinstance(inner, ApiConnection):
                for subscription in list(inner._subscriptions.values()):
                    self._world.inject("subscription ended")
                    inner._terminate(subscription)

    def _revoke_for_a_while(self) -> None:
        if not self._is_revoked:
            self._is_revoked = True
            self._world.inject("key revoked")
            for exchange in self._world.exchanges.values():
                exchange.revoke_key()
            self._later(self._rng.choice((0.5, 5.0, 20.0)), self._restore_key)

    def _restore_key(self) -> None:
        if self._is_revoked:
            self._is_revoked = False
            for exchange in self._world.exchanges.values():
                exchange.restore_key()
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
        self._exchange().skew(by_s)

    def _misread_clock(self) -> None:
        """One server time is odd, and only one."""
        by_s = self._rng.choice((-3_600.0, -30.0, -4.0, -1.5, 1.5, 4.0, 30.0, 3_600.0))
        self._rng.choice(self._spoilers).misread_clock(by_s)

    # Limits

    def _crowd(self) -> None:
        """Somebody else behind our address uses up its limits: being refused is no fault of ours."""
        self._world.inject("crowd")
        self._exchange().use_limits(self._rng.choice((500, 3_000, 5_500)))

    def _ban(self) -> None:
        seconds = self._rng.choice((2.0, 10.0, 40.0))
        self._world.inject(f"ban for {seconds} s")
        self._exchange().ban(seconds)

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        self._world.loop.call_later(seconds, action)
