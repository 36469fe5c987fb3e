"""Order books in which orders rest by price and time: what every market of derivatives matches in.

What a match moves (positions, wallets, fees) is each market's own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar, cast

from binance_wsapi.simulator.accounts import EventSource
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.observers import MarketObserver, Trade
from binance_wsapi.simulator.spot.book import Book, BookSide, Level

__all__ = ["BookOrder", "OrderBooks"]

ZERO = Decimal(0)


@dataclass(slots=True, eq=False, kw_only=True)
class BookOrder(ABC):
    """One order, from its placement on, as far as all markets have it."""

    order_id: int
    account: EventSource
    client_order_id: str
    side: str
    time_in_force: str
    quantity: Decimal
    price: Decimal
    """Zero for market orders."""
    created_us: int
    updated_us: int
    reduce_only: bool = False
    prevention_mode: str = "NONE"
    status: str = "NEW"
    executed: Decimal = ZERO
    executed_value: Decimal = ZERO
    is_resting: bool = False
    """It stands in the book."""

    @property
    @abstractmethod
    def symbol(self) -> str:
        """Of what."""

    @property
    @abstractmethod
    def limit(self) -> Decimal | None:
        """The worst price that it trades at; ``None`` takes any."""

    @property
    def remaining(self) -> Decimal:
        """What is still to be filled."""
        return self.quantity - self.executed

    @property
    def is_open(self) -> bool:
        """Whether it may still be filled."""
        return self.status in {"NEW", "PARTIALLY_FILLED"}

    @property
    def is_buy(self) -> bool:
        """Whether it buys."""
        return self.side == "BUY"


AnyOrder = TypeVar("AnyOrder", bound=BookOrder)


class OrderBooks(ABC, Generic[AnyOrder]):
    """The books of one market. Only orders that were checked come here.

    Args:
        clock: Time of the exchange.
        symbols: Of the books there are from the beginning.

    Attributes:
        books: By symbol.
        observers: Told of trades and levels.
    """

    def __init__(self, clock: SimulatedClock, symbols: Iterable[str] = ()) -> None:
        self._clock = clock
        self._trade_ids: dict[str, int] = {}
        self.books: dict[str, Book] = {symbol: Book(symbol) for symbol in symbols}
        self.observers: list[MarketObserver] = []

    @abstractmethod
    def _match(self, taker: AnyOrder, maker: AnyOrder) -> None:
        """Let two orders trade at the price of the resting one."""

    @abstractmethod
    def _prevent(self, order: AnyOrder, taker: AnyOrder) -> None:
        """End an order that would trade with its own account's; it is the taker, or rests."""

    def execute(self, order: AnyOrder) -> None:
        """Let an order take from its book what it can, up to its limit."""
        side = self._opposite(order)
        while order.is_open and order.remaining:
            best = side.best()
            if best is None or not _reaches(order, order.limit, best):
                break
            resting: AnyOrder = next(iter(_orders(side.levels[best], order).values()))
            if resting.account is not order.account or order.prevention_mode == "NONE":
                self._match(order, resting)
                continue
            if order.prevention_mode in {"EXPIRE_MAKER", "EXPIRE_BOTH"}:
                self._prevent(resting, order)
            if order.prevention_mode in {"EXPIRE_TAKER", "EXPIRE_BOTH"}:
                self._prevent(order, order)

    def crosses(self, order: AnyOrder, price: Decimal) -> bool:
        """Whether an order at ``price`` would trade at once."""
        best = self._opposite(order).best()
        return best is not None and _reaches(order, price, best)

    def _fillable(
        self, order: AnyOrder, limit: Decimal | None, value: Callable[[Decimal, Decimal], Decimal]
    ) -> tuple[Decimal, Decimal]:
        """Return how much of an order its book could fill now, and what that is worth.

        Args:
            order: The order; its own account's orders count as if they traded.
            limit: Its limit; ``None`` for a market order.
            value: What a quantity is worth at a price.
        """
        side = self._opposite(order)
        quantity = worth = ZERO
        for price in side.prices():
            if quantity == order.remaining or not _reaches(order, limit, price):
                break
            part = min(order.remaining - quantity, side.levels[price].quantity)
            quantity += part
            worth += value(price, part)
        return quantity, worth

    def rest(self, order: AnyOrder) -> None:
        """Put an order into its book."""
        side = self._own(order)
        level = side.open_level(order.price)
        _orders(level, order)[order.order_id] = order
        order.is_resting = True
        self._change(order.symbol, side, level, order.remaining)

    def withdraw(self, order: AnyOrder) -> None:
        """Take an order out of its book, if it is there."""
        if order.is_resting:
            self._reduce(order, order.remaining, is_gone=True)

    def shrink(self, order: AnyOrder, quantity: Decimal) -> None:
        """Make a resting order smaller by less than what is left of it; it keeps its place."""
        order.quantity -= quantity
        self._reduce(order, quantity, is_gone=False)

    def _fill(self, taker: AnyOrder, maker: AnyOrder, quantity: Decimal, value: Decimal) -> int:
        """Take note of a match in both orders; return the id of the trade, of which nobody is told."""
        for order in (taker, maker):
            order.executed += quantity
            order.executed_value += value
            order.status = "PARTIALLY_FILLED" if order.remaining else "FILLED"
        return self._next_trade_id(taker.symbol)

    def _announce(
        self,
        taker: AnyOrder,
        maker: AnyOrder,
        *,
        trade_id: int,
        quantity: Decimal,
        value: Decimal,
    ) -> None:
        """Tell the observers of a match, and take it out of the book."""
        buyer, seller = (taker, maker) if taker.is_buy else (maker, taker)
        self._tell(
            Trade(
                symbol=taker.symbol,
                trade_id=trade_id,
                price=maker.price,
                quantity=quantity,
                buyer_order_id=buyer.order_id,
                seller_order_id=seller.order_id,
                buyer_is_maker=buyer is maker,
                time_us=self._clock.now_us(),
                value=value,
            )
        )
        self._reduce(maker, quantity, is_gone=not maker.remaining)

    def _announce_others(
        self,
        symbol: str,
        *,
        price: Decimal,
        quantity: Decimal,
        value: Decimal,
        buyer_is_maker: bool,
    ) -> None:
        """Tell the observers of a trade between others."""
        self._tell(
            Trade(
                symbol=symbol,
                trade_id=self._next_trade_id(symbol),
                price=price,
                quantity=quantity,
                buyer_order_id=0,
                seller_order_id=0,
                buyer_is_maker=buyer_is_maker,
                time_us=self._clock.now_us(),
                value=value,
            )
        )

    def _tell(self, trade: Trade) -> None:
        for observer in self.observers:
            observer.on_trade(trade)

    def _next_trade_id(self, symbol: str) -> int:
        trade_id = self._trade_ids[symbol] = self._trade_ids.get(symbol, 0) + 1
        return trade_id

    def _reduce(self, order: AnyOrder, quantity: Decimal, *, is_gone: bool) -> None:
        side = self._own(order)
        level = side.levels[order.price]
        if is_gone:
            del _orders(level, order)[order.order_id]
            order.is_resting = False
        self._change(order.symbol, side, level, -quantity)

    def _own(self, order: AnyOrder) -> BookSide:
        return self.books[order.symbol].side(order.side)

    def _opposite(self, order: AnyOrder) -> BookSide:
        return self.books[order.symbol].opposite(order.side)

    def _change(self, symbol: str, side: BookSide, level: Level, difference: Decimal) -> None:
        """Change the total of a level, close it when it is empty, and tell the observers."""
        level.quantity += difference
        if not level.orders:
            side.close_level(level.price)
        book = self.books[symbol]
        book.last_update_id += 1
        for observer in self.observers:
            observer.on_level(
                symbol,
                "BUY" if side.is_bids else "SELL",
                level.price,
                level.quantity,
                book.last_update_id,
                self._clock.now_us(),
            )


def _reaches(order: BookOrder, limit: Decimal | None, price: Decimal) -> bool:
    if limit is None:
        return True
    return price <= limit if order.is_buy else price >= limit


def _orders(level: Level, like: AnyOrder) -> OrderedDict[int, AnyOrder]:
    # The book orders what it is given and never looks into it; its annotation names Spot's orders.
    return cast("OrderedDict[int, AnyOrder]", level.orders)
