from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.markets import Market
from binance_wsapi.markets.books import (
    CROSS_MARGIN,
    EOPTIONS,
    PORTFOLIO_MARGIN,
    AccountBook,
    books_of,
    isolated_margin,
    without_rest,
)
from binance_wsapi.protocol import reconcile
from binance_wsapi.protocol.live_orders import LiveOrders
from binance_wsapi.protocol.missed_trades import MissedTrades
from binance_wsapi.protocol.raw_event import raw_event
from binance_wsapi.protocol.reconcile import Reconciliation
from binance_wsapi.protocol.reconciled import Reconciled


def report(**fields: Any) -> dict[str, Any]:
    event = {
        "e": "executionReport",
        "s": "BTCUSDT",
        "i": 7,
        "c": "mine",
        "p": "100",
        "q": "5",
        "l": "0",
        "z": "0",
        "x": "NEW",
        "X": "NEW",
        "t": -1,
        "T": 1000,
    }
    return event | fields


def fill(number: int, *, total: str, **fields: Any) -> dict[str, Any]:
    """Return the event of a fill, of 1 unless ``l`` says otherwise, after which ``total`` is filled."""
    status = "FILLED" if total == "5" else "PARTIALLY_FILLED"
    return report(x="TRADE", X=status, **({"l": "1"} | fields), z=total, t=number)


def row(**fields: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "orderId": 7,
        "clientOrderId": "mine",
        "price": "100.00",
        "origQty": "5.00",
        "executedQty": "0",
        "status": "NEW",
        "updateTime": 1000,
    } | fields


def is_open(order: dict[str, Any]) -> bool:
    return order["status"] in ("NEW", "PARTIALLY_FILLED")


def trade(number: int, quantity: str = "1") -> dict[str, Any]:
    return {"symbol": "BTCUSDT", "id": number, "orderId": 7, "qty": quantity}


def observe_event(orders: LiveOrders, event: dict[str, Any]) -> bool:
    return orders.observe_event(raw_event(json.dumps(event).encode()))


SPOT_BOOK = books_of(Market.SPOT)[0]
USDM_WITHOUT_REST = without_rest(books_of(Market.USDM)[0])


def live(*events: dict[str, Any], book: AccountBook = SPOT_BOOK) -> LiveOrders:
    orders = LiveOrders(book)
    for event in events:
        observe_event(orders, event)
    return orders


def test_an_unchanged_order_gives_no_record() -> None:
    orders = live(report())
    asking = Reconciliation(orders)

    assert asking.question() == ("order.status", {"symbol": "BTCUSDT", "orderId": 7})
    assert asking.on_answer(row()) == []
    assert asking.is_second_look
    assert asking.on_answer(row()) == []
    assert asking.question() is None
    assert list(orders) == [("BTCUSDT", 7)]


def test_what_a_lagging_copy_did_not_show_is_told_by_the_second_look() -> None:
    orders = live(report(), report(i=8))
    asking = Reconciliation(orders)

    assert asking.on_answer([row(), row(orderId=8)]) == []
    assert asking.is_second_look
    assert asking.question() == ("openOrders.status", {"symbol": "BTCUSDT"})
    assert asking.on_answer([row()]) == []
    (record,) = asking.on_answer(row(orderId=8, status="CANCELED"))
    assert (record.order_id, record.status) == (8, "CANCELED")
    assert asking.question() is None


def test_an_order_whose_end_an_event_told_is_looked_at_again_if_a_copy_lags() -> None:
    """The event tells the last fill alone: those before it are missed as long as the copy lacks them."""
    orders = live(report())
    orders.begin_gap()
    observe_event(orders, fill(13, total="5"))
    asking = Reconciliation(orders)

    asking.on_answer(row(executedQty="2", status="PARTIALLY_FILLED"))
    asking.on_answer([trade(11, "2")])
    assert asking.is_second_look
    asking.on_answer(row(executedQty="5", status="FILLED"))
    (record,) = asking.on_answer([trade(11, "2"), trade(12, "2"), trade(13, "1")])

    assert [missed["id"] for missed in record.missed_fills] == [11, 12]


def test_an_order_that_was_refused_is_asked_for_again_when_copies_have_caught_up() -> None:
    """It is the only one: there is no second look that would wait for them."""
    asking = Reconciliation(live(report()))
    asking.on_refusal(None, "no answer within 10 s")

    assert asking.is_second_look


def test_an_order_told_as_unknown_stays_so_while_a_copy_that_lags_does_not_know_it() -> None:
    orders = in_the_dark(report())
    asking = Reconciliation(orders)
    assert asking.on_refusal(-2013, "Order does not exist.") == []
    (record,) = asking.on_answer(row())

    assert (record.status, record.problem) == ("NEW", None)


@pytest.mark.parametrize("ms_later", [0, 1])
def test_the_end_that_an_event_told_is_not_taken_back(ms_later: int) -> None:
    """It comes while the fills are asked for of an order that was still open."""
    orders = live(report())
    orders.begin_gap()
    asking = Reconciliation(orders)
    asking.on_answer(row(executedQty="4", status="PARTIALLY_FILLED"))
    observe_event(orders, fill(15, total="5", T=1000 + ms_later))
    missed = [trade(number) for number in range(11, 15)]
    (record,) = asking.on_answer(missed)

    assert (record.status, record.missed_fills) == ("FILLED", tuple(missed))


def test_a_copy_that_lags_within_a_millisecond_takes_no_fill_back() -> None:
    """An order that is filled as it comes is new, and filled in part, at one time."""
    orders = live(report())
    orders.begin_gap()
    asking = Reconciliation(orders)
    observe_event(orders, fill(11, total="1"))

    assert asking.on_answer(row()) == []


