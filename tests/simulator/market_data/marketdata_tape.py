"""A market without orders, for tests of what is derived from trades."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.market_data.market_data import MarketData
from binance_wsapi.simulator.observers import MarketObserver, Trade
from binance_wsapi.simulator.spot.book import Book

START_US = 1_700_000_000_123_456


class Tape:
    """A market that trades what a test says, without orders."""

    def __init__(self) -> None:
        self.clock = SimulatedClock(start_us=START_US, frozen=True)
        self.books = {name: Book(name) for name in ("BTCUSDT", "ETHUSDT", "OLDUSDT")}
        self.statuses = {"BTCUSDT": "TRADING", "ETHUSDT": "TRADING", "OLDUSDT": "BREAK"}
        self.observers: list[MarketObserver] = []
        self.trades: list[Trade] = []
        self.data = MarketData(self.clock, self)

    def trade(
        self,
        price: str | Decimal,
        quantity: str | Decimal = "1",
        *,
        symbol: str = "BTCUSDT",
        taker: int | None = None,
        buyer_is_maker: bool = False,
    ) -> Trade:
        trade_id = sum(trade.symbol == symbol for trade in self.trades)
        taker = 1_000_000 + trade_id if taker is None else taker
        trade = Trade(
            symbol=symbol,
            trade_id=trade_id,
            price=Decimal(price),
            quantity=Decimal(quantity),
            buyer_order_id=trade_id if buyer_is_maker else taker,
            seller_order_id=taker if buyer_is_maker else trade_id,
            buyer_is_maker=buyer_is_maker,
            time_us=self.clock.now_us(),
        )
        self.trades.append(trade)
        for observer in self.observers:
            observer.on_trade(trade)
        return trade

    def ask(self, method: str, **params: Any) -> Any:
        return self.data.handle(method, params)
