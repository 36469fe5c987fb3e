"""What is COIN-M futures' own."""

from __future__ import annotations

from binance_wsapi.errors import RequestRejected
from binance_wsapi.markets import futures
from binance_wsapi.markets.error_codes import codes
from binance_wsapi.markets.market import MarketFacts

__all__ = ["FACTS"]

FACTS = MarketFacts(
    label="COIN-M futures",
    short_label="COIN-M",
    has_api=True,
    described_in="coinm.py and futures_session.py",
    takes_microseconds=False,
    clock_question="session.status",
    account_question=("account.status", {}),
    open_orders_question=None,
    open_orders_path="/dapi/v1/openOrders",
    fills_question=None,
    fills_path="/dapi/v1/userTrades",
    cancels_rename=False,
    not_found=frozenset({-2013, -2011}),
    limit_pool="futures",
    limits=futures.LIMITS,
    connection_weight=5,
    messages_per_second=10,
    streams_per_connection=1024,
    rest_urls={
        "production": "https://dapi.binance.com",
        "testnet": "https://testnet.binancefuture.com",
        "demo": "https://demo-dapi.binance.com",
    },
    rest_paths=("/dapi/", "/futures/data/"),
    rest_clock="/dapi/v1/time",
    errors=futures.ERRORS | codes({RequestRejected: (-4087, -4088, -4200, -4201, -4202)}),
    filters={
        **futures.FILTERS,
        **dict.fromkeys((-4113, -4151, -4152, -4154, -4155), "PERCENT_PRICE"),
        -4178: "MIN_NOTIONAL",
    },
    refuses_orders_by_range=True,
    tells_unhandled=True,
    exchange_info_path="/dapi/v1/exchangeInfo",
    limit_types=futures.LIMIT_TYPES,
    market_types=futures.MARKET_TYPES,
    market_keeps_lot_size=False,
    bounds_worse_prices_alone=True,
    has_listen_keys=True,
    has_routes=False,
    book_names_previous=True,
    why_no_snapshots=(
        "COIN-M has no order book on the WebSocket API to take a snapshot of: subscribe "
        "streams.partial_depth(symbol, levels) on WsKey.COINM for its best 5, 10 or 20 levels"
    ),
    histories="binance_wsapi.catalogue.histories:COINM",
    order_model="binance_wsapi.models.futures:CoinFuturesOrder",
    fill_model="binance_wsapi.models.futures_history:FuturesAccountTrade",
    account_model="binance_wsapi.models.futures:CoinFuturesAccount",
    user_event_decoder="binance_wsapi.models.futures_events:decode_coinm_event",
    stream_events="binance_wsapi.models.futures_stream_events",
)
