"""Spot: general information and market data, which anyone may ask for."""

from __future__ import annotations

from binance_wsapi.catalogue import params as p
from binance_wsapi.catalogue.operation import Kind, Needs, Operation, Security, Weight, WeightStep
from binance_wsapi.markets import Market
from binance_wsapi.models import enums
from binance_wsapi.models import market as m

__all__ = ["OPERATIONS"]

_TICKER_TYPE = p.param(
    "type", Kind.ENUM, "How much the answer tells.", enum=enums.TickerType, default="FULL"
)
_WINDOW_SIZE = p.param(
    "window_size",
    Kind.STRING,
    "Length of the window: ``1m`` to ``59m``, ``1h`` to ``23h`` or ``1d`` to ``7d``.",
    default="1d",
    pattern="^([1-9]m|[1-5][0-9]m|[1-9]h|1[0-9]h|2[0-3]h|[1-7]d)$",
)
_KLINE_PARAMS = (
    p.required(p.SYMBOL),
    p.required(p.INTERVAL),
    p.START_TIME,
    p.END_TIME,
    p.TIME_ZONE,
    p.LIMIT,
)
_KLINE_NOTES = (
    "Without times the newest candles are returned; times are UTC whatever ``time_zone`` says.",
)
_STATUS_NOTE = (
    "A symbol in another status than ``symbol_status`` is an error when asked for alone and is left "
    "out of a list."
)
_PER_SYMBOL_WEIGHT = Weight(
    (WeightStep(4, "symbol"), WeightStep(4, "symbols", per_item=True, cap=200))
)
_LAST_PRICE_WEIGHT = Weight((WeightStep(2, "symbol"), WeightStep(4)))

_TEST_CONNECTIVITY = Operation(
    market=Market.SPOT,
    method="ping",
    name="test_connectivity",
    title="Check that the exchange answers requests.",
    security=Security.NONE,
    params=(),
    result=m.Empty,
    weight=Weight.fixed(1),
)

_GET_SERVER_TIME = Operation(
    market=Market.SPOT,
    method="time",
    name="get_server_time",
    title="Return the exchange's clock.",
    security=Security.NONE,
    params=(),
    result=m.ServerTime,
    weight=Weight.fixed(1),
)

_GET_EXCHANGE_INFO = Operation(
    market=Market.SPOT,
    method="exchangeInfo",
    name="get_exchange_info",
    title="Return trading rules, limits and symbols.",
    security=Security.NONE,
    params=(
        p.SYMBOL,
        p.SYMBOLS,
        p.param(
            "permissions",
            Kind.ENUM_LIST,
            "Only symbols with one of these permissions.",
            enum=enums.Permission,
            default="SPOT, MARGIN and LEVERAGED",
        ),
        p.param(
            "show_permission_sets",
            Kind.BOOLEAN,
            "Fill ``permission_sets`` in the answer.",
            default="True",
        ),
        p.SYMBOL_STATUS,
    ),
    result=m.ExchangeInfo,
    weight=Weight.fixed(20),
    exclusive=(
        ("symbol", "symbols", "permissions"),
        ("symbolStatus", "symbol"),
        ("symbolStatus", "symbols"),
    ),
    notes=("The answer for all symbols is some MB; it is decoded when ``result`` is touched.",),
)

_GET_EXECUTION_RULES = Operation(
    market=Market.SPOT,
    method="executionRules",
    name="get_execution_rules",
    title="Return the rules on the prices that orders may trade at.",
    security=Security.NONE,
    params=(p.SYMBOL, p.SYMBOLS, p.SYMBOL_STATUS),
    result=m.ExecutionRules,
    weight=Weight(
        (
            WeightStep(2, "symbol"),
            WeightStep(2, "symbols", per_item=True, cap=40),
            WeightStep(40),
        )
    ),
    exclusive=(("symbol", "symbols", "symbolStatus"),),
)

_GET_ORDER_BOOK = Operation(
    market=Market.SPOT,
    method="depth",
    name="get_order_book",
    title="Return the order book of a symbol as it stands.",
    security=Security.NONE,
    params=(
        p.required(p.SYMBOL),
        p.but(p.LIMIT, "How many levels a side.", default="100", minimum=1, maximum=5000),
        p.SYMBOL_STATUS,
    ),
    result=m.OrderBook,
    weight=Weight(
        (
            WeightStep(250, "limit", low=1001),
            WeightStep(50, "limit", low=501),
            WeightStep(25, "limit", low=101),
            WeightStep(5),
        )
    ),
)

