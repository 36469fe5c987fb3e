"""The market streams of COIN-M futures."""

from __future__ import annotations

from binance_wsapi.catalogue import stream_params as sp
from binance_wsapi.catalogue.stream import Stream, StreamParam
from binance_wsapi.markets import Market
from binance_wsapi.models import futures_stream_events as futures
from binance_wsapi.models.base import Event

__all__ = ["STREAMS"]

_CONTRACT = StreamParam(
    "contract_type",
    "Term of the contract.",
    ("perpetual", "current_quarter", "next_quarter"),
    lower_case=True,
)


def _stream(
    name: str,
    template: str,
    title: str,
    params: tuple[StreamParam, ...],
    *events: type[Event],
    is_batch: bool = False,
) -> Stream:
    return Stream(Market.COINM, name, template, title, params, events, is_batch)


STREAMS: tuple[Stream, ...] = (
    _stream(
        "agg_trade",
        "{symbol}@aggTrade",
        "Trades, those of one order at one price together, every 100 ms.",
        (sp.SYMBOL,),
        futures.FuturesAggregateTradeEvent,
    ),
    _stream(
        "index_price",
        "{pair}@indexPrice[@{speed}]",
        "The index price of a pair.",
        (sp.PAIR, sp.MARK_SPEED),
        futures.IndexPriceEvent,
    ),
    _stream(
        "mark_price",
        "{symbol}@markPrice[@{speed}]",
        "Mark price and funding rate; of a pair, those of each of its symbols in a batch.",
        (sp.SYMBOL, sp.MARK_SPEED),
        futures.MarkPriceEvent,
    ),
    _stream(
        "pair_mark_price",
        "{pair}@markPrice[@{speed}]",
        "Mark price and funding rate of each symbol of a pair.",
        (sp.PAIR, sp.MARK_SPEED),
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
        (sp.PAIR, _CONTRACT, sp.INTERVAL),
        futures.ContinuousKlineEvent,
    ),
    _stream(
        "index_price_kline",
        "{pair}@indexPriceKline_{interval}",
        "The current candle of the index price, every 250 ms.",
        (sp.PAIR, sp.INTERVAL),
        futures.IndexPriceKlineEvent,
    ),
    _stream(
        "mark_price_kline",
        "{symbol}@markPriceKline_{interval}",
        "The current candle of the mark price, every 250 ms.",
        (sp.SYMBOL, sp.INTERVAL),
        futures.MarkPriceKlineEvent,
    ),
    _stream(
        "mini_ticker",
        "{symbol}@miniTicker",
        "Prices and volume of 24 hours, every 500 ms.",
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
        "Statistics of 24 hours, every 500 ms.",
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
    ),
    _stream(
        "all_book_tickers",
        "!bookTicker",
        "Every change of the best prices of every symbol of both markets.",
        (),
        futures.FuturesBookTickerEvent,
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
    ),
    _stream(
        "diff_depth",
        "{symbol}@depth[@{speed}]",
        "Changes of the order book.",
        (sp.SYMBOL, sp.DEPTH_SPEED),
        futures.FuturesDepthEvent,
    ),
    _stream(
        "contract_info",
        "!contractInfo",
        "Contracts of both markets that are listed, settled, or have new leverage brackets.",
        (),
        futures.ContractInfoEvent,
    ),
)
