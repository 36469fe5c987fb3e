"""Which build of the package runs: the pure one, or the one whose hot modules are compiled."""

from importlib.machinery import EXTENSION_SUFFIXES
from typing import Literal

from binance_wsapi.protocol import limits

__all__ = ["build"]

build: Literal["pure", "compiled"] = (
    "compiled" if str(limits.__file__).endswith(tuple(EXTENSION_SUFFIXES)) else "pure"
)
"""``"compiled"`` where the modules that each request goes through are compiled, ``"pure"`` where all is Python."""
