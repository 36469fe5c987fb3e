"""The market streams of USD-M futures."""

from __future__ import annotations

from binance_wsapi.catalogue import stream_params as sp
from binance_wsapi.catalogue.routes import StreamRoute
from binance_wsapi.catalogue.stream import Stream, StreamParam
from binance_wsapi.markets import Market
from binance_wsapi.models import futures_stream_events as futures
from binance_wsapi.models.base import Event

__all__ = ["STREAMS"]

_ASSET = StreamParam("asset_symbol", "Symbol of the asset's index, in any case.", lower_case=True)
_CONTRACT = StreamParam(
    "contract_type",
    "Term of the contract.",
    ("perpetual", "current_quarter", "next_quarter", "tradifi_perpetual"),
    lower_case=True,
)
_SESSIONS = (
    futures.EquitySessionEvent,
    futures.CommoditySessionEvent,
    futures.KoreaEquitySessionEvent,
    futures.HongKongEquitySessionEvent,
    futures.ChinaEquitySessionEvent,
    futures.ForexSessionEvent,
)


def _stream(
    name: str,
    template: str,
    title: str,
    params: tuple[StreamParam, ...],
    *events: type[Event],
    is_batch: bool = False,
    route: StreamRoute = StreamRoute.MARKET,
) -> Stream:
    return Stream(Market.USDM, name, template, title, params, events, is_batch, route)


STREAMS: tuple[Stream, ...] = (
    _stream(
        "agg_trade",
        "{symbol}@aggTrade",
        "Trades, those of one order at one price together, every 100 ms.",
        (sp.SYMBOL,),
        futures.FuturesAggregateTradeEvent,
    ),
    _stream(
        "mark_price",
        "{symbol}@markPrice[@{speed}]",
        "Mark price and funding rate.",
        (sp.SYMBOL, sp.MARK_SPEED),
        futures.MarkPriceEvent,
    ),
    _stream(
        "all_mark_price",
        "!markPrice@arr[@{speed}]",
        "Mark price and funding rate of every symbol.",
        (sp.MARK_SPEED,),
        futures.MarkPriceEvent,
        is_batch=True,
    ),
    _stream(
        "kline",
        "{symbol}@kline_{interval}",
        "The current candle, every 250 ms.",
        (sp.SYMBOL, sp.INTERVAL),
        futures.FuturesKlineEvent,
    ),
    _stream(
        "continuous_kline",
        "{pair}_{contract_type}@continuousKline_{interval}",
        "The current candle of whichever contract has this term now, every 250 ms.",
        (sp.PAIR, _CONTRACT, sp.INTERVAL_FROM_1S),
        futures.ContinuousKlineEvent,
    ),
    _stream(
        "mini_ticker",
        "{symbol}@miniTicker",
        "Prices and volume of 24 hours, every 2 s.",
        (sp.SYMBOL,),
        futures.FuturesMiniTickerEvent,
    ),
    _stream(
        "all_mini_tickers",
        "!miniTicker@arr",
        "Prices and volume of 24 hours of each symbol of both markets that changed, every second.",
        (),
        futures.FuturesMiniTickerEvent,
        is_batch=True,
    ),
    _stream(
        "ticker",
        "{symbol}@ticker",
        "Statistics of 24 hours, every 2 s.",
        (sp.SYMBOL,),
        futures.FuturesTickerEvent,
    ),
    _stream(
        "all_tickers",
        "!ticker@arr",
        "Statistics of 24 hours of each symbol of both markets that changed, every second.",
        (),
        futures.FuturesTickerEvent,
        is_batch=True,
    ),
    _stream(
        "book_ticker",
        "{symbol}@bookTicker",
        "Every change of the best prices.",
        (sp.SYMBOL,),
        futures.FuturesBookTickerEvent,
        route=StreamRoute.PUBLIC,
    ),
    _stream(
        "all_book_tickers",
        "!bookTicker",
        "The best prices of every symbol of both markets, every 5 s.",
        (),
        futures.FuturesBookTickerEvent,
        route=StreamRoute.PUBLIC,
    ),
    _stream(
        "force_order",
        "{symbol}@forceOrder",
        "The latest liquidation, once a second at most.",
        (sp.SYMBOL,),
        futures.ForceOrderEvent,
    ),
    _stream(
        "all_force_orders",
        "!forceOrder@arr",
        "The latest liquidation of each symbol of both markets, one by one.",
        (),
        futures.ForceOrderEvent,
    ),
    _stream(
        "partial_depth",
        "{symbol}@depth{levels}[@{speed}]",
        "The best levels of the order book.",
        (sp.SYMBOL, sp.LEVELS, sp.DEPTH_SPEED),
        futures.FuturesPartialDepthEvent,
        route=StreamRoute.PUBLIC,
    ),
    _stream(
        "diff_depth",
        "{symbol}@depth[@{speed}]",
        "Changes of the order book.",
        (sp.SYMBOL, sp.DEPTH_SPEED),
        futures.FuturesDepthEvent,
        route=StreamRoute.PUBLIC,
    ),
    _stream(
        "rpi_diff_depth",
        "{symbol}@rpiDepth@500ms",
        "Changes of the order book, retail price improvement orders included.",
        (sp.SYMBOL,),
        futures.FuturesDepthEvent,
        route=StreamRoute.PUBLIC,
    ),
    _stream(
        "composite_index",
        "{symbol}@compositeIndex",
        "Value and parts of a composite index, every second.",
        (sp.SYMBOL,),
        futures.CompositeIndexEvent,
    ),
    _stream(
        "contract_info",
        "!contractInfo",
        "Contracts of both markets that are listed, settled, or have new leverage brackets.",
        (),
        futures.ContractInfoEvent,
    ),
    _stream(
        "all_asset_index",
        "!assetIndex@arr",
        "What each asset counts as margin in multi-assets mode, every second.",
        (),
        futures.AssetIndexEvent,
        is_batch=True,
    ),
    _stream(
        "asset_index",
        "{asset_symbol}@assetIndex",
        "What an asset counts as margin in multi-assets mode, every second.",
        (_ASSET,),
        futures.AssetIndexEvent,
    ),
    _stream(
        "trading_session",
        "tradingSession",
        "Parts of the trading day of traditional markets, every second.",
        (),
        *_SESSIONS,
    ),
)
