"""Sockets over the real network: the one place that knows aiohttp."""

from __future__ import annotations

import asyncio
import contextlib
import encodings.idna  # noqa: F401  (look-ups load it, on threads where a fork may cut that in two)
import socket
import ssl as ssl_module
import time
import weakref
from collections.abc import Callable, Coroutine, Mapping
from types import SimpleNamespace
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from binance_wsapi.core.transport import (
    HandshakeRefused,
    Receiver,
    RestAnswer,
    Socket,
    redirected,
    resolver_flags,
)
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.protocol.silence import retry_after_s
from binance_wsapi.proxies import proxy_of

__all__ = ["AiohttpTransport"]

MAX_MESSAGE_BYTES = 64 << 20
"""A full ``exchangeInfo`` is 3.6 MB and grows."""

CLOSE_TIMEOUT_S = 1.0

POLL_S = 0.002

_TEXT = aiohttp.WSMsgType.TEXT


class AiohttpTransport:
    """The real network.

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
        self._http: aiohttp.ClientSession | None = None
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._open: set[_AiohttpSocket] = set()
        """Those that have not let go of their connection yet."""

    async def connect(self, url: str, receiver: Receiver) -> Socket:
        """Open a websocket and read it into ``receiver`` from then on."""
        try:
            async with asyncio.timeout(self._connect_timeout):
                websocket = await self._session().ws_connect(
                    url,
                    autoping=False,
                    max_msg_size=MAX_MESSAGE_BYTES,
                    headers=self._headers,
                    proxy=_proxy_of(url, self._proxy),
                    ssl=True if self._ssl is None else self._ssl,
                    timeout=aiohttp.ClientWSTimeout(ws_close=None),  # _AiohttpSocket sees to it
                )
        except _Redirected as error:
            raise HandshakeRefused(error.status, str(error)) from None
        except aiohttp.WSServerHandshakeError as error:
            raise HandshakeRefused(
                error.status, error.message, _retry_after(error.headers or {})
            ) from None
        except TimeoutError:
            raise OSError(f"no connection within {self._connect_timeout} s") from None
        except aiohttp.ClientError as error:
            raise OSError(str(error) or type(error).__name__) from error
        return _AiohttpSocket(websocket, receiver, self._open)

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
        seconds = self._connect_timeout if timeout is None else timeout
        limits = aiohttp.ClientTimeout(total=seconds, connect=self._connect_timeout)
        ssl: ssl_module.SSLContext | bool = True if self._ssl is None else self._ssl
        try:
            async with self._session().request(
                method,
                URL(url, encoded=True),  # a signature covers the query as it is written
                headers=headers,
                proxy=_proxy_of(url, self._proxy),
                ssl=ssl,
                timeout=limits,
                trace_request_ctx=_Writing(method, on_write),
            ) as answer:
                body, told = await answer.read(), answer.headers
                return RestAnswer(answer.status, body, _retry_after(told), dict(told))
        except _Redirected as error:
            raise OSError(f"HTTP {error.status} {error}") from None
        except _WrittenOnce:
            raise OSError("the connection was closed") from None
        except TimeoutError:
            raise TimeoutError(f"no answer within {seconds:g} s") from None
        except aiohttp.ClientError as error:
            raise OSError(type(error).__name__) from None

    async def close(self) -> None:
        """Close the connection pool, and wait until the last socket is closed."""
        if self._http is None:
            return
        for websocket in list(self._open):  # whose closing was never begun, or was cut short
            websocket.release()
        await self._http.close()
        # aiohttp lets go of a TLS connection before its transport has closed: a loop that ends
        # now would leak the socket.
        for each in self._open_sockets():
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                while self._open_sockets():  # noqa: ASYNC110  (nobody tells when they close)
                    await asyncio.sleep(POLL_S)

    def _open_sockets(self) -> list[socket.socket]:
        return [each for each in self._sockets if each.fileno() != -1]

    def _socket(self, address: Any) -> socket.socket:
        family, kind, protocol, *_ = address
        made = socket.socket(family, kind, protocol)
        self._sockets.add(made)
        return made

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            # aiohttp follows redirects of a handshake, and nothing but this hook can stop it.
            watch = aiohttp.TraceConfig()
            watch.on_request_redirect.append(_refuse_redirect)
            # It also repeats by itself what HTTP calls idempotent: cancelling an order, say.
            watch.on_connection_create_start.append(_before_the_connection)
            watch.on_request_headers_sent.append(_before_the_write)
            self._http = aiohttp.ClientSession(
                # Without its cache no look-up waits for an earlier one of the same name, which may hang.
                connector=aiohttp.TCPConnector(
                    socket_factory=self._socket, resolver=_Resolver(), use_dns_cache=False
                ),
                timeout=aiohttp.ClientTimeout(total=None),
                trace_configs=[watch],
                trust_env=False,  # it would read netrc, and send a stranger's password along
            )
        return self._http


class _Resolver(AbstractResolver):
    """Looks names up as the system does, on threads aside.

    uvloop has a few of its own for that, and the process waits for them when it ends.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, _look_up, host, port, family)

    async def close(self) -> None:
        """There is nothing to close."""


def _look_up(host: str, port: int, family: int) -> list[ResolveResult]:
    flags = resolver_flags(host)
    return [
        ResolveResult(
            hostname=host,
            host=_with_scope(address),
            port=port,
            family=found_family,
            proto=protocol,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )
        for found_family, _, protocol, _, address in socket.getaddrinfo(
            host, port, family=family, type=socket.SOCK_STREAM, flags=flags
        )
    ]


def _with_scope(address: tuple[Any, ...]) -> str:
    scope = address[3] if len(address) == 4 else 0
    return f"{address[0]}%{scope}" if scope else str(address[0])


