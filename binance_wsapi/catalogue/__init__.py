"""Every operation of every market, as data; a market's entries are loaded when they are first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from binance_wsapi.catalogue.operation import Operation, Security
from binance_wsapi.loading import load
from binance_wsapi.markets import Market

__all__ = ["operation_by_method", "operations", "operations_by_method"]


@cache
def operations(market: Market) -> tuple[Operation, ...]:
    """Return the operations of a market, in the order of its documents; none without a WebSocket API.

    Raises:
        TypeError: One that trades does not say how its outcome is found out.
    """
    if not market.facts.has_api:
        return ()
    entries: tuple[Operation, ...] = load(f"{__name__}.{market.value}").OPERATIONS
    for each in entries:
        is_test = each.method.endswith(".test")
        if each.security is Security.TRADE and each.fate is None and not is_test:
            raise TypeError(f"{each.method} trades: say by fate= how a lost outcome is found out")
    return entries


def operation_by_method(market: Market, method: str) -> Operation | None:
    """Return the operation with this wire name, or ``None`` when the catalogue has none."""
    return operations_by_method(market).get(method)


@cache
def operations_by_method(market: Market) -> Mapping[str, Operation]:
    """Return the operations of a market by wire name."""
    return {operation.method: operation for operation in operations(market)}
