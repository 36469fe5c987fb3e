"""What a direct socket does with frames when the system takes nothing more."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from unittest.mock import MagicMock

import pytest

from binance_wsapi.core.direct_socket import DirectSocket

if sys.platform != "linux":
    pytest.skip("direct sockets are for Linux", allow_module_level=True)


class Balky:
    """A socket that fails to send once, and could again."""

    def __init__(self, inner: socket.socket) -> None:
        self._inner = inner
        self.recv, self.fileno, self.close = inner.recv, inner.fileno, inner.close
        self._fails = True

    def send(self, data: bytes) -> int:
        if self._fails:
            self._fails = False
            raise OSError(errno.ENOBUFS, "no buffers")
        return self._inner.send(data)


def test_a_frame_that_was_told_not_to_be_sent_is_not_sent_later() -> None:
    """It stood behind what an interrupted caller had left, whose sending failed."""

    async def run() -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            theirs.setblocking(False)
            balky, loop = Balky(ours), asyncio.get_running_loop()
            link = DirectSocket(loop, balky, None, MagicMock(), b"", set())  # type: ignore[arg-type]  # as much of one as it takes
            link._being_sent = [b"left behind"]

            with pytest.raises(ConnectionError):
                link.write(b"an order")
            link.flush()

            with pytest.raises(BlockingIOError):
                theirs.recv(100)
            link.end("the test is over")

    asyncio.run(run())
