"""Finding out what became of a request whose answer was lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from binance_wsapi.core.call import Call, Outcome
from binance_wsapi.core.link import LinkLost
from binance_wsapi.core.runtime import Runtime
from binance_wsapi.errors import (
    BinanceWsApiError,
    NotPlaced,
    OutcomeUnknown,
    PartlyExecuted,
    RequestRejected,
)
from binance_wsapi.protocol.inquiry import (
    AskAgain,
    Executed,
    Inquiry,
    Knowledge,
    NotExecuted,
    StaysUnknown,
    Verdict,
    open_inquiry,
)
from binance_wsapi.protocol.own_orders import OwnOrders, ReadAnswer
from binance_wsapi.response import Response

if TYPE_CHECKING:
    from binance_wsapi.core.asking import Asker, Askers

__all__ = ["Resolver"]

log = logging.getLogger("binance_wsapi.resolution")

UNKNOWN_KEPT = 1024
"""Most requests kept in mind whose outcome was never known."""

ASKING_S = 30.0
"""Seconds that the questions themselves may take, a reconnect included."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Resolver:
    """All requests of a client whose fate is being found out; owned by the loop's thread.

    It asks on the request's own session, which reconnects as it needs to, and listens to the
    account's events. Nothing is ever sent again but questions.

    Args:
        runtime: What the core stands on.
        sessions: Where requests are under way, and questions are asked.
        has_user_data: Whether any account's events are subscribed.
    """

    def __init__(
        self, runtime: Runtime, sessions: Askers, *, has_user_data: Callable[[], bool]
    ) -> None:
        self.runtime = runtime
        self.sessions = sessions
        self.has_user_data = has_user_data
        self._cases: dict[_Case, None] = {}
        self._unknown: dict[Call, Asker] = {}
        """Every request whose outcome is not known, the latest ones."""

    @property
    def is_busy(self) -> bool:
        """Whether anything is being found out."""
        return bool(self._cases)

    def begin(self, session: Asker, call: Call) -> None:
        """From now on the outcome of a request is not known."""
        self._unknown[call] = session
        if len(self._unknown) > UNKNOWN_KEPT:
            del self._unknown[next(iter(self._unknown))]

    def has_rival(self, session: Asker, request_id: str, client_id: object) -> bool:
        """Whether another request under the same client id may have made what goes by it."""
        unanswered = [
            (other, call)
            for other in self.sessions.open.values()
            for link in other.links.values()
            for call in link.pending.values()
        ]
        return any(
            any(call.params.get(name) == client_id for name in call.kind.client_ids)
            and call.id != request_id
            and other.own_orders is session.own_orders
            for other, call in [*unanswered, *((o, c) for c, o in self._unknown.items())]
        )

    def learned(self, call: Call) -> bool:
        """The answer to a request came late; true when its outcome is being found out."""
        self._unknown.pop(call, None)
        cases = [case for case in self._cases if case.call is call]
        for case in cases:
            case.end()
        return bool(cases)

    def link_lost(self) -> None:
        """No late answers come over one of the links any more."""
        for case in self._cases:
            case.wake()

    def event(self, event: bytes, own_orders: OwnOrders) -> None:
        """Show a user data event to the open cases of the same exchange: it may prove one.

        Args:
            event: The event, as the exchange sent it.
            own_orders: Those of the exchange: another one has other orders under the same ids.
        """
        try:
            told = _decode(event)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        if isinstance(told, dict):
            for case in list(self._cases):
                if case.own_orders is own_orders:
                    case.event(told)

    async def resolve(
        self, session: Asker, call: Call, error: OutcomeUnknown, timeout: float | None
    ) -> Outcome:
        """Return the lost answer as far as it can be known, ``NotPlaced``, or the error itself.

        Args:
            session: Where the request was sent.
            call: The request.
            error: Why its outcome is unknown.
            timeout: Seconds this may take; ``None`` for as long as it takes until the request can no
                longer be accepted, and some more for the questions.
        """
        if call.late_answer is not None:
            return call.late_answer
        case = _Case(self, session, call)
        if timeout is None:
            at = session.moment()
            timeout = case.inquiry.settles_at(at) - at.now + ASKING_S
        self._cases[case] = None
        try:
            async with asyncio.timeout(timeout) as case.patience:
                verdict = await case.find_out()
        except TimeoutError:
            verdict = case.inquiry.verdict
        finally:
            self._cases.pop(case, None)
        late_answer = case.call.late_answer
        if late_answer is not None:
            return late_answer
        outcome = _outcome(call, error, case.inquiry, verdict)
        if outcome is not error:
            self._unknown.pop(call, None)
        if isinstance(outcome, Response):
            answer = ReadAnswer(
                call.id,
                call.writing,
                self.runtime.now(),
                call.kind.makes_orders,
                outcome.raw_result,
            )
            session.own_orders.answers.append(answer)
        log.info("%s %s: %s", call.kind.method, call.client_order_id or "", _told(verdict))
        return outcome


