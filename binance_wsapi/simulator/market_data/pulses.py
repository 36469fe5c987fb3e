"""Regular beats on the exchange's clock, running only while somebody wants them."""

from __future__ import annotations

from collections.abc import Callable

from binance_wsapi.simulator.clock import ScheduledCall, SimulatedClock

__all__ = ["Pulses"]


class _Pulse:
    """One period: its listeners and the beat that is planned."""

    def __init__(self) -> None:
        self.listeners: dict[int, Callable[[], None]] = {}
        self.planned: ScheduledCall | None = None


class Pulses:
    """Calls listeners at full multiples of their period, all of one period in the order they came.

    Args:
        clock: The exchange's clock.
    """

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._pulses: dict[int, _Pulse] = {}
        self._count = 0

    def every(self, period_us: int, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` at each full multiple of ``period_us``; return what ends that."""
        pulse = self._pulses.setdefault(period_us, _Pulse())
        self._count += 1
        number = self._count
        pulse.listeners[number] = listener
        if pulse.planned is None:
            self._plan(period_us, pulse)
        return lambda: self._leave(period_us, number)

    def _leave(self, period_us: int, number: int) -> None:
        pulse = self._pulses[period_us]
        pulse.listeners.pop(number, None)
        if not pulse.listeners and pulse.planned is not None:
            pulse.planned.cancel()
            pulse.planned = None

    def _plan(self, period_us: int, pulse: _Pulse) -> None:
        now_us = self._clock.now_us()
        when_us = now_us - now_us % period_us + period_us
        pulse.planned = self._clock.call_at(when_us, lambda: self._beat(period_us, pulse))

    def _beat(self, period_us: int, pulse: _Pulse) -> None:
        pulse.planned = None
        for listener in tuple(pulse.listeners.values()):
            listener()
        if pulse.listeners and pulse.planned is None:
            self._plan(period_us, pulse)
