"""A web service with FastAPI: the book, candles, an order, and the account's events as server-sent events.

``python fastapi_service.py 8000`` serves on that port; so does ``uvicorn fastapi_service:app``. Needs
``pip install fastapi uvicorn``.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse

from binance_wsapi import AsyncClient, ParameterError, RequestRejected
from binance_wsapi.simulator import practice


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open one client for the life of the service."""
    with practice():
        async with AsyncClient.from_env() as client:
            app.state.client = client
            await client.subscribe_user_data_stream()
            yield


app = FastAPI(lifespan=lifespan)


@app.get("/book/{symbol}")
async def book(symbol: str, request: Request) -> Any:
    """The best five levels of each side."""
    client: AsyncClient = request.app.state.client
    return (await client.spot.get_order_book(symbol, limit=5)).result.to_dict(numbers="str")


@app.get("/candles/{symbol}")
async def candles(symbol: str, request: Request) -> Any:
    """The last two candles."""
    client: AsyncClient = request.app.state.client
    found = (await client.spot.get_klines(symbol, interval="1m", limit=2)).result
    return [candle.to_dict(numbers="str") for candle in found]


@app.post("/buy/{symbol}")
async def buy(symbol: str, quantity: str, request: Request) -> Any:
    """Buy at the market."""
    client: AsyncClient = request.app.state.client
    try:
        order = await client.spot.submit_new_order(
            symbol, side="BUY", type="MARKET", quantity=quantity
        )
    except (ParameterError, RequestRejected) as error:
        raise HTTPException(400, str(error)) from None
    return order.result.to_dict(numbers="str")


@app.get("/events")
async def events(request: Request) -> StreamingResponse:
    """The account's events, for any number of ``EventSource``s."""
    return StreamingResponse(told(request.app.state.client), media_type="text/event-stream")


async def told(client: AsyncClient) -> AsyncIterator[str]:
    """Yield each event from now on, as server-sent events are written."""
    waiting: asyncio.Queue[Any] = asyncio.Queue()

    async def hear(event: Any) -> None:
        waiting.put_nowait(event)

    client.on("user_data", hear)
    try:
        while True:
            event = await waiting.get()
            yield f"event: {type(event).__name__}\ndata: {event.to_json()}\n\n"
    finally:
        client.off("user_data", hear)


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]) if len(sys.argv) > 1 else 8000)
