"""From the bytes of an event to its model, without ever losing one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Union

import msgspec

from binance_wsapi.models._base import Event, UnknownEvent

__all__ = ["EventDecoder"]


class _Head(msgspec.Struct):
    event_time: int | None = msgspec.field(name="E", default=None)


_HEAD = msgspec.json.Decoder(_Head)


class EventDecoder:
    """Decodes events of several kinds, told apart by their tag.

    An event of another kind, or one whose form has changed, becomes an :class:`UnknownEvent`.
    Safe to use from any thread.
    """

    __slots__ = ("_decode",)

    def __init__(self, kinds: Iterable[type[Event]]) -> None:
        # Built at run time: the kinds are data here, where a type checker wants a literal union.
        known = tuple(kind for kind in kinds if kind is not UnknownEvent)
        union: Any = Union[known]  # noqa: UP007
        self._decode = msgspec.json.Decoder(union).decode

    def decode(self, frame: bytes | msgspec.Raw, stream: str | None = None) -> Event:
        """Return the event in ``frame``.

        Raises:
            msgspec.DecodeError: The frame is not JSON.
        """
        try:
            event: Event = self._decode(frame)
        except msgspec.ValidationError as error:
            event = UnknownEvent(event_time=_event_time(frame), problem=str(error))
        return event.attach_frame(frame, stream)


def _event_time(frame: bytes | msgspec.Raw) -> int | None:
    msgspec.json.decode(frame)  # raises where validation stopped before the part that is no JSON
    try:
        return _HEAD.decode(frame).event_time
    except msgspec.ValidationError:
        return None
