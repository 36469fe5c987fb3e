"""Hands outcomes to those who await them on event loops of their own."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections import deque
from collections.abc import Callable, Generator
from contextvars import Context
from typing import Any
from weakref import WeakKeyDictionary

from binance_wsapi.core.bell import loop_bell
from binance_wsapi.core.call import Call, Outcome
from binance_wsapi.core.call_errors import abandoned

__all__ = ["Answer", "LoopDelivery"]


class Answer:
    """What a coroutine awaits for the outcome of its call; awaited once.

    It has all that a task wants of a future. A future wakes its task in the next turn of the loop; here
    the task goes on in the turn that brings the outcome.
    """

    __slots__ = (
        "_asyncio_future_blocking",
        "_call",
        "_cancel_message",
        "_context",
        "_delivery",
        "_is_cancelled",
        "_loop",
        "_outcome",
        "_wake",
        "until",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, delivery: LoopDelivery) -> None:
        self._asyncio_future_blocking = False
        self._loop = loop
        self._delivery = delivery
        self._outcome: Outcome | None = None
        self._is_cancelled = False
        self._call: Call | None = None
        self._wake: Callable[[Answer], object] | None = None

    def watch(self, call: Call, patience: float) -> None:
        """Wait for ``patience`` seconds at most, whatever becomes of the core."""
        self._call = call
        self.until = self._loop.time() + patience
        self._delivery.watch(self, self._loop)

    def settle(self, outcome: Outcome) -> None:
        """Take the outcome; called on the core's thread."""
        self._delivery.settle(self, outcome)

    def deliver(self, outcome: Outcome) -> None:
        """Go on with the outcome; on the loop's thread."""
        self._call = None  # which knows this answer
        if self._outcome is None and not self._is_cancelled:
            self._outcome = outcome
            self._go_on()

    def abandon(self) -> None:
        """Go on without an outcome; on the loop's thread."""
        if self._call is not None:
            self.deliver(abandoned(self._call))

    def _go_on(self) -> None:
        if self._wake is not None:
            self._context.run(self._wake, self)

    # What a task asks of a future

    def __await__(self) -> Generator[Any, None, Outcome]:
        if self._outcome is None:
            self._asyncio_future_blocking = True
            yield self
        return self.result()

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop of the task that waits."""
        return self._loop

    def add_done_callback(self, wake: Callable[[Answer], object], *, context: Context) -> None:
        """Take what wakes the task."""
        self._wake, self._context = wake, context

    def done(self) -> bool:
        """Whether there is nothing to wait for any more."""
        return self._is_cancelled or self._outcome is not None

    def result(self) -> Outcome:
        """Return the outcome."""
        if self._outcome is None:
            raise asyncio.CancelledError(*self._cancel_message)
        return self._outcome

    def cancel(self, msg: object = None) -> bool:
        """Wait no longer; false when it is too late for that."""
        if self.done():
            return False
        self._is_cancelled = True
        self._cancel_message = () if msg is None else (msg,)
        self._loop.call_soon(self._go_on)
        return True


class LoopDelivery:
    """Delivers to the answers of one loop, waking it once for all that are due.

    One per event loop that awaits calls.
    """

    _by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, LoopDelivery] = WeakKeyDictionary()
    _lock = threading.Lock()

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = weakref.ref(loop)
        self._due: deque[tuple[Answer, Outcome]] = deque()
        self._woken = False
        self._ring = loop_bell(loop, self._deliver)
        self._open: set[Answer] = set()
        self._watched = False

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> LoopDelivery:
        """Return the delivery of a loop; called on that loop's thread."""
        delivery = cls._by_loop.get(loop)
        if delivery is None:
            with cls._lock:
                delivery = cls._by_loop[loop] = LoopDelivery(loop)
        return delivery

    def watch(self, answer: Answer, loop: asyncio.AbstractEventLoop) -> None:
        """End an answer at its time; on the loop's thread.

        One timer serves all: it costs a call next to nothing.
        """
        self._open.add(answer)
        if not self._watched:
            self._watched = True
            loop.call_at(answer.until, self._end_abandoned)

    def _end_abandoned(self) -> None:
        self._watched = False
        loop = self.loop()
        if loop is None:
            return
        now = loop.time()
        for answer in [each for each in self._open if each.done() or each.until <= now]:
            self._open.discard(answer)
            answer.abandon()
        if self._open:
            self._watched = True
            loop.call_at(min(each.until for each in self._open), self._end_abandoned)

    def settle(self, answer: Answer, outcome: Outcome) -> None:
        """Deliver an outcome soon; dropped when the loop is gone. On the core's thread."""
        self._due.append((answer, outcome))
        if not self._woken:
            self._woken = True
            self._wake()

    def _wake(self) -> None:
        loop = self.loop()
        try:
            if loop is not None and not loop.is_closed():
                if self._ring is not None:
                    self._ring()
                else:
                    loop.call_soon_threadsafe(self._deliver)
                return
        except RuntimeError:
            pass
        # The caller's loop is gone or closed: nobody waits any more.
        self._due.clear()
        self._woken = False

    def _deliver(self) -> None:
        self._woken = False
        due = self._due
        try:
            while due:
                answer, outcome = due.popleft()
                self._open.discard(answer)
                answer.deliver(outcome)
        finally:
            if due:  # a task was interrupted: the others go on when the loop does
                self._wake()
