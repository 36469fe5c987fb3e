"""What the Spot market streams send.

Times are epoch milliseconds, or microseconds where the client was made with
``time_unit="MICROSECOND"``.
"""

from __future__ import annotations

import re
from decimal import Decimal

from msgspec import field

from binance_wsapi.models.base import Event, Level, Model
from binance_wsapi.models.book import HasLevels
from binance_wsapi.models.enums import KlineInterval
from binance_wsapi.models.user_events import ServerShutdown

__all__ = [
    "AggregateTradeEvent",
    "AveragePriceEvent",
    "BlockTradeEvent",
    "BookTickerEvent",
    "DepthEvent",
    "KlineEvent",
    "MiniTickerEvent",
    "PartialDepthEvent",
    "ReferencePriceEvent",
    "RollingTicker1dEvent",
    "RollingTicker1hEvent",
    "RollingTicker4hEvent",
    "RollingTickerEvent",
    "StreamKline",
    "TickerEvent",
    "TradeEvent",
]


class AggregateTradeEvent(Event, tag="aggTrade"):
    """Trades of one taker order at one price."""

    symbol: str = field(name="s")
    """The symbol."""
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
    """When it happened, in the unit of ``event_time``."""
    is_buyer_maker: bool = field(name="m")
    """The buyer's order was resting, so a seller came to it."""
    is_best_match: bool | None = field(name="M", default=None)
    """To be ignored; Alpha leaves it out."""


class TradeEvent(Event, tag="trade"):
    """One trade."""

    symbol: str = field(name="s")
    """The symbol."""
    trade_id: int = field(name="t")
    """Its number."""
    price: Decimal = field(name="p")
    """Price in quote asset units."""
    quantity: Decimal = field(name="q")
    """Amount in base asset units."""
    time: int | None = field(name="T")
    """When it happened, in the unit of ``event_time``."""
    is_buyer_maker: bool = field(name="m")
    """The buyer's order was resting, so a seller came to it."""
    is_best_match: bool | None = field(name="M", default=None)
    """To be ignored; Alpha leaves it out."""


class BlockTradeEvent(Event, tag="blockTrade"):
    """One trade agreed outside the order book."""

    symbol: str = field(name="s")
    """The symbol."""
    block_trade_id: int = field(name="t")
    """Its number."""
    price: Decimal = field(name="p")
    """Price in quote asset units."""
    quantity: Decimal = field(name="q")
    """Amount in base asset units."""
    time: int | None = field(name="T")
    """When it happened, in the unit of ``event_time``."""
    is_buyer_maker: bool = field(name="m")
    """The buyer was the maker."""


class StreamKline(Model):
    """A candle as it stands; ``is_closed`` tells the last word on it."""

    open_time: int = field(name="t")
    """First moment of it, in the unit of ``event_time``."""
    close_time: int | None = field(name="T")
    """Last moment of it, in the unit of ``event_time``."""
    symbol: str | None = field(name="s", default=None)
    """The symbol; ``None`` for continuous contracts."""
    interval: KlineInterval = field(name="i")
    """Its length."""
    first_trade_id: int | None = field(name="f")
    """The first trade in it (first update for continuous contracts); -1 without one."""
    last_trade_id: int | None = field(name="L")
    """The last trade in it (last update for continuous contracts); -1 without one."""
    open_price: Decimal = field(name="o")
    """Price of its first trade."""
    close_price: Decimal = field(name="c")
    """Price of its last trade so far."""
    high_price: Decimal = field(name="h")
    """Highest price."""
    low_price: Decimal = field(name="l")
    """Lowest price."""
    volume: Decimal = field(name="v")
    """Traded, in base asset units (contracts on COIN-M)."""
    trade_count: int | None = field(name="n")
    """How many trades."""
    is_closed: bool = field(name="x")
    """Whether it is final."""
    quote_volume: Decimal | None = field(name="q")
    """Traded, in quote asset units (base asset units on COIN-M)."""
    taker_buy_volume: Decimal | None = field(name="V")
    """Bought by takers, in base asset units (contracts on COIN-M)."""
    taker_buy_quote_volume: Decimal | None = field(name="Q")
    """Bought by takers, in quote asset units (base asset units on COIN-M)."""
    unused: str | None = field(name="B", default=None)
    """To be ignored."""


