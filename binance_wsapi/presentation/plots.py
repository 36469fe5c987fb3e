"""Order books and candles as pictures; matplotlib is an extra, imported when a picture is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from typing import Any

from binance_wsapi.errors import ConfigurationError, ParameterError
from binance_wsapi.loading import uncut
from binance_wsapi.presentation.attributes import epoch_us

__all__ = ["candles", "depth"]

_BUY = "#2a9d6f"
_SELL = "#d1495b"
_CANDLE = ("open_time", "open_price", "high_price", "low_price", "close_price", "volume")


def depth(bids: Sequence[Any], asks: Sequence[Any], axes: Any = None, title: str = "") -> Any:
    """Draw how much rests on each side down to each price, and return the axes."""
    axes = _axes() if axes is None else axes
    for levels, label, colour in ((bids, "bids", _BUY), (asks, "asks", _SELL)):
        prices = [float(level.price) for level in levels]
        amounts = list(accumulate(float(level.quantity) for level in levels))
        axes.step(prices, amounts, where="post", color=colour, label=label)
        axes.fill_between(prices, amounts, step="post", color=colour, alpha=0.25)
    axes.set_xlabel("price")
    axes.set_ylabel("quantity up to the price")
    axes.set_ylim(bottom=0)
    axes.set_title(title)
    axes.legend(loc="upper center")  # the one place that a book leaves free
    return axes


def candles(klines: Sequence[Any], axes: Any = None) -> Any:
    """Draw candles, and their volume along the bottom, and return the axes."""
    klines = [getattr(each, "kline", each) for each in klines]
    if not all(hasattr(each, name) for each in klines for name in _CANDLE):
        kind = type(klines[0]).__name__
        raise ParameterError(
            f"a {kind} is no candle: only klines can be plotted", parameter="klines", value=kind
        )
    axes = _axes() if axes is None else axes
    times = [_moment(each.open_time) for each in klines]
    width = min((b - a for a, b in pairwise(times)), default=_ONE_MINUTE) * 0.7
    opens, highs, lows, closes = (
        [float(getattr(each, name)) for each in klines] for name in _CANDLE[1:5]
    )
    colours = [_BUY if last >= first else _SELL for first, last in zip(opens, closes, strict=True)]
    axes.vlines(times, lows, highs, color=colours, linewidth=1)
    heights = [abs(last - first) for first, last in zip(opens, closes, strict=True)]
    axes.bar(times, heights, width, bottom=list(map(min, opens, closes)), color=colours)
    axes.set_ylabel("price")
    if klines:  # room for the volume below
        spread = max(highs) - min(lows) or 1.0
        axes.set_ylim(min(lows) - 0.3 * spread, max(highs) + 0.05 * spread)
    volumes = axes.twinx()
    volumes.bar(times, [float(each.volume) for each in klines], width, color=colours, alpha=0.25)
    volumes.set_ylim(0, max([float(each.volume) for each in klines], default=1) * 5 or 1)
    volumes.set_ylabel("volume")
    axes.figure.autofmt_xdate()
    return axes


_ONE_MINUTE = timedelta(minutes=1)


def _moment(time: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=epoch_us(time) or 0)


def _axes() -> Any:
    try:
        with uncut:
            from matplotlib import pyplot as plt
    except ModuleNotFoundError:
        raise ConfigurationError(
            "matplotlib is not installed: pip install 'binance-wsapi[plots]'"
        ) from None
    return plt.subplots(figsize=(8, 4), layout="constrained")[1]
