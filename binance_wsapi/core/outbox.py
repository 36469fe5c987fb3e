"""Requests on their way out: sent at once, when a link takes them, or when nothing holds them back."""

from __future__ import annotations

import asyncio
import copy
import logging
import math
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from binance_wsapi.core.api_connection import ApiConnection
from binance_wsapi.core.api_link import ApiLink
from binance_wsapi.core.call import Call
from binance_wsapi.core.call_errors import (
    connection_lost,
    held_back,
    held_too_long,
    not_sendable,
    withdrawn,
)
from binance_wsapi.core.encoding import encode
from binance_wsapi.core.runtime import Runtime
from binance_wsapi.core.unanswered import Unanswered
from binance_wsapi.errors import BinanceWsApiError, NotSent
from binance_wsapi.protocol.limits import Refusal, Reservation, has_room
from binance_wsapi.protocol.requests import RequestInput, RequestState, Unsent
from binance_wsapi.protocol.session import SessionState

if TYPE_CHECKING:
    from binance_wsapi.core.write_ahead import WriteAhead

__all__ = ["Outbox", "is_calm"]

log = logging.getLogger("binance_wsapi.session")

STALE_AFTER_S = 0.25
"""A request signed longer ago than this is stamped and signed again before it is written."""

LIMIT_MARGIN_S = 0.05
"""How long after a limit's window has turned a held call is let go: clocks differ a little."""


