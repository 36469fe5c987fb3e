"""The operations of the USD-M futures WebSocket API."""

from __future__ import annotations

from binance_wsapi.catalogue import fates, order_legs
from binance_wsapi.catalogue import futures_params as fp
from binance_wsapi.catalogue import params as p
from binance_wsapi.catalogue.futures_session import session_operations
from binance_wsapi.catalogue.operation import Kind, Needs, Operation, Security, Weight, WeightStep
from binance_wsapi.markets import Market
from binance_wsapi.models import futures as m
from binance_wsapi.models import futures_enums as fe

__all__ = ["OPERATIONS"]

_ONE_SYMBOL = p.but(p.SYMBOL, default="every symbol")

_GET_ORDER_BOOK = Operation(
    market=Market.USDM,
    method="depth",
    name="get_order_book",
    title="Return the order book of a symbol as it stands.",
    security=Security.NONE,
    params=(
        p.required(p.SYMBOL),
        p.but(
            p.LIMIT,
            "How many levels a side: 5, 10, 20, 50, 100, 500 or 1000.",
            minimum=5,
            maximum=1000,
        ),
    ),
    result=m.FuturesOrderBook,
    weight=Weight(
        (
            WeightStep(20, "limit", low=501),
            WeightStep(10, "limit", low=101),
            WeightStep(5, "limit", low=51),
            WeightStep(2, "limit"),
            WeightStep(10),
        )
    ),
    notes=("Retail price improvement orders are left out.",),
)

_GET_SYMBOL_PRICE_TICKER = Operation(
    market=Market.USDM,
    method="ticker.price",
    name="get_symbol_price_ticker",
    title="Return the last price of one symbol or of all.",
    security=Security.NONE,
    params=(_ONE_SYMBOL,),
    result=m.FuturesPriceTicker | list[m.FuturesPriceTicker],
    list_result_unless="symbol",
    weight=Weight((WeightStep(1, "symbol"), WeightStep(2))),
)

_GET_SYMBOL_ORDER_BOOK_TICKER = Operation(
    market=Market.USDM,
    method="ticker.book",
    name="get_symbol_order_book_ticker",
    title="Return the best bid and ask of one symbol or of all.",
    security=Security.NONE,
    params=(_ONE_SYMBOL,),
    result=m.FuturesBookTicker | list[m.FuturesBookTicker],
    list_result_unless="symbol",
    weight=Weight((WeightStep(2, "symbol"), WeightStep(5))),
    notes=("Retail price improvement orders are left out.",),
)

_SUBMIT_NEW_ORDER = Operation(
    market=Market.USDM,
    method="order.place",
    name="submit_new_order",
    title="Place a limit or market order.",
    security=Security.TRADE,
    signed=True,
    fate=fates.FUTURES_ORDER_PLACED,
    legs=order_legs.FUTURES_ORDER,
    order_count=1,
    client_ids=("newClientOrderId",),
    params=(
        p.required(p.SYMBOL),
        p.required(p.SIDE),
        fp.POSITION_SIDE,
        p.required(p.but(fp.ORDER_TYPE, values=("LIMIT", "MARKET"))),
        p.but(fp.TIME_IN_FORCE, values=("GTC", "IOC", "FOK", "GTX", "GTD", "RPI")),
        p.QUANTITY,
        p.but(fp.REDUCE_ONLY, "Only make the position smaller; not in hedge mode."),
        p.PRICE,
        fp.NEW_CLIENT_ORDER_ID,
        fp.NEW_ORDER_RESP_TYPE,
        fp.PRICE_MATCH,
        fp.SELF_TRADE_PREVENTION_MODE,
        fp.GOOD_TILL_DATE,
        *fp.AUTH,
    ),
    needs=(
        *fp.by_type(
            LIMIT=(("timeInForce",), ("quantity",), ("price", "priceMatch")),
            MARKET=(("quantity",),),
        ),
        Needs(("goodTillDate",), {"timeInForce": "GTD"}),
    ),
    exclusive=(("price", "priceMatch"),),
    result=m.FuturesOrderAck,
    weight=Weight.fixed(0),
    notes=(
        (
            "Stop, take-profit and trailing orders go through ``submit_new_algo_order`` since 2025-12-09: "
            "here the exchange refuses them with -4120."
        ),
        "Average price and filled value are told by ``get_order_status`` and the user data alone.",
    ),
)

