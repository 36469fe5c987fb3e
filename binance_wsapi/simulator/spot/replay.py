"""Replay of given trades: the market does again what a tape says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.clock import ScheduledCall, SimulatedClock
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.spot.market import SpotMarket
from binance_wsapi.simulator.spot.market_maker import FORTUNE, plain_text

__all__ = ["Replay", "ReplayedTrade"]

MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class ReplayedTrade:
    """One trade of a tape."""

    price: Decimal
    quantity: Decimal
    """In base asset units."""
    after_seconds: float
    """Exchange time from the start of the replay."""
    buyer_is_maker: bool = False


class Replay:
    """Trades of one symbol, made again through its book by two accounts.

    At the time of each trade one account offers its quantity at its price and the other takes it. Orders of
    others that stand in the way trade first, at their own prices, as they would have; what the tape's trade
    leaves over is taken out of the book. Best used without a market maker on the symbol: its quotes stand
    in the way like any others.

    Args:
        clock: The exchange's clock.
        market: Where the trades happen.
        symbol: What is traded.
        trades: The tape, in order of time.

    Attributes:
        done: How many trades of the tape were made.
        refused: What the exchange refused of them, and why.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        market: SpotMarket,
        symbol: str,
        trades: Iterable[ReplayedTrade],
    ) -> None:
        spec = market.symbols[symbol]
        self._clock = clock
        self._market = market
        self._symbol = symbol
        self._trades = iter(trades)
        balances = {spec.base_asset: FORTUNE, spec.quote_asset: FORTUNE}
        self._maker = market.open_account(balances)
        self._taker = market.open_account(balances)
        self._maker.keeps_history = self._taker.keeps_history = False
        self._next: ScheduledCall | None = None
        self._began_us = 0
        self.done = 0
        self.refused: list[tuple[ReplayedTrade, ExchangeError]] = []

    @property
    def is_over(self) -> bool:
        """Whether no trade waits for its time."""
        return self._next is None

    def start(self) -> None:
        """Begin now."""
        self._began_us = self._clock.now_us()
        self._plan()

    def stop(self) -> None:
        """Leave the rest of the tape unplayed."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _plan(self) -> None:
        trade = next(self._trades, None)
        if trade is None:
            self._next = None
            return
        when_us = self._began_us + round(trade.after_seconds * MICROSECONDS)
        self._next = self._clock.call_at(when_us, lambda: self._play(trade))

    def _play(self, trade: ReplayedTrade) -> None:
        sides = ("BUY", "SELL") if trade.buyer_is_maker else ("SELL", "BUY")
        try:
            offer = self._order(self._maker, sides[0], "GTC", trade)
            try:
                self._order(self._taker, sides[1], "IOC", trade)
            finally:
                self._withdraw(offer)
            self.done += 1
        except ExchangeError as refusal:
            self.refused.append((trade, refusal))
        self._plan()

    def _order(
        self, account: Account, side: str, time_in_force: str, trade: ReplayedTrade
    ) -> dict[str, Any]:
        answer = self._market.handle(
            "order.place",
            {
                "symbol": self._symbol,
                "side": side,
                "type": "LIMIT",
                "timeInForce": time_in_force,
                "price": plain_text(trade.price),
                "quantity": plain_text(trade.quantity),
                "newOrderRespType": "RESULT",
            },
            account,
        )
        return cast("dict[str, Any]", answer)

    def _withdraw(self, offer: dict[str, Any]) -> None:
        """Take what is left of an offer out of the book."""
        params = {"symbol": self._symbol, "orderId": offer["orderId"]}
        try:
            self._market.handle("order.cancel", params, self._maker)
        except ExchangeError:
            # Taken whole, as it should be.
            return
