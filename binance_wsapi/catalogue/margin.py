"""Margin user data: the REST calls that fetch its tokens and keys.

With a listen token the connection is subscribed by ``userDataStream.subscribe.listenToken``, which the
Spot operations describe. The risk stream is read with a listen key.
"""

from __future__ import annotations

from binance_wsapi.catalogue import listen_keys
from binance_wsapi.catalogue import params as p
from binance_wsapi.catalogue.operation import Kind, Needs
from binance_wsapi.catalogue.rest_call import RestCall
from binance_wsapi.models.margin import ListenToken

__all__ = [
    "FETCH_LISTEN_TOKEN",
    "REST_CALLS",
]


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

REST_CALLS = (
    FETCH_LISTEN_TOKEN,
    *listen_keys.RISK_CALLS,
)
