"""One stream's inlet: events, gaps and the end go in here, on the loop's thread."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from binance_wsapi.buffer import EventBuffer
from binance_wsapi.core.gaps import Gaps
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


class Feed(Gaps):
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
        super().__init__(runtime, ws_key)
        self._in_floats = runtime.in_floats if in_floats is None else in_floats
        self._as_told = door(in_floats=self._in_floats)
        self.decode = self._typed(decode) if runtime.options.beautify else _wire_dict
        """Makes an event from its bytes, on the side of whoever takes it."""
        self._handler_event = handler_event
        self._name = name
        self._close = close
        self._is_left = False
        """Its stream ended by itself, and nobody else wants the events."""
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

    def tell_gap(self, gap: StreamGap) -> None:
        """Append a gap."""
        self.tell(gap)

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
