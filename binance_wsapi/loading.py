"""How modules are loaded at their first use: never while this process forks.

A module loaded inside a function is loaded under :data:`uncut`, or with :func:`load`: a forked child
would wait for ever for one that was being loaded on a thread it has not got. Pure layers may use this;
what holds the fork back is put in by ``forks``.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from types import ModuleType

__all__ = ["load", "uncut"]


class _Uncut:
    held: AbstractContextManager[object] = nullcontext()

    def __enter__(self) -> None:
        self.held.__enter__()

    def __exit__(self, *raised: object) -> None:
        self.held.__exit__(None, None, None)


uncut = _Uncut()
"""``with uncut:`` stands around an import inside a function."""


def load(name: str) -> ModuleType:
    """Return a module, loaded if it is not yet."""
    with uncut:
        return import_module(name)
