"""The library's own WebSocket over a wire of the simulation: bytes in pieces, read as by a caller who drives.

Of what a piece brings the plain answers are taken as such a caller takes them; the rest is the loop's.
"""

from __future__ import annotations

import struct
from random import Random
from typing import TYPE_CHECKING, Any

from binance_wsapi.core.direct_socket import DirectSocket
from binance_wsapi.core.transport import Receiver
from binance_wsapi.core.websocket_frames import CLOSE, PING, PONG, TEXT

if TYPE_CHECKING:
    from simulation_network import Wire

__all__ = ["WireSocket"]

_LONGEST = 400
"""Bytes that one read brings at most: answers come in several."""
_KINDS = {PING: "ping", PONG: "pong", CLOSE: "close"}


class WireSocket:
    """What is a ``socket.socket`` to the library, and the client's end to the wire."""

    def __init__(self, wire: Wire, receiver: Receiver) -> None:
        self._wire = wire
        self._rng = Random(wire.number)
        self._brought = bytearray()
        self._is_over = False
        self.is_watched = False
        """The loop reads it."""
        itself: Any = self
        self.end = DirectSocket(wire.network.loop, itself, None, _Ears(wire, receiver), b"", set())

    # The wire's side

    def bring(self, kind: str, payload: Any) -> None:
        """Take what came over the wire, and have it read."""
        if kind == "frame":
            self._brought += _frame(
                TEXT, payload if isinstance(payload, bytes) else payload.encode()
            )
        elif kind in ("ping", "pong"):
            self._brought += _frame(PING if kind == "ping" else PONG, payload or b"")
        elif payload.startswith("closed by the exchange: "):
            code, _, text = payload.removeprefix("closed by the exchange: ").partition(" ")
            self._brought += _frame(CLOSE, int(code).to_bytes(2, "big") + text.encode())
        else:
            self._is_over = True
        self.read()

    def read(self) -> None:
        """Have all be read that was brought."""
        while self.is_watched and (self._brought or self._is_over):
            self.end._pump()
            self.end._readable()

    # The library's side

    def recv(self, size: int) -> bytes:
        """Return a piece of what was brought."""
        if not self._brought:
            if self._is_over:
                return b""
            raise BlockingIOError
        size = min(size, self._rng.randint(1, _LONGEST))
        piece = bytes(self._brought[:size])
        del self._brought[:size]
        return piece

    def send(self, data: bytes) -> int:
        """Put frames on the wire."""
        wire, at = self._wire, 0
        while at < len(data):
            opcode, size = data[at] & 15, data[at + 1] & 127
            at += 2
            if size > 125:
                length = 2 if size == 126 else 8
                size = int.from_bytes(data[at : at + length], "big")
                at += length
            key, masked = data[at : at + 4], data[at + 4 : at + 4 + size]
            at += 4 + size
            payload = bytes(byte ^ key[i % 4] for i, byte in enumerate(masked))
            if opcode == TEXT:
                wire.network.on_written(wire, payload)
                wire.out.send("frame", (wire.network.loop.time(), payload))
            else:
                wire.out.send(_KINDS[opcode], payload)
        return len(data)

    def close(self) -> None:
        """The library reads no more."""
        self.is_watched = False


class _Ears:
    """Tells the wire, too, that the library knows of the end."""

    def __init__(self, wire: Wire, receiver: Receiver) -> None:
        self._wire = wire
        self._receiver = receiver
        self.received, self.taken = receiver.received, receiver.taken
        self.heard, self.answered = receiver.heard, receiver.answered
        self.writable = receiver.writable

    def closed(self, reason: str) -> None:
        self._wire.is_open_here = False
        self._receiver.closed(reason)


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", 0x80 | opcode, 126, size) + payload
    return struct.pack("!BBQ", 0x80 | opcode, 127, size) + payload
