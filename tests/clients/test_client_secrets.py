"""Secrets never leave: not in logs of any level, reprs, errors, tracebacks, pickles or events."""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from callers import Caller, noted
from scripted_server import ScriptedServer

from binance_wsapi import (
    AsyncClient,
    BinanceWsApiError,
    Client,
    ConfigurationError,
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

    shown = [caplog.text, repr(client), repr(vars(client)), repr(client._runtime.options)]
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
    assert "hunter2" not in repr(caller.call(lambda client: client.health()))
    assert "hunter2" not in repr(caller.client._runtime.options)
    assert "hunter2" not in caplog.text


# Tracebacks with locals, as Sentry, rich and unittest show them

HMAC = "".join(("NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP", "1e3UZjInClVN65XAbvqqM6A7H5fATj0j"))
PASSPHRASE = "correct horse battery staple"
BODY = "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgs"
PEM = f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{BODY}\n-----END ENCRYPTED PRIVATE KEY-----\n"
API_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRETS = (HMAC, PASSPHRASE, BODY, API_KEY, "hunter2")


def texts_of(error: BaseException) -> list[str]:
    """Return what a traceback of an error may show, locals and all, but for this file's frames."""
    shown = [
        str(frame) + repr(frame.locals)
        for part in (error, error.__cause__, error.__context__)
        if part is not None
        for frame in traceback.TracebackException.from_exception(part, capture_locals=True).stack
        if frame.filename != __file__
    ]
    for part in (error, error.__cause__, error.__context__):
        shown += [repr(part), repr(vars(part)) if part is not None else ""]
        for frame, _ in traceback.walk_tb(part.__traceback__ if part is not None else None):
            if frame.f_code.co_filename != __file__:
                shown += [repr(value) for value in frame.f_locals.values()]
    return shown


@pytest.mark.parametrize("client", [Client, AsyncClient])
@pytest.mark.parametrize(
    "options",
    [
        {"api_secret": PEM},
        {"api_secret": PEM, "api_secret_passphrase": PASSPHRASE},
        {"api_secret": PEM.encode("utf-16"), "api_secret_passphrase": PASSPHRASE.encode()},
        {"api_secret": PEM.encode()[:60]},
        {"api_secret": f"{HMAC[:30]} {HMAC}"},
        {"api_secret": f"keys/{HMAC}"},
        {"api_secret": HMAC, "api_secret_passphrase": PASSPHRASE},
        {"api_secret": HMAC, "signer": HMAC},
        {"signer": HMAC},
        {"api_secret": "nowhere.pem", "api_secret_passphrase": PASSPHRASE},
        {"api_secret": HMAC, "timeout": 0},
        {"api_secret": HMAC, "testnet": "yes"},
        {"api_secret": HMAC, "proxy": "http://me:hunter2@ho st"},
        {"api_secret": HMAC, "urls": {"mainWSAPI": "wss://me:hunter2@host:99999"}},
        {"api_secret": HMAC, "headers": {"X-Token": "hunter2", "Host": "x"}},
        {"api_secret": HMAC, "proxy": "http://me:hunter2@host", "metrics": object()},
    ],
    ids=lambda options: " ".join(options),
)
@pytest.mark.parametrize("door", ["constructor", "from_env"])
def test_a_refused_option_leaves_no_secret_in_any_frame(
    client: Any, options: dict[str, Any], door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINANCE_API_KEY", API_KEY)
    if door == "from_env":
        if not isinstance(options.get("api_secret"), str):
            pytest.skip("the environment holds text")
        monkeypatch.setenv("BINANCE_API_SECRET", options["api_secret"])
        options = {name: value for name, value in options.items() if name != "api_secret"}
        make = client.from_env
    else:
        make = partial(client, api_key=API_KEY)

    with pytest.raises(ConfigurationError) as refused:
        make(**options)

    texts = texts_of(refused.value)
    assert any("not made" in text for text in texts), (
        "the frame of the constructor was not looked at"
    )
    for secret in SECRETS:
        assert not [text for text in texts if secret in text]


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_what_fails_after_the_options_leaves_no_secret_in_any_frame(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("binance_wsapi._client_base.LoopThread", fail)
    with pytest.raises(RuntimeError) as failed:
        client(
            api_key=API_KEY,
            api_secret=HMAC,
            proxy="http://me:hunter2@host",
            urls={"rest": "https://me:hunter2@host"},
            headers={"X-Token": "hunter2"},
        )

    texts = texts_of(failed.value)
    assert len(texts) > 3
    for secret in SECRETS:
        assert not [text for text in texts if secret in text]