@pytest.mark.parametrize(
    "events",
    [
        [report(), fill(11, total="5", l="5")],
        [fill(11, total="5", l="5")],
        [report(), fill(11, total="1"), report(x="CANCELED", X="CANCELED", z="1")],
        [report(x="EXPIRED", X="EXPIRED")],
    ],
)
def test_an_order_whose_events_add_up_is_not_asked_for(events: list[dict[str, Any]]) -> None:
    """While a gap is looked into others are made and filled: to ask for each would have no end."""
    orders = live()
    orders.begin_gap()
    for event in events:
        observe_event(orders, event)

    assert Reconciliation(orders).question() is None
    assert not list(orders)


@pytest.mark.parametrize(
    "events",
    [
        [report(), fill(12, total="5", l="4")],
        [report(), report(x="CANCELED", X="CANCELED", z="1")],
        [report(), report(x="CANCELED", X="CANCELED", z="odd")],
        [report(), fill(11, total="1"), fill(12, total="2")],
    ],
)
def test_an_order_whose_events_do_not_add_up_is_asked_for(events: list[dict[str, Any]]) -> None:
    orders = live()
    orders.begin_gap()
    for event in events:
        observe_event(orders, event)

    assert Reconciliation(orders).question() is not None


def test_fills_that_nobody_told_are_no_problem_once_events_have_told_them_all() -> None:
    orders = live(report())
    orders.begin_gap()
    asking = Reconciliation(orders)
    asking.on_answer(row(executedQty="5", status="FILLED"))
    asking.on_refusal(-1100, "not now")
    asking.on_answer(row(executedQty="5", status="FILLED"))
    observe_event(orders, fill(11, total="5", l="5"))

    assert asking.on_refusal(-1100, "not now") == []
    assert asking.question() is None


@pytest.mark.parametrize("fills", [None, {}, [], [trade(11, "4")]])
def test_fills_that_are_not_all_shown_are_no_empty_list(fills: Any) -> None:
    """Nothing, or less than was filled: the copy that answers lags, or answered oddly."""
    asking = Reconciliation(live(report()))

    assert asking.on_answer(row(executedQty="5", status="FILLED")) == []
    assert asking.on_answer(fills) == []
    asking.on_answer(row(executedQty="5", status="FILLED"))
    (record,) = asking.on_answer([trade(11, "4"), trade(12)])

    assert [missed["id"] for missed in record.missed_fills] == [11, 12]


def test_an_order_that_has_ended_is_looked_at_once() -> None:
    asking = Reconciliation(live(report()))

    assert len(asking.on_answer(row(status="CANCELED"))) == 1
    assert asking.question() is None


def test_missed_fills_are_those_no_event_told() -> None:
    orders = live(report(), fill(11, total="1", T=1001))
    asking = Reconciliation(orders)
    now = row(executedQty="4", status="PARTIALLY_FILLED", updateTime=1005)

    assert asking.on_answer(now) == []
    assert asking.question() == ("myTrades", {"symbol": "BTCUSDT", "orderId": 7, "limit": 1000})
    records = asking.on_answer([trade(11), trade(12), trade(13, "2")])
    assert records == [
        Reconciled("BTCUSDT", 7, "mine", "PARTIALLY_FILLED", (trade(12), trade(13, "2")), now)
    ]
    assert Reconciliation(orders).on_answer(now) == []


def test_a_fill_that_was_made_known_is_not_told_again() -> None:
    orders = live(report())
    asking = Reconciliation(orders)
    asking.on_answer(row(executedQty="1", status="PARTIALLY_FILLED"))
    asking.on_answer([trade(11)])

    assert not observe_event(orders, fill(11, total="1"))
    assert observe_event(orders, fill(12, total="2", T=1002))


def test_an_order_that_ended_is_told_and_no_longer_live() -> None:
    orders = live(report())
    ended = row(status="CANCELED", clientOrderId="cancel")
    records = Reconciliation(orders).on_answer(ended)

    assert records == [Reconciled("BTCUSDT", 7, "cancel", "CANCELED", (), ended)]
    assert len(orders) == 0


def test_an_order_the_exchange_does_not_know_any_more_is_told() -> None:
    orders = live(report())

    unknown = Reconciled("BTCUSDT", 7, "mine", "UNKNOWN")
    asking = Reconciliation(orders)
    assert asking.on_refusal(-2013, "Order does not exist.") == []
    assert asking.on_refusal(-2013, "Order does not exist.") == [unknown]
    assert len(orders) == 0


def answered(asking: Reconciliation, told: dict[Any, Any]) -> list[Reconciled]:
    """Answer all questions: with ``told`` by method and order, refusing what it does not hold."""
    records = []
    while (question := asking.question()) is not None:
        method, params = question
        key = method, params.get("orderId", params["symbol"])
        if key in told:
            records += asking.on_answer(told[key])
        else:
            records += asking.on_refusal(-1121, f"no {method}")
    return records


def test_an_order_that_cannot_be_asked_for_is_asked_for_again_after_all_others() -> None:
    orders = live(report(s="GONEUSDT"), report(i=8), report(i=9, s="ETHUSDT"))
    asking = Reconciliation(orders)
    ended = [row(orderId=8, status="CANCELED"), row(orderId=9, symbol="ETHUSDT", status="CANCELED")]

    assert asking.question() == ("order.status", {"symbol": "GONEUSDT", "orderId": 7})
    assert asking.on_refusal(-1121, "Invalid symbol.") == []
    assert [record.order_id for each in ended for record in asking.on_answer(each)] == [8, 9]
    assert asking.question() == ("order.status", {"symbol": "GONEUSDT", "orderId": 7})
    assert asking.round == 1
    assert asking.on_refusal(-1121, "Invalid symbol.") == [
        Reconciled("GONEUSDT", 7, "mine", "UNKNOWN", problem="Invalid symbol.")
    ]
    assert asking.question() is None
    assert list(orders) == [("GONEUSDT", 7)], "the next look may find out more"


