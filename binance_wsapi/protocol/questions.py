"""The questions that settle the fate of each kind of change; the table stands in :mod:`inquiry`."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from binance_wsapi.markets import Market
from binance_wsapi.protocol.order_events import FINAL_STATUSES
from binance_wsapi.protocol.verdict import (
    Answer,
    Executed,
    FinalVerdict,
    LostRequest,
    NotExecuted,
    Question,
    StaysUnknown,
    Steps,
    When,
    same_number,
)

__all__ = [
    "algo_cancelled",
    "algo_placed",
    "all_cancelled",
    "amended",
    "cannot_be_asked",
    "futures_cancel",
    "list_cancelled",
    "list_placed",
    "modified",
    "order_placed",
    "replaced",
    "spot_cancel",
]


def _status(request: LostRequest, when: When = When.NOW, **by: Any) -> Question:
    return Question("order.status", request.given("symbol") | by, when)


def _status_of_aim(
    request: LostRequest, client_id: object, order_id: object, when: When = When.NOW
) -> Steps[Answer]:
    """Ask for the order that the request was aimed at, by one id or the other."""
    if order_id is not None:
        return (yield _status(request, when, orderId=order_id))
    answer: Answer = yield _status(request, when, origClientOrderId=client_id)
    if answer.order is not None and request.may_be_another(client_id, answer.order):
        return replace(answer, result=None, hidden_by=answer.order)
    return answer


_AIMED_AT_ANOTHER = "the order that goes by its client id may be another one, which had the same id"

_MAY_BE_ANOTHERS = StaysUnknown(
    "the order that goes by its client id may be another request's, which had the same id"
)


def order_placed(request: LostRequest) -> Steps[FinalVerdict]:
    """An order: on Spot, futures, and by smart order routing."""
    client_id = request.params.get("newClientOrderId")
    if client_id is None:
        return StaysUnknown("the order has no client id to ask for")
    when = When.NOW
    while True:
        answer: Answer = yield _status(request, when, origClientOrderId=client_id)
        is_own = answer.order is not None and request.is_own(client_id, answer.order)
        if is_own:
            return Executed(answer.order)
        if answer.is_final:
            if is_own is None:
                return _MAY_BE_ANOTHERS
            return (yield from _absence(request, client_id, is_hidden=answer.order is not None))
        when = When.LATER


def _absence(request: LostRequest, client_id: str, *, is_hidden: bool) -> Steps[FinalVerdict]:
    """Confirm that no order was made, though none goes by the client id.

    On Spot cancels and amendments give an order another id, often a random one: an order that was
    placed and then touched by others is found among the orders of the symbol only.

    Args:
        request: The request.
        client_id: The id.
        is_hidden: Another order goes by the id, and may stand before this one.
    """
    if request.market.facts.cancels_rename:
        since_ms = (request.sent_us - request.stamp_tolerance_us) // 1000
        answer = yield Question("allOrders", request.given("symbol") | {"startTime": since_ms})
        rows = [
            row
            for row in answer.rows
            if request.is_younger(row.get("time"))
            and not _is_replaced_order(request, row)
            and not request.is_of_another(row)
        ]
        for row in rows:
            is_own = row.get("clientOrderId") == client_id and request.is_own(client_id, row)
            if is_own:
                return Executed(row)
            if is_own is None:
                return _MAY_BE_ANOTHERS
        for row in rows:
            if request.is_alike(row, amended=True) and (
                yield from _was_named(request, client_id, row)
            ):
                return Executed(row) if request.is_own(client_id, row) else _MAY_BE_ANOTHERS
        for row in rows:
            if row.get("status") == "CANCELED" and request.is_alike(row):
                return StaysUnknown(
                    "no order goes by its client id, but one like it was made since and cancelled, "
                    "which may have given it another id",
                    row,
                )
    elif is_hidden:
        return StaysUnknown("another order goes by its client id, and may stand before this one")
    return NotExecuted("no such order, and the request can no longer be accepted")


def _is_replaced_order(request: LostRequest, row: dict[str, Any]) -> bool:
    """Whether the row is the order that a cancel-replace was to cancel."""
    params = request.params
    replaced_ids = (params.get("cancelOrderId"), params.get("cancelNewClientOrderId"))
    return any(
        given is not None and given == shown
        for given, shown in zip(
            replaced_ids, (row.get("orderId"), row.get("clientOrderId")), strict=True
        )
    )


def _was_named(request: LostRequest, client_id: str, row: dict[str, Any]) -> Steps[bool]:
    """Find out whether an order had the client id before it was amended."""
    answer = yield Question(
        "order.amendments", request.given("symbol") | {"orderId": row["orderId"]}
    )
    return any(amendment.get("origClientOrderId") == client_id for amendment in answer.rows)


def spot_cancel(request: LostRequest) -> Steps[FinalVerdict]:
    """The cancel of an order on Spot, which gives it another client id."""
    by_order_id = request.given("orderId")
    new_id = request.params.get("newClientOrderId")
    when = When.NOW
    while True:
        answer = yield from _status_of_aim(
            request, request.params.get("origClientOrderId"), request.params.get("orderId"), when
        )
        verdict = _cancelled(answer)
        if isinstance(verdict, Executed):
            return verdict
        # An id of the caller's own may be that of another cancel, while the order still has its own.
        is_telling = request.is_generated(new_id) or answer.order is None
        if not by_order_id and new_id is not None and is_telling:
            # A cancelled order goes by the id of the cancel; its old id may name another order.
            renamed = yield _status(request, origClientOrderId=new_id)
            if _was_cancelled_as(request, new_id, renamed.order):
                return Executed(renamed.order)
            if answer.order is None and answer.is_final and renamed.order is not None:
                return StaysUnknown("an earlier cancel may have had the same id", renamed.order)
        elif not by_order_id and answer.order is None and answer.is_final:
            return StaysUnknown("no order goes by its client id: a cancel takes that away")
        if verdict is not None:
            return verdict
        when = When.LATER


def _was_cancelled_as(
    request: LostRequest, cancel_id: object, order: dict[str, Any] | None
) -> bool:
    """Whether an order under the id of the request's cancel was cancelled by the request.

    An id of the caller's own may have been given to an earlier cancel, of another order.
    """
    if order is None or order.get("status") != "CANCELED":
        return False
    return request.is_generated(cancel_id) or request.is_since(order.get("updateTime"))


def futures_cancel(request: LostRequest) -> Steps[FinalVerdict]:
    """The cancel of an order on futures, which keeps its client id."""
    when = When.NOW
    while True:
        answer = yield from _status_of_aim(
            request, request.params.get("origClientOrderId"), request.params.get("orderId"), when
        )
        if answer.is_final and answer.hidden_by is not None:
            return StaysUnknown(_AIMED_AT_ANOTHER, answer.hidden_by)
        verdict = _cancelled(answer)
        if verdict is not None:
            return verdict
        when = When.LATER


_ALGO_ORDER = "GET /fapi/v1/algoOrder"


def algo_placed(request: LostRequest) -> Steps[FinalVerdict]:
    """An algo order, which REST alone shows.

    That it shows none proves nothing: no document says when the algo service shows what it took.
    """
    client_id = request.params.get("clientAlgoId")
    if client_id is None or not request.knowledge.has_rest:
        return (yield from cannot_be_asked(request))
    when = When.NOW
    while True:
        answer: Answer = yield Question(_ALGO_ORDER, {"clientAlgoId": client_id}, when)
        algo = answer.order
        if algo is not None and request.is_own(
            client_id, {"time": algo["createTime"]}, is_whole=False
        ):
            return Executed(algo)
        if answer.is_final:
            found = "none" if algo is None else "another one, perhaps,"
            return StaysUnknown(f"REST shows {found} under its client id", algo)
        when = When.LATER


def algo_cancelled(request: LostRequest) -> Steps[FinalVerdict]:
    """The cancel of an algo order, which REST alone shows."""
    by = request.given("algoId") or request.given("clientAlgoId")
    if not by or not request.knowledge.has_rest:
        return (yield from cannot_be_asked(request))
    when = When.NOW
    while True:
        answer: Answer = yield Question(_ALGO_ORDER, by, when)
        algo = answer.order
        if algo is not None:
            status = algo["algoStatus"]
            is_it = (
                "algoId" in by
                or request.is_generated(by["clientAlgoId"])
                # One that was made since may have got the id of the one that was meant.
                or not request.is_since(algo["createTime"])
            )
            if status == "CANCELED" and is_it and request.is_since(algo["updateTime"]):
                return Executed(algo)
            if answer.is_final and not (is_it and status != "CANCELED"):
                return StaysUnknown(
                    "the algo order may be another one, or was cancelled before", algo
                )
            if status != "NEW" and status != "CANCELED" and is_it:
                return NotExecuted(f"the order was {status} before it could be cancelled", algo)
            if answer.is_final:
                return NotExecuted(
                    "the order is open, and the request can no longer be accepted", algo
                )
        elif answer.is_final:
            return StaysUnknown("REST shows no such algo order")
        when = When.LATER


def _cancelled(answer: Answer) -> Executed | NotExecuted | None:
    """Return what an order's status says about its cancel; ``None`` when it may still come."""
    order = answer.order
    if order is None:
        return NotExecuted("no such order") if answer.is_final else None
    status = order.get("status")
    if status == "CANCELED":
        return Executed(order)
    if status in FINAL_STATUSES:
        return NotExecuted(f"the order was {status} before it could be cancelled", order)
    if answer.is_final:
        return NotExecuted("the order is still open", order)
    return None


