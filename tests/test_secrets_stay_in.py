"""A life full of errors, and not one secret in any text it leaves behind."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

import binance_wsapi
from binance_wsapi import Client, WsKey
from binance_wsapi.errors import BinanceWsApiError
from binance_wsapi.markets import Market
from binance_wsapi.response import Response
from binance_wsapi.simulator import SimulatedExchange

PASSPHRASE = "correct-horse-battery-staple-passphrase"
PROXY_PASSWORD = "hunter2-proxy-password"
WAIT_S = 5.0
LIBRARY = str(binance_wsapi.__path__[0])


class Record:
    """Everything a life leaves behind: what was logged, returned, raised and told."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []
        self.secrets: dict[str, str] = {}

    def add(self, where: str, text: str) -> None:
        self.texts.append((where, text))

    def see(self, where: str, thing: Any, *, shows_locals: bool = True) -> Any:
        """Keep the texts of an object."""
        self.add(f"repr of {where}", repr(thing))
        self.add(f"str of {where}", str(thing))
        if isinstance(thing, BaseException):
            self.see_error(where, thing, shows_locals=shows_locals)
        return thing

    def see_error(self, where: str, error: BaseException, *, shows_locals: bool) -> None:
        self.add(f"pickle of {where}", pickle.dumps(error).decode("latin-1"))
        self.add(f"attributes of {where}", repr(vars(error)))
        self.add(f"traceback of {where}", "".join(traceback.format_exception(error)))
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        for frame in shown.stack:
            if shows_locals and frame.filename.startswith(LIBRARY):
                self.add(f"locals in the traceback of {where}", f"{frame.name} {frame.locals}")

    def call(self, where: str, work: Callable[[], Any], *, shows_locals: bool = True) -> Any:
        """Call, and keep the texts of what comes back or is raised.

        Args:
            where: What is called.
            work: Calls it.
            shows_locals: Look into the variables of the library's functions in a traceback too; not
                where the caller hands in a secret as an argument, which is a variable there.
        """
        try:
            result = work()
        except BinanceWsApiError as error:
            return self.see(where, error, shows_locals=shows_locals)
        self.see(where, result)
        if isinstance(result, Response):
            self.see(f"the result of {where}", result.result)
            self.see(f"the limits of {where}", result.rate_limits)
        return result

    def found(self) -> list[str]:
        """Return where secrets were found."""
        return [
            f"{name} in the {where}: {text[max(0, at - 160) : at + 60]!r}"
            for name, secret in self.secrets.items()
            for where, text in self.texts
            if (at := text.find(secret)) >= 0
        ]


@pytest.fixture
def record() -> Iterator[Record]:
    """A record that also takes down every log line of every logger."""
    kept = Record()
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s %(args)r"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    names = ["binance_wsapi", "binance_wsapi.frames", "aiohttp", "asyncio"]
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield kept
    root.removeHandler(handler)
    root.setLevel(level)
    for name, former in levels.items():
        logging.getLogger(name).setLevel(former)


@pytest.fixture
def logged(record: Record) -> Callable[[], str]:
    """Return what was logged so far."""
    handler = next(
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler, logging.StreamHandler) and isinstance(handler.stream, io.StringIO)
    )

    def text() -> str:
        stream: Any = handler.stream
        return str(stream.getvalue())

    return text


def encrypted(pem: str) -> str:
    from cryptography.hazmat.primitives import serialization

    private = serialization.load_pem_private_key(pem.encode(), None)
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(PASSPHRASE.encode()),
    ).decode()


def wire_secrets(exchange: SimulatedExchange) -> dict[str, str]:
    """Return the secrets that went over the wire: signatures, listen keys, tokens."""
    found: dict[str, str] = {}

    def look(value: Any) -> None:
        if isinstance(value, dict):
            for name, item in value.items():
                if name in ("signature", "listenKey", "listenToken", "token") and isinstance(
                    item, str
                ):
                    found[f"{name} {len(found)}"] = item
                look(item)
        elif isinstance(value, list):
            for item in value:
                look(item)

    for frame in exchange.journal.frames:
        with contextlib.suppress(ValueError):
            look(json.loads(frame.text or b"null"))
    return found


@pytest.mark.parametrize("key_type", ["ed25519", "hmac", "rsa"])
def test_a_life_leaves_no_secret_behind(
    key_type: Any, record: Record, logged: Callable[[], str]
) -> None:
    with SimulatedExchange(seed=11) as exchange:
        account = exchange.create_account()
        key = account.create_key(key_type)
        record.secrets["api key"] = key.api_key
        options = exchange.client_options(key)
        if key_type == "hmac":
            record.secrets["api secret"] = key.api_secret
        else:
            body = key.api_secret.splitlines()[1]
            record.secrets["private key"] = body
            options["api_secret"] = encrypted(key.api_secret)
            options["api_secret_passphrase"] = PASSPHRASE
            record.secrets["encrypted key"] = options["api_secret"].splitlines()[1]
        record.secrets["passphrase"] = PASSPHRASE
        with Client(**options, timeout=2.0, reconnect_delay=0.01, resolve_timeout=2.0) as client:
            live(exchange, account, key, client, record)
        for name, secret in wire_secrets(exchange).items():
            record.secrets[name] = secret

    record.add("log", logged())
    assert len(record.secrets) > 4, "the life was too quiet to prove anything"
    assert "order.place" in logged(), "nothing was logged"
    assert not record.found()


