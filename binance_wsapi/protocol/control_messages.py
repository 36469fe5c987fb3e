"""What the exchange takes of control messages on a stream connection: how large, and how many a second."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from binance_wsapi.markets import Market
from binance_wsapi.protocol.sliding_window import SlidingWindow

__all__ = ["MAX_MESSAGE_BYTES", "MessageRate", "fits_message", "next_names"]

MAX_MESSAGE_BYTES = 3_999
"""The exchange does not answer messages above some 4,096 bytes, nor refuse them."""
NAMES_A_MESSAGE = 200
_BESIDE_NAMES = 64
"""Room for what stands around the names: the longest method, and an id of any length."""

_encode = msgspec.json.Encoder().encode


def next_names(names: Iterable[str]) -> list[str]:
    """Return the names that the next message takes: as many of the first ones as fit, at least one."""
    taken: list[str] = []
    size = _BESIDE_NAMES
    for name in names:
        size += _size(name)
        if taken and (size > MAX_MESSAGE_BYTES or len(taken) == NAMES_A_MESSAGE):
            break
        taken.append(name)
    return taken


def fits_message(name: str) -> bool:
    """Return whether a message can carry this name at all."""
    try:
        return _BESIDE_NAMES + _size(name) <= MAX_MESSAGE_BYTES
    except UnicodeEncodeError:  # half of a surrogate pair
        return False


def _size(name: str) -> int:
    """Return the bytes of a name in a message, with the comma behind it."""
    return len(_encode(name)) + 1


class MessageRate(SlidingWindow):
    """Keeps what is sent on one stream connection within the exchange's limit.

    The exchange takes 5 messages a second on Spot and 10 on futures; control messages, pings and pongs
    count. One is left for a pong, which answers a ping at once. The stretch is longer than a second,
    since messages that left further apart may arrive closer together.
    """

    def __init__(self, market: Market) -> None:
        super().__init__(market.facts.messages_per_second - 1, 1.25)