class _Redirected(Exception):
    """An answer pointed elsewhere: keys and orders do not follow it."""

    def __init__(self, status: int, location: str) -> None:
        super().__init__(redirected(location))
        self.status = status


async def _refuse_redirect(
    session: aiohttp.ClientSession,
    context: SimpleNamespace,
    params: aiohttp.TraceRequestRedirectParams,
) -> None:
    answer = params.response
    answer.close()
    raise _Redirected(answer.status, answer.headers.get("Location", ""))


class _WrittenOnce(Exception):
    """A request was about to be written for a second time."""


class _Writing:
    """Watches over the writing of one REST request."""

    def __init__(self, method: str, on_write: Callable[[], object] | None) -> None:
        self._may_repeat = method == "GET"
        self._on_write = on_write
        self._is_written = False

    def check(self) -> None:
        if self._is_written and not self._may_repeat:
            raise _WrittenOnce

    def begin(self) -> None:
        self.check()
        if self._on_write is not None:
            self._on_write()
        self._is_written = True


async def _before_the_connection(
    session: aiohttp.ClientSession,
    context: SimpleNamespace,
    params: aiohttp.TraceConnectionCreateStartParams,
) -> None:
    if isinstance(context.trace_request_ctx, _Writing):
        context.trace_request_ctx.check()


async def _before_the_write(
    session: aiohttp.ClientSession,
    context: SimpleNamespace,
    params: aiohttp.TraceRequestHeadersSentParams,
) -> None:
    if isinstance(context.trace_request_ctx, _Writing):
        context.trace_request_ctx.begin()


def _retry_after(headers: Mapping[str, str]) -> float | None:
    return retry_after_s(
        headers.get("Retry-After", ""), headers.get("Date", ""), time.time_ns() // 1000
    )


def _proxy_of(url: str, proxy: str | None) -> str | None:
    try:
        return proxy_of(url, proxy)
    except ConfigurationError as error:  # of the environment, which may have changed
        raise OSError(str(error)) from None


class _AiohttpSocket:
    """One aiohttp websocket with its reader task.

    Args:
        websocket: It, fresh.
        receiver: Is told what comes.
        open_ones: It stands among these until it lets go of its connection.
    """

    def __init__(
        self,
        websocket: aiohttp.ClientWebSocketResponse,
        receiver: Receiver,
        open_ones: set[_AiohttpSocket],
    ) -> None:
        self._websocket = websocket
        self._open_ones = open_ones
        open_ones.add(self)
        self._receiver = receiver
        self._send_frame = websocket.send_frame
        self._is_open = True
        self.congested = False
        self._unfinished_writes = 0
        self._closing: asyncio.Task[None] | None = None
        self._reader = asyncio.get_running_loop().create_task(
            self._read(), name="binance-wsapi reader"
        )

    def write(self, frame: bytes) -> None:
        if not self._is_open:
            raise ConnectionResetError("the connection is closed")
        self._step(self._send_frame(frame, _TEXT))

    def ping(self) -> None:
        if not self._websocket.closed:
            with contextlib.suppress(ConnectionError):  # its end is told apart
                self._step(self._websocket.ping())

    async def close(self) -> None:
        self._is_open = False
        if self._closing is None:
            # A task aside: cut short, aiohttp's closing would leave the connection open for ever.
            self._closing = asyncio.get_running_loop().create_task(
                self._close(), name="binance-wsapi closing"
            )
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await self._websocket.close()
        finally:
            self.release()
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    def release(self) -> None:
        """Let go of the connection, however far its closing has come."""
        self._open_ones.discard(self)
        response = self._websocket._response
        if response.connection is not None and response.connection.transport is not None:
            # Frames that still come, or a peer that reads nothing, would keep the socket for ever.
            response.connection.transport.abort()
        response.close()

    def _step(self, write: Coroutine[Any, Any, None]) -> None:
        # An uncompressed aiohttp send hands the whole frame to the transport before it first
        # suspends, and suspends only while the transport is congested: no task is needed.
        try:
            blocker = write.send(None)
        except StopIteration:
            return
        self._unfinished_writes += 1
        self.congested = True
        blocker._asyncio_future_blocking = False
        blocker.add_done_callback(lambda _: self._resume(write))

    def _resume(self, write: Coroutine[Any, Any, None]) -> None:
        self._unfinished_writes -= 1
        try:
            self._step(write)
        except (OSError, aiohttp.ClientError):
            return  # the reader sees the same closed socket and reports it
        self.congested = self._unfinished_writes > 0
        if not self.congested:
            self._receiver.writable()

    async def _read(self) -> None:
        receiver = self._receiver
        receive = self._websocket.receive
        text, binary = _TEXT, aiohttp.WSMsgType.BINARY
        reason = "closed by this side"
        try:
            while True:
                message = await receive()
                kind = message.type
                if kind is text or kind is binary:
                    receiver.received(message.data)
                elif kind is aiohttp.WSMsgType.PING:
                    self._step(self._websocket.pong(message.data))
                    receiver.heard()
                elif kind is aiohttp.WSMsgType.PONG:
                    receiver.answered()
                else:
                    reason = self._reason(message)
                    break
        except (OSError, aiohttp.ClientError) as error:
            reason = str(error) or type(error).__name__
        finally:
            self._is_open = False
            receiver.closed(reason)

    def _reason(self, message: aiohttp.WSMessage) -> str:
        if message.type is aiohttp.WSMsgType.ERROR:
            return f"websocket error: {message.data!r}"
        code = self._websocket.close_code
        if code is None or code == aiohttp.WSCloseCode.ABNORMAL_CLOSURE:
            return "connection dropped"
        text = f" {message.extra}" if message.extra else ""
        return f"closed by the exchange: {code}{text}"
