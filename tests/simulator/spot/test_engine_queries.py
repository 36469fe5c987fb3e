"""Questions about accounts and books: paging, time ranges, wrong combinations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from engine_harness import BTCUSDT, ETHUSDT, START_US, Exchange

from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.spot.symbols import DEFAULT_SYMBOLS

HOUR = 3_600
START_MS = START_US // 1000


@pytest.fixture
def history() -> tuple[Exchange, Account]:
    """Ten orders of one lot, an hour between them; the even ones are filled."""
    exchange = Exchange()
    me, other = exchange.account(), exchange.account()
    for number in range(10):
        exchange.place(me, "BUY", "1", "80.00" if number % 2 else "90.00")
        if number % 2 == 0:
            exchange.place(other, "SELL", "1", "90.00", newOrderRespType="ACK")
        exchange.clock.advance(HOUR)
    return exchange, me


def ids(rows: Any, name: str = "orderId") -> list[Any]:
    return [row[name] for row in rows]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, slice(None)),
        ({"limit": 3}, slice(-3, None)),
        ({"orderId": 7, "limit": 2}, slice(None)),
        ({"startTime": START_MS + HOUR * 2000, "limit": 2}, slice(2, 4)),
        ({"endTime": START_MS + HOUR * 2000, "limit": 2}, slice(1, 3)),
        (
            {"startTime": START_MS + HOUR * 2000, "endTime": START_MS + HOUR * 4000, "orderId": 1},
            slice(2, 5),
        ),
        ({"startTime": (START_MS + HOUR * 8000) * 1000}, slice(8, None)),
    ],
)
def test_order_history_is_paged(
    history: tuple[Exchange, Account], params: dict[str, Any], expected: slice
) -> None:
    exchange, me = history
    everything = ids(exchange.call("allOrders", me, symbol="ETHUSDT"))
    assert everything == []
    # Times of the last update are those of the placement: each fill came at once.
    every = ids(exchange.call("allOrders", me, symbol="BTCUSDT"))

    found = ids(exchange.call("allOrders", me, symbol="BTCUSDT", **params))

    if "orderId" in params and "startTime" not in params:
        assert found == [one for one in every if one >= 7][:2]
    else:
        assert found == every[expected]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, slice(None)),
        ({"limit": 2}, slice(-2, None)),
        ({"fromId": 2, "limit": 2}, slice(1, 3)),
        ({"startTime": START_MS + HOUR * 2000, "limit": 1}, slice(1, 2)),
        ({"endTime": START_MS + HOUR * 2000, "limit": 1}, slice(1, 2)),
    ],
)
def test_trade_history_is_paged(
    history: tuple[Exchange, Account], params: dict[str, Any], expected: slice
) -> None:
    exchange, me = history
    every = ids(exchange.call("myTrades", me, symbol="BTCUSDT"), "id")
    assert every == [1, 2, 3, 4, 5]

    assert ids(exchange.call("myTrades", me, symbol="BTCUSDT", **params), "id") == every[expected]


def test_trades_of_one_order(history: tuple[Exchange, Account]) -> None:
    exchange, me = history
    order_id = exchange.call("allOrders", me, symbol="BTCUSDT")[2]["orderId"]

    rows = exchange.call("myTrades", me, symbol="BTCUSDT", orderId=order_id)

    assert ids(rows) == [order_id]
    assert rows[0]["isMaker"] is True


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("myTrades", {"fromId": 1, "startTime": START_MS}, -1128),
        ("myTrades", {"orderId": 1, "endTime": START_MS}, -1128),
        ("myAllocations", {"fromAllocationId": 1, "startTime": START_MS}, -1128),
        ("myPreventedMatches", {}, -1102),
        ("myPreventedMatches", {"orderId": 1, "preventedMatchId": 1}, -1128),
        ("allOrders", {"startTime": START_MS, "endTime": START_MS + 25 * 3_600_000}, -1127),
        ("allOrders", {"limit": 0}, -1130),
        ("allOrders", {"limit": "many"}, -1100),
        ("order.status", {}, -1102),
        ("order.status", {"orderId": 99}, -2013),
        ("order.status", {"origClientOrderId": "no-such"}, -2013),
        ("order.amendments", {}, -1102),
    ],
)
def test_wrong_questions_are_refused(
    history: tuple[Exchange, Account], method: str, params: dict[str, Any], code: int
) -> None:
    exchange, me = history

    assert exchange.refusal(method, me, symbol="BTCUSDT", **params).code == code


def test_a_large_limit_is_cut_down(history: tuple[Exchange, Account]) -> None:
    exchange, me = history

    assert len(exchange.call("allOrders", me, symbol="BTCUSDT", limit=5000)) == 10


def test_an_order_is_found_by_either_id_and_by_both_when_they_agree() -> None:
    exchange = Exchange()
    me = exchange.account()
    first = exchange.place(me, "BUY", "1", "90.00", newClientOrderId="one")["orderId"]
    exchange.place(me, "BUY", "1", "90.00", newClientOrderId="two")

    for params in (
        {"orderId": first},
        {"origClientOrderId": "one"},
        {"orderId": str(first), "origClientOrderId": "one"},
    ):
        found = exchange.call("order.status", me, symbol="BTCUSDT", **params)
        assert (found["orderId"], found["clientOrderId"]) == (first, "one")
    error = exchange.refusal(
        "order.status", me, symbol="BTCUSDT", orderId=first, origClientOrderId="two"
    )
    assert error.code == -2039


def test_a_cancelled_order_is_still_found_by_the_id_it_had() -> None:
    exchange = Exchange()
    me = exchange.account()
    exchange.place(me, "BUY", "1", "90.00", newClientOrderId="mine")
    exchange.call("order.cancel", me, symbol="BTCUSDT", origClientOrderId="mine")

    found = exchange.call("order.status", me, symbol="BTCUSDT", origClientOrderId="mine")

    assert found["status"] == "CANCELED"


def test_old_orders_without_fills_are_archived() -> None:
    exchange = Exchange()
    me = exchange.account()
    empty = exchange.place(me, "BUY", "1", "90.00")["orderId"]
    exchange.call("order.cancel", me, symbol="BTCUSDT", orderId=empty)
    filled = exchange.place(me, "BUY", "1", "90.00")["orderId"]
    exchange.place(exchange.account(), "SELL", "1")
    exchange.clock.advance(91 * 24 * HOUR)

    assert exchange.refusal("order.status", me, symbol="BTCUSDT", orderId=empty).code == -2026
    assert exchange.status(me, filled)["status"] == "FILLED"


def test_open_orders_of_one_symbol_or_all() -> None:
    exchange = Exchange()
    me = exchange.account()
    exchange.place(me, "BUY", "1", "90.00")
    exchange.place(me, "BUY", "1", "90.00", symbol="ETHUSDT")

    assert len(exchange.call("openOrders.status", me)) == 2
    (row,) = exchange.call("openOrders.status", me, symbol="ETHUSDT")
    assert row["symbol"] == "ETHUSDT"


def test_zero_balances_are_shown_unless_omitted() -> None:
    exchange = Exchange()
    me = exchange.account(USDT="1")

    assets = {row["asset"] for row in exchange.call("account.status", me)["balances"]}

    assert assets == {"BTC", "ETH", "USDT"}
    assert list(exchange.balances(me)) == ["USDT"]


def test_an_account_that_keeps_no_history_forgets_what_ended() -> None:
    exchange = Exchange()
    me = exchange.account()
    me.keeps_history = False
    order_id = exchange.place(me, "BUY", "1", "90.00", newClientOrderId="mine")["orderId"]
    assert exchange.status(me, order_id)["status"] == "NEW"
    exchange.place(exchange.account(), "SELL", "1")

    assert exchange.call("allOrders", me, symbol="BTCUSDT") == []
    assert exchange.call("myTrades", me, symbol="BTCUSDT") == []
    error = exchange.refusal("order.status", me, symbol="BTCUSDT", origClientOrderId="mine")
    assert error.code == -2013
    exchange.place(me, "BUY", "1", "90.00", newClientOrderId="mine")
    exchange.call("order.cancel", me, symbol="BTCUSDT", origClientOrderId="mine")
    assert exchange.market.engine.records[me.uid].by_client_id == {}


def test_depth_and_ticker_show_the_best_levels_first() -> None:
    exchange = Exchange()
    me = exchange.account()
    for side, prices in (("BUY", ("90", "92", "91")), ("SELL", ("102", "100", "101"))):
        for price in prices:
            exchange.place(me, side, "1", price)

    depth = exchange.call("depth", symbol="BTCUSDT", limit=2)
    assert [price for price, _ in depth["bids"]] == ["92.00000000", "91.00000000"]
    assert [price for price, _ in depth["asks"]] == ["100.00000000", "101.00000000"]
    assert depth["lastUpdateId"] == 6
    ticker = exchange.call("ticker.book", symbol="BTCUSDT")
    assert (ticker["bidPrice"], ticker["askPrice"]) == ("92.00000000", "100.00000000")
    empty, _ = exchange.call("ticker.book", symbols=["ETHUSDT", "BTCUSDT"])
    assert empty["bidQty"] == "0.00000000"
    exchange.market.set_status("ETHUSDT", "HALT")
    assert ids(exchange.call("ticker.book"), "symbol") == ["BTCUSDT"]
    assert ids(exchange.call("ticker.book", symbolStatus="HALT"), "symbol") == ["ETHUSDT"]


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("exchangeInfo", {"symbol": "BTCUSDT", "symbols": ["ETHUSDT"]}, -1128),
        ("exchangeInfo", {"symbol": "BTCUSDT", "symbolStatus": "TRADING"}, -1128),
        ("exchangeInfo", {"symbol": "BTCUSDT", "permissions": "SPOT"}, -1128),
        ("exchangeInfo", {"symbols": ["BTCUSDT", "BTCUSDT"]}, -1151),
        ("exchangeInfo", {"symbolStatus": "OPEN"}, -1122),
        ("exchangeInfo", {"symbol": "NOSUCH"}, -1121),
        ("depth", {}, -1102),
        ("depth", {"symbol": "BTCUSDT", "symbolStatus": "HALT"}, -1220),
        ("ticker.book", {"symbol": "BTCUSDT", "symbolStatus": "HALT"}, -1220),
        ("executionRules", {"symbol": "BTCUSDT", "symbolStatus": "HALT"}, -1128),
        ("order.place", {"symbol": "BTCUSDT"}, -2015),
    ],
)
def test_wrong_public_questions_are_refused(method: str, params: dict[str, Any], code: int) -> None:
    assert Exchange().refusal(method, **params).code == code


def test_exchange_info_is_filtered() -> None:
    group = replace(ETHUSDT, permission_sets=(("TRD_GRP_004",),))
    exchange = Exchange([BTCUSDT, group])

    def shown(**params: Any) -> list[str]:
        return ids(exchange.call("exchangeInfo", **params)["symbols"], "symbol")

    assert shown() == ["BTCUSDT"]
    assert shown(permissions=["SPOT", "TRD_GRP_004"]) == ["BTCUSDT", "ETHUSDT"]
    assert shown(permissions="TRD_GRP_004") == ["ETHUSDT"]
    assert shown(symbols=["ETHUSDT"]) == ["ETHUSDT"]
    exchange.market.set_status("BTCUSDT", "HALT")
    assert shown(symbolStatus="TRADING") == []
    assert shown(symbolStatus="HALT") == ["BTCUSDT"]
    info = exchange.call("exchangeInfo", symbol="BTCUSDT", showPermissionSets=False)
    assert info["symbols"][0]["permissionSets"] == []
    assert "sors" not in info


def test_the_default_exchange_routes_and_speaks_unicode() -> None:
    info = Exchange(DEFAULT_SYMBOLS).call("exchangeInfo")

    assert info["sors"] == [{"baseAsset": "BTC", "symbols": ["BTCUSDT", "BTCUSDC"]}]
    assert "这是测试币456" in ids(info["symbols"], "symbol")
