from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
import pytest

from binance_wsapi.markets import Market, api_markets
from binance_wsapi.protocol.inquiry import (
    AskAgain,
    Executed,
    Inquiry,
    Knowledge,
    Moment,
    NotExecuted,
    StaysUnknown,
    Verdict,
    open_inquiry,
)
from binance_wsapi.protocol.own_orders import OwnOrders, ReadAnswer

SECOND = 1_000_000
SENT = 1_795_000_000_000_000
SENT_MS = SENT // 1000
FENCE = SENT + 16 * SECOND  # recvWindow 5 s, processing 10 s, margin 1 s
SPOT, USDM, COINM = Market.SPOT, Market.USDM, Market.COINM

PLACE = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "price": "100.0",
    "quantity": "5",
    "newClientOrderId": "mine",
}


GENERATED = Knowledge(is_generated=lambda client_id: isinstance(client_id, str))
"""Every client id was made up by the client: nobody else had it."""


def order(**fields: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "orderId": 7,
        "clientOrderId": "mine",
        "side": "BUY",
        "type": "LIMIT",
        "price": "100",
        "origQty": "5.000",
        "executedQty": "0",
        "status": "NEW",
        "time": SENT_MS + 20,
    } | fields


def asking(method: str, params: dict[str, Any], market: Market = SPOT, **options: Any) -> Inquiry:
    options = {"request_id": "this"} | options
    return open_inquiry(market, method, params, sent_us=SENT, written_at=0.0, **options)


def moment(us: int) -> Moment:
    """Return the moment at which the exchange's clock shows so much; the request was written at 0.0 s."""
    return Moment((us - SENT) / SECOND, us)


def ask(inquiry: Inquiry, answer: object, at: int = SENT + SECOND) -> Verdict:
    """Put the question and answer it; an int is an error code."""
    assert inquiry.question(moment(at)) is not None
    if isinstance(answer, int):
        return inquiry.on_error(answer, "", moment(at))
    return inquiry.on_answer(answer, moment(at))


def ask_twice(inquiry: Inquiry, *answers: object) -> Verdict:
    """Put the questions at the fence, and some seconds later once more: they are answered the same."""
    for at in (FENCE, FENCE + 3 * SECOND):
        for answer in answers:
            verdict = ask(inquiry, answer, at)
    return verdict


@pytest.mark.parametrize("market", api_markets())
def test_an_order_is_asked_for_by_its_client_id_and_found(market: Market) -> None:
    inquiry = asking("order.place", PLACE, market)

    assert inquiry.question(moment(SENT)) == (
        "order.status",
        {"symbol": "BTCUSDT", "origClientOrderId": "mine"},
    )
    assert inquiry.on_answer(order(), moment(SENT)) == Executed(order())
    assert inquiry.question(moment(SENT)) is None


@pytest.mark.parametrize(
    ("recv_window_ms", "fence"),
    [(None, FENCE), (5000, FENCE), (60000, FENCE + 55 * SECOND), (0.5, FENCE - 4_999_500)],
)
@pytest.mark.parametrize("market", [USDM, COINM])
def test_not_found_counts_only_when_asked_after_the_fence(
    market: Market, recv_window_ms: float | None, fence: int
) -> None:
    inquiry = asking("order.place", PLACE, market, recv_window_ms=recv_window_ms)

    assert inquiry.question(moment(fence - 1)) is not None
    verdict = inquiry.on_error(-2013, "Order does not exist.", moment(fence + 60 * SECOND))
    assert isinstance(verdict, AskAgain)  # answered after the fence, but asked before it

    verdict = ask(inquiry, -2013, fence)
    assert isinstance(verdict, AskAgain)
    assert verdict.not_before == pytest.approx(moment(fence).now + 3)
    assert isinstance(ask(inquiry, -2013, fence + 3 * SECOND), NotExecuted)


@pytest.mark.parametrize("market", [USDM, COINM])
@pytest.mark.parametrize(
    "early",
    [Moment(15.999, FENCE + 3600 * SECOND), Moment(3600.0, FENCE - 1)],
    ids=["the exchange's clock jumped ahead", "it was put back"],
)
def test_the_fence_has_to_have_passed_on_both_clocks(market: Market, early: Moment) -> None:
    inquiry = asking("order.place", PLACE, market)

    for _ in range(3):
        assert inquiry.question(early) is not None
        assert isinstance(inquiry.on_error(-2013, "", early), AskAgain)
    assert isinstance(ask_twice(inquiry, -2013), NotExecuted)


def test_what_waits_for_the_fence_waits_for_both_clocks() -> None:
    params = {"symbol": "BTCUSDT"}

    assert asking("openOrders.cancelAll", params).verdict == AskAgain(16.0)
    put_back = asking("openOrders.cancelAll", params)
    assert put_back.question(Moment(16.0, FENCE - 60 * SECOND)) is not None
    again = put_back.on_answer([], Moment(16.5, FENCE - 60 * SECOND))
    assert isinstance(again, AskAgain)
    assert again.not_before == pytest.approx(76.5, abs=0.01)


@pytest.mark.parametrize("market", api_markets())
def test_an_order_that_a_lagging_copy_did_not_show_is_found_by_the_second_look(
    market: Market,
) -> None:
    inquiry = asking("order.place", PLACE, market)
    ask(inquiry, -2013, FENCE)
    if market is SPOT:
        ask(inquiry, [], FENCE)

    assert inquiry.verdict == AskAgain(19.0)
    assert ask(inquiry, order(), FENCE + 3 * SECOND) == Executed(order())


def test_a_second_look_before_the_fence_after_all_does_not_count() -> None:
    """The exchange's clock was put back between the two."""
    inquiry = asking("order.place", PLACE, USDM)
    ask(inquiry, -2013, FENCE)

    assert inquiry.question(Moment(19.0, FENCE - SECOND)) is not None
    assert isinstance(inquiry.on_error(-2013, "", Moment(19.0, FENCE - SECOND)), AskAgain)
    assert isinstance(ask(inquiry, -2013, FENCE + SECOND), NotExecuted)