class _Case:
    """One request and the questions about it."""

    def __init__(self, resolver: Resolver, session: Asker, call: Call) -> None:
        self._resolver = resolver
        self._session = session
        self.own_orders = session.own_orders
        self.call = call
        self.patience: asyncio.Timeout | None = None
        """How long it may take."""
        self._woken = asyncio.Event()
        runtime = resolver.runtime
        window = (call.sent_params or call.params).get("recvWindow")
        self.inquiry: Inquiry = open_inquiry(
            session.market,
            call.kind.method,
            call.params,
            sent_us=call.sent_us,
            written_at=runtime.now() if call.written_at is None else call.written_at,
            is_write_seen=call.written_at is not None,
            recv_window_ms=None if window is None else float(str(window)),
            request_id=call.id,
            knowledge=Knowledge(
                session.own_orders,
                runtime.is_generated,
                lambda request_id, client_id: resolver.has_rival(session, request_id, client_id),
            ),
        )

    def end(self) -> None:
        """Find out no further, not even what is being asked."""
        if self.patience is not None and not self.patience.expired():
            self.patience.reschedule(self._resolver.runtime.loop.time())

    def wake(self) -> None:
        """Have it look what it still waits for."""
        self._woken.set()

    def event(self, event: dict[str, Any]) -> None:
        """Take in a user data event."""
        if self.inquiry.on_event(event) is not None:
            self._woken.set()

    async def find_out(self) -> Verdict:
        """Ask until there is a verdict that further questions cannot change."""
        session = self._session
        while isinstance(verdict := self.inquiry.verdict, AskAgain):
            delay = verdict.not_before - self._resolver.runtime.now()
            if delay > 0:
                self._woken.clear()
                try:
                    async with asyncio.timeout(delay):
                        await self._woken.wait()
                except TimeoutError:
                    pass
                continue
            question = self.inquiry.question(session.moment())
            if question is None:
                # Only an event can settle it now.
                self._woken.clear()
                await self._woken.wait()
                continue
            await self._ask(*question)
        if isinstance(verdict, StaysUnknown):
            await self._listen()
        return self.inquiry.verdict

    async def _ask(self, method: str, params: dict[str, Any]) -> None:
        moment = self._session.moment
        try:
            # Asked for anew each time: the session may have been closed since.
            session = self._resolver.sessions.of(self._session.ws_key)
            answer = await session.ask(None, method, params)
        except RequestRejected as error:
            self.inquiry.on_error(error.code, error.message, moment())
        except (BinanceWsApiError, LinkLost):
            self.inquiry.on_failure(moment())
        else:
            self.inquiry.on_answer(answer.raw.get("result"), moment())

    async def _listen(self) -> None:
        """Wait for what settles what no question can: an event, or the answer itself, late."""
        while isinstance(self.inquiry.verdict, StaysUnknown) and (
            self._resolver.has_user_data() or self._may_be_answered
        ):
            self._woken.clear()
            await self._woken.wait()

    @property
    def _may_be_answered(self) -> bool:
        """Whether the link that the request was sent on lives."""
        return any(link.overdue.get(self.call.id) for link in self._session.links.values())


def _outcome(call: Call, error: OutcomeUnknown, inquiry: Inquiry, verdict: Verdict) -> Outcome:
    method = call.kind.method
    if isinstance(verdict, NotExecuted):
        return NotPlaced(
            f"{method} was not executed, and no longer can be: {verdict.reason} "
            f"(its answer was lost: {error.cause})",
            operation=method,
            client_order_id=call.client_order_id,
        )
    if not isinstance(verdict, Executed):
        if isinstance(verdict, StaysUnknown):
            error.cause = f"{error.cause}; {verdict.reason}"
        return error
    answer = inquiry.answer(verdict.result)
    if verdict.is_partial and "cancelResult" in answer:
        return PartlyExecuted(
            f"found out after the answer was lost ({error.cause})",
            code=0,
            status=409,
            operation=method,
            cancel_result=answer["cancelResult"],
            new_order_result=answer["newOrderResult"],
            cancel_response=answer["cancelResponse"],
            new_order_response=answer["newOrderResponse"],
        )
    result = _encode(answer)
    return Response(
        call.kind.operation,
        b'{"id":"' + call.id.encode() + b'","status":200,"result":' + result + b"}",
        call.id,
        200,
        msgspec.Raw(result),
        msgspec.Raw(),
        0.0,
        resolved=True,
    )


def _told(verdict: Verdict) -> str:
    if isinstance(verdict, Executed):
        return "it was executed"
    if isinstance(verdict, NotExecuted):
        return f"it was not executed: {verdict.reason}"
    return "its outcome stays unknown"
