"""Which orders a request asks for, what they break of the rules, and the request fitted to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from binance_wsapi.catalogue.operation import Operation
from binance_wsapi.catalogue.order_legs import OrderLeg
from binance_wsapi.errors import RulesBroken
from binance_wsapi.protocol.wire_values import amount, whole_number
from binance_wsapi.rules.checking import violations
from binance_wsapi.rules.fitting import fitted
from binance_wsapi.rules.symbol_rules import SymbolRules
from binance_wsapi.rules.terms import OrderTerms
from binance_wsapi.rules.violation import Adjustment, Violation

__all__ = ["check_request", "fit_request", "orders_of"]

_DECIMALS = ("price", "quantity", "quote_order_qty", "stop_price", "iceberg_qty")


def orders_of(
    operation: Operation, params: Mapping[str, Any], *, by_wire_name: bool = False
) -> list[OrderTerms]:
    """Return the orders that a request asks for.

    Args:
        operation: What is called.
        params: Its parameters as they are sent.
        by_wire_name: Whether parameters are told by their wire names, and not as the method spells them.
    """
    labels = {} if by_wire_name else {param.wire: param.name for param in operation.params}
    return [_terms(operation, leg, params, labels) for leg in operation.legs]


def check_request(
    rules: SymbolRules, operation: Operation, params: Mapping[str, Any], *, by_wire_name: bool
) -> None:
    """Refuse a request that breaks the rules of its symbol.

    Args:
        rules: The rules.
        operation: What is called.
        params: Its parameters as they would be sent.
        by_wire_name: Whether parameters are told by their wire names.

    Raises:
        RulesBroken: It breaks a rule.
    """
    broken = _without_doubles(
        violation
        for terms in orders_of(operation, params, by_wire_name=by_wire_name)
        for violation in violations(rules, terms, None)
    )
    if broken:
        raise RulesBroken("; ".join(map(str, broken)), symbol=rules.symbol, violations=broken)


def fit_request(
    rules: SymbolRules, operation: Operation, params: Mapping[str, Any], *, by_wire_name: bool
) -> tuple[dict[str, Any], tuple[Adjustment, ...]]:
    """Return a request with its prices and quantities rounded to the rules, and what was changed.

    Args:
        rules: The rules of its symbol.
        operation: What is called.
        params: Its parameters as they were given.
        by_wire_name: Whether parameters are told by their wire names.

    Raises:
        RulesBroken: Rounded, it still breaks a rule.
    """
    sent = dict(params)
    changed: dict[str, Adjustment] = {}
    orders = orders_of(operation, params, by_wire_name=by_wire_name)
    for leg, terms in zip(operation.legs, orders, strict=True):
        adjusted = {each.parameter: each for each in fitted(rules, terms, None).adjustments}
        for name in _DECIMALS:
            adjustment = adjusted.get(terms.name(name))
            if adjustment is not None:
                sent[leg.names[name]] = f"{adjustment.sent:f}"
                changed[adjustment.parameter] = adjustment
    return sent, tuple(changed.values())


def _terms(
    operation: Operation, leg: OrderLeg, params: Mapping[str, Any], labels: Mapping[str, str]
) -> OrderTerms:
    names = leg.names
    decimals: dict[str, Decimal | None] = {
        name: amount(params.get(names[name])) for name in _DECIMALS if name in names
    }
    values: dict[str, Any] = {
        name: value for name, value in decimals.items() if value is not None and value >= 0
    }
    side = params.get(names.get("side", ""))
    order_type = params.get(names.get("type", ""), leg.type)
    return OrderTerms(
        side=str(side) if side in ("BUY", "SELL") else None,
        type=None if order_type is None else str(order_type),
        names_type=leg.type is None,
        trailing_delta=whole_number(params.get(names.get("trailing_delta", ""))),
        only_closes=_only_closes(operation, params),
        names={name: labels.get(wire, wire) for name, wire in names.items()},
        **values,
    )


def _only_closes(operation: Operation, params: Mapping[str, Any]) -> bool:
    """Whether a request may be one that can only make a position smaller."""
    # A modification does not say which position its order closes.
    return (
        operation.method == "order.modify"
        or str(params.get("reduceOnly")).lower() == "true"
        or str(params.get("closePosition")).lower() == "true"
        or (params.get("side"), params.get("positionSide")) in {("SELL", "LONG"), ("BUY", "SHORT")}
    )


def _without_doubles(found: Iterable[Violation]) -> tuple[Violation, ...]:
    return tuple(dict.fromkeys(found))