def test_it_is_told_when_all_will_be_known() -> None:
    inquiry = asking("order.place", PLACE, recv_window_ms=60_000)

    assert inquiry.settles_at(Moment(5.0, SENT + 5 * SECOND)) == pytest.approx(74.0, abs=0.01)
    assert inquiry.settles_at(Moment(5.0, SENT)) == pytest.approx(79.0, abs=0.01)
    assert inquiry.settles_at(Moment(90.0, SENT + 90 * SECOND)) == pytest.approx(93.0)


def test_questions_grow_rarer_and_one_is_put_at_the_fence() -> None:
    inquiry = asking("order.place", PLACE)
    times, now = [], SENT
    while now < FENCE:
        verdict = ask(inquiry, -2013, now)
        assert isinstance(verdict, AskAgain)
        now = SENT + round(verdict.not_before * SECOND)
        times.append(now - SENT)

    pauses = [after - before for before, after in pairwise([0, *times])]
    assert pauses == [
        250_000,
        500_000,
        1_000_000,
        2_000_000,
        4_000_000,
        4_000_000,
        4_000_000,
        251_000,
    ]


@pytest.mark.parametrize("code", [-1000, -1003, -1007, -1021, -2015])
def test_other_errors_prove_nothing(code: int) -> None:
    inquiry = asking("order.place", PLACE)

    assert isinstance(ask(inquiry, code, FENCE), AskAgain)
    assert isinstance(inquiry.on_failure(moment(FENCE)), AskAgain)
    assert inquiry.question(moment(FENCE)) is not None


@pytest.mark.parametrize("result", [None, "text", 5])
def test_an_unreadable_answer_proves_nothing(result: object) -> None:
    inquiry = asking("order.place", PLACE, USDM)

    assert inquiry.question(moment(FENCE)) is not None
    assert isinstance(inquiry.on_answer(result, moment(FENCE)), AskAgain)


@pytest.mark.parametrize(
    "rows",
    [[None], ["odd"], [{"side": "BUY", "type": "LIMIT", "price": "100", "time": SENT_MS + 20}]],
)
def test_rows_that_are_no_orders_prove_nothing(rows: list[Any]) -> None:
    """All is asked again: what follows from the rest may be wrong."""
    inquiry = asking("order.place", PLACE)
    ask(inquiry, -2013, FENCE)

    assert isinstance(ask(inquiry, rows, FENCE), AskAgain)
    assert ask(inquiry, order(), FENCE + 4 * SECOND) == Executed(order())


def test_minus_2026_is_archived_on_spot_and_nothing_on_futures() -> None:
    assert asking("order.place", PLACE, USDM).on_error(-2026, "", moment(FENCE)) == AskAgain(16.25)
    inquiry = asking("order.place", PLACE)
    assert isinstance(ask_twice(inquiry, -2026, []), NotExecuted)


@pytest.mark.parametrize(
    ("found", "is_ours"),
    [
        (order(time=SENT_MS), True),
        (order(time=SENT_MS - 2000), False),
        (order(time=SENT + 5), True),  # microseconds
        (order(time=SENT - 2 * SECOND), False),
        (order(time=SENT_MS - 500, side="SELL"), False),
        (order(time=SENT_MS - 500, type="MARKET"), False),
        (order(time=SENT_MS - 500, price="101"), False),
        (order(time=SENT_MS - 500, origQty="4"), False),
    ],
)
def test_an_older_order_under_the_same_id_is_not_taken_for_ours(
    found: dict[str, Any], is_ours: bool
) -> None:
    """Client ids are unique among open orders only."""
    assert isinstance(ask(asking("order.place", PLACE), found), Executed) is is_ours


def test_spot_confirms_absence_among_all_orders() -> None:
    inquiry = asking("order.place", PLACE)
    assert ask(inquiry, -2013, FENCE) == AskAgain(16.0)

    assert inquiry.question(moment(FENCE)) == (
        "allOrders",
        {"symbol": "BTCUSDT", "startTime": SENT_MS - 1000},
    )
    others = [order(clientOrderId="x", status="FILLED"), order(time=SENT_MS - 60_000)]
    assert inquiry.on_answer(others, moment(FENCE)) == AskAgain(19.0)
    ask(inquiry, -2013, FENCE + 3 * SECOND)
    assert isinstance(ask(inquiry, others, FENCE + 3 * SECOND), NotExecuted)


def test_an_order_cancelled_by_others_under_another_id_stays_unknown() -> None:
    inquiry = asking("order.place", PLACE)
    lookalike = order(clientOrderId="random", status="CANCELED")

    verdict = ask_twice(inquiry, -2013, [lookalike])
    assert isinstance(verdict, StaysUnknown)
    assert verdict.order == lookalike


def test_an_order_amended_by_others_is_known_by_its_amendments() -> None:
    inquiry = asking("order.place", PLACE)
    ask(inquiry, -2013, FENCE)
    amended = order(clientOrderId="random", origQty="2")
    ask(inquiry, [amended], FENCE)

    assert inquiry.question(moment(FENCE)) == (
        "order.amendments",
        {"symbol": "BTCUSDT", "orderId": 7},
    )
    assert inquiry.on_answer([{"origClientOrderId": "mine"}], moment(FENCE)) == Executed(amended)


@pytest.mark.parametrize("method", ["order.place", "orderList.place.oco", "order.cancelReplace"])
def test_without_a_client_id_nothing_can_be_found_out(method: str) -> None:
    inquiry = asking(method, {"symbol": "BTCUSDT"})

    assert isinstance(inquiry.verdict, StaysUnknown)
    assert inquiry.question(moment(FENCE)) is None


@pytest.mark.parametrize("method", ["algoOrder.place", "algoOrder.cancel", "unheard.of"])
def test_what_has_no_question_stays_unknown(method: str) -> None:
    inquiry = asking(method, {"clientAlgoId": "mine"}, USDM)

    assert isinstance(inquiry.verdict, StaysUnknown)
    assert inquiry.question(moment(FENCE)) is None


