"""Price moves of a futures market, until all that hangs on prices has seen them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.price_history import PriceHistory
from binance_wsapi.simulator.futures.prices import Prices
from binance_wsapi.simulator.futures.triggers import TriggerDesk

__all__ = ["PriceMoves"]


class PriceMoves:
    """Moves in the order they came; what one of them causes comes behind those before it.

    Args:
        clock: Time of the exchange.
        prices: Last, mark and index prices.
        histories: What mark and index prices were, by symbol.
        triggers: Orders that wait for a price.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        prices: Prices,
        histories: Mapping[str, PriceHistory],
        triggers: TriggerDesk,
    ) -> None:
        self._clock = clock
        self._prices = prices
        self._histories = histories
        self._triggers = triggers
        self._waiting: deque[tuple[Contract, Decimal | None]] = deque()
        self._is_following = False

    def add(self, contract: Contract, last: Decimal | None) -> None:
        """Take note of a move: of the last price, or (``None``) of mark or index alone."""
        self._waiting.append((contract, last))

    def follow(self, look_at_margin: Callable[[Contract], None]) -> None:
        """Show the moves to triggers and margin, and those that these cause, until all is quiet."""
        if self._is_following:
            return
        self._is_following = True
        try:
            while self._waiting:
                contract, last = self._waiting.popleft()
                history = self._histories[contract.symbol]
                history.note(contract, self._prices, self._clock.now_us())
                if last is not None:
                    self._triggers.see(contract, "CONTRACT_PRICE", last)
                self._triggers.see(contract, "MARK_PRICE", self._prices.mark(contract))
                look_at_margin(contract)
        finally:
            self._is_following = False
