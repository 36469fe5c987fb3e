"""How the fate of each kind of change is found out: what is asked, what proves it, how its answer is rebuilt.

A kind without a record here fails at import: no change may stay unknown because nobody thought of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from binance_wsapi.catalogue import fates, operation_by_method
from binance_wsapi.catalogue.fates import Fate
from binance_wsapi.protocol import proofs, questions, rebuilt_answers
from binance_wsapi.protocol.verdict import FinalVerdict, LostRequest, Steps, Verdict

__all__ = ["FateRules", "rules_of"]


@dataclass(frozen=True, slots=True)
class FateRules:
    """What is known about one kind of change."""

    questions: Callable[[LostRequest], Steps[FinalVerdict]]
    """The steps of finding out what became of it."""
    proof: Callable[[LostRequest, Mapping[str, Any]], Verdict | None] | None
    """What a user data event proves; ``None`` where no event can."""
    answer: Callable[[Any, Mapping[str, Any]], Any]
    """The answer it would have had, from what was found and the request's parameters."""

    def proven_by(self, request: LostRequest, event: Mapping[str, Any]) -> Verdict | None:
        """Return what an event proves; ``None`` when it says nothing about the request."""
        if self.proof is None:
            return None
        try:
            return self.proof(request, event)
        except (AttributeError, LookupError, TypeError, ValueError, ArithmeticError):
            return None  # an event of another form than documented proves nothing


_RULES: dict[Fate, FateRules] = {
    fates.ORDER_PLACED: FateRules(
        questions.order_placed, proofs.spot_placed, rebuilt_answers.placed
    ),
    fates.SOR_ORDER_PLACED: FateRules(
        questions.order_placed, proofs.spot_placed, rebuilt_answers.placed_by_sor
    ),
    fates.ORDER_CANCELLED: FateRules(
        questions.spot_cancel, proofs.spot_cancelled, rebuilt_answers.cancelled
    ),
    fates.ALL_CANCELLED: FateRules(questions.all_cancelled, None, rebuilt_answers.as_found),
    fates.ORDER_REPLACED: FateRules(
        questions.replaced, proofs.spot_replaced, rebuilt_answers.replaced
    ),
    fates.ORDER_AMENDED: FateRules(questions.amended, proofs.spot_amended, rebuilt_answers.amended),
    fates.LIST_PLACED: FateRules(
        questions.list_placed, proofs.list_placed, rebuilt_answers.order_list
    ),
    fates.LIST_CANCELLED: FateRules(
        questions.list_cancelled, proofs.list_cancelled, rebuilt_answers.order_list
    ),
    fates.FUTURES_ORDER_PLACED: FateRules(
        questions.order_placed, proofs.futures_placed, rebuilt_answers.placed
    ),
    fates.FUTURES_ORDER_CANCELLED: FateRules(
        questions.futures_cancel, proofs.futures_cancelled, rebuilt_answers.cancelled
    ),
    fates.FUTURES_ORDER_MODIFIED: FateRules(
        questions.modified, proofs.futures_modified, rebuilt_answers.placed
    ),
    fates.ALGO_ORDER_PLACED: FateRules(
        questions.algo_placed, proofs.algo_placed, rebuilt_answers.as_found
    ),
    fates.ALGO_ORDER_CANCELLED: FateRules(
        questions.algo_cancelled, proofs.algo_cancelled, rebuilt_answers.as_found
    ),
}
_UNHEARD_OF = FateRules(questions.cannot_be_asked, None, rebuilt_answers.as_found)
"""Of an operation that the catalogue does not know: its outcome stays unknown."""

if missing := [fate.name for fate in fates.FATES if fate not in _RULES]:
    raise TypeError(f"nobody says how to find out: {', '.join(missing)}")


def rules_of(request: LostRequest) -> FateRules:
    """Return how the fate of a request is found out."""
    operation = operation_by_method(request.market, request.method)
    fate = None if operation is None else operation.fate
    return _UNHEARD_OF if fate is None else _RULES[fate]
