"""One bot of a fleet: asks as often as the lines of its input allow, until that ends, then tells how often it was."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from binance_wsapi import AsyncClient, BinanceWsApiError, NotSent


async def run(options: dict[str, Any], under_way: int) -> dict[str, Any]:
    answered, refused = 0, []
    client = AsyncClient(**options, on_rate_limit="wait", timeout=120, attach_event_listeners=False)
    may_ask = asyncio.Semaphore(0)

    async def ask() -> None:
        nonlocal answered
        while True:
            await may_ask.acquire()
            try:
                await client.spot.test_connectivity()
            except NotSent:
                may_ask.release()
                await asyncio.sleep(0.1)
            except BinanceWsApiError as error:
                refused.append(repr(error))
            else:
                if not answered:
                    print("began", flush=True)
                answered += 1

    asking = [asyncio.create_task(ask()) for _ in range(under_way)]
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    while line := await lines.readline():
        for _ in range(int(line)):
            may_ask.release()
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    await client.close()
    return {"answered": answered, "refused": refused}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(json.loads(sys.argv[1]), int(sys.argv[2])))), flush=True)
