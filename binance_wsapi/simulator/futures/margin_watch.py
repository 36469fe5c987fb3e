"""What falling prices do to accounts: margin calls, liquidation; and the funding fee."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from decimal import Decimal

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.contracts import Contract, Money
from binance_wsapi.simulator.futures.events import UserEvents
from binance_wsapi.simulator.futures.matching import Matching
from binance_wsapi.simulator.futures.order_intake import OrderIntake
from binance_wsapi.simulator.futures.orders import ExpiryReason, FuturesOrder
from binance_wsapi.simulator.futures.prices import Prices
from binance_wsapi.simulator.futures.risk import Exposure, Risk

__all__ = ["MarginWatch"]

_logger = logging.getLogger("binance_wsapi.simulator")

ZERO = Decimal(0)
CALL_RATIO = Decimal("0.8")
"""Maintenance margin over margin balance from which an account is warned."""


class MarginWatch:
    """Warns and liquidates accounts whose margin is eaten up.

    A liquidation cancels the open orders of the margin asset and closes its positions in the book. What
    the book cannot take stays open and is tried again at the next price. A wallet below zero is filled
    up by the insurance fund, which is allowed to be in debt.

    Args:
        clock: Time of the exchange.
        prices: Mark prices.
        risk: Margin.
        matching: The books.
        intake: Where liquidation orders are placed.
        events: Where the accounts' events are made.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        *,
        prices: Prices,
        risk: Risk,
        matching: Matching,
        intake: OrderIntake,
        events: UserEvents,
    ) -> None:
        self._clock = clock
        self._prices = prices
        self._risk = risk
        self._matching = matching
        self._intake = intake
        self._events = events
        self.insurance: dict[str, Decimal] = {}
        """What the insurance fund gained, by margin asset; negative what it paid."""
        self.liquidation_listeners: list[Callable[[FuturesOrder], None]] = []
        """Told of each liquidation order that traded."""

    def look_at(self, accounts: Iterable[FuturesAccount], contract: Contract) -> None:
        """Check every account with a position in a contract whose price moved."""
        for account in list(accounts):
            if account.is_house or account.is_liquidating:
                continue
            if any(
                position.amount and position.contract is contract
                for position in account.positions.values()
            ):
                try:
                    self._check(account, contract.margin_asset)
                except Exception:
                    # Whoever moved the price did nothing wrong, and the other accounts are looked at.
                    _logger.exception(
                        "the embedded exchange failed at the margin of %s", account.uid
                    )

    def pay_funding(self, accounts: Iterable[FuturesAccount], contract: Contract) -> None:
        """Settle the funding fee: at a positive rate longs pay shorts.

        What rounding leaves over goes to the insurance fund.
        """
        asset, rate = contract.margin_asset, self._prices.funding_rate(contract)
        mark = self._prices.mark(contract)
        left_over = ZERO
        for account in list(accounts):
            held = [p for p in account.open_positions() if p.contract is contract]
            if not held:
                continue
            fee = sum((p.value(mark) * rate for p in held), ZERO).quantize(Money)
            account.earn("FUNDING_FEE", asset, -fee, self._clock.now_us(), symbol=contract.symbol)
            left_over += fee
            self._events.balances(
                account, "FUNDING_FEE", asset=asset, contract=contract, change=-fee
            )
        self._insure(asset, left_over)

    def _check(self, account: FuturesAccount, asset: str) -> None:
        pool = self._risk.pool(account, asset)
        if pool.maintenance_margin >= pool.margin_balance:
            self._liquidate(account, asset)
            return
        if pool.maintenance_margin < pool.margin_balance * CALL_RATIO:
            account.has_margin_call = False
        elif not account.has_margin_call:
            account.has_margin_call = True
            self._events.margin_call(account, asset, self._at_risk(account, asset))

    def _at_risk(self, account: FuturesAccount, asset: str) -> list[Exposure]:
        return [
            one
            for one in self._risk.exposures(account)
            if one.position.amount
            and (account.has_multi_assets or one.position.contract.margin_asset == asset)
        ]

    def _liquidate(self, account: FuturesAccount, asset: str) -> None:
        account.is_liquidating = True
        try:
            self._close_out(account, asset)
        finally:
            account.is_liquidating = False
        account.has_margin_call = False
        wallet = account.wallet(asset)
        if wallet < 0 and not self._at_risk(account, asset):
            account.earn("INSURANCE_CLEAR", asset, -wallet, self._clock.now_us())
            self._insure(asset, wallet)
            self._events.balances(account, "INSURANCE_CLEAR", asset=asset, change=-wallet)

    def _close_out(self, account: FuturesAccount, asset: str) -> None:
        """Cancel what is open and close what is held, as far as the book can take it."""
        for order in list(account.open_orders.values()):
            if account.has_multi_assets or order.contract.margin_asset == asset:
                self._matching.finish(order, "EXPIRED", reason=ExpiryReason.LIQUIDATION)
        for one in self._at_risk(account, asset):
            liquidation = self._intake.liquidate(account, one.position)
            if liquidation is not None:
                for listener in self.liquidation_listeners:
                    listener(liquidation)

    def _insure(self, asset: str, amount: Decimal) -> None:
        self.insurance[asset] = self.insurance.get(asset, ZERO) + amount
