"""What moving prices do to accounts: margin calls, liquidation; and the funding fee."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from math import ceil

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.contracts import Contract, Money
from binance_wsapi.simulator.futures.deleveraging import Deleveraging
from binance_wsapi.simulator.futures.events import UserEvents
from binance_wsapi.simulator.futures.matching import Matching
from binance_wsapi.simulator.futures.order_intake import OrderIntake
from binance_wsapi.simulator.futures.orders import ExpiryReason, FuturesOrder
from binance_wsapi.simulator.futures.positions import Position
from binance_wsapi.simulator.futures.prices import Prices
from binance_wsapi.simulator.futures.risk import AssetRisk, Exposure, Risk

__all__ = ["MarginWatch"]

_logger = logging.getLogger("binance_wsapi.simulator")

ZERO = Decimal(0)
CALL_RATIO = Decimal("0.8")
"""Maintenance margin over margin balance from which an account is warned."""


class MarginWatch:
    """Warns and liquidates accounts whose margin is eaten up.

    A liquidation cancels the open orders of the margin asset and closes its cross positions in the book; an
    isolated position is closed alone, with the orders for it. What the book cannot take is closed against
    positions of the other side. Whatever the margin does not pay comes from the insurance fund, which is
    allowed to be in debt.

    Args:
        clock: Time of the exchange.
        prices: Mark prices.
        risk: Margin.
        matching: The books.
        intake: Where liquidation orders are placed.
        events: Where the accounts' events are made.
        accounts: All accounts, by uid.

    Attributes:
        deleveraging: What closes positions where the book has no counterpart.
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
        accounts: Mapping[int, FuturesAccount],
    ) -> None:
        self._clock = clock
        self._prices = prices
        self._risk = risk
        self._matching = matching
        self._intake = intake
        self._events = events
        self._accounts = accounts
        self.deleveraging = Deleveraging(
            accounts, prices=prices, risk=risk, matching=matching, intake=intake
        )
        self.insurance: dict[str, Decimal] = {}
        """What the insurance fund gained, by margin asset; negative what it paid."""
        self.liquidation_listeners: list[Callable[[FuturesOrder], None]] = []
        """Told of each liquidation order that traded."""

    def look_at(self, contract: Contract) -> None:
        """Check every account with a position in a contract whose price moved.

        A liquidation costs those whose positions it is closed against, so all are checked again after it.
        """
        while any(self._liquidates(one, contract) for one in list(self._accounts.values())):
            pass

    def _liquidates(self, account: FuturesAccount, contract: Contract) -> bool:
        """Check an account's positions in a contract; return whether any had to be closed."""
        if account.is_house:
            return False
        held = [one for one in account.open_positions() if one.contract is contract]
        isolated = [one for one in held if one.is_isolated]
        try:
            found = [self._check_isolated(account, position) for position in isolated]
            if len(isolated) < len(held):
                found.append(self._check_cross(account, contract.margin_asset))
        except Exception:
            # Whoever moved the price did nothing wrong, and the other accounts are looked at.
            _logger.exception("the embedded exchange failed at the margin of %s", account.uid)
            return False
        return any(found)

    def richest(self, asset: str) -> list[int]:
        """Return the uids of the fifth of the accounts that has the highest margin balances of an asset."""
        balances = [
            (self._risk.pool(account, asset).margin_balance, -uid)
            for uid, account in self._accounts.items()
            if not account.is_house
        ]
        found = sorted((one for one in balances if one[0] > 0), reverse=True)
        return [-uid for _, uid in found[: ceil(len(found) / 5)]]

    def pay_funding(self, contract: Contract) -> None:
        """Settle the funding fee: at a positive rate longs pay shorts.

        An isolated position pays from its own wallet. What rounding leaves over goes to the insurance fund.
        """
        asset, rate = contract.margin_asset, self._prices.funding_rate(contract)
        mark = self._prices.mark(contract)
        left_over = ZERO
        for account in list(self._accounts.values()):
            held = [p for p in account.open_positions() if p.contract is contract]
            isolated = [p for p in held if p.is_isolated]
            cross = [p for p in held if not p.is_isolated]
            for group in (cross, *([one] for one in isolated)):
                if not group:
                    continue
                fee = sum((p.value(mark) * rate for p in group), ZERO).quantize(Money)
                account.earn(
                    "FUNDING_FEE", asset, -fee, self._clock.now_us(), symbol=contract.symbol
                )
                left_over += fee
                listed = group if group[0].is_isolated else []
                for position in listed:
                    position.isolated_wallet -= fee
                self._events.balances(
                    account,
                    "FUNDING_FEE",
                    asset=asset,
                    contract=contract,
                    positions=listed,
                    change=-fee,
                )
        self._insure(asset, left_over)

    def _check_isolated(self, account: FuturesAccount, position: Position) -> bool:
        if not position.amount:
            # Somebody else's liquidation, or that of the other side, took it.
            return False
        backing = self._risk.backing(account, position)
        if _is_eaten_up(backing):
            self._liquidate(account, [position])
            return True
        if _is_near(backing) != position.has_margin_call:
            position.has_margin_call = not position.has_margin_call
            if position.has_margin_call:
                at_risk = [self._risk.exposure(account, position.contract, position.side)]
                self._events.margin_call(account, at_risk)
        return False

    def _check_cross(self, account: FuturesAccount, asset: str) -> bool:
        pool = self._risk.pool(account, asset)
        if _is_eaten_up(pool):
            self._liquidate(account, [one.position for one in self._at_risk(account, asset)])
            return True
        if _is_near(pool) != account.has_margin_call:
            account.has_margin_call = not account.has_margin_call
            if account.has_margin_call:
                self._events.margin_call(account, self._at_risk(account, asset))
        return False

    def _at_risk(self, account: FuturesAccount, asset: str) -> list[Exposure]:
        """Return the cross positions that stand on the wallet of an asset."""
        return [
            one
            for one in self._risk.exposures(account)
            if one.position.amount
            and not one.position.is_isolated
            and (account.has_multi_assets or one.position.contract.margin_asset == asset)
        ]

    def _liquidate(self, account: FuturesAccount, positions: list[Position]) -> None:
        """Close positions that stand on one margin, which is eaten up."""
        account.is_liquidating = True
        account.has_margin_call = account.has_margin_call and positions[0].is_isolated
        positions[0].has_margin_call = False
        try:
            prices = self._bankruptcy_prices(account, positions)
            self._cancel_orders(account, positions)
            for position, price in prices:
                with self._insured(account, position):
                    self._close_out(account, position, price)
        finally:
            account.is_liquidating = False

    def _bankruptcy_prices(
        self, account: FuturesAccount, positions: list[Position]
    ) -> list[tuple[Position, Decimal]]:
        """Return where each position has used up its share of the balance behind them all."""
        backing = self._risk.backing(account, positions[0])
        found: list[tuple[Position, Decimal]] = []
        for position in positions:
            one = self._risk.exposure(account, position.contract, position.side)
            part = one.maintenance_margin / (backing.maintenance_margin or Decimal(1))
            price = self._risk.bankruptcy_price(position, backing.margin_balance * part)
            found.append((position, price))
        return found

    def _cancel_orders(self, account: FuturesAccount, positions: list[Position]) -> None:
        first = positions[0]
        for order in list(account.open_orders.values()):
            if first.is_isolated:
                is_bound = (order.contract, order.position_side) == (first.contract, first.side)
            else:
                asset = order.contract.margin_asset
                is_bound = account.has_multi_assets or asset == first.contract.margin_asset
            if is_bound and order.is_open:
                self._matching.finish(order, "EXPIRED", reason=ExpiryReason.LIQUIDATION)

    def _close_out(self, account: FuturesAccount, position: Position, price: Decimal) -> None:
        """Close a position in the book, and what is left of it against positions of the other side."""
        order = self._intake.liquidate(account, position)
        try:
            while order.is_open:
                other, counterpart = self.deleveraging.next_to_close(order)
                with self._insured(other, counterpart):
                    self.deleveraging.close(order, other, counterpart, price)
        finally:
            if order.is_open:
                self._matching.finish(order, "EXPIRED", reason=ExpiryReason.IOC)
        for listener in self.liquidation_listeners:
            listener(order)

    @contextmanager
    def _insured(self, account: FuturesAccount, position: Position) -> Iterator[None]:
        """Pay from the insurance fund what closing a position costs beyond its margin."""
        asset = position.contract.margin_asset
        before = account.cross_wallet(asset) if position.is_isolated else ZERO
        yield
        if account.is_house or (
            position.amount if position.is_isolated else self._at_risk(account, asset)
        ):
            return
        pooled = account.has_multi_assets and not position.is_isolated
        for one in self._risk.assets if pooled else (asset,):
            debt = before - account.cross_wallet(one)
            if debt > 0:
                account.earn("INSURANCE_CLEAR", one, debt, self._clock.now_us())
                self._insure(one, -debt)
                self._events.balances(account, "INSURANCE_CLEAR", asset=one, change=debt)

    def _insure(self, asset: str, amount: Decimal) -> None:
        self.insurance[asset] = self.insurance.get(asset, ZERO) + amount


def _is_eaten_up(backing: AssetRisk) -> bool:
    return backing.maintenance_margin >= backing.margin_balance


def _is_near(backing: AssetRisk) -> bool:
    return backing.maintenance_margin >= backing.margin_balance * CALL_RATIO
