"""What everything in the core stands on: loop, clocks, options, background work, the end of it all."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import itertools
import logging
import os
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from binance_wsapi.core.dialling import Dialling
from binance_wsapi.core.dispatch import Dispatcher
from binance_wsapi.core.ending import end_tasks
from binance_wsapi.core.exchanges import Exchanges
from binance_wsapi.core.neighbours import Neighbours
from binance_wsapi.core.transport import Transport
from binance_wsapi.errors import BinanceWsApiError, ClientClosed, NotSent
from binance_wsapi.events import BaseEventStream, EventLogChanged, EventStream, SharedLimitsChanged
from binance_wsapi.forks import unforked
from binance_wsapi.options import Options
from binance_wsapi.protocol.authorisation import Authoriser

if TYPE_CHECKING:
    from binance_wsapi.core.event_log import EventLog
    from binance_wsapi.core.shared_limits import SharedLimits

__all__ = ["LoopHost", "Runtime"]

log = logging.getLogger("binance_wsapi.core")

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


class Runtime:
    """What the parts of one client's core share; it knows none of them.

    ``run``, ``leave``, the ids and what tells of the end may be called from any thread; all else runs
    on the loop's thread.

    Args:
        options: The client's options.
        host: Where the loop runs.
        authoriser: Signs requests.
        transport: Opens sockets; aiohttp's by default.
        now: Monotonic seconds.
        wall_us: Epoch microseconds.
        prefix: What all ids begin with; chance by default.
        shared: Shares limits with other processes; nobody by default.
        neighbours: The clients that limits and clocks are shared with; nobody by default.
        event_log: Where user data is logged; nowhere by default.
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
        prefix: str | None = None,
        neighbours: Neighbours | None = None,
        shared: SharedLimits | None = None,
        event_log: EventLog | None = None,
    ) -> None:
        self.options = options
        self.host = host
        self.loop = host.loop
        self.owner: Callable[[], object] = lambda: None
        """Returns the client, while it lives: what it hands out keeps it alive."""
        self.widest_recv_window = options.recv_window
        """The longest that a caller's request may stay valid, milliseconds; ``None`` is the exchange's default."""
        self.in_floats = options.numbers == "float"
        """Whether the caller wants floats; the core itself never does."""
        self.call_timeout = options.timeout
        """Seconds a request may take, the core's own included."""
        self.stream_type: type[BaseEventStream[Any]] = EventStream
        """The streams that the client hands out."""
        self.now = now
        self.wall_us = wall_us
        self.authoriser = authoriser
        self.dispatcher = Dispatcher(
            size=options.event_buffer_size, overflow=options.event_overflow, wall_us=wall_us
        )
        self.exchanges = Exchanges(
            options,
            now,
            wall_us,
            neighbours=neighbours,
            post=host.loop.call_soon_threadsafe,
            shared=shared,
        )
        self.shared_limits = shared
        if shared is not None:
            shared.attach(self.spawn, now, self._tell_of_limits)
        self.event_log = event_log
        if event_log is not None:
            event_log.attach(self.spawn, now, self._tell_of_log)
        self.dialling = Dialling(options, self.exchanges, now, wall_us)
        self.is_closed = False
        """The client was closed."""
        self.is_ending = False
        """No connection may be opened any more."""
        self._transport = transport
        # Client order ids must not repeat across processes and restarts; request ids need only
        # differ within a connection, but one prefix does for both.
        self._prefix = os.urandom(8).hex() if prefix is None else prefix
        self.id_prefix = f"{options.client_order_id_prefix}{self._prefix}-"
        """What the client order ids begin with that :meth:`client_order_id` returns."""
        self._generated: tuple[str, ...] = (self.id_prefix,)
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._runs: dict[concurrent.futures.Future[Any], Coroutine[Any, Any, Any]] = {}

    def _tell_of_limits(self, kind: str, reason: str) -> None:
        self.dispatcher.post(kind, SharedLimitsChanged(kind=kind, reason=reason))

    def _tell_of_log(self, kind: str, log: str, reason: str) -> None:
        self.dispatcher.post(kind, EventLogChanged(kind=kind, log=log, reason=reason))

    @property
    def closed(self) -> bool:
        """Whether calls are refused."""
        return self.is_closed or self.host.stopped

    @property
    def is_borrowed(self) -> bool:
        """Whether a caller's thread runs the core in place of the loop's."""
        return getattr(self.loop, "borrower", None) is not None

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

    def client_order_id(self) -> str:
        """Return an order id that no other order of the account has."""
        return f"{self.id_prefix}{next(self._numbers)}"

    def request_id(self) -> str:
        """Return an id for one sending of a request."""
        return f"{self._prefix}{next(self._numbers)}"

    def is_generated(self, client_id: object) -> bool:
        """Whether a client order id was made up, by this client or by one that it goes on for."""
        return isinstance(client_id, str) and client_id.startswith(self._generated)

    def inherit(self, id_prefixes: Iterable[str]) -> None:
        """Count the ids that earlier clients with these prefixes made up among the generated ones."""
        self._generated = tuple({*self._generated, *filter(None, id_prefixes)})

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
            self.cancel_runs()
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

    def _cancel_run(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        for task in asyncio.all_tasks(self.loop):
            if task.get_coro() is coroutine:
                task.cancel()

    def cancel_runs(self) -> None:
        """End what :meth:`run` began: the client is closed."""
        for future, coroutine in list(self._runs.items()):
            future.cancel()
            if self.loop.is_closed():
                coroutine.close()  # the loop may have ended before it began

    @property
    def transport(self) -> Transport:
        """What opens sockets; its code is loaded with the first one, on this thread."""
        if self._transport is None:
            options = self.options
            with unforked:
                if options.transport_name == "direct":
                    from binance_wsapi.core.direct_transport import DirectTransport

                    opens: Callable[..., Transport] = DirectTransport
                else:
                    from binance_wsapi.core.aiohttp_transport import AiohttpTransport

                    opens = AiohttpTransport
            self._transport = opens(
                proxy=options.proxy,
                headers=options.headers,
                ssl=options.ssl,
                connect_timeout=options.connect_timeout,
            )
        return self._transport

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run something in the background; it ends with the client."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._spawned_ended)
        return task

    def _spawned_ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a background task failed", exc_info=error)

    async def cancel_tasks(self) -> None:
        """End what runs in the background."""
        await end_tasks(list(self._tasks))

    async def close_transport(self) -> None:
        """Give back what was shared, and let go of what opened sockets, if anything did."""
        try:
            if self.event_log is not None:
                await self.event_log.leave()
            if self.shared_limits is not None:
                await self.shared_limits.leave()
        finally:  # the time to close may be over in the midst of it: a server may answer nothing
            if self._transport is not None:
                await self._transport.close()
