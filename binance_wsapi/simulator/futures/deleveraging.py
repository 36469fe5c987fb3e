"""Auto-deleveraging: what a liquidation cannot sell is closed against those who gained most on the other side."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.matching import Matching
from binance_wsapi.simulator.futures.order_intake import OrderIntake
from binance_wsapi.simulator.futures.orders import FuturesOrder
from binance_wsapi.simulator.futures.positions import Position
from binance_wsapi.simulator.futures.prices import Prices
from binance_wsapi.simulator.futures.risk import Risk

__all__ = ["Deleveraging"]

ZERO = Decimal(0)
HIGHEST_QUANTILE = 4


class Deleveraging:
    """Closes what is left of a liquidation order against positions of the other side.

    First come gains, the greater and the more leveraged the sooner; then losses, the smaller first. The
    house stands behind everybody.

    Args:
        accounts: All accounts, by uid.
        prices: Mark prices.
        risk: Margin.
        matching: Where orders are filled against each other.
        intake: Where the counterparts' orders are made.
    """

    def __init__(
        self,
        accounts: Mapping[int, FuturesAccount],
        *,
        prices: Prices,
        risk: Risk,
        matching: Matching,
        intake: OrderIntake,
    ) -> None:
        self._accounts = accounts
        self._prices = prices
        self._risk = risk
        self._matching = matching
        self._intake = intake

    def next_to_close(self, order: FuturesOrder) -> tuple[FuturesAccount, Position]:
        """Return whose position comes next against a liquidation order: every long has its short."""
        return self._queue(order.contract, is_long=order.is_buy, last=order.account)[0]

    def close(
        self, order: FuturesOrder, account: FuturesAccount, position: Position, price: Decimal
    ) -> None:
        """Fill a liquidation order against a position, as far as both go.

        Args:
            order: The liquidation order, of which the book could not take all.
            account: Whose position.
            position: Of the other side.
            price: Where the liquidated position has nothing left; zero takes the mark price.
        """
        quantity = min(order.remaining, abs(position.amount))
        counter = self._intake.deleverage(account, position, quantity)
        self._matching.assign(order, counter, self._on_grid(order, price), quantity)

    def quantile(self, account: FuturesAccount, position: Position) -> int:
        """Return how near a position is to the front of the queue: 4 the nearest, 0 the farthest."""
        if not position.amount:
            return 0
        queue = self._queue(position.contract, is_long=position.amount > 0)
        place = next(index for index, one in enumerate(queue) if one[1] is position)
        return (len(queue) - place) * HIGHEST_QUANTILE // len(queue)

    def likelihood(self, contract: Contract) -> str:
        """Return how likely a liquidation of a contract comes to this queue.

        ``low`` while the book could take every position of a side, ``high`` where it could not take the largest
        one, else ``medium``.
        """
        book = self._matching.books[contract.symbol]
        found = "low"
        for is_long, levels in ((True, book.bids), (False, book.asks)):
            held = [
                abs(position.amount)
                for account, position in self._queue(contract, is_long=is_long)
                if not account.is_house
            ]
            depth = sum((quantity for _, quantity in levels.top(len(levels))), ZERO)
            if held and max(held) > depth:
                return "high"
            if sum(held, ZERO) > depth:
                found = "medium"
        return found

    def _queue(
        self, contract: Contract, *, is_long: bool, last: FuturesAccount | None = None
    ) -> list[tuple[FuturesAccount, Position]]:
        """Return the positions of one side of a contract, those of ``last`` at the end."""
        found = [
            (account, position)
            for account in self._accounts.values()
            for position in account.open_positions()
            if position.contract is contract and (position.amount > 0) == is_long
        ]
        return sorted(
            found,
            key=lambda one: (one[0] is last, one[0].is_house, -self._score(*one)),
        )

    def _score(self, account: FuturesAccount, position: Position) -> Decimal:
        """Return profit in parts of the value at entry, times the leverage; of a loss, divided by it."""
        mark = self._prices.mark(position.contract)
        profit = position.profit(mark) / abs(position.cost)
        if account.is_house:
            return profit
        balance = max(self._risk.backing(account, position).margin_balance, Decimal(1).scaleb(-8))
        leverage = abs(position.value(mark)) / balance
        return profit * leverage if profit > 0 else profit / leverage

    def _on_grid(self, order: FuturesOrder, price: Decimal) -> Decimal:
        """Round a price to a tick, in favour of the liquidated: nothing is left for the insurance to pay."""
        contract = order.contract
        tick = contract.tick_size
        rounding = ROUND_FLOOR if order.is_buy else ROUND_CEILING
        ticks = ((price or self._prices.mark(contract)) / tick).to_integral_value(rounding)
        return max(ticks, Decimal(1)) * tick