def all_cancelled(request: LostRequest) -> Steps[FinalVerdict]:
    """The cancel of all open orders of a symbol."""
    # Before the fence nothing is proved: no open orders may mean that there were none, and the
    # request could still come and cancel what is placed next.
    answer: Answer | None = None
    while answer is None or not answer.is_final:
        answer = yield Question("openOrders.status", request.given("symbol"), When.SETTLED)
    for row in answer.rows:
        if request.is_older_order(row):
            return NotExecuted("an order that was open before is still open", row)
    for row in answer.rows:
        if request.is_older_order(row) is None and not request.is_past_patience(row.get("time")):
            return StaysUnknown("an order is open that may have been made before or since", row)
    return Executed([])


def replaced(request: LostRequest) -> Steps[FinalVerdict]:
    """A cancel and a new order in one: each half by itself."""
    client_id = request.params.get("newClientOrderId")
    if client_id is None:
        return StaysUnknown("the new order has no client id to ask for")
    when = When.NOW
    while True:
        answer: Answer = yield _status(request, when, origClientOrderId=client_id)
        new_order = answer.order
        is_own = new_order is not None and _is_new_half(request, client_id, new_order)
        is_hidden = new_order is not None and is_own is False
        if not is_own:
            new_order = None
        was_cancelled, old_order = yield from _old_half(request, client_id)
        if new_order is not None:
            # With STOP_ON_FAILURE the new order is only tried when the cancel was done.
            if request.params.get("cancelReplaceMode") == "STOP_ON_FAILURE":
                was_cancelled = True
            if not was_cancelled:  # a replica that lags may not show it yet
                was_cancelled, old_order = yield from _old_half(request, client_id, When.CAUGHT_UP)
            return _halves(was_cancelled, old_order, new_order)
        if answer.is_final:
            if is_own is None:
                return _MAY_BE_ANOTHERS
            absence = yield from _absence(request, client_id, is_hidden=is_hidden)
            if isinstance(absence, StaysUnknown):
                return absence
            if isinstance(absence, Executed):
                return _halves(was_cancelled, old_order, absence.result)
            if was_cancelled is None:
                return StaysUnknown("the new order was not placed; the old one is not known", None)
            if was_cancelled:
                return _halves(True, old_order, None)
            return NotExecuted("the old order was not cancelled and no new one placed", old_order)
        when = When.LATER


