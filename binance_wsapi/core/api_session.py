"""A session of the WebSocket API: requests out, answers and user data events in."""

from __future__ import annotations

import asyncio
import copy
import logging
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import msgspec

from binance_wsapi.catalogue._types import Market
from binance_wsapi.core.call import Call, Outcome
from binance_wsapi.core.session import Link, LinkLost, Session
from binance_wsapi.endpoints import WsKey, endpoint
from binance_wsapi.errors import (
    AuthenticationFailed,
    BinanceWsApiError,
    ClientClosed,
    ConnectionLost,
    InvalidTimestamp,
    NotSent,
    OutcomeUnknown,
    PartlyExecuted,
    RateLimited,
    RequestRejected,
    RequestTimeout,
)
from binance_wsapi.health import ConnectionHealth
from binance_wsapi.protocol.envelope import Frame, MalformedFrame, decode_frame
from binance_wsapi.protocol.error_table import rejection
from binance_wsapi.protocol.limits import Refusal
from binance_wsapi.protocol.session import State
from binance_wsapi.response import Response

if TYPE_CHECKING:
    from binance_wsapi.core.core import Core
    from binance_wsapi.core.reconciliation import Reconciler

__all__ = ["ApiLink", "ApiSession", "Authority"]

log = logging.getLogger("binance_wsapi.session")

ROUND_TRIPS_KEPT = 512

STALE_AFTER_S = 0.25
"""A request signed longer ago than this is stamped and signed again before it is written."""

LIMIT_MARGIN_S = 0.05
"""How long after a limit's window has turned a held call is let go: clocks differ a little."""

RELOGON_AFTER_S = 5.0
"""How long a refused logon stands before a call that needs it has it tried again."""


class Authority:
    """Under what a frame may be made on a caller's thread: one link, logged on or not.

    A new one replaces it whenever the link or its logon changes, so identity tells whether a frame
    made earlier still fits.
    """

    __slots__ = ("logged_on",)

    def __init__(self, *, logged_on: bool) -> None:
        self.logged_on = logged_on


class ApiLink(Link):
    """A connection of the WebSocket API."""

    session: ApiSession

    def __init__(self, session: Session, number: int) -> None:
        super().__init__(session, number)
        self.pending: dict[str, Call] = {}
        self.authority = Authority(logged_on=False)
        self.refusal: RequestRejected | None = None
        self.refused_at = 0.0
        self.event_sinks: dict[int, Callable[[ApiLink, msgspec.Raw], None]] = {}
        """Who takes the events of a subscription id."""
        self.ended_subscriptions: set[int] = set()
        """Ids unsubscribed on this link: what is still under way for them is not missed."""


class Subscription(Protocol):
    """User data that rides on the links of a session."""

    async def restore(self, link: ApiLink) -> None:
        """Subscribe on a fresh link, before it serves."""

    def lost(self, link: ApiLink, reason: str) -> None:
        """A link is gone."""

    def terminated(self, link: ApiLink, subscription_id: int) -> None:
        """The exchange ended a subscription on this link."""


class _Head(msgspec.Struct):
    """The one field of an event that the session itself looks at."""

    e: str = ""


_decode_head = msgspec.json.Decoder(_Head).decode
_encode = msgspec.json.Encoder().encode


