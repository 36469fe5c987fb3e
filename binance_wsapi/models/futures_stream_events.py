"""What the USD-M and COIN-M market streams send.

Since mid-2026 some streams carry symbols of both markets: ``symbol_type`` tells them apart. Times are
epoch milliseconds. Quantities are in base asset units on USD-M and in contracts on COIN-M.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import ClassVar

from msgspec import field

from binance_wsapi.models.base import Event, Level, Model
from binance_wsapi.models.book import HasLevels
from binance_wsapi.models.enums import KlineInterval, OrderStatus, Side
from binance_wsapi.models.futures_enums import (
    ContractStatus,
    ContractType,
    FuturesOrderType,
    FuturesTimeInForce,
    TradingSessionType,
)
from binance_wsapi.models.rows import RowsOf, holds_rows
from binance_wsapi.models.spot_stream_events import StreamKline

__all__ = [
    "AssetIndexEvent",
    "ChinaEquitySessionEvent",
    "CommoditySessionEvent",
    "CompositeIndexEvent",
    "ContinuousKlineEvent",
    "ContractInfoEvent",
    "EquitySessionEvent",
    "ForceOrderEvent",
    "ForexSessionEvent",
    "FuturesAggregateTradeEvent",
    "FuturesBookTickerEvent",
    "FuturesDepthEvent",
    "FuturesKlineEvent",
    "FuturesMiniTickerEvent",
    "FuturesPartialDepthEvent",
    "FuturesTickerEvent",
    "FuturesTradeEvent",
    "HongKongEquitySessionEvent",
    "IndexComponent",
    "IndexPriceEvent",
    "IndexPriceKlineEvent",
    "KoreaEquitySessionEvent",
    "LeverageBracket",
    "LiquidationOrder",
    "MarkPriceEvent",
    "MarkPriceKlineEvent",
    "PriceKline",
    "TradingSessionEvent",
]


class FuturesAggregateTradeEvent(Event, tag="aggTrade"):
    """Trades of one taker order at one price within 100 ms."""

    symbol: str = field(name="s")
    """The symbol."""
    aggregate_trade_id: int = field(name="a")
    """Its number."""
    price: Decimal = field(name="p")
    """Price."""
    quantity: Decimal = field(name="q")
    """Quantity, fills of retail price improvement orders included."""
    normal_quantity: Decimal | None = field(name="nq", default=None)
    """Quantity without fills of retail price improvement orders (USD-M)."""
    first_trade_id: int | None = field(name="f")
    """The first trade in it."""
    last_trade_id: int | None = field(name="l")
    """The last trade in it."""
    time: int | None = field(name="T")
    """When it happened, in ms."""
    is_buyer_maker: bool = field(name="m")
    """The buyer's order was resting, so a seller came to it."""
    symbol_type: int | None = field(name="st", default=None)
    """1 for a USD-M symbol, 2 for a COIN-M symbol."""


class FuturesTradeEvent(Event, tag="trade"):
    """One trade; the stream ``<symbol>@trade`` stands in no document of the futures markets."""

    symbol: str = field(name="s")
    """The symbol."""
    trade_id: int = field(name="t")
    """Its number."""
    price: Decimal = field(name="p")
    """Price."""
    quantity: Decimal = field(name="q")
    """Quantity."""
    time: int | None = field(name="T")
    """When it happened, in ms."""
    is_buyer_maker: bool = field(name="m")
    """The buyer's order was resting, so a seller came to it."""
    origin: str | None = field(name="X", default=None)
    """Where it comes from: ``MARKET``, ``INSURANCE_FUND`` or such."""
    symbol_type: int | None = field(name="st", default=None)
    """1 for a USD-M symbol, 2 for a COIN-M symbol."""


