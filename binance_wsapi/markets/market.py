"""The markets, and what each is asked in its own way.

Whatever tells one market from another stands in its record, so that a further market is one more record
(and its catalogue): a fact left out is a ``TypeError`` when that record is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from binance_wsapi.loading import load

__all__ = [
    "WITHOUT_ACCOUNTS",
    "WITHOUT_API",
    "WITHOUT_STREAMS",
    "Limit",
    "Market",
    "MarketFacts",
    "api_markets",
    "find",
]

Limit = tuple[str, str, int, int]
"""Type, unit, number of units, and how much of it a window of that length takes."""


class Market(Enum):
    """A product line of the exchange, each with hosts, keys and error codes of its own."""

    SPOT = "spot"
    USDM = "usdm"
    COINM = "coinm"
    PORTFOLIO_MARGIN = "portfolio_margin"
    EOPTIONS = "eoptions"
    ALPHA = "alpha"

    @property
    def facts(self) -> MarketFacts:
        """What tells it from the others."""
        facts: MarketFacts = _records[self] if self in _records else _load(self)
        return facts


@dataclass(frozen=True, kw_only=True, eq=False)
class MarketFacts:
    """What tells a market from the others; sources are the files in ``reference/`` of that market."""

    label: str
    """Its name in a sentence."""
    short_label: str
    """Its name in a table."""
    has_api: bool
    """It has a WebSocket API; otherwise streams and REST alone."""
    described_in: str
    """The files of the catalogue that hold its operations."""

    takes_microseconds: bool
    """Its timestamps may be microseconds, given and asked for (``timeUnit``)."""
    clock_question: str
    """The cheapest operation that tells its time."""
    account_question: tuple[str, Mapping[str, Any]]
    """The operation that shows balances (and positions), with its parameters."""
    open_orders_question: str | None
    """The operation that shows all open orders; ``None`` where only single ones can be asked for."""
    open_orders_path: str
    """The path of its REST API that shows all open orders."""
    fills_question: str | None
    """The operation that shows the fills of an order; ``None`` where REST alone does."""
    fills_path: str
    """The path of its REST API that shows the fills of an order."""
    cancels_rename: bool
    """A cancel or an amendment gives an order another client id."""
    not_found: frozenset[int]
    """Codes that say that there is no such order, or none any more."""

    limit_pool: str
    """Markets of one pool share their limits."""
    limits: tuple[Limit, ...]
    """Limits until the exchange tells them: those its documents show."""
    connection_weight: int
    """What a connection attempt weighs."""
    messages_per_second: int
    """Messages that a stream connection takes from its client, pings and pongs included."""
    streams_per_connection: int
    """Names that a stream connection carries."""
    rest_urls: Mapping[str, str]
    """Where its REST API is, by environment."""
    rest_paths: tuple[str, ...]
    """What the paths of its REST API begin with."""
    rest_clock: str
    """The path of a REST API that tells its time: another market's where its own has none."""

    # Each an ErrorClass: importing errors here would close a circle through responses and operations.
    errors: Mapping[int, type[Any]]
    """What a code means."""
    filters: Mapping[int, str]
    """Codes that name a trading rule of the symbol, and which."""
    refuses_orders_by_range: bool
    """A code that is not known refuses an order if it lies among those of orders."""
    tells_unhandled: bool
    """-1008 and "Service Unavailable." are known not to have been handled, and 408 leaves it open."""

    exchange_info_path: str | None
    """The path of ``exchangeInfo`` where REST alone has it; ``None`` where the WebSocket API does."""
    limit_types: frozenset[str]
    """Order types with a limit price."""
    market_types: frozenset[str]
    """Order types that MARKET_LOT_SIZE holds for."""
    market_keeps_lot_size: bool
    """LOT_SIZE holds for those as well."""
    bounds_worse_prices_alone: bool
    """PERCENT_PRICE bounds a buy from above and a sell from below, and no more."""

    has_listen_keys: bool
    """User data comes by a listen key; otherwise by a subscription on the WebSocket API itself."""
    has_routes: bool
    """A stream is silent but on the connection of its route."""
    book_names_previous: bool
    """A book change names the update before it (``pu``); otherwise update ids follow on."""
    why_no_snapshots: str | None
    """Why no local book can be kept; ``None`` where it can."""

    histories: str
    """Where its past is asked for: module and name."""
    order_model: str
    """What ``order.status`` decodes to: module and name."""
    fill_model: str
    """What a row of the fills question decodes to: module and name."""
    account_model: str
    """What the account question decodes to: module and name."""
    user_event_decoder: str
    """What makes typed events of its user data: module and name."""
    stream_events: str | None
    """The module of its market events; ``None`` where it has no market streams."""


WITHOUT_API: dict[str, Any] = {
    "has_api": False,
    "described_in": "",
    "takes_microseconds": False,
    "clock_question": "",
    "account_question": ("", {}),
    "open_orders_question": None,
    "open_orders_path": "",
    "fills_question": None,
    "fills_path": "",
    "cancels_rename": False,
    "connection_weight": 0,
    "exchange_info_path": None,
    "limit_types": frozenset[str](),
    "market_types": frozenset[str](),
    "market_keeps_lot_size": False,
    "bounds_worse_prices_alone": False,
    "has_listen_keys": True,
    "histories": "",
    "order_model": "",
    "fill_model": "",
    "account_model": "",
}
"""What the record of a market says that has no WebSocket API: nobody asks it."""

WITHOUT_STREAMS: Mapping[str, Any] = {
    "has_routes": False,
    "streams_per_connection": 0,
    "book_names_previous": False,
    "why_no_snapshots": "it has no market streams",
    "stream_events": None,
}
"""What the record of a market says that has no market streams."""

WITHOUT_ACCOUNTS: Mapping[str, Any] = {
    **WITHOUT_API,
    "has_listen_keys": False,
    "not_found": frozenset[int](),
    "limits": (),
    "rest_urls": {},
    "rest_paths": (),
    "rest_clock": "",
    "errors": {},
    "filters": {},
    "refuses_orders_by_range": False,
    "tells_unhandled": False,
    "user_event_decoder": "",
}
"""What the record of a market says that has market streams here, and nothing else."""


_records: dict[Market, MarketFacts] = {}


def _load(market: Market) -> MarketFacts:
    record: MarketFacts = load(f"{__package__}.{market.value}").FACTS
    return _records.setdefault(market, record)


def api_markets() -> tuple[Market, ...]:
    """Return the markets that have a WebSocket API."""
    return tuple(market for market in Market if market.facts.has_api)


def find(place: str) -> Any:
    """Return what a record names as ``module:name``; models are loaded when they are first needed."""
    module, _, name = place.partition(":")
    return getattr(load(module), name)