@pytest.mark.parametrize("market", api_markets())
@pytest.mark.parametrize(
    ("status", "before", "after"),
    [
        ("CANCELED", Executed, Executed),
        ("FILLED", NotExecuted, NotExecuted),
        ("EXPIRED", NotExecuted, NotExecuted),
        ("NEW", AskAgain, NotExecuted),
        ("PARTIALLY_FILLED", AskAgain, NotExecuted),
        ("SOMETHING_NEW", AskAgain, NotExecuted),
    ],
)
def test_a_cancel_is_known_by_the_orders_status(
    market: Market, status: str, before: type, after: type
) -> None:
    for at, expected in ((SENT + SECOND, before), (FENCE, after)):
        inquiry = asking("order.cancel", {"symbol": "BTCUSDT", "orderId": 7}, market)
        verdict = ask(inquiry, order(status=status), at)
        if at == FENCE and verdict == AskAgain(19.0):
            verdict = ask(inquiry, order(status=status), FENCE + 3 * SECOND)

        assert isinstance(verdict, expected)
        if isinstance(verdict, NotExecuted):
            assert verdict.order == order(status=status)


def test_a_cancel_of_a_filled_order_says_so() -> None:
    verdict = ask(
        asking("order.cancel", {"symbol": "BTCUSDT", "orderId": 7}), order(status="FILLED")
    )

    assert isinstance(verdict, NotExecuted)
    assert verdict.reason == "the order was FILLED before it could be cancelled"


def test_a_cancelled_spot_order_is_found_by_the_id_of_the_cancel() -> None:
    inquiry = asking(
        "order.cancel",
        {"symbol": "BTCUSDT", "origClientOrderId": "mine", "newClientOrderId": "cancel"},
        knowledge=GENERATED,
    )
    assert isinstance(ask(inquiry, -2013), AskAgain)

    cancelled = order(status="CANCELED", clientOrderId="cancel")
    assert inquiry.question(moment(SENT)) == (
        "order.status",
        {"symbol": "BTCUSDT", "origClientOrderId": "cancel"},
    )
    assert inquiry.on_answer(cancelled, moment(SENT)) == Executed(cancelled)


def test_cancelling_all_is_known_after_the_fence_only() -> None:
    """No open orders before it may mean that the request is yet to come."""
    inquiry = asking("openOrders.cancelAll", {"symbol": "BTCUSDT"})
    assert inquiry.verdict == AskAgain(16.0)
    assert isinstance(ask(inquiry, [], SENT), AskAgain)

    younger = order(time=SENT_MS + 16_000)
    assert ask(inquiry, [younger], FENCE) == Executed([])


def test_an_older_order_still_open_shows_that_all_were_not_cancelled() -> None:
    inquiry = asking("openOrders.cancelAll", {"symbol": "BTCUSDT"})

    assert isinstance(ask_twice(inquiry, [order(time=SENT_MS - 1001)]), NotExecuted)


def answered(
    *orders: dict[str, Any],
    written_at: float,
    heard_at: float,
    makes_orders: bool = True,
    request_id: str = "other",
) -> OwnOrders:
    """Return what the client knows after the answer to one request."""
    known = OwnOrders()
    result = msgspec.Raw(msgspec.json.encode(list(orders)))
    known.answers.append(ReadAnswer(request_id, written_at, heard_at, makes_orders, result))
    return known


@pytest.mark.parametrize("time", [SENT_MS - 999, SENT_MS, SENT_MS + 80, SENT_MS + 15_999])
def test_an_open_order_that_may_be_older_or_younger_leaves_a_cancel_of_all_unknown(
    time: int,
) -> None:
    """The timestamp is late by an unknown bit: an order of a later time may have been there before."""
    inquiry = asking("openOrders.cancelAll", {"symbol": "BTCUSDT"})

    assert isinstance(ask_twice(inquiry, [order(time=time)]), StaysUnknown)


@pytest.mark.parametrize("time", [SENT_MS - 999, SENT_MS, SENT_MS + 80, SENT_MS + 20_000, None])
@pytest.mark.parametrize("makes_orders", [True, False])
def test_an_open_order_answered_before_a_cancel_of_all_is_older_whatever_the_clocks_say(
    time: int | None, makes_orders: bool
) -> None:
    shown = {"symbol": "BTCUSDT", "orderId": 7, "clientOrderId": "mine"}
    known = answered(shown, written_at=-0.5, heard_at=-0.1, makes_orders=makes_orders)
    inquiry = asking("openOrders.cancelAll", {"symbol": "BTCUSDT"}, knowledge=Knowledge(known))

    assert isinstance(ask_twice(inquiry, [order(time=time)]), NotExecuted)


@pytest.mark.parametrize("time", [SENT_MS - 5000, SENT_MS - 999, SENT_MS, SENT_MS + 80])
def test_an_open_order_asked_for_after_a_cancel_of_all_is_younger_whatever_the_clocks_say(
    time: int,
) -> None:
    known = answered(order(), written_at=0.1, heard_at=0.2)
    inquiry = asking("openOrders.cancelAll", {"symbol": "BTCUSDT"}, knowledge=Knowledge(known))

    assert ask(inquiry, [order(time=time)], FENCE) == Executed([])


def test_an_open_order_whose_request_and_cancel_of_all_crossed_leaves_it_unknown() -> None:
    known = answered(order(), written_at=-0.1, heard_at=0.1)
    inquiry = asking("openOrders.cancelAll", {"symbol": "BTCUSDT"}, knowledge=Knowledge(known))

    assert isinstance(ask_twice(inquiry, [order()]), StaysUnknown)