class MarkPriceEvent(Event, tag="markPriceUpdate"):
    """Mark price and funding rate of a symbol."""

    symbol: str = field(name="s")
    """The symbol."""
    mark_price: Decimal = field(name="p")
    """Mark price."""
    index_price: Decimal | None = field(name="i")
    """Index price."""
    average_mark_price: Decimal | None = field(name="ap", default=None)
    """Moving average of the mark price (USD-M)."""
    estimated_settle_price: Decimal | None = field(name="P")
    """Estimated settlement price; meaningful in the last hour before settlement."""
    funding_rate_text: str | None = field(name="r")
    """Funding rate as sent; empty for delivery contracts."""
    next_funding_time: int | None = field(name="T")
    """Next funding, in ms; zero for delivery contracts."""
    symbol_type: int | None = field(name="st", default=None)
    """1 for a USD-M symbol, 2 for a COIN-M symbol."""

    @property
    def funding_rate(self) -> Decimal | None:
        """Funding rate, 0.0001 for 0.01 %; ``None`` for delivery contracts."""
        return Decimal(self.funding_rate_text) if self.funding_rate_text else None


class IndexPriceEvent(Event, tag="indexPriceUpdate"):
    """Index price of a pair (COIN-M)."""

    pair: str = field(name="i")
    """The pair, such as ``BTCUSD``."""
    index_price: Decimal = field(name="p")
    """Index price."""


class FuturesKlineEvent(Event, tag="kline"):
    """A candle changed."""

    symbol: str = field(name="s")
    """The symbol."""
    kline: StreamKline = field(name="k")
    """The candle as it stands now."""


class ContinuousKlineEvent(Event, tag="continuous_kline"):
    """A candle of whichever contract of a pair has this term now changed."""

    pair: str = field(name="ps")
    """The pair."""
    contract_type: ContractType | None = field(name="ct")
    """The term."""
    kline: StreamKline = field(name="k")
    """The candle as it stands now."""


class PriceKline(Model):
    """A candle of a price that is reckoned, not traded."""

    open_time: int = field(name="t")
    """First moment of it, in ms."""
    close_time: int | None = field(name="T")
    """Last moment of it, in ms."""
    symbol: str | None = field(name="s")
    """The symbol; without meaning for index prices."""
    interval: KlineInterval = field(name="i")
    """Its length."""
    open_price: Decimal = field(name="o")
    """First price."""
    close_price: Decimal = field(name="c")
    """Last price so far."""
    high_price: Decimal = field(name="h")
    """Highest price."""
    low_price: Decimal = field(name="l")
    """Lowest price."""
    data_count: int | None = field(name="n")
    """How many prices."""
    is_closed: bool = field(name="x")
    """Whether it is final."""
    _unused_f: int | None = field(name="f", default=None)
    _unused_last: int | None = field(name="L", default=None)
    _unused_v: str | None = field(name="v", default=None)
    _unused_q: str | None = field(name="q", default=None)
    _unused_taker: str | None = field(name="V", default=None)
    _unused_taker_quote: str | None = field(name="Q", default=None)
    _unused_b: str | None = field(name="B", default=None)


class IndexPriceKlineEvent(Event, tag="indexPrice_kline"):
    """A candle of the index price of a pair changed (COIN-M)."""

    pair: str = field(name="ps")
    """The pair."""
    kline: PriceKline = field(name="k")
    """The candle as it stands now."""


class MarkPriceKlineEvent(Event, tag="markPrice_kline"):
    """A candle of the mark price of a symbol changed (COIN-M)."""

    pair: str = field(name="ps")
    """The pair; the symbol stands in the candle."""
    kline: PriceKline = field(name="k")
    """The candle as it stands now."""


class FuturesMiniTickerEvent(Event, tag="24hrMiniTicker"):
    """Prices and volume of a symbol over the last 24 hours."""

    symbol: str = field(name="s")
    """The symbol."""
    pair: str | None = field(name="ps", default=None)
    """The pair it belongs to."""
    last_price: Decimal = field(name="c")
    """Price of the last trade."""
    open_price: Decimal = field(name="o")
    """Price of the first trade."""
    high_price: Decimal = field(name="h")
    """Highest price."""
    low_price: Decimal = field(name="l")
    """Lowest price."""
    volume: Decimal = field(name="v")
    """Traded, in base asset units (contracts on COIN-M)."""
    quote_volume: Decimal | None = field(name="q")
    """Traded, in quote asset units (base asset units on COIN-M)."""
    symbol_type: int | None = field(name="st", default=None)
    """1 for a USD-M symbol, 2 for a COIN-M symbol."""


