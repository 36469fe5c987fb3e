"""What an execution moves: positions, wallets, commission."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.futures.contracts import Money
from binance_wsapi.simulator.futures.events import UserEvents
from binance_wsapi.simulator.futures.holdings import HoldingsLog
from binance_wsapi.simulator.futures.isolated_margin import set_apart
from binance_wsapi.simulator.futures.orders import Fill, FuturesOrder
from binance_wsapi.simulator.futures.positions import Position

__all__ = ["Execution", "Settlement"]

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Execution:
    """One side of one match, before it moves anything."""

    order: FuturesOrder
    trade_id: int
    price: Decimal
    quantity: Decimal
    value: Decimal
    is_maker: bool = False
    is_on_book: bool = True
    """Else the exchange itself closed a position against another: no commission is paid."""


class Settlement:
    """Moves positions and wallets of both sides of a trade, and tells the accounts.

    Args:
        clock: Time of the exchange.
        events: Where the accounts' events are made.
        on_end: Called with each order that is filled.

    Attributes:
        fees: Commission earned, by margin asset.
        holdings: What accounts hold together.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        events: UserEvents,
        *,
        on_end: Callable[[FuturesOrder], None],
    ) -> None:
        self._clock = clock
        self._events = events
        self._on_end = on_end
        self.fees: dict[str, Decimal] = {}
        self.holdings = HoldingsLog(clock)

    def settle(self, *executions: Execution) -> None:
        """Carry out all sides of a match that their orders know of already, then tell of them in turn."""
        moved = [self._move(execution) for execution in executions]
        for fill, position in moved:
            self._tell(fill, position)

    def _move(self, execution: Execution) -> tuple[Fill, Position]:
        """Move the position and the wallet of one side; nobody hears of it yet."""
        order = execution.order
        account, contract = order.account, order.contract
        now_us = order.updated_us = self._clock.now_us()
        rate = account.maker_rate if execution.is_maker else account.taker_rate
        fee = (execution.value * rate).quantize(Money, ROUND_HALF_UP)
        if not execution.is_on_book:
            fee = ZERO
        sign = 1 if order.is_buy else -1
        position = account.position(contract, order.position_side)
        amount_before, cost_before = position.amount, position.cost
        profit = position.trade(sign * execution.quantity, sign * execution.value, fee, now_us)
        self.holdings.moved(account, contract, amount_before, position.amount)
        for kind, amount in (("REALIZED_PNL", profit), ("COMMISSION", -fee)):
            account.earn(
                kind,
                contract.margin_asset,
                amount,
                now_us,
                symbol=contract.symbol,
                trade_id=execution.trade_id,
            )
        self.fees[contract.margin_asset] = self.fees.get(contract.margin_asset, ZERO) + fee
        if position.is_isolated:
            set_apart(
                account,
                position,
                amount_before=amount_before,
                cost_before=cost_before,
                gain=profit - fee,
                now_us=now_us,
            )
        if not order.remaining:
            self.close(order)
        fill = Fill(
            order,
            execution.trade_id,
            execution.price,
            execution.quantity,
            execution.is_maker,
            fee,
            profit,
        )
        if not account.is_house:
            account.fills.append((now_us, fill))
        return fill, position

    def _tell(self, fill: Fill, position: Position) -> None:
        order, contract = fill.order, fill.order.contract
        if not contract.is_inverse:
            self._events.trade_lite(fill)
        self._events.balances(
            order.account, "ORDER", asset=contract.margin_asset, positions=[position]
        )
        self._events.order(order, "CALCULATED" if order.auto_close_type else "TRADE", fill=fill)
        if not order.remaining:
            self._on_end(order)

    def close(self, order: FuturesOrder) -> None:
        """Forget an ended order as far as only open ones are known."""
        account = order.account
        account.open_orders.pop(order.order_id, None)
        if account.is_house:
            # It trades for days; nobody asks for its old orders.
            account.orders.pop(order.order_id, None)
            account.orders_by_client_id.pop(order.client_order_id, None)
        if order.expiry_call is not None:
            order.expiry_call.cancel()
            order.expiry_call = None
