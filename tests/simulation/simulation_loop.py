"""Virtual time: an event loop without a selector, whose clock jumps to the next timer when nothing is ready."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from binance_wsapi.simulator.clock import SimulatedClock

__all__ = ["Deadlock", "ExchangeClock", "Livelock", "VirtualHost", "VirtualLoop"]

TURNS_WITHOUT_TIME = 20_000
"""Turns of the loop after which a standstill of time counts as a busy loop."""


class Deadlock(Exception):
    """Nothing is ready and no timer waits: what is awaited can never come."""


class Livelock(Exception):
    """The loop turns and turns, and no time passes."""


class _NoSelector:
    """Stands where the loop waits for sockets: it lets time pass instead."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._turns = 0

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise Deadlock("everything waits, and no timer is set")
        if timeout > 0:
            self._turns = 0
            self._loop.skip(timeout)
        else:
            self._turns += 1
            self._loop.catch_up()
            if self._turns > TURNS_WITHOUT_TIME:
                self._turns = 0
                raise Livelock(f"time stands still at {self._loop.time():.6f}")
        return []


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs callbacks in the order of their times, without sockets, threads or real time."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 1_000.0
        self._selector = _NoSelector(self)
        self._clock_resolution = 1e-9
        self.failures: list[str] = []
        """What would otherwise be logged: exceptions that nobody took."""
        self.set_exception_handler(self._note_failure)
        self.executor_takes: Callable[[], float] = lambda: 0.0
        """Seconds that what runs aside takes before it is done, and again until that is known."""

    def time(self) -> float:
        """Return the virtual time, in seconds."""
        return self._now

    def skip(self, seconds: float) -> None:
        """Move time to the next timer, ``seconds`` ahead."""
        scheduled: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]  # private in typeshed
        self._now = max(self._now, min(scheduled[0].when(), self._now + seconds))

    def catch_up(self) -> None:
        """Move time to a timer that is about to run, early by less than can be told."""
        scheduled: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]  # private in typeshed
        if scheduled and scheduled[0].when() < self._now + self._clock_resolution:
            self._now = max(self._now, scheduled[0].when())

    def run_in_executor(  # type: ignore[override]  # the types of the arguments are of no use here
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run it here, a turn later or some: there are no threads."""
        done = self.create_future()

        def run() -> None:
            if done.cancelled():
                return
            try:
                end = partial(done.set_result, func(*args))
            except Exception as error:  # noqa: BLE001  (raised where it is awaited)
                end = partial(done.set_exception, error)
            if seconds := self.executor_takes():
                self.call_later(seconds, lambda: None if done.cancelled() else end())
            else:
                end()

        if seconds := self.executor_takes():
            self.call_later(seconds, run)
        else:
            self.call_soon(run)
        return done

    def add_reader(self, fd: Any, callback: Callable[..., Any], *args: Any) -> None:  # type: ignore[override]  # as above
        """Watch a socket of the simulation, which reads itself."""
        fd.is_watched = True
        self.call_soon(fd.read)

    def remove_reader(self, fd: Any) -> bool:
        """Watch it no more."""
        fd.is_watched = False
        return True

    def remove_writer(self, fd: Any) -> bool:
        """It is never full."""
        return False

    def _note_failure(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.failures.append(f"{context.get('message')}: {context.get('exception')!r}")

    def _process_events(self, event_list: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass


class VirtualHost:
    """Lets a core live on the loop of the test."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.loop: asyncio.AbstractEventLoop = loop
        self.thread_id: int | None = threading.get_ident()
        self.forked = False
        self.stopped = False
        self.ended = False
        self.ending: asyncio.Task[None] | None = None
        self.is_late = False
        """The cleanup was not done within its time."""

    def stop(self, cleanup: Callable[[], Coroutine[Any, Any, None]], timeout: float) -> None:
        if self.stopped:
            return
        self.stopped = True

        async def end() -> None:
            try:
                async with asyncio.timeout(timeout):
                    await cleanup()
            except TimeoutError:
                self.is_late = True
            self.ended = True

        self.ending = self.loop.create_task(end())


class ExchangeClock(SimulatedClock):
    """The exchange's clock on the virtual loop's time, wrong by whatever it was skewed."""

    def __init__(self, loop: VirtualLoop, start_us: int) -> None:
        self._loop = loop
        self._base_us = start_us - round(loop.time() * 1e6)
        self._alarm: asyncio.TimerHandle | None = None
        super().__init__(start_us=start_us, frozen=True)
        self.bind(lambda action: action(), self._set_alarm)

    def now_us(self) -> int:
        return self._base_us + round(self._loop.time() * 1e6)

    def stop(self) -> None:
        """Ring no more."""
        self.unbind()
        if self._alarm is not None:
            self._alarm.cancel()

    def _land_on(self, when_us: int) -> None:
        self._base_us += when_us - self.now_us()

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        due_us = self.next_due_us()
        if due_us is not None:
            self._alarm = self._loop.call_at((due_us - self._base_us) / 1e6, self._ring)

    def _ring(self) -> None:
        self.run_due()
        self._set_alarm()
