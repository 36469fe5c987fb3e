"""The market streams of Alpha."""

from __future__ import annotations

from binance_wsapi.catalogue import stream_params as sp
from binance_wsapi.catalogue.stream import Stream, StreamParam
from binance_wsapi.markets import Market
from binance_wsapi.models import alpha_stream_events as alpha
from binance_wsapi.models import futures_stream_events as futures
from binance_wsapi.models import spot_stream_events as spot
from binance_wsapi.models.base import Event

__all__ = ["STREAMS"]


def _stream(
    name: str, template: str, title: str, params: tuple[StreamParam, ...], event: type[Event]
) -> Stream:
    return Stream(Market.ALPHA, name, template, title, params, (event,))


# Where a name says "arr" the documents show one object, other than on the other markets; an array would come as an
# ``EventBatch`` all the same.
STREAMS: tuple[Stream, ...] = (
    _stream(
        "all_token_tickers",
        "came@allTokens@ticker24",
        "Price, volume and size of every token.",
        (),
        alpha.AlphaTokenTickersEvent,
    ),
    _stream(
        "agg_trade",
        "{symbol}@aggTrade",
        "Trades, those of one order at one price together.",
        (sp.SYMBOL,),
        spot.AggregateTradeEvent,
    ),
    _stream(
        "full_depth",
        "{symbol}@fulldepth@{speed}",
        "Changes of the order book: what the exchange's own app and the API have ordered.",
        (sp.SYMBOL, sp.ALPHA_DEPTH_SPEED),
        futures.FuturesDepthEvent,
    ),
    _stream(
        "token_kline",
        "came@{contract_address}@{chain_id}@kline_{interval}",
        "The current candle of a token, wherever on its chain it is traded.",
        (sp.CONTRACT_ADDRESS, sp.CHAIN_ID, sp.TOKEN_INTERVAL),
        alpha.AlphaTokenKlineEvent,
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
        "Every change of the best prices of every symbol.",
        (),
        futures.FuturesBookTickerEvent,
    ),
    _stream(
        "mini_ticker",
        "{symbol}@miniTicker",
        "Prices and volume of 24 hours.",
        (sp.SYMBOL,),
        spot.MiniTickerEvent,
    ),
    _stream(
        "all_alpha_mini_tickers",
        "!miniTicker@arr",
        "Prices and volume of 24 hours of every symbol.",
        (),
        spot.MiniTickerEvent,
    ),
    _stream(
        "ticker",
        "{symbol}@ticker",
        "Statistics of 24 hours.",
        (sp.SYMBOL,),
        futures.FuturesTickerEvent,
    ),
    _stream(
        "all_alpha_tickers",
        "!ticker@arr",
        "Statistics of 24 hours of every symbol.",
        (),
        futures.FuturesTickerEvent,
    ),
    _stream("trade", "{symbol}@trade", "Every trade.", (sp.SYMBOL,), spot.TradeEvent),
    _stream(
        "partial_depth",
        "{symbol}@depth{levels}@{speed}",
        "The best levels of the order book, of what the exchange's own app has ordered.",
        (sp.SYMBOL, sp.LEVELS, sp.ALPHA_DEPTH_SPEED),
        futures.FuturesPartialDepthEvent,
    ),
    _stream(
        "kline",
        "{symbol}@kline_{interval}",
        "The current candle.",
        (sp.SYMBOL, sp.INTERVAL),
        spot.KlineEvent,
    ),
)
