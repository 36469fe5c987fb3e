"""The operations of the Spot WebSocket API."""

from __future__ import annotations

from binance_wsapi.catalogue import params as p
from binance_wsapi.catalogue._types import Market, Operation, Security, Weight, WeightStep
from binance_wsapi.models import market as m

__all__ = ["OPERATIONS"]

_TEST_CONNECTIVITY = Operation(
    market=Market.SPOT,
    method="ping",
    name="test_connectivity",
    title="Check that the exchange answers requests.",
    security=Security.NONE,
    params=(),
    result=m.Empty,
    weight=Weight.fixed(1),
)

_GET_ORDER_BOOK = Operation(
    market=Market.SPOT,
    method="depth",
    name="get_order_book",
    title="Return the order book of a symbol as it stands.",
    security=Security.NONE,
    params=(
        p.required(p.SYMBOL),
        p.but(p.LIMIT, "How many levels a side.", default="100", minimum=1, maximum=5000),
        p.SYMBOL_STATUS,
    ),
    result=m.OrderBook,
    weight=Weight(
        (
            WeightStep(250, "limit", low=1001),
            WeightStep(50, "limit", low=501),
            WeightStep(25, "limit", low=101),
            WeightStep(5),
        )
    ),
)

OPERATIONS: tuple[Operation, ...] = (_TEST_CONNECTIVITY, _GET_ORDER_BOOK)