class FuturesTickerEvent(Event, tag="24hrTicker"):
    """Statistics of a symbol over the last 24 hours."""

    symbol: str = field(name="s")
    """The symbol."""
    pair: str | None = field(name="ps", default=None)
    """The pair it belongs to."""
    price_change: Decimal | None = field(name="p")
    """Last price less open price."""
    price_change_percent: Decimal | None = field(name="P")
    """The same in percent of the open price."""
    weighted_average_price: Decimal | None = field(name="w")
    """Mean price, weighted by volume."""
    last_price: Decimal = field(name="c")
    """Price of the last trade."""
    last_quantity: Decimal | None = field(name="Q")
    """Quantity of the last trade."""
    open_price: Decimal = field(name="o")
    """Price of the first trade."""
    high_price: Decimal = field(name="h")
    """Highest price."""
    low_price: Decimal = field(name="l")
    """Lowest price."""
    volume: Decimal = field(name="v")
    """Traded, in base asset units (contracts on COIN-M)."""
    quote_volume: Decimal | None = field(name="q")
    """Traded, in quote asset units (base asset units on COIN-M)."""
    open_time: int | None = field(name="O")
    """Start of the window, in ms."""
    close_time: int | None = field(name="C")
    """End of the window, in ms."""
    first_trade_id: int | None = field(name="F")
    """The first trade in the window."""
    last_trade_id: int | None = field(name="L")
    """The last trade in the window."""
    trade_count: int | None = field(name="n")
    """How many trades."""
    symbol_type: int | None = field(name="st", default=None)
    """1 for a USD-M symbol, 2 for a COIN-M symbol."""


class FuturesBookTickerEvent(Event, tag="bookTicker"):
    """The best prices of a symbol changed; retail price improvement orders are left out."""

    update_id: int = field(name="u")
    """Number of the change of the order book."""
    transaction_time: int | None = field(name="T")
    """Matching engine time, in ms."""
    symbol: str = field(name="s")
    """The symbol."""
    pair: str | None = field(name="ps", default=None)
    """The pair it belongs to."""
    bid_price_text: str = field(name="b")
    """Best price of the buyers, as sent."""
    bid_quantity_text: str = field(name="B")
    """Quantity at it, as sent."""
    ask_price_text: str = field(name="a")
    """Best price of the sellers, as sent."""
    ask_quantity_text: str = field(name="A")
    """Quantity at it, as sent."""
    symbol_type: int | None = field(name="st", default=None)
    """1 for a USD-M symbol, 2 for a COIN-M symbol."""

    @property
    def bid_price(self) -> Decimal:
        """Best price of the buyers."""
        return Decimal(self.bid_price_text)

    @property
    def bid_quantity(self) -> Decimal:
        """Quantity at it."""
        return Decimal(self.bid_quantity_text)

    @property
    def ask_price(self) -> Decimal:
        """Best price of the sellers."""
        return Decimal(self.ask_price_text)

    @property
    def ask_quantity(self) -> Decimal:
        """Quantity at it."""
        return Decimal(self.ask_quantity_text)


class LiquidationOrder(Model):
    """An order by which the exchange closed a position."""

    symbol: str = field(name="s")
    """The symbol."""
    pair: str | None = field(name="ps", default=None)
    """The pair it belongs to (COIN-M)."""
    side: Side = field(name="S")
    """Which way it goes: SELL closes a long position."""
    type: FuturesOrderType = field(name="o")
    """How it meets the book."""
    time_in_force: FuturesTimeInForce | None = field(name="f")
    """How long it stays."""
    quantity: Decimal = field(name="q")
    """Ordered."""
    price: Decimal = field(name="p")
    """Limit price."""
    average_price: Decimal | None = field(name="ap")
    """Mean price of its fills."""
    status: OrderStatus = field(name="X")
    """Where it stands."""
    last_executed_quantity: Decimal | None = field(name="l")
    """Quantity of its last fill."""
    executed_quantity: Decimal = field(name="z")
    """Filled so far."""
    trade_time: int | None = field(name="T")
    """When it was filled, in ms."""


