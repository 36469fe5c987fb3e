"""The end of a client's thread: tasks that are hard to end, and a loop that is hard to close."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from callers import WAIT_S

from binance_wsapi import Client
from binance_wsapi.core.aiohttp_transport import AiohttpTransport
from binance_wsapi.core.loop_thread import LoopThread
from binance_wsapi.simulator import SimulatedExchange

LEFT_OPEN = """
import asyncio, socket, threading
from binance_wsapi.core.loop_thread import LoopThread

listening = socket.create_server(("127.0.0.1", 0))
thread = LoopThread()

async def leave_open():
    transport, _ = await thread.loop.create_connection(asyncio.Protocol, *listening.getsockname())
    transport.pause_reading()  # uvloop would wait for what comes
    kept.append(transport)

kept = []
thread.stop(leave_open, 10.0)
print(thread.loop.is_closed(), [each.name for each in threading.enumerate()])
"""


class Deaf:
    """A task that loses cancellations."""

    def __init__(self, client: Client, cancellations: int) -> None:
        self._left = cancellations
        self.is_ended = False
        runtime = client._runtime
        asyncio.run_coroutine_threadsafe(self._begin(client), runtime.loop).result(WAIT_S)

    async def _begin(self, client: Client) -> None:
        client._runtime.spawn(self._run())
        await asyncio.sleep(0)

    async def _run(self) -> None:
        try:
            while True:
                try:
                    await asyncio.get_running_loop().create_future()
                except asyncio.CancelledError:
                    self._left -= 1
                    if self._left < 0:
                        raise
        finally:
            self.is_ended = True


def test_a_task_that_loses_a_cancellation_ends_all_the_same(
    exchange: SimulatedExchange, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(**exchange.client_options())
    client.spot.test_connectivity()
    deaf = Deaf(client, 1)
    client.close()

    assert deaf.is_ended
    assert client._runtime.loop.is_closed()
    assert "did not close" not in caplog.text


def test_a_task_that_never_ends_keeps_nothing_open(
    exchange: SimulatedExchange, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(**exchange.client_options(), transport="aiohttp")
    client.spot.test_connectivity()
    deaf = Deaf(client, 10**6)
    client.close()

    host, transport = client._runtime.host, client._runtime.transport
    assert isinstance(host, LoopThread)
    assert isinstance(transport, AiohttpTransport)
    host._thread.join(WAIT_S)
    assert host.loop.is_closed()
    assert transport._http is not None
    assert transport._http.closed
    assert "does not end; it is abandoned" in caplog.text
    assert "reconnecting" not in caplog.text, "its connections are closed, not lost"
    assert not deaf.is_ended


@pytest.mark.parametrize("loop", ["uvloop", "stdlib"])
def test_a_thread_whose_loop_cannot_be_closed_ends_without_an_exception(loop: str) -> None:
    """While warnings are errors, uvloop closes nothing that it warns of."""
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    hide = "" if loop == "uvloop" else "import sys; sys.modules['uvloop'] = None"
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", f"{hide}\n{LEFT_OPEN}"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert ended.stdout == "True ['MainThread']\n"
    assert "Exception in thread" not in ended.stderr
    assert ("was left with something open" in ended.stderr) is (loop == "uvloop")
