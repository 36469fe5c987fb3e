"""A client whose own thread is held up says so instead of waiting for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from callers import WAIT_S, Caller

from binance_wsapi import ClientClosed, RequestTimeout, async_client, client


@pytest.fixture
def held_up(dial: Callable[..., Caller], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client whose thread does nothing until the test is over."""
    caller = dial()
    for module in (client, async_client):
        monkeypatch.setattr(module, "GRACE_S", 0.05)
    gate = threading.Event()
    caller.client._runtime.loop.call_soon_threadsafe(gate.wait, WAIT_S)
    yield caller
    gate.set()


@pytest.mark.parametrize("ask", [lambda client: client.health(), lambda client: client.rate_limits])
def test_question_to_a_thread_that_is_held_up_ends(held_up: Any, ask: Callable[[Any], Any]) -> None:
    with pytest.raises(RequestTimeout, match=r"thread did not answer within 0\.05 s"):
        held_up.call(ask)


@pytest.mark.parametrize("ask", [lambda client: client.health(), lambda client: client.rate_limits])
def test_closed_client_has_no_figures(
    dial: Callable[..., Caller], ask: Callable[[Any], Any]
) -> None:
    caller = dial()
    caller.call(lambda client: client.close())

    with pytest.raises(ClientClosed):
        caller.call(ask)
