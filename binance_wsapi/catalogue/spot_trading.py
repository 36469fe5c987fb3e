"""Spot: placing, cancelling and changing orders and order lists."""

from __future__ import annotations

from binance_wsapi.catalogue import fates, order_legs
from binance_wsapi.catalogue import params as p
from binance_wsapi.catalogue.operation import (
    Forbids,
    Kind,
    Needs,
    Operation,
    Security,
    Weight,
    WeightStep,
)
from binance_wsapi.markets import Market
from binance_wsapi.models import cancel_replace, enums, order, order_list

__all__ = ["OPERATIONS"]

_LIMIT_TYPES = ("LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT")
_TRIGGERED_TYPES = ("STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")

_ORDER_WEIGHT = Weight.fixed(1, on_success=0)
_TEST_WEIGHT = Weight((WeightStep(20, "computeCommissionRates", low=1), WeightStep(1)))

_ICEBERG_NOTE = "Only LIMIT and LIMIT_MAKER orders can be icebergs, with ``time_in_force`` GTC."
_PEG_NOTE = (
    "Pegs are for LIMIT, LIMIT_MAKER, STOP_LOSS_LIMIT and TAKE_PROFIT_LIMIT; a pegged order may leave "
    "its price out."
)
_CLIENT_ID_NOTE = (
    "A client order id is unique among open orders only: a filled order's id can be used again."
)
_TWO_IDS_NOTE = (
    "With both ids sent they must belong to the same order; the exchange's id alone is fastest."
)
_CANCELS_LIST_NOTE = "Cancelling an order of an order list cancels the whole list."
_WORKING_NOTE = (
    "The working order is alone on the book until it is filled; then the pending orders follow. "
    "Cancelling one order of the list ends the others."
)
_OPO_NOTE = (
    "Pending orders carry no quantity: they sell what the working order bought, less commission."
)
_OCO_NOTE = (
    "One of the pair is LIMIT_MAKER, TAKE_PROFIT or TAKE_PROFIT_LIMIT, the other STOP_LOSS or "
    "STOP_LOSS_LIMIT."
)


def _rules(prefix: str, *types: str) -> tuple[Needs, ...]:
    """Return what an order of each of these types needs, beside its quantity."""
    type_, time_in_force, price, peg, stop_price, trailing_delta = (
        p.camel(f"{prefix}_{name}" if prefix else name)
        for name in (
            "type",
            "time_in_force",
            "price",
            "peg_price_type",
            "stop_price",
            "trailing_delta",
        )
    )
    rules: list[Needs] = []
    for order_type in types:
        when = {type_: order_type}
        if order_type in _LIMIT_TYPES:
            rules.append(Needs((time_in_force,), when))
        if order_type in (*_LIMIT_TYPES, "LIMIT_MAKER"):
            rules.append(Needs((price, peg), when))
        if order_type in _TRIGGERED_TYPES:
            rules.append(Needs((stop_price, trailing_delta), when))
    return tuple(rules)


_ORDER_TYPES = tuple(each.value for each in enums.OrderType)
_PAIR_TYPES = ("LIMIT_MAKER", *_TRIGGERED_TYPES)

_ORDER_RULES = (
    *_rules("", *_ORDER_TYPES),
    Needs(("quantity", "quoteOrderQty"), {"type": "MARKET"}),
    *(Needs(("quantity",), {"type": each}) for each in _ORDER_TYPES if each != "MARKET"),
)
_ORDER_FORBIDS = (
    Forbids(("timeInForce",), "type", ("MARKET", "LIMIT_MAKER")),
    Forbids(("price",), "type", ("MARKET",)),
    Forbids(("quoteOrderQty",), "type", tuple(each for each in _ORDER_TYPES if each != "MARKET")),
    Forbids(
        ("pegPriceType", "pegOffsetValue", "pegOffsetType"),
        "type",
        ("MARKET", "STOP_LOSS", "TAKE_PROFIT"),
    ),
)
_SOR_FORBIDS = (Forbids(("price", "timeInForce"), "type", ("MARKET",)),)
_SOR_RULES = (Needs(("timeInForce",), {"type": "LIMIT"}), Needs(("price",), {"type": "LIMIT"}))
_PEG_TOGETHER = ("pegOffsetType", "pegOffsetValue")
_WORKING_PEG_TOGETHER = ("workingPegOffsetType", "workingPegOffsetValue")
_WORKING_RULES = (
    Needs(("workingTimeInForce",), {"workingType": "LIMIT"}),
    Needs(("workingPrice", "workingPegPriceType")),
)
_PENDING_PAIR_TOGETHER = (
    ("pendingAbovePegOffsetType", "pendingAbovePegOffsetValue"),
    ("pendingBelowPegOffsetType", "pendingBelowPegOffsetValue"),
    _WORKING_PEG_TOGETHER,
)
_PENDING_PAIR_RULES = (
    *_WORKING_RULES,
    *_rules("pending_above", *_PAIR_TYPES),
    *_rules("pending_below", *_PAIR_TYPES),
)