@pytest.mark.parametrize("market", api_markets())
@pytest.mark.parametrize("generated", [True, False])
def test_an_order_that_another_request_made_is_not_taken_for_this_ones(
    market: Market, generated: bool
) -> None:
    """The user repeats an id within a second; the first order is filled, the second request lost."""
    first = order(status="FILLED")
    known = Knowledge(
        answered(first, written_at=-0.1, heard_at=-0.05),
        is_generated=lambda client_id: generated,
    )
    inquiry = asking("order.place", PLACE, market, knowledge=known)

    assert isinstance(ask(inquiry, first), AskAgain)
    answers = [first, [first]] if market is SPOT else [first]
    verdict = ask_twice(inquiry, *answers)
    assert isinstance(verdict, NotExecuted if market is SPOT else StaysUnknown)


@pytest.mark.parametrize("market", api_markets())
def test_a_second_order_under_the_same_id_is_found_beside_the_first(market: Market) -> None:
    first, second = order(status="FILLED"), order(orderId=8)
    known = Knowledge(answered(first, written_at=-0.1, heard_at=-0.05))
    inquiry = asking("order.place", PLACE, market, knowledge=known)

    assert isinstance(ask(inquiry, first), AskAgain)
    assert ask(inquiry, second) == Executed(second)


def test_a_second_order_that_goes_by_another_id_is_found_among_all_orders() -> None:
    first, second = order(status="FILLED"), order(orderId=8)
    known = Knowledge(answered(first, written_at=-0.1, heard_at=-0.05))
    inquiry = asking("order.place", PLACE, knowledge=known)
    ask(inquiry, first, FENCE)

    assert ask(inquiry, [first, second], FENCE) == Executed(second)


def test_the_answer_to_the_request_itself_does_not_make_its_order_anothers() -> None:
    known = Knowledge(answered(order(), written_at=0.0, heard_at=9.0, request_id="this"))
    inquiry = asking("order.place", PLACE, request_id="this", knowledge=known)

    assert ask(inquiry, order()) == Executed(order())


@pytest.mark.parametrize("market", api_markets())
@pytest.mark.parametrize("generated", [True, False])
def test_an_order_that_two_lost_requests_may_have_made_is_nobodys(
    market: Market, generated: bool
) -> None:
    rivals = Knowledge(
        is_generated=lambda client_id: generated,
        has_rival=lambda request_id, client_id: (request_id, client_id) == ("this", "mine"),
    )
    inquiry = asking("order.place", PLACE, market, request_id="this", knowledge=rivals)

    assert isinstance(ask(inquiry, order()), AskAgain)
    assert isinstance(ask_twice(inquiry, order()), StaysUnknown)
    event = report() if market is SPOT else update()
    asked = asking("order.place", PLACE, market, request_id="this", knowledge=rivals)
    assert isinstance(asked.on_event(event), AskAgain)


@pytest.mark.parametrize("market", api_markets())
def test_an_order_just_like_it_from_before_the_timestamp_may_be_an_earlier_one(
    market: Market,
) -> None:
    """The timestamp may have been ahead; and another process may have had the id just before."""
    found = order(time=SENT_MS - 500)

    assert isinstance(ask_twice(asking("order.place", PLACE, market), found), StaysUnknown)
    generated = asking("order.place", PLACE, market, knowledge=GENERATED)
    assert ask(generated, found) == Executed(found)


def test_what_an_answer_shows_that_cannot_be_read_is_nothing() -> None:
    known = OwnOrders()
    for result in (b"{", b"5", b"null", b'{"symbol": "BTCUSDT"}'):
        known.answers.append(ReadAnswer("x", 0.0, 0.0, True, msgspec.Raw(result)))

    assert not known.is_older(1.0, "BTCUSDT", {"orderId": 7})


def test_only_the_latest_orders_are_kept_in_mind() -> None:
    known = OwnOrders(size=2)
    for order_id in (1, 2, 3):
        shown = msgspec.json.encode(order(orderId=order_id))
        known.answers.append(ReadAnswer("x", 0.0, 0.0, True, msgspec.Raw(shown)))
        known.is_older(1.0, "BTCUSDT", {"orderId": order_id})

    assert [known.is_older(1.0, "BTCUSDT", {"orderId": order_id}) for order_id in (1, 2, 3)] == [
        False,
        True,
        True,
    ]


def test_one_half_of_a_cancel_replace_is_told_as_such() -> None:
    inquiry = asking(
        "order.cancelReplace",
        PLACE
        | {
            "cancelReplaceMode": "STOP_ON_FAILURE",
            "cancelOrderId": 5,
            "cancelNewClientOrderId": "cancel",
        },
    )
    old = order(orderId=5, clientOrderId="cancel", status="CANCELED")
    verdict = ask_twice(inquiry, -2013, old, [old])

    assert verdict == Executed(
        {
            "cancelResult": "SUCCESS",
            "newOrderResult": "FAILURE",
            "cancelResponse": old,
            "newOrderResponse": None,
        },
        is_partial=True,
    )


def replacing() -> Inquiry:
    """Ask about a cancel-replace that goes on when the cancel fails."""
    return asking(
        "order.cancelReplace",
        PLACE
        | {
            "cancelReplaceMode": "ALLOW_FAILURE",
            "cancelOrderId": 3,
            "cancelNewClientOrderId": "cancel",
        },
        knowledge=GENERATED,
    )


def test_a_cancel_that_a_lagging_copy_does_not_show_yet_is_looked_for_again() -> None:
    """The new order is there: the old one, read elsewhere, is still as it was."""
    inquiry = replacing()
    old = order(orderId=3, clientOrderId="old")

    ask(inquiry, order())
    verdict = ask(inquiry, old)
    assert verdict == AskAgain(moment(SENT + SECOND).now + 3.0)
    verdict = ask(
        inquiry, old | {"status": "CANCELED", "clientOrderId": "cancel"}, SENT + 4 * SECOND
    )

    assert isinstance(verdict, Executed)
    assert not verdict.is_partial


