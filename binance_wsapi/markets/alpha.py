"""What is Binance Alpha's own: tokens that trade before they are listed; of it there are market streams alone here."""

from __future__ import annotations

from binance_wsapi.markets.market import WITHOUT_ACCOUNTS, MarketFacts

__all__ = ["FACTS"]

FACTS = MarketFacts(
    label="Alpha",
    short_label="Alpha",
    **WITHOUT_ACCOUNTS,
    limit_pool="alpha",
    # Not documented: the strictest of what the other markets say.
    messages_per_second=5,
    streams_per_connection=200,
    has_routes=False,
    book_names_previous=True,
    why_no_snapshots=(
        "no document says how the order book of Alpha is kept: subscribe streams.full_depth(symbol, speed) on "
        "WsKey.ALPHA for each change, or streams.partial_depth(symbol, levels, speed)"
    ),
    stream_events="binance_wsapi.models.alpha_stream_events",
)
