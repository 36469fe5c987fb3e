"""This library, measured as its users call it: typed results included.

``python benchmarks/library.py uvloop|stdlib URL [certificate]`` names the loop of the library; the async
facade is called from a loop of each kind.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any

from chunks import BUSY_EVENTS, BUSY_PACE, figures, new_uvloop, serve_chunks, tls_context
from in_threads import in_threads
from pushes import BOOK_SYMBOLS, FIRST_UPDATE_ID, STREAMS, USER, pusher, worker_url

if sys.argv[1] == "stdlib":
    sys.modules["uvloop"] = None  # type: ignore[assignment]  # the documented way to forbid an import

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from binance_wsapi import AsyncClient, Client, EventStream, WsKey

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
        "urls": {
            WsKey.MAIN_WSAPI: worker_url(url),
            WsKey.MAIN: worker_url(url.replace("/ws-api/v3", "/stream")),
        },
        "ssl": tls_context(certificate),
        "mute_latency_warning": True,
    }
    # By another name: it is not to share limits with the others, for it drives its socket only alone.
    by_itself = {
        key: address.replace("127.0.0.1", "localhost") for key, address in shared["urls"].items()
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        Client(api_secret=pem, **shared) as session,
        Client(api_secret="s" * 64, **shared) as hmac,
        Client(api_secret=pem, **shared) as heard,
        Client(api_secret=pem, transport="direct", **shared | {"urls": by_itself}) as direct,
        asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner,
        asyncio.Runner(loop_factory=new_uvloop) as uv_runner,
    ):
        journals = [f"{folder}/{number}.db" for number in range(4)]
        kept = Client(api_secret=pem, journal=journals[0], **shared)
        kept_power = Client(api_secret=pem, journal=journals[1], durability="power", **shared)
        kept_async = AsyncClient(api_secret=pem, journal=journals[2], **shared)
        kept_power_async = AsyncClient(
            api_secret=pem, journal=journals[3], durability="power", **shared
        )
        session_async = AsyncClient(api_secret=pem, **shared)
        # By a third name: as above, and apart from that one.
        alone = {key: each.replace("localhost", "127.1") for key, each in by_itself.items()}
        direct_async = AsyncClient(api_secret=pem, transport="direct", **shared | {"urls": alone})
        hmac_async = AsyncClient(api_secret="s" * 64, **shared)
        push = pusher(url, tls_context(certificate))
        pushed = _Pushed(heard, push)

        def in_loop(
            work: Callable[[AsyncClient, int], Any],
            client: AsyncClient,
            runner: asyncio.Runner = runner,
        ) -> Callable[[int], Any]:
            return lambda n: figures(lambda: runner.run(work(client, n)), n)

        def busy(count: int) -> list[float]:
            push("ticker", BUSY_EVENTS, BUSY_PACE)
            round_trips = _timed(lambda: _place(heard), count)
            pushed.take(pushed.ticker, BUSY_EVENTS)
            return round_trips

        def threads(client: Client, count: int) -> list[float]:
            in_threads(lambda: _place(client), count)
            return []

        serve_chunks(
            {
                "sync": lambda n: figures(lambda: _timed(lambda: _place(session), n), n),
                "sync_journal": lambda n: figures(lambda: _timed(lambda: _place(kept), n), n),
                "sync_power": lambda n: figures(lambda: _timed(lambda: _place(kept_power), n), n),
                "pipelined_journal": in_loop(_pipelined, kept_async),
                "pipelined_power": in_loop(_pipelined, kept_power_async),
                "sync_direct": lambda n: figures(lambda: _timed(lambda: _place(direct), n), n),
                "sync_hmac": lambda n: figures(lambda: _timed(lambda: _place(hmac), n), n),
                "async": in_loop(_sequential, session_async),
                "async_uvloop": in_loop(_sequential, session_async, uv_runner),
                "async_direct": in_loop(_sequential, direct_async),
                "async_uvloop_direct": in_loop(_sequential, direct_async, uv_runner),
                "async_hmac": in_loop(_sequential, hmac_async),
                "pipelined": in_loop(_pipelined, session_async),
                "pipelined_direct": in_loop(_pipelined, direct_async),
                "pipelined_hmac": in_loop(_pipelined, hmac_async),
                "threads": lambda n: figures(lambda: threads(session, n), n),
                "threads_direct": lambda n: figures(lambda: threads(direct, n), n),
                "threads_hmac": lambda n: figures(lambda: threads(hmac, n), n),
                "depth": lambda n: figures(lambda: _timed(lambda: _depth(session), n), n),
                "user_events": lambda n: figures(lambda: pushed.user_events(n), n),
                "user_handler": lambda n: figures(lambda: pushed.user_handler(n), n),
                "ticker_events": lambda n: figures(lambda: pushed.ticker_events(n), n),
                "ticker_async": lambda n: figures(lambda: pushed.ticker_async(runner, n), n),
                "book5": lambda n: figures(lambda: pushed.book("book5", n), n),
                "book20": lambda n: figures(lambda: pushed.book("book20", n), n),
                "busy": lambda n: figures(lambda: busy(n), n),
                "exchange_info": lambda n: figures(
                    lambda: _timed(lambda: session.spot.get_exchange_info().result, n), n
                ),
            }
        )
        runner.run(session_async.close())
        runner.run(hmac_async.close())
        runner.run(direct_async.close())
        kept.close()
        kept_power.close()
        runner.run(kept_async.close())
        runner.run(kept_power_async.close())


class _Pushed:
    """Events as they are pushed, consumed in each of the ways there are."""

    def __init__(self, client: Client, push: Callable[..., None]) -> None:
        self._client = client
        self._push = push
        self._user = client.subscribe_user_data_stream()
        self.ticker = client.streams.subscribe(STREAMS["ticker"])
        self._books = {
            kind: client.streams.order_book(symbol) for kind, symbol in BOOK_SYMBOLS.items()
        }

    def take(self, stream: EventStream[Any], count: int) -> None:
        """Take so many events, and read a field of each."""
        left = count
        for event in stream:
            assert event.symbol
            left -= 1
            if left == 0:
                return

    def user_events(self, count: int) -> list[float]:
        """To a typed iterator."""
        self._push(USER, count)
        self.take(self._user, count)
        return []

    def user_handler(self, count: int) -> list[float]:
        """To a handler; the stream is there as well, and drained."""
        left = count
        done = threading.Event()

        def handle(event: Any) -> None:
            nonlocal left
            assert event.symbol
            left -= 1
            if left == 0:
                done.set()

        self._client.on("user_data", handle)
        self._push(USER, count)
        done.wait()
        self._client.off("user_data", handle)
        while len(self._user):
            self._user.get()
        return []

    def ticker_events(self, count: int) -> list[float]:
        """To a typed iterator."""
        self._push("ticker", count)
        self.take(self.ticker, count)
        return []

    def ticker_async(self, runner: asyncio.Runner, count: int) -> list[float]:
        """To an ``async for``."""

        async def take() -> None:
            left = count
            async for event in self.ticker:
                assert event.symbol
                left -= 1
                if left == 0:
                    return

        self._push("ticker", count)
        runner.run(take())
        return []

    def book(self, kind: str, count: int) -> list[float]:
        """Into a local book, until it has the last change."""
        book = self._books[kind]
        if not book.is_ready:
            self._push(kind, 10)
            book.wait_ready(timeout=10)
            while book.update_id < FIRST_UPDATE_ID + 9:
                time.sleep(0.001)
        last = book.update_id + count
        self._push(kind, count)
        while book.update_id < last:
            time.sleep(0.001)
        return []


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
