"""The reference price of a symbol: set from outside, or a moving mean of trade prices."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any

from binance_wsapi.simulator.observers import Trade

__all__ = ["ArithmeticMean", "ExternalPrice", "ReferencePrice"]

PLACES = Decimal("0.00000001")
ZERO = Decimal(0)


class ReferencePrice:
    """How one symbol's reference price comes about; one child a documented calculation type."""

    def value(self, now_us: int) -> Decimal | None:
        """Return the price, ``None`` when none is set now."""
        raise NotImplementedError

    def valid_at_us(self, now_us: int) -> int:
        """Return the engine time at which :meth:`value` held."""
        raise NotImplementedError

    def record(self, trade: Trade) -> None:
        """Take a trade of the symbol."""

    def calculation(self) -> dict[str, Any]:
        """Return what ``referencePrice.calculation`` says, without the symbol."""
        raise NotImplementedError


class ExternalPrice(ReferencePrice):
    """A price set by hand or by another system.

    Args:
        price: The price, ``None`` to take it away.
        set_us: When it was set.
        calculation_id: The documented ``externalCalculationId``: 0 is "by hand".
    """

    def __init__(self, price: Decimal | None, set_us: int, calculation_id: int = 0) -> None:
        self._price = price
        self._set_us = set_us
        self._calculation_id = calculation_id

    def value(self, now_us: int) -> Decimal | None:
        """Return the price that was set."""
        return self._price

    def valid_at_us(self, now_us: int) -> int:
        """Return when it was set."""
        return self._set_us

    def calculation(self) -> dict[str, Any]:
        """Return the documented type and who made the price."""
        return {"calculationType": "EXTERNAL", "externalCalculationId": self._calculation_id}


@dataclass(slots=True)
class _Bucket:
    open_us: int
    total: Decimal = ZERO
    trades: int = 0


class ArithmeticMean(ReferencePrice):
    """The matching engine's own: a moving mean of trade prices over buckets of time.

    The oldest bucket, cut by the window's edge, counts with the part that is still inside. Each trade
    counts once, whatever its quantity.
    """

    def __init__(self, bucket_count: int, bucket_width_ms: int) -> None:
        self._bucket_count = bucket_count
        self._width_us = bucket_width_ms * 1_000
        self._buckets: deque[_Bucket] = deque()

    def record(self, trade: Trade) -> None:
        """Put a trade's price into the bucket of its time."""
        open_us = trade.time_us - trade.time_us % self._width_us
        if not self._buckets or open_us > self._buckets[-1].open_us:
            self._buckets.append(_Bucket(open_us))
            self._drop_expired(trade.time_us)
        bucket = self._buckets[-1]
        bucket.total += trade.price
        bucket.trades += 1

    def value(self, now_us: int) -> Decimal | None:
        """Return the mean, ``None`` when nothing was traded in the window."""
        self._drop_expired(now_us)
        cutoff = self._cutoff(now_us)
        total = trades = ZERO
        for bucket in self._buckets:
            expired = Decimal(max(cutoff - bucket.open_us, 0)) / self._width_us
            total += bucket.total * (1 - expired)
            trades += bucket.trades * (1 - expired)
        return (total / trades).quantize(PLACES, ROUND_DOWN) if trades else None

    def valid_at_us(self, now_us: int) -> int:
        """Return ``now_us``: it is reckoned when asked for."""
        return now_us

    def calculation(self) -> dict[str, Any]:
        """Return the documented type with its buckets."""
        return {
            "calculationType": "ARITHMETIC_MEAN",
            "bucketCount": self._bucket_count,
            "bucketWidthMs": self._width_us // 1_000,
        }

    def _cutoff(self, now_us: int) -> int:
        return now_us - self._bucket_count * self._width_us

    def _drop_expired(self, now_us: int) -> None:
        cutoff = self._cutoff(now_us)
        while self._buckets and self._buckets[0].open_us + self._width_us <= cutoff:
            self._buckets.popleft()
