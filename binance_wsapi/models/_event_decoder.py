"""From the bytes of an event to its model, without ever losing one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Union, cast

import msgspec

from binance_wsapi.models.base import Event, UnknownEvent, is_json_of_another_form
from binance_wsapi.models.tolerant import lenient_reader

__all__ = ["EventDecoder"]


class EventDecoder:
    """Decodes events of several kinds, told apart by their tag.

    An event of another kind, or one that lacks what makes it one of its kind, becomes an
    :class:`UnknownEvent`. Safe to use from any thread.
    """

    __slots__ = ("_decode", "_kinds")

    def __init__(self, kinds: Iterable[type[Event]]) -> None:
        # Built at run time: the kinds are data here, where a type checker wants a literal union.
        known = tuple(kind for kind in kinds if kind is not UnknownEvent)
        union: Any = Union[known]  # noqa: UP007
        self._decode = msgspec.json.Decoder(union).decode
        self._kinds = {kind.__struct_config__.tag: kind for kind in known}

    def decode(self, frame: bytes | msgspec.Raw, stream: str | None = None) -> Event:
        """Return the event in ``frame``.

        Raises:
            msgspec.DecodeError: The frame is not JSON.
        """
        try:
            event: Event = self._decode(frame)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if not is_json_of_another_form(error, frame):
                raise
            event = self._read(frame, str(error))
        known: Any = event.__dict__  # Event.attach_frame(), without the call
        known["frame"], known["stream_name"] = frame, stream
        return event

    def reader(
        self, stream: str | None, otherwise: Callable[[bytes | msgspec.Raw], Event]
    ) -> Callable[[bytes | msgspec.Raw], Event]:
        """Return :meth:`decode` for one stream; what would be unknown is read by ``otherwise``."""
        decode = self._decode

        def read(frame: bytes | msgspec.Raw) -> Event:
            try:
                event: Event = decode(frame)
            except (msgspec.DecodeError, UnicodeDecodeError):
                event = self.decode(frame, stream)
                return otherwise(frame) if type(event) is UnknownEvent else event
            known: Any = event.__dict__  # as above
            known["frame"], known["stream_name"] = frame, stream
            return event

        return read

    def _read(self, frame: bytes | msgspec.Raw, problem: str) -> Event:
        """Return an event whose form has changed."""
        try:
            event: Any = msgspec.json.decode(
                frame
            )  # raises where validation stopped before what is no JSON
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if not is_json_of_another_form(error, frame):
                raise
            return UnknownEvent(problem=str(error))  # a number or a text that Python cannot hold
        head = cast("dict[str, Any]", event) if isinstance(event, dict) else {}
        tag = head.get("e")
        kind = self._kinds.get(tag) if isinstance(tag, str) else None
        if kind is None and len(self._kinds) == 1:
            (kind,) = self._kinds.values()
        if kind is not None:
            try:
                read: Event = lenient_reader(kind)(frame)
            except msgspec.ValidationError as error:
                problem = str(error)
            else:
                return read
        time = head.get("E")
        return UnknownEvent(event_time=time if type(time) is int else None, problem=problem)
