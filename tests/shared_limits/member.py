"""One bot of a fleet: asks as often as it may until its input ends, then tells how often that was."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from binance_wsapi import AsyncClient, BinanceWsApiError, NotSent


async def run(options: dict[str, Any], under_way: int) -> dict[str, Any]:
    answered, refused = 0, []
    is_over = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), is_over.set)
    client = AsyncClient(**options, on_rate_limit="wait", timeout=120, attach_event_listeners=False)

    async def ask() -> None:
        nonlocal answered
        while True:
            try:
                await client.spot.test_connectivity()
            except NotSent:
                await asyncio.sleep(0.1)
            except BinanceWsApiError as error:
                refused.append(repr(error))
                await asyncio.sleep(0.1)
            else:
                if not answered:
                    print("began", flush=True)
                answered += 1

    asking = [asyncio.create_task(ask()) for _ in range(under_way)]
    await is_over.wait()
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    await client.close()
    return {"answered": answered, "refused": refused}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(json.loads(sys.argv[1]), int(sys.argv[2])))), flush=True)
