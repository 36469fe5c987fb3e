"""What USD-M and COIN-M futures share and Spot has not."""

from __future__ import annotations

from collections.abc import Mapping

from binance_wsapi.errors import (
    AuthenticationFailed,
    InvalidTimestamp,
    RequestRejected,
    ServerUndecided,
)
from binance_wsapi.markets.error_codes import EVERY_MARKET, codes
from binance_wsapi.markets.market import Limit

__all__ = ["ERRORS", "FILTERS", "LIMITS", "LIMIT_TYPES", "MARKET_TYPES"]

LIMITS: tuple[Limit, ...] = (
    ("REQUEST_WEIGHT", "MINUTE", 1, 2400),
    ("ORDERS", "SECOND", 10, 300),
    ("ORDERS", "MINUTE", 1, 1200),
)
ERRORS = EVERY_MARKET | codes(
    {
        ServerUndecided: (239999,),
        AuthenticationFailed: (-1004, -1005, -1011, -1099, -2017, -4056, -4057),
        InvalidTimestamp: (-4188, -5028),
        RequestRejected: (
            # Settings of the account: leverage, margin type, position mode, multi-assets mode.
            *(-4028, -4046, -4047, -4048, -4049, -4052, -4053, -4054, -4059, -4067, -4068),
            *(-4150, -4161, *range(-4172, -4166), -4194, -4195, *range(-4209, -4199), -4220, -4403),
            # Options, long gone.
            *range(-4081, -4068),
            *range(-4066, -4062),
            # Settings of the market and other requests than orders.
            *range(-4012, -4007),
            *(-4000, -4017, -4018, -4019, -4021, -4022, -4025, -4026, -4027, -4029, -4030, -4033),
            *(-4044, -4055, -4058, -4084, -4085, -4086, -4104, -4110, -4111, -4114, -4115),
        ),
    }
)
FILTERS: Mapping[int, str] = {
    -2025: "MAX_NUM_ORDERS",
    -4001: "PRICE_FILTER",
    -4002: "PRICE_FILTER",
    -4003: "LOT_SIZE",
    -4004: "LOT_SIZE",
    -4005: "LOT_SIZE",
    -4006: "PRICE_FILTER",
    -4007: "PRICE_FILTER",
    -4013: "PRICE_FILTER",
    -4014: "PRICE_FILTER",
    -4016: "PERCENT_PRICE",
    -4023: "LOT_SIZE",
    -4024: "PERCENT_PRICE",
    -4045: "MAX_NUM_ALGO_ORDERS",
}
LIMIT_TYPES = frozenset({"LIMIT", "STOP", "TAKE_PROFIT"})
MARKET_TYPES = frozenset({"MARKET", "STOP_MARKET", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"})
