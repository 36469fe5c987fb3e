"""Threads for what may block: name look-ups, slow signatures, files."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

__all__ = ["OwnThreads"]

THREAD_NAME = "binance-wsapi-aside"


class OwnThreads(ThreadPoolExecutor):
    """Runs each piece of work on a daemon thread of its own.

    An event loop's usual pool takes no work any more once the main thread has returned, has the
    interpreter wait for work that hangs, and lets work wait behind other work. It is derived from
    that pool because loops take no other kind.
    """

    def __init__(self) -> None:
        super().__init__(max_workers=1)  # which it never starts

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Begin a piece of work.

        Raises:
            RuntimeError: No thread can be started any more.
        """
        done: Future[Any] = Future()

        def run() -> None:
            if not done.set_running_or_notify_cancel():
                return
            try:
                result = work(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001  (raised where the result is asked for)
                done.set_exception(error)
            else:
                done.set_result(result)

        threading.Thread(target=run, name=THREAD_NAME, daemon=True).start()
        return done