class ForceOrderEvent(Event, tag="forceOrder"):
    """A liquidation: the latest of a symbol in a second, others in it are not told."""

    order: LiquidationOrder = field(name="o")
    """The order that closed the position."""
    pair: str | None = field(name="ps", default=None)
    """The pair it belongs to (USD-M)."""
    symbol_type: int | None = field(name="st", default=None)
    """1 for a USD-M symbol, 2 for a COIN-M symbol."""


class FuturesDepthEvent(Event, tag="depthUpdate"):
    """Levels of an order book that changed; a quantity of zero removes the level."""

    transaction_time: int | None = field(name="T")
    """Matching engine time, in ms."""
    symbol: str = field(name="s")
    """The symbol."""
    pair: str | None = field(name="ps", default=None)
    """The pair it belongs to."""
    first_update_id: int = field(name="U")
    """Number of the first change in it."""
    final_update_id: int = field(name="u")
    """Number of the last change in it."""
    previous_final_update_id: int = field(name="pu")
    """``final_update_id`` of the event before on this stream: when it is another, one was missed."""
    bids: list[Level] = field(name="b")
    """Buyers' levels that changed."""
    asks: list[Level] = field(name="a")
    """Sellers' levels that changed."""
    symbol_type: int | None = field(name="st", default=None)
    """1 for a USD-M symbol, 2 for a COIN-M symbol."""


class FuturesPartialDepthEvent(HasLevels, FuturesDepthEvent, tag="depthUpdate"):
    """The best levels of an order book: all of them, not only those that changed."""


class IndexComponent(Model):
    """A part of a composite index."""

    named_by: ClassVar[tuple[str, ...]] = ("base_asset",)

    base_asset: str = field(name="b")
    """Base asset."""
    quote_asset: str | None = field(name="q")
    """Quote asset."""
    weight_quantity: Decimal | None = field(name="w")
    """Weight as a quantity."""
    weight_percent: Decimal | None = field(name="W")
    """Weight as a part of one."""
    index_price: Decimal | None = field(name="i")
    """Its own index price."""


@holds_rows(components=IndexComponent)
class CompositeIndexEvent(Event, tag="compositeIndex"):
    """Value and parts of a composite index (USD-M)."""

    symbol: str = field(name="s")
    """The symbol of the index."""
    price: Decimal = field(name="p")
    """Its value."""
    component_category: str | None = field(name="C")
    """What its parts are, such as ``baseAsset``."""
    components: RowsOf[IndexComponent] | None = field(name="c")
    """Its parts."""


class LeverageBracket(Model):
    """What leverage a position of some size may have."""

    bracket: int = field(name="bs")
    """Its number."""
    notional_floor: Decimal = field(name="bnf")
    """From this value on."""
    notional_cap: Decimal = field(name="bnc")
    """Up to this value."""
    maintenance_margin_rate: Decimal | None = field(name="mmr")
    """Maintenance margin as a part of the value."""
    cumulative_factor: Decimal | None = field(name="cf")
    """What to take off to reckon the maintenance margin at once."""
    minimum_leverage: int | None = field(name="mi")
    """Least leverage."""
    maximum_leverage: int | None = field(name="ma")
    """Most leverage."""


@holds_rows(brackets=LeverageBracket)
class ContractInfoEvent(Event, tag="contractInfo"):
    """A contract was listed, is being settled, or its leverage brackets changed."""

    symbol: str = field(name="s")
    """The symbol."""
    pair: str | None = field(name="ps", default=None)
    """The pair it belongs to."""
    contract_type: ContractType | None = field(name="ct")
    """Its term."""
    delivery_time: int | None = field(name="dt")
    """When it is delivered, in ms."""
    onboard_time: int | None = field(name="ot")
    """When it was listed, in ms."""
    status: ContractStatus = field(name="cs")
    """Whether it trades."""
    brackets: RowsOf[LeverageBracket] | None = field(name="bks", default=None)
    """Its leverage brackets, when they changed."""
    symbol_type: int | None = field(name="st", default=None)
    """1 for a USD-M symbol, 2 for a COIN-M symbol."""


