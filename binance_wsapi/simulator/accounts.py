"""Accounts of the embedded exchange: balances to the last decimal, rates, permissions, listeners."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

__all__ = ["Account", "Balance", "CommissionRates", "Commissions", "EventSource", "read_rates"]

ZERO = Decimal("0.00000000")


class EventSource:
    """Something with a uid whose user data events others listen to.

    ``listeners`` are called in order on the exchange's thread with the event in wire shape. A listener
    must not change the account while it is told.
    """

    def __init__(self, uid: int) -> None:
        self.uid = uid
        self.listeners: list[Callable[[dict[str, Any]], None]] = []

    def publish(self, event: dict[str, Any]) -> None:
        """Hand one user data event to every listener."""
        for listener in tuple(self.listeners):
            listener(event)


@dataclass(slots=True)
class Balance:
    """One asset of one account."""

    free: Decimal = ZERO
    locked: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class CommissionRates:
    """Commission of one kind, as fractions: ``0.001`` is 0.1 %."""

    maker: Decimal = ZERO
    taker: Decimal = ZERO
    buyer: Decimal = ZERO
    seller: Decimal = ZERO

    def rate(self, *, is_maker: bool, is_buyer: bool) -> Decimal:
        """Return the sum that applies to one side of a trade."""
        return (self.maker if is_maker else self.taker) + (self.buyer if is_buyer else self.seller)


def read_rates(maker: str | Decimal, taker: str | Decimal) -> CommissionRates:
    """Return rates that somebody set.

    Raises:
        ValueError: One of them is no fraction.
    """
    rates = []
    for name, given in (("maker", maker), ("taker", taker)):
        try:
            rate = Decimal(given)
        except InvalidOperation:
            rate = Decimal("NaN")
        if not (rate.is_finite() and abs(rate) < 1):
            raise ValueError(
                f"{name}={str(given)!r} is no commission: write a fraction, 0.001 for 0.1 %"
            )
        rates.append(rate)
    return CommissionRates(*rates)


@dataclass(slots=True)
class Commissions:
    """All commission settings of an account."""

    standard: CommissionRates = field(
        default_factory=lambda: CommissionRates(maker=Decimal("0.001"), taker=Decimal("0.001"))
    )
    special: CommissionRates = field(default_factory=CommissionRates)
    tax: CommissionRates = field(default_factory=CommissionRates)
    pays_with_discount_asset: bool = False
    """Pay standard commission in BNB, reduced by ``discount``, as far as the free BNB lasts."""
    discount_asset: str = "BNB"
    discount: Decimal = Decimal("0.75")
    """What is left of the standard commission when it is paid in ``discount_asset``."""


class Account(EventSource):
    """A Spot account.

    Lives on the exchange's thread alone. Amounts move only through the methods here, which refuse to
    make a balance negative: an engine that tries has a bug, so that is an assertion, not a refusal.
    """

    def __init__(
        self,
        uid: int,
        balances: Mapping[str, Decimal | str | int] | None = None,
        *,
        permissions: tuple[str, ...] = ("SPOT",),
    ) -> None:
        super().__init__(uid)
        self.balances: dict[str, Balance] = {
            asset: Balance(ZERO + Decimal(amount)) for asset, amount in (balances or {}).items()
        }
        self.permissions = permissions
        self.commissions = Commissions()
        self.can_trade = True
        self.can_withdraw = True
        self.can_deposit = True
        self.trade_group_id = -1
        """Accounts of one group, other than -1, may not trade with each other either."""
        self.require_self_trade_prevention = False
        self.prevent_sor = False
        self.asset_limits: dict[str, Decimal] = {}
        """``MAX_ASSET`` filters: the most of an asset that one order may move."""
        self.keeps_history = True
        """``False`` forgets orders and fills as they end: for market makers that run for days."""
        self.is_house = False
        """It stands for a whole market: bound by a symbol's tick and step, and not by how little its orders are
        worth or how far off they are."""
        self.updated_us = 0

    def balance(self, asset: str) -> Balance:
        """Return the balance of an asset, making an empty one."""
        found = self.balances.get(asset)
        if found is None:
            found = self.balances[asset] = Balance()
        return found

    def free(self, asset: str) -> Decimal:
        """Return what can be used for new orders."""
        found = self.balances.get(asset)
        return found.free if found is not None else ZERO

    def credit(self, asset: str, amount: Decimal) -> None:
        """Add to the free amount; a negative amount takes from it."""
        balance = self.balance(asset)
        balance.free += amount
        assert balance.free >= 0, f"{asset} of account {self.uid} went to {balance.free}"

    def lock(self, asset: str, amount: Decimal) -> None:
        """Move from free to locked; a negative amount moves back."""
        balance = self.balance(asset)
        balance.free -= amount
        balance.locked += amount
        assert balance.free >= 0, f"{asset} of account {self.uid} went to {balance.free}"
        assert balance.locked >= 0, f"locked {asset} of {self.uid} went to {balance.locked}"

    def spend_locked(self, asset: str, amount: Decimal) -> None:
        """Take a locked amount away: it was traded."""
        balance = self.balance(asset)
        balance.locked -= amount
        assert balance.locked >= 0, f"locked {asset} of {self.uid} went to {balance.locked}"