def test_an_order_that_answers_the_second_time_is_told_as_it_is() -> None:
    asking = Reconciliation(live(report()))
    asking.on_refusal(None, "no answer within 10 s")
    canceled = row(status="CANCELED")

    assert asking.on_answer(canceled) == [
        Reconciled("BTCUSDT", 7, "mine", "CANCELED", (), canceled)
    ]


def test_an_order_that_gets_no_answer_is_asked_for_a_few_times() -> None:
    asking = Reconciliation(live(report()))

    rounds = []
    records: list[Reconciled] = []
    while asking.question() is not None:
        rounds.append(asking.round)
        records += asking.on_refusal(None, "no answer within 10 s")

    assert rounds == [0, 1, 2, 3, 4]
    assert records == [Reconciled("BTCUSDT", 7, "mine", "UNKNOWN", problem="no answer within 10 s")]


def in_the_dark(*events: dict[str, Any]) -> LiveOrders:
    """Return orders that nobody could tell about after a gap."""
    orders = live(*events)
    orders.begin_gap()
    asking = Reconciliation(orders)
    while asking.question() is not None:
        asking.on_refusal(-2015, "the key is refused")
    assert orders.are_in_the_dark
    return orders


def test_an_order_that_nobody_could_tell_about_is_not_forgotten_at_the_end_that_an_event_tells() -> (
    None
):
    orders = in_the_dark(report())

    assert observe_event(orders, fill(12, total="5"))

    orders.begin_gap()
    asking = Reconciliation(orders)
    asking.on_answer(row(status="FILLED", executedQty="5", updateTime=2000))
    missed = [trade(number) for number in range(8, 12)]
    (record,) = asking.on_answer([*missed, trade(12)])
    assert record.missed_fills == tuple(missed)
    assert asking.question() is None
    assert not orders.are_in_the_dark
    assert not len(orders)


def test_an_order_that_was_unknown_is_told_as_it_is_though_nothing_changed() -> None:
    orders = in_the_dark(report())

    asking = Reconciliation(orders)

    assert asking.on_answer(row()) == [Reconciled("BTCUSDT", 7, "mine", "NEW", (), row())]
    assert not orders.are_in_the_dark


def test_an_order_that_stays_unknown_is_told_so_once() -> None:
    orders = in_the_dark(report())
    asking = Reconciliation(orders)

    while asking.question() is not None:
        assert asking.on_refusal(-2015, "the key is refused") == []

    assert orders.are_in_the_dark


def test_an_order_that_ended_stays_in_mind_until_its_fills_could_be_read() -> None:
    orders = live(report())
    filled = row(status="FILLED", executedQty="1", updateTime=2000)
    asking = Reconciliation(orders)
    records: list[Reconciled] = []
    while (question := asking.question()) is not None:
        if question[0] == "order.status":
            records += asking.on_answer(filled)
        else:
            records += asking.on_refusal(None, "no answer within 10 s")
    assert [record.problem for record in records] == ["no answer within 10 s"]

    asking = Reconciliation(orders)
    asking.on_answer(filled)
    (record,) = asking.on_answer([trade(11)])

    assert (record.missed_fills, record.problem) == ((trade(11),), None)
    assert not len(orders)


def test_fills_that_get_no_answer_are_asked_for_again() -> None:
    asking = Reconciliation(live(report()))
    filled = row(status="FILLED", executedQty="1")
    for _ in range(3):
        asking.on_answer(filled)
        assert asking.on_refusal(None, "no answer within 10 s") == []
    asking.on_answer(filled)

    (record,) = asking.on_answer([trade(11)])

    assert (record.missed_fills, record.problem) == ((trade(11),), None)


def test_a_list_of_open_orders_that_is_refused_leaves_each_to_be_asked_for() -> None:
    orders = live(report(), report(i=8))
    told = {("order.status", 8): row(orderId=8, status="CANCELED")}

    records = answered(Reconciliation(orders), told)

    assert [(each.order_id, each.status) for each in records] == [(8, "CANCELED"), (7, "UNKNOWN")]


@pytest.mark.parametrize(
    "odd",
    [
        {"status": None},
        {"status": 3},
        {"executedQty": "many"},
        {"executedQty": None},
        {"executedQty": "NaN"},
        {"executedQty": "1E+999999"},
    ],
)
def test_a_row_that_cannot_be_read_costs_its_order_alone(odd: dict[str, Any]) -> None:
    orders = live(report(), report(i=8), report(i=9))
    rows = [row(**odd), row(orderId=8), "no row", {"orderId": 9}]
    told = {
        ("openOrders.status", "BTCUSDT"): rows,
        ("order.status", 7): row(**odd),
        ("order.status", 8): row(orderId=8),
        ("order.status", 9): row(orderId=9, status="CANCELED"),
    }

    records = answered(Reconciliation(orders), told)

    assert [(each.order_id, each.status) for each in records] == [(9, "CANCELED"), (7, "UNKNOWN")]
    assert records[1].problem == "the answer to order.status cannot be read"


@pytest.mark.parametrize("fills", [None, [{"id": "eleven", "qty": "1"}], [{"id": 11}], ["odd"]])
def test_an_order_whose_fills_cannot_be_read_is_told_with_the_problem(fills: Any) -> None:
    filled = row(status="FILLED", executedQty="5")
    told = {("order.status", 7): filled}
    if fills is not None:
        told["myTrades", 7] = fills

    (record,) = answered(Reconciliation(live(report())), told)

    assert (record.status, record.order, record.missed_fills) == ("FILLED", filled, ())
    assert record.problem is not None
    assert "myTrades" in record.problem


def test_a_gap_that_was_none_is_closed_again() -> None:
    orders = live(report())
    orders.begin_gap()

    orders.withdraw_gap()

    observe_event(orders, fill(15, total="5", T=1005))
    assert list(orders) == [], "its end was told in a whole stream"


