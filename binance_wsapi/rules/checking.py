"""What an order breaks of its symbol's rules, and the nearest values that do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from binance_wsapi.rules.exact import ZERO, plain, product, steps_in, unit, within_step
from binance_wsapi.rules.filters import Notional
from binance_wsapi.rules.grid import Grid
from binance_wsapi.rules.terms import OrderTerms
from binance_wsapi.rules.violation import Violation

if TYPE_CHECKING:
    from binance_wsapi.rules.symbol_rules import SymbolRules

__all__ = ["price_violations", "quantity_violations", "rises_to_trigger", "violations"]

_FREE = Grid(ZERO, ZERO, ZERO)
_SMALLEST = unit(20)
"""What the exchange takes of digits after the point."""


@dataclass(frozen=True, slots=True)
class _Constraint:
    """A filter as far as it concerns one parameter, and what it calls its bounds and its step."""

    filter: str
    grid: Grid
    least: str = ""
    most: str = ""
    step: str = ""


def violations(
    rules: SymbolRules, terms: OrderTerms, reference: Decimal | None
) -> tuple[Violation, ...]:
    """Return what an order breaks of the rules.

    Args:
        rules: The rules of its symbol.
        terms: The order.
        reference: The price that the exchange measures by; ``None`` when it is not known.
    """
    return tuple(_violations(rules, terms, reference))


def _violations(
    rules: SymbolRules, terms: OrderTerms, reference: Decimal | None
) -> Iterator[Violation]:
    is_known = not rules.order_types or terms.type in rules.order_types
    if terms.names_type and terms.type is not None and not is_known:
        yield Violation(
            filter="ORDER_TYPES",
            rule="orderTypes",
            parameter=terms.name("type"),
            value=terms.type,
            bound=rules.order_types,
            nearest=None,
            problem="is none of",
        )
    if terms.price is not None:
        near = [] if terms.side is None else _near(rules, terms.side, reference)
        yield from _held_against([*_price(rules), *near], terms.name("price"), terms.price)
    if terms.stop_price is not None:
        yield from price_violations(rules, terms.name("stop_price"), terms.stop_price)
    if terms.quantity is not None:
        yield from _of_quantity(rules, terms, terms.quantity, reference)
    if terms.quote_order_qty is not None:
        yield from _of_quote_quantity(rules, terms, terms.quote_order_qty)
    if terms.iceberg_qty:
        yield from _of_iceberg(rules, terms, terms.iceberg_qty)
    if terms.trailing_delta is not None:
        yield from _of_trailing(rules, terms, terms.trailing_delta)


def price_violations(rules: SymbolRules, parameter: str, value: Decimal) -> tuple[Violation, ...]:
    """Return what a price breaks by itself."""
    return tuple(_held_against(_price(rules), parameter, value))


def quantity_violations(
    rules: SymbolRules, parameter: str, value: Decimal, *, is_market: bool
) -> tuple[Violation, ...]:
    """Return what a quantity breaks by itself."""
    return tuple(_held_against(_lots(rules, is_market=is_market), parameter, value))


def rises_to_trigger(side: str, order_type: str) -> bool:
    """Whether the market rises to a trigger price: that of stop buys and take profit sells."""
    return (side == "BUY") == order_type.startswith("STOP")


def _price(rules: SymbolRules) -> list[_Constraint]:
    return [
        _Constraint("PRICE_FILTER", rules.price, "minPrice", "maxPrice", "tickSize"),
        *_precision(rules.price_precision),
    ]


def _lots(rules: SymbolRules, *, is_market: bool) -> list[_Constraint]:
    lots: list[_Constraint] = []
    if not is_market or rules.market.facts.market_keeps_lot_size:
        lots.append(_Constraint("LOT_SIZE", rules.lot, "minQty", "maxQty", "stepSize"))
    if is_market:
        lots.append(
            _Constraint("MARKET_LOT_SIZE", rules.market_lot, "minQty", "maxQty", "stepSize")
        )
    return [*lots, *_precision(rules.quantity_precision)]


def _precision(decimals: int | None) -> list[_Constraint]:
    if decimals is None:
        return []
    return [_Constraint("PRECISION", Grid(ZERO, ZERO, unit(decimals)), step="precision")]


def _near(rules: SymbolRules, side: str, reference: Decimal | None) -> list[_Constraint]:
    if reference is None:
        return []
    prefix = "bid" if side == "BUY" else "ask"
    found: list[_Constraint] = []
    for each in rules.percent_price:
        down, up = each.multipliers(side)
        is_by_side = each.filter == "PERCENT_PRICE_BY_SIDE"
        found.append(
            _Constraint(
                each.filter,
                Grid(product(reference, down or ZERO), product(reference, up or ZERO), ZERO),
                f"{prefix}MultiplierDown" if is_by_side else "multiplierDown",
                f"{prefix}MultiplierUp" if is_by_side else "multiplierUp",
            )
        )
    return found


def _held_against(
    constraints: Sequence[_Constraint], parameter: str, value: Decimal, also: Grid | None = _FREE
) -> Iterator[Violation]:
    """Yield what a value breaks.

    Args:
        constraints: The filters.
        parameter: What the request calls the value.
        value: The value.
        also: What else the nearest value has to fit; ``None`` when nothing can.
    """
    allowed = None if also is None else _all_of(constraints, also)
    for each in constraints:
        broken = _broken(each, value)
        if broken is not None:
            rule, bound, problem = broken
            yield Violation(
                filter=each.filter,
                rule=rule,
                parameter=parameter,
                value=value,
                bound=plain(bound),
                nearest=None if allowed is None else allowed.nearest(value),
                problem=problem,
            )


def _all_of(constraints: Sequence[_Constraint], allowed: Grid) -> Grid:
    for each in constraints:
        allowed = allowed.met_with(each.grid)
    return allowed


def _broken(constraint: _Constraint, value: Decimal) -> tuple[str, Decimal, str] | None:
    """Return which part of a filter a value breaks, its bound, and what is wrong."""
    grid = constraint.grid
    if value < grid.minimum:
        return constraint.least, grid.minimum, "is below"
    if grid.maximum and value > grid.maximum:
        return constraint.most, grid.maximum, "is above"
    if not grid.is_multiple(value):
        return constraint.step, grid.step, "is no multiple of"
    if not value and grid.step:
        return constraint.step, grid.step, "is zero; the first step is"
    return None


def _of_quantity(
    rules: SymbolRules, terms: OrderTerms, quantity: Decimal, reference: Decimal | None
) -> Iterator[Violation]:
    parameter = terms.name("quantity")
    lots = _lots(rules, is_market=terms.type in rules.market.facts.market_types)
    price = reference if terms.price is None else terms.price
    is_spared = terms.only_closes and rules.market.facts.bounds_worse_prices_alone
    if not price or is_spared:
        yield from _held_against(lots, parameter, quantity)
        return
    worthy = _worthy(rules, terms, lots, price)
    yield from _held_against(lots, parameter, quantity, worthy)
    allowed = None if worthy is None else _all_of(lots, worthy)
    worth = product(price, quantity)
    for each in rules.notional:
        broken = _broken_notional(each, worth, is_market=terms.price is None)
        if broken is not None:
            rule, bound, problem = broken
            yield Violation(
                filter=each.filter,
                rule=rule,
                parameter=parameter,
                value=quantity,
                bound=plain(bound),
                nearest=None if allowed is None else allowed.nearest(quantity),
                problem=f"is worth {plain(worth):f}, {problem}",
            )


def _broken_notional(
    notional: Notional, worth: Decimal, *, is_market: bool
) -> tuple[str, Decimal, str] | None:
    low, high = _bounds(notional, is_market=is_market)
    if worth < low:
        return "minNotional", low, "less than"
    if high and worth > high:
        return "maxNotional", high, "more than"
    return None


def _bounds(notional: Notional, *, is_market: bool) -> tuple[Decimal, Decimal]:
    """Return the bounds that hold for an order; zero where there is none."""
    low = notional.minimum if not is_market or notional.minimum_holds_for_market else ZERO
    high = notional.maximum if not is_market or notional.maximum_holds_for_market else ZERO
    return low, high


def _worthy(
    rules: SymbolRules, terms: OrderTerms, lots: Sequence[_Constraint], price: Decimal
) -> Grid | None:
    """Return the quantities that are worth what the rules ask for; ``None`` when none is."""
    if terms.price is not None:
        price = rules.price.nearest(price) or price
    step = _all_of(lots, _FREE).step or _SMALLEST
    value_of_step = product(price, step)
    worthy = _FREE
    for each in rules.notional:
        low, high = _bounds(each, is_market=terms.price is None)
        count, has_rest = steps_in(low, value_of_step)
        most = within_step(steps_in(high, value_of_step)[0], step)
        if high and not most:
            return None
        worthy = worthy.met_with(Grid(within_step(count + has_rest, step), most, ZERO))
    return worthy


def _of_quote_quantity(
    rules: SymbolRules, terms: OrderTerms, value: Decimal
) -> Iterator[Violation]:
    constraints = [
        _Constraint(each.filter, Grid(*_bounds(each, is_market=True), ZERO), "minNotional", "maxNotional")
        for each in rules.notional
    ]  # fmt: skip
    constraints += _precision(rules.quote_precision)
    yield from _held_against(constraints, terms.name("quote_order_qty"), value)


def _of_iceberg(rules: SymbolRules, terms: OrderTerms, part: Decimal) -> Iterator[Violation]:
    parameter = terms.name("iceberg_qty")
    yield from _held_against(_lots(rules, is_market=False), parameter, part)
    limit, quantity = rules.max_iceberg_parts, terms.quantity
    if limit is None or quantity is None or quantity <= product(part, Decimal(limit)):
        return
    step = rules.lot.step or _SMALLEST
    count, has_rest = steps_in(quantity, product(step, Decimal(limit)))
    least = Grid(within_step(count + has_rest, step), quantity, ZERO)
    yield Violation(
        filter="ICEBERG_PARTS",
        rule="limit",
        parameter=parameter,
        value=part,
        bound=Decimal(limit),
        nearest=rules.lot.met_with(least).nearest(part),
        problem="makes more parts than",
    )


def _of_trailing(rules: SymbolRules, terms: OrderTerms, delta: int) -> Iterator[Violation]:
    if rules.trailing_delta is None or terms.side is None or terms.type is None:
        return
    rises = rises_to_trigger(terms.side, terms.type)
    where = "Above" if rises else "Below"
    grid = rules.trailing_delta.above if rises else rules.trailing_delta.below
    names = f"minTrailing{where}Delta", f"maxTrailing{where}Delta"
    constraint = _Constraint("TRAILING_DELTA", grid, *names)
    yield from _held_against([constraint], terms.name("trailing_delta"), Decimal(delta))
