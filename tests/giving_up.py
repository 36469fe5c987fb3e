"""Ways to give a call up while it is under way."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from typing import Any

from callers import WAIT_S, AwaitingCaller, Caller


def given_up_when(ready: Callable[[], object], caller: Caller, work: Callable[[Any], Any]) -> Any:
    """Begin ``work(client)``, end its wait once ``ready`` returns, and return the exception.

    By Ctrl-C on the blocking client, which is why the test's own thread makes the call; by
    cancellation on the other.
    """
    if isinstance(caller, AwaitingCaller):
        return _cancelled_when(ready, caller, work)
    return interrupted_when(ready, lambda: caller.call(work))


def interrupted_when(ready: Callable[[], object], work: Callable[[], Any]) -> BaseException:
    main = threading.main_thread().ident
    assert threading.get_ident() == main
    problems: list[BaseException] = []

    def interrupt() -> None:
        try:
            ready()
        except BaseException as error:  # noqa: BLE001  (raised in the test)
            problems.append(error)
        signal.pthread_kill(main, signal.SIGINT)

    interrupter = threading.Thread(target=interrupt, name="caller", daemon=True)
    interrupter.start()
    try:
        ended = work()
    except KeyboardInterrupt as error:
        assert not problems, problems
        return error
    finally:
        interrupter.join(WAIT_S)
    raise AssertionError(f"it ended by itself: {ended}")


def _cancelled_when(
    ready: Callable[[], object], caller: AwaitingCaller, work: Callable[[Any], Any]
) -> BaseException:
    tasks: list[asyncio.Task[Any]] = []

    async def run(client: Any) -> BaseException:
        task = asyncio.current_task()
        assert task is not None
        tasks.append(task)
        try:
            ended = await work(client)
        except asyncio.CancelledError as error:
            return error
        raise AssertionError(f"it ended by itself: {ended}")

    running = caller.begin(run)
    ready()
    caller.loop.call_soon_threadsafe(tasks[0].cancel)
    error: BaseException = running.result(WAIT_S)
    return error
