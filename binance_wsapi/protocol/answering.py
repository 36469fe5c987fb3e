"""Whether a connection still answers requests.

That pings are answered proves that somebody is at the other end of the wire, and no more: what stands
behind may read no request any longer, or send nothing. Proof is the answer to a request that was sent
later than the one in doubt. So neither one slow operation nor answers out of order count as a sign,
while others are answered; where nothing was sent later, a question of our own is the proof.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

__all__ = ["Patience", "unanswered_since"]

_ASK_AFTER_S = 2.0
_LEAST_ANSWER_S = 1.0
"""However short the caller's timeouts are: an ocean is to be crossed twice, and a proxy or two."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a connection may leave requests unanswered."""

    ask_after: float
    """Seconds after which a request without an answer puts its connection in doubt."""
    answer_within: float
    """Seconds that a question asked then may take."""

    @classmethod
    def of(cls, timeout: float, pong_timeout: float) -> Self:
        """Return what leaves half of a call's ``timeout`` for what is done about it."""
        return cls(
            ask_after=min(_ASK_AFTER_S, timeout / 5),
            answer_within=max(_LEAST_ANSWER_S, min(pong_timeout, timeout * 0.3)),
        )


def unanswered_since(written: Iterable[float], answered_from: float) -> float | None:
    """Return since when nothing is answered; ``None`` while all is well.

    Args:
        written: When each request was written that awaits its answer.
        answered_from: When the latest of the answered ones was written.
    """
    # What was written before one that was answered is slow, not lost: answers come in any order.
    return min((at for at in written if at > answered_from), default=None)