def _is_new_half(request: LostRequest, client_id: str, order: dict[str, Any]) -> bool | None:
    # The new order may take over the client id of the old one.
    if order.get("orderId") == request.params.get("cancelOrderId"):
        return False
    return request.is_own(client_id, order)


def _old_half(
    request: LostRequest, client_id: str, when: When = When.NOW
) -> Steps[tuple[bool | None, dict[str, Any] | None]]:
    """Find out whether the old order was cancelled by the request; ``None`` when nobody knows."""
    cancel_id = request.params.get("cancelNewClientOrderId")
    by_order_id = request.params.get("cancelOrderId")
    if by_order_id is not None:
        answer = yield _status(request, when, orderId=by_order_id)
        order = answer.order
        if order is None or order.get("status") != "CANCELED":
            return False, order
        return cancel_id in (None, order.get("clientOrderId")), order
    old_id = request.params.get("cancelOrigClientOrderId")
    is_telling = request.is_generated(cancel_id)
    if is_telling:
        answer = yield _status(request, when, origClientOrderId=cancel_id)
        if _was_cancelled_as(request, cancel_id, answer.order):
            return True, answer.order
    if old_id == client_id:
        return (False if is_telling else None), None
    answer = yield from _status_of_aim(request, old_id, None, When.NOW if is_telling else when)
    if is_telling or answer.order is not None:
        return False, answer.order
    if cancel_id is not None:
        answer = yield _status(request, origClientOrderId=cancel_id)
        if _was_cancelled_as(request, cancel_id, answer.order):
            return True, answer.order
    return None, None


