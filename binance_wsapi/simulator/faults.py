"""What goes wrong, by script: refusals, losses, delays, cuts, at the request or event a test names.

``exchange.faults.on("order.place").drop_after_acceptance()`` places the next order and loses the answer.
Every fault returns a :class:`FaultHandle`, so that a test waits for the fault and not for time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import msgspec

from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.journal import event_name
from binance_wsapi.simulator.request import Request
from binance_wsapi.simulator.wire import Micros

__all__ = ["EventFaults", "FaultHandle", "Faults", "PendingRequest", "RequestFaults"]

T = TypeVar("T")


class PendingRequest(Protocol):
    """A request at the door, as a fault may handle it."""

    request: Request

    def admit(self) -> bool:
        """Weigh and authenticate it; a refused one is answered and ``False`` returned."""

    def execute(self) -> bytes:
        """Let the engine have it and return the answer's frame."""

    def refusal(self, error: ExchangeError) -> bytes:
        """Return the frame of a refusal."""

    def send(self, frame: bytes) -> None:
        """Send a frame to the client."""

    def drop(self, partial: bytes = b"") -> None:
        """Cut the client's connection."""

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something when ``seconds`` of the exchange's time are over."""

    def now_us(self) -> int:
        """Return the exchange's time."""


RequestAction = Callable[[PendingRequest], None]
Send = Callable[[bytes], None]


