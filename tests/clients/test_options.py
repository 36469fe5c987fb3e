"""Options: each one is honoured, a misspelt or impossible one is refused with the way out."""

from __future__ import annotations

import asyncio
import datetime as dt
import inspect
import re
import ssl
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from callers import WAIT_S, Caller, Flavour, caller_of, noted, until_dial_failed
from scripted_server import ScriptedServer

import binance_wsapi
from binance_wsapi import AsyncClient, Client, ConfigurationError, KeyType, NotSent, WsKey
from binance_wsapi.catalogue.client_options import OPTIONS, ClientOption
from binance_wsapi.core.dialling import Dialling
from binance_wsapi.core.exchanges import Exchanges
from binance_wsapi.models.user_events import BalanceUpdate
from binance_wsapi.options import ClientOptions, Options
from binance_wsapi.simulator import SimulatedExchange

Connect = Callable[..., Caller]
CLIENTS = {"sync": Client, "async": AsyncClient}


def test_both_clients_take_the_same_options_with_the_same_defaults() -> None:
    sync, awaited = (inspect.signature(client).parameters for client in (Client, AsyncClient))

    assert sync == awaited
    assert {each.kind for each in sync.values()} == {inspect.Parameter.KEYWORD_ONLY}
    defaults = {each.name: each.default for each in fields(Options)}
    assert {name: sync[name].default for name in defaults} == defaults
    assert set(sync) - set(defaults) == {"api_secret", "api_secret_passphrase", "signer"}


def test_from_env_takes_the_options_of_the_constructor() -> None:
    parameters = inspect.signature(Client).parameters

    assert set(ClientOptions.__annotations__) == set(parameters) - {
        "api_key",
        "api_secret",
        "signer",
    }
    for name, kind in ClientOptions.__annotations__.items():
        assert kind.__forward_arg__ == parameters[name].annotation


def test_misspelt_option_is_a_type_error_of_the_class(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINANCE_API_KEY", "k")
    monkeypatch.setenv("BINANCE_API_SECRET", "s")
    named = (
        rf"^{CLIENTS[flavour].__name__}.__init__\(\) got an unexpected keyword argument 'tesnet'"
    )

    with pytest.raises(TypeError, match=named):
        CLIENTS[flavour](tesnet=True)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=named):
        CLIENTS[flavour].from_env(tesnet=True)  # type: ignore[call-arg]


KEPT = [each for each in OPTIONS if not each.is_key]


