"""Margin user data: the REST calls that fetch its tokens and keys.

With a listen token the connection is subscribed by ``userDataStream.subscribe.listenToken``, which the
Spot operations describe. The risk stream is read with a listen key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from binance_wsapi.catalogue import params as p
from binance_wsapi.catalogue.operation import Kind, Needs, Param
from binance_wsapi.models.margin import ListenToken
from binance_wsapi.models.market import Empty
from binance_wsapi.models.session import ListenKey

__all__ = [
    "CLOSE_RISK_LISTEN_KEY",
    "FETCH_LISTEN_TOKEN",
    "KEEP_RISK_LISTEN_KEY",
    "REST_CALLS",
    "START_RISK_LISTEN_KEY",
    "RestCall",
]


@dataclass(frozen=True, slots=True, eq=False)
class RestCall:
    """One request of the Spot REST API; the API key goes in the header ``X-MBX-APIKEY``."""

    http_method: str
    path: str
    title: str
    """What it does, imperative."""
    params: tuple[Param, ...]
    result: Any
    """The type the answer decodes to."""
    uid_weight: int
    """Weight, counted per account."""
    signed: bool = False
    needs: tuple[Needs, ...] = ()


FETCH_LISTEN_TOKEN = RestCall(
    "POST",
    "/sapi/v1/userListenToken",
    "Make a listen token for the cross margin account or for one isolated one.",
    (
        p.but(p.SYMBOL, "Symbol of the isolated account."),
        p.param(
            "is_isolated",
            Kind.BOOLEAN_TEXT,
            "Isolated instead of cross margin.",
            default="False",
        ),
        p.param(
            "validity",
            Kind.INT,
            "How long the token is valid, in ms.",
            default="24 hours",
            maximum=86_400_000,
        ),
    ),
    ListenToken,
    1,
    # The page lists no signature, but clients that sign are served: signing is safe either way.
    signed=True,
    needs=(Needs(("symbol",), {"isIsolated": "true"}),),
)

START_RISK_LISTEN_KEY = RestCall(
    "POST",
    "/sapi/v1/margin/listen-key",
    "Return the listen key of the cross margin risk stream, valid for 60 minutes.",
    (),
    ListenKey,
    1,
)

KEEP_RISK_LISTEN_KEY = RestCall(
    "PUT",
    "/sapi/v1/margin/listen-key",
    "Keep the listen key of the risk stream for another 60 minutes.",
    (p.required(p.param("listen_key", Kind.STRING, "The key.")),),
    Empty,
    1,
)

CLOSE_RISK_LISTEN_KEY = RestCall(
    "DELETE",
    "/sapi/v1/margin/listen-key",
    "End the listen key of the risk stream; at this weight it is better to let it run out.",
    (),
    Empty,
    3000,
)

REST_CALLS = (
    FETCH_LISTEN_TOKEN,
    START_RISK_LISTEN_KEY,
    KEEP_RISK_LISTEN_KEY,
    CLOSE_RISK_LISTEN_KEY,
)
