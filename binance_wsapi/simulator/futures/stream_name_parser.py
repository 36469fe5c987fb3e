"""Names of futures market streams, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass

from binance_wsapi.simulator.market_data.intervals import INTERVALS, SECOND, Interval

__all__ = ["PUBLIC_KINDS", "FuturesStreamName", "parse_futures_stream_name"]

MILLISECOND = SECOND // 1000
DEPTH_PERIODS_US = {
    "": 250 * MILLISECOND,
    "@500ms": SECOND // 2,
    "@100ms": SECOND // 10,
    "@0ms": 0,
}

PUBLIC_KINDS = frozenset({"bookTicker", "depth", "partialDepth", "trade"})
"""What the public route of USD-M serves; everything else comes by the market route."""

_PLAIN = frozenset({"aggTrade", "bookTicker", "forceOrder", "miniTicker", "ticker", "trade"})
_OF_ALL = {
    "!bookTicker": "bookTicker",
    "!contractInfo": "contractInfo",
    "!forceOrder@arr": "forceOrder",
    "!miniTicker@arr": "miniTicker",
    "!ticker@arr": "ticker",
}
_DEPTH = re.compile(r"depth(5|10|20)?(@500ms|@100ms)?|depth(@0ms)")
_PRICE = re.compile(r"(markPrice|indexPrice)(@1s)?")
_ALL_MARKS = re.compile(r"!markPrice@arr(@1s)?")
_KLINE = re.compile(r"(kline|continuousKline)_(\w+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class FuturesStreamName:
    """What a stream name asks for."""

    kind: str
    subject: str | None
    """Symbol or pair in lower case, as in the name; ``None`` for streams of all contracts."""
    period_us: int = 0
    """Of depth and price streams; 0 for every change at once."""
    levels: int = 0
    """Of partial depth."""
    interval: Interval | None = None
    """Of candles."""


def parse_futures_stream_name(name: str) -> FuturesStreamName | None:
    """Take a stream name apart; ``None`` for what has no feed here.

    That is: names that do not exist, and streams whose state the embedded exchange does not keep
    (``compositeIndex``, ``assetIndex``, ``tradingSession``, ``rpiDepth``, candles of index and mark
    prices). A subscription to them is taken and stays silent.
    """
    if name.startswith("!"):
        if match := _ALL_MARKS.fullmatch(name):
            return FuturesStreamName("markPrice", None, period_us=_price_period(match[1]))
        kind = _OF_ALL.get(name)
        return None if kind is None else FuturesStreamName(kind, None)
    subject, _, rest = name.partition("@")
    if not subject or subject != subject.lower() or "-" in subject:
        return None  # a hyphen is in symbols of options alone
    if rest in _PLAIN:
        return FuturesStreamName(rest, subject)
    if match := _DEPTH.fullmatch(rest):
        kind = "partialDepth" if match[1] else "depth"
        period_us = DEPTH_PERIODS_US[match[2] or match[3] or ""]
        return FuturesStreamName(kind, subject, period_us=period_us, levels=int(match[1] or 0))
    if match := _PRICE.fullmatch(rest):
        return FuturesStreamName(match[1], subject, period_us=_price_period(match[2]))
    if match := _KLINE.fullmatch(rest):
        interval = INTERVALS.get(match[2])
        if interval is None or (interval.name == "1s" and match[1] == "kline"):
            return None
        return FuturesStreamName(match[1], subject, interval=interval)
    return None


def _price_period(speed: str | None) -> int:
    return SECOND if speed else 3 * SECOND
