"""Isolated margin: what is set apart for a position, and moved into and out of it."""

from __future__ import annotations

from decimal import Decimal

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.futures.accounts import FuturesAccount, MarginChange
from binance_wsapi.simulator.futures.contracts import Money
from binance_wsapi.simulator.futures.events import UserEvents
from binance_wsapi.simulator.futures.positions import Position
from binance_wsapi.simulator.futures.refusals import refusal
from binance_wsapi.simulator.futures.risk import Risk

__all__ = ["IsolatedMargin", "set_apart"]

ZERO = Decimal(0)


class IsolatedMargin:
    """What ``positionMargin`` requests come to.

    Args:
        clock: Time of the exchange.
        risk: Margin.
        events: Where the accounts' events are made.
    """

    def __init__(self, clock: SimulatedClock, risk: Risk, events: UserEvents) -> None:
        self._clock = clock
        self._risk = risk
        self._events = events

    def move(self, account: FuturesAccount, position: Position, amount: Decimal) -> None:
        """Move margin into an isolated position, or (negative) out of it, with its ACCOUNT_UPDATE.

        Profit that is not realised yet can go neither way, and a position keeps its initial margin.
        """
        asset = position.contract.margin_asset
        if not position.is_isolated:
            raise refusal(-4049)
        if not position.amount:
            raise refusal(-4054)
        if amount > 0 and amount > self._risk.cross(account, asset).withdrawable:
            raise refusal(-4050)
        if amount < 0 and -amount > self._risk.removable(account, position):
            raise refusal(-4051)
        now_us = position.updated_us = self._clock.now_us()
        _move(account, position, amount, now_us, is_by_trade=False)
        self._events.balances(account, "MARGIN_TRANSFER", asset=asset, positions=[position])


def set_apart(
    account: FuturesAccount,
    position: Position,
    *,
    amount_before: Decimal,
    cost_before: Decimal,
    gain: Decimal,
    now_us: int,
) -> None:
    """Follow a trade of an isolated position: what it opened brings margin in, what it closed gives back.

    What is opened gets its value by the leverage, as far as the cross wallet has it. A part closed gives
    back its share with the trade's gain; where that is a loss beyond the share, the rest of the position
    bears it, not the cross wallet.

    Args:
        account: Whose.
        position: As it is after the trade, which the wallet has seen already.
        amount_before: Its amount before the trade.
        cost_before: Its cost before the trade.
        gain: Realised profit less commission of the trade.
        now_us: Exchange time.
    """
    contract = position.contract
    is_flipped = position.amount * amount_before < 0
    if not position.amount or is_flipped:
        _move(account, position, -position.isolated_wallet, now_us, is_by_trade=True)
    elif abs(position.amount) < abs(amount_before):
        kept = (position.isolated_wallet * position.amount / amount_before).quantize(Money)
        given_back = position.isolated_wallet - kept
        _move(account, position, min(-given_back, gain), now_us, is_by_trade=True)
    opened = abs(position.cost) - (ZERO if is_flipped else abs(cost_before))
    if opened > 0:
        margin = (opened / account.leverage(contract)).quantize(Money)
        spare = max(ZERO, account.cross_wallet(contract.margin_asset))
        _move(account, position, min(margin, spare), now_us, is_by_trade=True)


def _move(
    account: FuturesAccount, position: Position, amount: Decimal, now_us: int, *, is_by_trade: bool
) -> None:
    position.isolated_wallet += amount
    if amount and not account.is_house:
        account.margin_changes.append(MarginChange(now_us, position, amount, is_by_trade))
