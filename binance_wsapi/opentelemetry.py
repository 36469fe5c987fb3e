"""Metrics for OpenTelemetry: ``Client(metrics=OpenTelemetryMetrics())`` with the ``opentelemetry`` extra."""

from __future__ import annotations

from opentelemetry import metrics

from binance_wsapi._version import __version__
from binance_wsapi.endpoints import WsKey

__all__ = ["OpenTelemetryMetrics"]


class OpenTelemetryMetrics:
    """Counts and times every call, and counts the connection events.

    Args:
        meter_provider: Where the instruments are made; the global provider by default.
    """

    def __init__(self, meter_provider: metrics.MeterProvider | None = None) -> None:
        meter = metrics.get_meter("binance_wsapi", __version__, meter_provider)
        self._durations = meter.create_histogram(
            "binance_wsapi.request.duration", unit="s", description="Time a call took to its end"
        )
        self._connections = meter.create_counter(
            "binance_wsapi.connection.events", description="Connection events"
        )

    def request_done(self, *, ws_key: WsKey, operation: str, seconds: float, outcome: str) -> None:
        """A call has ended."""
        self._durations.record(
            seconds, {"ws_key": ws_key.value, "operation": operation, "outcome": outcome}
        )

    def connection_changed(self, *, ws_key: WsKey, event: str) -> None:
        """A connection changed."""
        self._connections.add(1, {"ws_key": ws_key.value, "event": event})
