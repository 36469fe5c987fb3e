"""Ids as the exchange gives them out: one after the other."""

from __future__ import annotations

__all__ = ["Numbers"]


class Numbers:
    """``next(numbers)`` gives the next one. Unlike ``itertools.count``, it can be written down and taken up again.

    Args:
        first: The first one.
    """

    __slots__ = ("_next",)

    def __init__(self, first: int = 1) -> None:
        self._next = first

    def __next__(self) -> int:
        given = self._next
        self._next += 1
        return given
