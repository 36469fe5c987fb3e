"""The words of the Spot exchange, as enums that take words it adds later.

Every parameter of such a type takes the member or its text; every result and event holds members.
A value not listed here is a member all the same, equal to its text.
"""

from __future__ import annotations

from binance_wsapi.models.base import OpenEnum

__all__ = [
    "AccountType",
    "AllocationType",
    "CancelReplaceMode",
    "CancelReplaceOutcome",
    "CancelRestrictions",
    "ContingencyType",
    "ExecutionRuleType",
    "ExecutionType",
    "ExpiryReason",
    "FilterType",
    "KlineInterval",
    "ListOrderStatus",
    "ListStatusType",
    "MatchType",
    "OrderRateLimitExceededMode",
    "OrderRejectReason",
    "OrderResponseType",
    "OrderStatus",
    "OrderType",
    "PegOffsetType",
    "PegPriceType",
    "Permission",
    "RateLimitInterval",
    "RateLimitType",
    "ReferencePriceCalculationType",
    "SelfTradePreventionMode",
    "Side",
    "SymbolStatus",
    "TickerType",
    "TimeInForce",
    "WorkingFloor",
]


class Side(OpenEnum):
    """Which way an order goes."""

    BUY = "BUY"
    SELL = "SELL"


class OrderType(OpenEnum):
    """How an order meets the book."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    STOP_LOSS = "STOP_LOSS"
    """A market order once the stop price is touched against the position."""
    STOP_LOSS_LIMIT = "STOP_LOSS_LIMIT"
    TAKE_PROFIT = "TAKE_PROFIT"
    """A market order once the stop price is touched in favour of the position."""
    TAKE_PROFIT_LIMIT = "TAKE_PROFIT_LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"
    """A limit order that is refused if it would trade at once."""


class TimeInForce(OpenEnum):
    """How long an order stays."""

    GTC = "GTC"
    """Until cancelled."""
    IOC = "IOC"
    """Fill what is possible now, drop the rest."""
    FOK = "FOK"
    """All of it now, or nothing."""


class OrderStatus(OpenEnum):
    """Where an order stands."""

    NEW = "NEW"
    PENDING_NEW = "PENDING_NEW"
    """Waits for the working order of its list to fill."""
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    PENDING_CANCEL = "PENDING_CANCEL"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    """Ended by its own rules or by the exchange."""
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"
    """Ended by self-trade prevention."""


class ExecutionType(OpenEnum):
    """What happened to an order in one event."""

    NEW = "NEW"
    CANCELED = "CANCELED"
    REPLACED = "REPLACED"
    """Amended."""
    REJECTED = "REJECTED"
    TRADE = "TRADE"
    EXPIRED = "EXPIRED"
    TRADE_PREVENTION = "TRADE_PREVENTION"
    """Stopped by self-trade prevention."""


class OrderRejectReason(OpenEnum):
    """Why an order was rejected."""

    NONE = "NONE"
    INSUFFICIENT_BALANCES = "INSUFFICIENT_BALANCES"
    STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY = "STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY"
    WOULD_MATCH_IMMEDIATELY = "WOULD_MATCH_IMMEDIATELY"
    OCO_BAD_PRICES = "OCO_BAD_PRICES"


class ExpiryReason(OpenEnum):
    """Why an order expired."""

    NONE = "NONE"
    REJECTED = "REJECTED"
    """A contingent or pending order was refused when it reached the book."""
    EXCHANGE_CANCELED = "EXCHANGE_CANCELED"
    OCO_TRIGGER = "OCO_TRIGGER"
    """The other order of the pair went to work, or the whole pair ended."""
    OTO_PHASE_ONE_EXPIRED = "OTO_PHASE_ONE_EXPIRED"
    """The working order of the list ended."""
    UNFILLED_IOC_QUANTITY_EXPIRED = "UNFILLED_IOC_QUANTITY_EXPIRED"
    UNFILLED_FOK_ORDER_EXPIRED = "UNFILLED_FOK_ORDER_EXPIRED"
    INSUFFICIENT_LIQUIDITY = "INSUFFICIENT_LIQUIDITY"
    """The book ran out."""
    EXECUTION_RULE_PRICE_RANGE_EXCEEDED = "EXECUTION_RULE_PRICE_RANGE_EXCEEDED"


class OrderResponseType(OpenEnum):
    """How much the answer to a new order tells."""

    ACK = "ACK"
    """Ids only."""
    RESULT = "RESULT"
    """The order without its fills."""
    FULL = "FULL"
    """The order with its fills."""


class SelfTradePreventionMode(OpenEnum):
    """What happens when an order would meet another of the same account."""

    NONE = "NONE"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    """Drop the resting order."""
    EXPIRE_TAKER = "EXPIRE_TAKER"
    """Drop the incoming order."""
    EXPIRE_BOTH = "EXPIRE_BOTH"
    DECREMENT = "DECREMENT"
    """Reduce both by the overlap."""
    TRANSFER = "TRANSFER"
    """Reduce both and move the amount between the accounts of one trade group."""


class PegPriceType(OpenEnum):
    """Which best price a pegged order follows."""

    PRIMARY_PEG = "PRIMARY_PEG"
    """The best price of its own side."""
    MARKET_PEG = "MARKET_PEG"
    """The best price of the other side."""


class PegOffsetType(OpenEnum):
    """What the offset of a pegged order counts."""

    PRICE_LEVEL = "PRICE_LEVEL"


class CancelRestrictions(OpenEnum):
    """Cancel only an order in this state."""

    ONLY_NEW = "ONLY_NEW"
    ONLY_PARTIALLY_FILLED = "ONLY_PARTIALLY_FILLED"


class CancelReplaceMode(OpenEnum):
    """Whether the new order is tried when the cancel fails."""

    STOP_ON_FAILURE = "STOP_ON_FAILURE"
    ALLOW_FAILURE = "ALLOW_FAILURE"


class CancelReplaceOutcome(OpenEnum):
    """What became of one half of a cancel-replace."""

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    NOT_ATTEMPTED = "NOT_ATTEMPTED"


class OrderRateLimitExceededMode(OpenEnum):
    """What a cancel-replace does when the unfilled order limit is used up."""

    DO_NOTHING = "DO_NOTHING"
    CANCEL_ONLY = "CANCEL_ONLY"


class ContingencyType(OpenEnum):
    """How the orders of a list depend on each other."""

    OCO = "OCO"
    """One cancels the other."""
    OTO = "OTO"
    """One triggers the other."""


class ListStatusType(OpenEnum):
    """What an order list's news is about."""

    RESPONSE = "RESPONSE"
    """An action on the list failed."""
    EXEC_STARTED = "EXEC_STARTED"
    """Placed or updated."""
    UPDATED = "UPDATED"
    """An order of the list got a new client order id."""
    ALL_DONE = "ALL_DONE"


