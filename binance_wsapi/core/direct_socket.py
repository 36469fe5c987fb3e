"""A WebSocket on a socket of this library's own: no task reads it, and a write is one call."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from binance_wsapi.core.tls_records import TlsRecords
from binance_wsapi.core.transport import Receiver
from binance_wsapi.core.websocket_frames import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    FrameError,
    FrameReader,
    client_frame,
)

__all__ = ["DirectSocket"]

READ_BYTES = 64 << 10

CONGESTED_BYTES = 64 << 10
"""So much that waits for the peer holds further frames back, until a quarter of it is left."""

CLOSE_TIMEOUT_S = 1.0

_CODES = {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}
"""Those that a close frame may have."""


class DirectSocket:
    """An open WebSocket; on the loop's thread.

    Args:
        loop: Watches the socket.
        sock: It, connected, not blocking; it is closed with this.
        tls: What stands between, for ``wss``.
        receiver: Is told what comes.
        rest: What was read behind the handshake.
        open_ones: It stands among these until it is closed.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        tls: TlsRecords | None,
        receiver: Receiver,
        rest: bytes,
        open_ones: set[DirectSocket],
    ) -> None:
        self._loop = loop
        self.sock = sock
        self._tls = tls
        self._receiver = receiver
        self._open_ones = open_ones
        open_ones.add(self)
        self.congested = False
        self._is_open = True
        self._unsent = bytearray()
        self._reader = FrameReader()
        self._ended = loop.create_future()
        """Done when the socket is closed."""
        self._begun = loop.call_soon(self._begin, rest)  # the receiver does not know of it yet

    def write(self, frame: bytes) -> None:
        """Write a whole text frame.

        Raises:
            ConnectionError: The socket is closed; nothing was written.
        """
        if not self._is_open:
            raise ConnectionResetError("the connection is closed")
        self._put(client_frame(TEXT, frame))

    def ping(self) -> None:
        """Ask for a sign of life."""
        if self._is_open:
            with contextlib.suppress(ConnectionError):  # its end is told apart
                self._put(client_frame(PING, b""))

    async def close(self) -> None:
        """Close, politely but not for long."""
        if self._is_open:
            self._say_goodbye(1000)
        if not self._ended.done():
            await asyncio.wait([self._ended], timeout=CLOSE_TIMEOUT_S)
            self.end("closed by this side")

    def end(self, reason: str) -> None:
        """Close the socket, and say so."""
        if self._ended.done():
            return
        self._ended.set_result(None)
        self._is_open = False
        self._begun.cancel()
        self._loop.remove_reader(self.sock)
        self._loop.remove_writer(self.sock)
        self._open_ones.discard(self)
        self.sock.close()
        self._receiver.closed(reason)

    # What comes

    def _begin(self, rest: bytes) -> None:
        self._loop.add_reader(self.sock, self._readable)
        if rest:
            self._reader.chunks.append(rest)
            self._take_messages()

    def _readable(self) -> None:
        try:
            data = self.sock.recv(READ_BYTES)
            is_end = not data
            if self._tls is not None and data:
                data, is_end = self._tls.opened(data)
                if self._tls.has_to_say:
                    self._put(b"")
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self.end(str(error) or type(error).__name__)
            return
        if data:
            self._reader.chunks.append(data)
            self._take_messages()
        if is_end:
            self.end("connection dropped")

    def _take_messages(self) -> None:
        reader = self._reader
        try:
            while not self._ended.done() and (message := reader.peek()) is not None:
                reader.drop()
                self._take(*message)
        except FrameError as error:
            self._say_goodbye(error.code)
            self.end(f"websocket error: {error}")

    def _take(self, opcode: int, payload: str | bytes) -> None:
        receiver = self._receiver
        if opcode in (TEXT, BINARY) or isinstance(payload, str):
            receiver.received(payload)
        elif opcode == PING:
            if self._is_open:
                with contextlib.suppress(ConnectionError):
                    self._put(client_frame(PONG, payload))
            receiver.heard()
        elif opcode == PONG:
            receiver.answered()
        else:
            code, text = _goodbye(payload)
            self._say_goodbye(code)
            self.end(f"closed by the exchange: {code}{' ' if text else ''}{text}")

    # What goes

    def _say_goodbye(self, code: int) -> None:
        if self._is_open:
            self._is_open = False
            with contextlib.suppress(ConnectionError):
                self._put(client_frame(CLOSE, code.to_bytes(2, "big") if code else b""))

    def _put(self, data: bytes) -> None:
        """Hand bytes over, to the socket or to what waits for it.

        Raises:
            ConnectionError: The socket is closed, and took nothing.
        """
        if self._tls is not None:
            data = self._tls.sealed(data)
        if not self._unsent:
            try:
                sent = self.sock.send(data)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError as error:
                self._is_open = False
                reason = str(error) or type(error).__name__
                self._loop.call_soon(self.end, reason)  # who writes is in the midst of something
                raise ConnectionResetError(reason) from None
            if sent == len(data):
                return
            data = data[sent:]
            self._loop.add_writer(self.sock, self._writable)
        self._unsent += data
        if len(self._unsent) > CONGESTED_BYTES:
            self.congested = True

    def _writable(self) -> None:
        try:
            sent = self.sock.send(self._unsent)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self.end(str(error) or type(error).__name__)
            return
        del self._unsent[:sent]
        if not self._unsent:
            self._loop.remove_writer(self.sock)
        if self.congested and len(self._unsent) <= CONGESTED_BYTES // 4:
            self.congested = False
            self._receiver.writable()


def _goodbye(payload: bytes) -> tuple[int, str]:
    """Return code and text of a close frame; the code is 0 where it has none."""
    if not payload:
        return 0, ""
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or code not in _CODES:
        raise FrameError(1002, "a close frame with a code that cannot be")
    try:
        return code, payload[2:].decode()
    except UnicodeDecodeError:
        raise FrameError(1007, "a text that is not UTF-8") from None
