"""What a forked child inherits of a client: its objects, but no thread, and locks that others held."""

from __future__ import annotations

import os
import weakref
from typing import Protocol

__all__ = ["Inherited", "ends_at_fork"]


class Inherited(Protocol):
    """Something that works in the process that made it, and in no other."""

    def left_behind(self) -> None:
        """In a forked child: end, waiting for nobody and taking no lock."""


_all: weakref.WeakSet[Inherited] = weakref.WeakSet()


def ends_at_fork(inherited: Inherited) -> None:
    """Have something told in each child that is forked while it lives."""
    _all.add(inherited)


def _in_child() -> None:
    for inherited in list(_all):
        inherited.left_behind()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
