"""One stream's inlet: events, gaps and the end go in here, on the loop's thread."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from binance_wsapi.buffer import EventBuffer
from binance_wsapi.core.hold import ClientHold
from binance_wsapi.events import BaseEventStream, StreamGap, Untouched
from binance_wsapi.models.base import UnknownEvent, is_json_of_another_form
from binance_wsapi.models.readable import door

if TYPE_CHECKING:
    from binance_wsapi.core.runtime import Runtime
    from binance_wsapi.endpoints import WsKey

__all__ = ["Buffer", "Feed"]

Buffer = EventBuffer[Untouched[Any]]

_decode_any = msgspec.json.Decoder().decode


def _wire_dict(event: bytes) -> Any:
    try:
        return _decode_any(event)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if not is_json_of_another_form(error, event):
            raise
        return UnknownEvent(problem=str(error)).attach_frame(event)


class Feed:
    """Puts events into one stream and hands them to the handlers; owned by the loop's thread.

    Args:
        runtime: What the core stands on.
        ws_key: The connection the events come from.
        name: What the stream is called in messages.
        decode: Makes a typed event from its bytes.
        handler_event: The handlers' event name; ``None`` for streams without handlers.
        close: Ends the subscription whose events go into this buffer, called from any thread.
        in_floats: Whether events have floats for decimals; by default as the client's option says.
    """

    def __init__(
        self,
        runtime: Runtime,
        ws_key: WsKey,
        *,
        name: str,
        decode: Callable[[bytes], Any],
        handler_event: str | None,
        close: Callable[[Buffer], None],
        in_floats: bool | None = None,
    ) -> None:
        self._runtime = runtime
        self._ws_key = ws_key
        self._in_floats = runtime.in_floats if in_floats is None else in_floats
        self._as_told = door(in_floats=self._in_floats)
        self.decode = self._typed(decode) if runtime.options.beautify else _wire_dict
        """Makes an event from its bytes, on the side of whoever takes it."""
        self._handler_event = handler_event
        self._name = name
        self._close = close
        self._is_left = False
        """Its stream ended by itself, and nobody else wants the events."""
        self._gaps: dict[object, int] = {}
        """Since when events of each connection may be missing, epoch microseconds, exchange time."""
        self._open_for: dict[object, str] = {}
        """The reason that was told while the gap of each connection lasts."""
        self.buffer = self._new_buffer()
        """What the stream takes its events from."""
        self._stream: Callable[[], BaseEventStream[Any] | None] = lambda: None
        """The stream, while the caller has it: it keeps the client alive, which the core must not."""

    @property
    def stream(self) -> BaseEventStream[Any]:
        """The stream, made anew where the caller has dropped it."""
        stream = self._stream()
        if stream is None:
            buffer = self.buffer
            stream = self._runtime.stream_type(
                name=self._name,
                buffer=buffer,
                close=lambda: self._close(buffer),
                hold=ClientHold(self._runtime),
            )
            self._stream = weakref.ref(stream)
        return stream

    def interrupted(self, whole_until: float, source: object = None, *, told_us: int = 0) -> None:
        """Events of a connection may be missing.

        Args:
            whole_until: Since when, monotonic seconds.
            source: The connection.
            told_us: The time of the last event that was told: none is missing before it.
        """
        self._gaps.setdefault(source, self._gap_begins_us(whole_until, told_us))

    def interrupted_earlier(self, whole_until: float, *, told_us: int = 0) -> None:
        """The gap that lasts now began earlier than it seemed; the arguments are those of :meth:`interrupted`."""
        since_us = self._gaps.get(None)
        if since_us is not None:
            self._gaps[None] = min(since_us, self._gap_begins_us(whole_until, told_us))

    def _gap_begins_us(self, whole_until: float, told_us: int) -> int:
        since_us = self._exchange_us() - int((self._runtime.now() - whole_until) * 1_000_000)
        return max(since_us, told_us)

    def resumed(self, reason: str, source: object = None) -> bool:
        """The connection's events flow again: tell the gap in its place, if there was one."""
        since_us = self._gaps.pop(source, None)
        self._open_for.pop(source, None)
        if since_us is None:
            return False
        self._tell_gap(since_us, reason)
        return True

    def remains_interrupted(self, reason: str, source: object = None) -> None:
        """The connection's events do not flow again yet: tell the gap, which stays open; once a reason."""
        since_us = self._gaps.get(source)
        if since_us is not None and self._open_for.get(source) != reason:
            self._open_for[source] = reason
            self._tell_gap(since_us, reason, is_open=True)

    def earliest_us(self) -> int:
        """Return the exchange's time, epoch microseconds, rather early than late."""
        return self._exchange_us()

    def latest_us(self) -> int:
        """Return the exchange's time, epoch microseconds, rather late than early."""
        # It is estimated late, by less than a round trip.
        round_trip = self._runtime.exchanges.clock_of(self._ws_key).round_trip or 0.0
        return self._exchange_us() + math.ceil(round_trip * 1_000_000)

    def _tell_gap(self, since_us: int, reason: str, *, is_open: bool = False) -> None:
        gap = StreamGap(
            from_ms=since_us // 1000,
            until_ms=max(since_us, self.latest_us()) // 1000 + 1,
            reason=reason,
            is_open=is_open,
        )
        self.tell_gap(gap)

    def tell_gap(self, gap: StreamGap) -> None:
        """Append a gap."""
        self.tell(gap)

    def _exchange_us(self) -> int:
        return self._runtime.exchanges.now_us(self._ws_key)

    def put(self, make: Callable[[Any], Any], what: Any) -> None:
        """Append an event, to be made by whoever takes it.

        Those of one turn of the loop, which are all that were read from a socket at once, go into the
        buffer together: whoever waits there is woken once.
        """
        buffer = self.buffer
        if buffer.gather((make, what)):
            self._runtime.loop.call_soon(self._flush, buffer)
        if self._handler_event is not None:
            self._runtime.dispatcher.post_lazily(self._handler_event, make, what)

    def tell(self, event: object) -> None:
        """Append an event that is made already."""
        self.put(self._as_told, event)

    def _typed(self, decode: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return what makes typed events as the caller wants them; on the side of whoever takes them."""
        if not self._in_floats:
            return decode
        floats = self._as_told
        return lambda event: floats(decode(event))

    def _flush(self, buffer: Buffer) -> None:
        buffer.flush()
        if buffer.is_ended and not self._is_left and not self._has_handlers:
            # It overflowed, and was to end at that.
            self._is_left = True
            self._close(buffer)

    def open_stream(self) -> BaseEventStream[Any]:
        """Return the stream, or a fresh one where it ended and handlers alone were served since."""
        if self.buffer.is_ended:
            self._is_left = False
            self._release()
            self.buffer = self._new_buffer()
            self._stream = lambda: None
        return self.stream

    @property
    def is_interrupted(self) -> bool:
        """Whether events may be missing now."""
        return bool(self._gaps)

    def leave_stream(self) -> None:
        """End the stream alone: others go on with the events."""
        self._is_left = True
        self.buffer.end()
        self._release()

    def end(self) -> None:
        """Nothing will come any more."""
        self._is_left = True
        self.buffer.end()
        self._release()

    def _release(self) -> None:
        stream = self._stream()
        if stream is not None:
            stream._hold.release()

    @property
    def _has_handlers(self) -> bool:
        return self._handler_event is not None and self._runtime.dispatcher.hears(
            self._handler_event
        )

    def _new_buffer(self) -> Buffer:
        options = self._runtime.options
        return EventBuffer(
            size=options.event_buffer_size,
            overflow=options.event_overflow,
            lost_marker=lambda lost: (self._overflowed, lost),
        )

    def _overflowed(self, lost: int) -> StreamGap:
        now_ms = self._exchange_us() // 1000
        return StreamGap(
            from_ms=now_ms, until_ms=now_ms, reason="the consumer was too slow", lost=lost
        )