class ApiSession(Session):
    """One connection of the WebSocket API, as long as the client lives."""

    link_type: ClassVar[type[Link]] = ApiLink
    serving: ApiLink | None
    links: dict[int, ApiLink]  # type: ignore[assignment]  # narrower than the base's

    def __init__(self, core: Core, ws_key: WsKey) -> None:
        super().__init__(core, ws_key)
        self.market: Market = endpoint(ws_key).market
        self.authority: Authority | None = None
        self._governor = core.governors[self.market]
        self._admit = self._governor.admit
        self._now = core.now
        self._waiting: deque[Call] = deque()
        """Calls without a connection, or behind a congested one."""
        self._round_trips: deque[float] = deque(maxlen=ROUND_TRIPS_KEPT)
        self._held: set[Call] = set()
        """Calls that wait for a limit, a signature or the clock."""
        self._clock_task: asyncio.Task[None] | None = None
        self.reconcilers: Sequence[Reconciler] = core.reconcilers_of(ws_key)
        """Who keeps track of the account's orders, while its events are subscribed."""
        self.subscriptions: list[Subscription] = []
        """What has to be subscribed on each fresh link before it serves."""

    # Requests

    def submit(self, call: Call) -> None:
        """Send a request, now or as soon as the session is ready."""
        link = self.serving
        if link is None or link.socket is None or link.socket.congested:
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
    ) -> Response[Any]:
        """Send a request of the core's own, on this link or on the serving one; raise its error."""
        answered: asyncio.Future[Outcome] = self.core.loop.create_future()

        def settle(outcome: Outcome) -> None:
            if on_outcome is not None:
                try:
                    on_outcome(outcome)
                except BinanceWsApiError as error:
                    outcome = error
            if not answered.done():
                answered.set_result(outcome)

        call = self.core.call(self.core.kind(self.market, method), params, settle, timeout)
        call.is_own = True
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

    async def ready_or_not_sent(self, method: str) -> ApiLink:
        """Return the serving link, waiting for one as long as a request would.

        Raises:
            NotSent: None served in time.
        """
        timeout = self.core.options.timeout
        try:
            link: ApiLink = await self.ready(timeout)
        except TimeoutError:
            raise self._never_sent(method, timeout) from None
        return link

    async def rotated(self, method: str) -> None:
        """Replace the serving link, and wait until its successor serves.

        Raises:
            NotSent: None served in time.
        """
        present = await self.ready_or_not_sent(method)
        self.rotate()
        timeout = self.core.options.timeout
        try:
            async with asyncio.timeout(timeout):
                while self.serving is None or self.serving is present:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise self._never_sent(method, timeout) from None

    def health(self) -> ConnectionHealth:
        """Return how the connection is doing."""
        link, now = self.serving, self.core.now()
        ordered = sorted(self._round_trips)
        return ConnectionHealth(
            ws_key=self.ws_key,
            state=self.machine.state.value,
            silent_for=None if link is None else now - link.last_heard,
            connected_for=None if link is None else now - link.opened_at,
            logged_on=link is not None and link.authority.logged_on,
            pending=sum(len(each.pending) for each in self.links.values()),
            waiting=len(self._waiting) + len(self._held),
            reconnects=self.reconnects,
            last_failure=self.last_failure,
            round_trip_p50=ordered[len(ordered) // 2] if ordered else None,
            round_trip_p99=ordered[len(ordered) * 99 // 100] if ordered else None,
        )

    def _queue(self, call: Call) -> None:
        self._waiting.append(call)
        self.wake_by(call.deadline)
        self.demand()

    def _send(self, link: ApiLink, call: Call) -> None:
        now = self._now()
        if link.refusal is not None and call.kind.signed and self._refused(link, call):
            return
        if call.encoded_for is not link.authority or now - call.encoded_at > STALE_AFTER_S:
            if self._must_sign_elsewhere(link, call):
                self._hold(call)
                self.core.spawn(self._sign_elsewhere(link, call))
                return
            try:
                self.core.encode(call, link.authority, now)
            except NotSent as error:
                call.settle(error)
                return
        self._write(link, call, now)

    def _write(self, link: ApiLink, call: Call, now: float) -> None:
        admitted = self._admit(call.kind.operation, call.params, call.sent_us, call.is_own)
        if isinstance(admitted, Refusal):
            self._hold_back(call, admitted, now)
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
            call.written_at = None
            self._governor.unsent(admitted)
            if call.link is None:
                self._queue(call)
            else:
                call.settle(self._never_sent(call.kind.method, call.timeout))
            return
        if call.deadline < self.wakes_at:
            self.wake_by(call.deadline)

    def _hold_back(self, call: Call, refusal: Refusal, now: float) -> None:
        """A limit stands in the way: wait for it, or say so."""
        wait = refusal.wait(call.sent_us)
        if self.core.options.on_rate_limit == "wait" and now + wait < call.deadline:
            call.encoded_for = None
            self._hold(call)
            self.core.loop.call_later(wait + LIMIT_MARGIN_S, self._let_go, call)
            return
        call.settle(
            NotSent(
                f"{call.kind.method} was not sent: {refusal.reason}; repeat it in {wait:.1f} s",
                operation=call.kind.method,
                reason="limit",
                retry_after=wait,
            )
        )

    def _let_go(self, call: Call) -> None:
        if self._release(call):
            self._resubmit(call)

    def _resubmit(self, call: Call) -> None:
        """Send a call that stood aside: over its own link if it belongs to one."""
        link = call.link
        if link is None:
            self.submit(call)
        elif link.lost_because is None:
            self._send(link, call)
        else:
            call.settle(self._never_sent(call.kind.method, call.timeout))

    def _hold(self, call: Call) -> None:
        """Keep a call in sight while something else goes on for it: it may end before that does."""
        self._held.add(call)
        self.wake_by(call.deadline)

    def _release(self, call: Call) -> bool:
        """Go on with a held call; false when it has ended meanwhile."""
        if call in self._held:
            self._held.remove(call)
            return True
        return False

    def _must_sign_elsewhere(self, link: ApiLink, call: Call) -> bool:
        authoriser = self.core.authoriser
        return call.kind.signed and authoriser.signs_slowly and not link.authority.logged_on

    async def _sign_elsewhere(self, link: ApiLink, call: Call) -> None:
        authority = link.authority
        core = self.core
        try:
            await core.loop.run_in_executor(None, core.encode, call, authority, core.now())
        except NotSent as error:
            if self._release(call):
                call.settle(error)
            return
        if not self._release(call):
            return
        if link.lost_because is None and link.authority is authority:
            self._write(link, call, self.core.now())
        else:
            self._resubmit(call)

    def _refused(self, link: ApiLink, call: Call) -> bool:
        """End or hold back a call whose logon was refused; false when it may be sent."""
        refusal = link.refusal
        if refusal is None or call.kind.logs or "signature" in call.params:
            return False
        if link is self.serving and self.refresh_logon():
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
            return
        if message.event:
            self._event(link, message)
            return
        call = link.pending.pop(message.id, None)  # type: ignore[arg-type]  # a foreign id finds nothing
        if call is None:
            self._unclaimed(link, message)
            return
        try:
            self._answered(link, call, message, frame)
        except Exception as error:
            # The edge of an answer: whatever is wrong with it, somebody waits for it.
            log.exception("%s: the answer could not be taken in", call.kind.method)
            self.announce("exception", error=error, reason="an answer could not be taken in")
            call.settle(
                OutcomeUnknown(
                    f"{call.kind.method}: the exchange answered, but the answer could not be taken "
                    "in; it may have been executed",
                    operation=call.kind.method,
                    client_order_id=call.client_order_id,
                    sent_at=call.sent_us,
                    cause="the answer could not be taken in",
                )
            )

    def _answered(self, link: ApiLink, call: Call, message: Frame, frame: str | bytes) -> None:
        """Settle a request by its answer."""
        reservation, sent_at = call.reservation, call.written_at
        assert reservation is not None
        assert sent_at is not None
        if sent_at > link.proven_at:
            link.proven_at = sent_at
        round_trip = link.last_heard - sent_at
        self._round_trips.append(round_trip)
        succeeded = message.error is None and message.status < 400
        self._governor.answered(
            reservation,
            message.rate_limits,
            succeeded=succeeded,
            wall_us=call.sent_us + int(round_trip * 1e6),
        )
        if not succeeded:
            self._failed(link, call, message)
            return
        if call.kind.logs:
            self._set_logged_on(link, logged_on=call.kind.method == "session.logon")
        if self.reconcilers and call.kind.mutates:
            self._tell_reconcilers(call, message.result, resolved=False)
        call.settle(
            Response(
                call.kind.operation,
                frame,
                call.id,
                message.status,
                message.result,
                message.rate_limits,
                round_trip,
            )
        )

    def _failed(self, link: ApiLink, call: Call, message: Frame) -> None:
        """The answer is an error."""
        core = self.core
        error = rejection(
            self.market,
            call.kind.method,
            message.status,
            message.error,
            client_order_id=call.client_order_id,
            sent_at=call.sent_us,
            wall_us=core.exchange_us(),
            rate_limits=message.rate_limits,
        )
        if isinstance(error, OutcomeUnknown):
            self._undecided(call, error)
        elif isinstance(error, InvalidTimestamp) and self._may_be_retimed(call):
            # Refused before it was executed: sending it again cannot do it twice.
            call.retimed = True
            self._hold(call)
            core.spawn(self._retime(link, call))
        else:
            if isinstance(error, RateLimited) and error.status in (418, 429):
                now_us = core.exchange_us()
                wait = error.retry_after
                self._governor.refused(
                    code=error.code,
                    wall_us=now_us,
                    retry_at_us=None if wait is None else now_us + int(wait * 1e6),
                    is_banned=error.status == 418,
                )
            elif isinstance(error, PartlyExecuted):
                self._tell_half(call, error, resolved=False)
            call.settle(error)

    def _may_be_retimed(self, call: Call) -> bool:
        return (
            not call.retimed
            and not call.kind.logs
            and "timestamp" not in call.params
            and not self.core.clock.is_manual
        )

    async def _retime(self, link: ApiLink, call: Call) -> None:
        self.core.clock.invalidate()
        await self._refresh_clock(link)
        call.encoded_for = call.written_at = None
        self._let_go(call)

    def _undecided(self, call: Call, error: OutcomeUnknown) -> None:
        """The fate of a request is unknown: find it out, or say so."""
        core = self.core
        if not call.kind.mutates or call.kind.operation is None or call.is_own:
            call.settle(error)
            return
        error.attach(lambda timeout: self._find_out_again(call, error, timeout), core.run)
        if core.options.on_unknown_outcome == "raise" or self.machine.state is State.CLOSED:
            call.settle(error)
        else:
            core.spawn(self._resolve(call, error))

    async def _resolve(self, call: Call, error: OutcomeUnknown) -> None:
        core = self.core
        try:
            outcome = await self._find_out(call, error, core.options.resolve_timeout)
        except asyncio.CancelledError:
            call.settle(error)  # the client is being closed
            raise
        except Exception:
            log.exception("%s: finding out its outcome failed", call.kind.method)
            outcome = error
        call.settle(outcome)

    async def _find_out_again(self, call: Call, error: OutcomeUnknown, timeout: float) -> Outcome:
        core = self.core
        finding = core.spawn(self._find_out(call, error, timeout))
        try:
            return await finding
        except asyncio.CancelledError:
            if core.closed:
                return core.closed_error()
            finding.cancel()
            raise

    async def _find_out(self, call: Call, error: OutcomeUnknown, timeout: float) -> Outcome:
        outcome = await self.core.resolver.resolve(self, call, error, timeout)
        if isinstance(outcome, Response):
            self._tell_reconcilers(call, outcome.raw_result, resolved=True)
        elif isinstance(outcome, PartlyExecuted):
            self._tell_half(call, outcome, resolved=True)
        return outcome

    def _tell_half(self, call: Call, error: PartlyExecuted, *, resolved: bool) -> None:
        """Show the order that half a cancel-replace made."""
        if error.new_order_result == "SUCCESS":
            self._tell_reconcilers(
                call, msgspec.Raw(_encode(error.new_order_response)), resolved=resolved
            )

    def _tell_reconcilers(self, call: Call, result: msgspec.Raw, *, resolved: bool) -> None:
        for reconciler in self.reconcilers:
            reconciler.answer(call.kind.method, result, resolved=resolved)

    def _unclaimed(self, link: ApiLink, message: Frame) -> None:
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
            wall_us=self.core.wall_us(),
        )
        self._set_logged_on(link, logged_on=False)
        link.refusal = error if isinstance(error, RequestRejected) else None
        link.refused_at = self.core.now()
        self.announce("exception", error=error, reason=f"session revoked: {error}")
        for call in [call for call in link.pending.values() if call.kind.signed]:
            self._give_up(link, call)
            self._undecided(
                call,
                OutcomeUnknown(
                    f"{call.kind.method}: the exchange revoked the session while the request was under "
                    "way; it may have been executed",
                    operation=call.kind.method,
                    client_order_id=call.client_order_id,
                    sent_at=call.sent_us,
                    cause="session revoked",
                ),
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
        if kind == "serverShutdown":
            log.info("%s: the exchange is about to close this connection", self.ws_key)
            if link is self.serving:
                self.rotate()
        else:
            log.warning("%s: event %s belongs to no subscription", self.ws_key, kind)

    # Life of a link

    async def greet(self, link: ApiLink) -> None:
        """Measure the clock and log the key on."""
        core = self.core
        try:
            if core.authoriser.api_key is not None:
                await self._measure_clock(link)
            if core.authoriser.logs_on:
                await self._log_key_on(link)
        except (NotSent, OutcomeUnknown) as error:
            raise LinkLost(f"logon: {error}") from None

    async def restore(self, link: ApiLink) -> None:
        """Subscribe user data again."""
        for subscription in list(self.subscriptions):
            await subscription.restore(link)

    def serve(self, link: ApiLink, *, after_loss: bool, replaced: ApiLink | None) -> None:
        """Send over this link from now on, beginning with what waited."""
        self.authority = link.authority
        self._send_waiting(link)

    def writable(self, link: ApiLink) -> None:
        """Go on where the congestion began."""
        if link is self.serving:
            self._send_waiting(link)

    def _send_waiting(self, link: ApiLink) -> None:
        waiting, self._waiting = self._waiting, deque()
        while waiting:
            self._send(link, waiting.popleft())

    def link_lost(self, link: ApiLink, reason: str) -> None:
        """Fail what was under way: it may have been executed."""
        if self.serving is None:
            self.authority = None
        for subscription in list(self.subscriptions):
            subscription.lost(link, reason)
        for call in list(link.pending.values()):
            self._give_up(link, call)
            if self._is_repeated(call, reason):
                self.submit(call)
            else:
                self._undecided(call, _connection_lost(call, reason))

    def is_idle(self, link: ApiLink) -> bool:
        """Whether no answer is awaited on a retired link."""
        return not link.pending

    def next_deadline(self) -> float:
        """When the first request runs out of time."""
        unsent = (call.deadline for call in (*self._waiting, *self._held))
        deadline = min(unsent, default=math.inf)
        for link in self.links.values():
            for call in link.pending.values():
                deadline = min(deadline, call.deadline)
        return deadline

    def expire(self, now: float) -> None:
        """End the requests whose time is over, and keep the clock fresh."""
        core = self.core
        if (
            self.serving is not None
            and core.authoriser.api_key is not None
            and core.clock.needs_refresh(now)
            and (self._clock_task is None or self._clock_task.done())
        ):
            self._clock_task = core.spawn(self._refresh_clock(self.serving))
        for link in list(self.links.values()):
            for call in [call for call in link.pending.values() if call.deadline <= now]:
                self._give_up(link, call)
                self._undecided(
                    call,
                    RequestTimeout(
                        f"{call.kind.method}: no answer within {call.timeout:g} s; it may have "
                        "been executed",
                        operation=call.kind.method,
                        client_order_id=call.client_order_id,
                        sent_at=call.sent_us,
                        cause="no answer in time",
                    ),
                )
        late = [call for call in self._waiting if call.deadline <= now]
        for call in late:
            self._waiting.remove(call)
        for call in [call for call in self._held if call.deadline <= now]:
            self._held.remove(call)
            late.append(call)
        for call in late:
            if call.loss is None:
                call.settle(self._never_sent(call.kind.method, call.timeout))
            else:
                call.settle(_connection_lost(call, call.loss))

    async def close(self, reason: str) -> None:
        """End the session; what waited was never sent."""
        waiting = [*self._waiting, *self._held]
        self._waiting.clear()
        self._held.clear()
        for call in waiting:
            call.settle(ClientClosed(f"{call.kind.method} was not sent: the client was closed"))
        await super().close(reason)

    def _give_up(self, link: ApiLink, call: Call) -> None:
        """Wait no longer for an answer on this link."""
        del link.pending[call.id]
        if call.reservation is not None:
            self._governor.lost(call.reservation)

    def _is_repeated(self, call: Call, reason: str) -> bool:
        """Whether a read whose answer was lost is asked once more; then it is made ready for it."""
        if (
            not call.kind.repeatable
            or call.is_own
            or self.core.options.on_unknown_outcome == "raise"
            or self.machine.state is State.CLOSED
        ):
            return False
        call.loss = reason
        call.encoded_for = call.written_at = None
        return True

    def _never_sent(self, method: str, timeout: float) -> NotSent:
        why = self.last_failure or self.machine.state.value
        return NotSent(
            f"{method} was not sent within {timeout:g} s: "
            f"{self.ws_key} is not connected ({why}); repeating it is safe",
            operation=method,
            reason="not connected",
        )

    # Logon

    def refresh_logon(self) -> bool:
        """Have a logon that was refused a while ago tried again, on a fresh link; false if it stands."""
        link = self.serving
        if link is None or link.refusal is None:
            return False
        if self.core.now() - link.refused_at < RELOGON_AFTER_S:
            return False
        self.rotate()
        return True

    def _set_logged_on(self, link: ApiLink, *, logged_on: bool) -> None:
        link.authority = Authority(logged_on=logged_on)
        link.refusal = None
        if link is self.serving:
            self.authority = link.authority

    async def _log_key_on(self, link: ApiLink) -> None:
        for attempt in (1, 2):
            try:
                await self.ask(link, "session.logon", {})
            except InvalidTimestamp as error:
                if attempt == 1:
                    self.core.clock.invalidate()
                    await self._measure_clock(link)
                    continue
                self._refuse(link, error)
            except RateLimited as error:
                raise LinkLost(f"logon: {error}") from None
            except RequestRejected as error:
                self._refuse(link, error)
            else:
                self.announce("authenticated")
            return

    def _refuse(self, link: ApiLink, error: RequestRejected) -> None:
        link.refusal = _as_authentication_failure(error)
        link.refused_at = self.core.now()
        self.announce("exception", error=error, reason=f"logon refused: {error}")

    async def _refresh_clock(self, link: ApiLink) -> None:
        try:
            await self._measure_clock(link)
        except (BinanceWsApiError, LinkLost) as error:
            log.info("%s: the exchange's clock could not be read: %s", self.ws_key, error)

    async def _measure_clock(self, link: ApiLink) -> None:
        """Estimate the exchange's clock, where it was not set by hand."""
        core = self.core
        if not core.clock.needs_refresh(core.now()):
            return
        method = "time" if self.market is Market.SPOT else "session.status"
        sent = core.now()
        wall_us = core.wall_us()
        try:
            answer = await self.ask(link, method, {})
        except RequestRejected as error:
            log.warning("%s: the exchange's clock could not be read: %s", self.ws_key, error)
            return
        result = answer.raw.get("result")
        server_time = result.get("serverTime") if isinstance(result, dict) else None
        if isinstance(server_time, int):
            core.clock.measured(
                sent=sent, received=core.now(), sent_wall_us=wall_us, server_time=server_time
            )
            self._governor.clock_set(core.exchange_us())


def _event_type(event: msgspec.Raw) -> str:
    try:
        return _decode_head(event).e
    except msgspec.DecodeError:  # passed on all the same: nothing is kept from the consumer
        return ""


def _connection_lost(call: Call, reason: str) -> ConnectionLost:
    return ConnectionLost(
        f"{call.kind.method}: the connection was lost before the answer came ({reason}); "
        "it may have been executed",
        operation=call.kind.method,
        client_order_id=call.client_order_id,
        sent_at=call.sent_us,
        cause=reason,
    )


def _as_authentication_failure(error: RequestRejected) -> RequestRejected:
    """Any refusal of a logon means the same to a call that needs it."""
    if isinstance(error, (AuthenticationFailed, InvalidTimestamp)):
        return error
    return AuthenticationFailed(
        error.message, code=error.code, status=error.status, operation=error.operation
    )
