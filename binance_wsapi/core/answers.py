"""What comes back to requests: their answers, or the certainty that none will come."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from binance_wsapi.core.api_connection import ApiConnection
from binance_wsapi.core.api_link import ApiLink
from binance_wsapi.core.call import Call
from binance_wsapi.core.call_errors import (
    connection_lost,
    not_taken_in,
    revoked,
    timed_out,
    unreadable,
)
from binance_wsapi.core.logon import Logon
from binance_wsapi.core.lost_answers import LostAnswers
from binance_wsapi.core.outbox import Outbox
from binance_wsapi.core.shown_orders import show_half, show_orders
from binance_wsapi.core.unanswered import Unanswered
from binance_wsapi.errors import (
    BinanceWsApiError,
    FilterFailure,
    OutcomeUnknown,
    PartlyExecuted,
    RequestRejected,
    UnreadableResult,
)
from binance_wsapi.protocol.envelope import Frame, MalformedFrame, decode_frame
from binance_wsapi.protocol.error_table import rejection
from binance_wsapi.protocol.inquiry import patience_us
from binance_wsapi.protocol.limits import MANY_NOTED, note, take_notes
from binance_wsapi.protocol.own_orders import ReadAnswer
from binance_wsapi.protocol.requests import Reaction, RequestState
from binance_wsapi.protocol.session import SessionState
from binance_wsapi.response import FloatResponse, Response

__all__ = ["Answers", "take_plain"]

log = logging.getLogger("binance_wsapi.session")

ROUND_TRIPS_KEPT = 512

_NULL = msgspec.Raw(b"null")


class Answers:
    """Carries out what becomes of the requests of one session once they are written.

    What becomes of them, :mod:`~binance_wsapi.protocol.requests` decides. On the loop's thread.

    Args:
        session: Whose requests they are.
        outbox: Takes what is to be sent once more.
        unanswered: Takes what no answer will come to.
        lost_answers: Is told of answers that come late.
        logon: Is told who is logged on, and measures the clock.
        listen_key_stopped: Is told of the connection whose account's listen key a caller has stopped.
        event: Takes a frame that is an event.
    """

    def __init__(
        self,
        session: ApiConnection,
        *,
        outbox: Outbox,
        unanswered: Unanswered,
        lost_answers: LostAnswers,
        logon: Logon,
        listen_key_stopped: Callable[[Any], object],
        event: Callable[[ApiLink, Frame], object],
    ) -> None:
        self.session = session
        self._runtime = session.runtime
        self._governor = session.governor
        self._note_orders = session.own_orders.answers.append
        self._outbox = outbox
        self._unanswered = unanswered
        self._lost_answers = lost_answers
        self._logon = logon
        self._listen_key_stopped = listen_key_stopped
        self._event = event
        self.round_trips: deque[float] = deque(maxlen=ROUND_TRIPS_KEPT)
        """Of the last requests, in seconds."""

    def received(self, link: ApiLink, frame: str | bytes) -> None:
        """Settle the request a frame answers, or pass the event it carries."""
        try:
            message = decode_frame(frame)
        except MalformedFrame as error:
            self._malformed(link, frame, error)
            return
        if message.event:
            self._event(link, message)
            return
        call = link.pending.pop(message.id, None)  # type: ignore[arg-type]  # a foreign id finds nothing
        if call is None:
            if not self._answered_late(link, message, frame):
                self._unclaimed(link, message)
            return
        if call.outcome is not None:  # by a caller who was interrupted: tell it again
            call.deliver(call.outcome)
            return
        try:
            self.answered(link, call, message, frame)
        except Exception as error:
            # The edge of an answer: whatever is wrong with it, somebody waits for it.
            log.exception("%s: the answer could not be taken in", call.kind.method)
            self.session.announce(
                "exception", error=error, reason="an answer could not be taken in"
            )
            # Else it was taken in, and something behind that failed.
            if call.state is RequestState.WRITTEN:
                self._unanswered.answered(link, call)
                self._unanswered.leave_open(call, not_taken_in(call))

    def expire(self, link: ApiLink, now: float) -> None:
        """End what was not answered in time."""
        for call in [call for call in link.pending.values() if call.deadline <= now]:
            self._unanswered.give_up(link, call)
            self._unanswered.leave_open(call, timed_out(call))

    def lost(self, link: ApiLink, reason: str) -> None:
        """End what a link that is gone will not answer any more, or ask it again."""
        for call in list(link.pending.values()):
            self._go_on_without(link, call, reason)

    def replaced(self, link: ApiLink, reason: str) -> None:
        """Wait no longer for a link that was replaced in doubt; it may still answer."""
        for call in [call for call in link.pending.values() if call.link is None]:
            self._go_on_without(link, call, reason)

    def _go_on_without(self, link: ApiLink, call: Call, reason: str) -> None:
        policy = (call.options or self._runtime.options).on_unknown_outcome
        self._unanswered.give_up(link, call)
        is_closed = self.session.machine.state is SessionState.CLOSED
        if not call.may_be_repeated(on_unknown_outcome=policy, is_closed=is_closed):
            self._unanswered.leave_open(call, connection_lost(call, reason))
        elif call.repeat(reason):
            log.debug("%s: %s %s is repeated", self.session.ws_key, call.kind.method, call.id)
            call.renew(self._runtime.request_id())
            self._outbox.submit(call)
        else:
            call.drop(connection_lost(call, reason))

    # Answers

    def answered(
        self,
        link: ApiLink,
        call: Call,
        message: Frame,
        frame: str | bytes,
        *,
        is_plain: bool = False,
    ) -> bool:
        """Settle a request by its answer; false when the limits come first. A plain one may be done twice."""
        reservation, sent_at = call.reservation, call.written_at
        assert reservation is not None
        assert sent_at is not None
        self._proven(link, sent_at)
        round_trip = link.last_frame_at - sent_at
        self.round_trips.append(round_trip)
        succeeded = is_plain or _succeeded(call, message)
        told, heard_at = message.rate_limits, link.last_frame_at
        if not is_plain:
            self._governor.answered(reservation, told, succeeded=succeeded, now=heard_at)
        elif not (noted := note(self._governor, reservation, told, heard_at)):
            return False
        elif noted == MANY_NOTED:
            self._runtime.loop.call_soon(take_notes, self._governor)
        if not succeeded:
            self._failed(link, call, message, frame)
            return True
        result, kind = message.result, call.kind
        if kind.logs:
            self._logon.set_logged_on(link, logged_on=kind.logs_on)
        if kind.ends_listen_key and not call.is_own:
            self._listen_key_stopped(self.session.ws_key)
        if kind.mutates:
            self._note_orders(
                ReadAnswer(call.id, sent_at, link.last_frame_at, kind.makes_orders, result)
            )
            if self.session.reconcilers:
                show_orders(self.session, call, result, resolved=False)
        made = FloatResponse if call.in_floats else Response
        call.settle(
            made(
                kind.operation,
                frame,
                call.id,
                message.status,
                result,
                message.rate_limits,
                round_trip,
            )
        )
        return True

    def _failed(self, link: ApiLink, call: Call, message: Frame, frame: str | bytes) -> None:
        """The answer is an error, or none that says what became of the request."""
        error = self._rejection(call, message)
        is_manual = self.session.clock.is_manual
        match call.after_failure(error, is_told=message.is_failure, is_clock_manual=is_manual):
            case Reaction.TELL:
                if isinstance(error, PartlyExecuted):
                    show_half(self.session, call, error, resolved=False)
                call.settle(error)
            case Reaction.STAMP_ANEW:
                if not call.was_stale():
                    call.drop(error)
                elif self._outbox.hold(call):
                    self._runtime.spawn(self._stamp_anew(link, call))
            case Reaction.LEAVE_OPEN:
                assert isinstance(error, OutcomeUnknown)
                self._unanswered.answered(link, call)
                self._unanswered.leave_open(call, error)
            case Reaction.UNREADABLE:
                self._unanswered.answered(link, call)
                self._unreadable(call, frame, message.oddity)

    def _unreadable(self, call: Call, frame: str | bytes, problem: str) -> None:
        """A request was answered, but nobody can tell what: no other answer will come."""
        if call.is_open_unread:
            self._unanswered.leave_open(call, unreadable(call, problem))
            return
        call.settle(
            UnreadableResult(
                f"{call.kind.method}: the answer cannot be read: {problem}",
                operation=call.kind.method,
                raw=frame.encode() if isinstance(frame, str) else bytes(frame),
            )
        )

    def _malformed(self, link: ApiLink, frame: str | bytes, error: MalformedFrame) -> None:
        self.session.announce("exception", error=error, reason=f"malformed frame: {error}")
        if error.request_id in link.pending:
            meant = link.pending[error.request_id]
            self._unanswered.give_up(link, meant)
            self._unreadable(meant, frame, str(error))

    async def _stamp_anew(self, link: ApiLink, call: Call) -> None:
        self.session.clock.invalidate()
        await self._logon.refresh_clock(link)
        call.renew(self._runtime.request_id())
        self._outbox.let_go(call)

    def _answered_late(self, link: ApiLink, message: Frame, frame: str | bytes) -> bool:
        """Take in the answer to a request that was given up; false when it is none."""
        call = link.overdue.pop(message.id, None)  # type: ignore[arg-type]  # a foreign id finds nothing
        if call is None or call.written_at is None:
            return False
        self._proven(link, call.written_at)
        if _succeeded(call, message):
            heard_at, kind = link.last_frame_at, call.kind
            self._note_orders(
                ReadAnswer(call.id, call.written_at, heard_at, kind.makes_orders, message.result)
            )
            response = _response(call, message, frame, heard_at - call.written_at)
            self._lost_answers.came_late(self.session, call, response)
        elif message.is_failure:
            error = self._rejection(call, message)
            # Behind an answer that left it open a refusal may be that of a second try of the exchange's own.
            if not isinstance(error, OutcomeUnknown) and not call.was_answered:
                self._lost_answers.came_late(self.session, call, error)
        return True

    def _proven(self, link: ApiLink, sent_at: float) -> None:
        """An answer to what was sent then has come."""
        link.answered_at = link.last_frame_at
        if sent_at > link.answered_from:
            link.answered_from = sent_at
            if sent_at > link.proven_at:
                link.proven_at = sent_at
        if link.in_doubt_since is not None and sent_at >= link.in_doubt_since:
            link.in_doubt_since = None
            self._runtime.loop.call_soon(self.session.writable, link)

    def _rejection(self, call: Call, message: Frame) -> BinanceWsApiError:
        """Return what an answer that is no success says; limits and bans it tells of are heeded."""
        session, runtime = self.session, self._runtime
        error = rejection(
            session.market,
            call.kind.method,
            message.status,
            message.error,
            client_order_id=call.client_order_id,
            sent_at=call.sent_us,
            wall_us=session.exchange_us(),
            asked_for=call.asks_for,
            proves_after=patience_us(runtime.widest_recv_window, 1_000_000) / 1e6,
            rate_limits=message.rate_limits,
        )
        runtime.dialling.refused(session.ws_key, error)
        if isinstance(error, FilterFailure) and call.kind.operation is not None:
            runtime.exchanges.explain(session.ws_key, error, call.kind.operation, call.params)
        return error

    # What answers no request

    def _unclaimed(self, link: ApiLink, message: Frame) -> None:
        session = self.session
        if message.error is not None:
            told = rejection(
                session.market,
                "request",
                message.status,
                message.error,
                wall_us=session.exchange_us(),
                rate_limits=message.rate_limits,
            )
            self._runtime.dialling.refused(session.ws_key, told)
        if message.is_revocation:
            self._revoked(link, message)
        elif message.id is None and message.error is not None:
            log.error(
                "%s: the exchange refused a frame: %s %s",
                session.ws_key,
                message.error.code,
                message.error.msg,
            )
        else:
            log.debug("%s: late answer to request %s", session.ws_key, message.id)

    def _revoked(self, link: ApiLink, message: Frame) -> None:
        """The logged-on key is not valid any more: nothing signed on this link has a known fate."""
        session = self.session
        error = rejection(
            session.market,
            "session",
            message.status,
            message.error,
            client_order_id=None,
            sent_at=None,
            wall_us=session.exchange_us(),
        )
        self._logon.set_logged_on(link, logged_on=False)
        link.refusal = error if isinstance(error, RequestRejected) else None
        link.refused_at = self._runtime.now()
        session.announce("exception", error=error, reason=f"session revoked: {error}")
        for call in [call for call in link.pending.values() if call.is_ended_by_revocation]:
            self._unanswered.give_up(link, call)
            self._unanswered.leave_open(call, revoked(call))
        session.rotate()


def _succeeded(call: Call, message: Frame) -> bool:
    return message.is_success and (message.result != _NULL or not call.has_to_show)


def take_plain(answers: Answers, link: ApiLink, frame: str | bytes) -> bool:
    """Settle the request that a plain success answers; false leaves the frame to :meth:`Answers.received`.

    For callers who drive the socket, and may be interrupted at any line: the frame then comes to
    :meth:`Answers.received`, too.
    """
    try:
        message = decode_frame(frame)
    except MalformedFrame:
        return False
    call = None if message.event else link.pending.get(message.id)  # type: ignore[arg-type]  # as above
    if (
        call is None
        or call.outcome is not None
        or call.is_own
        or call.is_given_up
        or call.kind.logs
        or call.kind.ends_listen_key
        or link.in_doubt_since is not None
        or not _succeeded(call, message)
        or (call.kind.mutates and bool(answers.session.reconcilers))
    ):
        return False
    try:
        if not answers.answered(link, call, message, frame, is_plain=True):
            return False
    except Exception:  # noqa: BLE001  (it fails once more where it is told)
        return False
    del link.pending[call.id]
    return True


def _response(call: Call, message: Frame, frame: str | bytes, round_trip: float) -> Response[Any]:
    return Response(
        call.kind.operation,
        frame,
        call.id,
        message.status,
        message.result,
        message.rate_limits,
        round_trip,
    )
