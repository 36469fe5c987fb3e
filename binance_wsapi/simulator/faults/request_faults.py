"""What may happen to a request by script: refused, delayed, lost before or after it was carried out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from binance_wsapi.simulator.doors.request import Request
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.faults.fault_handle import FaultHandle

__all__ = ["PendingRequest", "RequestAction", "RequestFaults", "RequestRule"]


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


@dataclass(frozen=True, slots=True)
class RequestRule:
    """One line of the script."""

    method: str | None
    when: Callable[[Request], object] | None
    handle: FaultHandle
    action: RequestAction

    def matches(self, request: Request) -> bool:
        """Whether the rule is about this request."""
        return (
            (self.method is None or request.method.rpartition("/")[2] == self.method)
            and not self.handle.is_over
            and (self.when is None or bool(self.when(request)))
        )


class RequestFaults:
    """What may happen to the requests that were chosen. ``times=None`` means every time."""

    def __init__(
        self,
        add: Callable[[RequestRule], None],
        method: str | None,
        when: Callable[[Request], object] | None,
        skip: int,
    ) -> None:
        self._add = add
        self._method = method
        self._when = when
        self._skip = skip

    def do(
        self, action: RequestAction, *, name: str = "scripted", times: int | None = 1
    ) -> FaultHandle:
        """Handle the request yourself; ``action`` runs on the exchange's thread."""
        handle = FaultHandle(f"{self._method or 'any request'}: {name}", times, self._skip)
        rule = RequestRule(self._method, self._when, handle, action)
        self._add(rule)
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