_MODIFY_ORDER = Operation(
    market=Market.USDM,
    method="order.modify",
    name="modify_order",
    title="Change price and quantity of a limit order.",
    security=Security.TRADE,
    signed=True,
    fate=fates.FUTURES_ORDER_MODIFIED,
    legs=order_legs.FUTURES_MODIFICATION,
    order_count=1,
    params=(
        p.required(p.SYMBOL),
        p.ORDER_ID,
        p.ORIG_CLIENT_ORDER_ID,
        p.required(p.SIDE),
        p.required(p.QUANTITY),
        p.required(p.PRICE),
        fp.PRICE_MATCH,
        fp.MODIFY_ID,
        p.but(
            fp.REDUCE_ONLY,
            "Whether the order is known to be reduce-only, which spares it the least notional; "
            "of another order it is refused with -5047. The order's own flag never changes.",
        ),
        *fp.AUTH,
    ),
    needs=(fp.EITHER_ORDER_ID,),
    result=m.FuturesOrderAck,
    weight=Weight.fixed(0),
    notes=(
        (
            "The order loses its place in the queue. It is cancelled instead when the new quantity is not "
            "above what is filled already, or when a GTX order would trade at once."
        ),
        "When both ids are sent, ``order_id`` counts.",
    ),
)

_CANCEL_ORDER = Operation(
    market=Market.USDM,
    method="order.cancel",
    name="cancel_order",
    title="Cancel an order.",
    security=Security.TRADE,
    signed=True,
    fate=fates.FUTURES_ORDER_CANCELLED,
    params=(p.required(p.SYMBOL), p.ORDER_ID, p.ORIG_CLIENT_ORDER_ID, *fp.AUTH),
    needs=(fp.EITHER_ORDER_ID,),
    result=m.FuturesOrderAck,
    weight=Weight.fixed(1),
    notes=("When both ids are sent, ``order_id`` counts.",),
)

_GET_ORDER_STATUS = Operation(
    market=Market.USDM,
    method="order.status",
    name="get_order_status",
    title="Return an order as it stands.",
    security=Security.USER_DATA,
    signed=True,
    params=(p.required(p.SYMBOL), p.ORDER_ID, p.ORIG_CLIENT_ORDER_ID, *fp.AUTH),
    needs=(fp.EITHER_ORDER_ID,),
    result=m.FuturesOrder,
    weight=Weight.fixed(1),
    notes=(
        "Orders older than 90 days are gone; cancelled or expired ones without a fill after 3 days.",
        "When both ids are sent, ``order_id`` counts.",
    ),
)

_SUBMIT_NEW_ALGO_ORDER = Operation(
    market=Market.USDM,
    method="algoOrder.place",
    name="submit_new_algo_order",
    title="Place a conditional order: stop, take-profit or trailing.",
    security=Security.TRADE,
    signed=True,
    fate=fates.ALGO_ORDER_PLACED,
    legs=order_legs.ALGO_ORDER,
    client_ids=("clientAlgoId",),
    params=(
        p.required(p.param("algo_type", Kind.ENUM, "Kind of algo order.", enum=fe.AlgoType)),
        p.required(p.SYMBOL),
        p.required(p.SIDE),
        fp.POSITION_SIDE,
        p.required(
            p.but(
                fp.ORDER_TYPE,
                values=(
                    "STOP",
                    "STOP_MARKET",
                    "TAKE_PROFIT",
                    "TAKE_PROFIT_MARKET",
                    "TRAILING_STOP_MARKET",
                ),
            )
        ),
        p.but(
            fp.TIME_IN_FORCE,
            "How long the order stays once it is triggered.",
            values=("GTC", "IOC", "FOK"),
            default="GTC",
        ),
        p.QUANTITY,
        p.PRICE,
        p.param("trigger_price", Kind.DECIMAL, "Price that triggers the order."),
        fp.WORKING_TYPE,
        fp.PRICE_MATCH,
        fp.CLOSE_POSITION,
        fp.PRICE_PROTECT,
        fp.REDUCE_ONLY,
        p.param(
            "activate_price",
            Kind.DECIMAL,
            "Price at which a trailing order starts to follow.",
            default="the latest price",
        ),
        p.but(fp.CALLBACK_RATE, maximum=20),
        p.but(
            fp.CLIENT_ALGO_ID,
            "Your id for the new conditional order, unique among open ones.",
            default="made by the library",
            pattern=fp.CLIENT_ID_PATTERN,
            max_length=36,
        ),
        p.but(p.NEW_ORDER_RESP_TYPE, values=("ACK", "RESULT"), default="ACK"),
        fp.SELF_TRADE_PREVENTION_MODE,
        fp.GOOD_TILL_DATE,
        *fp.AUTH,
    ),
    needs=(
        *fp.by_type(
            STOP=(("quantity",), ("triggerPrice",), ("price", "priceMatch")),
            TAKE_PROFIT=(("quantity",), ("triggerPrice",), ("price", "priceMatch")),
            STOP_MARKET=(("triggerPrice",),),
            TAKE_PROFIT_MARKET=(("triggerPrice",),),
            TRAILING_STOP_MARKET=(("callbackRate",),),
        ),
        Needs(("goodTillDate",), {"timeInForce": "GTD"}),
    ),
    exclusive=(("price", "priceMatch"),),
    result=m.FuturesAlgoOrder,
    weight=Weight.fixed(0),
    notes=(
        (
            "Margin is checked when the order is triggered, not before. Until then it cannot be modified, "
            "only cancelled; an account may have 200 of them open."
        ),
        (
            "Its life is told by ``ALGO_UPDATE`` events, the order it places by ``ORDER_TRADE_UPDATE``; the "
            "WebSocket API has no query for it."
        ),
    ),
)

