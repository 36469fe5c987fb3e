"""Market data: what anyone may ask for.

Times are epoch milliseconds, or microseconds where the connection was asked for them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

import msgspec
from msgspec import field

from binance_wsapi.loading import uncut
from binance_wsapi.models.base import Level, Model
from binance_wsapi.models.book import HasLevels
from binance_wsapi.models.enums import (
    ExecutionRuleType,
    OrderType,
    RateLimitInterval,
    RateLimitType,
    ReferencePriceCalculationType,
    SelfTradePreventionMode,
    SymbolStatus,
)
from binance_wsapi.models.rows import Rows, RowsOf, holds_rows

if TYPE_CHECKING:
    from binance_wsapi.models.filters import Filter

__all__ = [
    "AggregateTrade",
    "AveragePrice",
    "BookTicker",
    "Empty",
    "ExchangeInfo",
    "ExecutionRule",
    "ExecutionRules",
    "Kline",
    "OrderBook",
    "PriceTicker",
    "RateLimit",
    "ReferencePrice",
    "ReferencePriceCalculation",
    "ServerTime",
    "SmartOrderRouting",
    "Symbol",
    "SymbolExecutionRules",
    "Ticker",
    "Ticker24hr",
    "Trade",
]


class Empty(Model):
    """An answer that says no more than "done"."""


class ServerTime(Model):
    """The exchange's clock."""

    server_time: int
    """Epoch ms."""


class RateLimit(Model):
    """One limit, and in some answers how much of it is used up."""

    named_by: ClassVar[tuple[str, ...]] = ("rate_limit_type", "interval")

    rate_limit_type: RateLimitType
    """What is counted."""
    interval: RateLimitInterval
    """Unit of the interval."""
    interval_num: int
    """How many units the interval lasts."""
    limit: int
    """Most that may be used in an interval."""
    count: int | None = None
    """Used so far in this interval."""


class Symbol(Model):
    """A symbol and the rules its orders must follow."""

    named_by: ClassVar[tuple[str, ...]] = ("symbol",)

    symbol: str
    """Name, such as ``BTCUSDT``."""
    status: SymbolStatus
    """Whether it trades."""
    base_asset: str
    """The asset that is bought and sold."""
    base_asset_precision: int | None
    """Decimal places of base asset amounts."""
    quote_asset: str
    """The asset that prices are in."""
    quote_precision: int | None
    """The same as ``quote_asset_precision``, which replaces it."""
    quote_asset_precision: int | None
    """Decimal places of quote asset amounts."""
    base_commission_precision: int | None
    """Decimal places of commissions in the base asset."""
    quote_commission_precision: int | None
    """Decimal places of commissions in the quote asset."""
    order_types: list[OrderType] | None
    """Order types it accepts."""
    iceberg_allowed: bool | None
    """Whether iceberg orders are accepted."""
    oco_allowed: bool | None
    """Whether OCO lists are accepted."""
    oto_allowed: bool | None
    """Whether OTO lists are accepted."""
    opo_allowed: bool | None = None
    """Whether OPO lists are accepted."""
    quote_order_qty_market_allowed: bool | None
    """Whether MARKET orders may give ``quote_order_qty``."""
    allow_trailing_stop: bool | None
    """Whether orders may give ``trailing_delta``."""
    cancel_replace_allowed: bool | None
    """Whether orders can be cancelled and replaced in one request."""
    amend_allowed: bool | None = None
    """Whether the quantity of a resting order can be reduced in place."""
    peg_instructions_allowed: bool | None = None
    """Whether pegged orders are accepted."""
    is_spot_trading_allowed: bool | None
    """Whether it trades on Spot."""
    is_margin_trading_allowed: bool | None
    """Whether it trades on margin."""
    permissions: list[str] | None
    """Always empty by now; see ``permission_sets``."""
    permission_sets: list[list[str]] | None
    """An account needs one permission out of each inner list."""
    default_self_trade_prevention_mode: SelfTradePreventionMode | None
    """Mode of orders that name none."""
    allowed_self_trade_prevention_modes: list[SelfTradePreventionMode] | None
    """Modes that orders may name."""
    filters_json: msgspec.Raw = field(name="filters", default_factory=msgspec.Raw)
    """The filters as the exchange wrote them; use :attr:`filters`."""

    @property
    def filters(self) -> Rows[Filter]:
        """The rules on price, quantity, notional and open orders, decoded at each touch.

        ``filters["LOT_SIZE"]`` or ``filters[LotSizeFilter]`` is one of them.
        """
        with uncut:
            from binance_wsapi.models.filters import decode_filters

        return decode_filters(self.filters_json)