_NEW_ORDER = (
    p.required(p.SYMBOL),
    p.required(p.SIDE),
    p.required(p.ORDER_TYPE),
    p.TIME_IN_FORCE,
    p.PRICE,
    p.QUANTITY,
    p.QUOTE_ORDER_QTY,
    p.NEW_CLIENT_ORDER_ID,
    p.but(p.NEW_ORDER_RESP_TYPE, default="FULL for LIMIT and MARKET, else ACK"),
    p.STOP_PRICE,
    p.TRAILING_DELTA,
    p.ICEBERG_QTY,
    p.STRATEGY_ID,
    p.STRATEGY_TYPE,
    p.SELF_TRADE_PREVENTION_MODE,
    p.PEG_PRICE_TYPE,
    p.PEG_OFFSET_VALUE,
    p.PEG_OFFSET_TYPE,
)
_NEW_SOR_ORDER = (
    p.required(p.SYMBOL),
    p.required(p.SIDE),
    p.required(p.but(p.ORDER_TYPE, values=("LIMIT", "MARKET"))),
    p.TIME_IN_FORCE,
    p.PRICE,
    p.required(p.QUANTITY),
    p.NEW_CLIENT_ORDER_ID,
    p.but(p.NEW_ORDER_RESP_TYPE, default="FULL"),
    p.ICEBERG_QTY,
    p.STRATEGY_ID,
    p.STRATEGY_TYPE,
    p.SELF_TRADE_PREVENTION_MODE,
)

_LEG_CLIENT_ORDER_ID = p.param(
    "client_order_id",
    Kind.STRING,
    "Your id for it.",
    default="made by the library",
    pattern=p.CLIENT_ID_PATTERN,
    max_length=36,
)
_LEG_TYPE = p.required(p.but(p.ORDER_TYPE, "Type."))
_LEG_SIDE = p.required(p.but(p.SIDE, "Side."))
_PAIR_LEG_TYPE = p.but(_LEG_TYPE, values=_PAIR_TYPES)
_LEG_QUANTITY = p.required(p.QUANTITY)
_PAIR_LEG = (
    _LEG_CLIENT_ORDER_ID,
    p.ICEBERG_QTY,
    p.PRICE,
    p.STOP_PRICE,
    p.TRAILING_DELTA,
    p.TIME_IN_FORCE,
    p.STRATEGY_ID,
    p.STRATEGY_TYPE,
    p.PEG_PRICE_TYPE,
    p.PEG_OFFSET_TYPE,
    p.PEG_OFFSET_VALUE,
)
_WORKING_LEG = p.leg(
    "working",
    "working order",
    (
        p.but(_LEG_TYPE, values=("LIMIT", "LIMIT_MAKER")),
        _LEG_SIDE,
        _LEG_CLIENT_ORDER_ID,
        p.PRICE,
        _LEG_QUANTITY,
        p.ICEBERG_QTY,
        p.TIME_IN_FORCE,
        p.STRATEGY_ID,
        p.STRATEGY_TYPE,
        p.PEG_PRICE_TYPE,
        p.PEG_OFFSET_TYPE,
        p.PEG_OFFSET_VALUE,
    ),
)
_LIST_HEAD = (
    p.required(p.SYMBOL),
    p.NEW_LIST_CLIENT_ORDER_ID,
    p.NEW_ORDER_RESP_TYPE,
    p.SELF_TRADE_PREVENTION_MODE,
)
_PENDING_PAIR = (
    *p.leg("pending_above", "pending order above", (_PAIR_LEG_TYPE, *_PAIR_LEG)),
    *p.leg(
        "pending_below",
        "pending order below",
        (p.but(_PAIR_LEG_TYPE, required=False), *_PAIR_LEG),
    ),
)
_PENDING_PAIR_CLIENT_IDS = (
    "listClientOrderId",
    "workingClientOrderId",
    "pendingAboveClientOrderId",
    "pendingBelowClientOrderId",
)
_PENDING_CLIENT_IDS = ("listClientOrderId", "workingClientOrderId", "pendingClientOrderId")

