"""The core of a client: what all its sessions share, and the door that any thread may use."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import datetime as dt
import itertools
import logging
import os
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlsplit

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.core.api_link import Authority
from binance_wsapi.core.api_session import ApiSession
from binance_wsapi.core.bell import loop_bell
from binance_wsapi.core.call import Call, CallKind, Outcome, kind_of
from binance_wsapi.core.call_errors import not_sendable
from binance_wsapi.core.dispatch import Dispatcher
from binance_wsapi.core.feed import Buffer
from binance_wsapi.core.giving_up import GivingUp
from binance_wsapi.core.key_source import ApiKeySource, RiskKeySource
from binance_wsapi.core.linked_feed import LinkedFeed
from binance_wsapi.core.listen_key import ListenKeyUserData
from binance_wsapi.core.reconciliation import Reconciler
from binance_wsapi.core.resolution import Resolver
from binance_wsapi.core.session import Session
from binance_wsapi.core.transport import HandshakeRefused, Transport
from binance_wsapi.core.user_data import ApiUserData
from binance_wsapi.endpoints import (
    EndpointKind,
    Environment,
    WsKey,
    api_key_beside,
    default_ws_key,
    endpoint,
    environment_of,
    rest_url,
    user_data_key,
)
from binance_wsapi.errors import (
    BinanceWsApiError,
    ClientClosed,
    ConfigurationError,
    IpBanned,
    NotSent,
    RequestRejected,
    ServerUndecided,
)
from binance_wsapi.events import BaseEventStream, EventStream
from binance_wsapi.forks import unforked
from binance_wsapi.health import ConnectionHealth, Metrics
from binance_wsapi.markets import Market
from binance_wsapi.markets.market import find
from binance_wsapi.options import REST, Options
from binance_wsapi.protocol.authorisation import Authoriser
from binance_wsapi.protocol.backoff import Backoff, ConnectionBudget
from binance_wsapi.protocol.clock import ServerClock
from binance_wsapi.protocol.envelope import encode_request
from binance_wsapi.protocol.limits import Governor, LimitUsage, governors
from binance_wsapi.protocol.own_orders import OwnOrders
from binance_wsapi.protocol.params import WireValue
from binance_wsapi.protocol.session import RetryPolicy
from binance_wsapi.response import Response

if TYPE_CHECKING:
    from binance_wsapi.core.market_streams import MarketStreams

__all__ = ["Core", "LoopHost"]

log = logging.getLogger("binance_wsapi.core")

CLOSE_TIMEOUT_S = 3.0

MARGIN_KEYS = frozenset({WsKey.MARGIN_USER_DATA, WsKey.MARGIN_RISK_USER_DATA})

T = TypeVar("T")


class LoopHost(Protocol):
    """Where the core's loop runs: a thread of its own, or a test's loop."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop."""

    stopped: bool
    """The loop takes no work any more."""

    forked: bool
    """This process is a fork, and the loop stayed with the parent."""

    thread_id: int | None
    """The thread the loop runs on."""

    def stop(self, cleanup: Callable[[], Coroutine[Any, Any, None]], timeout: float) -> None:
        """Run ``cleanup`` on the loop and end it."""


class _Retry:
    """How long a session waits before its next attempt."""

    def __init__(self, backoff: Backoff) -> None:
        self._backoff = backoff

    def failed(self, now: float) -> float:
        return self._backoff.next_delay(random.random())

    def succeeded(self, now: float) -> None:
        self._backoff.reset()


