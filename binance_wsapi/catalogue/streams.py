"""The market streams of each market; a market's entries are loaded when they are first asked for."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from binance_wsapi.catalogue.routes import StreamRoute
from binance_wsapi.catalogue.stream import Stream, StreamParam
from binance_wsapi.loading import load
from binance_wsapi.markets import Market

__all__ = ["Stream", "StreamParam", "find_stream", "route_of", "streams"]


def streams(market: Market) -> tuple[Stream, ...]:
    """Return the market streams of a market, in the order of its documents."""
    if market.facts.stream_events is None:
        return ()
    module = load(f"binance_wsapi.catalogue.{market.value}_streams")
    entries: tuple[Stream, ...] = module.STREAMS
    return entries


@lru_cache(maxsize=4096)
def find_stream(market: Market, wire_name: str) -> Stream | None:
    """Return the stream with this name, such as ``btcusdt@depth5``; ``None`` when it is not known."""
    return next((stream for stream in streams(market) if stream.matches(wire_name)), None)


def route_of(market: Market, wire_name: str) -> StreamRoute | None:
    """Return the part of a market's host that serves a stream; ``None`` when its kind is not known.

    A stream asked for elsewhere is acknowledged and stays silent. The kind decides, so that a depth or
    a speed that no document names has its route as well.
    """
    return _routes(market).get(_kind_of(wire_name))


_KIND = re.compile(r"(?:!|[^@]*@)?([A-Za-z]*)")
_UNDOCUMENTED = {Market.USDM: {"trade": StreamRoute.PUBLIC}}
"""Where peers ask for what no document names."""


def _kind_of(wire_name: str) -> str:
    found = _KIND.match(wire_name)
    return found[1] if found else ""


@cache
def _routes(market: Market) -> dict[str, StreamRoute]:
    documented = {_kind_of(each.template): each.route for each in streams(market)}
    return _UNDOCUMENTED.get(market, {}) | {
        kind: route for kind, route in documented.items() if route
    }
