"""A session of the WebSocket API: requests out, answers and user data events in."""

from __future__ import annotations

import asyncio
import copy
import logging
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from binance_wsapi.core.api_link import ApiLink, Authority, UserDataSubscription
from binance_wsapi.core.call import Call, Outcome, kind_by_method
from binance_wsapi.core.call_errors import (
    connection_lost,
    held_back,
    held_too_long,
    not_sendable,
    revoked,
    timed_out,
    withdrawn,
)
from binance_wsapi.core.doubt import Doubt
from binance_wsapi.core.encoding import encode
from binance_wsapi.core.link import Link, LinkLost
from binance_wsapi.core.logon import Logon
from binance_wsapi.core.lost_answers import LostAnswers
from binance_wsapi.core.session import Session
from binance_wsapi.core.shown_orders import show_half, show_orders
from binance_wsapi.endpoints import WsKey, endpoint
from binance_wsapi.errors import (
    BinanceWsApiError,
    FilterFailure,
    InvalidTimestamp,
    NotSent,
    OutcomeUnknown,
    PartlyExecuted,
    RateLimited,
    RequestRejected,
    UnreadableResult,
)
from binance_wsapi.health import ConnectionHealth
from binance_wsapi.markets import Market
from binance_wsapi.protocol.envelope import Frame, MalformedFrame, decode_frame
from binance_wsapi.protocol.error_table import rejection
from binance_wsapi.protocol.inquiry import patience_us
from binance_wsapi.protocol.limits import Refusal
from binance_wsapi.protocol.own_orders import ReadAnswer
from binance_wsapi.protocol.session import State
from binance_wsapi.protocol.verdict import Moment
from binance_wsapi.response import Response

if TYPE_CHECKING:
    from binance_wsapi.core.reconciliation import Reconciler
    from binance_wsapi.core.runtime import Runtime

__all__ = ["ApiSession"]

log = logging.getLogger("binance_wsapi.session")

ROUND_TRIPS_KEPT = 512

STALE_AFTER_S = 0.25
"""A request signed longer ago than this is stamped and signed again before it is written."""

OVERDUE_KEPT = 1024
"""Most requests of a link kept in mind whose answers are late."""

LIMIT_MARGIN_S = 0.05
"""How long after a limit's window has turned a held call is let go: clocks differ a little."""


class _Head(msgspec.Struct):
    """The one field of an event that the session itself looks at."""

    e: str = ""


_NULL = msgspec.Raw(b"null")

_decode_head = msgspec.json.Decoder(_Head).decode


