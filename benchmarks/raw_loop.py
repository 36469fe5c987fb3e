"""The baseline: a raw aiohttp websocket on the stdlib loop, with ``json``, no futures, no types.

``python benchmarks/raw_loop.py URL [certificate]``. It has a process of its own because the library
raises glibc's mmap threshold for the whole process, which would speed the baseline up.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import aiohttp
from chunks import BUSY_EVENTS, BUSY_PACE, ORDER, figures, serve_chunks, tls_context
from pushes import STREAMS, USER, pusher, worker_url

IN_FLIGHT = 100


def main(url: str, certificate: str = "") -> None:
    """Connect, and measure as told."""
    with asyncio.Runner() as runner:
        session, socket, stream = runner.run(_connect(url, certificate))
        push = pusher(url, tls_context(certificate))

        def sequential(method: str, params: dict[str, Any], count: int) -> list[float]:
            return runner.run(_sequential(socket, method, params, count))

        def pipelined(count: int) -> list[float]:
            return runner.run(_pipelined(socket, count))

        def events(kind: str, count: int) -> list[float]:
            push(kind, count)
            return runner.run(_events(socket if kind == USER else stream, count))

        def book(kind: str, count: int) -> list[float]:
            push(kind, count)
            return runner.run(_book(stream, count))

        def busy(count: int) -> list[float]:
            push("ticker", BUSY_EVENTS, BUSY_PACE)
            return runner.run(_busy(socket, stream, order, count))

        depth = {"symbol": "BTCUSDT", "limit": 1000}
        order = {**ORDER, "timestamp": 1660801715639}
        serve_chunks(
            {
                "sequential": lambda n: figures(lambda: sequential("order.place", order, n), n),
                "pipelined": lambda n: figures(lambda: pipelined(n), n),
                "depth": lambda n: figures(lambda: sequential("depth", depth, n), n),
                "user_events": lambda n: figures(lambda: events(USER, n), n),
                "ticker_events": lambda n: figures(lambda: events("ticker", n), n),
                "book5": lambda n: figures(lambda: book("book5", n), n),
                "book20": lambda n: figures(lambda: book("book20", n), n),
                "busy": lambda n: figures(lambda: busy(n), n),
                "exchange_info": lambda n: figures(lambda: sequential("exchangeInfo", {}, n), n),
            }
        )
        runner.run(_close(session, socket, stream))


Socket = aiohttp.ClientWebSocketResponse


async def _connect(url: str, certificate: str) -> tuple[aiohttp.ClientSession, Socket, Socket]:
    session = aiohttp.ClientSession()
    ssl = tls_context(certificate) or True
    socket = await session.ws_connect(worker_url(url), ssl=ssl, max_msg_size=0)
    await socket.send_str('{"id":"1","method":"userDataStream.subscribe","params":{}}')
    await socket.receive()
    stream_url = worker_url(url.replace("/ws-api/v3", "/stream"))
    stream = await session.ws_connect(stream_url, ssl=ssl, max_msg_size=0)
    for number, name in enumerate(STREAMS.values()):
        await stream.send_str(json.dumps({"method": "SUBSCRIBE", "params": [name], "id": number}))
        await stream.receive()
    return session, socket, stream


async def _events(socket: Socket, count: int) -> list[float]:
    for _ in range(count):
        json.loads((await socket.receive()).data)
    return []


async def _book(socket: Socket, count: int) -> list[float]:
    """Keep a book the shortest way there is: prices and quantities as they came."""
    sides: dict[str, dict[str, str]] = {"b": {}, "a": {}}
    for _ in range(count):
        change = json.loads((await socket.receive()).data)["data"]
        for side, levels in sides.items():
            for price, quantity in change[side]:
                if float(quantity):
                    levels[price] = quantity
                else:
                    levels.pop(price, None)
    return []


async def _busy(socket: Socket, stream: Socket, order: dict[str, Any], count: int) -> list[float]:
    async with asyncio.TaskGroup() as group:
        group.create_task(_events(stream, BUSY_EVENTS))
        requests = group.create_task(_sequential(socket, "order.place", order, count))
    return requests.result()


async def _close(session: aiohttp.ClientSession, *sockets: Socket) -> None:
    for socket in sockets:
        await socket.close()
    await session.close()


async def _sequential(
    socket: Socket, method: str, params: dict[str, Any], count: int
) -> list[float]:
    round_trips: list[float] = []
    for number in range(count):
        began = time.perf_counter()
        await socket.send_str(json.dumps({"id": str(number), "method": method, "params": params}))
        json.loads((await socket.receive()).data)
        round_trips.append(time.perf_counter() - began)
    return round_trips


async def _pipelined(socket: Socket, count: int) -> list[float]:
    params = {**ORDER, "timestamp": 1660801715639}

    async def send(number: int) -> None:
        frame = {"id": str(number), "method": "order.place", "params": params}
        await socket.send_str(json.dumps(frame))

    for number in range(IN_FLIGHT):
        await send(number)
    for number in range(count):
        json.loads((await socket.receive()).data)
        if number + IN_FLIGHT < count:
            await send(number + IN_FLIGHT)
    return []


if __name__ == "__main__":
    main(*sys.argv[1:])