_SUBMIT_NEW_ORDER = Operation(
    market=Market.SPOT,
    method="order.place",
    name="submit_new_order",
    title="Place an order.",
    security=Security.TRADE,
    params=(*_NEW_ORDER, *p.AUTH),
    result=order.PlacedOrder,
    weight=_ORDER_WEIGHT,
    signed=True,
    fate=fates.ORDER_PLACED,
    legs=order_legs.SINGLE,
    order_count=1,
    client_ids=("newClientOrderId",),
    needs=_ORDER_RULES,
    forbids=_ORDER_FORBIDS,
    together=(_PEG_TOGETHER,),
    notes=(_ICEBERG_NOTE, _PEG_NOTE, _CLIENT_ID_NOTE),
)

_TEST_ORDER = Operation(
    market=Market.SPOT,
    method="order.test",
    name="test_order",
    title="Check an order without placing it.",
    security=Security.TRADE,
    params=(*_NEW_ORDER, p.COMPUTE_COMMISSION_RATES, *p.AUTH),
    result=order.OrderTestResult,
    weight=_TEST_WEIGHT,
    signed=True,
    legs=order_legs.SINGLE,
    needs=_ORDER_RULES,
    forbids=_ORDER_FORBIDS,
    together=(_PEG_TOGETHER,),
    notes=("It does not reach the matching engine: balances and prices are not looked at.",),
)

_CANCEL_ORDER = Operation(
    market=Market.SPOT,
    method="order.cancel",
    name="cancel_order",
    title="Cancel an order.",
    security=Security.TRADE,
    params=(
        p.required(p.SYMBOL),
        p.ORDER_ID,
        p.ORIG_CLIENT_ORDER_ID,
        p.but(p.NEW_CLIENT_ORDER_ID, "Your id for the cancel; the order goes by it afterwards."),
        p.CANCEL_RESTRICTIONS,
        *p.AUTH,
    ),
    result=order.CancelledOrder | order_list.CancelledOrderList,
    weight=_ORDER_WEIGHT,
    signed=True,
    fate=fates.ORDER_CANCELLED,
    client_ids=("newClientOrderId",),
    needs=(Needs(("orderId", "origClientOrderId")),),
    notes=(
        _TWO_IDS_NOTE,
        f"{_CANCELS_LIST_NOTE} The result is then a CancelledOrderList.",
    ),
)

_CANCEL_REPLACE_ORDER = Operation(
    market=Market.SPOT,
    method="order.cancelReplace",
    name="cancel_replace_order",
    title="Cancel an order and place another in its stead.",
    security=Security.TRADE,
    params=(
        p.required(p.SYMBOL),
        p.required(
            p.param(
                "cancel_replace_mode",
                Kind.ENUM,
                "Whether the new order is tried when the cancel fails.",
                enum=enums.CancelReplaceMode,
            )
        ),
        p.param(
            "cancel_order_id", Kind.INT, "The exchange's id of the order to cancel.", minimum=0
        ),
        p.param("cancel_orig_client_order_id", Kind.STRING, "Your id of the order to cancel."),
        p.param(
            "cancel_new_client_order_id",
            Kind.STRING,
            "Your id for the cancel; the cancelled order goes by it afterwards.",
            default="made by the library",
            pattern=p.CLIENT_ID_PATTERN,
            max_length=36,
        ),
        *_NEW_ORDER[1:],
        p.CANCEL_RESTRICTIONS,
        p.param(
            "order_rate_limit_exceeded_mode",
            Kind.ENUM,
            "What to do when the unfilled order limit is used up.",
            enum=enums.OrderRateLimitExceededMode,
            default="DO_NOTHING",
        ),
        *p.AUTH,
    ),
    result=cancel_replace.CancelReplaceResult,
    weight=_ORDER_WEIGHT,
    signed=True,
    fate=fates.ORDER_REPLACED,
    legs=order_legs.SINGLE,
    order_count=1,
    client_ids=("newClientOrderId", "cancelNewClientOrderId"),
    needs=(Needs(("cancelOrderId", "cancelOrigClientOrderId")), *_ORDER_RULES),
    forbids=_ORDER_FORBIDS,
    together=(_PEG_TOGETHER,),
    notes=(
        "The halves are not one transaction: either may succeed alone, which raises PartlyExecuted.",
        _TWO_IDS_NOTE,
        _CANCELS_LIST_NOTE,
        _ICEBERG_NOTE,
        _PEG_NOTE,
    ),
)