def _halves(
    was_cancelled: bool | None, old_order: dict[str, Any] | None, new_order: dict[str, Any] | None
) -> Executed:
    cancel_result = {True: "SUCCESS", False: "FAILURE", None: "UNKNOWN"}[was_cancelled]
    return Executed(
        {
            "cancelResult": cancel_result,
            "newOrderResult": "FAILURE" if new_order is None else "SUCCESS",
            "cancelResponse": old_order if was_cancelled else None,
            "newOrderResponse": new_order,
        },
        is_partial=not was_cancelled or new_order is None,
    )


def amended(request: LostRequest) -> Steps[FinalVerdict]:
    """An order made smaller that keeps its place."""
    by_order_id = request.given("orderId")
    old_id, new_id = request.params.get("origClientOrderId"), request.params.get("newClientOrderId")
    when = When.NOW
    while True:
        if by_order_id:
            answer: Answer = yield _status(request, when, **by_order_id)
            is_final = answer.is_final
        else:
            # An amended order goes by the new id alone.
            answer = yield _status(request, when, origClientOrderId=new_id or old_id)
            is_final = answer.is_final
            if answer.order is not None and new_id not in (None, old_id):
                if request.is_generated(new_id):
                    return Executed(answer.order)
                # An id of the caller's own may have been given before: the change itself tells.
                change = yield from _among_amendments(request, answer.order)
                if isinstance(change, Executed):
                    return change
            if new_id not in (None, old_id):
                answer = yield from _status_of_aim(request, old_id, None)
        order = answer.order
        if is_final and order is None:
            if by_order_id:
                return NotExecuted("no such order")
            return StaysUnknown("no order goes by its client id: a cancel takes that away")
        # An order may have had the new quantity before: the change itself tells.
        if order is not None and (
            is_final or same_number(order.get("origQty"), request.params.get("newQty"))
        ):
            change = yield from _among_amendments(request, order)
            if is_final or isinstance(change, Executed):
                return change
        when = When.LATER


def _among_amendments(request: LostRequest, order: dict[str, Any]) -> Steps[FinalVerdict]:
    """Look the amendment up: the quantity may have been amended again since."""
    answer = yield Question(
        "order.amendments", request.given("symbol") | {"orderId": order["orderId"]}
    )
    new_id = request.params.get("newClientOrderId")
    for row in answer.rows:
        if not request.is_younger(row.get("time")) or new_id not in (
            None,
            row.get("newClientOrderId"),
        ):
            continue
        # The exchange does not go below what is filled; a new id tells all the same.
        is_renamed = new_id is not None and new_id != row.get("origClientOrderId")
        if is_renamed or same_number(row.get("newQty"), request.params.get("newQty")):
            return Executed(order)
    return NotExecuted("the order was not amended", order)


