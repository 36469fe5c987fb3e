"""What the market streams of options send.

A symbol names underlying, expiry, strike and kind: ``BTC-260626-140000-C`` is the right to buy. Prices are in the
quote asset for one unit of the underlying, quantities in contracts. Times are epoch milliseconds.
"""

from __future__ import annotations

import re
from decimal import Decimal

from msgspec import field

from binance_wsapi.models.base import Event, Level, OpenEnum
from binance_wsapi.models.book import HasLevels
from binance_wsapi.models.enums import Side
from binance_wsapi.models.spot_stream_events import StreamKline

__all__ = [
    "OptionBookTickerEvent",
    "OptionDepthEvent",
    "OptionIndexPriceEvent",
    "OptionKlineEvent",
    "OptionListedEvent",
    "OptionMarkPriceEvent",
    "OptionOpenInterestEvent",
    "OptionPartialDepthEvent",
    "OptionTickerEvent",
    "OptionTradeEvent",
    "OptionTradeType",
    "OptionType",
]


class OptionType(OpenEnum):
    """What an option is the right to do."""

    CALL = "CALL"
    """Buy the underlying at the strike price."""
    PUT = "PUT"
    """Sell the underlying at the strike price."""


class OptionTradeType(OpenEnum):
    """How a trade came about."""

    MARKET = "MARKET"
    """In the order book."""
    BLOCK = "BLOCK"
    """Agreed on outside of it."""


class OptionTradeEvent(Event, tag="trade"):
    """One trade."""

    time: int | None = field(name="T")
    """When it happened, in ms."""
    symbol: str = field(name="s")
    """The symbol of the option."""
    trade_id: int = field(name="t")
    """Its number."""
    price: Decimal = field(name="p")
    """Price."""
    quantity: Decimal = field(name="q")
    """Quantity, in contracts."""
    trade_type: OptionTradeType | None = field(name="X")
    """How it came about."""
    side: Side = field(name="S")
    """Which way the order went that came to the other."""
    is_buyer_maker: bool = field(name="m")
    """The buyer's order was resting, so a seller came to it."""


class OptionTickerEvent(Event, tag="24hrTicker"):
    """Statistics of an option's last 24 hours."""

    symbol: str = field(name="s")
    """The symbol of the option."""
    price_change: Decimal | None = field(name="p")
    """Change of the price."""
    price_change_percent: Decimal | None = field(name="P")
    """The same in percent."""
    weighted_average_price: Decimal | None = field(name="w")
    """Mean price by volume."""
    last_price: Decimal = field(name="c")
    """Price of the last trade."""
    last_quantity: Decimal | None = field(name="Q")
    """Quantity of the last trade, in contracts."""
    open_price: Decimal = field(name="o")
    """Price of the first trade."""
    high_price: Decimal = field(name="h")
    """Highest price."""
    low_price: Decimal = field(name="l")
    """Lowest price."""
    volume: Decimal = field(name="v")
    """Traded, in contracts."""
    quote_volume: Decimal | None = field(name="q")
    """Traded, in the quote asset."""
    open_time: int | None = field(name="O")
    """When these statistics begin, in ms."""
    close_time: int | None = field(name="C")
    """When they end, in ms."""
    first_trade_id: int | None = field(name="F")
    """The first trade in it."""
    last_trade_id: int | None = field(name="L")
    """The last trade in it."""
    trade_count: int | None = field(name="n")
    """How many trades."""


class OptionBookTickerEvent(Event, tag="bookTicker"):
    """The best prices of an option changed; zeros stand for an empty side."""

    update_id: int = field(name="u")
    """Number of the change of the order book."""
    symbol: str = field(name="s")
    """The symbol of the option."""
    bid_price: Decimal = field(name="b")
    """Best price of the buyers."""
    bid_quantity: Decimal = field(name="B")
    """Quantity at it, in contracts."""
    ask_price: Decimal = field(name="a")
    """Best price of the sellers."""
    ask_quantity: Decimal = field(name="A")
    """Quantity at it, in contracts."""
    transaction_time: int | None = field(name="T")
    """Matching engine time, in ms."""


class OptionDepthEvent(Event, tag="depthUpdate"):
    """Levels of an option's order book that changed; a quantity of zero removes the level."""

    transaction_time: int | None = field(name="T")
    """Matching engine time, in ms."""
    symbol: str = field(name="s")
    """The symbol of the option."""
    first_update_id: int = field(name="U")
    """Number of the first change in it."""
    final_update_id: int = field(name="u")
    """Number of the last change in it."""
    previous_final_update_id: int = field(name="pu")
    """``final_update_id`` of the event before on this stream: when it is another, one was missed."""
    bids: list[Level] = field(name="b")
    """Buyers' levels that changed; quantities in contracts."""
    asks: list[Level] = field(name="a")
    """Sellers' levels that changed; quantities in contracts."""