_AMEND_ORDER_KEEP_PRIORITY = Operation(
    market=Market.SPOT,
    method="order.amend.keepPriority",
    name="amend_order_keep_priority",
    title="Reduce the quantity of a resting order, which keeps its place in the book.",
    security=Security.TRADE,
    params=(
        p.required(p.SYMBOL),
        p.ORDER_ID,
        p.ORIG_CLIENT_ORDER_ID,
        p.but(
            p.NEW_CLIENT_ORDER_ID,
            "Your id of the order from now on; send the current one to keep it.",
        ),
        p.required(
            p.param("new_qty", Kind.DECIMAL, "The new, smaller quantity, in base asset units.")
        ),
        *p.AUTH,
    ),
    result=order.OrderAmendResult,
    weight=Weight.fixed(4),
    signed=True,
    fate=fates.ORDER_AMENDED,
    legs=order_legs.AMENDMENT,
    client_ids=("newClientOrderId",),
    needs=(Needs(("orderId", "origClientOrderId")),),
    notes=(_TWO_IDS_NOTE, "An order can be amended 10 times (filter MAX_NUM_ORDER_AMENDS)."),
)

_CANCEL_ALL_OPEN_ORDERS = Operation(
    market=Market.SPOT,
    method="openOrders.cancelAll",
    name="cancel_all_open_orders",
    title="Cancel all open orders of a symbol, those of order lists too.",
    security=Security.TRADE,
    params=(p.required(p.SYMBOL), *p.AUTH),
    result=list[order.CancelledOrder | order_list.CancelledOrderList],
    weight=_ORDER_WEIGHT,
    signed=True,
    fate=fates.ALL_CANCELLED,
)

_PLACE_ORDER_LIST = Operation(
    market=Market.SPOT,
    method="orderList.place",
    name="place_order_list",
    title="Place an OCO pair in the old form.",
    security=Security.TRADE,
    params=(
        p.required(p.SYMBOL),
        p.required(p.SIDE),
        p.required(p.but(p.PRICE, "Price of the limit order.")),
        p.required(p.but(p.QUANTITY, "Amount of both orders, in base asset units.")),
        p.NEW_LIST_CLIENT_ORDER_ID,
        *p.leg(
            "limit",
            "limit order",
            (_LEG_CLIENT_ORDER_ID, p.ICEBERG_QTY, p.STRATEGY_ID, p.STRATEGY_TYPE),
        ),
        p.but(p.STOP_PRICE, "Trigger price of the stop order."),
        p.but(p.TRAILING_DELTA, "Trailing distance of the stop order, in basis points."),
        *p.leg("stop", "stop order", (_LEG_CLIENT_ORDER_ID,)),
        p.param(
            "stop_limit_price",
            Kind.DECIMAL,
            "Limit price of the stop order, which makes it STOP_LOSS_LIMIT.",
        ),
        p.param(
            "stop_limit_time_in_force",
            Kind.ENUM,
            "How long the stop order stays, with ``stop_limit_price``.",
            enum=enums.TimeInForce,
        ),
        *p.leg("stop", "stop order", (p.ICEBERG_QTY, p.STRATEGY_ID, p.STRATEGY_TYPE)),
        p.but(p.NEW_ORDER_RESP_TYPE, default="FULL"),
        p.SELF_TRADE_PREVENTION_MODE,
        *p.AUTH,
    ),
    result=order_list.PlacedOrderList,
    weight=_ORDER_WEIGHT,
    signed=True,
    fate=fates.LIST_PLACED,
    legs=order_legs.OLD_OCO,
    order_count=1,
    client_ids=("listClientOrderId", "limitClientOrderId", "stopClientOrderId"),
    needs=(Needs(("stopPrice", "trailingDelta")),),
    notes=("A buy has price < market < stop price, a sell the reverse.",),
    deprecated="``place_oco_order_list``",
)

