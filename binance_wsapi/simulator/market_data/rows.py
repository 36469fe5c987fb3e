"""Rows of market data answers, in the exchange's shapes and order of fields."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import Any

from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.market_data.aggregate_trades import AggregateTrade
from binance_wsapi.simulator.market_data.candles import Candle
from binance_wsapi.simulator.observers import Trade

__all__ = ["aggregate_row", "kline_row", "percent_of", "places", "ticker_row", "trade_row"]

PLACES = Decimal("0.00000001")
PERCENT_PLACES = Decimal("0.001")
ZERO = Decimal("0.00000000")


def places(value: Decimal) -> Decimal:
    """Return ``value`` with the eight places of the wire, the rest cut off."""
    return value.quantize(PLACES, ROUND_DOWN)


def percent_of(change: Decimal, whole: Decimal) -> Decimal:
    """Return ``change`` as percent of ``whole`` with three places; zero of nothing."""
    return (change * 100 / whole if whole else ZERO).quantize(PERCENT_PLACES)


def trade_row(trade: Trade) -> dict[str, Any]:
    """Return one row of ``trades.recent`` and ``trades.historical``."""
    return {
        "id": trade.trade_id,
        "price": places(trade.price),
        "qty": places(trade.quantity),
        "quoteQty": places(trade.quote_quantity),
        "time": Micros(trade.time_us),
        "isBuyerMaker": trade.buyer_is_maker,
        "isBestMatch": trade.is_best_match,
    }


def block_trade_row(trade: Trade) -> dict[str, Any]:
    """Return one row of ``blockTrades.historical``."""
    row = trade_row(trade)
    del row["isBestMatch"]
    return row


def aggregate_row(aggregate: AggregateTrade) -> dict[str, Any]:
    """Return one row of ``trades.aggregate``."""
    return {
        "a": aggregate.aggregate_id,
        "p": places(aggregate.price),
        "q": places(aggregate.quantity),
        "f": aggregate.first_id,
        "l": aggregate.last_id,
        "T": Micros(aggregate.time_us),
        "m": aggregate.buyer_is_maker,
        "M": True,
    }


def kline_row(candle: Candle, close_us: int) -> list[Any]:
    """Return one row of ``klines``; ``close_us`` is the last microsecond of the interval."""
    return [
        Micros(candle.open_us),
        places(candle.open),
        places(candle.high),
        places(candle.low),
        places(candle.close),
        places(candle.volume),
        Micros(close_us),
        places(candle.quote_volume),
        candle.trades,
        places(candle.taker_base),
        places(candle.taker_quote),
        "0",
    ]


def ticker_row(
    symbol: str, window: Candle, *, open_us: int, close_us: int, mini: bool
) -> dict[str, Any]:
    """Return one ticker over a window, without the fields of the 24 hour ticker alone."""
    prices = {
        "openPrice": places(window.open),
        "highPrice": places(window.high),
        "lowPrice": places(window.low),
        "lastPrice": places(window.close),
    }
    rest = {
        "volume": places(window.volume),
        "quoteVolume": places(window.quote_volume),
        "openTime": Micros(open_us),
        "closeTime": Micros(close_us),
        "firstId": window.first_id,
        "lastId": window.last_id,
        "count": window.trades,
    }
    if mini:
        return {"symbol": symbol, **prices, **rest}
    change = window.close - window.open
    return {
        "symbol": symbol,
        "priceChange": places(change),
        "priceChangePercent": percent_of(change, window.open),
        "weightedAvgPrice": weighted_price(window),
        **prices,
        **rest,
    }


def weighted_price(window: Candle) -> Decimal:
    """Return the mean price of a window by volume, zero without trades."""
    return places(window.quote_volume / window.volume) if window.volume else ZERO
