"""What goes wrong, by script: refusals, losses, delays, cuts, at the request or event a test names.

``exchange.faults.on("order.place").drop_after_acceptance()`` places the next order and loses the answer.
Every fault returns a :class:`FaultHandle`, so that a test waits for the fault and not for time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from binance_wsapi.simulator.doors.request import Request
from binance_wsapi.simulator.faults.event_faults import EventFaults, EventRule, Send
from binance_wsapi.simulator.faults.fault_handle import FaultHandle
from binance_wsapi.simulator.faults.request_faults import (
    RequestAction,
    RequestFaults,
    RequestRule,
)
from binance_wsapi.simulator.journal import event_name

__all__ = ["Faults"]


@dataclass(frozen=True, slots=True)
class _DoorRule:
    path: str
    handle: FaultHandle
    status: int
    retry_after: int | None


class Effects(Protocol):
    """What lasting faults do to all connections; the gateway is one."""

    def set_silent(self, silent: bool) -> int:
        """Say and hear nothing on the open connections; how many they are."""

    def hold_reading(self, held: bool) -> int:
        """Take no bytes from the open connections; how many they are."""


class Faults:
    """The script. Rules are tried in the order they were made; the first that fits counts.

    Any thread may write the script while the exchange runs.
    """

    def __init__(self, skew: Callable[[float], None]) -> None:
        self._requests: list[RequestRule] = []
        self._events: list[EventRule] = []
        self._handshakes: list[_DoorRule] = []
        self._rest: list[_DoorRule] = []
        self._lasting: list[FaultHandle] = []
        self._skew = skew
        self._effects: Effects | None = None
        self._carry: Callable[[Callable[[], Any]], Any] = lambda action: action()

    def bind(self, effects: Effects) -> None:
        """Name who carries out the faults that concern whole connections."""
        self._effects = effects

    def carry_with(self, carry: Callable[[Callable[[], Any]], Any]) -> None:
        """Change the script on the exchange's thread from now on."""
        self._carry = carry

    def on(
        self,
        method: str | None = None,
        *,
        when: Callable[[Request], object] | None = None,
        skip: int = 0,
    ) -> RequestFaults:
        """Choose requests: of one method or any, that fulfil ``when``, after letting ``skip`` of them pass."""
        return RequestFaults(lambda rule: self._add(self._requests, rule), method, when, skip)

    def on_event(self, event: str | None = None, *, skip: int = 0) -> EventFaults:
        """Choose events by type (``executionReport``), or any; on all kinds of connections."""
        return EventFaults(lambda rule: self._add(self._events, rule), event, skip)

    def refuse_logon(self, times: int | None = 1) -> FaultHandle:
        """Refuse ``session.logon`` as with a key that is not accepted."""
        return self.on("session.logon").refuse(
            -2015, "Invalid API-key, IP, or permissions for action.", status=401, times=times
        )

    def refuse_handshakes(
        self,
        status: int = 503,
        *,
        times: int | None = 1,
        path: str = "",
        retry_after: int | None = None,
    ) -> FaultHandle:
        """Answer new connections (to paths that begin so) with an HTTP status: 403, 418, 429, 503.

        Args:
            status: The HTTP status.
            times: How often; ``None`` until the handle's ``end()``.
            path: Which endpoints; all when empty.
            retry_after: ``Retry-After`` header, in seconds.
        """
        handle = FaultHandle(f"handshakes refused with {status}", times)
        self._add(self._handshakes, _DoorRule(path, handle, status, retry_after))
        return handle

    def refuse_rest(
        self,
        status: int = 503,
        *,
        times: int | None = 1,
        path: str = "",
        retry_after: int | None = None,
    ) -> FaultHandle:
        """Answer REST requests (to paths that begin so) with an HTTP status and nothing of use.

        Args:
            status: The HTTP status.
            times: How often; ``None`` until the handle's ``end()``.
            path: Which paths, such as ``/sapi/v1/userListenToken``; all when empty.
            retry_after: ``Retry-After`` header, in seconds.
        """
        handle = FaultHandle(f"REST refused with {status}", times)
        self._add(self._rest, _DoorRule(path, handle, status, retry_after))
        return handle

    def half_open(self) -> FaultHandle:
        """Let the open connections live and say nothing: no answers, no events, no pings, no pongs."""
        return self._last("half-open", lambda on: self._reach().set_silent(on))

    def slow_reads(self) -> FaultHandle:
        """Stop taking bytes from the open connections, as a drowning server does."""
        return self._last("slow reads", lambda on: self._reach().hold_reading(on))

    def skew_clock(self, seconds: float) -> None:
        """Set the exchange's clock wrong by ``seconds`` more; timers are not moved."""
        self._skew(seconds)

    def clear(self) -> None:
        """End every fault."""
        self._carry(self._clear)

    @property
    def in_force(self) -> list[str]:
        """What may still go wrong: the names of the faults that are not over."""
        return [handle.name for handle in self._handles() if not handle.is_over]

    def request_fault(self, request: Request) -> RequestAction | None:
        """Return what happens to a request, ``None`` when nothing does."""
        for rule in self._requests:
            if rule.matches(request) and rule.handle.strike():
                return rule.action
        return None

    def send(self, frame: bytes, send: Send) -> None:
        """Send a frame, unless it is an event that a fault wants."""
        if self._events and (name := event_name(_decoded(frame))) is not None:
            for rule in self._events:
                if rule.event in (None, name) and rule.handle.strike():
                    rule.action(frame, send)
                    return
        send(frame)

    def handshake_fault(self, path: str) -> tuple[int, int | None] | None:
        """Return the HTTP status and ``Retry-After`` of a connection to refuse."""
        return _door_fault(self._handshakes, path)

    def rest_fault(self, path: str) -> tuple[int, int | None] | None:
        """Return the HTTP status and ``Retry-After`` of a REST request to refuse."""
        return _door_fault(self._rest, path)

    def _add(self, target: list[Any], rule: Any) -> None:
        self._carry(lambda: target.append(rule))

    def _reach(self) -> Effects:
        if self._effects is None:
            raise RuntimeError("the exchange is not running: there are no connections")
        return self._effects

    def _last(self, name: str, switch: Callable[[bool], int]) -> FaultHandle:
        handle = FaultHandle(name, None)

        def begin() -> None:
            self._lasting.append(handle)
            for _ in range(switch(True)):
                handle.strike()

        handle.on_end = lambda: self._carry(lambda: switch(False))
        self._carry(begin)
        return handle

    def _handles(self) -> list[FaultHandle]:
        rules: list[RequestRule | EventRule | _DoorRule] = [
            *self._requests,
            *self._events,
            *self._handshakes,
            *self._rest,
        ]
        return [*(rule.handle for rule in rules), *self._lasting]

    def _clear(self) -> None:
        for handle in self._handles():
            handle.end()
        self._requests.clear()
        self._events.clear()
        self._handshakes.clear()
        self._rest.clear()
        self._lasting.clear()


def _door_fault(rules: list[_DoorRule], path: str) -> tuple[int, int | None] | None:
    for rule in rules:
        if path.startswith(rule.path) and rule.handle.strike():
            return rule.status, rule.retry_after
    return None


def _decoded(frame: bytes) -> object:
    try:
        return msgspec.json.decode(frame)
    except msgspec.DecodeError:
        return None
