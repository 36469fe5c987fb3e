"""The market streams of each market, as data: how they are named and what they send."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from binance_wsapi.catalogue._types import Market, Route
from binance_wsapi.models import futures_stream_events as futures
from binance_wsapi.models import spot_stream_events as spot
from binance_wsapi.models._base import Event
from binance_wsapi.models.enums import KlineInterval

__all__ = ["Stream", "StreamParam", "find_stream", "route_of", "streams"]


@dataclass(frozen=True, slots=True)
class StreamParam:
    """One part of a stream's name that the caller chooses."""

    name: str
    """As it stands in the template."""
    about: str
    """One sentence for the docstring."""
    values: tuple[str, ...] = ()
    """What it may be; empty when that cannot be listed."""
    optional: bool = False
    """The stream has a name without it, too."""
    lower_case: bool = False
    """It is written in lower case, whatever the case it is given in."""


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """One market stream."""

    market: Market
    name: str
    """Snake-case name: ``book_ticker``."""
    template: str
    """Name on the wire, with parameters in braces and what may be left out in brackets."""
    title: str
    """What it sends, and how often."""
    params: tuple[StreamParam, ...]
    events: tuple[type[Event], ...]
    """Kinds of event it sends."""
    is_batch: bool = False
    """Events come in arrays, as an ``EventBatch``."""
    route: Route | None = None
    """Part of the USD-M host that serves it; ``None`` on the other markets."""

    def name_of(self, **values: str | int | None) -> str:
        """Return the stream's name on the wire.

        Args:
            **values: The parameters by name; ``None`` leaves an optional one out.

        Raises:
            ValueError: A parameter is missing, unknown, or has a value the exchange does not know.
        """
        given = {name: str(value) for name, value in values.items() if value is not None}
        unknown = given.keys() - {param.name for param in self.params}
        if unknown:
            raise ValueError(f"stream {self.name} has no parameter {', '.join(sorted(unknown))}")
        written = self.template
        for param in self.params:
            written = self._write(written, param, given.get(param.name))
        return written

    def _write(self, written: str, param: StreamParam, value: str | None) -> str:
        place = re.compile(rf"\[([^\[{{]*)\{{{param.name}\}}\]|\{{{param.name}\}}")
        if value is None:
            if not param.optional:
                raise ValueError(f"stream {self.name} needs {param.name}: {param.about}")
            return place.sub("", written)
        text = value.lower() if param.lower_case else value
        if param.values and text not in param.values:
            raise ValueError(
                f"{param.name}={value!r} is none of {', '.join(param.values)} (stream {self.name})"
            )
        return place.sub(lambda found: (found[1] or "") + text, written)

    def matches(self, wire_name: str) -> bool:
        """Return whether this is the stream of that name."""
        return _pattern(self).fullmatch(wire_name) is not None


def streams(market: Market) -> tuple[Stream, ...]:
    """Return the market streams of a market, in the order of its documents."""
    return _STREAMS[market]


@lru_cache(maxsize=4096)
def find_stream(market: Market, wire_name: str) -> Stream | None:
    """Return the stream with this name, such as ``btcusdt@depth5``; ``None`` when it is not known."""
    return next((stream for stream in _STREAMS[market] if stream.matches(wire_name)), None)


def route_of(wire_name: str) -> Route:
    """Return the part of the USD-M host that serves a stream.

    A stream asked for elsewhere is acknowledged and stays silent. Names that are not known go where
    most streams are.
    """
    stream = find_stream(Market.USDM, wire_name)
    return stream.route if stream is not None and stream.route is not None else Route.MARKET


@cache
def _pattern(stream: Stream) -> re.Pattern[str]:
    written = re.escape(stream.template).replace(r"\{", "{").replace(r"\}", "}")
    written = written.replace(r"\[", "(?:").replace(r"\]", ")?")
    for param in stream.params:
        values = "|".join(re.escape(value) for value in param.values) or r"[^@!/]+"
        written = written.replace(f"{{{param.name}}}", f"(?:{values})")
    return re.compile(written)


