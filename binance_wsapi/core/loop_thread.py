"""The daemon thread that carries the core's loop."""

from __future__ import annotations

import _thread
import asyncio
import logging
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from types import BuiltinFunctionType
from typing import Any

from binance_wsapi.core.baton import CoreLoop, SelectorLoop
from binance_wsapi.core.ending import end_tasks
from binance_wsapi.core.own_threads import OwnThreads
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.forks import ends_at_fork, unforked

__all__ = ["LoopThread"]

THREAD_NAME = "binance-wsapi"

log = logging.getLogger("binance_wsapi.core")


class LoopThread:
    """One event loop on one daemon thread.

    Any thread may call every method; :meth:`stop` is idempotent and safe from any thread but the
    loop's own. A forked child inherits no thread: there, :attr:`forked` is true and nothing works.

    Args:
        owns_sockets: The loop is to watch sockets of this library's own.
    """

    def __init__(self, *, owns_sockets: bool = False) -> None:
        self.forked = False
        """This process is a fork: the thread stayed with the parent."""
        self.stopped = False
        """The loop takes no work any more."""
        _check_threads()
        with unforked:
            self.loop = CoreLoop() if owns_sockets else _new_loop()
        self.loop.set_default_executor(OwnThreads())
        self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
        self._thread.start()
        self.thread_id: int | None = self._thread.ident
        ends_at_fork(self)

    def stop(self, cleanup: Callable[[], Awaitable[None]], timeout: float) -> None:
        """Run ``cleanup`` on the loop, end the loop, and wait for the thread for ``timeout`` seconds."""
        if self.stopped:
            return
        self.stopped = True

        async def last_words() -> None:
            try:
                async with asyncio.timeout(timeout):
                    await cleanup()
            except TimeoutError:
                log.warning("connections did not close within %s s; they are abandoned", timeout)
            finally:
                self.loop.stop()

        def begin() -> None:
            self._last_words = self.loop.create_task(last_words())

        try:
            self.loop.call_soon_threadsafe(begin)
        except RuntimeError:  # the loop ended by itself
            return
        if threading.get_ident() != self.thread_id:
            self._thread.join(timeout + 1.0)

    def _run(self) -> None:
        # One early allocation above glibc's mmap threshold raises the threshold: the loops' receive
        # buffers then come from the heap and are no longer mapped and unmapped for every message.
        bytes(4 << 20)
        asyncio.set_event_loop(self.loop)
        abandoned: set[asyncio.Task[Any]] = set()
        try:
            self._run_until_stopped()
            while pending := asyncio.all_tasks(self.loop) - abandoned:
                self.loop.run_until_complete(end_tasks(pending))
                abandoned |= pending
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        finally:
            self.stopped = True
            self.thread_id = None  # the number goes to another thread
            asyncio.set_event_loop(None)
            self._close()

    def _close(self) -> None:
        try:
            self.loop.close()
        except OSError:
            # uvloop closes what was left open, but not while warnings are errors: it warns of it first.
            log.exception("the client's own loop was left with something open")

    def _run_until_stopped(self) -> None:
        while True:
            try:
                self.loop.run_forever()
            except BaseException:
                # Loops end at SystemExit and the like, and so would every connection: whoever raised
                # it here, a log handler perhaps, has no business ending them.
                log.exception("the client's own thread goes on after what a callback raised")
            else:
                return

    def left_behind(self) -> None:
        """In a forked child: the thread stayed with the parent."""
        self.forked = self.stopped = True
        self.thread_id = None  # the number goes to another thread


def _check_threads() -> None:
    if not isinstance(_thread.start_new_thread, BuiltinFunctionType):
        by = next((name for name in ("gevent", "eventlet") if name in sys.modules), "something")
        raise ConfigurationError(
            f"{by} has replaced the threads of this process, and a client needs one that is real: leave "
            "them as they are (gevent: monkey.patch_all(thread=False); eventlet: "
            "monkey_patch(thread=False)), or use the client in a process of its own"
        )


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        # Windows has no uvloop, and its proactor loop has no such buffer.
        return asyncio.new_event_loop() if os.name == "nt" else SelectorLoop()
    return uvloop.new_event_loop()
