"""What the library's own requests may spend of the weight that a caller's requests need, too."""

from __future__ import annotations

from collections.abc import Iterable

from binance_wsapi.protocol.told_limits import LimitUsage

__all__ = ["WeightShare"]


class WeightShare:
    """What requests of one kind may spend of the weight that all requests share.

    They stop where half of it is used, by whomever, so that the caller finds room for requests of his
    own; a tenth is theirs even so, lest the books of a busy client never join, or its gaps never close.
    """

    def __init__(self) -> None:
        self._spent: dict[tuple[str, int], tuple[int, int]] = {}
        """By length of a window: when the present one ends, and what was spent in it."""

    def wait(self, weight: int, usage: Iterable[LimitUsage], wall_us: int) -> float:
        """Charge a request and return 0, or the seconds until there may be room for it.

        Args:
            weight: What it weighs.
            usage: How far the limits are used up.
            wall_us: The exchange's time.
        """
        charged = {}
        for window in usage:
            if window.rate_limit_type != "REQUEST_WEIGHT":
                continue
            key = window.interval, window.interval_num
            resets_at_us, spent = self._spent.get(key, (0, 0))
            if resets_at_us != window.resets_at_us:
                spent = 0
            # What waits for a connection is not counted as used yet.
            used = max(window.count, spent)
            is_room = 2 * (used + weight) <= window.limit
            # However small the limit is, one in each window: else a question of more than a tenth never goes.
            is_theirs = not spent or 10 * (spent + weight) <= window.limit
            if not is_room and not is_theirs:
                return max(0.001, (window.resets_at_us - wall_us) / 1e6)
            charged[key] = window.resets_at_us, spent + weight
        self._spent |= charged
        return 0.0
