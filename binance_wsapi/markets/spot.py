"""What is Spot's own."""

from __future__ import annotations

from binance_wsapi.errors import (
    AuthenticationFailed,
    OrderRejected,
    PartlyExecuted,
    RateLimited,
    ServerUndecided,
)
from binance_wsapi.markets.error_codes import EVERY_MARKET, codes
from binance_wsapi.markets.market import MarketFacts

__all__ = ["FACTS"]

_ERRORS = EVERY_MARKET | codes(
    {
        # -1001 may have been done: "for order methods check the state first" (reference/spot/errors.json).
        ServerUndecided: (-1001,),
        RateLimited: (-1034, -1181),
        # -1193, -1209 and -2028 belong to margin user data, which lives on the Spot connection.
        AuthenticationFailed: (-1193, -1209, -2028),
        OrderRejected: (-1010, -1013, -2022, -2038, -2039),
        PartlyExecuted: (-2021,),
    }
)

FACTS = MarketFacts(
    label="Spot",
    short_label="Spot",
    has_api=True,
    described_in="spot_*.py",
    takes_microseconds=True,
    clock_question="time",
    account_question=("account.status", {"omitZeroBalances": True}),
    open_orders_question="openOrders.status",
    open_orders_path="/api/v3/openOrders",
    fills_question="myTrades",
    fills_path="/api/v3/myTrades",
    cancels_rename=True,
    not_found=frozenset({-2013, -2011, -2026}),  # -2026: archived, so older than any question
    limit_pool="spot",
    limits=(
        ("REQUEST_WEIGHT", "MINUTE", 1, 6000),
        ("ORDERS", "SECOND", 10, 50),
        ("ORDERS", "DAY", 1, 160_000),
    ),
    connection_weight=2,
    messages_per_second=5,
    streams_per_connection=1024,
    rest_urls={
        "production": "https://api.binance.com",
        "testnet": "https://testnet.binance.vision",
        "demo": "https://demo-api.binance.com",
    },
    rest_paths=("/api/", "/sapi/"),
    rest_clock="/api/v3/time",
    errors=_ERRORS,
    filters={},  # Spot names the filter in the message
    refuses_orders_by_range=False,
    tells_unhandled=False,
    exchange_info_path=None,
    limit_types=frozenset({"LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"}),
    market_types=frozenset({"MARKET"}),
    market_keeps_lot_size=True,
    bounds_worse_prices_alone=False,
    has_listen_keys=False,
    has_routes=False,
    book_names_previous=False,
    why_no_snapshots=None,
    histories="binance_wsapi.catalogue.histories:SPOT",
    order_model="binance_wsapi.models.order:Order",
    fill_model="binance_wsapi.models.account:AccountTrade",
    account_model="binance_wsapi.models.account:AccountInformation",
    user_event_decoder="binance_wsapi.models.user_events:decode_user_event",
    stream_events="binance_wsapi.models.spot_stream_events",
)
