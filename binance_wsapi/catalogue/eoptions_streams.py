"""The market streams of options."""

from __future__ import annotations

from binance_wsapi.catalogue import stream_params as sp
from binance_wsapi.catalogue.routes import StreamRoute
from binance_wsapi.catalogue.stream import Stream, StreamParam
from binance_wsapi.markets import Market
from binance_wsapi.models import eoptions_stream_events as options
from binance_wsapi.models.base import Event
from binance_wsapi.models.enums import KlineInterval

__all__ = ["STREAMS"]

_NO_INTERVALS = {KlineInterval.SECOND_1, KlineInterval.HOUR_8, KlineInterval.MONTH_1}
_INTERVAL = StreamParam(
    sp.INTERVAL.name,
    sp.INTERVAL.about,
    tuple(each.value for each in KlineInterval if each not in _NO_INTERVALS),
)


def _stream(
    name: str,
    template: str,
    title: str,
    params: tuple[StreamParam, ...],
    event: type[Event],
    route: StreamRoute,
    *,
    is_batch: bool = False,
) -> Stream:
    return Stream(Market.EOPTIONS, name, template, title, params, (event,), is_batch, route)


STREAMS: tuple[Stream, ...] = (
    _stream(
        "diff_depth",
        "{symbol}@depth@{speed}",
        "Changes of the order book.",
        (sp.OPTION, sp.OPTION_DEPTH_SPEED),
        options.OptionDepthEvent,
        StreamRoute.PUBLIC,
    ),
    _stream(
        "option_ticker",
        "{symbol}@optionTicker",
        "Statistics of 24 hours, every second if they changed.",
        (sp.OPTION,),
        options.OptionTickerEvent,
        StreamRoute.PUBLIC,
    ),
    _stream(
        "expiry_tickers",
        "{underlying}@optionTicker@{expiration_date}",
        "Statistics of 24 hours of each option that expires on a day, one by one, if they changed.",
        (sp.UNDERLYING, sp.EXPIRATION_DATE),
        options.OptionTickerEvent,
        StreamRoute.PUBLIC,
    ),
    _stream(
        "book_ticker",
        "{symbol}@bookTicker",
        "Every change of the best prices.",
        (sp.OPTION,),
        options.OptionBookTickerEvent,
        StreamRoute.PUBLIC,
    ),
    _stream(
        "partial_depth",
        "{symbol}@depth{levels}@{speed}",
        "The best levels of the order book.",
        (sp.OPTION, sp.LEVELS, sp.OPTION_DEPTH_SPEED),
        options.OptionPartialDepthEvent,
        StreamRoute.PUBLIC,
    ),
    _stream(
        "option_trade",
        "{symbol}@optionTrade",
        "Each trade in an option.",
        (sp.OPTION,),
        options.OptionTradeEvent,
        StreamRoute.PUBLIC,
    ),
    _stream(
        "underlying_trades",
        "{underlying}@optionTrade",
        "Each trade in any option on an underlying.",
        (sp.UNDERLYING,),
        options.OptionTradeEvent,
        StreamRoute.PUBLIC,
    ),
    _stream(
        "all_index_prices",
        "!index@arr",
        "The index price of every underlying, every second.",
        (),
        options.OptionIndexPriceEvent,
        StreamRoute.MARKET,
        is_batch=True,
    ),
    _stream(
        "kline",
        "{symbol}@kline_{interval}",
        "The current candle, every second.",
        (sp.OPTION, _INTERVAL),
        options.OptionKlineEvent,
        StreamRoute.MARKET,
    ),
    _stream(
        "option_listed",
        "!optionSymbol",
        "Each option that is listed.",
        (),
        options.OptionListedEvent,
        StreamRoute.MARKET,
    ),
    _stream(
        "option_open_interest",
        "{underlying}@openInterest@{expiration_date}",
        "What is held of each option that expires on a day, every minute.",
        (sp.UNDERLYING, sp.EXPIRATION_DATE),
        options.OptionOpenInterestEvent,
        StreamRoute.MARKET,
        is_batch=True,
    ),
    _stream(
        "option_mark_price",
        "{underlying}@optionMarkPrice",
        "Mark price and greeks of every option on an underlying, every second.",
        (sp.UNDERLYING,),
        options.OptionMarkPriceEvent,
        StreamRoute.MARKET,
        is_batch=True,
    ),
)