_PLACE_OCO_ORDER_LIST = Operation(
    market=Market.SPOT,
    method="orderList.place.oco",
    name="place_oco_order_list",
    title="Place a pair of orders of which one cancels the other.",
    security=Security.TRADE,
    params=(
        p.required(p.SYMBOL),
        p.NEW_LIST_CLIENT_ORDER_ID,
        p.required(p.SIDE),
        p.required(p.but(p.QUANTITY, "Amount of both orders, in base asset units.")),
        *p.leg("above", "order above", (_PAIR_LEG_TYPE, *_PAIR_LEG)),
        *p.leg("below", "order below", (_PAIR_LEG_TYPE, *_PAIR_LEG)),
        p.NEW_ORDER_RESP_TYPE,
        p.SELF_TRADE_PREVENTION_MODE,
        *p.AUTH,
    ),
    result=order_list.PlacedOrderList,
    weight=_ORDER_WEIGHT,
    signed=True,
    fate=fates.LIST_PLACED,
    legs=order_legs.OCO,
    order_count=2,
    client_ids=("listClientOrderId", "aboveClientOrderId", "belowClientOrderId"),
    needs=(*_rules("above", *_PAIR_TYPES), *_rules("below", *_PAIR_TYPES)),
    together=(
        ("abovePegOffsetType", "abovePegOffsetValue"),
        ("belowPegOffsetType", "belowPegOffsetValue"),
    ),
    notes=(_OCO_NOTE, _PEG_NOTE),
)

_PLACE_OTO_ORDER_LIST = Operation(
    market=Market.SPOT,
    method="orderList.place.oto",
    name="place_oto_order_list",
    title="Place an order that, once filled, brings another to the book.",
    security=Security.TRADE,
    params=(
        *_LIST_HEAD,
        *_WORKING_LEG,
        *p.leg(
            "pending",
            "pending order",
            (_LEG_TYPE, _LEG_SIDE, *_PAIR_LEG, _LEG_QUANTITY),
        ),
        *p.AUTH,
    ),
    result=order_list.PlacedOrderList,
    weight=_ORDER_WEIGHT,
    signed=True,
    fate=fates.LIST_PLACED,
    legs=order_legs.OTO,
    order_count=2,
    client_ids=_PENDING_CLIENT_IDS,
    needs=(*_WORKING_RULES, *_rules("pending", *_ORDER_TYPES)),
    together=(("pendingPegOffsetType", "pendingPegOffsetValue"), _WORKING_PEG_TOGETHER),
    notes=(_WORKING_NOTE, _PEG_NOTE),
)

_PLACE_OTOCO_ORDER_LIST = Operation(
    market=Market.SPOT,
    method="orderList.place.otoco",
    name="place_otoco_order_list",
    title="Place an order that, once filled, brings an OCO pair to the book.",
    security=Security.TRADE,
    params=(
        *_LIST_HEAD,
        *_WORKING_LEG,
        *p.leg("pending", "both pending orders", (_LEG_SIDE, _LEG_QUANTITY)),
        *_PENDING_PAIR,
        *p.AUTH,
    ),
    result=order_list.PlacedOrderList,
    weight=_ORDER_WEIGHT,
    signed=True,
    fate=fates.LIST_PLACED,
    legs=order_legs.OTOCO,
    order_count=3,
    client_ids=_PENDING_PAIR_CLIENT_IDS,
    needs=_PENDING_PAIR_RULES,
    together=_PENDING_PAIR_TOGETHER,
    notes=(_WORKING_NOTE, _OCO_NOTE, _PEG_NOTE),
)

_PLACE_OPO_ORDER_LIST = Operation(
    market=Market.SPOT,
    method="orderList.place.opo",
    name="place_opo_order_list",
    title="Place a buy order that, once filled, brings an order for what it bought to the book.",
    security=Security.TRADE,
    params=(
        *_LIST_HEAD,
        *_WORKING_LEG,
        *p.leg("pending", "pending order", (_LEG_TYPE, _LEG_SIDE, *_PAIR_LEG)),
        *p.AUTH,
    ),
    result=order_list.PlacedOrderList,
    weight=_ORDER_WEIGHT,
    signed=True,
    fate=fates.LIST_PLACED,
    legs=order_legs.OPO,
    order_count=2,
    client_ids=_PENDING_CLIENT_IDS,
    needs=(*_WORKING_RULES, *_rules("pending", *_ORDER_TYPES)),
    together=(("pendingPegOffsetType", "pendingPegOffsetValue"), _WORKING_PEG_TOGETHER),
    notes=(_WORKING_NOTE, _OPO_NOTE, _PEG_NOTE),
)