class ListOrderStatus(OpenEnum):
    """Where an order list stands."""

    EXECUTING = "EXECUTING"
    ALL_DONE = "ALL_DONE"
    REJECT = "REJECT"


class WorkingFloor(OpenEnum):
    """Where an order works."""

    EXCHANGE = "EXCHANGE"
    SOR = "SOR"
    """By smart order routing."""


class AllocationType(OpenEnum):
    """Where an allocation comes from."""

    SOR = "SOR"


class MatchType(OpenEnum):
    """How a fill came about, where it was no plain match."""

    ONE_PARTY_TRADE_REPORT = "ONE_PARTY_TRADE_REPORT"


class SymbolStatus(OpenEnum):
    """Whether a symbol trades."""

    TRADING = "TRADING"
    END_OF_DAY = "END_OF_DAY"
    HALT = "HALT"
    """No trading; market data is still made."""
    BREAK = "BREAK"
    CANCEL_ONLY = "CANCEL_ONLY"
    """Orders can be cancelled and amended only."""


class Permission(OpenEnum):
    """What an account or symbol may be traded as; trade groups (``TRD_GRP_002`` ...) pass as text."""

    SPOT = "SPOT"
    MARGIN = "MARGIN"
    LEVERAGED = "LEVERAGED"


class AccountType(OpenEnum):
    """What an account is for."""

    SPOT = "SPOT"