def test_a_new_order_that_a_lagging_copy_does_not_show_yet_is_looked_for_again() -> None:
    inquiry = replacing()
    old = order(orderId=3, clientOrderId="cancel", status="CANCELED")

    ask(inquiry, -2013, FENCE)
    ask(inquiry, old, FENCE)
    assert isinstance(ask(inquiry, [], FENCE), AskAgain)
    ask(inquiry, order(), FENCE + 3 * SECOND)
    verdict = ask(inquiry, old, FENCE + 3 * SECOND)

    assert isinstance(verdict, Executed)
    assert not verdict.is_partial


def test_a_change_whose_id_shows_with_other_terms_stays_unknown() -> None:
    """Changed again since, or the id is that of an earlier change."""
    params = {"symbol": "BTCUSDT", "orderId": 7, "quantity": "8", "price": "1", "modifyId": 3}

    verdict = ask_twice(asking("order.modify", params, USDM), order(modifyId="3"))
    assert isinstance(verdict, StaysUnknown)


def test_an_order_that_changed_since_may_have_been_changed_twice() -> None:
    params = {"symbol": "BTCUSDT", "orderId": 7, "quantity": "8", "price": "1"}

    for updated, expected in ((SENT_MS + 1, StaysUnknown), (SENT_MS - 1001, NotExecuted)):
        inquiry = asking("order.modify", params, USDM)
        assert isinstance(ask_twice(inquiry, order(updateTime=updated)), expected)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"origQty": "8.0", "price": "1.00"}, Executed),
        ({"origQty": "8.0", "price": "2"}, AskAgain),
        ({"status": "FILLED"}, NotExecuted),
        ({"status": "CANCELED", "executedQty": "8"}, StaysUnknown),
        ({"status": "EXPIRED", "timeInForce": "GTX"}, StaysUnknown),
        ({"status": "CANCELED"}, NotExecuted),
    ],
)
def test_a_change_is_known_by_price_and_quantity(fields: dict[str, Any], expected: type) -> None:
    """The exchange cancels in place of changing when too much is filled, or a GTX order would take."""
    params = {"symbol": "BTCUSDT", "orderId": 7, "quantity": "8", "price": "1"}

    assert isinstance(ask(asking("order.modify", params, COINM), order(**fields)), expected)


LIST = {"symbol": "BTCUSDT", "listClientOrderId": "list", "aboveClientOrderId": "above"}


def order_list(**fields: Any) -> dict[str, Any]:
    return {
        "orderListId": 9,
        "listOrderStatus": "EXECUTING",
        "listClientOrderId": "list",
        "transactionTime": SENT_MS + 5,
        "orders": [{"orderId": 7}, {"orderId": 8}],
    } | fields


def test_an_order_list_is_asked_for_by_its_client_id() -> None:
    inquiry = asking("orderList.place.oco", LIST, knowledge=GENERATED)

    assert inquiry.question(moment(SENT)) == ("orderList.status", {"origClientOrderId": "list"})
    assert inquiry.on_answer(order_list(), moment(SENT)) == Executed(order_list())


def test_an_older_list_under_the_same_id_is_not_taken_for_ours() -> None:
    """Its orders tell when it was made: the list's own time moves on as it changes."""
    for made, at, expected in (
        (SENT_MS - 5000, FENCE, NotExecuted),
        (SENT_MS - 500, FENCE, StaysUnknown),
        (SENT_MS, SENT, Executed),
    ):
        inquiry = asking("orderList.place.oco", LIST)
        for now in (at, at + 3 * SECOND):
            ask(inquiry, order_list(), now)
            assert inquiry.question(moment(now)) == (
                "order.status",
                {"symbol": "BTCUSDT", "orderId": 7},
            )
            verdict = inquiry.on_answer(order(time=made), moment(now))
            if expected is Executed:
                break
            if expected is NotExecuted:
                verdict = ask(inquiry, order(time=made, clientOrderId="above"), now)
        assert isinstance(verdict, expected), made


def test_a_list_is_absent_only_when_its_orders_are() -> None:
    inquiry = asking("orderList.place.oco", LIST)
    assert isinstance(ask(inquiry, -2013, FENCE), AskAgain)
    assert inquiry.question(moment(FENCE)) == (
        "order.status",
        {"symbol": "BTCUSDT", "origClientOrderId": "above"},
    )
    assert inquiry.on_error(-2013, "", moment(FENCE)) == AskAgain(19.0)
    ask(inquiry, -2013, FENCE + 3 * SECOND)
    assert isinstance(ask(inquiry, -2013, FENCE + 3 * SECOND), NotExecuted)

    inquiry = asking("orderList.place.oco", LIST, knowledge=GENERATED)
    ask(inquiry, -2013, FENCE)
    ask(inquiry, order(orderListId=9), FENCE)
    assert inquiry.question(moment(FENCE)) == ("orderList.status", {"orderListId": 9})
    assert isinstance(inquiry.on_answer(order_list(), moment(FENCE)), Executed)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["CANCELED"], Executed),
        (["FILLED", "EXPIRED"], NotExecuted),
        (["FILLED", "CANCELED"], Executed),
    ],
)
def test_a_list_cancel_is_known_by_its_orders(statuses: list[str], expected: type) -> None:
    inquiry = asking("orderList.cancel", {"symbol": "BTCUSDT", "orderListId": 9})
    verdict = ask(inquiry, order_list(listOrderStatus="ALL_DONE"))
    for status in statuses:
        verdict = ask(inquiry, order(status=status))

    assert isinstance(verdict, expected)


def test_orders_of_an_ended_list_that_have_not_ended_are_looked_at_again() -> None:
    """They come from a copy that lags: whether they were cancelled does not show yet."""
    inquiry = asking("orderList.cancel", {"symbol": "BTCUSDT", "orderListId": 9})
    ended = order_list(listOrderStatus="ALL_DONE")

    for answer in (ended, order(), -2013):
        verdict = ask(inquiry, answer)
    assert isinstance(verdict, AskAgain)
    for answer in (ended, order(status="CANCELED")):
        verdict = ask(inquiry, answer)

    assert verdict == Executed(ended)


