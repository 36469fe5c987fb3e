"""An HTTP server on a loop of its own, of which no connection is left over."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

from aiohttp import web

__all__ = ["WebServer", "stop_accepting"]


class WebServer(web.Server):
    """aiohttp's server, and what it takes to end it on a loop that is its alone."""

    def __init__(self, handler: Any, **options: Any) -> None:
        super().__init__(handler, **options)
        self._transports: dict[Any, asyncio.Transport] = {}

    def connection_made(self, handler: Any, transport: asyncio.Transport) -> None:
        """Take note of a connection."""
        super().connection_made(handler, transport)
        self._transports[handler] = transport

    def connection_lost(self, handler: Any, exc: BaseException | None = None) -> None:
        """Forget a connection."""
        super().connection_lost(handler, exc)
        self._transports.pop(handler, None)

    async def end(self, timeout: float) -> None:
        """Close all connections and end what else runs; nothing is accepted any more.

        Args:
            timeout: Seconds that the answers which are being made may take.
        """
        await self.shutdown(timeout)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # Those that came meanwhile, at the end of a TLS handshake, and those whose peer does not read.
        for transport in self._transports.values():
            transport.abort()
        await _turns()


async def stop_accepting(listeners: Sequence[asyncio.Server]) -> None:
    """Close what listens, once what it has accepted is connected: a connection that comes later is lost, and left open."""
    loop = asyncio.get_running_loop()
    for listener in listeners:
        for each in listener.sockets:
            with contextlib.suppress(NotImplementedError):  # Windows: there is nothing in between
                loop.remove_reader(each.fileno())
    await _turns()
    for listener in listeners:
        listener.close()


async def _turns() -> None:
    """Let the loop do what it has begun: transports take a turn or two to be made, and one to be closed."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)
