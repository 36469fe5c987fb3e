"""The file of ``--state``: what it was when the exchange began, and where to save when it ends."""

from __future__ import annotations

import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from binance_wsapi.simulator.exchange import SimulatedExchange

__all__ = ["StateFile"]


class StateFile:
    """Where an exchange is saved at its end.

    Args:
        path: The file, which need not be there.

    Raises:
        ValueError: Nothing can be written beside it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begun_with = _mark(path)
        try:
            with tempfile.TemporaryFile(dir=path.resolve().parent):
                pass
        except OSError as error:
            raise ValueError(f"cannot save to {path}: {error.strerror}") from None

    @property
    def goes_on(self) -> bool:
        """Whether an exchange was saved there."""
        return self._begun_with is not None

    def is_saved(self, exchange: SimulatedExchange, out: TextIO) -> bool:
        """Save a stopped exchange and tell so; beside the file when another one was saved to it meanwhile.

        Returns:
            Whether it is in the file.
        """
        path = self._path
        if _mark(path) != self._begun_with:
            beside = (path.with_name(f"{path.name}.{number}") for number in count(1))
            path = next(each for each in beside if not each.exists())
        try:
            exchange.save_state(path)
        except (OSError, RuntimeError) as error:
            out.write(f"cannot save to {path}: {getattr(error, 'strerror', None) or error}\n")
            return False
        if path is not self._path:
            out.write(f"another exchange was saved to {self._path} meanwhile\n")
        out.write(f"saved to {path}\n")
        return path is self._path


def _mark(path: Path) -> tuple[int, int, int] | None:
    """Return what tells a file from one that replaced it; ``None`` when there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
