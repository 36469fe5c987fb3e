"""Where a futures order does not tell whether it was modified, its changes do, which REST shows."""

from __future__ import annotations

from typing import Any

import pytest

from binance_wsapi.markets import Market
from binance_wsapi.protocol.inquiry import (
    AskAgain,
    Executed,
    Inquiry,
    Knowledge,
    Moment,
    NotExecuted,
    StaysUnknown,
    open_inquiry,
)

SECOND = 1_000_000
SENT = 1_700_000_000 * SECOND
SENT_MS = SENT // 1000
FENCE = SENT + 16 * SECOND
CHANGE = {"symbol": "BTCUSDT", "orderId": 7, "side": "BUY", "quantity": "8", "price": "101"}
CHANGED_SINCE = {"updateTime": SENT_MS + 500}


def order(**fields: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "orderId": 7,
        "price": "100",
        "origQty": "5.000",
        "executedQty": "0",
        "status": "NEW",
        "time": SENT_MS - 300,
        "updateTime": SENT_MS - 300,
    } | fields


def change(
    after_ms: int = 200, /, *, qty: str = "8.0", price: str = "101.00", **fields: Any
) -> Any:
    """Return a row: the order was modified so long after the request was stamped."""
    return {
        "amendmentId": 5363,
        "symbol": "BTCUSDT",
        "orderId": 7,
        "time": SENT_MS + after_ms,
        "amendment": {
            "price": {"before": "100", "after": price},
            "origQty": {"before": "5", "after": qty},
            "count": 1,
        }
        | fields,
    }


def asking(
    params: dict[str, Any], market: Market = Market.USDM, *, has_rest: bool = True
) -> Inquiry:
    return open_inquiry(
        market,
        "order.modify",
        params,
        sent_us=SENT,
        written_at=0.0,
        request_id="this",
        knowledge=Knowledge(has_rest=has_rest),
    )


def settle(inquiry: Inquiry, shown: dict[str, Any], changes: object, *times: int) -> object:
    """Put the questions at these times, and answer them alike; an int is an error code."""
    for us in times:
        at = Moment((us - SENT) / SECOND, us)
        while (question := inquiry.question(at)) is not None:
            answer = shown if question[0] == "order.status" else changes
            if isinstance(answer, int):
                inquiry.on_error(answer, "", at)
            else:
                inquiry.on_answer(answer, at)
            if isinstance(inquiry.verdict, AskAgain) and inquiry.verdict.not_before > at.now:
                break
    return inquiry.verdict


@pytest.mark.parametrize(
    ("market", "path"),
    [(Market.USDM, "GET /fapi/v1/orderAmendment"), (Market.COINM, "GET /dapi/v1/orderAmendment")],
)
def test_changes_are_asked_for_by_the_order_s_id_and_time(market: Market, path: str) -> None:
    inquiry = asking(CHANGE, market)
    at = Moment(16.0, FENCE)
    inquiry.question(at)
    inquiry.on_answer(order(**CHANGED_SINCE), at)

    assert inquiry.question(at) == (
        path,
        {"symbol": "BTCUSDT", "orderId": 7, "startTime": SENT_MS - 1000, "limit": 100},
    )


@pytest.mark.parametrize(
    ("asked", "changes", "expected"),
    [
        ({}, [], NotExecuted),
        ({}, [change()], Executed),
        ({}, [change(900, qty="3"), change()], Executed),
        ({}, [change(price="102")], NotExecuted),
        ({}, [change(qty="7")], NotExecuted),
        ({}, [change(-500)], StaysUnknown),
        ({}, [change(-1500)], NotExecuted),
        ({}, [change(16_000)], NotExecuted),
        ({}, [change(modifyId=3)], NotExecuted),
        ({"modifyId": 3}, [change(modifyId=3)], Executed),
        ({"modifyId": 3}, [change(-500, modifyId=3)], StaysUnknown),
        ({"modifyId": 3}, [change(modifyId=4)], NotExecuted),
        ({"modifyId": 3}, [change()], StaysUnknown),
        ({"priceMatch": "QUEUE"}, [change(price="99")], StaysUnknown),
        ({"priceMatch": "QUEUE"}, [change(qty="7")], NotExecuted),
        ({"priceMatch": "QUEUE", "modifyId": 3}, [change(price="99", modifyId=3)], Executed),
        ({}, [change(qty="7")] * 100, StaysUnknown),
        ({}, -2013, StaysUnknown),
        ({}, -1121, AskAgain),
        ({}, [{"time": SENT_MS}], AskAgain),
    ],
    ids=[
        "none",
        "it",
        "it and another one since",
        "another one's, to another price",
        "another one's, to another quantity",
        "like it, maybe before",
        "like it, before",
        "like it, when it could not be accepted any more",
        "like it, under an id",
        "under its id",
        "under its id, maybe before",
        "under another id",
        "like it, and the host tells no ids",
        "the price is the exchange's choice",
        "the exchange's choice, to another quantity",
        "the exchange's choice, under its id",
        "more than are shown",
        "REST does not know the order",
        "refused",
        "unreadable",
    ],
)
def test_changes_tell_what_the_order_does_not(
    asked: dict[str, Any], changes: object, expected: type
) -> None:
    """It was placed right before, or filled or modified since: it shows other terms than were asked for."""
    verdict = settle(
        asking(CHANGE | asked), order(**CHANGED_SINCE), changes, FENCE, FENCE + 3 * SECOND
    )

    assert isinstance(verdict, expected)


@pytest.mark.parametrize(
    ("shown", "changes", "expected"),
    [
        ({"status": "FILLED"}, [change()], Executed),
        ({"status": "FILLED"}, [], NotExecuted),
        ({"status": "CANCELED", "executedQty": "8"}, [change()], Executed),
        ({"status": "CANCELED", "executedQty": "8"}, [], StaysUnknown),
        ({"origQty": "8", "price": "101", "updateTime": SENT_MS - 1001}, [], NotExecuted),
    ],
    ids=[
        "ended after it",
        "ended",
        "ended after it, or by it",
        "ended, by it perhaps",
        "as before",
    ],
)
def test_missing_change_counts_only_past_the_fence(
    shown: dict[str, Any], changes: object, expected: type
) -> None:
    """REST may show it later than the order shows its end."""
    inquiry = asking(CHANGE)
    shown = order(**CHANGED_SINCE | shown)

    early = settle(inquiry, shown, changes, SENT + SECOND)
    verdict = settle(inquiry, shown, changes, FENCE, FENCE + 3 * SECOND)

    assert isinstance(early, Executed if expected is Executed else AskAgain)
    assert isinstance(verdict, expected)


def test_without_rest_it_stays_unknown() -> None:
    inquiry = asking(CHANGE, has_rest=False)

    verdict = settle(inquiry, order(**CHANGED_SINCE), [], FENCE, FENCE + 3 * SECOND)

    assert isinstance(verdict, StaysUnknown)
