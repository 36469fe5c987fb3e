"""Matching by price and time, and what a match moves: orders, positions, wallets, fees."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import cast

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.eoptions.accounts import OptionFill, OptionOrder
from binance_wsapi.simulator.eoptions.contracts import CENT, Option
from binance_wsapi.simulator.eoptions.events import OptionEvents
from binance_wsapi.simulator.eoptions.risk import OptionRisk
from binance_wsapi.simulator.observers import MarketObserver, Trade
from binance_wsapi.simulator.spot.book import Book, BookSide, Level

__all__ = ["OptionMatching"]

ZERO = Decimal(0)
FEE_RATE = Decimal("0.0003")
"""Of the index price."""
MOST_OF_PRICE = Decimal("0.1")
"""No fee is more than this part of what the option cost."""


class OptionMatching:
    """The books of the options. Only orders that were checked come here.

    Args:
        clock: Time of the exchange.
        risk: Index prices.
        events: Where the accounts' events are made.
        on_fill: Called with each order after each of its fills.

    Attributes:
        books: By symbol.
        observers: Told of trades and levels.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        risk: OptionRisk,
        events: OptionEvents,
        on_fill: Callable[[OptionOrder], None],
    ) -> None:
        self._clock = clock
        self._risk = risk
        self._events = events
        self._on_fill = on_fill
        self._trade_ids: dict[str, int] = {}
        self.books: dict[str, Book] = {}
        self.observers: list[MarketObserver] = []

    def crosses(self, order: OptionOrder) -> bool:
        """Whether an order would trade at once."""
        best = self._opposite(order).best()
        return best is not None and _reaches(order, best)

    def fillable(self, order: OptionOrder) -> Decimal:
        """Return how much of an order the book could fill now."""
        side, quantity = self._opposite(order), ZERO
        for price in side.prices():
            if not _reaches(order, price):
                break
            quantity += side.levels[price].quantity
        return min(quantity, order.remaining)

    def execute(self, order: OptionOrder) -> None:
        """Let an order take from the book what it can, up to its limit."""
        side = self._opposite(order)
        while order.is_open and order.remaining:
            best = side.best()
            if best is None or not _reaches(order, best):
                break
            resting = next(iter(_orders(side.levels[best]).values()))
            if not self._prevents_self_trade(order, resting):
                self._match(order, resting, best)

    def rest(self, order: OptionOrder) -> None:
        """Put an order into the book."""
        side = self._own_side(order)
        level = side.open_level(order.price)
        _orders(level)[order.order_id] = order
        order.is_resting = True
        self._change(order.option, side, level, order.remaining)

    def finish(self, order: OptionOrder, status: str) -> None:
        """End an order that is not filled: cancelled or expired."""
        if order.is_resting:
            side = self._own_side(order)
            level = side.levels[order.price]
            del _orders(level)[order.order_id]
            order.is_resting = False
            self._change(order.option, side, level, -order.remaining)
        order.status = status
        order.updated_us = self._clock.now_us()
        _forget(order)
        self._events.order(order, "CANCELED" if status == "CANCELED" else "EXPIRED")

    def _prevents_self_trade(self, order: OptionOrder, resting: OptionOrder) -> bool:
        mode = order.prevention_mode
        if resting.account is not order.account or mode == "NONE":
            return False
        if mode in {"EXPIRE_MAKER", "EXPIRE_BOTH"}:
            self.finish(resting, "EXPIRED_IN_MATCH")
        if mode in {"EXPIRE_TAKER", "EXPIRE_BOTH"}:
            self.finish(order, "EXPIRED_IN_MATCH")
        return True

    def _match(self, taker: OptionOrder, maker: OptionOrder, price: Decimal) -> None:
        symbol, now_us = taker.option.symbol, self._clock.now_us()
        quantity = min(taker.remaining, maker.remaining)
        trade_id = self._trade_ids[symbol] = self._trade_ids.get(symbol, 0) + 1
        for order in (taker, maker):
            order.executed += quantity
            order.executed_value += quantity * price
            order.status = "PARTIALLY_FILLED" if order.remaining else "FILLED"
            order.updated_us = now_us
        buyer, seller = (taker, maker) if taker.is_buy else (maker, taker)
        trade = Trade(
            symbol=symbol,
            trade_id=trade_id,
            price=price,
            quantity=quantity,
            buyer_order_id=buyer.order_id,
            seller_order_id=seller.order_id,
            buyer_is_maker=buyer is maker,
            time_us=now_us,
        )
        for observer in self.observers:
            observer.on_trade(trade)
        side = self._own_side(maker)
        level = side.levels[price]
        if not maker.remaining:
            del _orders(level)[maker.order_id]
            maker.is_resting = False
        self._change(maker.option, side, level, -quantity)
        for order in (maker, taker):
            self._settle(order, trade_id, price, quantity, is_maker=order is maker)

    def _settle(
        self,
        order: OptionOrder,
        trade_id: int,
        price: Decimal,
        quantity: Decimal,
        *,
        is_maker: bool,
    ) -> None:
        """Move position and wallet of one side of a trade, and tell the account."""
        account, option = order.account, order.option
        signed = quantity if order.is_buy else -quantity
        rate = min(FEE_RATE * self._risk.index(option) * option.unit, MOST_OF_PRICE * price)
        fee = (rate * quantity).quantize(CENT, ROUND_HALF_UP)
        position = account.position(option)
        profit = position.trade(signed, price)
        account.balance -= signed * price + fee
        if not order.remaining:
            _forget(order)
        fill = OptionFill(
            order, trade_id, price, quantity, is_maker, fee, profit, self._clock.now_us()
        )
        if not account.is_house:
            account.fills.append(fill)
        self._events.order(order, "TRADE", fill)
        self._events.balances(account, "ORDER", positions=[position])
        self._events.standing(account)
        self._on_fill(order)

    def _own_side(self, order: OptionOrder) -> BookSide:
        return self.books[order.option.symbol].side(order.side)

    def _opposite(self, order: OptionOrder) -> BookSide:
        return self.books[order.option.symbol].opposite(order.side)

    def _change(self, option: Option, side: BookSide, level: Level, difference: Decimal) -> None:
        """Change the total of a level, close it when it is empty, and tell the observers."""
        level.quantity += difference
        if not level.orders:
            side.close_level(level.price)
        book = self.books[option.symbol]
        book.last_update_id += 1
        for observer in self.observers:
            observer.on_level(
                option.symbol,
                "BUY" if side.is_bids else "SELL",
                level.price,
                level.quantity,
                book.last_update_id,
                self._clock.now_us(),
            )


def _reaches(order: OptionOrder, price: Decimal) -> bool:
    return price <= order.price if order.is_buy else price >= order.price


def _forget(order: OptionOrder) -> None:
    account = order.account
    account.open_orders.pop(order.order_id, None)
    if account.is_house:
        account.orders.pop(order.order_id, None)


def _orders(level: Level) -> OrderedDict[int, OptionOrder]:
    # The book orders what it is given and never looks into it; its annotation names Spot's orders.
    return cast("OrderedDict[int, OptionOrder]", level.orders)
