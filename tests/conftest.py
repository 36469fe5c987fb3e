"""Fixtures of the tests that talk over sockets: an exchange, clients of both kinds, nothing left behind."""

from __future__ import annotations

import gc
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from callers import FLAVOURS, WAIT_S, Caller, Flavour, caller_of
from scripted_server import ScriptedServer

from binance_wsapi.simulator import SimulatedExchange

QUICK: dict[str, Any] = {"reconnect_delay": 0.01, "attach_event_listeners": False}
"""Options of test clients: nothing is gained by waiting long for a reconnect."""

# How long an example takes says how busy the machine is, and nothing about what is tested.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_configure() -> None:
    """Take interrupts: what runs in the background of a script ignores them, and so do its children."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=FLAVOURS)
def flavour(request: pytest.FixtureRequest) -> Flavour:
    """Which of the two clients a test runs on; it runs once on each."""
    chosen: Flavour = request.param
    return chosen


@pytest.fixture
def exchange() -> Iterator[SimulatedExchange]:
    """An embedded exchange without limits, so that no test depends on what another one used up."""
    with SimulatedExchange(seed=7) as running:
        running.limits.enabled = False
        running.futures_limits.enabled = False
        yield running


@pytest.fixture
def connect(flavour: Flavour, exchange: SimulatedExchange) -> Iterator[Callable[..., Caller]]:
    """Make callers of clients of the exchange: ``connect(key, **options)``, a new account's by default."""
    callers: list[Caller] = []

    def make(key: Any = None, **options: Any) -> Caller:
        if key is None and "api_key" not in options:
            key = exchange.create_account().create_key()
        given = {**QUICK, **exchange.client_options(key), **options}
        callers.append(caller_of(flavour, **given))
        return callers[-1]

    yield make
    for caller in callers:
        caller.close()


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    """A server that says what a test tells it to."""
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def dial(flavour: Flavour, scripted: ScriptedServer) -> Iterator[Callable[..., Caller]]:
    """Make callers of clients of the scripted server: ``dial(**options)``."""
    callers: list[Caller] = []

    def make(**options: Any) -> Caller:
        callers.append(caller_of(flavour, **{**QUICK, "urls": scripted.urls, **options}))
        return callers[-1]

    yield make
    for caller in callers:
        caller.close()


@pytest.fixture
def loggers_as_before() -> Iterator[None]:
    """What a program does to the library's loggers is undone after the test."""
    names = [
        "binance_wsapi",
        *(n for n in logging.root.manager.loggerDict if "binance_wsapi." in n),
    ]
    before = {name: logging.getLogger(name).level for name in names}
    handlers = list(logging.root.handlers)
    yield
    for name in logging.root.manager.loggerDict:
        if name.partition(".")[0] == "binance_wsapi":
            logging.getLogger(name).setLevel(before.get(name, logging.NOTSET))
    logging.root.handlers[:] = handlers


def pytest_collection_finish() -> None:
    """Keep the modules of all tests out of the garbage collector's way: it takes 0.1 s to look at them."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """No thread of a client and no socket outlives a test of the core or the clients.

    Autouse fixtures begin before all others and end after them.
    """
    if request.path.parent.name not in {"core", "clients"}:
        yield
        return
    sockets_before = _open_sockets()
    yield
    for thread in threading.enumerate():
        if thread.name.startswith(("binance-", "caller", "scripted")):
            thread.join(WAIT_S)
            assert not thread.is_alive(), f"the thread {thread.name} was left behind"
    if _open_sockets() > sockets_before:
        gc.collect()  # what nobody holds any more is no socket left behind
        assert _open_sockets() <= sockets_before, "a socket was left open"


def _open_sockets() -> int:
    if not sys.platform.startswith("linux"):
        return 0
    count = 0
    for entry in Path("/proc/self/fd").iterdir():
        try:
            count += str(entry.readlink()).startswith("socket:")
        except OSError:  # closed meanwhile
            continue
    return count
