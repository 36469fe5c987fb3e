"""What is the options market's own: calls and puts that are exercised in cash when they expire.

It is called as the exchange's paths call it, so that it is not taken for the options of a client.
"""

from __future__ import annotations

from binance_wsapi.errors import OrderRejected, ServerUndecided
from binance_wsapi.markets.error_codes import EVERY_MARKET, codes
from binance_wsapi.markets.market import WITHOUT_API, MarketFacts

__all__ = ["FACTS"]

FACTS = MarketFacts(
    label="options",
    short_label="options",
    **WITHOUT_API
    | {
        "order_model": "binance_wsapi.models.eoptions:OptionOrder",
        "fill_model": "binance_wsapi.models.eoptions:OptionAccountTrade",
        "account_model": "binance_wsapi.models.eoptions:OptionAccount",
    },
    not_found=frozenset({-2013, -2011}),
    limit_pool="eoptions",
    limits=(("REQUEST_WEIGHT", "MINUTE", 1, 2400), ("ORDERS", "MINUTE", 1, 1200)),
    messages_per_second=10,
    streams_per_connection=200,
    rest_urls={
        "production": "https://eapi.binance.com",
        "testnet": "https://demo-fapi.binance.com",
        "demo": "https://demo-fapi.binance.com",
    },
    rest_paths=("/eapi/",),
    rest_clock="/eapi/v1/time",
    # -4078: "Options internal error", which does not say what became of the request.
    errors=EVERY_MARKET | codes({ServerUndecided: (-4078,), OrderRejected: (-2018, -2027)}),
    filters={
        **dict.fromkeys((-4001, -4002, -4013, -4029), "PRICE_FILTER"),
        **dict.fromkeys((-4003, -4004, -4005, -4030), "LOT_SIZE"),
    },
    refuses_orders_by_range=False,
    tells_unhandled=False,
    has_routes=True,
    book_names_previous=True,
    why_no_snapshots=(
        "options have no order book on a WebSocket API to take a snapshot of: subscribe "
        "streams.partial_depth(symbol, levels, speed) on WsKey.EOPTIONS for the best 5, 10 or 20 levels"
    ),
    user_event_decoder="binance_wsapi.models.eoptions_events:decode_eoptions_event",
    stream_events="binance_wsapi.models.eoptions_stream_events",
)