class SmartOrderRouting(Model):
    """Symbols that orders in one asset are routed over."""

    named_by: ClassVar[tuple[str, ...]] = ("base_asset",)

    base_asset: str
    """The asset that is bought and sold."""
    symbols: list[str]
    """The symbols whose books are used."""


@holds_rows(rate_limits=RateLimit, symbols=Symbol, sors=SmartOrderRouting)
class ExchangeInfo(Model):
    """Trading rules, limits and symbols."""

    timezone: str | None
    """Time zone of the exchange: ``UTC``."""
    server_time: int | None
    """Epoch ms."""
    rate_limits: RowsOf[RateLimit] | None
    """The limits on requests, orders and connections."""
    symbols: RowsOf[Symbol]
    """The symbols asked for: ``symbols["BTCUSDT"]``."""
    sors: RowsOf[SmartOrderRouting] | None = None
    """Assets with smart order routing, where it is on."""
    exchange_filters_json: msgspec.Raw = field(name="exchangeFilters", default_factory=msgspec.Raw)
    """The filters of the whole exchange as it wrote them; use :attr:`exchange_filters`."""

    @property
    def exchange_filters(self) -> Rows[Filter]:
        """The rules that hold over all symbols together, decoded at each touch."""
        with uncut:
            from binance_wsapi.models.filters import decode_filters

        return decode_filters(self.exchange_filters_json)


class ExecutionRule(Model):
    """A rule on the prices an order may trade at; a bound left out is not enforced."""

    named_by: ClassVar[tuple[str, ...]] = ("rule_type",)

    rule_type: ExecutionRuleType
    """What is restricted."""
    bid_limit_multiplier_up: Decimal | None = field(name="bidLimitMultUp", default=None)
    """A buyer trades no higher than the reference price times this."""
    bid_limit_multiplier_down: Decimal | None = field(name="bidLimitMultDown", default=None)
    """A buyer trades no lower than the reference price times this."""
    ask_limit_multiplier_up: Decimal | None = field(name="askLimitMultUp", default=None)
    """A seller trades no higher than the reference price times this."""
    ask_limit_multiplier_down: Decimal | None = field(name="askLimitMultDown", default=None)
    """A seller trades no lower than the reference price times this."""


@holds_rows(rules=ExecutionRule)
class SymbolExecutionRules(Model):
    """The execution rules of one symbol."""

    named_by: ClassVar[tuple[str, ...]] = ("symbol",)

    symbol: str
    """Name, such as ``BTCUSDT``."""
    rules: RowsOf[ExecutionRule]
    """The rules; empty when it has none."""


@holds_rows(symbol_rules=SymbolExecutionRules)
class ExecutionRules(Model):
    """Execution rules by symbol."""

    symbol_rules: RowsOf[SymbolExecutionRules]
    """One entry a symbol."""


class OrderBook(HasLevels, Model):
    """The order book of a symbol at one moment."""

    last_update_id: int
    """Number of the last change in it; diff depth events join on to it."""
    bids: list[Level]
    """Buyers' levels, best (highest) first."""
    asks: list[Level]
    """Sellers' levels, best (lowest) first."""


class Trade(Model, gc=False):
    """A trade of the market."""

    time_index = "time"

    trade_id: int = field(name="id")
    """Its number; for block trades that of the block trade."""
    price: Decimal
    """Price in quote asset units."""
    quantity: Decimal = field(name="qty")
    """Amount in base asset units."""
    quote_quantity: Decimal | None = field(name="quoteQty")
    """Amount in quote asset units."""
    time: int | None
    """When it happened, epoch ms."""
    is_buyer_maker: bool
    """The buyer's order was resting, so a seller came to it."""
    is_best_match: bool | None = None
    """To be ignored; block trades lack it."""


class AggregateTrade(Model, gc=False):
    """Trades of one taker order at one price, at one time."""

    time_index = "time"

    aggregate_trade_id: int = field(name="a")
    """Its number."""
    price: Decimal = field(name="p")
    """Price in quote asset units."""
    quantity: Decimal = field(name="q")
    """Amount in base asset units."""
    first_trade_id: int | None = field(name="f")
    """The first trade in it."""
    last_trade_id: int | None = field(name="l")
    """The last trade in it."""
    time: int | None = field(name="T")
    """When it happened, epoch ms."""
    is_buyer_maker: bool = field(name="m")
    """The buyer's order was resting, so a seller came to it."""
    is_best_match: bool | None = field(name="M")
    """To be ignored."""


