"""A client whose own thread is held up says so instead of waiting for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from callers import WAIT_S, Caller

from binance_wsapi import (
    ClientClosed,
    OutcomeUnknown,
    RequestTimeout,
    WsKey,
    async_client,
    client,
)
from binance_wsapi.core import look_ups
from binance_wsapi.core.handed_over import described
from binance_wsapi.core.lost_answers import ASKING_S

ORDER = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "MARKET",
    "quantity": "1",
    "newClientOrderId": "mine",
}


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


@pytest.mark.parametrize("timeout", [0.1, None])
def test_look_up_on_a_thread_that_is_held_up_ends(
    held_up: Any, monkeypatch: pytest.MonkeyPatch, timeout: float | None
) -> None:
    """However long it takes otherwise: the answer to when it can be known must come in time."""
    for name in ("GRACE_S", "ASKING_S", "LOOKS_AGAIN_S"):
        monkeypatch.setattr(look_ups, name, 0.02)
    monkeypatch.setattr(look_ups, "patience_us", lambda window_ms, margin_us: 20_000)
    with pytest.raises(OutcomeUnknown) as raised:
        held_up.call(
            lambda client: client.resolve("order.place", ORDER, sent_at=1, timeout=timeout)
        )

    assert raised.value.cause == "asked for anew; the client's own thread does not answer"
    outcomes = held_up.client.outcomes()
    assert [(each.state, each.client_order_id) for each in outcomes] == [("open", "mine")]


def test_look_up_has_the_time_that_it_may_take(dial: Callable[..., Caller]) -> None:
    """Until the request can no longer be accepted, a second look, and half a minute for questions."""
    caller = dial()
    core = caller.client._core
    error = described(
        core.look_ups,
        "order.place",
        ORDER,
        time.time_ns() // 1_000_000,
        60_000,
        WsKey.MAIN_WSAPI,
    )
    assert error._look_up is not None

    assert error._look_up.patience(None) >= 60 + 10 + 3 + ASKING_S
    assert error._look_up.patience(7.0) == 7.0 + look_ups.GRACE_S
