"""A WebSocket on a socket of this library's own: no task reads it, and a write is one call.

Callers may drive it (:mod:`~binance_wsapi.core.driving`) and be interrupted at any line. What the kernel or
TLS gave or took is therefore kept in one step of the interpreter (``extend(map(…))``), and where two
attributes change together no call stands between: an interrupt comes with a call. The loop then does
what was not done.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket

from binance_wsapi.core.baton import CoreLoop
from binance_wsapi.core.lead import Lead
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

__all__ = ["READ_BYTES", "DirectSocket"]

READ_BYTES = 64 << 10

CONGESTED_BYTES = 64 << 10
"""So much that waits for the peer holds further frames back, until a quarter of it is left."""

MOST_CORKED = 64
CORKED_BYTES = CONGESTED_BYTES // MOST_CORKED
"""So many frames, of so much, wait for the end of a turn at most: more would congest the socket unnoticed."""

CLOSE_TIMEOUT_S = 1.0

_CODES = {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}
"""Those that a close frame may have."""

_LATER = (BlockingIOError, InterruptedError)


class DirectSocket:
    """An open WebSocket; on the loop's thread, or under its baton.

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
        self._core_loop = loop if isinstance(loop, CoreLoop) else None
        self.sock = sock
        self._recv, self._send = sock.recv, sock.send
        self._tls = tls
        self._receiver = receiver
        self._open_ones = open_ones
        open_ones.add(self)
        self.congested = False
        self._is_open = True
        self._frames: list[bytes] = [] if tls is None else tls.frames
        """What is to be sent."""
        self._being_sent: list[bytes] = []
        self._sent: list[int] = []
        """How much the socket took of what is being sent."""
        self._unsent = bytearray()
        """What waits for the peer to read."""
        self._reader = FrameReader()
        self._ended = loop.create_future()
        """Done when the socket is closed."""
        self.lead: Lead | None = None
        """Who reads, where callers may."""
        self._begun = loop.call_soon(self._begin, rest)  # the receiver does not know of it yet

    @property
    def is_free(self) -> bool:
        """Whether a caller may drive it."""
        return self.lead is not None and self._is_open and not self._being_sent and not self._unsent

    def write(self, frame: bytes) -> None:
        """Write a whole text frame, now or at the end of a turn in which more of them are written.

        Raises:
            ConnectionError: The socket is closed; nothing was written.
        """
        if not self._is_open:
            raise ConnectionResetError("the connection is closed")
        corked = None if self._core_loop is None else self._core_loop.corked
        if corked is None or len(frame) > CORKED_BYTES or len(self._frames) >= MOST_CORKED:
            self._put(client_frame(TEXT, frame))
        else:
            self._frames += (client_frame(TEXT, frame),)
            corked.add(self.flush)

    def flush(self) -> None:
        """Write the frames of a turn, and what an interrupted caller has left."""
        with contextlib.suppress(ConnectionError):  # its end is told apart
            self._put()

    def ping(self) -> None:
        """Ask for a sign of life."""
        if self._is_open:
            with contextlib.suppress(ConnectionError):  # its end is told apart
                self._put(client_frame(PING, b""))

    async def close(self) -> None:
        """Close, politely but not for long."""
        try:
            if self._is_open:
                self._say_goodbye(1000)
            if not self._ended.done():
                await asyncio.wait([self._ended], timeout=CLOSE_TIMEOUT_S)
        finally:  # cut short, too: nobody would come back for it before the client is closed
            self.end("closed by this side")

    def end(self, reason: str) -> None:
        """Close the socket, and say so."""
        if self._ended.done():
            return
        self._ended.set_result(None)
        self._is_open = False
        self._begun.cancel()
        lead, self.lead = self.lead, None  # who holds the other keeps its descriptors
        if lead is not None:
            lead.close()
        self._loop.remove_reader(self.sock)
        self._loop.remove_writer(self.sock)
        self._open_ones.discard(self)
        self.sock.close()
        self._receiver.closed(reason)

    # What comes

    def _begin(self, rest: bytes) -> None:
        try:
            if self._core_loop is not None:
                self.lead = Lead(
                    self._core_loop,
                    self.sock.fileno(),
                    read=self._readable,
                    pump=self._pump,
                    flush=self.flush,
                )
        except OSError:  # it takes two descriptors more, and without them no caller reads
            pass
        if self.lead is None:
            self._loop.add_reader(self.sock, self._readable)
        if rest:
            self._reader.chunks.append(rest)
            self._take_messages()

    def _read(self) -> bool:
        """Read what there is; return whether that was the end.

        Raises:
            OSError: There is nothing, or the socket is broken.
        """
        chunks = self._reader.chunks
        if self._tls is not None:
            return self._tls.read_into(chunks, self._recv, READ_BYTES)
        chunks.extend(map(self._recv, (READ_BYTES,)))
        return not chunks[-1]

    def _readable(self) -> bool:
        """Read on the loop's thread; and do what an interrupted caller has not done, or has left to the loop.

        Return whether there was something.
        """
        if self._ended.done():
            return False
        came, is_end, reason = True, False, "connection dropped"
        try:
            is_end = self._read()
        except _LATER:
            came = False
        except ConnectionError:
            is_end = True
        except OSError as error:
            is_end, reason = True, str(error) or type(error).__name__
        self.flush()
        self._take_messages()
        if is_end:
            self.end(reason)
        return came

    def _pump(self) -> None:
        """Read on a caller's thread, and take what is plain; all else is left to the loop."""
        reader, receiver = self._reader, self._receiver
        is_plain = True
        try:
            is_plain = not self._read()
        except _LATER:
            pass
        except OSError:
            is_plain = False
        try:
            while is_plain and (message := reader.peek()) is not None:
                is_plain = message[0] == TEXT and receiver.taken(message[1])
                if is_plain:
                    reader.drop()
        except FrameError:
            is_plain = False
        if not is_plain and self.lead is not None:
            self.lead.take_over()
            self._loop.call_soon(self._readable)

    def _take_messages(self) -> None:
        reader, received, has_ended = self._reader, self._receiver.received, self._ended.done
        try:
            while not has_ended() and (message := reader.peek()) is not None:
                reader.drop()
                self._take(*message)
                for text in reader.texts():  # most are such, and cost half as much here
                    if has_ended():
                        return
                    received(text)
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

    def _put(self, *frames: bytes) -> None:
        """Hand frames over, to the socket or to what waits for it; before them what waited for the end of a turn.

        Raises:
            ConnectionError: The socket is closed, and took nothing.
        """
        self._frames += frames
        if self._being_sent:  # an interrupted caller has left it
            self._send_on()
        if self._tls is not None:
            try:
                self._tls.seal_into(self._being_sent)
            except OSError as error:  # what was read has broken it
                raise self._broken(error) from None
        elif self._frames:
            data = b"".join(self._frames)
            self._being_sent, self._frames = [data], []
        if self._being_sent:
            self._send_on()
        if self._unsent:
            self._loop.add_writer(self.sock, self._writable)
            if len(self._unsent) > CONGESTED_BYTES:
                self.congested = True

    def _send_on(self) -> None:
        if not self._unsent and not self._sent:
            try:
                self._sent.extend(map(self._send, self._being_sent))
            except _LATER:
                pass
            except OSError as error:
                raise self._broken(error) from None
        rest = self._being_sent[0][self._sent[0] :] if self._sent else self._being_sent[0]
        self._unsent += rest
        self._being_sent, self._sent = [], []

    def _broken(self, error: OSError) -> ConnectionResetError:
        """Take note that nothing goes out any more; return what whose frame it was is told: it did not."""
        self._is_open = False
        reason = str(error) or type(error).__name__
        self._being_sent = []
        self._frames.clear()
        self._loop.call_soon(self.end, reason)  # who writes is in the midst of something
        return ConnectionResetError(reason)

    def _writable(self) -> None:
        try:
            sent = self.sock.send(self._unsent)
        except _LATER:
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