@pytest.mark.parametrize("option", KEPT, ids=lambda each: each.name)
def test_no_option_takes_any_value(flavour: Flavour, option: ClientOption) -> None:
    is_number = {"float", "int"} & set(option.type.split(" | "))
    for value in (object(), float("nan")) if is_number else (object(),):
        with pytest.raises(ConfigurationError, match=rf"^{option.name}\b"):
            CLIENTS[flavour](**{option.name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("option", KEPT, ids=lambda each: each.name)
def test_every_option_is_read_by_what_it_is_for(option: ClientOption) -> None:
    package = Path(binance_wsapi.__file__).parent
    texts = {path: path.read_text(encoding="utf-8") for path in package.glob("*.py")}
    for room in ("core", "journal"):
        texts |= {path: path.read_text(encoding="utf-8") for path in package.glob(f"{room}/*.py")}
    generated = {"_client_signature.py", "_option_fields.py"}

    assert [
        path.name
        for path, text in texts.items()
        if path.name not in generated
        # The environment is told from three switches by the options themselves.
        and re.search(
            rf"{'self' if path.name == 'options.py' else 'options'}\.{option.name}\b", text
        )
    ], f"nobody reads options.{option.name}"


@pytest.mark.parametrize(
    ("option", "value", "way_out"),
    [
        ("timeout", 0, "use seconds above 0"),
        ("timeout", -1.5, "use seconds above 0"),
        ("timeout", "10", "use seconds above 0"),
        ("timeout", None, "use seconds above 0"),
        ("timeout", True, "use seconds above 0"),
        ("timeout", float("nan"), "use seconds above 0"),
        ("timeout", float("inf"), "use seconds above 0, up to 1000000"),
        ("connect_timeout", 0, "use seconds above 0"),
        ("resolve_timeout", float("inf"), "use seconds above 0"),
        ("reconnect_delay", 0, "use seconds above 0"),
        ("reconnect_delay_max", "long", "use seconds above 0"),
        ("reconnect_factor", 0.5, "use a number from 1 to 100"),
        ("reconnect_factor", "2", "use a number from 1 to 100"),
        ("ping_interval", None, "use seconds above 0"),
        ("pong_timeout", -1, "use seconds above 0"),
        ("rotate_after", 0, "use seconds from 60 to 1000000, or None"),
        ("rotate_after", 59.9, "use seconds from 60 to 1000000, or None"),
        ("rotate_after", "23h", "or None"),
        ("rotate_at", "03:00", "use a datetime.time"),
        ("recv_window", 60_001, "use milliseconds above 0, up to 60000"),
        ("recv_window", 0, "use milliseconds above 0"),
        ("recv_window", "5000", "use milliseconds above 0"),
        ("resubscribe_user_data_stream_delay_seconds", -1, "use seconds from 0"),
        ("resubscribe_user_data_stream_delay_seconds", None, "use seconds from 0"),
        ("event_buffer_size", 0, "use a whole number above 0"),
        ("event_buffer_size", 10.5, "use a whole number above 0"),
        ("event_overflow", "block", "use 'drop_oldest' or 'drop_newest' or 'close'"),
        ("numbers", "floats", "use 'decimal' or 'float'"),
        ("on_rate_limit", "ignore", "use 'raise' or 'wait'"),
        ("on_unknown_outcome", None, "use 'resolve' or 'raise'"),
        ("time_unit", "SECOND", "use None or 'MILLISECOND' or 'MICROSECOND'"),
        ("testnet", "yes", "use True or False"),
        ("beautify", None, "use True or False"),
        ("ssl", "none", "use an ssl.SSLContext"),
        ("urls", ["ws://a"], "use a dict of URLs by WsKey"),
    ],
)
def test_impossible_value_is_refused_by_name_with_the_way_out(
    flavour: Flavour, option: str, value: object, way_out: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        CLIENTS[flavour](**{option: value})  # type: ignore[arg-type]

    assert str(refused.value).startswith(f"{option}={value!r}: ")
    assert way_out in str(refused.value)
    assert isinstance(refused.value, ValueError)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"urls": {"mainWsApi": "ws://a"}}, "urls has no connection 'mainWsApi': use one of mainWSAPI"),
        ({"urls": {WsKey.MAIN_WSAPI: "http://a"}}, "urls['mainWSAPI']='http://a': use a URL that begins with wss://"),
        ({"urls": {"rest": "http//me:secret@a/b"}}, "urls['rest']='***@a/b': use a URL"),
        ({"urls": ["ws://me:secret@a"]}, "urls=***@a']: use a dict of URLs by WsKey"),
        ({"urls": {"rest": "wss://a"}}, "urls['rest']='wss://a': use a URL that begins with https://"),
        ({"testnet": True, "demo_trading": True}, "testnet, demo_trading and market_maker exclude each other"),
        ({"api_key": ""}, "api_key is empty"),
        ({"api_key": "two words"}, "api_key is empty or has characters"),
        ({"api_key": 5}, "api_key is empty or has characters"),
        ({"api_secret": "s" * 64}, "a secret without api_key: pass api_key too"),
        ({"api_key": "k", "api_secret": "s" * 64, "signer": object()}, "exclude each other: pass one"),
        ({"api_key": "k", "signer": object()}, "signer needs an attribute key_type"),
        ({"proxy": "host:80"}, "proxy is no URL"),
    ],
)  # fmt: skip
def test_options_that_cannot_work_are_refused(
    flavour: Flavour, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        CLIENTS[flavour](**options)

    assert says in str(refused.value)


@pytest.mark.parametrize(
    "proxy",
    [
        5,
        "",
        "http://",
        "trader:hunter2@host:80",
        "ftp://trader:hunter2@host:80",
        "socks5://trader:hunter2@host:80",
        "http://trader:hunter2@[bad",
        "http://trader:hunter2@host:99999999",
        "http://trader:hunter2@host:0",
        "http://trader:hunter2@host:eighty",
        "http://trader:hunt/er2@host:80",
        "http://trader:hunter2@",
        "http://trader:hunter2@:80",
        "http://trader:hunter2@ho st:80",
    ],
)
def test_proxy_that_cannot_be_one_is_refused_with_its_form(proxy: Any) -> None:
    with pytest.raises(ConfigurationError, match="http://user:password@host:8080") as refused:
        Client(proxy=proxy)

    assert "hunt" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize(
    "proxy", ["http://host", "HTTPS://host:8080", "http://u:p%40@host:1/", "http://[::1]:3128"]
)
def test_proxy_may_be_written_in_many_ways(proxy: str) -> None:
    Options(proxy=proxy)


def test_refused_proxy_is_not_shown() -> None:
    with pytest.raises(ConfigurationError) as refused:
        Client(proxy="user:hunter2@host")

    assert "hunter2" not in str(refused.value)


def deposited(caller: Caller, stream: Any) -> Any:
    """Return the next deposit's amount."""
    while not isinstance(event := caller.next_event(stream), BalanceUpdate):
        pass
    return event.balance_delta


# The environment


def test_from_env_takes_key_and_secret(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch, exchange: SimulatedExchange
) -> None:
    key = exchange.create_account().create_key()
    monkeypatch.setenv("BINANCE_API_KEY", key.api_key)
    monkeypatch.setenv("BINANCE_API_SECRET", key.api_secret)

    client = CLIENTS[flavour].from_env(timeout=5, **exchange.client_options())

    assert type(client) is CLIENTS[flavour]
    client._finalizer()
    with Client.from_env(**exchange.client_options()) as sync:
        assert sync.spot.get_account_information().status == 200


@pytest.mark.parametrize("missing", ["BINANCE_API_KEY", "BINANCE_API_SECRET"])
@pytest.mark.parametrize("how", ["unset", "empty"])
def test_from_env_names_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, missing: str, how: str
) -> None:
    for name in ("BINANCE_API_KEY", "BINANCE_API_SECRET"):
        monkeypatch.setenv(name, "something")
    if how == "unset":
        monkeypatch.delenv(missing)
    else:
        monkeypatch.setenv(missing, "")

    with pytest.raises(ConfigurationError, match=missing):
        Client.from_env()


