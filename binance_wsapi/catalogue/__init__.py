"""Every operation of every market, as data; a market's entries are loaded when they are first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module

from binance_wsapi.catalogue._types import Operation
from binance_wsapi.markets import Market

__all__ = ["operation_by_method", "operations", "operations_by_method"]


def operations(market: Market) -> tuple[Operation, ...]:
    """Return the operations of a market, in the order of its documents."""
    entries: tuple[Operation, ...] = import_module(f"{__name__}.{market.value}").OPERATIONS
    return entries


def operation_by_method(market: Market, method: str) -> Operation | None:
    """Return the operation with this wire name, or ``None`` when the catalogue has none."""
    return operations_by_method(market).get(method)


@cache
def operations_by_method(market: Market) -> Mapping[str, Operation]:
    """Return the operations of a market by wire name."""
    return {operation.method: operation for operation in operations(market)}