def test_a_list_still_executing_was_not_cancelled_after_the_fence() -> None:
    inquiry = asking("orderList.cancel", {"symbol": "BTCUSDT", "listClientOrderId": "list"})

    assert inquiry.question(moment(SENT)) == ("orderList.status", {"origClientOrderId": "list"})
    assert isinstance(inquiry.on_answer(order_list(), moment(SENT)), AskAgain)
    assert isinstance(ask_twice(inquiry, order_list()), NotExecuted)


def report(**fields: Any) -> dict[str, Any]:
    return {
        "e": "executionReport",
        "s": "BTCUSDT",
        "c": "mine",
        "C": "",
        "S": "BUY",
        "o": "LIMIT",
        "x": "NEW",
        "X": "NEW",
        "r": "NONE",
        "i": 7,
        "q": "5",
        "p": "100",
        "z": "0",
        "O": SENT_MS + 20,
        "T": SENT_MS + 20,
    } | fields


def update(**fields: Any) -> dict[str, Any]:
    body = {"s": "BTCUSDT", "c": "mine", "i": 7, "x": "NEW", "X": "NEW", "q": "5", "p": "100"}
    return {"e": "ORDER_TRADE_UPDATE", "T": SENT_MS + 20, "o": body | fields}


def algo(**fields: Any) -> dict[str, Any]:
    return {
        "e": "ALGO_UPDATE",
        "T": SENT_MS + 20,
        "o": {"caid": "mine", "aid": 4, "s": "BTCUSDT", "X": "NEW"} | fields,
    }


BY_ID = {"symbol": "BTCUSDT", "orderId": 7}
BY_CLIENT_ID = {"symbol": "BTCUSDT", "origClientOrderId": "mine"}
ALGO = {"symbol": "BTCUSDT", "clientAlgoId": "mine"}
CHANGE = BY_ID | {"quantity": "8", "price": "1"}
LIST_STATUS = {"e": "listStatus", "s": "BTCUSDT", "g": 9, "C": "list", "T": SENT_MS + 1, "O": []}


@pytest.mark.parametrize(
    ("market", "method", "params", "event", "expected"),
    [
        (SPOT, "order.place", PLACE, report(), Executed),
        (SPOT, "sor.order.place", PLACE, report(x="TRADE", X="FILLED"), Executed),
        (SPOT, "order.place", PLACE, report(x="REJECTED", r="WOULD_MATCH"), NotExecuted),
        (SPOT, "order.place", PLACE, report(c="cancel", C="mine", x="CANCELED"), Executed),
        (SPOT, "order.place", PLACE, report(c="other"), None),
        (SPOT, "order.place", PLACE, report(s="ETHUSDT"), None),
        (SPOT, "order.place", PLACE, {"e": "balanceUpdate"}, None),
        (SPOT, "order.cancel", BY_ID, report(x="CANCELED", X="CANCELED"), Executed),
        (SPOT, "order.cancel", BY_ID, report(x="TRADE", X="FILLED"), NotExecuted),
        (SPOT, "order.cancel", BY_ID, report(x="TRADE", X="PARTIALLY_FILLED"), None),
        (SPOT, "order.cancel", BY_ID, report(i=8, X="CANCELED"), None),
        (SPOT, "order.cancel", BY_CLIENT_ID, report(c="x", C="mine", X="CANCELED"), Executed),
        (SPOT, "order.cancelReplace", PLACE, report(), AskAgain),
        (
            SPOT,
            "order.amend.keepPriority",
            BY_ID | {"newQty": "5.0"},
            report(x="REPLACED", c="x", C="mine"),
            Executed,
        ),
        (SPOT, "order.amend.keepPriority", BY_ID | {"newQty": "4"}, report(x="REPLACED"), None),
        (SPOT, "orderList.place.oto", LIST, LIST_STATUS | {"L": "EXECUTING"}, Executed),
        (SPOT, "orderList.place.oto", LIST, LIST_STATUS | {"L": "REJECT"}, NotExecuted),
        (SPOT, "orderList.place.oto", LIST, LIST_STATUS | {"C": "other"}, None),
        (SPOT, "orderList.cancel", {"orderListId": 9}, LIST_STATUS | {"L": "ALL_DONE"}, AskAgain),
        (SPOT, "orderList.cancel", {"orderListId": 9}, LIST_STATUS | {"L": "EXECUTING"}, None),
        (USDM, "order.place", PLACE, update(), Executed),
        (USDM, "order.place", PLACE, update(x="TRADE"), AskAgain),
        (USDM, "order.place", PLACE, update(c="other"), None),
        (
            USDM,
            "order.place",
            PLACE,
            {"e": "TRADE_LITE", "T": SENT_MS, "s": "BTCUSDT", "c": "mine"},
            AskAgain,
        ),
        (COINM, "order.cancel", BY_CLIENT_ID, update(x="CANCELED", X="CANCELED"), Executed),
        (COINM, "order.cancel", BY_ID, update(X="EXPIRED"), NotExecuted),
        (COINM, "order.cancel", BY_ID, update(i=8, X="CANCELED"), None),
        (USDM, "order.modify", CHANGE, update(x="AMENDMENT", q="8.0", p="1"), Executed),
        (USDM, "order.modify", CHANGE, update(x="AMENDMENT"), None),
        (USDM, "order.modify", CHANGE | {"modifyId": 3}, update(x="AMENDMENT", M="3"), Executed),
        (USDM, "order.modify", CHANGE | {"modifyId": 3}, update(x="AMENDMENT", M="4"), None),
        (USDM, "algoOrder.place", ALGO, algo(), Executed),
        (USDM, "algoOrder.place", ALGO, algo(caid="other"), None),
        (USDM, "algoOrder.cancel", ALGO, algo(X="CANCELED"), Executed),
        (USDM, "algoOrder.cancel", {"algoId": 4}, algo(X="TRIGGERED"), NotExecuted),
        (USDM, "algoOrder.cancel", {"algoId": 5}, algo(X="CANCELED"), None),
        (USDM, "algoOrder.cancel", ALGO, algo(), None),
        (SPOT, "openOrders.cancelAll", BY_ID, report(X="CANCELED"), None),
    ],
)
def test_user_data_proves_as_much_as_an_answer(
    market: Market,
    method: str,
    params: dict[str, Any],
    event: dict[str, Any],
    expected: type | None,
) -> None:
    inquiry = asking(method, params, market, knowledge=GENERATED)
    verdict = inquiry.on_event(event)

    if expected is None:
        assert verdict is None
    else:
        assert isinstance(verdict, expected)
        assert verdict is inquiry.verdict


