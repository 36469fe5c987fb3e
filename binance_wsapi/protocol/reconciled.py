"""What is told of an order that changed while nobody listened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Reconciled"]


@dataclass(frozen=True, slots=True)
class Reconciled:
    """An order that changed while nobody listened."""

    symbol: str
    order_id: int
    client_order_id: str
    status: str
    """Its status now; ``UNKNOWN`` when the exchange does not know the order any more, or did not tell."""
    missed_fills: tuple[dict[str, Any], ...] = ()
    """Rows of the fills question that no event told."""
    order: dict[str, Any] | None = None
    """The order as it stands, as a wire dict."""
    problem: str | None = None
    """Why the order, or its fills, could not be asked for."""