def modified(request: LostRequest) -> Steps[FinalVerdict]:
    """Another price or quantity of an order on futures."""
    when = When.NOW
    while True:
        answer = yield from _status_of_aim(
            request, request.params.get("origClientOrderId"), request.params.get("orderId"), when
        )
        order = answer.order
        if order is None:
            if answer.is_final and answer.hidden_by is not None:
                return StaysUnknown(_AIMED_AT_ANOTHER, answer.hidden_by)
            if answer.is_final:
                return NotExecuted("no such order")
        elif _shows_modification(request, order) and request.is_younger(order.get("updateTime")):
            return Executed(order)
        elif order.get("status") in FINAL_STATUSES or answer.is_final:
            doubt = _modification_doubt(request, order)
            if doubt is None:
                return NotExecuted("the order was not changed", order)
            if not request.knowledge.has_rest:
                return StaysUnknown(doubt, order)
            change = yield from _among_changes(request, order)
            if isinstance(change, NotExecuted) and _modification_may_cancel(request, order):
                change = StaysUnknown(doubt, order)
            if answer.is_final or isinstance(change, Executed):
                return change
        when = When.LATER


def _modification_doubt(request: LostRequest, order: dict[str, Any]) -> str | None:
    """Return why an order may have been changed as asked though it does not tell so."""
    if _modification_may_cancel(request, order):
        return "the order has ended, which the change may have caused"
    if _shows_modification(request, order):
        return "the order may have been like that before"
    modify_id = request.params.get("modifyId")
    if modify_id is not None and str(order.get("modifyId")) == str(modify_id):
        return "it shows the change's id, which another change may have had"
    if isinstance(order.get("updateTime"), int) and request.is_younger(order["updateTime"]):
        return "the order has changed since, maybe more than once"
    return None


_CHANGES = {
    Market.USDM: "GET /fapi/v1/orderAmendment",
    Market.COINM: "GET /dapi/v1/orderAmendment",
}
"""Shows how an order was modified, and weighs 1."""

_MOST_CHANGES = 100


def _among_changes(request: LostRequest, order: dict[str, Any]) -> Steps[FinalVerdict]:
    """Look the change up among those of the order: it may have been changed again since."""
    since_ms = (request.sent_us - request.stamp_tolerance_us) // 1000
    answer = yield Question(
        _CHANGES[request.market],
        request.given("symbol")
        | {"orderId": order["orderId"], "startTime": since_ms, "limit": _MOST_CHANGES},
    )
    if answer.result is None:
        return StaysUnknown("REST shows no such order", order)
    found = {_is_the_change(request, row["time"], row["amendment"]) for row in answer.rows}
    if True in found:
        return Executed(order)
    if None in found:
        return StaysUnknown("the order was changed like that, maybe by another request", order)
    if len(answer.rows) >= _MOST_CHANGES:
        return StaysUnknown("the order was changed more often since than is shown", order)
    return NotExecuted("the order was not changed", order)


def _is_the_change(request: LostRequest, made: object, change: dict[str, Any]) -> bool | None:
    """Whether a change of an order is the request's; ``None``: it may be."""
    params = request.params
    if not request.is_younger(made) or request.is_past_patience(made):
        return False
    if not _is_as_asked(request, change["origQty"]["after"], change["price"]["after"]):
        return False
    given, shown = params.get("modifyId"), change.get("modifyId")
    if shown is not None and str(shown) != str(given):
        return False
    # Who follows a price changes an order like that again and again; no price was given for priceMatch.
    is_told = shown is not None or (given is None and params.get("priceMatch") is None)
    return True if is_told and request.is_since(made) else None


def _shows_modification(request: LostRequest, order: dict[str, Any]) -> bool:
    return _is_as_asked(request, order.get("origQty"), order.get("price"))


def _is_as_asked(request: LostRequest, quantity: object, price: object) -> bool:
    params = request.params
    is_price_set = params.get("price") is not None and params.get("priceMatch") is None
    return same_number(quantity, params.get("quantity")) and (
        not is_price_set or same_number(price, params["price"])
    )


