"""Where listen keys come from that no WebSocket API hands out: three REST calls for each kind of account."""

from __future__ import annotations

from typing import NamedTuple

from binance_wsapi.catalogue import params as p
from binance_wsapi.catalogue.operation import Kind
from binance_wsapi.catalogue.rest_call import RestCall
from binance_wsapi.models.market import Empty
from binance_wsapi.models.session import ListenKey

__all__ = [
    "EOPTIONS",
    "PORTFOLIO_MARGIN",
    "PORTFOLIO_MARGIN_PRO",
    "RISK",
    "RISK_CALLS",
    "ListenKeyCalls",
    "listen_key_calls",
]


class ListenKeyCalls(NamedTuple):
    """How the listen key of one kind of account is started, extended and ended over REST."""

    start: RestCall
    keep: RestCall
    """Sent with the key where it has a parameter for it."""
    close: RestCall | None
    """``None`` where the key is left to run out."""


def listen_key_calls(path: str, *, may_close: bool = True) -> ListenKeyCalls:
    """Return the calls of a path that knows the account by its API key and names no key, weight 1 each.

    Args:
        path: The path.
        may_close: The key is no other stream's, so that ending it ends nothing else.
    """
    return ListenKeyCalls(
        RestCall(
            "POST", path, "Return the account's listen key, valid for 60 minutes.", (), ListenKey, 1
        ),
        RestCall("PUT", path, "Keep the listen key for another 60 minutes.", (), Empty, 1),
        RestCall("DELETE", path, "End the listen key.", (), Empty, 1) if may_close else None,
    )


RISK_CALLS = (
    RestCall(
        "POST",
        "/sapi/v1/margin/listen-key",
        "Return the listen key of the cross margin risk stream, valid for 60 minutes.",
        (),
        ListenKey,
        1,
    ),
    RestCall(
        "PUT",
        "/sapi/v1/margin/listen-key",
        "Keep the listen key of the risk stream for another 60 minutes.",
        (p.required(p.param("listen_key", Kind.STRING, "The key.")),),
        Empty,
        1,
    ),
    RestCall(
        "DELETE",
        "/sapi/v1/margin/listen-key",
        "End the listen key of the risk stream; at this weight it is better to let it run out.",
        (),
        Empty,
        3000,
    ),
)
RISK = ListenKeyCalls(*RISK_CALLS[:2], close=None)
"""Ending a key would weigh half of what a minute allows."""

PORTFOLIO_MARGIN = listen_key_calls("/papi/v1/listenKey")
PORTFOLIO_MARGIN_PRO = listen_key_calls("/fapi/v1/listenKey", may_close=False)
"""The key is that of USD-M, whose user data would end with it."""

EOPTIONS = listen_key_calls("/eapi/v1/listenKey")
