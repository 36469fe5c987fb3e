"""A notebook: its event loop runs already, and the sync client does not mind.

Open it as a notebook (each ``# %%`` is a cell) or run it as a script. Market data needs no key.
"""

# %%
from __future__ import annotations

import asyncio

from binance_wsapi import AsyncClient, Client


# %% Blocking calls work although a loop is running: the client has a thread of its own.
def last_prices(client: Client) -> None:
    """Print the latest prices."""
    for symbol in ("BTCUSDT", "ETHUSDT"):
        print(symbol, client.spot.get_symbol_price_ticker(symbol=symbol).result.price)


# %% The async client works in the notebook's own loop: ``await compare(client)``.
async def compare(client: AsyncClient) -> None:
    """Print two books that were asked for at the same time."""
    btc, eth = await asyncio.gather(
        client.spot.get_order_book(symbol="BTCUSDT", limit=5),
        client.spot.get_order_book(symbol="ETHUSDT", limit=5),
    )
    print("BTC", btc.result.bids[0].price, "ETH", eth.result.bids[0].price)


# %%
async def _run() -> None:
    with Client() as client:
        last_prices(client)
    async with AsyncClient() as client:
        await compare(client)


if __name__ == "__main__":
    asyncio.run(_run())
