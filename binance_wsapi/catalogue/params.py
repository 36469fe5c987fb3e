"""The glossary: what each parameter is called, how it is written and what it means, once.

Entries of operations take a parameter as it stands, made mandatory with :func:`required`, or with a
sentence or bound of their own with :func:`but`. The legs of order lists are made by :func:`leg`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from binance_wsapi.catalogue.operation import Kind, Param
from binance_wsapi.models import enums
from binance_wsapi.models.base import OpenEnum

__all__ = ["but", "camel", "leg", "param", "required"]


def camel(name: str) -> str:
    """Return the wire spelling of a parameter: ``time_in_force`` is ``timeInForce``."""
    return re.sub(r"_(.)", lambda match: match.group(1).upper(), name)


def param(name: str, kind: Kind, about: str, *, wire: str | None = None, **facts: Any) -> Param:
    """Describe a parameter; the wire name follows from the name unless it is given."""
    return Param(name, wire or camel(name), kind, about, **facts)


def _enum(name: str, enum: type[OpenEnum], about: str, **facts: Any) -> Param:
    return param(name, Kind.ENUM, about, enum=enum, **facts)


def required(given: Param) -> Param:
    """Return the parameter as one that must be sent."""
    return replace(given, required=True)


def but(given: Param, about: str | None = None, **facts: Any) -> Param:
    """Return the parameter with a sentence or with facts of its own."""
    return replace(given, about=about or given.about, **facts)


SYMBOL = param("symbol", Kind.STRING, "Trading symbol, such as ``BTCUSDT``.")
SYMBOLS = param("symbols", Kind.STRING_LIST, "Several trading symbols.")
LIMIT = param("limit", Kind.INT, "How many rows at most.", default="500", maximum=1000)
START_TIME = param(
    "start_time",
    Kind.TIMESTAMP,
    "Start of the range: a ``datetime`` with a time zone, a ``date``, ISO text, or epoch ms or µs.",
)
END_TIME = param(
    "end_time",
    Kind.TIMESTAMP,
    "End of the range: a ``datetime`` with a time zone, a ``date``, ISO text, or epoch ms or µs.",
)
FROM_ID = param("from_id", Kind.INT, "First trade id to return.", minimum=0)
TIME_ZONE = param(
    "time_zone",
    Kind.STRING,
    "Offset that candle or day borders follow, hours or hours:minutes from -12:00 to +14:00.",
    default="0 (UTC)",
)
INTERVAL = _enum("interval", enums.KlineInterval, "Length of a candle.")
SYMBOL_STATUS = _enum(
    "symbol_status",
    enums.SymbolStatus,
    "Only symbols in this trading status.",
    values=("TRADING", "HALT", "BREAK"),
)

SIDE = _enum("side", enums.Side, "Which way the order goes.")
ORDER_TYPE = _enum("type", enums.OrderType, "Order type.")
TIME_IN_FORCE = _enum("time_in_force", enums.TimeInForce, "How long the order stays.")
PRICE = param("price", Kind.DECIMAL, "Limit price.")
QUANTITY = param("quantity", Kind.DECIMAL, "Amount, in base asset units.")
QUOTE_ORDER_QTY = param(
    "quote_order_qty", Kind.DECIMAL, "Amount to spend or receive, in quote asset units."
)
STOP_PRICE = param("stop_price", Kind.DECIMAL, "Trigger price.")
TRAILING_DELTA = param("trailing_delta", Kind.INT, "Trailing distance, in basis points.")
ICEBERG_QTY = param("iceberg_qty", Kind.DECIMAL, "Visible part of an iceberg order.")
STRATEGY_ID = param("strategy_id", Kind.INT, "Number of your own that ties orders to a strategy.")
STRATEGY_TYPE = param(
    "strategy_type", Kind.INT, "Number of your own for the kind of strategy.", minimum=1_000_000
)
SELF_TRADE_PREVENTION_MODE = _enum(
    "self_trade_prevention_mode",
    enums.SelfTradePreventionMode,
    "What to do when the order would meet one of the same account.",
)
PEG_PRICE_TYPE = _enum("peg_price_type", enums.PegPriceType, "Which best price the order follows.")
PEG_OFFSET_VALUE = param(
    "peg_offset_value", Kind.INT, "How many price levels away from the best one.", maximum=100
)
PEG_OFFSET_TYPE = _enum("peg_offset_type", enums.PegOffsetType, "What the peg offset counts.")
CLIENT_ID_PATTERN = r"[a-zA-Z0-9_-]{1,36}"
NEW_CLIENT_ORDER_ID = param(
    "new_client_order_id",
    Kind.STRING,
    "Your id for the new order.",
    default="made by the library",
    pattern=CLIENT_ID_PATTERN,
    max_length=36,
)
NEW_ORDER_RESP_TYPE = _enum(
    "new_order_resp_type", enums.OrderResponseType, "How much the answer tells."
)
ORDER_ID = param("order_id", Kind.INT, "The exchange's id of the order.", minimum=0)
ORIG_CLIENT_ORDER_ID = param("orig_client_order_id", Kind.STRING, "Your id of the order.")
CANCEL_RESTRICTIONS = _enum(
    "cancel_restrictions", enums.CancelRestrictions, "Cancel only an order in this state."
)
ORDER_LIST_ID = param("order_list_id", Kind.INT, "The exchange's id of the order list.", minimum=0)
LIST_CLIENT_ORDER_ID = param("list_client_order_id", Kind.STRING, "Your id of the order list.")
NEW_LIST_CLIENT_ORDER_ID = but(
    LIST_CLIENT_ORDER_ID,
    default="made by the library",
    pattern=CLIENT_ID_PATTERN,
    max_length=36,
)
COMPUTE_COMMISSION_RATES = param(
    "compute_commission_rates",
    Kind.BOOLEAN,
    "Also return the commission rates of the order.",
    default="False",
)

API_KEY = param("api_key", Kind.STRING, "Another API key than the client's.", auth=True)
SIGNATURE = param("signature", Kind.STRING, "A signature of your own making.", auth=True)
TIMESTAMP = param(
    "timestamp",
    Kind.TIMESTAMP,
    "Time of the request, epoch ms or µs.",
    default="the moment of sending",
    auth=True,
)
RECV_WINDOW = param(
    "recv_window",
    Kind.DECIMAL,
    "How long the request stays valid, in ms.",
    default="the client's ``recv_window``",
    maximum=60_000,
    max_decimals=3,
    auth=True,
)
AUTH = (RECV_WINDOW, TIMESTAMP, API_KEY, SIGNATURE)
"""What every signed operation takes; the core fills in what the caller leaves out."""


def leg(prefix: str, label: str, params: tuple[Param, ...]) -> tuple[Param, ...]:
    """Return the parameters of one order of a list: ``price`` becomes ``above_price``, ``abovePrice``."""
    return tuple(
        replace(
            given,
            name=f"{prefix}_{given.name}",
            wire=camel(f"{prefix}_{given.name}"),
            about=f"{given.about.removesuffix('.')}, {label}.",
        )
        for given in params
    )
