"""The questions that settle the fate of each kind of change; the table stands in :mod:`fate`."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from binance_wsapi.protocol.order_events import FINAL_STATUSES
from binance_wsapi.protocol.verdict import (
    Answer,
    Ask,
    Case,
    Executed,
    NotExecuted,
    Question,
    StaysUnknown,
    When,
    same_number,
)

__all__ = [
    "Finding",
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

Finding = Executed | NotExecuted | StaysUnknown


def _status(case: Case, when: When = When.NOW, **by: Any) -> Ask:
    return Ask("order.status", case.given("symbol") | by, when)


def _status_of_aim(
    case: Case, client_id: object, order_id: object, when: When = When.NOW
) -> Question[Answer]:
    """Ask for the order that the request was aimed at, by one id or the other."""
    if order_id is not None:
        return (yield _status(case, when, orderId=order_id))
    answer: Answer = yield _status(case, when, origClientOrderId=client_id)
    if answer.order is not None and case.may_be_another(client_id, answer.order):
        return replace(answer, result=None, hidden_by=answer.order)
    return answer


_AIMED_AT_ANOTHER = "the order that goes by its client id may be another one, which had the same id"

_MAY_BE_ANOTHERS = StaysUnknown(
    "the order that goes by its client id may be another request's, which had the same id"
)


def order_placed(case: Case) -> Question[Finding]:
    """An order: on Spot, futures, and by smart order routing."""
    client_id = case.params.get("newClientOrderId")
    if client_id is None:
        return StaysUnknown("the order has no client id to ask for")
    when = When.NOW
    while True:
        answer: Answer = yield _status(case, when, origClientOrderId=client_id)
        is_own = answer.order is not None and case.is_own(client_id, answer.order)
        if is_own:
            return Executed(answer.order)
        if answer.is_final:
            if is_own is None:
                return _MAY_BE_ANOTHERS
            return (yield from _absence(case, client_id, is_hidden=answer.order is not None))
        when = When.LATER


def _absence(case: Case, client_id: str, *, is_hidden: bool) -> Question[Finding]:
    """Confirm that no order was made, though none goes by the client id.

    On Spot cancels and amendments give an order another id, often a random one: an order that was
    placed and then touched by others is found among the orders of the symbol only.

    Args:
        case: The request.
        client_id: The id.
        is_hidden: Another order goes by the id, and may stand before this one.
    """
    if case.market.facts.cancels_rename:
        since_ms = (case.sent_us - case.stamp_tolerance_us) // 1000
        answer = yield Ask("allOrders", case.given("symbol") | {"startTime": since_ms})
        rows = [
            row
            for row in answer.rows
            if case.is_younger(row.get("time"))
            and not _is_replaced_order(case, row)
            and not case.is_of_another(row)
        ]
        for row in rows:
            is_own = row.get("clientOrderId") == client_id and case.is_own(client_id, row)
            if is_own:
                return Executed(row)
            if is_own is None:
                return _MAY_BE_ANOTHERS
        for row in rows:
            if case.is_alike(row, amended=True) and (yield from _was_named(case, client_id, row)):
                return Executed(row) if case.is_own(client_id, row) else _MAY_BE_ANOTHERS
        for row in rows:
            if row.get("status") == "CANCELED" and case.is_alike(row):
                return StaysUnknown(
                    "no order goes by its client id, but one like it was made since and cancelled, "
                    "which may have given it another id",
                    row,
                )
    elif is_hidden:
        return StaysUnknown("another order goes by its client id, and may stand before this one")
    return NotExecuted("no such order, and the request can no longer be accepted")


def _is_replaced_order(case: Case, row: dict[str, Any]) -> bool:
    """Whether the row is the order that a cancel-replace was to cancel."""
    params = case.params
    replaced_ids = (params.get("cancelOrderId"), params.get("cancelNewClientOrderId"))
    return any(
        given is not None and given == shown
        for given, shown in zip(
            replaced_ids, (row.get("orderId"), row.get("clientOrderId")), strict=True
        )
    )


def _was_named(case: Case, client_id: str, row: dict[str, Any]) -> Question[bool]:
    """Find out whether an order had the client id before it was amended."""
    answer = yield Ask("order.amendments", case.given("symbol") | {"orderId": row["orderId"]})
    return any(amendment.get("origClientOrderId") == client_id for amendment in answer.rows)


def spot_cancel(case: Case) -> Question[Finding]:
    """The cancel of an order on Spot, which gives it another client id."""
    by_order_id = case.given("orderId")
    new_id = case.params.get("newClientOrderId")
    when = When.NOW
    while True:
        answer = yield from _status_of_aim(
            case, case.params.get("origClientOrderId"), case.params.get("orderId"), when
        )
        finding = _cancelled(answer)
        if isinstance(finding, Executed):
            return finding
        # An id of the caller's own may be that of another cancel, while the order still has its own.
        is_telling = case.is_generated(new_id) or answer.order is None
        if not by_order_id and new_id is not None and is_telling:
            # A cancelled order goes by the id of the cancel; its old id may name another order.
            renamed = yield _status(case, origClientOrderId=new_id)
            if _was_cancelled_as(case, new_id, renamed.order):
                return Executed(renamed.order)
            if answer.order is None and answer.is_final and renamed.order is not None:
                return StaysUnknown("an earlier cancel may have had the same id", renamed.order)
        elif not by_order_id and answer.order is None and answer.is_final:
            return StaysUnknown("no order goes by its client id: a cancel takes that away")
        if finding is not None:
            return finding
        when = When.LATER


def _was_cancelled_as(case: Case, cancel_id: object, order: dict[str, Any] | None) -> bool:
    """Whether an order under the id of the request's cancel was cancelled by the request.

    An id of the caller's own may have been given to an earlier cancel, of another order.
    """
    if order is None or order.get("status") != "CANCELED":
        return False
    return case.is_generated(cancel_id) or case.is_since(order.get("updateTime"))


def futures_cancel(case: Case) -> Question[Finding]:
    """The cancel of an order on futures, which keeps its client id."""
    when = When.NOW
    while True:
        answer = yield from _status_of_aim(
            case, case.params.get("origClientOrderId"), case.params.get("orderId"), when
        )
        if answer.is_final and answer.hidden_by is not None:
            return StaysUnknown(_AIMED_AT_ANOTHER, answer.hidden_by)
        finding = _cancelled(answer)
        if finding is not None:
            return finding
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


def all_cancelled(case: Case) -> Question[Finding]:
    """The cancel of all open orders of a symbol."""
    # Before the fence nothing is proved: no open orders may mean that there were none, and the
    # request could still come and cancel what is placed next.
    answer: Answer | None = None
    while answer is None or not answer.is_final:
        answer = yield Ask("openOrders.status", case.given("symbol"), When.SETTLED)
    for row in answer.rows:
        if case.is_older_order(row):
            return NotExecuted("an order that was open before is still open", row)
    for row in answer.rows:
        if case.is_older_order(row) is None and not case.is_past_patience(row.get("time")):
            return StaysUnknown("an order is open that may have been made before or since", row)
    return Executed([])


def replaced(case: Case) -> Question[Finding]:
    """A cancel and a new order in one: each half by itself."""
    client_id = case.params.get("newClientOrderId")
    if client_id is None:
        return StaysUnknown("the new order has no client id to ask for")
    when = When.NOW
    while True:
        answer: Answer = yield _status(case, when, origClientOrderId=client_id)
        new_order = answer.order
        is_own = new_order is not None and _is_new_half(case, client_id, new_order)
        is_hidden = new_order is not None and is_own is False
        if not is_own:
            new_order = None
        was_cancelled, old_order = yield from _old_half(case, client_id)
        if new_order is not None:
            # With STOP_ON_FAILURE the new order is only tried when the cancel was done.
            if case.params.get("cancelReplaceMode") == "STOP_ON_FAILURE":
                was_cancelled = True
            if not was_cancelled:  # a replica that lags may not show it yet
                was_cancelled, old_order = yield from _old_half(case, client_id, When.CAUGHT_UP)
            return _halves(was_cancelled, old_order, new_order)
        if answer.is_final:
            if is_own is None:
                return _MAY_BE_ANOTHERS
            absence = yield from _absence(case, client_id, is_hidden=is_hidden)
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


def _is_new_half(case: Case, client_id: str, order: dict[str, Any]) -> bool | None:
    # The new order may take over the client id of the old one.
    if order.get("orderId") == case.params.get("cancelOrderId"):
        return False
    return case.is_own(client_id, order)


def _old_half(
    case: Case, client_id: str, when: When = When.NOW
) -> Question[tuple[bool | None, dict[str, Any] | None]]:
    """Find out whether the old order was cancelled by the request; ``None`` when nobody knows."""
    cancel_id = case.params.get("cancelNewClientOrderId")
    by_order_id = case.params.get("cancelOrderId")
    if by_order_id is not None:
        answer = yield _status(case, when, orderId=by_order_id)
        order = answer.order
        if order is None or order.get("status") != "CANCELED":
            return False, order
        return cancel_id in (None, order.get("clientOrderId")), order
    old_id = case.params.get("cancelOrigClientOrderId")
    is_telling = case.is_generated(cancel_id)
    if is_telling:
        answer = yield _status(case, when, origClientOrderId=cancel_id)
        if _was_cancelled_as(case, cancel_id, answer.order):
            return True, answer.order
    if old_id == client_id:
        return (False if is_telling else None), None
    answer = yield from _status_of_aim(case, old_id, None, When.NOW if is_telling else when)
    if is_telling or answer.order is not None:
        return False, answer.order
    if cancel_id is not None:
        answer = yield _status(case, origClientOrderId=cancel_id)
        if _was_cancelled_as(case, cancel_id, answer.order):
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


def amended(case: Case) -> Question[Finding]:
    """An order made smaller that keeps its place."""
    by_order_id = case.given("orderId")
    old_id, new_id = case.params.get("origClientOrderId"), case.params.get("newClientOrderId")
    when = When.NOW
    while True:
        if by_order_id:
            answer: Answer = yield _status(case, when, **by_order_id)
            is_final = answer.is_final
        else:
            # An amended order goes by the new id alone.
            answer = yield _status(case, when, origClientOrderId=new_id or old_id)
            is_final = answer.is_final
            if answer.order is not None and new_id not in (None, old_id):
                if case.is_generated(new_id):
                    return Executed(answer.order)
                # An id of the caller's own may have been given before: the change itself tells.
                change = yield from _among_amendments(case, answer.order)
                if isinstance(change, Executed):
                    return change
            if new_id not in (None, old_id):
                answer = yield from _status_of_aim(case, old_id, None)
        order = answer.order
        if is_final and order is None:
            if by_order_id:
                return NotExecuted("no such order")
            return StaysUnknown("no order goes by its client id: a cancel takes that away")
        # An order may have had the new quantity before: the change itself tells.
        if order is not None and (
            is_final or same_number(order.get("origQty"), case.params.get("newQty"))
        ):
            change = yield from _among_amendments(case, order)
            if is_final or isinstance(change, Executed):
                return change
        when = When.LATER


def _among_amendments(case: Case, order: dict[str, Any]) -> Question[Finding]:
    """Look the amendment up: the quantity may have been amended again since."""
    answer = yield Ask("order.amendments", case.given("symbol") | {"orderId": order["orderId"]})
    new_id = case.params.get("newClientOrderId")
    for row in answer.rows:
        if not case.is_younger(row.get("time")) or new_id not in (
            None,
            row.get("newClientOrderId"),
        ):
            continue
        # The exchange does not go below what is filled; a new id tells all the same.
        is_renamed = new_id is not None and new_id != row.get("origClientOrderId")
        if is_renamed or same_number(row.get("newQty"), case.params.get("newQty")):
            return Executed(order)
    return NotExecuted("the order was not amended", order)


def modified(case: Case) -> Question[Finding]:
    """Another price or quantity of an order on futures."""
    params = case.params
    when = When.NOW
    while True:
        answer = yield from _status_of_aim(
            case, case.params.get("origClientOrderId"), case.params.get("orderId"), when
        )
        order = answer.order
        if order is None:
            if answer.is_final and answer.hidden_by is not None:
                return StaysUnknown(_AIMED_AT_ANOTHER, answer.hidden_by)
            if answer.is_final:
                return NotExecuted("no such order")
        elif _shows_modification(case, order):
            if case.is_younger(order.get("updateTime")):
                return Executed(order)
            if answer.is_final:
                return StaysUnknown("the order may have been like that before", order)
        elif order.get("status") in FINAL_STATUSES or answer.is_final:
            ended = order.get("status") in {"CANCELED", "EXPIRED"}
            if ended and _modification_may_cancel(order, params.get("quantity")):
                return StaysUnknown("the order has ended, which the change may have caused", order)
            modify_id = params.get("modifyId")
            if modify_id is not None and str(order.get("modifyId")) == str(modify_id):
                return StaysUnknown(
                    "it shows the change's id, which another change may have had", order
                )
            if isinstance(order.get("updateTime"), int) and case.is_younger(order["updateTime"]):
                return StaysUnknown("the order has changed since, maybe more than once", order)
            return NotExecuted("the order was not changed", order)
        when = When.LATER


def _shows_modification(case: Case, order: dict[str, Any]) -> bool:
    is_price_set = case.params.get("price") is not None and not case.given("priceMatch")
    return same_number(order.get("origQty"), case.params.get("quantity")) and (
        not is_price_set or same_number(order.get("price"), case.params.get("price"))
    )


def _modification_may_cancel(order: dict[str, Any], quantity: object) -> bool:
    """Whether the exchange may have cancelled the order in place of changing it.

    It does so when no more than the new quantity is filled already, and when a GTX order would take.
    """
    if order.get("timeInForce") == "GTX":
        return True
    return Decimal(order.get("executedQty", 0)) >= Decimal(str(quantity))


def list_placed(case: Case) -> Question[Finding]:
    """An order list, by its own id and its orders."""
    list_id = case.params.get("listClientOrderId")
    if list_id is None:
        return StaysUnknown("the order list has no client id to ask for")
    by: dict[str, Any] = {"origClientOrderId": list_id}
    when = When.NOW
    while True:
        answer: Answer = yield Ask("orderList.status", by, when)
        if answer.order is not None:
            is_own = yield from _is_own_list(case, answer.order)
            if is_own:
                return Executed(answer.order)
            if is_own is None and answer.is_final:
                return StaysUnknown("the list may be another request's, which had the same id")
        if answer.is_final and "orderListId" not in by:
            # Lists come from the database, orders from memory: one of its orders may be seen first.
            leg = yield from _any_leg(case)
            if leg is None:
                return NotExecuted("no such order list, and the request can no longer be accepted")
            by = {"orderListId": leg["orderListId"]}
        when = When.LATER


def _is_own_list(case: Case, order_list: dict[str, Any]) -> Question[bool | None]:
    """Find out whether a list was made by the request: its orders tell when that was.

    The time of the list itself moves on as it changes.
    """
    list_id = case.params["listClientOrderId"]
    if case.is_generated(list_id):
        return case.is_own(list_id, {})
    for leg in order_list.get("orders", []):
        shown = yield _status(case, orderId=leg.get("orderId"))
        if shown.order is not None:
            return case.is_own(list_id, shown.order, is_whole=False)
    return None


def _any_leg(case: Case) -> Question[dict[str, Any] | None]:
    for name, client_id in case.params.items():
        if name.endswith("ClientOrderId") and name != "listClientOrderId":
            answer = yield _status(case, origClientOrderId=client_id)
            if answer.order is not None and (
                case.is_own(client_id, answer.order, is_whole=False) is not False
            ):
                return answer.order
    return None


def list_cancelled(case: Case) -> Question[Finding]:
    """The cancel of an order list."""
    by = case.given("orderListId")
    if not by:
        by = {"origClientOrderId": case.params.get("listClientOrderId")}
    when = When.NOW
    while True:
        answer: Answer = yield Ask("orderList.status", by, when)
        order_list = answer.order
        is_done = order_list is not None and order_list.get("listOrderStatus") == "ALL_DONE"
        if (
            is_done
            and order_list is not None
            and "orderListId" not in by
            and not case.is_generated(by["origClientOrderId"])
            and not case.is_younger(order_list.get("transactionTime"))
        ):
            # It was done before: the id may be another list's since.
            if answer.is_final:
                return StaysUnknown("another list may have had the same client id", order_list)
        elif is_done and order_list is not None:
            statuses: list[object] = []
            for leg in order_list.get("orders", []):
                shown = yield _status(case, orderId=leg["orderId"])
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


def cannot_be_asked(case: Case) -> Question[Finding]:
    """What no question of the WebSocket API shows: only an event or a late answer tells."""
    yield from ()  # a generator without questions
    return StaysUnknown(f"the API has no question for the outcome of {case.method}")
