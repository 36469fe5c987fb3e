"""What a forked child inherits of a client: its objects, but no thread, and locks that others held."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from binance_wsapi.loading import uncut

__all__ = ["Inherited", "ends_at_fork", "made_once", "unforked"]

unforked = threading.RLock()
"""Held for what no fork may cut in two: a fork waits for it.

Modules are loaded under it, for one: see :mod:`binance_wsapi.loading`.
"""
uncut.held = unforked


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
    os.register_at_fork(
        before=unforked.acquire, after_in_parent=unforked.release, after_in_child=unforked.release
    )
    os.register_at_fork(after_in_child=_in_child)


if TYPE_CHECKING:
    from functools import cached_property as made_once
else:

    class made_once:  # noqa: N801  (used as a decorator, like property)
        """A property that is made when it is first used, modules and all, and then kept.

        ``functools.cached_property`` has one lock for all instances in Python 3.11, and a fork may
        leave it held for ever.
        """

        def __init__(self, make: Callable[[Any], Any]) -> None:
            self._make = make
            self.__doc__ = make.__doc__

        def __get__(self, instance: Any, owner: Any = None) -> Any:
            if instance is None:
                return self
            kept = vars(instance)
            name = self._make.__name__
            with unforked:
                if name not in kept:
                    kept[name] = self._make(instance)
            return kept[name]