def live(
    exchange: SimulatedExchange, account: Any, key: Any, client: Client, record: Record
) -> None:
    events = ("open", "authenticated", "reconnecting", "reconnected", "rotated", "close")
    on: Any = client.on
    for name in (*events, "exception", "message", "user_data"):
        on(name, partial(record.see, f"event {name}"))
    client.on("open", fail)
    record.see("client", client)
    record.see("options", client._runtime.options)
    record.see("authoriser", client._runtime.authoriser)
    record.see("signer", client._runtime.authoriser.signer)
    with pytest.raises(TypeError) as pickled:
        pickle.dumps(client)
    record.see("pickling the client", pickled.value)
    spot, faults = client.spot, exchange.faults
    order: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "time_in_force": "GTC",
        "price": "60000",
        "quantity": "0.01",
    }

    record.call("session.logon", spot.session_logon)
    record.call("session.status", spot.get_session_status)
    stream = record.call("user data", client.subscribe_user_data_stream)
    record.call("order.place", lambda: spot.submit_new_order(**order))
    record.see("event", stream.get(timeout=WAIT_S))
    record.call("account", spot.get_account_information)
    record.call("a refused order", lambda: spot.submit_new_order(**(order | {"price": "0.001"})))
    record.call("a wrong parameter", lambda: spot.submit_new_order(**(order | {"price": "x"})))
    record.call("no such symbol", lambda: spot.get_order_book(symbol="NOPE"))
    own = {"api_key": key.api_key, "signature": "".join(("bm90", "IGl0"))}
    record.call(
        "a wrong signature", lambda: spot.submit_new_order(**order, **own), shows_locals=False
    )
    faults.on("order.place").lose_answer()
    record.call("a timeout", lambda: spot.submit_new_order(**order))
    faults.on("order.place").drop_after_acceptance()
    record.call("a lost connection", lambda: spot.submit_new_order(**order))
    faults.on("order.place").unknown_outcome(-1007)
    record.call("an unknown outcome", lambda: spot.submit_new_order(**order))
    faults.on("order.place").rate_limited(0.1)
    record.call("a limit", lambda: spot.submit_new_order(**order))
    faults.on("order.place").refuse(
        -1022, f"Signature for this request is not valid: {key.api_key}", status=400
    )
    record.call("a refusal that repeats the key", lambda: spot.submit_new_order(**order))
    record.call("rotation", client.rotate)
    exchange.drop_connections()
    record.call("after a drop", spot.get_open_orders)
    record.call("listen key", lambda: client.usdm.start_user_data_stream_for_key())
    record.call("futures", lambda: client.subscribe_user_data_stream(WsKey.USDM_WSAPI))
    record.call("margin", lambda: client.subscribe_user_data_stream(WsKey.MARGIN_USER_DATA))
    exchange.drop_connections()
    record.call("futures order", lambda: client.usdm.submit_new_order(**order))
    record.call("health", client.health)
    record.call(
        "by wire name",
        lambda: client.request(WsKey.MAIN_WSAPI, "order.status", {"apiKey": key.api_key}),
        shows_locals=False,
    )
    account.revoke_key(key)
    record.call("a revoked key", lambda: spot.submit_new_order(**order))
    record.call("a revoked key again", lambda: spot.submit_new_order(**order))
    exchange.call(lambda: exchange.venue.gateway.drop(Market.SPOT.value))
    stream.close()
    record.see("stream", stream)


def fail(event: Any) -> None:
    raise ValueError(f"a handler fails at {event}")


def test_a_proxy_keeps_its_password(record: Record, logged: Callable[[], str]) -> None:
    record.secrets["proxy password"] = PROXY_PASSWORD
    proxy = f"http://trader:{PROXY_PASSWORD}@127.0.0.1:9"
    with Client(proxy=proxy, timeout=0.5, reconnect_delay=0.01) as client:
        record.see("client", client)
        record.see("options", client._runtime.options)
        client.on("close", lambda event: record.see("event", event))
        record.call("a call", lambda: client.spot.get_server_time())
        record.call("health", client.health)

    record.add("log", logged())
    assert not record.found()


@pytest.mark.parametrize(
    "options",
    [
        {"api_secret": "-----BEGIN PRIVATE KEY-----\nU0VDUkVUU0VDUkVU\n-----END PRIVATE KEY-----"},
        {"api_secret": "SECRET SECRET SECRET\n"},
        {"api_secret": b"\xff\xfeU0VDUkVUU0VDUkVU"},
        {"api_secret": "abc/U0VDUkVUU0VDUkVU+def=="},
        {"api_key": "U0VDUkVUU0VDUkVU with spaces", "api_secret": "x"},
        {"api_secret": "x", "signer": "U0VDUkVUU0VDUkVU"},
    ],
    ids=lambda options: str(list(options)),
)
def test_a_refused_secret_is_not_repeated(options: dict[str, Any], record: Record) -> None:
    record.secrets["secret"] = "U0VDUkVUU0VDUkVU"
    record.secrets["words"] = "SECRET SECRET"

    try:
        Client(**({"api_key": "key"} | options)).close()
    except (BinanceWsApiError, TypeError) as error:
        record.add("message", str(error))
        record.add("pickle", pickle.dumps(error).decode("latin-1"))
        record.add("traceback", "".join(traceback.format_exception(error)))

    in_own_lines = [found for found in record.found() if "test_secrets_stay_in.py" not in found]
    assert not in_own_lines
