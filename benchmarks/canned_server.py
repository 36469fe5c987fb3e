"""A websocket server that answers at once from canned payloads: so cheap that the client is what is measured.

Run in a process of its own: ``python benchmarks/canned_server.py [certificate key]`` prints its port
and serves on 127.0.0.1 until its standard input ends. Blocking sockets, a thread a connection:
nothing in Python answers sooner.
"""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Iterator
from itertools import islice

from payloads import RATE_LIMITS, canned_results
from pushes import STREAMS, USER, events

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY = re.compile(rb"(?i)sec-websocket-key: *([^\r]+)")
ID = re.compile(rb'"id": *(\d+)')
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
HEAD = 128
"""Bytes of a frame's payload that are read: id and method stand first, a ping is shorter."""
PUSHED_AT_ONCE = 64
"""Events in one write when they are pushed flat out: what a busy socket brings in one read."""
ANSWERS = {
    method: b'","status":200,"result":' + result + b',"rateLimits":' + RATE_LIMITS + b"}"
    for method, result in canned_results().items()
}


class Client:
    """A connection, written to by its own thread and by whoever pushes events."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, frames: bytes) -> None:
        """Write frames, one writer at a time."""
        with self._lock:
            self._connection.sendall(frames)


subscribers: dict[tuple[str, str], Client] = {}
"""Who gets the events of a kind that a worker asks for: its last connection that subscribed."""
sources: dict[tuple[str, str], Iterator[bytes]] = {}


def serve(certificate: list[str]) -> None:
    """Serve on 127.0.0.1 until standard input ends."""
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_serve_one, args=(connection, context), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()


def _serve_one(connection: socket.socket, context: ssl.SSLContext | None) -> None:
    if context is not None:
        connection = context.wrap_socket(connection, server_side=True)
    with connection:
        received = bytearray()
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        if received.startswith(b"PUSH "):
            _push(connection, *received.decode().split()[1:])
            return
        _shake(connection, bytes(received))
        client = Client(connection)
        path = received.split(b" ", 2)[1].decode()
        worker = path.partition("?worker=")[2]
        answer = _answer if path.startswith("/ws-api/") else _stream_answer
        received.clear()
        while data := connection.recv(65536):
            received += data
            answers: list[bytes] = []
            while (frame := _take_frame(received)) is not None:
                opcode, payload = frame
                if opcode == TEXT:
                    answers.append(answer(client, worker, payload))
                elif opcode == PING:
                    answers.append(_server_frame(PONG, payload))
                elif opcode == CLOSE:
                    client.send(_server_frame(CLOSE, payload))
                    return
            client.send(b"".join(answers))


def _push(asked_by: socket.socket, worker: str, kind: str, count: str, per_second: str) -> None:
    client, source = subscribers[worker, kind], sources[worker, kind]
    left, pace = int(count), int(per_second)
    asked_by.sendall(b"!")
    at_once = PUSHED_AT_ONCE if pace == 0 else max(pace // 200, 1)
    began, sent = time.monotonic(), 0
    while left > 0:
        batch = list(islice(source, min(at_once, left)))
        client.send(b"".join(_server_frame(TEXT, event) for event in batch))
        left -= len(batch)
        sent += len(batch)
        if pace:
            time.sleep(max(0.0, began + sent / pace - time.monotonic()))


def _shake(connection: socket.socket, request: bytes) -> None:
    found = KEY.search(request)
    assert found is not None
    accept = base64.b64encode(hashlib.sha1(found[1] + GUID).digest())  # the protocol's own choice
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


def _take_frame(received: bytearray) -> tuple[int, bytes] | None:
    """Take a frame off; return its opcode and the head of its payload."""
    if len(received) < 6:
        return None
    length, offset = received[1] & 127, 2
    if length == 126:
        length, offset = received[2] << 8 | received[3], 4
    elif length == 127:
        length, offset = int.from_bytes(received[2:10], "big"), 10
    end = offset + 4 + length
    if len(received) < end:
        return None
    mask = received[offset : offset + 4] * (HEAD // 4)
    head = received[offset + 4 : min(end, offset + 4 + HEAD)]
    opcode = received[0] & 15
    del received[:end]
    clear = int.from_bytes(head, "little") ^ int.from_bytes(mask[: len(head)], "little")
    return opcode, clear.to_bytes(len(head), "little")


def _answer(client: Client, worker: str, request: bytes) -> bytes:
    # {"id":"1","method":"ping"...
    _, _, _, request_id, _, _, _, method, _ = request.split(b'"', 8)
    if method.startswith(b"userDataStream.subscribe"):
        _subscribe(client, worker, USER)
    return _server_frame(TEXT, b'{"id":"' + request_id + ANSWERS[method])


def _stream_answer(client: Client, worker: str, request: bytes) -> bytes:
    for kind in STREAMS:
        _subscribe(client, worker, kind)
    found = ID.search(request)
    assert found is not None
    return _server_frame(TEXT, b'{"result":null,"id":' + found[1] + b"}")


def _subscribe(client: Client, worker: str, kind: str) -> None:
    subscribers[worker, kind] = client
    sources.setdefault((worker, kind), events(kind))


def _server_frame(opcode: int, payload: bytes) -> bytes:
    length = len(payload)
    if length < 126:
        return bytes((128 | opcode, length)) + payload
    if length < 65536:
        return struct.pack(">BBH", 128 | opcode, 126, length) + payload
    return struct.pack(">BBQ", 128 | opcode, 127, length) + payload


if __name__ == "__main__":
    serve(sys.argv[1:])
