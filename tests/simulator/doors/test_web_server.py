"""A server that is ended leaves no connection behind, however new it is."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket

import pytest
from aiohttp import web

from binance_wsapi.simulator.doors.web_server import WebServer, stop_accepting

TIMEOUT = 10


async def answer(request: web.BaseRequest) -> web.Response:
    return web.Response()


@pytest.mark.parametrize("turns", range(6))
def test_connection_that_is_accepted_while_the_server_ends_is_closed(turns: int) -> None:
    """Whatever the loop has done of it by then: accepted it, made its transport, read from it."""

    async def serve_so_long() -> list[socket.socket]:
        server = WebServer(answer, access_log=None)
        listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
        address = listener.sockets[0].getsockname()
        clients = [socket.create_connection(address, TIMEOUT) for _ in range(3)]
        for _ in range(turns):
            await asyncio.sleep(0)
        await stop_accepting([listener])
        await server.end(TIMEOUT)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return clients

    for client in asyncio.run(serve_so_long()):
        with client, contextlib.suppress(ConnectionResetError):
            assert client.recv(1) == b""
    gc.collect()  # what was left open warns of it, and warnings are errors


def test_peer_that_reads_nothing_does_not_keep_its_connection() -> None:
    async def flood(request: web.BaseRequest) -> web.Response:
        return web.Response(body=bytes(32 << 20))

    async def serve_so_long() -> socket.socket:
        server = WebServer(flood, access_log=None)
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(server, "127.0.0.1", 0)
        client = socket.create_connection(listener.sockets[0].getsockname(), TIMEOUT)
        client.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        await loop.run_in_executor(None, client.recv, 1)
        await stop_accepting([listener])
        await server.end(0.01)
        return client

    with asyncio.run(serve_so_long()):
        gc.collect()
