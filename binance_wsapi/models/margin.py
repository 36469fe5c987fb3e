"""The token that margin user data is read with."""

from __future__ import annotations

from binance_wsapi.models.base import Model

__all__ = ["ListenToken"]


class ListenToken(Model):
    """A token that subscribes the user data of one margin account."""

    token: str
    """The token; whoever has it can read the account's user data."""
    expiration_time: int
    """When it ends, epoch ms."""
