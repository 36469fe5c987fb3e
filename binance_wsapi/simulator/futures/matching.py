"""Matching by price and time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from decimal import Decimal
from typing import cast

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.events import UserEvents
from binance_wsapi.simulator.futures.orders import ExpiryReason, FuturesOrder
from binance_wsapi.simulator.futures.prices import Prices
from binance_wsapi.simulator.futures.settlement import Execution, Settlement
from binance_wsapi.simulator.observers import MarketObserver, Trade
from binance_wsapi.simulator.spot.book import Book, BookSide, Level

__all__ = ["Matching"]

ZERO = Decimal(0)


class Matching:
    """The books of a futures market.

    Only orders that were checked come here. It fills, rests and expires them, and tells accounts and
    observers.

    Args:
        clock: Time of the exchange.
        contracts: What is traded.
        prices: Told of each trade.
        events: Where the accounts' events are made.

    Attributes:
        books: By symbol.
        observers: Told of trades and levels.
        settlement: Moves wallets and positions.
        on_end: Called with each order that ended, whatever way.
        on_price: Called after each trade with its contract and price.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        contracts: tuple[Contract, ...],
        prices: Prices,
        events: UserEvents,
        *,
        on_end: Callable[[FuturesOrder], None],
        on_price: Callable[[Contract, Decimal], None],
    ) -> None:
        self._clock = clock
        self._prices = prices
        self._events = events
        self._on_end = on_end
        self._on_price = on_price
        self._trade_ids: dict[str, int] = {contract.symbol: 0 for contract in contracts}
        self.books: dict[str, Book] = {one.symbol: Book(one.symbol) for one in contracts}
        self.observers: list[MarketObserver] = []
        self.settlement = Settlement(clock, events, on_end=on_end)

    def crosses(self, order: FuturesOrder, price: Decimal) -> bool:
        """Whether an order at ``price`` would trade at once."""
        best = self.books[order.contract.symbol].opposite(order.side).best()
        return best is not None and _reaches(order.side, price, best)

    def fillable(self, order: FuturesOrder, price: Decimal | None) -> tuple[Decimal, Decimal]:
        """Return how much of an order the book could fill now, and what that is worth.

        Args:
            order: The order; its own account's orders count as if they traded.
            price: Its limit; ``None`` for a market order.
        """
        side = self.books[order.contract.symbol].opposite(order.side)
        quantity = value = ZERO
        for level_price in side.prices():
            if price is not None and not _reaches(order.side, price, level_price):
                break
            part = min(order.remaining - quantity, side.levels[level_price].quantity)
            quantity += part
            value += order.contract.value(level_price, part)
            if quantity == order.remaining:
                break
        return quantity, value

    def execute(self, order: FuturesOrder) -> None:
        """Let an order take from the book what it can, up to its limit."""
        side = self.books[order.contract.symbol].opposite(order.side)
        limit = order.price if order.type == "LIMIT" else None
        while order.is_open and order.remaining:
            best = side.best()
            if best is None or (limit is not None and not _reaches(order.side, limit, best)):
                break
            resting = _first(side.levels[best])
            if self._prevents_self_trade(order, resting):
                continue
            self._match(order, resting, best)

    def print_trade(
        self, contract: Contract, price: Decimal, quantity: Decimal, *, buyer_is_maker: bool
    ) -> bool:
        """Tell of a trade between others; false when an order rests in its way, or the contract cannot trade so."""
        is_possible = not (price % contract.tick_size or quantity % contract.step_size)
        if not is_possible or not self.books[contract.symbol].is_free_at(price):
            return False
        self._trade_ids[contract.symbol] += 1
        self._prices.traded(contract, price)
        trade = Trade(
            symbol=contract.symbol,
            trade_id=self._trade_ids[contract.symbol],
            price=price,
            quantity=quantity,
            buyer_order_id=0,
            seller_order_id=0,
            buyer_is_maker=buyer_is_maker,
            time_us=self._clock.now_us(),
            value=contract.value(price, quantity),
        )
        for observer in self.observers:
            observer.on_trade(trade)
        self._on_price(contract, price)
        return True

    def rest(self, order: FuturesOrder) -> None:
        """Put an order into the book."""
        side = self._own_side(order)
        level = side.open_level(order.price)
        _orders(level)[order.order_id] = order
        order.is_resting = True
        self._change(order.contract, side, level, order.remaining)

    def withdraw(self, order: FuturesOrder) -> None:
        """Take an order out of the book, if it is there."""
        if not order.is_resting:
            return
        side = self._own_side(order)
        level = side.levels[order.price]
        del _orders(level)[order.order_id]
        order.is_resting = False
        self._change(order.contract, side, level, -order.remaining)

    def finish(self, order: FuturesOrder, status: str, *, reason: str = ExpiryReason.NONE) -> None:
        """End an order that is not filled: cancelled, expired, or prevented from self-trading."""
        self.withdraw(order)
        order.status = status
        order.expiry_reason = reason
        order.updated_us = self._clock.now_us()
        self.settlement.close(order)
        self._events.order(order, "CANCELED" if status == "CANCELED" else "EXPIRED")
        self._on_end(order)

    def assign(
        self, order: FuturesOrder, other: FuturesOrder, price: Decimal, quantity: Decimal
    ) -> None:
        """Fill two orders against each other off the book: nobody else sees it, and it costs no commission."""
        value = order.contract.value(price, quantity)
        trade_id = self._fill(order, other, quantity, value)
        for one in (order, other):
            self.settlement.settle(
                Execution(one, trade_id, price, quantity, value, is_on_book=False)
            )
        for one in (order, other):
            self._expire_spent_orders(one)

    def _prevents_self_trade(self, order: FuturesOrder, resting: FuturesOrder) -> bool:
        """Expire what the taker's mode says when both orders are of one account."""
        mode = order.prevention_mode
        if resting.account is not order.account or mode == "NONE":
            return False
        if mode in {"EXPIRE_MAKER", "EXPIRE_BOTH"}:
            self.finish(resting, "EXPIRED_IN_MATCH", reason=ExpiryReason.SELF_TRADE)
        if mode in {"EXPIRE_TAKER", "EXPIRE_BOTH"}:
            is_ioc = order.time_in_force == "IOC"
            reason = ExpiryReason.IOC_SELF_TRADE if is_ioc else ExpiryReason.SELF_TRADE
            self.finish(order, "EXPIRED_IN_MATCH", reason=reason)
        return True

    def _match(self, taker: FuturesOrder, maker: FuturesOrder, price: Decimal) -> None:
        """Fill two orders against each other; an order with nothing left to reduce expires instead."""
        allowed = {order: _closable(order) for order in (taker, maker) if order.only_closes}
        spent = [order for order, quantity in allowed.items() if not quantity]
        for order in spent:
            self.finish(order, "EXPIRED", reason=ExpiryReason.REDUCE_ONLY)
        if spent:
            return
        quantity = min(taker.remaining, maker.remaining, *allowed.values())
        contract = taker.contract
        value = contract.value(price, quantity)
        trade_id = self._fill(taker, maker, quantity, value)
        self._prices.traded(contract, price)
        self._announce(taker, maker, price, quantity, value, trade_id)
        for order in (maker, taker):
            self.settlement.settle(
                Execution(order, trade_id, price, quantity, value, is_maker=order is maker)
            )
        for order in (maker, taker):
            self._expire_spent_orders(order)
        self._on_price(contract, price)

    def _fill(
        self, order: FuturesOrder, other: FuturesOrder, quantity: Decimal, value: Decimal
    ) -> int:
        """Take note of a match in both orders; return the id of the trade."""
        for one in (order, other):
            one.executed += quantity
            one.executed_value += value
            one.status = "PARTIALLY_FILLED" if one.remaining else "FILLED"
        self._trade_ids[order.contract.symbol] += 1
        return self._trade_ids[order.contract.symbol]

    def _announce(
        self,
        taker: FuturesOrder,
        maker: FuturesOrder,
        price: Decimal,
        quantity: Decimal,
        value: Decimal,
        trade_id: int,
    ) -> None:
        """Tell the observers of a trade and take it out of the book."""
        buyer, seller = (taker, maker) if taker.is_buy else (maker, taker)
        trade = Trade(
            symbol=taker.contract.symbol,
            trade_id=trade_id,
            price=price,
            quantity=quantity,
            buyer_order_id=buyer.order_id,
            seller_order_id=seller.order_id,
            buyer_is_maker=buyer is maker,
            time_us=self._clock.now_us(),
            value=value,
        )
        for observer in self.observers:
            observer.on_trade(trade)
        side = self._own_side(maker)
        level = side.levels[price]
        if not maker.remaining:
            del _orders(level)[maker.order_id]
            maker.is_resting = False
        self._change(maker.contract, side, level, -quantity)

    def _expire_spent_orders(self, order: FuturesOrder) -> None:
        """Expire an account's resting orders that have no position left to reduce."""
        for other in list(order.account.open_orders_of(order.contract)):
            if other.is_resting and other.only_closes and not _closable(other):
                self.finish(other, "EXPIRED", reason=ExpiryReason.REDUCE_ONLY)

    def _own_side(self, order: FuturesOrder) -> BookSide:
        return self.books[order.contract.symbol].side(order.side)

    def _change(
        self, contract: Contract, side: BookSide, level: Level, difference: Decimal
    ) -> None:
        """Change the total of a level, close it when it is empty, and tell the observers."""
        level.quantity += difference
        if not level.orders:
            side.close_level(level.price)
        book = self.books[contract.symbol]
        book.last_update_id += 1
        for observer in self.observers:
            observer.on_level(
                contract.symbol,
                "BUY" if side.is_bids else "SELL",
                level.price,
                level.quantity,
                book.last_update_id,
                self._clock.now_us(),
            )


def _reaches(side: str, limit: Decimal, price: Decimal) -> bool:
    return price <= limit if side == "BUY" else price >= limit


def _closable(order: FuturesOrder) -> Decimal:
    """Return how much of its position an order that only closes may still close."""
    return order.account.held(order.contract, order.position_side).closing_quantity(order.side)


def _orders(level: Level) -> OrderedDict[int, FuturesOrder]:
    # The book orders what it is given and never looks into it; its annotation names Spot's orders.
    return cast("OrderedDict[int, FuturesOrder]", level.orders)


def _first(level: Level) -> FuturesOrder:
    return next(iter(_orders(level).values()))
