"""What an account chooses for itself: leverage, hedge mode, whether all wallets are margin for everything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.events import UserEvents
from binance_wsapi.simulator.futures.refusals import refusal

__all__ = ["AccountSettings"]


class _Accounts(Protocol):
    def account(self, uid: int) -> FuturesAccount:
        """Return the account of a uid."""
        ...


class AccountSettings:
    """Changes settings, with the events that tell of them.

    Args:
        contract: Finds a contract, or refuses.
        events: Where the accounts' events are made.

    Attributes:
        sibling: The other futures market; position mode is common to both.
    """

    def __init__(self, contract: Callable[[str], Contract], events: UserEvents) -> None:
        self.sibling: _Accounts | None = None
        self._contract = contract
        self._events = events

    def set_leverage(self, account: FuturesAccount, symbol: str, leverage: int) -> None:
        """Set the leverage of a contract, with its ACCOUNT_CONFIG_UPDATE."""
        contract = self._contract(symbol)
        if not 1 <= leverage <= contract.max_leverage:
            raise refusal(-4028)
        account.leverages[symbol] = leverage
        self._events.leverage(account, contract)

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
        account.has_multi_assets = has_multi_assets
        self._events.multi_assets_mode(account)
