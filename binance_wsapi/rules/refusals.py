"""What a filter's refusal is about: the numbers of the rule, what was sent, and what would have fitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from binance_wsapi.catalogue.operation import Operation
from binance_wsapi.errors import FilterFailure
from binance_wsapi.rules.checking import violations
from binance_wsapi.rules.known_rules import KnownRules
from binance_wsapi.rules.requests import orders_of

__all__ = ["explain"]


def explain(
    error: FilterFailure, operation: Operation, params: Mapping[str, Any], known: KnownRules
) -> None:
    """Tell in an error what is known about it; rules that do not explain it are doubted.

    Args:
        error: What the exchange refused a request with.
        operation: What was called.
        params: Its parameters as they were sent.
        known: The rules of that exchange, as far as they were fetched.
    """
    labels = {param.wire: param.name for param in operation.params}
    named = [wire for leg in operation.legs for wire in leg.names.values() if wire in params]
    error.sent = {labels[wire]: str(params[wire]) for wire in named}
    symbol = str(params.get("symbol"))
    rules = known.get(symbol)
    if rules is None:
        return
    error.rule = rules.filter(error.filter)
    found = [
        each for terms in orders_of(operation, params) for each in violations(rules, terms, None)
    ]
    error.violations = tuple(dict.fromkeys(found))
    if not error.violations:
        known.doubt(symbol)
