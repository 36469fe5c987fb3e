"""The connection: who it is logged on as, what it is subscribed to.

Times are epoch milliseconds, or microseconds where the connection was asked for them.
"""

from __future__ import annotations

from binance_wsapi.models.base import Model

__all__ = ["ListenKey", "SessionStatus", "Subscription"]


_LEAST_MICROSECONDS = 10**14


class SessionStatus(Model):
    """The state of a connection."""

    api_key: str | None = None
    """The key it is logged on with; ``None`` when it is not."""
    authorized_since: int | None = None
    """When it was logged on, epoch ms; ``None`` when it is not."""
    connected_since: int | None
    """When it was opened, epoch ms."""
    return_rate_limits: bool | None
    """Whether answers carry the rate limits."""
    server_time: int | None
    """The exchange's clock, epoch ms."""
    user_data_stream: bool | None = None
    """Whether a user data subscription is active; ``None`` where there are none."""


class Subscription(Model):
    """A user data subscription of a connection."""

    subscription_id: int
    """Its number on this connection; events carry it."""
    expiration_time: int | None = None
    """When the listen token behind it expires, as sent (margin): see :attr:`expires_at_ms`."""

    @property
    def expires_at_ms(self) -> int | None:
        """When the listen token behind it expires, epoch ms (margin).

        The documents show microseconds in this answer and milliseconds in the token's own.
        """
        sent = self.expiration_time
        return sent if sent is None or sent < _LEAST_MICROSECONDS else sent // 1000


class ListenKey(Model):
    """The key that user data is read with."""

    listen_key: str
    """The key; whoever has it can read the account's user data."""
