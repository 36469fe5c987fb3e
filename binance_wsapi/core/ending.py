"""Ending tasks for certain."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from typing import Any

__all__ = ["end_tasks"]

AGAIN_S = 0.1
"""A task that has not ended after so long is cancelled again."""
TRIES = 10

log = logging.getLogger("binance_wsapi.core")


async def end_tasks(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended.

    Asking once is not enough: ``asyncio.wait_for`` of Python 3.11, which redis-py uses for each command,
    loses a cancellation that comes when what it waits for is done.
    """
    for _ in range(TRIES):
        living = [task for task in tasks if not task.done()]
        if not living:
            break
        for task in living:
            task.cancel()
        await asyncio.wait(living, timeout=AGAIN_S)
    for task in tasks:
        if not task.done():
            log.error("%s does not end; it is abandoned", task.get_name())
        elif not task.cancelled():
            task.exception()  # it is nobody's any more
