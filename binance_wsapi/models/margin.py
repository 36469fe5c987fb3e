"""The keys and tokens that margin user data is read with."""

from __future__ import annotations

from binance_wsapi.models._base import Model

__all__ = ["ListenToken", "ListenTokenSubscription"]

_LARGEST_MILLISECONDS = 10**14


class ListenToken(Model):
    """A token that subscribes the user data of one margin account."""

    token: str
    """The token; whoever has it can read the account's user data."""
    expiration_time: int
    """When it ends, in ms."""


class ListenTokenSubscription(Model):
    """A subscription made with a listen token."""

    subscription_id: int
    """Its number on this connection; events carry it."""
    expiration_time: int
    """When the token behind it ends, as sent: the documents show µs here and ms elsewhere."""

    @property
    def expires_at_ms(self) -> int:
        """When the token behind it ends, in ms, whichever unit was sent."""
        sent = self.expiration_time
        return sent if sent < _LARGEST_MILLISECONDS else sent // 1000