def test_what_ended_while_a_gap_was_feared_is_forgotten_when_there_was_none() -> None:
    orders = live(report())
    orders.begin_gap()
    observe_event(orders, fill(15, total="5", T=1005))
    assert list(orders) == [("BTCUSDT", 7)]

    orders.withdraw_gap()

    assert list(orders) == []


def test_a_fill_larger_than_what_was_filled_before_is_a_new_one() -> None:
    """The answer counted 1; the event of a fill of 2, late, tells a total that was reached already."""
    orders = LiveOrders(books_of(Market.SPOT)[0])
    orders.observe_answer([row(executedQty="1", status="PARTIALLY_FILLED")])
    observe_event(orders, report(x="TRADE", X="PARTIALLY_FILLED", l="2", z="1", t=12))

    asking = Reconciliation(orders)
    for _ in range(2):
        assert asking.on_answer(row(executedQty="3", status="PARTIALLY_FILLED")) == []
    assert asking.question() is None, "1 before and 2 told are all there is"


def test_fills_that_nobody_can_be_asked_for_are_told_by_the_order() -> None:
    body = {"s": "BTCUSDT", "i": 7, "c": "mine", "p": "100", "q": "5", "T": 1000}
    event = {
        "e": "ORDER_TRADE_UPDATE",
        "o": body | {"x": "TRADE", "X": "PARTIALLY_FILLED", "l": "1", "z": "1", "t": 11},
    }
    new = {"e": "ORDER_TRADE_UPDATE", "o": body | {"x": "NEW", "X": "NEW", "l": "0", "z": "0"}}
    orders = live(new, event, book=USDM_WITHOUT_REST)
    now = row(status="PARTIALLY_FILLED", executedQty="3")

    (record,) = Reconciliation(orders).on_answer(now)

    assert (record.status, record.order) == ("PARTIALLY_FILLED", now)
    assert Reconciliation(orders).on_answer(now) == [], "told once"


def test_several_orders_of_a_symbol_are_asked_for_at_once_on_spot() -> None:
    orders = live(report(), report(i=8), report(i=9, s="ETHUSDT"))
    asking = Reconciliation(orders)

    assert asking.question() == ("openOrders.status", {"symbol": "BTCUSDT"})
    asking.on_answer([row()])
    assert asking.question() == ("order.status", {"symbol": "BTCUSDT", "orderId": 8})
    asking.on_answer(row(orderId=8))
    assert asking.question() == ("order.status", {"symbol": "ETHUSDT", "orderId": 9})


def test_futures_orders_are_asked_for_one_by_one_and_without_fills_where_rest_is_not_known() -> (
    None
):
    body = {
        "s": "BTCUSDT",
        "i": 7,
        "c": "mine",
        "p": "100",
        "q": "5",
        "l": "0",
        "z": "0",
        "X": "NEW",
    }
    events = [
        {"e": "ORDER_TRADE_UPDATE", "o": body | {"i": number, "x": "NEW", "t": 0, "T": 1000}}
        for number in (7, 8)
    ]
    asking = Reconciliation(live(*events, book=USDM_WITHOUT_REST))

    filled = row(status="FILLED", executedQty="5", updateTime=1009)
    assert asking.question() == ("order.status", {"symbol": "BTCUSDT", "orderId": 7})
    assert asking.on_answer(filled) == [Reconciled("BTCUSDT", 7, "mine", "FILLED", (), filled)]
    assert asking.question() == ("order.status", {"symbol": "BTCUSDT", "orderId": 8})


@pytest.mark.parametrize(
    ("book", "fixed", "order", "fills", "most"),
    [
        (books_of(Market.USDM)[0], {}, "order.status", "GET /fapi/v1/userTrades", 1000),
        (books_of(Market.COINM)[0], {}, "order.status", "GET /dapi/v1/userTrades", 1000),
        (CROSS_MARGIN, {}, "GET /sapi/v1/margin/order", "GET /sapi/v1/margin/myTrades", 500),
        (
            isolated_margin("BTCUSDT"),
            {"isIsolated": "TRUE"},
            "GET /sapi/v1/margin/order",
            "GET /sapi/v1/margin/myTrades",
            500,
        ),
    ],
)
def test_fills_are_asked_for_over_rest_where_that_alone_has_them(
    book: AccountBook, fixed: dict[str, str], order: str, fills: str, most: int
) -> None:
    orders = LiveOrders(book)
    orders.observe_answer(row(executedQty="0"))
    asking = Reconciliation(orders)
    key = {**fixed, "symbol": "BTCUSDT", "orderId": 7}

    assert asking.question() == (order, key)
    assert asking.on_answer(row(status="FILLED", executedQty="5", updateTime=1009)) == []
    assert asking.question() == (fills, {**key, "limit": most})
    (record,) = asking.on_answer([trade(11, "2"), trade(12, "3")])
    assert (record.status, [each["id"] for each in record.missed_fills]) == ("FILLED", [11, 12])


def test_an_order_is_live_until_an_event_tells_its_end() -> None:
    """The answer said FILLED, the event was lost with the connection."""
    orders = LiveOrders(books_of(Market.SPOT)[0])
    filled = row(status="FILLED", executedQty="5")
    orders.observe_answer(filled, makes_orders=True)
    asking = Reconciliation(orders)
    asking.on_answer(filled)

    assert asking.on_answer([trade(11, "5")]) == [
        Reconciled("BTCUSDT", 7, "mine", "FILLED", (trade(11, "5"),), filled)
    ]


def test_an_answer_after_the_last_event_does_not_revive_the_order() -> None:
    orders = live(fill(11, total="5"))
    orders.observe_answer(row(status="FILLED", executedQty="5"), makes_orders=True)

    assert len(orders) == 0


def test_an_order_first_seen_in_a_query_counts_from_there() -> None:
    orders = LiveOrders(books_of(Market.SPOT)[0])
    orders.observe_answer([row(executedQty="3"), row(orderId=8)])
    orders.observe_answer(row(orderId=9, status="FILLED"))

    assert list(orders) == [("BTCUSDT", 7), ("BTCUSDT", 8)]
    asking = Reconciliation(orders)
    assert asking.on_answer([row(executedQty="3"), row(orderId=8)]) == []


