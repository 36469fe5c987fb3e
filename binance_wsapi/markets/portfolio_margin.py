"""What is portfolio margin's own: an account that trades futures and margin, with a REST API of its own."""

from __future__ import annotations

from binance_wsapi.markets import futures
from binance_wsapi.markets.market import WITHOUT_API, WITHOUT_STREAMS, MarketFacts

__all__ = ["FACTS"]

FACTS = MarketFacts(
    label="portfolio margin",
    short_label="PM",
    **WITHOUT_API,
    **WITHOUT_STREAMS,
    not_found=frozenset({-2013, -2011}),
    limit_pool="portfolio_margin",
    limits=(("REQUEST_WEIGHT", "MINUTE", 1, 6000), ("ORDERS", "MINUTE", 1, 1200)),
    messages_per_second=10,
    rest_urls={"production": "https://papi.binance.com"},
    rest_paths=("/papi/",),
    rest_clock="/fapi/v1/time",
    errors=futures.ERRORS,
    filters=futures.FILTERS,
    refuses_orders_by_range=True,
    tells_unhandled=True,
    user_event_decoder="binance_wsapi.models.portfolio_margin_events:decode_portfolio_margin_event",
)