class OptionPartialDepthEvent(HasLevels, OptionDepthEvent, tag="depthUpdate"):
    """The best levels of an option's order book: all of them, not only those that changed."""


class OptionKlineEvent(Event, tag="kline"):
    """A candle of an option changed."""

    symbol: str = field(name="s")
    """The symbol of the option."""
    kline: StreamKline = field(name="k")
    """The candle as it stands now; volumes in contracts."""


class OptionIndexPriceEvent(Event, tag="indexPrice"):
    """The index price of an underlying."""

    symbol: str = field(name="s")
    """The underlying, such as ``BTCUSDT``."""
    index_price: Decimal = field(name="p")
    """Its index price."""


class OptionMarkPriceEvent(Event, tag="markPrice"):
    """What an option is reckoned to be worth, and how that would change."""

    symbol: str = field(name="s")
    """The symbol of the option."""
    mark_price: Decimal = field(name="mp")
    """Mark price."""
    index_price: Decimal | None = field(name="i")
    """Index price of the underlying."""
    estimated_settle_price: Decimal | None = field(name="P")
    """Estimated settlement price; meaningful in the last half an hour before the expiry."""
    best_bid_price: Decimal | None = field(name="bo")
    """Best price of the buyers; zero without one."""
    best_ask_price: Decimal | None = field(name="ao")
    """Best price of the sellers; zero without one."""
    best_bid_quantity: Decimal | None = field(name="bq")
    """Quantity at the best price of the buyers, in contracts."""
    best_ask_quantity: Decimal | None = field(name="aq")
    """Quantity at the best price of the sellers, in contracts."""
    bid_volatility: Decimal | None = field(name="b")
    """Volatility that the best price of the buyers implies, 0.5 for 50 %; -1 without one."""
    ask_volatility: Decimal | None = field(name="a")
    """Volatility that the best price of the sellers implies, 0.5 for 50 %; -1 without one."""
    maximum_buy_price: Decimal | None = field(name="hl")
    """Highest price a buy order may have."""
    minimum_sell_price: Decimal | None = field(name="ll")
    """Lowest price a sell order may have."""
    volatility: Decimal | None = field(name="vo")
    """Volatility that the mark price is reckoned with."""
    risk_free_rate: Decimal | None = field(name="rf")
    """Interest without risk that it is reckoned with, 0.05 for 5 % a year."""
    delta: Decimal | None = field(name="d")
    """Change of the price for one unit more of the underlying's price."""
    theta: Decimal | None = field(name="t")
    """Change of the price in a day."""
    gamma: Decimal | None = field(name="g")
    """Change of delta for one unit more of the underlying's price."""
    vega: Decimal | None = field(name="v")
    """Change of the price for one percent more of volatility."""


class OptionOpenInterestEvent(Event, tag="openInterest"):
    """How much is held of an option."""

    symbol: str = field(name="s")
    """The symbol of the option."""
    open_interest: Decimal = field(name="o")
    """Held, in contracts."""
    open_interest_value: Decimal | None = field(name="h")
    """The same in USDT."""


class OptionListedEvent(Event, tag="optionSymbol"):
    """An option was listed."""

    symbol: str = field(name="s")
    """The symbol of the option."""
    underlying: str | None = field(name="ps")
    """What it is an option on, such as ``BTCUSDT``."""
    quote_asset: str | None = field(name="qa")
    """The asset its price is paid in."""
    option_type: OptionType = field(name="d")
    """What it is the right to do."""
    strike_price: Decimal = field(name="sp")
    """The price of the underlying that it is about."""
    expiry_time: int | None = field(name="dt")
    """When it expires, in ms."""
    unit: int | None = field(name="u")
    """How much of the underlying one contract stands for."""
    onboard_time: int | None = field(name="ot")
    """When it was listed, in ms."""
    status: str | None = field(name="cs")
    """Whether it trades, such as ``TRADING``."""


BY_TYPE: tuple[type[Event], ...] = (
    OptionTradeEvent,
    OptionTickerEvent,
    OptionBookTickerEvent,
    OptionDepthEvent,
    OptionKlineEvent,
    OptionIndexPriceEvent,
    OptionMarkPriceEvent,
    OptionOpenInterestEvent,
    OptionListedEvent,
)
"""Events that say what they are."""
BY_NAME: tuple[tuple[re.Pattern[str], type[Event]], ...] = (
    (re.compile(r"@depth\d+(@|$)"), OptionPartialDepthEvent),
)
"""Streams whose name tells the kind: a partial book has the type of a change."""
BY_SHAPE: tuple[type[Event], ...] = ()
"""Events without a type: there are none."""
