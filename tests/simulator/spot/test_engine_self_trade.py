"""Self-trade prevention, by the scenarios of the official questions and answers."""

from __future__ import annotations

from typing import Any

import pytest
from engine_harness import BTCUSDT, Exchange


def limit(exchange: Exchange, account: Any, side: str, quantity: str, price: str, mode: str) -> Any:
    return exchange.place(account, side, quantity, price, selfTradePreventionMode=mode)


def three_bids(mode: str) -> tuple[Exchange, Any, Any]:
    """Place three bids of one account, then an ask of the same account with the mode."""
    exchange = Exchange()
    me = exchange.account()
    for quantity, price in (("1.2", "1.2"), ("1.3", "1.1"), ("8.1", "1")):
        limit(exchange, me, "BUY", quantity, price, "NONE")
    exchange.events(me)
    return exchange, me, limit(exchange, me, "SELL", "3", "1", mode)


@pytest.mark.parametrize("mode", ["EXPIRE_TAKER", "EXPIRE_BOTH"])
def test_fill_or_kill_order_that_prevention_would_stop_is_killed_at_once(mode: str) -> None:
    """What it would meet behind the account's own order is out of its reach."""
    exchange = Exchange()
    me, other = exchange.account(), exchange.account()
    exchange.place(other, "BUY", "1", "1.1")
    own = limit(exchange, me, "BUY", "1", "1", "NONE")
    exchange.place(other, "BUY", "1", "0.9")

    report = exchange.place(me, "SELL", "2", "0.9", timeInForce="FOK", selfTradePreventionMode=mode)

    assert (report["status"], report["executedQty"]) == ("EXPIRED", "0.00000000")
    assert exchange.status(me, own["orderId"])["status"] == "NEW"


def test_without_prevention_an_account_trades_with_itself() -> None:
    exchange = Exchange()
    me = exchange.account()
    maker = limit(exchange, me, "BUY", "1", "1", "NONE")

    taker = limit(exchange, me, "SELL", "1", "1", "NONE")

    assert taker["status"] == "FILLED"
    assert exchange.status(me, maker["orderId"])["status"] == "FILLED"


def test_expire_maker_clears_the_way_and_the_taker_rests() -> None:
    exchange, me, taker = three_bids("EXPIRE_MAKER")

    assert taker["status"] == "NEW"
    assert taker["fills"] == []
    assert taker["preventedMatches"] == [
        {
            "preventedMatchId": number,
            "makerSymbol": "BTCUSDT",
            "makerOrderId": number + 1,
            "price": price,
            "makerPreventedQuantity": quantity,
        }
        for number, price, quantity in (
            (0, "1.20000000", "1.20000000"),
            (1, "1.10000000", "1.30000000"),
            (2, "1.00000000", "8.10000000"),
        )
    ]
    first = exchange.status(me, 1)
    assert (first["status"], first["preventedMatchId"], first["preventedQuantity"]) == (
        "EXPIRED_IN_MATCH",
        0,
        "1.20000000",
    )
    assert exchange.story(me) == [
        "4 NEW/NEW",
        "1 TRADE_PREVENTION/EXPIRED_IN_MATCH",
        "2 TRADE_PREVENTION/EXPIRED_IN_MATCH",
        "3 TRADE_PREVENTION/EXPIRED_IN_MATCH",
        "position",
    ]
    assert exchange.balances(me)["BTC"] == ("997.00000000", "3.00000000")
    assert exchange.balances(me)["USDT"] == ("10000000.00000000", "0.00000000")


def test_expire_taker_leaves_the_book_as_it_was() -> None:
    exchange, me, taker = three_bids("EXPIRE_TAKER")

    assert (taker["status"], taker["preventedQuantity"]) == ("EXPIRED_IN_MATCH", "3.00000000")
    assert [row["status"] for row in exchange.call("openOrders.status", me)] == ["NEW"] * 3
    assert exchange.status(me, 4)["preventedMatchId"] == 0


def test_expire_both_ends_both() -> None:
    exchange = Exchange()
    me = exchange.account()
    me.trade_group_id = 1
    limit(exchange, me, "BUY", "1", "1", "NONE")

    taker = limit(exchange, me, "SELL", "3", "1", "EXPIRE_BOTH")

    assert taker["preventedMatches"][0]["takerPreventedQuantity"] == "3.00000000"
    assert taker["preventedMatches"][0]["makerPreventedQuantity"] == "1.00000000"
    assert (taker["status"], taker["tradeGroupId"]) == ("EXPIRED_IN_MATCH", 1)
    assert exchange.status(me, 1)["status"] == "EXPIRED_IN_MATCH"
    assert exchange.call("depth", symbol="BTCUSDT")["bids"] == []


