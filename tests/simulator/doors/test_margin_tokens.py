"""Margin accounts, their listen tokens, and the risk stream."""

from __future__ import annotations

import json
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from gateway_client import MemoryClient, add_key, venue

from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.rest import RestRequest
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.key_making import Key
from binance_wsapi.simulator.margin import Margin
from binance_wsapi.simulator.spot.market import SpotMarket
from binance_wsapi.simulator.spot.symbols import DEFAULT_SYMBOLS
from binance_wsapi.simulator.venue import Venue

START_US = 1_700_000_000_000_000
DAY_S = 86_400
OWNER = 17


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(start_us=START_US, frozen=True)


@pytest.fixture
def margin(clock: SimulatedClock) -> Margin:
    uids = iter(range(100, 200))
    return Margin(
        clock,
        Random(1),
        {each.symbol: each for each in DEFAULT_SYMBOLS if each.symbol in {"BTCUSDT", "ETHUSDT"}},
        lambda funds: Account(next(uids), funds),
    )


def test_token_stands_for_the_cross_account_until_it_runs_out(
    clock: SimulatedClock, margin: Margin
) -> None:
    created = margin.create_token(OWNER, {})
    assert created["expirationTime"] == Micros(START_US + DAY_S * 1_000_000)

    clock.advance(DAY_S - 1)
    found = margin.find(created["token"])

    assert found is not None
    assert found.account is margin.account(OWNER)
    assert found.expires_us == START_US + DAY_S * 1_000_000
    clock.advance(1)
    assert margin.find(created["token"]) is None


def test_a_new_token_leaves_the_old_one_valid(margin: Margin) -> None:
    first = margin.create_token(OWNER, {})["token"]
    second = margin.create_token(OWNER, {"validity": "60000"})["token"]

    assert first != second
    assert margin.find(first) is not None
    assert margin.find(second) is not None


@pytest.mark.parametrize("is_isolated", ["true", "TRUE", True])
def test_isolated_accounts_are_apart(margin: Margin, is_isolated: Any) -> None:
    btc = margin.create_token(OWNER, {"isIsolated": is_isolated, "symbol": "BTCUSDT"})
    found = margin.find(btc["token"])

    assert found is not None
    assert found.account is margin.account(OWNER, "BTCUSDT")
    assert found.account is not margin.account(OWNER, "ETHUSDT")
    assert found.account is not margin.account(OWNER)
    assert found.account is not margin.account(OWNER + 1, "BTCUSDT")


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"isIsolated": "true"}, -1102),
        ({"isIsolated": "true", "symbol": "NOPE"}, -1121),
        ({"isIsolated": "maybe"}, -1130),
        ({"validity": "0"}, -1130),
        ({"validity": DAY_S * 1000 + 1}, -1130),
        ({"validity": "soon"}, -1102),
    ],
)
def test_refusals(margin: Margin, params: dict[str, Any], code: int) -> None:
    with pytest.raises(ExchangeError) as refused:
        margin.create_token(OWNER, params)

    assert refused.value.code == code


def test_unknown_token_stands_for_nothing(margin: Margin) -> None:
    assert margin.find("made up") is None


def test_margin_accounts_trade_on_the_spot_engine(clock: SimulatedClock) -> None:
    spot = SpotMarket(clock, Random(1))
    margin = Margin(clock, Random(2), spot.symbols, spot.open_account)
    account, other = margin.account(OWNER), spot.open_account({"BTC": "1"})
    account.credit("USDT", Decimal(100_000))
    token = margin.find(margin.create_token(OWNER, {})["token"])
    assert token is not None
    heard: list[str] = []
    token.account.listeners.append(lambda event: heard.append(event["e"]))
    terms = {"symbol": "BTCUSDT", "type": "LIMIT", "timeInForce": "GTC", "price": "60000"}

    spot.handle("order.place", {**terms, "side": "BUY", "quantity": "0.1"}, account)
    spot.handle("order.place", {**terms, "side": "SELL", "quantity": "0.1"}, other)

    assert account.balance("BTC").free > 0
    assert heard.count("executionReport") == 2
    assert "outboundAccountPosition" in heard


class TestRiskStream:
    @pytest.fixture
    def exchange(self) -> Venue:
        return venue()

    @pytest.fixture
    def key(self, exchange: Venue) -> Key:
        return add_key(exchange, exchange.open_account().uid, "hmac")

    def ask(self, exchange: Venue, key: Key, verb: str, query: str = "") -> Any:
        path, headers = "/sapi/v1/margin/listen-key", {"X-MBX-APIKEY": key.api_key}
        answer = exchange.rest.answer(RestRequest(verb, path, query, "", "10.0.0.1", headers))
        return json.loads(answer.body)

    @pytest.mark.parametrize(
        ("path", "is_wrapped"), [("/margin/ws/{}", False), ("/margin/stream?streams={}", True)]
    )
    def test_tells_what_it_is_told(
        self, exchange: Venue, key: Key, path: str, is_wrapped: bool
    ) -> None:
        uid = next(iter(exchange.spot.accounts))
        listen_key = self.ask(exchange, key, "POST")["listenKey"]
        client = MemoryClient(exchange, path.format(listen_key))

        exchange.margin.tell_margin_level(uid, Decimal("1.1"), "MARGIN_CALL")
        exchange.margin.tell_liability(uid, "BTC", "BORROW", Decimal("0.000001"))

        frames = [f["data"] for f in client.wire.frames] if is_wrapped else client.wire.frames
        now_ms = exchange.clock.now_us() // 1000
        assert frames == [
            {"e": "MARGIN_LEVEL_STATUS_CHANGE", "E": now_ms, "l": "1.1", "s": "MARGIN_CALL"},
            {
                "e": "USER_LIABILITY_CHANGE",
                "E": now_ms,
                "a": "BTC",
                "t": "BORROW",
                "p": "0.00000100",
                "i": "0.00000000",
            },
        ]

    def test_key_lives_an_hour_from_its_last_keepalive(self, exchange: Venue, key: Key) -> None:
        listen_key = self.ask(exchange, key, "POST")["listenKey"]
        exchange.clock.advance(3000)
        assert self.ask(exchange, key, "PUT", f"listenKey={listen_key}") == {}
        exchange.clock.advance(3000)
        assert self.ask(exchange, key, "POST") == {"listenKey": listen_key}

        exchange.clock.advance(3600)

        assert self.ask(exchange, key, "PUT", f"listenKey={listen_key}")["code"] == -1125

    def test_closed_key_is_gone(self, exchange: Venue, key: Key) -> None:
        listen_key = self.ask(exchange, key, "POST")["listenKey"]

        assert self.ask(exchange, key, "DELETE") == {}
        assert self.ask(exchange, key, "PUT", f"listenKey={listen_key}")["code"] == -1125
        assert self.ask(exchange, key, "PUT")["code"] == -1102