class RateLimitType(OpenEnum):
    """What a rate limit counts."""

    REQUEST_WEIGHT = "REQUEST_WEIGHT"
    """Weight of requests, per IP."""
    ORDERS = "ORDERS"
    """Unfilled orders, per account."""
    RAW_REQUESTS = "RAW_REQUESTS"
    """REST requests, per IP."""
    CONNECTIONS = "CONNECTIONS"
    """WebSocket connections, per IP."""


class RateLimitInterval(OpenEnum):
    """The unit of a rate limit's interval."""

    SECOND = "SECOND"
    MINUTE = "MINUTE"
    HOUR = "HOUR"
    DAY = "DAY"


class KlineInterval(OpenEnum):
    """Length of a candle; letters' case matters on the wire: ``1m`` minute, ``1M`` month."""

    SECOND_1 = "1s"
    MINUTE_1 = "1m"
    MINUTE_3 = "3m"
    MINUTE_5 = "5m"
    MINUTE_15 = "15m"
    MINUTE_30 = "30m"
    HOUR_1 = "1h"
    HOUR_2 = "2h"
    HOUR_4 = "4h"
    HOUR_6 = "6h"
    HOUR_8 = "8h"
    HOUR_12 = "12h"
    DAY_1 = "1d"
    DAY_3 = "3d"
    WEEK_1 = "1w"
    MONTH_1 = "1M"


class TickerType(OpenEnum):
    """How much a ticker tells."""

    FULL = "FULL"
    MINI = "MINI"


class ReferencePriceCalculationType(OpenEnum):
    """How a reference price is made."""

    ARITHMETIC_MEAN = "ARITHMETIC_MEAN"
    EXTERNAL = "EXTERNAL"


class ExecutionRuleType(OpenEnum):
    """What an execution rule restricts."""

    PRICE_RANGE = "PRICE_RANGE"


class FilterType(OpenEnum):
    """What a filter of a symbol, an asset or the exchange checks."""

    PRICE_FILTER = "PRICE_FILTER"
    PERCENT_PRICE = "PERCENT_PRICE"
    PERCENT_PRICE_BY_SIDE = "PERCENT_PRICE_BY_SIDE"
    LOT_SIZE = "LOT_SIZE"
    MIN_NOTIONAL = "MIN_NOTIONAL"
    NOTIONAL = "NOTIONAL"
    ICEBERG_PARTS = "ICEBERG_PARTS"
    MARKET_LOT_SIZE = "MARKET_LOT_SIZE"
    MAX_NUM_ORDERS = "MAX_NUM_ORDERS"
    MAX_NUM_ALGO_ORDERS = "MAX_NUM_ALGO_ORDERS"
    MAX_NUM_ICEBERG_ORDERS = "MAX_NUM_ICEBERG_ORDERS"
    MAX_POSITION = "MAX_POSITION"
    TRAILING_DELTA = "TRAILING_DELTA"
    MAX_NUM_ORDER_AMENDS = "MAX_NUM_ORDER_AMENDS"
    MAX_NUM_ORDER_LISTS = "MAX_NUM_ORDER_LISTS"
    EXCHANGE_MAX_NUM_ORDERS = "EXCHANGE_MAX_NUM_ORDERS"
    EXCHANGE_MAX_NUM_ALGO_ORDERS = "EXCHANGE_MAX_NUM_ALGO_ORDERS"
    EXCHANGE_MAX_NUM_ICEBERG_ORDERS = "EXCHANGE_MAX_NUM_ICEBERG_ORDERS"
    EXCHANGE_MAX_NUM_ORDER_LISTS = "EXCHANGE_MAX_NUM_ORDER_LISTS"
    MAX_ASSET = "MAX_ASSET"
