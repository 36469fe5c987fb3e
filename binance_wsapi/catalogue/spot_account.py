"""Spot: what an account may ask about itself."""

from __future__ import annotations

from binance_wsapi.catalogue import params as p
from binance_wsapi.catalogue.operation import Kind, Needs, Operation, Security, Weight, WeightStep
from binance_wsapi.markets import Market
from binance_wsapi.models import account, market, order, order_list

__all__ = ["OPERATIONS"]

_ARCHIVE_NOTE = "Orders that ended without a fill more than 90 days ago are archived: error -2026."
_SPAN_NOTE = "``start_time`` and ``end_time`` may lie 24 hours apart at most."

_GET_ACCOUNT_INFORMATION = Operation(
    market=Market.SPOT,
    method="account.status",
    name="get_account_information",
    title="Return balances, permissions and commission rates of the account.",
    security=Security.USER_DATA,
    params=(
        p.param(
            "omit_zero_balances",
            Kind.BOOLEAN,
            "Leave out the assets that the account has nothing of.",
            default="False",
        ),
        *p.AUTH,
    ),
    result=account.AccountInformation,
    weight=Weight.fixed(20),
    signed=True,
)

_GET_ORDER_STATUS = Operation(
    market=Market.SPOT,
    method="order.status",
    name="get_order_status",
    title="Return an order as it stands.",
    security=Security.USER_DATA,
    params=(p.required(p.SYMBOL), p.ORDER_ID, p.ORIG_CLIENT_ORDER_ID, *p.AUTH),
    result=order.Order,
    weight=Weight.fixed(4),
    signed=True,
    needs=(Needs(("orderId", "origClientOrderId")),),
    notes=("With both ids sent they must belong to the same order.", _ARCHIVE_NOTE),
)

_GET_OPEN_ORDERS = Operation(
    market=Market.SPOT,
    method="openOrders.status",
    name="get_open_orders",
    title="Return the open orders of a symbol, or of all.",
    security=Security.USER_DATA,
    params=(p.but(p.SYMBOL, default="all symbols"), *p.AUTH),
    result=list[order.Order],
    weight=Weight((WeightStep(6, "symbol"), WeightStep(80))),
    signed=True,
)

_GET_ALL_ORDERS = Operation(
    market=Market.SPOT,
    method="allOrders",
    name="get_all_orders",
    title="Return the orders of a symbol: open, filled, cancelled.",
    security=Security.USER_DATA,
    params=(
        p.required(p.SYMBOL),
        p.but(p.ORDER_ID, "First order id to return."),
        p.START_TIME,
        p.END_TIME,
        p.LIMIT,
        *p.AUTH,
    ),
    result=list[order.Order],
    weight=Weight.fixed(20),
    signed=True,
    notes=("With a time given ``order_id`` is ignored.", _SPAN_NOTE),
)

_GET_ORDER_LIST_STATUS = Operation(
    market=Market.SPOT,
    method="orderList.status",
    name="get_order_list_status",
    title="Return an order list as it stands.",
    security=Security.USER_DATA,
    params=(
        p.but(p.ORIG_CLIENT_ORDER_ID, "Your id of the list (its ``list_client_order_id``)."),
        p.ORDER_LIST_ID,
        *p.AUTH,
    ),
    result=order_list.OrderList,
    weight=Weight.fixed(4),
    signed=True,
    needs=(Needs(("orderListId", "origClientOrderId")),),
    notes=("With both ids sent ``order_list_id`` is ignored.",),
)

_GET_OPEN_ORDER_LISTS = Operation(
    market=Market.SPOT,
    method="openOrderLists.status",
    name="get_open_order_lists",
    title="Return the open order lists of the account.",
    security=Security.USER_DATA,
    params=p.AUTH,
    result=list[order_list.OrderList],
    weight=Weight.fixed(6),
    signed=True,
)

_GET_ALL_ORDER_LISTS = Operation(
    market=Market.SPOT,
    method="allOrderLists",
    name="get_all_order_lists",
    title="Return the order lists of the account, open and done.",
    security=Security.USER_DATA,
    params=(
        p.but(p.FROM_ID, "First order list id to return."),
        p.START_TIME,
        p.END_TIME,
        p.LIMIT,
        *p.AUTH,
    ),
    result=list[order_list.OrderList],
    weight=Weight.fixed(20),
    signed=True,
    notes=("With a time given ``from_id`` is ignored.", _SPAN_NOTE),
)

