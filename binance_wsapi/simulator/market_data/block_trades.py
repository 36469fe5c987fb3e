"""Block trades: agreed on outside the book, they move no price and no statistic."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.market_data.bounded_log import BoundedLog
from binance_wsapi.simulator.market_data.requests import Request
from binance_wsapi.simulator.market_data.rows import block_trade_row
from binance_wsapi.simulator.observers import Trade

__all__ = ["BlockTrades"]

KEPT = 1_000


class BlockTrades:
    """The newest block trades of each symbol.

    Attributes:
        listeners: Called with each of them.
    """

    def __init__(self, clock: SimulatedClock) -> None:
        self.listeners: list[Callable[[Trade], None]] = []
        self._clock = clock
        self._by_symbol: dict[str, BoundedLog[Trade]] = {}

    def record(
        self, symbol: str, price: Decimal, quantity: Decimal, *, buyer_is_maker: bool
    ) -> Trade:
        """Report a block trade."""
        log = self._by_symbol.setdefault(symbol, BoundedLog(KEPT))
        trade = Trade(
            symbol=symbol,
            trade_id=log.end,
            price=price,
            quantity=quantity,
            buyer_order_id=-1,
            seller_order_id=-1,
            buyer_is_maker=buyer_is_maker,
            time_us=self._clock.now_us(),
        )
        log.append(trade)
        for listener in tuple(self.listeners):
            listener(trade)
        return trade

    def answer(self, request: Request) -> object:
        """Answer ``blockTrades.historical``."""
        symbol, limit = request.symbol(), request.limit()
        from_id = request.mandatory_number("fromId")
        log = self._by_symbol.get(symbol)
        if log is None:
            return []
        return [block_trade_row(trade) for trade in log.between(from_id, from_id + limit)]
