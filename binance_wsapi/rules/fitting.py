"""An order's values as they can be sent: never across the caller's limit, never more than was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from binance_wsapi.errors import RulesBroken
from binance_wsapi.rules.checking import rises_to_trigger, violations
from binance_wsapi.rules.exact import ZERO, unit
from binance_wsapi.rules.grid import Grid, Rounding
from binance_wsapi.rules.terms import OrderTerms
from binance_wsapi.rules.violation import Adjustment

if TYPE_CHECKING:
    from binance_wsapi.rules.symbol_rules import SymbolRules

__all__ = ["FittedOrder", "fitted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedOrder:
    """The values of an order as they can be sent; ``None`` stands for what was not given."""

    price: Decimal | None
    """The limit price."""
    quantity: Decimal | None
    """The quantity, in base asset units (contracts on COIN-M)."""
    quote_order_qty: Decimal | None
    """What a MARKET order spends or receives, in quote asset units."""
    stop_price: Decimal | None
    """The trigger price."""
    iceberg_qty: Decimal | None
    """The visible part of the quantity."""
    adjustments: tuple[Adjustment, ...]
    """What was changed, and from what."""


def fitted(rules: SymbolRules, terms: OrderTerms, reference: Decimal | None) -> FittedOrder:
    """Return an order's values rounded to its symbol's rules.

    Args:
        rules: The rules.
        terms: The order as it was given.
        reference: The price that the exchange measures by; ``None`` when it is not known.

    Raises:
        RulesBroken: Rounded, it still breaks a rule.
    """
    values: dict[str, Any] = {}
    adjustments: list[Adjustment] = []
    for name, filter_type, grid, rounding in _roundings(rules, terms):
        given: Decimal | None = getattr(terms, name)
        if given is None:
            continue
        values[name] = grid.rounded(given, rounding)
        if values[name] != given:
            adjustments.append(
                Adjustment(
                    filter=filter_type, parameter=terms.name(name), given=given, sent=values[name]
                )
            )
    rounded = replace(terms, **values)
    broken = violations(rules, rounded, reference)
    if broken:
        changes = ", ".join(
            f"{each.parameter}={each.given:f} to {each.sent:f}" for each in adjustments
        )
        raise RulesBroken(
            "; ".join(map(str, broken)) + (f" (rounded: {changes})" if changes else ""),
            symbol=rules.symbol,
            violations=broken,
        )
    return FittedOrder(
        price=rounded.price,
        quantity=rounded.quantity,
        quote_order_qty=rounded.quote_order_qty,
        stop_price=rounded.stop_price,
        iceberg_qty=rounded.iceberg_qty,
        adjustments=tuple(adjustments),
    )


def _roundings(rules: SymbolRules, terms: OrderTerms) -> Iterator[tuple[str, str, Grid, Rounding]]:
    """Yield each value's name, the filter it is fitted to, that filter's grid, and which way it goes."""
    if terms.side is not None:
        yield "price", "PRICE_FILTER", rules.price, "down" if terms.side == "BUY" else "up"
        if terms.type is not None:
            # Not reached before the price that was given.
            rises = rises_to_trigger(terms.side, terms.type)
            yield "stop_price", "PRICE_FILTER", rules.price, "up" if rises else "down"
    is_market = terms.type in rules.market.facts.market_types
    lot = "MARKET_LOT_SIZE" if is_market and rules.market_lot.step else "LOT_SIZE"
    yield "quantity", lot, rules.quantities(is_market=is_market), "down"
    yield "iceberg_qty", "LOT_SIZE", rules.lot, "down"
    if rules.quote_precision is not None:
        amounts = Grid(ZERO, ZERO, unit(rules.quote_precision))
        yield "quote_order_qty", "PRECISION", amounts, "down"
