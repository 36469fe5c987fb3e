"""Secrets never leave: not in logs of any level, reprs, errors, tracebacks, pickles or events."""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from callers import Caller, noted
from scripted_server import ScriptedServer

from binance_wsapi import (
    BinanceWsApiError,
    ConnectionLost,
    NotSent,
    OrderRejected,
    WsKey,
)
from binance_wsapi.simulator import SimulatedExchange

ORDER: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}


def secrets_of(key: Any, exchange: SimulatedExchange) -> list[str]:
    """Return every text that must not be seen, signatures on the wire included."""
    lines = [line for line in key.api_secret.splitlines() if len(line) > 30]
    signatures = [
        frame.params["signature"]
        for frame in exchange.journal.requests()
        if "signature" in frame.params
    ]
    return [key.api_key, *lines, *signatures]


@pytest.mark.parametrize("kind", ["ed25519", "hmac", "rsa"])
def test_logs_of_every_level_hold_no_secret(
    connect: Callable[..., Caller],
    exchange: SimulatedExchange,
    caplog: pytest.LogCaptureFixture,
    kind: Any,
) -> None:
    caplog.set_level(logging.DEBUG)
    key = exchange.create_account().create_key(kind)
    caller = connect(key, attach_event_listeners=True, on_unknown_outcome="raise")
    told = noted(
        caller, "open", "authenticated", "reconnecting", "reconnected", "close", "exception"
    )
    messages = noted(caller, "message")
    reconnected = noted(caller, "reconnected")

    caller.call(lambda client: client.subscribe_user_data_stream())
    caller.call(lambda client: client.spot.get_account_information())
    caller.call(lambda client: client.usdm.start_user_data_stream_for_key())
    answers = [caller.call(lambda client: client.request(WsKey.MAIN_WSAPI, "session.status"))]
    if kind == "ed25519":
        answers.append(caller.call(lambda client: client.spot.session_logon()))
    exchange.faults.on("order.place").drop_before_acceptance()
    with pytest.raises(ConnectionLost) as lost:
        caller.call(lambda client: client.spot.submit_new_order(**ORDER))
    reconnected.wait()
    exchange.faults.on("order.place").refuse(-2010, "No.")
    with pytest.raises(OrderRejected) as refused:
        caller.call(lambda client: client.spot.submit_new_order(**ORDER))
    client = caller.client
    caller.close()

    shown = [caplog.text, repr(client), repr(vars(client)), repr(client._core.options)]
    shown += [repr(event) for event in told.events + messages.events + answers]
    for error in (lost.value, refused.value):
        shown += [
            repr(error),
            str(error),
            repr(vars(error)),
            pickle.dumps(error).decode("latin-1"),
            "".join(traceback.format_exception(error)),
        ]
    assert "order.place" in caplog.text, "frames are logged at DEBUG"
    assert messages.events
    for secret in secrets_of(key, exchange):
        for text in shown:
            assert secret not in text


def test_listen_keys_are_hidden_as_well(
    connect: Callable[..., Caller],
    exchange: SimulatedExchange,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger="binance_wsapi")
    caller = connect(attach_event_listeners=True)
    messages = noted(caller, "message")

    answer = caller.call(lambda client: client.usdm.start_user_data_stream_for_key())
    listen_key = answer.result.listen_key
    caller.call(lambda client: client.usdm.ping_user_data_stream_for_key())
    caller.close()

    assert len(listen_key) > 20
    assert listen_key not in caplog.text
    assert listen_key not in repr(messages.wait(2))


def test_client_does_not_pickle(connect: Callable[..., Caller]) -> None:
    with pytest.raises(TypeError, match="holds connections and secrets"):
        pickle.dumps(connect().client)


def test_secret_in_a_parameter_by_mistake_is_not_in_the_refusal(
    connect: Callable[..., Caller], exchange: SimulatedExchange
) -> None:
    """The exchange names the parameter; the frame itself stays out of the error."""
    key = exchange.create_account().create_key("hmac")
    caller = connect(key, mute_latency_warning=True)

    with pytest.raises(BinanceWsApiError) as refused:
        caller.call(
            lambda client: client.request(WsKey.MAIN_WSAPI, "account.status", {"novel": "x"})
        )

    assert key.api_key not in repr(refused.value)


def test_proxy_password_is_in_no_error_and_no_log(
    dial: Callable[..., Caller], scripted: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="binance_wsapi")
    caller = dial(
        proxy="http://trader:hunter2@127.0.0.1:1", timeout=0.2, attach_event_listeners=True
    )

    with pytest.raises(NotSent) as failed:
        caller.call(lambda client: client.spot.test_connectivity())

    assert "hunter2" not in str(failed.value)
    assert "hunter2" not in repr(caller.client.health())
    assert "hunter2" not in repr(caller.client._core.options)
    assert "hunter2" not in caplog.text