_GET_MY_TRADES = Operation(
    market=Market.SPOT,
    method="myTrades",
    name="get_my_trades",
    title="Return the trades of the account on a symbol.",
    security=Security.USER_DATA,
    params=(
        p.required(p.SYMBOL),
        p.but(p.ORDER_ID, "Only trades of this order."),
        p.START_TIME,
        p.END_TIME,
        p.FROM_ID,
        p.LIMIT,
        *p.AUTH,
    ),
    result=list[account.AccountTrade],
    weight=Weight((WeightStep(5, "orderId"), WeightStep(20))),
    signed=True,
    exclusive=(
        ("fromId", "startTime"),
        ("fromId", "endTime"),
        ("orderId", "startTime"),
        ("orderId", "endTime"),
    ),
    notes=(_SPAN_NOTE,),
)

_GET_ORDER_RATE_LIMITS = Operation(
    market=Market.SPOT,
    method="account.rateLimits.orders",
    name="get_order_rate_limits",
    title="Return how many unfilled orders the account has placed in each interval.",
    security=Security.USER_DATA,
    params=p.AUTH,
    result=list[market.RateLimit],
    weight=Weight.fixed(40),
    signed=True,
)

_GET_PREVENTED_MATCHES = Operation(
    market=Market.SPOT,
    method="myPreventedMatches",
    name="get_prevented_matches",
    title="Return the matches that self-trade prevention stopped.",
    security=Security.USER_DATA,
    params=(
        p.required(p.SYMBOL),
        p.param("prevented_match_id", Kind.INT, "One prevented match."),
        p.but(p.ORDER_ID, "Those of one order."),
        p.param(
            "from_prevented_match_id",
            Kind.INT,
            "First prevented match id to return, with ``order_id``.",
        ),
        p.LIMIT,
        *p.AUTH,
    ),
    result=list[order.PreventedMatch],
    weight=Weight((WeightStep(2, "preventedMatchId"), WeightStep(20))),
    signed=True,
    needs=(Needs(("preventedMatchId", "orderId")),),
    exclusive=(
        ("preventedMatchId", "orderId"),
        ("preventedMatchId", "fromPreventedMatchId"),
        ("preventedMatchId", "limit"),
    ),
)

_GET_ALLOCATIONS = Operation(
    market=Market.SPOT,
    method="myAllocations",
    name="get_allocations",
    title="Return what routed orders of the account got.",
    security=Security.USER_DATA,
    params=(
        p.required(p.SYMBOL),
        p.START_TIME,
        p.END_TIME,
        p.param("from_allocation_id", Kind.INT, "First allocation id to return."),
        p.LIMIT,
        p.but(p.ORDER_ID, "Those of one order."),
        *p.AUTH,
    ),
    result=list[account.Allocation],
    weight=Weight.fixed(20),
    signed=True,
    exclusive=(
        ("orderId", "startTime"),
        ("orderId", "endTime"),
        ("fromAllocationId", "startTime"),
        ("fromAllocationId", "endTime"),
    ),
    notes=(_SPAN_NOTE,),
)

_GET_ACCOUNT_COMMISSION = Operation(
    market=Market.SPOT,
    method="account.commission",
    name="get_account_commission",
    title="Return the commission rates of the account on a symbol.",
    security=Security.USER_DATA,
    params=(p.required(p.SYMBOL), *p.AUTH),
    result=account.AccountCommission,
    weight=Weight.fixed(20),
    signed=True,
)

_GET_ORDER_AMENDMENTS = Operation(
    market=Market.SPOT,
    method="order.amendments",
    name="get_order_amendments",
    title="Return the amendments of an order.",
    security=Security.USER_DATA,
    params=(
        p.required(p.SYMBOL),
        p.required(p.ORDER_ID),
        p.param("from_execution_id", Kind.INT, "First execution id to return."),
        p.LIMIT,
        *p.AUTH,
    ),
    result=list[order.OrderAmendment],
    weight=Weight.fixed(4),
    signed=True,
)

_GET_MY_FILTERS = Operation(
    market=Market.SPOT,
    method="myFilters",
    name="get_my_filters",
    title="Return the filters that hold for the account on a symbol.",
    security=Security.USER_DATA,
    params=(p.required(p.SYMBOL), *p.AUTH),
    result=account.AccountFilters,
    weight=Weight.fixed(40),
    signed=True,
)

OPERATIONS: tuple[Operation, ...] = (
    _GET_ACCOUNT_INFORMATION,
    _GET_ORDER_STATUS,
    _GET_OPEN_ORDERS,
    _GET_ALL_ORDERS,
    _GET_ORDER_LIST_STATUS,
    _GET_OPEN_ORDER_LISTS,
    _GET_ALL_ORDER_LISTS,
    _GET_MY_TRADES,
    _GET_ORDER_RATE_LIMITS,
    _GET_PREVENTED_MATCHES,
    _GET_ALLOCATIONS,
    _GET_ACCOUNT_COMMISSION,
    _GET_ORDER_AMENDMENTS,
    _GET_MY_FILTERS,
)
