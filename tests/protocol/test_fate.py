from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from binance_wsapi.markets import Market
from binance_wsapi.protocol.fate import (
    AskAgain,
    Executed,
    Inquiry,
    NotExecuted,
    StaysUnknown,
    Verdict,
    inquiry,
)

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
    return inquiry(market, method, params, sent_us=SENT, **options)


def ask(inquiry: Inquiry, answer: object, at: int = SENT + SECOND) -> Verdict:
    """Put the question and answer it; an int is an error code."""
    assert inquiry.question(at) is not None
    if isinstance(answer, int):
        return inquiry.on_error(answer, "", at)
    return inquiry.on_answer(answer, at)


@pytest.mark.parametrize("market", list(Market))
def test_an_order_is_asked_for_by_its_client_id_and_found(market: Market) -> None:
    case = asking("order.place", PLACE, market)

    assert case.question(SENT) == (
        "order.status",
        {"symbol": "BTCUSDT", "origClientOrderId": "mine"},
    )
    assert case.on_answer(order(), SENT) == Executed(order())
    assert case.question(SENT) is None


@pytest.mark.parametrize(
    ("recv_window_ms", "fence"),
    [(None, FENCE), (5000, FENCE), (60000, FENCE + 55 * SECOND), (0.5, FENCE - 4_999_500)],
)
@pytest.mark.parametrize("market", [USDM, COINM])
def test_not_found_counts_only_when_asked_after_the_fence(
    market: Market, recv_window_ms: float | None, fence: int
) -> None:
    case = asking("order.place", PLACE, market, recv_window_ms=recv_window_ms)

    assert case.question(fence - 1) is not None
    verdict = case.on_error(-2013, "Order does not exist.", fence + 60 * SECOND)
    assert isinstance(verdict, AskAgain)  # answered after the fence, but asked before it

    assert isinstance(ask(case, -2013, fence), NotExecuted)


def test_questions_grow_rarer_and_one_is_put_at_the_fence() -> None:
    case = asking("order.place", PLACE)
    times, now = [], SENT
    while now < FENCE:
        verdict = ask(case, -2013, now)
        assert isinstance(verdict, AskAgain)
        now = verdict.not_before_us
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
        250_000,
    ]
    assert now == FENCE


@pytest.mark.parametrize("code", [-1000, -1003, -1007, -1021, -2015])
def test_other_errors_prove_nothing(code: int) -> None:
    case = asking("order.place", PLACE)

    assert isinstance(ask(case, code, FENCE), AskAgain)
    assert isinstance(case.on_failure(FENCE), AskAgain)
    assert case.question(FENCE) is not None


@pytest.mark.parametrize("result", [None, "text", 5])
def test_an_unreadable_answer_proves_nothing(result: object) -> None:
    case = asking("order.place", PLACE, USDM)

    assert case.question(FENCE) is not None
    assert isinstance(case.on_answer(result, FENCE), AskAgain)


def test_minus_2026_is_archived_on_spot_and_nothing_on_futures() -> None:
    assert asking("order.place", PLACE, USDM).on_error(-2026, "", FENCE) == AskAgain(
        FENCE + 250_000
    )
    case = asking("order.place", PLACE)
    ask(case, -2026, FENCE)
    assert isinstance(ask(case, [], FENCE), NotExecuted)


