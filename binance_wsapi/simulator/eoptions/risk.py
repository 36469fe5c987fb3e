"""What an options account is worth, and what margin its positions and orders hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from binance_wsapi.simulator.eoptions.accounts import OptionAccount, OptionOrder
from binance_wsapi.simulator.eoptions.contracts import CENT, Option
from binance_wsapi.simulator.eoptions.pricing import Valuation, value

__all__ = ["OptionRisk", "Standing"]

ZERO = Decimal(0)
INITIAL_RATE = Decimal("0.15")
LEAST_INITIAL_RATE = Decimal("0.1")
MAINTENANCE_RATE = Decimal("0.075")


@dataclass(frozen=True, slots=True)
class Standing:
    """An account as a whole, in USDT."""

    balance: Decimal
    position_value: Decimal
    unrealized: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal

    @property
    def equity(self) -> Decimal:
        """What it is worth."""
        return self.balance + self.position_value

    @property
    def available(self) -> Decimal:
        """What new orders may hold: bought options are no margin."""
        return self.balance - self.initial_margin


class OptionRisk:
    """Reckons values and margin.

    Who bought an option owes nothing more. Who sold one holds a part of the index, less what it would have
    to move before the option pays.

    Args:
        indexes: Index prices by underlying.
        now_us: Exchange time.
    """

    def __init__(self, indexes: Mapping[str, Decimal], now_us: Callable[[], int]) -> None:
        self._indexes = indexes
        self._now_us = now_us

    def index(self, option: Option) -> Decimal:
        """Return the index price of an option's underlying."""
        return self._indexes[option.underlying.symbol]

    def valuation(self, option: Option) -> Valuation:
        """Return what an option is worth now."""
        return value(option, self.index(option), self._now_us())

    def standing(self, account: OptionAccount) -> Standing:
        """Return how an account stands."""
        worth = unrealized = initial = maintenance = ZERO
        for position in account.open_positions():
            mark = self.valuation(position.option).mark
            worth += mark * position.quantity
            unrealized += (mark - position.average_price) * position.quantity
            if position.quantity < 0:
                initial += self._initial(position.option) * -position.quantity
                maintenance += (
                    self.index(position.option) * MAINTENANCE_RATE + mark
                ) * -position.quantity
        for order in account.open_orders.values():
            initial += self.held_by(order)
        return Standing(
            account.balance.quantize(CENT),
            worth.quantize(CENT),
            unrealized.quantize(CENT),
            initial.quantize(CENT),
            maintenance.quantize(CENT),
        )

    def held_by(self, order: OptionOrder) -> Decimal:
        """Return the margin that an open order holds; what closes a position holds none."""
        held = order.account.held(order.option)
        closing = ZERO
        if held and (held > 0) is not order.is_buy:
            closing = min(abs(held), order.remaining)
        opening = order.remaining - closing
        if order.is_buy:
            return order.price * opening
        return self._initial(order.option) * opening

    def greeks(self, account: OptionAccount) -> dict[str, Valuation]:
        """Return the greeks of an account's positions by underlying; ``mark`` is their value."""
        found: dict[str, Valuation] = {}
        for position in account.open_positions():
            each, quantity = self.valuation(position.option), position.quantity
            symbol = position.option.underlying.symbol
            so_far = found.get(symbol) or Valuation(ZERO, ZERO, ZERO, ZERO, ZERO)
            found[symbol] = Valuation(
                so_far.mark + each.mark * quantity,
                so_far.delta + each.delta * quantity,
                so_far.gamma + each.gamma * quantity,
                so_far.theta + each.theta * quantity,
                so_far.vega + each.vega * quantity,
            )
        return found

    def _initial(self, option: Option) -> Decimal:
        index = self.index(option)
        distance = option.strike - index if option.is_call else index - option.strike
        rate = max(INITIAL_RATE * index - max(distance, ZERO), LEAST_INITIAL_RATE * index)
        return rate * option.unit + self.valuation(option).mark
