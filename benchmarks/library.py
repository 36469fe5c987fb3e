"""This library, measured as its users call it: typed results included.

``python benchmarks/library.py uvloop|stdlib URL [certificate]``. The loop of the async facade's caller is
of the same kind as the library's own.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Any

from chunks import figures, serve_chunks, tls_context
from in_threads import in_threads

if sys.argv[1] == "stdlib":
    sys.modules["uvloop"] = None  # type: ignore[assignment]  # the documented way to forbid an import

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from binance_wsapi import AsyncClient, Client, WsKey

IN_FLIGHT = 100
API_KEY = "k" * 64


def main(url: str, certificate: str = "") -> None:
    """Connect, and measure as told."""
    pem = (
        Ed25519PrivateKey.generate()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )
    shared: dict[str, Any] = {
        "api_key": API_KEY,
        "urls": {WsKey.MAIN_WSAPI: url},
        "ssl": tls_context(certificate),
        "mute_latency_warning": True,
    }
    with (
        Client(api_secret=pem, **shared) as session,
        Client(api_secret="s" * 64, **shared) as hmac,
        asyncio.Runner(loop_factory=_loop_factory()) as runner,
    ):
        session_async = AsyncClient(api_secret=pem, **shared)
        hmac_async = AsyncClient(api_secret="s" * 64, **shared)

        def in_loop(
            work: Callable[[AsyncClient, int], Any], client: AsyncClient
        ) -> Callable[[int], Any]:
            return lambda n: figures(lambda: runner.run(work(client, n)), n)

        def threads(client: Client, count: int) -> list[float]:
            in_threads(lambda: _place(client), count)
            return []

        serve_chunks(
            {
                "sync": lambda n: figures(lambda: _timed(lambda: _place(session), n), n),
                "sync_hmac": lambda n: figures(lambda: _timed(lambda: _place(hmac), n), n),
                "async": in_loop(_sequential, session_async),
                "async_hmac": in_loop(_sequential, hmac_async),
                "pipelined": in_loop(_pipelined, session_async),
                "pipelined_hmac": in_loop(_pipelined, hmac_async),
                "threads": lambda n: figures(lambda: threads(session, n), n),
                "threads_hmac": lambda n: figures(lambda: threads(hmac, n), n),
                "depth": lambda n: figures(lambda: _timed(lambda: _depth(session), n), n),
                "exchange_info": lambda n: figures(
                    lambda: _timed(lambda: session.spot.get_exchange_info().result, n), n
                ),
            }
        )
        runner.run(session_async.close())
        runner.run(hmac_async.close())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _place(client: Client) -> object:
    return client.spot.submit_new_order(
        symbol="BTCUSDT",
        side="BUY",
        type="LIMIT",
        time_in_force="GTC",
        price="20000.00",
        quantity="0.001",
    ).result


def _depth(client: Client) -> object:
    return client.spot.get_order_book(symbol="BTCUSDT", limit=1000).result


def _timed(call: Callable[[], object], count: int) -> list[float]:
    round_trips: list[float] = []
    for _ in range(count):
        began = time.perf_counter()
        call()
        round_trips.append(time.perf_counter() - began)
    return round_trips


async def _place_async(client: AsyncClient) -> object:
    response = await client.spot.submit_new_order(
        symbol="BTCUSDT",
        side="BUY",
        type="LIMIT",
        time_in_force="GTC",
        price="20000.00",
        quantity="0.001",
    )
    return response.result


async def _sequential(client: AsyncClient, count: int) -> list[float]:
    round_trips: list[float] = []
    for _ in range(count):
        began = time.perf_counter()
        await _place_async(client)
        round_trips.append(time.perf_counter() - began)
    return round_trips


async def _pipelined(client: AsyncClient, count: int) -> list[float]:
    async def repeat() -> None:
        for _ in range(count // IN_FLIGHT):
            await _place_async(client)

    await asyncio.gather(*(repeat() for _ in range(IN_FLIGHT)))
    return []


if __name__ == "__main__":
    main(*sys.argv[2:])
