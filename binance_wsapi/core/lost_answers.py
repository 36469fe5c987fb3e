"""What is done about a lost answer: what became of the request is found out, and told."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from binance_wsapi.core.account_questions import AccountQuestions
from binance_wsapi.core.call import Call, Outcome
from binance_wsapi.core.giving_up import GivingUp
from binance_wsapi.core.link import LinkLost
from binance_wsapi.core.runtime import Runtime
from binance_wsapi.core.shown_orders import Followed, note_orders, show_half, show_orders
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
from binance_wsapi.protocol.own_orders import OwnOrders
from binance_wsapi.protocol.raw_event import RawEvent
from binance_wsapi.protocol.session import SessionMachine, SessionState
from binance_wsapi.response import FloatResponse, Response

if TYPE_CHECKING:
    from binance_wsapi.core.asking import Asker, Askers
    from binance_wsapi.core.rest_door import RestDoor

__all__ = ["LostAnswers"]

log = logging.getLogger("binance_wsapi.resolution")

UNKNOWN_KEPT = 1024
"""Most requests kept in mind whose outcome was never known."""

ASKING_S = 30.0
"""Seconds that the questions themselves may take, a reconnect included."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class MayAsk(Protocol):
    """Whether a question about a request may be put now."""

    def __call__(self, *, is_last: bool) -> bool:
        """Say so; ``is_last`` where the request can no longer be accepted."""


class Losing(Followed, Protocol):
    """A session that may lose answers."""

    machine: SessionMachine


