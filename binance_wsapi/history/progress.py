"""A progress bar for who watches: tqdm's, an extra."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

from binance_wsapi.errors import ConfigurationError
from binance_wsapi.loading import load

__all__ = ["Bar", "is_watched"]


def is_watched() -> bool:
    """Whether a terminal or a notebook watches, and there is a bar to show."""
    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    return (is_terminal or _is_notebook()) and find_spec("tqdm") is not None


def _is_notebook() -> bool:
    # It is imported in many a process that is none.
    kernel = sys.modules.get("ipykernel.kernelapp")
    return kernel is not None and kernel.IPKernelApp.initialized()


class Bar:
    """A bar that shows with the first rows.

    Args:
        name: What stands before it.

    Raises:
        ConfigurationError: tqdm is not installed.
    """

    def __init__(self, name: str) -> None:
        try:
            self._make = load("tqdm.auto").tqdm
        except ImportError:
            raise ConfigurationError(
                "progress=True needs tqdm: pip install 'binance-wsapi[history]'"
            ) from None
        self._name = name
        self._shown: Any = None

    def advance(self, rows: int, expected: int | None) -> None:
        """Tell of further rows, of about so many."""
        if self._shown is None:
            self._shown = self._make(desc=self._name, unit=" rows", unit_scale=True)
        # What was expected is no promise: a market may have been halted.
        done = self._shown.n + rows
        self._shown.total = None if expected is None else max(expected, done)
        self._shown.update(rows)

    def close(self) -> None:
        """Leave it as it stands."""
        if self._shown is not None:
            self._shown.close()
