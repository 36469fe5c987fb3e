"""A thread that waits for an answer is interrupted whenever the interrupt comes."""

from __future__ import annotations

import _thread
import threading
from typing import Literal

import pytest
from callers import WAIT_S
from scripted_server import Peer, ScriptedServer

from binance_wsapi import Client


@pytest.mark.parametrize("transport", ["aiohttp", "direct"])
def test_an_interrupt_the_moment_before_the_thread_falls_asleep_is_taken(
    scripted: ScriptedServer, transport: Literal["aiohttp", "direct"]
) -> None:
    """Such a one ends no system call that begins after it: nothing wakes the thread for its sake."""
    asked, ended = threading.Event(), threading.Event()
    in_time: list[bool] = []

    async def late(peer: Peer, request: dict[str, object]) -> None:
        asked.set()

    scripted.replies["ping"] = late

    def interrupt() -> None:
        asked.wait(WAIT_S)
        _thread.interrupt_main()  # as if it had come before: it ends no system call
        in_time.append(ended.wait(WAIT_S))

    interrupter = threading.Thread(target=interrupt, name="caller", daemon=True)
    with Client(
        urls=scripted.urls, attach_event_listeners=False, transport=transport, timeout=3 * WAIT_S
    ) as client:
        client.connect()
        interrupter.start()
        with pytest.raises(KeyboardInterrupt):
            client.spot.test_connectivity()
        ended.set()

    interrupter.join()
    assert in_time == [True], "the call waited for its timeout"