def test_a_fill_that_an_answer_counted_before_its_event_came_counts_once() -> None:
    orders = LiveOrders(books_of(Market.SPOT)[0])
    orders.observe_answer([row(executedQty="2", status="PARTIALLY_FILLED")])
    assert observe_event(orders, fill(12, total="2"))
    orders.begin_gap()

    asking = Reconciliation(orders)
    assert asking.on_answer(row(executedQty="3", status="PARTIALLY_FILLED", updateTime=1005)) == []
    [record] = asking.on_answer([trade(11), trade(12), trade(13)])

    assert record.missed_fills == (trade(13),)


def others(event: dict[str, Any], book: AccountBook) -> dict[str, Any]:
    """Return the event as an account tells it whose orders are of this book."""
    return event if book.market is Market.SPOT else futures(event)


@pytest.mark.parametrize("is_closed", [True, False], ids=["after the look", "before it"])
@pytest.mark.parametrize("book", [SPOT_BOOK, books_of(Market.USDM)[0], EOPTIONS[0]])
def test_what_the_gap_swallowed_of_an_order_that_nobody_knew_is_told_by_its_times(
    book: AccountBook, is_closed: bool
) -> None:
    """Others made it, perhaps before anybody listened: the first event that is heard of tells that some is filled."""
    orders = LiveOrders(book, since_us=900_000)
    orders.begin_gap()
    if is_closed:
        assert Reconciliation(orders).question() is None
    heard = report(x="TRADE", X="PARTIALLY_FILLED", l="1", z="3", t=13, O=800)
    observe_event(orders, others(heard, book))
    assert orders.has_strangers
    asking = Reconciliation(orders)
    shown = row(executedQty="3", quantity="5", status="PARTIALLY_FILLED", createTime=800)
    asking.on_answer(shown)
    assert asking.is_second_look
    asking.on_answer(shown)
    fills = [
        {**trade(number), "time": time, "quantity": "1", "tradeId": number}
        for number, time in ((11, 899), (12, 950), (13, 1000))
    ]
    (record,) = asking.on_answer(fills)

    assert record.missed_fills == (fills[1],)


def test_an_unknown_order_whose_fills_nobody_can_tell_is_told_as_it_stands() -> None:
    orders = LiveOrders(USDM_WITHOUT_REST, since_us=900_000)
    orders.begin_gap()
    heard = report(x="TRADE", X="PARTIALLY_FILLED", l="1", z="3", t=13)
    observe_event(orders, futures(heard))
    asking = Reconciliation(orders)
    shown = row(executedQty="3", status="PARTIALLY_FILLED")
    asking.on_answer(shown)

    assert [record.order for record in asking.on_answer(shown)] == [shown]


def test_fills_that_do_not_say_when_they_were_made_leave_it_unknown() -> None:
    orders = LiveOrders(SPOT_BOOK, since_us=900_000)
    orders.begin_gap()
    observe_event(orders, report(x="TRADE", X="PARTIALLY_FILLED", l="1", z="2", t=12, O=800))
    told = {
        ("order.status", 7): row(executedQty="2", status="PARTIALLY_FILLED"),
        ("myTrades", 7): [trade(11), trade(12)],
    }

    (record,) = answered(Reconciliation(orders), told)

    assert record.problem == "a row of an order's fills has no time that can be read"


def test_what_the_first_look_shows_was_told_by_no_event() -> None:
    """The events of a change and of a fill were under way when the connection was lost."""
    orders = LiveOrders(SPOT_BOOK, since_us=900_000)
    orders.observe_answer([row(executedQty="2", status="PARTIALLY_FILLED", time=800, price="99")])
    orders.begin_gap()
    asking = Reconciliation(orders)
    shown = row(executedQty="2", status="PARTIALLY_FILLED", time=800, price="99")
    asking.on_answer(shown)
    asking.on_answer(shown)
    fills = [{**trade(11), "time": 850}, {**trade(12), "time": 1000}]
    (record,) = asking.on_answer(fills)

    assert record.missed_fills == (fills[1],)


def test_a_change_that_the_first_look_shows_was_told_by_no_event() -> None:
    orders = LiveOrders(SPOT_BOOK, since_us=900_000)
    orders.observe_answer([row(time=800)])
    orders.begin_gap()

    assert len(Reconciliation(orders).on_answer(row(time=800))) == 1


def test_an_order_made_since_events_are_told_and_first_seen_in_a_query_has_told_nothing() -> None:
    orders = LiveOrders(books_of(Market.SPOT)[0], since_us=900_000)
    orders.observe_answer([row(executedQty="1", time=901)])

    asking = Reconciliation(orders)
    asking.on_answer(row(executedQty="1"))
    [record] = asking.on_answer([trade(11)])

    assert record.missed_fills == (trade(11),)


@pytest.mark.parametrize(
    ("method", "result", "ids"),
    [
        ("order.place", {"symbol": "BTCUSDT", "orderId": 7, "clientOrderId": "mine"}, [7]),
        ("sor.order.place", [row()], [7]),
        (
            "orderList.place.oco",
            {"orderListId": 1, "orderReports": [row(), row(orderId=8)]},
            [7, 8],
        ),
        (
            "order.cancelReplace",
            {
                "cancelResponse": row(status="CANCELED", origClientOrderId="old"),
                "newOrderResponse": row(orderId=8),
            },
            [8],
        ),
        ("order.cancel", row(status="CANCELED", origClientOrderId="mine"), []),
        ("order.amend.keepPriority", {"executionId": 1, "amendedOrder": row()}, [7]),
        ("account.status", {"balances": []}, []),
        ("myTrades", [trade(1)], []),
    ],
)
def test_answers_make_orders_known(method: str, result: object, ids: list[int]) -> None:
    orders = LiveOrders(books_of(Market.SPOT)[0])
    operation = operation_by_method(Market.SPOT, method)
    assert operation is not None
    fate = operation.fate
    orders.observe_answer(result, makes_orders=fate is not None and fate.makes_orders)

    assert [order_id for _, order_id in orders] == ids