STARTED = LIST_STATUS | {"l": "EXEC_STARTED", "L": "EXECUTING"}
OLD, WINDOW = SENT_MS - 60_000, SENT_MS - 500


@pytest.mark.parametrize(
    ("market", "method", "params", "event", "expected"),
    [
        (SPOT, "order.place", PLACE, report(), Executed),
        (SPOT, "order.place", PLACE, report(O=OLD), None),
        (SPOT, "order.place", PLACE, report(O=WINDOW), AskAgain),
        (SPOT, "order.place", PLACE, report(O=WINDOW, S="SELL"), None),
        (SPOT, "order.place", PLACE, report(x="REJECTED"), AskAgain),
        (SPOT, "orderList.place.oto", LIST, STARTED, Executed),
        (SPOT, "orderList.place.oto", LIST, STARTED | {"T": OLD}, None),
        (SPOT, "orderList.place.oto", LIST, STARTED | {"T": WINDOW}, AskAgain),
        (SPOT, "orderList.place.oto", LIST, STARTED | {"l": "ALL_DONE", "L": "ALL_DONE"}, AskAgain),
        (SPOT, "orderList.place.oto", LIST, STARTED | {"l": "RESPONSE", "L": "REJECT"}, AskAgain),
        (SPOT, "order.cancel", BY_CLIENT_ID, report(X="FILLED"), AskAgain),
        (SPOT, "order.cancel", BY_CLIENT_ID, report(X="CANCELED", T=OLD), None),
        (SPOT, "order.cancel", BY_CLIENT_ID, report(X="CANCELED"), Executed),
        (SPOT, "order.amend.keepPriority", BY_ID | {"newQty": "5"}, report(x="REPLACED"), Executed),
        (
            SPOT,
            "order.amend.keepPriority",
            BY_ID | {"newQty": "5"},
            report(x="REPLACED", T=OLD),
            None,
        ),
        (
            SPOT,
            "order.amend.keepPriority",
            BY_ID | {"newQty": "5", "newClientOrderId": "ours"},
            report(x="REPLACED", c="theirs"),
            None,
        ),
        (
            SPOT,
            "order.amend.keepPriority",
            BY_CLIENT_ID | {"newQty": "5"},
            report(x="REPLACED", i=8, C="theirs", c="x"),
            None,
        ),
        (USDM, "order.place", PLACE, update(), Executed),
        (USDM, "order.place", PLACE, update(s="ETHUSDT"), None),
        (USDM, "order.place", PLACE, update() | {"T": OLD}, None),
        (USDM, "order.place", PLACE, update() | {"T": WINDOW}, AskAgain),
        (COINM, "order.cancel", BY_CLIENT_ID, update(X="FILLED"), AskAgain),
        (COINM, "order.cancel", BY_CLIENT_ID, update(X="CANCELED") | {"T": OLD}, None),
        (USDM, "order.modify", CHANGE, update(x="AMENDMENT", q="8", p="1") | {"T": OLD}, None),
        (
            USDM,
            "order.modify",
            CHANGE | {"modifyId": 3},
            update(x="AMENDMENT", M=3) | {"T": WINDOW},
            AskAgain,
        ),
        (
            USDM,
            "order.modify",
            CHANGE | {"priceMatch": "QUEUE"},
            update(x="AMENDMENT", q="8", p="1"),
            AskAgain,
        ),
        (USDM, "algoOrder.place", ALGO, algo(), Executed),
        (USDM, "algoOrder.place", ALGO, algo() | {"T": OLD}, None),
        (USDM, "algoOrder.place", ALGO, algo() | {"T": WINDOW}, None),
        (USDM, "algoOrder.place", ALGO, algo(X="FINISHED"), None),
        (USDM, "algoOrder.cancel", ALGO, algo(X="CANCELED"), Executed),
        (USDM, "algoOrder.cancel", ALGO, algo(X="CANCELED") | {"T": OLD}, None),
        (USDM, "algoOrder.cancel", ALGO, algo(X="EXPIRED") | {"T": WINDOW}, None),
    ],
)
def test_an_event_under_an_id_of_the_callers_own_proves_only_what_it_must(
    market: Market,
    method: str,
    params: dict[str, Any],
    event: dict[str, Any],
    expected: type | None,
) -> None:
    """An earlier order may have had the same id, and its events may come late."""
    verdict = asking(method, params, market).on_event(event)

    assert verdict is None if expected is None else isinstance(verdict, expected)


def test_an_event_shows_the_order_as_order_status_would() -> None:
    verdict = asking("order.place", PLACE).on_event(report(z="2", X="PARTIALLY_FILLED"))

    assert isinstance(verdict, Executed)
    assert verdict.result["executedQty"] == "2"
    assert verdict.result["status"] == "PARTIALLY_FILLED"
    assert verdict.result["time"] == SENT_MS + 20


def test_a_verdict_by_event_stands_when_a_late_answer_comes() -> None:
    inquiry = asking("order.place", PLACE)
    inquiry.question(moment(FENCE))
    verdict = inquiry.on_event(report())

    assert inquiry.question(moment(FENCE)) is None
    assert inquiry.on_error(-2013, "", moment(FENCE)) == verdict
    assert inquiry.on_failure(moment(FENCE)) == verdict
    assert inquiry.on_event(report(x="REJECTED")) is None