def test_key_from_a_file(connect: Connect, exchange: SimulatedExchange, tmp_path: Path) -> None:
    key = exchange.create_account().create_key()
    pem = tmp_path / "key.pem"
    pem.write_text(key.api_secret)

    caller = connect(api_key=key.api_key, api_secret=pem)

    assert caller.call(lambda client: client.spot.get_account_information()).status == 200


# Each option does what it says


def test_beautify_off_gives_wire_dicts(connect: Connect, exchange: SimulatedExchange) -> None:
    account = exchange.create_account()
    caller = connect(account.create_key(), beautify=False)
    told = noted(caller, "user_data")
    stream = caller.call(lambda client: client.subscribe_user_data_stream())

    account.deposit("USDT", 5)

    events = [caller.next_event(stream), caller.next_event(stream)]
    assert [event["e"] for event in events] == ["balanceUpdate", "outboundAccountPosition"]
    assert events[0]["d"] == "5.00000000"
    assert told.wait(2) == events


def test_window_is_sent_with_signed_requests_alone(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect(recv_window=1234.5)

    caller.call(lambda client: client.spot.get_account_information())
    caller.call(lambda client: client.spot.test_connectivity())

    (asked,) = exchange.journal.requests("account.status")
    assert asked.params["recvWindow"] == "1234.5"
    (ping,) = exchange.journal.requests("ping")
    assert "recvWindow" not in ping.params


def test_time_unit_of_the_answers(connect: Connect, exchange: SimulatedExchange) -> None:
    milli, micro = connect(), connect(time_unit="MICROSECOND")

    in_ms = milli.call(lambda client: client.spot.get_server_time()).result.server_time
    in_us = micro.call(lambda client: client.spot.get_server_time()).result.server_time

    assert in_ms < 10**14 < in_us
    order = micro.call(lambda client: client.spot.get_open_orders())
    assert order.result == []


@pytest.mark.parametrize(
    ("options", "host"),
    [
        ({}, "wss://ws-api.binance.com:443/ws-api/v3"),
        ({"testnet": True}, "wss://ws-api.testnet.binance.vision/ws-api/v3"),
        ({"demo_trading": True}, "wss://demo-ws-api.binance.com/ws-api/v3"),
        ({"urls": {"mainWSAPI": "wss://mine"}}, "wss://mine"),
        ({"urls": {WsKey.MAIN_WSAPI: "wss://mine"}, "testnet": True}, "wss://mine"),
    ],
)
def test_environment_and_own_urls(options: dict[str, Any], host: str) -> None:
    assert Options(**options).url(WsKey.MAIN_WSAPI) == host


def test_tls_context_of_the_callers_own(flavour: Flavour) -> None:
    with SimulatedExchange(tls=True) as exchange:
        assert exchange.urls[WsKey.MAIN_WSAPI].startswith("wss://")
        assert isinstance(exchange.ssl_context, ssl.SSLContext)
        trusting = caller_of(flavour, **exchange.client_options())
        wary = caller_of(
            flavour,
            **{**exchange.client_options(), "ssl": None, "timeout": 1, "reconnect_delay": 5},
        )
        try:
            assert trusting.call(lambda client: client.spot.get_server_time()).status == 200
            with pytest.raises(Exception, match="certificate"):
                wary.call(lambda client: client.spot.get_server_time())
        finally:
            trusting.close()
            wary.close()


def test_proxy_carries_the_handshake(
    dial: Connect, scripted: ScriptedServer, exchange: SimulatedExchange
) -> None:
    """A proxy for plain ``ws`` is asked with the whole address in the request line."""
    asked: list[str] = []

    async def note(request: web.Request) -> None:
        asked.append(str(request.raw_path))

    scripted.handshake = note
    caller = dial(proxy=f"http://127.0.0.1:{scripted.port}")

    assert caller.call(lambda client: client.spot.test_connectivity()).status == 200
    assert len(asked) == 1


def test_listeners_log_what_happens_to_connections(
    connect: Connect, exchange: SimulatedExchange, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="binance_wsapi")
    caller = connect(attach_event_listeners=True)
    reconnected = noted(caller, "reconnected")
    caller.call(lambda client: client.connect())
    exchange.drop_connections()
    reconnected.wait()

    said = [record.getMessage() for record in caplog.records if "connection" in record.name]
    for what in ("mainWSAPI: open", "mainWSAPI: authenticated", "mainWSAPI: reconnected"):
        assert what in said
    assert "mainWSAPI: reconnecting: connection dropped" in said


def test_listeners_are_silent_when_told_so(
    connect: Connect, exchange: SimulatedExchange, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="binance_wsapi")
    caller = connect(attach_event_listeners=False)
    reconnected = noted(caller, "reconnected")
    caller.call(lambda client: client.connect())
    exchange.drop_connections()
    reconnected.wait()

    assert [r.getMessage() for r in caplog.records if r.name == "binance_wsapi.connection"] == []


def test_user_data_is_not_restored_when_told_so_until_it_is_asked_for(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    account = exchange.create_account()
    caller = connect(
        account.create_key(), resubscribe_user_data_stream_after_reconnect=False, timeout=500
    )
    stream = caller.call(lambda client: client.subscribe_user_data_stream())
    reconnected = noted(caller, "reconnected")
    exchange.drop_connections()
    reconnected.wait()
    assert len(exchange.journal.requests("userDataStream.subscribe")) == 1

    again = caller.call(lambda client: client.subscribe_user_data_stream())
    account.deposit("USDT", 5)

    assert again is stream
    assert "dropped" in caller.next_event(stream).reason
    assert deposited(caller, stream) == 5


def test_failed_restoration_is_tried_again(connect: Connect, exchange: SimulatedExchange) -> None:
    account = exchange.create_account()
    caller = connect(
        account.create_key(), resubscribe_user_data_stream_delay_seconds=0, timeout=500
    )
    stream = caller.call(lambda client: client.subscribe_user_data_stream())
    failures = exchange.faults.on("userDataStream.subscribe").refuse(-1000, times=3)
    told = noted(caller, "exception")

    exchange.drop_connections()
    told.wait(3)
    exchange.journal.wait_for(lambda frame: frame.method == "userDataStream.subscribe", count=5)
    account.deposit("USDT", 5)

    assert failures.hits == 3
    assert "dropped" in caller.next_event(stream).reason
    assert deposited(caller, stream) == 5
    assert all("user data is interrupted" in event.reason for event in told.events)


def test_connect_timeout_ends_a_handshake_that_hangs(
    dial: Connect, scripted: ScriptedServer
) -> None:
    async def hang(request: web.Request) -> None:
        await asyncio.sleep(WAIT_S)

    scripted.handshake = hang
    caller = dial(connect_timeout=0.05, timeout=0.2)
    until_dial_failed(caller)

    with pytest.raises(NotSent, match=r"no connection within 0\.05 s"):
        caller.call(lambda client: client.spot.test_connectivity())

    scripted.wait_until(lambda: scripted.handshakes > 1)  # another try was made


@pytest.mark.parametrize(
    ("rotate_at", "now", "expected_s"),
    [
        (dt.time(12), "11:00:00", 3600),
        (dt.time(12), "12:00:00", 24 * 3600),
        (dt.time(12), "11:59:30", 24 * 3600 + 30),
        (dt.time(12, tzinfo=dt.timezone(dt.timedelta(hours=2))), "09:00:00", 3600),
        (dt.time(1, tzinfo=dt.timezone(dt.timedelta(hours=3))), "21:00:00", 3600),
    ],
)
def test_time_of_rotation(rotate_at: dt.time, now: str, expected_s: int) -> None:
    moment = dt.datetime.fromisoformat(f"2026-03-01T{now}+00:00")

    assert dialling(Options(rotate_at=rotate_at), moment).rotation_delay() == expected_s


@pytest.mark.parametrize("rotate_after", [None, 60.0])
def test_rotation_after_a_while_or_never(rotate_after: float | None) -> None:
    moment = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)

    assert dialling(Options(rotate_after=rotate_after), moment).rotation_delay() == rotate_after


def dialling(options: Options, moment: dt.datetime) -> Dialling:
    def wall_us() -> int:
        return int(moment.timestamp() * 1e6)

    return Dialling(options, Exchanges(options, time.monotonic, wall_us), time.monotonic, wall_us)


def test_key_types_are_public() -> None:
    assert {each.name for each in KeyType} == {"HMAC", "RSA", "ED25519"}