def _modification_may_cancel(request: LostRequest, order: dict[str, Any]) -> bool:
    """Whether the exchange may have cancelled the order in place of changing it.

    It does so when no more than the new quantity is filled already, and when a GTX order would take.
    """
    if order.get("status") not in {"CANCELED", "EXPIRED"}:
        return False
    if order.get("timeInForce") == "GTX":
        return True
    return Decimal(order.get("executedQty", 0)) >= Decimal(str(request.params["quantity"]))


def list_placed(request: LostRequest) -> Steps[FinalVerdict]:
    """An order list, by its own id and its orders."""
    list_id = request.params.get("listClientOrderId")
    if list_id is None:
        return StaysUnknown("the order list has no client id to ask for")
    by: dict[str, Any] = {"origClientOrderId": list_id}
    when = When.NOW
    while True:
        answer: Answer = yield Question("orderList.status", by, when)
        if answer.order is not None:
            is_own = yield from _is_own_list(request, answer.order)
            if is_own:
                return Executed(answer.order)
            if is_own is None and answer.is_final:
                return StaysUnknown("the list may be another request's, which had the same id")
        if answer.is_final and "orderListId" not in by:
            # Lists come from the database, orders from memory: one of its orders may be seen first.
            leg = yield from _any_leg(request)
            if leg is None:
                return NotExecuted("no such order list, and the request can no longer be accepted")
            by = {"orderListId": leg["orderListId"]}
        when = When.LATER


def _is_own_list(request: LostRequest, order_list: dict[str, Any]) -> Steps[bool | None]:
    """Find out whether a list was made by the request: its orders tell when that was.

    The time of the list itself moves on as it changes.
    """
    list_id = request.params["listClientOrderId"]
    if request.is_generated(list_id):
        return request.is_own(list_id, {})
    for leg in order_list.get("orders", []):
        shown = yield _status(request, orderId=leg.get("orderId"))
        if shown.order is not None:
            return request.is_own(list_id, shown.order, is_whole=False)
    return None


def _any_leg(request: LostRequest) -> Steps[dict[str, Any] | None]:
    for name, client_id in request.params.items():
        if name.endswith("ClientOrderId") and name != "listClientOrderId":
            answer = yield _status(request, origClientOrderId=client_id)
            if answer.order is not None and (
                request.is_own(client_id, answer.order, is_whole=False) is not False
            ):
                return answer.order
    return None


def list_cancelled(request: LostRequest) -> Steps[FinalVerdict]:
    """The cancel of an order list."""
    by = request.given("orderListId")
    if not by:
        by = {"origClientOrderId": request.params.get("listClientOrderId")}
    when = When.NOW
    while True:
        answer: Answer = yield Question("orderList.status", by, when)
        order_list = answer.order
        is_done = order_list is not None and order_list.get("listOrderStatus") == "ALL_DONE"
        if (
            is_done
            and order_list is not None
            and "orderListId" not in by
            and not request.is_generated(by["origClientOrderId"])
            and not request.is_younger(order_list.get("transactionTime"))
        ):
            # It was done before: the id may be another list's since.
            if answer.is_final:
                return StaysUnknown("another list may have had the same client id", order_list)
        elif is_done and order_list is not None:
            statuses: list[object] = []
            for leg in order_list.get("orders", []):
                shown = yield _status(request, orderId=leg["orderId"])
                statuses.append(None if shown.order is None else shown.order.get("status"))
                if statuses[-1] == "CANCELED":
                    return Executed(order_list)
            # An order that has not ended, in a list that has, is shown as it was.
            if answer.is_final or FINAL_STATUSES.issuperset(statuses):
                return NotExecuted("the list was done before it could be cancelled", order_list)
        if answer.is_final:
            if order_list is None:
                return NotExecuted("no such order list")
            return NotExecuted("the list is still being executed", order_list)
        when = When.LATER


def cannot_be_asked(request: LostRequest) -> Steps[FinalVerdict]:
    """What no question of the WebSocket API shows: only an event or a late answer tells."""
    yield from ()  # a generator without questions
    return StaysUnknown(f"the API has no question for the outcome of {request.method}")
