"""The core of a client: the door that any thread may use, and what stands behind it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from binance_wsapi.core.api_session import ApiSession
from binance_wsapi.core.api_sessions import ApiSessions
from binance_wsapi.core.baton import CoreLoop, one_write
from binance_wsapi.core.bell import loop_bell
from binance_wsapi.core.call import Call, Outcome
from binance_wsapi.core.call_errors import not_sendable
from binance_wsapi.core.call_kind import CallKind
from binance_wsapi.core.encoding import encode
from binance_wsapi.core.giving_up import GivingUp
from binance_wsapi.core.look_ups import LookUps
from binance_wsapi.core.lost_answers import LostAnswers
from binance_wsapi.core.runtime import Runtime
from binance_wsapi.core.session import Session
from binance_wsapi.core.user_data_streams import UserDataStreams
from binance_wsapi.endpoints import EndpointKind, WsKey, endpoint
from binance_wsapi.errors import BinanceWsApiError
from binance_wsapi.forks import unforked
from binance_wsapi.health import ConnectionHealth, Metrics
from binance_wsapi.models.rows import Rows
from binance_wsapi.protocol.params import WireValue
from binance_wsapi.protocol.silence import Silence
from binance_wsapi.response import Response

if TYPE_CHECKING:
    from binance_wsapi.core.account_keeper import AccountKeeper
    from binance_wsapi.core.driving import Drives
    from binance_wsapi.core.loop_delivery import LoopDelivery
    from binance_wsapi.core.market_streams import MarketStreams
    from binance_wsapi.core.rest_door import RestDoor
    from binance_wsapi.core.symbol_rules import RuleKeeper
    from binance_wsapi.core.waiter import Waiter
    from binance_wsapi.core.write_ahead import WriteAhead

__all__ = ["Core"]

log = logging.getLogger("binance_wsapi.core")

CLOSE_TIMEOUT_S = 3.0


class Core:
    """Sessions, streams and open requests of one client.

    ``callers_call``, ``submit``, ``submit_rest`` and ``close`` may be called from any thread; all else runs on the
    loop's thread.

    Args:
        runtime: What it stands on.
        write_ahead: The journal, where there is one.
    """

    def __init__(self, runtime: Runtime, write_ahead: WriteAhead | None = None) -> None:
        self.runtime = runtime
        self.write_ahead = write_ahead
        self._host = runtime.host
        self._metrics = runtime.options.metrics
        self._inbox: deque[Call] = deque()
        self._woken = False
        self._drives = _drives_of(runtime, self._inbox)
        self._ring: Callable[[], object] = loop_bell(runtime.loop, self.take_in) or (
            lambda: runtime.loop.call_soon_threadsafe(self.take_in)
        )
        self.giving_up = GivingUp(
            runtime,
            take_in=self.take_in,
            drop=self._drop_unwritten,
            let_resolve=lambda call, error: self.look_ups.let_resolve(call, error),  # noqa: PLW0108
        )
        self.sessions = ApiSessions(runtime, self._api_session)
        self.lost_answers = LostAnswers(
            runtime,
            self.sessions,
            self.giving_up,
            let_resolve=lambda call, error: self.look_ups.let_resolve(call, error),  # noqa: PLW0108
            has_user_data=lambda: self.user_data.is_any,
            settled=None if write_ahead is None else write_ahead.settled,
            rest=lambda: self.rest,
        )
        self.look_ups = LookUps(runtime, self.sessions, self.lost_answers, self.giving_up)
        self.user_data = UserDataStreams(
            runtime, self.sessions, self.lost_answers, lambda: self.rest
        )
        self._market_streams: MarketStreams | None = None
        self._rest: RestDoor | None = None
        self._rest_inbox: deque[Call] = deque()
        self._rules: RuleKeeper | None = None
        runtime.dialling.on_silence = self._silenced

    # The door: any thread

    def callers_call(
        self,
        ws_key: WsKey,
        kind: CallKind,
        params: Mapping[str, WireValue],
        deliver: Callable[[Outcome], object],
    ) -> Call:
        """Return a caller's request: it is on its way with :meth:`submit`, and can be given up.

        Args:
            ws_key: The connection it goes over.
            kind: What kind of call it is.
            params: Its parameters, checked and converted.
            deliver: Is called with the outcome, on the core's thread.
        """
        runtime = self.runtime
        call = Call(
            kind, params, deliver, runtime.request_id(), runtime.call_timeout, runtime.now()
        )
        call.ws_key = ws_key
        call.giving_up = self.giving_up
        if runtime.in_floats:
            call.in_floats = True
        return call

    def submit(
        self, call: Call, *, encode_here: bool, waiter: Waiter | LoopDelivery | None = None
    ) -> None:
        """Send a request, or hand it to the loop.

        Args:
            call: The request.
            encode_here: Sign and encode on this thread if the session is ready (it may be slow).
            waiter: Waits for it, on this thread or on its loop, and may read the socket.

        Raises:
            NotSent: It could not be signed, or not be written down.
        """
        session = self.sessions.open.get(call.ws_key)
        if encode_here and session is not None and (authority := session.authority) is not None:
            encode(self.runtime, call, authority, call.made_at)
        if self._metrics is not None:
            call.deliver = _measured(self.runtime, call, self._metrics)
        elif waiter is not None and session is not None and self._drives(session, call, waiter):
            return
        self._inbox.append(call)
        if self.runtime.is_closed or self._host.stopped:
            self._refuse_inbox()
        elif not self._woken:
            self._woken = True
            try:
                self._ring()
            except RuntimeError:  # the loop is closed
                self._refuse_inbox()
            except BaseException:
                self._woken = False  # an interrupt: the next call rings
                raise

    def submit_rest(self, call: Call) -> None:
        """Hand a REST request to the loop."""
        if self._metrics is not None:
            call.deliver = _measured(self.runtime, call, self._metrics)
        self._rest_inbox.append(call)
        if self.runtime.is_closed or self._host.stopped:
            self._refuse_inbox()
            return
        try:
            self.runtime.loop.call_soon_threadsafe(self._take_in_rest)
        except RuntimeError:  # the loop is closed
            self._refuse_inbox()

    def close(self) -> None:
        """End everything; idempotent, quick, from any thread."""
        runtime = self.runtime
        if runtime.is_closed:
            return
        runtime.is_closed = True
        self._host.stop(self._end, CLOSE_TIMEOUT_S)
        runtime.exchanges.leave()
        self._refuse_inbox()
        runtime.cancel_runs()
        self.giving_up.end()
        stands_on_loop = threading.get_ident() == self._host.thread_id
        runtime.dispatcher.close(timeout=0.0 if stands_on_loop else 1.0)

    @property
    def rules(self) -> RuleKeeper:
        """The trading rules of symbols, made (and their code loaded) on first use, on any thread."""
        if self._rules is None:
            with unforked:
                from binance_wsapi.core.symbol_rules import RuleKeeper

                if self._rules is None:
                    fits = self.runtime.options.order_rules == "round"
                    self._rules = RuleKeeper(
                        self.runtime, self.sessions, lambda: self.rest, fits=fits
                    )
        return self._rules

    @property
    def market_streams(self) -> MarketStreams:
        """The client's market streams, made (and their code loaded) on first use, on any thread."""
        if self._market_streams is None:
            with unforked:
                from binance_wsapi.core.market_streams import MarketStreams

                if self._market_streams is None:
                    self._market_streams = MarketStreams(self.runtime, self.sessions)
        return self._market_streams

    # The loop's thread

    @property
    def rest(self) -> RestDoor:
        """The door to REST, made (and its code loaded) on first use."""
        if self._rest is None:
            with unforked:
                from binance_wsapi.core.rest_door import RestDoor

            self._rest = RestDoor(self.runtime, self.user_data.show_order)
        return self._rest

    def _take_in_rest(self) -> None:
        while self._rest_inbox:
            self.rest.submit(self._rest_inbox.popleft())

    async def account(self, ws_key: WsKey) -> AccountKeeper:
        """Return what keeps a mirror of a connection's account, begun."""
        with unforked:
            from binance_wsapi.core.account_keeper import AccountKeeper
            from binance_wsapi.core.rest_questions import rest_answer

        keeper = AccountKeeper(
            self.user_data,
            self.sessions.of(ws_key),
            ws_key,
            lambda path, params: rest_answer(
                self.runtime, self.rest, ws_key, path, params, signed=True
            ),
        )
        await self.user_data.observe(ws_key, keeper)
        return keeper

    async def connect(self, ws_key: WsKey) -> None:
        """Bring a connection up and wait until it is ready."""
        await self.sessions.of(ws_key).ready_or_not_sent("connect")

    async def rotate(self, ws_key: WsKey) -> None:
        """Replace what a key stands for by fresh connections; return when those serve."""
        rotated: list[Session] = []
        if endpoint(ws_key).kind is EndpointKind.WS_API:
            rotated.append(self.sessions.of(ws_key))
        elif self._market_streams is not None:
            rotated += self._market_streams.sessions(ws_key)
        rotated += self.user_data.connections_of(ws_key)
        await asyncio.gather(*(session.rotated("rotate") for session in rotated))

    async def health(self) -> Rows[ConnectionHealth]:
        """Return how each connection in use is doing."""
        told = [_health_of(self, session) for session in self._sessions_in_use()]
        return Rows(told, kind=ConnectionHealth)

    def _sessions_in_use(self) -> list[Session]:
        sessions: list[Session] = [*self.sessions.open.values(), *self.user_data.connections()]
        if self._market_streams is not None:
            sessions += self._market_streams.sessions()
        return sessions

    def _silenced(self, silence: Silence) -> None:
        for session in [*self._sessions_in_use(), *self.user_data.connections_coming_up()]:
            if session.silence is silence:
                session.silenced()

    def _api_session(self, ws_key: WsKey) -> ApiSession:
        return ApiSession(
            self.runtime,
            ws_key,
            lost_answers=self.lost_answers,
            listen_key_stopped=self.user_data.key_stopped,
            write_ahead=self.write_ahead,
        )

    async def disconnect_all(self) -> None:
        """End all sessions and streams; the next call connects anew."""
        self._drop_inbox(self.runtime.ended)
        sessions, user_data = self.sessions.take_all(), self.user_data.take_all()
        # Streams first: one that is closed on purpose has no gap at its end.
        endings = [each.close("closed by this side") for each in user_data]
        endings += [session.close("closed by this side") for session in sessions]
        if self._market_streams is not None:
            endings.append(self._market_streams.close("closed by this side"))
        if self._rest is not None:
            endings.append(self._rest.close())
        await asyncio.gather(*endings)

    def _drop_unwritten(self, call: Call) -> None:
        if self._rest is not None:
            self._rest.drop_unwritten(call)
        session = self.sessions.open.get(call.ws_key)
        if session is not None:
            session.drop_unwritten(call)

    def take_in(self) -> None:
        """Send what was handed in."""
        self._woken = False
        inbox = self._inbox
        if self.write_ahead is not None and len(inbox) > 1:
            self.write_ahead.record_all(inbox.copy(), self.sessions.open)
        if len(inbox) == 1:
            self._submit_first()
            return
        with one_write(self.runtime.loop):
            while inbox:
                self._submit_first()

    def _submit_first(self) -> None:
        call = self._inbox.popleft()
        try:
            (self.sessions.open.get(call.ws_key) or self.sessions.of(call.ws_key)).submit(call)
        except BinanceWsApiError as error:
            call.drop(error)
        except Exception as error:
            # The edge of a call: those behind it must not be lost with it.
            log.exception("%s could not be sent", call.kind.method)
            if call.is_unsent:
                call.drop(not_sendable(call, error))

    def _refuse_inbox(self) -> None:
        self._drop_inbox(lambda method: self.runtime.closed_error())

    def _drop_inbox(self, why: Callable[[str], BinanceWsApiError]) -> None:
        for inbox in (self._inbox, self._rest_inbox):
            _drop_all(inbox, why)

    async def _end(self) -> None:
        self.runtime.is_ending = True
        try:
            self.take_in()
            await self.runtime.cancel_tasks()  # first what would ask on, or open connections
            await self.disconnect_all()
            await self.runtime.cancel_tasks()
        finally:
            try:
                await self.runtime.close_transport()
            finally:
                if self.write_ahead is not None:
                    await self.write_ahead.close()


