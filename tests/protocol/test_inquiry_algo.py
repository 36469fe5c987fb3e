"""What became of an algo order is asked over REST, which proves what it shows and nothing by what it does not."""

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
    Verdict,
    open_inquiry,
)

SECOND = 1_000_000
SENT = 1_700_000_000 * SECOND
SENT_MS = SENT // 1000
FENCE = SENT + 16 * SECOND
PATH = "GET /fapi/v1/algoOrder"
BY_CLIENT_ID, BY_ID = {"clientAlgoId": "mine"}, {"algoId": 4}
NO_SUCH_ORDER = -2013


def algo(**fields: Any) -> dict[str, Any]:
    return {
        "algoId": 4,
        "clientAlgoId": "mine",
        "symbol": "BTCUSDT",
        "algoStatus": "NEW",
        "createTime": SENT_MS + 20,
        "updateTime": SENT_MS + 20,
    } | fields


OLD = {"createTime": SENT_MS - 60_000, "updateTime": SENT_MS - 60_000}
CANCELLED_SINCE = OLD | {"algoStatus": "CANCELED", "updateTime": SENT_MS + 30}


def asking(method: str, params: dict[str, Any], *, is_generated: bool = False) -> Inquiry:
    return open_inquiry(
        Market.USDM,
        method,
        {"symbol": "BTCUSDT", **params},
        sent_us=SENT,
        written_at=0.0,
        request_id="this",
        knowledge=Knowledge(is_generated=lambda client_id: is_generated, has_rest=True),
    )


def asked(inquiry: Inquiry, answer: object, *times: int) -> Verdict:
    """Answer the questions at these times alike, as long as they are put; an int is an error code."""
    for us in times:
        at = Moment((us - SENT) / SECOND, us)
        if inquiry.question(at) is None:
            break
        if isinstance(answer, int):
            inquiry.on_error(answer, "", at)
        else:
            inquiry.on_answer(answer, at)
    return inquiry.verdict


@pytest.mark.parametrize(
    ("method", "params", "answer", "is_generated", "at_once", "in_the_end"),
    [
        ("algoOrder.place", BY_CLIENT_ID, algo(), True, Executed, Executed),
        ("algoOrder.place", BY_CLIENT_ID, algo(), False, Executed, Executed),
        ("algoOrder.place", BY_CLIENT_ID, algo(algoStatus="FINISHED"), True, Executed, Executed),
        ("algoOrder.place", BY_CLIENT_ID, algo(**OLD), False, AskAgain, StaysUnknown),
        ("algoOrder.place", BY_CLIENT_ID, NO_SUCH_ORDER, True, AskAgain, StaysUnknown),
        ("algoOrder.place", BY_CLIENT_ID, -1121, True, AskAgain, AskAgain),
        ("algoOrder.place", BY_CLIENT_ID, {"clientAlgoId": "mine"}, True, AskAgain, AskAgain),
        ("algoOrder.cancel", BY_ID, algo(**CANCELLED_SINCE), False, Executed, Executed),
        ("algoOrder.cancel", BY_CLIENT_ID, algo(**CANCELLED_SINCE), False, Executed, Executed),
        ("algoOrder.cancel", BY_ID, algo(**OLD), False, AskAgain, NotExecuted),
        ("algoOrder.cancel", BY_CLIENT_ID, algo(**OLD), False, AskAgain, NotExecuted),
        # One under the same id that was made since says nothing of the one that was meant.
        ("algoOrder.cancel", BY_CLIENT_ID, algo(), False, AskAgain, StaysUnknown),
        (
            "algoOrder.cancel",
            BY_ID,
            algo(**OLD, algoStatus="TRIGGERED"),
            False,
            NotExecuted,
            NotExecuted,
        ),
        (
            "algoOrder.cancel",
            BY_CLIENT_ID,
            algo(algoStatus="FINISHED"),
            False,
            AskAgain,
            StaysUnknown,
        ),
        # Cancelled before this request was sent: by another one.
        (
            "algoOrder.cancel",
            BY_ID,
            algo(**OLD, algoStatus="CANCELED"),
            False,
            AskAgain,
            StaysUnknown,
        ),
        ("algoOrder.cancel", BY_ID, NO_SUCH_ORDER, False, AskAgain, StaysUnknown),
    ],
)
def test_only_what_is_shown_proves_a_thing(
    method: str,
    params: dict[str, Any],
    answer: object,
    *,
    is_generated: bool,
    at_once: type,
    in_the_end: type,
) -> None:
    first = asking(method, params, is_generated=is_generated)
    assert first.question(Moment(1.0, SENT + SECOND)) == (PATH, params)

    assert isinstance(asked(first, answer, SENT + SECOND), at_once)
    last = asking(method, params, is_generated=is_generated)
    assert isinstance(asked(last, answer, FENCE, FENCE + 3 * SECOND), in_the_end)


def test_what_rest_does_not_show_an_event_may_settle_still() -> None:
    inquiry = asking("algoOrder.place", BY_CLIENT_ID, is_generated=True)
    assert isinstance(asked(inquiry, NO_SUCH_ORDER, FENCE, FENCE + 3 * SECOND), StaysUnknown)

    inquiry.on_event(
        {
            "e": "ALGO_UPDATE",
            "T": SENT_MS + 20,
            "o": {"caid": "mine", "aid": 4, "s": "BTCUSDT", "X": "NEW"},
        }
    )

    assert isinstance(inquiry.verdict, Executed)
