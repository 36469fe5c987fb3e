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
from chunks import ORDER, figures, serve_chunks, tls_context

IN_FLIGHT = 100


def main(url: str, certificate: str = "") -> None:
    """Connect, and measure as told."""
    with asyncio.Runner() as runner:
        session, socket = runner.run(_connect(url, certificate))

        def sequential(method: str, params: dict[str, Any], count: int) -> list[float]:
            return runner.run(_sequential(socket, method, params, count))

        def pipelined(count: int) -> list[float]:
            return runner.run(_pipelined(socket, count))

        depth = {"symbol": "BTCUSDT", "limit": 1000}
        order = {**ORDER, "timestamp": 1660801715639}
        serve_chunks(
            {
                "sequential": lambda n: figures(lambda: sequential("order.place", order, n), n),
                "pipelined": lambda n: figures(lambda: pipelined(n), n),
                "depth": lambda n: figures(lambda: sequential("depth", depth, n), n),
                "exchange_info": lambda n: figures(lambda: sequential("exchangeInfo", {}, n), n),
            }
        )
        runner.run(_close(session, socket))


async def _connect(
    url: str, certificate: str
) -> tuple[aiohttp.ClientSession, aiohttp.ClientWebSocketResponse]:
    session = aiohttp.ClientSession()
    context = tls_context(certificate)
    return session, await session.ws_connect(url, ssl=context or True, max_msg_size=0)


async def _close(session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse) -> None:
    await socket.close()
    await session.close()


async def _sequential(
    socket: aiohttp.ClientWebSocketResponse, method: str, params: dict[str, Any], count: int
) -> list[float]:
    round_trips: list[float] = []
    for number in range(count):
        began = time.perf_counter()
        await socket.send_str(json.dumps({"id": str(number), "method": method, "params": params}))
        json.loads((await socket.receive()).data)
        round_trips.append(time.perf_counter() - began)
    return round_trips


async def _pipelined(socket: aiohttp.ClientWebSocketResponse, count: int) -> list[float]:
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
