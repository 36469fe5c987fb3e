"""A websocket server that answers at once from canned payloads: so cheap that the client is what is measured.

Run in a process of its own: ``python benchmarks/canned_server.py [certificate key]`` prints its port
and serves on 127.0.0.1 until its standard input ends.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import ssl
import struct
import sys
from typing import cast

from payloads import RATE_LIMITS, canned_results

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
ID = re.compile(rb'"id":\s*("[^"]*"|\d+)')
METHOD = re.compile(rb'"method":\s*"([^"]*)"')


class CannedServer(asyncio.Protocol):
    """One connection."""

    answers = {
        method: b',"status":200,"result":' + result + b',"rateLimits":' + RATE_LIMITS + b"}"
        for method, result in canned_results().items()
    }

    def __init__(self) -> None:
        self._received = bytearray()
        self._shaken = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        if not self._shaken:
            end = received.find(b"\r\n\r\n")
            if end < 0:
                return
            self._shake(bytes(received[:end]))
            del received[: end + 4]
        answers: list[bytes] = []
        while (frame := self._frame()) is not None:
            opcode, payload = frame
            if opcode == 1:
                answers.append(self._answer(payload))
            elif opcode == 9:
                answers.append(_server_frame(10, payload))
            elif opcode == 8:
                self._transport.write(_server_frame(8, payload))
                self._transport.close()
                return
        if answers:
            self._transport.write(b"".join(answers))

    def _shake(self, request: bytes) -> None:
        key = next(
            line.split(b":", 1)[1].strip()
            for line in request.split(b"\r\n")
            if line.lower().startswith(b"sec-websocket-key:")
        )
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())  # the protocol's own choice
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self._shaken = True

    def _frame(self) -> tuple[int, bytes] | None:
        received = self._received
        if len(received) < 6:
            return None
        length, offset = received[1] & 127, 2
        if length == 126:
            length, offset = struct.unpack_from(">H", received, 2)[0], 4
        elif length == 127:
            length, offset = struct.unpack_from(">Q", received, 2)[0], 10
        end = offset + 4 + length
        if len(received) < end:
            return None
        mask = bytes(received[offset : offset + 4])
        masked = received[offset + 4 : end]
        opcode = received[0] & 15
        del received[:end]
        pad = mask * (length // 4 + 1)
        clear = int.from_bytes(masked, "little") ^ int.from_bytes(pad[:length], "little")
        return opcode, clear.to_bytes(length, "little")

    def _answer(self, request: bytes) -> bytes:
        found_id, found_method = ID.search(request), METHOD.search(request)
        assert found_id is not None
        assert found_method is not None
        return _server_frame(1, b'{"id":' + found_id[1] + self.answers[found_method[1]])


def _server_frame(opcode: int, payload: bytes) -> bytes:
    length = len(payload)
    if length < 126:
        return bytes((128 | opcode, length)) + payload
    if length < 65536:
        return struct.pack(">BBH", 128 | opcode, 126, length) + payload
    return struct.pack(">BBQ", 128 | opcode, 127, length) + payload


async def serve(certificate: list[str]) -> None:
    """Serve on 127.0.0.1 until standard input ends."""
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(CannedServer, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    try:
        import uvloop
    except ImportError:
        asyncio.run(serve(sys.argv[1:]))
    else:
        uvloop.run(serve(sys.argv[1:]))
