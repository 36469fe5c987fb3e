"""Hands outcomes to those who await them on event loops of their own."""

from __future__ import annotations

import asyncio
import math
import weakref
from collections import deque
from threading import get_ident
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from binance_wsapi.core.bell import loop_bell
from binance_wsapi.core.call import Call, Outcome
from binance_wsapi.forks import unforked

__all__ = ["LoopDelivery"]


class LoopDelivery:
    """Hands outcomes to futures of one caller's loop, waking it once for all that are due.

    One per event loop that awaits calls; ``settle`` runs on the core's thread.
    """

    _by_loop: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, LoopDelivery]] = (
        WeakKeyDictionary()
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = weakref.ref(loop)
        self._due: deque[tuple[asyncio.Future[Outcome], Outcome]] = deque()
        self._woken = False
        self._ring = loop_bell(loop, self._deliver)
        self._open: dict[asyncio.Future[Outcome], tuple[float, Call]] = {}
        """What is awaited: until when at most, by the call's own clock, and for which call."""
        self._look_at = math.inf
        """When it is looked what was awaited too long."""
        self.readers: dict[Any, Any] = {}
        """What reads sockets on the loop, in the core's place, by the lead over each."""
        self.reads_on: int | None = None
        """The loop's thread, while it reads one: outcomes need not be handed over then."""

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> LoopDelivery:
        """Return the delivery of a loop; called on that loop's thread."""
        delivery = cls._by_loop.get(loop)
        if delivery is None:
            cls.forget_closed_loops()
            with unforked:
                delivery = cls._by_loop[loop] = LoopDelivery(loop)
        return delivery

    @classmethod
    def forget_closed_loops(cls) -> None:
        """Give up what was awaited on loops that are closed by now; from any thread."""
        with unforked:
            closed = [each for loop, each in cls._by_loop.items() if loop.is_closed()]
        for delivery in closed:
            delivery._forsake()

    def is_open(self) -> bool:
        """Whether outcomes can still be handed over; from any thread."""
        loop = self.loop()
        return loop is not None and not loop.is_closed()

    @property
    def is_known(self) -> bool:
        """Whether it may watch a descriptor of ours."""
        return self._ring is not None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is awaited; from any thread."""
        return not self._open or not self.is_open()

    @property
    def is_busy(self) -> bool:
        """Whether several calls are awaited."""
        return len(self._open) > 1

    def watch(self, future: asyncio.Future[Outcome], call: Call, until: float) -> None:
        """End a future at ``until``, by the call's own clock, whatever has become of the core.

        Called on the loop's thread, before the call is on its way. One timer serves all: it costs a call
        next to nothing.
        """
        self._open[future] = (until, call)
        if until < self._look_at:
            self._look_again()

    def forget(self, future: asyncio.Future[Outcome]) -> None:
        """Nobody awaits a future any more; called on the loop's thread."""
        self._open.pop(future, None)

    def _end_abandoned(self, look_at: float) -> None:
        if look_at != self._look_at:
            return  # somebody's patience ended before
        self._look_at = math.inf
        for future, (until, call) in list(self._open.items()):
            if future.done():
                del self._open[future]  # its awaiter was cancelled
            elif until <= call.giving_up.now():
                del self._open[future]
                future.set_result(call.giving_up.abandon(call))
        if self._open:
            self._look_again()

    def _look_again(self) -> None:
        loop = self.loop()
        if loop is not None:
            until, call = min(self._open.values(), key=_until)
            loop.call_later(until - call.giving_up.now(), self._end_abandoned, until)
            self._look_at = until

    def settle(self, future: asyncio.Future[Outcome], outcome: Outcome) -> None:
        """Settle a future of the loop, soon unless this is its thread; dropped when the loop is gone."""
        if self.reads_on is not None and self.reads_on == get_ident():
            if not future.done():
                future.set_result(outcome)
            self._open.pop(future, None)
            return
        self._due.append((future, outcome))
        if not self._woken:
            self._woken = True
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
            self._forsake()

    def _forsake(self) -> None:
        """The callers' loop is gone or closed: nobody waits any more."""
        self._due.clear()
        self._woken = False
        for _, call in list(self._open.values()):
            call.giving_up.forsake(call)
        self._open.clear()

    def _deliver(self) -> None:
        self._woken = False
        due = self._due
        while due:
            # It goes when it was handed over: an interrupt may come at any line.
            future, outcome = due[0]
            if not future.done():
                future.set_result(outcome)
            self._open.pop(future, None)
            due.popleft()


def _until(awaited: tuple[float, Call]) -> float:
    return awaited[0]
