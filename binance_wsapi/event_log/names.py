"""What an event log is called at its server."""

from __future__ import annotations

import re

from binance_wsapi.core.logged_account import log_name
from binance_wsapi.errors import ParameterError

__all__ = [
    "OWN_PARAMETERS",
    "account_name",
    "checked_account",
    "keys_of",
    "shown_name",
    "stream_keys_of",
]

OWN_PARAMETERS = ("account", "keep", "keep_hours")
"""What the query of a server's URL says to this library."""

_is_name = re.compile(r"[A-Za-z0-9._-]{1,64}").fullmatch


def account_name(api_key: str) -> str:
    """Return what an account is called whose client gave it no name: a fingerprint, which leads back to no key.

    Args:
        api_key: The API key of the client that publishes.
    """
    return log_name(api_key)


def checked_account(account: str) -> str:
    """Return the name of an account.

    Raises:
        ParameterError: It can be none.
    """
    if not isinstance(account, str) or not _is_name(account):
        raise ParameterError(
            f"account={account!r} is no name of an account: use up to 64 letters, digits, '.', '_' and '-', "
            "or account_name(api_key)",
            parameter="account",
        )
    return account


def keys_of(account: str, stream: str) -> list[str]:
    """Return the keys of the log, of its state, and of the live orders; in one slot of a cluster."""
    return _keys(f"binance_wsapi:events:{{{account}:{stream}}}")


def stream_keys_of(exchange: str, stream: str) -> list[str]:
    """Return the same for the log of a market stream; its orders are none."""
    return _keys(f"binance_wsapi:streams:{{{exchange}:{stream}}}")


def shown_name(keys: list[str]) -> str:
    """Return what a log is called to people."""
    return keys[0].partition("{")[2].rpartition("}")[0]


def _keys(name: str) -> list[str]:
    return [f"{name}:log", f"{name}:state", f"{name}:orders"]
