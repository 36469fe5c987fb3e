"""Matching by price and time."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.events import UserEvents
from binance_wsapi.simulator.futures.orders import ExpiryReason, FuturesOrder
from binance_wsapi.simulator.futures.prices import Prices
from binance_wsapi.simulator.futures.settlement import Execution, Settlement
from binance_wsapi.simulator.order_books import OrderBooks

__all__ = ["Matching"]


class Matching(OrderBooks[FuturesOrder]):
    """The books of a futures market.

    Only orders that were checked come here. It fills, rests and expires them, and tells accounts and
    observers.

    Args:
        clock: Time of the exchange.
        contracts: What is traded.
        prices: Told of each trade.
        events: Where the accounts' events are made.

    Attributes:
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
        super().__init__(clock, (contract.symbol for contract in contracts))
        self._prices = prices
        self._events = events
        self._on_end = on_end
        self._on_price = on_price
        self.settlement = Settlement(clock, events, on_end=on_end)

    def fillable(self, order: FuturesOrder, limit: Decimal | None) -> tuple[Decimal, Decimal]:
        """Return how much of an order the book could fill now up to a limit, and what that is worth."""
        return self._fillable(order, limit, order.contract.value)

    def print_trade(
        self, contract: Contract, price: Decimal, quantity: Decimal, *, buyer_is_maker: bool
    ) -> bool:
        """Tell of a trade between others; false when an order rests in its way, or the contract cannot trade so."""
        is_possible = not (price % contract.tick_size or quantity % contract.step_size)
        if not is_possible or not self.books[contract.symbol].is_free_at(price):
            return False
        self._prices.traded(contract, price)
        self._announce_others(
            contract.symbol,
            price=price,
            quantity=quantity,
            value=contract.value(price, quantity),
            buyer_is_maker=buyer_is_maker,
        )
        self._on_price(contract, price)
        return True

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
        self.settlement.settle(
            *(
                Execution(one, trade_id, price, quantity, value, is_on_book=False)
                for one in (order, other)
            )
        )
        for one in (order, other):
            self._expire_spent_orders(one)

    def _prevent(self, order: FuturesOrder, taker: FuturesOrder) -> None:
        is_ioc = order is taker and order.time_in_force == "IOC"
        reason = ExpiryReason.IOC_SELF_TRADE if is_ioc else ExpiryReason.SELF_TRADE
        self.finish(order, "EXPIRED_IN_MATCH", reason=reason)

    def _match(self, taker: FuturesOrder, maker: FuturesOrder) -> None:
        """Fill two orders against each other; an order with nothing left to reduce expires instead."""
        allowed = {order: _closable(order) for order in (taker, maker) if order.only_closes}
        spent = [order for order, quantity in allowed.items() if not quantity]
        for order in spent:
            self.finish(order, "EXPIRED", reason=ExpiryReason.REDUCE_ONLY)
        if spent:
            return
        quantity = min(taker.remaining, maker.remaining, *allowed.values())
        contract, price = taker.contract, maker.price
        value = contract.value(price, quantity)
        trade_id = self._fill(taker, maker, quantity, value)
        self._prices.traded(contract, price)
        self._announce(taker, maker, trade_id=trade_id, quantity=quantity, value=value)
        self.settlement.settle(
            *(
                Execution(order, trade_id, price, quantity, value, is_maker=order is maker)
                for order in (maker, taker)
            )
        )
        for order in (maker, taker):
            self._expire_spent_orders(order)
        self._on_price(contract, price)

    def _expire_spent_orders(self, order: FuturesOrder) -> None:
        """Expire an account's resting orders that have no position left to reduce."""
        if order.account.is_house:
            return  # it rests a whole book, and nothing that only closes
        for other in list(order.account.open_orders_of(order.contract)):
            if other.is_resting and other.only_closes and not _closable(other):
                self.finish(other, "EXPIRED", reason=ExpiryReason.REDUCE_ONLY)


def _closable(order: FuturesOrder) -> Decimal:
    """Return how much of its position an order that only closes may still close."""
    return order.account.held(order.contract, order.position_side).closing_quantity(order.side)
