"""Direct sockets where the process has few descriptors, or no ``epoll``; and what they give back."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import select
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from callers import Caller, noted
from scripted_server import Peer, ScriptedServer

from binance_wsapi import AsyncClient, Client, ConfigurationError, WsKey
from binance_wsapi.core import lead, loop_reading

if sys.platform != "linux":
    pytest.skip("direct sockets are for Linux", allow_module_level=True)

Dial = Callable[..., Caller]


def none_left() -> Any:
    raise OSError(errno.EMFILE, "Too many open files")


@pytest.mark.parametrize("module", [lead, loop_reading])
def test_calls_are_answered_though_no_descriptor_is_left_to_read_by(
    dial: Dial, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch, module: Any
) -> None:
    monkeypatch.setattr(module, "epoll", none_left)
    caller = dial(transport="direct", api_key="key", api_secret="secret" * 10)
    caller.call(lambda client: client.connect())

    for number in range(50):
        answered = caller.call(
            lambda client, number=number: client.spot.submit_new_order(  # type: ignore[misc]
                symbol="BTCUSDT",
                side="BUY",
                type="MARKET",
                quantity=1,
                new_client_order_id=f"mine-{number}",
            )
        )
        assert answered.status == 200

    assert len(scripted.seen("order.place")) == 50
    assert scripted.handshakes == 1


@pytest.mark.parametrize("flavour", ["async"])  # blocking callers keep some bells for later ones
def test_connection_that_goes_gives_its_descriptors_back_at_once(
    dial: Dial, scripted: ScriptedServer
) -> None:
    """Not when the garbage collector comes by: connections may go faster than that."""

    async def last_one(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, {})
        peer.cut()

    def after_losing(connections: int) -> int:
        for _ in range(connections):
            caller.call(lambda client: client.spot.test_connectivity())
            caller.call(lambda client: client.spot.get_order_book(symbol="BTCUSDT"))
            rounds.append(0)
            back.wait(len(rounds))
        return sum("anon_inode" in each for each in descriptors())

    scripted.replies["depth"] = last_one
    caller = dial(transport="direct", reconnect_delay=0.001, reconnect_delay_max=0.01)
    back = noted(caller, "reconnected")
    rounds: list[int] = []
    caller.call(lambda client: client.connect())
    gc.disable()
    try:
        before, after = after_losing(3), after_losing(20)
    finally:
        gc.enable()

    assert after <= before + 5


def test_loop_that_is_closed_keeps_no_descriptor(scripted: ScriptedServer) -> None:
    """Each call of a script may have a loop of its own, and the garbage collector may be off."""
    client = AsyncClient(urls=scripted.urls, transport="direct", attach_event_listeners=False)

    def after_loops(count: int) -> int:
        for _ in range(count):
            asyncio.run(client.spot.test_connectivity())
        return sum("anon_inode" in each for each in descriptors())

    gc.disable()
    try:
        before, after = after_loops(3), after_loops(20)
    finally:
        gc.enable()
    asyncio.run(client.close())

    assert after <= before + 5


def descriptors() -> list[str]:
    found = []
    for each in Path("/proc/self/fd").iterdir():
        try:
            found.append(str(each.readlink()))
        except OSError:  # closed meanwhile
            continue
    return found


WITHOUT_EPOLL = """
    import select, sys
    del select.epoll  # as gevent and eventlet do
    from binance_wsapi import Client, WsKey

    with Client(urls={WsKey.MAIN_WSAPI: sys.argv[1]}) as client:
        print(client.spot.test_connectivity().status)
    """


def test_default_works_in_a_process_without_epoll(scripted: ScriptedServer) -> None:
    program = textwrap.dedent(WITHOUT_EPOLL)
    url = scripted.urls[str(WsKey.MAIN_WSAPI)]
    environment = {k: v for k, v in os.environ.items() if k != "BINANCE_WSAPI_TRANSPORT"}

    ended = subprocess.run(
        [sys.executable, "-c", program, url],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )

    assert ended.stdout == "200\n", ended.stderr


def test_direct_is_refused_in_a_process_without_epoll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(select, "epoll")

    with pytest.raises(ConfigurationError, match=r"needs select\.epoll"):
        Client(transport="direct")


def test_client_goes_on_when_epoll_is_taken_away_later(
    dial: Dial, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = dial(transport="direct")
    monkeypatch.delattr(select, "epoll")

    assert caller.call(lambda client: client.spot.test_connectivity()).status == 200
    assert scripted.handshakes == 1