class Core:
    """Sessions, clock, key and handlers of one client.

    ``submit``, ``call``, ``encode``, ``run`` and ``close`` may be called from any thread; all
    else runs on the loop's thread.

    Args:
        options: The client's options.
        host: Where the loop runs.
        transport: Opens sockets; aiohttp's by default.
        now: Monotonic seconds.
        wall_us: Epoch microseconds.
    """

    def __init__(
        self,
        options: Options,
        host: LoopHost,
        *,
        authoriser: Authoriser,
        transport: Transport | None = None,
        now: Callable[[], float] = time.monotonic,
        wall_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self.options = options
        self.host = host
        self.loop = host.loop
        self.owner: Callable[[], object] = lambda: None
        """Returns the client, while it lives: what it hands out keeps it alive."""
        self.stream_type: type[BaseEventStream[Any]] = EventStream
        """The streams that the client hands out."""
        self.now = now
        self.wall_us = wall_us
        self._transport = transport
        self.authoriser = authoriser
        self._clocks: dict[tuple[Market, Environment, str], ServerClock] = {}
        self._time_offset_ms: float | None = None
        self._own_orders: dict[tuple[Market, Environment], OwnOrders] = {}
        self._governors: dict[Environment, dict[Market, Governor]] = {}
        self.resolver = Resolver()
        self.giving_up = GivingUp(self)
        self.dispatcher = Dispatcher(
            size=options.event_buffer_size, overflow=options.event_overflow, wall_us=wall_us
        )
        self.sessions: dict[WsKey, ApiSession] = {}
        self._connections = ConnectionBudget()
        self._user_data: dict[
            tuple[WsKey, str | None], tuple[ApiUserData | ListenKeyUserData, LinkedFeed]
        ] = {}
        self._reconcilers: dict[WsKey, Reconciler] = {}
        self._user_data_locks: dict[tuple[WsKey, str | None], asyncio.Lock] = {}
        self._market_streams: MarketStreams | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._links = itertools.count(1)
        # Client order ids must not repeat across processes and restarts; request ids need only
        # differ within a connection, but one prefix does for both.
        self._prefix = os.urandom(8).hex()
        self._numbers = itertools.count(1)
        self._timeout = options.timeout
        self._metrics = options.metrics
        self._inbox: deque[Call] = deque()
        self._woken = False
        self._ring: Callable[[], object] = loop_bell(self.loop, self.take_in) or (
            lambda: self.loop.call_soon_threadsafe(self.take_in)
        )
        self._runs: dict[concurrent.futures.Future[Any], Coroutine[Any, Any, Any]] = {}
        self._closed = False
        self._is_ending = False
        self._starting: set[ApiUserData | ListenKeyUserData] = set()
        """User data that is being subscribed for the first time."""

    # The door: any thread

    @property
    def closed(self) -> bool:
        """Whether calls are refused."""
        return self._closed or self.host.stopped

    def client_order_id(self) -> str:
        """Return an order id that no other order of the account has."""
        return f"{self._id_prefix}-{next(self._numbers)}"

    @property
    def _id_prefix(self) -> str:
        return f"{self.options.client_order_id_prefix}{self._prefix}"

    def request_id(self) -> str:
        """Return an id for one sending of a request."""
        return f"{self._prefix}{next(self._numbers)}"

    def is_generated(self, client_id: object) -> bool:
        """Whether a client order id is one of those that :meth:`client_order_id` returns."""
        return isinstance(client_id, str) and client_id.startswith(f"{self._id_prefix}-")

    def encode(self, call: Call, authority: Authority, now: float) -> None:
        """Stamp, sign and write down a request as it is sent under ``authority``.

        Raises:
            NotSent: It could not be signed, or not be written down.
        """
        kind = call.kind
        sent_us = authority.clock.timestamp_us(self.wall_us(), now)
        params = call.params
        if kind.signed or kind.keyed:
            try:
                params = call.sent_params = self.authoriser.authorise(
                    params,
                    signed=kind.signed,
                    logged_on=authority.logged_on and not kind.logs,
                    timestamp_ms=sent_us // 1000,
                )
            except Exception as error:
                # The caller's signer may raise anything.
                raise NotSent(
                    f"{kind.method} was not sent: it could not be signed: "
                    f"{type(error).__name__}: {error}",
                    operation=kind.method,
                    reason="not signed",
                ) from error
        try:
            call.frame = encode_request(call.id, kind.method, params)
        except Exception as error:
            # The exchange never sees it; whoever else waits on this connection must not suffer.
            raise NotSent(
                f"{kind.method} was not sent: it cannot be written as JSON: "
                f"{type(error).__name__}: {error}",
                operation=kind.method,
                reason="not encoded",
            ) from error
        call.encoded_for = authority
        call.encoded_at = now
        call.sent_us = sent_us

    def call(
        self,
        kind: CallKind,
        params: Mapping[str, WireValue],
        deliver: Callable[[Outcome], object],
        timeout: float | None = None,
    ) -> Call:
        """Return a request that is ready to be sent."""
        if timeout is None:
            timeout = self._timeout
        return Call(kind, params, deliver, self.request_id(), timeout, self.now())

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
        call = self.call(kind, params, deliver)
        call.ws_key = ws_key
        call.giving_up = self.giving_up
        return call

    def submit(self, call: Call, *, encode_here: bool) -> None:
        """Hand a request to the loop.

        Args:
            call: The request.
            encode_here: Sign and encode on this thread if the session is ready (it may be slow).

        Raises:
            NotSent: It could not be signed, or not be written down.
        """
        session = self.sessions.get(call.ws_key)
        if encode_here and session is not None and (authority := session.authority) is not None:
            self.encode(call, authority, call.made_at)
        if self._metrics is not None:
            call.deliver = self._measured(call, self._metrics)
        self._inbox.append(call)
        if self._closed or self.host.stopped:
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

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> Any:
        """Run a coroutine function on the loop and return its concurrent future.

        The future is cancelled when the client is closed before it is done.

        Raises:
            ClientClosed: The client is closed, or belongs to this process's parent.
        """
        if self.closed:
            raise self.closed_error()
        coroutine = work()
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        except RuntimeError:
            coroutine.close()
            raise self.closed_error() from None
        self._runs[future] = coroutine
        future.add_done_callback(lambda ended: self._runs.pop(ended, None))
        if self.loop.is_closed():  # between the look above and now
            self._cancel_runs()
        return future

    def leave(
        self, running: concurrent.futures.Future[T], undo: Callable[[T], object] | None
    ) -> None:
        """Nobody waits any more for what runs: it goes on to its end, unless it makes something.

        Args:
            running: What :meth:`run` returned.
            undo: Takes back what it makes; called on any thread if it has been made by now. ``None``
                where nothing is made.
        """
        if undo is None:
            return

        def take_back(ended: concurrent.futures.Future[T]) -> None:
            if not ended.cancelled() and ended.exception() is None:
                undo(ended.result())

        coroutine = self._runs.get(running)
        running.add_done_callback(take_back)
        if coroutine is not None:
            with contextlib.suppress(
                RuntimeError
            ):  # the loop is closed, and all that ran has ended
                # Not the future: it could not tell what is made at this moment.
                self.loop.call_soon_threadsafe(self._cancel_run, coroutine)

    def close(self) -> None:
        """End everything; idempotent, quick, from any thread."""
        if self._closed:
            return
        self._closed = True
        self.host.stop(self._end, CLOSE_TIMEOUT_S)
        self._refuse_inbox()
        self._cancel_runs()
        stands_on_loop = threading.get_ident() == self.host.thread_id
        self.dispatcher.close(timeout=0.0 if stands_on_loop else 1.0)

    def _cancel_run(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        for task in asyncio.all_tasks(self.loop):
            if task.get_coro() is coroutine:
                task.cancel()

    def _cancel_runs(self) -> None:
        for future, coroutine in list(self._runs.items()):
            future.cancel()
            if self.loop.is_closed():
                coroutine.close()  # the loop may have ended before it began

    def closed_error(self) -> ClientClosed:
        """Return why calls are refused."""
        if self.host.forked:
            return ClientClosed(
                "this client belongs to the parent process: make a new client after the fork"
            )
        return ClientClosed("the client is closed")

    def ended(self, method: str) -> BinanceWsApiError:
        """Return the error of what waited for a connection when that was closed on purpose."""
        if self.closed:
            return ClientClosed(f"{method} was not sent: the client was closed")
        return NotSent(
            f"{method} was not sent: its connection was closed meanwhile; repeating it is safe",
            operation=method,
            reason="disconnected",
        )

    # The loop's thread

    def session(self, ws_key: WsKey) -> ApiSession:
        """Return the session of a WebSocket API connection, made on first use.

        Raises:
            ConfigurationError: The environment has no such connection.
            ClientClosed: The client is being closed.
        """
        session = self.sessions.get(ws_key)
        if session is None:
            if self._is_ending:
                raise self.closed_error()
            self.url(ws_key)  # raises if the environment has none
            session = self.sessions[ws_key] = ApiSession(self, WsKey(ws_key))
        return session

    def url(self, ws_key: WsKey) -> str:
        """Return where a connection dials."""
        url = self.options.url(ws_key)
        if self.options.time_unit is not None and endpoint(ws_key).market.facts.takes_microseconds:
            url += f"{'&' if '?' in url else '?'}timeUnit={self.options.time_unit}"
        return url

    @property
    def transport(self) -> Transport:
        """What opens sockets; aiohttp is loaded with the first one, on this thread."""
        if self._transport is None:
            with unforked:
                from binance_wsapi.core.aiohttp_transport import AiohttpTransport

            options = self.options
            self._transport = AiohttpTransport(
                proxy=options.proxy,
                headers=options.headers,
                ssl=options.ssl,
                connect_timeout=options.connect_timeout,
            )
        return self._transport

    def rest_url(self) -> str:
        """Return the REST host of the margin listen token."""
        overrides: Mapping[Any, str] = self.options.urls or {}
        return overrides.get(REST) or rest_url(Market.SPOT, self.options.environment)

    def kind(self, market: Market, method: str) -> CallKind:
        """Return the kind of call that a wire operation makes."""
        with unforked:
            operation = operation_by_method(market, method)
        return CallKind(method, None) if operation is None else kind_of(operation)

    async def limit_usage(self) -> dict[str, list[LimitUsage]]:
        """Return how far the limits are used up, by market."""
        return {
            market.value: self.governor_of(ws_key).usage(self.exchange_us(ws_key))
            for market in Market
            for ws_key in (default_ws_key(market),)
        }

    def governor_of(self, ws_key: WsKey) -> Governor:
        """Return what keeps the limits of the exchange that a connection belongs to."""
        environment = environment_of(ws_key, self.options.environment)
        by_market = self._governors.get(environment)
        if by_market is None:
            by_market = self._governors[environment] = governors()
        return by_market[endpoint(ws_key).market]

    def clock_of(self, ws_key: WsKey) -> ServerClock:
        """Return the clock of the exchange that a connection belongs to.

        Exchanges differ by market, environment and the host of the WebSocket API.
        """
        environment = environment_of(ws_key, self.options.environment)
        try:
            host = urlsplit(self.options.url(api_key_beside(ws_key))).netloc
        except ConfigurationError:  # streams alone: nothing there to measure by
            host = ""
        exchange = endpoint(ws_key).market, environment, host
        clock = self._clocks.get(exchange)
        if clock is None:
            clock = self._clocks[exchange] = ServerClock()
            # Read after it can be found: an offset set meanwhile, on another thread, is not missed.
            clock.set_time_offset_ms(self._time_offset_ms)
        return clock

    def own_orders_of(self, ws_key: WsKey) -> OwnOrders:
        """Return what answers have shown of the orders of a connection's exchange."""
        environment = environment_of(ws_key, self.options.environment)
        return self._own_orders.setdefault((endpoint(ws_key).market, environment), OwnOrders())

    def set_time_offset_ms(self, offset_ms: float | None) -> None:
        """Set by how much every exchange is ahead of the wall clock; from any thread."""
        self._time_offset_ms = offset_ms
        for clock in list(self._clocks.values()):
            clock.set_time_offset_ms(offset_ms)

    def exchange_us(self, ws_key: WsKey) -> int:
        """Return the time of the exchange that a connection belongs to, epoch microseconds."""
        return self.clock_of(ws_key).timestamp_us(self.wall_us(), self.now())

    @property
    def has_user_data(self) -> bool:
        """Whether any account's events are subscribed."""
        return bool(self._user_data)

    def next_link(self) -> int:
        """Return a number for a link."""
        return next(self._links)

    def retry_policy(self) -> RetryPolicy:
        """Return how a new session backs off."""
        options = self.options
        return _Retry(
            Backoff(
                first_s=options.reconnect_delay,
                factor=options.reconnect_factor,
                max_s=options.reconnect_delay_max,
            )
        )

    def rotation_delay(self) -> float | None:
        """Return the seconds after which a serving link is replaced."""
        options = self.options
        if options.rotate_at is None:
            return options.rotate_after
        now = dt.datetime.fromtimestamp(self.wall_us() / 1e6, dt.UTC)
        moment = options.rotate_at.replace(tzinfo=options.rotate_at.tzinfo or dt.UTC)
        due = dt.datetime.combine(now.astimezone(moment.tzinfo).date(), moment)
        while due <= now + dt.timedelta(minutes=1):
            due += dt.timedelta(days=1)
        return (due - now).total_seconds()

    def dial_delay(self, ws_key: WsKey) -> float:
        """Return the seconds to wait before limits and bans allow a connection attempt."""
        now = self.now()
        silence = self.governor_of(ws_key).silence
        return max(self._connections.delay(now), silence.handshake_delay(now))

    def refused(self, ws_key: WsKey, error: BinanceWsApiError) -> None:
        """Take note of a limit or a ban that an answer to a request or to a REST call tells of."""
        if isinstance(error, (RequestRejected, ServerUndecided)):
            wait = self.governor_of(ws_key).silence.refused(
                status=error.status,
                code=error.code,
                wait=error.retry_after if isinstance(error, RequestRejected) else None,
                is_ban=isinstance(error, IpBanned),
                now=self.now(),
                wall_us=self.exchange_us(ws_key),
            )
            self._silenced(ws_key, str(error), wait)

    def dialled(self) -> None:
        """Count a connection attempt."""
        self._connections.record(self.now())

    def handshake_refused(self, ws_key: WsKey, error: HandshakeRefused) -> None:
        """Take note of what the exchange said to a connection attempt."""
        wait = self.governor_of(ws_key).silence.handshake_refused(
            status=error.status,
            wait=error.retry_after,
            now=self.now(),
            wall_us=self.exchange_us(ws_key),
        )
        self._silenced(ws_key, str(error), wait)

    def _silenced(self, ws_key: WsKey, why: str, wait: float | None) -> None:
        """Tell of a limit or a ban, and end what would wait for it in vain."""
        if wait is None:
            return
        silence = self.governor_of(ws_key).silence
        log.warning("%s: %s for %.1f s: %s", ws_key, silence.reason(self.now()), wait, why)
        for session in self._all_sessions():
            if session.silence is silence:
                session.silenced()

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run something in the background; it ends with the client."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._spawned_ended)
        return task

    async def connect(self, ws_key: WsKey) -> None:
        """Bring a connection up and wait until it is ready."""
        await self.session(ws_key).ready_or_not_sent("connect")

    async def rotate(self, ws_key: WsKey) -> None:
        """Replace what a key stands for by fresh connections; return when those serve."""
        rotated: list[Session] = []
        if endpoint(ws_key).kind is EndpointKind.WS_API:
            rotated.append(self.session(ws_key))
        elif self._market_streams is not None:
            rotated += self._market_streams.sessions(ws_key)
        for (key, _), (subscription, _) in self._user_data.items():
            if isinstance(subscription, ListenKeyUserData) and ws_key in {key, subscription.ws_key}:
                rotated.append(subscription)
        await asyncio.gather(*(session.rotated("rotate") for session in rotated))

    async def health(self) -> list[ConnectionHealth]:
        """Return how each connection in use is doing."""
        return [
            session.health() for session in self._all_sessions() if session not in self._starting
        ]

    def _all_sessions(self) -> list[Session]:
        sessions: list[Session] = list(self.sessions.values())
        subscriptions = [*self._starting, *(kept for kept, _ in self._user_data.values())]
        sessions += [each for each in subscriptions if isinstance(each, ListenKeyUserData)]
        if self._market_streams is not None:
            sessions += self._market_streams.sessions()
        return sessions

    @property
    def market_streams(self) -> MarketStreams:
        """The client's market streams, made (and their code loaded) on first use."""
        if self._market_streams is None:
            with unforked:
                from binance_wsapi.core.market_streams import MarketStreams

            self._market_streams = MarketStreams(self)
        return self._market_streams

    async def subscribe_user_data(
        self, ws_key: WsKey, isolated_symbol: str | None
    ) -> tuple[Any, bool]:
        """Return the user data stream of a connection, subscribed, and whether it was not before."""
        self._check_user_data(ws_key, isolated_symbol)
        key = (ws_key, isolated_symbol)
        timeout = self.options.timeout
        lock = self._user_data_locks.setdefault(key, asyncio.Lock())
        began = self.now()
        try:
            async with asyncio.timeout(timeout):
                await lock.acquire()
        except TimeoutError:
            raise NotSent(
                f"{ws_key}: another call has been subscribing the same user data for {timeout:g} s; "
                "repeating it is safe",
                operation="userDataStream.subscribe",
                reason="not connected",
            ) from None
        try:
            return await self._subscribe_user_data(key, began + timeout - self.now())
        finally:
            lock.release()

    async def _subscribe_user_data(
        self, key: tuple[WsKey, str | None], timeout: float
    ) -> tuple[Any, bool]:
        ws_key, isolated_symbol = key
        existing = self._user_data.get(key)
        if existing is not None:
            await existing[0].renew(timeout)
            return existing[1].open_stream(), False
        account = f" of {isolated_symbol}" if isolated_symbol else ""
        isolated = f", isolated_symbol={isolated_symbol!r}" if isolated_symbol else ""
        with unforked:
            decode = user_event_decoder(ws_key)
        feed = LinkedFeed(
            self,
            ws_key,
            name=f"user data of {ws_key}{account}",
            decode=decode,
            handler_event="user_data",
            close=lambda buffer: self._close_user_data(key, buffer),
            subscribed_by=f"subscribe_user_data_stream(WsKey.{ws_key.name}{isolated})",
        )
        if ws_key not in MARGIN_KEYS:  # whose orders only REST can ask for
            session = self.session(ws_key)
            feed.make_reconciler = lambda: Reconciler(session, feed.put)
        subscription = self._user_data_subscription(ws_key, isolated_symbol, feed)
        self._starting.add(subscription)
        try:
            await subscription.start(timeout)
        finally:
            self._starting.discard(subscription)
        self._user_data[key] = (subscription, feed)
        if feed.reconciler is not None:
            self._reconcilers[ws_key] = feed.reconciler
            self._share_reconcilers()
            feed.reconciler.start()
        return feed.stream, True

    async def unsubscribe_user_data(
        self,
        ws_key: WsKey,
        isolated_symbol: str | None,
        *,
        buffer: Buffer | None = None,
    ) -> None:
        """End the user data stream of a connection; nothing to do when there is none.

        What the exchange has not confirmed within the timeout is seen to in the background.

        Args:
            ws_key: The connection.
            isolated_symbol: The symbol of an isolated margin account.
            buffer: What the stream to end reads; nothing to do when there is another one by now.
        """
        ending = self.spawn(self._unsubscribe_user_data((ws_key, isolated_symbol), buffer))
        await asyncio.wait({ending}, timeout=self.options.timeout)
        if ending.done():
            ending.result()

    async def _unsubscribe_user_data(
        self, key: tuple[WsKey, str | None], buffer: Buffer | None
    ) -> None:
        ws_key, _ = key
        # One after the other: giving a listen key back would take it from who has just started it.
        async with self._user_data_locks.setdefault(key, asyncio.Lock()):
            subscription, feed = self._user_data.get(key, (None, None))
            if subscription is None or feed is None:
                return
            if buffer is None or buffer is feed.buffer:
                del self._user_data[key]
                self._reconcilers.pop(ws_key, None)
                self._share_reconcilers()
                await subscription.stop()

    def listen_key_stopped(self, ws_key: WsKey) -> None:
        """The account's listen key was stopped by a request on this connection."""
        subscription, _ = self._user_data.get((ws_key, None), (None, None))
        if isinstance(subscription, ListenKeyUserData):
            subscription.key_stopped()

    def reconcilers_of(self, ws_key: WsKey) -> list[Reconciler]:
        """Return what follows the orders of the account that a connection trades with."""
        return [
            reconciler
            for other, reconciler in self._reconcilers.items()
            if endpoint(other).market is endpoint(ws_key).market
            and (other is ws_key or "TESTNET" not in other.name + ws_key.name)
        ]

    def _share_reconcilers(self) -> None:
        for ws_key, session in self.sessions.items():
            session.reconcilers = self.reconcilers_of(ws_key)

    def _user_data_subscription(
        self, ws_key: WsKey, isolated_symbol: str | None, feed: LinkedFeed
    ) -> ApiUserData | ListenKeyUserData:
        if ws_key is WsKey.MARGIN_RISK_USER_DATA:
            return ListenKeyUserData(self, ws_key, RiskKeySource(self), feed)
        session = self.session(ws_key)
        if ws_key is WsKey.MARGIN_USER_DATA:
            from binance_wsapi.core.margin import MarginUserData

            return MarginUserData(self, session, feed, isolated_symbol)
        if endpoint(ws_key).market.facts.has_listen_keys:
            return ListenKeyUserData(self, user_data_key(ws_key), ApiKeySource(session), feed)
        return ApiUserData(self, session, feed)

    def _check_user_data(self, ws_key: WsKey, isolated_symbol: str | None) -> None:
        """Refuse what can have no user data.

        Raises:
            ConfigurationError: The connection, the symbol or the client's key do not fit.
        """
        if isolated_symbol is not None and ws_key is not WsKey.MARGIN_USER_DATA:
            raise ConfigurationError(
                f"WsKey.{ws_key.name} has no isolated accounts: isolated_symbol goes with "
                "WsKey.MARGIN_USER_DATA"
            )
        market = endpoint(ws_key).market
        needed = "userDataStream.start"
        if ws_key is not WsKey.MARGIN_RISK_USER_DATA:
            check_api_key(ws_key)
            if not market.facts.has_listen_keys:
                needed = "userDataStream.subscribe.signature"
        operation = operation_by_method(market, needed)
        assert operation is not None
        self.authoriser.check(operation)

    async def disconnect_all(self) -> None:
        """End all sessions and streams; the next call connects anew."""
        sessions, self.sessions = list(self.sessions.values()), {}
        self._reconcilers.clear()
        user_data, self._user_data = list(self._user_data.values()), {}
        # Streams first: one that is closed on purpose has no gap at its end.
        subscriptions = [*self._starting, *(subscription for subscription, _ in user_data)]
        endings = [subscription.close("closed by this side") for subscription in subscriptions]
        endings += [session.close("closed by this side") for session in sessions]
        if self._market_streams is not None:
            endings.append(self._market_streams.close("closed by this side"))
        await asyncio.gather(*endings)

    def _close_user_data(self, key: tuple[WsKey, str | None], buffer: Buffer) -> None:
        with contextlib.suppress(ClientClosed):
            self.run(lambda: self.unsubscribe_user_data(*key, buffer=buffer))

    def _measured(self, call: Call, metrics: Metrics) -> Callable[[Outcome], object]:
        deliver, began = call.deliver, self.now()

        def measured(outcome: Outcome) -> None:
            deliver(outcome)
            try:
                metrics.request_done(
                    ws_key=call.ws_key,
                    operation=call.kind.method,
                    seconds=self.now() - began,
                    outcome="ok" if isinstance(outcome, Response) else type(outcome).__name__,
                )
            except BaseException:  # not even SystemExit ends the loop
                log.exception("metrics.request_done raised")

        return measured

    def take_in(self) -> None:
        """Send what was handed in."""
        self._woken = False
        inbox = self._inbox
        while inbox:
            call = inbox.popleft()
            try:
                (self.sessions.get(call.ws_key) or self.session(call.ws_key)).submit(call)
            except BinanceWsApiError as error:
                call.settle(error)
            except Exception as error:
                # The edge of a call: those behind it must not be lost with it.
                log.exception("%s could not be sent", call.kind.method)
                call.settle(not_sendable(call, error))

    def _refuse_inbox(self) -> None:
        inbox = self._inbox
        while inbox:
            try:
                call = inbox.popleft()
            except IndexError:
                return
            call.settle(self.closed_error())

    def _spawned_ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a background task failed", exc_info=error)

    async def _end(self) -> None:
        self._is_ending = True
        self.take_in()
        # First what would ask on, or open connections, while they are being closed.
        await self._cancel_tasks()
        await self.disconnect_all()
        await self._cancel_tasks()
        if self._transport is not None:
            await self._transport.close()

    async def _cancel_tasks(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def check_api_key(ws_key: WsKey) -> None:
    """Refuse a connection that takes no requests.

    Raises:
        ConfigurationError: It is a stream connection, or none at all.
    """
    takers = [key for key in WsKey if endpoint(key).kind is EndpointKind.WS_API]
    if ws_key not in takers:
        allowed = ", ".join(f"WsKey.{key.name}" for key in takers)
        raise ConfigurationError(f"{ws_key!r} takes no requests: use one of {allowed}")


def user_event_decoder(ws_key: WsKey) -> Callable[[bytes], Any]:
    """Return what makes typed events from a connection's user data."""
    if ws_key in MARGIN_KEYS:
        from binance_wsapi.models.margin_events import decode_margin_event

        return decode_margin_event
    decoder: Callable[[bytes], Any] = find(endpoint(ws_key).market.facts.user_event_decoder)
    return decoder