class FaultHandle:
    """One scripted fault: how often it struck, and its end. Usable from any thread."""

    def __init__(self, name: str, times: int | None, skip: int = 0) -> None:
        self.name = name
        self._times = times
        self._skip = skip
        self._hits = 0
        self._changed = threading.Condition()
        self._ended = False
        self.on_end: Callable[[], None] | None = None

    @property
    def hits(self) -> int:
        """How often it struck so far."""
        return self._hits

    @property
    def is_over(self) -> bool:
        """Whether it will not strike again."""
        return self._ended or (self._times is not None and self._hits >= self._times)

    def wait(self, times: int = 1, timeout: float = 5.0) -> None:
        """Wait until it struck ``times`` times.

        Raises:
            TimeoutError: It did not within ``timeout`` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._hits >= times, timeout):
                raise TimeoutError(
                    f"fault {self.name!r} struck {self._hits} of {times} times within {timeout} s"
                )

    def end(self) -> None:
        """Let it not strike again; a lasting fault (half-open, slow reads) is over."""
        if not self._ended:
            self._ended = True
            if self.on_end is not None:
                self.on_end()

    def strike(self) -> bool:
        """Count an occasion; whether the fault strikes now."""
        if self.is_over:
            return False
        if self._skip:
            self._skip -= 1
            return False
        with self._changed:
            self._hits += 1
            self._changed.notify_all()
        return True

    def __repr__(self) -> str:
        return f"<FaultHandle {self.name!r} hits={self._hits}>"


@dataclass(frozen=True, slots=True)
class _RequestRule:
    method: str | None
    when: Callable[[Request], object] | None
    handle: FaultHandle
    action: RequestAction

    def matches(self, request: Request) -> bool:
        return (
            (self.method is None or request.method.rpartition("/")[2] == self.method)
            and not self.handle.is_over
            and (self.when is None or bool(self.when(request)))
        )


@dataclass(frozen=True, slots=True)
class _EventRule:
    event: str | None
    handle: FaultHandle
    action: Callable[[bytes, Send], None]


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
        self._requests: list[_RequestRule] = []
        self._events: list[_EventRule] = []
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
        return RequestFaults(self, method, when, skip)

    def on_event(self, event: str | None = None, *, skip: int = 0) -> EventFaults:
        """Choose events by type (``executionReport``), or any; on all kinds of connections."""
        return EventFaults(self, event, skip)

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

    def add_request_rule(self, rule: _RequestRule) -> None:
        """Append to the script; :meth:`on` is the way to it."""
        self._add(self._requests, rule)

    def add_event_rule(self, rule: _EventRule) -> None:
        """Append to the script; :meth:`on_event` is the way to it."""
        self._add(self._events, rule)

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

    def _clear(self) -> None:
        rules: list[_RequestRule | _EventRule | _DoorRule] = [
            *self._requests,
            *self._events,
            *self._handshakes,
            *self._rest,
        ]
        for handle in (*(rule.handle for rule in rules), *self._lasting):
            handle.end()
        self._requests.clear()
        self._events.clear()
        self._handshakes.clear()
        self._rest.clear()
        self._lasting.clear()


class RequestFaults:
    """What may happen to the requests that were chosen. ``times=None`` means every time."""

    def __init__(
        self,
        faults: Faults,
        method: str | None,
        when: Callable[[Request], object] | None,
        skip: int,
    ) -> None:
        self._faults = faults
        self._method = method
        self._when = when
        self._skip = skip

    def do(
        self, action: RequestAction, *, name: str = "scripted", times: int | None = 1
    ) -> FaultHandle:
        """Handle the request yourself; ``action`` runs on the exchange's thread."""
        handle = FaultHandle(f"{self._method or 'any request'}: {name}", times, self._skip)
        rule = _RequestRule(self._method, self._when, handle, action)
        self._faults.add_request_rule(rule)
        return handle

    def refuse(
        self,
        code: int,
        message: str = "Refused by script.",
        *,
        status: int = 400,
        data: dict[str, Any] | None = None,
        executed: bool = False,
        times: int | None = 1,
    ) -> FaultHandle:
        """Answer with an error; ``executed`` lets the engine have the request all the same."""

        def act(pending: PendingRequest) -> None:
            if executed:
                pending.execute()
            pending.send(pending.refusal(ExchangeError(code, message, status, data)))

        return self.do(act, name=f"refused with {code}", times=times)

    def server_error(
        self, status: int = 503, *, executed: bool = False, times: int | None = 1
    ) -> FaultHandle:
        """Answer with a 5xx status, the request carried out or not."""
        return self.refuse(
            -1000,
            "An unknown error occurred while processing the request.",
            status=status,
            executed=executed,
            times=times,
        )

    def unknown_outcome(
        self, code: int = -1007, *, executed: bool = True, times: int | None = 1
    ) -> FaultHandle:
        """Answer -1006 or -1007, which leave open whether the request was carried out."""
        message = (
            "Timeout waiting for response from backend server. "
            "Send status unknown; execution status unknown."
            if code == -1007
            else "An unexpected response was received from the message bus. Execution status unknown."
        )
        return self.refuse(code, message, status=500, executed=executed, times=times)

    def rate_limited(self, retry_after: float = 1.0, *, times: int | None = 1) -> FaultHandle:
        """Answer 429 with ``retryAfter`` so many seconds ahead."""
        return self._limited(429, "Too much request weight used by script.", retry_after, times)

    def banned(self, retry_after: float = 120.0, *, times: int | None = 1) -> FaultHandle:
        """Answer 418 with ``retryAfter`` so many seconds ahead; the connection stays."""
        return self._limited(
            418, "Way too much request weight used; IP banned.", retry_after, times
        )

    def delay(self, seconds: float, *, times: int | None = 1) -> FaultHandle:
        """Take the request at once, let the engine have it later: it may be too late for ``recvWindow``."""

        def act(pending: PendingRequest) -> None:
            if pending.admit():
                pending.later(seconds, lambda: pending.send(pending.execute()))

        return self.do(act, name=f"delayed by {seconds} s", times=times)

    def delay_answer(self, seconds: float, *, times: int | None = 1) -> FaultHandle:
        """Carry the request out at once and answer later."""

        def act(pending: PendingRequest) -> None:
            answer = pending.execute()
            pending.later(seconds, lambda: pending.send(answer))

        return self.do(act, name=f"answered after {seconds} s", times=times)

    def drop_before_acceptance(self, *, times: int | None = 1) -> FaultHandle:
        """Cut the connection; the request is not carried out."""
        return self.do(lambda pending: pending.drop(), name="dropped before", times=times)

    def drop_after_acceptance(self, *, times: int | None = 1) -> FaultHandle:
        """Carry the request out, then cut the connection instead of answering."""

        def act(pending: PendingRequest) -> None:
            pending.execute()
            pending.drop()

        return self.do(act, name="dropped after", times=times)

    def swallow(self, *, times: int | None = 1) -> FaultHandle:
        """Neither carry the request out nor answer it."""
        return self.do(lambda pending: None, name="swallowed", times=times)

    def lose_answer(self, *, times: int | None = 1) -> FaultHandle:
        """Carry the request out and never answer; the connection stays."""

        def act(pending: PendingRequest) -> None:
            pending.execute()

        return self.do(act, name="answer lost", times=times)

    def duplicate_answer(self, *, times: int | None = 1) -> FaultHandle:
        """Answer twice."""

        def act(pending: PendingRequest) -> None:
            answer = pending.execute()
            pending.send(answer)
            pending.send(answer)

        return self.do(act, name="answered twice", times=times)

    def cut_mid_frame(self, *, executed: bool = True, times: int | None = 1) -> FaultHandle:
        """Cut the connection in the middle of the answer's frame."""

        def act(pending: PendingRequest) -> None:
            answer = (
                pending.execute() if executed else pending.refusal(ExchangeError(-1001, "Cut."))
            )
            pending.drop(answer)

        return self.do(act, name="cut in the middle of the answer", times=times)

    def reorder_answers(self, count: int = 2) -> FaultHandle:
        """Hold the answers of ``count`` requests and send them last first."""
        held: list[tuple[PendingRequest, bytes]] = []

        def act(pending: PendingRequest) -> None:
            held.append((pending, pending.execute()))
            if len(held) == count:
                for owner, answer in reversed(held):
                    owner.send(answer)
                held.clear()

        return self.do(act, name=f"{count} answers reordered", times=count)

    def _limited(
        self, status: int, message: str, retry_after: float, times: int | None
    ) -> FaultHandle:
        def act(pending: PendingRequest) -> None:
            now = pending.now_us()
            data = {
                "serverTime": Micros(now),
                "retryAfter": Micros(now + round(retry_after * 1_000_000)),
            }
            pending.send(pending.refusal(ExchangeError(-1003, message, status, data)))

        return self.do(act, name=f"status {status}", times=times)


class EventFaults:
    """What may happen to the events that were chosen."""

    def __init__(self, faults: Faults, event: str | None, skip: int) -> None:
        self._faults = faults
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
        rule = _EventRule(self._event, handle, action)
        self._faults.add_event_rule(rule)
        return handle


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
