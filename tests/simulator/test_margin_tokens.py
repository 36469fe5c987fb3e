"""Margin accounts and their listen tokens."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import pytest

from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.margin import Margin
from binance_wsapi.simulator.spot.market import SpotMarket
from binance_wsapi.simulator.wire import Micros

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
        {"BTCUSDT": None, "ETHUSDT": None},
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
