"""What an account chooses for itself: leverage, margin type, hedge mode, all wallets as margin for everything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.events import UserEvents
from binance_wsapi.simulator.futures.isolated_margin import IsolatedMargin
from binance_wsapi.simulator.futures.refusals import refusal
from binance_wsapi.simulator.futures.risk import Risk

__all__ = ["AccountSettings"]


class _Accounts(Protocol):
    def account(self, uid: int) -> FuturesAccount:
        """Return the account of a uid."""
        ...


class AccountSettings:
    """Changes settings, with the events that tell of them.

    Args:
        clock: Time of the exchange.
        contract: Finds a contract, or refuses.
        risk: Margin.
        events: Where the accounts' events are made.

    Attributes:
        isolated_margin: Moves margin into isolated positions, and out of them.
        sibling: The other futures market; position mode is common to both.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        contract: Callable[[str], Contract],
        risk: Risk,
        events: UserEvents,
    ) -> None:
        self.isolated_margin = IsolatedMargin(clock, risk, events)
        self.sibling: _Accounts | None = None
        self._contract = contract
        self._risk = risk
        self._events = events

    def set_leverage(self, account: FuturesAccount, symbol: str, leverage: int) -> None:
        """Set the leverage of a contract, with its ACCOUNT_CONFIG_UPDATE."""
        contract = self._contract(symbol)
        if not 1 <= leverage <= contract.brackets.max_leverage:
            raise refusal(-4028)
        before = account.leverage(contract)
        exposures = [
            self._risk.exposure(account, contract, side) for side in account.position_sides
        ]
        most = contract.brackets.max_notional(leverage)
        if leverage > before and any(one.bound > most for one in exposures):
            raise refusal(-2027)
        if leverage < before and any(
            one.position.is_isolated and one.position.amount for one in exposures
        ):
            raise refusal(-4161)
        account.leverages[symbol] = leverage
        if leverage < before and self._risk.pool(account, contract.margin_asset).spare < 0:
            account.leverages[symbol] = before
            raise refusal(-2028)
        self._events.leverage(account, contract)

    def set_margin_type(self, account: FuturesAccount, symbol: str, *, is_isolated: bool) -> None:
        """Choose isolated or cross margin for the positions of a contract, with an ACCOUNT_UPDATE."""
        contract = self._contract(symbol)
        if account.is_isolated(contract) == is_isolated:
            raise refusal(-4046)
        if account.has_multi_assets:
            raise refusal(-4168)
        if any(account.open_orders_of(contract)):
            raise refusal(-4047)
        if any(one.contract is contract for one in account.open_positions()):
            raise refusal(-4048)
        if is_isolated:
            account.isolated_symbols.add(symbol)
        else:
            account.isolated_symbols.remove(symbol)
        positions = [account.position(contract, side) for side in account.position_sides]
        for (known, _), position in account.positions.items():
            if known == symbol:
                position.is_isolated = is_isolated
        self._events.balances(
            account, "MARGIN_TYPE_CHANGE", asset=contract.margin_asset, positions=positions
        )

    def set_hedge_mode(self, account: FuturesAccount, is_hedging: bool) -> None:
        """Choose hedge or one-way mode, on the sibling market too."""
        accounts = [account]
        if self.sibling is not None:
            accounts.append(self.sibling.account(account.uid))
        if account.is_hedging == is_hedging:
            raise refusal(-4059)
        if any(one.open_orders for one in accounts):
            raise refusal(-4067)
        if any(any(one.open_positions()) for one in accounts):
            raise refusal(-4068)
        for one in accounts:
            one.is_hedging = is_hedging

    def set_multi_assets_mode(self, account: FuturesAccount, has_multi_assets: bool) -> None:
        """Let all wallets be margin for all positions, with its ACCOUNT_CONFIG_UPDATE. USD-M only."""
        if has_multi_assets and account.isolated_symbols:
            raise refusal(-4167)
        account.has_multi_assets = has_multi_assets
        self._events.multi_assets_mode(account)