def test_an_event_that_comes_while_we_ask_is_not_told_twice() -> None:
    orders = live(report())
    orders.begin_gap()
    asking = Reconciliation(orders)
    observe_event(orders, fill(12, total="2", T=1002))
    asking.on_answer(row(executedQty="2", status="PARTIALLY_FILLED", updateTime=1002))

    (record,) = asking.on_answer([trade(11), trade(12)])
    assert record.missed_fills == (trade(11),)


def test_the_end_of_an_order_told_after_a_gap_does_not_hide_what_was_missed() -> None:
    orders = live(report())
    orders.begin_gap()
    observe_event(orders, fill(15, total="5", T=1005))
    asking = Reconciliation(orders)
    asking.on_answer(row(executedQty="5", status="FILLED", updateTime=1005))

    (record,) = asking.on_answer([trade(number) for number in range(11, 16)])
    assert [fill["id"] for fill in record.missed_fills] == [11, 12, 13, 14]
    assert len(orders) == 0


def test_events_of_other_matters_are_news() -> None:
    assert observe_event(live(), {"e": "outboundAccountPosition", "u": 1, "B": []})


def test_memory_is_bounded() -> None:
    orders = LiveOrders(books_of(Market.SPOT)[0], size=3)
    for number in range(10):
        observe_event(orders, report(i=number))

    assert [order_id for _, order_id in orders] == [7, 8, 9]
    assert [each.order_id for each in orders.forgotten] == list(range(7))
    assert {(each.status, each.client_order_id) for each in orders.forgotten} == {
        ("UNKNOWN", "mine")
    }
    assert all("more than 3 orders" in str(each.problem) for each in orders.forgotten)


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 10**9))
@example(seed=6540)
@example(seed=21162)
def test_every_fill_of_orders_that_others_made_is_told_once(seed: int) -> None:
    """Their trades show them, page by page; events go on, and tell of some of them meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        looks_through_trades(random.Random(seed), patch)


def looks_through_trades(chance: random.Random, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reconcile, "_WORTH_A_PAGE", chance.choice([1, 2, 5]))
    patch.setattr(reconcile, "_MOST_ORDERS", chance.choice([2, 1000]))
    book = replace(SPOT_BOOK, most_fills=chance.choice([5, 1000]))
    orders = LiveOrders(book)
    missed = MissedTrades(orders)
    made: dict[int, dict[str, Any]] = {}
    trades: list[dict[str, Any]] = []
    told: list[int] = []
    late: list[dict[str, Any]] = []
    now_ms = told_ms = 10**12
    listening = True

    def happen() -> None:
        nonlocal now_ms
        now_ms += 10_000
        open_ids = [i for i, o in made.items() if is_open(o)]
        if not open_ids or chance.random() < 0.3:
            number = len(made) + 1
            made[number] = row(orderId=number, updateTime=now_ms)
            event = report(i=number, T=now_ms)
        else:
            order = made[chance.choice(open_ids)]
            order["updateTime"] = now_ms
            common = {"i": order["orderId"], "T": now_ms}
            if chance.random() < 0.2:
                order["status"] = "CANCELED"
                event = report(x="CANCELED", X="CANCELED", z=order["executedQty"], **common)
            else:
                executed = str(int(order["executedQty"]) + 1)
                order |= {
                    "executedQty": executed,
                    "status": "FILLED" if executed == "5" else "PARTIALLY_FILLED",
                }
                number = len(trades) + 1
                trades.append(trade(number) | {"orderId": order["orderId"], "time": now_ms})
                event = fill(number, total=executed, **common)
        if listening:
            late.append(event)

    def deliver(most: int) -> None:
        nonlocal told_ms
        for _ in range(min(most, len(late))):
            event = late.pop(0)
            told_ms = event["T"]
            if observe_event(orders, event):
                missed.event(raw_event(json.dumps(event).encode()))
                if event["x"] == "TRADE":
                    told.append(event["t"])

    def ask(asking: Reconciliation) -> None:
        while (question := asking.question()) is not None:
            method, asked = question
            answer: Any
            if method == book.order:
                answer = dict(made[asked["orderId"]])
            elif method == book.open_orders:
                answer = [dict(o) for o in made.values() if is_open(o)]
            elif method == book.all_orders:
                shown = [dict(o) for i, o in made.items() if i >= asked["orderId"]]
                answer = shown[: asked["limit"]]
            elif "orderId" in asked:
                answer = [each for each in trades if each["orderId"] == asked["orderId"]]
            else:
                answer = trades[-asked["limit"] :]
            if chance.random() < 0.3:
                happen()
            deliver(chance.randint(0, 2))
            for record in asking.on_answer(answer):
                told.extend(fill["id"] for fill in record.missed_fills)

    for _ in range(chance.randint(1, 3)):
        for _ in range(chance.randint(0, 15)):
            happen()
            deliver(chance.randint(0, 3))
        listening = False
        late.clear()
        orders.begin_gap()
        for _ in range(chance.randint(0, 20)):
            happen()
        listening = True
        missed.gap(told_ms)
        for _ in range(chance.randint(0, 3)):
            happen()
        deliver(chance.randint(0, 3))
        orders.was_told(("BTCUSDT", 10**9), (), has_ended=True)  # the symbol is known
        for search in missed.searches(now_ms):
            while not search.is_over:
                asked = search.params()
                rows = [each for each in trades if each["time"] >= asked["startTime"]]
                page = search.on_answer(rows[: asked["limit"]])
                some = chance.randint(1, 4)
                for at in range(0, len(page.met), some):
                    ask(Reconciliation(orders, page.met[at : at + some], page.trades))
        ask(Reconciliation(orders))
        deliver(100)
        while orders.has_strangers:
            ask(Reconciliation(orders))
            deliver(100)

    assert sorted(told) == [each["id"] for each in trades]


def went_on(orders: LiveOrders) -> LiveOrders:
    """Return what somebody else knows who goes on with these orders."""
    other = LiveOrders(SPOT_BOOK)
    for key in orders:
        kept = orders.kept(key)
        assert kept is not None
        other.go_on_with(key, kept)
    return other


def test_who_goes_on_with_an_order_asks_for_the_fills_that_were_not_told() -> None:
    known = live(report(), fill(1, total="1"), fill(2, total="2"))
    orders = went_on(known)
    orders.begin_gap()
    asking = Reconciliation(orders)
    asking.on_answer(row(executedQty="4", status="PARTIALLY_FILLED"))
    (record,) = asking.on_answer([trade(number) for number in range(1, 5)])

    assert [missed["id"] for missed in record.missed_fills] == [3, 4]


def test_a_fill_that_was_told_before_is_no_news_to_who_goes_on() -> None:
    orders = went_on(live(report(), fill(1, total="1")))

    assert not observe_event(orders, fill(1, total="1"))
    assert observe_event(orders, fill(2, total="2"))


def test_what_was_known_differently_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        live().go_on_with(("BTCUSDT", 7), b'["of another version"]')


def test_an_order_whose_end_was_told_is_not_met_again() -> None:
    orders = live()
    orders.was_told(("BTCUSDT", 7), [1], has_ended=True)
    orders.meet("BTCUSDT", [trade(1), {**trade(2), "orderId": 8}])

    assert list(orders) == [("BTCUSDT", 8)]
    assert not observe_event(orders, fill(1, total="1"))


def test_all_that_others_have_told_is_kept_in_mind() -> None:
    """However much it is: an order that was forgotten would be told once more."""
    orders = LiveOrders(SPOT_BOOK, size=2)
    for number in range(5):
        orders.was_told(("BTCUSDT", number), (number,), has_ended=True)
    orders.meet("BTCUSDT", [{"orderId": number} for number in range(5)])

    assert not list(orders)


def test_what_changed_is_noted_for_who_wants_to_know() -> None:
    orders = live(report())
    orders.changed = set()
    observe_event(orders, fill(1, total="1"))
    observe_event(orders, report(i=8))

    assert orders.changed == {("BTCUSDT", 7), ("BTCUSDT", 8)}
    observe_event(orders, fill(2, total="5"))
    assert orders.kept(("BTCUSDT", 7)) is None


def algo_update(status: str, *, algo_id: int = 5, placed: str = "") -> dict[str, Any]:
    body = {
        "caid": "stop",
        "aid": algo_id,
        "s": "BTCUSDT",
        "q": "5",
        "p": "100",
        "X": status,
        "ai": placed,
    }
    return {"e": "ALGO_UPDATE", "T": 1000, "E": 1001, "o": body}


def algo_row(**fields: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "algoId": 5,
        "clientAlgoId": "stop",
        "quantity": "5.0",
        "price": "100.0",
        "algoStatus": "NEW",
        "createTime": 900,
        "updateTime": 1000,
    } | fields


ALGO_BOOK = books_of(Market.USDM)[1]


@pytest.mark.parametrize("end", ["FINISHED", "CANCELED", "EXPIRED", "REJECTED"])
def test_an_algo_order_that_has_ended_is_asked_for_no_more(end: str) -> None:
    assert list(live(algo_update("NEW"), algo_update(end), book=ALGO_BOOK)) == []


def test_an_algo_order_is_asked_for_by_its_own_id_and_compared_in_its_own_words() -> None:
    orders = live(algo_update("NEW"), book=ALGO_BOOK)
    asking = Reconciliation(orders)

    assert asking.question() == ("GET /fapi/v1/algoOrder", {"algoId": 5})
    assert asking.on_answer(algo_row()) == []
    shown = algo_row(algoStatus="CANCELED", updateTime=2000)
    (record,) = asking.on_answer(shown)
    assert (record.order_id, record.client_order_id, record.status) == (5, "stop", "CANCELED")
    assert record.order == shown


def test_orders_and_algo_orders_are_kept_apart() -> None:
    """What tells of the one says nothing of the other, in events and in answers."""
    orders, algos = LiveOrders(books_of(Market.USDM)[0]), LiveOrders(ALGO_BOOK)
    told = {
        "e": "ORDER_TRADE_UPDATE",
        "o": {key: value for key, value in report().items() if key != "e"},
    }

    for each in (orders, algos):
        observe_event(each, algo_update("NEW"))
        observe_event(each, told)
        each.observe_answer(row(orderId=8), makes_orders=True)
        each.observe_answer([algo_row(algoId=6)], makes_orders=True)

    assert list(orders) == [("BTCUSDT", 7), ("BTCUSDT", 8)]
    assert list(algos) == [("BTCUSDT", 5), ("BTCUSDT", 6)]


UM_BOOK, UM_ALGO_BOOK = PORTFOLIO_MARGIN[0], PORTFOLIO_MARGIN[-1]
USER_TRADES = "GET /papi/v1/um/userTrades"


def futures(event: dict[str, Any]) -> dict[str, Any]:
    return {"e": "ORDER_TRADE_UPDATE", "fs": "UM", "o": event}


def asked_for_trades(orders: LiveOrders, executed: str) -> Reconciliation:
    asking = Reconciliation(orders)
    assert asking.on_answer(row(executedQty=executed, status="PARTIALLY_FILLED")) == []
    assert asking.question() == (USER_TRADES, {"symbol": "BTCUSDT", "limit": 1000})
    return asking


def test_told_fills_may_be_missing_in_a_list_by_symbol() -> None:
    """It goes back some days: the oldest fills of an order leave it first."""
    orders = live(
        futures(report()), futures(fill(1, total="1")), futures(fill(2, total="2")), book=UM_BOOK
    )

    (record,) = asked_for_trades(orders, "4").on_answer([trade(2), trade(3), trade(4)])
    assert [each["id"] for each in record.missed_fills] == [3, 4]
    assert record.problem is None


@pytest.mark.parametrize(
    ("shown", "missed"),
    [
        ([1, 2, 3, 4], [3, 4]),
        ([2, 3, 4], [3, 4]),
        ([3, 4], [3, 4]),
        ([3], None),
        ([2, 3], None),
        ([1, 2], None),
        ([], None),
    ],
)
@pytest.mark.parametrize(
    "book",
    [books_of(Market.USDM)[0], books_of(Market.COINM)[0], CROSS_MARGIN],
    ids=["um", "cm", "margin"],
)
def test_told_fills_may_be_missing_in_the_list_of_an_order(
    book: AccountBook, shown: list[int], missed: list[int] | None
) -> None:
    """Futures show those of the last seven days; a copy that lags leaves out the newest."""
    orders = live(report(), fill(1, total="1"), fill(2, total="2"), book=book)
    asking = Reconciliation(orders)
    assert asking.on_answer(row(executedQty="4", status="PARTIALLY_FILLED")) == []
    assert asking.question() == (
        book.fills,
        {"symbol": "BTCUSDT", "orderId": 7, "limit": book.most_fills},
    )

    records = asking.on_answer([trade(number) for number in shown])

    assert [[each["id"] for each in record.missed_fills] for record in records] == (
        [] if missed is None else [missed]
    )
    assert all(record.problem is None for record in records)


def test_a_later_fill_makes_up_for_none_that_is_missing_in_a_full_list_of_an_order() -> None:
    """Its event tells it, and perhaps the order's end."""
    orders = live(report(), book=replace(SPOT_BOOK, most_fills=2))
    asking = Reconciliation(orders)
    asking.on_answer(row(executedQty="2", status="PARTIALLY_FILLED", updateTime=1002))
    fills = [{**trade(number), "time": 1000 + number} for number in (1, 2, 3)]

    assert asking.on_answer(fills[1:]) == []


