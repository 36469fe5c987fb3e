"""What the futures markets' parameters mean where they differ from Spot, or exist there alone."""

from __future__ import annotations

from binance_wsapi.catalogue import params as p
from binance_wsapi.catalogue.operation import Kind, Needs
from binance_wsapi.models import futures_enums as fe

__all__ = ["by_type"]

CLIENT_ID_PATTERN = r"[.A-Z:/a-z0-9_-]{1,36}"

RECV_WINDOW = p.but(p.RECV_WINDOW, kind=Kind.INT, minimum=0, max_decimals=None)
TIMESTAMP = p.but(p.TIMESTAMP, "Time of the request, epoch ms.")
AUTH = (RECV_WINDOW, TIMESTAMP, p.API_KEY, p.SIGNATURE)
"""What every signed operation takes; the core fills in what the caller leaves out."""

POSITION_SIDE = p.param(
    "position_side",
    Kind.ENUM,
    "The position the order is for: LONG or SHORT in hedge mode, where it must be sent.",
    enum=fe.PositionSide,
    default="BOTH",
)
ORDER_TYPE = p.but(p.ORDER_TYPE, enum=fe.FuturesOrderType)
TIME_IN_FORCE = p.but(p.TIME_IN_FORCE, enum=fe.FuturesTimeInForce)
REDUCE_ONLY = p.param(
    "reduce_only",
    Kind.BOOLEAN_TEXT,
    "Only make the position smaller; not in hedge mode, not with ``close_position``.",
    default="False",
)
NEW_CLIENT_ORDER_ID = p.but(
    p.NEW_CLIENT_ORDER_ID,
    "Your id for the new order, unique among open orders.",
    pattern=CLIENT_ID_PATTERN,
    max_length=36,
)
NEW_ORDER_RESP_TYPE = p.but(
    p.NEW_ORDER_RESP_TYPE,
    "With RESULT the answer has the final state of MARKET orders and of LIMIT orders with IOC or FOK.",
    values=("ACK", "RESULT"),
    default="ACK",
)
PRICE_MATCH = p.param(
    "price_match",
    Kind.ENUM,
    "Take a price of the book in place of ``price``; OPPONENT_10 and OPPONENT_20 are suspended.",
    enum=fe.PriceMatch,
    values=tuple(each.value for each in fe.PriceMatch if each is not fe.PriceMatch.NONE),
)
SELF_TRADE_PREVENTION_MODE = p.but(
    p.SELF_TRADE_PREVENTION_MODE,
    values=("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"),
)
GOOD_TILL_DATE = p.param(
    "good_till_date",
    Kind.TIMESTAMP,
    "End of a GTD order, epoch ms, at least 10 minutes ahead; only whole seconds count.",
    maximum=253_402_300_799_000,
)
WORKING_TYPE = p.param(
    "working_type",
    Kind.ENUM,
    "Which price triggers the order.",
    enum=fe.WorkingType,
    default="CONTRACT_PRICE",
)
CLOSE_POSITION = p.param(
    "close_position",
    Kind.BOOLEAN_TEXT,
    "Close the whole position; STOP_MARKET and TAKE_PROFIT_MARKET only, without ``quantity``.",
)
PRICE_PROTECT = p.param(
    "price_protect",
    Kind.BOOLEAN_TEXT,
    "Do not trigger while mark and last price are far apart.",
    default="False",
)
CALLBACK_RATE = p.param(
    "callback_rate", Kind.DECIMAL, "Distance of a trailing order, in percent.", minimum=0.1
)
MODIFY_ID = p.param(
    "modify_id", Kind.INT, "Your number for the amendment, told back in answer and user data."
)
ALGO_ID = p.param("algo_id", Kind.INT, "The exchange's id of the conditional order.", minimum=0)
CLIENT_ALGO_ID = p.param("client_algo_id", Kind.STRING, "Your id of the conditional order.")

EITHER_ORDER_ID = Needs(("orderId", "origClientOrderId"))


def by_type(**needed: tuple[tuple[str, ...], ...]) -> tuple[Needs, ...]:
    """Return the rules of a table: order type -> groups of parameters of which one each is needed."""
    return tuple(
        Needs(any_of, {"type": order_type})
        for order_type, groups in needed.items()
        for any_of in groups
    )
