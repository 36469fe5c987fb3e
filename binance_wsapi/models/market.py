"""Market data: what anyone may ask for."""

from __future__ import annotations

from binance_wsapi.models._base import Level, Model

__all__ = ["Empty", "OrderBook"]


class Empty(Model):
    """An answer that says no more than "done"."""


class OrderBook(Model):
    """The order book of a symbol at one moment."""

    last_update_id: int
    """Number of the last change in it; diff depth events join on to it."""
    bids: list[Level]
    """Buyers' levels, best (highest) first."""
    asks: list[Level]
    """Sellers' levels, best (lowest) first."""