def _drives_of(runtime: Runtime, inbox: deque[Call]) -> Drives:
    """Return what lets callers of a client drive, where its loop lets anybody."""
    loop = runtime.loop
    if not isinstance(loop, CoreLoop) or loop.get_debug():
        return _nobody_drives
    with unforked:
        from binance_wsapi.core.driving import Driving

    return Driving(runtime, loop, inbox).begin


def _nobody_drives(session: ApiSession, call: Call, waiter: object) -> bool:
    return False


def _drop_all(inbox: deque[Call], why: Callable[[str], BinanceWsApiError]) -> None:
    """End what was handed in and not taken in yet: ``why`` gives the error of an operation's call."""
    while inbox:
        try:
            call = inbox.popleft()
        except IndexError:
            break
        call.drop(why(call.kind.method))


def _measured(runtime: Runtime, call: Call, metrics: Metrics) -> Callable[[Outcome], object]:
    deliver, began = call.deliver, runtime.now()

    def measured(outcome: Outcome) -> None:
        deliver(outcome)
        try:
            metrics.request_done(
                ws_key=call.ws_key,
                operation=call.kind.method,
                seconds=runtime.now() - began,
                outcome="ok" if isinstance(outcome, Response) else type(outcome).__name__,
            )
        except BaseException:  # not even SystemExit ends the loop
            log.exception("metrics.request_done raised")

    return measured


def _health_of(core: Core, session: Session) -> ConnectionHealth:
    health = session.health()
    if core.runtime.event_log is None:
        return health
    with unforked:
        from binance_wsapi.core.log_health import logs_of

    return msgspec.structs.replace(
        health, logs=logs_of(session, core.user_data, core._market_streams)
    )
