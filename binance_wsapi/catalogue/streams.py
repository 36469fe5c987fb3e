"""The market streams of each market; a market's entries are loaded when they are first asked for."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

from binance_wsapi.catalogue._stream import Stream, StreamParam
from binance_wsapi.catalogue._types import Market, Route

__all__ = ["Stream", "StreamParam", "find_stream", "route_of", "streams"]


def streams(market: Market) -> tuple[Stream, ...]:
    """Return the market streams of a market, in the order of its documents."""
    module = import_module(f"binance_wsapi.catalogue.{market.value}_streams")
    entries: tuple[Stream, ...] = module.STREAMS
    return entries


@lru_cache(maxsize=4096)
def find_stream(market: Market, wire_name: str) -> Stream | None:
    """Return the stream with this name, such as ``btcusdt@depth5``; ``None`` when it is not known."""
    return next((stream for stream in streams(market) if stream.matches(wire_name)), None)


def route_of(wire_name: str) -> Route:
    """Return the part of the USD-M host that serves a stream.

    A stream asked for elsewhere is acknowledged and stays silent. Names that are not known go where
    most streams are.
    """
    stream = find_stream(Market.USDM, wire_name)
    return stream.route if stream is not None and stream.route is not None else Route.MARKET
