"""A websocket server that answers at once from canned payloads: so cheap that the client is what is measured.

Run in a process of its own: ``python benchmarks/canned_server.py`` prints its port.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import struct
import sys
import time
from pathlib import Path
from typing import cast

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
ID = re.compile(rb'"id":\s*("[^"]*"|\d+)')
METHOD = re.compile(rb'"method":\s*"([^"]*)"')
LIMITS = (
    b',"rateLimits":[{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,'
    b'"limit":1000000,"count":1},{"rateLimitType":"ORDERS","interval":"DAY","intervalNum":1,'
    b'"limit":100000000,"count":1},{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE",'
    b'"intervalNum":1,"limit":10000000,"count":12}]}'
)


def _levels(start: int, step: int) -> list[list[str]]:
    return [[f"{(start + i * step) / 100:.8f}", f"{(i % 97 + 1) / 1000:.8f}"] for i in range(1000)]


def _results() -> dict[bytes, bytes]:
    order = {
        "symbol": "BTCUSDT",
        "orderId": 12569099453,
        "orderListId": -1,
        "clientOrderId": "4d96324ff9d44481926157ec08158a40",
        "transactTime": 1660801715639,
    }
    logon = {
        "apiKey": "key",
        "authorizedSince": 1649729878532,
        "connectedSince": 1649729873021,
        "returnRateLimits": True,
        "serverTime": 1649729878630,
        "userDataStream": False,
    }
    results = {
        "order.place": order,
        "time": {"serverTime": time.time_ns() // 1_000_000},
        "session.logon": logon,
        "session.status": logon,
        "ping": {},
        "depth": {
            "lastUpdateId": 2731179239,
            "bids": _levels(2345678, -1),
            "asks": _levels(2345679, 1),
        },
    }
    exchange_info = Path(__file__).with_name("exchange_info.json")
    if exchange_info.exists():
        results["exchangeInfo"] = json.loads(exchange_info.read_text())
    return {
        method.encode(): json.dumps(result, separators=(",", ":")).encode()
        for method, result in results.items()
    }


class CannedServer(asyncio.Protocol):
    """One connection."""

    results = _results()

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
        answers = []
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
        result = self.results[found_method[1]]
        return _server_frame(
            1, b'{"id":' + found_id[1] + b',"status":200,"result":' + result + LIMITS
        )


def _server_frame(opcode: int, payload: bytes) -> bytes:
    length = len(payload)
    if length < 126:
        return bytes((128 | opcode, length)) + payload
    if length < 65536:
        return struct.pack(">BBH", 128 | opcode, 126, length) + payload
    return struct.pack(">BBQ", 128 | opcode, 127, length) + payload


async def serve() -> None:
    """Serve on 127.0.0.1 until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(CannedServer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    try:
        import uvloop
    except ImportError:
        asyncio.run(serve())
    else:
        uvloop.run(serve())