class KlineEvent(Event, tag="kline"):
    """A candle changed. Candles of UTC+8 days are told apart by ``stream`` alone."""

    symbol: str = field(name="s")
    """The symbol."""
    kline: StreamKline = field(name="k")
    """The candle as it stands now."""


class MiniTickerEvent(Event, tag="24hrMiniTicker"):
    """Prices and volume of a symbol over the last 24 hours."""

    symbol: str = field(name="s")
    """The symbol."""
    last_price: Decimal = field(name="c")
    """Price of the last trade."""
    open_price: Decimal = field(name="o")
    """Price of the first trade."""
    high_price: Decimal = field(name="h")
    """Highest price."""
    low_price: Decimal = field(name="l")
    """Lowest price."""
    volume: Decimal = field(name="v")
    """Traded, in base asset units."""
    quote_volume: Decimal | None = field(name="q")
    """Traded, in quote asset units."""


class _WindowTicker(Event):
    """Statistics of a symbol over a window."""

    symbol: str = field(name="s")
    """The symbol."""
    price_change: Decimal | None = field(name="p")
    """Last price less open price."""
    price_change_percent: Decimal | None = field(name="P")
    """The same in percent of the open price."""
    weighted_average_price: Decimal | None = field(name="w")
    """Quote volume divided by volume."""
    last_price: Decimal = field(name="c")
    """Price of the last trade."""
    open_price: Decimal = field(name="o")
    """Price of the first trade."""
    high_price: Decimal = field(name="h")
    """Highest price."""
    low_price: Decimal = field(name="l")
    """Lowest price."""
    volume: Decimal = field(name="v")
    """Traded, in base asset units."""
    quote_volume: Decimal | None = field(name="q")
    """Traded, in quote asset units."""
    open_time: int | None = field(name="O")
    """Start of the window, in the unit of ``event_time``."""
    close_time: int | None = field(name="C")
    """End of the window, in the unit of ``event_time``."""
    first_trade_id: int | None = field(name="F")
    """The first trade in the window."""
    last_trade_id: int | None = field(name="L")
    """The last trade in the window."""
    trade_count: int | None = field(name="n")
    """How many trades."""


class TickerEvent(_WindowTicker, tag="24hrTicker"):
    """Statistics of a symbol over the last 24 hours, and the top of the book."""

    previous_close_price: Decimal | None = field(name="x")
    """Price of the last trade before the window."""
    last_quantity: Decimal | None = field(name="Q")
    """Amount of the last trade, in base asset units."""
    bid_price: Decimal | None = field(name="b")
    """Best price of the buyers."""
    bid_quantity: Decimal | None = field(name="B")
    """Amount at it, in base asset units."""
    ask_price: Decimal | None = field(name="a")
    """Best price of the sellers."""
    ask_quantity: Decimal | None = field(name="A")
    """Amount at it, in base asset units."""


class RollingTickerEvent(_WindowTicker):
    """Statistics of a symbol over a rolling window; ``event_type`` names its length."""


class RollingTicker1hEvent(RollingTickerEvent, tag="1hTicker"):
    """Statistics of a symbol over the last hour."""


class RollingTicker4hEvent(RollingTickerEvent, tag="4hTicker"):
    """Statistics of a symbol over the last four hours."""


class RollingTicker1dEvent(RollingTickerEvent, tag="1dTicker"):
    """Statistics of a symbol over the last day."""


class AveragePriceEvent(Event, tag="avgPrice"):
    """The average price of a symbol."""

    symbol: str = field(name="s")
    """The symbol."""
    interval: str | None = field(name="i")
    """How long it reaches back, such as ``5m``."""
    price: Decimal = field(name="w")
    """The average, in quote asset units."""
    last_trade_time: int | None = field(name="T")
    """Time of the last trade in it, in the unit of ``event_time``."""


