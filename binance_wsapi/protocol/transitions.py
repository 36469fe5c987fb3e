"""How a state machine runs from its table: what the table does not have cannot happen."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

__all__ = ["ImpossibleInput", "Table", "after", "column"]

StateT = TypeVar("StateT", bound=Enum)
InputT = TypeVar("InputT", bound=Enum)

Table = Mapping[StateT, Mapping[InputT, StateT]]
"""For each state the inputs that may come in it, and the state that each leads to."""


class ImpossibleInput(AssertionError):
    """A machine was told what cannot happen where it stands: a fault of this library."""


def after(table: Table[StateT, InputT], state: StateT, given: InputT) -> StateT | None:
    """Return the state that an input leads to.

    ``None`` stands for an impossible one where assertions are off (``python -O``): the machine then
    stays where it is and answers with nothing to do.

    Raises:
        ImpossibleInput: The table has no such transition.
    """
    then = table[state].get(given)
    if then is None and __debug__:
        raise ImpossibleInput(f"{given.name} cannot happen in {state.name}")
    return then


def column(table: Table[StateT, InputT], given: InputT) -> dict[StateT, StateT]:
    """Return where one input leads, by the state it comes in: a table to look into on a hot path."""
    return {state: leads[given] for state, leads in table.items() if given in leads}
