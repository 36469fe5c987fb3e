"""The parts of the stream host that USD-M and options share."""

from __future__ import annotations

from enum import Enum

__all__ = ["StreamRoute"]


class StreamRoute(Enum):
    """The part of the stream host that serves a stream; others stay silent when asked for it."""

    PUBLIC = "public"
    """Order books and best prices; on options trades and statistics, too."""
    MARKET = "market"
    """Every other market stream."""
    PRIVATE = "private"
    """User data."""
