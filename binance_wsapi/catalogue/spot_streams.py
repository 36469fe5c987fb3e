"""The market streams of Spot."""

from __future__ import annotations

from binance_wsapi.catalogue import stream_params as sp
from binance_wsapi.catalogue.stream import Stream, StreamParam
from binance_wsapi.markets import Market
from binance_wsapi.models import spot_stream_events as spot
from binance_wsapi.models.base import Event

__all__ = ["STREAMS"]

_WINDOW = StreamParam("window_size", "Length of the window.", ("1h", "4h", "1d"))
_SPEED = StreamParam("speed", "How often; once a second without it.", ("100ms",), optional=True)
_ROLLING = (spot.RollingTicker1hEvent, spot.RollingTicker4hEvent, spot.RollingTicker1dEvent)


def _stream(
    name: str,
    template: str,
    title: str,
    params: tuple[StreamParam, ...],
    *events: type[Event],
    is_batch: bool = False,
) -> Stream:
    return Stream(Market.SPOT, name, template, title, params, events, is_batch)


STREAMS: tuple[Stream, ...] = (
    _stream(
        "reference_price",
        "{symbol}@referencePrice",
        "The reference price, every second.",
        (sp.SYMBOL,),
        spot.ReferencePriceEvent,
    ),
    _stream(
        "agg_trade",
        "{symbol}@aggTrade",
        "Trades, those of one order at one price together.",
        (sp.SYMBOL,),
        spot.AggregateTradeEvent,
    ),
    _stream("trade", "{symbol}@trade", "Every trade.", (sp.SYMBOL,), spot.TradeEvent),
    _stream(
        "block_trade",
        "{symbol}@blockTrade",
        "Every block trade.",
        (sp.SYMBOL,),
        spot.BlockTradeEvent,
    ),
    _stream(
        "kline",
        "{symbol}@kline_{interval}",
        "The current candle, every 2 s (every second for 1s).",
        (sp.SYMBOL, sp.INTERVAL_FROM_1S),
        spot.KlineEvent,
    ),
    _stream(
        "kline_utc8",
        "{symbol}@kline_{interval}@+08:00",
        "The current candle of days that begin at midnight of UTC+8, every 2 s.",
        (sp.SYMBOL, sp.INTERVAL_FROM_1S),
        spot.KlineEvent,
    ),
    _stream(
        "mini_ticker",
        "{symbol}@miniTicker",
        "Prices and volume of 24 hours, every second.",
        (sp.SYMBOL,),
        spot.MiniTickerEvent,
    ),
    _stream(
        "all_mini_tickers",
        "!miniTicker@arr",
        "Prices and volume of 24 hours of each symbol that changed, every second.",
        (),
        spot.MiniTickerEvent,
        is_batch=True,
    ),
    _stream(
        "ticker",
        "{symbol}@ticker",
        "Statistics of 24 hours, every second.",
        (sp.SYMBOL,),
        spot.TickerEvent,
    ),
    _stream(
        "rolling_ticker",
        "{symbol}@ticker_{window_size}",
        "Statistics of a window, every second.",
        (sp.SYMBOL, _WINDOW),
        *_ROLLING,
    ),
    _stream(
        "all_rolling_tickers",
        "!ticker_{window_size}@arr",
        "Statistics of a window of each symbol that changed, every second.",
        (_WINDOW,),
        *_ROLLING,
        is_batch=True,
    ),
    _stream(
        "book_ticker",
        "{symbol}@bookTicker",
        "Every change of the best prices.",
        (sp.SYMBOL,),
        spot.BookTickerEvent,
    ),
    _stream(
        "avg_price",
        "{symbol}@avgPrice",
        "The average price, every second.",
        (sp.SYMBOL,),
        spot.AveragePriceEvent,
    ),
    _stream(
        "partial_depth",
        "{symbol}@depth{levels}[@{speed}]",
        "The best levels of the order book.",
        (sp.SYMBOL, sp.LEVELS, _SPEED),
        spot.PartialDepthEvent,
    ),
    _stream(
        "diff_depth",
        "{symbol}@depth[@{speed}]",
        "Changes of the order book.",
        (sp.SYMBOL, _SPEED),
        spot.DepthEvent,
    ),
)
