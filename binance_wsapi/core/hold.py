"""What keeps a client alive for the stream or the order book that it handed out."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from binance_wsapi.core.runtime import Runtime

__all__ = ["ClientHold"]


class ClientHold:
    """Refers to the client of a core until it is released.

    It belongs to what was handed out: the core may refer to it weakly alone, or no client would
    ever be abandoned.
    """

    __slots__ = ("__weakref__", "_client", "_loop")

    def __init__(self, runtime: Runtime) -> None:
        self._client = runtime.owner()
        self._loop: asyncio.AbstractEventLoop = runtime.loop

    def release(self) -> None:
        """Let go of the client; from any thread.

        Done on the core's loop: who lets go of a client last closes it, which may take a while.
        """
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._let_go)
            return
        self._let_go()  # the loop is closed, and the client with it

    def _let_go(self) -> None:
        self._client = None