class ApiSession(Session):
    """One connection of the WebSocket API, as long as the client lives."""

    link_type: ClassVar[type[Link]] = ApiLink
    serving: ApiLink | None
    links: dict[int, ApiLink]  # type: ignore[assignment]  # narrower than the base's

    def __init__(
        self,
        runtime: Runtime,
        ws_key: WsKey,
        *,
        lost_answers: LostAnswers,
        listen_key_stopped: Callable[[WsKey], object],
    ) -> None:
        super().__init__(runtime, ws_key)
        self.market: Market = endpoint(ws_key).market
        self.authority: Authority | None = None
        self.clock = runtime.exchanges.clock_of(ws_key)
        """The clock of the exchange it leads to."""
        self.governor = runtime.exchanges.governor_of(ws_key)
        self._admit = self.governor.admit
        self.own_orders = runtime.exchanges.own_orders_of(ws_key)
        self._note_orders = self.own_orders.answers.append
        self._now = runtime.now
        self._waiting: deque[Call] = deque()
        """Calls without a connection, or behind one that is congested or in doubt."""
        self._round_trips: deque[float] = deque(maxlen=ROUND_TRIPS_KEPT)
        self._held: dict[Call, asyncio.TimerHandle | None] = {}
        """Calls that wait for a limit, a signature or the clock, and what lets them go."""
        self.logon = Logon(self)
        self._doubt = Doubt(self)
        self._look_after = self._doubt.look_after
        self.lost_answers = lost_answers
        self._listen_key_stopped = listen_key_stopped
        self.reconcilers: Sequence[Reconciler] = ()
        """Who keeps track of the account's orders, while its events are subscribed."""
        self.subscriptions: list[UserDataSubscription] = []
        """What has to be subscribed on each fresh link before it serves."""

    def exchange_us(self) -> int:
        """Return the exchange's time, epoch microseconds."""
        return self.clock.timestamp_us(self.runtime.wall_us, self._now())

    def moment(self) -> Moment:
        """Return this moment, by this machine's clock and by the exchange's."""
        return Moment(self._now(), self.exchange_us())

    # Requests

    def submit(self, call: Call) -> None:
        """Send a request, now or as soon as the session is ready."""
        link = self.serving
        if (
            link is None
            or link.socket is None
            or link.socket.congested
            or link.in_doubt_since is not None
        ):
            self._queue(call)
        else:
            self._send(link, call)

    async def ask(
        self,
        link: ApiLink | None,
        method: str,
        params: Mapping[str, Any],
        *,
        on_outcome: Callable[[Outcome], None] | None = None,
        timeout: float | None = None,
        urgent: bool = True,
    ) -> Response[Any]:
        """Send a request of the core's own, on this link or on the serving one; raise its error.

        An urgent one may use the reserve of the limits.
        """
        answered: asyncio.Future[Outcome] = self.runtime.loop.create_future()

        def settle(outcome: Outcome) -> None:
            if on_outcome is not None:
                try:
                    on_outcome(outcome)
                except BinanceWsApiError as error:
                    outcome = error
            if not answered.done():
                answered.set_result(outcome)

        runtime = self.runtime
        call = Call(
            kind_by_method(self.market, method),
            params,
            settle,
            runtime.request_id(),
            runtime.call_timeout if timeout is None else timeout,
            self._now(),
        )
        call.is_own = True
        call.is_urgent = urgent
        if link is None:
            self.submit(call)
        elif link.lost_because is not None:
            raise LinkLost(link.lost_because)
        elif link.refusal is not None and call.kind.signed and not call.kind.logs:
            raise copy.copy(link.refusal)
        else:
            call.link = link
            self._send(link, call)
        outcome = await answered
        if isinstance(outcome, BinanceWsApiError):
            raise outcome
        return outcome

    def health(self) -> ConnectionHealth:
        """Return how the connection is doing, and its requests."""
        ordered = sorted(self._round_trips)
        health = super().health()
        if self.serving is not None and self.serving.in_doubt_since is not None:
            health = msgspec.structs.replace(health, state="in doubt")
        return msgspec.structs.replace(
            health,
            logged_on=self.serving is not None and self.serving.authority.logged_on,
            pending=sum(len(each.pending) for each in self.links.values()),
            waiting=len(self._waiting) + len(self._held),
            round_trip_p50=ordered[len(ordered) // 2] if ordered else None,
            round_trip_p99=ordered[len(ordered) * 99 // 100] if ordered else None,
        )

    def drop_unwritten(self, call: Call) -> None:
        """Forget a call that its caller gave up, if it has not been written."""
        if call in self._waiting:
            self._waiting.remove(call)
        elif not self._release(call):
            return
        call.settle(withdrawn(call))

    def _queue(self, call: Call) -> None:
        if call.is_given_up:
            call.settle(withdrawn(call))
            return
        now = self._now()
        if self.is_silenced(now):
            reason = f"{self.silence.reason(now)} ({self.why_not})"
            self._hold_back(call, reason, self.silence.handshake_delay(now), now)
            return
        self._waiting.append(call)
        self.wake_by(call.deadline)
        self.demand()

    def _send(self, link: ApiLink, call: Call) -> None:
        try:
            now = self._now()
            if link.refusal is not None and call.kind.signed and self._refused(link, call):
                return
            if call.encoded_for is not link.authority or now - call.encoded_at > STALE_AFTER_S:
                if self._must_sign_elsewhere(link, call):
                    self._hold(call)
                    self.runtime.spawn(self._sign_elsewhere(link, call))
                    return
                encode(self.runtime, call, link.authority, now)
            self._write(link, call, now)
        except BaseException as error:  # noqa: BLE001  (the edge of a call: those behind it go on)
            self._failed_to_send(link, call, error)

    def _failed_to_send(self, link: ApiLink, call: Call, error: BaseException) -> None:
        """Settle a call, and no other, that something unforeseen happened to."""
        self._release(call)
        if link.pending.get(call.id) is call:
            log.error("%s: writing it failed", call.kind.method, exc_info=error)
            self._give_up(link, call)
            self.lost_answers.begin(self, call, connection_lost(call, "it could not be written"))
        elif isinstance(error, NotSent):
            call.settle(error)
        else:
            log.error("%s: sending it failed", call.kind.method, exc_info=error)
            call.settle(not_sendable(call, error))

    def _write(self, link: ApiLink, call: Call, now: float) -> None:
        if now < self.silence.until and self._is_kept_back(call, now):
            return
        admitted = self._admit(call.kind.operation, call.params, call.sent_us, call.is_urgent)
        if isinstance(admitted, Refusal):
            self._hold_back(call, admitted.reason, admitted.wait(call.sent_us), now)
            return
        if not call.begin_write():
            self.governor.unsent(admitted)
            call.settle(withdrawn(call))
            return
        # Marked as written before the write: from here on nobody may say that it was not sent.
        assert call.frame is not None
        link.pending[call.id] = call
        call.reservation = admitted
        call.written_at = now
        try:
            link.write(call.frame)
        except ConnectionError:
            del link.pending[call.id]
            self.governor.unsent(admitted)
            if not call.was_not_written():
                call.settle(withdrawn(call))
            elif call.link is None:
                self._queue(call)
            else:
                call.settle(self.never_sent(call.kind.method, call.timeout))
            return
        look_at = now + self._look_after
        if look_at < self.wakes_at or call.deadline < self.wakes_at:
            self.wake_by(min(look_at, call.deadline))

    def _is_kept_back(self, call: Call, now: float) -> bool:
        """Whether the exchange told to leave such requests alone; then it waits, or has ended."""
        operation = call.kind.operation
        wait = self.silence.delay(now, orders=operation is not None and operation.order_count > 0)
        if wait > 0:
            self._hold_back(call, self.silence.reason(now), wait, now)
        return wait > 0

    def silenced(self) -> None:
        """End what waits for a connection longer than it may."""
        super().silenced()
        waiting, self._waiting = self._waiting, deque()
        for call in waiting:
            self._queue(call)

    def _hold_back(self, call: Call, reason: str, wait: float, now: float) -> None:
        """A limit stands in the way: wait for it, or say so."""
        if self.runtime.options.on_rate_limit == "wait" and now + wait < call.deadline:
            call.encoded_for = None
            self._hold(
                call, self.runtime.loop.call_later(wait + LIMIT_MARGIN_S, self._let_go, call)
            )
            return
        call.settle(held_back(call.kind.method, reason, wait))

    def _let_go(self, call: Call) -> None:
        if self._release(call):
            self._resubmit(call)

    def _resubmit(self, call: Call) -> None:
        """Send a call that stood aside: over its own link if it belongs to one."""
        if self._is_forsaken(call):
            return
        link = call.link
        if link is None:
            self.submit(call)
        elif link.lost_because is None:
            self._send(link, call)
        else:
            call.settle(self.never_sent(call.kind.method, call.timeout))

    def _is_forsaken(self, call: Call) -> bool:
        """End a call that waited, if its caller's event loop is gone by now."""
        if call.is_awaited is None or call.is_awaited():
            return False
        call.giving_up.forsake(call)
        call.settle(withdrawn(call))
        return True

    def _hold(self, call: Call, timer: asyncio.TimerHandle | None = None) -> None:
        """Keep a call in sight while something else goes on for it: it may end before that does."""
        self._held[call] = timer
        self.wake_by(call.deadline)

    def _release(self, call: Call) -> bool:
        """Go on with a held call; false when it has ended meanwhile."""
        if call not in self._held:
            return False
        timer = self._held.pop(call)
        if timer is not None:
            timer.cancel()
        return True

    def _must_sign_elsewhere(self, link: ApiLink, call: Call) -> bool:
        authoriser = self.runtime.authoriser
        return call.kind.signed and authoriser.signs_slowly and not link.authority.logged_on

    async def _sign_elsewhere(self, link: ApiLink, call: Call) -> None:
        authority = link.authority
        runtime = self.runtime
        try:
            await runtime.loop.run_in_executor(
                None, encode, runtime, call, authority, runtime.now()
            )
        except asyncio.CancelledError:
            raise  # the client is being closed
        except BaseException as error:  # noqa: BLE001  (a signer may raise anything)
            if self._release(call):
                call.settle(error if isinstance(error, NotSent) else not_sendable(call, error))
            return
        if not self._release(call) or self._is_forsaken(call):
            return
        may_write = link.in_doubt_since is None or call.link is link
        if link.lost_because is None and link.authority is authority and may_write:
            try:
                self._write(link, call, runtime.now())
            except BaseException as error:  # noqa: BLE001  (as in _send)
                self._failed_to_send(link, call, error)
        else:
            self._resubmit(call)

    def _refused(self, link: ApiLink, call: Call) -> bool:
        """End or hold back a call whose logon was refused; false when it may be sent."""
        refusal = link.refusal
        if refusal is None or call.kind.logs or "signature" in call.params:
            return False
        if link is self.serving and self.logon.refresh():
            self._waiting.append(call)
            self.wake_by(call.deadline)
        else:
            call.settle(copy.copy(refusal))
        return True

    # Answers and events

    def received(self, link: ApiLink, frame: str | bytes) -> None:
        """Settle the request a frame answers, or pass the event it carries."""
        try:
            message = decode_frame(frame)
        except MalformedFrame as error:
            self.announce("exception", error=error, reason=f"malformed frame: {error}")
            if error.request_id in link.pending:
                meant = link.pending[error.request_id]
                self._give_up(link, meant)
                self._unreadable(meant, frame, str(error))
            return
        if message.event:
            self._event(link, message)
            return
        call = link.pending.pop(message.id, None)  # type: ignore[arg-type]  # a foreign id finds nothing
        if call is None:
            if not self._answered_late(link, message, frame):
                self._unclaimed(link, message)
            return
        try:
            self._answered(link, call, message, frame)
        except Exception as error:
            # The edge of an answer: whatever is wrong with it, somebody waits for it.
            log.exception("%s: the answer could not be taken in", call.kind.method)
            self.announce("exception", error=error, reason="an answer could not be taken in")
            if call.outcome is None:  # else its caller has it, and something behind that failed
                self.lost_answers.begin(
                    self,
                    call,
                    OutcomeUnknown(
                        f"{call.kind.method}: the exchange answered, but the answer could not be "
                        "taken in; it may have been executed",
                        operation=call.kind.method,
                        client_order_id=call.client_order_id,
                        sent_at=call.sent_us,
                        cause="the answer could not be taken in",
                    ),
                )

    def _unreadable(self, call: Call, frame: str | bytes, problem: str) -> None:
        """A request was answered, but nobody can tell what: no other answer will come."""
        if call.kind.mutates or call.is_own:
            self.lost_answers.begin(
                self,
                call,
                OutcomeUnknown(
                    f"{call.kind.method}: the exchange answered, but the answer cannot be read "
                    f"({problem}); it may have been executed",
                    operation=call.kind.method,
                    client_order_id=call.client_order_id,
                    sent_at=call.sent_us,
                    cause="the answer cannot be read",
                ),
            )
            return
        call.settle(
            UnreadableResult(
                f"{call.kind.method}: the answer cannot be read: {problem}",
                operation=call.kind.method,
                raw=frame.encode() if isinstance(frame, str) else bytes(frame),
            )
        )

    def _answered(self, link: ApiLink, call: Call, message: Frame, frame: str | bytes) -> None:
        """Settle a request by its answer."""
        reservation, sent_at = call.reservation, call.written_at
        assert reservation is not None
        assert sent_at is not None
        self._proven(link, sent_at)
        round_trip = link.last_frame_at - sent_at
        self._round_trips.append(round_trip)
        succeeded = message.is_success and (message.result != _NULL or not _has_to_show(call))
        self.governor.answered(
            reservation,
            message.rate_limits,
            succeeded=succeeded,
            wall_us=call.sent_us + int(round_trip * 1e6),
        )
        if not succeeded:
            self._failed(link, call, message, frame)
            return
        if call.kind.logs:
            self.logon.set_logged_on(link, logged_on=call.kind.method == "session.logon")
        if call.kind.ends_listen_key and not call.is_own:
            self._listen_key_stopped(self.ws_key)
        result, kind = message.result, call.kind
        if kind.mutates:
            self._note_orders(
                ReadAnswer(call.id, sent_at, link.last_frame_at, kind.makes_orders, result)
            )
            if self.reconcilers:
                show_orders(self, call, result, resolved=False)
        call.settle(
            Response(
                kind.operation,
                frame,
                call.id,
                message.status,
                result,
                message.rate_limits,
                round_trip,
            )
        )

    def _answered_late(self, link: ApiLink, message: Frame, frame: str | bytes) -> bool:
        """Take in the answer to a request that was given up; false when it is none."""
        call = link.overdue.pop(message.id, None)  # type: ignore[arg-type]  # a foreign id finds nothing
        if call is None or call.written_at is None:
            return False
        self._proven(link, call.written_at)
        if message.is_success and (message.result != _NULL or not _has_to_show(call)):
            heard_at, kind = link.last_frame_at, call.kind
            self._note_orders(
                ReadAnswer(call.id, call.written_at, heard_at, kind.makes_orders, message.result)
            )
            response: Response[Any] = Response(
                kind.operation,
                frame,
                call.id,
                message.status,
                message.result,
                message.rate_limits,
                heard_at - call.written_at,
            )
            self.lost_answers.came_late(self, call, response)
        elif message.is_failure:
            error = self._rejection(call, message)
            if not isinstance(error, OutcomeUnknown):
                self.lost_answers.came_late(self, call, error)
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
            self.runtime.loop.call_soon(self.writable, link)

    def _failed(self, link: ApiLink, call: Call, message: Frame, frame: str | bytes) -> None:
        """The answer is an error, or none that says what became of the request."""
        error = self._rejection(call, message)
        if isinstance(error, OutcomeUnknown):
            self.lost_answers.begin(self, call, error)
        elif not message.is_failure and (call.kind.mutates or not isinstance(error, RateLimited)):
            self._unreadable(call, frame, message.oddity)
        elif isinstance(error, InvalidTimestamp) and self._may_be_retimed(call):
            # Refused before it was executed: sending it again cannot do it twice.
            call.retimed = True
            if call.was_not_written():
                self._hold(call)
                self.runtime.spawn(self._retime(link, call))
            else:
                call.settle(error)
        else:
            if isinstance(error, PartlyExecuted):
                show_half(self, call, error, resolved=False)
            call.settle(error)

    def _rejection(self, call: Call, message: Frame) -> BinanceWsApiError:
        """Return what an answer that is no success says; limits and bans it tells of are heeded."""
        error = rejection(
            self.market,
            call.kind.method,
            message.status,
            message.error,
            client_order_id=call.client_order_id,
            sent_at=call.sent_us,
            wall_us=self.exchange_us(),
            asked_for=call.asks_for,
            proves_after=patience_us(self.runtime.options.recv_window, 1_000_000) / 1e6,
            rate_limits=message.rate_limits,
        )
        self.runtime.dialling.refused(self.ws_key, error)
        if isinstance(error, FilterFailure) and call.kind.operation is not None:
            self.runtime.exchanges.explain(self.ws_key, error, call.kind.operation, call.params)
        return error

    def _may_be_retimed(self, call: Call) -> bool:
        return (
            not call.retimed
            and not call.kind.logs
            and "timestamp" not in call.params
            and not self.clock.is_manual
        )

    async def _retime(self, link: ApiLink, call: Call) -> None:
        self.clock.invalidate()
        await self.logon.refresh_clock(link)
        call.renew(self.runtime.request_id())
        self._let_go(call)

    def _unclaimed(self, link: ApiLink, message: Frame) -> None:
        if message.error is not None:
            told = rejection(
                self.market,
                "request",
                message.status,
                message.error,
                wall_us=self.exchange_us(),
                rate_limits=message.rate_limits,
            )
            self.runtime.dialling.refused(self.ws_key, told)
        if message.is_revocation:
            self._revoked(link, message)
        elif message.id is None and message.error is not None:
            log.error(
                "%s: the exchange refused a frame: %s %s",
                self.ws_key,
                message.error.code,
                message.error.msg,
            )
        else:
            log.debug("%s: late answer to request %s", self.ws_key, message.id)

    def _revoked(self, link: ApiLink, message: Frame) -> None:
        """The logged-on key is not valid any more: nothing signed on this link has a known fate."""
        error = rejection(
            self.market,
            "session",
            message.status,
            message.error,
            client_order_id=None,
            sent_at=None,
            wall_us=self.exchange_us(),
        )
        self.logon.set_logged_on(link, logged_on=False)
        link.refusal = error if isinstance(error, RequestRejected) else None
        link.refused_at = self.runtime.now()
        self.announce("exception", error=error, reason=f"session revoked: {error}")
        for call in [call for call in link.pending.values() if call.kind.signed]:
            self._give_up(link, call)
            self.lost_answers.begin(
                self,
                call,
                revoked(call),
            )
        self.rotate()

    def _event(self, link: ApiLink, message: Frame) -> None:
        kind = _event_type(message.event)
        if message.subscription_id is not None:
            sink = link.event_sinks.get(message.subscription_id)
            if sink is not None:
                sink(link, message.event)
                if kind == "eventStreamTerminated":
                    del link.event_sinks[message.subscription_id]
                    for subscription in list(self.subscriptions):
                        subscription.terminated(link, message.subscription_id)
                return
            if message.subscription_id in link.ended_subscriptions:
                return
            if kind == "eventStreamTerminated":
                link.ended_subscriptions.add(message.subscription_id)
                return
        if kind == "serverShutdown":
            log.info("%s: the exchange is about to close this connection", self.ws_key)
            if link is self.serving:
                self.rotate()
        else:
            log.warning("%s: event %s belongs to no subscription", self.ws_key, kind)

    # Life of a link

    async def address(self, link: ApiLink) -> str:
        """Wait until the weight of a connection attempt fits, then return where it goes."""
        weight = self.market.facts.connection_weight
        while isinstance(admitted := self.governor.connect(weight, self.exchange_us()), Refusal):
            wait = admitted.wait(self.exchange_us())
            log.warning("%s: %.1f s until a limit allows to connect", self.ws_key, wait)
            await asyncio.sleep(wait + LIMIT_MARGIN_S)
        link.dialled = admitted
        return await super().address(link)

    def opened(self, link: ApiLink) -> None:
        """Count the connection attempt: it is not under way any more."""
        self._dialled(link)

    def _dialled(self, link: ApiLink) -> None:
        if link.dialled is not None:
            self.governor.lost(link.dialled)
            link.dialled = None

    async def greet(self, link: ApiLink) -> None:
        """Measure the clock and log the key on."""
        await self.logon.greet(link)

    async def restore(self, link: ApiLink) -> None:
        """Subscribe user data again."""
        for subscription in list(self.subscriptions):
            await subscription.restore(link)

    def serve(self, link: ApiLink, *, after_loss: bool, replaced: ApiLink | None) -> None:
        """Send over this link from now on, beginning with what waited."""
        self.authority = link.authority
        self._send_waiting(link)

    def writable(self, link: ApiLink) -> None:
        """Go on where the congestion, or the doubt, began."""
        if link is self.serving and link.in_doubt_since is None:
            self._send_waiting(link)

    def _send_waiting(self, link: ApiLink) -> None:
        waiting, self._waiting = self._waiting, deque()
        while waiting:
            call = waiting.popleft()
            if not self._is_forsaken(call):
                self._send(link, call)

    def link_lost(self, link: ApiLink, reason: str) -> None:
        """Fail what was under way: it may have been executed."""
        self._dialled(link)
        if self.serving is None:
            self.authority = None
        for subscription in list(self.subscriptions):
            subscription.lost(link, reason)
        for call in list(link.pending.values()):
            self._give_up(link, call)
            if self._is_repeated(call, reason):
                self.submit(call)
            else:
                self.lost_answers.begin(self, call, connection_lost(call, reason))
        if self.is_silenced(self._now()):
            self.silenced()

        self.lost_answers.link_lost()

    def brings_events(self, link: ApiLink) -> bool:
        """Whether user data is subscribed on a link."""
        return bool(link.event_sinks)

    def ask_in_silence(self, link: ApiLink) -> None:
        """Ask for a sign of life where events are to be expected."""
        if self.brings_events(link) and link.in_doubt_since is None:
            self.runtime.spawn(self._doubt.ask(link))

    def is_idle(self, link: ApiLink) -> bool:
        """Whether no answer is awaited on a retired link."""
        return not link.pending

    def next_deadline(self) -> float:
        """When the first request runs out of time, or puts its link in doubt."""
        unsent = (call.deadline for call in (*self._waiting, *self._held))
        deadline = min(unsent, default=math.inf)
        for link in self.links.values():
            for call in link.pending.values():
                deadline = min(deadline, call.deadline)
        return min(deadline, self._doubt.next_look())

    def expire(self, now: float) -> None:
        """End the requests whose time is over, and keep the clock fresh."""
        self.logon.keep_clock_fresh(now)
        self._doubt.look(now)
        for link in list(self.links.values()):
            for call in [call for call in link.pending.values() if call.deadline <= now]:
                self._give_up(link, call)
                self.lost_answers.begin(
                    self,
                    call,
                    timed_out(call),
                )
        late = [call for call in self._waiting if call.deadline <= now]
        for call in late:
            self._waiting.remove(call)
        for call in [call for call in self._held if call.deadline <= now]:
            self._release(call)
            late.append(call)
        for call in late:
            method, timeout = call.kind.method, call.timeout
            if call.loss is None and self.serving is not None:
                call.settle(held_too_long(self.ws_key, method, timeout))
            elif call.loss is None:
                call.settle(self.never_sent(method, timeout))
            else:
                call.settle(connection_lost(call, call.loss))

    async def close(self, reason: str) -> None:
        """End the session; what waited was never sent."""
        waiting = [*self._waiting, *self._held]
        self._waiting.clear()
        for call in waiting:
            self._release(call)
            call.settle(self.runtime.ended(call.kind.method))
        await super().close(reason)

    def _give_up(self, link: ApiLink, call: Call) -> None:
        """Wait no longer for an answer on this link."""
        del link.pending[call.id]
        if call.kind.mutates and not call.is_own and link.lost_because is None:
            link.overdue[call.id] = call
            if len(link.overdue) > OVERDUE_KEPT:
                del link.overdue[next(iter(link.overdue))]
        if call.reservation is not None:
            self.governor.lost(call.reservation)

    def _is_repeated(self, call: Call, reason: str) -> bool:
        """Whether a read whose answer was lost is asked once more; then it is made ready for it."""
        if (
            not call.kind.repeatable
            or call.is_own
            or self.runtime.options.on_unknown_outcome == "raise"
            or self.machine.state is State.CLOSED
        ):
            return False
        call.loss = reason
        call.renew(self.runtime.request_id())
        return call.was_not_written()


def _has_to_show(call: Call) -> bool:
    """Whether the answer to it shows something: what changes orders those, and a logon the key."""
    return call.kind.logs or (call.kind.mutates and call.kind.operation is not None)


def _event_type(event: msgspec.Raw) -> str:
    try:
        return _decode_head(event).e
    except msgspec.DecodeError:  # passed on all the same: nothing is kept from the consumer
        return ""
