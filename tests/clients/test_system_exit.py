"""What ends a program elsewhere ends no connection: ``SystemExit`` and the like in code of the user's."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from callers import Caller, Flavour, Noted, noted
from scripted_server import ScriptedServer

Dial = Callable[..., Caller]
RAISED = [SystemExit, KeyboardInterrupt]


@pytest.mark.parametrize("raised", RAISED)
def test_metrics_that_raise_it_cost_nobody_anything(
    dial: Dial, scripted: ScriptedServer, raised: type[BaseException]
) -> None:
    class Metrics:
        def request_done(self, **_: object) -> None:
            raise raised

        def connection_changed(self, **_: object) -> None:
            raise raised

    caller = dial(metrics=Metrics())

    for _ in range(2):
        assert caller.call(lambda client: client.spot.test_connectivity()).status == 200
    assert scripted.handshakes == 1


@pytest.mark.parametrize("raised", RAISED)
def test_handler_that_raises_it_is_called_again(
    dial: Dial, scripted: ScriptedServer, raised: type[BaseException], flavour: Flavour
) -> None:
    heard = Noted()

    def plain(event: Any) -> None:
        heard(event)
        raise raised

    async def awaited(event: Any) -> None:
        heard(event)
        raise SystemExit  # a KeyboardInterrupt there is Ctrl-C, and the loop's own

    caller = dial()
    failed = noted(caller, "exception")
    if flavour == "async":

        async def add(client: Any) -> None:
            client.on("open", awaited)

        caller.call(add)
    else:
        caller.client.on("open", plain)
    for count in (1, 2):
        caller.call(lambda client: client.connect())
        heard.wait(count)
        failed.wait(count)
        caller.call(lambda client: client.disconnect_all())

    assert caller.call(lambda client: client.spot.test_connectivity()).status == 200


@pytest.mark.parametrize("raised", RAISED)
def test_whatever_is_raised_on_the_loop_it_goes_on(
    dial: Dial, scripted: ScriptedServer, raised: type[BaseException]
) -> None:
    """A log handler may be the one that raises it: those are called where something is logged."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise raised

    caller = dial(attach_event_listeners=True)
    caller.call(lambda client: client.spot.test_connectivity())
    core = caller.client._core
    handler = Handler()
    logger = logging.getLogger("binance_wsapi.connection")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        core.runtime.loop.call_soon_threadsafe(logger.info, "for the test")
        assert caller.call(lambda client: client.spot.test_connectivity()).status == 200
        assert not caller.client.closed
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    assert scripted.handshakes == 1
