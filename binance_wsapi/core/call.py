"""One request on its way, and how its end reaches the one who waits."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from binance_wsapi.catalogue._types import Operation
from binance_wsapi.errors import BinanceWsApiError
from binance_wsapi.protocol.params import WireValue
from binance_wsapi.response import Response

__all__ = ["Call", "LoopDelivery", "Outcome", "Waiter"]

_LOGON_METHODS = frozenset({"session.logon", "session.logout"})

Outcome = Response[Any] | BinanceWsApiError


class Call:
    """A request and what became of it so far.

    Made on the caller's thread, then owned by the core's thread alone. ``settle`` is called exactly
    once, on the core's thread, with the answer or the error.
    """

    __slots__ = (
        "client_order_id",
        "deadline",
        "encoded_at",
        "encoded_for",
        "frame",
        "id",
        "keyed",
        "logs",
        "method",
        "mutates",
        "operation",
        "params",
        "sent_params",
        "sent_us",
        "settle",
        "signed",
        "timeout",
        "written_at",
    )

    def __init__(
        self,
        *,
        method: str,
        operation: Operation | None,
        params: Mapping[str, WireValue],
        signed: bool,
        keyed: bool,
        mutates: bool,
        client_order_id: str | None,
        request_id: str,
        timeout: float,
        now: float,
        settle: Callable[[Outcome], object],
    ) -> None:
        self.method = method
        self.operation = operation
        self.params = params
        self.signed = signed
        self.keyed = keyed
        self.mutates = mutates
        self.client_order_id = client_order_id
        self.id = request_id
        self.timeout = timeout
        self.deadline = now + timeout
        self.settle = settle
        self.logs = method in _LOGON_METHODS
        """It changes whether the connection is logged on."""
        self.frame: bytes | None = None
        self.sent_params: Mapping[str, WireValue] = params
        self.encoded_for: object = None
        self.encoded_at = 0.0
        self.written_at: float | None = None
        """When it was handed to the socket; ``None`` means that nothing left this machine."""
        self.sent_us: int | None = None
        """The same moment in epoch microseconds on the exchange's clock."""


class Waiter:
    """Blocks one thread until its call is settled.

    A bare lock, since a ``concurrent.futures.Future`` wakes its waiter while still holding the lock
    that the waiter needs next: two more switches of threads, a fifth of a round trip.
    """

    __slots__ = ("_gate", "_outcome")

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._gate.acquire()
        self._outcome: Outcome | None = None

    def settle(self, outcome: Outcome) -> None:
        """Take the outcome; called once, on the core's thread."""
        self._outcome = outcome
        self._gate.release()

    def wait(self, timeout: float) -> Outcome | None:
        """Return the outcome, or ``None`` when there is none after ``timeout`` seconds."""
        self._gate.acquire(timeout=timeout)
        return self._outcome


class LoopDelivery:
    """Hands outcomes to futures of one caller's loop, waking it once for all that are due.

    One per event loop that awaits calls; ``settle`` runs on the core's thread.
    """

    _by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, LoopDelivery] = WeakKeyDictionary()
    _lock = threading.Lock()

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = weakref.ref(loop)
        self._due: deque[tuple[asyncio.Future[Outcome], Outcome]] = deque()
        self._woken = False

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> LoopDelivery:
        """Return the delivery of a loop; called on that loop's thread."""
        delivery = cls._by_loop.get(loop)
        if delivery is None:
            with cls._lock:
                delivery = cls._by_loop[loop] = LoopDelivery(loop)
        return delivery

    def settle(self, future: asyncio.Future[Outcome], outcome: Outcome) -> None:
        """Settle a future of the loop soon; dropped when the loop is gone."""
        self._due.append((future, outcome))
        if not self._woken:
            self._woken = True
            loop = self._loop()
            try:
                if loop is not None:
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
        while due:
            future, outcome = due.popleft()
            if not future.done():
                future.set_result(outcome)