class Kline(Model, array_like=True, gc=False):
    """A candle; on the wire a list in this order."""

    time_index = "open_time"

    open_time: int
    """First moment of it, epoch ms."""
    open_price: Decimal
    """Price of its first trade."""
    high_price: Decimal
    """Highest price."""
    low_price: Decimal
    """Lowest price."""
    close_price: Decimal
    """Price of its last trade so far."""
    volume: Decimal
    """Traded, in base asset units."""
    close_time: int | None
    """Last moment of it, epoch ms."""
    quote_volume: Decimal | None
    """Traded, in quote asset units."""
    trade_count: int | None
    """How many trades."""
    taker_buy_volume: Decimal | None
    """Bought by takers, in base asset units."""
    taker_buy_quote_volume: Decimal | None
    """Bought by takers, in quote asset units."""
    unused: str | None
    """To be ignored."""


class AveragePrice(Model):
    """The average price of a symbol."""

    minutes: int | None = field(name="mins")
    """How many minutes it covers."""
    price: Decimal
    """The average, in quote asset units."""
    close_time: int | None
    """Time of the last trade in it, epoch ms."""


class Ticker(Model):
    """Statistics of a symbol over a window; MINI leaves out those that may be ``None``."""

    named_by: ClassVar[tuple[str, ...]] = ("symbol",)

    symbol: str
    """Name, such as ``BTCUSDT``."""
    price_change: Decimal | None = None
    """Last price less open price."""
    price_change_percent: Decimal | None = None
    """The same in percent of the open price."""
    weighted_average_price: Decimal | None = field(name="weightedAvgPrice", default=None)
    """Quote volume divided by volume."""
    open_price: Decimal
    """Price of the first trade."""
    high_price: Decimal
    """Highest price."""
    low_price: Decimal
    """Lowest price."""
    last_price: Decimal
    """Price of the last trade."""
    volume: Decimal
    """Traded, in base asset units."""
    quote_volume: Decimal | None
    """Traded, in quote asset units."""
    open_time: int | None
    """Start of the window, epoch ms."""
    close_time: int | None
    """End of the window, epoch ms."""
    first_trade_id: int | None = field(name="firstId")
    """The first trade in the window."""
    last_trade_id: int | None = field(name="lastId")
    """The last trade in the window."""
    trade_count: int | None = field(name="count")
    """How many trades."""


class Ticker24hr(Ticker):
    """Statistics of the last 24 hours, and the top of the book."""

    previous_close_price: Decimal | None = field(name="prevClosePrice", default=None)
    """Price of the last trade before the window."""
    last_quantity: Decimal | None = field(name="lastQty", default=None)
    """Amount of the last trade, in base asset units."""
    bid_price: Decimal | None = None
    """Best price of the buyers."""
    bid_quantity: Decimal | None = field(name="bidQty", default=None)
    """Amount at it, in base asset units."""
    ask_price: Decimal | None = None
    """Best price of the sellers."""
    ask_quantity: Decimal | None = field(name="askQty", default=None)
    """Amount at it, in base asset units."""


class PriceTicker(Model):
    """The last price of a symbol."""

    named_by: ClassVar[tuple[str, ...]] = ("symbol",)

    symbol: str
    """Name, such as ``BTCUSDT``."""
    price: Decimal
    """Price of the last trade."""


class BookTicker(Model):
    """The best prices of a symbol."""

    named_by: ClassVar[tuple[str, ...]] = ("symbol",)

    symbol: str
    """Name, such as ``BTCUSDT``."""
    bid_price: Decimal
    """Best price of the buyers."""
    bid_quantity: Decimal = field(name="bidQty")
    """Amount at it, in base asset units."""
    ask_price: Decimal
    """Best price of the sellers."""
    ask_quantity: Decimal = field(name="askQty")
    """Amount at it, in base asset units."""


class ReferencePrice(Model):
    """The price that price rules are reckoned from.

    For a symbol that never had one the exchange answers with ``code`` and ``message`` alone.
    """

    symbol: str | None = None
    """Name, such as ``BTCUSDT``."""
    reference_price: Decimal | None = None
    """The price; ``None`` when none is set now."""
    timestamp: int | None = None
    """As of when, epoch ms."""
    code: int | None = None
    """-2043 when the symbol never had a reference price."""
    message: str | None = field(name="msg", default=None)
    """What the exchange says about it."""


class ReferencePriceCalculation(Model):
    """How the reference price of a symbol is made."""

    symbol: str
    """Name, such as ``BTCUSDT``."""
    calculation_type: ReferencePriceCalculationType
    """The mean of buckets of trades, or a price from outside."""
    bucket_count: int | None = None
    """How many buckets the mean is over."""
    bucket_width_ms: int | None = None
    """How long a bucket is."""
    external_calculation_id: int | None = None
    """Where the price comes from: 0 set by hand, 1 mean of four providers, 2 index price of
    USD-M futures, 3 five minute mean of the middle of the book."""
