"""What may happen to an event by script: lost, doubled, out of order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from binance_wsapi.simulator.faults.fault_handle import FaultHandle

__all__ = ["EventFaults", "EventRule", "Send"]

Send = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class EventRule:
    """One line of the script."""

    event: str | None
    handle: FaultHandle
    action: Callable[[bytes, Send], None]


class EventFaults:
    """What may happen to the events that were chosen."""

    def __init__(self, add: Callable[[EventRule], None], event: str | None, skip: int) -> None:
        self._add = add
        self._event = event
        self._skip = skip

    def lose(self, *, times: int | None = 1) -> FaultHandle:
        """Never send them."""
        return self._do(lambda frame, send: None, "lost", times)

    def duplicate(self, *, times: int | None = 1) -> FaultHandle:
        """Send them twice."""

        def act(frame: bytes, send: Send) -> None:
            send(frame)
            send(frame)

        return self._do(act, "sent twice", times)

    def reorder(self, count: int = 2) -> FaultHandle:
        """Hold ``count`` of them and send them last first."""
        held: list[tuple[bytes, Send]] = []

        def act(frame: bytes, send: Send) -> None:
            held.append((frame, send))
            if len(held) == count:
                for each, send_it in reversed(held):
                    send_it(each)
                held.clear()

        return self._do(act, "reordered", count)

    def _do(
        self, action: Callable[[bytes, Send], None], name: str, times: int | None
    ) -> FaultHandle:
        handle = FaultHandle(f"{self._event or 'any event'}: {name}", times, self._skip)
        rule = EventRule(self._event, handle, action)
        self._add(rule)
        return handle