class Outbox:
    """Carries out what becomes of the requests of one session before they are written.

    What may become of them, :mod:`~binance_wsapi.protocol.requests` decides. On the loop's thread.

    Args:
        session: Whose requests they are.
        look_after: Seconds after a write at which somebody looks whether it was answered.
        renew_logon: Has a refused logon tried again; false if it stands.
        unanswered: Takes a call of which nobody knows how much was written.
        write_ahead: The journal, where there is one.
    """

    def __init__(
        self,
        session: ApiConnection,
        *,
        look_after: float,
        renew_logon: Callable[[], bool],
        unanswered: Unanswered,
        write_ahead: WriteAhead | None = None,
    ) -> None:
        self._session = session
        self._runtime = session.runtime
        self.now = session.runtime.now
        self.governor = session.governor
        self._admit = session.governor.admit
        self.silence = session.silence
        self.write_ahead = write_ahead
        self.look_after = look_after
        self._renew_logon = renew_logon
        self._unanswered = unanswered
        self._waiting: deque[Call] = deque()
        """Calls without a connection, or behind one that is congested or in doubt."""
        self._held: dict[Call, asyncio.TimerHandle | None] = {}
        """Calls that wait for a limit, a signature or the clock, and what lets them go."""

    def __len__(self) -> int:
        return len(self._waiting) + len(self._held)

    def submit(self, call: Call) -> None:
        """Send a request, now or as soon as the session is ready."""
        link = self._session.serving
        if (
            link is None
            or link.socket is None
            or link.socket.congested
            or link.in_doubt_since is not None
        ):
            self._queue(call)
        else:
            self.send(link, call)

    def send(self, link: ApiLink, call: Call) -> None:
        """Send a request over this link, as soon as nothing holds it back."""
        try:
            now = self.now()
            if link.refusal is not None and call.needs_logon:
                self._refused(link, link.refusal, call)
                return
            if call.encoded_for is not link.authority or now - call.encoded_at > STALE_AFTER_S:
                if _signs_slowly(self._runtime, link, call):
                    if self.hold(call):
                        encoded = partial(_encoded, self._runtime, link, call)
                        self._runtime.spawn(self._go_on_after(encoded, link, call))
                    return
                encode(self._runtime, call, link.authority, now)
            self._write(link, call, now)
        except BaseException as error:  # the edge of a call: those behind it go on
            if self._runtime.is_borrowed and not isinstance(error, Exception):
                raise
            self._failed(link, call, error)

    def send_waiting(self, link: ApiLink) -> None:
        """Send what waited for a link."""
        waiting, self._waiting = self._waiting, deque()
        while waiting:
            call = waiting.popleft()
            if not _is_forsaken(call):
                self.send(link, call)

    def hold(self, call: Call, timer: asyncio.TimerHandle | None = None) -> bool:
        """Keep a call in sight while something else goes on for it: it may end before that does."""
        if not call.move(RequestInput.HELD_BACK):
            return False
        self._held[call] = timer
        self._session.wake_by(call.deadline)
        log.debug("%s: %s %s is held back", self._session.ws_key, call.kind.method, call.id)
        return True

    def let_go(self, call: Call) -> None:
        """Send a call that was held; nothing if it has ended meanwhile."""
        if self._release(call):
            self._resubmit(call)

    def drop(self, call: Call) -> None:
        """Forget a call that its caller gave up, if it has not been written."""
        if call in self._waiting:
            self._waiting.remove(call)
        elif not self._release(call) and not _was_cut_short(self._session, call):
            return
        call.drop(withdrawn(call))

    def silenced(self) -> None:
        """End what waits for a connection longer than it may."""
        waiting, self._waiting = self._waiting, deque()
        for call in waiting:
            self._queue(call)

    def next_deadline(self) -> float:
        """When the first of them runs out of time."""
        return min((call.deadline for call in (*self._waiting, *self._held)), default=math.inf)

    def expire(self, now: float) -> None:
        """End those whose time is over."""
        session = self._session
        for call in self._take(now):
            method, timeout = call.kind.method, call.timeout
            match call.unsent_in_time(is_connected=session.serving is not None):
                case Unsent.LOST:
                    call.drop(connection_lost(call, call.loss or ""))
                case Unsent.HELD_TOO_LONG:
                    call.drop(held_too_long(session.ws_key, method, timeout))
                case Unsent.NO_CONNECTION:
                    call.drop(session.never_sent(method, timeout))

    def close(self, why: Callable[[str], BinanceWsApiError]) -> None:
        """End them all: ``why`` gives the error of an operation's call."""
        for call in self._take(math.inf):
            call.drop(why(call.kind.method))

    def _take(self, until: float) -> list[Call]:
        """Remove and return those whose time is over by then."""
        late = [call for call in (*self._waiting, *self._held) if call.deadline <= until]
        self._waiting = deque(call for call in self._waiting if call.deadline > until)
        for call in late:
            self._release(call)
        return late

    # On the way to a link

    def _queue(self, call: Call) -> None:
        if call.is_given_up:
            call.drop(withdrawn(call))
            return
        session, now = self._session, self.now()
        if session.machine.state is SessionState.CLOSED:
            call.drop(self._runtime.ended(call.kind.method))
            return
        if session.is_silenced(now):
            reason = f"{self.silence.reason(now)} ({session.why_not})"
            self._hold_back(call, reason, self.silence.handshake_delay(now), now, False)
            return
        self._wait(call)
        session.demand()

    def _wait(self, call: Call) -> None:
        if call.move(RequestInput.QUEUED):
            self._waiting.append(call)
            self._session.wake_by(call.deadline)
            log.debug("%s: %s %s waits for a link", self._session.ws_key, call.kind.method, call.id)

    def _refused(self, link: ApiLink, refusal: BinanceWsApiError, call: Call) -> None:
        """A logon was refused that the call needs: it waits for the next one, or shares its fate."""
        if link is self._session.serving and self._renew_logon():
            self._wait(call)
        else:
            call.drop(copy.copy(refusal))

    def _write(self, link: ApiLink, call: Call, now: float) -> None:
        if now < self.silence.until and self._is_kept_back(call, now):
            return
        if (
            self.write_ahead is not None
            and call.kind.has_fate
            and call.journalled_frame is not call.frame
        ):
            if not self.write_ahead.is_quick:
                if self.hold(call):
                    recorded = partial(self.write_ahead.recorded, call)
                    self._runtime.spawn(self._go_on_after(recorded, link, call))
                return
            self.write_ahead.record(call)
        # In one step: what was charged is known, even if an interrupt comes.
        admitted = call.admitted = self._admit(
            call.kind.operation, call.params, now, call.is_urgent
        )
        if isinstance(admitted, Refusal):
            wait, brief = admitted.wait(now), admitted.is_brief
            self._hold_back(call, admitted.reason, wait, now, brief)
            return
        # Marked as written before the write: from here on nobody may say that it was not sent.
        if not call.begin_write(now):
            self.governor.unsent(admitted)
            call.drop(withdrawn(call))
            return
        assert call.frame is not None
        link.pending[call.id] = call
        call.reservation = admitted
        try:
            link.write(call.frame)
        except ConnectionError:
            del link.pending[call.id]
            self.governor.unsent(admitted)
            self._not_written(call)
            return
        session, look_at = self._session, now + self.look_after
        if look_at < session.wakes_at or call.deadline < session.wakes_at:
            session.wake_by(min(look_at, call.deadline))

    def _not_written(self, call: Call) -> None:
        """The link was gone when the call was to be written: another one takes it, if that may be."""
        if not call.was_not_written():
            call.drop(withdrawn(call))
        elif call.link is None:
            self._queue(call)
        else:
            call.drop(self._session.never_sent(call.kind.method, call.timeout))

    def _failed(self, link: ApiLink, call: Call, error: BaseException) -> None:
        """End a call, and no other, that something unforeseen happened to."""
        self._release(call)
        if link.pending.get(call.id) is call:
            log.error("%s: writing it failed", call.kind.method, exc_info=error)
            self._unanswered.give_up(link, call)
            self._unanswered.leave_open(call, connection_lost(call, "it could not be written"))
        elif isinstance(error, NotSent):
            call.drop(error)
        else:
            log.error("%s: sending it failed", call.kind.method, exc_info=error)
            if call.is_unsent:
                call.drop(not_sendable(call, error))

    # What holds a call back

    def _is_kept_back(self, call: Call, now: float) -> bool:
        """Whether the exchange told to leave such requests alone; then it waits, or has ended."""
        operation = call.kind.operation
        wait = self.silence.delay(now, orders=operation is not None and operation.order_count > 0)
        if wait > 0:
            self._hold_back(call, self.silence.reason(now), wait, now, False)
        return wait > 0

    def _hold_back(self, call: Call, why: str, wait: float, now: float, brief: bool) -> None:
        """A limit stands in the way: wait for it, or say so."""
        runtime = self._runtime
        policy = "wait" if brief else (call.options or runtime.options).on_rate_limit
        if not call.may_wait(wait, now, on_rate_limit=policy):
            call.drop(held_back(call.kind.method, why, wait))
            return
        call.encoded_for = None  # its time and its signature are stale when it is let go
        self.hold(call, runtime.loop.call_later(wait + LIMIT_MARGIN_S, self.let_go, call))

    async def _go_on_after(
        self, work: Callable[[], Coroutine[Any, Any, None]], link: ApiLink, call: Call
    ) -> None:
        """Write a held call when something has been done on another thread, if its link still fits."""
        authority, runtime = link.authority, self._runtime
        try:
            # Begun here: a task that is cancelled before its first step begins nothing.
            await work()
        except asyncio.CancelledError:
            raise  # the client is being closed
        except BaseException as error:  # noqa: BLE001  (a signer may raise anything)
            if self._release(call):
                call.drop(error if isinstance(error, NotSent) else not_sendable(call, error))
            return
        if not self._release(call) or _is_forsaken(call):
            return
        # A link in doubt takes no requests, but for those that are to find out about it.
        may_write = link.in_doubt_since is None or call.link is link
        if link.lost_because is None and link.authority is authority and may_write:
            try:
                self._write(link, call, runtime.now())
            except BaseException as error:  # noqa: BLE001  (as in send)
                self._failed(link, call, error)
        else:
            self._resubmit(call)

    def _release(self, call: Call) -> bool:
        """Take a held call back; false when it has ended meanwhile."""
        if call not in self._held:
            return False
        timer = self._held.pop(call)
        if timer is not None:
            timer.cancel()
        return True

    def _resubmit(self, call: Call) -> None:
        """Send a call that stood aside: over its own link if it belongs to one."""
        if _is_forsaken(call):
            return
        link = call.link
        if link is None:
            self.submit(call)
        elif link.lost_because is None:
            self.send(link, call)
        else:
            call.drop(self._session.never_sent(call.kind.method, call.timeout))


