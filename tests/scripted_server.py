"""A WebSocket server that says what a test tells it to: for what a well-behaved exchange never does."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import json
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, Self

from aiohttp import WSMsgType, web

from binance_wsapi import WsKey
from binance_wsapi.simulator.doors.web_server import WebServer, stop_accepting

WAIT_S = 10.0

Reply = Callable[["Peer", dict[str, Any]], Any]


class Peer:
    """One connection, as the server sees it; used on the server's loop, ``server.run`` gets there."""

    def __init__(self, number: int, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.number = number
        self.socket = socket
        self.path_qs = request.path_qs
        self.pongs: list[bytes] = []
        self._transport = request.transport

    async def answer(self, request: dict[str, Any], result: object = None, **more: Any) -> None:
        """Answer a request."""
        await self.send({"id": request["id"], "status": 200, "result": result, **more})

    async def refuse(
        self, request: dict[str, Any], code: int, message: str = "No.", status: int = 400
    ) -> None:
        """Refuse a request."""
        error = {"code": code, "msg": message}
        await self.send({"id": request["id"], "status": status, "error": error})

    async def send(self, frame: object) -> None:
        """Send a frame: bytes and text as they are, everything else as JSON."""
        if isinstance(frame, bytes):
            await self.socket.send_bytes(frame)
        else:
            await self.socket.send_str(frame if isinstance(frame, str) else json.dumps(frame))

    def cut(self) -> None:
        """Cut the connection without a close frame."""
        if self._transport is not None:
            self._transport.abort()


async def _time(peer: Peer, request: dict[str, Any]) -> None:
    await peer.answer(request, {"serverTime": int(time.time() * 1000)})


async def _accept(request: web.Request) -> None:
    return None


async def _nothing(peer: Peer, request: dict[str, Any]) -> None:
    await peer.answer(request, {})


class ScriptedServer:
    """A server in a thread of its own.

    ``replies`` says what happens at a request, by method; ``"*"`` stands for all others.
    """

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {"time": _time, "*": _nothing}
        self.on_open: Reply | None = None
        """Called with each fresh connection and ``{}``."""
        self.handshake: Callable[[web.Request], Awaitable[web.StreamResponse | None]] = _accept
        """May answer a handshake with something else than a WebSocket."""
        self.autoping = True
        self.requests: list[dict[str, Any]] = []
        self.peers: list[Peer] = []
        self.handshakes = 0
        self._open: set[asyncio.Task[Any]] = set()
        self._changed = threading.Condition()

    @property
    def urls(self) -> dict[str, str]:
        """Where each connection of the WebSocket API goes."""
        base = f"ws://127.0.0.1:{self.port}"
        keys = (WsKey.MAIN_WSAPI, WsKey.MAIN_WSAPI2, WsKey.USDM_WSAPI, WsKey.COINM_WSAPI)
        return {str(ws_key): f"{base}/{ws_key}" for ws_key in keys}

    def run(self, work: Any) -> Any:
        """Await something on the server's loop and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(WAIT_S)

    def wait_until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds that changes with requests, replies, connections or pongs."""
        with self._changed:
            assert self._changed.wait_for(holds, WAIT_S), self.requests

    def seen(self, method: str) -> list[dict[str, Any]]:
        """Return the requests of one method."""
        return [request for request in self.requests if request.get("method") == method]

    def wait_for(self, method: str, count: int = 1) -> list[dict[str, Any]]:
        """Return the requests of a method once there are ``count``."""
        self.wait_until(lambda: len(self.seen(method)) >= count)
        return self.seen(method)

    def __enter__(self) -> Self:
        started: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = threading.Thread(
            target=self._serve, args=(started,), name="scripted server", daemon=True
        )
        self._thread.start()
        started.result(WAIT_S)
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self._end.set)
        self._thread.join(WAIT_S)

    def _serve(self, started: concurrent.futures.Future[None]) -> None:
        asyncio.run(self._main(started))

    async def _main(self, started: concurrent.futures.Future[None]) -> None:
        self.loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        server = WebServer(self._handle, access_log=None)
        listener = await self.loop.create_server(server, "127.0.0.1", 0)
        self.port: int = listener.sockets[0].getsockname()[1]
        started.set_result(None)
        await self._end.wait()
        await stop_accepting([listener])
        for peer in self.peers:
            peer.cut()
        await server.end(0.1)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        with self._changed:
            self.handshakes += 1
            self._changed.notify_all()
        other = await self.handshake(request)
        if other is not None:
            return other
        socket = web.WebSocketResponse(autoping=False, compress=False)
        peer = Peer(len(self.peers) + 1, socket, request)
        with self._changed:  # before the client can know of it: what it does next may ask for it
            self.peers.append(peer)
            self._changed.notify_all()
        await socket.prepare(request)
        with contextlib.suppress(ConnectionError):
            await self._converse(peer)
        return socket

    async def _converse(self, peer: Peer) -> None:
        if self.on_open is not None:
            await self.on_open(peer, {})
        async for message in peer.socket:
            if message.type is WSMsgType.PING and self.autoping:
                await peer.socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                with self._changed:
                    peer.pongs.append(bytes(message.data))
                    self._changed.notify_all()
            elif message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                request = json.loads(message.data)
                with self._changed:
                    self.requests.append({**request, "peer": peer.number})
                    self._changed.notify_all()
                reply = self.replies.get(request["method"], self.replies["*"])
                task = self.loop.create_task(self._reply(reply, peer, request))
                self._open.add(task)
                task.add_done_callback(self._open.discard)

    async def _reply(self, reply: Reply, peer: Peer, request: dict[str, Any]) -> None:
        with contextlib.suppress(ConnectionError):
            await reply(peer, request)
        with self._changed:
            self._changed.notify_all()
