"""A client on a stream host of futures, where that differs from Spot."""

from __future__ import annotations

from binance_wsapi.simulator.doors.stream_connections import StreamConnection
from binance_wsapi.simulator.doors.stream_requests import StreamRequestError, read_stream_request
from binance_wsapi.simulator.doors.wire import encode

__all__ = ["MESSAGES_PER_SECOND", "FuturesStreamConnection"]

MESSAGES_PER_SECOND = 10
INVALID_JSON = 3
POLICY_VIOLATION = 1008


class FuturesStreamConnection(StreamConnection):
    """Ends the connection after a frame that is not JSON."""

    def receive(self, text: str | bytes) -> None:
        """Take one frame of the client."""
        try:
            read_stream_request(text if isinstance(text, str) else text.decode(errors="replace"))
        except StreamRequestError as error:
            if error.code == INVALID_JSON:
                # The page lists this error bare, a later notice shows it wrapped.
                self.deliver(encode({"error": error.payload()}, microseconds=False))
                self.disconnect(POLICY_VIOLATION, "Invalid JSON")
                return
        super().receive(text)
