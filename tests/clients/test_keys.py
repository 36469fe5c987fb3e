"""Keys of all kinds: who logs on and when, who signs what, and what a refusal means."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
from callers import WAIT_S, Caller, noted
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from scripted_server import Peer, ScriptedServer

from binance_wsapi import (
    AsyncClient,
    AuthenticationFailed,
    ConfigurationError,
    InvalidTimestamp,
    KeyType,
    NotSent,
    RequestRejected,
    WsKey,
)
from binance_wsapi.simulator import SimulatedExchange

Connect = Callable[..., Caller]

ORDER: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "time_in_force": "GTC",
    "price": "20000",
    "quantity": "0.01",
}
UNAUTHORIZED = "Invalid API-key, IP, or permissions for action."


def place(caller: Caller) -> Any:
    return caller.call(lambda client: client.spot.submit_new_order(**ORDER))


def account_of(caller: Caller) -> Any:
    return caller.call(lambda client: client.spot.get_account_information())


def auth_of(params: dict[str, Any]) -> set[str]:
    return {"apiKey", "timestamp", "signature"} & params.keys()


# Ed25519


def test_ed25519_logs_on_by_itself_and_signs_nothing_after(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect(attach_event_listeners=False)

    caller.call(lambda client: client.spot.get_server_time())
    place(caller)

    (logon,) = exchange.journal.requests("session.logon")
    assert auth_of(logon.params) == {"apiKey", "timestamp", "signature"}
    (order,) = exchange.journal.requests("order.place")
    assert auth_of(order.params) == {"timestamp"}
    assert order.connection_id == logon.connection_id


def test_each_reconnect_logs_on_again_with_a_signature_of_its_own(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect()
    authenticated = noted(caller, "authenticated")
    reconnected = noted(caller, "reconnected")
    place(caller)
    for count in (1, 2):
        exchange.drop_connections()
        reconnected.wait(count)
        place(caller)

    logons = exchange.journal.requests("session.logon")
    assert [frame.connection_id for frame in logons] == [1, 2, 3]
    assert len({frame.params["signature"] for frame in logons}) == 3
    assert len(authenticated.events) == 3
    for order in exchange.journal.requests("order.place"):
        assert auth_of(order.params) == {"timestamp"}


def test_every_connection_has_a_logon_of_its_own(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect()
    for ws_key in (WsKey.MAIN_WSAPI, WsKey.MAIN_WSAPI2):
        work = using(ws_key)
        assert caller.call(work).status == 200

    logons = exchange.journal.requests("session.logon")
    assert [frame.connection_id for frame in logons] == [1, 2]


def using(ws_key: WsKey) -> Callable[[Any], Any]:
    return lambda client: client.spot.using(ws_key).get_account_information()


@pytest.mark.parametrize("market", ["usdm", "coinm"])
def test_futures_log_on_too(connect: Connect, exchange: SimulatedExchange, market: str) -> None:
    caller = connect()

    caller.call(lambda client: client.futures(market).get_account_status())

    (logon,) = exchange.journal.requests("session.logon")
    (asked,) = exchange.journal.requests("account.status")
    assert auth_of(asked.params) == {"timestamp"}
    assert asked.connection_id == logon.connection_id


def test_logout_goes_back_to_signing_each_request(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect()
    caller.call(lambda client: client.connect())

    assert caller.call(lambda client: client.spot.session_logout()).result.api_key is None
    place(caller)
    logged_on = caller.call(lambda client: client.spot.session_logon())
    place(caller)

    assert (
        logged_on.result.api_key == exchange.journal.requests("session.logon")[0].params["apiKey"]
    )
    signed, unsigned = exchange.journal.requests("order.place")
    assert auth_of(signed.params) == {"apiKey", "timestamp", "signature"}
    assert auth_of(unsigned.params) == {"timestamp"}


def test_second_logon_on_a_logged_on_connection_is_signed(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect()
    caller.call(lambda client: client.connect())

    assert caller.call(lambda client: client.spot.session_logon()).status == 200

    for logon in exchange.journal.requests("session.logon"):
        assert auth_of(logon.params) == {"apiKey", "timestamp", "signature"}


# HMAC and RSA


@pytest.mark.parametrize("kind", ["hmac", "rsa"])
def test_other_keys_sign_each_request_and_never_log_on(
    connect: Connect, exchange: SimulatedExchange, kind: Any
) -> None:
    key = exchange.create_account().create_key(kind)
    caller = connect(key, mute_latency_warning=True)

    place(caller)
    place(caller)
    account_of(caller)

    assert exchange.journal.requests("session.logon") == []
    orders = exchange.journal.requests("order.place")
    assert {frozenset(auth_of(order.params)) for order in orders} == {
        frozenset({"apiKey", "timestamp", "signature"})
    }
    assert len({order.params["signature"] for order in orders}) == 2


@pytest.mark.parametrize(
    ("kind", "muted", "warns"),
    [("hmac", False, True), ("rsa", False, True), ("hmac", True, False), ("ed25519", False, False)],
)
def test_latency_warning_is_said_once_and_can_be_muted(
    connect: Connect,
    exchange: SimulatedExchange,
    caplog: pytest.LogCaptureFixture,
    kind: Any,
    muted: bool,
    warns: bool,
) -> None:
    key = exchange.create_account().create_key(kind)
    with caplog.at_level(logging.WARNING, logger="binance_wsapi"):
        caller = connect(key, mute_latency_warning=muted)
        account_of(caller)
        account_of(caller)

    said = [record.message for record in caplog.records if "latency" in record.message]
    assert len(said) == warns
    assert key.api_key not in caplog.text
    assert key.api_secret not in caplog.text


# A signer of the caller's own


class HmacSigner:
    """Signs as a key service does; notes on which threads."""

    key_type = KeyType.HMAC

    def __init__(self, secret: str, *, slow: bool = False) -> None:
        self._secret = secret
        self.slow = slow
        self.threads: list[str] = []
        self.fails = 0

    def sign(self, payload: bytes) -> str:
        self.threads.append(threading.current_thread().name)
        if self.fails:
            self.fails -= 1
            raise OSError("the key service is down")
        return hmac.new(self._secret.encode(), payload, hashlib.sha256).hexdigest()


class RsaSigner:
    """An RSA key that never leaves its module."""

    key_type = KeyType.RSA
    slow = True

    def __init__(self, pem: str) -> None:
        key = serialization.load_pem_private_key(pem.encode(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self._key = key
        self.threads: list[str] = []

    def sign(self, payload: bytes) -> str:
        self.threads.append(threading.current_thread().name)
        return base64.b64encode(
            self._key.sign(payload, padding.PKCS1v15(), hashes.SHA256())
        ).decode()


def test_own_signer_signs_in_place_of_a_secret(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    key = exchange.create_account().create_key("hmac")
    signer = HmacSigner(key.api_secret)
    caller = connect(api_key=key.api_key, signer=signer, mute_latency_warning=True)

    place(caller)
    account_of(caller)

    assert len(signer.threads) == 2


@pytest.mark.parametrize("kind", ["hmac", "rsa"])
def test_slow_signer_never_stalls_a_loop(
    connect: Connect, exchange: SimulatedExchange, kind: Any
) -> None:
    key = exchange.create_account().create_key(kind)
    signer: Any = (
        HmacSigner(key.api_secret, slow=True) if kind == "hmac" else RsaSigner(key.api_secret)
    )
    caller = connect(api_key=key.api_key, signer=signer, mute_latency_warning=True)
    stream = caller.call(lambda client: client.subscribe_user_data_stream())

    place(caller)
    account_of(caller)

    assert caller.next_event(stream).order_id == 1
    assert len(signer.threads) >= 3
    assert "binance-wsapi" not in signer.threads
    if isinstance(caller.client, AsyncClient):
        assert "caller" not in signer.threads


@pytest.mark.parametrize("is_connected", [True, False])
@pytest.mark.parametrize("slow", [True, False])
def test_signer_that_fails_ends_the_call_before_it_is_sent(
    connect: Connect, exchange: SimulatedExchange, slow: bool, is_connected: bool
) -> None:
    key = exchange.create_account().create_key("hmac")
    signer = HmacSigner(key.api_secret, slow=slow)
    caller = connect(api_key=key.api_key, signer=signer, mute_latency_warning=True, timeout=500)
    if is_connected:
        caller.call(lambda client: client.connect())
    signer.fails = 1

    with pytest.raises(NotSent) as failed:
        place(caller)

    assert failed.value.reason == "not signed"
    assert failed.value.operation == "order.place"
    assert "OSError: the key service is down" in str(failed.value)
    assert exchange.journal.requests("order.place") == []
    assert place(caller).status == 200


def test_signer_that_calls_the_client_is_refused_and_not_hung(
    exchange: SimulatedExchange,
) -> None:
    key = exchange.create_account().create_key("hmac")
    refusals: list[str] = []

    class Curious(HmacSigner):
        def sign(self, payload: bytes) -> str:
            if threading.current_thread().name == "binance-wsapi":
                try:
                    client.spot.get_server_time()
                except ConfigurationError as error:
                    refusals.append(str(error))
            return super().sign(payload)

    signer = Curious(key.api_secret)
    with exchange.client(
        api_key=key.api_key, api_secret=None, signer=signer, mute_latency_warning=True
    ) as client:
        # Without a connection yet, it is signed on the core's thread as soon as there is one.
        client.spot.submit_new_order(**ORDER)

    assert len(refusals) == 1
    assert "would never end" in refusals[0]


# A logon that is refused, cut or never answered


def test_refused_logon_is_an_error_for_every_call_that_needs_it(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    refusal = exchange.faults.refuse_logon(times=None)
    caller = connect(timeout=500)
    told = noted(caller, "exception")

    for work in (place, account_of, place):
        with pytest.raises(AuthenticationFailed) as refused:
            work(caller)
        assert refused.value.code == -2015
        assert refused.value.operation == "session.logon"

    assert caller.call(lambda client: client.spot.get_server_time()).status == 200
    caller.call(lambda client: client.connect())
    assert exchange.journal.requests("order.place") == []
    assert refusal.hits == 1, "the same key is not tried at each call"
    (event,) = told.wait()
    assert "logon refused" in event.reason


def test_calls_that_waited_for_the_logon_are_refused_with_it(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    exchange.faults.refuse_logon()
    caller = connect(timeout=500)
    calls = [caller.begin(lambda client: client.spot.submit_new_order(**ORDER)) for _ in range(5)]

    for call in calls:
        with pytest.raises(AuthenticationFailed):
            call.result(WAIT_S)


def test_refused_logon_is_tried_again_later(
    connect: Connect, exchange: SimulatedExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange.faults.refuse_logon()
    caller = connect()
    with pytest.raises(AuthenticationFailed):
        place(caller)

    # "Later" is now.
    monkeypatch.setattr("binance_wsapi.core.logon.RELOGON_AFTER_S", 0.0)

    assert place(caller).status == 200
    assert len(exchange.journal.requests("session.logon")) == 2


def test_user_data_of_a_refused_logon_is_refused(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    exchange.faults.refuse_logon()
    caller = connect(timeout=500)

    with pytest.raises(RequestRejected):
        caller.call(lambda client: client.subscribe_user_data_stream())


def test_socket_cut_during_the_logon_is_dialled_again(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    cuts = exchange.faults.on("session.logon").drop_before_acceptance(times=3)
    caller = connect(timeout=500)
    calls = [caller.begin(lambda client: client.spot.submit_new_order(**ORDER)) for _ in range(3)]

    assert {call.result(WAIT_S).status for call in calls} == {200}
    assert cuts.hits == 3


def test_logon_that_is_never_answered_ends_the_call_in_time(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    exchange.faults.on("session.logon").swallow(times=None)
    caller = connect(timeout=0.3)

    for _ in range(2):
        with pytest.raises(NotSent) as failed:
            place(caller)
        assert failed.value.reason == "not connected"
    assert exchange.journal.requests("order.place") == []


def test_logon_that_is_never_answered_is_tried_on_the_next_connection(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    swallowed = exchange.faults.on("session.logon").swallow()
    caller = connect(timeout=0.3)
    with pytest.raises(NotSent):
        place(caller)

    swallowed.wait()
    exchange.journal.wait_for(lambda frame: frame.method == "session.logon", count=2)
    assert place(caller).status == 200


# The clock


def test_stamps_follow_the_exchanges_clock(connect: Connect, exchange: SimulatedExchange) -> None:
    exchange.faults.skew_clock(-3600)
    caller = connect()

    place(caller)

    (order,) = exchange.journal.requests("order.place")
    behind_ms = order.time_us // 1000 - order.params["timestamp"]
    assert 0 <= behind_ms < 5000, "late rather than early, and within the window"


def test_offset_set_by_hand_is_taken_and_not_measured(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    exchange.faults.skew_clock(3600)
    caller = connect()
    caller.client.set_time_offset_ms(3_600_000)

    place(caller)

    assert exchange.journal.requests("time") == []
    (order,) = exchange.journal.requests("order.place")
    assert abs(order.time_us // 1000 - order.params["timestamp"]) < 5000


def test_offset_set_wrongly_by_hand_is_an_error(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect(timeout=500)
    caller.call(lambda client: client.connect())
    caller.client.set_time_offset_ms(-3_600_000)

    with pytest.raises(InvalidTimestamp):
        place(caller)

    assert len(exchange.journal.requests("order.place")) == 1


def test_refused_stamp_is_measured_anew_and_sent_once_more(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect()
    place(caller)
    exchange.faults.skew_clock(-3600)

    assert place(caller).status == 200

    _, refused, taken = exchange.journal.requests("order.place")
    assert refused.params["newClientOrderId"] == taken.params["newClientOrderId"]
    assert taken.params["timestamp"] < refused.params["timestamp"]
    assert len(exchange.journal.requests("time")) == 3, "what is odd has to be borne out"


def test_stamp_refused_twice_is_an_error(connect: Connect, exchange: SimulatedExchange) -> None:
    caller = connect()
    refusals = exchange.faults.on("order.place").refuse(
        -1021, "Timestamp for this request is outside of the recvWindow.", times=None
    )

    with pytest.raises(InvalidTimestamp):
        place(caller)

    assert refusals.hits == 2


def test_logon_whose_stamp_is_refused_is_stamped_anew(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    refusals = exchange.faults.on("session.logon").refuse(-1021, "Timestamp.")
    caller = connect()

    assert place(caller).status == 200

    assert refusals.hits == 1
    assert len(exchange.journal.requests("time")) == 2


def test_subscription_whose_stamp_is_refused_is_stamped_anew(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    """On the connection it belongs to, though that one does not serve yet."""
    key = exchange.create_account().create_key("hmac")
    caller = connect(key, mute_latency_warning=True, timeout=500)
    caller.call(lambda client: client.subscribe_user_data_stream())
    reconnected = noted(caller, "reconnected")
    exchange.faults.on("userDataStream.subscribe.signature").refuse(-1021, "Timestamp.")

    exchange.drop_connections()

    reconnected.wait()
    sent = exchange.journal.requests("userDataStream.subscribe.signature")
    assert [frame.connection_id for frame in sent] == [1, 2, 2]


def test_request_that_waited_for_a_connection_is_stamped_when_it_is_sent(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect(timeout=500)
    place(caller)
    exchange.stop_listening()
    reconnecting = noted(caller, "reconnecting")
    exchange.drop_connections()
    reconnecting.wait()
    call = caller.begin(lambda client: client.spot.submit_new_order(**ORDER))
    waiting_since_us = exchange.clock.now_us()

    # An hour passes for the exchange; the request would be far too old.
    exchange.faults.skew_clock(3600)
    exchange.resume_listening()

    assert call.result(WAIT_S).status == 200
    last = exchange.journal.requests("order.place")[-1]
    assert last.params["timestamp"] > waiting_since_us // 1000


# Two keys


def test_request_with_a_key_and_signature_of_the_callers_own(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    """One key reads by its logon, another one trades: least privilege."""
    account = exchange.create_account()
    reader = account.create_key("ed25519", permissions=("USER_DATA",))
    trader = account.create_key("hmac", permissions=("TRADE",))
    caller = connect(reader, recv_window=4000)
    with pytest.raises(AuthenticationFailed):
        place(caller)
    params: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "price": "20000",
        "quantity": "0.01",
        "apiKey": trader.api_key,
        "timestamp": exchange.clock.now_us() // 1000,
    }
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
    params["signature"] = hmac.new(
        trader.api_secret.encode(), payload.encode(), hashlib.sha256
    ).hexdigest()

    placed = caller.call(lambda client: client.request(WsKey.MAIN_WSAPI, "order.place", params))

    assert placed.result.order_id == 1
    assert account_of(caller).status == 200
    assert exchange.journal.requests("order.place")[-1].params == params


def test_client_without_a_key_sends_what_the_caller_signed(
    dial: Connect, scripted: ScriptedServer
) -> None:
    caller = dial()
    params = {"apiKey": "theirs", "timestamp": 1, "signature": "theirs"}

    caller.call(lambda client: client.request(WsKey.MAIN_WSAPI, "account.status", params))

    assert scripted.seen("account.status")[0]["params"] == params
    assert scripted.seen("session.logon") == []


def test_key_alone_is_enough_for_methods_that_want_the_key_alone(
    dial: Connect, scripted: ScriptedServer
) -> None:
    caller = dial(api_key="key")

    caller.call(lambda client: client.spot.start_user_data_stream_for_key())

    assert scripted.seen("userDataStream.start")[0]["params"] == {"apiKey": "key"}
    with pytest.raises(ConfigurationError, match="needs a signature"):
        account_of(caller)


def test_subscription_by_logon_carries_nothing(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    """The documents list no parameter, and the exchange may refuse one too many."""
    caller = connect()
    caller.call(lambda client: client.subscribe_user_data_stream())

    (subscribed,) = exchange.journal.requests("userDataStream.subscribe")
    assert subscribed.params == {}


def test_loss_between_logon_and_answer_fails_no_call_for_good(
    dial: Connect, scripted: ScriptedServer, exchange: SimulatedExchange
) -> None:
    key = exchange.create_account().create_key()

    async def cut_first(peer: Peer, request: dict[str, Any]) -> None:
        if peer.number == 1:
            await asyncio.sleep(0)
            peer.cut()
        else:
            await peer.answer(request, {})

    scripted.replies["session.logon"] = cut_first
    caller = dial(api_key=key.api_key, api_secret=key.api_secret, timeout=500)

    assert place(caller).status == 200
    assert [logon["peer"] for logon in scripted.seen("session.logon")] == [1, 2]
