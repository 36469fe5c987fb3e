"""The thread on which handlers run: never the core's loop, so a handler may block and call the client."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from binance_wsapi.buffer import BufferEnded, EventBuffer
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.events import ConnectionEvent, StreamGap
from binance_wsapi.forks import ends_at_fork
from binance_wsapi.options import Overflow

__all__ = ["Dispatcher", "Handler"]

log = logging.getLogger("binance_wsapi.handlers")

THREAD_NAME = "binance-wsapi-handlers"

EVENT_NAMES = (
    "open",
    "authenticated",
    "reconnecting",
    "reconnected",
    "rotated",
    "close",
    "exception",
    "message",
    "user_data",
    "outcome",
    "limits_shared",
    "limits_alone",
    "log_away",
    "log_back",
)

Handler = Callable[[Any], object]
_Added = tuple[Handler, asyncio.AbstractEventLoop | None]
"""A handler, and the loop it runs on if it is a coroutine function."""
_Posted = tuple[str, Callable[[Any], Any], Any]
"""An event's name, what makes it, and of what."""


class Dispatcher:
    """Calls the handlers of a client, one event after the other, on a thread of its own.

    Any thread may add and remove handlers and post events. The thread starts with the first
    handler. A coroutine function added on a running event loop runs on that loop.

    Args:
        size: Most events that wait for slow handlers.
        overflow: What happens to more; ``user_data`` handlers are told by a ``StreamGap``. The
            oldest events go where a stream would be closed: handlers have none.
        wall_us: Reads the clock, epoch microseconds.
    """

    def __init__(self, *, size: int, overflow: Overflow, wall_us: Callable[[], int]) -> None:
        self._handlers: dict[str, tuple[_Added, ...]] = dict.fromkeys(EVENT_NAMES, ())
        self._running: set[Any] = set()
        self.hears_messages = False
        """Whether anybody wants every frame."""
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._wall_us = wall_us
        self._buffer: EventBuffer[_Posted] = EventBuffer(
            size=size,
            overflow="drop_oldest" if overflow == "close" else overflow,
            lost_marker=self._overflowed,
        )
        ends_at_fork(self)

    def left_behind(self) -> None:
        """In a forked child: the handlers' thread stayed with the parent."""
        self._lock = threading.Lock()

    def hears(self, name: str) -> bool:
        """Whether anybody wants these events."""
        return bool(self._handlers[name])

    @property
    def is_current(self) -> bool:
        """Whether the caller stands on the handlers' thread."""
        return threading.current_thread() is self._thread

    def on(self, name: str, handler: Handler) -> None:
        """Have a handler called with each event of this name from now on."""
        self._check(name)
        if not callable(handler):
            raise ConfigurationError(f"the handler of {name!r} is not callable: {handler!r}")
        loop = _running_loop(name) if _is_awaited(handler) else None
        with self._lock:
            self._handlers[name] = (*self._handlers[name], (handler, loop))
            self.hears_messages = bool(self._handlers["message"])
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
                self._thread.start()

    def off(self, name: str, handler: Handler) -> None:
        """Call a handler no more; one that was never added is no error."""
        self._check(name)
        with self._lock:
            self._handlers[name] = tuple(
                added for added in self._handlers[name] if added[0] != handler
            )
            self.hears_messages = bool(self._handlers["message"])

    def post(self, name: str, event: Any) -> None:
        """Hand an event to its handlers."""
        self.post_lazily(name, _itself, event)

    def post_lazily(self, name: str, make: Callable[[Any], Any], what: Any) -> None:
        """Hand an event to its handlers, to be made on their thread."""
        if self._handlers[name]:
            self._buffer.put((name, make, what))

    def close(self, timeout: float) -> None:
        """Let the handlers finish what waits, for ``timeout`` seconds at most."""
        self._buffer.end()
        if self._thread is not None and not self.is_current:
            self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            taken: list[_Posted] = []
            try:
                self._buffer.take_into(taken, None)  # nothing interrupts this thread
            except BufferEnded:
                return
            name, make, what = taken[0]
            try:
                event = make(what)
            except Exception:
                log.exception("an event for the handlers of %r could not be read", name)
                continue
            for handler, loop in self._handlers[name]:
                self._call(name, handler, loop, event)

    def _call(
        self,
        name: str,
        handler: Handler,
        loop: asyncio.AbstractEventLoop | None,
        event: Any,
    ) -> None:
        try:
            if loop is None:
                returned = handler(event)
                if returned is not None:
                    _refuse_coroutine(returned)
            else:
                loop.call_soon_threadsafe(self._spawn, loop, name, handler, event)
        except BaseException as error:  # noqa: BLE001  (not even SystemExit ends other handlers)
            self._failed(name, handler, error)

    def _spawn(
        self, loop: asyncio.AbstractEventLoop, name: str, handler: Handler, event: Any
    ) -> None:
        async def run() -> None:
            try:
                work = handler(event)
                assert isinstance(work, Coroutine)
                await work
            except (Exception, SystemExit) as error:  # noqa: BLE001  (as above; Ctrl-C is the loop's)
                self._failed(name, handler, error)

        task = loop.create_task(run())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _failed(self, name: str, handler: Handler, error: BaseException) -> None:
        log.error("handler %r of %r raised", handler, name, exc_info=error)
        if name != "exception":
            self.post(
                "exception",
                ConnectionEvent(
                    kind="exception", error=error, reason=f"a handler of {name!r} raised"
                ),
            )

    def _overflowed(self, lost: int) -> _Posted:
        log.warning("handlers are too slow: %s events were dropped", lost)
        now_ms = self._wall_us() // 1000
        gap = StreamGap(
            from_ms=now_ms, until_ms=now_ms, reason="the handlers were too slow", lost=lost
        )
        return "user_data", _itself, gap

    def _check(self, name: str) -> None:
        if name not in EVENT_NAMES:
            raise ConfigurationError(f"no event {name!r}: use one of {', '.join(EVENT_NAMES)}")


def _itself(event: Any) -> Any:
    return event


def _is_awaited(handler: Handler) -> bool:
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(
        getattr(handler, "__call__", None)  # noqa: B004  (not whether it is callable, but how)
    )


def _refuse_coroutine(returned: object) -> None:
    if inspect.iscoroutine(returned):
        returned.close()
        raise TypeError("the handler returned a coroutine: add the coroutine function itself")


def _running_loop(name: str) -> asyncio.AbstractEventLoop:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise ConfigurationError(
            f"the handler of {name!r} is a coroutine function: add it inside a running event loop"
        ) from None