class LostAnswers:
    """All requests of a client whose answers were lost; owned by the loop's thread.

    It asks on the request's own session, which reconnects as it needs to, and listens to the
    account's events. Nothing is ever sent again but questions.

    Args:
        runtime: What the core stands on.
        sessions: Where requests are under way, and questions are asked.
        giving_up: Who is told of an answer that nobody waits for any more.
        let_resolve: Lets the error of a call be resolved later.
        has_user_data: Whether any account's events are subscribed.
        settled: Is told what became of a call that had been told as unknown.
        rest: The door to REST, made when it is first needed.
    """

    def __init__(
        self,
        runtime: Runtime,
        sessions: Askers,
        giving_up: GivingUp,
        *,
        let_resolve: Callable[[Call, OutcomeUnknown], object],
        has_user_data: Callable[[], bool],
        rest: Callable[[], RestDoor],
        settled: Callable[[Call, Outcome], object] | None = None,
    ) -> None:
        self.runtime = runtime
        self.sessions = sessions
        self._giving_up = giving_up
        self._let_resolve = let_resolve
        self.has_user_data = has_user_data
        self._settled = settled
        self.rest = rest
        self._searches: dict[_Search, None] = {}
        self._unknown: dict[Call, Asker] = {}
        """Every request whose outcome is not known, the latest ones."""

    @property
    def is_busy(self) -> bool:
        """Whether anything is being found out."""
        return bool(self._searches)

    def begin(self, session: Losing, call: Call, error: OutcomeUnknown) -> None:
        """The answer to a request is lost: find out what became of it, or say that nobody knows."""
        runtime = self.runtime
        if not call.is_found_out:
            call.settle(error)
            return
        self._note_unknown(session, call)
        self._let_resolve(call, error)
        # Where nobody is left to be told, and to ask on, it is found out all the same.
        options = call.options or runtime.options
        is_told = options.on_unknown_outcome == "raise" and not call.is_given_up
        if is_told or session.machine.state is SessionState.CLOSED:
            call.settle(error)
        else:
            settling = runtime.spawn(self._settle(session, call, error))
            settling.add_done_callback(lambda _: self._never_begun(call, error))

    def came_late(self, session: Followed, call: Call, outcome: Outcome) -> None:
        """The answer came after it had been given up: that settles what became of the request."""
        if not call.kind.mutates or call.kind.operation is None:
            return
        call.late_answer = outcome
        self._unknown.pop(call, None)
        # Whoever finds it out tells it; else it was told as unknown, and this is the correction.
        searches = [search for search in self._searches if search.call is call]
        for search in searches:
            search.end()
        if not searches:
            _show(session, call, outcome)
            self._tell_settled(call, outcome)
            self._giving_up.learned(call, outcome)

    def link_lost(self) -> None:
        """No late answers come over one of the links any more."""
        for search in self._searches:
            search.wake()

    def event(self, event: RawEvent, own_orders: OwnOrders) -> None:
        """Show a user data event to the open searches of the same exchange: it may prove one.

        Args:
            event: The event.
            own_orders: Those of the exchange: another one has other orders under the same ids.
        """
        told = event.fields
        if told is not None:
            for search in list(self._searches):
                if search.own_orders is own_orders:
                    search.event(told)

    async def find_out_again(
        self,
        session: Followed,
        call: Call,
        error: OutcomeUnknown,
        timeout: float | None,
        may_ask: MayAsk | None = None,
    ) -> Outcome:
        """Find out what became of a request, in the background: it ends with the client."""
        runtime = self.runtime
        self._note_unknown(session, call)
        pending = runtime.spawn(self.find_out(session, call, error, timeout, may_ask))
        try:
            outcome = await pending
        except asyncio.CancelledError:
            if runtime.closed:
                return runtime.closed_error()
            pending.cancel()
            raise
        self._tell_settled(call, outcome)
        return outcome

    async def find_out(
        self,
        session: Followed,
        call: Call,
        error: OutcomeUnknown,
        timeout: float | None,
        may_ask: MayAsk | None = None,
    ) -> Outcome:
        """Return the lost answer as far as it can be known, ``NotPlaced``, or the error itself.

        Args:
            session: Where the request was sent.
            call: The request.
            error: Why its outcome is unknown.
            timeout: Seconds this may take; ``None`` for as long as it takes until the request can no
                longer be accepted, and some more for the questions.
            may_ask: Whether a question may be put now; else it is put off.
        """
        outcome = call.late_answer
        if outcome is None:
            search = _Search(self, session, call, may_ask)
            self._searches[search] = None
            try:
                verdict = await search.run(timeout)
            finally:
                self._searches.pop(search, None)
            outcome = call.late_answer  # what the exchange says itself outdoes what was found out
        if outcome is None:
            outcome = _outcome(call, error, search.inquiry, verdict)
            if outcome is not error:
                self._unknown.pop(call, None)
            if isinstance(outcome, Response):
                note_orders(session, call, outcome.raw_result)
            log.info("%s %s: %s", call.kind.method, call.client_order_id or "", _told(verdict))
        _show(session, call, outcome)
        return outcome

    def note_unknown(self, session: Asker, calls: Iterable[Call]) -> None:
        """Keep in mind requests that are about to be found out about, each a rival of the others."""
        for call in calls:
            self._note_unknown(session, call)

    def has_rival(self, session: Asker, request_id: str, client_id: object) -> bool:
        """Whether another request under the same client id may have made what goes by it."""
        # What is under way, or was never known, may have made the order as well as this request.
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

    def _tell_settled(self, call: Call, outcome: Outcome) -> None:
        if self._settled is not None:
            self._settled(call, outcome)

    async def _settle(self, session: Followed, call: Call, error: OutcomeUnknown) -> None:
        runtime = self.runtime
        try:
            options = call.options or runtime.options
            outcome = await self.find_out(session, call, error, options.resolve_timeout)
        except asyncio.CancelledError:
            call.settle(error)  # the client is being closed
            raise
        except Exception:
            log.exception("%s: finding out its outcome failed", call.kind.method)
            outcome = error
        call.settle(outcome)

    def _never_begun(self, call: Call, error: OutcomeUnknown) -> None:
        """End a call whose task was cancelled before its first step: none of its code ever ran."""
        if call.outcome is None:
            call.settle(error)

    def _note_unknown(self, session: Asker, call: Call) -> None:
        """Keep in mind a request whose outcome is not known from now on."""
        self._unknown[call] = session
        if len(self._unknown) > UNKNOWN_KEPT:
            del self._unknown[next(iter(self._unknown))]


