"""The async client: the same names, awaited; three orders at once over one connection."""

from __future__ import annotations

import asyncio
from decimal import ROUND_DOWN, Decimal

from binance_wsapi import AsyncClient
from binance_wsapi.simulator import practice


async def main(client: AsyncClient) -> None:
    """Run the tour with a client of any environment."""
    ticker = await client.spot.get_symbol_order_book_ticker(symbol="BTCUSDT")
    best = ticker.result.bid_price
    print("best bid", best)

    prices = [
        (best * factor).quantize(Decimal(1), ROUND_DOWN)
        for factor in (Decimal("0.97"), Decimal("0.96"), Decimal("0.95"))
    ]
    responses = await asyncio.gather(
        *(
            client.spot.submit_new_order(
                symbol="BTCUSDT",
                side="BUY",
                type="LIMIT",
                time_in_force="GTC",
                price=price,
                quantity="0.001",
            )
            for price in prices
        )
    )
    print("placed", [response.result.order_id for response in responses])

    cancelled = await client.spot.cancel_all_open_orders(symbol="BTCUSDT")
    print("cancelled", len(cancelled.result))


async def _run() -> None:
    with practice():
        async with AsyncClient.from_env() as client:
            await main(client)


if __name__ == "__main__":
    asyncio.run(_run())
