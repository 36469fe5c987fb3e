"""A quiet market maker: a book that is always there, around a price that stays where it is put."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.clock import ScheduledCall, SimulatedClock
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.spot.ladder import Ladder, Quote
from binance_wsapi.simulator.spot.market import SpotMarket

__all__ = ["MarketMaker", "plain_text"]

FORTUNE = Decimal(10) ** 12
REFILL_SECONDS = 0.2
RETRY_SECONDS = 1.0
ZERO = Decimal(0)
Level = tuple[str, Decimal]
"""Side and price."""


def plain_text(value: Decimal) -> str:
    """Return a decimal as a request carries it."""
    return format(value, "f")


@dataclass(slots=True)
class _Resting:
    """An order of the maker that is in the book."""

    level: Level
    quantity: Decimal
    """What is left of it."""


class MarketMaker:
    """An account that quotes on both sides of each symbol and refills what others take.

    Taken levels come back after a moment of the exchange's time; a side that was emptied comes back at once.
    It begins with one trade with itself (a second account), so that each symbol has a last price.
    Single-threaded like the market.

    Args:
        clock: The exchange's clock.
        market: Where it trades.
        rng: Where quantities come from.
        symbols: Where it quotes; all symbols of the market when left out.

    Attributes:
        account: Who quotes.
        taker: Who takes the first trade, and the trades of a random market.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        market: SpotMarket,
        rng: Random,
        symbols: Iterable[str] | None = None,
    ) -> None:
        self._clock = clock
        self._market = market
        self._rng = rng
        names = tuple(market.symbols if symbols is None else symbols)
        self._ladders = {name: Ladder(market.symbols[name]) for name in names}
        self._middles = {
            name: market.engine.last_price(name) or market.symbols[name].start_price
            for name in names
        }
        self._targets: dict[str, dict[Level, Decimal]] = {name: {} for name in names}
        self._resting: dict[str, dict[int, _Resting]] = {name: {} for name in names}
        self._refills: dict[str, ScheduledCall] = {}
        self._order_count = 0
        assets = {
            asset
            for name in names
            for asset in (market.symbols[name].base_asset, market.symbols[name].quote_asset)
        }
        self.account = market.open_account(dict.fromkeys(sorted(assets), FORTUNE))
        self.taker = market.open_account(dict.fromkeys(sorted(assets), FORTUNE))
        self.account.keeps_history = self.taker.keeps_history = False

    @property
    def symbols(self) -> tuple[str, ...]:
        """Where it quotes."""
        return tuple(self._ladders)

    def start(self) -> None:
        """Trade once at each symbol's price and fill the books."""
        self.account.listeners.append(self._on_event)
        self._market.observers.append(self)
        for symbol in self._ladders:
            self._open(symbol)
            self._refill(symbol)

    def stop(self) -> None:
        """Quote no more; take all orders out of the books."""
        self._market.observers.remove(self)
        for call in self._refills.values():
            call.cancel()
        self._refills.clear()
        for symbol, orders in self._resting.items():
            for order_id in tuple(orders):
                self._cancel(symbol, order_id)
        self.account.listeners.remove(self._on_event)

    def middle(self, symbol: str) -> Decimal:
        """Return the price around which a symbol is quoted."""
        return self._middles[symbol]

    def move_to(self, symbol: str, price: Decimal) -> None:
        """Quote a symbol around another price from now on."""
        self._middles[symbol] = self._ladders[symbol].on_tick(price)
        self._refill(symbol)

    def size(self, symbol: str, notionals: int) -> Decimal:
        """Return the quantity that is worth this many of the least orders the symbol allows."""
        return self._ladders[symbol].worth(notionals, self._middles[symbol])

    def take(self, symbol: str, side: str, quantity: Decimal) -> None:
        """Let the maker's second account trade at the market's price; a refusal is passed over."""
        params = {"symbol": symbol, "side": side, "type": "MARKET"}
        params["quantity"] = plain_text(self._ladders[symbol].on_step(quantity))
        try:
            self._market.handle("order.place", params, self.taker)
        except ExchangeError:
            # A halted symbol, a filter the user chose: the market goes on without this trade.
            return

    # What the market tells.

    def on_trade(self, trade: object) -> None:
        """Fills arrive as the account's own events."""

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
        """A symbol that trades again, or under other rules, is quoted anew."""
        if symbol in self._ladders:
            self._schedule(symbol, REFILL_SECONDS)

    def _on_event(self, event: dict[str, Any]) -> None:
        """Keep account of the orders in the book by their execution reports."""
        if event["e"] != "executionReport":
            return
        order_id, symbol = event["i"], event["s"]
        if event["X"] in ("NEW", "PARTIALLY_FILLED"):
            level = event["S"], Decimal(event["p"])
            left = Decimal(event["q"]) - Decimal(event["z"])
            self._resting[symbol][order_id] = _Resting(level, left)
        else:
            self._resting[symbol].pop(order_id, None)
        if event["x"] == "TRADE":
            book = self._market.books[symbol]
            is_empty = not len(book.side(event["S"]))
            self._schedule(symbol, 0.0 if is_empty else REFILL_SECONDS)

    def _schedule(self, symbol: str, seconds: float) -> None:
        """Refill a symbol's book in some time, or earlier when that is planned already."""
        when_us = self._clock.now_us() + round(seconds * 1_000_000)
        planned = self._refills.get(symbol)
        if planned is not None:
            if planned.when_us <= when_us:
                return
            planned.cancel()
        self._refills[symbol] = self._clock.call_at(when_us, partial(self._refill, symbol))

    def _refill(self, symbol: str) -> None:
        """Bring the symbol's orders in line with its ladder."""
        planned = self._refills.pop(symbol, None)
        if planned is not None:
            planned.cancel()
        if self._market.statuses[symbol] != "TRADING":
            return
        ladder, targets = self._ladders[symbol], self._targets[symbol]
        wanted = {
            (quote.side, quote.price): quote for quote in ladder.quotes(self._middles[symbol])
        }
        there = self._clear_others(symbol, wanted)
        self._targets[symbol] = {
            level: targets.get(level) or ladder.quantity(quote, self._rng)
            for level, quote in wanted.items()
        }
        is_complete = True
        for level, target in self._targets[symbol].items():
            left = there.get(level, ZERO)
            missing = target - left
            side, price = level
            if left * 2 < target and ladder.is_worth_an_order(missing, price):
                is_complete &= self._place(self.account, symbol, side, price, missing, "GTC")
        if not is_complete:
            self._schedule(symbol, RETRY_SECONDS)

    def _clear_others(self, symbol: str, wanted: Mapping[Level, Quote]) -> dict[Level, Decimal]:
        """Cancel orders off the ladder; return what rests on each of its levels."""
        there: dict[Level, Decimal] = {}
        for order_id, order in tuple(self._resting[symbol].items()):
            if order.level in wanted:
                there[order.level] = there.get(order.level, ZERO) + order.quantity
            else:
                self._cancel(symbol, order_id)
        return there

    def _open(self, symbol: str) -> None:
        """Make the symbol's first trade, at the price it begins with."""
        ladder = self._ladders[symbol]
        price = ladder.on_tick(self._middles[symbol])
        quantity = ladder.quantity(Quote("SELL", price, is_deep=False, distance=0), self._rng)
        if self._place(self.account, symbol, "SELL", price, quantity, "GTC"):
            self._place(self.taker, symbol, "BUY", price, quantity, "IOC")

    def _place(
        self,
        account: Account,
        symbol: str,
        side: str,
        price: Decimal,
        quantity: Decimal,
        time_in_force: str,
    ) -> bool:
        """Place a limit order; return whether the exchange took it."""
        self._order_count += 1
        params = {
            "symbol": symbol,
            "side": side,
            "type": "LIMIT",
            "timeInForce": time_in_force,
            "price": plain_text(price),
            "quantity": plain_text(quantity),
            "newClientOrderId": f"maker-{self._order_count}",
            "newOrderRespType": "ACK",
        }
        try:
            self._market.handle("order.place", params, account)
        except ExchangeError:
            return False
        return True

    def _cancel(self, symbol: str, order_id: int) -> None:
        self._resting[symbol].pop(order_id, None)
        try:
            params = {"symbol": symbol, "orderId": order_id}
            self._market.handle("order.cancel", params, self.account)
        except ExchangeError:
            # It ended meanwhile, or the symbol is closed even to cancellations.
            return
