"""One way to drive both clients, so that a behaviour is written down once and shown on each."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable
from typing import Any, Literal, Protocol

from binance_wsapi import AsyncClient, Client, EventStream, WsKey

Flavour = Literal["sync", "async"]
FLAVOURS: tuple[Flavour, ...] = ("sync", "async")
WAIT_S = 10.0
"""Bound of every wait: far more than anything here takes."""


class Caller(Protocol):
    """A client and the thread or loop that its calls are made on."""

    @property
    def client(self) -> Client | AsyncClient:
        """The client itself."""

    def begin(self, work: Callable[[Any], Any]) -> concurrent.futures.Future[Any]:
        """Start ``work(client)`` and return at once."""

    def call(self, work: Callable[[Any], Any]) -> Any:
        """Return what ``work(client)`` returns, or raise what it raises."""

    def next_event(self, stream: EventStream[Any]) -> Any:
        """Take the next event of a stream."""

    def close(self) -> None:
        """Close the client and end the threads; idempotent."""


class BlockingCaller:
    """Calls of the blocking client, each begun on a thread of its own."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._threads: list[threading.Thread] = []

    def begin(self, work: Callable[[Any], Any]) -> concurrent.futures.Future[Any]:
        done: concurrent.futures.Future[Any] = concurrent.futures.Future()

        def run() -> None:
            try:
                done.set_result(work(self.client))
            except BaseException as error:  # noqa: BLE001  (raised where the result is asked for)
                done.set_exception(error)

        thread = threading.Thread(target=run, name="caller", daemon=True)
        thread.start()
        self._threads.append(thread)
        return done

    def call(self, work: Callable[[Any], Any]) -> Any:
        return work(self.client)

    def next_event(self, stream: EventStream[Any]) -> Any:
        return stream.get(timeout=WAIT_S)

    def close(self) -> None:
        self.client.close()
        for thread in self._threads:
            thread.join(WAIT_S)
            assert not thread.is_alive(), "a call never ended"


class AwaitingCaller:
    """Calls of the async client, awaited on a loop that runs in a thread beside the test."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="caller", daemon=True)
        self._thread.start()

    def begin(self, work: Callable[[Any], Any]) -> concurrent.futures.Future[Any]:
        async def run() -> Any:
            return await work(self.client)

        return asyncio.run_coroutine_threadsafe(run(), self.loop)

    def call(self, work: Callable[[Any], Any]) -> Any:
        return self.begin(work).result(3 * WAIT_S)

    def next_event(self, stream: EventStream[Any]) -> Any:
        async def take() -> Any:
            async with asyncio.timeout(WAIT_S):
                return await stream.get_async()

        return asyncio.run_coroutine_threadsafe(take(), self.loop).result(2 * WAIT_S)

    def close(self) -> None:
        if self.loop.is_closed():
            return
        self.call(lambda client: client.close())

        async def settle() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            assert not others, f"calls never ended: {others}"
            await asyncio.get_running_loop().shutdown_default_executor()

        try:
            asyncio.run_coroutine_threadsafe(settle(), self.loop).result(WAIT_S)
        finally:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(WAIT_S)
            self.loop.close()


def caller_of(flavour: Flavour, **options: Any) -> Caller:
    """Return a caller of a new client."""
    if flavour == "sync":
        return BlockingCaller(Client(**options))
    return AwaitingCaller(AsyncClient(**options))


class Noted:
    """A handler that keeps what it was called with, for a test to wait on."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self._changed = threading.Condition()

    def __call__(self, event: Any) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait(self, count: int = 1) -> list[Any]:
        """Return the events once there are ``count`` of them."""
        return self.wait_until(lambda events: len(events) >= count)

    def wait_until(self, holds: Callable[[list[Any]], object]) -> list[Any]:
        """Return the events once they satisfy ``holds``."""
        with self._changed:
            assert self._changed.wait_for(lambda: holds(self.events), WAIT_S), self.events
            return list(self.events)


def rotating_after(caller: Caller, seconds: float) -> Caller:
    """Have the connections of a caller replaced more often than the option allows."""
    object.__setattr__(caller.client._runtime.options, "rotate_after", seconds)
    return caller


def noted(caller: Caller, *names: Any) -> Noted:
    """Return a handler that notes all events of these names."""
    handler = Noted()
    for name in names:
        caller.client.on(name, handler)
    return handler


def until(caller: Caller, holds: Callable[[Any], object]) -> None:
    """Return when something holds on the core's thread."""
    core = caller.client._core

    async def wait() -> None:
        async with asyncio.timeout(WAIT_S):
            while not holds(core):  # noqa: ASYNC110  (nobody tells)
                await asyncio.sleep(0.001)

    core.runtime.run(wait).result(2 * WAIT_S)


def until_dial_failed(caller: Caller, ws_key: WsKey = WsKey.MAIN_WSAPI) -> None:
    """Have a connection dialled, and return when that has failed: what is told from now on says why."""

    def has_failed(core: Any) -> str:
        session = core.sessions.of(ws_key)
        session.demand()
        return str(session.last_failure)

    until(caller, has_failed)


def are_waiting(count: int, core: Any, ws_key: WsKey = WsKey.MAIN_WSAPI) -> bool:
    """Whether so many calls wait for a connection, for :func:`until`."""
    session = core.sessions.open.get(ws_key)
    return bool(session is not None and session.health().waiting == count)
