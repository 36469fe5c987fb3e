"""The parts of the USD-M stream host."""

from __future__ import annotations

from enum import Enum

__all__ = ["StreamRoute"]


class StreamRoute(Enum):
    """The part of the USD-M stream host that serves a stream; others stay silent when asked for it."""

    PUBLIC = "public"
    """Order books and best prices."""
    MARKET = "market"
    """Every other market stream."""
    PRIVATE = "private"
    """User data."""
