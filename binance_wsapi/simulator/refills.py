"""When a quiet maker puts back what trades took: some time after the first trade of a symbol."""

from __future__ import annotations

from collections.abc import Callable, Container
from decimal import Decimal
from functools import partial

from binance_wsapi.simulator.clock import ScheduledCall, SimulatedClock
from binance_wsapi.simulator.observers import Trade

__all__ = ["Refills"]

REFILL_SECONDS = 0.2


class Refills:
    """Watches trades, and has a symbol's book filled up after a moment of the exchange's time.

    Args:
        clock: The exchange's clock.
        refill: Fills up the book of a symbol.
        symbols: Whose trades count; all when left out.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        refill: Callable[[str], None],
        symbols: Container[str] | None = None,
    ) -> None:
        self._clock = clock
        self._refill = refill
        self._symbols = symbols
        self._planned: dict[str, ScheduledCall] = {}

    def is_planned(self, symbol: str) -> bool:
        """Whether something was taken that is not put back."""
        return symbol in self._planned

    def done(self, symbol: str) -> None:
        """Take note that a book is full: what was planned for it is called off."""
        planned = self._planned.pop(symbol, None)
        if planned is not None:
            planned.cancel()

    def stop(self) -> None:
        """Call off all that was planned."""
        for symbol in tuple(self._planned):
            self.done(symbol)

    def on_trade(self, trade: Trade) -> None:
        """Plan to put back what a trade took."""
        is_quoted = self._symbols is None or trade.symbol in self._symbols
        if is_quoted and trade.symbol not in self._planned:
            self._planned[trade.symbol] = self._clock.call_later(
                REFILL_SECONDS, partial(self._refill, trade.symbol)
            )

    def on_level(
        self,
        symbol: str,
        side: str,
        price: Decimal,
        quantity: Decimal,
        update_id: int,
        time_us: int,
    ) -> None:
        """Others' orders do not matter to a quiet maker."""

    def on_symbol(self, symbol: str) -> None:
        """A quote that was refused is tried again after the next trade."""
