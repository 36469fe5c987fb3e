"""What is USD-M futures' own."""

from __future__ import annotations

from binance_wsapi.errors import RequestRejected
from binance_wsapi.markets import futures
from binance_wsapi.markets.error_codes import codes
from binance_wsapi.markets.market import MarketFacts

__all__ = ["FACTS"]

FACTS = MarketFacts(
    label="USD-M futures",
    short_label="USD-M",
    has_api=True,
    described_in="usdm.py and futures_session.py",
    takes_microseconds=False,
    clock_question="session.status",
    account_question=("v2/account.status", {}),
    open_orders_question=None,
    open_orders_path="/fapi/v1/openOrders",
    fills_question=None,
    fills_path="/fapi/v1/userTrades",
    cancels_rename=False,
    not_found=frozenset({-2013, -2011}),
    limit_pool="futures",
    limits=futures.LIMITS,
    connection_weight=5,
    messages_per_second=10,
    streams_per_connection=1024,
    rest_urls={
        "production": "https://fapi.binance.com",
        "testnet": "https://testnet.binancefuture.com",
        "demo": "https://demo-fapi.binance.com",
    },
    rest_paths=("/fapi/", "/futures/data/"),
    rest_clock="/fapi/v1/time",
    errors=futures.ERRORS | codes({RequestRejected: (-4144, -4165)}),
    filters={
        **futures.FILTERS,
        **dict.fromkeys((-4131, -4183, -4184, -4210, -4211), "PERCENT_PRICE"),
        **dict.fromkeys((-4164, -5029), "MIN_NOTIONAL"),
    },
    refuses_orders_by_range=True,
    tells_unhandled=True,
    exchange_info_path="/fapi/v1/exchangeInfo",
    limit_types=futures.LIMIT_TYPES,
    market_types=futures.MARKET_TYPES,
    market_keeps_lot_size=False,
    bounds_worse_prices_alone=True,
    has_listen_keys=True,
    has_routes=True,
    book_names_previous=True,
    why_no_snapshots=None,
    histories="binance_wsapi.catalogue.histories:USDM",
    order_model="binance_wsapi.models.futures:FuturesOrder",
    fill_model="binance_wsapi.models.futures_history:FuturesAccountTrade",
    account_model="binance_wsapi.models.futures:FuturesAccountV2",
    user_event_decoder="binance_wsapi.models.futures_events:decode_usdm_event",
    stream_events="binance_wsapi.models.futures_stream_events",
)