_SYMBOL = StreamParam("symbol", "Trading symbol, in any case.", lower_case=True)
_PAIR = StreamParam("pair", "Pair, such as BTCUSD, in any case.", lower_case=True)
_ASSET = StreamParam("asset_symbol", "Symbol of the asset's index, in any case.", lower_case=True)
_LEVELS = StreamParam("levels", "How many levels a side.", ("5", "10", "20"))
_WINDOW = StreamParam("window_size", "Length of the window.", ("1h", "4h", "1d"))
_INTERVALS = tuple(each.value for each in KlineInterval)
_SECOND = (KlineInterval.SECOND_1.value,)
_SPOT_INTERVAL = StreamParam("interval", "Length of a candle.", _INTERVALS)
_FUTURES_INTERVAL = StreamParam(
    "interval", "Length of a candle.", tuple(each for each in _INTERVALS if each not in _SECOND)
)
_SPOT_SPEED = StreamParam(
    "speed", "How often; once a second without it.", ("100ms",), optional=True
)
_DEPTH_SPEED = StreamParam(
    "speed", "How often; every 250 ms without it.", ("500ms", "100ms"), optional=True
)
_MARK_SPEED = StreamParam("speed", "How often; every 3 s without it.", ("1s",), optional=True)
_USDM_CONTRACT = StreamParam(
    "contract_type",
    "Term of the contract.",
    ("perpetual", "current_quarter", "next_quarter", "tradifi_perpetual"),
    lower_case=True,
)
_COINM_CONTRACT = StreamParam(
    "contract_type",
    "Term of the contract.",
    ("perpetual", "current_quarter", "next_quarter"),
    lower_case=True,
)
_ROLLING = (spot.RollingTicker1hEvent, spot.RollingTicker4hEvent, spot.RollingTicker1dEvent)
_SESSIONS = (
    futures.EquitySessionEvent,
    futures.CommoditySessionEvent,
    futures.KoreaEquitySessionEvent,
    futures.HongKongEquitySessionEvent,
    futures.ChinaEquitySessionEvent,
)


def _spot(
    name: str,
    template: str,
    title: str,
    params: tuple[StreamParam, ...],
    *events: type[Event],
    is_batch: bool = False,
) -> Stream:
    return Stream(Market.SPOT, name, template, title, params, events, is_batch)


def _usdm(
    name: str,
    template: str,
    title: str,
    params: tuple[StreamParam, ...],
    *events: type[Event],
    is_batch: bool = False,
    route: Route = Route.MARKET,
) -> Stream:
    return Stream(Market.USDM, name, template, title, params, events, is_batch, route)


def _coinm(
    name: str,
    template: str,
    title: str,
    params: tuple[StreamParam, ...],
    *events: type[Event],
    is_batch: bool = False,
) -> Stream:
    return Stream(Market.COINM, name, template, title, params, events, is_batch)


