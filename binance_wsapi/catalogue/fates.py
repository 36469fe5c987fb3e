"""What kinds of change there are, by how it is found out what became of one whose answer was lost.

An operation that changes something names its kind here; how each kind is asked for, what proves it and
how its answer is rebuilt stands in :mod:`binance_wsapi.protocol.fate_rules`.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ALGO_ORDER_CANCELLED",
    "ALGO_ORDER_PLACED",
    "ALL_CANCELLED",
    "FATES",
    "FUTURES_ORDER_CANCELLED",
    "FUTURES_ORDER_MODIFIED",
    "FUTURES_ORDER_PLACED",
    "LIST_CANCELLED",
    "LIST_PLACED",
    "ORDER_AMENDED",
    "ORDER_CANCELLED",
    "ORDER_PLACED",
    "ORDER_REPLACED",
    "SOR_ORDER_PLACED",
    "Fate",
]


@dataclass(frozen=True, slots=True)
class Fate:
    """A kind of change."""

    name: str
    """In the words of a log line."""
    makes_orders: bool = False
    """Its answer shows orders that it made."""
    takes_orders_away: bool = False
    """It only makes the account's risk smaller: it may use the part of a limit that is kept for that."""


ORDER_PLACED = Fate("order placed", makes_orders=True)
SOR_ORDER_PLACED = Fate("order placed by smart order routing", makes_orders=True)
ORDER_CANCELLED = Fate("order cancelled", takes_orders_away=True)
ALL_CANCELLED = Fate("all open orders cancelled", takes_orders_away=True)
ORDER_REPLACED = Fate("order cancelled and replaced", makes_orders=True)
ORDER_AMENDED = Fate("order amended")
LIST_PLACED = Fate("order list placed", makes_orders=True)
LIST_CANCELLED = Fate("order list cancelled", takes_orders_away=True)
FUTURES_ORDER_PLACED = Fate("futures order placed", makes_orders=True)
FUTURES_ORDER_CANCELLED = Fate("futures order cancelled", takes_orders_away=True)
FUTURES_ORDER_MODIFIED = Fate("futures order modified")
ALGO_ORDER_PLACED = Fate("algo order placed")
ALGO_ORDER_CANCELLED = Fate("algo order cancelled", takes_orders_away=True)

FATES = tuple(each for each in list(globals().values()) if isinstance(each, Fate))