async def _encoded(runtime: Runtime, link: ApiLink, call: Call) -> None:
    """Sign and write down a call on another thread."""
    await runtime.loop.run_in_executor(None, encode, runtime, call, link.authority, runtime.now())


def _signs_slowly(runtime: Runtime, link: ApiLink, call: Call) -> bool:
    """Whether the core's thread would stand still while a call is signed."""
    return call.kind.signed and runtime.authoriser.signs_slowly and not link.authority.logged_on


def is_calm(outbox: Outbox, call: Call) -> bool:
    """Whether nothing could hold a request back that was just made."""
    return (
        not outbox._waiting
        and not outbox._held
        and (outbox.write_ahead is None or not call.kind.has_fate)
        and call.made_at >= outbox.silence.until
        and has_room(outbox.governor, call.kind.operation, call.made_at)
    )


def _was_cut_short(session: ApiConnection, call: Call) -> bool:
    """Whether its caller was interrupted while sending it, before its first byte; then it is unsent."""
    if (
        not call.is_driven
        or call.outcome is not None
        or any(link.pending.get(call.id) is call for link in session.links.values())
    ):
        return False
    if call.state is RequestState.WRITTEN:
        call.move(RequestInput.NOT_WRITTEN)
    if call.state is not RequestState.NEW:
        return False
    if isinstance(call.admitted, Reservation):
        session.governor.unsent(call.admitted)
    return True


def _is_forsaken(call: Call) -> bool:
    """End a call that waited, if its caller's event loop is gone by now."""
    if call.is_awaited is None or call.is_awaited():
        return False
    call.giving_up.forsake(call)
    call.drop(withdrawn(call))
    return True
