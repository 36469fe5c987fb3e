"""A book as a tape tells it: orders of a house account stand for everybody who waited at its levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.matching import Matching
from binance_wsapi.simulator.futures.order_intake import OrderIntake
from binance_wsapi.simulator.futures.orders import FuturesOrder
from binance_wsapi.simulator.futures.requests import NewOrder

__all__ = ["RecordedBook"]

ZERO = Decimal(0)
Level = tuple[str, Decimal]
"""Side and price."""


class RecordedBook:
    """The levels of one contract's book that come from a tape.

    A tape tells totals, and not whose orders they are. What comes to a level queues behind all that waits there; what
    goes without a trade goes from its end. So an order of somebody else moves up by what is traded before it, and
    by nothing else, unless less is left at its level than stood before it.

    Args:
        account: The house's, for this contract alone.
        contract: What is quoted.
        intake: The way of its orders.
        matching: The books.
        follow_prices: Called when prices may have moved.
    """

    def __init__(
        self,
        account: FuturesAccount,
        contract: Contract,
        intake: OrderIntake,
        matching: Matching,
        follow_prices: Callable[[], None],
    ) -> None:
        self._account = account
        self._contract = contract
        self._intake = intake
        self._matching = matching
        self._follow_prices = follow_prices
        self._orders: dict[Level, list[FuturesOrder]] = {}
        """Oldest first."""
        self._update_id = 0

    def show(self, levels: Mapping[Level, Decimal], *, is_whole: bool, update_id: int) -> None:
        """Bring levels to their totals. One that meets orders of somebody else trades with them.

        Args:
            levels: The totals.
            is_whole: Whether every other level is empty.
            update_id: Which change it is; one that is older than a whole book which was shown is passed over.

        Raises:
            ExchangeError: A level is refused, off the contract's grid for example; the others are shown.
        """
        if is_whole:
            self._update_id = update_id
            levels = dict.fromkeys(self._orders, ZERO) | dict(levels)
        elif update_id <= self._update_id:
            return
        refusal: ExchangeError | None = None
        # First what goes, then what comes: a level must not meet the one it follows.
        missing = {level: total - self._standing(level) for level, total in levels.items()}
        for level, quantity in missing.items():
            if quantity < 0:
                self._take_out(level, -quantity)
        for level, quantity in missing.items():
            if quantity > 0:
                try:
                    self._put_in(level, quantity)
                except ExchangeError as error:
                    refusal = error
        self._follow_prices()
        if refusal is not None:
            raise refusal

    def _standing(self, level: Level) -> Decimal:
        orders = self._orders.get(level)
        if orders is None:
            return ZERO
        orders[:] = [order for order in orders if order.is_open]
        if not orders:
            del self._orders[level]
        return sum((order.remaining for order in orders), ZERO)

    def _take_out(self, level: Level, quantity: Decimal) -> None:
        orders = self._orders[level]
        while quantity:
            last = orders[-1]
            if last.remaining > quantity:
                self._matching.shrink(last, quantity)
                return
            quantity -= last.remaining
            self._matching.finish(orders.pop(), "CANCELED")
        if not orders:
            del self._orders[level]

    def _put_in(self, level: Level, quantity: Decimal) -> None:
        side, price = level
        order = self._intake.build(self._account, self._contract, _new_order(side, price, quantity))
        self._intake.admit(order)
        self._intake.submit(order)
        if order.is_open:
            self._orders.setdefault(level, []).append(order)


def _new_order(side: str, price: Decimal, quantity: Decimal) -> NewOrder:
    return NewOrder(
        side=side,
        position_side="BOTH",
        type="LIMIT",
        time_in_force="GTC",
        quantity=quantity,
        price=price,
        client_id=None,
        reduce_only=False,
        close_position=False,
        price_match="NONE",
        # A level of the other side that a tape with gaps has left in its way is out of date.
        prevention_mode="EXPIRE_MAKER",
        good_till_ms=0,
        wants_result=False,
        trigger_price=ZERO,
        activation_price=None,
        callback_rate=ZERO,
        working_type="CONTRACT_PRICE",
        price_protect=False,
    )
