"""A session of the WebSocket API: its links, and the rooms that see to its requests and events."""

from __future__ import annotations

import asyncio
import copy
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from binance_wsapi.core.answers import Answers, take_plain
from binance_wsapi.core.api_link import ApiLink, Authority, UserDataSubscription
from binance_wsapi.core.call import Call, Outcome
from binance_wsapi.core.call_kind import kind_by_method
from binance_wsapi.core.doubt import NO_ANSWERS, Doubt
from binance_wsapi.core.link import Link, LinkLost
from binance_wsapi.core.logon import Logon
from binance_wsapi.core.lost_answers import LostAnswers
from binance_wsapi.core.outbox import LIMIT_MARGIN_S, Outbox, is_calm
from binance_wsapi.core.session import Session
from binance_wsapi.core.unanswered import Unanswered
from binance_wsapi.endpoints import WsKey, endpoint
from binance_wsapi.errors import BinanceWsApiError
from binance_wsapi.health import ConnectionHealth
from binance_wsapi.markets import Market
from binance_wsapi.protocol.envelope import Frame
from binance_wsapi.protocol.limits import Refusal
from binance_wsapi.protocol.raw_event import raw_event
from binance_wsapi.protocol.verdict import Moment
from binance_wsapi.response import Response

if TYPE_CHECKING:
    from binance_wsapi.core.reconciliation import Reconciler
    from binance_wsapi.core.runtime import Runtime
    from binance_wsapi.core.write_ahead import WriteAhead

__all__ = ["ApiSession"]

