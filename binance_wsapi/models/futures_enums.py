"""The words only the futures exchanges use; the shared ones are in ``enums``."""

from __future__ import annotations

from binance_wsapi.models.base import OpenEnum

__all__ = [
    "AccountUpdateReason",
    "AlgoStatus",
    "AlgoType",
    "ContractStatus",
    "ContractType",
    "FuturesExecutionType",
    "FuturesExpiryReason",
    "FuturesOrderType",
    "FuturesTimeInForce",
    "MarginType",
    "PositionSide",
    "PriceMatch",
    "StrategyStatus",
    "TradingSessionType",
    "WorkingType",
]


class FuturesOrderType(OpenEnum):
    """How a futures order meets the book."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    STOP = "STOP"
    """A limit order once the trigger price is touched against the position."""
    STOP_MARKET = "STOP_MARKET"
    """A market order once the trigger price is touched against the position."""
    TAKE_PROFIT = "TAKE_PROFIT"
    """A limit order once the trigger price is touched in favour of the position."""
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"
    """A market order once the trigger price is touched in favour of the position."""
    TRAILING_STOP_MARKET = "TRAILING_STOP_MARKET"
    """A market order once the price turns back by the callback rate."""
    LIQUIDATION = "LIQUIDATION"
    """Placed by the exchange to close a position; seen in events only."""


class FuturesTimeInForce(OpenEnum):
    """How long a futures order stays."""

    GTC = "GTC"
    """Until cancelled, one year at most."""
    IOC = "IOC"
    """Fill what is possible now, drop the rest."""
    FOK = "FOK"
    """All of it now, or nothing."""
    GTX = "GTX"
    """Post only: dropped if it would trade at once."""
    GTD = "GTD"
    """Until its good-till date (USD-M)."""
    GTE_GTC = "GTE_GTC"
    """Until the position is closed."""
    RPI = "RPI"
    """Retail price improvement: post only, met by app and web orders alone (USD-M)."""


class FuturesExecutionType(OpenEnum):
    """What happened to a futures order in one event."""

    NEW = "NEW"
    CANCELED = "CANCELED"
    CALCULATED = "CALCULATED"
    """A liquidation or auto-deleveraging took place."""
    EXPIRED = "EXPIRED"
    TRADE = "TRADE"
    AMENDMENT = "AMENDMENT"


class FuturesExpiryReason(OpenEnum):
    """Why a futures order expired, as the code the exchange sends."""

    NONE = "0"
    SELF_TRADE_PREVENTION = "1"
    IOC_REST_NOT_FILLED = "2"
    IOC_SELF_TRADE_PREVENTION = "3"
    """The rest of an IOC order was dropped by self-trade prevention."""
    REDUCE_ONLY_DISPLACED = "4"
    """A stronger reduce-only order came first, or the order would have turned the position around."""
    ACCOUNT_LIQUIDATED = "5"
    GTE_CONDITION_GONE = "6"
    """The position a ``GTE_GTC`` order belonged to is closed."""
    SYMBOL_DELISTED = "7"
    REPLACED_BY_TRIGGERED_ORDER = "8"
    """The order its trigger produced took its place."""
    MARKET_REST_NOT_FILLED = "9"
    FOK_NOT_FILLED = "10"
    """COIN-M only."""
    POST_ONLY_WOULD_TRADE = "11"
    """COIN-M only."""


class PositionSide(OpenEnum):
    """Which position an order or an update is about."""

    BOTH = "BOTH"
    """The only position there is in one-way mode."""
    LONG = "LONG"
    """Hedge mode."""
    SHORT = "SHORT"
    """Hedge mode."""


class WorkingType(OpenEnum):
    """Which price triggers a conditional order."""

    MARK_PRICE = "MARK_PRICE"
    CONTRACT_PRICE = "CONTRACT_PRICE"
    """The last traded price."""


class PriceMatch(OpenEnum):
    """Which price of the book an order takes in place of a price of its own."""

    NONE = "NONE"
    OPPONENT = "OPPONENT"
    """The best price of the other side."""
    OPPONENT_5 = "OPPONENT_5"
    """The fifth best price of the other side."""
    OPPONENT_10 = "OPPONENT_10"
    """Suspended by the exchange since 2025-10-23."""
    OPPONENT_20 = "OPPONENT_20"
    """Suspended by the exchange since 2025-10-23."""
    QUEUE = "QUEUE"
    """The best price of its own side."""
    QUEUE_5 = "QUEUE_5"
    QUEUE_10 = "QUEUE_10"
    QUEUE_20 = "QUEUE_20"


class MarginType(OpenEnum):
    """How a position is margined; ``CROSSED`` and ``ISOLATED``, as margin calls spell it, are read as these."""

    CROSS = "cross"
    ISOLATED = "isolated"

    @classmethod
    def _missing_(cls, value: object) -> MarginType | None:
        # MARGIN_CALL writes CROSSED and ISOLATED where every other message writes cross and isolated.
        known = {"CROSSED": cls.CROSS, "CROSS": cls.CROSS, "ISOLATED": cls.ISOLATED}
        return known.get(str(value)) or super()._missing_(value)


class AlgoType(OpenEnum):
    """What kind of order the algo service keeps."""

    CONDITIONAL = "CONDITIONAL"


class AlgoStatus(OpenEnum):
    """Where a conditional order of the algo service stands."""

    NEW = "NEW"
    """Accepted, not triggered."""
    CANCELED = "CANCELED"
    TRIGGERING = "TRIGGERING"
    """Triggered, on its way to the matching engine."""
    TRIGGERED = "TRIGGERED"
    """Placed into the matching engine."""
    FINISHED = "FINISHED"
    """The order it placed was filled or cancelled."""
    REJECTED = "REJECTED"
    """The matching engine refused the order."""
    EXPIRED = "EXPIRED"
    """Cancelled by the exchange."""


class AccountUpdateReason(OpenEnum):
    """Why a balance or a position changed."""

    DEPOSIT = "DEPOSIT"
    WITHDRAW = "WITHDRAW"
    ORDER = "ORDER"
    FUNDING_FEE = "FUNDING_FEE"
    WITHDRAW_REJECT = "WITHDRAW_REJECT"
    ADJUSTMENT = "ADJUSTMENT"
    INSURANCE_CLEAR = "INSURANCE_CLEAR"
    ADMIN_DEPOSIT = "ADMIN_DEPOSIT"
    ADMIN_WITHDRAW = "ADMIN_WITHDRAW"
    MARGIN_TRANSFER = "MARGIN_TRANSFER"
    MARGIN_TYPE_CHANGE = "MARGIN_TYPE_CHANGE"
    ASSET_TRANSFER = "ASSET_TRANSFER"
    OPTIONS_PREMIUM_FEE = "OPTIONS_PREMIUM_FEE"
    OPTIONS_SETTLE_PROFIT = "OPTIONS_SETTLE_PROFIT"
    AUTO_EXCHANGE = "AUTO_EXCHANGE"
    COIN_SWAP_DEPOSIT = "COIN_SWAP_DEPOSIT"
    COIN_SWAP_WITHDRAW = "COIN_SWAP_WITHDRAW"


class StrategyStatus(OpenEnum):
    """Where a strategy such as a grid stands."""

    NEW = "NEW"
    WORKING = "WORKING"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class ContractType(OpenEnum):
    """When a contract is delivered."""

    PERPETUAL = "PERPETUAL"
    CURRENT_MONTH = "CURRENT_MONTH"
    NEXT_MONTH = "NEXT_MONTH"
    CURRENT_QUARTER = "CURRENT_QUARTER"
    NEXT_QUARTER = "NEXT_QUARTER"
    CURRENT_QUARTER_DELIVERING = "CURRENT_QUARTER_DELIVERING"
    NEXT_QUARTER_DELIVERING = "NEXT_QUARTER_DELIVERING"
    PERPETUAL_DELIVERING = "PERPETUAL_DELIVERING"
    TRADIFI_PERPETUAL = "TRADIFI_PERPETUAL"
    """A perpetual on an underlying of the traditional markets."""


class ContractStatus(OpenEnum):
    """Whether a contract trades."""

    PENDING_TRADING = "PENDING_TRADING"
    TRADING = "TRADING"
    PRE_DELIVERING = "PRE_DELIVERING"
    DELIVERING = "DELIVERING"
    DELIVERED = "DELIVERED"
    PRE_SETTLE = "PRE_SETTLE"
    SETTLING = "SETTLING"
    CLOSE = "CLOSE"


class TradingSessionType(OpenEnum):
    """Part of the trading day of an underlying of the traditional markets."""

    PRE_MARKET = "PRE_MARKET"
    REGULAR = "REGULAR"
    AFTER_MARKET = "AFTER_MARKET"
    OVERNIGHT = "OVERNIGHT"
    NO_TRADING = "NO_TRADING"