_CANCEL_ALGO_ORDER = Operation(
    market=Market.USDM,
    method="algoOrder.cancel",
    name="cancel_algo_order",
    title="Cancel a conditional order that is not triggered yet.",
    security=Security.TRADE,
    signed=True,
    fate=fates.ALGO_ORDER_CANCELLED,
    params=(fp.ALGO_ID, fp.CLIENT_ALGO_ID, *fp.AUTH),
    needs=(Needs(("algoId", "clientAlgoId")),),
    result=m.CancelledAlgoOrder,
    weight=Weight.fixed(1),
)

_GET_POSITION_V2 = Operation(
    market=Market.USDM,
    method="v2/account.position",
    name="get_position_v2",
    title="Return the positions, and the symbols with open orders.",
    security=Security.USER_DATA,
    signed=True,
    params=(_ONE_SYMBOL, *fp.AUTH),
    result=list[m.FuturesPositionV2],
    weight=Weight.fixed(5),
    notes=("Leverage and margin type are not told here.",),
)

_GET_POSITION = Operation(
    market=Market.USDM,
    method="account.position",
    name="get_position",
    title="Return the position of every symbol, held or not.",
    security=Security.USER_DATA,
    signed=True,
    params=(_ONE_SYMBOL, *fp.AUTH),
    result=list[m.FuturesPosition],
    weight=Weight.fixed(5),
    deprecated="``get_position_v2``: the exchange is going to retire this one",
)

_GET_ACCOUNT_BALANCE_V2 = Operation(
    market=Market.USDM,
    method="v2/account.balance",
    name="get_account_balance_v2",
    title="Return the wallet balance of each asset.",
    security=Security.USER_DATA,
    signed=True,
    params=fp.AUTH,
    result=list[m.FuturesBalance],
    weight=Weight.fixed(5),
)

_GET_ACCOUNT_BALANCE = Operation(
    market=Market.USDM,
    method="account.balance",
    name="get_account_balance",
    title="Return the wallet balance of each asset.",
    security=Security.USER_DATA,
    signed=True,
    params=fp.AUTH,
    result=list[m.FuturesBalance],
    weight=Weight.fixed(5),
    deprecated="``get_account_balance_v2``: the exchange is going to retire this one",
)

_GET_ACCOUNT_STATUS_V2 = Operation(
    market=Market.USDM,
    method="v2/account.status",
    name="get_account_status_v2",
    title="Return the account with its assets, positions and symbols with open orders.",
    security=Security.USER_DATA,
    signed=True,
    params=fp.AUTH,
    result=m.FuturesAccountV2,
    weight=Weight.fixed(5),
    notes=("Totals are in USDT in single-asset mode, in USD in multi-assets mode.",),
)

_GET_ACCOUNT_STATUS = Operation(
    market=Market.USDM,
    method="account.status",
    name="get_account_status",
    title="Return the account with its assets and every symbol of the market.",
    security=Security.USER_DATA,
    signed=True,
    params=fp.AUTH,
    result=m.FuturesAccount,
    weight=Weight.fixed(5),
    notes=("Totals are in USDT in single-asset mode, in USD in multi-assets mode.",),
    deprecated="``get_account_status_v2``: the exchange is going to retire this one",
)

OPERATIONS: tuple[Operation, ...] = (
    _GET_ORDER_BOOK,
    _GET_SYMBOL_PRICE_TICKER,
    _GET_SYMBOL_ORDER_BOOK_TICKER,
    _SUBMIT_NEW_ORDER,
    _MODIFY_ORDER,
    _CANCEL_ORDER,
    _GET_ORDER_STATUS,
    _SUBMIT_NEW_ALGO_ORDER,
    _CANCEL_ALGO_ORDER,
    _GET_POSITION_V2,
    _GET_POSITION,
    _GET_ACCOUNT_BALANCE_V2,
    _GET_ACCOUNT_BALANCE,
    _GET_ACCOUNT_STATUS_V2,
    _GET_ACCOUNT_STATUS,
    *session_operations(Market.USDM),
)
