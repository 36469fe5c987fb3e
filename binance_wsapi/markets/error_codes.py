"""Error codes that mean the same on every market."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from binance_wsapi.errors import (
    AuthenticationFailed,
    InvalidTimestamp,
    OrderNotFound,
    OrderRejected,
    RateLimited,
    RequestRejected,
    ServerUndecided,
)

__all__ = ["EVERY_MARKET", "ErrorClass", "codes"]

ErrorClass = type[RequestRejected] | type[ServerUndecided]


def codes(rows: Mapping[ErrorClass, Iterable[int]]) -> dict[int, ErrorClass]:
    """Return a table by code from one by class."""
    return {code: found for found, codes in rows.items() for code in codes}


EVERY_MARKET = codes(
    {
        ServerUndecided: (-1000, -1006, -1007),
        RateLimited: (-1003, -1008, -1015),
        AuthenticationFailed: (-1002, -1022, -2014, -2015),
        InvalidTimestamp: (-1021,),
        OrderNotFound: (-2013,),
        OrderRejected: (-1014, -2010, -2011, -2016),
    }
)