_PLACE_OPOCO_ORDER_LIST = Operation(
    market=Market.SPOT,
    method="orderList.place.opoco",
    name="place_opoco_order_list",
    title="Place a buy order that, once filled, brings an OCO pair for what it bought to the book.",
    security=Security.TRADE,
    params=(
        *_LIST_HEAD,
        *_WORKING_LEG,
        *p.leg("pending", "both pending orders", (_LEG_SIDE,)),
        *_PENDING_PAIR,
        *p.AUTH,
    ),
    result=order_list.PlacedOrderList,
    weight=_ORDER_WEIGHT,
    signed=True,
    fate=fates.LIST_PLACED,
    legs=order_legs.OPOCO,
    order_count=3,
    client_ids=_PENDING_PAIR_CLIENT_IDS,
    needs=_PENDING_PAIR_RULES,
    together=_PENDING_PAIR_TOGETHER,
    notes=(_WORKING_NOTE, _OPO_NOTE, _OCO_NOTE, _PEG_NOTE),
)

_CANCEL_ORDER_LIST = Operation(
    market=Market.SPOT,
    method="orderList.cancel",
    name="cancel_order_list",
    title="Cancel an order list.",
    security=Security.TRADE,
    params=(
        p.required(p.SYMBOL),
        p.ORDER_LIST_ID,
        p.LIST_CLIENT_ORDER_ID,
        p.but(p.NEW_CLIENT_ORDER_ID, "Your id for the cancel; its orders go by it afterwards."),
        *p.AUTH,
    ),
    result=order_list.CancelledOrderList,
    weight=_ORDER_WEIGHT,
    signed=True,
    fate=fates.LIST_CANCELLED,
    client_ids=("newClientOrderId",),
    needs=(Needs(("orderListId", "listClientOrderId")),),
    notes=("With both ids sent they must belong to the same list.",),
)

_PLACE_SOR_ORDER = Operation(
    market=Market.SPOT,
    method="sor.order.place",
    name="place_sor_order",
    title="Place an order that is routed over several books.",
    security=Security.TRADE,
    params=(*_NEW_SOR_ORDER, *p.AUTH),
    result=list[order.PlacedOrder],
    weight=_ORDER_WEIGHT,
    signed=True,
    fate=fates.SOR_ORDER_PLACED,
    legs=order_legs.SOR,
    order_count=1,
    client_ids=("newClientOrderId",),
    needs=_SOR_RULES,
    forbids=_SOR_FORBIDS,
    notes=("The result is a list of one order.",),
)

_TEST_SOR_ORDER = Operation(
    market=Market.SPOT,
    method="sor.order.test",
    name="test_sor_order",
    title="Check a routed order without placing it.",
    security=Security.TRADE,
    params=(*_NEW_SOR_ORDER, p.COMPUTE_COMMISSION_RATES, *p.AUTH),
    result=order.OrderTestResult,
    weight=_TEST_WEIGHT,
    signed=True,
    legs=order_legs.SOR,
    needs=_SOR_RULES,
    forbids=_SOR_FORBIDS,
    notes=("It does not reach the matching engine: balances and prices are not looked at.",),
)

OPERATIONS: tuple[Operation, ...] = (
    _SUBMIT_NEW_ORDER,
    _TEST_ORDER,
    _CANCEL_ORDER,
    _CANCEL_REPLACE_ORDER,
    _AMEND_ORDER_KEEP_PRIORITY,
    _CANCEL_ALL_OPEN_ORDERS,
    _PLACE_ORDER_LIST,
    _PLACE_OCO_ORDER_LIST,
    _PLACE_OTO_ORDER_LIST,
    _PLACE_OTOCO_ORDER_LIST,
    _PLACE_OPO_ORDER_LIST,
    _PLACE_OPOCO_ORDER_LIST,
    _CANCEL_ORDER_LIST,
    _PLACE_SOR_ORDER,
    _TEST_SOR_ORDER,
)
