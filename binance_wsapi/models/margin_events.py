"""What the exchange tells about a margin account as it happens.

Orders, balances and order lists come as the Spot events of the same names; the cross margin risk
stream has kinds of its own. Times are epoch milliseconds.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import TypeAlias, get_args

from msgspec import Raw, field

from binance_wsapi.models import user_events as spot
from binance_wsapi.models._event_decoder import EventDecoder
from binance_wsapi.models.base import Event
from binance_wsapi.models.futures_events import ListenKeyExpired

__all__ = [
    "LiabilityUpdate",
    "MarginLevelUpdate",
    "MarginUserEvent",
    "decode_margin_event",
]


class MarginLevelUpdate(Event, tag="MARGIN_LEVEL_STATUS_CHANGE"):
    """The margin level of the cross margin account crossed a line."""

    margin_level: Decimal = field(name="l")
    """Assets divided by debts."""
    status: str = field(name="s")
    """What that means, such as ``MARGIN_CALL``."""


class LiabilityUpdate(Event, tag="USER_LIABILITY_CHANGE"):
    """A debt of the cross margin account changed."""

    asset: str = field(name="a")
    """The asset."""
    liability_type: str | None = field(name="t")
    """Why, such as ``BORROW``."""
    principal: Decimal = field(name="p")
    """Borrowed."""
    interest: Decimal = field(name="i")
    """Owed on top of it."""


MarginUserEvent: TypeAlias = spot.UserEvent | MarginLevelUpdate | LiabilityUpdate | ListenKeyExpired
"""What margin tells an account, the events of its risk stream included."""


@cache
def _decoder() -> EventDecoder:
    return EventDecoder(get_args(MarginUserEvent))


def decode_margin_event(frame: bytes | Raw) -> Event:
    """Return the margin user data event in ``frame``: the event alone, without its envelope.

    What is not known here, or does not fit, comes as ``UnknownEvent``; nothing is lost.

    Raises:
        msgspec.DecodeError: The frame is not JSON.
    """
    return _decoder().decode(frame)
