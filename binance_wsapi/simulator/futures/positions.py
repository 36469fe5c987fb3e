"""Positions: amount, cost, realised profit.

The cost of a position is kept exactly, the entry price derived from it. A part closed takes its share
of the cost, rounded once to the money grid, and the rest keeps the remainder: whatever one side of a
trade gains in wallet and cost, the other side loses, to the last decimal.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from binance_wsapi.simulator.futures.contracts import Contract, Money

__all__ = ["Position"]

ZERO = Decimal(0)


@dataclass(slots=True)
class Position:
    """What an account holds of one contract on one side."""

    contract: Contract
    side: str
    """``BOTH`` in one-way mode, ``LONG`` or ``SHORT`` in hedge mode."""
    amount: Decimal = ZERO
    """Positive for a long, negative for a short position."""
    cost: Decimal = ZERO
    """Value at entry, in the margin asset, with the sign of ``amount``."""
    realized: Decimal = ZERO
    """Profit realised so far, before commission."""
    fees: Decimal = ZERO
    """Commission paid since the position was opened; part of the break-even price."""
    is_isolated: bool = False
    """Its own wallet is all the margin it has; else it stands on the wallet of its asset with others."""
    isolated_wallet: Decimal = ZERO
    """The part of the wallet that is set apart for it: margin moved in, profit, commission, funding."""
    has_margin_call: bool = False
    """It was warned of its liquidation; cross positions are warned together."""
    updated_us: int = 0

    @property
    def entry_price(self) -> Decimal:
        """Mean price of what is open, zero without a position."""
        return self.contract.mean_price(self.cost, self.amount)

    @property
    def break_even_price(self) -> Decimal:
        """Price at which closing everything pays for the commission so far."""
        if not self.amount:
            return ZERO
        return self.contract.mean_price(
            self.cost + self.contract.profit_sign * self.fees, self.amount
        )

    def value(self, price: Decimal) -> Decimal:
        """Return the signed value at a price."""
        return self.contract.value(price, self.amount)

    def profit(self, price: Decimal) -> Decimal:
        """Return the profit that closing everything at a price would realise."""
        return self.contract.profit_sign * (self.value(price) - self.cost)

    def closing_quantity(self, side: str) -> Decimal:
        """Return how much an order of ``side`` can close: the amount, or zero when it would add."""
        reduces = self.amount > 0 if side == "SELL" else self.amount < 0
        return abs(self.amount) if reduces else ZERO

    def trade(self, quantity: Decimal, value: Decimal, fee: Decimal, now_us: int) -> Decimal:
        """Take one execution and return the profit it realised.

        Args:
            quantity: Executed quantity, positive for a buy, negative for a sell.
            value: Its value at the trade's price, with the sign of ``quantity``.
            fee: Commission of the execution, positive when paid.
            now_us: Exchange time.
        """
        self.updated_us = now_us
        if not self.amount or (self.amount > 0) == (quantity > 0):
            self.amount += quantity
            self.cost += value
            self.fees += fee
            return ZERO

        closed = min(abs(quantity), abs(self.amount))
        released = _share(self.cost, closed, abs(self.amount))
        exit_value = _share(value, closed, abs(quantity))
        profit = -self.contract.profit_sign * (exit_value + released)
        self.realized += profit
        flips = abs(quantity) > abs(self.amount)
        self.amount += quantity
        self.cost = value - exit_value if flips else self.cost - released
        self.fees = ZERO if flips or not self.amount else self.fees + fee
        return profit


def _share(whole: Decimal, part: Decimal, of: Decimal) -> Decimal:
    """Return ``whole * part / of`` on the money grid, exactly ``whole`` when the part is all of it."""
    return whole if part == of else (whole * part / of).quantize(Money)