_GET_RECENT_TRADES = Operation(
    market=Market.SPOT,
    method="trades.recent",
    name="get_recent_trades",
    title="Return the latest trades of a symbol.",
    security=Security.NONE,
    params=(p.required(p.SYMBOL), p.LIMIT),
    result=list[m.Trade],
    weight=Weight.fixed(25),
)

_GET_HISTORICAL_TRADES = Operation(
    market=Market.SPOT,
    method="trades.historical",
    name="get_historical_trades",
    title="Return trades of a symbol from one on.",
    security=Security.NONE,
    params=(
        p.required(p.SYMBOL),
        p.but(p.FROM_ID, default="the newest trades"),
        p.LIMIT,
    ),
    result=list[m.Trade],
    weight=Weight.fixed(25),
)

_GET_HISTORICAL_BLOCK_TRADES = Operation(
    market=Market.SPOT,
    method="blockTrades.historical",
    name="get_historical_block_trades",
    title="Return block trades of a symbol from one on.",
    security=Security.NONE,
    params=(
        p.required(p.SYMBOL),
        p.required(p.but(p.FROM_ID, "First block trade id to return.")),
        p.LIMIT,
    ),
    result=list[m.Trade],
    weight=Weight.fixed(25),
)

_GET_AGGREGATE_TRADES = Operation(
    market=Market.SPOT,
    method="trades.aggregate",
    name="get_aggregate_trades",
    title="Return trades of a symbol, those of one order at one price taken together.",
    security=Security.NONE,
    params=(
        p.required(p.SYMBOL),
        p.but(p.FROM_ID, "First aggregate trade id to return."),
        p.START_TIME,
        p.END_TIME,
        p.LIMIT,
    ),
    result=list[m.AggregateTrade],
    weight=Weight.fixed(4),
    exclusive=(("fromId", "startTime"), ("fromId", "endTime")),
)

_GET_KLINES = Operation(
    market=Market.SPOT,
    method="klines",
    name="get_klines",
    title="Return the candles of a symbol.",
    security=Security.NONE,
    params=_KLINE_PARAMS,
    result=list[m.Kline],
    weight=Weight.fixed(2),
    notes=_KLINE_NOTES,
)

_GET_UI_KLINES = Operation(
    market=Market.SPOT,
    method="uiKlines",
    name="get_ui_klines",
    title="Return the candles of a symbol, smoothed for charts.",
    security=Security.NONE,
    params=_KLINE_PARAMS,
    result=list[m.Kline],
    weight=Weight.fixed(2),
    notes=_KLINE_NOTES,
)

_GET_AVERAGE_PRICE = Operation(
    market=Market.SPOT,
    method="avgPrice",
    name="get_average_price",
    title="Return the average price of a symbol over the last minutes.",
    security=Security.NONE,
    params=(p.required(p.SYMBOL),),
    result=m.AveragePrice,
    weight=Weight.fixed(2),
)

_GET_24HR_TICKER = Operation(
    market=Market.SPOT,
    method="ticker.24hr",
    name="get_24hr_ticker",
    title="Return statistics of the last 24 hours.",
    security=Security.NONE,
    params=(p.SYMBOL, p.SYMBOLS, _TICKER_TYPE, p.SYMBOL_STATUS),
    result=m.Ticker24hr | list[m.Ticker24hr],
    weight=Weight(
        (
            WeightStep(2, "symbol"),
            WeightStep(2, "symbols", low=1, high=20),
            WeightStep(40, "symbols", low=21, high=100),
            WeightStep(80),
        )
    ),
    exclusive=(("symbol", "symbols"),),
    list_result_unless="symbol",
    notes=("Without ``symbol`` and ``symbols`` every trading symbol is returned.", _STATUS_NOTE),
)

