"""A bar that shows how far a replay is, on terminals."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

__all__ = ["can_show_progress", "progress_bar"]


def can_show_progress() -> bool:
    """Whether somebody sees it, and tqdm (of the extra ``history``) is there."""
    return sys.stderr.isatty() and find_spec("tqdm") is not None


def progress_bar() -> Callable[[int], object]:
    """Return what is told how many more trades were replayed."""
    bar = import_module("tqdm.auto").tqdm(unit=" trades", unit_scale=True)

    def advanced(trades: int) -> None:
        bar.update(trades)

    return advanced