class _Search:
    """The inquiry about one request, under way: puts its questions, and shows it the events."""

    def __init__(
        self, lost_answers: LostAnswers, session: Asker, call: Call, may_ask: MayAsk | None
    ) -> None:
        self._lost_answers = lost_answers
        self._runtime = runtime = lost_answers.runtime
        self._session = session
        self.own_orders = session.own_orders
        self.call = call
        self._may_ask = may_ask
        self._patience: asyncio.Timeout | None = None
        """How long it may take."""
        self._woken = asyncio.Event()
        window = (call.sent_params or call.params).get("recvWindow")
        self.inquiry = open_inquiry(
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
                lambda request_id, client_id: lost_answers.has_rival(
                    session, request_id, client_id
                ),
                has_rest=self._questions(session).has_rest,
            ),
        )

    async def run(self, timeout: float | None) -> Verdict:
        """Ask until there is a verdict that nothing can change, or the time is over."""
        if timeout is None:
            at = self._session.moment()
            timeout = self.inquiry.settles_at(at) - at.now + ASKING_S
        try:
            async with asyncio.timeout(timeout) as self._patience:
                while isinstance(verdict := self.inquiry.verdict, AskAgain):
                    await self._proceed(verdict)
                # What no question can settle an event may, or the answer itself, late.
                while isinstance(self.inquiry.verdict, StaysUnknown) and self._may_be_told:
                    await self._wait()
        except TimeoutError:
            pass
        return self.inquiry.verdict

    def end(self) -> None:
        """Find out no further, not even what is being asked."""
        if self._patience is not None and not self._patience.expired():
            self._patience.reschedule(self._runtime.loop.time())

    def wake(self) -> None:
        """Have it look what it still waits for."""
        self._woken.set()

    def event(self, event: dict[str, Any]) -> None:
        """Take in a user data event."""
        if self.inquiry.on_event(event) is not None:
            self._woken.set()

    async def _proceed(self, verdict: AskAgain) -> None:
        """Put the next question once it is due; an event may come before it."""
        delay = verdict.not_before - self._runtime.now()
        if delay > 0:
            await self._wait(delay)
            return
        moment = self._session.moment()
        is_last = self.inquiry.is_past_fence(moment)
        if self._may_ask is not None and not self._may_ask(is_last=is_last):
            self.inquiry.on_failure(moment)  # put off like one that could not be sent
            return
        question = self.inquiry.question(moment)
        if question is None:
            await self._wait()  # only an event can settle it now
            return
        await self._ask(*question)

    async def _ask(self, method: str, params: dict[str, Any]) -> None:
        moment = self._session.moment
        try:
            # Asked for anew each time: the session may have been closed since.
            session = self._lost_answers.sessions.of(self._session.ws_key)
            result = await self._questions(session).ask(method, params)
        except RequestRejected as error:
            self.inquiry.on_error(error.code, error.message, moment())
        except (BinanceWsApiError, LinkLost):
            self.inquiry.on_failure(moment())
        else:
            self.inquiry.on_answer(_decode(result) if result else None, moment())

    def _questions(self, session: Asker) -> AccountQuestions:
        return AccountQuestions(self._runtime, session.ws_key, session, self._lost_answers.rest)

    async def _wait(self, seconds: float | None = None) -> None:
        self._woken.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()

    @property
    def _may_be_told(self) -> bool:
        """Whether events are subscribed, or the link lives that still owes an answer to the request."""
        return self._lost_answers.has_user_data() or (
            not self.call.was_answered
            and any(link.overdue.get(self.call.id) for link in self._session.links.values())
        )


def _show(session: Followed, call: Call, outcome: Outcome) -> None:
    """Show the orders that a lost answer told of, now that it is known."""
    if isinstance(outcome, Response):
        show_orders(session, call, outcome.raw_result, resolved=True)
    elif isinstance(outcome, PartlyExecuted):
        show_half(session, call, outcome, resolved=True)


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
            error.stays_unknown(verdict.reason)
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
    made = FloatResponse if call.in_floats else Response
    return made(
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
