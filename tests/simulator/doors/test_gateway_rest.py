"""REST: the same operations by other names."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from gateway_client import API, LIMIT_BUY, START_US, MemoryClient, add_key, signature, venue

from binance_wsapi.markets import Market
from binance_wsapi.simulator.doors.rest import RestAnswer, RestRequest
from binance_wsapi.simulator.doors.rest_routes import _TABLES
from binance_wsapi.simulator.key_making import Key, KeyTypeName
from binance_wsapi.simulator.venue import Venue


class Rest:
    """An HTTP client in memory."""

    def __init__(self, exchange: Venue, key: Key | None = None) -> None:
        self._exchange = exchange
        self._key = key

    def raw(self, verb: str, path: str, query: str = "", body: str = "") -> RestAnswer:
        headers = {} if self._key is None else {"X-MBX-APIKEY": self._key.api_key}
        request = RestRequest(verb, path, query, body, "10.0.0.1", headers)
        return self._exchange.rest.answer(request)

    def ask(self, verb: str, path: str, **params: Any) -> Any:
        return json.loads(self.raw(verb, path, urlencode(params)).body)

    def signed(self, verb: str, path: str, **params: Any) -> Any:
        return json.loads(self.raw(verb, path, self.sign(**params)).body)

    def sign(self, **params: Any) -> str:
        assert self._key is not None
        query = urlencode({**params, "timestamp": START_US // 1_000})
        return f"{query}&{urlencode({'signature': signature(self._key, query.encode())})}"


@pytest.fixture
def exchange() -> Venue:
    return venue()


@pytest.fixture
def rest(exchange: Venue) -> Rest:
    account = exchange.open_account({"USDT": "10000"}, usdm={"USDT": "10000"}, coinm={"BTC": "1"})
    return Rest(exchange, add_key(exchange, account.uid, "hmac"))


def test_every_path_leads_to_an_operation(exchange: Venue) -> None:
    for _, market, table, _ in _TABLES:
        for method in table.values():
            assert exchange.services[market].operation(method).market is market


@pytest.mark.parametrize("key_type", ["hmac", "rsa", "ed25519"])
def test_each_kind_of_key_signs(exchange: Venue, key_type: KeyTypeName) -> None:
    account = exchange.open_account({"USDT": "1"})
    rest = Rest(exchange, add_key(exchange, account.uid, key_type))

    assert rest.signed("GET", "/api/v3/account")["uid"] == account.uid


def test_orders_live_in_the_same_book(exchange: Venue, rest: Rest) -> None:
    placed = rest.signed("POST", "/api/v3/order", **LIMIT_BUY)
    client = MemoryClient(exchange, API)

    assert client.ask("depth", {"symbol": "BTCUSDT"})["result"]["bids"][0][0] == "60000.00000000"
    named = {"symbol": "BTCUSDT", "orderId": placed["orderId"]}
    assert rest.signed("GET", "/api/v3/order", **named)["status"] == "NEW"
    assert rest.signed("DELETE", "/api/v3/order", **named)["status"] == "CANCELED"


def test_parameters_may_stand_in_the_body_and_in_both(rest: Rest) -> None:
    body = rest.sign(**LIMIT_BUY)
    assert rest.raw("POST", "/api/v3/order", body=body).status == 200

    query, first = (
        "symbol=BTCUSDT&side=BUY",
        f"type=MARKET&quantity=1&timestamp={START_US // 1_000}",
    )
    assert rest._key is not None
    both = f"{first}&signature={signature(rest._key, (query + first).encode())}"
    assert rest.raw("POST", "/api/v3/order/test", query, both).status == 200


def test_errors_have_their_status(rest: Rest, exchange: Venue) -> None:
    tampered = rest.sign(**LIMIT_BUY) + "&newClientOrderId=x"

    assert json.loads(rest.raw("POST", "/api/v3/order", tampered).body)["code"] == -1022
    assert Rest(exchange).raw("GET", "/api/v3/account").status == 401
    assert rest.raw("GET", "/api/v3/nothing").status == 404
    assert rest.raw("GET", "/api/v3/depth").status == 400


def test_lists_and_time_units(exchange: Venue, rest: Rest) -> None:
    info = rest.ask("GET", "/api/v3/exchangeInfo", symbols='["BTCUSDT","ETHUSDT"]')
    headers = {"X-MBX-TIME-UNIT": "MICROSECOND"}
    request = RestRequest("GET", "/api/v3/time", "", "", "10.0.0.1", headers)

    assert [row["symbol"] for row in info["symbols"]] == ["BTCUSDT", "ETHUSDT"]
    limits = {row["rateLimitType"]: row["limit"] for row in info["rateLimits"]}
    assert limits == {"REQUEST_WEIGHT": 6_000, "ORDERS": 160_000, "RAW_REQUESTS": 300_000}
    assert json.loads(exchange.rest.answer(request).body) == {"serverTime": START_US}


def test_weight_is_shared_with_websockets_and_shown(exchange: Venue, rest: Rest) -> None:
    MemoryClient(exchange).ask("ping")

    assert rest.raw("GET", "/api/v3/ping").headers["X-MBX-USED-WEIGHT-1M"] == "4"


def test_banned_addresses_are_told_when_to_come_back(exchange: Venue, rest: Rest) -> None:
    exchange.spot_limits.ban("10.0.0.1")

    answer = rest.raw("GET", "/api/v3/ping")

    assert answer.status == 418
    assert answer.headers["Retry-After"] == "120"


def test_rest_is_refused_by_script(exchange: Venue, rest: Rest) -> None:
    fault = exchange.faults.refuse_rest(502, path="/sapi", retry_after=9)

    refused = rest.raw("POST", "/sapi/v1/userListenToken")

    assert rest.raw("GET", "/api/v3/ping").status == 200
    assert (refused.status, refused.headers["Retry-After"]) == (502, "9")
    assert rest.raw("POST", "/sapi/v1/userListenToken").status == 200
    assert fault.hits == 1


@pytest.mark.parametrize(("prefix", "market"), [("/fapi", Market.USDM), ("/dapi", Market.COINM)])
def test_futures_start_up(exchange: Venue, rest: Rest, prefix: str, market: Market) -> None:
    info = rest.ask("GET", f"{prefix}/v1/exchangeInfo")

    assert {row["symbol"] for row in info["symbols"]} == set(exchange.futures[market].contracts)
    assert rest.ask("GET", f"{prefix}/v1/ping") == {}
    assert rest.ask("POST", f"{prefix}/v1/listenKey")["listenKey"]
    assert rest.signed("GET", f"{prefix}/v1/account")["assets"]


@pytest.mark.parametrize("is_signed", [True, False])
def test_listen_tokens_with_and_without_a_signature(
    exchange: Venue, rest: Rest, is_signed: bool
) -> None:
    ask = rest.signed if is_signed else rest.ask
    answer = ask("POST", "/sapi/v1/userListenToken")

    assert answer["expirationTime"] == START_US // 1_000 + 86_400_000
    client = MemoryClient(exchange)
    token = {"listenToken": answer["token"]}
    assert client.ask("userDataStream.subscribe.listenToken", token)["status"] == 200


def test_margin_orders_belong_to_the_margin_account(exchange: Venue, rest: Rest) -> None:
    owner = next(iter(exchange.spot.accounts))
    exchange.spot.deposit(exchange.margin.account(owner), "USDT", Decimal(500))
    token = rest.ask("POST", "/sapi/v1/userListenToken")["token"]
    client = MemoryClient(exchange)
    client.ask("userDataStream.subscribe.listenToken", {"listenToken": token})

    rest.signed("POST", "/sapi/v1/margin/order", **LIMIT_BUY, sideEffectType="NO_SIDE_EFFECT")

    assert client.events[0]["event"]["e"] == "executionReport"
    assert rest.signed("GET", "/api/v3/openOrders") == []
    assert len(rest.signed("GET", "/sapi/v1/margin/openOrders", symbol="BTCUSDT")) == 1


def test_isolated_margin_accounts_stand_apart(exchange: Venue, rest: Rest) -> None:
    owner = next(iter(exchange.spot.accounts))
    isolated = exchange.margin.account(owner, "BTCUSDT")
    exchange.spot.deposit(isolated, "USDT", Decimal(500))

    placed = rest.signed("POST", "/sapi/v1/margin/order", **LIMIT_BUY, isIsolated="TRUE")
    refused = rest.signed("POST", "/sapi/v1/margin/order", **LIMIT_BUY)

    assert placed["status"] == "NEW"
    assert refused["code"] == -2010


def test_a_list_that_is_no_json_is_refused(rest: Rest) -> None:
    assert rest.ask("GET", "/api/v3/exchangeInfo", permissions="[SPOT")["code"] == -1135
    assert rest.ask("GET", "/api/v3/exchangeInfo", permissions="SPOT")["symbols"]


@pytest.mark.parametrize(
    ("path", "prefix"),
    [
        ("/api/v3/ping", "X-MBX-USED-WEIGHT"),
        ("/api/v3/depth", "X-MBX-USED-WEIGHT"),
        ("/fapi/v1/ping", "X-MBX-USED-WEIGHT"),
        ("/fapi/v1/depth", "X-MBX-USED-WEIGHT"),
        ("/futures/data/basis", "X-MBX-USED-WEIGHT"),
        ("/dapi/v1/klines", "X-MBX-USED-WEIGHT"),
        ("/dapi/v1/account", "X-MBX-USED-WEIGHT"),
        ("/sapi/v1/system/status", "X-SAPI-USED-IP-WEIGHT"),
    ],
)
def test_every_answer_tells_the_weight_used(exchange: Venue, path: str, prefix: str) -> None:
    """Refusals too: most of these lack a mandatory parameter or a key."""
    answer = Rest(exchange).raw("GET", path)

    assert answer.headers[f"{prefix}-1M"].isdecimal()
    if prefix == "X-MBX-USED-WEIGHT":
        assert answer.headers[prefix] == answer.headers[f"{prefix}-1M"]


def test_a_batch_counts_its_orders(exchange: Venue, rest: Rest) -> None:
    order = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01",
        "price": "59000",
    }
    query = rest.sign(batchOrders=json.dumps([order, order | {"symbol": "NONE"}]))

    answer = rest.raw("POST", "/fapi/v1/batchOrders", query)

    placed, refused = json.loads(answer.body)
    assert (placed["status"], refused["code"]) == ("NEW", -1121)
    assert answer.headers["X-MBX-ORDER-COUNT-1M"] == "2"
    refused_whole = rest.raw("POST", "/fapi/v1/batchOrders", rest.sign(batchOrders="[]"))
    assert json.loads(refused_whole.body)["code"] == -4082


def test_futures_calls_come_in_time_or_not_at_all(exchange: Venue, rest: Rest) -> None:
    query = rest.sign(recvWindow=5000)
    exchange.clock.advance(6)

    answer = rest.raw("GET", "/fapi/v1/openOrders", query)

    assert json.loads(answer.body)["code"] == -1021


def test_what_clients_ask_sapi_at_their_start(exchange: Venue, rest: Rest) -> None:
    assert rest.ask("GET", "/sapi/v1/system/status") == {"status": 0, "msg": "normal"}
    (fee,) = rest.signed("GET", "/sapi/v1/asset/tradeFee", symbol="BTCUSDT")
    assert fee == {"symbol": "BTCUSDT", "makerCommission": "0.001", "takerCommission": "0.001"}
    assert rest.signed("GET", "/sapi/v1/asset/tradeFee", symbol="NONE")["code"] == -1121
    assert rest.ask("POST", "/sapi/v2/margin/listen-key")["listenKey"]


@pytest.mark.parametrize("symbol", ["btcusdt", "BTC/USDT", "BTC USDT", "A" * 51])
def test_what_cannot_be_a_symbol_is_refused_on_spot(rest: Rest, symbol: str) -> None:
    refusal = rest.ask("GET", "/api/v3/ticker/price", symbol=symbol)

    assert refusal["code"] == -1100
    assert refusal["msg"].endswith(r"legal range is '^[\w\-._&&[^a-z]]{1,50}$'.")
    assert rest.ask("GET", "/fapi/v1/ticker/price", symbol=symbol)["code"] == -1121


@pytest.mark.parametrize(
    ("symbols", "code"),
    [
        ('["BTCUSDT","ETHUSDT"]', 0),
        ('["BTCUSDT", "ETHUSDT"]', -1100),
        ('["btcusdt"]', -1100),
        ("BTCUSDT", -1100),
        ('["BTC-USDT"]', -1121),
    ],
)
def test_symbols_are_an_array_without_blanks(rest: Rest, symbols: str, code: int) -> None:
    answer = rest.ask("GET", "/api/v3/ticker/price", symbols=symbols)

    assert (len(answer) == 2) if not code else (answer["code"] == code)


def test_a_request_without_a_key_has_one_of_no_form(exchange: Venue, rest: Rest) -> None:
    for path in ("/api/v3/account", "/fapi/v1/openOrders"):
        answer = Rest(exchange).raw("GET", path, rest.sign())
        assert (answer.status, json.loads(answer.body)["code"]) == (401, -2014)


def test_what_is_not_simulated_is_refused_and_logged(
    rest: Rest, caplog: pytest.LogCaptureFixture
) -> None:
    for path in (
        "/fapi/v1/income/asyn",
        "/fapi/v1/convert/exchangeInfo",
        "/sapi/v1/convert/tradeFlow",
    ):
        assert rest.ask("GET", path)["code"] == -1020
        assert f"not simulated: GET {path}" in caplog.text


def test_statistics_are_of_the_market_whose_pair_is_named(exchange: Venue, rest: Rest) -> None:
    exchange.clock.advance(300)
    terms = {"contractType": "PERPETUAL", "period": "5m"}

    rows = [
        rest.ask("GET", "/futures/data/basis", pair=pair, **terms)[-1]["pair"]
        for pair in ("BTCUSDT", "BTCUSD")
    ]

    assert rows == ["BTCUSDT", "BTCUSD"]
    assert rest.ask("GET", "/futures/data/takerlongshortRatio", symbol="NONE")["code"] == -1121
    assert rest.ask("GET", "/futures/data/takerBuySellVol", pair="BTCUSD", period="5m") == []
