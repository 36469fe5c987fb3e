"""Metrics: told of every call and connection; one that fails harms nobody."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
from callers import WAIT_S, Caller, Flavour, caller_of
from scripted_server import ScriptedServer

from binance_wsapi import ConfigurationError, RequestRejected, WsKey

Dial = Callable[..., Caller]


class Kept:
    """Metrics that keep what they are told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self._changed = threading.Condition()

    def request_done(self, *, ws_key: WsKey, operation: str, seconds: float, outcome: str) -> None:
        assert seconds >= 0
        self._keep(ws_key, operation, outcome)

    def connection_changed(self, *, ws_key: WsKey, event: str) -> None:
        self._keep(ws_key, event)

    def wait_for(self, *told: Any) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: told in self.told, WAIT_S), self.told

    def _keep(self, *told: Any) -> None:
        with self._changed:
            self.told.append(told)
            self._changed.notify_all()


class Failing:
    """Metrics that always raise."""

    def request_done(self, **figures: Any) -> None:
        raise RuntimeError("no backend for requests")

    def connection_changed(self, **figures: Any) -> None:
        raise RuntimeError("no backend for connections")


def test_calls_and_connections_are_told(dial: Dial, scripted: ScriptedServer) -> None:
    scripted.replies["ping"] = lambda peer, request: peer.refuse(request, -1121)
    metrics = Kept()
    caller = dial(metrics=metrics)

    caller.call(lambda client: client.spot.get_server_time())
    with pytest.raises(RequestRejected):
        caller.call(lambda client: client.spot.test_connectivity())

    metrics.wait_for(WsKey.MAIN_WSAPI, "open")
    metrics.wait_for(WsKey.MAIN_WSAPI, "time", "ok")
    metrics.wait_for(WsKey.MAIN_WSAPI, "ping", "RequestRejected")


def test_metrics_that_raise_are_logged_and_harm_no_call(
    dial: Dial, caplog: pytest.LogCaptureFixture
) -> None:
    caller = dial(metrics=Failing())

    with caplog.at_level(logging.ERROR, logger="binance_wsapi"):
        answers = [caller.call(lambda client: client.spot.test_connectivity()) for _ in range(3)]
        caller.close()

    assert [answer.status for answer in answers] == [200, 200, 200]
    assert {"metrics.request_done raised", "metrics.connection_changed raised"} <= set(
        caplog.messages
    )


@pytest.mark.parametrize("missing", ["request_done", "connection_changed"])
def test_metrics_without_a_method_are_refused(flavour: Flavour, missing: str) -> None:
    other = {"request_done": "connection_changed", "connection_changed": "request_done"}[missing]
    metrics = type("Metrics", (), {other: lambda self, **figures: None})()

    with pytest.raises(ConfigurationError, match=f"has no method {missing}"):
        caller_of(flavour, metrics=metrics)
