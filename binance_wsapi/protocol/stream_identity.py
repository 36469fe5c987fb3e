"""What tells one market stream event from another, and is the same in its copy on a second connection."""

from __future__ import annotations

from collections.abc import Hashable

import msgspec

from binance_wsapi.protocol.order_events import micros

__all__ = ["sent_us", "stream_identity"]

_decode = msgspec.json.Decoder().decode


class _Sent(msgspec.Struct):
    time: int = msgspec.field(name="E", default=0)


_decode_sent = msgspec.json.Decoder(_Sent).decode

_NUMBERS = {
    "trade": ("t",),
    "aggTrade": ("a",),
    "depthUpdate": ("U", "u"),
    "bookTicker": ("u",),
}
"""What the exchange numbers, by event type; the others are known by when they were made."""

_LIQUIDATION = ("s", "S", "p", "q", "T")
"""What tells two liquidations of one moment apart."""

_UNTYPED_NUMBERS = ("u", "lastUpdateId")
"""The numbers of events that come without a type: Spot's book ticker and partial depth."""


def stream_identity(stream: str, data: bytes | msgspec.Raw) -> Hashable:
    """Return the identity of an event of a stream; one of another form is its own."""
    try:
        event = _decode(data)
        kind = event.get("e")
        key: tuple[Hashable, ...]
        if kind is None:
            key = stream, next(event[name] for name in _UNTYPED_NUMBERS if name in event)
        else:
            # Streams of all symbols bring what different symbols number, or stamp, alike.
            key = (
                stream,
                kind,
                event.get("s"),
                *(event[each] for each in _NUMBERS.get(kind, ("E",))),
            )
            if kind == "forceOrder":
                key += tuple(event["o"].get(each) for each in _LIQUIDATION)
        hash(key)
    except (
        msgspec.DecodeError,
        UnicodeDecodeError,
        LookupError,
        TypeError,
        AttributeError,
        StopIteration,
    ):
        return stream, bytes(data)
    return key


def sent_us(data: bytes | msgspec.Raw) -> int:
    """Return when the exchange sent an event, epoch microseconds; 0 where it does not say so."""
    try:
        return micros(_decode_sent(data).time)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return 0
