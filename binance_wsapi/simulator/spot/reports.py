"""Orders in the shapes of answers: placements, cancellations, queries, lists, and their rows.

Fields stand in the order of the official samples. Conditional fields come only with their condition.
"""

from __future__ import annotations

from typing import Any

from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.spot.money import ZERO
from binance_wsapi.simulator.spot.orders import (
    Amendment,
    Fill,
    Order,
    OrderList,
    PreventedMatch,
)

__all__ = [
    "acknowledgement",
    "allocation_row",
    "amended",
    "amendment_row",
    "cancelled",
    "list_summary",
    "placed",
    "prevented_row",
    "queried",
    "trade_row",
]


def moment(us: int) -> Micros | int:
    """Return a timestamp, or -1 for a moment that has not come."""
    return Micros(us) if us >= 0 else -1


def placed(order: Order, response_type: str, now_us: int) -> dict[str, Any]:
    """Return the answer to a placement: ``ACK``, ``RESULT`` or ``FULL``."""
    if response_type == "ACK":
        return acknowledgement(order, now_us)
    answer = {**acknowledgement(order, now_us), **_state(order)}
    answer.update(_conditions(order, shows_match_id=response_type != "FULL"))
    answer["workingTime"] = moment(order.working_us)
    if response_type == "FULL":
        answer["fills"] = [_fill(fill) for fill in order.fills]
        if order.prevented_matches:
            answer["preventedMatches"] = [_prevented(one) for one in order.prevented_matches]
    answer.update(_endings(order))
    return answer


def acknowledgement(order: Order, now_us: int) -> dict[str, Any]:
    """Return the shortest answer: the order's ids."""
    return {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": order.order_list_id,
        "clientOrderId": order.client_order_id,
        "transactTime": Micros(now_us),
    }


def cancelled(order: Order, original_client_order_id: str, now_us: int) -> dict[str, Any]:
    """Return the answer to a cancellation of one order."""
    answer = {
        "symbol": order.symbol,
        "origClientOrderId": original_client_order_id,
        "orderId": order.order_id,
        "orderListId": order.order_list_id,
        "clientOrderId": order.client_order_id,
        "transactTime": Micros(now_us),
        **_state(order),
    }
    answer.update(_conditions(order))
    answer.update(_endings(order))
    return answer


def queried(order: Order) -> dict[str, Any]:
    """Return the order as ``order.status`` and the lists of orders show it."""
    answer: dict[str, Any] = {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": order.order_list_id,
        "clientOrderId": order.client_order_id,
        "price": order.price,
        "origQty": order.quantity if order.quantity is not None else ZERO,
        "executedQty": order.executed,
        "cummulativeQuoteQty": order.quote_executed,
        "status": order.status,
        "timeInForce": order.time_in_force,
        "type": order.type,
        "side": order.side,
        "stopPrice": order.stop_price if order.stop_price is not None else ZERO,
    }
    if order.trailing_delta is not None:
        answer["trailingDelta"] = order.trailing_delta
        answer["trailingTime"] = moment(order.trailing_us)
    answer["icebergQty"] = order.iceberg_quantity if order.iceberg_quantity is not None else ZERO
    answer["time"] = Micros(order.created_us)
    answer["updateTime"] = Micros(order.updated_us)
    answer["isWorking"] = order.is_working
    answer["workingTime"] = moment(order.working_us)
    answer["origQuoteOrderQty"] = order.quote_quantity if order.quote_quantity is not None else ZERO
    answer.update(_strategy(order))
    answer.update(_pegging(order))
    answer.update(_endings(order))
    if order.prevented:
        answer["preventedMatchId"] = order.prevented_match_id
    return answer


def amended(order: Order, original_client_order_id: str) -> dict[str, Any]:
    """Return the order as the answer to its amendment shows it."""
    answer: dict[str, Any] = {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": order.order_list_id,
        "origClientOrderId": original_client_order_id,
        "clientOrderId": order.client_order_id,
        "price": order.price,
        "qty": order.quantity,
        "executedQty": order.executed,
        "preventedQty": order.prevented,
        "quoteOrderQty": order.quote_quantity if order.quote_quantity is not None else ZERO,
        "cumulativeQuoteQty": order.quote_executed,
        "status": order.status,
        "timeInForce": order.time_in_force,
        "type": order.type,
        "side": order.side,
    }
    answer.update(_conditions(order, shows_match_id=False))
    answer["workingTime"] = moment(order.working_us)
    answer["selfTradePreventionMode"] = order.prevention_mode
    return answer


def list_summary(order_list: OrderList) -> dict[str, Any]:
    """Return an order list without its orders' reports."""
    return {
        "orderListId": order_list.order_list_id,
        "contingencyType": order_list.contingency_type,
        "listStatusType": order_list.status_type,
        "listOrderStatus": order_list.order_status,
        "listClientOrderId": order_list.client_order_id,
        "transactionTime": Micros(order_list.updated_us),
        "symbol": order_list.symbol,
        "orders": [
            {
                "symbol": order.symbol,
                "orderId": order.order_id,
                "clientOrderId": order.client_order_id,
            }
            for order in order_list.orders
        ],
    }


def trade_row(fill: Fill) -> dict[str, Any]:
    """Return a row of ``myTrades``."""
    return {
        "symbol": fill.symbol,
        "id": fill.trade_id,
        "orderId": fill.order_id,
        "orderListId": fill.order_list_id,
        "price": fill.price,
        "qty": fill.quantity,
        "quoteQty": fill.quote_quantity,
        "commission": fill.commission,
        "commissionAsset": fill.commission_asset,
        "time": Micros(fill.time_us),
        "isBuyer": fill.is_buyer,
        "isMaker": fill.is_maker,
        "isBestMatch": True,
    }