class ReferencePriceEvent(Event, tag="referencePrice"):
    """The price that price rules of a symbol are reckoned from."""

    symbol: str = field(name="s")
    """The symbol."""
    reference_price: Decimal | None = field(name="r", default=None)
    """The price; ``None`` when there is none."""
    time: int | None = field(name="t")
    """Engine time it held, in the unit of ``event_time``."""


class BookTickerEvent(Event, tag=False):
    """The best prices of a symbol changed; sent without a type and a time of its own."""

    update_id: int = field(name="u")
    """Number of the change of the order book."""
    symbol: str = field(name="s")
    """The symbol."""
    bid_price_text: str = field(name="b")
    """Best price of the buyers, as sent."""
    bid_quantity_text: str = field(name="B")
    """Amount at it, as sent."""
    ask_price_text: str = field(name="a")
    """Best price of the sellers, as sent."""
    ask_quantity_text: str = field(name="A")
    """Amount at it, as sent."""

    @property
    def event_type(self) -> str:
        """``bookTicker``."""
        return "bookTicker"

    @property
    def bid_price(self) -> Decimal:
        """Best price of the buyers."""
        return Decimal(self.bid_price_text)

    @property
    def bid_quantity(self) -> Decimal:
        """Amount at it, in base asset units."""
        return Decimal(self.bid_quantity_text)

    @property
    def ask_price(self) -> Decimal:
        """Best price of the sellers."""
        return Decimal(self.ask_price_text)

    @property
    def ask_quantity(self) -> Decimal:
        """Amount at it, in base asset units."""
        return Decimal(self.ask_quantity_text)


class PartialDepthEvent(HasLevels, Event, tag=False):
    """The best levels of an order book; sent without a type, a time and a symbol."""

    last_update_id: int = field(name="lastUpdateId")
    """Number of the last change in it."""
    bids: list[Level]
    """Buyers' levels, best (highest) first."""
    asks: list[Level]
    """Sellers' levels, best (lowest) first."""

    @property
    def event_type(self) -> str:
        """``partialDepth``."""
        return "partialDepth"

    @property
    def symbol(self) -> str | None:
        """The symbol, from the name of the stream; ``None`` when that is not known."""
        stream = self.stream
        return stream.partition("@")[0].upper() if stream else None


class DepthEvent(Event, tag="depthUpdate"):
    """Levels of an order book that changed; a quantity of zero removes the level."""

    symbol: str = field(name="s")
    """The symbol."""
    first_update_id: int = field(name="U")
    """Number of the first change in it."""
    final_update_id: int = field(name="u")
    """Number of the last change in it; the next event begins with the one after."""
    bids: list[Level] = field(name="b")
    """Buyers' levels that changed."""
    asks: list[Level] = field(name="a")
    """Sellers' levels that changed."""


BY_TYPE: tuple[type[Event], ...] = (
    AggregateTradeEvent,
    TradeEvent,
    BlockTradeEvent,
    KlineEvent,
    MiniTickerEvent,
    TickerEvent,
    RollingTicker1hEvent,
    RollingTicker4hEvent,
    RollingTicker1dEvent,
    AveragePriceEvent,
    ReferencePriceEvent,
    DepthEvent,
    ServerShutdown,
)
"""Events that say what they are."""
BY_NAME: tuple[tuple[re.Pattern[str], type[Event]], ...] = (
    (re.compile(r"@bookTicker$"), BookTickerEvent),
    (re.compile(r"@depth\d+(@|$)"), PartialDepthEvent),
    (re.compile(r"@(depth|rpiDepth)(@|$)"), DepthEvent),
)
"""Streams whose name tells the kind: those whose events come without a type, and the busiest."""
BY_SHAPE: tuple[type[Event], ...] = (BookTickerEvent, PartialDepthEvent)
"""Events without a type, tried where no name tells the kind."""
