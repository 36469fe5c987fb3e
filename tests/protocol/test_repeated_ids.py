"""A client id may be repeated: what goes by it now need not be what a cancel or a change was aimed at."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from test_inquiry import (
    COINM,
    FENCE,
    SECOND,
    SENT_MS,
    SPOT,
    USDM,
    ask,
    ask_twice,
    asking,
    moment,
    order,
)

from binance_wsapi.markets import Market
from binance_wsapi.protocol.inquiry import (
    AskAgain,
    Executed,
    Knowledge,
    NotExecuted,
    StaysUnknown,
)
from binance_wsapi.protocol.own_orders import OwnOrders, ReadAnswer

YESTERDAY = SENT_MS - 86_400_000

AIM: dict[str, Any] = {"symbol": "BTCUSDT", "origClientOrderId": "mine"}
CHANGE = AIM | {"side": "BUY", "quantity": "5", "price": "100"}

FUTURES = pytest.mark.parametrize("market", [USDM, COINM])


def made_up(client_id: object) -> bool:
    return isinstance(client_id, str) and client_id.startswith("w")


MADE_UP = Knowledge(is_generated=made_up)


def ended(status: str, **fields: Any) -> dict[str, Any]:
    """An order that had the same id, and ended yesterday."""
    return order(orderId=1, status=status, time=YESTERDAY, updateTime=YESTERDAY, **fields)


def knowing(*placed: tuple[int, float], is_generated: Any = made_up) -> Knowledge:
    """What answers have shown: order ids, and when they were read."""
    orders = OwnOrders()
    for order_id, heard_at in placed:
        shown = msgspec.Raw(msgspec.json.encode(order(orderId=order_id)))
        orders.answers.append(ReadAnswer(f"r{order_id}", heard_at - 0.01, heard_at, True, shown))
    return Knowledge(orders, is_generated)


@FUTURES
@pytest.mark.parametrize("status", ["CANCELED", "FILLED", "EXPIRED"])
@pytest.mark.parametrize(("method", "params"), [("order.cancel", AIM), ("order.modify", CHANGE)])
def test_what_ended_before_says_nothing_of_its_successor(
    market: Market, method: str, params: dict[str, Any], status: str
) -> None:
    """A copy that lags does not show the successor yet."""
    inquiry = asking(method, params, market)

    assert isinstance(ask(inquiry, ended(status)), AskAgain)
    assert isinstance(ask_twice(inquiry, ended(status)), StaysUnknown)


@FUTURES
def test_the_successor_is_found_when_the_copy_has_caught_up(market: Market) -> None:
    inquiry = asking("order.cancel", AIM, market)
    ask(inquiry, ended("CANCELED"))
    cancelled = order(time=SENT_MS - 50, updateTime=SENT_MS + 20, status="CANCELED")

    assert ask(inquiry, cancelled) == Executed(cancelled)


@FUTURES
def test_the_one_order_known_under_the_id_tells_at_once(market: Market) -> None:
    """It was placed here: that it ended before the cancel came is all there is to know."""
    filled = order(time=SENT_MS - 9000, updateTime=SENT_MS - 5000, status="FILLED")
    inquiry = asking("order.cancel", AIM, market, knowledge=knowing((7, -9.0)))

    assert isinstance(ask(inquiry, filled), NotExecuted)


@FUTURES
def test_an_order_known_to_have_a_successor_tells_nothing(market: Market) -> None:
    """However short it is ago that it ended."""
    first = order(orderId=7, time=SENT_MS - 300, updateTime=SENT_MS - 200, status="CANCELED")
    inquiry = asking("order.cancel", AIM, market, knowledge=knowing((7, -0.3), (8, -0.1)))

    assert isinstance(ask(inquiry, first), AskAgain)


@FUTURES
def test_an_order_made_after_the_cancel_does_not_show_it_undone(market: Market) -> None:
    """The cancel took the order away, and the caller has given its id to the next one."""
    known = knowing((7, -0.3), (8, 0.5))
    successor = order(orderId=8, time=SENT_MS + 400, updateTime=SENT_MS + 400)
    inquiry = asking("order.cancel", AIM, market, knowledge=known)

    assert isinstance(ask(inquiry, successor), AskAgain)
    assert isinstance(ask_twice(inquiry, successor), StaysUnknown)


def test_a_cancel_on_spot_is_found_though_an_older_order_had_the_same_id() -> None:
    """The cancelled order goes by the id of the cancel, and its own finds the older one."""
    inquiry = asking("order.cancel", AIM | {"newClientOrderId": "cancel"}, knowledge=MADE_UP)
    ask(inquiry, ended("FILLED"))
    cancelled = order(orderId=2, clientOrderId="cancel", status="CANCELED", updateTime=SENT_MS + 20)

    assert ask(inquiry, cancelled) == Executed(cancelled)


def test_a_cancel_on_spot_is_not_denied_by_an_older_order() -> None:
    inquiry = asking("order.cancel", AIM | {"newClientOrderId": "w1"}, knowledge=MADE_UP)
    ask(inquiry, ended("FILLED"))

    assert isinstance(ask(inquiry, -2013), AskAgain)
    assert isinstance(ask_twice(inquiry, ended("FILLED"), -2013), NotExecuted)


def test_an_older_order_does_not_show_the_cancelled_half_as_failed() -> None:
    params = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "price": "100",
        "quantity": "5",
        "cancelReplaceMode": "ALLOW_FAILURE",
        "cancelOrigClientOrderId": "mine",
        "cancelNewClientOrderId": "cancel",
        "newClientOrderId": "w9",
    }
    inquiry = asking("order.cancelReplace", params, knowledge=MADE_UP)
    new = order(orderId=9, clientOrderId="w9")
    ask(inquiry, new)
    ask(inquiry, ended("FILLED"))
    cancelled = order(orderId=2, clientOrderId="cancel", status="CANCELED", updateTime=SENT_MS + 20)

    verdict = ask(inquiry, cancelled)

    assert isinstance(verdict, Executed)
    assert verdict.result["cancelResult"] == "SUCCESS"
    assert verdict.result["cancelResponse"] == cancelled


@pytest.mark.parametrize("leg", ["CANCELED", "FILLED"])
def test_a_list_that_was_done_before_says_nothing_of_its_successor(leg: str) -> None:
    done = {
        "orderListId": 1,
        "listOrderStatus": "ALL_DONE",
        "transactionTime": YESTERDAY,
        "orders": [{"symbol": "BTCUSDT", "orderId": 1}],
    }
    inquiry = asking("orderList.cancel", {"symbol": "BTCUSDT", "listClientOrderId": "mine"})

    assert isinstance(ask(inquiry, done), AskAgain)
    assert inquiry.question(moment(FENCE)) == ("orderList.status", {"origClientOrderId": "mine"})
    assert isinstance(ask_twice(inquiry, done), StaysUnknown)


AMENDMENT = {"symbol": "BTCUSDT", "orderId": 7, "newQty": "5", "newClientOrderId": "w5"}


def test_a_quantity_that_was_there_before_shows_no_amendment() -> None:
    inquiry = asking("order.amend.keepPriority", AMENDMENT, knowledge=MADE_UP)
    old = order(time=YESTERDAY)
    ask(inquiry, old)

    assert isinstance(ask(inquiry, []), AskAgain)
    assert isinstance(ask_twice(inquiry, old, []), NotExecuted)


def test_an_amendment_is_told_by_the_change_itself() -> None:
    inquiry = asking("order.amend.keepPriority", AMENDMENT, knowledge=MADE_UP)
    amended = order(time=YESTERDAY, clientOrderId="w5")
    ask(inquiry, amended)
    change = {
        "origClientOrderId": "mine",
        "newClientOrderId": "w5",
        "newQty": "5.0",
        "time": SENT_MS + 20,
    }

    assert ask(inquiry, [change]) == Executed(amended)


@FUTURES
def test_values_that_were_there_before_show_no_modification(market: Market) -> None:
    params = {"symbol": "BTCUSDT", "orderId": 7, "side": "BUY", "quantity": "5", "price": "100"}
    inquiry = asking("order.modify", params, market)
    same = order(time=YESTERDAY, updateTime=YESTERDAY)

    assert isinstance(ask(inquiry, same), AskAgain)
    assert isinstance(ask_twice(inquiry, same), StaysUnknown)


def test_an_id_that_the_client_made_up_is_nobody_elses() -> None:
    """What goes by it is what was meant, however long ago it ended."""
    for market in (SPOT, USDM):
        inquiry = asking(
            "order.cancel",
            AIM | {"orderId": None, "origClientOrderId": "w7", "newClientOrderId": "w8"},
            market,
            knowledge=MADE_UP,
        )
        verdict = ask(inquiry, ended("FILLED", clientOrderId="w7"))
        if market is SPOT:
            verdict = ask(inquiry, -2013)

        assert isinstance(verdict, NotExecuted)


def test_a_copy_that_shows_the_end_within_the_tolerance_counts() -> None:
    """The timestamp may have been ahead of the exchange's clock by so much."""
    cancelled = order(time=YESTERDAY, updateTime=SENT_MS - 900, status="CANCELED")
    inquiry = asking("order.cancel", AIM, USDM)

    assert ask(inquiry, cancelled, at=FENCE - SECOND) == Executed(cancelled)
