"""Handlers run one event after the other; what they raise is told once."""

from __future__ import annotations

import threading
from typing import Any

from callers import WAIT_S

from binance_wsapi.core.dispatch import Dispatcher


def test_failing_exception_handler_is_not_told_of_itself() -> None:
    dispatcher = Dispatcher(size=10, overflow="drop_oldest", wall_us=lambda: 0)
    called: list[Any] = []
    fences: list[Any] = []
    passed = threading.Event()

    def fail(event: Any) -> None:
        called.append(event)
        raise ValueError("for the test")

    def pass_fence(event: Any) -> None:
        fences.append(event)
        # What the first failure had posted would stand between the two.
        dispatcher.post("open", 2) if len(fences) == 1 else passed.set()

    dispatcher.on("exception", fail)
    dispatcher.on("open", pass_fence)
    dispatcher.post("exception", 1)
    dispatcher.post("open", 1)

    assert passed.wait(WAIT_S)
    assert called == [1]
    dispatcher.close(WAIT_S)
