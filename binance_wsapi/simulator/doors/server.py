"""Real sockets before the gateway: one aiohttp server in a thread of its own."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import ssl
import struct
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import WSMsgType, web

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.gateway import Door, Gateway, HandshakeRefused
from binance_wsapi.simulator.doors.held_port import held_port
from binance_wsapi.simulator.doors.rest import RestAnswer, RestRequest
from binance_wsapi.simulator.doors.web_server import WebServer, stop_accepting
from binance_wsapi.simulator.official_hosts import path_at

if TYPE_CHECKING:
    from socket import socket

__all__ = ["ExchangeThread"]

T = TypeVar("T")
RestHandler = Callable[[RestRequest], RestAnswer]

_TEXT, _CLOSE, _PING, _PONG = 0x81, 0x88, 0x89, 0x8A
_CLOSE_SECONDS = 2.0
_MAX_FRAME = 16 * 1024 * 1024
_logger = logging.getLogger("binance_wsapi.simulator")


class ExchangeThread:
    """The exchange's thread: its loop, its listening socket, its clock's alarm.

    Everything but ``start``, ``stop`` and ``call`` happens on that thread.

    Args:
        gateway: Where WebSockets go.
        rest: Where every other request goes.
        host: The address to listen on.
        port: The port; 0 takes a free one.
        more_ports: Further ports, for clients that know one of their own.
        tls: Context to serve TLS with; plain when left out.
    """

    def __init__(
        self,
        gateway: Gateway,
        rest: RestHandler,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        more_ports: Sequence[int] = (),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.port = port
        self._more_ports = tuple(more_ports)
        self._host = host
        self._gateway = gateway
        self._clock: SimulatedClock = gateway.clock
        self._rest = rest
        self._tls = tls
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._server: WebServer | None = None
        self._listeners: list[asyncio.Server] = []
        self._held: list[socket] = []
        """Bound where it is to listen again."""
        self._one_at_a_time = asyncio.Lock()
        self._alarm: asyncio.TimerHandle | None = None
        self._waiting: set[concurrent.futures.Future[Any]] = set()

    def start(self) -> None:
        """Listen; return when clients can connect."""
        started: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = threading.Thread(
            target=self._run, args=(started,), name="binance-simulator", daemon=True
        )
        self._thread.start()
        started.result()

    def stop(self) -> None:
        """Cut what is open, free the port, end the thread. Harmless when it has ended."""
        thread, loop = self._thread, self._loop
        if thread is None or loop is None:
            return
        self._thread = self._loop = None
        loop.call_soon_threadsafe(loop.stop)
        thread.join()

    def call(self, action: Callable[[], T]) -> T:
        """Run ``action`` on the exchange's thread and return its result; from that thread, at once."""
        loop = self._loop
        if loop is None:
            raise RuntimeError("the exchange is not running: use it inside its 'with' block")
        if threading.current_thread() is self._thread:
            return action()
        done: concurrent.futures.Future[T] = concurrent.futures.Future()

        def run() -> None:
            if not done.set_running_or_notify_cancel():
                return
            try:
                done.set_result(action())
            except BaseException as error:  # noqa: BLE001 - it is raised where it was asked for
                done.set_exception(error)

        self._waiting.add(done)
        try:
            loop.call_soon_threadsafe(run)
            return done.result()
        except concurrent.futures.CancelledError:
            raise RuntimeError("the exchange was stopped meanwhile") from None
        finally:
            self._waiting.discard(done)

    def stop_listening(self) -> None:
        """Refuse new connections at the port; open ones stay."""
        self._do(self._hold_ports)

    def resume_listening(self) -> None:
        """Listen at the same port again."""
        self._do(self._listen)

    def _do(self, action: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run ``action`` on the exchange's thread until it is done; from that thread, begin it."""
        loop = self._loop
        if loop is None:
            raise RuntimeError("the exchange is not running")

        async def run() -> None:
            async with self._one_at_a_time:
                await action()

        if threading.current_thread() is self._thread:
            loop.create_task(run())
        else:
            asyncio.run_coroutine_threadsafe(run(), loop).result()

    # --- on the thread

    def _run(self, started: concurrent.futures.Future[None]) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            server = self._server = WebServer(self._serve, loop=loop, access_log=None)
            loop.run_until_complete(self._listen())
        except Exception as error:  # noqa: BLE001 - it is raised in the thread that started us
            loop.close()
            started.set_exception(error)
            return
        self._loop = loop
        self._clock.bind(self.call, self._set_alarm)
        self._set_alarm()
        started.set_result(None)
        try:
            loop.run_forever()
        finally:
            self._clock.unbind()
            loop.run_until_complete(self._close(server))
            asyncio.set_event_loop(None)
            loop.close()
            # Nobody waits for ever for a thread that has ended.
            for waiting in tuple(self._waiting):
                waiting.cancel()

    async def _listen(self) -> None:
        if self._listeners or self._server is None:
            return
        loop = asyncio.get_running_loop()
        while self._held:
            listener = await loop.create_server(self._server, sock=self._held.pop(), ssl=self._tls)
            self._listeners.append(listener)
        if self._listeners:
            return
        try:
            for port in (self.port, *self._more_ports):
                listener = await loop.create_server(
                    self._server, self._host, port, ssl=self._tls, reuse_address=True
                )
                self._listeners.append(listener)
        except OSError:
            await self._unlisten()
            raise
        self.port = self._listeners[0].sockets[0].getsockname()[1]

    async def _hold_ports(self) -> None:
        """Listen no more, and let nobody else have the ports."""
        places = [
            (each.family, each.getsockname()) for at in self._listeners for each in at.sockets
        ]
        await self._unlisten()
        self._held += [held_port(family, address) for family, address in places]

    async def _unlisten(self) -> None:
        listeners, self._listeners = self._listeners, []
        await stop_accepting(listeners)

    async def _close(self, server: WebServer) -> None:
        await self._unlisten()
        while self._held:
            self._held.pop().close()
        if self._alarm is not None:
            self._alarm.cancel()
        self._gateway.drop()
        await server.end(timeout=1.0)

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        due_us = self._clock.next_due_us()
        if due_us is None or self._loop is None:
            return
        wait = (due_us - self._clock.now_us()) / 1_000_000
        if wait > 0 and self._clock.is_frozen:
            return
        self._alarm = self._loop.call_later(max(wait, 0.0) / self._clock.speed, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        try:
            self._clock.run_due()
        finally:
            # What failed is logged by the loop; the others keep their times.
            self._set_alarm()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._serve_websocket(request)
        taken = RestRequest(
            verb=request.method,
            path=request.path,
            query=request.rel_url.raw_query_string,
            body=await request.text(),
            remote=request.remote or "",
            headers=request.headers,
        )
        if self._gateway.latency_seconds:
            await self._underway()
        answer = self._rest(taken)
        return web.Response(
            status=answer.status,
            body=answer.body,
            headers=answer.headers,
            content_type="application/json",
        )

    async def _underway(self) -> None:
        """Wait as long as a request takes to get here."""
        arrived = asyncio.Event()
        call = self._clock.call_later(self._gateway.latency_seconds, arrived.set)
        try:
            await arrived.wait()
        finally:
            call.cancel()

    async def _serve_websocket(self, request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=False, max_msg_size=_MAX_FRAME, compress=False)
        wire = _Wire()
        try:
            door = self._gateway.connect(
                path_at(request.host, request.path_qs),
                remote=request.remote or "",
                transport=wire,
                headers=dict(request.headers),
            )
        except HandshakeRefused as refused:
            return web.Response(status=refused.status, body=refused.body, headers=refused.headers)
        try:
            await socket.prepare(request)
            wire.attach(request.transport)
            await self._read(socket, door, wire)
        except ConnectionError:
            _logger.debug("connection %s was lost", door.connection_id)
        finally:
            door.closed()
        return socket

    @staticmethod
    async def _read(socket: web.WebSocketResponse, door: Door, wire: _Wire) -> None:
        async for message in socket:
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                door.receive(message.data)
            elif message.type is WSMsgType.PING:
                if door.pinged(bytes(message.data)):
                    wire.frame(_PONG, message.data)
            elif message.type is WSMsgType.PONG:
                door.pong(bytes(message.data))


class _Wire:
    """A WebSocket's transport, written to without waiting.

    Frames are put together here: sending through aiohttp is a coroutine, and would need a task a frame.
    """

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._early: list[bytes] = []

    def attach(self, transport: Any) -> None:
        """The handshake is answered: what was sent meanwhile may go."""
        if transport is None:
            return
        self._transport = transport
        for data in self._early:
            transport.write(data)
        self._early.clear()

    def send(self, frame: bytes) -> None:
        self.frame(_TEXT, frame)

    def ping(self, payload: bytes) -> None:
        self.frame(_PING, payload)

    def close(self, code: int, reason: str) -> None:
        self.frame(_CLOSE, struct.pack("!H", code) + reason.encode()[:120])
        if self._transport is not None:
            # A peer that does not answer the close frame is not waited for.
            asyncio.get_running_loop().call_later(_CLOSE_SECONDS, self._transport.abort)

    def abort(self, partial: bytes = b"") -> None:
        if partial:
            data = _frame(_TEXT, partial)
            self._write(data[: len(data) // 2])
        if self._transport is not None:
            self._transport.abort()

    def hold_reading(self, held: bool) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if held:
            transport.pause_reading()
        else:
            transport.resume_reading()

    def frame(self, opcode: int, payload: bytes) -> None:
        """Write one frame."""
        self._write(_frame(opcode, payload))

    def _write(self, data: bytes) -> None:
        if self._transport is None:
            self._early.append(data)
        elif not self._transport.is_closing():
            self._transport.write(data)


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((opcode, size)) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", opcode, 126, size) + payload
    return struct.pack("!BBQ", opcode, 127, size) + payload