@pytest.mark.parametrize("made", [1000, 1001], ids=["before the list begins", "after that"])
def test_of_fills_of_one_moment_a_full_list_says_only_what_its_beginning_proves(made: int) -> None:
    """One of them may be later than the order shows, and another be missing."""
    orders = live(futures(report()), book=replace(UM_BOOK, most_fills=3))
    asking = Reconciliation(orders)
    asking.on_answer(row(executedQty="2", status="PARTIALLY_FILLED", updateTime=1002, time=made))
    other = {**trade(1), "orderId": 8, "time": 1000}
    fills = [{**trade(number), "time": 1002} for number in (2, 3)]

    assert len(asking.on_answer([other, *fills])) == (made == 1001)


def test_a_full_list_that_begins_in_the_moment_of_a_fill_may_lack_it() -> None:
    """What it shows of that moment is later than the order."""
    orders = live(report(), book=replace(SPOT_BOOK, most_fills=2))
    asking = Reconciliation(orders)
    asking.on_answer(row(executedQty="1", status="PARTIALLY_FILLED", updateTime=1002))
    fills = [{**trade(2), "time": 1002}, {**trade(3), "time": 1003}]

    assert asking.on_answer(fills) == []


@pytest.mark.parametrize("shown", [[3], [2, 3], [1, 2], []])
def test_a_list_by_symbol_without_all_missed_fills_is_not_believed(shown: list[int]) -> None:
    """A copy that lags leaves out the newest."""
    orders = live(
        futures(report()), futures(fill(1, total="1")), futures(fill(2, total="2")), book=UM_BOOK
    )
    asking = asked_for_trades(orders, "4")

    assert asking.on_answer([trade(number) for number in shown]) == []
    assert asking.question() is not None


