"""One request on its way, and how its end reaches the one who waits."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from binance_wsapi.catalogue._types import Operation, Security
from binance_wsapi.core.call_errors import abandoned
from binance_wsapi.errors import BinanceWsApiError
from binance_wsapi.protocol.limits import Reservation
from binance_wsapi.protocol.params import WireValue, writer
from binance_wsapi.response import Response

if TYPE_CHECKING:
    from binance_wsapi.core.api_link import ApiLink

__all__ = ["Call", "CallKind", "LoopDelivery", "Outcome", "Waiter", "kind_of"]

Outcome = Response[Any] | BinanceWsApiError


class CallKind:
    """What all calls of one operation have in common, worked out once.

    An operation that the catalogue does not know is taken to change something: it is never repeated.
    """

    __slots__ = (
        "client_ids",
        "ends_listen_key",
        "keyed",
        "logs",
        "method",
        "mutates",
        "needs_completion",
        "needs_key",
        "operation",
        "repeatable",
        "signed",
        "wire_params",
    )

    def __init__(self, method: str, operation: Operation | None) -> None:
        self.method = method
        self.operation = operation
        security = Security.NONE if operation is None else operation.security
        self.signed = operation is not None and operation.signed
        self.keyed = (
            operation is not None
            and not self.signed
            and any(param.wire == "apiKey" for param in operation.params)
        )
        """It carries the API key and no signature."""
        self.needs_key = security is not Security.NONE
        self.mutates = operation is None or operation.mutates
        self.logs = method in {"session.logon", "session.logout"}
        """It changes whether the connection is logged on."""
        self.ends_listen_key = method == "userDataStream.stop"
        """It takes the account's listen key from the stream that reads it."""
        self.repeatable = not self.mutates and not method.startswith(("session.", "userData"))
        """Asking again on another connection is the same as asking once."""
        self.client_ids = () if operation is None else operation.client_ids
        self.needs_completion = self.needs_key or bool(self.client_ids)
        self.wire_params = writer(operation)
        """Checks and converts parameters given under their wire names."""


_kinds: dict[Operation, CallKind] = {}


def kind_of(operation: Operation) -> CallKind:
    """Return the kind of an operation's calls."""
    kind = _kinds.get(operation)
    if kind is None:
        kind = _kinds[operation] = CallKind(operation.method, operation)
    return kind


class Call:
    """A request and what became of it so far.

    Made on the caller's thread, then owned by the core's thread alone. ``settle`` is called exactly
    once, on the core's thread, with the answer or the error.
    """

    def __init__(
        self,
        kind: CallKind,
        params: Mapping[str, WireValue],
        settle: Callable[[Outcome], object],
        request_id: str,
        timeout: float,
        now: float,
    ) -> None:
        self.kind = kind
        self.params = params
        self.settle = settle
        self.id = request_id
        self.timeout = timeout
        self.deadline = now + timeout

    # What most calls never change stands here once, and costs a call nothing.
    is_own = False
    """The core's own request (logon, subscription, question): it may use the reserve of limits."""
    link: ApiLink | None = None
    """The one link it belongs to; ``None`` when any link of the session will do."""
    frame: bytes | None = None
    sent_params: Mapping[str, WireValue] | None = None
    """The parameters as they were sent, key and time included, where they differ."""
    encoded_for: object = None
    """The authority it was signed and encoded under."""
    encoded_at = 0.0
    sent_us = 0
    """The time stamped on it, epoch microseconds on the exchange's clock."""
    written_at: float | None = None
    """When it was handed to the socket; ``None`` means that nothing left this machine."""
    reservation: Reservation | None = None
    loss: str | None = None
    """Why the answer to its last sending was lost; it is being repeated."""
    retimed = False
    """It was refused for its timestamp once and stamped anew."""

    @property
    def client_order_id(self) -> str | None:
        """The id that finds the order or order list it makes."""
        ids = self.kind.client_ids
        return str(self.params[ids[0]]) if ids and ids[0] in self.params else None


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
        self._open: dict[asyncio.Future[Outcome], tuple[float, Call]] = {}
        """What is awaited: until when at most, by the loop's time, and for which call."""
        self._watched = False

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> LoopDelivery:
        """Return the delivery of a loop; called on that loop's thread."""
        delivery = cls._by_loop.get(loop)
        if delivery is None:
            with cls._lock:
                delivery = cls._by_loop[loop] = LoopDelivery(loop)
        return delivery

    def watch(self, future: asyncio.Future[Outcome], call: Call, patience: float) -> None:
        """End a future after ``patience`` seconds, whatever has become of the core.

        Called on the loop's thread. One timer serves all: it costs a call next to nothing.
        """
        loop = future.get_loop()
        until = loop.time() + patience
        self._open[future] = (until, call)
        if not self._watched:
            self._watched = True
            loop.call_at(until, self._end_abandoned)

    def _end_abandoned(self) -> None:
        self._watched = False
        loop = self._loop()
        if loop is None:
            return
        now = loop.time()
        for future, (until, call) in list(self._open.items()):
            if future.done():
                del self._open[future]  # its awaiter was cancelled
            elif until <= now:
                del self._open[future]
                future.set_result(abandoned(call))
        if self._open:
            self._watched = True
            loop.call_at(min(until for until, _ in self._open.values()), self._end_abandoned)

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
            self._open.pop(future, None)
            if not future.done():
                future.set_result(outcome)