_GET_TRADING_DAY_TICKER = Operation(
    market=Market.SPOT,
    method="ticker.tradingDay",
    name="get_trading_day_ticker",
    title="Return statistics of the current trading day.",
    security=Security.NONE,
    params=(p.SYMBOL, p.SYMBOLS, p.TIME_ZONE, _TICKER_TYPE, p.SYMBOL_STATUS),
    result=m.Ticker | list[m.Ticker],
    weight=_PER_SYMBOL_WEIGHT,
    needs=(Needs(("symbol", "symbols")),),
    exclusive=(("symbol", "symbols"),),
    list_result_unless="symbol",
    notes=(_STATUS_NOTE,),
)

_GET_TICKER = Operation(
    market=Market.SPOT,
    method="ticker",
    name="get_ticker",
    title="Return statistics over a window of your choice.",
    security=Security.NONE,
    params=(
        p.SYMBOL,
        p.but(p.SYMBOLS, max_items=200),
        _TICKER_TYPE,
        _WINDOW_SIZE,
        p.SYMBOL_STATUS,
    ),
    result=m.Ticker | list[m.Ticker],
    weight=_PER_SYMBOL_WEIGHT,
    needs=(Needs(("symbol", "symbols")),),
    exclusive=(("symbol", "symbols"),),
    list_result_unless="symbol",
    notes=("The window starts on a full minute, so it may be up to a minute longer.", _STATUS_NOTE),
)

_GET_SYMBOL_PRICE_TICKER = Operation(
    market=Market.SPOT,
    method="ticker.price",
    name="get_symbol_price_ticker",
    title="Return the last price.",
    security=Security.NONE,
    params=(p.SYMBOL, p.SYMBOLS, p.SYMBOL_STATUS),
    result=m.PriceTicker | list[m.PriceTicker],
    weight=_LAST_PRICE_WEIGHT,
    exclusive=(("symbol", "symbols"),),
    list_result_unless="symbol",
    notes=("Without ``symbol`` and ``symbols`` every trading symbol is returned.", _STATUS_NOTE),
)

_GET_SYMBOL_ORDER_BOOK_TICKER = Operation(
    market=Market.SPOT,
    method="ticker.book",
    name="get_symbol_order_book_ticker",
    title="Return the best prices of the book.",
    security=Security.NONE,
    params=(p.SYMBOL, p.SYMBOLS, p.SYMBOL_STATUS),
    result=m.BookTicker | list[m.BookTicker],
    weight=_LAST_PRICE_WEIGHT,
    exclusive=(("symbol", "symbols"),),
    list_result_unless="symbol",
    notes=("Without ``symbol`` and ``symbols`` every trading symbol is returned.", _STATUS_NOTE),
)

_GET_REFERENCE_PRICE = Operation(
    market=Market.SPOT,
    method="referencePrice",
    name="get_reference_price",
    title="Return the price that price rules are reckoned from.",
    security=Security.NONE,
    params=(p.required(p.SYMBOL),),
    result=m.ReferencePrice,
    weight=Weight.fixed(2),
    notes=("A symbol that never had one answers with ``code`` -2043 in the result, not an error.",),
)

_GET_REFERENCE_PRICE_CALCULATION = Operation(
    market=Market.SPOT,
    method="referencePrice.calculation",
    name="get_reference_price_calculation",
    title="Return how the reference price of a symbol is made.",
    security=Security.NONE,
    params=(p.required(p.SYMBOL), p.SYMBOL_STATUS),
    result=m.ReferencePriceCalculation,
    weight=Weight.fixed(2),
)

OPERATIONS: tuple[Operation, ...] = (
    _TEST_CONNECTIVITY,
    _GET_SERVER_TIME,
    _GET_EXCHANGE_INFO,
    _GET_EXECUTION_RULES,
    _GET_ORDER_BOOK,
    _GET_RECENT_TRADES,
    _GET_HISTORICAL_TRADES,
    _GET_HISTORICAL_BLOCK_TRADES,
    _GET_AGGREGATE_TRADES,
    _GET_KLINES,
    _GET_UI_KLINES,
    _GET_AVERAGE_PRICE,
    _GET_24HR_TICKER,
    _GET_TRADING_DAY_TICKER,
    _GET_TICKER,
    _GET_SYMBOL_PRICE_TICKER,
    _GET_SYMBOL_ORDER_BOOK_TICKER,
    _GET_REFERENCE_PRICE,
    _GET_REFERENCE_PRICE_CALCULATION,
)