@pytest.mark.parametrize(
    ("found", "is_ours"),
    [
        (order(time=SENT_MS), True),
        (order(time=SENT_MS - 2000), False),
        (order(time=SENT + 5), True),  # microseconds
        (order(time=SENT - 2 * SECOND), False),
        (order(time=SENT_MS - 500), True),  # the stamp may have been ahead
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
    case = asking("order.place", PLACE)
    assert ask(case, -2013, FENCE) == AskAgain(FENCE)

    assert case.question(FENCE) == (
        "allOrders",
        {"symbol": "BTCUSDT", "startTime": SENT_MS - 1000},
    )
    others = [order(clientOrderId="x", status="FILLED"), order(time=SENT_MS - 60_000)]
    assert isinstance(case.on_answer(others, FENCE), NotExecuted)


def test_an_order_cancelled_by_others_under_another_id_stays_unknown() -> None:
    case = asking("order.place", PLACE)
    ask(case, -2013, FENCE)
    lookalike = order(clientOrderId="random", status="CANCELED")

    verdict = ask(case, [lookalike], FENCE)
    assert isinstance(verdict, StaysUnknown)
    assert verdict.order == lookalike


def test_an_order_amended_by_others_is_known_by_its_amendments() -> None:
    case = asking("order.place", PLACE)
    ask(case, -2013, FENCE)
    amended = order(clientOrderId="random", origQty="2")
    ask(case, [amended], FENCE)

    assert case.question(FENCE) == ("order.amendments", {"symbol": "BTCUSDT", "orderId": 7})
    assert case.on_answer([{"origClientOrderId": "mine"}], FENCE) == Executed(amended)


@pytest.mark.parametrize("method", ["order.place", "orderList.place.oco", "order.cancelReplace"])
def test_without_a_client_id_nothing_can_be_found_out(method: str) -> None:
    case = asking(method, {"symbol": "BTCUSDT"})

    assert isinstance(case.verdict, StaysUnknown)
    assert case.question(FENCE) is None


@pytest.mark.parametrize("method", ["algoOrder.place", "algoOrder.cancel", "unheard.of"])
def test_what_has_no_question_stays_unknown(method: str) -> None:
    case = asking(method, {"clientAlgoId": "mine"}, USDM)

    assert isinstance(case.verdict, StaysUnknown)
    assert case.question(FENCE) is None


@pytest.mark.parametrize("market", list(Market))
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
        case = asking("order.cancel", {"symbol": "BTCUSDT", "orderId": 7}, market)
        verdict = ask(case, order(status=status), at)

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
    case = asking(
        "order.cancel",
        {"symbol": "BTCUSDT", "origClientOrderId": "mine", "newClientOrderId": "cancel"},
    )
    assert isinstance(ask(case, -2013), AskAgain)

    cancelled = order(status="CANCELED", clientOrderId="cancel")
    assert case.question(SENT) == (
        "order.status",
        {"symbol": "BTCUSDT", "origClientOrderId": "cancel"},
    )
    assert case.on_answer(cancelled, SENT) == Executed(cancelled)


def test_cancelling_all_is_known_after_the_fence_only() -> None:
    """No open orders before it may mean that the request is yet to come."""
    case = asking("openOrders.cancelAll", {"symbol": "BTCUSDT"})
    assert case.verdict == AskAgain(FENCE)
    assert isinstance(ask(case, [], SENT), AskAgain)

    younger = order(time=SENT_MS + 500)
    assert ask(case, [younger], FENCE) == Executed([])


def test_an_older_order_still_open_shows_that_all_were_not_cancelled() -> None:
    case = asking("openOrders.cancelAll", {"symbol": "BTCUSDT"})

    assert isinstance(ask(case, [order(time=SENT_MS - 1)], FENCE), NotExecuted)


def test_one_half_of_a_cancel_replace_is_told_as_such() -> None:
    case = asking(
        "order.cancelReplace",
        PLACE
        | {
            "cancelReplaceMode": "STOP_ON_FAILURE",
            "cancelOrderId": 5,
            "cancelNewClientOrderId": "cancel",
        },
    )
    old = order(orderId=5, clientOrderId="cancel", status="CANCELED")
    ask(case, -2013, FENCE)
    ask(case, old, FENCE)
    verdict = ask(case, [old], FENCE)

    assert verdict == Executed(
        {
            "cancelResult": "SUCCESS",
            "newOrderResult": "FAILURE",
            "cancelResponse": old,
            "newOrderResponse": None,
        },
        is_partial=True,
    )


def test_a_change_is_known_by_its_modify_id_though_changed_again() -> None:
    params = {"symbol": "BTCUSDT", "orderId": 7, "quantity": "8", "price": "1", "modifyId": 3}

    assert isinstance(ask(asking("order.modify", params, USDM), order(modifyId="3")), Executed)


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
    case = asking("orderList.place.oco", LIST)

    assert case.question(SENT) == ("orderList.status", {"origClientOrderId": "list"})
    assert case.on_answer(order_list(), SENT) == Executed(order_list())


def test_an_older_list_under_the_same_id_is_not_taken_for_ours() -> None:
    case = asking("orderList.place.oco", LIST)

    assert isinstance(ask(case, order_list(transactionTime=SENT_MS - 5000)), AskAgain)


def test_a_list_is_absent_only_when_its_orders_are() -> None:
    case = asking("orderList.place.oco", LIST)
    assert isinstance(ask(case, -2013, FENCE), AskAgain)
    assert case.question(FENCE) == (
        "order.status",
        {"symbol": "BTCUSDT", "origClientOrderId": "above"},
    )
    assert isinstance(case.on_error(-2013, "", FENCE), NotExecuted)

    case = asking("orderList.place.oco", LIST)
    ask(case, -2013, FENCE)
    ask(case, order(orderListId=9), FENCE)
    assert case.question(FENCE) == ("orderList.status", {"orderListId": 9})
    assert isinstance(case.on_answer(order_list(), FENCE), Executed)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["CANCELED"], Executed),
        (["FILLED", "EXPIRED"], NotExecuted),
        (["FILLED", "CANCELED"], Executed),
    ],
)
def test_a_list_cancel_is_known_by_its_orders(statuses: list[str], expected: type) -> None:
    case = asking("orderList.cancel", {"symbol": "BTCUSDT", "orderListId": 9})
    verdict = ask(case, order_list(listOrderStatus="ALL_DONE"))
    for status in statuses:
        verdict = ask(case, order(status=status))

    assert isinstance(verdict, expected)


def test_a_list_still_executing_was_not_cancelled_after_the_fence() -> None:
    case = asking("orderList.cancel", {"symbol": "BTCUSDT", "listClientOrderId": "list"})

    assert case.question(SENT) == ("orderList.status", {"origClientOrderId": "list"})
    assert isinstance(case.on_answer(order_list(), SENT), AskAgain)
    assert isinstance(ask(case, order_list(), FENCE), NotExecuted)


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
        (SPOT, "order.place", PLACE, report(O=SENT_MS - 60_000), None),
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
        (USDM, "order.place", PLACE, update() | {"T": SENT_MS - 60_000}, None),
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
    case = asking(method, params, market)
    verdict = case.on_event(event)

    if expected is None:
        assert verdict is None
    else:
        assert isinstance(verdict, expected)
        assert verdict is case.verdict


def test_an_event_shows_the_order_as_order_status_would() -> None:
    verdict = asking("order.place", PLACE).on_event(report(z="2", X="PARTIALLY_FILLED"))

    assert isinstance(verdict, Executed)
    assert verdict.result["executedQty"] == "2"
    assert verdict.result["status"] == "PARTIALLY_FILLED"
    assert verdict.result["time"] == SENT_MS + 20


def test_a_verdict_by_event_stands_when_a_late_answer_comes() -> None:
    case = asking("order.place", PLACE)
    case.question(FENCE)
    verdict = case.on_event(report())

    assert case.question(FENCE) is None
    assert case.on_error(-2013, "", FENCE) == verdict
    assert case.on_failure(FENCE) == verdict
    assert case.on_event(report(x="REJECTED")) is None