def test_an_event_of_a_later_fill_makes_up_for_no_missed_one() -> None:
    """It comes while the list is asked for, and says nothing about what the list lacks."""
    orders = live(futures(report()), futures(fill(1, total="1")), book=UM_BOOK)
    asking = asked_for_trades(orders, "3")
    observe_event(orders, futures(fill(4, total="4")))

    assert asking.on_answer([trade(2)]) == []


def test_a_list_that_shows_later_fills_leaves_them_to_their_events() -> None:
    orders = live(futures(report()), futures(fill(1, total="1")), book=UM_BOOK)

    (record,) = asked_for_trades(orders, "2").on_answer([trade(2), trade(3)])
    assert [each["id"] for each in record.missed_fills] == [2]
    assert observe_event(orders, futures(fill(3, total="3")))


def test_what_was_filled_before_the_subscription_is_no_told_fill() -> None:
    """Whether a list shows it cannot be seen: a missed fill might be taken for it."""
    orders = LiveOrders(UM_BOOK)
    shown = row(executedQty="4", status="PARTIALLY_FILLED")
    orders.observe_answer([row(executedQty="2", status="PARTIALLY_FILLED")])
    asking = Reconciliation(orders)

    records: list[Reconciled] = []
    while (question := asking.question()) is not None:
        trades = [trade(3), trade(4)]
        records += asking.on_answer(trades if question[0] == USER_TRADES else shown)

    (record,) = records
    assert (record.order, record.missed_fills) == (shown, ())
    assert record.problem == f"{USER_TRADES} shows less than was filled"


def test_portfolio_margin_has_another_name_for_algo_orders() -> None:
    told = algo_update("NEW")
    event = {**told, "fs": "UM", "ao": told["o"]}
    del event["o"]
    orders = live(event, book=UM_ALGO_BOOK)

    assert list(orders) == [("BTCUSDT", 5)]
    assert Reconciliation(orders).question() == ("GET /papi/v1/um/algo/algoOrder", {"algoId": 5})
