"""User data of options: the exchange's six events."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import partial
from typing import Any

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.eoptions.accounts import (
    OptionAccount,
    OptionFill,
    OptionOrder,
    OptionPosition,
)
from binance_wsapi.simulator.eoptions.contracts import QUOTE_ASSET
from binance_wsapi.simulator.eoptions.risk import OptionRisk

__all__ = ["BEAT_SECONDS", "OptionEvents"]

ZERO = Decimal(0)
BEAT_SECONDS = 10.0
"""How often an account with positions is told how it stands."""


class OptionEvents:
    """Makes the events of accounts.

    Args:
        clock: Time of the exchange.
        risk: What accounts are worth.
    """

    def __init__(self, clock: SimulatedClock, risk: OptionRisk) -> None:
        self._clock = clock
        self._risk = risk

    def order(self, order: OptionOrder, execution: str, fill: OptionFill | None = None) -> None:
        """Tell that an order changed: ``ORDER_TRADE_UPDATE``."""
        option, account = order.option, order.account
        self._publish(
            account,
            "ORDER_TRADE_UPDATE",
            {
                "o": {
                    "s": option.symbol,
                    "c": order.client_order_id,
                    "S": order.side,
                    "o": "LIMIT",
                    "f": order.time_in_force,
                    "q": option.quantity_text(order.quantity),
                    "p": option.price_text(order.price),
                    "ap": option.price_text(order.average_price),
                    "x": execution,
                    "X": order.status,
                    "i": order.order_id,
                    "l": option.quantity_text(fill.quantity if fill else ZERO),
                    "z": option.quantity_text(order.executed),
                    "L": option.price_text(fill.price if fill else ZERO),
                    "N": QUOTE_ASSET,
                    "n": f"{-fill.fee if fill else ZERO:.8f}",
                    "T": Micros(order.updated_us),
                    "t": fill.trade_id if fill else 0,
                    "b": option.quantity_text(account.open_quantity("BUY")),
                    "a": option.quantity_text(account.open_quantity("SELL")),
                    "m": fill.is_maker if fill else False,
                    "R": order.reduce_only,
                    "ot": "LIMIT",
                    "rp": f"{fill.profit if fill else ZERO:.8f}",
                    "V": order.prevention_mode,
                }
            },
        )

    def balances(
        self,
        account: OptionAccount,
        reason: str,
        *,
        change: Decimal = ZERO,
        positions: Iterable[OptionPosition] = (),
    ) -> None:
        """Tell that the wallet or positions changed: ``BALANCE_POSITION_UPDATE``.

        The documents name no reason for an exercise; it is told as ``ORDER`` here.
        """
        self._publish(
            account,
            "BALANCE_POSITION_UPDATE",
            {
                "m": reason,
                "B": [{"a": QUOTE_ASSET, "b": f"{account.balance:.8f}", "bc": f"{change:f}"}],
                "P": [
                    {
                        "s": each.option.symbol,
                        "c": each.option.quantity_text(each.quantity),
                        "p": f"{each.quantity * each.average_price:.8f}",
                        "a": f"{each.average_price:.8f}",
                    }
                    for each in positions
                ],
            },
        )

    def standing(self, account: OptionAccount) -> None:
        """Tell how the account stands: ``ACCOUNT_UPDATE`` and ``GREEK_UPDATE``, again while it has positions."""
        if not account.listeners:
            return  # reckoning it is most of a fill's work, and nobody would hear it
        stands = self._risk.standing(account)
        self._publish(
            account,
            "ACCOUNT_UPDATE",
            {
                "eq": f"{stands.equity:.8f}",
                "aeq": f"{stands.balance:.8f}",
                "b": f"{stands.balance:.8f}",
                "m": f"{stands.position_value:.8f}",
                "u": f"{stands.unrealized:.8f}",
                "i": f"{stands.initial_margin:.8f}",
                "M": f"{stands.maintenance_margin:.8f}",
            },
        )
        self.greeks(account)
        self._plan(account)

    def greeks(self, account: OptionAccount) -> None:
        """Tell the greeks of the positions, if there are any."""
        rows = [
            {
                "u": underlying,
                "d": f"{each.delta:.8f}",
                "g": f"{each.gamma:.8f}",
                "t": f"{each.theta:.8f}",
                "v": f"{each.vega:.8f}",
            }
            for underlying, each in self._risk.greeks(account).items()
        ]
        if rows:
            self._publish(account, "GREEK_UPDATE", {"G": rows})

    def risk_level(self, account: OptionAccount) -> None:
        """Tell what the account may do: ``RISK_LEVEL_CHANGE``."""
        stands = self._risk.standing(account)
        account.publish(
            {
                "e": "RISK_LEVEL_CHANGE",
                "E": Micros(self._clock.now_us()),
                "s": account.risk_level,
                "mb": f"{stands.equity:.8f}",
                "mm": f"{stands.maintenance_margin:.8f}",
            }
        )

    def _plan(self, account: OptionAccount) -> None:
        if account.beat is not None:
            account.beat.cancel()
            account.beat = None
        if any(account.open_positions()):
            account.beat = self._clock.call_later(BEAT_SECONDS, partial(self.standing, account))

    def _publish(self, account: OptionAccount, event: str, members: dict[str, Any]) -> None:
        now = Micros(self._clock.now_us())
        account.publish({"e": event, "E": now, "T": now, **members})
