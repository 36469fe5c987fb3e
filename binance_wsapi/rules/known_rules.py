"""The rules of one exchange's symbols as far as they were fetched, and how far they can be relied on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from binance_wsapi.markets import Market
from binance_wsapi.rules.reading import read_rules
from binance_wsapi.rules.symbol_rules import SymbolRules

__all__ = ["KnownRules"]

DOUBTED_AFTER_S = 60.0
"""What is older is asked for anew when something speaks against it."""
WORTH_A_LOOK_S = 3600.0
"""Rules that are older are fetched anew before an order is refused or changed by them."""


class _Named(msgspec.Struct):
    symbol: str


class _Answer(msgspec.Struct):
    symbols: list[msgspec.Raw]


_symbols_of = msgspec.json.Decoder(_Answer).decode
_name_of = msgspec.json.Decoder(_Named).decode
_row_of: Callable[[bytes], dict[str, Any]] = msgspec.json.Decoder(dict[str, Any]).decode


class _Entry:
    """One symbol: as it was sent, and as its rules once somebody asked for them."""

    __slots__ = ("fetched_at", "is_doubted", "row", "rules")

    def __init__(self, row: bytes, fetched_at: float) -> None:
        self.row = row
        self.rules: SymbolRules | None = None
        self.fetched_at = fetched_at
        self.is_doubted = False


class KnownRules:
    """What was fetched of one exchange.

    May be read from any thread; :meth:`take` is called by one thread alone.

    Args:
        market: The market the symbols trade on.
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self._entries: dict[str, _Entry] = {}
        self.all_fetched_at: float | None = None
        """When all symbols were fetched last, in monotonic seconds; ``None`` when they never were."""

    def __len__(self) -> int:
        return len(self._entries)

    def take(self, answer: bytes | msgspec.Raw, now: float, *, is_all: bool) -> None:
        """Take in an answer of ``exchangeInfo``.

        Args:
            answer: Its result.
            now: When it came, monotonic seconds.
            is_all: Whether it shows all symbols there are.

        Raises:
            msgspec.DecodeError: It is none.
        """
        fetched: dict[str, _Entry] = {}
        for row in _symbols_of(answer).symbols:
            # A copy: a piece of the answer would keep all of it.
            fetched[_name_of(row).symbol] = _Entry(bytes(row), now)
        self._entries.update(fetched)
        if is_all:
            self.all_fetched_at = now

    def get(self, symbol: str) -> SymbolRules | None:
        """Return the rules of a symbol, however old they are; ``None`` when they are not known."""
        entry = self._entries.get(symbol)
        if entry is None:
            return None
        if entry.rules is None:
            entry.rules = read_rules(self.market, _row_of(entry.row))
            entry.row = b""
        return entry.rules

    def is_sound(self, symbol: str, now: float) -> bool:
        """Whether the rules of a symbol are known and nothing speaks against them."""
        entry = self._entries.get(symbol)
        return entry is not None and (
            not entry.is_doubted or now - entry.fetched_at < DOUBTED_AFTER_S
        )

    def is_complete(self, now: float) -> bool:
        """Whether all symbols there are have just been fetched."""
        return self.all_fetched_at is not None and now - self.all_fetched_at < DOUBTED_AFTER_S

    def is_recent(self, symbol: str, now: float) -> bool:
        """Whether the rules of a symbol are recent enough to refuse or to change an order by them."""
        entry = self._entries.get(symbol)
        return entry is not None and now - entry.fetched_at < WORTH_A_LOOK_S

    def was_fetched_since(self, symbol: str, moment: float) -> bool:
        """Whether the rules of a symbol were fetched at a moment or after it."""
        entry = self._entries.get(symbol)
        return entry is not None and entry.fetched_at >= moment

    def doubt(self, symbol: str) -> None:
        """The exchange refused an order that these rules find nothing wrong with."""
        entry = self._entries.get(symbol)
        if entry is not None:
            entry.is_doubted = True
