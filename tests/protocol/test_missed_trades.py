"""What a log's gap swallowed is looked for in the trades of that gap, and in no others."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from binance_wsapi.markets import Market
from binance_wsapi.markets.books import EOPTIONS, AccountBook, books_of
from binance_wsapi.protocol.live_orders import LiveOrders
from binance_wsapi.protocol.missed_trades import MissedTrades
from binance_wsapi.protocol.raw_event import raw_event
from binance_wsapi.protocol.reconcile import Reconciliation

SPOT = books_of(Market.SPOT)[0]
GAP_MS = 1_000_000_000
LATER_MS = GAP_MS + 60_000
DAY_MS = 24 * 3600 * 1000


def row(number: int, order_id: int, **fields: Any) -> dict[str, Any]:
    return {"id": number, "orderId": order_id, "time": GAP_MS + number, "qty": "1"} | fields


def order(number: int) -> dict[str, Any]:
    """The order of a trade."""
    filled = {"status": "FILLED", "executedQty": "1", "clientOrderId": "x", "updateTime": GAP_MS}
    return {"symbol": "BTCUSDT", "orderId": number + 100, **filled}


def known(*symbols: str, book: AccountBook = SPOT, size: int = 10_000) -> LiveOrders:
    """Return orders that are over, one of each symbol."""
    orders = LiveOrders(book, size=size)
    for symbol in symbols:
        orders.was_told((symbol, 1), (), has_ended=True)
    return orders


def searched(missed: MissedTrades, *pages: Any, now_ms: int = LATER_MS) -> list[dict[str, Any]]:
    """Answer all that is asked; return what was."""
    asked, answers = [], iter(pages)
    for search in missed.searches(now_ms):
        while not search.is_over:
            asked.append(search.params())
            search.on_answer(next(answers))
    return asked


def test_an_order_that_nobody_knew_is_made_known() -> None:
    orders = known("BTCUSDT")
    missed = MissedTrades(orders)
    missed.gap(GAP_MS)

    asked = searched(missed, [row(5, 7), row(6, 1)])

    assert asked == [{"symbol": "BTCUSDT", "startTime": GAP_MS - 1000, "limit": 1000}]
    assert list(orders) == [("BTCUSDT", 7)]
    assert missed.are_found


@pytest.mark.parametrize("is_told", ["before it is looked for", "while it is looked for"])
def test_what_was_told_after_the_gap_is_not_missed(is_told: str) -> None:
    orders = known("BTCUSDT")
    missed = MissedTrades(orders)
    missed.gap(GAP_MS)
    fill = {"e": "executionReport", "s": "BTCUSDT", "i": 9, "x": "TRADE", "X": "FILLED", "t": 8}
    if is_told == "before it is looked for":
        missed.event(raw_event(json.dumps(fill).encode()))
    [search] = missed.searches(LATER_MS)
    missed.event(raw_event(json.dumps(fill | {"t": 8}).encode()))
    missed.event(raw_event(json.dumps(fill | {"t": 9}).encode()))
    missed.event(raw_event(b'{"e":"executionReport","s":"BTCUSDT","i":9,"x":"NEW","X":"NEW"}'))
    search.on_answer([row(6, 7), row(8, 9), row(9, 10)])

    assert list(orders) == [("BTCUSDT", 7)]
    assert search.is_over


def test_the_first_trade_after_a_gap_ends_its_pages() -> None:
    orders = known("BTCUSDT")
    missed = MissedTrades(orders)
    missed.gap(GAP_MS)
    missed.told("BTCUSDT", 1500)
    first = [row(number, number + 10) for number in range(1000)]
    second = [row(number, number + 10) for number in range(1000, 2000)]

    asked = searched(missed, first, second)

    assert [each["startTime"] for each in asked] == [GAP_MS - 1000, GAP_MS + 999]
    assert len(orders) == 1500


def test_each_gap_has_an_end_of_its_own() -> None:
    orders = known("BTCUSDT")
    missed = MissedTrades(orders)
    missed.gap(GAP_MS)
    missed.told("BTCUSDT", 3)
    missed.gap(GAP_MS + 5000)
    missed.told("BTCUSDT", 7)

    rows = [row(number, number + 10) for number in range(2, 10)]
    asked = searched(missed, rows, rows[3:])

    assert [each["startTime"] for each in asked] == [GAP_MS - 1000, GAP_MS + 4000]
    assert list(orders) == [("BTCUSDT", 12), ("BTCUSDT", 15), ("BTCUSDT", 16)]


def test_an_order_that_had_ended_right_before_the_gap_is_not_met_again() -> None:
    """Though it is not kept in mind any more: its trades may lie in what is looked through."""
    orders = LiveOrders(SPOT, size=1)
    over = {"e": "executionReport", "s": "BTCUSDT", "x": "TRADE", "X": "FILLED", "z": "1", "l": "1"}
    orders.observe_event(raw_event(json.dumps(over | {"i": 1, "t": 1}).encode()))
    missed = MissedTrades(orders)
    missed.gap(GAP_MS)
    orders.observe_event(raw_event(json.dumps(over | {"i": 2, "t": 9}).encode()))

    searched(missed, [row(1, 1), row(5, 7)])

    assert list(orders) == [("BTCUSDT", 7)]


def test_what_is_refused_is_looked_for_again() -> None:
    orders = known("BTCUSDT", "ETHUSDT")
    missed = MissedTrades(orders)
    missed.gap(GAP_MS)
    for search in missed.searches(LATER_MS):
        if search.params()["symbol"] == "BTCUSDT":
            search.on_answer([row(number, number + 10) for number in range(1000)])
            search.on_refusal(-1021)
        else:
            search.on_answer([])
    assert not missed.are_found

    asked = searched(missed, [row(5, 7)])

    assert asked == [{"symbol": "BTCUSDT", "startTime": GAP_MS - 1000, "limit": 1000}]
    assert missed.are_found


def test_a_symbol_that_is_gone_is_not_asked_for_again() -> None:
    missed = MissedTrades(known("GONEUSDT"))
    missed.gap(GAP_MS)
    for search in missed.searches(LATER_MS):
        search.on_refusal(-1121)

    assert missed.are_found


def test_no_trades_are_asked_for_that_are_older_than_the_exchange_shows() -> None:
    missed = MissedTrades(known("BTCUSDT"))
    missed.gap(GAP_MS)

    asked = searched(missed, [], now_ms=GAP_MS + 2 * DAY_MS)

    assert [each["startTime"] for each in asked] == [GAP_MS + DAY_MS]


@pytest.mark.parametrize("answer", [None, {}, ["odd"], [{"orderId": "7", "time": 1}]])
def test_what_cannot_be_read_shows_no_order(answer: object) -> None:
    orders = known("BTCUSDT")
    missed = MissedTrades(orders)
    missed.gap(GAP_MS)

    searched(missed, answer)

    assert not list(orders)


def test_options_number_their_trades_as_events_do() -> None:
    orders = known("BTC-260626-140000-C", book=EOPTIONS[0])
    missed = MissedTrades(orders)
    missed.gap(GAP_MS)
    missed.told("BTC-260626-140000-C", 8)

    searched(missed, [row(100, 7, tradeId=6), row(101, 9, tradeId=8)])

    assert [order_id for _, order_id in orders] == [7]


def test_a_page_that_one_millisecond_fills_is_left_behind() -> None:
    missed = MissedTrades(known("BTCUSDT"))
    missed.gap(GAP_MS)

    asked = searched(missed, [row(number, 7, time=GAP_MS - 1000) for number in range(1000)], [])

    assert [each["startTime"] for each in asked] == [GAP_MS - 1000, GAP_MS - 999]


def test_more_orders_of_a_gap_than_are_kept_in_mind_are_told_page_by_page() -> None:
    book = replace(SPOT, most_fills=8)
    orders = known("BTCUSDT", book=book, size=9)
    missed = MissedTrades(orders)
    missed.gap(GAP_MS)
    trades = [row(number, number + 100) for number in range(50)]
    told: list[int] = []
    for search in missed.searches(LATER_MS):
        while not search.is_over:
            since_ms = search.params()["startTime"]
            page = search.on_answer([each for each in trades if each["time"] >= since_ms][:8])
            asking = Reconciliation(orders, page.met, page.trades)
            while (question := asking.question()) is not None:
                is_all = question[0] == "allOrders"
                told += [
                    each["id"]
                    for record in asking.on_answer(
                        [order(number) for number in range(50) if is_all]
                    )
                    for each in record.missed_fills
                ]

    assert told == list(range(50))
    assert not list(orders)