def test_the_mode_of_the_taker_counts() -> None:
    exchange = Exchange()
    me = exchange.account()
    limit(exchange, me, "BUY", "1", "1", "EXPIRE_MAKER")

    taker = limit(exchange, me, "SELL", "1", "1", "EXPIRE_TAKER")

    assert taker["status"] == "EXPIRED_IN_MATCH"
    assert exchange.status(me, 1)["status"] == "NEW"


def test_a_market_order_whose_makers_expired_lacks_liquidity() -> None:
    exchange = Exchange()
    me = exchange.account()
    limit(exchange, me, "BUY", "1", "1", "NONE")

    taker = exchange.place(me, "SELL", "1", selfTradePreventionMode="EXPIRE_MAKER")

    assert (taker["status"], taker["expiryReason"]) == ("EXPIRED", "INSUFFICIENT_LIQUIDITY")
    assert exchange.status(me, 1)["status"] == "EXPIRED_IN_MATCH"


def test_decrement_takes_the_smaller_from_both() -> None:
    exchange = Exchange()
    me = exchange.account()
    limit(exchange, me, "BUY", "6", "2", "NONE")

    limit(exchange, me, "SELL", "2", "2", "DECREMENT")

    maker, taker = exchange.status(me, 1), exchange.status(me, 2)
    assert (maker["status"], maker["preventedQuantity"]) == ("NEW", "2.00000000")
    assert (taker["status"], taker["preventedQuantity"]) == ("EXPIRED_IN_MATCH", "2.00000000")
    assert exchange.call("depth", symbol="BTCUSDT")["bids"] == [["2.00000000", "4.00000000"]]
    assert exchange.balances(me)["USDT"] == ("9999992.00000000", "8.00000000")


def test_transfer_moves_the_prevented_quantity_inside_the_group() -> None:
    exchange = Exchange()
    maker = exchange.account(BTC="20000", USDT="20000")
    taker = exchange.account(BTC="20000", USDT="20000")
    maker.trade_group_id = taker.trade_group_id = 1
    limit(exchange, maker, "BUY", "0.6", "0.2", "TRANSFER")

    limit(exchange, taker, "SELL", "0.2", "0.2", "TRANSFER")

    assert exchange.balances(maker) == {
        "BTC": ("20000.20000000", "0.00000000"),
        "USDT": ("19999.88000000", "0.08000000"),
    }
    assert exchange.balances(taker) == {
        "BTC": ("19999.80000000", "0.00000000"),
        "USDT": ("20000.04000000", "0.00000000"),
    }
    assert exchange.call("myTrades", taker, symbol="BTCUSDT") == []


@pytest.mark.parametrize("maker_mode", ["NONE", "EXPIRE_MAKER", "DECREMENT"])
def test_transfer_is_decrement_when_the_maker_did_not_ask_for_it(maker_mode: str) -> None:
    exchange = Exchange()
    maker, taker = exchange.account(), exchange.account()
    maker.trade_group_id = taker.trade_group_id = 1
    limit(exchange, maker, "BUY", "0.6", "0.2", maker_mode)

    limit(exchange, taker, "SELL", "0.2", "0.2", "TRANSFER")

    rows = exchange.call("myPreventedMatches", taker, symbol="BTCUSDT", orderId=2)
    assert rows[0]["selfTradePreventionMode"] == "DECREMENT"
    assert exchange.balances(taker)["BTC"] == ("1000.00000000", "0.00000000")


def test_strangers_trade_whatever_their_mode() -> None:
    exchange = Exchange()
    maker, taker = exchange.account(), exchange.account()
    limit(exchange, maker, "BUY", "1", "1", "EXPIRE_BOTH")

    assert limit(exchange, taker, "SELL", "1", "1", "EXPIRE_BOTH")["status"] == "FILLED"


def test_the_event_of_a_prevented_match_has_its_fields() -> None:
    exchange, me, _ = three_bids("EXPIRE_TAKER")

    event = exchange.events(me, "executionReport")[-1]

    assert {name: event[name] for name in ("x", "X", "v", "A", "B", "u", "U", "Cs")} == {
        "x": "TRADE_PREVENTION",
        "X": "EXPIRED_IN_MATCH",
        "v": 0,
        "A": "3.00000000",
        "B": "3.00000000",
        "u": -1,
        "U": 1,
        "Cs": "BTCUSDT",
    }
    assert (event["pl"], event["pL"], event["pY"]) == ("1.20000000", "1.20000000", "1.44000000")


def test_a_mode_that_the_symbol_does_not_allow_is_refused() -> None:
    spec = BTCUSDT.__class__(
        "BTCUSDT",
        "BTC",
        "USDT",
        BTCUSDT.filters,
        default_self_trade_prevention_mode="NONE",
        allowed_self_trade_prevention_modes=("NONE",),
    )
    exchange = Exchange([spec])
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}

    error = exchange.refusal(
        "order.place", exchange.account(), **order, selfTradePreventionMode="EXPIRE_MAKER"
    )

    assert (error.code, error.message) == (
        -1013,
        "This symbol does not allow the specified self-trade prevention mode.",
    )
