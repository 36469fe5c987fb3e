"""The web service as it is served: over HTTP, with server-sent events."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import aiohttp
import pytest
from example_runs import begun, leading_to, printed

from binance_wsapi.simulator import SimulatedExchange

TIMEOUT = aiohttp.ClientTimeout(total=30)


def test_it_serves_books_candles_orders_and_events(tmp_path: Path) -> None:
    for package in ("fastapi", "uvicorn"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    with SimulatedExchange(seed=3, market_maker=True) as exchange:
        account = exchange.create_account()
        service = begun(tmp_path, "fastapi_service", "0", **leading_to(exchange, account))
        assert service.stdout is not None
        found = None
        while found is None:
            line = service.stdout.readline()
            assert line, "it has ended"
            found = re.search(r"running on (http://[\d.:]+)", line)
        try:
            asyncio.run(used(found[1]))
        finally:
            service.terminate()
        printed(service, status=-15)


async def used(url: str) -> None:
    async with aiohttp.ClientSession(url, timeout=TIMEOUT) as browser:
        async with browser.get("/book/BTCUSDT") as answer:
            assert len((await answer.json())["bids"]) == 5
        async with browser.get("/candles/BTCUSDT") as answer:
            assert isinstance(await answer.json(), list)
        async with browser.post("/buy/BTCUSDT", params={"quantity": "much"}) as answer:
            assert answer.status == 400
            assert "quantity" in (await answer.json())["detail"]
        async with browser.get("/events") as first, browser.get("/events") as second:
            async with browser.post("/buy/BTCUSDT", params={"quantity": "0.001"}) as answer:
                bought = await answer.json()
                assert (bought["status"], bought["executed_quantity"]) == ("FILLED", "0.00100000")
            for events in (first, second):
                assert events.content_type == "text/event-stream"
                assert await events.content.readline() == b"event: OrderUpdate\n"
                assert (await events.content.readline()).startswith(b'data: {"')
