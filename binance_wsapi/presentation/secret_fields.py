"""The members of results and events that are secrets, and how much of one is shown."""

from __future__ import annotations

__all__ = ["SECRET_FIELDS", "SECRET_WORDS", "beginning"]

SECRET_FIELDS = frozenset({"api_key", "listen_key", "listen_token", "signature", "token"})
"""By the names of attributes."""
SECRET_WORDS = SECRET_FIELDS | {"apiKey", "listenKey", "listenToken"}
"""By the names on the wire as well."""

_SHOWN_FROM = 16
"""Of a shorter secret, the beginning would give too much away."""


def beginning(secret: str) -> str:
    """Return as much of a secret as may be seen."""
    return f"{secret[:4] if len(secret) >= _SHOWN_FROM else ''}..."
