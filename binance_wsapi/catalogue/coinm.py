"""The operations of the COIN-M futures WebSocket API."""

from __future__ import annotations

from binance_wsapi.catalogue import fates, order_legs
from binance_wsapi.catalogue import futures_params as fp
from binance_wsapi.catalogue import params as p
from binance_wsapi.catalogue.futures_session import session_operations
from binance_wsapi.catalogue.operation import Kind, Operation, Security, Weight
from binance_wsapi.markets import Market
from binance_wsapi.models import futures as m

__all__ = ["OPERATIONS"]

_SYMBOL = p.required(p.but(p.SYMBOL, "Trading symbol, such as ``BTCUSD_PERP``."))
_QUANTITY = p.but(p.QUANTITY, "Amount, in contracts.")

_SUBMIT_NEW_ORDER = Operation(
    market=Market.COINM,
    method="order.place",
    name="submit_new_order",
    title="Place an order.",
    security=Security.TRADE,
    signed=True,
    fate=fates.FUTURES_ORDER_PLACED,
    legs=order_legs.FUTURES_ORDER_WITH_TRIGGER,
    order_count=1,
    client_ids=("newClientOrderId",),
    params=(
        _SYMBOL,
        p.required(p.SIDE),
        fp.POSITION_SIDE,
        p.required(
            p.but(
                fp.ORDER_TYPE,
                values=(
                    "LIMIT",
                    "MARKET",
                    "STOP",
                    "STOP_MARKET",
                    "TAKE_PROFIT",
                    "TAKE_PROFIT_MARKET",
                    "TRAILING_STOP_MARKET",
                ),
            )
        ),
        p.but(fp.TIME_IN_FORCE, values=("GTC", "IOC", "FOK", "GTX")),
        _QUANTITY,
        fp.REDUCE_ONLY,
        p.PRICE,
        fp.NEW_CLIENT_ORDER_ID,
        p.STOP_PRICE,
        fp.CLOSE_POSITION,
        p.param(
            "activation_price",
            Kind.DECIMAL,
            "Price at which a trailing order starts to follow.",
            default="the latest price",
        ),
        p.but(fp.CALLBACK_RATE, maximum=10),
        fp.WORKING_TYPE,
        fp.PRICE_PROTECT,
        fp.NEW_ORDER_RESP_TYPE,
        fp.PRICE_MATCH,
        fp.SELF_TRADE_PREVENTION_MODE,
        *fp.AUTH,
    ),
    needs=fp.by_type(
        LIMIT=(("timeInForce",), ("quantity",), ("price", "priceMatch")),
        MARKET=(("quantity",),),
        STOP=(("quantity",), ("price", "priceMatch"), ("stopPrice",)),
        TAKE_PROFIT=(("quantity",), ("price", "priceMatch"), ("stopPrice",)),
        STOP_MARKET=(("stopPrice",),),
        TAKE_PROFIT_MARKET=(("stopPrice",),),
        TRAILING_STOP_MARKET=(("callbackRate",),),
    ),
    exclusive=(("price", "priceMatch"),),
    result=m.CoinFuturesOrderAck,
    weight=Weight.fixed(0),
    notes=(
        (
            "The exchange has announced that it will refuse stop, take-profit and trailing orders here "
            "(-4120) at a date not given yet."
        ),
        "Average price and filled value are told by ``get_order_status`` and the user data alone.",
    ),
)

_MODIFY_ORDER = Operation(
    market=Market.COINM,
    method="order.modify",
    name="modify_order",
    title="Change price and quantity of a limit order.",
    security=Security.TRADE,
    signed=True,
    fate=fates.FUTURES_ORDER_MODIFIED,
    legs=order_legs.FUTURES_MODIFICATION,
    order_count=1,
    params=(
        _SYMBOL,
        p.ORDER_ID,
        p.ORIG_CLIENT_ORDER_ID,
        p.required(p.SIDE),
        p.required(_QUANTITY),
        p.required(p.PRICE),
        fp.PRICE_MATCH,
        fp.MODIFY_ID,
        *fp.AUTH,
    ),
    needs=(fp.EITHER_ORDER_ID,),
    result=m.CoinFuturesOrderAck,
    weight=Weight.fixed(1),
    notes=(
        (
            "The order loses its place in the queue. It is cancelled instead when the new quantity is not "
            "above what is filled already, or when a GTX order would trade at once."
        ),
        "When both ids are sent, ``order_id`` counts.",
    ),
)

_CANCEL_ORDER = Operation(
    market=Market.COINM,
    method="order.cancel",
    name="cancel_order",
    title="Cancel an order.",
    security=Security.TRADE,
    signed=True,
    fate=fates.FUTURES_ORDER_CANCELLED,
    params=(_SYMBOL, p.ORDER_ID, p.ORIG_CLIENT_ORDER_ID, *fp.AUTH),
    needs=(fp.EITHER_ORDER_ID,),
    result=m.CoinFuturesOrderAck,
    weight=Weight.fixed(1),
    notes=("When both ids are sent, ``order_id`` counts.",),
)

_GET_ORDER_STATUS = Operation(
    market=Market.COINM,
    method="order.status",
    name="get_order_status",
    title="Return an order as it stands.",
    security=Security.USER_DATA,
    signed=True,
    params=(_SYMBOL, p.ORDER_ID, p.ORIG_CLIENT_ORDER_ID, *fp.AUTH),
    needs=(fp.EITHER_ORDER_ID,),
    result=m.CoinFuturesOrder,
    weight=Weight.fixed(1),
    notes=(
        "Orders older than 90 days are gone; cancelled or expired ones without a fill after 3 days.",
        "When both ids are sent, ``order_id`` counts.",
    ),
)

_GET_POSITION = Operation(
    market=Market.COINM,
    method="account.position",
    name="get_position",
    title="Return the position of every symbol, held or not.",
    security=Security.USER_DATA,
    signed=True,
    params=(
        p.param(
            "margin_asset",
            Kind.STRING,
            "Only positions margined in this asset.",
            default="all assets",
        ),
        p.param(
            "pair",
            Kind.STRING,
            "Only contracts of this pair, such as ``BTCUSD``.",
            default="every pair",
        ),
        *fp.AUTH,
    ),
    result=list[m.CoinFuturesPosition],
    weight=Weight.fixed(5),
)

_GET_ACCOUNT_BALANCE = Operation(
    market=Market.COINM,
    method="account.balance",
    name="get_account_balance",
    title="Return the wallet balance of each asset.",
    security=Security.USER_DATA,
    signed=True,
    params=fp.AUTH,
    result=list[m.CoinFuturesBalance],
    weight=Weight.fixed(5),
)

_GET_ACCOUNT_STATUS = Operation(
    market=Market.COINM,
    method="account.status",
    name="get_account_status",
    title="Return the account with its assets and every symbol of the market.",
    security=Security.USER_DATA,
    signed=True,
    params=fp.AUTH,
    result=m.CoinFuturesAccount,
    weight=Weight.fixed(5),
)

OPERATIONS: tuple[Operation, ...] = (
    _SUBMIT_NEW_ORDER,
    _MODIFY_ORDER,
    _CANCEL_ORDER,
    _GET_ORDER_STATUS,
    _GET_POSITION,
    _GET_ACCOUNT_BALANCE,
    _GET_ACCOUNT_STATUS,
    *session_operations(Market.COINM),
)
