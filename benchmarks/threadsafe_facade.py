"""What 8 threads are measured against: a lean blocking facade on ``run_coroutine_threadsafe``.

``python benchmarks/threadsafe_facade.py URL [certificate]``. One reader task, futures by id, a
deadline, msgspec, untyped results: what one would write by hand without knowing what a hop costs.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import sys
import threading
import time
from typing import Any

import aiohttp
import msgspec
from chunks import ORDER, figures, serve_chunks, tls_context
from in_threads import in_threads

TIMEOUT_S = 10.0


class ThreadsafeFacade:
    """A blocking client of one connection; any thread may call."""

    def __init__(self, url: str, certificate: str) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._ids = itertools.count()
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._run(self._connect(url, certificate))

    def place_order(self, secret: bytes = b"") -> dict[str, Any]:
        """Place an order, signed when a secret is given."""
        params: dict[str, Any] = {**ORDER, "timestamp": time.time_ns() // 1_000_000}
        if secret:
            params["apiKey"] = "k" * 64
            payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
            params["signature"] = hmac.new(secret, payload.encode(), hashlib.sha256).hexdigest()
        answer: dict[str, Any] = self._run(self._request("order.place", params))
        return answer

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(TIMEOUT_S)

    async def _connect(self, url: str, certificate: str) -> None:
        self._session = aiohttp.ClientSession()
        context = tls_context(certificate)
        self._socket = await self._session.ws_connect(url, ssl=context or True)
        self._reader = asyncio.create_task(self._read())

    async def _request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        request_id = str(next(self._ids))
        future = self._waiting[request_id] = self._loop.create_future()
        frame = msgspec.json.encode({"id": request_id, "method": method, "params": params})
        await self._socket.send_str(frame.decode())
        async with asyncio.timeout(TIMEOUT_S):
            answer: dict[str, Any] = await future
            return answer

    async def _read(self) -> None:
        async for message in self._socket:
            answer = msgspec.json.decode(message.data)
            self._waiting.pop(answer["id"]).set_result(answer)


def main(url: str, certificate: str = "") -> None:
    """Connect, and measure as told."""
    facade = ThreadsafeFacade(url, certificate)

    def threads(secret: bytes, count: int) -> list[float]:
        in_threads(lambda: facade.place_order(secret), count)
        return []

    serve_chunks(
        {
            "threads": lambda n: figures(lambda: threads(b"", n), n),
            "threads_hmac": lambda n: figures(lambda: threads(b"s" * 64, n), n),
        }
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
