"""A public suite of WebSocket conformance plays the server: the cases of autobahn's, run by ``kosoku``."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from callers import WAIT_S

if sys.platform != "linux":
    pytest.skip("direct sockets are for Linux", allow_module_level=True)

from kosoku import run_fuzzingserver

from binance_wsapi.core.direct_transport import DirectTransport
from binance_wsapi.core.websocket_frames import BINARY, client_frame

# 9: messages of up to 16 MiB; 12 and 13: compression, which no client of ours asks for.
CASES = {
    "protocol": ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"],
    "large": ["9.1.6", "9.2.6", "9.3.3", "9.4.3", "9.5.1", "9.6.1"],
}
PASSED = {("OK", "OK"), ("INFORMATIONAL", "INFORMATIONAL")}
# Bad UTF-8 ends the connection at the end of its message, not in the midst of it: as it may.
LATER = {"6.4.1", "6.4.2", "6.4.3", "6.4.4"}


class Echo:
    """Sends back what comes."""

    def __init__(self) -> None:
        self.socket: Any = None
        self.told: list[str | bytes] = []
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def received(self, frame: str | bytes) -> None:
        self.told.append(frame)
        if self.socket is None:
            return
        try:
            if isinstance(frame, str):
                self.socket.write(frame.encode())
            else:  # what this library never sends
                self.socket._put(client_frame(BINARY, frame))
        except ConnectionError:
            pass

    def taken(self, frame: str | bytes) -> bool:
        return False

    def heard(self) -> None:
        pass

    def answered(self) -> None:
        pass

    def writable(self) -> None:
        pass

    def closed(self, reason: str) -> None:
        self.ended.set_result(reason)


@pytest.fixture(autouse=True)
def _stand_ins_go_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The suite has stand-ins for modules that Python has no more: others are not to find them."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if "shim" in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.mark.parametrize("cases", CASES.values(), ids=CASES)
def test_client_side_conforms(cases: list[str]) -> None:
    async def visit(transport: DirectTransport, url: str, *, echoes: bool) -> list[str | bytes]:
        echo = Echo()
        socket = await transport.connect(url, echo)
        echo.socket = socket if echoes else None
        await asyncio.wait_for(echo.ended, 3 * WAIT_S)
        return echo.told

    async def run() -> None:
        transport = DirectTransport(proxy=None, headers=None, ssl=None, connect_timeout=WAIT_S)
        async with run_fuzzingserver(cases, port=0) as server:
            base = f"ws://127.0.0.1:{server.port}"
            (count,) = await visit(transport, f"{base}/getCaseCount", echoes=False)
            for number in range(1, int(count) + 1):
                await visit(transport, f"{base}/runCase?case={number}&agent=direct", echoes=True)
            await visit(transport, f"{base}/updateReports?agent=direct", echoes=False)
            await transport.close()
            results.extend(await asyncio.wait_for(server.get_result(), 3 * WAIT_S))

    results: list[Any] = []
    asyncio.run(run())

    assert len(results) >= len(cases)
    for each in results:
        verdict = (each.behavior.value, each.behavior_close.value)
        assert verdict in PASSED or (each.case_id in LATER and each.passed), each
