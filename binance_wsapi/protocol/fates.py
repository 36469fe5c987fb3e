"""How the fate of each kind of change is found out: what is asked, what proves it, how its answer is rebuilt.

A kind without a record here fails at import: no change may stay unknown because nobody thought of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from binance_wsapi.catalogue import fates, operation_by_method
from binance_wsapi.catalogue.fates import Fate
from binance_wsapi.protocol import inquiries, proofs, resolved
from binance_wsapi.protocol.verdict import Case, Question, Verdict

__all__ = ["FateRules", "rules_of"]


@dataclass(frozen=True, slots=True)
class FateRules:
    """What is known about one kind of change."""

    questions: Callable[[Case], Question[inquiries.Finding]]
    """The steps of finding out what became of it."""
    proof: Callable[[Case, Mapping[str, Any]], Verdict | None] | None
    """What a user data event proves; ``None`` where no event can."""
    answer: Callable[[Any, Mapping[str, Any]], Any]
    """The answer it would have had, from what was found and the request's parameters."""

    def proven_by(self, case: Case, event: Mapping[str, Any]) -> Verdict | None:
        """Return what an event proves; ``None`` when it says nothing about the request."""
        if self.proof is None:
            return None
        try:
            return self.proof(case, event)
        except (AttributeError, LookupError, TypeError, ValueError, ArithmeticError):
            return None  # an event of another form than documented proves nothing


_RULES: dict[Fate, FateRules] = {
    fates.ORDER_PLACED: FateRules(inquiries.order_placed, proofs.spot_placed, resolved.placed),
    fates.SOR_ORDER_PLACED: FateRules(
        inquiries.order_placed, proofs.spot_placed, resolved.placed_by_sor
    ),
    fates.ORDER_CANCELLED: FateRules(
        inquiries.spot_cancel, proofs.spot_cancelled, resolved.cancelled
    ),
    fates.ALL_CANCELLED: FateRules(inquiries.all_cancelled, None, resolved.as_found),
    fates.ORDER_REPLACED: FateRules(inquiries.replaced, proofs.spot_replaced, resolved.replaced),
    fates.ORDER_AMENDED: FateRules(inquiries.amended, proofs.spot_amended, resolved.amended),
    fates.LIST_PLACED: FateRules(inquiries.list_placed, proofs.list_placed, resolved.order_list),
    fates.LIST_CANCELLED: FateRules(
        inquiries.list_cancelled, proofs.list_cancelled, resolved.order_list
    ),
    fates.FUTURES_ORDER_PLACED: FateRules(
        inquiries.order_placed, proofs.futures_placed, resolved.placed
    ),
    fates.FUTURES_ORDER_CANCELLED: FateRules(
        inquiries.futures_cancel, proofs.futures_cancelled, resolved.cancelled
    ),
    fates.FUTURES_ORDER_MODIFIED: FateRules(
        inquiries.modified, proofs.futures_modified, resolved.placed
    ),
    fates.ALGO_ORDER_PLACED: FateRules(
        inquiries.cannot_be_asked, proofs.algo_placed, resolved.as_found
    ),
    fates.ALGO_ORDER_CANCELLED: FateRules(
        inquiries.cannot_be_asked, proofs.algo_cancelled, resolved.as_found
    ),
}
_UNHEARD_OF = FateRules(inquiries.cannot_be_asked, None, resolved.as_found)
"""Of an operation that the catalogue does not know: its outcome stays unknown."""

if missing := [fate.name for fate in fates.FATES if fate not in _RULES]:
    raise TypeError(f"nobody says how to find out: {', '.join(missing)}")


def rules_of(case: Case) -> FateRules:
    """Return how the fate of a request is found out."""
    operation = operation_by_method(case.market, case.method)
    fate = None if operation is None else operation.fate
    return _UNHEARD_OF if fate is None else _RULES[fate]
