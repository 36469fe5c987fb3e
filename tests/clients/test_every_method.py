"""Every method of both clients, called once over a real socket: the documented request is on the wire."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from callers import Caller
from scripted_server import ScriptedServer

from binance_wsapi import ConfigurationError, ParameterError, WsKey
from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.catalogue.operation import Kind, Operation
from binance_wsapi.markets import Market
from binance_wsapi.simulator import SimulatedExchange

REFERENCE = Path(__file__).parents[1] / "reference"
NAMES: list[dict[str, Any]] = json.loads((REFERENCE / "method_names.json").read_text())
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
AUTH = {"apiKey", "signature", "timestamp", "recvWindow"}
GENERAL = {"returnRateLimits"}
"""What every request may carry, and is a matter of the connection here."""
LEGACY = {
    "userDataStream.ping": {"listenKey": "key"},
    "userDataStream.stop": {"listenKey": "key"},
}
"""Methods that the documents no longer show."""
UNLISTED = {"origType", "positionSide"}
MISSPELT = {"triggerprice": "triggerPrice"}
CONNECTIONS = {"spot": "mainWSAPI", "usdm": "usdmWSAPI", "coinm": "coinmWSAPI"}


def samples(market: str) -> dict[str, list[dict[str, Any]]]:
    """Return the parameters of the documented requests by method."""
    found: dict[str, list[dict[str, Any]]] = {}
    for example in json.loads((REFERENCE / market / "examples.json").read_text()):
        payload = example.get("payload")
        given = (payload.get("params") or {}) if isinstance(payload, dict) else None
        if example["kind"] == "request" and isinstance(given, dict):
            found.setdefault(payload["method"], []).append(
                {name: value for name, value in given.items() if name not in AUTH | GENERAL}
            )
    return found


def offered(market: str) -> list[dict[str, Any]]:
    return [
        each
        for each in NAMES
        if each["market"] == market and "on the client" not in each.get("special", "")
    ]


def operation(market: str, method: str) -> Operation:
    found = operation_by_method(Market(market), method)
    assert found is not None
    return found


def as_python(of: Operation, given: dict[str, Any]) -> dict[str, Any]:
    """Return wire parameters as a caller of the method writes them: ids are numbers."""
    names = {param.wire: param for param in of.params}
    return {
        names[wire].name: int(value) if names[wire].kind is Kind.INT else value
        for wire, value in given.items()
    }


def calling(market: str, name: str, arguments: dict[str, Any]) -> Callable[[Any], Any]:
    return lambda client: getattr(getattr(client, market), name)(**arguments)


def text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, separators=(",", ":")) if isinstance(value, list) else str(value)


def shown(params: dict[str, Any]) -> dict[str, str]:
    """Return parameters as text: the documents write many numbers without quotes."""
    return {name: text(value) for name, value in params.items()}


def signature(params: dict[str, Any]) -> str:
    payload = "&".join(f"{name}={text(params[name])}" for name in sorted(params))
    return hmac.new(SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("market", CONNECTIONS)
@pytest.mark.parametrize("kind", ["hmac", "ed25519"])
def test_every_method_puts_the_documented_request_on_the_wire(
    dial: Callable[..., Caller],
    scripted: ScriptedServer,
    exchange: SimulatedExchange,
    market: str,
    kind: str,
) -> None:
    if kind == "hmac":
        key_options = {"api_key": "key", "api_secret": SECRET, "mute_latency_warning": True}
    else:
        key = exchange.create_account().create_key("ed25519")
        key_options = {"api_key": key.api_key, "api_secret": key.api_secret}
    caller = dial(**key_options)
    known = samples(market)
    called = 0

    # A logon changes how all else is signed, so it comes last.
    for entry in sorted(offered(market), key=lambda each: each["method"] == "session.logon"):
        method = entry["method"]
        of = operation(market, method)
        if method == "session.logout":
            continue  # in test_keys.py
        sampled = known.get(method, [LEGACY.get(method, {})])[0]
        # A sample may show parameters that the same page does not list.
        given = {
            MISSPELT.get(wire, wire): value
            for wire, value in sampled.items()
            if wire not in UNLISTED
        }

        answer = caller.call(calling(market, entry["python_name"], as_python(of, given)))

        called += 1
        request = scripted.seen(method)[-1]
        sent = request.get("params", {})
        own = {name: value for name, value in sent.items() if name not in AUTH}
        made = set(own) - set(given)
        assert shown({name: own[name] for name in given}) == shown(given), method
        assert made <= set(of.client_ids), method
        assert answer.id == request["id"]
        assert answer.status == 200
        assert "result" in answer.raw
        auth = AUTH & sent.keys()
        if not of.signed:
            wants_key = any(param.wire == "apiKey" for param in of.params)
            assert auth == ({"apiKey"} if wants_key else set()), method
        elif kind == "ed25519" and method != "session.logon":
            assert auth == {"timestamp"}, method
        else:
            assert auth == {"apiKey", "timestamp", "signature"}, method
            if kind == "hmac":
                unsigned = {name: sent[name] for name in sent if name != "signature"}
                assert sent["signature"] == signature(unsigned), method
    assert called >= len(offered(market)) - 1


def test_price_goes_with_a_price_match_of_none(
    dial: Callable[..., Caller], scripted: ScriptedServer
) -> None:
    caller = dial(api_key="key", api_secret=SECRET, mute_latency_warning=True)
    order: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "time_in_force": "GTC",
        "quantity": "1",
        "price": "1",
    }

    caller.call(lambda client: client.usdm.submit_new_order(**order, price_match="NONE"))

    assert scripted.seen("order.place")[0]["params"]["priceMatch"] == "NONE"
    with pytest.raises(ParameterError, match="exclude each other"):
        caller.call(lambda client: client.usdm.submit_new_order(**order, price_match="QUEUE"))


# By wire name


def test_request_by_wire_name_is_the_same_call(
    connect: Callable[..., Caller], exchange: SimulatedExchange
) -> None:
    caller = connect()
    params = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "price": 20000.5,
        "quantity": "0.01",
    }

    answer = caller.call(lambda client: client.request(WsKey.MAIN_WSAPI, "order.place", params))

    assert answer.result.order_id == 1
    (request,) = exchange.journal.requests("order.place")
    assert request.params["price"] == "20000.5"
    assert "timestamp" in request.params
    assert request.params["newClientOrderId"] == answer.result.client_order_id


def test_unknown_method_and_parameters_are_passed_on(
    dial: Callable[..., Caller], scripted: ScriptedServer
) -> None:
    caller = dial()

    answer = caller.call(
        lambda client: client.request(
            WsKey.MAIN_WSAPI, "order.levitate", {"height": 0.1, "soft": True, "names": ["a"]}
        )
    )
    caller.call(
        lambda client: client.request(WsKey.MAIN_WSAPI, "depth", {"symbol": "A", "novel": 1e-7})
    )

    assert answer.result == {}
    assert scripted.seen("order.levitate")[0]["params"] == {
        "height": "0.1",
        "soft": True,
        "names": ["a"],
    }
    assert scripted.seen("depth")[0]["params"] == {"symbol": "A", "novel": "0.0000001"}


@pytest.mark.parametrize(
    ("method", "params", "parameter"),
    [
        ("depth", {}, "symbol"),
        ("depth", {"symbol": "A", "limit": "ten"}, "limit"),
        ("order.levitate", {"height": float("nan")}, "height"),
        ("order.levitate", {"height": object()}, "height"),
    ],
)
def test_bad_parameters_never_leave(
    dial: Callable[..., Caller],
    scripted: ScriptedServer,
    method: str,
    params: dict[str, Any],
    parameter: str,
) -> None:
    caller = dial()

    with pytest.raises(ParameterError, match=parameter) as refused:
        caller.call(lambda client: client.request(WsKey.MAIN_WSAPI, method, params))

    assert refused.value.parameter == parameter
    assert scripted.handshakes == 0


def test_same_operations_on_another_connection(
    dial: Callable[..., Caller], scripted: ScriptedServer
) -> None:
    caller = dial()

    caller.call(lambda client: client.spot.using(WsKey.MAIN_WSAPI2).test_connectivity())
    caller.call(lambda client: client.spot.test_connectivity())

    assert [peer.path_qs for peer in scripted.peers] == ["/mainWSAPI2", "/mainWSAPI"]
    with pytest.raises(ConfigurationError, match="MAIN_WSAPI2"):
        caller.client.spot.using(WsKey.USDM_WSAPI)


@pytest.mark.parametrize("ws_key", [WsKey.MAIN, WsKey.USDM_PRIVATE, "mainStream", 5], ids=str)
def test_connection_that_takes_no_requests_is_refused(
    dial: Callable[..., Caller], ws_key: Any
) -> None:
    caller = dial()

    for work in (
        lambda client: client.request(ws_key, "ping"),
        lambda client: client.connect(ws_key),
        lambda client: client.subscribe_user_data_stream(ws_key),
    ):
        with pytest.raises(ConfigurationError, match="MAIN_WSAPI2"):
            caller.call(work)


def test_connection_may_be_named_by_its_text(
    dial: Callable[..., Caller], scripted: ScriptedServer
) -> None:
    caller = dial()

    assert caller.call(lambda client: client.request("mainWSAPI", "ping")).status == 200


def test_futures_market_chosen_at_run_time(
    dial: Callable[..., Caller], scripted: ScriptedServer
) -> None:
    caller = dial()

    caller.call(lambda client: client.futures("coinm").get_session_status())
    caller.call(lambda client: client.futures("usdm").get_order_book(symbol="BTCUSDT"))

    assert [peer.path_qs for peer in scripted.peers] == ["/coinmWSAPI", "/usdmWSAPI"]
    assert caller.client.futures("usdm") is caller.client.usdm
    with pytest.raises(ConfigurationError, match="no futures market 'spot'"):
        caller.client.futures("spot")


def test_operation_that_needs_a_key_is_refused_without_one(
    dial: Callable[..., Caller], scripted: ScriptedServer
) -> None:
    caller = dial()

    with pytest.raises(ConfigurationError, match=re.escape("account.status needs an API key")):
        caller.call(lambda client: client.spot.get_account_information())

    assert scripted.handshakes == 0


def test_environment_without_the_connection_is_told_at_once(
    dial: Callable[..., Caller],
) -> None:
    caller = dial(urls={}, testnet=True, timeout=500)

    for work in (
        lambda client: client.request(WsKey.MARGIN_USER_DATA, "ping"),
        lambda client: client.connect(WsKey.MARGIN_USER_DATA),
    ):
        with pytest.raises(ConfigurationError, match="no address in the testnet environment"):
            caller.call(work)


def test_time_unit_is_asked_for_in_the_address(
    dial: Callable[..., Caller], scripted: ScriptedServer
) -> None:
    caller = dial(time_unit="MICROSECOND")

    caller.call(lambda client: client.spot.test_connectivity())
    caller.call(lambda client: client.usdm.get_session_status())

    assert [peer.path_qs for peer in scripted.peers] == [
        "/mainWSAPI?timeUnit=MICROSECOND",
        "/usdmWSAPI",
    ]
