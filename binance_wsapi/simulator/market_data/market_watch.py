"""Passes a market's trades and book changes on, by symbol, to those who watch it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from binance_wsapi.simulator.clock import ScheduledCall, SimulatedClock
from binance_wsapi.simulator.observers import MarketObserver, Trade

__all__ = ["MarketWatch"]

TradeWatcher = Callable[[Trade], None]
LevelWatcher = Callable[[str, Decimal], None]
"""Takes side and price of a level whose total changed."""
W = TypeVar("W")


class MarketWatch:
    """One observer of a market for any number of watchers of single symbols.

    It joins the market's observers when the first watcher comes, so that an exchange without listeners
    pays nothing.

    Args:
        clock: The exchange's clock.
        observers: Those of the market.
    """

    def __init__(self, clock: SimulatedClock, observers: list[MarketObserver]) -> None:
        self._clock = clock
        self._observers = observers
        self._is_attached = False
        self._trade_watchers: dict[str, list[TradeWatcher]] = {}
        self._level_watchers: dict[str, list[LevelWatcher]] = {}

    def trades(self, symbol: str, watcher: TradeWatcher) -> Callable[[], None]:
        """Call ``watcher`` with each trade of a symbol; return what ends that."""
        return self._watch(self._trade_watchers, symbol, watcher)

    def levels(self, symbol: str, watcher: LevelWatcher) -> Callable[[], None]:
        """Call ``watcher`` with side and price of each level that changes; return what ends that."""
        return self._watch(self._level_watchers, symbol, watcher)

    def after_request(self, action: Callable[[], None]) -> ScheduledCall:
        """Run ``action`` when the request at hand, with all its trades and levels, is through."""
        return self._clock.call_at(self._clock.now_us(), action)

    def on_trade(self, trade: Trade) -> None:
        """Pass a trade on."""
        for watcher in tuple(self._trade_watchers.get(trade.symbol, ())):
            watcher(trade)

    def on_level(
        self,
        symbol: str,
        side: str,
        price: Decimal,
        quantity: Decimal,
        update_id: int,
        time_us: int,
    ) -> None:
        """Pass a level on; watchers read its total from the book when they need it."""
        for watcher in tuple(self._level_watchers.get(symbol, ())):
            watcher(side, price)

    def on_symbol(self, symbol: str) -> None:
        """No stream tells of statuses and rules."""

    def _watch(self, watchers: dict[str, list[W]], symbol: str, watcher: W) -> Callable[[], None]:
        if not self._is_attached:
            self._observers.append(self)
            self._is_attached = True
        watchers.setdefault(symbol, []).append(watcher)
        return lambda: watchers[symbol].remove(watcher)
