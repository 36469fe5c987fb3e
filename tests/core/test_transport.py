"""The sockets themselves: whatever their closing comes to, none stays open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from callers import WAIT_S
from scripted_server import ScriptedServer

from binance_wsapi.core.aiohttp_transport import AiohttpTransport
from binance_wsapi.core.baton import SelectorLoop
from binance_wsapi.core.loop_thread import _new_loop
from binance_wsapi.core.runtime import Runtime


class Deaf:
    """Takes no note of what comes."""

    def received(self, frame: str | bytes) -> None:
        pass

    def taken(self, frame: str | bytes) -> bool:
        return False

    def heard(self) -> None:
        pass

    def answered(self) -> None:
        pass

    def writable(self) -> None:
        pass

    def closed(self, reason: str) -> None:
        pass


def _transport() -> AiohttpTransport:
    return AiohttpTransport(proxy=None, headers=None, ssl=None, connect_timeout=WAIT_S)


@pytest.mark.parametrize("new_loop", [_new_loop, SelectorLoop])
@pytest.mark.parametrize("steps", range(6))
def test_connection_is_let_go_of_however_early_its_closing_is_cut_short(
    scripted: ScriptedServer, steps: int, new_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def open_and_close() -> object:
        transport = _transport()
        socket: Any = await transport.connect(f"ws://127.0.0.1:{scripted.port}", Deaf())
        connection = socket._websocket._response.connection
        closing = asyncio.create_task(socket.close())
        for _ in range(steps):
            await asyncio.sleep(0)
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        await transport.close()
        return connection.protocol

    with asyncio.Runner(loop_factory=new_loop) as runner:
        held = runner.run(open_and_close())

    assert held is None, "aiohttp warns of it when it is collected, sooner or later"


def test_ping_of_a_connection_that_is_going_says_nothing(scripted: ScriptedServer) -> None:
    """Its end is told by itself; whoever looks after connections goes on with the others."""

    async def open_and_ping() -> None:
        transport = _transport()
        socket: Any = await transport.connect(f"ws://127.0.0.1:{scripted.port}", Deaf())
        socket._websocket._response.connection.transport.close()
        socket.ping()
        await transport.close()

    asyncio.run(open_and_ping())


def test_both_that_close_one_socket_wait_until_the_peer_knows(scripted: ScriptedServer) -> None:
    async def open_and_close() -> None:
        transport = _transport()
        socket = await transport.connect(f"ws://127.0.0.1:{scripted.port}", Deaf())
        for closing in asyncio.as_completed([socket.close(), socket.close()]):
            await closing
            closed.append(scripted.peers[0].socket.close_code)
        await transport.close()

    closed: list[int | None] = []
    asyncio.run(open_and_close())

    assert closed == [1000, 1000]


def test_transport_is_closed_though_giving_back_what_is_shared_is_cut_short(
    scripted: ScriptedServer,
) -> None:
    """The time that closing may take was over while a server of shared limits answered nothing."""

    async def open_and_close() -> None:
        begun = asyncio.Event()

        async def leave() -> None:
            begun.set()
            await asyncio.Event().wait()

        transport = _transport()
        await transport.connect(f"ws://127.0.0.1:{scripted.port}", Deaf())
        shared = SimpleNamespace(leave=leave)
        runtime: Any = SimpleNamespace(event_log=None, shared_limits=shared, _transport=transport)
        closing = asyncio.create_task(Runtime.close_transport(runtime))
        await begun.wait()
        closing.cancel()
        await asyncio.wait([closing])
        open_ones.extend(transport._open_sockets())

    open_ones: list[Any] = []
    asyncio.run(open_and_close())

    assert not open_ones
