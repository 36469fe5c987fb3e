"""What the market streams of Alpha send where it is not what others send, and how it is told apart.

A symbol is named after the token's number, such as ``ALPHA_175USDT``. Times are epoch milliseconds.
"""

from __future__ import annotations

import re
from decimal import Decimal

from msgspec import field

from binance_wsapi.models.base import Event, Model
from binance_wsapi.models.enums import KlineInterval
from binance_wsapi.models.futures_stream_events import (
    FuturesBookTickerEvent,
    FuturesDepthEvent,
    FuturesPartialDepthEvent,
    FuturesTickerEvent,
)
from binance_wsapi.models.spot_stream_events import (
    AggregateTradeEvent,
    KlineEvent,
    MiniTickerEvent,
    TradeEvent,
)

__all__ = [
    "AlphaTokenKline",
    "AlphaTokenKlineEvent",
    "AlphaTokenTicker",
    "AlphaTokenTickersEvent",
]


class AlphaTokenTicker(Model):
    """Price, volume and size of a token."""

    contract: str = field(name="ca")
    """Address of its contract and the chain it is on, with an @ between them."""
    price: Decimal = field(name="p")
    """Price."""
    price_change_percent: Decimal | None = field(name="pc24")
    """Change of the price in 24 hours, in percent."""
    volume: Decimal = field(name="vol24")
    """Traded in 24 hours."""
    trade_count: int | None = field(name="cnt24")
    """How many trades in 24 hours."""
    liquidity: Decimal | None = field(name="liq")
    """What can be traded against."""
    market_cap: Decimal | None = field(name="mc")
    """What all tokens in circulation are worth."""
    fully_diluted_value: Decimal | None = field(name="fdv")
    """What all tokens that can be are worth."""
    holder_count: Decimal | None = field(name="hc")
    """How many hold it."""
    identifier: str | None = field(name="s")
    """A short identifier of the token, as the documents say without saying more."""
    time: int | None = field(name="t")
    """When it was so, in ms."""


class AlphaTokenTickersEvent(Event, tag="tickerList"):
    """Price, volume and size of tokens."""

    tokens: list[AlphaTokenTicker] = field(name="d")
    """Token by token."""


class AlphaTokenKline(Model):
    """A candle of a token as it stands."""

    open_time: int = field(name="ot")
    """First moment of it, in ms."""
    close_time: int | None = field(name="ct")
    """First moment of the next, in ms."""
    interval: KlineInterval = field(name="i")
    """Its length."""
    open_price: Decimal = field(name="o")
    """Price of its first trade."""
    close_price: Decimal = field(name="c")
    """Price of its last trade so far."""
    high_price: Decimal = field(name="h")
    """Highest price."""
    low_price: Decimal = field(name="l")
    """Lowest price."""
    volume: Decimal = field(name="v")
    """Traded."""


class AlphaTokenKlineEvent(Event, tag="kline"):
    """A candle of a token changed."""

    contract: str = field(name="ca")
    """Address of its contract and the chain it is on, with an @ between them."""
    kline: AlphaTokenKline = field(name="k")
    """The candle as it stands now."""


BY_TYPE: tuple[type[Event], ...] = (
    AggregateTradeEvent,
    TradeEvent,
    KlineEvent,
    MiniTickerEvent,
    FuturesTickerEvent,
    FuturesBookTickerEvent,
    FuturesDepthEvent,
    AlphaTokenTickersEvent,
)
"""Events that say what they are."""
BY_NAME: tuple[tuple[re.Pattern[str], type[Event]], ...] = (
    (re.compile(r"@bookTicker$|^!bookTicker$"), FuturesBookTickerEvent),
    (re.compile(r"@depth\d+(@|$)"), FuturesPartialDepthEvent),
    (re.compile(r"@fulldepth(@|$)"), FuturesDepthEvent),
    (re.compile(r"^came@.*@kline_"), AlphaTokenKlineEvent),
)
"""Streams whose name tells the kind: of books and candles there are two of one type."""
BY_SHAPE: tuple[type[Event], ...] = (AlphaTokenKlineEvent,)
"""Events whose members tell the kind: a token's candle has the type of a symbol's."""