log = logging.getLogger("binance_wsapi.session")


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
        write_ahead: WriteAhead | None = None,
    ) -> None:
        super().__init__(runtime, ws_key)
        self.market: Market = endpoint(ws_key).market
        self.authority: Authority | None = None
        self.clock = runtime.exchanges.clock_of(ws_key)
        """The clock of the exchange it leads to."""
        self.governor = runtime.exchanges.governor_of(ws_key)
        self.own_orders = runtime.exchanges.own_orders_of(ws_key)
        self.reconcilers: Sequence[Reconciler] = ()
        """Who keeps track of the account's orders, while its events are subscribed."""
        self.subscriptions: list[UserDataSubscription] = []
        """What has to be subscribed on each fresh link before it serves."""
        self.logon = Logon(self)
        self._doubt = Doubt(self)
        self._lost_answers = lost_answers
        unanswered = Unanswered(self, lost_answers)
        self._outbox = Outbox(
            self,
            look_after=self._doubt.look_after,
            renew_logon=self.logon.refresh,
            unanswered=unanswered,
            write_ahead=write_ahead,
        )
        self._answers = Answers(
            self,
            outbox=self._outbox,
            unanswered=unanswered,
            lost_answers=lost_answers,
            logon=self.logon,
            listen_key_stopped=listen_key_stopped,
            event=self._event,
        )
        # The rooms' own methods: each request goes this way, and a step that only passes it on is a call.
        self.submit = self._outbox.submit
        self.received = self._answers.received
        self.is_calm = partial(is_calm, self._outbox)
        self.taken = partial(take_plain, self._answers)  # type: ignore[method-assign]  # as those above

    def exchange_us(self) -> int:
        """Return the exchange's time, epoch microseconds."""
        return self.clock.timestamp_us(self.runtime.wall_us, self.runtime.now())

    def moment(self) -> Moment:
        """Return this moment, by this machine's clock and by the exchange's."""
        return Moment(self.runtime.now(), self.exchange_us())

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
            self.runtime.now(),
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
            self._outbox.send(link, call)
        outcome = await answered
        if isinstance(outcome, BinanceWsApiError):
            raise outcome
        return outcome

    @property
    def last_round_trip(self) -> float:
        """Seconds that the last answer took; 0 before there was one."""
        return self._answers.round_trips[-1] if self._answers.round_trips else 0.0

    def health(self) -> ConnectionHealth:
        """Return how the connection is doing, and its requests."""
        ordered = sorted(self._answers.round_trips)
        health = super().health()
        if self.serving is not None and self.serving.in_doubt_since is not None:
            health = msgspec.structs.replace(health, state="in doubt")
        return msgspec.structs.replace(
            health,
            logged_on=self.serving is not None and self.serving.authority.logged_on,
            pending=sum(len(each.pending) for each in self.links.values()),
            waiting=len(self._outbox),
            round_trip_p50=ordered[len(ordered) // 2] if ordered else None,
            round_trip_p99=ordered[len(ordered) * 99 // 100] if ordered else None,
        )

    def drop_unwritten(self, call: Call) -> None:
        """Forget a call that its caller gave up, if it has not been written."""
        self._outbox.drop(call)

    def _event(self, link: ApiLink, message: Frame) -> None:
        event = raw_event(message.event)
        kind = event.kind
        if message.subscription_id is not None:
            subscription = link.subscribed.get(message.subscription_id)
            if subscription is not None:
                subscription.deliver(event, link)
                if kind == "eventStreamTerminated":
                    del link.subscribed[message.subscription_id]
                    subscription.terminated(link)
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
        weight, now = self.market.facts.connection_weight, self.runtime.now
        while isinstance(admitted := self.governor.connect(weight, now()), Refusal):
            wait = admitted.wait(now())
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
        if replaced is not None and replaced.in_doubt_since is not None:
            # It is heard for answers alone: its events may have been missing since it last answered, and
            # those it brings yet would be told behind later ones.
            replaced.proven_at = replaced.served_until = replaced.answered_from
            try:
                for subscription in list(self.subscriptions):
                    subscription.doubted(replaced, NO_ANSWERS)
            except Exception:
                # Whatever becomes of its events: for each of its calls, and those held back, somebody waits.
                log.exception("%s: ending what a connection in doubt brought failed", self.ws_key)
            self._answers.replaced(replaced, NO_ANSWERS)
        self._outbox.send_waiting(link)

    def writable(self, link: ApiLink) -> None:
        """Go on where the congestion, or the doubt, began."""
        if link is self.serving and link.in_doubt_since is None:
            self._outbox.send_waiting(link)

    def silenced(self) -> None:
        """End what waits for a connection longer than it may."""
        super().silenced()
        self._outbox.silenced()

    def link_lost(self, link: ApiLink, reason: str) -> None:
        """Fail what was under way: it may have been executed."""
        self._dialled(link)
        if self.serving is None:
            self.authority = None
        try:
            for subscription in list(self.subscriptions):
                subscription.lost(link, reason)
        finally:  # whatever becomes of its events: for each of its calls somebody waits
            self._answers.lost(link, reason)
        if self.is_silenced(self.runtime.now()):
            self.silenced()
        self._lost_answers.link_lost()

    def brings_events(self, link: ApiLink) -> bool:
        """Whether user data is subscribed on a link."""
        return bool(link.subscribed)

    def ask_in_silence(self, link: ApiLink) -> None:
        """Ask for a sign of life where events are to be expected."""
        if self.brings_events(link) and link.in_doubt_since is None:
            self.runtime.spawn(self._doubt.ask(link))

    def is_idle(self, link: ApiLink) -> bool:
        """Whether no answer is awaited on a retired link, nor could come in time."""
        now = self.runtime.now()
        return not link.pending and all(call.deadline <= now for call in link.overdue.values())

    def next_deadline(self) -> float:
        """When the first request runs out of time, or puts its link in doubt."""
        deadline = self._outbox.next_deadline()
        for link in self.links.values():
            for call in link.pending.values():
                deadline = min(deadline, call.deadline)
        return min(deadline, self._doubt.next_look())

    def expire(self, now: float) -> None:
        """End the requests whose time is over, and keep the clock fresh."""
        self.logon.keep_clock_fresh(now)
        self._doubt.look(now)
        for link in list(self.links.values()):
            self._answers.expire(link, now)
        self._outbox.expire(now)

    async def close(self, reason: str) -> None:
        """End the session; what waited was never sent."""
        self._outbox.close(self.runtime.ended)
        await super().close(reason)
