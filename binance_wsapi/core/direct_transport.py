"""Sockets of this library's own, for connections that no proxy stands between (Linux)."""

from __future__ import annotations

import asyncio
import encodings.idna  # noqa: F401  (look-ups load it, on threads where a fork may cut that in two)
import socket
import ssl as ssl_module
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from aiohappyeyeballs import start_connection
from yarl import URL

from binance_wsapi.core.direct_socket import READ_BYTES, DirectSocket
from binance_wsapi.core.handshake import Handshake
from binance_wsapi.core.tls_records import TlsRecords
from binance_wsapi.core.transport import Receiver, RestAnswer, Socket, resolver_flags
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.forks import unforked
from binance_wsapi.proxies import proxy_of

if TYPE_CHECKING:
    from binance_wsapi.core.aiohttp_transport import AiohttpTransport

__all__ = ["DirectTransport"]

HAPPY_EYEBALLS_S = 0.25
"""After so long without a connection the next address is tried beside it (RFC 8305)."""


class DirectTransport:
    """WebSockets on sockets of its own; REST, and what goes through a proxy, is aiohttp's.

    Args:
        proxy: URL of an HTTP proxy; ``None`` leaves that to the environment.
        headers: What the caller wants to stand in the handshakes.
        ssl: A context of your own for ``wss``.
        connect_timeout: Seconds an opening handshake may take.
    """

    def __init__(
        self,
        *,
        proxy: str | None,
        headers: Mapping[str, str] | None,
        ssl: ssl_module.SSLContext | None,
        connect_timeout: float,
    ) -> None:
        self._proxy = proxy
        self._headers = headers
        self._ssl = ssl
        self._connect_timeout = connect_timeout
        self._open: set[DirectSocket] = set()
        self._aiohttp: AiohttpTransport | None = None

    async def connect(self, url: str, receiver: Receiver) -> Socket:
        """Open a websocket and read it into ``receiver`` from then on."""
        try:
            goes_straight = proxy_of(url, self._proxy) is None
        except ConfigurationError as error:  # of the environment, which may have changed
            raise OSError(str(error)) from None
        if not goes_straight:
            return await self._elsewhere().connect(url, receiver)
        try:
            async with asyncio.timeout(self._connect_timeout):
                return await self._open_one(URL(url), receiver)
        except TimeoutError:
            raise OSError(f"no connection within {self._connect_timeout} s") from None

    async def request(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        *,
        timeout: float | None = None,
        on_write: Callable[[], object] | None = None,
    ) -> RestAnswer:
        """Send a REST request without a body, and return the answer."""
        return await self._elsewhere().request(
            method, url, headers, timeout=timeout, on_write=on_write
        )

    async def close(self) -> None:
        """Close what is open still."""
        for each in list(self._open):
            each.end("closed by this side")
        if self._aiohttp is not None:
            await self._aiohttp.close()

    def _open_sockets(self) -> list[socket.socket]:
        own = [each.sock for each in self._open]
        return own if self._aiohttp is None else own + self._aiohttp._open_sockets()

    def _elsewhere(self) -> AiohttpTransport:
        if self._aiohttp is None:
            with unforked:
                from binance_wsapi.core.aiohttp_transport import AiohttpTransport

            self._aiohttp = AiohttpTransport(
                proxy=self._proxy,
                headers=self._headers,
                ssl=self._ssl,
                connect_timeout=self._connect_timeout,
            )
        return self._aiohttp

    async def _open_one(self, url: URL, receiver: Receiver) -> DirectSocket:
        loop = asyncio.get_running_loop()
        try:
            sock = await _dialled(loop, url)
        except OSError as error:
            raise OSError(f"{url.host}:{url.port}: {error.strerror or error}") from None
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            tls = await self._secured(loop, sock, url) if url.scheme == "wss" else None
            rest = await _shaken_hands(loop, sock, tls, Handshake(url, self._headers))
            return DirectSocket(loop, sock, tls, receiver, rest, self._open)
        except BaseException:
            sock.close()
            raise

    async def _secured(
        self, loop: asyncio.AbstractEventLoop, sock: socket.socket, url: URL
    ) -> TlsRecords:
        if self._ssl is None:
            self._ssl = ssl_module.create_default_context()
        tls = TlsRecords(self._ssl, (url.raw_host or "").rstrip("."))
        is_done, answer = tls.shake_hands(b"")
        while True:
            await loop.sock_sendall(sock, answer)
            if is_done:
                return tls
            data = await loop.sock_recv(sock, READ_BYTES)
            if not data:
                raise ConnectionResetError("the connection was closed during the handshake")
            is_done, answer = tls.shake_hands(data)


async def _dialled(loop: asyncio.AbstractEventLoop, url: URL) -> socket.socket:
    host = url.host or ""
    found = await loop.getaddrinfo(
        host, url.port, type=socket.SOCK_STREAM, flags=resolver_flags(host)
    )
    return await start_connection(found, happy_eyeballs_delay=HAPPY_EYEBALLS_S, interleave=1)


async def _shaken_hands(
    loop: asyncio.AbstractEventLoop,
    sock: socket.socket,
    tls: TlsRecords | None,
    handshake: Handshake,
) -> bytes:
    """Have the peer speak WebSocket; return what it has said in it already."""

    async def read(size: int) -> bytes:
        if tls is None:
            return await loop.sock_recv(sock, size)
        said: list[bytes] = []
        while not said:
            data = await loop.sock_recv(sock, size)
            if tls.read_into(said, lambda _, data=data: data, size):  # type: ignore[misc]  # bound at once
                break
        return b"".join(said)

    request = [handshake.request]
    if tls is not None:
        sealed: list[bytes] = []
        tls.frames.append(handshake.request)
        tls.seal_into(sealed)
        request = sealed
    await loop.sock_sendall(sock, b"".join(request))
    while True:
        rest = handshake.take(await read(READ_BYTES), time.time_ns() // 1000)
        if rest is not None:
            return rest
