"""What to say where a list of results has no item of a name, or several."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from binance_wsapi.models.rows import Rows

__all__ = ["UnknownName", "ambiguous", "unknown"]

_ALL_TOLD = 8
"""Of so many names, all are told."""


class UnknownName(KeyError):
    """A list has no item of the name, or several; the message says which names are near."""

    def __str__(self) -> str:
        return Exception.__str__(self)  # a KeyError shows its message in quotes


def unknown(items: Rows[Any], key: Any) -> UnknownName:
    """Return the error for a name that no item has: it says which names are near."""
    if not items:
        return UnknownName(f"there is no {_shown(key)} here: the list is empty")
    if isinstance(key, type):
        kinds = sorted({type(item).__name__ for item in items})
        return UnknownName(f"none of these is a {key.__name__}: there are {', '.join(kinds)}")
    kind = type(items[0]).__name__
    names = items.names
    if not names:
        return UnknownName(f"there is no {_shown(key)} here: a {kind} has no name, write an index")
    if near := _near(str(key[0] if _is_several(key) else key), names):
        return UnknownName(f"no {kind} here is named {_shown(key)}: near it are {_listed(near)}")
    if len(names) <= _ALL_TOLD:
        return UnknownName(f"no {kind} here is named {_shown(key)}: there are {_listed(names)}")
    return UnknownName(f"no {kind} of these {len(names)} is named {_shown(key)}, or much like it")


def ambiguous(found: Sequence[Any], named_by: Sequence[str], key: Any) -> UnknownName:
    """Return the error for a name of several items: it says how to tell them apart."""
    if isinstance(key, type):
        return UnknownName(f"{len(found)} of these are a {key.__name__}: look at each")
    names = [", ".join(repr(str(getattr(item, each))) for each in named_by) for item in found]
    told_apart = " or ".join(f"[{name}]" for name in dict.fromkeys(names))
    return UnknownName(f"{len(found)} are named {_shown(key)}: write {told_apart}")


def _is_several(key: Any) -> bool:
    return isinstance(key, tuple)


def _shown(key: Any) -> str:
    return ", ".join(repr(str(each)) for each in (key if _is_several(key) else (key,)))


def _near(name: str, names: list[str]) -> list[str]:
    """Return the names that are the same but for case and separators, and those spelled alike."""
    same = [each for each in names if _bare(each) == _bare(name)]
    return list(dict.fromkeys([*same, *get_close_matches(name.upper(), names, n=4, cutoff=0.7)]))


def _bare(name: str) -> str:
    return "".join(filter(str.isalnum, name)).upper()


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, dict.fromkeys(names)))