def allocation_row(fill: Fill) -> dict[str, Any]:
    """Return a row of ``myAllocations``."""
    return {
        "symbol": fill.symbol,
        "allocationId": fill.allocation_id,
        "allocationType": "SOR",
        "orderId": fill.order_id,
        "orderListId": fill.order_list_id,
        "price": fill.price,
        "qty": fill.quantity,
        "quoteQty": fill.quote_quantity,
        "commission": fill.commission,
        "commissionAsset": fill.commission_asset,
        "time": Micros(fill.time_us),
        "isBuyer": fill.is_buyer,
        "isMaker": fill.is_maker,
        "isAllocator": False,
    }


def prevented_row(match: PreventedMatch) -> dict[str, Any]:
    """Return a row of ``myPreventedMatches``."""
    row: dict[str, Any] = {
        "symbol": match.symbol,
        "preventedMatchId": match.prevented_match_id,
        "takerOrderId": match.taker_order_id,
        "makerSymbol": match.maker_symbol,
        "makerOrderId": match.maker_order_id,
        "tradeGroupId": match.trade_group_id,
        "selfTradePreventionMode": match.mode,
        "price": match.price,
    }
    row.update(_prevented_quantities(match))
    row["transactTime"] = Micros(match.time_us)
    return row


def amendment_row(amendment: Amendment) -> dict[str, Any]:
    """Return a row of ``order.amendments``."""
    return {
        "symbol": amendment.symbol,
        "orderId": amendment.order_id,
        "executionId": amendment.execution_id,
        "origClientOrderId": amendment.original_client_order_id,
        "newClientOrderId": amendment.new_client_order_id,
        "origQty": amendment.original_quantity,
        "newQty": amendment.new_quantity,
        "time": Micros(amendment.time_us),
    }


def _state(order: Order) -> dict[str, Any]:
    state: dict[str, Any] = {"price": order.price}
    if order.quantity is not None:
        state["origQty"] = order.quantity
    state["executedQty"] = order.executed
    state["origQuoteOrderQty"] = order.quote_quantity if order.quote_quantity is not None else ZERO
    state["cummulativeQuoteQty"] = order.quote_executed
    state["status"] = order.status
    state["timeInForce"] = order.time_in_force
    state["type"] = order.type
    state["side"] = order.side
    return state


def _conditions(order: Order, *, shows_match_id: bool = True) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if order.stop_price is not None or order.is_algo:
        fields["stopPrice"] = order.stop_price if order.stop_price is not None else ZERO
    if order.trailing_delta is not None:
        fields["trailingDelta"] = order.trailing_delta
        fields["trailingTime"] = moment(order.trailing_us)
    if order.iceberg_quantity is not None:
        fields["icebergQty"] = order.iceberg_quantity
    fields.update(_strategy(order))
    fields.update(_pegging(order))
    if shows_match_id and order.prevented:
        fields["preventedMatchId"] = order.prevented_match_id
    return fields


def _strategy(order: Order) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if order.strategy_id is not None:
        fields["strategyId"] = order.strategy_id
    if order.strategy_type is not None:
        fields["strategyType"] = order.strategy_type
    return fields


def _pegging(order: Order) -> dict[str, Any]:
    if order.peg is None:
        return {}
    fields: dict[str, Any] = {"pegPriceType": order.peg.price_type}
    if order.peg.offset_type is not None:
        fields["pegOffsetType"] = order.peg.offset_type
        fields["pegOffsetValue"] = order.peg.offset_value
    if order.pegged_price is not None:
        fields["peggedPrice"] = order.pegged_price
    return fields


def _endings(order: Order) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if order.used_sor:
        fields["workingFloor"] = order.working_floor
    fields["selfTradePreventionMode"] = order.prevention_mode
    if order.prevented:
        if order.account.trade_group_id != -1:
            fields["tradeGroupId"] = order.account.trade_group_id
        fields["preventedQuantity"] = order.prevented
    if order.used_sor:
        fields["usedSor"] = True
    if order.expiry_reason is not None:
        fields["expiryReason"] = order.expiry_reason
    return fields


def _fill(fill: Fill) -> dict[str, Any]:
    row: dict[str, Any] = {}
    if fill.allocation_id is not None:
        row["matchType"] = "ONE_PARTY_TRADE_REPORT"
    row["price"] = fill.price
    row["qty"] = fill.quantity
    row["commission"] = fill.commission
    row["commissionAsset"] = fill.commission_asset
    row["tradeId"] = fill.trade_id
    if fill.allocation_id is not None:
        row["allocId"] = fill.allocation_id
    return row


def _prevented(match: PreventedMatch) -> dict[str, Any]:
    row: dict[str, Any] = {
        "preventedMatchId": match.prevented_match_id,
        "makerSymbol": match.maker_symbol,
        "makerOrderId": match.maker_order_id,
        "price": match.price,
    }
    row.update(_prevented_quantities(match))
    return row


def _prevented_quantities(match: PreventedMatch) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if match.taker_prevented_quantity is not None:
        fields["takerPreventedQuantity"] = match.taker_prevented_quantity
    if match.maker_prevented_quantity is not None:
        fields["makerPreventedQuantity"] = match.maker_prevented_quantity
    return fields
