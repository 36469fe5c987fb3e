"""From the frames of market streams to events.

The kinds of events, and what tells them apart, are in ``spot_stream_events`` and ``futures_stream_events``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, lru_cache, partial
from typing import Any

import msgspec

from binance_wsapi.loading import load
from binance_wsapi.markets import Market
from binance_wsapi.models._event_decoder import EventDecoder
from binance_wsapi.models.base import Event, UnknownEvent
from binance_wsapi.models.rows import Rows, RowsOf, holds_rows

__all__ = ["EventBatch", "decode_stream_event", "stream_event_decoder"]


@holds_rows(events=None)
class EventBatch(Event, tag=False):
    """Events of several symbols that came in one frame, as ``!miniTicker@arr`` and its kin send them."""

    events: RowsOf[Event]
    """The events, in the order they were sent."""

    @property
    def event_type(self) -> str:
        """The exchange's word for the events in it; empty when there are none."""
        return self.events[0].event_type if self.events else ""

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)


def decode_stream_event(market: Market, stream: str | None, frame: bytes | msgspec.Raw) -> Event:
    """Return the market stream event in ``frame``: the payload alone, without its envelope.

    Args:
        market: The market the stream belongs to.
        stream: Name of the stream, such as ``btcusdt@depth20``. The name decides what the payload does
            not tell: Spot's book ticker and partial depth have no type, partial depth of futures has
            that of diff depth. ``None`` when it is not known.
        frame: The payload.

    Returns:
        The event; an :class:`EventBatch` where the payload is an array. What is not known here, or does
        not fit, comes as ``UnknownEvent``; nothing is lost.

    Raises:
        msgspec.DecodeError: The frame is not JSON.
    """
    return stream_event_decoder(market, stream)(frame)


@lru_cache(maxsize=4096)
def stream_event_decoder(
    market: Market, stream: str | None
) -> Callable[[bytes | msgspec.Raw], Event]:
    """Return :func:`decode_stream_event` for the events of one stream."""
    for name, kind in _kinds(market).BY_NAME:
        if stream is not None and name.search(stream):
            return _decoder_for(kind).reader(stream, otherwise=partial(_by_type, market, stream))
    return partial(_by_type, market, stream)


@cache
def _decoder_for(kind: type[Event]) -> EventDecoder:
    return EventDecoder((kind,))


@cache
def _decoder_by_type(market: Market) -> EventDecoder:
    return EventDecoder(_kinds(market).BY_TYPE)


def _kinds(market: Market) -> Any:
    """Return the module of a market's events, which says how they are told apart."""
    place = market.facts.stream_events
    assert place is not None, f"{market} has no streams"
    return load(place)


_rows = msgspec.json.Decoder(list[msgspec.Raw]).decode


def _by_type(market: Market, stream: str | None, frame: bytes | msgspec.Raw) -> Event:
    if bytes(memoryview(frame)[:1]) == b"[":
        events = [_one_by_type(market, stream, row) for row in _rows(frame)]
        event_time = events[0].event_time if events else None
        return EventBatch(event_time=event_time, events=Rows(events)).attach_frame(frame, stream)
    return _one_by_type(market, stream, frame)


def _one_by_type(market: Market, stream: str | None, frame: bytes | msgspec.Raw) -> Event:
    event = _decoder_by_type(market).decode(frame, stream)
    if type(event) is UnknownEvent:
        for kind in _kinds(market).BY_SHAPE:
            if event.event_type not in ("", kind.__struct_config__.tag):
                continue
            by_shape = _decoder_for(kind).decode(frame, stream)
            if type(by_shape) is kind:
                return by_shape
    return event