_STREAMS: dict[Market, tuple[Stream, ...]] = {
    Market.SPOT: (
        _spot(
            "reference_price",
            "{symbol}@referencePrice",
            "The reference price, every second.",
            (_SYMBOL,),
            spot.ReferencePriceEvent,
        ),
        _spot(
            "agg_trade",
            "{symbol}@aggTrade",
            "Trades, those of one order at one price together.",
            (_SYMBOL,),
            spot.AggregateTradeEvent,
        ),
        _spot("trade", "{symbol}@trade", "Every trade.", (_SYMBOL,), spot.TradeEvent),
        _spot(
            "block_trade",
            "{symbol}@blockTrade",
            "Every block trade.",
            (_SYMBOL,),
            spot.BlockTradeEvent,
        ),
        _spot(
            "kline",
            "{symbol}@kline_{interval}",
            "The current candle, every 2 s (every second for 1s).",
            (_SYMBOL, _SPOT_INTERVAL),
            spot.KlineEvent,
        ),
        _spot(
            "kline_utc8",
            "{symbol}@kline_{interval}@+08:00",
            "The current candle of days that begin at midnight of UTC+8, every 2 s.",
            (_SYMBOL, _SPOT_INTERVAL),
            spot.KlineEvent,
        ),
        _spot(
            "mini_ticker",
            "{symbol}@miniTicker",
            "Prices and volume of 24 hours, every second.",
            (_SYMBOL,),
            spot.MiniTickerEvent,
        ),
        _spot(
            "all_mini_tickers",
            "!miniTicker@arr",
            "Prices and volume of 24 hours of each symbol that changed, every second.",
            (),
            spot.MiniTickerEvent,
            is_batch=True,
        ),
        _spot(
            "ticker",
            "{symbol}@ticker",
            "Statistics of 24 hours, every second.",
            (_SYMBOL,),
            spot.TickerEvent,
        ),
        _spot(
            "rolling_ticker",
            "{symbol}@ticker_{window_size}",
            "Statistics of a window, every second.",
            (_SYMBOL, _WINDOW),
            *_ROLLING,
        ),
        _spot(
            "all_rolling_tickers",
            "!ticker_{window_size}@arr",
            "Statistics of a window of each symbol that changed, every second.",
            (_WINDOW,),
            *_ROLLING,
            is_batch=True,
        ),
        _spot(
            "book_ticker",
            "{symbol}@bookTicker",
            "Every change of the best prices.",
            (_SYMBOL,),
            spot.BookTickerEvent,
        ),
        _spot(
            "avg_price",
            "{symbol}@avgPrice",
            "The average price, every second.",
            (_SYMBOL,),
            spot.AveragePriceEvent,
        ),
        _spot(
            "partial_depth",
            "{symbol}@depth{levels}[@{speed}]",
            "The best levels of the order book.",
            (_SYMBOL, _LEVELS, _SPOT_SPEED),
            spot.PartialDepthEvent,
        ),
        _spot(
            "diff_depth",
            "{symbol}@depth[@{speed}]",
            "Changes of the order book.",
            (_SYMBOL, _SPOT_SPEED),
            spot.DepthEvent,
        ),
    ),
    Market.USDM: (
        _usdm(
            "agg_trade",
            "{symbol}@aggTrade",
            "Trades, those of one order at one price together, every 100 ms.",
            (_SYMBOL,),
            futures.FuturesAggregateTradeEvent,
        ),
        _usdm(
            "mark_price",
            "{symbol}@markPrice[@{speed}]",
            "Mark price and funding rate.",
            (_SYMBOL, _MARK_SPEED),
            futures.MarkPriceEvent,
        ),
        _usdm(
            "all_mark_price",
            "!markPrice@arr[@{speed}]",
            "Mark price and funding rate of every symbol.",
            (_MARK_SPEED,),
            futures.MarkPriceEvent,
            is_batch=True,
        ),
        _usdm(
            "kline",
            "{symbol}@kline_{interval}",
            "The current candle, every 250 ms.",
            (_SYMBOL, _FUTURES_INTERVAL),
            futures.FuturesKlineEvent,
        ),
        _usdm(
            "continuous_kline",
            "{pair}_{contract_type}@continuousKline_{interval}",
            "The current candle of whichever contract has this term now, every 250 ms.",
            (_PAIR, _USDM_CONTRACT, _SPOT_INTERVAL),
            futures.ContinuousKlineEvent,
        ),
        _usdm(
            "mini_ticker",
            "{symbol}@miniTicker",
            "Prices and volume of 24 hours, every 2 s.",
            (_SYMBOL,),
            futures.FuturesMiniTickerEvent,
        ),
        _usdm(
            "all_mini_tickers",
            "!miniTicker@arr",
            "Prices and volume of 24 hours of each symbol of both markets that changed, every second.",
            (),
            futures.FuturesMiniTickerEvent,
            is_batch=True,
        ),
        _usdm(
            "ticker",
            "{symbol}@ticker",
            "Statistics of 24 hours, every 2 s.",
            (_SYMBOL,),
            futures.FuturesTickerEvent,
        ),
        _usdm(
            "all_tickers",
            "!ticker@arr",
            "Statistics of 24 hours of each symbol of both markets that changed, every second.",
            (),
            futures.FuturesTickerEvent,
            is_batch=True,
        ),
        _usdm(
            "book_ticker",
            "{symbol}@bookTicker",
            "Every change of the best prices.",
            (_SYMBOL,),
            futures.FuturesBookTickerEvent,
            route=Route.PUBLIC,
        ),
        _usdm(
            "all_book_tickers",
            "!bookTicker",
            "The best prices of every symbol of both markets, every 5 s.",
            (),
            futures.FuturesBookTickerEvent,
            route=Route.PUBLIC,
        ),
        _usdm(
            "force_order",
            "{symbol}@forceOrder",
            "The latest liquidation, once a second at most.",
            (_SYMBOL,),
            futures.ForceOrderEvent,
        ),
        _usdm(
            "all_force_orders",
            "!forceOrder@arr",
            "The latest liquidation of each symbol of both markets, one by one.",
            (),
            futures.ForceOrderEvent,
        ),
        _usdm(
            "partial_depth",
            "{symbol}@depth{levels}[@{speed}]",
            "The best levels of the order book.",
            (_SYMBOL, _LEVELS, _DEPTH_SPEED),
            futures.FuturesPartialDepthEvent,
            route=Route.PUBLIC,
        ),
        _usdm(
            "diff_depth",
            "{symbol}@depth[@{speed}]",
            "Changes of the order book.",
            (_SYMBOL, _DEPTH_SPEED),
            futures.FuturesDepthEvent,
            route=Route.PUBLIC,
        ),
        _usdm(
            "rpi_diff_depth",
            "{symbol}@rpiDepth@500ms",
            "Changes of the order book, retail price improvement orders included.",
            (_SYMBOL,),
            futures.FuturesDepthEvent,
            route=Route.PUBLIC,
        ),
        _usdm(
            "composite_index",
            "{symbol}@compositeIndex",
            "Value and parts of a composite index, every second.",
            (_SYMBOL,),
            futures.CompositeIndexEvent,
        ),
        _usdm(
            "contract_info",
            "!contractInfo",
            "Contracts of both markets that are listed, settled, or have new leverage brackets.",
            (),
            futures.ContractInfoEvent,
        ),
        _usdm(
            "all_asset_index",
            "!assetIndex@arr",
            "What each asset counts as margin in multi-assets mode, every second.",
            (),
            futures.AssetIndexEvent,
            is_batch=True,
        ),
        _usdm(
            "asset_index",
            "{asset_symbol}@assetIndex",
            "What an asset counts as margin in multi-assets mode, every second.",
            (_ASSET,),
            futures.AssetIndexEvent,
        ),
        _usdm(
            "trading_session",
            "tradingSession",
            "Parts of the trading day of traditional markets, every second.",
            (),
            *_SESSIONS,
        ),
    ),
    Market.COINM: (
        _coinm(
            "agg_trade",
            "{symbol}@aggTrade",
            "Trades, those of one order at one price together, every 100 ms.",
            (_SYMBOL,),
            futures.FuturesAggregateTradeEvent,
        ),
        _coinm(
            "index_price",
            "{pair}@indexPrice[@{speed}]",
            "The index price of a pair.",
            (_PAIR, _MARK_SPEED),
            futures.IndexPriceEvent,
        ),
        _coinm(
            "mark_price",
            "{symbol}@markPrice[@{speed}]",
            "Mark price and funding rate; of a pair, those of each of its symbols in a batch.",
            (_SYMBOL, _MARK_SPEED),
            futures.MarkPriceEvent,
        ),
        _coinm(
            "pair_mark_price",
            "{pair}@markPrice[@{speed}]",
            "Mark price and funding rate of each symbol of a pair.",
            (_PAIR, _MARK_SPEED),
            futures.MarkPriceEvent,
            is_batch=True,
        ),
        _coinm(
            "kline",
            "{symbol}@kline_{interval}",
            "The current candle, every 250 ms.",
            (_SYMBOL, _FUTURES_INTERVAL),
            futures.FuturesKlineEvent,
        ),
        _coinm(
            "continuous_kline",
            "{pair}_{contract_type}@continuousKline_{interval}",
            "The current candle of whichever contract has this term now, every 250 ms.",
            (_PAIR, _COINM_CONTRACT, _FUTURES_INTERVAL),
            futures.ContinuousKlineEvent,
        ),
        _coinm(
            "index_price_kline",
            "{pair}@indexPriceKline_{interval}",
            "The current candle of the index price, every 250 ms.",
            (_PAIR, _FUTURES_INTERVAL),
            futures.IndexPriceKlineEvent,
        ),
        _coinm(
            "mark_price_kline",
            "{symbol}@markPriceKline_{interval}",
            "The current candle of the mark price, every 250 ms.",
            (_SYMBOL, _FUTURES_INTERVAL),
            futures.MarkPriceKlineEvent,
        ),
        _coinm(
            "mini_ticker",
            "{symbol}@miniTicker",
            "Prices and volume of 24 hours, every 500 ms.",
            (_SYMBOL,),
            futures.FuturesMiniTickerEvent,
        ),
        _coinm(
            "all_mini_tickers",
            "!miniTicker@arr",
            "Prices and volume of 24 hours of each symbol of both markets that changed, every second.",
            (),
            futures.FuturesMiniTickerEvent,
            is_batch=True,
        ),
        _coinm(
            "ticker",
            "{symbol}@ticker",
            "Statistics of 24 hours, every 500 ms.",
            (_SYMBOL,),
            futures.FuturesTickerEvent,
        ),
        _coinm(
            "all_tickers",
            "!ticker@arr",
            "Statistics of 24 hours of each symbol of both markets that changed, every second.",
            (),
            futures.FuturesTickerEvent,
            is_batch=True,
        ),
        _coinm(
            "book_ticker",
            "{symbol}@bookTicker",
            "Every change of the best prices.",
            (_SYMBOL,),
            futures.FuturesBookTickerEvent,
        ),
        _coinm(
            "all_book_tickers",
            "!bookTicker",
            "Every change of the best prices of every symbol of both markets.",
            (),
            futures.FuturesBookTickerEvent,
        ),
        _coinm(
            "force_order",
            "{symbol}@forceOrder",
            "The latest liquidation, once a second at most.",
            (_SYMBOL,),
            futures.ForceOrderEvent,
        ),
        _coinm(
            "all_force_orders",
            "!forceOrder@arr",
            "The latest liquidation of each symbol of both markets, one by one.",
            (),
            futures.ForceOrderEvent,
        ),
        _coinm(
            "partial_depth",
            "{symbol}@depth{levels}[@{speed}]",
            "The best levels of the order book.",
            (_SYMBOL, _LEVELS, _DEPTH_SPEED),
            futures.FuturesPartialDepthEvent,
        ),
        _coinm(
            "diff_depth",
            "{symbol}@depth[@{speed}]",
            "Changes of the order book.",
            (_SYMBOL, _DEPTH_SPEED),
            futures.FuturesDepthEvent,
        ),
        _coinm(
            "contract_info",
            "!contractInfo",
            "Contracts of both markets that are listed, settled, or have new leverage brackets.",
            (),
            futures.ContractInfoEvent,
        ),
    ),
}
