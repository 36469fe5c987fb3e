"""The exchange's clock: it follows real time, runs faster, or stands still until a test moves it."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["ScheduledCall", "SimulatedClock"]

MICROSECONDS = 1_000_000


class ScheduledCall:
    """A callback waiting for its time."""

    __slots__ = ("_cancelled", "_order", "callback", "when_us")

    def __init__(self, when_us: int, order: int, callback: Callable[[], object]) -> None:
        self.when_us = when_us
        self.callback = callback
        self._order = order
        self._cancelled = False

    @property
    def is_cancelled(self) -> bool:
        """Whether it was cancelled before it ran."""
        return self._cancelled

    def cancel(self) -> None:
        """Forget the callback; harmless when it has run."""
        self._cancelled = True

    def __lt__(self, other: ScheduledCall) -> bool:
        return (self.when_us, self._order) < (other.when_us, other._order)


class SimulatedClock:
    """Time as the exchange sees it, in microseconds since the epoch.

    ``call_at``, ``call_later`` and ``run_due`` belong to the exchange's thread. The steering methods
    (``advance``, ``set_to``, ``step``, ``freeze``, ``resume``) and ``now_us`` may be called from any thread once
    an exchange runs on the clock: it carries them to its own.

    Args:
        start_us: The time at the start; the present when left out.
        frozen: Stand still until told otherwise, instead of following real time.
    """

    def __init__(self, *, start_us: int | None = None, frozen: bool = False) -> None:
        start = time.time_ns() // 1_000 if start_us is None else start_us
        self._frozen = frozen
        self._speed = 1.0
        self._pinned: int | None = start if frozen else None
        self._landed = (start, _monotonic_us(), self._speed)
        self._calls: list[ScheduledCall] = []
        self._count = 0
        self._carry: Callable[[Callable[[], Any]], Any] | None = None
        self._changed: Callable[[], None] | None = None
        self.missed_seconds = 0.0
        """What went by in a file: to be advanced by."""
        self.turn = 0
        """Rises with each steering call and each :meth:`run_due`: within one turn no client can answer."""

    def __getstate__(self) -> dict[str, Any]:
        """Return what is saved: real time goes on while the clock is in a file."""
        return {
            "frozen": self._frozen,
            "speed": self._speed,
            "now_us": self.now_us(),
            "saved_at_us": time.time_ns() // 1_000,
            "calls": sorted(call for call in self._calls if not call.is_cancelled),
            "count": self._count,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Stand where it was saved."""
        SimulatedClock.__init__(self, start_us=state["now_us"], frozen=state["frozen"])
        self._speed, self._count, self._calls = state["speed"], state["count"], state["calls"]
        self._land_on(state["now_us"])
        gone_us = max(0, time.time_ns() // 1_000 - state["saved_at_us"])
        self.missed_seconds = 0.0 if self._frozen else gone_us * self._speed / MICROSECONDS

    def forget(self, is_void: Callable[[Callable[[], object]], bool]) -> None:
        """Cancel what is planned for nobody any more."""
        for call in self._calls:
            if is_void(call.callback):
                call.cancel()

    def now_us(self) -> int:
        """Return the time."""
        pinned = self._pinned
        if pinned is not None:
            return pinned
        # One value, read at once: other threads ask while this one steers.
        landed_on_us, landed_at_us, speed = self._landed
        gone_us = _monotonic_us() - landed_at_us
        return landed_on_us + (gone_us if speed == 1.0 else int(gone_us * speed))

    @property
    def speed(self) -> float:
        """How many seconds go by in one of real time, while it is not frozen."""
        return self._speed

    @property
    def is_frozen(self) -> bool:
        """Whether time stands still between two steering calls."""
        return self._frozen

    def call_at(self, when_us: int, callback: Callable[[], object]) -> ScheduledCall:
        """Run ``callback`` on the exchange's thread at ``when_us``, at once when that is past."""
        self._count += 1
        call = ScheduledCall(when_us, self._count, callback)
        heapq.heappush(self._calls, call)
        if self._calls[0] is call:
            self._announce()
        return call

    def call_later(self, seconds: float, callback: Callable[[], object]) -> ScheduledCall:
        """Run ``callback`` on the exchange's thread when ``seconds`` of its time have gone by."""
        return self.call_at(self.now_us() + round(seconds * MICROSECONDS), callback)

    def advance(self, seconds: float) -> None:
        """Move time forward and run what came due, in order, each callback at its own time."""
        if seconds < 0:
            raise ValueError(f"seconds={seconds!r}: time is set back with set_to() alone")
        self._steer(lambda: self._move_to(self.now_us() + round(seconds * MICROSECONDS)))

    def set_to(self, when_us: int) -> None:
        """Set the time; forward runs what came due in order, backward runs nothing."""
        self._steer(lambda: self._move_to(when_us))

    def step(self) -> bool:
        """Move to the next moment for which something is planned and run it; false when nothing is planned."""

        def act() -> bool:
            due_us = self.next_due_us()
            if due_us is None:
                return False
            self._move_to(max(due_us, self.now_us()))
            return True

        return bool(self._steer(act))

    def freeze(self) -> None:
        """Stop time where it stands."""

        def act() -> None:
            self._frozen = True
            self._pinned = self.now_us()
            self._announce()

        self._steer(act)

    def resume(self, speed: float = 1.0) -> None:
        """Let time go on from where it stands.

        Args:
            speed: How many seconds go by in one of real time: 60 makes a minute of an hour.
        """
        if not 0 < speed < float("inf"):
            raise ValueError(f"speed={speed!r} is no positive number: freeze() stops the clock")

        def act() -> None:
            now = self.now_us()
            self._frozen, self._speed = False, speed
            self._land_on(now)
            self._announce()

        self._steer(act)

    def skew(self, seconds: float) -> None:
        """Make the clock show another time, as a wrong clock does: what is scheduled waits as long as before."""
        by_us = round(seconds * MICROSECONDS)

        def act() -> None:
            for call in self._calls:
                call.when_us += by_us
            self._land_on(self.now_us() + by_us)
            self._announce()

        self._steer(act)

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """Let a block set the time at will; after it time goes on as if it had not been set.

        Belongs to the exchange's thread.
        """
        kept = self._landed, self._frozen, self._pinned
        self._frozen = True
        try:
            yield
        finally:
            self._landed, self._frozen, self._pinned = kept
            self._announce()

    def next_due_us(self) -> int | None:
        """Return when the next callback is due; ``None`` when none waits."""
        while self._calls and self._calls[0].is_cancelled:
            heapq.heappop(self._calls)
        return self._calls[0].when_us if self._calls else None

    def run_due(self) -> None:
        """Run the callbacks whose time has come."""
        self._run_until(self.now_us(), pin=False)

    def bind(self, carry: Callable[[Callable[[], Any]], Any], changed: Callable[[], None]) -> None:
        """Tie the clock to an exchange's thread.

        Args:
            carry: Runs a callable on the exchange's thread and returns its result.
            changed: Told when the next due time may have changed; always on the exchange's thread.
        """
        if self._carry is not None:
            raise RuntimeError("this clock already belongs to a running exchange")
        self._carry = carry
        self._changed = changed

    def unbind(self) -> None:
        """Cut the tie again."""
        self._carry = self._changed = None

    def _steer(self, action: Callable[[], Any]) -> Any:
        return action() if self._carry is None else self._carry(action)

    def _announce(self) -> None:
        if self._changed is not None:
            self._changed()

    def _move_to(self, target_us: int) -> None:
        try:
            self._run_until(target_us, pin=True)
        finally:
            self._land_on(target_us)
            self._announce()

    def _land_on(self, when_us: int) -> None:
        self._landed = (when_us, _monotonic_us(), self._speed)
        self._pinned = when_us if self._frozen else None

    def _run_until(self, target_us: int, *, pin: bool) -> None:
        self.turn += 1
        while (due := self.next_due_us()) is not None and due <= target_us:
            call = heapq.heappop(self._calls)
            if pin:
                self._pinned = max(due, self._pinned or self.now_us())
            call.cancel()
            call.callback()


def _monotonic_us() -> int:
    return time.monotonic_ns() // 1_000