class AssetIndexEvent(Event, tag="assetIndexUpdate"):
    """What an asset counts as margin in multi-assets mode (USD-M)."""

    symbol: str = field(name="s")
    """Symbol of the index, such as ``ADAUSD``."""
    index_price: Decimal = field(name="i")
    """Index price."""
    bid_buffer: Decimal | None = field(name="b")
    """Taken off the index price when the asset is held."""
    ask_buffer: Decimal | None = field(name="a")
    """Put on the index price when the asset is owed."""
    bid_rate: Decimal | None = field(name="B")
    """Rate the asset counts at when it is held."""
    ask_rate: Decimal | None = field(name="A")
    """Rate the asset counts at when it is owed."""
    auto_exchange_bid_buffer: Decimal | None = field(name="q")
    """``bid_buffer`` for automatic exchange."""
    auto_exchange_ask_buffer: Decimal | None = field(name="g")
    """``ask_buffer`` for automatic exchange."""
    auto_exchange_bid_rate: Decimal | None = field(name="Q")
    """``bid_rate`` for automatic exchange."""
    auto_exchange_ask_rate: Decimal | None = field(name="G")
    """``ask_rate`` for automatic exchange."""


class TradingSessionEvent(Event):
    """Part of the trading day of underlyings of the traditional markets (USD-M)."""

    session_start: int = field(name="t")
    """When it began, in ms."""
    session_end: int = field(name="T")
    """When it ends, in ms."""
    session_type: TradingSessionType = field(name="S")
    """Which part it is."""


class EquitySessionEvent(TradingSessionEvent, tag="EquityUpdate"):
    """Part of the trading day of equities of the United States."""


class CommoditySessionEvent(TradingSessionEvent, tag="CommodityUpdate"):
    """Part of the trading day of commodities."""


class KoreaEquitySessionEvent(TradingSessionEvent, tag="KR_EquityUpdate"):
    """Part of the trading day of equities of Korea."""


class HongKongEquitySessionEvent(TradingSessionEvent, tag="HK_EquityUpdate"):
    """Part of the trading day of equities of Hong Kong."""


class ChinaEquitySessionEvent(TradingSessionEvent, tag="CN_EquityUpdate"):
    """Part of the trading day of equities of China."""


class ForexSessionEvent(TradingSessionEvent, tag="FXUpdate"):
    """Part of the trading day of foreign exchange."""


BY_TYPE: tuple[type[Event], ...] = (
    FuturesAggregateTradeEvent,
    FuturesTradeEvent,
    MarkPriceEvent,
    IndexPriceEvent,
    FuturesKlineEvent,
    ContinuousKlineEvent,
    IndexPriceKlineEvent,
    MarkPriceKlineEvent,
    FuturesMiniTickerEvent,
    FuturesTickerEvent,
    FuturesBookTickerEvent,
    ForceOrderEvent,
    FuturesDepthEvent,
    CompositeIndexEvent,
    ContractInfoEvent,
    AssetIndexEvent,
    EquitySessionEvent,
    CommoditySessionEvent,
    KoreaEquitySessionEvent,
    HongKongEquitySessionEvent,
    ChinaEquitySessionEvent,
    ForexSessionEvent,
)
"""Events that say what they are."""
BY_NAME: tuple[tuple[re.Pattern[str], type[Event]], ...] = (
    (re.compile(r"@bookTicker$|^!bookTicker$"), FuturesBookTickerEvent),
    (re.compile(r"@depth\d+(@|$)"), FuturesPartialDepthEvent),
    (re.compile(r"@(depth|rpiDepth)(@|$)"), FuturesDepthEvent),
)
"""Streams whose name tells the kind: a partial book has the type of a change, and the busiest."""
BY_SHAPE: tuple[type[Event], ...] = ()
"""Events without a type: there are none."""