@pytest.mark.parametrize(
    ("changes", "shown", "is_alike"),
    [
        ({"pegPriceType": "PRIMARY_PEG"}, {"price": "99"}, True),
        ({"priceMatch": "QUEUE"}, {"price": "99"}, True),
        ({}, {"price": "99"}, False),
        ({"type": "STOP"}, {"type": "LIMIT", "origType": "STOP"}, True),
        ({"type": "LIMIT"}, {"type": "LIMIT", "origType": "STOP"}, False),
        ({"quantity": None, "quoteOrderQty": "10"}, {"origQuoteOrderQty": "10.00"}, True),
        ({"quantity": None, "quoteOrderQty": "10"}, {"origQuoteOrderQty": "11"}, False),
    ],
)
def test_a_lookalike_is_told_by_what_was_ordered(
    changes: dict[str, Any], shown: dict[str, Any], is_alike: bool
) -> None:
    """Just before the timestamp what was ordered decides whether an order may be this one."""
    params = {name: value for name, value in (PLACE | changes).items() if value is not None}
    verdict = ask_twice(asking("order.place", params, USDM), order(time=SENT_MS - 500, **shown))

    assert isinstance(verdict, StaysUnknown)
    assert ("may be another request's" in verdict.reason) is is_alike


@pytest.mark.parametrize("market", api_markets())
def test_an_order_that_does_not_show_its_time_may_be_ours(market: Market) -> None:
    shown = order()
    del shown["time"]

    assert ask(asking("order.place", PLACE, market), shown) == Executed(shown)


def test_sor_orders_are_asked_for_as_others() -> None:
    assert ask(asking("sor.order.place", PLACE), order()) == Executed(order())


@pytest.mark.parametrize("market", api_markets())
@pytest.mark.parametrize("code", [-2013, -2011])
def test_both_codes_say_that_there_is_no_such_order(market: Market, code: int) -> None:
    inquiry = asking("order.cancel", BY_ID, market)

    assert isinstance(ask_twice(inquiry, code), NotExecuted)


def test_an_older_order_under_the_id_of_a_leg_is_no_leg() -> None:
    inquiry = asking("orderList.place.oco", LIST)

    verdict = ask_twice(inquiry, -2013, order(clientOrderId="above", time=SENT_MS - 60_000))

    assert isinstance(verdict, NotExecuted)


def test_a_new_order_that_stops_on_failure_proves_the_cancel() -> None:
    params = PLACE | {
        "cancelReplaceMode": "STOP_ON_FAILURE",
        "cancelOrigClientOrderId": "old",
        "cancelNewClientOrderId": "cancel",
    }
    for mode, expected in (("STOP_ON_FAILURE", "SUCCESS"), ("ALLOW_FAILURE", "FAILURE")):
        inquiry = asking(
            "order.cancelReplace", params | {"cancelReplaceMode": mode}, knowledge=GENERATED
        )
        verdict = ask(inquiry, order())
        while isinstance(verdict, AskAgain):  # the cancel is looked for twice
            verdict = ask(inquiry, -2013)
        assert isinstance(verdict, Executed)
        assert verdict.result["cancelResult"] == expected
        assert verdict.is_partial is (expected == "FAILURE")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"newQty": "3.0", "time": SENT_MS + 5}, Executed),
        ({"newQty": "3.0", "time": SENT_MS - 60_000}, NotExecuted),
        ({"newQty": "4", "time": SENT_MS + 5}, NotExecuted),
    ],
)
def test_an_amendment_is_looked_up_where_the_order_shows_another_quantity(
    row: dict[str, Any], expected: type
) -> None:
    inquiry = asking("order.amend.keepPriority", BY_ID | {"newQty": "3"})
    shown = order(origQty="2")

    verdict = ask(inquiry, shown, FENCE)
    verdict = (
        inquiry.on_answer([row], moment(FENCE)) if inquiry.question(moment(FENCE)) else verdict
    )
    if expected is NotExecuted:
        ask(inquiry, shown, FENCE + 3 * SECOND)
        verdict = ask(inquiry, [row], FENCE + 3 * SECOND)

    assert isinstance(verdict, expected)


def test_a_change_with_price_match_is_known_by_its_quantity() -> None:
    """The exchange sets the price."""
    params = BY_ID | {"quantity": "8", "price": "1", "priceMatch": "QUEUE"}

    verdict = ask(asking("order.modify", params, USDM), order(origQty="8", price="77"))
    assert isinstance(verdict, Executed)


def test_an_amended_order_under_an_id_used_before_has_to_be_the_one() -> None:
    params = BY_CLIENT_ID | {"newQty": "3", "newClientOrderId": "again"}
    other = order(orderId=5, clientOrderId="again", origQty="9", time=SENT_MS - 60_000)
    inquiry = asking("order.amend.keepPriority", params)

    ask(inquiry, other)
    ask(inquiry, [{"newQty": "9", "newClientOrderId": "again", "time": SENT_MS - 60_000}])
    assert isinstance(ask(inquiry, order()), AskAgain)
    generated = asking("order.amend.keepPriority", params, knowledge=GENERATED)
    assert ask(generated, other) == Executed(other)


def test_an_earlier_cancel_under_the_same_id_does_not_prove_this_one() -> None:
    """Cancels may be given one id after the other; the order aimed at is open still."""
    params = BY_CLIENT_ID | {"newClientOrderId": "cancel"}
    inquiry = asking("order.cancel", params)

    assert isinstance(ask(inquiry, order(time=SENT_MS - 60_000)), AskAgain)
    assert inquiry.question(moment(SENT)) == ("order.status", BY_CLIENT_ID)
    gone = asking("order.cancel", params)
    ask(gone, -2013)
    earlier = order(orderId=5, status="CANCELED", updateTime=SENT_MS - 60_000)
    assert isinstance(ask(gone, earlier), AskAgain)
