"""Names of Spot market streams, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from binance_wsapi.simulator.market_data.intervals import (
    DAY,
    HOUR,
    INTERVALS,
    Interval,
)

__all__ = ["SpotStreamName", "parse_spot_stream_name"]

_PlainKind = Literal[
    "aggTrade",
    "avgPrice",
    "blockTrade",
    "bookTicker",
    "miniTicker",
    "referencePrice",
    "ticker",
    "trade",
]
StreamKind = Literal[_PlainKind, "depth", "kline", "partialDepth", "rollingTicker"]

_PLAIN: dict[str, _PlainKind] = {kind: kind for kind in get_args(_PlainKind)}
"""Those whose names choose nothing but the symbol."""
ROLLING_WINDOWS = {"1h": HOUR, "4h": 4 * HOUR, "1d": DAY}

_DEPTH = re.compile(r"depth(5|10|20)?(@100ms|@1000ms)?")
_ALL_MINI_TICKERS = re.compile(r"!miniTicker@arr(?:@([13])000ms)?")
_KLINE = re.compile(r"kline_(\w+)(@\+08:00)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class SpotStreamName:
    """What a stream name asks for."""

    kind: StreamKind
    symbol: str | None
    """Lower case, as in the name; ``None`` for streams of all symbols."""
    is_fast: bool = False
    """Depth every 100 ms instead of every second."""
    levels: int = 0
    """Of partial depth."""
    interval: Interval | None = None
    """Of candles."""
    offset_us: int = 0
    """Time zone of candles."""
    period_seconds: int = 1
    """Of the array of mini tickers."""
    window: str = ""
    """Of a rolling ticker: ``1h``, ``4h`` or ``1d``."""


def parse_spot_stream_name(name: str) -> SpotStreamName | None:
    """Take a stream name apart; ``None`` when there is no such kind of stream."""
    symbol, _, rest = name.partition("@")
    if name.startswith("!"):
        return _stream_of_all_symbols(name)
    if not symbol or not rest or symbol != symbol.lower():
        return None
    if rest in _PLAIN:
        return SpotStreamName(_PLAIN[rest], symbol)
    if match := _DEPTH.fullmatch(rest):
        levels, speed = match.groups()
        kind: StreamKind = "partialDepth" if levels else "depth"
        return SpotStreamName(kind, symbol, is_fast=speed == "@100ms", levels=int(levels or 0))
    if match := _KLINE.fullmatch(rest):
        interval = INTERVALS.get(match[1])
        if interval is None:
            return None
        # UTC+8 is the one other time zone that streams have.
        offset_us = 8 * HOUR if match[2] else 0
        return SpotStreamName("kline", symbol, interval=interval, offset_us=offset_us)
    window = rest.removeprefix("ticker_")
    if window != rest and window in ROLLING_WINDOWS:
        return SpotStreamName("rollingTicker", symbol, window=window)
    return None


def _stream_of_all_symbols(name: str) -> SpotStreamName | None:
    # The documents no longer show a speed here; widespread clients still send one.
    if match := _ALL_MINI_TICKERS.fullmatch(name):
        return SpotStreamName("miniTicker", None, period_seconds=int(match[1] or 1))
    window = name.removeprefix("!ticker_").removesuffix("@arr")
    if window in ROLLING_WINDOWS and name == f"!ticker_{window}@arr":
        return SpotStreamName("rollingTicker", None, window=window)
    return None
